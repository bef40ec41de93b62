//! Polynomial hashes.

use std::sync::Arc;

use qkdpp_device::layout::polyhash::Part;
use qkdpp_device::layout::{Layout, Resident, Status};
use qkdpp_device::sim::model::Kernel;
use qkdpp_device::sim::model::polyhash::PolyHash as Model;
use qkdpp_kernels::polyhash::PolyHash;
use qkdpp_kernels::{Bits, Job, Output};

use super::{Random, answers, capabilities, check, joined};

fn job(random: &mut Random, len: usize, segment: usize) -> PolyHash {
    let key = u128::from(random.word()) << 64 | u128::from(random.word());
    PolyHash::new(key, random.bits(len), segment).expect("a segment above 0")
}

#[test]
fn the_model_gives_the_reference() {
    let mut random = Random(1);
    for len in [0, 1, 64, 127, 128, 129, 255, 256, 257, 512, 513, 1000, 70_000] {
        for segment in [1, 100, 128, 129, 256, 300, 20_000, usize::MAX] {
            if len / segment < 2000 {
                let job = job(&mut random, len, segment);
                check::<Part>(job, (Job::PolyHash, Output::PolyHash), &capabilities(), &mut Model);
            }
        }
    }
}

#[test]
fn nothing_to_hash_is_no_submission() {
    let job = PolyHash::new(5, Arc::default(), 10).expect("a segment above 0");
    assert!(Part::cut(&job, &capabilities(), &mut Resident::default()).expect("a job").is_empty());
}

#[test]
fn segments_longer_than_a_submission_are_refused() {
    let bits = Arc::new(Bits::zeros(1 << 32));
    let whole = PolyHash::new(5, Arc::clone(&bits), usize::MAX).expect("a segment above 0");
    assert!(Part::cut(&whole, &capabilities(), &mut Resident::default()).is_err());
    // Segments of a bit take a beat each: more than one submission's length can say.
    let bitwise = PolyHash::new(5, Arc::new(Bits::zeros(1 << 28)), 1).expect("a segment above 0");
    let parts = Part::cut(&bitwise, &capabilities(), &mut Resident::default()).expect("a job");
    assert_eq!(parts.len(), 3);
    let beats: Vec<_> = parts.iter().map(|part| part.shape(&bitwise).input_beats).collect();
    assert_eq!(beats, [(1 << 27) - 1, (1 << 27) - 1, 5]);
    assert!(parts.iter().all(|part| part.shape(&bitwise).input_beats * 32 < 1 << 32));
}

#[test]
fn a_hash_too_many_or_too_few_is_noticed() {
    let job = job(&mut Random(2), 1000, 400);
    let good = answers::<Part>(&job, &capabilities(), &mut Model);
    assert!(joined(&job, &good).is_ok());
    let mut more = good.clone();
    more[0].beats[1][2] = 1;
    let mut fewer = good.clone();
    fewer[0].beats.pop();
    let mut results = good;
    results[0].results = [1, 0];
    for wrong in [more, fewer, results] {
        assert!(joined(&job, &wrong).is_err());
    }
}

#[test]
fn malformed_submissions_get_their_status() {
    let status = |parameters: [u32; 4], beats: usize| {
        let [p0, p1, p2, p3] = parameters;
        let mut output = Vec::new();
        Model.run(&[p0, p1, p2, p3, 0, 0, 0, 0], &vec![[7; 4]; beats], &mut output).status
    };
    assert_eq!(status([3, 300, 10, 0], 6), Status::Ok);
    for (parameters, beats) in [
        ([0, 300, 10, 0], 6),
        ([(1 << 31) + 1, 300, 10, 0], 6),
        ([3, 300, 0, 0], 6),
        ([3, 300, 301, 0], 6),
        ([3, 0, 0, 0], 6),
        ([3, 300, 10, 1], 6),
    ] {
        assert_eq!(status(parameters, beats), Status::BadParameter, "{parameters:?}");
    }
    for (parameters, beats) in [
        ([3, 300, 10, 0], 5),
        ([3, 300, 10, 0], 7),
        ([3, 300, 10, 0], 1),
        ([1 << 31, u32::MAX, u32::MAX, 0], 6),
    ] {
        assert_eq!(status(parameters, beats), Status::BadLength, "{parameters:?} with {beats} beats");
    }
}
