//! `qkdpp amplify`: privacy amplification of one file of bits.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use qkdpp_kernels::bits::words_for;
use qkdpp_kernels::toeplitz::{Family, Toeplitz};
use qkdpp_kernels::{Backend, Bits, Job, JobId, Output};
use zeroize::Zeroizing;

use crate::compute::Compute;
use crate::error::Failure;

/// Hashes a key of N bits to L bits with a Toeplitz matrix.
#[derive(clap::Args)]
#[command(after_help = "\
Files hold bits, least significant bit first in each byte, and have exactly the bytes the bits need; bits of the last
byte past the end must be 0. The output is readable by its owner only, and appears whole or not at all.

Seed bits, index 0 first:
  toeplitz   N + L - 1    T[i][j] = s[i-j+N-1],    y = T x
  modified   N - 1        T[i][j] = s[i-j+N-L-1],  y = T x[0..N-L) + x[N-L..N)

Examples:
  qkdpp amplify --family modified --input key.bin --in-bits 1000000 --seed seed.bin --out-bits 400000 --output secret.bin
  qkdpp amplify --family toeplitz --input x.bin --in-bits 16 --seed s.bin --out-bits 6 --output y.bin")]
pub(crate) struct Arguments {
    /// Family of the matrix
    #[arg(long)]
    family: FamilyName,
    /// File with the key
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Bits of the key, N
    #[arg(long, value_name = "N")]
    in_bits: usize,
    /// File with the seed: uniform, public, never used before
    #[arg(long, value_name = "FILE")]
    seed: PathBuf,
    /// Bits of the output, L, at most N
    #[arg(long, value_name = "L")]
    out_bits: usize,
    /// File to write; replaced if it exists
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    compute: Compute,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum FamilyName {
    Toeplitz,
    Modified,
}

impl From<FamilyName> for Family {
    fn from(name: FamilyName) -> Self {
        match name {
            FamilyName::Toeplitz => Self::Toeplitz,
            FamilyName::Modified => Self::Modified,
        }
    }
}

/// Largest key: lengths in bits and sums of two stay far from overflow.
const MAX_BITS: usize = 1 << 40;

/// Runs the command.
///
/// # Errors
/// If a file or an argument cannot be used, or the output cannot be written.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { in_bits, out_bits, .. } = *arguments;
    if !(1..=MAX_BITS).contains(&in_bits) {
        return Err(Failure::Input(format!("--in-bits is {in_bits}, it must be between 1 and {MAX_BITS}")));
    }
    if !(1..=in_bits).contains(&out_bits) {
        return Err(Failure::Input(format!("--out-bits is {out_bits}, it must be between 1 and {in_bits}")));
    }
    let mut backend = arguments.compute.open()?;

    let family = Family::from(arguments.family);
    let key = Arc::new(read(&arguments.input, in_bits)?);
    let seed = Arc::new(read(&arguments.seed, family.seed_len(in_bits, out_bits))?);
    let job = Toeplitz::new(family, key, seed, out_bits).map_err(Failure::input)?;
    let secret = compute(&mut backend, job)?;
    write(&arguments.output, &Zeroizing::new(secret.to_bytes())).map_err(Failure::file(&arguments.output))
}

/// Bytes of a file that are read at once.
const PART: usize = 1 << 20;

/// Reads exactly `bits` bits.
fn read(path: &Path, bits: usize) -> Result<Bits, Failure> {
    let mut file = File::open(path).map_err(Failure::file(path))?;
    let got = file.metadata().map_err(Failure::file(path))?.len();
    let want = bits.div_ceil(8);
    if got != want as u64 {
        let path = path.display();
        return Err(Failure::Input(format!("{path} has {got} bytes, {bits} bits need exactly {want}")));
    }
    // In parts, straight into words: a long key is never in memory twice.
    let mut words = Zeroizing::new(Vec::with_capacity(words_for(bits)));
    let mut part = Zeroizing::new(vec![0; PART]);
    for start in (0..want).step_by(PART) {
        let part = &mut part[..PART.min(want - start)];
        file.read_exact(part).map_err(Failure::file(path))?;
        let used = bits - 8 * start;
        if used < 8 * part.len() && part[part.len() - 1] >> (used % 8) != 0 {
            let path = path.display();
            return Err(Failure::Input(format!(
                "the last byte of {path} has bits after bit {bits}, they must be 0"
            )));
        }
        words.extend_from_slice(Bits::from_bytes(part, 8 * part.len()).words());
    }
    Ok(Bits::from_words(std::mem::take(&mut *words), bits))
}

fn compute(backend: &mut dyn Backend, job: Toeplitz) -> Result<Bits, Failure> {
    let busy = "the backend takes no job";
    backend.submit(JobId(0), Job::Toeplitz(job)).map_err(|_| Failure::Input(busy.to_owned()))?;
    loop {
        if let Some(done) = backend.wait(Duration::from_secs(1)) {
            return match done.result {
                Ok(Output::Toeplitz(bits)) => Ok(bits),
                Ok(_) => Err(Failure::Input("the backend answered another kernel".to_owned())),
                Err((fault, _)) => Err(Failure::input(fault)),
            };
        }
    }
}

/// Writes a file for its owner alone: whole under another name, then moved to `path`.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?.to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let part = path.with_file_name(name);
    let written = write_private(&part, bytes).and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        // The first error is the one to report; there may be nothing to remove.
        let _ = fs::remove_file(&part);
    }
    written
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
