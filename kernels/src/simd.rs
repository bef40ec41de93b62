//! The instructions of this machine, for kernels that have a version for them and for what is compiled for them as it is.

#[cfg(target_arch = "x86_64")]
pub use x86::{Avx2, Avx512, Gfni};

/// Runs `work`, compiled for the best instructions that this machine has: it, and what is inlined into it.
#[inline]
pub fn fastest<R>(work: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx2) = Avx2::detect() {
        return avx2.run(work);
    }
    work()
}

/// The bits of `word` that `mask` selects, moved down to the lowest places.
#[inline]
pub fn extract(word: u64, mask: u64) -> u64 {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx2) = Avx2::detect() {
        return avx2.extract(word, mask);
    }
    portable::extract(word, mask)
}

/// The lowest bits of `word`, moved up to the places that `mask` selects.
#[inline]
pub fn deposit(word: u64, mask: u64) -> u64 {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx2) = Avx2::detect() {
        return avx2.deposit(word, mask);
    }
    portable::deposit(word, mask)
}

/// Asks for the cache line of an element that will be needed soon. An index beyond the list does no harm.
#[inline]
pub fn prefetch<T>(list: &[T], index: usize) {
    #[cfg(target_arch = "x86_64")]
    x86::prefetch(list.as_ptr().wrapping_add(index));
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (list, index);
}

/// Without instructions of their own.
mod portable {
    pub(super) fn extract(word: u64, mask: u64) -> u64 {
        let (mut extracted, mut count, mut rest) = (0, 0, mask);
        while rest != 0 {
            extracted |= (word >> rest.trailing_zeros() & 1) << count;
            count += 1;
            rest &= rest - 1;
        }
        extracted
    }

    pub(super) fn deposit(word: u64, mask: u64) -> u64 {
        let (mut deposited, mut word, mut rest) = (0, word, mask);
        while rest != 0 {
            let lowest = rest & rest.wrapping_neg();
            deposited |= (word & 1).wrapping_neg() & lowest;
            word >>= 1;
            rest ^= lowest;
        }
        deposited
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch, _pdep_u64, _pext_u64};
    use std::sync::atomic::{AtomicU8, Ordering};

    /// A machine with AVX2, PCLMULQDQ, BMI1, BMI2, LZCNT and POPCNT, as x86-64 processors are since 2013. Who holds one may
    /// run code that was compiled for them.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct Avx2(());

    #[allow(clippy::unused_self, reason = "the value is the proof")]
    impl Avx2 {
        /// Proof that this machine has them, if it has.
        #[inline]
        pub fn detect() -> Option<Self> {
            const UNKNOWN: u8 = 2;
            static DETECTED: AtomicU8 = AtomicU8::new(UNKNOWN);
            let mut detected = DETECTED.load(Ordering::Relaxed);
            if detected == UNKNOWN {
                detected = Self::ask().into();
                DETECTED.store(detected, Ordering::Relaxed);
            }
            (detected == 1).then_some(Self(()))
        }

        #[cold]
        fn ask() -> bool {
            is_x86_feature_detected!("avx2")
                && is_x86_feature_detected!("pclmulqdq")
                && is_x86_feature_detected!("bmi1")
                && is_x86_feature_detected!("bmi2")
                && is_x86_feature_detected!("lzcnt")
                && is_x86_feature_detected!("popcnt")
        }

        /// Runs `work` compiled for them.
        #[inline]
        pub(crate) fn run<R>(self, work: impl FnOnce() -> R) -> R {
            #[target_feature(enable = "avx2,pclmulqdq,bmi1,bmi2,lzcnt,popcnt")]
            fn with_avx2<R>(work: impl FnOnce() -> R) -> R {
                work()
            }
            // SAFETY: an `Avx2` exists only where the machine has these features.
            unsafe { with_avx2(work) }
        }

        #[inline]
        pub(super) fn extract(self, word: u64, mask: u64) -> u64 {
            // SAFETY: an `Avx2` exists only where the machine has BMI2.
            unsafe { _pext_u64(word, mask) }
        }

        #[inline]
        pub(super) fn deposit(self, word: u64, mask: u64) -> u64 {
            // SAFETY: an `Avx2` exists only where the machine has BMI2.
            unsafe { _pdep_u64(word, mask) }
        }
    }

    /// An [`Avx2`] machine that has GFNI as well: products of bytes in GF(2^8), and maps of bits within bytes.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct Gfni(Avx2);

    impl Gfni {
        /// Proof that this machine has them, if it has.
        pub fn detect() -> Option<Self> {
            Avx2::detect().filter(|_| is_x86_feature_detected!("gfni")).map(Self)
        }

        /// Every such machine is an [`Avx2`] one.
        pub fn avx2(self) -> Avx2 {
            self.0
        }

        /// Runs `work` compiled for them.
        #[inline]
        #[allow(clippy::unused_self, reason = "the value is the proof")]
        pub(crate) fn run<R>(self, work: impl FnOnce() -> R) -> R {
            #[target_feature(enable = "avx2,pclmulqdq,bmi1,bmi2,lzcnt,popcnt,gfni")]
            fn with_gfni<R>(work: impl FnOnce() -> R) -> R {
                work()
            }
            // SAFETY: a `Gfni` exists only where the machine has these features.
            unsafe { with_gfni(work) }
        }
    }

    /// A [`Gfni`] machine that has AVX-512 and VPCLMULQDQ as well, as Intel's servers have since 2019 and AMD's since 2022.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct Avx512(Gfni);

    impl Avx512 {
        /// Proof that this machine has them, if it has.
        pub fn detect() -> Option<Self> {
            let has_all = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512vbmi")
                && is_x86_feature_detected!("avx512vbmi2")
                && is_x86_feature_detected!("vpclmulqdq");
            Gfni::detect().filter(|_| has_all).map(Self)
        }

        /// Every such machine is an [`Avx2`] one.
        pub fn avx2(self) -> Avx2 {
            self.0.0
        }

        /// Every such machine is a [`Gfni`] one.
        pub fn gfni(self) -> Gfni {
            self.0
        }

        /// Runs `work` compiled for them.
        #[inline]
        #[allow(clippy::unused_self, reason = "the value is the proof")]
        pub(crate) fn run<R>(self, work: impl FnOnce() -> R) -> R {
            #[target_feature(
                enable = "avx2,pclmulqdq,bmi1,bmi2,lzcnt,popcnt,gfni,avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vbmi2,vpclmulqdq"
            )]
            fn with_avx512<R>(work: impl FnOnce() -> R) -> R {
                work()
            }
            // SAFETY: an `Avx512` exists only where the machine has these features.
            unsafe { with_avx512(work) }
        }
    }

    #[inline]
    pub(super) fn prefetch<T>(place: *const T) {
        // SAFETY: x86-64 has the instruction, and it changes nothing but caches, whatever the address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(place.cast()) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn extracted_bits_are_deposited_where_they_were(word: u64, mask: u64) {
            prop_assert_eq!(extract(word, mask), portable::extract(word, mask));
            prop_assert_eq!(deposit(word, mask), portable::deposit(word, mask));
            prop_assert_eq!(deposit(extract(word, mask), mask), word & mask);
            prop_assert_eq!(extract(word, mask).checked_shr(mask.count_ones()).unwrap_or(0), 0);
        }
    }

    #[test]
    fn work_is_done_once() {
        let mut done = 0;
        assert_eq!(
            fastest(|| {
                done += 1;
                7
            }),
            7
        );
        assert_eq!(done, 1);
    }
}
