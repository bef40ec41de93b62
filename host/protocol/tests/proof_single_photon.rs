//! The single-photon proofs against their regression table.

use qkdpp_protocol::proof::{Counts, Proof, Tl2017, Tlgr2012};

const TLGR: Proof = Proof::Tlgr2012(Tlgr2012 { eps_sec: 1e-10, eps_cor: 1e-15 });
const TL: Proof = Proof::Tl2017(Tl2017 { eps_sec: 1e-10, eps_cor: 1e-15 });

fn counts(n: u64, k: u64, rate: f64) -> Counts {
    let h = -rate * rate.log2() - (1.0 - rate) * (1.0 - rate).log2();
    Counts {
        n_key: vec![n],
        m_key: vec![(n as f64 * rate).round() as u64],
        n_test: vec![k],
        m_test: vec![(k as f64 * rate).round() as u64],
        leak: 1.16 * n as f64 * h,
        ..Counts::default()
    }
}

fn close(actual: f64, expected: f64) -> bool {
    ((actual - expected) / expected).abs() < 1e-9
}

#[test]
fn regression_table() {
    // tl-2017: the infimum over ν found with 40 digits.
    let rows = [
        (10_000, 4000, 0.01, 0.092_446_670_65, 4_178.494_936, 4_211.118_140_42),
        (100_000, 10_000, 0.02, 0.051_822_818_48, 46_206.676_93, 46_466.555_503_64),
        (1_000_000, 50_000, 0.02, 0.022_642_113_51, 581_533.978_1, 582_970.000_04),
        (1_000_000, 50_000, 0.05, 0.022_642_113_51, 291_955.229_8, 293_127.409_161_1),
    ];
    for (n, k, rate, mu, tlgr_ell, tl_ell) in rows {
        let counts = counts(n, k, rate);
        let tlgr = TLGR.evaluate(&counts);
        assert!(close(tlgr.bounds.get("mu").unwrap(), mu), "{tlgr:?}");
        assert!(close(tlgr.ell_real, tlgr_ell), "{} is not {tlgr_ell}", tlgr.ell_real);
        let tl = TL.evaluate(&counts);
        assert!(close(tl.ell_real, tl_ell), "{} is not {tl_ell}", tl.ell_real);
        assert_eq!(tl.ell, tl.ell_real.floor() as u64);
        assert!(close(tl.bounds.get("tag_bits").unwrap(), 50.0));
    }
}

/// The inequality of the paper, evaluated here in plain floating point over a grid of ν, allows the length
/// found and no length noticeably longer.
#[test]
fn tl_returns_the_longest_length_that_its_inequality_allows() {
    let counts = counts(100_000, 10_000, 0.02);
    let ell = TL.evaluate(&counts).ell;
    let (n, k) = (1e5, 1e4);
    let secrecy = |ell: f64| {
        (1..48_000)
            .map(|step| {
                let nu = f64::from(step) * 1e-5;
                let x: f64 = 0.02 + nu;
                let h = -x * x.log2() - (1.0 - x) * (1.0 - x).log2();
                let estimation = 2.0 * (-n * k * k * nu * nu / ((n + k) * (k + 1.0))).exp();
                estimation + 0.5 * (-n * (1.0 - h) + counts.leak + 50.0 + ell).exp2().sqrt()
            })
            .fold(f64::INFINITY, f64::min)
    };
    assert!(secrecy(ell as f64 - 1.0) <= 1e-10);
    assert!(secrecy(ell as f64 + 1.0) > 1e-10);
}

#[test]
fn correctness_is_charged_as_the_smallest_sufficient_tag() {
    let tag_bits = |eps_cor| {
        let proof = Proof::Tl2017(Tl2017 { eps_sec: 1e-10, eps_cor });
        proof.evaluate(&counts(100_000, 10_000, 0.02)).bounds.get("tag_bits").unwrap() as u32
    };
    assert_eq!(tag_bits(2.0_f64.powi(-50)), 50);
    assert_eq!(tag_bits(2.0_f64.powi(-50).next_down()), 51);
    assert_eq!(tag_bits(0.5), 1);
}

#[test]
fn zero_errors_still_cost_key() {
    let counts = Counts { m_key: vec![0], m_test: vec![0], leak: 0.0, ..counts(10_000, 4000, 0.0) };
    for proof in [TLGR, TL] {
        let evaluation = proof.evaluate(&Counts { leak: 0.0, ..counts.clone() });
        assert!(evaluation.bounds.get("phi").unwrap() > 0.05);
        assert!(evaluation.ell > 0 && evaluation.ell < 7000);
    }
}

#[test]
fn a_hundred_bits_give_no_key() {
    for proof in [TLGR, TL] {
        let evaluation = proof.evaluate(&counts(100, 50, 0.02));
        assert_eq!(evaluation.ell, 0);
        assert!(evaluation.zero.is_some());
        assert!(proof.detections_for_key(&counts(100, 50, 0.02)).is_some_and(|factor| factor > 10.0));
    }
}
