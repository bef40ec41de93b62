//! Sifting.

use std::sync::Arc;

use qkdpp_device::layout::sift::Part;
use qkdpp_device::layout::{Capabilities, Layout, Resident, Status};
use qkdpp_device::sim::model::Kernel;
use qkdpp_device::sim::model::sift::Sift as Model;
use qkdpp_kernels::sift::Sift;
use qkdpp_kernels::{Bits, Job, Output};

use super::{Random, answers, capabilities, check, joined};

fn job(random: &mut Random, slots: usize, planes: usize, halvings: usize) -> Sift {
    let words = (0..slots.div_ceil(64)).map(|_| (0..halvings).fold(u64::MAX, |word, _| word & random.word()));
    let mask = Bits::from_words(words.collect(), slots);
    Sift::new(Arc::new(mask), (0..planes).map(|_| random.bits(slots)).collect())
        .expect("planes of one length")
}

#[test]
fn the_model_gives_the_reference() {
    let mut random = Random(1);
    for slots in [0, 1, 63, 64, 65, 255, 256, 257, 511, 512, 513, 1000, 40_000] {
        for planes in [1, 2, 3, 4, 5, 9] {
            for halvings in [0, 1, 3, 9] {
                let job = job(&mut random, slots, planes, halvings);
                check::<Part>(job, (Job::Sift, Output::Sift), &capabilities(), &mut Model { planes: 4 });
            }
        }
    }
}

#[test]
fn planes_are_cut_to_what_the_device_takes() {
    let mut random = Random(2);
    let job = job(&mut random, 700, 7, 1);
    for (sift_planes, parts) in [(1, 7), (2, 4), (4, 2), (7, 1), (16, 1)] {
        let capabilities = Capabilities { sift_planes, ..capabilities() };
        let cut = Part::cut(&job, &capabilities, &mut Resident::default()).expect("a job");
        assert_eq!(cut.len(), parts, "planes of the device: {sift_planes}");
    }
    let none = Capabilities { sift_planes: 0, ..capabilities() };
    assert!(Part::cut(&job, &none, &mut Resident::default()).is_err());
}

#[test]
fn no_slots_are_no_submission() {
    let job = Sift::new(Arc::default(), vec![Arc::default()]).expect("planes of one length");
    assert!(Part::cut(&job, &capabilities(), &mut Resident::default()).expect("a job").is_empty());
}

#[test]
fn an_output_that_contradicts_the_mask_or_itself_is_noticed() {
    let job = job(&mut Random(3), 1000, 3, 1);
    let good = answers::<Part>(&job, &capabilities(), &mut Model { planes: 4 });
    assert!(joined(&job, &good).is_ok());
    let last = good[0].beats.len() - 1;
    for (what, spoil) in [
        ("r0", (|answer| answer.results[0] += 1) as fn(&mut super::Answer<Part>)),
        ("r1", |answer| answer.results[1] = 1),
        ("a flipped slot", |answer| answer.beats[1][2] ^= 4),
        ("a beat less", |answer| answer.beats.truncate(answer.beats.len() - 1)),
        ("a bit behind the end", |answer| {
            let last = answer.beats.len() - 2;
            answer.beats[last][3] ^= 1 << 63;
        }),
    ] {
        let mut wrong = good.clone();
        spoil(&mut wrong[0]);
        assert!(joined(&job, &wrong).is_err(), "{what} was not noticed");
    }
    for counter in 0..8 {
        let mut wrong = good.clone();
        wrong[0].beats[last][counter / 2] ^= 1 << (32 * (counter % 2));
        assert!(joined(&job, &wrong).is_err(), "counter {counter} was not noticed");
    }
}

#[test]
fn malformed_submissions_get_their_status() {
    let run = |parameters: [u32; 3], beats: usize| {
        let [p0, p1, p2] = parameters;
        let mut output = Vec::new();
        let finished =
            Model { planes: 4 }.run(&[p0, p1, p2, 0, 0, 0, 0, 0], &vec![[7; 4]; beats], &mut output);
        (finished.status, output.len())
    };
    assert_eq!(run([300, 2, 0], 6), (Status::Ok, 3));
    for parameters in [[0, 2, 0], [(1 << 31) + 1, 2, 0], [300, 0, 0], [300, 5, 0], [300, 2, 1]] {
        assert_eq!(run(parameters, 6), (Status::BadParameter, 0), "{parameters:?}");
    }
    for (parameters, beats) in
        [([300, 2, 0], 5), ([300, 2, 0], 7), ([300, 2, 0], 1), ([1 << 31, 4, 0], 6), ([512, 3, 0], 6)]
    {
        assert_eq!(run(parameters, beats).0, Status::BadLength, "{parameters:?} with {beats} beats");
    }
}
