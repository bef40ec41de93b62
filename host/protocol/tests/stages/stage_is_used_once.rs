//! The same verified bits amplified twice.
use qkdpp_protocol::stage::Verified;

fn amplify(verified: Verified) {
    drop(verified);
}

fn twice(verified: Verified) {
    amplify(verified);
    amplify(verified);
}

fn main() {}
