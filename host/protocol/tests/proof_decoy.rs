//! The decoy-state proofs against the numbers printed in their papers and against an independent evaluation.

use qkdpp_protocol::proof::{
    Counts, EurVariable2024, Lim2014, Proof, Rusca2018, Sampling, Wiesemann2026, ZeroKey,
};

fn h(x: f64) -> f64 {
    -x * x.log2() - (1.0 - x) * (1.0 - x).log2()
}

/// `actual` has the digits of `printed`, which is rounded (or cut) after its last one.
#[track_caller]
fn assert_digits(actual: f64, printed: &str) {
    let expected: f64 = printed.parse().unwrap();
    let decimals = printed.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let unit = 10_f64.powi(-i32::try_from(decimals).unwrap());
    assert!((actual - expected).abs() <= unit, "{actual} is not {printed}");
}

fn lim(sampling: Sampling) -> Proof {
    Proof::Lim2014(Lim2014 { eps_sec: 1e-10, eps_cor: 1e-15, sampling })
}

/// The channel of Lim et al., section "Evaluation".
fn lim_channel(km: f64, mu: f64) -> (f64, f64) {
    let (dark, after_pulse, misalignment) = (6e-7, 0.04, 5e-3);
    let photons = mu * 0.1 * 10_f64.powf(-0.2 * km / 10.0);
    let click = 1.0 - (1.0 - 2.0 * dark) * (-photons).exp();
    let error = dark + misalignment * (1.0 - (-photons).exp()) + after_pulse * click / 2.0;
    (click * (1.0 + after_pulse), error)
}

/// Expected counts for `n_key` key detections, rounded half to even, with f = 1.16.
fn lim_counts(n_key: f64, km: f64, q_key: f64, p: [f64; 3], mu: [f64; 2]) -> Counts {
    let mu = [mu[0], mu[1], 2e-4];
    let (rate, error): (Vec<f64>, Vec<f64>) = mu.iter().map(|&mu| lim_channel(km, mu)).unzip();
    let mean_rate: f64 = p.iter().zip(&rate).map(|(p, r)| p * r).sum();
    let pulses = n_key / (q_key.powi(2) * mean_rate);
    let count = |q: f64, per_pulse: &[f64]| -> Vec<u64> {
        p.iter().zip(per_pulse).map(|(p, r)| (pulses * q.powi(2) * p * r).round_ties_even() as u64).collect()
    };
    let q_test = 1.0 - q_key;
    let mut counts = Counts {
        mu: mu.to_vec(),
        p: p.to_vec(),
        n_key: count(q_key, &rate),
        m_key: count(q_key, &error),
        n_test: count(q_test, &rate),
        m_test: count(q_test, &error),
        ..Counts::default()
    };
    let (n, m): (u64, u64) = (counts.n_key.iter().sum(), counts.m_key.iter().sum());
    counts.leak = 1.16 * n as f64 * h(m as f64 / n as f64);
    counts
}

/// Vector 2a: 1e7 detections over 100 km.
fn ten_million() -> Counts {
    Counts {
        mu: vec![0.43, 0.20, 2e-4],
        p: vec![0.41, 0.45, 0.14],
        n_key: vec![6_608_097, 3_384_576, 7328],
        m_key: vec![167_603, 90_969, 3166],
        n_test: vec![147_545, 75_571, 164],
        m_test: vec![3742, 2031, 71],
        leak: 1.16 * 10_000_001.0 * h(261_738.0 / 10_000_001.0),
        dropped_key: 0,
    }
}

/// Vector 2b: 1e9 detections over 100 km.
fn thousand_million() -> Counts {
    Counts {
        mu: vec![0.455, 0.155, 2e-4],
        p: vec![0.77, 0.17, 0.06],
        n_key: vec![929_502_847, 70_274_831, 222_322],
        m_key: vec![23_507_809, 1_946_283, 96_044],
        n_test: vec![4_492_150, 339_628, 1074],
        m_test: vec![113_610, 9406, 464],
        leak: 1.16 * 1e9 * h(25_550_136.0 / 1e9),
        dropped_key: 0,
    }
}

#[test]
fn lim_as_published_reproduces_the_regression_table() {
    let settings = [
        (1e4, 0.51, [0.03, 0.55, 0.42], [0.50, 0.09]),
        (1e5, 0.68, [0.10, 0.62, 0.28], [0.475, 0.155]),
        (1e6, 0.80, [0.21, 0.60, 0.19], [0.445, 0.195]),
        (1e7, 0.87, [0.41, 0.45, 0.14], [0.43, 0.20]),
        (1e8, 0.91, [0.63, 0.28, 0.09], [0.43, 0.185]),
        (1e9, 0.935, [0.77, 0.17, 0.06], [0.455, 0.155]),
    ];
    let distances = [0.0, 25.0, 50.0, 75.0, 100.0, 125.0, 150.0];
    let published: [[u64; 7]; 6] = [
        [1769, 1687, 1604, 1387, 747, 0, 0],
        [23_660, 22_753, 22_128, 20_985, 17_647, 8066, 0],
        [264_667, 254_347, 248_759, 239_774, 214_811, 141_510, 11_469],
        [2_839_469, 2_732_881, 2_679_484, 2_601_810, 2_388_087, 1_813_870, 768_916],
        [28_937_170, 27_867_146, 27_351_381, 26_638_063, 24_700_094, 19_696_607, 11_034_098],
        [288_190_558, 277_495_867, 272_436_349, 265_557_969, 248_057_632, 201_892_423, 132_762_334],
    ];
    for ((n_key, q_key, p, mu), row) in settings.into_iter().zip(published) {
        for (km, expected) in distances.into_iter().zip(row) {
            let counts = lim_counts(n_key, km, q_key, p, mu);
            let ell = lim(Sampling::AsPublished).evaluate(&counts).ell;
            assert_eq!(ell, expected, "n_K = {n_key}, {km} km");
            assert!(lim(Sampling::Kl).evaluate(&counts).ell <= expected, "n_K = {n_key}, {km} km");
        }
    }
}

#[test]
fn lim_gives_every_intermediate_bound_of_the_1e7_vector() {
    let counts = ten_million();
    assert_digits(counts.leak, "2027967.373");
    let published = lim(Sampling::AsPublished).evaluate(&counts);
    let printed = [
        ("tau0", "0.7751095705"),
        ("tau1", "0.1883985156"),
        ("delta_n_K", "11417.17478"),
        ("s_K0", "0"),
        ("s_K1", "6444306.36"),
        ("s_T0", "0"),
        ("s_T1", "116567.6098"),
        ("v_T1", "5904.410257"),
        ("gamma", "0.006168373947"),
        ("phi", "0.05682061148"),
        ("constants", "276.4985117"),
    ];
    for (name, digits) in printed {
        assert_digits(published.bounds.get(name).unwrap(), digits);
    }
    assert_digits(published.ell_real, "2388087.92");
    assert!(!published.rigorous);
    // Inverted with 40 digits: φ = 0.057603725016781, ℓ = 2367686.6897.
    let kl = lim(Sampling::Kl).evaluate(&counts);
    assert!(kl.rigorous);
    assert_digits(kl.bounds.get("phi").unwrap(), "0.05760372501678");
    assert_digits(kl.ell_real, "2367686.6897");
    assert_digits(lim(Sampling::Serfling).evaluate(&counts).ell_real, "2161660.892");
}

#[test]
fn lim_credits_the_vacuum_of_the_1e9_vector() {
    let published = lim(Sampling::AsPublished).evaluate(&thousand_million());
    let printed = [
        ("s_K0", "819425.9835"),
        ("s_K1", "613601112.7"),
        ("s_T1", "2542341.503"),
        ("v_T1", "115975.008"),
        ("phi", "0.04682180475"),
    ];
    for (name, digits) in printed {
        assert_digits(published.bounds.get(name).unwrap(), digits);
    }
    assert_digits(published.ell_real, "248057632.2");
    // Inverted with 40 digits: 247657839.898.
    assert_eq!(lim(Sampling::Kl).evaluate(&thousand_million()).ell, 247_657_839);
}

fn eur(delta: f64, swap: bool) -> Proof {
    let e = 1e-12;
    Proof::EurVariable2024(EurVariable2024 {
        eps_d: e,
        eps_a: e,
        eps_b: e,
        eps_c: e,
        eps_pa: e,
        eps_ev: e,
        delta,
        dark: 1e-6,
        swap,
    })
}

#[test]
fn eur_gives_every_intermediate_bound_of_the_1e9_vector() {
    let evaluation = eur(0.0, false).evaluate(&thousand_million());
    let printed = [
        ("s_K1", "610323674.5"),
        ("s_T1", "2331670.589"),
        ("v_T1", "159159.6967"),
        ("gamma_serf", "0.003448998204"),
        ("delta1", "0"),
        ("delta2", "0"),
        ("e_ph", "0.07170893914"),
    ];
    for (name, digits) in printed {
        assert_digits(evaluation.bounds.get(name).unwrap(), digits);
    }
    assert_eq!(evaluation.ell, 184_109_713);
    assert_digits(evaluation.ell_real, "184109713.6");
    assert_digits(evaluation.epsilon_secret * 1e12, "7.92820323");
}

#[test]
fn attack_25_detector_mismatch_costs_key() {
    let counts = thousand_million();
    let swapped = eur(0.01, true).evaluate(&counts);
    assert_digits(swapped.bounds.get("delta1").unwrap(), "0.0003921368648");
    assert_digits(swapped.bounds.get("delta2").unwrap(), "0.0001960588217");
    assert_digits(swapped.ell_real, "182681758.6");
    assert_digits(eur(0.05, true).evaluate(&counts).ell_real, "162879795.6");

    let fixed = eur(0.01, false).evaluate(&counts);
    assert_digits(fixed.bounds.get("delta1").unwrap(), "0.03980190594");
    assert_digits(fixed.bounds.get("delta2").unwrap(), "0.0198019704");
    assert!(fixed.ell < swapped.ell);
}

fn one_decoy_counts() -> Counts {
    Counts {
        mu: vec![0.51, 0.15],
        p: vec![0.7, 0.3],
        n_key: vec![8_875_913, 1_124_087],
        m_key: vec![185_856, 26_055],
        n_test: vec![165_048, 20_902],
        m_test: vec![3456, 484],
        leak: 1_776_924.0,
        dropped_key: 0,
    }
}

#[test]
fn rusca_as_published_gives_every_intermediate_bound() {
    let rusca = |sampling| Proof::Rusca2018(Rusca2018 { eps_sec: 1e-9, eps_cor: 1e-15, sampling });
    let evaluation = rusca(Sampling::AsPublished).evaluate(&one_decoy_counts());
    let printed = [
        ("s_K0_u", "167020.17926"),
        ("s_T0_u", "6645.52314"),
        ("v_T1", "5411.81258"),
        ("s_K0", "0"),
        ("s_K1", "5396516.26882"),
        ("s_T1", "76462.27555"),
        ("phi", "0.0791736593780"),
    ];
    for (name, digits) in printed {
        assert_digits(evaluation.bounds.get(name).unwrap(), digits);
    }
    assert_digits(evaluation.ell_real, "1464719.0887");
    let serfling = rusca(Sampling::Serfling).evaluate(&one_decoy_counts()).ell;
    let kl = rusca(Sampling::Kl).evaluate(&one_decoy_counts()).ell;
    assert!(serfling < kl && kl < evaluation.ell, "{serfling} {kl} {}", evaluation.ell);
}

#[test]
fn wiesemann_reproduces_its_vector() {
    let proof = Proof::Wiesemann2026(Wiesemann2026 { eps_sec: 1e-9, eps_cor: 1e-15 });
    let evaluation = proof.evaluate(&one_decoy_counts());
    assert_digits(evaluation.bounds.get("phi").unwrap(), "0.08820101537");
    assert_digits(evaluation.ell_real, "1297128.841");
}

/// A lost frame costs one bit of key for each of its bits, on top of what was disclosed about it.
#[test]
fn dropped_key_bits_are_charged_in_full() {
    let (all, mut lossy) = (ten_million(), ten_million());
    lossy.dropped_key = 3000;
    let (without, with) = (lim(Sampling::Kl).evaluate(&all), lim(Sampling::Kl).evaluate(&lossy));
    assert!((without.ell_real - with.ell_real - 3000.0).abs() < 1e-6);
}

#[test]
fn zero_errors_in_the_test_basis_still_cost_key() {
    let mut counts = ten_million();
    counts.m_test = vec![0; 3];
    let mut one_decoy = one_decoy_counts();
    one_decoy.m_test = vec![0; 2];
    let wiesemann = Proof::Wiesemann2026(Wiesemann2026 { eps_sec: 1e-9, eps_cor: 1e-15 });
    for (proof, counts, name) in [
        (lim(Sampling::Kl), &counts, "phi"),
        (lim(Sampling::Serfling), &counts, "phi"),
        (lim(Sampling::AsPublished), &counts, "phi"),
        (eur(0.0, false), &counts, "e_ph"),
        (wiesemann, &one_decoy, "phi"),
    ] {
        let evaluation = proof.evaluate(counts);
        let phi = evaluation.bounds.get(name).unwrap();
        assert!(phi > 1e-5 && phi < 0.05, "{}: φ = {phi}", proof.name());
        assert!(evaluation.ell > 0);
    }
}

#[test]
fn a_short_block_says_why_and_how_much_longer_it_must_be() {
    let short = lim_counts(1e4, 125.0, 0.51, [0.03, 0.55, 0.42], [0.50, 0.09]);
    let evaluation = eur(0.0, false).evaluate(&short);
    assert_eq!(evaluation.ell, 0);
    let reason = evaluation.zero.expect("a reason").to_string();
    assert!(reason.chars().any(|c| c.is_ascii_digit()), "{reason}");

    let factor = eur(0.0, false).detections_for_key(&short).expect("a longer block has a key");
    let longer = |factor: f64| {
        let scale = |list: &[u64]| list.iter().map(|&n| (n as f64 * factor).round() as u64).collect();
        let counts = Counts {
            n_key: scale(&short.n_key),
            m_key: scale(&short.m_key),
            n_test: scale(&short.n_test),
            m_test: scale(&short.m_test),
            leak: short.leak * factor,
            ..short.clone()
        };
        eur(0.0, false).evaluate(&counts).ell
    };
    assert!(factor > 1.0 && longer(factor) > 0 && longer(0.99 * factor) == 0, "{factor}");

    assert_eq!(eur(0.0, false).detections_for_key(&thousand_million()), Some(1.0));
    let hopeless = Counts { leak: 1e9, ..short };
    assert_eq!(eur(0.0, false).detections_for_key(&hopeless), None);
}

#[test]
fn each_reason_for_no_key_is_named() {
    let proof = lim(Sampling::Kl);
    let zero = |counts: &Counts| proof.evaluate(counts).zero.expect("a reason");
    let empty_test = Counts { n_test: vec![0; 3], m_test: vec![0; 3], ..ten_million() };
    assert_eq!(zero(&empty_test).to_string(), "no detections in the test basis");
    let few = Counts { n_test: vec![10; 3], m_test: vec![0; 3], ..ten_million() };
    assert!(matches!(zero(&few), ZeroKey::NoSinglePhotons { detections: 30, .. }));
    let noisy = Counts { m_test: ten_million().n_test, ..ten_million() };
    assert!(matches!(zero(&noisy), ZeroKey::PhaseError { phi } if phi >= 0.5));
    let told_all = Counts { leak: 1e7, ..ten_million() };
    assert!(matches!(zero(&told_all), ZeroKey::Exhausted { leak: 1e7, .. }));
}
