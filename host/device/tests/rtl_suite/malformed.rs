//! Submissions that no driver would make, on the RTL and on the model: both say the same, and neither touches what the
//! submission does not name.

use std::time::Duration;

use qkdpp_device::entry::{Completion, Submission};
use qkdpp_device::layout::{BEAT, Capabilities, Status};
use qkdpp_device::regs;
use qkdpp_device::sim::faults::Plan;
use qkdpp_device::sim::rtl::Timing;
use qkdpp_device::sim::{Idle, Model};
use qkdpp_device::transport::{Dma, Transport};

use crate::board::Board;
use crate::queue::Queue;
use crate::script::{Entry, Script};

/// Scripts with a seed of their own each.
const SCRIPTS: u64 = 400;

/// Scripts after which a board is thrown away.
const SCRIPTS_ON_A_BOARD: u64 = 8;

/// What a byte is that nobody has written.
const UNTOUCHED: u8 = 0xa5;

/// Bytes before and behind a buffer.
const GUARD: usize = 4096;

const PATIENCE: Duration = Duration::from_secs(2);

/// An entry's memory: its input and output stand in the middle of larger regions.
struct Buffers<D> {
    input: D,
    output: D,
}

/// What became of an entry.
#[derive(Debug)]
struct Outcome {
    completion: Completion,
    output: Vec<u8>,
}

fn place<T: Transport>(queue: &mut Queue<T>, entry: &Entry) -> (Submission, Buffers<T::Dma>) {
    let mut input = queue.alloc(entry.input.len() + 2 * GUARD);
    let mut output = queue.alloc(entry.room + 2 * GUARD);
    input.write(entry.offset, &entry.input);
    output.write(0, &vec![UNTOUCHED; output.len()]);
    let mut submission = Submission {
        kernel: entry.kernel,
        tag: entry.tag,
        input: input.iova() + entry.offset as u64,
        input_bytes: entry.input.len() as u32,
        output_bytes: entry.room as u32,
        output: output.iova() + entry.offset as u64,
        parameters: entry.parameters,
    };
    entry.flaw.apply(&mut submission);
    (submission, Buffers { input, output })
}

/// Submits all entries of a script and waits for as many completions; in the order of the entries.
fn perform<T: Transport>(queue: &mut Queue<T>, script: &Script, name: &str) -> Vec<Outcome> {
    let placed: Vec<_> = script.entries.iter().map(|entry| place(queue, entry)).collect();
    for (submission, _) in &placed {
        queue.push(submission);
    }
    queue.ring();
    let mut completions: Vec<Completion> = Vec::new();
    for done in 0..script.entries.len() {
        let completion = queue.next(PATIENCE);
        let Some(completion) = completion else {
            panic!("{name}: stuck after {done} of {script:?}: {}", queue.state());
        };
        completions.push(completion);
    }
    let outcome = |(entry, (submission, buffers)): (&Entry, &(Submission, Buffers<T::Dma>))| {
        let completion = completions.iter().find(|completion| completion.tag == entry.tag);
        let completion = *completion.unwrap_or_else(|| panic!("{name}: no completion for {entry:?}"));
        let output = look(entry, buffers, &completion, name);
        check_sums(entry, submission, &completion, &output, name);
        Outcome { completion, output }
    };
    script.entries.iter().zip(&placed).map(outcome).collect()
}

/// Both checksums hold whatever the status.
fn check_sums(entry: &Entry, submission: &Submission, completion: &Completion, output: &[u8], name: &str) {
    let written = crc32c::crc32c(&output[..completion.output_bytes as usize]);
    assert_eq!(*completion, completion.sealed(written), "{name}: {entry:?}");
    let read = if completion.status == Status::BadDescriptor as u8 { &[][..] } else { &entry.input };
    let read = crc32c::crc32c_append(crc32c::crc32c(&submission.to_bytes()), read);
    assert_eq!(completion.input_crc, read, "{name}: {entry:?}");
}

/// The output, if nothing around it was touched.
fn look<D: Dma>(entry: &Entry, buffers: &Buffers<D>, completion: &Completion, name: &str) -> Vec<u8> {
    let mut bytes = vec![0; buffers.output.len()];
    buffers.output.read(0, &mut bytes);
    let wrote_nothing =
        [Status::BadDescriptor as u8, Status::BadParameter as u8].contains(&completion.status);
    let room = if wrote_nothing { 0 } else { entry.room };
    let (before, rest) = bytes.split_at(entry.offset);
    let (inside, behind) = rest.split_at(room);
    let untouched = before.iter().chain(behind).all(|byte| *byte == UNTOUCHED);
    assert!(untouched, "{name}: wrote around the output of {entry:?}");
    let mut input = vec![0; entry.input.len()];
    buffers.input.read(entry.offset, &mut input);
    assert!(input == entry.input, "{name}: changed the input of {entry:?}");
    inside.to_vec()
}

/// What the contract defines, and only that.
fn compare(entry: &Entry, rtl: &Outcome, model: &Outcome, seed: u64) {
    let (got, want) = (&rtl.completion, &model.completion);
    assert_eq!(got.status, want.status, "seed {seed}: {entry:?}: the RTL {got:?}, the model {want:?}");
    let defined = if got.status == Status::Ok as u8 {
        let same = |completion: &Completion| (completion.output_bytes, completion.results);
        same(got) == same(want) && rtl.output == model.output
    } else if got.status == Status::OutputOverflow as u8 {
        got.output_bytes == want.output_bytes && rtl.output == model.output
    } else if [Status::BadDescriptor as u8, Status::BadParameter as u8].contains(&got.status) {
        got.output_bytes == 0
    } else {
        true
    };
    assert!(defined, "seed {seed}: {entry:?}: the RTL {got:?}, the model {want:?}");
}

#[test]
fn the_rtl_says_what_the_model_says() {
    let mut statuses = [0_u64; 10];
    for first in (0..SCRIPTS).step_by(SCRIPTS_ON_A_BOARD as usize) {
        let (rtl, board) = Board::new(&Timing::rough(first), Plan::sound());
        let mut rtl = Queue::open(rtl, 16);
        let capabilities = rtl.capabilities();
        let model = Model::new(capabilities.clone(), Plan::sound(), Idle::Skip);
        let mut model = Queue::open(model, 16);
        for seed in first..first + SCRIPTS_ON_A_BOARD {
            let script = Script::new(seed, &capabilities);
            let got = perform(&mut rtl, &script, "RTL");
            board.check();
            let want = perform(&mut model, &script, "model");
            for ((entry, got), want) in script.entries.iter().zip(&got).zip(&want) {
                compare(entry, got, want, seed);
                statuses[usize::from(got.completion.status)] += 1;
            }
        }
    }
    println!("completions by status: {statuses:?}");
    assert!(statuses[..6].iter().all(|count| *count > 0), "a status was never seen: {statuses:?}");
}

/// A reset in the middle of any work: the device comes back clean, and touches nothing of before.
#[test]
fn a_reset_in_mid_work_leaves_nothing_behind() {
    for first in (0..SCRIPTS).step_by(SCRIPTS_ON_A_BOARD as usize) {
        let timing = Timing::rough(first ^ 0x5e5e);
        let (rtl, board) = Board::new(&timing, Plan::sound());
        let mut queue = Queue::open(rtl, 16);
        let capabilities = queue.capabilities();
        for seed in first..first + SCRIPTS_ON_A_BOARD {
            let script = Script::new(seed, &capabilities);
            let placed: Vec<_> = script.entries.iter().map(|entry| place(&mut queue, entry)).collect();
            for (submission, _) in &placed {
                queue.push(submission);
            }
            queue.ring();
            queue.pass(Duration::from_micros(seed * 37 % 800));
            assert!(queue.reset(), "seed {seed}: no way out of {script:?}");
            // The buffers are gone now; whoever still writes to them is refused and found.
            drop(placed);
            check_echo(&mut queue, &capabilities, seed);
            board.check();
        }
    }
}

fn check_echo<T: Transport>(queue: &mut Queue<T>, capabilities: &Capabilities, seed: u64) {
    let echo = Script::echo(seed, capabilities);
    for (entry, outcome) in echo.entries.iter().zip(perform(queue, &echo, "echo")) {
        assert_eq!(outcome.completion.status, Status::Ok as u8, "seed {seed}");
        assert!(outcome.output == entry.input, "seed {seed}: an echo of something else");
    }
}

/// Memory that is not mapped: the bus refuses, the core stops and says why, and a reset leads out.
#[test]
fn unmapped_memory_stops_the_device_until_a_reset() {
    for (seed, wrong_output) in (0..24).zip([false, true].into_iter().cycle()) {
        let (rtl, board) = Board::new(&Timing::rough(seed), Plan::sound());
        let mut queue = Queue::open(rtl, 16);
        let capabilities = queue.capabilities();
        let echo = Script::echo(seed, &capabilities);
        let entry = &echo.entries[0];
        let (mut submission, buffers) = place(&mut queue, entry);
        let nowhere = 0x7700_0000_0000;
        if wrong_output {
            submission.output = nowhere;
        } else {
            submission.input = nowhere;
        }
        queue.push(&submission);
        queue.ring();
        let completion = queue.next(PATIENCE).expect("the completion of the job concerned");
        let status = if wrong_output { Status::WriteError } else { Status::ReadError };
        assert_eq!((completion.tag, completion.status), (entry.tag, status as u8));
        assert_eq!(completion, completion.sealed(0));
        queue.pass(Duration::from_millis(1));
        assert!(queue.has_halted(), "seed {seed}");
        let error = queue.transport.read32(regs::ERROR);
        assert_eq!(error & regs::error::CODE, status as u32);
        let low = queue.transport.read32(regs::ERROR_ADDR_LO);
        let high = queue.transport.read32(regs::ERROR_ADDR_HI);
        let at = u64::from(high) << 32 | u64::from(low);
        let reach = entry.input.len() as u64;
        assert!((nowhere..nowhere + reach).contains(&at) && at.is_multiple_of(BEAT as u64), "{at:#x}");
        assert!(queue.reset(), "seed {seed}");
        check_echo(&mut queue, &capabilities, seed);
        assert!(board.memory.unmapped_accesses() > 0);
        assert_eq!(board.log.breaches(), [""; 0]);
        drop(buffers);
    }
}
