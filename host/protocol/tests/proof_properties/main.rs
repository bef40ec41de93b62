//! What must hold of every proof for any input at all, and the form in which profiles and reports write them.

mod exact;
mod hypergeometric;
mod monotone;
mod sampling;
mod strategies;

use proptest::prelude::*;
use qkdpp_protocol::proof::{Counts, Lim2014, Proof, Sampling, ZeroKey};
use strategies::{
    all_proofs, any_proof, any_proof_with_plausible_counts, arbitrary_counts, plausible_counts, seeded,
};

fn assert_sane(proof: &Proof, counts: &Counts) -> Result<(), TestCaseError> {
    let evaluation = proof.evaluate(counts);
    prop_assert_eq!(evaluation.ell == 0, evaluation.zero.is_some());
    prop_assert!(evaluation.ell <= counts.key_detections().saturating_sub(counts.dropped_key));
    prop_assert!(evaluation.ell as f64 <= evaluation.ell_real.max(0.0));
    prop_assert!(evaluation.ell_real.is_finite());
    for (name, bound) in evaluation.bounds.iter() {
        prop_assert!(bound.is_finite(), "{} is {}", name, bound);
    }
    let report =
        serde_json::to_string(&evaluation).map_err(|error| TestCaseError::fail(error.to_string()))?;
    prop_assert!(evaluation.zero.is_none() || !report.contains("null"), "{}", report);
    // As text, since a refused NaN does not equal itself.
    prop_assert_eq!(report, serde_json::to_string(&proof.evaluate(counts)).unwrap());
    Ok(())
}

proptest! {
    #![proptest_config(seeded(256))]

    #[test]
    fn nonsense_gives_no_key_and_no_panic(proof in any_proof(), counts in arbitrary_counts()) {
        assert_sane(&proof, &counts)?;
    }

    #[test]
    fn plausible_counts_give_a_sane_answer(
        (proof, counts) in any_proof_with_plausible_counts()
    ) {
        assert_sane(&proof, &counts)?;
    }

    #[test]
    fn every_proof_names_the_field_that_cannot_be(
        (proof, mut counts) in any_proof_with_plausible_counts(),
        bad in prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY), Just(-1e-9)],
        which in 0..5,
    ) {
        let field = match which {
            0 if proof.intensities() > 0 => {
                counts.mu[0] = bad;
                "mu[0]"
            }
            1 if proof.intensities() > 0 => {
                counts.p[0] = bad;
                "p[0]"
            }
            2 => {
                counts.m_test[0] = counts.n_test[0] + 1;
                "m_test[0]"
            }
            3 => {
                counts.dropped_key = counts.key_detections() + 1;
                "dropped_key"
            }
            _ => {
                counts.leak = bad;
                "leak"
            }
        };
        let evaluation = proof.evaluate(&counts);
        prop_assert_eq!((evaluation.ell, evaluation.ell_real.to_bits()), (0, 0));
        match evaluation.zero {
            Some(ZeroKey::BadInput(error)) => prop_assert_eq!(error.field, field),
            other => prop_assert!(false, "{field}: {other:?}"),
        }
    }

    /// Outward rounding: never above the formula in plain floating point (but for the rounding of that one),
    /// and not noticeably below.
    #[test]
    fn lim_agrees_with_a_plain_evaluation(
        counts in plausible_counts(all_proofs(1e-10, Sampling::Serfling, 0.0, false)[1])
    ) {
        let proof = Proof::Lim2014(Lim2014 { eps_sec: 1e-10, eps_cor: 1e-15, sampling: Sampling::Serfling });
        let evaluation = proof.evaluate(&counts);
        if let Some(plain) = plain_lim_with_serfling(&counts) {
            let tolerance = 1e-11 * counts.key_detections() as f64 + 1e-6;
            let expected = plain.min((counts.key_detections() - counts.dropped_key) as f64);
            let ell_real = match evaluation.zero {
                Some(ZeroKey::Exhausted { ell_real, .. }) => ell_real,
                _ => evaluation.ell_real,
            };
            prop_assert!((ell_real - expected).abs() <= tolerance, "{} is not {}", ell_real, expected);
        } else {
            prop_assert_eq!(evaluation.ell, 0);
        }
    }
}

/// Lim et al. with Serfling's γ, transcribed from the paper in plain floating point; `None` without a bound.
fn plain_lim_with_serfling(c: &Counts) -> Option<f64> {
    let eps: f64 = 1e-10 / 21.0;
    let sum = |list: &[u64]| list.iter().sum::<u64>() as f64;
    let delta = |total: f64| (total / 2.0 * (1.0 / eps).ln()).sqrt();
    let low = |list: &[u64], k: usize| c.mu[k].exp() / c.p[k] * (list[k] as f64 - delta(sum(list))).max(0.0);
    let high = |list: &[u64], k: usize| c.mu[k].exp() / c.p[k] * (list[k] as f64 + delta(sum(list)));
    let tau0: f64 = (0..3).map(|k| c.p[k] * (-c.mu[k]).exp()).sum();
    let tau1: f64 = (0..3).map(|k| c.p[k] * (-c.mu[k]).exp() * c.mu[k]).sum();
    let [mu1, mu2, mu3] = [c.mu[0], c.mu[1], c.mu[2]];
    let s0 = |n: &[u64]| (tau0 * (mu2 * low(n, 2) - mu3 * high(n, 1)) / (mu2 - mu3)).clamp(0.0, sum(n));
    let s1 = |n: &[u64]| {
        let multi = (mu2 * mu2 - mu3 * mu3) / (mu1 * mu1) * (high(n, 0) - s0(n) / tau0);
        let mixture = low(n, 1) - high(n, 2) - multi;
        (tau1 * mu1 * mixture / (mu1 * (mu2 - mu3) - mu2 * mu2 + mu3 * mu3)).clamp(0.0, sum(n))
    };
    let (key, test) = (s1(&c.n_key), s1(&c.n_test));
    let errors = (tau1 * (high(&c.m_test, 1) - low(&c.m_test, 2)) / (mu2 - mu3)).max(0.0);
    let gamma = ((key + test) / (key * test) * (test + 1.0) / test * (1.0 / eps).ln()).sqrt();
    let phi = errors / test + gamma;
    // Without single photons it is NaN.
    if phi.is_nan() || phi >= 0.5 {
        return None;
    }
    let h = -phi * phi.log2() - (1.0 - phi) * (1.0 - phi).log2();
    let constants = 6.0 * (21.0_f64 / 1e-10).log2() + 2e15_f64.log2();
    Some(s0(&c.n_key) + key * (1.0 - h) - c.leak - c.dropped_key as f64 - constants)
}

#[test]
fn profiles_name_the_proof_and_refuse_unknown_fields() {
    let json = r#"{"name":"lim-2014","eps_sec":1e-10,"eps_cor":1e-15}"#;
    let proof: Proof = serde_json::from_str(json).unwrap();
    assert_eq!(proof, Proof::Lim2014(Lim2014 { eps_sec: 1e-10, eps_cor: 1e-15, sampling: Sampling::Kl }));

    for proof in all_proofs(1e-12, Sampling::AsPublished, 0.01, true) {
        let mut json = serde_json::to_value(proof).unwrap();
        assert_eq!(json["name"], proof.name());
        assert_eq!(serde_json::from_value::<Proof>(json.clone()).unwrap(), proof);
        json["eps_total"] = 1e-9.into();
        let error = serde_json::from_value::<Proof>(json).unwrap_err().to_string();
        assert!(error.contains("eps_total"), "{error}");
    }
}

#[test]
fn parameters_out_of_range_are_named_and_give_no_key() {
    for bad in [0.0, 1.0, -1e-10, f64::NAN, f64::INFINITY] {
        for proof in all_proofs(bad, Sampling::Kl, 0.0, false) {
            let error = proof.validate().unwrap_err();
            assert!(
                error.field.starts_with("eps_") && error.to_string().contains(&bad.to_string()),
                "{error}"
            );
            let evaluation = proof.evaluate(&Counts::default());
            assert!(matches!(evaluation.zero, Some(ZeroKey::BadInput(_))));
            assert!(!evaluation.epsilon_secret.is_nan() && !evaluation.epsilon_correct.is_nan());
        }
    }
    for (delta, field) in [(1.0, "delta"), (-0.1, "delta"), (f64::NAN, "delta")] {
        let error = all_proofs(1e-12, Sampling::Kl, delta, false)[0].validate().unwrap_err();
        assert_eq!(error.field, field);
    }
}

fn two_decoys() -> Counts {
    Counts {
        mu: vec![0.43, 0.20, 2e-4],
        p: vec![0.41, 0.45, 0.14],
        n_key: vec![6_608_097, 3_384_576, 7328],
        m_key: vec![167_603, 90_969, 3166],
        n_test: vec![147_545, 75_571, 164],
        m_test: vec![3742, 2031, 71],
        leak: 2e6,
        dropped_key: 0,
    }
}

#[test]
fn inconsistent_counts_are_named_and_give_no_key() {
    let proof = all_proofs(1e-10, Sampling::Kl, 0.0, false)[1];
    assert!(proof.evaluate(&two_decoys()).ell > 0);
    let cases = [
        ("length of mu", Counts { mu: vec![0.4, 0.2], ..two_decoys() }),
        ("length of p", Counts { p: vec![], ..two_decoys() }),
        ("length of m_test", Counts { m_test: vec![0; 4], ..two_decoys() }),
        ("mu[1]", Counts { mu: vec![0.2, 0.4, 0.0], ..two_decoys() }),
        ("mu[2]", Counts { mu: vec![0.4, 0.2, f64::NAN], ..two_decoys() }),
        ("mu[2]", Counts { mu: vec![0.4, 0.2, -0.1], ..two_decoys() }),
        ("mu[0]", Counts { mu: vec![0.4, 0.3, 0.1], ..two_decoys() }),
        ("p[2]", Counts { p: vec![0.5, 0.5, 0.0], ..two_decoys() }),
        ("sum of p", Counts { p: vec![0.5, 0.3, 0.1], ..two_decoys() }),
        ("m_key[2]", Counts { m_key: vec![0, 0, 7329], ..two_decoys() }),
        ("m_test[0]", Counts { m_test: vec![147_546, 0, 0], ..two_decoys() }),
        ("sum of n_key", Counts { n_key: vec![u64::MAX; 3], ..two_decoys() }),
        ("leak", Counts { leak: f64::NAN, ..two_decoys() }),
        ("leak", Counts { leak: -1.0, ..two_decoys() }),
        ("dropped_key", Counts { dropped_key: 10_000_002, ..two_decoys() }),
    ];
    for (field, counts) in cases {
        let evaluation = proof.evaluate(&counts);
        assert_eq!(evaluation.ell, 0);
        match evaluation.zero {
            Some(ZeroKey::BadInput(error)) => assert_eq!(error.field, field, "{error}"),
            other => panic!("{field}: {other:?}"),
        }
        assert_eq!(proof.detections_for_key(&counts), None);
    }
}

#[test]
fn reports_are_json_without_nulls_in_numbers() {
    let proof = all_proofs(1e-10, Sampling::Kl, 0.0, false)[1];
    let json = serde_json::to_value(proof.evaluate(&two_decoys())).unwrap();
    assert_eq!(json["name"], "lim-2014");
    assert!(json["bounds"]["s_K1"].as_f64().unwrap() > 6e6);
    assert!(json["ell"].as_u64().unwrap() > 2_000_000 && json["zero"].is_null());

    let bad = serde_json::to_value(proof.evaluate(&Counts { leak: f64::NAN, ..two_decoys() })).unwrap();
    assert_eq!(bad["zero"]["reason"], "bad-input");
    assert_eq!((&bad["zero"]["field"], &bad["zero"]["value"]), (&"leak".into(), &"NaN".into()));
}
