//! Reader for the CSV records of a three-state, one-decoy BB84 link.
//!
//! ```text
//! qubit_id,tx_state,tx_basis,decoy_level,rx_state,rx_basis,matching_basis
//! 0,0,0,0,0,0,True
//! ```
//! One row is one detection: basis 0 is the key basis, decoy level 0 the brighter and 2 the weaker intensity, and in
//! the test basis Alice sends one state only, 0. The protocol is that of Boaron et al., Appl. Phys. Lett. 112, 171108
//! (2018).

use std::path::{Path, PathBuf};

use ::csv::{ReaderBuilder, StringRecord};
use qkdpp_protocol::raw::RawBatch;
use thiserror::Error;

use crate::planes::{Side, code};

const COLUMNS: [&str; 7] =
    ["qubit_id", "tx_state", "tx_basis", "decoy_level", "rx_state", "rx_basis", "matching_basis"];

/// A CSV file that is not such a record. To be mended by who made the file.
#[derive(Debug, Error)]
pub enum CsvError {
    /// The file cannot be read or is not CSV: the message has the line.
    #[error("{file}: {source}", file = file.display())]
    Read {
        /// File concerned.
        file: PathBuf,
        /// What the CSV reader said.
        source: ::csv::Error,
    },
    /// The first line is not the header.
    #[error("{file}: line 1: the header is {got:?} instead of {wanted:?}", file = file.display())]
    Header {
        /// File concerned.
        file: PathBuf,
        /// The columns of the format.
        wanted: String,
        /// The columns found.
        got: String,
    },
    /// A cell is not what its column holds.
    #[error("{file}: line {line}: {column} is {got:?}; {wanted}", file = file.display())]
    Cell {
        /// File concerned.
        file: PathBuf,
        /// Line of the file, from 1.
        line: u64,
        /// Name of the column.
        column: &'static str,
        /// Text of the cell.
        got: String,
        /// What it must be.
        wanted: String,
    },
}

/// Reads Alice's and Bob's record from `path`; the slot is the `qubit_id`.
///
/// # Errors
/// For the first line that is not exactly as described above.
pub fn read(path: &Path) -> Result<(RawBatch, RawBatch), CsvError> {
    let read = |source| CsvError::Read { file: path.to_owned(), source };
    let mut rows = ReaderBuilder::new().from_path(path).map_err(read)?;
    let header = rows.headers().map_err(read)?;
    if header != COLUMNS[..] {
        let got = header.iter().collect::<Vec<_>>().join(",");
        return Err(CsvError::Header { file: path.to_owned(), wanted: COLUMNS.join(","), got });
    }
    let (mut alice, mut bob) = (Side::default(), Side::default());
    let mut slots = 0;
    for row in rows.records() {
        let row = Row { path, cells: row.map_err(read)? };
        let slot = row.slot(slots)?;
        let (sent, seen) = row.entries()?;
        alice.push(slot, sent);
        bob.push(slot, seen);
        slots = slot + 1;
    }
    Ok((alice.into_batch(0, slots), bob.into_batch(0, slots)))
}

struct Row<'a> {
    path: &'a Path,
    cells: StringRecord,
}

impl Row<'_> {
    /// The slot, which must not be below `least`.
    fn slot(&self, least: u32) -> Result<u32, CsvError> {
        let slot: Option<u32> = self.cells[0].parse().ok();
        slot.filter(|&slot| slot >= least && slot < u32::MAX).ok_or_else(|| {
            self.error(0, format!("it must be a whole number from {least} (they ascend) to {}", u32::MAX - 1))
        })
    }

    /// Alice's and Bob's entry.
    fn entries(&self) -> Result<(u8, u8), CsvError> {
        let binary = ["0", "1"];
        let [tx_state, tx_basis] = [self.one_of(1, binary)?, self.one_of(2, binary)?];
        let level = self.one_of(3, ["0", "2"])?;
        let [rx_state, rx_basis] = [self.one_of(4, binary)?, self.one_of(5, binary)?];
        let matching = self.one_of(6, ["False", "True"])? == 1;
        if tx_basis == 1 && tx_state == 1 {
            return Err(self.error(1, "in the test basis (tx_basis 1) only state 0 is sent".to_owned()));
        }
        if matching != (tx_basis == rx_basis) {
            return Err(self.error(6, format!("tx_basis is {tx_basis} and rx_basis {rx_basis}")));
        }
        let entry = |basis, state| (basis * code::BASIS) | (state * code::BIT);
        Ok((entry(tx_basis, tx_state) | level << code::INTENSITY_SHIFT, entry(rx_basis, rx_state)))
    }

    /// Which of the two texts the cell holds.
    fn one_of(&self, column: usize, texts: [&str; 2]) -> Result<u8, CsvError> {
        match texts.iter().position(|text| *text == &self.cells[column]) {
            Some(index) => Ok(index as u8),
            None => Err(self.error(column, format!("it must be {} or {}", texts[0], texts[1]))),
        }
    }

    fn error(&self, column: usize, wanted: String) -> CsvError {
        CsvError::Cell {
            file: self.path.to_owned(),
            line: self.cells.position().map_or(0, ::csv::Position::line),
            column: COLUMNS[column],
            got: self.cells[column].to_owned(),
            wanted,
        }
    }
}
