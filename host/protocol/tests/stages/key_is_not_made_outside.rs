//! A key made by a program instead of a session.
use qkdpp_kernels::Bits;
use qkdpp_protocol::SecretKey;

fn forge(bits: Bits) -> SecretKey {
    SecretKey { block: 0, epsilon: 0.0, bits }
}

fn main() {}
