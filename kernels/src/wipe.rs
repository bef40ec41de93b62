//! Wiping what no destructor reaches.

use std::cell::RefCell;
use std::hint::black_box;
use std::ops::{Deref, DerefMut};

use rayon::prelude::*;
use zeroize::{Zeroize, optimization_barrier};

use crate::memory;

/// More than any call chain between two wipes leaves behind.
const DEPTH: usize = 1 << 14;

/// Overwrites the stack below the caller, where calls that have returned left copies of keys and pads: every value that is
/// passed, moved or spilled leaves one. What holds a secret by value is therefore called as a function of its own, and
/// this after it. `zeroize` wipes what is dropped, which is another thing.
#[inline(never)]
pub fn dead_stack() {
    let mut dead = [0_u8; DEPTH];
    black_box(&mut dead).zeroize();
}

/// Overwrites `words`, by as wide stores as the machine has; `zeroize` takes them one by one. Many of them on all threads of
/// a backend's pool.
pub(crate) fn words(words: &mut [u64]) {
    const PART: usize = 1 << 16;
    if words.len() > PART && rayon::current_thread_index().is_some() {
        words.par_chunks_mut(PART).for_each(|part| part.fill(0));
    } else {
        words.fill(0);
    }
    optimization_barrier(words);
}

/// Zeros at first, from the start of a cache line on; wiped when dropped. A thread keeps some of its memory for the next one,
/// since the system takes longer to hand out pages than many kernels run.
pub(crate) struct Scratch {
    words: Vec<u64>,
    start: usize,
    len: usize,
}

/// Words that a thread keeps at most, and pieces of memory.
const KEPT: (usize, usize) = (1 << 22, 16);

thread_local! {
    /// Memory of dropped scratches, all zeros.
    static SPARE: RefCell<Vec<Vec<u64>>> = const { RefCell::new(Vec::new()) };
}

impl Scratch {
    /// Words of a cache line.
    const LINE: usize = 8;

    pub(crate) fn new(len: usize) -> Self {
        let needed = len + Self::LINE - 1;
        let spare = SPARE.try_with(|spare| take(&mut spare.borrow_mut(), needed)).ok().flatten();
        let words = spare.unwrap_or_else(|| memory::zeros(needed));
        let start = (words.as_ptr().addr() / size_of::<u64>()).wrapping_neg() % Self::LINE;
        Self { words, start, len }
    }

    /// As registers or lines of the cache.
    ///
    /// # Safety
    /// Any bits must be a value of `T`.
    ///
    /// # Panics
    /// If these are no whole number of `T`, or need to be aligned to more than a cache line.
    pub(crate) unsafe fn cast<T: Copy>(&mut self) -> &mut [T] {
        // SAFETY: as the caller promises.
        let ([], values, []) = (unsafe { self.align_to_mut() }) else {
            panic!("whole values, aligned to a line")
        };
        values
    }
}

/// The smallest spare memory with `needed` words, unless it is much larger.
fn take(spare: &mut Vec<Vec<u64>>, needed: usize) -> Option<Vec<u64>> {
    let fitting = spare.iter().enumerate().filter(|(_, words)| (needed..=4 * needed).contains(&words.len()));
    let (index, _) = fitting.min_by_key(|(_, words)| words.len())?;
    Some(spare.swap_remove(index))
}

impl Deref for Scratch {
    type Target = [u64];

    fn deref(&self) -> &[u64] {
        &self.words[self.start..][..self.len]
    }
}

impl DerefMut for Scratch {
    fn deref_mut(&mut self) -> &mut [u64] {
        &mut self.words[self.start..][..self.len]
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        words(self);
        let freed = std::mem::take(&mut self.words);
        // Without its thread's memory, this one goes back to the system.
        let _ = SPARE.try_with(|spare| {
            let mut spare = spare.borrow_mut();
            let words = spare.iter().map(Vec::len).sum::<usize>() + freed.len();
            if words <= KEPT.0 && spare.len() < KEPT.1 {
                spare.push(freed);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scratch_begins_at_a_cache_line() {
        for len in [0, 1, 8, 1000] {
            let scratch = Scratch::new(len);
            assert!(scratch.as_ptr().addr().is_multiple_of(64) && *scratch == vec![0; len]);
        }
    }

    #[test]
    fn scratch_is_reused_empty() {
        let mut scratch = Scratch::new(1000);
        scratch.fill(u64::MAX);
        let place = scratch.as_ptr();
        drop(scratch);
        let [smaller, larger, next] = [10, 1001, 999].map(Scratch::new);
        assert!(smaller.as_ptr() != place && larger.as_ptr() != place);
        assert!(next.as_ptr() == place && *next == vec![0; 999]);
    }

    #[test]
    fn words_are_overwritten() {
        let mut secret = [1, 2, 3];
        words(&mut secret);
        assert_eq!(secret, [0; 3]);
    }
}
