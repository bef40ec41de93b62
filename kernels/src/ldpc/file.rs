//! The text form of a code, as the files in `codes/` have it.
//!
//! ```text
//! # Comments, on lines of their own, say where the code comes from.
//! code 2 3 64                          M base rows, N base columns, lifting factor Z
//! max_qber 0.05 frames 400 failed 3    optional, see Measured
//! 0:17 1:3                             base row 0: column:shift, columns ascending
//! 0:5 2:60                             base row 1
//! ```

use std::fmt;
use std::str::FromStr;

use ndarray::Array2;

use super::{Code, CodeError};

/// Largest M and N read from a file, so that a wrong number cannot ask for all memory.
const LARGEST_BASE: usize = 1 << 14;

/// A code, what is known about it, and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct CodeFile {
    /// Lines of text without the `#`, in their order.
    pub comments: Vec<String>,
    /// The code.
    pub code: Code,
    /// How far it corrects, if that was measured.
    pub measured: Option<Measured>,
}

/// The result of a simulation at the largest error rate that the code is to be used for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// The error rate of the simulated frames.
    pub max_qber: f64,
    /// Frames simulated.
    pub frames: u32,
    /// Frames among them that the decoder did not correct.
    pub failed: u32,
}

/// Why a text is no code. Whoever wrote the file must act; lines count from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeFileError {
    /// A line is not what the format has at this place.
    #[error("line {line}: {wanted} is needed here")]
    Syntax {
        /// The line.
        line: usize,
        /// What should stand there.
        wanted: &'static str,
    },
    /// The base matrix is larger than any that is read.
    #[error("line {line}: a base matrix of {rows} × {columns} exceeds {LARGEST_BASE} rows or columns")]
    Large {
        /// The line.
        line: usize,
        /// Base rows announced.
        rows: usize,
        /// Base columns announced.
        columns: usize,
    },
    /// An entry's column does not exist or does not ascend.
    #[error("line {line}: column {column} follows column {previous:?} in a base matrix of {columns} columns")]
    Column {
        /// The line.
        line: usize,
        /// The column given.
        column: usize,
        /// The column before it on the line.
        previous: Option<usize>,
        /// Base columns announced.
        columns: usize,
    },
    /// There are fewer or more rows than announced.
    #[error("{got} base rows follow, {want} are announced")]
    Rows {
        /// Base rows announced.
        want: usize,
        /// Lines of entries given.
        got: usize,
    },
    /// The numbers make no code.
    #[error(transparent)]
    Code(#[from] CodeError),
}

impl CodeFile {
    /// Reads the text form.
    ///
    /// # Errors
    /// If the text does not follow the format, or the base matrix is no code.
    pub fn parse(text: &str) -> Result<Self, CodeFileError> {
        let mut comments = Vec::new();
        let mut lines = Vec::new();
        for (index, line) in text.lines().enumerate() {
            match line.trim().strip_prefix('#') {
                Some(comment) => comments.push(comment.trim().to_owned()),
                None if line.trim().is_empty() => {}
                None => lines.push((index + 1, line)),
            }
        }
        let mut lines = lines.into_iter().peekable();
        let (line, head) = lines.next().unwrap_or((1, ""));
        let [rows, columns, z] = parse_head(line, head)?;
        let measured = lines.next_if(|(_, text)| text.trim_start().starts_with("max_qber"));
        let measured = measured.map(|(line, text)| parse_measured(line, text)).transpose()?;
        let lines: Vec<_> = lines.collect();
        // Before the base matrix takes memory: the head alone must not ask for it.
        if lines.len() != rows {
            return Err(CodeFileError::Rows { want: rows, got: lines.len() });
        }
        let mut base = Array2::from_elem((rows, columns), -1);
        for (row, (line, text)) in lines.into_iter().enumerate() {
            parse_row(line, text, base.row_mut(row).as_slice_mut().unwrap_or_default())?;
        }
        Ok(Self { comments, code: Code::new(base, z)?, measured })
    }
}

/// The text form.
impl fmt::Display for CodeFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for comment in &self.comments {
            writeln!(f, "# {comment}")?;
        }
        writeln!(f, "code {} {} {}", self.code.base().nrows(), self.code.base().ncols(), self.code.z())?;
        if let Some(Measured { max_qber, frames, failed }) = self.measured {
            writeln!(f, "max_qber {max_qber} frames {frames} failed {failed}")?;
        }
        for row in self.code.rows() {
            for (index, entry) in row.iter().enumerate() {
                let space = if index == 0 { "" } else { " " };
                write!(f, "{space}{}:{}", entry.column, entry.shift)?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// M, N and Z.
fn parse_head(line: usize, text: &str) -> Result<[usize; 3], CodeFileError> {
    let syntax = CodeFileError::Syntax { line, wanted: "`code M N Z`" };
    let words: Vec<&str> = text.split_whitespace().collect();
    let &["code", rows, columns, z] = words.as_slice() else { return Err(syntax) };
    let (Some(rows), Some(columns), Some(z)) = (number(rows), number(columns), number(z)) else {
        return Err(syntax);
    };
    if rows > LARGEST_BASE || columns > LARGEST_BASE {
        return Err(CodeFileError::Large { line, rows, columns });
    }
    Ok([rows, columns, z])
}

fn parse_measured(line: usize, text: &str) -> Result<Measured, CodeFileError> {
    let syntax =
        CodeFileError::Syntax { line, wanted: "`max_qber Q frames F failed K`, Q between 0 and 0.5," };
    let words: Vec<&str> = text.split_whitespace().collect();
    let &["max_qber", max_qber, "frames", frames, "failed", failed] = words.as_slice() else {
        return Err(syntax);
    };
    match (number::<f64>(max_qber), number(frames), number(failed)) {
        (Some(max_qber), Some(frames), Some(failed)) if (0.0..=0.5).contains(&max_qber) => {
            Ok(Measured { max_qber, frames, failed })
        }
        _ => Err(syntax),
    }
}

/// Reads the entries of a base row into `row`, which is filled with −1.
fn parse_row(line: usize, text: &str, row: &mut [i32]) -> Result<(), CodeFileError> {
    let mut previous = None;
    for entry in text.split_whitespace() {
        let entry =
            entry.split_once(':').and_then(|(column, shift)| Some((number(column)?, number::<u16>(shift)?)));
        let Some((column, shift)) = entry else {
            return Err(CodeFileError::Syntax { line, wanted: "a list of `column:shift`" });
        };
        if column >= row.len() || previous.is_some_and(|previous| column <= previous) {
            return Err(CodeFileError::Column { line, column, previous, columns: row.len() });
        }
        row[column] = shift.into();
        previous = Some(column);
    }
    Ok(())
}

fn number<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# By hand\ncode 2 3 64\nmax_qber 0.05 frames 400 failed 3\n0:17 1:3\n0:5 2:60\n";

    #[test]
    fn what_is_written_is_read_again() {
        let file = CodeFile::parse(TEXT).expect("a good file");
        assert_eq!(file.comments, ["By hand"]);
        assert_eq!(file.measured, Some(Measured { max_qber: 0.05, frames: 400, failed: 3 }));
        assert_eq!(file.code.base().row(1).to_vec(), [5, -1, 60]);
        assert_eq!(file.to_string(), TEXT);
        let bare = CodeFile { comments: Vec::new(), measured: None, ..file };
        assert_eq!(CodeFile::parse(&bare.to_string()), Ok(bare));
    }

    #[test]
    fn bad_files_are_refused_by_line() {
        let refusal = |text: &str| CodeFile::parse(text).expect_err("a bad file").to_string();
        assert_eq!(refusal(""), "line 1: `code M N Z` is needed here");
        assert_eq!(refusal("\ncode 2 3\n"), "line 2: `code M N Z` is needed here");
        assert_eq!(refusal("code -2 3 8"), "line 1: `code M N Z` is needed here");
        assert_eq!(
            refusal("code 1 4000000000 8"),
            "line 1: a base matrix of 1 × 4000000000 exceeds 16384 rows or columns"
        );
        assert_eq!(
            refusal(&TEXT.replace("0.05", "nan")),
            "line 3: `max_qber Q frames F failed K`, Q between 0 and 0.5, is needed here"
        );
        assert_eq!(refusal(&TEXT.replace("1:3", "1")), "line 4: a list of `column:shift` is needed here");
        assert_eq!(refusal(&TEXT.replace("1:3", "1:-1")), "line 4: a list of `column:shift` is needed here");
        assert_eq!(
            refusal(&TEXT.replace("2:60", "3:60")),
            "line 5: column 3 follows column Some(0) in a base matrix of 3 columns"
        );
        assert_eq!(
            refusal(&TEXT.replace("1:3", "0:3")),
            "line 4: column 0 follows column Some(0) in a base matrix of 3 columns"
        );
        assert_eq!(refusal(&TEXT.replace("0:5 2:60\n", "")), "1 base rows follow, 2 are announced");
        assert_eq!(refusal("code 16384 16384 64\n0:0\n"), "1 base rows follow, 16384 are announced");
        assert_eq!(refusal(&format!("{TEXT}0:1 1:1\n")), "3 base rows follow, 2 are announced");
        assert_eq!(
            refusal(&TEXT.replace("2:60", "2:64")),
            "base row 1, column 2 holds 64, it must be -1 or a shift below 64"
        );
    }
}
