//! The sampling bounds against the exact hypergeometric distribution, and what the proofs rely on beyond it.

use proptest::prelude::*;
use qkdpp_protocol::proof::{Sample, Sampling};

use crate::hypergeometric::exact_rate;
use crate::strategies::seeded;

fn sample(n: u64, k: u64, m: u64) -> Sample {
    Sample { key: n as f64, test: k as f64, errors: m as f64 }
}

fn excess(sampling: Sampling, (n, k, m): (u64, u64, u64), epsilon: f64) -> f64 {
    sampling.key_error_rate(sample(n, k, m), epsilon) - m as f64 / k as f64
}

/// Neither rigorous bound is below the exact quantile at its failure probability, ε².
fn assert_not_tighter_than_exact((n, k, m): (u64, u64, u64), epsilon: f64) -> Result<(), TestCaseError> {
    let exact = exact_rate(n, k, m, 2.0 * epsilon.ln());
    for sampling in [Sampling::Kl, Sampling::Serfling] {
        let bound = sampling.key_error_rate(sample(n, k, m), epsilon);
        prop_assert!(bound >= exact, "{sampling:?} {bound} < {exact} at n={n} k={k} m={m} ε={epsilon}");
    }
    Ok(())
}

#[test]
fn rigorous_bounds_are_never_tighter_than_the_exact_tail() {
    let cases = [
        (20, 10, 0),
        (20, 10, 3),
        (100, 50, 2),
        (50, 400, 30),
        (1000, 1000, 0),
        (1000, 200, 10),
        (10_000, 4000, 40),
        (4000, 10_000, 500),
        (50_000, 2000, 10),
        (100_000, 10_000, 200),
        (100_000, 1000, 0),
    ];
    for case in cases {
        for epsilon in [1e-2, 1e-5, 1e-10] {
            assert_not_tighter_than_exact(case, epsilon).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(seeded(256))]

    /// Blocks of 3 to 10^7 bits, tested by 3 to 10^7 others with 0 to 45 % of errors, at ε from 0.3 to 1e-20.
    #[test]
    fn rigorous_bounds_are_never_tighter_than_the_exact_tail_at_random(
        (key, test) in (0.5_f64..7.0, 0.5_f64..7.0),
        rate in prop_oneof![Just(0.0), 0.0_f64..0.02, 0.0_f64..0.45],
        digits in 0.5_f64..20.0,
    ) {
        let (n, k) = (10_f64.powf(key) as u64, 10_f64.powf(test) as u64);
        let m = (rate * k as f64) as u64;
        assert_not_tighter_than_exact((n, k, m), 10_f64.powf(-digits))?;
    }
}

/// Why the published γ must not be the default: it claims less than the exact tail at failure ε² allows.
#[test]
fn the_published_gamma_is_not_safe() {
    for ((n, k, m), exact, published, kl) in [
        ((100_000, 10_000, 200), 0.016_680, 0.013_542, 0.018_141),
        ((50_000, 2000, 10), 0.032_120, 0.015_356, 0.033_867),
    ] {
        let exact_excess = exact_rate(n, k, m, 1e-20_f64.ln()) - m as f64 / k as f64;
        assert!((exact_excess - exact).abs() < 3e-5, "{exact_excess}");
        assert!((excess(Sampling::AsPublished, (n, k, m), 1e-10) - published).abs() < 1e-6);
        assert!((excess(Sampling::Kl, (n, k, m), 1e-10) - kl).abs() < 1e-6);
        assert!(excess(Sampling::AsPublished, (n, k, m), 1e-10) < exact_excess);
    }
}

#[test]
fn kl_reproduces_its_reference_values() {
    for ((n, k, m), expected) in [((1_000_000, 50_000, 1000), 0.006_939), ((10_000, 4000, 40), 0.032_551)] {
        let kl = excess(Sampling::Kl, (n, k, m), 1e-10);
        assert!((kl - expected).abs() < 1e-6, "{kl} is not {expected}");
    }
}

/// The decoy proofs put bounds where the theorem has true numbers; that is sound only if more bits and fewer
/// errors never raise the bound.
#[test]
fn kl_is_monotone_in_what_decoy_states_can_only_bound() {
    let rate =
        |n: f64, k: f64, m: f64| Sampling::Kl.key_error_rate(Sample { key: n, test: k, errors: m }, 1e-10);
    for (n, k, m) in
        [(1e6, 5e4, 1e3), (1e4, 4e3, 40.0), (3e3, 8e3, 100.0), (1e9, 2.5e6, 1.2e5), (500.0, 600.0, 0.0)]
    {
        let bound = rate(n, k, m);
        assert!(rate(1.01 * n, k, m) <= bound, "n = {n}");
        assert!(rate(n, 1.01 * k, m) <= bound, "k = {k}");
        assert!(rate(n, k, 1.01 * m) >= bound, "m = {m}");
    }
}

#[test]
fn a_sample_that_says_nothing_bounds_nothing() {
    for sampling in [Sampling::Kl, Sampling::Serfling, Sampling::AsPublished] {
        for bad in [
            Sample { key: 0.0, test: 10.0, errors: 0.0 },
            Sample { key: 10.0, test: 0.0, errors: 0.0 },
            Sample { key: 10.0, test: 10.0, errors: 10.0 },
            Sample { key: 10.0, test: 10.0, errors: f64::NAN },
            Sample { key: f64::NAN, test: 10.0, errors: 0.0 },
        ] {
            assert_eq!(
                sampling.key_error_rate(bad, 1e-10).to_bits(),
                1.0_f64.to_bits(),
                "{sampling:?} {bad:?}"
            );
        }
        let good = Sample { key: 1e4, test: 1e3, errors: 1.0 };
        assert!(sampling.key_error_rate(good, 1.0) >= 1.0);
        assert!(sampling.key_error_rate(good, 0.0) >= 1.0);
    }
}
