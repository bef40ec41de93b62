//! Accesses to memory and to registers in the order that the card must see. Processors reorder them; volatile accesses are
//! in order only in the program.

use std::sync::atomic::{Ordering, fence};

/// Everything written to memory before is there for the card before anything written to its registers afterwards.
pub(super) fn publish() {
    fence(Ordering::SeqCst);
    #[cfg(target_arch = "aarch64")]
    // SAFETY: a barrier changes no register and no memory. The fence above orders what other processors see; a card is
    // outside their domain.
    unsafe {
        std::arch::asm!("dmb oshst", options(nostack, preserves_flags));
    }
}

/// Everything read from memory afterwards is no older than what was read before, from memory or from a register.
pub(super) fn observe() {
    fence(Ordering::Acquire);
    #[cfg(target_arch = "aarch64")]
    // SAFETY: as in `publish`.
    unsafe {
        std::arch::asm!("dmb oshld", options(nostack, preserves_flags));
    }
}
