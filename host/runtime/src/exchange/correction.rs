//! [`Correction`]: what an error correction achieved, for simulations and benches.

use qkdpp_kernels::Bits;
use qkdpp_protocol::report::entropy;
use serde::Serialize;

use super::Account;

/// 1 where `a` and `b` differ.
///
/// # Panics
/// If their lengths differ.
pub fn difference(a: &Bits, b: &Bits) -> Bits {
    let mut difference = a.clone();
    difference.xor_assign(b);
    difference
}

/// What an error correction achieved, seen by someone who knows both keys.
#[derive(Debug, Serialize)]
pub struct Correction {
    /// Bits about the key that were sent.
    pub leak_bits: u64,
    /// leak/(n·h(QBER)); `None` without errors.
    pub f: Option<f64>,
    /// Frames.
    pub frames: u64,
    /// Frames given up.
    pub failed_frames: u64,
    /// Bits in frames given up.
    pub failed_bits: usize,
    /// Frames that still differ, though nobody gave them up.
    pub wrong_frames: u64,
    /// Bits that still differ in those.
    pub residual_errors: usize,
    /// Whether the keys are equal in all frames that were not given up, and there is one.
    pub equal: bool,
    /// Exchanges between the two sides.
    pub rounds: u64,
    /// Payload bytes that Alice sent.
    pub alice_bytes: u64,
    /// Payload bytes that Bob sent.
    pub bob_bytes: u64,
    /// CPU time of Alice's protocol and kernels.
    pub alice_seconds: f64,
    /// CPU time of Bob's protocol and kernels.
    pub bob_seconds: f64,
}

impl Correction {
    /// Compares Bob's corrected key with Alice's; the two have the same length.
    ///
    /// # Panics
    /// If they do not.
    pub fn new(alice: &Bits, bob: &Bits, (of_alice, of_bob): &(Account, Account)) -> Self {
        let errors = difference(alice, bob);
        let mut residual = errors.clone();
        if let Some(corrected) = &of_bob.outcome.errors {
            residual.xor_assign(corrected);
        }
        let given_up = &of_bob.outcome.undecoded;
        let failed_bits = given_up.iter().map(ExactSizeIterator::len).sum();
        let wrong: Vec<usize> =
            residual.ones().filter(|index| !given_up.iter().any(|range| range.contains(index))).collect();
        // Both methods cut the key into frames of this length.
        let frame_bits = alice.len().div_ceil(of_alice.outcome.frames as usize);
        let mut wrong_frames: Vec<usize> = wrong.iter().map(|index| index / frame_bits).collect();
        wrong_frames.dedup();
        let leak_bits = of_alice.outcome.leaks.iter().map(|(_, bits)| bits).sum();
        let qber = errors.count_ones() as f64 / alice.len() as f64;
        let needed = alice.len() as f64 * entropy(qber);
        Self {
            leak_bits,
            f: (needed > 0.0).then(|| leak_bits as f64 / needed),
            frames: of_alice.outcome.frames,
            failed_frames: of_alice.outcome.failed_frames,
            failed_bits,
            wrong_frames: wrong_frames.len() as u64,
            residual_errors: wrong.len(),
            equal: wrong.is_empty() && failed_bits < alice.len(),
            rounds: of_alice.outcome.rounds,
            alice_bytes: of_alice.bytes_sent,
            bob_bytes: of_bob.bytes_sent,
            alice_seconds: of_alice.cpu.as_secs_f64(),
            bob_seconds: of_bob.cpu.as_secs_f64(),
        }
    }
}
