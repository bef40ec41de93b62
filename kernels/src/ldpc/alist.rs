//! The text form in which parity-check matrices are published: alist (MacKay, "Encyclopedia of sparse graph codes").
//!
//! ```text
//! 6 3              n columns, m rows
//! 2 4              largest weights of a column and of a row
//! 2 2 2 2 2 2      weights of the columns
//! 4 4 4            weights of the rows
//! 1 2              rows of column 1, from 1, ascending; filled up with zeros to the largest weight
//! …                and so on for all columns, then the same for the rows
//! ```
//! A matrix becomes a [`Code`] in two ways: if it is quasi-cyclic, as it is; any other one as several frames side by side.

use std::fmt;

use ndarray::Array2;

use super::{Code, CodeError};

/// Most rows and columns of a matrix that is read.
const LARGEST: usize = 1 << 22;

/// A sparse parity-check matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alist {
    columns: usize,
    /// Columns of each row's ones, from 0, ascending.
    rows: Vec<Vec<usize>>,
}

/// Why a text is no alist, or a matrix no code. Whoever wrote the file must act; lines count from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AlistError {
    /// A line is not what the format has at this place.
    #[error("line {line}: {wanted} needed here")]
    Syntax {
        /// The line.
        line: usize,
        /// What should stand there.
        wanted: &'static str,
    },
    /// The lists of the columns and those of the rows are of different matrices.
    #[error("line {line}: the list of row {row} is not what the lists of the columns say")]
    Lists {
        /// The line.
        line: usize,
        /// The row, from 1.
        row: usize,
    },
    /// The matrix has no blocks of this size.
    #[error("the matrix does not consist of rotated identity matrices of {lifting} × {lifting}")]
    NotCyclic {
        /// The lifting factor asked for.
        lifting: usize,
    },
    /// The matrix makes no code.
    #[error(transparent)]
    Code(#[from] CodeError),
}

impl Alist {
    /// Reads the text form; zeros that fill lines up may be missing.
    ///
    /// # Errors
    /// If the text does not follow the format.
    pub fn parse(text: &str) -> Result<Self, AlistError> {
        let mut lines = Lines { lines: text.lines().enumerate(), line: 0 };
        let (columns, rows) = lines.pair("the numbers of columns and rows, up to 2^22, are")?;
        lines.pair("the largest weights are")?;
        let column_weights = lines.weights(columns, "a weight for each column is")?;
        let row_weights = lines.weights(rows, "a weight for each row is")?;
        let mut by_column = vec![Vec::new(); rows];
        for (column, &weight) in column_weights.iter().enumerate() {
            for row in
                lines.places(weight, rows, "the ascending rows of a column, as many as its weight, are")?
            {
                by_column[row].push(column);
            }
        }
        for (row, (&weight, by_column)) in row_weights.iter().zip(&by_column).enumerate() {
            let wanted = "the ascending columns of a row, as many as its weight, are";
            if lines.places(weight, columns, wanted)? != *by_column {
                return Err(AlistError::Lists { line: lines.line, row: row + 1 });
            }
        }
        Ok(Self { columns, rows: by_column })
    }

    /// The parity-check matrix of `code`, Z·M × Z·N.
    pub fn of(code: &Code) -> Self {
        let z = code.z();
        let of_check = |check: usize| -> Vec<usize> {
            let entries = code.rows()[check / z].iter();
            entries.map(|entry| entry.column * z + (check % z + entry.shift) % z).collect()
        };
        Self { columns: code.variables(), rows: (0..code.checks()).map(of_check).collect() }
    }

    /// Number of columns: bits of a frame.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Columns of each row's ones, from 0, ascending.
    pub fn rows(&self) -> &[Vec<usize>] {
        &self.rows
    }

    /// The quasi-cyclic code that has this matrix, with the lifting factor `z`.
    ///
    /// # Errors
    /// If the matrix is not made of blocks of that size, or exceeds the limits of a code.
    pub fn quasi_cyclic(&self, z: usize) -> Result<Code, AlistError> {
        let not_cyclic = AlistError::NotCyclic { lifting: z };
        if z == 0 || !self.columns.is_multiple_of(z) || !self.rows.len().is_multiple_of(z) {
            return Err(not_cyclic);
        }
        let mut base = Array2::from_elem((self.rows.len() / z, self.columns / z), -1);
        for (row, ones) in self.rows.iter().step_by(z).enumerate() {
            for &column in ones {
                base[(row, column / z)] = (column % z) as i32;
            }
        }
        let code = Code::new(base, z)?;
        if Self::of(&code) == *self { Ok(code) } else { Err(not_cyclic) }
    }

    /// `z` frames of this matrix side by side, as one frame of a code: bit c·z + i is bit c of frame i, and check r·z + i is
    /// check r of frame i. This runs any matrix; the frames of a job share their iterations.
    ///
    /// # Errors
    /// If the matrix exceeds the limits of a code.
    pub fn side_by_side(&self, z: usize) -> Result<Code, AlistError> {
        let mut base = Array2::from_elem((self.rows.len(), self.columns), -1);
        for (row, ones) in self.rows.iter().enumerate() {
            for &column in ones {
                base[(row, column)] = 0;
            }
        }
        Ok(Code::new(base, z)?)
    }
}

/// The text form.
impl fmt::Display for Alist {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut columns = vec![Vec::new(); self.columns];
        for (row, ones) in self.rows.iter().enumerate() {
            for &column in ones {
                columns[column].push(row);
            }
        }
        let heaviest = |lists: &[Vec<usize>]| lists.iter().map(Vec::len).max().unwrap_or(0);
        writeln!(f, "{} {}", self.columns, self.rows.len())?;
        writeln!(f, "{} {}", heaviest(&columns), heaviest(&self.rows))?;
        for lists in [&columns, &self.rows] {
            writeln!(f, "{}", words(lists.iter().map(Vec::len)))?;
        }
        for lists in [&columns, &self.rows] {
            let heaviest = heaviest(lists);
            for list in lists {
                let filled = list.iter().map(|index| index + 1).chain(std::iter::repeat(0));
                writeln!(f, "{}", words(filled.take(heaviest)))?;
            }
        }
        Ok(())
    }
}

fn words(numbers: impl Iterator<Item = usize>) -> String {
    numbers.map(|number| number.to_string()).collect::<Vec<_>>().join(" ")
}

/// The lines of a text that hold something.
struct Lines<I> {
    lines: I,
    /// The line read last, from 1.
    line: usize,
}

impl<'a, I: Iterator<Item = (usize, &'a str)>> Lines<I> {
    fn numbers(&mut self, wanted: &'static str) -> Result<Vec<usize>, AlistError> {
        let line = self.lines.find(|(_, line)| !line.trim().is_empty());
        let (index, line) = line.ok_or(AlistError::Syntax { line: self.line + 1, wanted })?;
        self.line = index + 1;
        let numbers = line.split_whitespace().map(str::parse).collect::<Result<_, _>>();
        numbers.map_err(|_| AlistError::Syntax { line: self.line, wanted })
    }

    fn pair(&mut self, wanted: &'static str) -> Result<(usize, usize), AlistError> {
        match self.numbers(wanted)?[..] {
            [a @ 1..=LARGEST, b @ 1..=LARGEST] => Ok((a, b)),
            _ => Err(AlistError::Syntax { line: self.line, wanted }),
        }
    }

    fn weights(&mut self, count: usize, wanted: &'static str) -> Result<Vec<usize>, AlistError> {
        let weights = self.numbers(wanted)?;
        if weights.len() == count { Ok(weights) } else { Err(AlistError::Syntax { line: self.line, wanted }) }
    }

    /// `weight` ascending indices below `limit`, from 0; on the line they count from 1.
    fn places(
        &mut self,
        weight: usize,
        limit: usize,
        wanted: &'static str,
    ) -> Result<Vec<usize>, AlistError> {
        // A line without a single one may be empty, and cannot be told from none.
        let numbers = if weight == 0 { Vec::new() } else { self.numbers(wanted)? };
        let (places, filling) = numbers.split_at(weight.min(numbers.len()));
        let ascending = places.windows(2).all(|pair| pair[0] < pair[1]);
        let within = places.len() == weight && places.iter().all(|place| (1..=limit).contains(place));
        if ascending && within && filling.iter().all(|&zero| zero == 0) {
            Ok(places.iter().map(|place| place - 1).collect())
        } else {
            Err(AlistError::Syntax { line: self.line, wanted })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::ldpc::{LdpcDecode, Syndrome, family, rule};
    use crate::parities::Permutation;
    use crate::{Bits, Job, Level, Output};

    /// The array code of Fan (2nd Int. Symp. on Turbo Codes, 2000) in the form others would publish it: a prime p, 3 × k
    /// blocks of p × p, block (a, b) rotated by a·b. Its blocks fit no lifting factor of ours.
    fn array_code(p: usize, k: usize) -> String {
        let line = |numbers: &[usize]| words(numbers.iter().copied()) + "\n";
        let mut text = format!("{} {}\n3 {k}\n", k * p, 3 * p);
        text += &line(&vec![3; k * p]);
        text += &line(&vec![k; 3 * p]);
        for (b, j) in (0..k).flat_map(|b| (0..p).map(move |j| (b, j))) {
            text += &line(&[0, 1, 2].map(|a| a * p + (j + a * (p - b)) % p + 1));
        }
        for (a, i) in (0..3).flat_map(|a| (0..p).map(move |i| (a, i))) {
            text += &line(&(0..k).map(|b| b * p + (i + a * b) % p + 1).collect::<Vec<_>>());
        }
        text
    }

    #[test]
    fn a_foreign_matrix_decodes_as_those_of_the_family_do() {
        let z = 64;
        let text = array_code(101, 10);
        let matrix = Alist::parse(&text).expect("a good file");
        assert_eq!(matrix.to_string(), text);
        let code = Arc::new(matrix.side_by_side(z).expect("a code"));
        let n = code.variables();
        let frames = Arc::new((0..n).map(|i| (i * i / 7 + i) % 3 == 0).collect::<Bits>());
        let mut received = (*frames).clone();
        // Each of the 64 frames has 0.25 % of errors, at other places.
        let places = Permutation::new(&[9; 32], n).expect("a length above 0");
        places.indices()[..n / 400].iter().for_each(|&place| received.flip(place as usize));
        for level in Level::available() {
            let job = Syndrome::new(Arc::clone(&code), Arc::clone(&frames)).expect("one frame");
            let Output::Syndrome(syndrome) = level.run(&Job::Syndrome(job)) else { panic!("a syndrome") };
            // Check r of frame i, by the matrix as it was read.
            for (row, frame) in [(0, 0), (17, 5), (302, 63)] {
                let parity =
                    matrix.rows()[row].iter().filter(|&&column| frames.get(column * z + frame)).count() % 2;
                assert_eq!(syndrome.get(row * z + frame), parity == 1);
            }
            let (word, syndrome) = (Arc::new(received.clone()), Arc::new(syndrome));
            let channel = rule::channel_magnitude(0.0025);
            let job = LdpcDecode::new(Arc::clone(&code), word, syndrome, None, channel, 60);
            let Output::LdpcDecode(decoded) = level.run(&Job::LdpcDecode(job.expect("fitting lengths")))
            else {
                panic!("a decoded word")
            };
            assert!(
                decoded.converged && decoded.word == *frames,
                "{level}: {} iterations",
                decoded.iterations
            );
        }
    }

    #[test]
    fn a_code_of_the_family_comes_back_from_its_matrix() {
        let code = &family::ladder(1 << 14)[3].code;
        let matrix = Alist::parse(&Alist::of(code).to_string()).expect("what was written");
        assert_eq!(matrix.quasi_cyclic(code.z()).as_ref(), Ok(&**code));
        assert_eq!(matrix.quasi_cyclic(128), Err(AlistError::NotCyclic { lifting: 128 }));
        assert_eq!(matrix.quasi_cyclic(3), Err(AlistError::NotCyclic { lifting: 3 }));
    }

    #[test]
    fn bad_files_are_refused_by_line() {
        let good = "3 2\n2 2\n1 2 1\n2 2\n1 0\n1 2\n2 0\n1 2\n2 3\n";
        assert_eq!(Alist::parse(good).map(|matrix| matrix.to_string()).as_deref(), Ok(good));
        let unfilled = good.replace(" 0\n", "\n");
        assert_eq!(Alist::parse(&unfilled), Alist::parse(good));
        let refusal = |from: &str, to: &str| {
            Alist::parse(&good.replacen(from, to, 1)).expect_err("a bad file").to_string()
        };
        let pair = "the numbers of columns and rows, up to 2^22, are needed here";
        assert_eq!(refusal("3 2\n", "3\n"), format!("line 1: {pair}"));
        assert_eq!(refusal("3 2\n", "3 4294967296\n"), format!("line 1: {pair}"));
        assert_eq!(refusal("1 2 1\n", "1 2\n"), "line 3: a weight for each column is needed here");
        let ones = "the ascending rows of a column, as many as its weight, are needed here";
        assert_eq!(refusal("1 2\n2 0\n", "2 1\n2 0\n"), format!("line 6: {ones}"));
        assert_eq!(refusal("1 2\n2 0\n", "1 3\n2 0\n"), format!("line 6: {ones}"));
        assert_eq!(refusal("1 2\n2 0\n", "1 x\n2 0\n"), format!("line 6: {ones}"));
        let lists = "line 9: the list of row 2 is not what the lists of the columns say";
        assert_eq!(refusal("2 3\n", "1 3\n"), lists);
        let columns = "the ascending columns of a row, as many as its weight, are needed here";
        assert_eq!(refusal("2 3\n", ""), format!("line 9: {columns}"));
    }
}
