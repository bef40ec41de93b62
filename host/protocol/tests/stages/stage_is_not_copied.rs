//! A copy of verified bits, to be amplified once more.
use qkdpp_protocol::stage::Verified;

fn copy<T: Clone>(stage: &T) -> T {
    stage.clone()
}

fn twice(verified: Verified) -> (Verified, Verified) {
    (copy(&verified), verified)
}

fn main() {}
