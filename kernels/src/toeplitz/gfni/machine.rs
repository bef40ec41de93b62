//! [`Machine`]: registers of bytes, and what GFNI does with them. The transform is written once, for registers of 32 and
//! of 64 bytes.
//!
//! A machine is a token of [`simd`](crate::simd): registers come from it only, so whoever has one may use its instructions.

#![allow(clippy::inline_always, reason = "an instruction is compiled for the registers of its caller")]

use std::arch::x86_64::{
    __m256i, __m512i, _mm_cvtsi64_si128, _mm_loadu_si128, _mm256_and_si256, _mm256_blend_epi32,
    _mm256_broadcastsi128_si256, _mm256_gf2p8affine_epi64_epi8, _mm256_gf2p8mul_epi8, _mm256_loadu_si256,
    _mm256_or_si256, _mm256_permute2x128_si256, _mm256_permute4x64_epi64, _mm256_set1_epi8,
    _mm256_set1_epi64x, _mm256_shuffle_epi8, _mm256_sllv_epi64, _mm256_srlv_epi64, _mm256_storeu_si256,
    _mm256_unpackhi_epi8, _mm256_unpacklo_epi8, _mm256_xor_si256, _mm256_zextsi128_si256,
    _mm512_alignr_epi64, _mm512_and_si512, _mm512_broadcast_i32x4, _mm512_gf2p8affine_epi64_epi8,
    _mm512_gf2p8mul_epi8, _mm512_loadu_si512, _mm512_set1_epi8, _mm512_set1_epi64, _mm512_shldv_epi64,
    _mm512_shuffle_epi8, _mm512_shuffle_i64x2, _mm512_storeu_si512, _mm512_ternarylogic_epi64,
    _mm512_unpackhi_epi8, _mm512_unpacklo_epi8, _mm512_xor_si512, _mm512_zextsi128_si512,
};

use crate::simd::{Avx512, Gfni};

/// A machine with registers of some width.
pub(in super::super) trait Machine: Copy + Send + Sync + 'static {
    /// A register.
    type V: Copy + Send + Sync + 'static;

    /// log2 of the bytes of a register.
    const LOG_BYTES: u32;

    /// Bytes of a register.
    const BYTES: usize = 1 << Self::LOG_BYTES;

    /// Parts of 16 bytes in a register.
    const PARTS: usize = Self::BYTES / 16;

    /// A machine with registers of 32 bytes, and all that this one has.
    fn narrow(self) -> Gfni;

    /// Runs `work` compiled for this machine.
    fn run<R>(self, work: impl FnOnce() -> R) -> R;

    /// The same byte everywhere.
    fn splat(self, byte: u8) -> Self::V;

    /// The same eight bytes everywhere.
    fn splat_word(self, word: u64) -> Self::V;

    /// A word, then zeros.
    fn low_word(self, word: u64) -> Self::V;

    /// Zeros in so many words, less than a register's, then ones.
    fn without_low_words(self, words: usize) -> Self::V;

    /// The first words of a slice.
    fn load(self, words: &[u64]) -> Self::V;

    /// Sets the first words of a slice.
    fn store(self, words: &mut [u64], v: Self::V);

    /// a + b.
    fn add(self, a: Self::V, b: Self::V) -> Self::V;

    /// a + b + c.
    fn add3(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;

    /// The bits that are 1 in both.
    fn and(self, a: Self::V, b: Self::V) -> Self::V;

    /// Every word shifted up by a number of bits, with what leaves the word below it; below the first word of `a` is the last one
    /// of `before`. Two registers full of the number, and of 64 less it.
    fn shift_up(self, a: Self::V, before: Self::V, up: Self::V, down: Self::V) -> Self::V;

    /// Products of bytes in GF(2)\[x\] modulo x⁸+x⁴+x³+x+1.
    fn multiply(self, a: Self::V, b: Self::V) -> Self::V;

    /// Maps every byte of `a` by the matrix in the same eight bytes of `matrix`: bit i of the result is the parity of the
    /// matrix's byte 7 − i and the byte of `a`.
    fn map(self, a: Self::V, matrix: Self::V) -> Self::V;

    /// Bytes of the lower halves of parts, alternating.
    fn interleave_low(self, a: Self::V, b: Self::V) -> Self::V;

    /// Bytes of the upper halves of parts, alternating.
    fn interleave_high(self, a: Self::V, b: Self::V) -> Self::V;

    /// Every eight bytes in the opposite order.
    fn reverse_words(self, a: Self::V) -> Self::V;

    /// Exchanges part j of register i with part i of register j, for [`PARTS`](Self::PARTS) registers.
    fn transpose_parts(self, rows: &mut [Self::V]);
}

/// Operations on registers that are expressions of intrinsics.
macro_rules! operations {
    ($($name:ident($($arg:ident),*) = $value:expr;)*) => {$(
        #[inline(always)]
        fn $name(self, $($arg: Self::V),*) -> Self::V {
            // SAFETY: `self` exists only where the machine has these instructions.
            unsafe { $value }
        }
    )*};
}

/// Byte 7 − i of each word at place i.
const REVERSED: [u8; 16] = [7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8];

/// Eight words, and eight words.
const ONES_AFTER_ZEROS: [u64; 16] = {
    let mut words = [0; 16];
    let mut index = 8;
    while index < 16 {
        words[index] = u64::MAX;
        index += 1;
    }
    words
};

/// The truth table of a + b + c.
const SUM_OF_THREE: i32 = 0x96;

impl Machine for Gfni {
    type V = __m256i;

    const LOG_BYTES: u32 = 5;

    #[inline(always)]
    fn narrow(self) -> Gfni {
        self
    }

    #[inline(always)]
    fn run<R>(self, work: impl FnOnce() -> R) -> R {
        Gfni::run(self, work)
    }

    #[inline(always)]
    fn splat(self, byte: u8) -> __m256i {
        // SAFETY: a `Gfni` exists only where the machine has these instructions.
        unsafe { _mm256_set1_epi8(byte as i8) }
    }

    #[inline(always)]
    fn splat_word(self, word: u64) -> __m256i {
        // SAFETY: as above.
        unsafe { _mm256_set1_epi64x(word as i64) }
    }

    #[inline(always)]
    fn low_word(self, word: u64) -> __m256i {
        // SAFETY: as above.
        unsafe { _mm256_zextsi128_si256(_mm_cvtsi64_si128(word as i64)) }
    }

    #[inline(always)]
    fn without_low_words(self, words: usize) -> __m256i {
        self.load(&ONES_AFTER_ZEROS[8 - words..])
    }

    #[inline(always)]
    fn load(self, words: &[u64]) -> __m256i {
        let words: &[u64; 4] = words.first_chunk().expect("a register");
        // SAFETY: as above; four words are a register, of any alignment.
        unsafe { _mm256_loadu_si256(words.as_ptr().cast()) }
    }

    #[inline(always)]
    fn store(self, words: &mut [u64], v: __m256i) {
        let words: &mut [u64; 4] = words.first_chunk_mut().expect("a register");
        // SAFETY: as above.
        unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), v) }
    }

    operations! {
        add(a, b) = _mm256_xor_si256(a, b);
        add3(a, b, c) = _mm256_xor_si256(_mm256_xor_si256(a, b), c);
        and(a, b) = _mm256_and_si256(a, b);
        shift_up(a, before, up, down) = {
            let rotated = _mm256_permute4x64_epi64::<0b10_01_00_11>(a);
            let below = _mm256_blend_epi32::<0b11>(rotated, _mm256_permute4x64_epi64::<0b11>(before));
            _mm256_or_si256(_mm256_sllv_epi64(a, up), _mm256_srlv_epi64(below, down))
        };
        multiply(a, b) = _mm256_gf2p8mul_epi8(a, b);
        map(a, matrix) = _mm256_gf2p8affine_epi64_epi8::<0>(a, matrix);
        interleave_low(a, b) = _mm256_unpacklo_epi8(a, b);
        interleave_high(a, b) = _mm256_unpackhi_epi8(a, b);
        reverse_words(a) = _mm256_shuffle_epi8(
            a,
            _mm256_broadcastsi128_si256(_mm_loadu_si128(REVERSED.as_ptr().cast())),
        );
    }

    #[inline(always)]
    fn transpose_parts(self, rows: &mut [__m256i]) {
        let [a, b] = rows else { unreachable!("two parts, two registers") };
        // SAFETY: as above.
        (*a, *b) =
            unsafe { (_mm256_permute2x128_si256::<0x20>(*a, *b), _mm256_permute2x128_si256::<0x31>(*a, *b)) };
    }
}

impl Machine for Avx512 {
    type V = __m512i;

    const LOG_BYTES: u32 = 6;

    #[inline(always)]
    fn narrow(self) -> Gfni {
        self.gfni()
    }

    #[inline(always)]
    fn run<R>(self, work: impl FnOnce() -> R) -> R {
        Avx512::run(self, work)
    }

    #[inline(always)]
    fn splat(self, byte: u8) -> __m512i {
        // SAFETY: an `Avx512` exists only where the machine has these instructions.
        unsafe { _mm512_set1_epi8(byte as i8) }
    }

    #[inline(always)]
    fn splat_word(self, word: u64) -> __m512i {
        // SAFETY: as above.
        unsafe { _mm512_set1_epi64(word as i64) }
    }

    #[inline(always)]
    fn low_word(self, word: u64) -> __m512i {
        // SAFETY: as above.
        unsafe { _mm512_zextsi128_si512(_mm_cvtsi64_si128(word as i64)) }
    }

    #[inline(always)]
    fn without_low_words(self, words: usize) -> __m512i {
        self.load(&ONES_AFTER_ZEROS[8 - words..])
    }

    #[inline(always)]
    fn load(self, words: &[u64]) -> __m512i {
        let words: &[u64; 8] = words.first_chunk().expect("a register");
        // SAFETY: as above; eight words are a register, of any alignment.
        unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
    }

    #[inline(always)]
    fn store(self, words: &mut [u64], v: __m512i) {
        let words: &mut [u64; 8] = words.first_chunk_mut().expect("a register");
        // SAFETY: as above.
        unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), v) }
    }

    operations! {
        add(a, b) = _mm512_xor_si512(a, b);
        add3(a, b, c) = _mm512_ternarylogic_epi64::<SUM_OF_THREE>(a, b, c);
        and(a, b) = _mm512_and_si512(a, b);
        shift_up(a, before, up, _down) =
            _mm512_shldv_epi64(a, _mm512_alignr_epi64::<7>(a, before), up);
        multiply(a, b) = _mm512_gf2p8mul_epi8(a, b);
        map(a, matrix) = _mm512_gf2p8affine_epi64_epi8::<0>(a, matrix);
        interleave_low(a, b) = _mm512_unpacklo_epi8(a, b);
        interleave_high(a, b) = _mm512_unpackhi_epi8(a, b);
        reverse_words(a) = _mm512_shuffle_epi8(
            a,
            _mm512_broadcast_i32x4(_mm_loadu_si128(REVERSED.as_ptr().cast())),
        );
    }

    #[inline(always)]
    fn transpose_parts(self, rows: &mut [__m512i]) {
        let [a, b, c, d] = rows else { unreachable!("four parts, four registers") };
        // SAFETY: as above.
        unsafe {
            let (low_ab, high_ab) =
                (_mm512_shuffle_i64x2::<0x44>(*a, *b), _mm512_shuffle_i64x2::<0xee>(*a, *b));
            let (low_cd, high_cd) =
                (_mm512_shuffle_i64x2::<0x44>(*c, *d), _mm512_shuffle_i64x2::<0xee>(*c, *d));
            *a = _mm512_shuffle_i64x2::<0x88>(low_ab, low_cd);
            *b = _mm512_shuffle_i64x2::<0xdd>(low_ab, low_cd);
            *c = _mm512_shuffle_i64x2::<0x88>(high_ab, high_cd);
            *d = _mm512_shuffle_i64x2::<0xdd>(high_ab, high_cd);
        }
    }
}
