//! [`Loaded`]: the tables of a code, as a load job brings them.

use super::Size;
use crate::layout::Status;

/// Fields of a slot.
const PRESENT: u32 = 1 << 31;
const LAST: u32 = 1 << 30;

/// A slot that is present.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    /// Bits 29:16.
    pub(super) other: usize,
    /// Bits 15:0.
    pub(super) address: usize,
}

/// The entries of each row of a table.
type Table = Vec<Vec<Vec<Option<Slot>>>>;

/// A code.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) depth: usize,
    pub(super) gather_entries: usize,
    pub(super) gather: Table,
    pub(super) scatter: Table,
    pub(super) check: Table,
}

/// What a table must keep to.
struct Limits {
    slots: usize,
    entries: usize,
    rows: usize,
    other: usize,
    address: usize,
}

impl Loaded {
    /// Reads the input of a load job.
    ///
    /// # Errors
    /// `BadData` if a number is out of range, `BadLength` if the input has another length than it says.
    pub(super) fn read(input: &[[u64; 4]], size: Size) -> Result<Self, Status> {
        let header: Vec<usize> = (0..8).map(|index| number(&input[..1], index) as usize).collect();
        let &[gather, scatter, check, rows, depth, ..] = header.as_slice() else {
            return Err(Status::BadData);
        };
        let within = |value: usize, most: usize| (1..=most).contains(&value);
        let counts = [gather, scatter, check];
        if !counts.iter().all(|&count| within(count, size.entries))
            || !within(rows, size.rows)
            || !within(depth, size.columns / size.banks)
            || header[5..] != [0; 3]
        {
            return Err(Status::BadData);
        }
        let mut rest = &input[1..];
        let mut table = |limits: Limits| {
            let beats = (limits.entries * limits.slots).div_ceil(8).min(rest.len());
            let (mine, others) = rest.split_at(beats);
            rest = others;
            read_table(mine, &limits)
        };
        let limits = |slots, entries, other, address| Limits { slots, entries, rows, other, address };
        let loaded = Self {
            depth,
            gather_entries: gather,
            gather: table(limits(size.banks, gather, size.lanes, depth))?,
            scatter: table(limits(size.banks, scatter, gather, depth))?,
            check: table(limits(2 * size.banks, check, size.lanes, depth.div_ceil(2)))?,
        };
        if rest.is_empty() { Ok(loaded) } else { Err(Status::BadLength) }
    }
}

/// Number `index` of 32 bits.
fn number(beats: &[[u64; 4]], index: usize) -> u32 {
    (beats[index / 8][index % 8 / 2] >> (32 * (index % 2))) as u32
}

fn read_table(beats: &[[u64; 4]], limits: &Limits) -> Result<Table, Status> {
    let mut table = vec![Vec::new()];
    for entry in 0..limits.entries {
        let mut slots = Vec::new();
        let mut last = false;
        for slot in 0..limits.slots {
            let index = entry * limits.slots + slot;
            if index / 8 >= beats.len() {
                return Err(Status::BadLength);
            }
            let word = number(beats, index);
            let (other, address) = (word as usize >> 16 & 0x3fff, word as usize & 0xffff);
            let absent = word & PRESENT == 0;
            let good =
                if absent { word & !LAST == 0 } else { other < limits.other && address < limits.address };
            if !good || (slot != 0 && word & LAST != 0) {
                return Err(Status::BadData);
            }
            last |= word & LAST != 0;
            slots.push((!absent).then_some(Slot { other, address }));
        }
        table.last_mut().ok_or(Status::BadData)?.push(slots);
        if last {
            table.push(Vec::new());
        }
    }
    // What follows the final last entry must be nothing.
    if table.pop().is_some_and(|row| row.is_empty()) && table.len() == limits.rows {
        Ok(table)
    } else {
        Err(Status::BadData)
    }
}
