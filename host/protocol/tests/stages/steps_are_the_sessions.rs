//! Stages entered and left by a program instead of a session.
use qkdpp_kernels::Bits;
use qkdpp_kernels::toeplitz::Family;
use qkdpp_protocol::stage::{Amplifying, Sifted, Verified};

fn sift(bits: Bits) -> Sifted {
    Sifted::new(bits)
}

fn hash(verified: Verified, seed: Bits) {
    let _ = verified.amplify(Family::Modified, seed, 100);
}

fn finish(amplifying: Amplifying, bits: Bits) {
    amplifying.finish(bits);
}

fn main() {}
