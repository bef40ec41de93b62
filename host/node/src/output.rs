//! `print!` and `println!` for a program whose output may go to `head`: when nobody reads any more, it ends quietly.
//!
//! The macros of the standard library panic on a closed pipe. These, declared before all modules, stand in for them.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write};
use std::process;

/// Writes to the standard output.
///
/// # Panics
/// If it fails for another reason than a closed pipe, as the standard library's.
pub(crate) fn write(text: Arguments<'_>) {
    if let Err(error) = io::stdout().write_fmt(text) {
        if error.kind() == ErrorKind::BrokenPipe {
            process::exit(0);
        }
        panic!("cannot write to the standard output: {error}");
    }
}

macro_rules! print {
    ($($text:tt)*) => { $crate::output::write(format_args!($($text)*)) };
}

macro_rules! println {
    () => { $crate::output::write(format_args!("\n")) };
    ($($text:tt)*) => { $crate::output::write(format_args!("{}\n", format_args!($($text)*))) };
}
