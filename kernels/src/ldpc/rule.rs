//! The check rule: what a check tells each of its variables (SPEC §5.3–5.4). Change it here and in the SPEC, nowhere
//! else.
//!
//! A check of the sum-product decoder multiplies tanh(x/2) over its other edges. With φ(x) = ln((e^x + 1)/(e^x − 1)),
//! which is its own inverse, the product becomes a sum: new magnitude = φ(Σ φ(|q|)). [`PHI`] is φ, [`THR`] its inverse as
//! the list of places where the rounded result changes:
//!
//! ```text
//! T  ──|·|──▶ PHI ──▶ Σ over the other edges ──▶ how many THR lie above ──▶ g
//!    ──sign──────────▶ ⊕ with the wanted parity ─────────────────────────▶ sign of g
//! ```

/// Largest magnitude of T, and of a posterior at the start.
pub const LIMIT: i8 = 127;

/// φ(a/4) in units of 1/1376, for a = 0..=127.
#[rustfmt::skip]
pub const PHI: [u16; 128] = [
    4096, 2868, 1936, 1412, 1062, 811, 625, 483, 375, 291, 226, 176, 137, 107, 83, 65,
    50, 39, 31, 24, 19, 14, 11, 9, 7, 5, 4, 3, 3, 2, 2, 1,
    1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];

/// φ((m−½)/4) in units of 1/1376, from 64 on rounded to multiples of 32 and at least 1, for m = 1..=40: a sum below `THR[m − 1]`
/// gives a magnitude of at least m.
#[rustfmt::skip]
pub const THR: [u16; 40] = [
    3808, 2304, 1632, 1216, 928, 704, 544, 416, 320, 256, 192, 160, 128, 96, 64, 57,
    44, 35, 27, 21, 16, 13, 10, 8, 6, 5, 4, 3, 2, 2, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1,
];

/// What one check answers: `messages` holds the T of its edges (within ±[`LIMIT`]) and receives the answers r;
/// `parity` is the wanted parity of the check.
pub fn answer(parity: bool, messages: &mut [i16]) {
    let sum: u32 = messages.iter().map(|&t| phi(t)).sum();
    let negative = is_unsatisfied(parity, messages);
    for message in messages {
        let magnitude = magnitude(sum - phi(*message));
        *message = if negative ^ (*message < 0) { -magnitude } else { magnitude };
    }
}

/// s of a check: whether the signs of its `messages` T have another parity than the wanted one.
pub fn is_unsatisfied(parity: bool, messages: &[i16]) -> bool {
    messages.iter().fold(parity, |negative, &t| negative ^ (t < 0))
}

fn phi(t: i16) -> u32 {
    PHI[usize::from(t.unsigned_abs())].into()
}

/// The number of thresholds above the sum `u`.
fn magnitude(u: u32) -> i16 {
    THR.iter().filter(|&&threshold| u < threshold.into()).count() as i16
}

/// The channel magnitude for the error rate `qber`: ln((1−Q)/Q) in units of 1/4 nat, rounded, within 1..=127.
pub fn channel_magnitude(qber: f64) -> u8 {
    // The conversion saturates, and turns a NaN into 0, hence into the most cautious magnitude.
    ((4.0 * ((1.0 - qber) / qber).ln()).round() as u8).clamp(1, 127)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normative_table(name: &str) -> Vec<u16> {
        let (_, table) =
            include_str!("../../SPEC.md").split_once(&format!("```{name}")).expect("the table's start");
        let (_, table) = table.split_once('\n').expect("the table's first line");
        let (table, _) = table.split_once("```").expect("the table's end");
        table.split_whitespace().map(|number| number.parse().expect("a number of 16 bits")).collect()
    }

    #[test]
    fn tables_are_those_of_the_specification() {
        assert_eq!(normative_table("PHI"), PHI);
        assert_eq!(normative_table("THR"), THR);
    }

    #[test]
    fn tables_follow_the_formula() {
        let scaled = |x: f64| 1376.0 * ((x.exp_m1() + 2.0).ln() - x.exp_m1().ln());
        for a in 1..=127_u8 {
            assert_eq!(PHI[usize::from(a)], scaled(f64::from(a) / 4.0).round() as u16, "PHI[{a}]");
        }
        let threshold = |m: u8| {
            let exact = scaled((f64::from(m) - 0.5) / 4.0);
            let step = if exact < 64.0 { 1.0 } else { 32.0 };
            (step * (exact / step).round()).max(1.0) as u16
        };
        for m in 1..=40 {
            assert_eq!(THR[usize::from(m) - 1], threshold(m), "THR[{m}]");
        }
    }

    #[test]
    fn answers_are_near_the_sum_product_rule() {
        let incoming = [5_i16, -17, 30, 12, -127];
        let mut answers = incoming;
        answer(true, &mut answers);
        for (edge, answer) in answers.into_iter().enumerate() {
            let others = incoming.iter().enumerate().filter(|&(other, _)| other != edge);
            let product: f64 = others.map(|(_, &t)| (f64::from(t) / 8.0).tanh()).product();
            let exact = 4.0 * 2.0 * (-product).atanh();
            assert!((f64::from(answer) - exact).abs() < 0.6, "edge {edge}: {answer}, exactly {exact}");
        }
    }

    #[test]
    fn one_undecided_edge_silences_the_others() {
        let mut messages = [0, 127, -127];
        answer(false, &mut messages);
        assert_eq!(messages, [-40, 0, 0]);
    }

    #[test]
    fn channel_magnitudes_have_their_limits() {
        assert_eq!(channel_magnitude(0.05), 12);
        assert_eq!(channel_magnitude(0.0), 127);
        assert_eq!(channel_magnitude(0.5), 1);
        assert_eq!(channel_magnitude(0.7), 1);
        assert_eq!(channel_magnitude(f64::NAN), 1);
    }
}
