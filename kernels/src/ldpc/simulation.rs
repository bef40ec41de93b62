//! How often a code corrects: random frames, random errors, syndrome and decoder.

use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;
use sha3::Shake256;
use sha3::digest::{ExtendableOutput, Update, XofReader};

use super::{Code, LdpcDecode, Syndrome, portable, rule};
use crate::bits::Bits;
use crate::{Job, Level, Output};

/// What became of the simulated frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Frames simulated.
    pub frames: u32,
    /// Frames for which the decoder did not converge.
    pub failed: u32,
    /// Frames for which it converged to a wrong word.
    pub undetected: u32,
    /// Iterations of all frames together.
    pub iterations: u64,
}

impl Outcome {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            frames: self.frames + other.frames,
            failed: self.failed + other.failed,
            undetected: self.undetected + other.undetected,
            iterations: self.iterations + other.iterations,
        }
    }
}

/// Decodes `frames` random frames whose bits are each wrong with probability `qber`, in up to `max_iterations`
/// iterations. The same `seed` gives the same frames. Frames run in parallel.
pub fn run(code: &Arc<Code>, qber: f64, frames: u32, max_iterations: u32, seed: [u8; 32]) -> Outcome {
    run_range(code, qber, 0..frames, max_iterations, seed)
}

/// As [`run`], some of its frames only: a simulation can be cut into parts, whose outcomes add up to that of the whole.
pub fn run_range(
    code: &Arc<Code>,
    qber: f64,
    frames: Range<u32>,
    max_iterations: u32,
    seed: [u8; 32],
) -> Outcome {
    let of_frame = |frame| run_frame(code, qber, max_iterations, random(&seed, frame));
    frames.into_par_iter().map(of_frame).reduce(Outcome::default, Outcome::and)
}

fn run_frame(code: &Arc<Code>, qber: f64, max_iterations: u32, mut random: impl XofReader) -> Outcome {
    const SHAPES: &str = "the shapes are those of the code";
    let n = code.variables();
    let mut bytes = vec![0; n.div_ceil(8)];
    random.read(&mut bytes);
    let sent = Arc::new(Bits::from_bytes(&bytes, n));
    let errors = errors(n, qber, &mut random);
    let mut received = (*sent).clone();
    received.xor_assign(&errors);

    let syndrome = portable::syndrome(&Syndrome::new(Arc::clone(code), Arc::clone(&sent)).expect(SHAPES));
    let channel = rule::channel_magnitude(qber);
    let (received, syndrome) = (Arc::new(received), Arc::new(syndrome));
    let job =
        LdpcDecode::new(Arc::clone(code), received, syndrome, None, channel, max_iterations).expect(SHAPES);
    let Output::LdpcDecode(decoded) = Level::auto().run(&Job::LdpcDecode(job)) else {
        unreachable!("a decoding job gives a decoded word");
    };
    Outcome {
        frames: 1,
        failed: u32::from(!decoded.converged),
        undetected: u32::from(decoded.converged && decoded.word != *sent),
        iterations: decoded.iterations.into(),
    }
}

/// `n` bits, each 1 with probability `qber`.
fn errors(n: usize, qber: f64, random: &mut impl XofReader) -> Bits {
    let below = (qber * 2_f64.powi(32)) as u64;
    let mut bytes = vec![0; 4 * n];
    random.read(&mut bytes);
    bytes.as_chunks().0.iter().map(|&number| u64::from(u32::from_le_bytes(number)) < below).collect()
}

fn random(seed: &[u8; 32], frame: u32) -> impl XofReader + use<> {
    let mut hash = Shake256::default();
    hash.update(b"qkdpp simulation 1");
    hash.update(seed);
    hash.update(&frame.to_le_bytes());
    hash.finalize_xof()
}
