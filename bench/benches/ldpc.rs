//! LDPC: first a table of what the profiles leak, how often they fail and how fast Bob decodes; then syndromes of a block of
//! frames (Alice) and the decoding of single frames, each with the code that the family offers for the error rate. Names give
//! f = (m/n)/h(QBER); rates count the bits of the frames, whether or not they decode.
//!
//! `QKDPP_LDPC_FRAMES=10000 cargo bench -p qkdpp-bench --bench ldpc` sets the frames of 2^16 bits of each row of the table, of 2^18
//! a twentieth, of 2^20 a sixtieth; by default there are 100, 5 and 2, which says little about rare failures.

use std::sync::Arc;

use cpu_time::ThreadTime;
use qkdpp_bench::{Random, backends, criterion, entropy, measure};
use qkdpp_kernels::ldpc::messages::{MESSAGES, Messages};
use qkdpp_kernels::ldpc::{Code, LdpcDecode, Syndrome, family, rule};
use qkdpp_kernels::{Bits, Job, Level, Output, Shared};

const ITERATIONS: u32 = 100;
const QBERS: [f64; 3] = [0.01, 0.02, 0.05];

fn main() {
    let frames = std::env::var("QKDPP_LDPC_FRAMES").map_or(Ok(100), |frames| frames.parse());
    table(frames.expect("QKDPP_LDPC_FRAMES is a number"));

    let mut criterion = criterion();
    let mut random = Random::new(3);
    let mut group = criterion.benchmark_group("syndrome");
    for frame_bits in family::FRAME_BITS {
        let code = code(frame_bits, 0.02);
        for (level, counts) in backends(&[1], &[1, 16]) {
            for &frames in counts {
                let key = random.bits(frames * frame_bits);
                let case = format!("n={frame_bits}/m={}/frames={frames}", code.checks());
                measure(&mut group, &case, level, key.len(), || syndrome(&code, &key));
            }
        }
    }
    group.finish();

    let mut group = criterion.benchmark_group("ldpc");
    for frame_bits in family::FRAME_BITS {
        for (level, qbers) in backends(&QBERS[..1], &QBERS) {
            for &qber in qbers {
                let code = code(frame_bits, qber);
                let f = code.checks() as f64 / (frame_bits as f64 * entropy(qber));
                let case = format!("n={frame_bits}/qber={qber}/f={f:.3}");
                measure(&mut group, &case, level, frame_bits, || decoding(&code, qber, &mut random));
            }
        }
    }
    group.finish();
    criterion.final_summary();
}

/// Mean f, failures and Mb/s of both profiles, on one core and the fastest level of this machine.
fn table(frames: usize) {
    println!(
        "profile    n        QBER   frames  mean f  failed  undetected  messages  iterations  ns/edge   Mb/s"
    );
    for (profile, frame_bits, frames) in [
        ("fast", 1 << 16, frames),
        ("efficient", 1 << 18, frames.div_ceil(20)),
        ("longest", 1 << 20, frames.div_ceil(60)),
    ] {
        for qber in [0.01, 0.02, 0.03, 0.05, 0.08] {
            let messages = Messages::new(frame_bits, qber, 1.0, MESSAGES).expect("frames of the family");
            let mut random = Random::new(8);
            let mut row = Row::default();
            for _ in 0..frames {
                row.add(&messages, qber, &mut random);
            }
            let (bits, count) = ((frames * frame_bits) as f64, frames as f64);
            println!(
                "{profile:<9}  {frame_bits:<7} {qber:>5}  {frames:>6}  {:.4}  {:>6}  {:>10}  {:>8.2}  {:>10.1}  {:>7.3}  {:>5.1}",
                row.leak as f64 / (bits * entropy(qber)),
                row.failed,
                row.undetected,
                row.messages as f64 / count,
                row.iterations as f64 / count,
                1e9 * row.seconds / row.edges as f64,
                1e-6 * bits / row.seconds,
            );
        }
    }
}

#[derive(Default)]
struct Row {
    leak: usize,
    failed: usize,
    undetected: usize,
    messages: usize,
    iterations: u64,
    /// Edges times iterations.
    edges: u64,
    seconds: f64,
}

impl Row {
    /// Corrects a fresh frame in up to three messages.
    fn add(&mut self, messages: &Messages, qber: f64, random: &mut Random) {
        let sent = random.bits(messages.finest().variables());
        let received = random.noisy(&sent, qber);
        let finest = syndrome_of(messages.finest(), &sent);
        let mut known = messages.first(&finest);
        self.leak += known.len();
        for message in 1.. {
            let code = messages.code(message - 1);
            let job = decoding_of(code, &received, known.clone(), qber);
            let start = ThreadTime::now();
            let Output::LdpcDecode(decoded) = Level::auto().run(&job) else {
                unreachable!("a decoding job gives a decoded word");
            };
            self.seconds += start.elapsed().as_secs_f64();
            self.messages += 1;
            self.iterations += u64::from(decoded.iterations);
            let edges = code.rows().iter().map(Vec::len).sum::<usize>() * code.z();
            self.edges += edges as u64 * u64::from(decoded.iterations);
            if decoded.converged || message == messages.count() {
                self.failed += usize::from(!decoded.converged);
                self.undetected += usize::from(decoded.converged && decoded.word != *sent);
                return;
            }
            let further = messages.further(&finest, message);
            self.leak += further.len();
            known = messages.refined(&known, message, &further);
        }
    }
}

fn code(frame_bits: usize, qber: f64) -> Arc<Code> {
    Arc::clone(&family::for_qber(frame_bits, qber).expect("the family covers this error rate").code)
}

fn syndrome(code: &Arc<Code>, key: &Shared) -> Job {
    Job::Syndrome(
        Syndrome::new(Arc::clone(code), Arc::clone(key)).expect("the key is a whole number of frames"),
    )
}

fn syndrome_of(code: &Arc<Code>, key: &Shared) -> Bits {
    let Output::Syndrome(bits) = Level::auto().run(&syndrome(code, key)) else {
        unreachable!("a Syndrome job gives a syndrome");
    };
    bits
}

/// A fresh frame with fresh errors.
fn decoding(code: &Arc<Code>, qber: f64, random: &mut Random) -> Job {
    let sent = random.bits(code.variables());
    decoding_of(code, &random.noisy(&sent, qber), syndrome_of(code, &sent), qber)
}

fn decoding_of(code: &Arc<Code>, received: &Shared, target: Bits, qber: f64) -> Job {
    let (code, received, target) = (Arc::clone(code), Arc::clone(received), Arc::new(target));
    let job = LdpcDecode::new(code, received, target, None, rule::channel_magnitude(qber), ITERATIONS);
    Job::LdpcDecode(job.expect("word and syndrome fit the code"))
}
