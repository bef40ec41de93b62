//! Registers of 64 bytes: what the AVX-512 versions of several kernels need.

use std::arch::x86_64::{
    __m512i, _mm512_loadu_si512, _mm512_mask_storeu_epi64, _mm512_maskz_loadu_epi64, _mm512_storeu_si512,
    _mm512_ternarylogic_epi64,
};

/// Words of a register.
pub(crate) const WORDS: usize = 8;

/// Eight words.
#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) fn load(words: &[u64; WORDS]) -> __m512i {
    // SAFETY: eight words are 64 bytes, of any alignment.
    unsafe { _mm512_loadu_si512(std::ptr::from_ref(words).cast()) }
}

/// The inverse of [`load`].
#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) fn store(words: &mut [u64; WORDS], register: __m512i) {
    // SAFETY: as above.
    unsafe { _mm512_storeu_si512(std::ptr::from_mut(words).cast(), register) }
}

/// The words from `first` on, zeros where there are none.
#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) fn load_within(words: &[u64], first: isize) -> __m512i {
    // SAFETY: only words that exist are read.
    unsafe {
        _mm512_maskz_loadu_epi64(existing(words.len(), first), words.as_ptr().wrapping_offset(first).cast())
    }
}

/// The inverse of [`load_within`]: what has no place is dropped.
#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) fn store_within(words: &mut [u64], first: isize, register: __m512i) {
    let lanes = existing(words.len(), first);
    // SAFETY: only words that exist are written.
    unsafe { _mm512_mask_storeu_epi64(words.as_mut_ptr().wrapping_offset(first).cast(), lanes, register) }
}

/// A bit for each of the places `first`, `first` + 1, … that are among the first `len`.
fn existing(len: usize, first: isize) -> u8 {
    let missing = (-first).clamp(0, WORDS as isize);
    let end = (len as isize - first).clamp(0, WORDS as isize);
    ((0xff_u16 << missing) & (0xff >> (WORDS as isize - end))) as u8
}

/// a ⊕ b ⊕ c.
#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) fn xor3(a: __m512i, b: __m512i, c: __m512i) -> __m512i {
    const PARITY: i32 = 0b1001_0110;
    _mm512_ternarylogic_epi64::<PARITY>(a, b, c)
}
