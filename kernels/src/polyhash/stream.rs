//! [`Stream`]: the polynomial hash of a message that comes piece by piece.

use std::fmt;

use zeroize::Zeroize;

use super::field::{Key, STRIDE};

/// Bytes taken at once.
const GROUP: usize = 16 * STRIDE;

/// Hashes bytes as they come, for authentication: the result is the hash (SPEC §6) of all bytes as one bit string.
///
/// In constant time, like [`portable`](super::portable). Key, state and pending bytes are wiped when it is dropped.
#[derive(Clone)]
pub struct Stream {
    key: Key,
    h: u128,
    pending: [u8; GROUP],
    /// Bytes so far; those after the last whole group are in `pending`.
    len: u64,
}

impl Stream {
    /// The hash of nothing yet; bit i of `key` is its coefficient of x^i.
    pub fn new(key: u128) -> Self {
        Self { key: Key::new(key), h: 0, pending: [0; GROUP], len: 0 }
    }

    /// Appends `bytes` to the message.
    pub fn update(&mut self, mut bytes: &[u8]) {
        let used = self.pending_len();
        self.len += bytes.len() as u64;
        if used > 0 {
            let (taken, rest) = bytes.split_at(bytes.len().min(GROUP - used));
            self.pending[used..used + taken.len()].copy_from_slice(taken);
            if used + taken.len() < GROUP {
                return;
            }
            self.h = self.key.absorb(self.h, &blocks(&self.pending));
            bytes = rest;
        }
        let (groups, rest) = bytes.as_chunks();
        for group in groups {
            self.h = self.key.absorb(self.h, &blocks(group));
        }
        self.pending[..rest.len()].copy_from_slice(rest);
    }

    /// The hash of all bytes.
    pub fn finish(mut self) -> u128 {
        let used = self.pending_len();
        self.pending[used..].fill(0);
        let h = self.key.absorb(self.h, &blocks(&self.pending)[..used.div_ceil(16)]);
        self.key.absorb(h, &[8 * u128::from(self.len)])
    }

    fn pending_len(&self) -> usize {
        (self.len % GROUP as u64) as usize
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stream({} bytes)", self.len)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.h.zeroize();
        self.pending.zeroize();
    }
}

fn blocks(group: &[u8; GROUP]) -> [u128; STRIDE] {
    std::array::from_fn(|index| {
        let mut block = [0; 16];
        block.copy_from_slice(&group[16 * index..16 * (index + 1)]);
        u128::from_le_bytes(block)
    })
}
