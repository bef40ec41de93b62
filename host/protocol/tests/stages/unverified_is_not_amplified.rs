//! Amplification of corrected bits before the tags were compared.
use qkdpp_kernels::Bits;
use qkdpp_kernels::toeplitz::Family;
use qkdpp_protocol::stage::Corrected;

fn hash(corrected: Corrected, seed: Bits) {
    corrected.amplify(Family::Modified, seed, 100);
}

fn main() {}
