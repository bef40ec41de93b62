//! Reader for pairs of sifted keys: one file of bits per side, least significant bit of each byte first.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use qkdpp_kernels::Bits;
use qkdpp_protocol::raw::{Entries, RawBatch};
use thiserror::Error;
use zeroize::Zeroizing;

/// A pair of sifted keys that cannot be used. To be mended by who named the files.
#[derive(Debug, Error)]
pub enum SiftedError {
    /// The file cannot be read.
    #[error("{file}: cannot read: {source}", file = file.display())]
    Io {
        /// File concerned.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file holds fewer bits than asked for.
    #[error("{file}: wanted {wanted} bits, got {got}", file = file.display())]
    TooShort {
        /// File concerned.
        file: PathBuf,
        /// Bits asked for.
        wanted: usize,
        /// Bits in the file.
        got: usize,
    },
    /// No number of bits was given, and the files differ in length.
    #[error(
        "{alice} has {alice_bytes} bytes and {bob} {bob_bytes}; state the number of bits to use",
        alice = alice.display(), bob = bob.display()
    )]
    LengthsDiffer {
        /// Alice's file.
        alice: PathBuf,
        /// Its length.
        alice_bytes: usize,
        /// Bob's file.
        bob: PathBuf,
        /// Its length.
        bob_bytes: usize,
    },
}

/// Reads the first `bits` bits of Alice's and of Bob's file; without a number, all of them.
///
/// # Errors
/// If a file cannot be read or is too short, or if the lengths differ and no number is given.
pub fn read_pair(alice: &Path, bob: &Path, bits: Option<usize>) -> Result<(Bits, Bits), SiftedError> {
    let (alice_bytes, bob_bytes) = (read(alice)?, read(bob)?);
    let wanted = match bits {
        Some(bits) => bits,
        None if alice_bytes.len() == bob_bytes.len() => alice_bytes.len() * 8,
        None => {
            return Err(SiftedError::LengthsDiffer {
                alice: alice.to_owned(),
                alice_bytes: alice_bytes.len(),
                bob: bob.to_owned(),
                bob_bytes: bob_bytes.len(),
            });
        }
    };
    let take = |file: &Path, bytes: &[u8]| {
        let got = bytes.len() * 8;
        if wanted > got {
            return Err(SiftedError::TooShort { file: file.to_owned(), wanted, got });
        }
        Ok(Bits::from_bytes(bytes, wanted))
    };
    Ok((take(alice, &alice_bytes)?, take(bob, &bob_bytes)?))
}

/// A sifted key as the record of a single-photon link: an entry in every slot, all in the key basis.
///
/// # Panics
/// If the key has 2^32 bits or more; such a key makes several batches.
pub fn as_batch(first_slot: u64, key: Bits) -> RawBatch {
    let len = key.len();
    RawBatch {
        first_slot,
        slots: u32::try_from(len).expect("a batch has fewer than 2^32 slots"),
        entries: Entries::Every,
        basis: Bits::zeros(len),
        bit: key,
        intensity: [Bits::zeros(len), Bits::zeros(len)],
        double_click: Bits::zeros(len),
    }
}

fn read(file: &Path) -> Result<Zeroizing<Vec<u8>>, SiftedError> {
    fs::read(file).map(Zeroizing::new).map_err(|source| SiftedError::Io { file: file.to_owned(), source })
}
