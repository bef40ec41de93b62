//! How far Toeplitz hashing at level avx512 is from what the machine can do: cycles of a butterfly beside those of its products
//! alone, and bytes between the second cache and what lies behind it beside the rate of copying.
//!
//! Butterflies and bytes follow from the method (see the kernel's module `gfni`), the rest is measured.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use qkdpp_kernels::toeplitz::{Family, Toeplitz};
use qkdpp_kernels::{Job, Level};

use crate::Random;

/// Sizes that take one transform of as many bits for the seed, one for the key and one for the hash.
const LOG_LENS: [u32; 5] = [18, 20, 22, 24, 27];

/// Bytes of a core's second cache: 1 MiB or more on all machines with AVX-512 and GFNI but the smallest ones.
const CACHE: f64 = (1 << 20) as f64;

/// How long each size is measured.
const TIME: Duration = Duration::from_millis(500);

/// Prints a table, if this machine has the level.
pub fn print_distance(random: &mut Random) {
    let Some(level) = Level::available().into_iter().find(|level| level.to_string() == "cpu:avx512") else {
        return println!("distance to the machine: only for cpu:avx512, which this machine does not have");
    };
    let clock = clock();
    println!(
        "\nmodified, l = n/2, {level}, fresh seeds, at a clock of {clock:.2} GHz; one product of 64 bytes takes a cycle"
    );
    println!(
        "      n   median Gb/s   best   cycles per butterfly   products alone   bytes per bit   GB/s   copying GB/s"
    );
    for log_len in LOG_LENS {
        let (median, best) = nanoseconds(level, 1 << log_len, random);
        let (bits, work, bytes) = (f64::from(1 << log_len), Work::of_hash(log_len), moved_by_hash(log_len));
        println!(
            "   2^{log_len} {:13.2} {:6.2} {:22.1} {:16.1} {:15.2} {:6.1} {:14.1}",
            bits / median,
            bits / best,
            median * clock / work.butterflies,
            work.products / work.butterflies,
            bytes / bits,
            bytes / median,
            copied_per_nanosecond(1 << (log_len - 3)),
        );
    }
}

/// Butterflies of 64 elements, and their products of 64 bytes.
struct Work {
    butterflies: f64,
    products: f64,
}

impl Work {
    /// Of three transforms; levels 1 to 4 are matrices of bits.
    fn of_hash(log_len: u32) -> Self {
        let registers = f64::from(1 << (log_len - 9));
        let mut work = Self { butterflies: 0.0, products: 0.0 };
        for level in 5..=log_len {
            let (planes, products) = match level {
                ..=8 => (1.0, 1.0),
                9..=16 => (2.0, 3.0),
                _ => (4.0, 9.0),
            };
            let butterflies = 3.0 * registers / (2.0 * planes);
            work.butterflies += butterflies;
            work.products += butterflies * products;
        }
        work
    }
}

/// Bytes that a hash reads and writes behind the second cache: seed, key and hash once, and as many passes over the data of the
/// three transforms as their schedule has, if there is more of it than the cache has room for.
fn moved_by_hash(log_len: u32) -> f64 {
    let data = f64::from(1 << (log_len - 3));
    let once = data + data + data / 2.0;
    if data <= CACHE {
        return once;
    }
    // Half of the key's coefficients are 0, and half of the hash's are not wanted.
    let coefficients = [data, data / 2.0, data / 2.0];
    let copies: f64 = coefficients.iter().sum();
    let between_bits_and_bytes: f64 = coefficients.iter().map(|bytes| bytes + data).sum();
    let changes_of_basis: f64 = coefficients.into_iter().map(moved_by_change_of_basis).sum();
    let levels = 2.0 * data * (2 + passes(data / 8.0, 4.0)) as f64;
    once + copies + changes_of_basis + between_bits_and_bytes + 3.0 * levels + 3.0 * data
}

/// Divisions of all that does not fit, each of which reads everything and writes half of it; one pass of networks; one of
/// blocks.
fn moved_by_change_of_basis(bytes: f64) -> f64 {
    let divisions = passes(bytes, 2.0);
    1.5 * bytes * divisions as f64 + if divisions > 0 { 4.0 } else { 2.0 } * bytes
}

/// How often something can be divided until it fits the cache.
fn passes(bytes: f64, by: f64) -> usize {
    std::iter::successors(Some(bytes), |bytes| Some(bytes / by)).take_while(|&bytes| bytes > CACHE).count()
}

/// Median and minimum.
fn nanoseconds(level: Level, bits: usize, random: &mut Random) -> (f64, f64) {
    let (key, start) = (random.bits(bits), Instant::now());
    let mut times = Vec::new();
    while times.len() < 5 || start.elapsed() < TIME {
        let seed = random.bits(Family::Modified.seed_len(bits, bits / 2));
        let job = Toeplitz::new(Family::Modified, Arc::clone(&key), seed, bits / 2);
        let job = Job::Toeplitz(job.expect("the seed has the family's length"));
        let start = Instant::now();
        let hash = level.run(&job);
        times.push(start.elapsed().as_nanos() as f64);
        drop(hash);
    }
    times.sort_by(f64::total_cmp);
    (times[times.len() / 2], times[0])
}

/// Cycles per nanosecond: of a chain of multiplications, three cycles each, and sums, one cycle.
fn clock() -> f64 {
    const STEPS: u32 = 10_000_000;
    let run = || {
        let start = Instant::now();
        let chain = (0..STEPS).fold(black_box(1_u64), |x, _| x.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x55);
        black_box(chain);
        f64::from(4 * STEPS) / start.elapsed().as_nanos() as f64
    };
    (0..5).map(|_| run()).fold(0.0, f64::max)
}

/// Bytes read and written by copying so many.
fn copied_per_nanosecond(bytes: usize) -> f64 {
    let (from, mut to) = (vec![1_u8; bytes], vec![0_u8; bytes]);
    let copies = (1 << 28) / bytes;
    let start = Instant::now();
    for _ in 0..copies {
        to.copy_from_slice(black_box(&from));
        black_box(&mut to);
    }
    (2 * copies * bytes) as f64 / start.elapsed().as_nanos() as f64
}
