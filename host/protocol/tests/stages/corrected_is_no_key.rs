//! Corrected bits, which nobody has verified or amplified, delivered as a key.
use qkdpp_protocol::SecretKey;
use qkdpp_protocol::stage::Corrected;

fn deliver(corrected: Corrected) -> SecretKey {
    corrected
}

fn main() {}
