//! How LDPC jobs lie in device memory: DEVICE.md §6.3 and hdl/rtl/ldpc/TABLES.md.
//!
//! ```text
//! load:      header · gather table · scatter table · check table
//! syndrome:  columns of frame 0 · frame 1 · …      ─▶  rows of frame 0 · frame 1 · …
//! decode:    rows of the target · columns (· known) ─▶  columns
//! ```
//! A code is compiled to tables once; they are sent when the device holds another code.

mod order;
mod places;
mod split;
mod tables;
#[cfg(test)]
mod tests;
mod words;

use std::sync::Arc;

use qkdpp_kernels::Bits;
use qkdpp_kernels::ldpc::{Code, Decoded, LdpcDecode, Syndrome, stall};
use zeroize::Zeroizing;

pub use self::tables::Tables;
use self::words::{Words, beats};
use super::{Capabilities, Kernel, Layout, Resident, Shape, Sink, Source, Unsupported, Wrong};

/// The operations, p0.
const LOAD: u32 = 0;
const SYNDROME: u32 = 1;
const DECODE: u32 = 2;

/// Frames of one syndrome submission: some megabytes.
const MOST_FRAMES: usize = 256;

/// A part of a list of syndromes.
#[derive(Clone, Debug)]
pub enum SyndromePart {
    /// The code.
    Load(Arc<Tables>),
    /// Frames of the list.
    Run {
        /// The code.
        tables: Arc<Tables>,
        /// Number of the first frame.
        first: usize,
        /// How many.
        frames: usize,
    },
}

/// A part of a decoding.
#[derive(Clone, Debug)]
pub enum DecodePart {
    /// The code.
    Load(Arc<Tables>),
    /// The decoding itself.
    Run(Arc<Tables>),
}

/// The tables of `code`, and whether the device has to be told of them.
fn prepare(
    code: &Code,
    capabilities: &Capabilities,
    resident: &Resident,
) -> Result<(Arc<Tables>, bool), Unsupported> {
    let tables = Tables::of(code, capabilities)?;
    let held = resident.code.as_deref().is_some_and(|held| std::ptr::eq(held, code) || held == code);
    Ok((tables, !held))
}

fn shape(parameters: &[u32], input_beats: usize, output_beats: usize) -> Shape {
    let mut all = [0; 8];
    all[..parameters.len()].copy_from_slice(parameters);
    Shape { kernel: Kernel::Ldpc, parameters: all, input_beats, output_beats }
}

fn load_shape(tables: &Tables) -> Shape {
    shape(&[LOAD], tables.load_beats(), 0)
}

fn expect_results(results: [u32; 2]) -> Result<(), Wrong> {
    if results == [0; 2] { Ok(()) } else { Err(Wrong(format!("results {results:?} of a job that has none"))) }
}

impl Layout for SyndromePart {
    type Job = Syndrome;
    type Output = Bits;

    fn cut(
        job: &Syndrome,
        capabilities: &Capabilities,
        resident: &mut Resident,
    ) -> Result<Vec<Self>, Unsupported> {
        let all = job.frames().len() / job.code().variables();
        if all == 0 {
            return Ok(Vec::new());
        }
        let (tables, load) = prepare(job.code(), capabilities, resident)?;
        let mut parts = Vec::new();
        if load {
            resident.code = Some(Arc::new(job.code().clone()));
            parts.push(Self::Load(Arc::clone(&tables)));
        }
        parts.extend((0..all).step_by(MOST_FRAMES).map(|first| {
            let frames = MOST_FRAMES.min(all - first);
            Self::Run { tables: Arc::clone(&tables), first, frames }
        }));
        Ok(parts)
    }

    fn shape(&self, _job: &Syndrome) -> Shape {
        match self {
            Self::Load(tables) => load_shape(tables),
            Self::Run { tables, frames, .. } => shape(
                &[SYNDROME, *frames as u32],
                frames * beats(tables.lanes, tables.words),
                frames * beats(tables.lanes, tables.rows.len()),
            ),
        }
    }

    fn encode(&self, job: &Syndrome, to: &mut dyn Sink) {
        match self {
            Self::Load(tables) => to.put(&tables.load()),
            Self::Run { tables, first, frames } => {
                for frame in *first..first + frames {
                    let mut words = Words::new(tables.lanes, tables.words);
                    let start = frame * job.code().variables();
                    tables.put_frame(job.frames(), start, &mut words, |word| word);
                    to.put(words.as_slice());
                }
            }
        }
    }

    fn blank(job: &Syndrome) -> Bits {
        Bits::zeros(job.frames().len() / job.code().variables() * job.code().checks())
    }

    fn decode(
        &self,
        job: &Syndrome,
        results: [u32; 2],
        from: &mut dyn Source,
        into: &mut Bits,
    ) -> Result<(), Wrong> {
        expect_results(results)?;
        let Self::Run { tables, first, frames } = self else { return Ok(()) };
        let mut bits = Zeroizing::new(into.words().to_vec());
        let mut good = true;
        for frame in *first..first + frames {
            let mut words = Words::new(tables.lanes, tables.rows.len());
            from.take(words.as_mut_slice())?;
            good &= tables.take_syndrome(&words, &mut bits, frame * job.code().checks());
        }
        *into = Bits::from_words(std::mem::take(&mut *bits), into.len());
        if good { Ok(()) } else { Err(Wrong("lanes of a syndrome that must agree do not".to_owned())) }
    }
}

impl Layout for DecodePart {
    type Job = LdpcDecode;
    type Output = Decoded;

    fn cut(
        job: &LdpcDecode,
        capabilities: &Capabilities,
        resident: &mut Resident,
    ) -> Result<Vec<Self>, Unsupported> {
        let (tables, load) = prepare(job.code(), capabilities, resident)?;
        // The very code of the job, so that the next comparison is one of addresses.
        resident.code = Some(Arc::clone(job.code()));
        let load = load.then(|| Self::Load(Arc::clone(&tables)));
        Ok(load.into_iter().chain([Self::Run(tables)]).collect())
    }

    fn shape(&self, job: &LdpcDecode) -> Shape {
        match self {
            Self::Load(tables) => load_shape(tables),
            Self::Run(tables) => {
                let known = usize::from(job.known().is_some());
                let parameters = [DECODE, job.max_iterations(), job.channel().into(), known as u32];
                let target = beats(tables.lanes, tables.rows.len());
                let columns = beats(tables.lanes, (1 + known) * tables.words);
                shape(&parameters, target + columns, beats(tables.lanes, tables.words))
            }
        }
    }

    fn encode(&self, job: &LdpcDecode, to: &mut dyn Sink) {
        let tables = match self {
            Self::Load(tables) => return to.put(&tables.load()),
            Self::Run(tables) => tables,
        };
        let mut target = Words::new(tables.lanes, tables.rows.len());
        tables.put_syndrome(job.syndrome(), &mut target);
        to.put(target.as_slice());
        if let Some(known) = job.known() {
            // Groups of columns and of their masks take turns.
            let place = |word: usize, mask: usize| {
                (word / tables.group * 2 + mask) * tables.group + word % tables.group
            };
            let mut columns = Words::new(tables.lanes, 2 * tables.words);
            tables.put_frame(job.word(), 0, &mut columns, |word| place(word, 0));
            tables.put_frame(known, 0, &mut columns, |word| place(word, 1));
            to.put(columns.as_slice());
        } else {
            let mut columns = Words::new(tables.lanes, tables.words);
            tables.put_frame(job.word(), 0, &mut columns, |word| word);
            to.put(columns.as_slice());
        }
    }

    fn blank(job: &LdpcDecode) -> Decoded {
        Decoded { word: Bits::zeros(job.code().variables()), iterations: 0, converged: false }
    }

    /// The syndrome of a converged word is not computed again: that would cost the host about as much as all the rest, and
    /// whoever needs a right word compares hashes anyway.
    fn decode(
        &self,
        job: &LdpcDecode,
        results: [u32; 2],
        from: &mut dyn Source,
        into: &mut Decoded,
    ) -> Result<(), Wrong> {
        let Self::Run(tables) = self else { return expect_results(results) };
        let [iterations, converged] = results;
        if iterations > job.max_iterations() || converged > 1 {
            return Err(Wrong(format!("{iterations} iterations, converged {converged}")));
        }
        if converged == 0 && iterations < job.max_iterations().min(stall::EARLIEST) {
            return Err(Wrong(format!("given up after {iterations} of {} iterations", job.max_iterations())));
        }
        let mut words = Words::new(tables.lanes, tables.words);
        from.take(words.as_mut_slice())?;
        let mut bits = vec![0; job.code().variables().div_ceil(64)];
        let good = tables.take_frame(&words, &mut bits);
        into.word = Bits::from_words(bits, job.code().variables());
        into.iterations = iterations;
        into.converged = converged == 1;
        if good { Ok(()) } else { Err(Wrong("lanes of a word that must agree do not".to_owned())) }
    }
}
