//! Toeplitz: hashing of n bits to ℓ = n/2, with a fresh seed for each job, as every block has. Rates count the n bits. One of
//! the sizes is 1.05·2^20: a little more than a power of two should not cost much more. At the end, how far level avx512 is from the machine.

use std::sync::Arc;

use qkdpp_bench::toeplitz::print_distance;
use qkdpp_bench::{Random, backends, criterion, measure};
use qkdpp_kernels::Job;
use qkdpp_kernels::toeplitz::{Family, Toeplitz};

const FAMILIES: [(&str, Family); 2] = [("toeplitz", Family::Toeplitz), ("modified", Family::Modified)];

fn main() {
    let mut criterion = criterion();
    let mut group = criterion.benchmark_group("toeplitz");
    let mut random = Random::new(5);
    for (level, sizes) in
        backends(&[1 << 12], &[1 << 14, 1 << 17, 1 << 20, 1_101_005, 1 << 22, 1 << 24, 1 << 27])
    {
        for &bits in sizes {
            let (key, out_bits) = (random.bits(bits), bits / 2);
            for (name, family) in FAMILIES {
                let case = format!("{name}/n={bits}/l={out_bits}");
                measure(&mut group, &case, level, bits, || {
                    let seed = random.bits(family.seed_len(bits, out_bits));
                    let job = Toeplitz::new(family, Arc::clone(&key), seed, out_bits);
                    Job::Toeplitz(job.expect("the seed has the family's length"))
                });
            }
        }
    }
    group.finish();
    criterion.final_summary();
    print_distance(&mut random);
}
