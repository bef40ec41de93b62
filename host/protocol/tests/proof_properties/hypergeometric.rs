//! The exact distribution behind every sampling bound: of n + k bits with T errors, k drawn at random show X.

/// ln P(X ≤ m).
pub(crate) fn ln_tail(n: u64, k: u64, m: u64, errors: u64) -> f64 {
    let least = errors.saturating_sub(n);
    let most = errors.min(k);
    if m >= most {
        return 0.0;
    }
    if m < least {
        return f64::NEG_INFINITY;
    }
    // The terms rise up to the mode and fall after it: summed outwards from the greatest, none can overflow.
    let mode = ((k + 1) as f64 * (errors + 1) as f64 / (n + k + 2) as f64) as u64;
    let greatest = mode.clamp(least, m);
    let ln_greatest =
        ln_choose(errors, greatest) + ln_choose(n + k - errors, k - greatest) - ln_choose(n + k, k);
    // P(X = x) / P(X = x − 1)
    let ratio = |x: u64| (errors - x + 1) as f64 * (k - x + 1) as f64 / (x as f64 * (n + x - errors) as f64);
    let mut sum = 1.0;
    let mut term = 1.0;
    for x in (least + 1..=greatest).rev() {
        term /= ratio(x);
        sum += term;
        if term < 1e-18 * sum {
            break;
        }
    }
    term = 1.0;
    for x in greatest + 1..=m {
        term *= ratio(x);
        sum += term;
        if term < 1e-18 * sum {
            break;
        }
    }
    (ln_greatest + sum.ln()).min(0.0)
}

fn ln_choose(n: u64, k: u64) -> f64 {
    let ln_factorial = |n: u64| libm::lgamma(n as f64 + 1.0);
    ln_factorial(n) - ln_factorial(k) - ln_factorial(n - k)
}

/// The largest error rate of the n key bits with which m or fewer errors among the k test bits have a probability above
/// e^`ln_failure`. What a rigorous bound may not go below.
pub(crate) fn exact_rate(n: u64, k: u64, m: u64, ln_failure: f64) -> f64 {
    let (mut possible, mut excluded) = (m, m + n + 1);
    while excluded - possible > 1 {
        let middle = u64::midpoint(possible, excluded);
        if ln_tail(n, k, m, middle) > ln_failure {
            possible = middle;
        } else {
            excluded = middle;
        }
    }
    (possible - m) as f64 / n as f64
}

/// By binomial coefficients with 40 digits (mpmath); hypergeom.logcdf of SciPy 1.17 agrees to 3e-8.
#[test]
fn the_tail_has_its_exact_values() {
    let cases = [
        ((20, 10, 3, 12), -1.049_750_734_172_04),
        ((20, 10, 0, 9), -4.444_788_835_473_66),
        ((300, 5000, 7, 40), -80.105_154_845_099_5),
        ((1000, 200, 10, 150), -9.104_057_968_198_68),
        ((4000, 10_000, 500, 600), -1.396_208_243_987e-12),
        ((10_000, 4000, 40, 400), -44.591_090_940_433_3),
        ((50_000, 2000, 10, 700), -8.957_244_096_884_99),
        ((100_000, 10_000, 200, 3300), -23.648_065_954_115_8),
        ((1_000_000, 50_000, 1000, 24_000), -12.355_969_978_776_6),
        ((10_000_000, 300_000, 6000, 220_000), -16.508_914_763_322_6),
    ];
    for ((n, k, m, errors), expected) in cases {
        let ln = ln_tail(n, k, m, errors);
        assert!((ln - expected).abs() < 1e-6, "n={n} k={k} m={m} T={errors}: {ln} is not {expected}");
    }
    assert!(ln_tail(5, 5, 0, 6).is_infinite(), "six errors do not fit into five key bits");
    assert!(ln_tail(5, 5, 5, 6).abs() < 1e-15, "five draws hold at most five errors");
}
