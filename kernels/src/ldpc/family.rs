//! The family: for each frame length a ladder of codes, from little leak to much.
//!
//! A rung leaks m/n bits for each bit of a frame and corrects error rates up to its `max_qber`, the largest at which
//! about one frame in a hundred failed in simulation. The rung for a link is the lowest whose `max_qber` is not below the
//! estimated error rate.
//!
//! The codes stand in `codes/*.qc`; [`degrees`] and [`design`](super::design) made them, and
//! `cargo run --release -p qkdpp-kernels --example ldpc_family` does so again. Reconciliation with several messages wants codes
//! between the rungs too, one for each number of base rows; these are made from their designs when they are first asked for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::{Code, degrees, file::CodeFile};

/// Frame lengths with a ladder, in bits.
pub const FRAME_BITS: [usize; 4] = [1 << 14, 1 << 16, 1 << 18, 1 << 20];

/// A code of a ladder.
#[derive(Clone, Debug)]
pub struct Rung {
    /// The code.
    pub code: Arc<Code>,
    /// Largest error rate to use it for: about 1 % of the frames fail there, with 50 iterations.
    pub max_qber: f64,
}

/// The ladder of frames of `frame_bits` bits, ascending in leak rate; empty if there is none.
pub fn ladder(frame_bits: usize) -> &'static [Rung] {
    static LADDERS: [OnceLock<Vec<Rung>>; FRAME_BITS.len()] = [const { OnceLock::new() }; FRAME_BITS.len()];
    let Some(index) = FRAME_BITS.iter().position(|&bits| bits == frame_bits) else { return &[] };
    LADDERS[index].get_or_init(|| TEXTS[index].iter().map(|text| rung(text)).collect())
}

/// The code of the lowest leak rate, but at least `leak_rate`, for frames of `frame_bits` bits.
pub fn code(frame_bits: usize, leak_rate: f64) -> Option<Arc<Code>> {
    let rung = ladder(frame_bits).iter().find(|rung| rung.code.leak_rate() >= leak_rate)?;
    Some(Arc::clone(&rung.code))
}

/// The lowest rung for the error rate `qber` and frames of `frame_bits` bits.
pub fn for_qber(frame_bits: usize, qber: f64) -> Option<&'static Rung> {
    ladder(frame_bits).iter().find(|rung| rung.max_qber >= qber)
}

/// Codes that are kept at most, of up to 3 MB each. A link whose error rate drifts takes a few.
const KEPT: usize = 32;

/// The code with `rows` base rows for frames of `frame_bits` bits, or with a few rows less where none was found; the nearest one
/// if `rows` is outside the ladder. `None` if the family has no such frames. Making one takes 10 to 700 ms; it is kept.
///
/// # Panics
/// Never: the rungs are made from designs, so there is one with fewer rows.
pub fn with_rows(frame_bits: usize, rows: usize) -> Option<Arc<Code>> {
    type Made = HashMap<(usize, usize), Arc<Code>>;
    static MADE: OnceLock<Mutex<Made>> = OnceLock::new();
    let [least, most] = degrees::extremes(frame_bits)?.map(|design| design.rows);
    let rows = rows.clamp(least, most);
    // Whoever panicked while holding the lock left whole entries.
    let mut made = MADE.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    if made.len() == KEPT && !made.contains_key(&(frame_bits, rows)) {
        made.clear();
    }
    let code = made.entry((frame_bits, rows)).or_insert_with(|| {
        let mut designs = (least..=rows).rev().filter_map(|rows| degrees::design(frame_bits, rows));
        let code = designs.find_map(|design| Code::new(design.base().ok()?, design.lifting).ok());
        Arc::new(code.expect("the rungs are made from designs"))
    });
    Some(Arc::clone(code))
}

fn rung(text: &str) -> Rung {
    let file = CodeFile::parse(text).expect("the committed files are codes");
    let max_qber = file.measured.expect("the committed codes are measured").max_qber;
    Rung { code: Arc::new(file.code), max_qber }
}

macro_rules! texts {
    ($($name:literal)*) => { &[$(include_str!(concat!("../../codes/", $name, ".qc"))),*] };
}

#[rustfmt::skip]
static TEXTS: [&[&str]; FRAME_BITS.len()] = [
    texts!(
        "n16384-m832" "n16384-m960" "n16384-m1152" "n16384-m1344"
        "n16384-m1600" "n16384-m1920" "n16384-m2304" "n16384-m2752"
        "n16384-m3264" "n16384-m3904" "n16384-m4672" "n16384-m5568"
        "n16384-m6656" "n16384-m7936" "n16384-m9472" "n16384-m10240"
    ),
    texts!(
        "n65536-m3328" "n65536-m3840" "n65536-m4608" "n65536-m5376"
        "n65536-m6400" "n65536-m7680" "n65536-m9216" "n65536-m11008"
        "n65536-m13056" "n65536-m15616" "n65536-m18688" "n65536-m22272"
        "n65536-m26624" "n65536-m31744" "n65536-m37888" "n65536-m40960"
    ),
    texts!(
        "n262144-m13312" "n262144-m15360" "n262144-m18432" "n262144-m21504"
        "n262144-m25600" "n262144-m30720" "n262144-m36864" "n262144-m44032"
        "n262144-m52224" "n262144-m62464" "n262144-m74752" "n262144-m89088"
        "n262144-m106496" "n262144-m126976" "n262144-m151552" "n262144-m163840"
    ),
    texts!(
        "n1048576-m53248" "n1048576-m61440" "n1048576-m73728" "n1048576-m86016"
        "n1048576-m102400" "n1048576-m122880" "n1048576-m147456" "n1048576-m176128"
        "n1048576-m208896" "n1048576-m249856" "n1048576-m299008" "n1048576-m356352"
        "n1048576-m425984" "n1048576-m507904" "n1048576-m606208" "n1048576-m655360"
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldpc::code::Entry;
    use crate::ldpc::{degrees, simulation};

    #[test]
    fn ladders_ascend_without_gaps() {
        for bits in FRAME_BITS {
            let ladder = ladder(bits);
            assert!(ladder.iter().all(|rung| rung.code.variables() == bits));
            assert!((0.045..0.055).contains(&ladder[0].code.leak_rate()));
            assert!((0.6..0.65).contains(&ladder[ladder.len() - 1].code.leak_rate()));
            for pair in ladder.windows(2) {
                let ratio = pair[1].code.leak_rate() / pair[0].code.leak_rate();
                assert!((1.0..=1.2).contains(&ratio), "{:?} after {:?}", pair[1], pair[0]);
                assert!(pair[0].max_qber < pair[1].max_qber, "{:?} after {:?}", pair[1], pair[0]);
            }
        }
    }

    #[test]
    fn committed_codes_are_those_of_the_designs() {
        for bits in FRAME_BITS {
            let designs = degrees::ladder(bits);
            assert_eq!(designs.len(), ladder(bits).len());
            for (design, rung) in designs.iter().zip(ladder(bits)) {
                assert_eq!(design.base().as_ref(), Ok(rung.code.base()), "{design:?}");
            }
        }
    }

    #[test]
    fn codes_between_the_rungs_are_made() {
        let rung = &ladder(1 << 14)[6].code;
        assert_eq!(with_rows(1 << 14, rung.rows().len()).as_ref(), Some(rung));
        for (wanted, made) in [(0, 13), (14, 14), (100, 100), (159, 159), (200, 160)] {
            assert_eq!(with_rows(1 << 14, wanted).expect("a code").rows().len(), made);
        }
        let code = with_rows(1 << 16, 79).expect("a code");
        assert_eq!((code.rows().len(), code.variables()), (79, 1 << 16));
        assert!(Arc::ptr_eq(&code, &with_rows(1 << 16, 79).expect("the same")), "it is kept");
        assert!(with_rows(1000, 79).is_none());
    }

    #[test]
    fn codes_have_no_4_cycles_and_balanced_rows() {
        for rung in FRAME_BITS.into_iter().flat_map(ladder) {
            let rows = rung.code.rows();
            let weights = || rows.iter().map(Vec::len);
            assert!(weights().max() <= weights().min().map(|least| least + 3), "{:?}", rung.code);
            for (index, row) in rows.iter().enumerate() {
                for other in &rows[..index] {
                    assert!(differences_differ(row, other, rung.code.z()), "{:?}, row {index}", rung.code);
                }
            }
        }
    }

    /// Whether no two common columns of two base rows have the same difference of shifts.
    fn differences_differ(row: &[Entry], other: &[Entry], z: usize) -> bool {
        let mut seen = vec![false; z];
        row.iter().all(|a| {
            let Some(b) = other.iter().find(|b| b.column == a.column) else { return true };
            !std::mem::replace(&mut seen[(z + a.shift - b.shift) % z], true)
        })
    }

    #[test]
    fn rungs_are_found_by_leak_and_by_error_rate() {
        for bits in FRAME_BITS {
            let rung = &ladder(bits)[7];
            assert_eq!(for_qber(bits, rung.max_qber).expect("a rung").code, rung.code);
            assert_eq!(code(bits, rung.code.leak_rate()).expect("a rung"), rung.code);
            assert_eq!(code(bits, rung.code.leak_rate() + 1e-9).expect("a rung"), ladder(bits)[8].code);
            assert!(for_qber(bits, 0.2).is_none());
            assert!(code(bits, 0.7).is_none());
        }
        assert!(ladder(1000).is_empty());
    }

    /// At 0.95 of `max_qber` far less than 1 % of the frames fail, so one failure in 20 frames is already suspicious.
    #[test]
    fn rungs_correct_what_they_promise() {
        for (bits, index, frames) in
            [(1 << 14, 1, 40), (1 << 14, 6, 40), (1 << 14, 14, 40), (1 << 16, 4, 8), (1 << 16, 11, 8)]
        {
            let rung = &ladder(bits)[index];
            let outcome = simulation::run(&rung.code, 0.95 * rung.max_qber, frames, 50, [7; 32]);
            assert!(outcome.failed <= 1, "{:?}: {outcome:?}", rung.code);
            assert_eq!(outcome.undetected, 0, "{:?}: {outcome:?}", rung.code);
        }
    }
}
