//! Cut, encoded, computed by the model, decoded and compared with the definition.

use std::sync::Arc;

use qkdpp_kernels::{Job, Level, Output};

use super::*;
use crate::layout::Status;
use crate::sim::model::Kernel as _;
use crate::sim::model::toeplitz::Toeplitz as Model;

/// Beats in memory.
#[derive(Default)]
struct Beats(Vec<[u64; 4]>);

impl Sink for Beats {
    fn put(&mut self, words: &[u64]) {
        let (beats, rest) = words.as_chunks::<4>();
        assert!(rest.is_empty() && !beats.is_empty(), "whole beats");
        self.0.extend(beats);
    }
}

/// Beats that are taken from the front.
struct Rest<'a>(&'a [[u64; 4]]);

impl Source for Rest<'_> {
    fn take(&mut self, words: &mut [u64]) -> Result<(), Wrong> {
        let beats = words.len() / 4;
        let (taken, rest) = self.0.split_at_checked(beats).ok_or_else(|| Wrong("too few".to_owned()))?;
        self.0 = rest;
        words.copy_from_slice(taken.as_flattened());
        Ok(())
    }
}

fn random(len: usize, state: &mut u64) -> Arc<Bits> {
    let words = (0..words_for(len)).map(|_| {
        *state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        *state ^ *state >> 29
    });
    Arc::new(Bits::from_words(words.collect(), len))
}

fn job(family: Family, len: usize, out_len: usize) -> Toeplitz {
    let mut state = (len * 7919 + out_len) as u64;
    let seed = random(family.seed_len(len, out_len), &mut state);
    Toeplitz::new(family, random(len, &mut state), seed, out_len).expect("shape")
}

fn capabilities(tile: usize, seed_blocks: usize, out_blocks: usize) -> Capabilities {
    Capabilities {
        kernels: 1 << Kernel::Toeplitz as u32,
        sift_planes: 0,
        parities_bits: 0,
        ldpc_lanes: 0,
        ldpc_edges_per_cycle: 0,
        ldpc_columns: 0,
        ldpc_entries: 0,
        ldpc_rows: 0,
        toeplitz_tile: tile,
        toeplitz_seed_blocks: seed_blocks,
        toeplitz_out_blocks: out_blocks,
    }
}

fn cut(job: &Toeplitz, capabilities: &Capabilities) -> Vec<Part> {
    Part::cut(job, capabilities, &mut Resident::default()).expect("supported")
}

/// The output by way of the model, the parts in reverse order if `backwards`; and the number of parts.
fn compute(job: &Toeplitz, capabilities: &Capabilities, backwards: bool) -> (Bits, usize) {
    let mut model = Model {
        tile: capabilities.toeplitz_tile,
        seed_blocks: capabilities.toeplitz_seed_blocks,
        out_blocks: capabilities.toeplitz_out_blocks,
    };
    let mut parts = cut(job, capabilities);
    if backwards {
        parts.reverse();
    }
    let mut sum = Part::blank(job);
    for part in &parts {
        let shape = part.shape(job);
        let mut input = Beats::default();
        part.encode(job, &mut input);
        assert_eq!(input.0.len(), shape.input_beats, "{part:?}");
        let mut output = Vec::new();
        let finished = model.run(&shape.parameters, &input.0, &mut output);
        assert_eq!((finished.status, output.len()), (Status::Ok, shape.output_beats), "{part:?}");
        let mut rest = Rest(&output);
        part.decode(job, finished.results, &mut rest, &mut sum).expect("a right output");
        assert!(rest.0.is_empty(), "{part:?}");
    }
    (sum, parts.len())
}

fn reference(job: &Toeplitz) -> Bits {
    match Level::Reference.run(&Job::Toeplitz(job.clone())) {
        Output::Toeplitz(bits) => bits,
        _ => unreachable!("the job is a Toeplitz hash"),
    }
}

#[test]
fn agrees_with_the_definition_at_the_edges() {
    let small = [
        capabilities(128, 4, 2),
        capabilities(128, 64, 16),
        capabilities(256, 5, 1),
        capabilities(512, 9, 4),
    ];
    for len in [1, 2, 63, 64, 65, 127, 128, 129, 255, 257, 511, 512, 513, 1537, 4097] {
        for out_len in [1, 1 + len / 3, len / 2 + 1, (len - 1).max(1), len] {
            for family in [Family::Toeplitz, Family::Modified] {
                let job = job(family, len, out_len);
                let expected = reference(&job);
                for capabilities in &small {
                    let (bits, parts) = compute(&job, capabilities, out_len % 2 == 0);
                    assert!(
                        bits == expected,
                        "{family:?}, {len} to {out_len}, {parts} parts, {capabilities:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn agrees_with_the_definition_on_lopsided_jobs() {
    for (len, out_len) in [(20_000, 300), (300_000, 64), (12_289, 12_289)] {
        for family in [Family::Toeplitz, Family::Modified] {
            let job = job(family, len, out_len);
            let (bits, _) = compute(&job, &capabilities(512, 40, 10), true);
            assert!(bits == reference(&job), "{family:?}, {len} to {out_len}");
        }
    }
}

#[test]
fn parts_are_few_and_within_the_capabilities() {
    let whole = cut(&job(Family::Toeplitz, 1 << 20, 1 << 19), &capabilities(512, 4096, 1024));
    assert_eq!(whole.len(), 1);
    assert_eq!(
        whole[0].shape(&job(Family::Toeplitz, 1 << 20, 1 << 19)).parameters[..4],
        [2048, 1024, 0, 1 << 19]
    );
    for (len, out_len, seed_blocks, out_blocks) in
        [(4097, 4097, 2, 1), (4097, 1000, 3, 9), (30_000, 30_000, 64, 17), (100_000, 129, 16, 16)]
    {
        let job = job(Family::Modified, len, out_len.min(len - 1));
        let capabilities = capabilities(128, seed_blocks, out_blocks);
        let parts = cut(&job, &capabilities);
        let covered: usize = parts.iter().map(|part| part.key_len * part.out_len).sum();
        assert_eq!(covered, (len - job.out_len()) * job.out_len());
        for part in &parts {
            assert!(part.out_blocks() <= out_blocks && part.key_blocks() + part.out_blocks() <= seed_blocks);
            assert!(part.key_start % 128 == 0 && part.out_start % 128 == 0);
        }
        let addends = parts.iter().filter(|part| part.shape(&job).parameters[2] == 1);
        assert_eq!(addends.map(|part| part.out_len).sum::<usize>(), job.out_len());
    }
}

#[test]
fn the_identity_needs_no_device() {
    let job = job(Family::Modified, 1000, 1000);
    let (bits, parts) = compute(&job, &capabilities(128, 4, 2), false);
    assert!(bits == **job.key() && parts == 0);
}

#[test]
fn devices_without_room_are_refused() {
    let job = job(Family::Toeplitz, 1000, 1000);
    for (tile, seed_blocks, out_blocks) in [(0, 8, 8), (64, 8, 8), (384, 8, 8), (128, 1, 8), (128, 8, 0)] {
        let capabilities = capabilities(tile, seed_blocks, out_blocks);
        assert!(Part::cut(&job, &capabilities, &mut Resident::default()).is_err(), "{capabilities:?}");
    }
}

#[test]
fn impossible_outputs_are_refused() {
    let job = job(Family::Toeplitz, 700, 200);
    let part = cut(&job, &capabilities(128, 16, 4))[0];
    let mut into = Part::blank(&job);
    let zeros = [[0; 4]; 2];
    assert!(part.decode(&job, [0; 2], &mut Rest(&zeros), &mut into).is_ok());
    assert!(part.decode(&job, [0, 1], &mut Rest(&zeros), &mut into).is_err(), "results");
    assert!(part.decode(&job, [0; 2], &mut Rest(&zeros[1..]), &mut into).is_err(), "too few beats");
    for (word, bit) in [(2, 0), (3, 63), (5, 8), (5, 63), (6, 1)] {
        let mut beats = zeros;
        beats[word / 4][word % 4] |= 1 << bit;
        assert!(part.decode(&job, [0; 2], &mut Rest(&beats), &mut into).is_err(), "bit {bit} of word {word}");
    }
    assert!(into == Part::blank(&job), "a refused output leaves no trace");
}
