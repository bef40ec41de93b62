//! Real numbers with a guaranteed error: [`Interval`] holds two `f64` between which the exact value lies.
//!
//! A key that is one bit too long is a broken key, so every rounding in a proof has to go towards a shorter
//! one. Each operation rounds its lower end down and its upper end up; a formula evaluated with intervals then
//! brackets its exact value, whatever cancels on the way, and the caller takes the end that shortens the key.
//!
//! Elementary functions come from the crate `libm`, never from the system: both sides of a link, on whatever
//! machine, must find the same length. Its results are within one unit in the last place (ulp); the ends are
//! moved by [`ULPS`].
//!
//! An operation without a defined result (division by an interval that holds zero, the root of a negative
//! number, infinity minus infinity) gives the whole line, so NaN cannot occur and a failure shows up as a
//! bound that proves nothing. Source of the conventions: IEEE 1788-2015.

use std::ops::{Add, Div, Mul, Neg, Sub};

/// Widening of the results of `libm`, in ulp; four times its stated error.
const ULPS: u32 = 4;

/// The closed interval `[lo, hi]`; never NaN, `lo ≤ hi`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Interval {
    pub(super) lo: f64,
    pub(super) hi: f64,
}

impl Interval {
    pub(super) const ZERO: Self = Self { lo: 0.0, hi: 0.0 };
    pub(super) const ONE: Self = Self { lo: 1.0, hi: 1.0 };
    const WHOLE_LINE: Self = Self { lo: f64::NEG_INFINITY, hi: f64::INFINITY };

    fn new(lo: f64, hi: f64) -> Self {
        // Also false for NaN, which thereby never leaves this function.
        if lo <= hi { Self { lo, hi } } else { Self::WHOLE_LINE }
    }

    /// The interval that holds `x` alone.
    pub(super) fn exact(x: f64) -> Self {
        Self::new(x, x)
    }

    /// A count of events; exact up to 2^53, which [`super::Counts`] enforces.
    pub(super) fn count(n: u64) -> Self {
        Self::exact(n as f64)
    }

    pub(super) fn min(self, other: Self) -> Self {
        Self { lo: self.lo.min(other.lo), hi: self.hi.min(other.hi) }
    }

    pub(super) fn max(self, other: Self) -> Self {
        Self { lo: self.lo.max(other.lo), hi: self.hi.max(other.hi) }
    }

    pub(super) fn clamp(self, least: Self, greatest: Self) -> Self {
        self.max(least).min(greatest)
    }

    pub(super) fn square(self) -> Self {
        self * self
    }

    pub(super) fn sqrt(self) -> Self {
        if self.hi < 0.0 {
            return Self::WHOLE_LINE;
        }
        let root = |x: f64| if x == 0.0 { 0.0 } else { libm::sqrt(x) };
        let (lo, hi) = (root(self.lo.max(0.0)), root(self.hi));
        Self::new(if lo == 0.0 { lo } else { lo.next_down() }, if hi == 0.0 { hi } else { hi.next_up() })
    }

    pub(super) fn exp(self) -> Self {
        Self::new(lower(libm::exp(self.lo)).max(0.0), upper(libm::exp(self.hi)))
    }

    pub(super) fn ln(self) -> Self {
        self.logarithm(libm::log)
    }

    pub(super) fn log2(self) -> Self {
        self.logarithm(libm::log2)
    }

    fn logarithm(self, log: fn(f64) -> f64) -> Self {
        if self.hi <= 0.0 {
            return Self::WHOLE_LINE;
        }
        let lo = if self.lo <= 0.0 { f64::NEG_INFINITY } else { lower(log(self.lo)) };
        Self::new(lo, upper(log(self.hi)))
    }

    /// Binary entropy h(x) = −x·log2 x − (1−x)·log2(1−x) of the part of the interval inside [0, 1].
    /// It rises up to 1/2 and falls after it, so an interval around 1/2 reaches the maximum inside.
    pub(super) fn entropy(self) -> Self {
        let (a, b) = (self.lo.clamp(0.0, 1.0), self.hi.clamp(0.0, 1.0));
        let (at_a, at_b) = (entropy_at(a), entropy_at(b));
        let greatest = if a <= 0.5 && b >= 0.5 { 1.0 } else { at_a.hi.max(at_b.hi) };
        Self::new(at_a.lo.min(at_b.lo), greatest).clamp(Self::ZERO, Self::ONE)
    }
}

fn entropy_at(x: f64) -> Interval {
    if x <= 0.0 || x >= 1.0 {
        return Interval::ZERO;
    }
    let x = Interval::exact(x);
    let rest = Interval::ONE - x;
    -(x * x.log2()) - rest * rest.log2()
}

/// Relative entropy D(a‖b) = a·ln(a/b) + (1−a)·ln((1−a)/(1−b)) of two coins, in nats.
pub(super) fn relative_entropy(a: Interval, b: Interval) -> Interval {
    let term = |a: Interval, b: Interval| if a == Interval::ZERO { a } else { a * (a / b).ln() };
    term(a, b) + term(Interval::ONE - a, Interval::ONE - b)
}

fn lower(x: f64) -> f64 {
    (0..ULPS).fold(x, |x, _| x.next_down())
}

fn upper(x: f64) -> f64 {
    (0..ULPS).fold(x, |x, _| x.next_up())
}

/// `f64::next_down` for a lower end, `f64::next_up` for an upper one.
type Rounding = fn(f64) -> f64;

/// One end of a sum. Adding zero is exact, which keeps the statistics of zero errors at exactly zero.
fn sum(a: f64, b: f64, outward: Rounding) -> f64 {
    if a == 0.0 {
        b
    } else if b == 0.0 {
        a
    } else {
        outward(a + b)
    }
}

/// One end of a product; 0·∞ is 0, as the infinity stands for a large finite number.
fn product(a: f64, b: f64, outward: Rounding) -> f64 {
    if a == 0.0 || b == 0.0 { 0.0 } else { outward(a * b) }
}

fn quotient(a: f64, b: f64, outward: Rounding) -> f64 {
    if a == 0.0 { 0.0 } else { outward(a / b) }
}

/// The smallest and the largest of the four ways to combine an end of `a` with an end of `b`.
fn over_ends(a: Interval, b: Interval, combine: fn(f64, f64, Rounding) -> f64) -> Interval {
    let mut hull = Interval { lo: f64::INFINITY, hi: f64::NEG_INFINITY };
    for (x, y) in [(a.lo, b.lo), (a.lo, b.hi), (a.hi, b.lo), (a.hi, b.hi)] {
        let (lo, hi) = (combine(x, y, f64::next_down), combine(x, y, f64::next_up));
        if lo.is_nan() || hi.is_nan() {
            return Interval::WHOLE_LINE;
        }
        hull = Interval { lo: hull.lo.min(lo), hi: hull.hi.max(hi) };
    }
    hull
}

impl Neg for Interval {
    type Output = Self;
    fn neg(self) -> Self {
        Self { lo: -self.hi, hi: -self.lo }
    }
}

impl Add for Interval {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::new(sum(self.lo, other.lo, f64::next_down), sum(self.hi, other.hi, f64::next_up))
    }
}

impl Sub for Interval {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for Interval {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        over_ends(self, other, product)
    }
}

impl Div for Interval {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        if other.lo <= 0.0 && other.hi >= 0.0 {
            return Self::WHOLE_LINE;
        }
        over_ends(self, other, quotient)
    }
}

impl Mul<Interval> for f64 {
    type Output = Interval;
    fn mul(self, other: Interval) -> Interval {
        Interval::exact(self) * other
    }
}

impl Div<f64> for Interval {
    type Output = Self;
    fn div(self, other: f64) -> Self {
        self / Self::exact(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn holds(interval: Interval, x: f64) -> bool {
        interval.lo <= x && x <= interval.hi
    }

    /// Values with more digits than an `f64`, from the OEIS (A002162, A001113, A002193) and, for h(0.11), from
    /// a 50-digit computation; the interval must hold both neighbouring `f64`.
    #[test]
    fn known_constants_lie_inside_narrow_intervals() {
        let cases = [
            (Interval::exact(2.0).ln(), "0.693147180559945309417232121458"),
            (Interval::ONE.exp(), "2.718281828459045235360287471352"),
            (Interval::exact(2.0).sqrt(), "1.414213562373095048801688724209"),
            (Interval::exact(10.0).log2(), "3.321928094887362347870319429489"),
        ];
        for (interval, digits) in cases {
            let nearest: f64 = digits.parse().unwrap();
            assert!(holds(interval, nearest) && interval.hi - interval.lo < 2e-15 * nearest, "{interval:?}");
        }
    }

    #[test]
    fn entropy_is_right_around_its_maximum_and_at_its_ends() {
        let around = Interval::new(0.4, 0.7).entropy();
        assert!(around.hi >= 1.0 && holds(Interval::new(0.881_290, 0.881_291), around.lo));
        assert_eq!(Interval::ZERO.entropy(), Interval::ZERO);
        assert_eq!(Interval::ONE.entropy(), Interval::ZERO);
        assert_eq!(Interval::new(-3.0, 5.0).entropy(), Interval { lo: 0.0, hi: 1.0 });
        assert!(holds(Interval::exact(0.5).entropy(), 1.0));
        // h(2^-60) = 60·2^-60 + (1 − 2^-60)·2^-60/ln 2 + …; 1 − 2^-60 is not an f64.
        let tiny = Interval::exact(2.0_f64.powi(-60)).entropy();
        let expected = 2.0_f64.powi(-60) * (60.0 + std::f64::consts::LOG2_E);
        assert!(holds(tiny, expected) && tiny.hi < 1e-15);
    }

    #[test]
    fn what_is_undefined_is_the_whole_line() {
        let line = Interval::WHOLE_LINE;
        assert_eq!(Interval::ONE / Interval::new(-1.0, 1.0), line);
        assert_eq!(Interval::exact(-1.0).sqrt(), line);
        assert_eq!(Interval::ZERO.ln(), line);
        assert_eq!(Interval::exact(f64::NAN), line);
        assert_eq!(Interval::exact(f64::INFINITY) - Interval::exact(f64::INFINITY), line);
    }

    #[test]
    fn relative_entropy_of_equal_coins_is_zero_and_of_a_sure_coin_is_a_logarithm() {
        let p = Interval::exact(0.02);
        assert!(holds(relative_entropy(p, p), 0.0));
        assert!(holds(relative_entropy(Interval::ZERO, p), -(1.0_f64 - 0.02).ln()));
    }

    /// The exact error of a floating-point sum is itself an `f64` (Knuth's TwoSum).
    fn sum_error(a: f64, b: f64) -> f64 {
        let s = a + b;
        let b_part = s - a;
        (a - (s - b_part)) + (b - b_part)
    }

    proptest! {
        #[test]
        fn attack_22_operations_bracket_the_exact_value(a in -1e12_f64..1e12, b in -1e12_f64..1e12) {
            let (x, y) = (Interval::exact(a), Interval::exact(b));
            let total = x + y;
            prop_assert!(total.lo - (a + b) <= sum_error(a, b) && sum_error(a, b) <= total.hi - (a + b));
            let (exact, rounded) = (x * y, a * b);
            let product_error = a.mul_add(b, -rounded);
            prop_assert!(exact.lo - rounded <= product_error && product_error <= exact.hi - rounded);
            prop_assert!(holds(x / y * y, a));
            prop_assert!(holds(x - y + y, a));
        }

        #[test]
        fn elementary_functions_bracket_the_plain_evaluation(x in 1e-12_f64..500.0) {
            let interval = Interval::exact(x);
            prop_assert!(holds(interval.exp(), x.exp()) && holds(interval.exp().ln(), x));
            prop_assert!(holds(interval.ln(), x.ln()) && holds(interval.ln().exp(), x));
            prop_assert!(holds(interval.log2(), x.log2()));
            prop_assert!(holds(interval.sqrt(), x.sqrt()) && holds(interval.sqrt().square(), x));
        }

        #[test]
        fn entropy_brackets_every_point_inside(a in 0.0_f64..1.0, b in 0.0_f64..1.0, t in 0.0_f64..1.0) {
            let (lo, hi) = (a.min(b), a.max(b));
            let x = (lo + t * (hi - lo)).clamp(lo, hi);
            let h = if x == 0.0 { 0.0 } else { -x * x.log2() - (1.0 - x) * (-x).ln_1p() * std::f64::consts::LOG2_E };
            let interval = Interval::new(lo, hi).entropy();
            prop_assert!(interval.lo <= h + 1e-15 && h - 1e-15 <= interval.hi);
        }
    }
}
