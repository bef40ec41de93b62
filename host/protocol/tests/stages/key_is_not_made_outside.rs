//! A key made by a program instead of a session.
use qkdpp_kernels::Bits;
use qkdpp_protocol::{KeyEpsilon, SecretKey};

fn forge(epsilon: KeyEpsilon, bits: Bits) -> SecretKey {
    SecretKey { block: 0, epsilon, bits }
}

fn main() {}
