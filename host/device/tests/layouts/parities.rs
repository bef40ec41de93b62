//! Running parities.

use std::sync::Arc;

use qkdpp_device::layout::parities::Part;
use qkdpp_device::layout::{Capabilities, Layout, Resident, Status};
use qkdpp_device::sim::model::Kernel;
use qkdpp_device::sim::model::parities::Parities as Model;
use qkdpp_kernels::parities::{Parities, Permutation};
use qkdpp_kernels::{Bits, Job, Output};

use super::{Answer, Random, answers, capabilities, check, joined};

const MODEL: Model = Model { bits: 1 << 14 };

fn job(random: &mut Random, n: usize, frames: usize) -> Parities {
    let permutation = Permutation::new(&[frames as u8; 32], n).expect("a length in range");
    Parities::new(random.bits(n * frames), Arc::new(permutation)).expect("whole frames")
}

#[test]
fn the_model_gives_the_reference() {
    let mut random = Random(1);
    for n in [1, 2, 15, 16, 17, 63, 64, 65, 127, 128, 129, 1000] {
        for frames in [0, 1, 2, 63, 64, 65, 255, 256, 257, 600] {
            let job = job(&mut random, n, frames);
            check::<Part>(job, (Job::Parities, Output::Parities), &capabilities(), &mut { MODEL });
        }
    }
    for n in [16_383, 16_384] {
        let identity = Arc::new(Permutation::identity(n).expect("a length in range"));
        let job = Parities::new(random.bits(3 * n), identity).expect("whole frames");
        check::<Part>(job, (Job::Parities, Output::Parities), &capabilities(), &mut { MODEL });
    }
}

#[test]
fn many_groups_are_cut() {
    let identity = Arc::new(Permutation::identity(1).expect("a length in range"));
    let frames = Arc::new(Bits::zeros(256 * (1 << 16) + 300));
    let job = Parities::new(frames, identity).expect("whole frames");
    let parts = Part::cut(&job, &capabilities(), &mut Resident::default()).expect("a job");
    let groups: Vec<_> = parts.iter().map(|part| part.shape(&job).parameters[1]).collect();
    assert_eq!(groups, [1 << 16, 2]);
    check::<Part>(job, (Job::Parities, Output::Parities), &capabilities(), &mut { MODEL });
}

#[test]
fn frames_too_long_for_the_device_are_refused() {
    let job = job(&mut Random(2), 257, 2);
    for (parities_bits, fits) in [(256, false), (257, true)] {
        let capabilities = Capabilities { parities_bits, ..capabilities() };
        assert_eq!(Part::cut(&job, &capabilities, &mut Resident::default()).is_ok(), fits);
    }
}

#[test]
fn no_frames_are_no_submission() {
    let job = job(&mut Random(3), 10, 0);
    assert!(Part::cut(&job, &capabilities(), &mut Resident::default()).expect("a job").is_empty());
}

#[test]
fn parities_that_do_not_add_up_are_noticed() {
    let job = job(&mut Random(4), 100, 300);
    let good = answers::<Part>(&job, &capabilities(), &mut { MODEL });
    assert!(joined(&job, &good).is_ok());
    for (what, spoil) in [
        ("a result", (|answer| answer.results[0] = 1) as fn(&mut Answer<Part>)),
        ("a beat less", |answer| answer.beats.truncate(answer.beats.len() - 1)),
        ("a wrong total", |answer| answer.beats[99][2] ^= 4),
        ("a frame too many", |answer| answer.beats[130][3] ^= 1),
    ] {
        let mut wrong = good.clone();
        spoil(&mut wrong[0]);
        assert!(joined(&job, &wrong).is_err(), "{what} was not noticed");
    }
}

#[test]
fn malformed_submissions_get_their_status() {
    // The permutation 2, 0, 1 and another number behind it.
    let run = |parameters: [u32; 3], first: u64, beats: usize| {
        let [p0, p1, p2] = parameters;
        let mut input = vec![[7; 4]; beats];
        input[0] = [first, 0, 0, 0];
        let mut output = Vec::new();
        let finished = { MODEL }.run(&[p0, p1, p2, 0, 0, 0, 0, 0], &input, &mut output);
        (finished.status, output.len())
    };
    let order = 0x1_0000_0002;
    assert_eq!(run([3, 2, 0], order, 7), (Status::Ok, 6));
    for parameters in [[0, 2, 0], [16_385, 2, 0], [3, 0, 0], [3, (1 << 16) + 1, 0], [3, 2, 1]] {
        assert_eq!(run(parameters, order, 7), (Status::BadParameter, 0), "{parameters:?}");
    }
    for (parameters, beats) in [([3, 2, 0], 6), ([3, 2, 0], 8), ([3, 2, 0], 1), ([16_384, 1, 0], 7)] {
        assert_eq!(run(parameters, order, beats).0, Status::BadLength, "{parameters:?} with {beats} beats");
    }
    for first in [0x1_0000_0003, 0x1_0001_0002, 0x3_0001_0000_0002] {
        assert_eq!(run([3, 2, 0], first, 7).0, Status::BadData, "{first:x}");
    }
}
