//! Wiping what no destructor reaches.

use std::hint::black_box;

use zeroize::Zeroize;

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
