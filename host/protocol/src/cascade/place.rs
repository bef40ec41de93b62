//! [`Place`] and [`Long`]: where a search looks, and what it looks at as long as its interval is long.

use std::ops::Range;

use super::frames::RowId;
use super::tables::Tables;

/// What an odd interval belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Pass(u8),
    /// Only the bits of the check count.
    Check(u8),
}

impl Place {
    #[inline(always)]
    pub(super) fn pass(self) -> Option<usize> {
        if let Self::Pass(pass) = self { Some(pass.into()) } else { None }
    }
}

/// An odd interval, `low..high`, whose parts are asked for as wholes.
#[derive(Clone, Copy)]
pub(super) struct Long {
    pub(super) low: u32,
    pub(super) high: u32,
    /// The frame's row of the pass; of the first one, for a check.
    pub(super) row: RowId,
    /// The frame in its group.
    pub(super) lane: u8,
    pub(super) place: Place,
}

impl Long {
    #[inline(always)]
    pub(super) fn split(&self) -> u32 {
        self.low.midpoint(self.high)
    }

    #[inline(always)]
    pub(super) fn places(&self) -> Range<usize> {
        self.low as usize..self.high as usize
    }
}

/// The bit of the frame at a place of a pass, or of a check.
#[inline(always)]
pub(super) fn bit_at(tables: &Tables, place: Place, at: usize) -> usize {
    match place {
        Place::Pass(pass) => tables.bit(pass.into(), at),
        Place::Check(_) => at,
    }
}
