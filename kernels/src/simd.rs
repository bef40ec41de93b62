//! The instructions of this machine, as values: who holds an [`Avx2`] may run code that was compiled for it.

/// AVX2, PCLMULQDQ, BMI1, BMI2, LZCNT and POPCNT: x86-64 processors since 2013.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Avx2(());

impl Avx2 {
    /// Proof that this machine has them, if it has.
    pub fn detect() -> Option<Self> {
        let detected = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("pclmulqdq")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("lzcnt")
            && is_x86_feature_detected!("popcnt");
        detected.then_some(Self(()))
    }
}
