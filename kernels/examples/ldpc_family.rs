//! Makes the family of LDPC codes again: designs, simulates and writes `codes/*.qc`. Takes about half an hour of one
//! core; names of files given as arguments restrict it to those.

use std::path::Path;
use std::sync::Arc;
use std::{env, fs};

use qkdpp_kernels::ldpc::design::Design;
use qkdpp_kernels::ldpc::file::{CodeFile, Measured};
use qkdpp_kernels::ldpc::simulation::{self, Outcome};
use qkdpp_kernels::ldpc::{Code, degrees, family};

/// The final simulation: batches of frames, of which one in a hundred may fail. Of frames of 2^18 bits there are half as many, of 2^20
/// an eighth.
const BATCHES: u8 = 4;
const BATCH: u32 = 100;

/// Iteration limit of the decoder.
const ITERATIONS: u32 = 50;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let wanted: Vec<String> = env::args().skip(1).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("codes");
    fs::create_dir_all(&folder)?;
    for design in family::FRAME_BITS.into_iter().flat_map(degrees::ladder) {
        let code = Arc::new(Code::new(design.base()?, design.lifting)?);
        let name = format!("n{}-m{}.qc", code.variables(), code.checks());
        if wanted.is_empty() || wanted.contains(&name) {
            let file = measured(&design, &code);
            fs::write(folder.join(&name), file.to_string())?;
        }
    }
    Ok(())
}

fn measured(design: &Design, code: &Arc<Code>) -> CodeFile {
    let batch = match code.variables() {
        0x10_0000 => BATCH / 8,
        0x4_0000 => BATCH / 2,
        _ => BATCH,
    };
    // Few frames find the neighbourhood; from a little above it, small steps down lead to the largest error rate.
    let (_, smallest_f) = (0..6).fold((1.0, 2.6), |(low, high), _| {
        let f = f64::midpoint(low, high);
        let outcome = simulation::run(code, qber_at(code, f), batch * 3 / 5, ITERATIONS, [0; 32]);
        if outcome.failed <= 1 { (low, f) } else { (f, high) }
    });
    let mut qber = significant(1.04 * qber_at(code, smallest_f));
    loop {
        let outcome = final_simulation(code, qber, batch);
        let f = code.leak_rate() / entropy(qber);
        let iterations = outcome.iterations as f64 / f64::from(outcome.frames);
        println!("{code:?}: QBER {qber} f {f:.4} iterations {iterations:.1} {outcome:?}");
        if outcome.failed + outcome.undetected <= allowed(batch) {
            let comments = vec![
                "A code of the family in src/ldpc/degrees.rs, made by examples/ldpc_family.rs from src/ldpc/design.rs."
                    .to_owned(),
                format!("(degree, columns): {:?}", design.degrees),
                format!(
                    "Measured with {ITERATIONS} iterations: f = {f:.3}, {iterations:.1} iterations a frame."
                ),
            ];
            let measured = Measured { max_qber: qber, frames: outcome.frames, failed: outcome.failed };
            return CodeFile { comments, code: (**code).clone(), measured: Some(measured) };
        }
        qber = significant(0.993 * qber);
    }
}

/// How many frames of all batches may fail.
fn allowed(batch: u32) -> u32 {
    u32::from(BATCHES) * batch / 100
}

/// All batches, or those up to the one in which too many frames have failed.
fn final_simulation(code: &Arc<Code>, qber: f64, batch: u32) -> Outcome {
    let mut total = Outcome::default();
    for seed in 1..=BATCHES {
        total = total.and(simulation::run(code, qber, batch, ITERATIONS, [seed; 32]));
        if total.failed + total.undetected > allowed(batch) {
            break;
        }
    }
    total
}

/// The error rate for which the code leaks `f` times the Shannon limit.
fn qber_at(code: &Code, f: f64) -> f64 {
    let (mut low, mut high) = (0.0, 0.5);
    for _ in 0..50 {
        let middle = f64::midpoint(low, high);
        if f * entropy(middle) < code.leak_rate() { low = middle } else { high = middle }
    }
    low
}

/// Binary entropy in bits.
fn entropy(q: f64) -> f64 {
    -q * q.log2() - (1.0 - q) * (1.0 - q).log2()
}

/// Rounded down to three significant digits.
fn significant(q: f64) -> f64 {
    let digits = (3.0 - q.log10().ceil()) as i32;
    let scale = 10_f64.powi(digits);
    (q * scale).floor() / scale
}
