//! Delivery of verified bits, of which an eavesdropper knows some.
use qkdpp_protocol::stage::Verified;

fn deliver(verified: Verified) {
    verified.deliver(0, 1e-10);
}

fn main() {}
