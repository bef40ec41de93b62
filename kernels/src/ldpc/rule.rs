//! The check rule: what a check tells each of its variables (SPEC §5.3–5.4). Change it here and in the SPEC, nowhere
//! else.
//!
//! A check of the sum-product decoder multiplies tanh(x/2) over its other edges. With φ(x) = ln((e^x + 1)/(e^x − 1)),
//! which is its own inverse, the product becomes a sum: new magnitude = φ(Σ φ(|q|)). [`PHI`] is φ, [`THR`] its inverse as
//! the list of places where the rounded result changes:
//!
//! ```text
//! q  ──|·|──▶ PHI ──▶ Σ over the other edges ──▶ how many THR lie above ──▶ g
//!    ──sign──────────▶ ⊕ with the wanted parity ─────────────────────────▶ sign of g
//! ```

/// Largest magnitude that enters a check.
pub const INPUT_LIMIT: i16 = 127;

/// Posterior of a known bit at the start.
pub const KNOWN: i16 = 8191;

/// φ(a/8) in units of 2^−12, for a = 0..=127.
#[rustfmt::skip]
pub const PHI: [u16; 128] = [
    65535, 11362, 8539, 6904, 5762, 4895, 4203, 3636, 3162, 2759, 2415, 2117, 1859, 1634, 1438, 1266,
    1116, 983, 867, 764, 674, 594, 524, 463, 408, 360, 318, 280, 247, 218, 193, 170,
    150, 132, 117, 103, 91, 80, 71, 63, 55, 49, 43, 38, 33, 30, 26, 23,
    20, 18, 16, 14, 12, 11, 10, 8, 7, 7, 6, 5, 5, 4, 4, 3,
    3, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];

/// φ((m−½)/8) in units of 2^−12, for m = 1..=78: a sum below `THR[m − 1]` gives a magnitude of at least m.
#[rustfmt::skip]
pub const THR: [u16; 78] = [
    14197, 9708, 7637, 6290, 5302, 4531, 3907, 3389, 2953, 2581, 2261, 1984, 1743, 1533, 1349, 1188,
    1047, 923, 814, 718, 633, 558, 493, 435, 383, 338, 299, 263, 232, 205, 181, 160,
    141, 124, 110, 97, 85, 75, 67, 59, 52, 46, 40, 36, 31, 28, 24, 22,
    19, 17, 15, 13, 12, 10, 9, 8, 7, 6, 5, 5, 4, 4, 3, 3,
    3, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1,
];

/// What one check answers: `messages` holds the q of its edges (within ±[`INPUT_LIMIT`]) and receives the new R;
/// `parity` is the wanted parity of the check.
pub fn answer(parity: bool, messages: &mut [i16]) {
    let sum: u32 = messages.iter().map(|&q| phi(q)).sum();
    let negative = is_unsatisfied(parity, messages);
    for message in messages {
        let magnitude = magnitude(sum - phi(*message));
        *message = if negative ^ (*message < 0) { -magnitude } else { magnitude };
    }
}

/// s of a check: whether the signs of its `messages` q have another parity than the wanted one.
pub fn is_unsatisfied(parity: bool, messages: &[i16]) -> bool {
    messages.iter().fold(parity, |negative, &q| negative ^ (q < 0))
}

fn phi(q: i16) -> u32 {
    PHI[usize::from(q.unsigned_abs())].into()
}

/// The number of thresholds above the sum `u`.
fn magnitude(u: u32) -> i16 {
    THR.iter().filter(|&&threshold| u < threshold.into()).count() as i16
}

/// The channel magnitude for the error rate `qber`: ln((1−Q)/Q) in units of 1/8 nat, rounded, within 1..=127.
pub fn channel_magnitude(qber: f64) -> u8 {
    // The conversion saturates, and turns a NaN into 0, hence into the most cautious magnitude.
    ((8.0 * ((1.0 - qber) / qber).ln()).round() as u8).clamp(1, 127)
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
        let scaled =
            |x: f64| (4096.0 * (x.exp_m1() + 2.0).ln() - 4096.0 * x.exp_m1().ln() + 0.5).floor() as u16;
        for a in 1..=127_u8 {
            assert_eq!(PHI[usize::from(a)], scaled(f64::from(a) / 8.0), "PHI[{a}]");
        }
        for m in 1..=78_u8 {
            assert_eq!(THR[usize::from(m) - 1], scaled((f64::from(m) - 0.5) / 8.0), "THR[{m}]");
        }
        assert_eq!(scaled(78.5 / 8.0), 0);
    }

    #[test]
    fn answers_are_near_the_sum_product_rule() {
        let incoming = [10_i16, -35, 60, 24, -127];
        let mut answers = incoming;
        answer(true, &mut answers);
        for (edge, answer) in answers.into_iter().enumerate() {
            let others = incoming.iter().enumerate().filter(|&(other, _)| other != edge);
            let product: f64 = others.map(|(_, &q)| (f64::from(q) / 16.0).tanh()).product();
            let exact = 8.0 * 2.0 * (-product).atanh();
            assert!((f64::from(answer) - exact).abs() < 0.6, "edge {edge}: {answer}, exactly {exact}");
        }
    }

    #[test]
    fn one_undecided_edge_silences_the_others() {
        let mut messages = [0, 127, -127];
        answer(false, &mut messages);
        assert_eq!(messages, [-78, 0, 0]);
    }

    #[test]
    fn channel_magnitudes_have_their_limits() {
        assert_eq!(channel_magnitude(0.05), 24);
        assert_eq!(channel_magnitude(0.0), 127);
        assert_eq!(channel_magnitude(0.5), 1);
        assert_eq!(channel_magnitude(0.7), 1);
        assert_eq!(channel_magnitude(f64::NAN), 1);
    }
}
