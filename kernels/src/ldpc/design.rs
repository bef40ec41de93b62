//! How the family's base matrices are made: from degrees, dimensions and a seed, always the same.
//!
//! Which column has how many entries decides how far a code could correct (its threshold); where the entries stand
//! decides how near a finite code comes. Two rules matter most: no two columns meet twice in the lifted code (no
//! 4-cycles), and columns with two entries, the weakest, form no cycles among themselves at all.
//!
//! 1. *Places*: rows have room for equally many entries, and an entry goes into any free room. So which columns meet in a row
//!    is left to chance, as in the ensembles of density evolution. If every row had its share of each degree, codes would stay up to 4 %
//!    of f behind their thresholds, since one weak column silences a check (a mean of products is larger than a product of means).
//! 2. *Shifts*, heaviest columns first, because they have the least choice: random ones that close no 4-cycle, and
//!    no short cycle of weak columns either where that can be had.

mod weak;

use std::collections::HashSet;

use ndarray::Array2;
use sha3::Shake256;
use sha3::digest::{ExtendableOutput, Update, XofReader};

use weak::{Kind, WeakColumns};

/// What a code is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Design {
    /// Base rows M.
    pub rows: usize,
    /// (degree, number of base columns with that many entries), ascending.
    pub degrees: Vec<(usize, usize)>,
    /// The lifting factor Z.
    pub lifting: usize,
}

/// The columns leave no way without 4-cycles, or the search did not find it. Whoever chose the degrees must act.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no base matrix without 4-cycles was found for {0:?}")]
pub struct NoGirthSix(pub Design);

/// Tries for the shifts of one column, and for a whole matrix.
const TRIES: usize = 50;

/// Cycles that a column's shifts are not to close: the first of these lists that leaves a choice.
const AVOIDED: [&[Kind]; 4] = [
    &[Kind { ace: 2, columns: 8 }, Kind { ace: 1, columns: 20 }],
    &[Kind { ace: 2, columns: 5 }, Kind { ace: 1, columns: 12 }],
    &[Kind { ace: 1, columns: 8 }],
    &[],
];

impl Design {
    /// The base matrix of this design.
    ///
    /// # Errors
    /// If the search fails: for places, as where a degree exceeds the number of rows or there are as many columns of degree 2 as
    /// rows, or for shifts without 4-cycles.
    pub fn base(&self) -> Result<Array2<i32>, NoGirthSix> {
        let mut random = Random::new(self);
        let found = (0..TRIES).find_map(|_| {
            let places = self.places(&mut random)?;
            self.shifts(&places, &mut random)
        });
        found.ok_or_else(|| NoGirthSix(self.clone()))
    }

    /// Base columns N.
    pub fn columns(&self) -> usize {
        self.degrees.iter().map(|&(_, columns)| columns).sum()
    }

    /// The rows of each column's entries, `None` if in the end too few rows had room.
    fn places(&self, random: &mut Random) -> Option<Vec<Vec<usize>>> {
        let degrees = self.degrees.iter().flat_map(|&(degree, columns)| std::iter::repeat_n(degree, columns));
        let degrees: Vec<usize> = degrees.collect();
        let edges: usize = degrees.iter().sum();
        let share = |row: usize| row * edges / self.rows;
        let mut room: Vec<usize> = (0..self.rows).map(|row| share(row + 1) - share(row)).collect();
        let mut trees = Trees::new(self.rows);
        let mut columns = vec![Vec::new(); degrees.len()];
        let weakest = degrees.iter().take_while(|&&degree| degree == 2).count();
        for column in (0..weakest).chain((weakest..degrees.len()).rev()) {
            let places: &mut Vec<usize> = &mut columns[column];
            for _ in 0..degrees[column] {
                let closes_cycle =
                    |row| column < weakest && places.first().is_some_and(|&first| trees.joined(first, row));
                let open = (0..self.rows).filter(|row| !places.contains(row) && !closes_cycle(*row));
                let slots: Vec<usize> = open.flat_map(|row| std::iter::repeat_n(row, room[row])).collect();
                // A number below 2^24 times one below 2^16.
                let slot = (random.below(1 << 24) as u64 * slots.len() as u64) >> 24;
                let row = *slots.get(slot as usize)?;
                places.push(row);
                room[row] -= 1;
            }
            if let &mut [first, second] = places.as_mut_slice() {
                trees.join(first, second);
            }
        }
        Some(columns)
    }

    /// A matrix with entries in these places and no 4-cycles.
    fn shifts(&self, places: &[Vec<usize>], random: &mut Random) -> Option<Array2<i32>> {
        let mut base = Array2::from_elem((self.rows, places.len()), -1);
        let mut taken = HashSet::new();
        let mut weak = WeakColumns::new(self.rows, self.lifting);
        for (column, rows) in places.iter().enumerate().rev() {
            let shifts = AVOIDED.iter().find_map(|kinds| {
                let closing: HashSet<_> = kinds.iter().flat_map(|&kind| weak.closing(rows, kind)).collect();
                (0..TRIES).find_map(|_| self.shifts_of_column(rows, &taken, &closing, random))
            })?;
            weak.add(rows.iter().copied().zip(shifts.iter().copied()));
            for (index, (&row, &shift)) in rows.iter().zip(&shifts).enumerate() {
                base[(row, column)] = shift as i32;
                for (&other, &other_shift) in rows.iter().zip(&shifts).take(index) {
                    taken.insert(self.difference((row, shift), (other, other_shift)));
                }
            }
        }
        Some(base)
    }

    fn shifts_of_column(
        &self,
        rows: &[usize],
        taken: &HashSet<(usize, usize, usize)>,
        closing: &HashSet<(usize, usize, usize)>,
        random: &mut Random,
    ) -> Option<Vec<usize>> {
        let mut shifts: Vec<usize> = Vec::with_capacity(rows.len());
        for (place, &row) in rows.iter().enumerate() {
            let start = random.below(self.lifting);
            let free = (0..self.lifting).map(|step| (start + step) % self.lifting).find(|&shift| {
                let mut others = rows.iter().zip(&shifts).enumerate();
                others.all(|(before, (&other, &at))| {
                    let turn = (at + self.lifting - shift) % self.lifting;
                    !taken.contains(&self.difference((row, shift), (other, at)))
                        && !closing.contains(&(before, place, turn))
                })
            });
            shifts.push(free?);
        }
        Some(shifts)
    }

    /// Two rows and the difference of a column's shifts in them. Two columns with the same one close a 4-cycle.
    fn difference(&self, a: (usize, usize), b: (usize, usize)) -> (usize, usize, usize) {
        let ((low, from), (high, to)) = (a.min(b), a.max(b));
        (low, high, (to + self.lifting - from) % self.lifting)
    }
}

/// Rows joined by columns of degree 2.
struct Trees {
    parents: Vec<usize>,
}

impl Trees {
    fn new(rows: usize) -> Self {
        Self { parents: (0..rows).collect() }
    }

    fn root(&self, mut row: usize) -> usize {
        while self.parents[row] != row {
            row = self.parents[row];
        }
        row
    }

    fn joined(&self, a: usize, b: usize) -> bool {
        self.root(a) == self.root(b)
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.parents[a] = b;
    }
}

/// The numbers of the construction: SHAKE256 of the dimensions.
struct Random {
    stream: <Shake256 as ExtendableOutput>::Reader,
}

impl Random {
    fn new(design: &Design) -> Self {
        let mut hash = Shake256::default();
        hash.update(b"qkdpp code 2");
        for number in [design.rows, design.columns(), design.lifting] {
            hash.update(&(number as u64).to_le_bytes());
        }
        Self { stream: hash.finalize_xof() }
    }

    /// A number below `limit`, a power of two.
    fn below(&mut self, limit: usize) -> usize {
        let mut bytes = [0; 4];
        self.stream.read(&mut bytes);
        u32::from_le_bytes(bytes) as usize % limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_are_kept_and_weak_columns_form_no_cycle() {
        let design = Design { rows: 12, degrees: vec![(2, 9), (3, 30), (6, 9)], lifting: 64 };
        let base = design.base().expect("room enough");
        assert_eq!(design.base(), Ok(base.clone()), "the same every time");
        let weight = |column: usize| base.column(column).iter().filter(|&&entry| entry >= 0).count();
        let degrees = [(0..9, 2), (9..39, 3), (39..48, 6)];
        assert!(
            degrees.into_iter().all(|(mut columns, degree)| columns.all(|column| weight(column) == degree))
        );
        // Nine edges between twelve rows without a cycle leave three trees.
        let mut trees = Trees::new(12);
        for column in 0..9 {
            let rows: Vec<usize> = (0..12).filter(|&row| base[(row, column)] >= 0).collect();
            trees.join(rows[0], rows[1]);
        }
        assert_eq!((0..12).filter(|&row| trees.root(row) == row).count(), 3);
    }

    /// Walks through the lifted graph, which knows nothing of turns.
    #[test]
    fn weak_columns_close_no_short_cycles() {
        let design = Design { rows: 40, degrees: vec![(2, 30), (3, 90), (12, 20)], lifting: 64 };
        let code = crate::ldpc::Code::new(design.base().expect("room enough"), 64).expect("a code");
        let weak = 0..120;
        let checks_of = |variable: usize| {
            let (column, place) = (variable / 64, variable % 64);
            let rows = code.base().column(column).to_vec().into_iter().enumerate();
            let entries = rows.filter(|&(_, shift)| shift >= 0);
            entries.map(move |(row, shift)| row * 64 + (place + 64 - shift as usize) % 64)
        };
        let variables_of = |check: usize| {
            let entries = code.rows()[check / 64].iter();
            entries.map(move |entry| entry.column * 64 + (check % 64 + entry.shift) % 64)
        };
        let ace = |variable: usize| usize::from(variable / 64 >= 30);
        for column in weak.clone() {
            let start = column * 64;
            // (check, variables on the way, sum of their ACE), from each of the first variable's checks.
            let mut ways: Vec<_> = checks_of(start).map(|check| (check, vec![start], ace(start))).collect();
            while let Some((check, way, sum)) = ways.pop() {
                for next in variables_of(check).filter(|next| weak.contains(&(next / 64))) {
                    let last = *way.last().expect("the start");
                    assert!(next != start || way.len() < 2 || sum > 2, "{way:?}");
                    if next != last && !way.contains(&next) && way.len() < 5 && sum + ace(next) <= 2 {
                        let onward = checks_of(next).filter(|&other| other != check);
                        let way = [&way[..], &[next]].concat();
                        ways.extend(onward.map(|other| (other, way.clone(), sum + ace(next))));
                    }
                }
            }
        }
    }

    #[test]
    fn designs_out_of_reach_are_refused() {
        // Columns of more entries than there are rows, and of degree 2 that cannot all be in a forest.
        for (rows, degrees) in [(4, vec![(5, 16)]), (8, vec![(2, 8), (3, 16)])] {
            let design = Design { rows, degrees, lifting: 64 };
            assert_eq!(design.base(), Err(NoGirthSix(design.clone())));
        }
        // 64 columns have 960 pairs of entries, 28 pairs of rows have 224 differences.
        let crowded = Design { rows: 8, degrees: vec![(6, 64)], lifting: 8 };
        assert_eq!(crowded.base(), Err(NoGirthSix(crowded.clone())));
    }
}
