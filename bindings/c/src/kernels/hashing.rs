//! Hashing: tags of verification, and privacy amplification.

use std::mem::MaybeUninit;
use std::sync::Arc;

use qkdpp_kernels::polyhash::PolyHash;
use qkdpp_kernels::toeplitz::{Family, Toeplitz};
use qkdpp_kernels::{Bits as Owned, Job, Output, ShapeError};

use super::{Backend, mixed_up};
use crate::boundary::{Bits, Bytes, MutBits, call, required};
use crate::error::{Error, Status};

/// qkdpp_amplify: a Toeplitz matrix, with a seed of n + l - 1 bits for n bits in and l out.
pub const QKDPP_TOEPLITZ: u32 = 0;
/// qkdpp_amplify: a modified Toeplitz matrix (T | I), with a seed of n - 1 bits. Profiles have it unless they say otherwise.
pub const QKDPP_MODIFIED_TOEPLITZ: u32 = 1;

/// Polynomial hashes over GF(2^128) of the segments of a message (SPEC.md §6): segment_bits bits each, the last may be
/// shorter. key: 16 bytes, least significant first; uniform, secret, never used before. hashes: 128 bits for each segment,
/// least significant first. Threads: one at a time for each backend, else QKDPP_STATUS_BUSY.
#[unsafe(no_mangle)]
pub extern "C" fn qkdpp_hash(
    backend: Option<&Backend>,
    key: Bytes<'_>,
    message: Bits<'_>,
    segment_bits: usize,
    hashes: MutBits<'_>,
) -> Status {
    call(|| {
        let key = key.get("key.data")?;
        let length = |_| Error::argument(format!("the key has {} bytes, 16 are needed", key.len()));
        let key = u128::from_le_bytes(key.try_into().map_err(length)?);
        let job = PolyHash::new(key, Arc::new(message.get("message.data")?), segment_bits)?;
        hashes.check("hashes", job.segments().saturating_mul(128))?;
        match Backend::run(backend, Job::PolyHash(job))? {
            Output::PolyHash(values) => {
                let words = values.iter().flat_map(|hash| [*hash as u64, (*hash >> 64) as u64]).collect();
                hashes.put("hashes", &Owned::from_words(words, 128 * values.len()))
            }
            other => Err(mixed_up(other)),
        }
    })
}

/// Bits of the seed that qkdpp_amplify needs for key_bits bits in and out_bits out. Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn qkdpp_amplify_seed_bits(
    family: u32,
    key_bits: usize,
    out_bits: usize,
    seed_bits: Option<&mut MaybeUninit<usize>>,
) -> Status {
    call(|| {
        let seed_bits = required("seed_bits", seed_bits)?;
        let family = self::family(family)?;
        range("key_bits", key_bits, MAX_BITS)?;
        range("out_bits", out_bits, key_bits)?;
        seed_bits.write(family.seed_len(key_bits, out_bits));
        Ok(())
    })
}

/// Privacy amplification (SPEC.md §7): hashes key to as many bits as secret has, at most as many as the key. family:
/// QKDPP_TOEPLITZ or QKDPP_MODIFIED_TOEPLITZ. seed: qkdpp_amplify_seed_bits bits, index 0 first; uniform, public, never used
/// before, and told to nobody before the key is fixed. Threads: one at a time for each backend, else QKDPP_STATUS_BUSY.
#[unsafe(no_mangle)]
pub extern "C" fn qkdpp_amplify(
    backend: Option<&Backend>,
    family: u32,
    key: Bits<'_>,
    seed: Bits<'_>,
    secret: MutBits<'_>,
) -> Status {
    call(|| {
        let family = self::family(family)?;
        let key = key.get("key.data")?;
        range("key.bits", key.len(), MAX_BITS)?;
        let out_bits = secret.len();
        secret.check("secret", out_bits)?;
        let job = Toeplitz::new(family, Arc::new(key), Arc::new(seed.get("seed.data")?), out_bits)?;
        match Backend::run(backend, Job::Toeplitz(job))? {
            Output::Toeplitz(bits) => secret.put("secret", &bits),
            other => Err(mixed_up(other)),
        }
    })
}

/// Lengths in bits and sums of two stay far from overflow.
const MAX_BITS: usize = 1 << 40;

fn range(what: &'static str, got: usize, max: usize) -> Result<(), Error> {
    if (1..=max).contains(&got) { Ok(()) } else { Err(ShapeError::Range { what, min: 1, max, got }.into()) }
}

fn family(family: u32) -> Result<Family, Error> {
    match family {
        QKDPP_TOEPLITZ => Ok(Family::Toeplitz),
        QKDPP_MODIFIED_TOEPLITZ => Ok(Family::Modified),
        _ => Err(Error::argument(format!("family is {family}, it must be 0 (Toeplitz) or 1 (modified)"))),
    }
}
