//! Counts heap allocations, and by whom they were made.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// The system's allocator, with a count of what it is asked for.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Accounts that allocations can be charged to.
const ACCOUNTS: usize = 4;
/// The account that pays at the moment; `ACCOUNTS` or more: nobody.
static PAYER: AtomicUsize = AtomicUsize::new(ACCOUNTS);
/// From this size on, an allocation counts as large.
static LARGE: AtomicUsize = AtomicUsize::new(usize::MAX);
static COUNTS: [[AtomicU64; 3]; ACCOUNTS] = [const { [const { AtomicU64::new(0) }; 3] }; ACCOUNTS];

/// What was allocated on one account.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Allocations {
    /// Allocations, growing of a buffer included.
    pub(crate) count: u64,
    /// Their sizes together, in bytes.
    pub(crate) bytes: u64,
    /// Those of at least the size given to [`reset`].
    pub(crate) large: u64,
}

/// Sets all accounts to zero; allocations of at least `large` bytes are counted apart.
pub(crate) fn reset(large: usize) {
    LARGE.store(large, Ordering::Relaxed);
    COUNTS.iter().flatten().for_each(|count| count.store(0, Ordering::Relaxed));
}

/// Charges what `work` allocates to `account`.
pub(crate) fn charge<T>(account: usize, work: impl FnOnce() -> T) -> T {
    let before = PAYER.swap(account, Ordering::Relaxed);
    let result = work();
    PAYER.store(before, Ordering::Relaxed);
    result
}

/// What `account` has allocated.
pub(crate) fn of(account: usize) -> Allocations {
    let [count, bytes, large] = COUNTS[account].each_ref().map(|count| count.load(Ordering::Relaxed));
    Allocations { count, bytes, large }
}

fn count(size: usize) {
    if let Some([count, bytes, large]) = COUNTS.get(PAYER.load(Ordering::Relaxed)) {
        count.fetch_add(1, Ordering::Relaxed);
        bytes.fetch_add(size as u64, Ordering::Relaxed);
        if size >= LARGE.load(Ordering::Relaxed) {
            large.fetch_add(1, Ordering::Relaxed);
        }
    }
}

// SAFETY: every call is passed on to the system's allocator with the same arguments, so its guarantees are kept;
// counting neither allocates nor unwinds.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        // SAFETY: the caller keeps the contract of `realloc`; the memory came from the same allocator.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`; the memory came from the same allocator.
        unsafe { System.dealloc(pointer, layout) }
    }
}
