//! Jobs through the layout and the model, against the reference.

use std::sync::Arc;

use ndarray::Array2;
use proptest::prelude::*;
use qkdpp_kernels::cpu::Level;
use qkdpp_kernels::ldpc::{family, rule};
use qkdpp_kernels::{Job, Output};

use super::*;
use crate::layout::{BEAT, Status};
use crate::sim::model::Kernel as _;
use crate::sim::model::ldpc::Ldpc;

/// A device with `lanes` lanes and `edges` edges a cycle.
fn capabilities(lanes: usize, edges: usize) -> Capabilities {
    Capabilities {
        kernels: 1 << Kernel::Ldpc as u32,
        sift_planes: 0,
        parities_bits: 0,
        ldpc_lanes: lanes,
        ldpc_edges_per_cycle: edges,
        ldpc_columns: 512,
        ldpc_entries: 4096 / edges,
        ldpc_rows: 512,
        toeplitz_tile: 0,
        toeplitz_seed_blocks: 0,
        toeplitz_out_blocks: 0,
    }
}

#[derive(Default)]
struct Memory(Vec<[u64; 4]>);

impl Sink for Memory {
    fn put(&mut self, words: &[u64]) {
        let (beats, rest) = words.as_chunks();
        assert!(rest.is_empty() && !beats.is_empty(), "whole beats of {BEAT} bytes");
        self.0.extend(beats);
    }
}

impl Source for Memory {
    fn take(&mut self, words: &mut [u64]) -> Result<(), Wrong> {
        for beat in words.chunks_mut(4) {
            if self.0.is_empty() {
                return Err(Wrong("too short".to_owned()));
            }
            beat.copy_from_slice(&self.0.remove(0));
        }
        Ok(())
    }
}

/// A device with what its driver remembers.
struct Device {
    capabilities: Capabilities,
    resident: Resident,
    unit: Ldpc,
    loads: usize,
}

impl Device {
    fn new(lanes: usize, edges: usize) -> Self {
        let capabilities = capabilities(lanes, edges);
        let unit = Ldpc::new(&capabilities);
        Self { capabilities, resident: Resident::default(), unit, loads: 0 }
    }

    fn run<L: Layout>(&mut self, job: &L::Job) -> L::Output {
        let parts = L::cut(job, &self.capabilities, &mut self.resident).expect("a job that fits");
        let mut all = L::blank(job);
        for part in parts {
            let shape = part.shape(job);
            let mut input = Memory::default();
            part.encode(job, &mut input);
            assert_eq!(input.0.len(), shape.input_beats);
            let mut output = Memory::default();
            let finished = self.unit.run(&shape.parameters, &input.0, &mut output.0);
            assert_eq!(finished.status, Status::Ok);
            assert_eq!(output.0.len(), shape.output_beats);
            part.decode(job, finished.results, &mut output, &mut all).expect("a good output");
            assert!(output.0.is_empty());
            self.loads += usize::from(shape.parameters[0] == LOAD);
        }
        all
    }

    fn check(&mut self, job: &Job, level: Level) {
        match (job, level.run(job)) {
            (Job::Syndrome(job), Output::Syndrome(want)) => {
                assert!(self.run::<SyndromePart>(job) == want, "syndromes of {:?}", job.code());
            }
            (Job::LdpcDecode(job), Output::LdpcDecode(want)) => {
                let got = self.run::<DecodePart>(job);
                assert_eq!((got.iterations, got.converged), (want.iterations, want.converged));
                assert!(got.word == want.word, "decoding with {:?}", job.code());
            }
            _ => panic!("a job of another kernel"),
        }
    }
}

/// Random numbers that need no library: splitmix64.
struct Random(u64);

impl Random {
    fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn bits(&mut self, len: usize, share: f64) -> Bits {
        (0..len).map(|_| (self.word() as f64) < share * 2_f64.powi(64)).collect()
    }
}

fn syndrome_of(code: &Arc<Code>, frames: Bits) -> Job {
    Job::Syndrome(Syndrome::new(Arc::clone(code), Arc::new(frames)).expect("whole frames"))
}

fn decoding(code: &Arc<Code>, random: &mut Random, error_rate: f64, with_known: bool, limit: u32) -> Job {
    let sent = random.bits(code.variables(), 0.5);
    let errors = random.bits(code.variables(), error_rate);
    let mut word = sent.clone();
    word.xor_assign(&errors);
    let known = with_known.then(|| {
        let mut known = random.bits(code.variables(), 0.1);
        errors.ones().for_each(|error| known.set(error, false));
        Arc::new(known)
    });
    let Output::Syndrome(target) = Level::Portable.run(&syndrome_of(code, sent)) else {
        panic!("a syndrome");
    };
    let channel = rule::channel_magnitude(error_rate);
    let job = LdpcDecode::new(Arc::clone(code), Arc::new(word), Arc::new(target), known, channel, limit);
    Job::LdpcDecode(job.expect("fitting lengths"))
}

fn random_code(rows: usize, columns: usize, z: usize, random: &mut Random) -> Arc<Code> {
    let mut base = Array2::from_elem((rows, columns), -1);
    for column in 0..columns {
        for _ in 0..4 {
            base[(random.word() as usize % rows, column)] = (random.word() as usize % z) as i32;
        }
    }
    for mut row in base.rows_mut() {
        row[0] = row[0].max(0);
        row[columns - 1] = row[columns - 1].max(1);
    }
    Arc::new(Code::new(base, z).expect("within the limits"))
}

/// Lifting factors from 8 to 256 on devices with fewer and with more lanes; several codes on one device.
#[test]
fn codes_of_all_sizes_agree_with_the_reference() {
    for (lanes, edges) in [(8, 1), (16, 2), (32, 4), (128, 2), (256, 1), (256, 4)] {
        let mut device = Device::new(lanes, edges);
        let mut random = Random(lanes as u64);
        for (rows, columns, z) in
            [(4, 8, 8), (5, 20, 16), (6, 24, 32), (8, 20, 64), (6, 14, 128), (5, 10, 256)]
        {
            let code = random_code(rows, columns, z, &mut random);
            device.check(&syndrome_of(&code, random.bits(3 * code.variables(), 0.5)), Level::Reference);
            device.check(&syndrome_of(&code, Bits::zeros(0)), Level::Reference);
            for (error_rate, with_known, limit) in
                [(0.01, false, 0), (0.01, true, 20), (0.03, false, 20), (0.2, true, 3)]
            {
                let job = decoding(&code, &mut random, error_rate, with_known, limit);
                device.check(&job, Level::Reference);
            }
        }
        assert_eq!(device.loads, 6);
    }
}

#[test]
fn codes_of_the_family_agree_with_the_portable_level() {
    for (bits, index, qber) in [(1 << 14, 3, 0.006), (1 << 14, 12, 0.05), (1 << 16, 5, 0.008)] {
        let code = Arc::clone(&family::ladder(bits)[index].code);
        let mut random = Random(bits as u64);
        let mut device = Device::new(128, 2);
        device.check(&syndrome_of(&code, random.bits(2 * bits, 0.5)), Level::Portable);
        device.check(&decoding(&code, &mut random, qber, true, 30), Level::Portable);
    }
}

/// Every code of the family for frames up to 2^16 bits fits the default device, and an iteration takes little more than its
/// edges need.
#[test]
fn the_family_fits_and_its_tables_hardly_wait() {
    for bits in [1 << 14, 1 << 16] {
        for rung in family::ladder(bits) {
            let edges: usize = rung.code.rows().iter().map(Vec::len).sum();
            for banks in [2, 4] {
                let mut capabilities = capabilities(128, banks);
                capabilities.ldpc_entries = 2048;
                let tables = Tables::of(&rung.code, &capabilities).expect("a code that fits");
                let ideal = edges.div_ceil(banks);
                if rung.max_qber < 0.03 && banks == 2 {
                    assert!(tables.cycles() < ideal * 108 / 100 + 40, "{:?}: {}", rung.code, tables.cycles());
                }
                assert!(tables.cycles() >= ideal);
            }
        }
    }
}

#[test]
fn a_code_is_loaded_when_another_one_is_held() {
    let mut random = Random(3);
    let mut device = Device::new(16, 2);
    let codes = [random_code(4, 9, 16, &mut random), random_code(4, 10, 32, &mut random)];
    let twin = Arc::new((*codes[0]).clone());
    for (code, loads) in [(&codes[0], 1), (&codes[0], 1), (&twin, 1), (&codes[1], 2), (&codes[0], 3)] {
        device.check(&decoding(code, &mut random, 0.02, false, 5), Level::Reference);
        device.check(&syndrome_of(code, random.bits(code.variables(), 0.5)), Level::Reference);
        assert_eq!(device.loads, loads);
    }
}

#[test]
fn codes_without_room_are_unsupported() {
    let mut random = Random(4);
    let code = random_code(8, 40, 64, &mut random);
    let Job::LdpcDecode(job) = decoding(&code, &mut random, 0.02, false, 5) else { panic!("a decoding") };
    let small = |change: fn(&mut Capabilities)| {
        let mut capabilities = capabilities(32, 2);
        change(&mut capabilities);
        let mut resident = Resident::default();
        (DecodePart::cut(&job, &capabilities, &mut resident).is_err(), resident.code.is_none())
    };
    assert_eq!(small(|_| ()), (false, false));
    assert_eq!(small(|room| room.ldpc_columns = 64), (true, true));
    assert_eq!(small(|room| room.ldpc_rows = 15), (true, true));
    assert_eq!(small(|room| room.ldpc_entries = 64), (true, true));
    assert_eq!(small(|room| room.ldpc_edges_per_cycle = 3), (true, true));
}

#[test]
fn outputs_that_cannot_be_right_are_refused() {
    let mut random = Random(5);
    let code = random_code(4, 12, 8, &mut random);
    let Job::LdpcDecode(job) = decoding(&code, &mut random, 0.01, false, 9) else { panic!("a decoding") };
    let parts = DecodePart::cut(&job, &capabilities(16, 1), &mut Resident::default()).expect("it fits");
    let [load, run] = parts.as_slice() else { panic!("a load and a run") };
    let refused = |results, beats: Vec<[u64; 4]>| {
        run.decode(&job, results, &mut Memory(beats), &mut DecodePart::blank(&job)).is_err()
    };
    assert!(!refused([3, 1], vec![[0; 4]]));
    assert!(refused([10, 1], vec![[0; 4]]));
    assert!(refused([3, 0], vec![[0; 4]]));
    assert!(!refused([9, 0], vec![[0; 4]]));
    assert!(refused([9, 2], vec![[0; 4]]));
    assert!(refused([3, 1], vec![]));
    // Lane 8 is to be a copy of lane 0.
    assert!(refused([3, 1], vec![[1 << 8, 0, 0, 0]]));
    assert!(!refused([3, 1], vec![[1 << 8 | 1, 0, 0, 0]]));
    assert!(load.decode(&job, [0, 1], &mut Memory::default(), &mut DecodePart::blank(&job)).is_err());

    // With more iterations to go, a word may stall, but not before the thirteenth.
    let Job::LdpcDecode(patient) = decoding(&code, &mut random, 0.01, false, 40) else {
        panic!("a decoding")
    };
    let gives_up = |iterations| {
        run.decode(&patient, [iterations, 0], &mut Memory(vec![[0; 4]]), &mut DecodePart::blank(&job)).is_ok()
    };
    assert_eq!([12, 13, 40, 41].map(gives_up), [false, true, true, false]);
}

#[test]
fn malformed_jobs_are_refused_by_the_model() {
    let mut random = Random(6);
    let code = random_code(4, 12, 16, &mut random);
    let capabilities = capabilities(16, 2);
    let tables = Tables::of(&code, &capabilities).expect("it fits");
    let good: Vec<[u64; 4]> = tables.load().as_chunks().0.to_vec();
    let mut unit = Ldpc::new(&capabilities);
    let mut status = |parameters: &[u32], input: &[[u64; 4]]| {
        let mut all = [0; 8];
        all[..parameters.len()].copy_from_slice(parameters);
        let mut output = Vec::new();
        let finished = unit.run(&all, input, &mut output);
        assert!(finished.status == Status::Ok || output.is_empty());
        finished.status
    };
    assert_eq!(status(&[DECODE, 3, 20], &[[0; 4]]), Status::BadParameter);
    assert_eq!(status(&[SYNDROME, 1], &[[0; 4]]), Status::BadParameter);
    assert_eq!(status(&[LOAD], &good), Status::Ok);
    assert_eq!(status(&[LOAD, 1], &good), Status::BadParameter);
    assert_eq!(status(&[SYNDROME, 0], &[[0; 4]]), Status::BadParameter);
    assert_eq!(status(&[DECODE, 3, 0], &[[0; 4]]), Status::BadParameter);
    assert_eq!(status(&[DECODE, 3, 128], &[[0; 4]]), Status::BadParameter);
    assert_eq!(status(&[DECODE, 3, 20, 2], &[[0; 4]]), Status::BadParameter);
    assert_eq!(status(&[SYNDROME, 1], &[[0; 4]; 2]), Status::BadLength);
    assert_eq!(status(&[DECODE, 3, 20], &[[0; 4]; 3]), Status::BadLength);
    assert_eq!(status(&[LOAD], &good[..good.len() - 1]), Status::BadLength);
    assert_eq!(status(&[DECODE, 3, 20], &[[0; 4]; 2]), Status::BadParameter, "the code is gone");
    let mut long = good.clone();
    long.push([0; 4]);
    assert_eq!(status(&[LOAD], &long), Status::BadLength);
    for index in 0..64 {
        let mut bad = good.clone();
        // A bit of a header that is out of range, and the last flags and unused bits of entries.
        let (beat, bit) = match index {
            0..8 => (0, 32 * index + 20),
            _ => (1 + (index / 8) % (good.len() - 1), 30),
        };
        bad[beat][bit / 64] ^= 1 << (bit % 64);
        assert_eq!(status(&[LOAD], &bad), Status::BadData, "bit {bit} of beat {beat}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever the tables say, the unit ends.
    #[test]
    fn tables_that_describe_no_code_end(seed in any::<u64>()) {
        let mut random = Random(seed);
        let code = random_code(3, 6, 8, &mut random);
        let mut device = Device::new(8, 2);
        let job = decoding(&code, &mut random, 0.05, false, 3);
        device.check(&job, Level::Reference);
        let mut input: Vec<[u64; 4]> =
            Tables::of(&code, &device.capabilities).expect("it fits").load().as_chunks().0.to_vec();
        let at = 1 + random.word() as usize % (input.len() - 1);
        input[at][random.word() as usize % 4] ^= 1 << (random.word() % 32);
        let mut output = Vec::new();
        if device.unit.run(&[0; 8], &input, &mut output).status == Status::Ok {
            let finished = device.unit.run(&[DECODE, 3, 20, 0, 0, 0, 0, 0], &[[0; 4]; 2], &mut output);
            prop_assert!(matches!(finished.status, Status::Ok | Status::BadData), "{:?}", finished.status);
        }
    }
}
