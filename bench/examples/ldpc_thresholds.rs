//! How far the degree distributions of the LDPC family could correct if frames were long, beside what the codes do: writes
//! bench/ldpc/thresholds.csv. `cargo xtask ldpc-thresholds` runs it, in some minutes.

use std::fs;
use std::path::Path;

use qkdpp_bench::evolution::{Ensemble, Evolution};
use qkdpp_bench::{entropy, inverse_entropy};
use qkdpp_kernels::ldpc::{degrees, family};

/// Halvings of the interval between f = 1 and f = 1.5.
const HALVINGS: u32 = 10;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let evolution = Evolution::default();
    let mut table = "# cargo xtask ldpc-thresholds\n".to_owned();
    table += "frame_bits,syndrome_bits,threshold,f_at_threshold,max_qber,f_at_max_qber\n";
    let ladder = |frame_bits| degrees::ladder(frame_bits).into_iter().zip(family::ladder(frame_bits));
    for (design, rung) in [1 << 16, 1 << 18].into_iter().flat_map(ladder) {
        let leak = rung.code.leak_rate();
        let bounds = (inverse_entropy(leak / 1.5), inverse_entropy(leak));
        let ensemble = Ensemble { degrees: &design.degrees, rows: design.rows };
        let threshold = evolution.threshold(&ensemble, bounds, HALVINGS);
        let line = format!(
            "{},{},{threshold:.5},{:.4},{},{:.4}\n",
            rung.code.variables(),
            rung.code.checks(),
            leak / entropy(threshold),
            rung.max_qber,
            leak / entropy(rung.max_qber)
        );
        print!("{line}");
        table += &line;
    }
    fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("ldpc/thresholds.csv"), table)?;
    Ok(())
}
