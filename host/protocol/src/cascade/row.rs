//! [`Row`]: what is known of a frame in one pass.
//!
//! In every pass a permuted frame is cut into intervals, each of them a block or a part of one whose parity is known. An
//! interval is found by its start: `cut` has a one there, and `odd` has one if the number of errors left in it is odd. What
//! is known of 64 places stands together in a [`Cell`], since a located error touches all of it.

use std::mem;
use std::ops::Range;

use zeroize::Zeroize;

/// 64 places of a pass.
#[derive(Clone, Copy, Default)]
#[repr(align(32))]
pub(super) struct Cell {
    /// The own bits; Bob's with the errors located so far corrected.
    pub(super) key: u64,
    /// Starts of intervals.
    pub(super) cut: u64,
    /// Starts of odd intervals.
    pub(super) odd: u64,
    /// Places whose error is located, or that have none for sure.
    pub(super) known: u64,
}

impl Zeroize for Cell {
    #[inline(always)]
    fn zeroize(&mut self) {
        self.key.zeroize();
    }
}

/// A frame in one pass.
pub(super) struct Row<'a> {
    pub(super) cells: &'a mut [Cell],
    /// Which cells have a cut, then which have an odd interval.
    pub(super) summary: &'a mut [u64],
}

impl Row<'_> {
    /// The parity of the own bits at the places of a non-empty range.
    #[inline(always)]
    pub(super) fn parity(&self, range: Range<usize>) -> bool {
        odd_ones(fold(range, |word| self.cells[word].key))
    }

    /// Which places of a range of at most 64 are not known, from its start on, and the own bits there.
    #[inline(always)]
    pub(super) fn unknown(&self, range: Range<usize>) -> (u64, u64) {
        let cells = &self.cells;
        (window(range.clone(), |word| !cells[word].known), window(range, |word| cells[word].key))
    }

    /// Cuts the interval that holds `place` there, its right part being even.
    #[inline(always)]
    pub(super) fn cut(&mut self, place: usize) {
        self.cells[place / 64].cut |= 1 << (place % 64);
        self.summary[place / 4096] |= 1 << (place / 64 % 64);
    }

    /// Cuts intervals at some of the places from `base` on.
    #[inline(always)]
    pub(super) fn cut_some(&mut self, base: usize, places: u64) {
        let (cell, shift) = (base / 64, base % 64);
        for (cell, cuts) in [(cell, places << shift), (cell + 1, places >> 1 >> (63 - shift))] {
            if cuts != 0 {
                self.cells[cell].cut |= cuts;
                self.summary[cell / 64] |= 1 << (cell % 64);
            }
        }
    }

    #[inline(always)]
    fn cut_cells(&self) -> &[u64] {
        &self.summary[..self.summary.len() / 2]
    }

    #[inline(always)]
    fn odd_cells(&self) -> &[u64] {
        &self.summary[self.summary.len() / 2..]
    }

    /// The end of the interval that starts at `low`, in a row of `bits` places.
    #[inline(always)]
    fn end_of(&self, low: usize, bits: usize) -> usize {
        let above = self.cells[low / 64].cut & (u64::MAX << (low % 64) << 1);
        if above != 0 {
            return 64 * (low / 64) + above.trailing_zeros() as usize;
        }
        let next = |cell: usize| 64 * cell + self.cells[cell].cut.trailing_zeros() as usize;
        cell_after(self.cut_cells(), low / 64).map_or(bits, next)
    }

    /// Hands out all odd intervals, in a row of `bits` places, and makes them even.
    #[inline(always)]
    pub(super) fn take_odd(&mut self, bits: usize, mut take: impl FnMut(Range<usize>)) {
        let half = self.summary.len() / 2;
        for index in 0..half {
            let mut cells = mem::take(&mut self.summary[half + index]);
            while cells != 0 {
                let cell = 64 * index + cells.trailing_zeros() as usize;
                cells &= cells - 1;
                let mut odd = mem::take(&mut self.cells[cell].odd);
                while odd != 0 {
                    let low = 64 * cell + odd.trailing_zeros() as usize;
                    odd &= odd - 1;
                    take(low..self.end_of(low, bits));
                }
            }
        }
    }

    /// Hands out the first odd interval, in a row of `bits` places, and makes it even.
    #[inline(always)]
    pub(super) fn take_first_odd(&mut self, bits: usize) -> Option<Range<usize>> {
        let cell = ones(self.odd_cells().iter().copied()).next()?;
        let low = 64 * cell + self.cells[cell].odd.trailing_zeros() as usize;
        self.flip_odd(low);
        Some(low..self.end_of(low, bits))
    }

    /// How many bits are not known of the interval that holds `place`, and whether it is odd, in a row of `bits` places; none if
    /// the interval has more than 64.
    #[inline(always)]
    pub(super) fn short_interval(&self, place: usize, bits: usize) -> Option<(usize, bool)> {
        let (cell, here) = (place / 64, self.cells[place / 64].cut);
        let (below, above) = (here & (u64::MAX >> (63 - place % 64)), here & (u64::MAX << (place % 64) << 1));
        let low = if below != 0 {
            64 * cell + highest(below)
        } else {
            let before = self.cells[cell - 1].cut;
            64 * (cell - 1) + before.checked_ilog2()? as usize
        };
        let high = match self.cells.get(cell + 1) {
            _ if above != 0 => 64 * cell + above.trailing_zeros() as usize,
            Some(after) if after.cut != 0 => 64 * (cell + 1) + after.cut.trailing_zeros() as usize,
            _ => bits,
        };
        (high - low <= 64).then(|| {
            let odd = self.cells[low / 64].odd >> (low % 64) & 1 == 1;
            (self.unknown(low..high).0.count_ones() as usize, odd)
        })
    }

    /// Changes the parity of the interval that starts at `low`.
    #[inline(always)]
    pub(super) fn flip_odd(&mut self, low: usize) {
        let (cell, half) = (low / 64, self.summary.len() / 2);
        self.cells[cell].odd ^= 1 << (low % 64);
        let odd = u64::from(self.cells[cell].odd != 0);
        let summary = &mut self.summary[half + cell / 64];
        *summary = *summary & !(1 << (cell % 64)) | odd << (cell % 64);
    }

    /// Changes the parity of the interval that holds `place`.
    #[inline(always)]
    pub(super) fn flip_odd_at(&mut self, place: usize) {
        let cell = place / 64;
        let here = self.cells[cell].cut & (u64::MAX >> (63 - place % 64));
        if here != 0 {
            return self.flip_odd(64 * cell + highest(here));
        }
        let cell = cell_before(self.cut_cells(), cell).expect("a row has a cut at 0");
        self.flip_odd(64 * cell + highest(self.cells[cell].cut));
    }

    /// The bit at a place is known, and changes if `correction` is all ones.
    #[inline(always)]
    pub(super) fn learn(&mut self, place: usize, correction: u64) {
        let bit = 1 << (place % 64);
        let cell = &mut self.cells[place / 64];
        cell.known |= bit;
        cell.key ^= bit & correction;
    }
}

/// The last cell before one that a summary has a one for.
#[inline(always)]
fn cell_before(summary: &[u64], cell: usize) -> Option<usize> {
    let mut index = cell / 64;
    let mut cells = summary[index] & ((1 << (cell % 64)) - 1);
    while cells == 0 {
        index = index.checked_sub(1)?;
        cells = summary[index];
    }
    Some(64 * index + highest(cells))
}

/// The first cell after one that a summary has a one for.
#[inline(always)]
fn cell_after(summary: &[u64], cell: usize) -> Option<usize> {
    let mut index = cell / 64;
    let mut cells = summary[index] & (u64::MAX << (cell % 64) << 1);
    while cells == 0 {
        index += 1;
        cells = *summary.get(index)?;
    }
    Some(64 * index + cells.trailing_zeros() as usize)
}

/// The places of the ones in words, ascending.
#[inline(always)]
pub(super) fn ones(words: impl IntoIterator<Item = u64>) -> impl Iterator<Item = usize> {
    words.into_iter().enumerate().flat_map(|(index, word)| {
        let clear_lowest = |word: &u64| Some(word & (word - 1)).filter(|rest| *rest != 0);
        let rests = std::iter::successors(Some(word).filter(|word| *word != 0), clear_lowest);
        rests.map(move |rest| 64 * index + rest.trailing_zeros() as usize)
    })
}

/// Position of the highest one.
#[inline(always)]
fn highest(word: u64) -> usize {
    63 - word.leading_zeros() as usize
}

/// The sum of the words of a non-empty range, cut off at its ends.
#[inline(always)]
pub(super) fn fold(range: Range<usize>, word: impl Fn(usize) -> u64) -> u64 {
    let (first, last) = (range.start / 64, (range.end - 1) / 64);
    let (head, tail) = (u64::MAX << (range.start % 64), u64::MAX >> (63 - (range.end - 1) % 64));
    if first == last {
        return word(first) & head & tail;
    }
    (first + 1..last).fold(word(first) & head ^ word(last) & tail, |sum, index| sum ^ word(index))
}

/// The bits of a non-empty range of at most 64, from its start on.
#[inline(always)]
pub(super) fn window(range: Range<usize>, word: impl Fn(usize) -> u64) -> u64 {
    let (first, last) = (range.start / 64, (range.end - 1) / 64);
    let low = word(first) >> (range.start % 64);
    let high = if last == first { 0 } else { word(last) << (64 - range.start % 64) };
    (low | high) & (u64::MAX >> (64 - range.len()))
}

/// The parity of a word.
#[inline(always)]
pub(super) fn odd_ones(word: u64) -> bool {
    word.count_ones() % 2 == 1
}
