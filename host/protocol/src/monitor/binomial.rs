//! Exact tails of the binomial distribution, from a handful of trials to 2^53 of them.
//!
//! A monitor asks: could this count come from the rate that was declared? The answer is a tail probability, and a
//! Gaussian approximation is wrong by orders of magnitude in the far tails that false-alarm rates are about.
//! ```text
//! P(X = k) = sqrt(n/(2πk(n−k))) · exp(δ(n) − δ(k) − δ(n−k) − D(k, np) − D(n−k, n(1−p)))
//! P(X ≥ k) = P(X = k) · (1 + r_k + r_k·r_{k+1} + …),   r_j = (n−j)/(j+1) · p/(1−p)
//! ```
//! with δ the error of Stirling's formula and D(x, m) = x·ln(x/m) + m − x. In this form nothing cancels, however large n
//! is (C. Loader, "Fast and accurate computation of binomial probabilities", 2000); all terms of the sum are positive.

use core::f64::consts::PI;

/// P(X ≥ k) of X successes in `n` trials of probability `p`.
pub fn tail_above(k: u64, n: u64, p: f64) -> f64 {
    if k == 0 {
        1.0
    } else if k > n {
        0.0
    } else if k as f64 <= n as f64 * p {
        1.0 - sum_below(k - 1, n, p)
    } else {
        sum_above(k, n, p)
    }
}

/// P(X ≤ k).
pub fn tail_below(k: u64, n: u64, p: f64) -> f64 {
    if k >= n {
        1.0
    } else if k as f64 >= n as f64 * p {
        1.0 - sum_above(k + 1, n, p)
    } else {
        sum_below(k, n, p)
    }
}

/// Upper confidence limit of Clopper and Pearson (Biometrika 26, 404, 1934): the probability above which `k` or fewer
/// successes happen with probability below `alpha`. 1 without trials.
pub fn upper_limit(k: u64, n: u64, alpha: f64) -> f64 {
    if k >= n {
        return 1.0;
    }
    bisect(k as f64 / n as f64, 1.0, |p| tail_below(k, n, p) < alpha)
}

/// Lower confidence limit; 0 without successes.
pub fn lower_limit(k: u64, n: u64, alpha: f64) -> f64 {
    if k == 0 {
        return 0.0;
    }
    bisect(k as f64 / n as f64, 0.0, |p| tail_above(k, n, p) < alpha)
}

/// Halvings of the interval in which a confidence limit lies.
const HALVINGS: u32 = 52;

/// The end at which `excluded` is true, between `possible`, where it is not, and `bound`. `bound` stays excluded or is
/// the end of all probabilities, so the limit errs to the safe side.
fn bisect(mut possible: f64, mut bound: f64, excluded: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(possible, bound);
        if excluded(middle) {
            bound = middle;
        } else {
            possible = middle;
        }
    }
    bound
}

/// P(X ≥ k) for k above the mean, where the terms fall.
fn sum_above(k: u64, n: u64, p: f64) -> f64 {
    let odds = p / (1.0 - p);
    sum(probability(k, n, p), (k..n).map(|j| (n - j) as f64 / (j + 1) as f64 * odds))
}

/// P(X ≤ k) for k below the mean, where the terms fall.
fn sum_below(k: u64, n: u64, p: f64) -> f64 {
    let odds = (1.0 - p) / p;
    sum(probability(k, n, p), (1..=k).rev().map(|j| j as f64 / (n - j + 1) as f64 * odds))
}

/// `first`·(1 + r0 + r0·r1 + …), up to terms that no longer count; at most 1.
fn sum(first: f64, ratios: impl Iterator<Item = f64>) -> f64 {
    let (mut term, mut sum) = (first, first);
    for ratio in ratios {
        term *= ratio;
        sum += term;
        if term <= sum * f64::EPSILON / 16.0 {
            break;
        }
    }
    sum.min(1.0)
}

/// P(X = k).
fn probability(k: u64, n: u64, p: f64) -> f64 {
    if p <= 0.0 || p >= 1.0 {
        return f64::from(u8::from(if p <= 0.0 { k == 0 } else { k == n }));
    }
    let (successes, failures, trials) = (k as f64, (n - k) as f64, n as f64);
    if k == 0 {
        return libm::exp(trials * libm::log1p(-p));
    }
    if k == n {
        return libm::exp(trials * libm::log(p));
    }
    let exponent = stirling_error(trials)
        - stirling_error(successes)
        - stirling_error(failures)
        - deviance(successes, trials * p)
        - deviance(failures, trials * (1.0 - p));
    libm::sqrt(trials / (2.0 * PI * successes * failures)) * libm::exp(exponent)
}

/// ln n! − ln(√(2πn)·(n/e)^n).
fn stirling_error(n: f64) -> f64 {
    if n < 16.0 {
        return libm::lgamma(n + 1.0) - (n + 0.5) * libm::log(n) + n - libm::log(2.0 * PI) / 2.0;
    }
    let square = 1.0 / (n * n);
    let series = [1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0];
    series.iter().rev().fold(0.0, |sum, term| sum * square + term) / n
}

/// D(x, m) = x·ln(x/m) + m − x, without cancellation where x is near m: with v = (x−m)/(x+m),
/// ln(x/m) = 2·(v + v³/3 + v⁵/5 + …).
fn deviance(x: f64, m: f64) -> f64 {
    let v = (x - m) / (x + m);
    if v.abs() >= 0.1 {
        return x * libm::log(x / m) + m - x;
    }
    let (mut sum, mut power) = ((x - m) * v, 2.0 * x * v);
    for odd in (3..).step_by(2) {
        power *= v * v;
        let next = sum + power / f64::from(odd);
        if next.to_bits() == sum.to_bits() {
            break;
        }
        sum = next;
    }
    sum
}

#[cfg(test)]
mod tests;
