//! Cycles of weak columns, those with two or three entries.
//!
//! The variables of a cycle can all be wrong together, and then only the entries that leave the cycle tell so: one for each of its
//! columns of degree 3, none for those of degree 2. Their number is the cycle's *ACE*. Where it is 1 or 2 and the cycle is short, the
//! decoder does not get out, however much the code leaks. Source: Tian, Jones, Villasenor and Wesel, "Selective avoidance
//! of cycles in irregular LDPC code construction", IEEE Trans. Commun. 52 (2004).

/// The largest degree of a weak column.
const WEAK: usize = 3;

/// A kind of cycle: up to so many columns, with up to this ACE.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    pub(super) ace: usize,
    pub(super) columns: usize,
}

/// The weak columns that have their shifts.
pub(super) struct WeakColumns {
    /// The (row, shift) pairs of each column's entries.
    columns: Vec<Vec<(usize, usize)>>,
    /// The columns of each row, with its shift there.
    rows: Vec<Vec<(usize, usize)>>,
    lifting: usize,
}

impl WeakColumns {
    pub(super) fn new(rows: usize, lifting: usize) -> Self {
        Self { columns: Vec::new(), rows: vec![Vec::new(); rows], lifting }
    }

    /// Adds a column, if it is weak.
    pub(super) fn add(&mut self, entries: impl Iterator<Item = (usize, usize)>) {
        let entries: Vec<_> = entries.collect();
        if entries.len() <= WEAK {
            for &(row, shift) in &entries {
                self.rows[row].push((self.columns.len(), shift));
            }
            self.columns.push(entries);
        }
    }

    /// Pairs (of two of these rows, the turn from the one to the other) that would close a cycle of this kind in a new column
    /// with entries in `rows`: as (place in `rows`, later place in `rows`, turn).
    pub(super) fn closing(&self, rows: &[usize], kind: Kind) -> Vec<(usize, usize, usize)> {
        let Some(ace) = kind.ace.checked_sub(rows.len().saturating_sub(2)).filter(|_| rows.len() <= WEAK)
        else {
            return Vec::new();
        };
        let mut closing = Vec::new();
        for (place, &from) in rows.iter().enumerate() {
            let aces = self.reach(from, Kind { ace, columns: kind.columns - 1 });
            for (later, &to) in rows.iter().enumerate().skip(place + 1) {
                let turns = aces[to * self.lifting..][..self.lifting].iter().enumerate();
                closing.extend(
                    turns.filter(|&(_, &reached)| reached <= ace).map(|(turn, _)| (place, later, turn)),
                );
            }
        }
        closing
    }

    /// The least ACE of a way through columns from the first check of the row `from` to each check, if there is one within `bounds`.
    fn reach(&self, from: usize, bounds: Kind) -> Vec<usize> {
        let mut aces = vec![usize::MAX; self.rows.len() * self.lifting];
        let mut last = vec![(from, 0, 0)];
        for _ in 0..bounds.columns {
            let mut next = Vec::new();
            for (row, turn, ace) in last {
                for &(column, shift) in &self.rows[row] {
                    let entries = &self.columns[column];
                    let ace = ace + entries.len() - 2;
                    for &(other, other_shift) in entries.iter().filter(|&&(other, _)| other != row) {
                        let turn = (turn + shift + self.lifting - other_shift) % self.lifting;
                        let least = &mut aces[other * self.lifting + turn];
                        if ace <= bounds.ace && ace < *least {
                            *least = ace;
                            next.push((other, turn, ace));
                        }
                    }
                }
            }
            last = next;
        }
        aces
    }
}
