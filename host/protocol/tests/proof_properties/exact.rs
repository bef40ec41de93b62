//! The key lengths of the rigorous proofs against those that the exact hypergeometric tail would allow.

use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use qkdpp_protocol::proof::{Counts, Evaluation, Proof};

use crate::hypergeometric::exact_rate;
use crate::strategies::{any_proof_with_plausible_counts, seeded};

/// The step of a proof from test bits to key bits: how many there are, and at which failure probability.
struct Step {
    key: f64,
    test: f64,
    errors: f64,
    ln_failure: f64,
    /// The bound it arrived at.
    phi: f64,
}

/// `None` where the derivation stopped before it.
fn step(proof: &Proof, counts: &Counts, evaluation: &Evaluation) -> Option<Step> {
    let bound = |name: &str| evaluation.bounds.get(name);
    let decoy = |epsilon: f64, phi: &str| {
        Some(Step {
            key: bound("s_K1")?,
            test: bound("s_T1")?,
            errors: bound("v_T1")?,
            ln_failure: 2.0 * epsilon.ln(),
            phi: bound(phi)?,
        })
    };
    let single = |ln_epsilon: f64| {
        Some(Step {
            key: counts.n_key[0] as f64,
            test: counts.n_test[0] as f64,
            errors: counts.m_test[0] as f64,
            ln_failure: 2.0 * ln_epsilon,
            phi: bound("phi")?,
        })
    };
    match proof {
        Proof::EurVariable2024(eur) => decoy(eur.eps_a, "e_ph"),
        Proof::Lim2014(lim) => decoy(lim.eps_sec / 21.0, "phi"),
        Proof::Rusca2018(rusca) => decoy(rusca.eps_sec / 19.0, "phi"),
        Proof::Wiesemann2026(wiesemann) => decoy(wiesemann.eps_sec / 15.0, "phi"),
        Proof::Tlgr2012(tlgr) => single((tlgr.eps_sec / 4.0).ln()),
        // The ε of its estimation is 2·exp(−…), and that exponential fails as the ε of the others do.
        Proof::Tl2017(_) => single((bound("epsilon_estimation")? / 2.0).ln()),
    }
}

fn h(x: f64) -> f64 {
    if x <= 0.0 { 0.0 } else { -x * x.log2() - (1.0 - x) * (1.0 - x).log2() }
}

/// ℓ if the phase error rate were `phi`, by the proof's last line in plain floating point.
fn length_with(phi: f64, key: f64, evaluation: &Evaluation) -> Option<f64> {
    let bound = |name: &str| evaluation.bounds.get(name);
    let vacuum =
        if evaluation.name == "lim-2014" || evaluation.name == "rusca-2018" { bound("s_K0")? } else { 0.0 };
    let entropy = vacuum + key * (1.0 - h(phi));
    Some(entropy - bound("leak")? - bound("dropped")? - bound("constants")?)
}

/// The true numbers of single photons are whole and lie beyond the bounds of the decoy states; the least favourable ones
/// that the bounds admit are the bounds themselves, rounded towards them.
#[test]
fn no_key_is_longer_than_the_exact_tail_allows() {
    let (reached, with_key) = (Cell::new(0), Cell::new(0));
    let config = seeded(1500);
    let cases = config.cases;
    TestRunner::new(config)
        .run(&any_proof_with_plausible_counts(), |(proof, counts)| {
            let evaluation = proof.evaluate(&counts);
            let Some(step) = step(&proof, &counts, &evaluation).filter(|_| proof.is_rigorous()) else {
                return Ok(());
            };
            let (n, k, m) = (step.key.ceil() as u64, step.test.ceil() as u64, step.errors.floor() as u64);
            let exact = if m < k { exact_rate(n, k, m, step.ln_failure) } else { 1.0 };
            reached.set(reached.get() + 1);
            prop_assert!(step.phi >= exact, "{}: φ {} < {exact} for {n} {k} {m}", evaluation.name, step.phi);
            if evaluation.ell > 0 {
                with_key.set(with_key.get() + 1);
                let allowed = length_with(exact, step.key, &evaluation).expect("all bounds of a key");
                let rounding = 1e-12 * counts.key_detections() as f64;
                prop_assert!(evaluation.ell as f64 <= allowed + rounding, "{} > {allowed}", evaluation.ell);
            }
            Ok(())
        })
        .unwrap();
    let (reached, with_key) = (reached.get(), with_key.get());
    assert!(reached > cases / 4 && with_key > cases / 20, "{reached} and {with_key} of {cases}");
}
