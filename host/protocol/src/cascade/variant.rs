//! The published Cascade variants as data: how long the blocks of each pass are.
//!
//! A variant is a list of block rules, the last of which holds for all further passes. It is the whole difference
//! between the variants, together with the reuse of sub-blocks. Names and numbers are those of Martinez-Mateo, Pacher,
//! Peev, Ciurana, Martin, "Demystifying the information reconciliation protocol Cascade", Quantum Inf. Comput. 15, 453
//! (2015), arXiv:1407.3257.

use serde::{Deserialize, Serialize};

use super::weights::{self, Weights};

/// A published variant of Cascade; Q is the QBER, n the frame length, k1 the block length of the first pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Variant {
    /// Brassard and Salvail 1993: ⌈0.73/Q⌉, doubling, 4 passes.
    Original,
    /// "mod. (1)": ⌈0.92/Q⌉, 3·k1, then the 10 checks of BICONF over random halves of the frame.
    Biconf,
    /// Yan et al. 2008, "opt. (2)": ⌈0.8/Q⌉, 5·k1, then n/2, 10 passes.
    Yan,
    /// "opt. (3)": ⌈1/Q⌉, 2·k1, then n/2, 16 passes.
    Opt3,
    /// "opt. (4)": [`Opt3`](Self::Opt3) with reuse of sub-blocks.
    Opt4,
    /// "opt. (7)": 2^⌈log2(1/Q)⌉, 4·k1, then n/2, 14 passes, reuse.
    Opt7,
    /// "opt. (8)", the least leakage: with α = log2(1/Q) − ½, 2^⌈α⌉, 2^⌈(α+12)/2⌉, 4096, then n/2, 14 passes, reuse.
    /// Made for n = 2^14.
    Opt8,
    /// Three passes, then 13 checks instead of passes of half a frame: less leakage than any of the above for a quarter of
    /// the work. Made for n = 2^14.
    Fast,
    /// As [`Fast`](Self::Fast), with short intervals cut by how likely their bits are wrong: the least leakage. Made for
    /// n = 2^16.
    Record,
}

impl Variant {
    /// Every variant.
    pub const ALL: [Self; 9] = [
        Self::Original,
        Self::Biconf,
        Self::Yan,
        Self::Opt3,
        Self::Opt4,
        Self::Opt7,
        Self::Opt8,
        Self::Fast,
        Self::Record,
    ];

    /// The QBERs that the rules are evaluated for; a QBER outside is moved to the nearer end.
    ///
    /// Below, the first blocks would be longer than frames usually are; above, no key can be made anyway.
    pub const QBER_RANGE: (f64, f64) = (1e-4, 0.25);

    /// The passes for frames of `frame_bits` ≥ 1 bits at an expected QBER, which is clamped to
    /// [`QBER_RANGE`](Self::QBER_RANGE) (NaN counts as its upper end).
    ///
    /// Blocks are clipped to the frame in the first pass and to half the frame (rounded up) in the others, where a
    /// block as long as the frame would have nothing to ask.
    ///
    /// # Panics
    /// If `frame_bits` is 0 or more than [`Schedule::MAX_FRAME_BITS`].
    pub fn schedule(self, qber: f64, frame_bits: usize) -> Schedule {
        assert!((1..=Schedule::MAX_FRAME_BITS).contains(&frame_bits), "a Cascade frame of {frame_bits} bits");
        let (lowest, highest) = Self::QBER_RANGE;
        let qber = if qber.is_nan() { highest } else { qber.clamp(lowest, highest) };
        let Recipe { rules, passes, reuse, checks, weighted } = self.recipe();

        let mut block_bits: Vec<usize> = Vec::with_capacity(passes);
        for pass in 0..passes {
            let longest = if pass == 0 { frame_bits } else { frame_bits.div_ceil(2) };
            let wanted = match rules[pass.min(rules.len() - 1)] {
                Rule::OverQber(numerator) => (numerator / qber).ceil() as usize,
                Rule::PowerOfTwo { offset, divisor } => {
                    1 << ((libm::log2(1.0 / qber) + offset) / divisor).ceil() as u32
                }
                Rule::TimesFirst(factor) => factor * block_bits[0],
                Rule::TimesPrevious(factor) => factor * block_bits[pass - 1],
                Rule::Bits(bits) => bits,
                Rule::ByQber(table, pass) => {
                    table.iter().find(|(highest, _)| qber <= *highest).map_or(longest, |(_, bits)| bits[pass])
                }
                Rule::HalfFrame => longest,
            };
            block_bits.push(wanted.clamp(1, longest));
        }
        let weights = weighted.then(|| Weights::new(qber));
        Schedule { frame_bits, block_bits, reuse, checks, weights }
    }

    fn recipe(self) -> Recipe {
        use Rule::{Bits, ByQber, HalfFrame, OverQber, PowerOfTwo, TimesFirst, TimesPrevious};
        let (rules, passes, checks, reuse): (&[Rule], _, _, _) = match self {
            Self::Original => (&[OverQber(0.73), TimesPrevious(2)], 4, 0, false),
            Self::Biconf => (&[OverQber(0.92), TimesFirst(3)], 2, 10, false),
            Self::Yan => (&[OverQber(0.8), TimesFirst(5), HalfFrame], 10, 0, false),
            Self::Opt3 => (&[OverQber(1.0), TimesFirst(2), HalfFrame], 16, 0, false),
            Self::Opt4 => (&[OverQber(1.0), TimesFirst(2), HalfFrame], 16, 0, true),
            Self::Opt7 => {
                (&[PowerOfTwo { offset: 0.0, divisor: 1.0 }, TimesFirst(4), HalfFrame], 14, 0, true)
            }
            Self::Opt8 => (&[OPT8_FIRST, OPT8_SECOND, Bits(4096), HalfFrame], 14, 0, true),
            Self::Fast => (&[ByQber(&FAST, 0), ByQber(&FAST, 1), ByQber(&FAST, 2)], 3, 13, true),
            Self::Record => (&[ByQber(&RECORD, 0), ByQber(&RECORD, 1), ByQber(&RECORD, 2)], 3, 13, true),
        };
        Recipe { rules, passes, checks, reuse, weighted: self == Self::Record }
    }
}

/// Up to which QBER the passes of [`Variant::Fast`] have these blocks: found by simulation, so that f stays a little below 1.04
/// (1.05 at 8 %) in as few rounds as possible.
const FAST: [(f64, [usize; 3]); 9] = [
    (0.0007, [2048, 4096, 8192]),
    (0.0014, [1024, 2048, 4096]),
    (0.0028, [512, 1024, 4096]),
    (0.0070, [256, 1024, 4096]),
    (0.0140, [128, 512, 4096]),
    (0.0245, [64, 256, 4096]),
    (0.0390, [32, 128, 4096]),
    (0.0750, [16, 128, 2048]),
    (0.2500, [8, 64, 2048]),
];
/// The same for [`Variant::Record`], so that f stays a little below its best in half the rounds.
const RECORD: [(f64, [usize; 3]); 9] = [
    (0.0007, [2048, 8192, 16384]),
    (0.0014, [1024, 8192, 16384]),
    (0.0028, [512, 4096, 16384]),
    (0.0070, [256, 2048, 16384]),
    (0.0140, [128, 1024, 8192]),
    (0.0245, [64, 256, 8192]),
    (0.0390, [32, 256, 8192]),
    (0.0750, [16, 256, 8192]),
    (0.2500, [8, 256, 8192]),
];
const OPT8_FIRST: Rule = Rule::PowerOfTwo { offset: -0.5, divisor: 1.0 };
const OPT8_SECOND: Rule = Rule::PowerOfTwo { offset: 11.5, divisor: 2.0 };

struct Recipe {
    rules: &'static [Rule],
    passes: usize,
    checks: usize,
    reuse: bool,
    weighted: bool,
}

/// How long the blocks of a pass are.
#[derive(Clone, Copy)]
enum Rule {
    /// ⌈c/Q⌉.
    OverQber(f64),
    /// 2^⌈(log2(1/Q) + offset)/divisor⌉.
    PowerOfTwo { offset: f64, divisor: f64 },
    /// A multiple of k1.
    TimesFirst(usize),
    /// A multiple of the block length of the pass before.
    TimesPrevious(usize),
    /// A fixed length.
    Bits(usize),
    /// From the table of this crate, by QBER, for a pass.
    ByQber(&'static [(f64, [usize; 3])], usize),
    /// ⌈n/2⌉.
    HalfFrame,
}

/// The passes of a Cascade run: what both sides must agree on besides the permutations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    frame_bits: usize,
    block_bits: Vec<usize>,
    reuse: bool,
    checks: usize,
    weights: Option<Weights>,
}

impl Schedule {
    /// Longest frame: places fit into 16 bits.
    pub const MAX_FRAME_BITS: usize = 1 << 16;

    /// Frame length n in bits.
    pub fn frame_bits(&self) -> usize {
        self.frame_bits
    }

    /// Block length of each pass in bits, 1..=n. The last block of a pass may be shorter.
    pub fn block_bits(&self) -> &[usize] {
        &self.block_bits
    }

    /// Number of passes.
    pub fn passes(&self) -> usize {
        self.block_bits.len()
    }

    /// Number of checks: parities of random bits of the whole frame, each bit being in half of them.
    pub fn checks(&self) -> usize {
        self.checks
    }

    /// Up to how many places an interval is short: its unknown bits are counted then. Weights cost time for each.
    pub(super) fn short_places(&self) -> usize {
        if self.weights.is_some() { weights::MOST } else { 64 }
    }

    /// How likely bits are wrong, if short intervals are cut by that.
    pub(super) fn weights(&self) -> Option<&Weights> {
        self.weights.as_ref()
    }

    /// Whether sub-blocks, whose parities became known while an earlier error was searched, are searched for further
    /// errors, and not only the blocks of each pass.
    pub fn reuse(&self) -> bool {
        self.reuse
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_lengths_are_the_published_ones() {
        let blocks = |variant: Variant, qber| variant.schedule(qber, 1 << 14).block_bits;
        assert_eq!(blocks(Variant::Original, 0.02), [37, 74, 148, 296]);
        assert_eq!(blocks(Variant::Yan, 0.01)[..3], [80, 400, 8192]);
        assert_eq!(blocks(Variant::Opt3, 0.03)[..3], [34, 68, 8192]);
        assert_eq!(blocks(Variant::Opt7, 0.01)[..3], [128, 512, 8192]);
        assert_eq!(blocks(Variant::Opt8, 0.01)[..5], [128, 1024, 4096, 8192, 8192]);
        assert_eq!(blocks(Variant::Opt8, 0.02)[..4], [64, 512, 4096, 8192]);
        assert_eq!(blocks(Variant::Opt8, 0.05)[..4], [16, 256, 4096, 8192]);
        let passes = Variant::ALL.map(|variant| blocks(variant, 0.05).len());
        assert_eq!(passes, [4, 2, 10, 16, 16, 14, 14, 3, 3]);
        assert_eq!(
            Variant::ALL.map(|v| v.schedule(0.05, 9).reuse()),
            [false, false, false, false, true, true, true, true, true]
        );
    }

    #[test]
    fn names_in_a_configuration_are_stable() {
        let names = ["original", "biconf", "yan", "opt3", "opt4", "opt7", "opt8", "fast", "record"];
        for (variant, name) in Variant::ALL.into_iter().zip(names) {
            assert_eq!(serde_json::to_value(variant).unwrap(), name);
            assert_eq!(serde_json::from_value::<Variant>(name.into()).unwrap(), variant);
        }
    }

    #[test]
    fn every_qber_and_frame_length_has_a_schedule() {
        let qbers = [f64::NEG_INFINITY, -1.0, 0.0, 1e-9, 1e-4, 0.1, 0.25, 0.5, 1e9, f64::INFINITY, f64::NAN];
        for variant in Variant::ALL {
            for frame_bits in [1, 2, 3, 64, 4095, 1 << 16] {
                for qber in qbers {
                    let schedule = variant.schedule(qber, frame_bits);
                    assert!(schedule.block_bits[0] >= 1 && schedule.block_bits[0] <= frame_bits);
                    for &block in &schedule.block_bits[1..] {
                        assert!(block >= 1 && block <= frame_bits.div_ceil(2), "{variant:?} {qber} {block}");
                    }
                }
            }
        }
        assert_eq!(Variant::Opt8.schedule(0.0, 1 << 14), Variant::Opt8.schedule(1e-4, 1 << 14));
        assert_eq!(Variant::Opt8.schedule(f64::NAN, 1 << 14), Variant::Opt8.schedule(0.25, 1 << 14));
    }
}
