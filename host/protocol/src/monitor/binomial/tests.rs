//! Tails and limits against scipy.
#![allow(clippy::unreadable_literal, clippy::float_cmp, reason = "published digits, and exact ends")]

use super::*;

// Made with scipy 1.17.1: P(X >= k) = scipy.stats.binom.sf(k-1, n, p), P(X <= k) = scipy.stats.binom.cdf(k, n, p);
// limits: scipy.stats.beta.ppf(alpha, k, n-k+1) and beta.isf(alpha, k+1, n-k) (Clopper and Pearson).
// Every value was compared with the sums of the terms, from mpmath's loggamma at 40 digits; they agree to 1e-10.

/// k, n, p, P(X ≥ k), P(X ≤ k).
const TAILS: &[(u64, u64, f64, f64, f64)] = &[
    (3, 10, 0.3, 0.6172172136000003, 0.6496107184000002),
    (0, 7, 0.1, 1.0, 0.47829689999999997),
    (10, 10, 0.5, 0.0009765625, 1.0),
    (60, 100, 0.5, 0.028443966820490444, 0.9823998998911476),
    (40, 100, 0.5, 0.9823998998911476, 0.028443966820490444),
    (5, 1000, 0.001, 0.003636878029521792, 0.999411929898237),
    (20, 1000, 0.001, 1.3357486992362727e-19, 1.0),
    (1, 1000000, 1e-06, 0.632120742768355, 0.7357588823429155),
    (510000, 1000000, 0.5, 2.772181643854259e-89, 1.0),
    (498000, 1000000, 0.5, 0.9999684629880654, 3.1804668750394e-05),
    (12000, 4000000000, 2.5e-06, 5.651748548911891e-84, 1.0),
    (9000, 4000000000, 2.5e-06, 1.0, 1.389459863424338e-24),
    (14050000, 4000000000, 0.0035, 4.0385154423862874e-41, 1.0),
    (13960000, 4000000000, 0.0035, 1.0, 4.369372710780074e-27),
    (900, 1000, 0.95, 0.9999999999609179, 8.410251084877745e-11),
    (999, 1000, 0.95, 2.838088094711556e-21, 1.0),
    (30, 187500000000, 1e-10, 0.01005080613264207, 0.9941502312992742),
];

/// k, n, alpha, lower limit, upper limit.
const LIMITS: &[(u64, u64, f64, f64, f64)] = &[
    (3, 10, 0.05, 0.08726443391415033, 0.6066242161054123),
    (0, 50, 0.001, 0.0, 0.12903641004391936),
    (50, 50, 0.001, 0.8709635899560806, 1.0),
    (120, 10000, 1e-09, 0.006564598849560429, 0.019824620997082026),
    (51234, 1000000, 1e-10, 0.04984323515899116, 0.05264928987868202),
    (2, 3000000, 1e-07, 1.490934501160193e-10, 7.222935841035682e-06),
];

fn close(got: f64, want: f64) -> bool {
    got == want || (got / want - 1.0).abs() < 1e-9
}

#[test]
fn tails_are_those_of_scipy() {
    for &(k, n, p, above, below) in TAILS {
        let (got_above, got_below) = (tail_above(k, n, p), tail_below(k, n, p));
        assert!(close(got_above, above), "P(X ≥ {k}), n {n}, p {p}: {got_above:e} instead of {above:e}");
        assert!(close(got_below, below), "P(X ≤ {k}), n {n}, p {p}: {got_below:e} instead of {below:e}");
    }
}

#[test]
fn confidence_limits_are_those_of_scipy() {
    for &(k, n, alpha, low, high) in LIMITS {
        let (got_low, got_high) = (lower_limit(k, n, alpha), upper_limit(k, n, alpha));
        assert!(close(got_low, low), "lower limit of {k}/{n} at {alpha}: {got_low:e} instead of {low:e}");
        assert!(close(got_high, high), "upper limit of {k}/{n} at {alpha}: {got_high:e}, not {high:e}");
    }
}

#[test]
fn both_tails_and_one_term_make_up_the_whole() {
    for (k, n, p) in [(3u64, 10u64, 0.3f64), (0, 5, 0.2), (5, 5, 0.9), (500, 1000, 0.5), (7, 20, 0.0)] {
        let sum = tail_above(k, n, p) + tail_below(k, n, p) - probability(k, n, p);
        assert!((sum - 1.0).abs() < 1e-12, "{k} of {n}, p {p}: {sum}");
    }
}

#[test]
fn the_ends_are_exact() {
    assert_eq!((tail_above(1, 10, 0.0), tail_below(9, 10, 1.0)), (0.0, 0.0));
    assert_eq!((tail_above(0, 0, 0.5), tail_below(0, 0, 0.5)), (1.0, 1.0));
    assert_eq!((lower_limit(0, 0, 1e-9), upper_limit(0, 0, 1e-9)), (0.0, 1.0));
}
