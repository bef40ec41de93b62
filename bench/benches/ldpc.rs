//! LDPC: syndromes of a block of frames (Alice) and the decoding of single frames (Bob), each with the code that the family
//! offers for the error rate. Names give f = (m/n)/h(QBER); rates count the bits of the frames, whether or not they decode.

use std::sync::Arc;

use qkdpp_bench::{Random, backends, criterion, entropy, measure};
use qkdpp_kernels::ldpc::{Code, LdpcDecode, Syndrome, family, rule};
use qkdpp_kernels::{Job, Level, Output, Shared};

const ITERATIONS: u32 = 60;
const QBERS: [f64; 3] = [0.01, 0.02, 0.05];

fn main() {
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

fn code(frame_bits: usize, qber: f64) -> Arc<Code> {
    Arc::clone(&family::for_qber(frame_bits, qber).expect("the family covers this error rate").code)
}

fn syndrome(code: &Arc<Code>, key: &Shared) -> Job {
    Job::Syndrome(
        Syndrome::new(Arc::clone(code), Arc::clone(key)).expect("the key is a whole number of frames"),
    )
}

/// A fresh frame with fresh errors.
fn decoding(code: &Arc<Code>, qber: f64, random: &mut Random) -> Job {
    let sent = random.bits(code.variables());
    let Output::Syndrome(target) = Level::auto().run(&syndrome(code, &sent)) else {
        unreachable!("a Syndrome job gives a syndrome");
    };
    let received = random.noisy(&sent, qber);
    let channel = rule::channel_magnitude(qber);
    let job = LdpcDecode::new(Arc::clone(code), received, Arc::new(target), None, channel, ITERATIONS);
    Job::LdpcDecode(job.expect("word and syndrome fit the code"))
}
