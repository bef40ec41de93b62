//! Does the running time of hashing, amplification or tag comparison differ between one fixed secret and random ones?
//!
//! ```text
//! cargo run --release -p qkdpp-kernels --example dudect
//! ```
//! The method is that of Reparaz, Balasch, Verbauwhede, "Dude, is my code constant time?" (DATE 2017): times of two classes of
//! inputs, in random order, compared by Welch's t-test, also after cutting off the slowest parts, which are the machine's noise.
//! |t| above 10 is a leak, below 4.5 is none that so many samples could show. This is a measurement and no test of ci: a busy
//! machine can do anything. `constant_time` is the test.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use qkdpp_kernels::polyhash::{PolyHash, equal};
use qkdpp_kernels::toeplitz::{Family, Toeplitz};
use qkdpp_kernels::{Bits, Job, Level};

/// Shares of the samples that are kept, fastest first.
const KEPT: [f64; 4] = [1.0, 0.9, 0.7, 0.5];

/// xorshift64*.
struct Random(u64);

impl Random {
    fn word(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn number(&mut self) -> u128 {
        u128::from(self.word()) << 64 | u128::from(self.word())
    }

    /// Random bits, or zeros. Both are made alike, so that caches and pages tell nothing.
    fn bits(&mut self, len: usize, zeros: bool) -> Arc<Bits> {
        let mask = black_box(if zeros { 0 } else { u64::MAX });
        Arc::new(Bits::from_words((0..len.div_ceil(64)).map(|_| self.word() & mask).collect(), len))
    }
}

/// Welch's t of two lists.
fn welch(a: &[f64], b: &[f64]) -> f64 {
    let moments = |times: &[f64]| {
        let n = times.len() as f64;
        let mean = times.iter().sum::<f64>() / n;
        let variance = times.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / (n - 1.0);
        (mean, variance / n)
    };
    let ((mean_a, error_a), (mean_b, error_b)) = (moments(a), moments(b));
    (mean_a - mean_b) / (error_a + error_b).sqrt()
}

/// Measures `samples` runs of `work` on inputs of two classes, made by `input`, and prints the largest |t| of all cuts.
fn measure<T>(
    name: &str,
    samples: usize,
    random: &mut Random,
    mut input: impl FnMut(bool, &mut Random) -> T,
    mut work: impl FnMut(T),
) {
    let mut times = Vec::with_capacity(samples);
    for index in 0..samples + samples / 10 {
        let fixed = random.word() >> 63 == 1;
        let input = black_box(input(fixed, random));
        let start = Instant::now();
        work(input);
        let time = start.elapsed().as_nanos() as f64;
        // The first ones warm the caches.
        if index >= samples / 10 {
            times.push((time, fixed));
        }
    }
    let mut sorted: Vec<f64> = times.iter().map(|(time, _)| *time).collect();
    sorted.sort_by(f64::total_cmp);
    let t_of = |kept: f64| {
        let limit = sorted[(kept * samples as f64) as usize - 1];
        let of_class = |class: bool| -> Vec<f64> {
            times
                .iter()
                .filter(|(time, fixed)| *fixed == class && *time <= limit)
                .map(|(time, _)| *time)
                .collect()
        };
        welch(&of_class(true), &of_class(false)).abs()
    };
    let worst = KEPT.into_iter().map(t_of).fold(0.0, f64::max);
    println!("{name:<44} {samples:>7} samples, median {:>9.0} ns, |t| {worst:6.2}", sorted[samples / 2]);
}

/// Compares tags 256 times, since one comparison is shorter than a clock's tick.
fn compared(how: impl Fn(u128, u128) -> bool) -> impl FnMut((u128, u128)) {
    move |(ours, theirs)| {
        for _ in 0..256 {
            black_box(how(black_box(ours), black_box(theirs)));
        }
    }
}

fn main() {
    let random = &mut Random(0x9e37_79b9_7f4a_7c15);
    // Equal tags against tags that differ in their first byte.
    let tags = |equal: bool, random: &mut Random| {
        let ours = random.number();
        (ours, if equal { ours } else { ours ^ 1 })
    };
    measure("tag comparison, equal or not", 100_000, random, tags, compared(equal));
    let byte_by_byte = |ours: u128, theirs: u128| {
        let (ours, theirs) = (ours.to_le_bytes(), theirs.to_le_bytes());
        ours.iter().zip(&theirs).all(|(ours, theirs)| black_box(ours == theirs))
    };
    measure("planted: comparison that stops early", 100_000, random, tags, compared(byte_by_byte));

    let run = |job: Job| drop(black_box(Level::Portable.run(&job)));
    let hash = |fixed: bool, random: &mut Random| {
        let key = random.number() & black_box(if fixed { 0 } else { u128::MAX });
        Job::PolyHash(PolyHash::new(key, random.bits(4096, fixed), 4096).expect("shape"))
    };
    measure("polyhash of 4096 bits, zeros or random", 50_000, random, hash, run);
    for (key_len, out_len, samples) in [(4_000, 1_500, 20_000), (40_000, 15_000, 2_000)] {
        let seed = random.bits(Family::Modified.seed_len(key_len, out_len), false);
        let amplify = |fixed: bool, random: &mut Random| {
            let key = random.bits(key_len, fixed);
            Job::Toeplitz(Toeplitz::new(Family::Modified, key, Arc::clone(&seed), out_len).expect("shape"))
        };
        let name = format!("Toeplitz {key_len} to {out_len}, zeros or random");
        measure(&name, samples, random, amplify, run);
    }
}
