//! The check rule (SPEC §5.3) for 64 checks side by side.
//!
//! A byte of a register belongs to a check, and a sum is two bytes in two registers. Posteriors have 16 bits and fill two
//! registers as well, variables 0–31 and 32–63; packing and unpacking them exchanges bytes within the quarters of a register,
//! so bytes stay in the order that packing gives them.

use std::arch::asm;
#[allow(clippy::wildcard_imports, reason = "thirty names that all begin with _mm")]
use std::arch::x86_64::*;

use zeroize::Zeroize;

use super::columns::Window;
use super::tables::{COARSE, FINE, LEAST, LIFT, LIFTED, PHI_HIGH, PHI_LOW, STEP, ZERO};

/// A table of 128 bytes.
type Wide = [__m512i; 2];

/// The rule's tables, in registers.
pub(super) struct Rule {
    phi_low: Wide,
    phi_high: Wide,
    lifted: Wide,
    fine: Wide,
    least: Wide,
    step: Wide,
    /// Ones. A compiler that knew them would turn masks into bytes and add those, which is an operation more.
    one: __m512i,
}

impl Rule {
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) fn new() -> Self {
        Self {
            phi_low: wide(&PHI_LOW),
            phi_high: wide(&PHI_HIGH),
            lifted: wide(&LIFTED),
            fine: wide(&FINE),
            least: wide(&LEAST),
            step: wide(&STEP),
            one: resident(bytes(1)),
        }
    }

    /// Low byte of φ.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vbmi")]
    fn phi_low(&self, a: __m512i) -> __m512i {
        look_up(&self.phi_low, a)
    }

    /// The answer for each sum, of which these are the low byte and the high one with [`LIFT`].
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
    fn magnitude(&self, low: __m512i, high: __m512i) -> __m512i {
        let narrow = _mm512_cmplt_epu8_mask(high, bytes(LIFT + COARSE));
        let cell = _mm512_mask_gf2p8affine_epi64_epi8::<0>(
            high,
            narrow,
            _mm512_ternarylogic_epi64::<SELECT>(bytes(0xe0), low, high),
            _mm512_set1_epi64(NARROW_CELL),
        );
        let fine = _mm512_cmplt_epu8_mask(cell, bytes(4));
        let above = _mm512_cmplt_epu8_mask(low, look_up(&self.step, cell));
        let least = look_up(&self.least, cell);
        let magnitude = _mm512_mask_add_epi8(least, above, least, self.one);
        _mm512_mask_mov_epi8(magnitude, fine, look_up(&self.fine, low))
    }
}

/// For a ternary operation: the bits of the second number where the first is set, else those of the third.
const SELECT: i32 = 0b1100_1010;

/// ⌊u/32⌋ from the three highest bits of the low byte and the three lowest of the high one, in one byte: the matrix that
/// turns it by three bits, of which the two highest become 0.
const NARROW_CELL: i64 = i64::from_be_bytes([1 << 5, 1 << 6, 1 << 7, 1 << 0, 1 << 1, 1 << 2, 0, 0]);

/// 64 checks of a base row while their edges come in: steps 1 and 2.
#[derive(Clone, Copy, Zeroize)]
pub(super) struct Checks {
    /// Low bytes of S.
    low: __m512i,
    /// High bytes of S, saturating.
    high: __m512i,
    /// The sign bit is s of each check; the other bits have no meaning.
    signs: __m512i,
}

impl Checks {
    /// Checks that no edge has reached, whose wanted parities are the bits of `wanted` in the order of packing.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn wanting(wanted: u64) -> Self {
        let zero = _mm512_setzero_si512();
        Self { low: zero, high: zero, signs: _mm512_movm_epi8(wanted) }
    }

    /// Takes T of an edge of each check; returns q.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    pub(super) fn collect(&mut self, rule: &Rule, totals: Window) -> __m512i {
        let q = _mm512_max_epi8(_mm512_packs_epi16(totals[0], totals[1]), bytes(-127_i8 as u8));
        self.signs = _mm512_xor_si512(self.signs, q);
        let a = _mm512_abs_epi8(q);
        let low = rule.phi_low(a);
        let high = look_up(&rule.phi_high, a);
        self.low = _mm512_add_epi8(self.low, low);
        let carry = _mm512_cmplt_epu8_mask(self.low, low);
        self.high = _mm512_adds_epu8(self.high, high);
        self.high = _mm512_mask_adds_epu8(self.high, carry, self.high, bytes(1));
        q
    }

    /// How many of the checks have s = 1, when all edges are collected.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,popcnt")]
    pub(super) fn unsatisfied(&self) -> u32 {
        _mm512_movepi8_mask(self.signs).count_ones()
    }

    /// The new R of an edge of each check that came with `q`, plus [`ZERO`]: steps 3 and 4.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
    pub(super) fn answer(&self, rule: &Rule, q: __m512i) -> __m512i {
        let a = _mm512_abs_epi8(q);
        let taken = rule.phi_low(a);
        let low = _mm512_sub_epi8(self.low, taken);
        let borrow = _mm512_cmplt_epu8_mask(self.low, taken);
        let lifted = look_up(&rule.lifted, a);
        let high = _mm512_adds_epu8(self.high, lifted);
        let high = _mm512_mask_sub_epi8(high, borrow, high, rule.one);
        let magnitude = rule.magnitude(low, high);
        let negative = _mm512_movepi8_mask(_mm512_xor_si512(self.signs, q));
        // 128 − g is −(128 + g) in eight bits.
        _mm512_mask_sub_epi8(magnitude, negative, _mm512_setzero_si512(), magnitude)
    }
}

/// Bytes to numbers of 16 bits, undoing what packing does to the order.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn widen(bytes: __m512i) -> Window {
    let zero = _mm512_setzero_si512();
    [_mm512_unpacklo_epi8(bytes, zero), _mm512_unpackhi_epi8(bytes, zero)]
}

/// The bits of 64 checks in the order that packing gives them.
pub(super) fn packed(bits: u64) -> u64 {
    let quarters = |half: u64| half.to_le_bytes();
    let [low, high] = [quarters(bits & 0xffff_ffff), quarters(bits >> 32)];
    u64::from_le_bytes(std::array::from_fn(|byte| if byte % 2 == 0 { low[byte / 2] } else { high[byte / 2] }))
}

/// The same byte 64 times.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn bytes(byte: u8) -> __m512i {
    _mm512_set1_epi8(byte as i8)
}

/// 64 messages of 0.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn no_messages() -> __m512i {
    bytes(ZERO)
}

/// The entries of `table` that the lower seven bits of each byte number.
#[inline]
#[target_feature(enable = "avx512f,avx512vbmi")]
fn look_up(table: &Wide, indices: __m512i) -> __m512i {
    _mm512_permutex2var_epi8(table[0], indices, table[1])
}

#[inline]
#[target_feature(enable = "avx512f")]
fn wide(table: &[u8; 128]) -> Wide {
    let (halves, _) = table.as_chunks();
    [load(&halves[0]), load(&halves[1])]
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load(table: &[u8; 64]) -> __m512i {
    // SAFETY: the table has 64 bytes, and any alignment will do.
    resident(unsafe { _mm512_loadu_si512(table.as_ptr().cast()) })
}

/// The same, of which the compiler does not know that it could be loaded again.
#[inline]
#[target_feature(enable = "avx512f")]
fn resident(mut register: __m512i) -> __m512i {
    // SAFETY: nothing is done.
    unsafe { asm!("/* {0} */", inout(zmm_reg) register, options(pure, nomem, nostack, preserves_flags)) };
    register
}
