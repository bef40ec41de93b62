//! ε and ℓ once more, in plain floating point from the formulas: Tomamichel and Leverrier, Quantum 1, 14 (2017), and the
//! collision bound of the polynomial hash.

use qkdpp_protocol::ledger::Ledger;

use crate::link::{EPS_COR, EPS_SEC, SEGMENT_BITS};

/// Bits of a verification tag.
pub(crate) const TAG_BITS: u64 = 48;

/// Checks what the ledger says of a delivered key, given the test.
pub(crate) fn check(
    ledger: &Ledger,
    test: u64,
    errors: u64,
    segments: u64,
    epsilon: f64,
) -> Result<(), String> {
    let collision = f64::from(SEGMENT_BITS.div_ceil(128) + 1) * 2f64.powi(-(TAG_BITS as i32));
    let correct = collision * segments as f64;
    if (ledger.verification / correct - 1.0).abs() > 1e-12 || correct > EPS_COR {
        return Err(format!("ε of correctness {:e} instead of {correct:e}", ledger.verification));
    }
    let total = EPS_SEC + EPS_COR;
    if epsilon < total * (1.0 - 1e-12) {
        return Err(format!("ε {epsilon:e} in all, less than {total:e}"));
    }
    // A dropped segment costs its length; the part of the key that was kept is what the proof is about with it.
    let longest =
        longest(ledger.sifted as f64, test as f64, errors as f64, (ledger.leak() + ledger.dropped) as f64);
    if ledger.secret as f64 > longest + 1e-6 {
        return Err(format!("{} secret bits, the formula allows {longest:.3}", ledger.secret));
    }
    Ok(())
}

/// sup over ν of the ℓ with 2·exp(−nk²ν²/((n+k)(k+1))) + ½·sqrt(2^(−n(1−h(Q+ν))+r+t+ℓ)) = `EPS_SEC`.
fn longest(n: f64, k: f64, errors: f64, r: f64) -> f64 {
    let t = (1.0 / EPS_COR).log2().ceil();
    let length = |nu: f64| {
        let room = EPS_SEC - 2.0 * (-n * (k * nu).powi(2) / ((n + k) * (k + 1.0))).exp();
        if room <= 0.0 {
            f64::NEG_INFINITY
        } else {
            n * (1.0 - entropy(errors / k + nu)) - r - t + 2.0 * (2.0 * room).log2()
        }
    };
    let steps = 100;
    let top = 0.5 - errors / k;
    let best = (1..steps)
        .map(|step| top * f64::from(step) / f64::from(steps))
        .max_by(|a, b| length(*a).total_cmp(&length(*b)));
    // The optimum lies within a step of the best point of the grid.
    let (mut low, mut high) =
        best.map_or((0.0, 0.0), |best| (best - top / f64::from(steps), best + top / f64::from(steps)));
    for _ in 0..60 {
        let third = (high - low) / 3.0;
        if length(low + third) < length(high - third) { low += third } else { high -= third }
    }
    length(f64::midpoint(low, high))
}

fn entropy(x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 { 0.0 } else { -x * x.log2() - (1.0 - x) * (1.0 - x).log2() }
}
