//! Codes cut down to the lanes of a device: TABLES.md §1.

use qkdpp_kernels::ldpc::Code;
use qkdpp_kernels::ldpc::code::Entry;

/// A code whose lifting factor is at most the number of lanes.
#[derive(Debug)]
pub(super) struct Split {
    /// The lifting factor.
    pub(super) z: usize,
    /// Rows for each row of the code as it was, and columns for each column.
    pub(super) parts: usize,
    /// The number of columns.
    pub(super) columns: usize,
    /// The entries of each row.
    pub(super) rows: Vec<Vec<Entry>>,
}

impl Split {
    /// Splits `code` for `lanes` lanes.
    pub(super) fn new(code: &Code, lanes: usize) -> Self {
        let parts = (code.z() / lanes).max(1);
        let z = code.z() / parts;
        let split = |entry: &Entry, part: usize| {
            let sum = part + entry.shift;
            Entry { column: entry.column * parts + sum % parts, shift: sum / parts % z }
        };
        let rows = code
            .rows()
            .iter()
            .flat_map(|row| (0..parts).map(move |part| row.iter().map(|entry| split(entry, part)).collect()));
        Self { z, parts, columns: code.base().ncols() * parts, rows: rows.collect() }
    }

    /// For each column its rows, ascending.
    pub(super) fn rows_of_columns(&self) -> Vec<Vec<usize>> {
        let mut rows = vec![Vec::new(); self.columns];
        for (row, entries) in self.rows.iter().enumerate() {
            for entry in entries {
                rows[entry.column].push(row);
            }
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    /// The pairs of check and variable, by their numbers in the code as it was.
    fn edges(split: &Split, z: usize) -> Vec<(usize, usize)> {
        let number =
            |block: usize, i: usize| (block / split.parts) * z + i * split.parts + block % split.parts;
        let mut edges = Vec::new();
        for (row, entries) in split.rows.iter().enumerate() {
            for entry in entries {
                edges.extend(
                    (0..split.z).map(|i| (number(row, i), number(entry.column, (i + entry.shift) % split.z))),
                );
            }
        }
        edges.sort_unstable();
        edges
    }

    #[test]
    fn splitting_keeps_every_edge() {
        let code = Code::new(array![[3, -1, 31, 16], [-1, 7, 0, 29]], 32).expect("a code");
        let whole = edges(&Split::new(&code, 32), 32);
        assert_eq!(whole.len(), 6 * 32);
        assert!(whole.contains(&(30, 1)) && whole.contains(&(31, 64 + 30)));
        for lanes in [8, 16, 64] {
            let split = Split::new(&code, lanes);
            assert_eq!((split.z, split.rows.len()), (lanes.min(32), 2 * split.parts));
            assert_eq!(edges(&split, 32), whole, "{lanes} lanes");
        }
    }
}
