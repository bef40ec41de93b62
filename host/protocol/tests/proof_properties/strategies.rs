//! Proofs and counts at random.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use qkdpp_protocol::proof::{
    Counts, EurVariable2024, Lim2014, Proof, Rusca2018, Sampling, Tl2017, Tlgr2012, Wiesemann2026,
};

/// The same cases in every run; PROPTEST_CASES and PROPTEST_RNG_SEED ask for others.
pub(crate) fn seeded(cases: u32) -> ProptestConfig {
    let config = ProptestConfig::default();
    let asked = |name: &str| std::env::var_os(name).is_some();
    ProptestConfig {
        cases: if asked("PROPTEST_CASES") { config.cases } else { cases },
        rng_seed: if asked("PROPTEST_RNG_SEED") { config.rng_seed } else { RngSeed::Fixed(1) },
        failure_persistence: None,
        ..config
    }
}

pub(crate) fn all_proofs(eps: f64, sampling: Sampling, delta: f64, swap: bool) -> Vec<Proof> {
    let (eps_sec, eps_cor) = (eps, eps);
    vec![
        Proof::EurVariable2024(EurVariable2024 {
            eps_d: eps,
            eps_a: eps,
            eps_b: eps,
            eps_c: eps,
            eps_pa: eps,
            eps_ev: eps,
            delta,
            dark: 1e-6,
            swap,
        }),
        Proof::Lim2014(Lim2014 { eps_sec, eps_cor, sampling }),
        Proof::Rusca2018(Rusca2018 { eps_sec, eps_cor, sampling }),
        Proof::Wiesemann2026(Wiesemann2026 { eps_sec, eps_cor }),
        Proof::Tlgr2012(Tlgr2012 { eps_sec, eps_cor }),
        Proof::Tl2017(Tl2017 { eps_sec, eps_cor }),
    ]
}

pub(crate) fn any_proof() -> impl Strategy<Value = Proof> {
    let sampling = prop_oneof![Just(Sampling::Kl), Just(Sampling::Serfling), Just(Sampling::AsPublished)];
    (0_usize..6, 1.0_f64..40.0, sampling, prop_oneof![Just(0.0), 0.0_f64..0.2], any::<bool>()).prop_map(
        |(which, digits, sampling, delta, swap)| {
            all_proofs(10_f64.powf(-digits), sampling, delta, swap)[which]
        },
    )
}

/// A link as it may occur: rates fall with the intensity, errors are a small part of the detections.
pub(crate) fn plausible_counts(proof: Proof) -> impl Strategy<Value = Counts> {
    let lists = proof.intensities().max(1);
    (
        (0.35_f64..0.7, 0.05_f64..0.25, 0.0_f64..1e-3, 0.2_f64..0.8),
        (1.0_f64..11.0, 0.001_f64..0.5),
        vec((0.5_f64..1.5, 0.0_f64..0.06), 2 * lists),
        (0.0_f64..0.6, 0.0_f64..0.02),
    )
        .prop_map(move |((mu1, mu2, mu3, p1), (digits, test_part), noise, (leak, dropped))| {
            let (mu, p) = match proof.intensities() {
                3 => (vec![mu1, mu2, mu3], vec![p1, (1.0 - p1) * 0.7, (1.0 - p1) * 0.3]),
                2 => (vec![mu1, mu2], vec![p1, 1.0 - p1]),
                _ => (vec![], vec![]),
            };
            let list = |part: f64, noise: &[(f64, f64)]| -> (Vec<u64>, Vec<u64>) {
                let one = |(k, (jitter, rate)): (usize, &(f64, f64))| {
                    let weight = mu.get(k).map_or(1.0, |mu| mu * p[k]);
                    let n = (10_f64.powf(digits) * part * weight * (1.0 + 0.01 * jitter)).round();
                    (n as u64, (n * rate).round() as u64)
                };
                noise.iter().enumerate().map(one).unzip()
            };
            let (n_key, m_key) = list(1.0, &noise[..lists]);
            let (n_test, m_test) = list(test_part, &noise[lists..]);
            let n: u64 = n_key.iter().sum();
            let (leak, dropped_key) = (leak * n as f64, (dropped * n as f64) as u64);
            Counts { mu, p, n_key, m_key, n_test, m_test, leak, dropped_key }
        })
}

/// A proof with counts of its kind.
pub(crate) fn any_proof_with_plausible_counts() -> impl Strategy<Value = (Proof, Counts)> {
    any_proof().prop_flat_map(|proof| (Just(proof), plausible_counts(proof)))
}

/// Any numbers at all, most of them nonsense.
pub(crate) fn arbitrary_counts() -> impl Strategy<Value = Counts> {
    let real = || prop_oneof![any::<f64>(), 0.0_f64..1.0, Just(f64::NAN), Just(0.0)];
    let count = || prop_oneof![any::<u64>(), 0_u64..1000, Just(u64::MAX), Just(0)];
    (
        (vec(real(), 0..4), vec(real(), 0..4)),
        (vec(count(), 0..4), vec(count(), 0..4), vec(count(), 0..4), vec(count(), 0..4)),
        (real(), count()),
    )
        .prop_map(|((mu, p), (n_key, m_key, n_test, m_test), (leak, dropped_key))| Counts {
            mu,
            p,
            n_key,
            m_key,
            n_test,
            m_test,
            leak,
            dropped_key,
        })
}
