//! The check rule (SPEC §5.3) for `B` blocks of 64 checks side by side.
//!
//! A byte of a register belongs to a check: posteriors and messages have one, and a sum is two bytes in two registers, of
//! which one counts cells of 32 (see `tables`).
//!
//! Every operation is done for all blocks before the next one: the operations for one have to wait for each other, and the
//! processor does not look far enough ahead to find others meanwhile.

use std::arch::asm;
#[allow(clippy::wildcard_imports, reason = "thirty names that all begin with _mm")]
use std::arch::x86_64::*;

use zeroize::Zeroize;

use super::tables::{COARSE, FINE, FIRST_CELL, LIFT, LIFTED, PHI_CELLS, PHI_LOW};
use crate::ldpc::rule;

/// A table of 128 bytes.
type Wide = [__m512i; 2];

/// The rule's tables, in registers.
pub(super) struct Rule {
    phi_low: Wide,
    phi_cells: Wide,
    lifted: Wide,
    coarse: Wide,
    fine: __m512i,
}

impl Rule {
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) fn new() -> Self {
        Self {
            phi_low: wide(&PHI_LOW),
            phi_cells: wide(&PHI_CELLS),
            lifted: wide(&LIFTED),
            coarse: wide(&COARSE),
            fine: load(&FINE),
        }
    }
}

/// The matrix with which the two highest bits of a byte, times 64, become a number of cells.
const CARRIED: i64 = i64::from_be_bytes([0, 1 << 6, 1 << 7, 0, 0, 0, 0, 0]);

/// The matrix with which the two highest of seven bits become a number.
const CELLS: i64 = i64::from_be_bytes([1 << 5, 1 << 6, 0, 0, 0, 0, 0, 0]);

/// What each of the blocks gives.
macro_rules! each {
    ($block:ident => $value:expr) => {{
        let $block = 0;
        let mut all = [$value; B];
        for $block in 1..B {
            all[$block] = $value;
        }
        all
    }};
}

/// Checks of a base row while their edges come in: steps 1 and 2.
#[derive(Clone, Copy, Zeroize)]
pub(super) struct Checks<const B: usize> {
    /// The lower part of S, which is at most 63 after [`carry`](Self::carry).
    low: [__m512i; B],
    /// The cells of S, an even number, or 255 from there on.
    cells: [__m512i; B],
    /// The sign bit is s of each check; the other bits have no meaning.
    signs: [__m512i; B],
}

impl<const B: usize> Checks<B> {
    /// Edges that may be collected from one [`carry`](Self::carry) to the next.
    pub(super) const EDGES: usize = 3;

    /// Checks that no edge has reached, whose wanted parities are the bits of `wanted`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn wanting(wanted: &[u64; B]) -> Self {
        let zero = [_mm512_setzero_si512(); B];
        Self { low: zero, cells: zero, signs: each!(b => _mm512_movm_epi8(wanted[b])) }
    }

    /// Takes P − R of an edge of each check; returns T.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    pub(super) fn collect(&mut self, rule: &Rule, differences: [__m512i; B]) -> [__m512i; B] {
        let totals = each!(b => _mm512_max_epi8(differences[b], bytes(-rule::LIMIT as u8)));
        let a = each!(b => _mm512_abs_epi8(totals[b]));
        self.signs = each!(b => _mm512_xor_si512(self.signs[b], totals[b]));
        let low = each!(b => look_up(&rule.phi_low, a[b]));
        let cells = each!(b => look_up(&rule.phi_cells, a[b]));
        self.low = each!(b => _mm512_add_epi8(self.low[b], low[b]));
        self.cells = each!(b => _mm512_adds_epu8(self.cells[b], cells[b]));
        totals
    }

    /// Brings the lower part of S below 64.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,gfni")]
    pub(super) fn carry(&mut self) {
        let carried = each!(b => _mm512_gf2p8affine_epi64_epi8::<0>(self.low[b], _mm512_set1_epi64(CARRIED)));
        self.cells = each!(b => _mm512_adds_epu8(self.cells[b], carried[b]));
        self.low = each!(b => _mm512_and_si512(self.low[b], bytes(63)));
    }

    /// All edges are collected, and carried.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,popcnt")]
    pub(super) fn close(self) -> Closed<B> {
        Closed {
            low: each!(b => _mm512_or_si512(self.low[b], bytes(64))),
            cells: each!(b => _mm512_or_si512(self.cells[b], bytes(1))),
            signs: self.signs,
        }
    }
}

/// Checks that answer: step 3.
#[derive(Clone, Copy, Zeroize)]
pub(super) struct Closed<const B: usize> {
    /// 64 more than the lower part of S.
    low: [__m512i; B],
    /// One more than the cells of S: the 64 are two less, and [`answer`](Self::answer) takes off up to three too many.
    cells: [__m512i; B],
    /// As before.
    signs: [__m512i; B],
}

impl<const B: usize> Closed<B> {
    /// How many of the checks have s = 1.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,popcnt")]
    pub(super) fn unsatisfied(&self) -> u32 {
        each!(b => _mm512_movepi8_mask(self.signs[b]).count_ones()).iter().sum()
    }

    /// The answers to an edge of each check that came with `totals`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,gfni")]
    pub(super) fn answer(&self, rule: &Rule, totals: [__m512i; B]) -> [__m512i; B] {
        let a = each!(b => _mm512_abs_epi8(totals[b]));
        let taken = each!(b => look_up(&rule.phi_low, a[b]));
        let lifted = each!(b => look_up(&rule.lifted, a[b]));
        let low = each!(b => _mm512_sub_epi8(self.low[b], taken[b]));
        // In cells: 3 less those of the lower part.
        let missing = each!(b => _mm512_gf2p8affine_epi64_epi8::<3>(low[b], _mm512_set1_epi64(CELLS)));
        let most = each!(b => _mm512_adds_epu8(self.cells[b], lifted[b]));
        let signs = each!(b => _mm512_xor_si512(self.signs[b], totals[b]));
        let cells = each!(b => _mm512_sub_epi8(most[b], missing[b]));
        let negative = each!(b => _mm512_movepi8_mask(signs[b]));
        let coarse = each!(b => look_up(&rule.coarse, cells[b]));
        let is_fine = each!(b => _mm512_cmplt_epu8_mask(cells[b], bytes(LIFT + FIRST_CELL)));
        let magnitude = each!(b => _mm512_mask_permutexvar_epi8(coarse[b], is_fine[b], low[b], rule.fine));
        each!(b => _mm512_mask_sub_epi8(magnitude[b], negative[b], _mm512_setzero_si512(), magnitude[b]))
    }
}

/// The same byte 64 times.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn bytes(byte: u8) -> __m512i {
    _mm512_set1_epi8(byte as i8)
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
