//! Numbers as people read them.

/// `12,345,678`.
pub(crate) fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `3.24 MB`.
pub(crate) fn bytes(value: u64) -> String {
    scaled(value as f64, "B")
}

/// `1.09 Mb/s`.
pub(crate) fn rate(bits_per_second: f64) -> String {
    scaled(bits_per_second, "b/s")
}

/// Frequencies: `312.5 MHz`.
pub(crate) fn frequency(hz: f64) -> String {
    let (value, prefix) = with_prefix(hz);
    format!("{} {prefix}Hz", significant(value))
}

/// A rate of errors in per cent: `0.983 %`.
pub(crate) fn percent(share: f64) -> String {
    format!("{:.3} %", 100.0 * share)
}

/// Up to four significant digits, without trailing zeros.
pub(crate) fn significant(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let decimals = (3 - value.abs().log10().floor() as i32).clamp(0, 12) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Large and small numbers by their powers of ten: `10⁷`, `4·10⁻⁹`; those between as they are.
pub(crate) fn power_of_ten(value: f64) -> String {
    if (1e-3..1e4).contains(&value.abs()) || value == 0.0 || !value.is_finite() {
        return significant(value);
    }
    let text = format!("{value:.3e}");
    let (mantissa, exponent) = text.split_once('e').expect("the format has an exponent");
    let power = format!("10{}", superscript(exponent));
    match mantissa.trim_end_matches('0').trim_end_matches('.') {
        "1" => power,
        mantissa => format!("{mantissa}·{power}"),
    }
}

/// The digits and the sign of an exponent, raised.
pub(crate) fn superscript(exponent: &str) -> String {
    let raised = |c: char| match c {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        digit => char::from_u32(digit as u32 - '0' as u32 + '⁰' as u32).expect("a superscript digit"),
    };
    exponent.chars().map(raised).collect()
}

fn scaled(value: f64, unit: &str) -> String {
    let (value, prefix) = with_prefix(value);
    match prefix {
        "" => format!("{value:.0} {unit}"),
        _ => format!("{value:.2} {prefix}{unit}"),
    }
}

fn with_prefix(value: f64) -> (f64, &'static str) {
    let prefixes = [(1e9, "G"), (1e6, "M"), (1e3, "k")];
    let found = prefixes.into_iter().find(|(factor, _)| value >= *factor);
    found.map_or((value, ""), |(factor, prefix)| (value / factor, prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_readable() {
        assert_eq!(["0", "999", "1,000", "12,345,678"], [0, 999, 1000, 12_345_678].map(count));
        assert_eq!(["0 B", "999 B", "1.00 kB", "3.25 GB"], [0, 999, 1000, 3_250_000_000].map(bytes));
        assert_eq!([rate(1.09e6), rate(12.4), rate(0.0)], ["1.09 Mb/s", "12 b/s", "0 b/s"]);
        assert_eq!([frequency(1e9), frequency(312.5e6)], ["1 GHz", "312.5 MHz"]);
        assert_eq!(percent(0.009_834), "0.983 %");
        assert_eq!(
            [0.0, 0.01, 9999.0, 1e4, 99_999_999.0, 2.5e-13, 4e9].map(power_of_ten),
            ["0", "0.01", "9999", "10⁴", "10⁸", "2.5·10⁻¹³", "4·10⁹"]
        );
        assert_eq!(
            [0.0, 4.0, 0.012_346, 187.55, 1234.5].map(significant),
            ["0", "4", "0.01235", "187.6", "1234"]
        );
    }
}
