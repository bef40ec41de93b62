//! Quasi-cyclic codes: a base matrix of shifts, lifted by Z (SPEC §5.1).
//!
//! ```text
//! base entry s ≥ 0  →  Z × Z identity matrix, rotated: check i of the block meets variable (i + s) mod Z
//! base entry −1     →  Z × Z zeros
//! ```

use std::fmt;

use ndarray::Array2;

/// Why a base matrix is no code within the limits of SPEC §5.1. Whoever made the matrix must act.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// The lifting factor is not allowed.
    #[error("the lifting factor is {lifting}, it must be a power of two between 8 and 65536")]
    Lifting {
        /// The lifting factor given.
        lifting: usize,
    },
    /// The matrix has no entries.
    #[error("the base matrix has {rows} rows and {columns} columns, both must be at least 1")]
    Empty {
        /// Base rows given.
        rows: usize,
        /// Base columns given.
        columns: usize,
    },
    /// An entry is neither −1 nor a shift.
    #[error("base row {row}, column {column} holds {value}, it must be -1 or a shift below {lifting}")]
    Shift {
        /// Base row of the entry.
        row: usize,
        /// Base column of the entry.
        column: usize,
        /// The entry.
        value: i32,
        /// The lifting factor Z.
        lifting: usize,
    },
    /// More rows should be split than there are.
    #[error("{rows} base rows cannot be split, there are {available}")]
    Split {
        /// Rows to be split.
        rows: usize,
        /// Base rows.
        available: usize,
    },
    /// A row has too few or too many shifts.
    #[error("base row {row} has {weight} shifts, it must have 2 to 255")]
    RowWeight {
        /// The base row.
        row: usize,
        /// Shifts in the row.
        weight: usize,
    },
    /// A column has no or too many shifts.
    #[error("base column {column} has {weight} shifts, it must have 1 to 64")]
    ColumnWeight {
        /// The base column.
        column: usize,
        /// Shifts in the column.
        weight: usize,
    },
}

/// A shift of the base matrix, in its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Base column.
    pub column: usize,
    /// Shift, below Z.
    pub shift: usize,
}

/// A quasi-cyclic code: n = N·Z variables, m = M·Z checks.
#[derive(Clone, PartialEq, Eq)]
pub struct Code {
    base: Array2<i32>,
    z: usize,
    rows: Vec<Vec<Entry>>,
}

impl Code {
    /// The code of the base matrix `base` (M × N, −1 or a shift below `z`), lifted by `z`.
    ///
    /// # Errors
    /// If `base` or `z` is outside the limits of SPEC §5.1.
    pub fn new(base: Array2<i32>, z: usize) -> Result<Self, CodeError> {
        if !z.is_power_of_two() || !(8..=1 << 16).contains(&z) {
            return Err(CodeError::Lifting { lifting: z });
        }
        if base.is_empty() {
            return Err(CodeError::Empty { rows: base.nrows(), columns: base.ncols() });
        }
        if let Some(((row, column), &value)) =
            base.indexed_iter().find(|&(_, &value)| !(-1..z as i32).contains(&value))
        {
            return Err(CodeError::Shift { row, column, value, lifting: z });
        }
        for (row, entries) in base.rows().into_iter().enumerate() {
            let weight = entries.iter().filter(|&&value| value >= 0).count();
            if !(2..=255).contains(&weight) {
                return Err(CodeError::RowWeight { row, weight });
            }
        }
        for (column, entries) in base.columns().into_iter().enumerate() {
            let weight = entries.iter().filter(|&&value| value >= 0).count();
            if !(1..=64).contains(&weight) {
                return Err(CodeError::ColumnWeight { column, weight });
            }
        }
        let rows = base.rows().into_iter().map(|row| {
            let shifts = row.into_iter().enumerate().filter(|&(_, &value)| value >= 0);
            shifts.map(|(column, &value)| Entry { column, shift: value as usize }).collect()
        });
        let rows = rows.collect();
        Ok(Self { base, z, rows })
    }

    /// The base matrix, M × N.
    pub fn base(&self) -> &Array2<i32> {
        &self.base
    }

    /// The lifting factor Z.
    pub fn z(&self) -> usize {
        self.z
    }

    /// Number of variables n = N·Z: the bits of a frame.
    pub fn variables(&self) -> usize {
        self.base.ncols() * self.z
    }

    /// Number of checks m = M·Z: the bits of a syndrome.
    pub fn checks(&self) -> usize {
        self.base.nrows() * self.z
    }

    /// The shifts of each base row, in ascending column order.
    pub fn rows(&self) -> &[Vec<Entry>] {
        &self.rows
    }

    /// This code with its first `rows` base rows split in two, which then stand in their place: every other entry of a row
    /// goes to its second half. The parities of both halves add up to that of the row.
    ///
    /// Splitting is how the leak is fitted to an error rate: each row adds Z checks, and no column changes its degree.
    ///
    /// # Errors
    /// If there are fewer rows, or one of them has fewer than four entries.
    pub fn split(&self, rows: usize) -> Result<Self, CodeError> {
        let (m, n) = self.base.dim();
        if rows > m {
            return Err(CodeError::Split { rows, available: m });
        }
        let mut base = Array2::from_elem((m + rows, n), -1);
        for (row, entries) in self.rows.iter().enumerate() {
            for (index, entry) in entries.iter().enumerate() {
                let place = if row < rows { 2 * row + index % 2 } else { rows + row };
                base[(place, entry.column)] = entry.shift as i32;
            }
        }
        Self::new(base, self.z)
    }

    /// Bits of syndrome for each bit of a frame, m/n.
    pub fn leak_rate(&self) -> f64 {
        self.checks() as f64 / self.variables() as f64
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Code({} × {} lifted by {})", self.base.nrows(), self.base.ncols(), self.z)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn rows_list_the_shifts_in_column_order() {
        let code = Code::new(array![[3, -1, 0], [7, 5, -1]], 8).expect("a code");
        assert_eq!((code.variables(), code.checks()), (24, 16));
        assert_eq!(code.rows()[0], [Entry { column: 0, shift: 3 }, Entry { column: 2, shift: 0 }]);
        assert_eq!(code.rows()[1], [Entry { column: 0, shift: 7 }, Entry { column: 1, shift: 5 }]);
        assert_eq!(format!("{code:?}"), "Code(2 × 3 lifted by 8)");
    }

    #[test]
    fn limits_are_checked_and_named() {
        let good = array![[0, 1], [2, 3]];
        for lifting in [0, 4, 24, 1 << 17] {
            assert_eq!(Code::new(good.clone(), lifting), Err(CodeError::Lifting { lifting }));
        }
        assert_eq!(Code::new(Array2::zeros((0, 0)), 8), Err(CodeError::Empty { rows: 0, columns: 0 }));
        assert_eq!(
            Code::new(array![[0, 1], [2, 8]], 8),
            Err(CodeError::Shift { row: 1, column: 1, value: 8, lifting: 8 })
        );
        assert_eq!(
            Code::new(array![[0, -2], [2, 3]], 8),
            Err(CodeError::Shift { row: 0, column: 1, value: -2, lifting: 8 })
        );
        assert_eq!(Code::new(array![[0, 1], [2, -1]], 8), Err(CodeError::RowWeight { row: 1, weight: 1 }));
        assert_eq!(Code::new(Array2::zeros((1, 256)), 8), Err(CodeError::RowWeight { row: 0, weight: 256 }));
        assert_eq!(Code::new(array![[0, -1, 1]], 8), Err(CodeError::ColumnWeight { column: 1, weight: 0 }));
        assert_eq!(
            Code::new(Array2::zeros((65, 2)), 8),
            Err(CodeError::ColumnWeight { column: 0, weight: 65 })
        );
    }

    #[test]
    fn halves_of_a_split_row_add_up_to_it() {
        let code = Code::new(array![[0, 1, 2, 3, 4], [5, -1, 6, 7, 0]], 8).expect("a code");
        let split = code.split(1).expect("rows of weight 5");
        assert_eq!(*split.base(), array![[0, -1, 2, -1, 4], [-1, 1, -1, 3, -1], [5, -1, 6, 7, 0]]);
        assert_eq!(code.split(0), Ok(code.clone()));
        assert_eq!(code.split(3), Err(CodeError::Split { rows: 3, available: 2 }));
        let light = Code::new(array![[0, 1, 2]], 8).expect("a code");
        assert_eq!(light.split(1), Err(CodeError::RowWeight { row: 1, weight: 1 }));
    }
}
