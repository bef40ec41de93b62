//! How often a code corrects: random frames, random errors, syndrome and decoder.

use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;
use sha3::Shake256;
use sha3::digest::{ExtendableOutput, Update, XofReader};

use super::messages::Messages;
use super::{Code, Decoded, LdpcDecode, Syndrome, portable, rule};
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
    let (sent, received) = frame(code.variables(), qber, &mut random);
    let syndrome = Arc::new(syndrome(code, &sent));
    let decoded = decode(code, &received, &syndrome, qber, max_iterations);
    Outcome {
        frames: 1,
        failed: u32::from(!decoded.converged),
        undetected: u32::from(decoded.converged && decoded.word != *sent),
        iterations: decoded.iterations.into(),
    }
}

/// What became of simulated frames that had several messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exchange {
    /// All messages together: a frame has failed if no message brought it to converge.
    pub outcome: Outcome,
    /// Frames that needed more than the first message.
    pub second: u32,
    /// Frames that needed all three.
    pub third: u32,
    /// Bits that Alice sent.
    pub leak: u64,
}

impl Exchange {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            outcome: self.outcome.and(other.outcome),
            second: self.second + other.second,
            third: self.third + other.third,
            leak: self.leak + other.leak,
        }
    }
}

/// As [`run_range`], with up to three messages a frame.
pub fn exchange(
    messages: &Messages,
    qber: f64,
    frames: Range<u32>,
    max_iterations: u32,
    seed: [u8; 32],
) -> Exchange {
    let of_frame = |frame| exchange_frame(messages, qber, max_iterations, random(&seed, frame));
    frames.into_par_iter().map(of_frame).reduce(Exchange::default, Exchange::and)
}

fn exchange_frame(
    messages: &Messages,
    qber: f64,
    max_iterations: u32,
    mut random: impl XofReader,
) -> Exchange {
    let (sent, received) = frame(messages.finest().variables(), qber, &mut random);
    let finest = syndrome(messages.finest(), &sent);
    let mut known = messages.first(&finest);
    let mut exchange = Exchange { leak: known.len() as u64, ..Exchange::default() };
    let mut message = 0;
    loop {
        let target = Arc::new(known.clone());
        let decoded = decode(messages.code(message), &received, &target, qber, max_iterations);
        let outcome = &mut exchange.outcome;
        outcome.iterations += u64::from(decoded.iterations);
        message += 1;
        if decoded.converged || message == messages.count() {
            outcome.frames = 1;
            outcome.failed = u32::from(!decoded.converged);
            outcome.undetected = u32::from(decoded.converged && decoded.word != *sent);
            exchange.second = u32::from(message > 1);
            exchange.third = u32::from(message > 2);
            return exchange;
        }
        let further = messages.further(&finest, message);
        exchange.leak += further.len() as u64;
        known = messages.refined(&known, message, &further);
    }
}

const SHAPES: &str = "the shapes are those of the code";

/// A random frame, and what Bob receives of it.
fn frame(n: usize, qber: f64, random: &mut impl XofReader) -> (Arc<Bits>, Arc<Bits>) {
    let mut bytes = vec![0; n.div_ceil(8)];
    random.read(&mut bytes);
    let sent = Bits::from_bytes(&bytes, n);
    let mut received = sent.clone();
    received.xor_assign(&errors(n, qber, random));
    (Arc::new(sent), Arc::new(received))
}

fn syndrome(code: &Arc<Code>, sent: &Arc<Bits>) -> Bits {
    portable::syndrome(&Syndrome::new(Arc::clone(code), Arc::clone(sent)).expect(SHAPES))
}

fn decode(
    code: &Arc<Code>,
    received: &Arc<Bits>,
    syndrome: &Arc<Bits>,
    qber: f64,
    max_iterations: u32,
) -> Decoded {
    let (received, syndrome) = (Arc::clone(received), Arc::clone(syndrome));
    let channel = rule::channel_magnitude(qber);
    let job =
        LdpcDecode::new(Arc::clone(code), received, syndrome, None, channel, max_iterations).expect(SHAPES);
    let Output::LdpcDecode(decoded) = Level::auto().run(&Job::LdpcDecode(job)) else {
        unreachable!("a decoding job gives a decoded word");
    };
    decoded
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
