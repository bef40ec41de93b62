//! Every kernel's layout and model together: a job is cut, encoded, run by the model and decoded, and its output must be
//! the reference's.

mod parities;
mod polyhash;
mod sift;

use qkdpp_device::layout::{Capabilities, Layout, Resident, Sink, Source, Status, Wrong};
use qkdpp_device::sim::model::Kernel;
use qkdpp_kernels::{Job, Level, Output};

type Beat = [u64; 4];

/// A device of ordinary size.
fn capabilities() -> Capabilities {
    Capabilities {
        kernels: 0b11_1111,
        sift_planes: 4,
        parities_bits: 1 << 14,
        ldpc_lanes: 256,
        ldpc_edges_per_cycle: 1,
        ldpc_columns: 512,
        ldpc_entries: 4096,
        ldpc_rows: 256,
        toeplitz_tile: 512,
        toeplitz_seed_blocks: 4096,
        toeplitz_out_blocks: 2048,
    }
}

#[derive(Default)]
struct Beats(Vec<Beat>);

impl Sink for Beats {
    fn put(&mut self, words: &[u64]) {
        assert!(!words.is_empty(), "an empty write");
        let (beats, rest) = words.as_chunks();
        assert!(rest.is_empty(), "a part of a beat");
        self.0.extend_from_slice(beats);
    }
}

struct Output256<'a>(&'a [Beat]);

impl Source for Output256<'_> {
    fn take(&mut self, words: &mut [u64]) -> Result<(), Wrong> {
        for beat in words.chunks_exact_mut(4) {
            let (first, others) = self.0.split_first().ok_or_else(|| Wrong("too few beats".to_owned()))?;
            beat.copy_from_slice(first);
            self.0 = others;
        }
        Ok(())
    }
}

/// What the device answers to one part.
#[derive(Clone)]
struct Answer<L> {
    part: L,
    results: [u32; 2],
    beats: Vec<Beat>,
}

/// The answers of the model to all parts of `job`.
fn answers<L: Layout>(job: &L::Job, capabilities: &Capabilities, model: &mut dyn Kernel) -> Vec<Answer<L>> {
    let parts = L::cut(job, capabilities, &mut Resident::default()).expect("a job the device can do");
    let answer = |part: L| {
        let shape = part.shape(job);
        let mut input = Beats::default();
        part.encode(job, &mut input);
        assert_eq!(input.0.len(), shape.input_beats, "beats of input");
        let mut beats = Vec::new();
        let finished = model.run(&shape.parameters, &input.0, &mut beats);
        assert_eq!(finished.status, Status::Ok);
        assert!(beats.len() <= shape.output_beats, "{} beats of output", beats.len());
        Answer { part, results: finished.results, beats }
    };
    parts.into_iter().map(answer).collect()
}

/// Joins `answers`, the last one first.
fn joined<L: Layout>(job: &L::Job, answers: &[Answer<L>]) -> Result<L::Output, Wrong> {
    let mut output = L::blank(job);
    for answer in answers.iter().rev() {
        let mut source = Output256(&answer.beats);
        answer.part.decode(job, answer.results, &mut source, &mut output)?;
        assert!(source.0.is_empty(), "beats that nobody took");
    }
    Ok(output)
}

/// Makes a job and an output of one kernel a [`Job`] and an [`Output`].
type Wrap<L> = (fn(<L as Layout>::Job) -> Job, fn(<L as Layout>::Output) -> Output);

/// Checks one job against the reference.
fn check<L: Layout>(job: L::Job, wrap: Wrap<L>, capabilities: &Capabilities, model: &mut dyn Kernel) {
    let output =
        joined::<L>(&job, &answers(&job, capabilities, model)).expect("an answer that holds together");
    let job = wrap.0(job);
    assert!(wrap.1(output) == Level::Reference.run(&job), "{job:?} differs from the reference");
}

/// Reproducible words.
struct Random(u64);

impl Random {
    fn word(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ word >> 31
    }

    fn bits(&mut self, len: usize) -> qkdpp_kernels::Shared {
        let words = (0..len.div_ceil(64)).map(|_| self.word()).collect();
        std::sync::Arc::new(qkdpp_kernels::Bits::from_words(words, len))
    }
}
