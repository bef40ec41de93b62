//! The register-level model against the letter of hdl/DEVICE.md, register by register, without the driver.

use std::time::{Duration, Instant};

use qkdpp_device::entry::{COMPLETION_BYTES, Completion, SUBMISSION_BYTES, Submission};
use qkdpp_device::layout::Capabilities;
use qkdpp_device::regs::counter_values::{BUSY, CYCLES, JOBS, READ_BEATS, WRITE_BEATS};
use qkdpp_device::regs::{self, control, irq_status, status};
use qkdpp_device::sim::faults::{ALWAYS, Plan};
use qkdpp_device::sim::memory::Region;
use qkdpp_device::sim::model::default_capabilities;
use qkdpp_device::sim::{Idle, Model};
use qkdpp_device::transport::{Dma, Transport, Wake};

/// A model with queues of `ENTRIES` entries and one buffer: input in the first half, output in the second.
struct Rig {
    model: Model,
    submissions: Region,
    completions: Region,
    buffer: Region,
    tail: u32,
    head: u32,
    phase: bool,
}

const ENTRIES: u32 = 4;
const HALF: usize = 8192;

impl Rig {
    fn new(plan: Plan) -> Self {
        Self::with(default_capabilities(), plan)
    }

    fn with(capabilities: Capabilities, plan: Plan) -> Self {
        let mut model = Model::new(capabilities, plan, Idle::Skip);
        let submissions = model.alloc(ENTRIES as usize * SUBMISSION_BYTES).expect("memory");
        let completions = model.alloc(ENTRIES as usize * COMPLETION_BYTES).expect("memory");
        let mut buffer = model.alloc(2 * HALF).expect("memory");
        let bytes: Vec<u8> = (0..HALF).map(|at| (at * at / 7) as u8).collect();
        buffer.write(0, &bytes);
        let mut rig = Self { model, submissions, completions, buffer, tail: 0, head: 0, phase: true };
        rig.set_queues();
        rig.enable();
        rig
    }

    fn set_queues(&mut self) {
        let (sq, cq) = (self.submissions.iova(), self.completions.iova());
        for (register, value) in [
            (regs::SQ_BASE_LO, sq as u32),
            (regs::SQ_BASE_HI, (sq >> 32) as u32),
            (regs::SQ_SIZE, ENTRIES.trailing_zeros()),
            (regs::CQ_BASE_LO, cq as u32),
            (regs::CQ_BASE_HI, (cq >> 32) as u32),
            (regs::CQ_SIZE, ENTRIES.trailing_zeros()),
        ] {
            self.model.write32(register, value);
        }
    }

    fn enable(&mut self) {
        self.model.write32(regs::CONTROL, control::ENABLE);
    }

    fn is(&mut self, bit: u32) -> bool {
        self.model.read32(regs::STATUS) & bit != 0
    }

    /// An echo of `bytes` bytes.
    fn echo(&self, bytes: u32) -> Submission {
        Submission {
            kernel: 0,
            tag: 0x1234_5678,
            input: self.buffer.iova(),
            input_bytes: bytes,
            output_bytes: bytes,
            output: self.buffer.iova() + HALF as u64,
            parameters: [0; 8],
        }
    }

    fn submit(&mut self, submission: &Submission) {
        self.submissions.write(self.tail as usize * SUBMISSION_BYTES, &submission.to_bytes());
        self.tail = (self.tail + 1) % ENTRIES;
        self.model.write32(regs::SQ_TAIL, self.tail);
    }

    /// Lets the device work for `time`; the interrupts it sends meanwhile.
    fn work(&mut self, time: Duration) -> Vec<Wake> {
        let deadline = self.model.now() + time;
        let mut wakes = Vec::new();
        loop {
            match self.model.wait(deadline).expect("a simulated device can be waited for") {
                Wake::TimedOut => return wakes,
                wake => wakes.push(wake),
            }
        }
    }

    /// The next completion, if it is there; the device is told only by `consume`.
    fn completion(&mut self) -> Option<Completion> {
        let mut bytes = [0; COMPLETION_BYTES];
        self.completions.read(self.head as usize * COMPLETION_BYTES, &mut bytes);
        let completion = Completion::from_bytes(&bytes);
        if completion.phase != self.phase {
            return None;
        }
        self.head = (self.head + 1) % ENTRIES;
        self.phase ^= self.head == 0;
        Some(completion)
    }

    fn consume(&mut self) {
        self.model.write32(regs::CQ_HEAD, self.head);
    }

    /// Submits, works, and takes the completion.
    fn run(&mut self, submission: &Submission) -> Completion {
        self.submit(submission);
        self.work(SOON);
        let completion = self.completion().expect("a completion");
        self.consume();
        completion
    }

    fn bytes(&self, at: usize, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.buffer.read(at, &mut bytes);
        bytes
    }
}

const SOON: Duration = Duration::from_millis(5);

#[test]
fn echo_returns_its_input_with_both_checksums() {
    let mut rig = Rig::new(Plan::sound());
    // Nine bytes of RFC 3720's kind of check: "123456789" has CRC-32C 0xE3069283.
    assert_eq!(crc32c::crc32c(b"123456789"), 0xe306_9283);
    for (bytes, entry) in [32, 4096, 4128, 8192, 64].into_iter().zip(0..) {
        let completion = rig.run(&rig.echo(bytes));
        assert_eq!((completion.status, completion.tag), (0, 0x1234_5678));
        assert_eq!(completion.output_bytes, bytes, "entry {entry}");
        let input = rig.bytes(0, bytes as usize);
        assert_eq!(rig.bytes(HALF, bytes as usize), input);
        let submission = crc32c::crc32c(&rig.echo(bytes).to_bytes());
        assert_eq!(completion.input_crc, crc32c::crc32c_append(submission, &input));
        assert_eq!(completion, completion.sealed(crc32c::crc32c(&input)));
        assert!(completion.cycles >= bytes / 32);
    }
    assert_eq!(rig.model.read32(regs::SQ_HEAD), rig.tail);
    assert_eq!(rig.model.read32(regs::CQ_TAIL), rig.head);
}

#[test]
fn malformed_submissions_are_refused_and_touch_nothing() {
    let good = Rig::new(Plan::sound()).echo(64);
    let bad: [fn(&mut Submission); 9] = [
        |entry| entry.kernel = 6,
        |entry| entry.kernel = 255,
        |entry| entry.kernel = 0x100,
        |entry| entry.kernel = 1 << 31,
        |entry| entry.input += 8,
        |entry| entry.output += 16,
        |entry| entry.input_bytes = 0,
        |entry| entry.input_bytes = 33,
        |entry| entry.output_bytes = 40,
    ];
    let mut rig = Rig::new(Plan::sound());
    for (number, spoil) in bad.into_iter().enumerate() {
        let mut entry =
            Submission { input: rig.buffer.iova(), output: rig.buffer.iova() + HALF as u64, ..good };
        spoil(&mut entry);
        let completion = rig.run(&entry);
        assert_eq!(
            (completion.status, completion.tag, completion.output_bytes),
            (1, entry.tag, 0),
            "case {number}"
        );
        assert_eq!(rig.bytes(HALF, HALF), vec![0; HALF], "case {number} wrote");
    }
    let echo = rig.echo(64);
    assert_eq!(rig.run(&echo).status, 0, "the core goes on");
}

#[test]
fn a_kernel_that_is_absent_is_a_bad_descriptor() {
    let capabilities = Capabilities { kernels: 0b10_0001, ..default_capabilities() };
    let mut rig = Rig::with(capabilities, Plan::sound());
    assert_eq!(rig.model.read32(regs::CAP_KERNELS), 0b10_0001);
    let hash = Submission { kernel: 4, parameters: [1, 256, 256, 0, 0, 0, 0, 0], ..rig.echo(64) };
    let completion = rig.run(&hash);
    assert_eq!((completion.status, completion.output_bytes), (1, 0));
}

#[test]
fn refusals_of_a_kernel_are_statuses() {
    let mut rig = Rig::new(Plan::sound());
    let hash = Submission { kernel: 4, parameters: [1, 256, 256, 0, 0, 0, 0, 0], ..rig.echo(64) };
    assert_eq!(rig.run(&hash).status, 0);
    let parameter = Submission { parameters: [0; 8], ..hash };
    assert_eq!(rig.run(&parameter).status, 2);
    let length = Submission { input_bytes: 96, ..hash };
    assert_eq!(rig.run(&length).status, 3);
    let overflow = Submission { output_bytes: 0, ..hash };
    let completion = rig.run(&overflow);
    assert_eq!((completion.status, completion.output_bytes), (4, 0));
}

#[test]
fn phases_toggle_with_each_pass_and_full_queues_wait() {
    let mut rig = Rig::new(Plan::sound());
    for pass in 0..5 * ENTRIES {
        let completion = rig.run(&Submission { tag: pass, ..rig.echo(32) });
        assert_eq!((completion.tag, completion.phase), (pass, (pass / ENTRIES).is_multiple_of(2)));
    }
    // Nobody consumes: one entry stays unused, and what is beyond waits.
    let mut tag = 0;
    let mut submit = |rig: &mut Rig| {
        let entry = Submission { tag, ..rig.echo(32) };
        rig.submit(&entry);
        rig.work(SOON);
        tag += 1;
    };
    for _ in 0..=ENTRIES {
        submit(&mut rig);
    }
    let taken: Vec<u32> = std::iter::from_fn(|| rig.completion()).map(|completion| completion.tag).collect();
    assert_eq!(taken, [0, 1, 2], "the core overwrote or withheld an entry");
    rig.consume();
    rig.work(SOON);
    let taken: Vec<u32> = std::iter::from_fn(|| rig.completion()).map(|completion| completion.tag).collect();
    assert_eq!(taken, [3, 4]);
}

#[test]
fn a_core_that_is_not_enabled_fetches_nothing() {
    let mut rig = Rig::new(Plan::sound());
    rig.model.write32(regs::CONTROL, 0);
    let echo = rig.echo(32);
    rig.submit(&echo);
    rig.work(SOON);
    assert!(rig.completion().is_none());
    assert!(!rig.is(status::ENABLED));
    rig.enable();
    rig.work(SOON);
    assert!(rig.completion().is_some());
}

#[test]
fn queues_are_fixed_while_the_core_is_enabled() {
    let mut rig = Rig::new(Plan::sound());
    let before = rig.model.read32(regs::SQ_BASE_LO);
    rig.model.write32(regs::SQ_BASE_LO, before ^ 0x1000);
    assert_eq!(rig.model.read32(regs::SQ_BASE_LO), before);
    rig.model.write32(regs::CONTROL, 0);
    rig.model.write32(regs::SQ_BASE_LO, 0x1000 + 17);
    assert_eq!(rig.model.read32(regs::SQ_BASE_LO), 0x1000, "the base is aligned to an entry");
}

#[test]
fn errors_of_the_bus_halt_the_core_until_a_reset() {
    for (plan, code) in [
        (Plan { read_error: ALWAYS, budget: 1, ..Plan::sound() }, 6),
        (Plan { write_error: ALWAYS, budget: 1, ..Plan::sound() }, 7),
        (Plan { parity: ALWAYS, budget: 1, ..Plan::sound() }, 9),
    ] {
        let mut rig = Rig::new(Plan::sound());
        rig.model.write32(regs::IRQ_ENABLE, 3);
        let echo = rig.echo(64);
        assert_eq!(rig.run(&echo).status, 0);
        rig.model.write32(regs::IRQ_STATUS, 3);
        rig.model.memory().with_faults(|faults| faults.begin(plan));
        rig.submit(&echo);
        let wakes = rig.work(SOON);
        assert!(wakes.contains(&Wake::Error), "status {code}: {wakes:?}");
        assert_eq!(rig.model.read32(regs::ERROR) & regs::error::CODE, code);
        assert!(rig.is(status::HALTED) && !rig.is(status::ENABLED));
        rig.enable();
        assert!(!rig.is(status::ENABLED), "only a reset leads out");
        rig.submit(&echo);
        rig.work(SOON);
        assert!(rig.is(status::HALTED));

        rig.model.write32(regs::CONTROL, control::RESET);
        assert!(!rig.is(status::READY), "scrubbing takes time");
        rig.work(SOON);
        assert!(rig.is(status::READY) && rig.is(status::IDLE) && !rig.is(status::HALTED));
        for register in
            [regs::ERROR, regs::IRQ_STATUS, regs::SQ_TAIL, regs::SQ_HEAD, regs::CQ_HEAD, regs::CQ_TAIL]
        {
            assert_eq!(rig.model.read32(register), 0, "register {register:#x} after a reset");
        }
        rig.completions.wipe(ENTRIES as usize * COMPLETION_BYTES);
        (rig.tail, rig.head, rig.phase) = (0, 0, true);
        rig.enable();
        assert_eq!(rig.run(&echo).status, 0);
    }
}

#[test]
fn a_bus_that_does_not_answer_needs_a_reset_of_the_function() {
    let mut rig = Rig::new(Plan::sound());
    rig.model.write32(regs::BUS_TIMEOUT, 1000);
    rig.model
        .memory()
        .with_faults(|faults| faults.begin(Plan { read_lost: ALWAYS, budget: 1, ..Plan::sound() }));
    let echo = rig.echo(64);
    rig.submit(&echo);
    rig.work(SOON);
    assert_eq!(rig.model.read32(regs::ERROR) & regs::error::CODE, 8);
    rig.model.write32(regs::CONTROL, control::RESET);
    rig.work(Duration::from_secs(10));
    assert!(rig.is(status::DRAINING) && !rig.is(status::READY), "the answer may still come");
    rig.enable();
    assert!(!rig.is(status::ENABLED));
    rig.model.recover().expect("the function can be reset");
    assert!(rig.is(status::READY) && !rig.is(status::DRAINING));
}

#[test]
fn interrupts_coalesce_by_count_and_by_time_and_none_is_forgotten() {
    let mut rig = Rig::new(Plan::sound());
    rig.model.write32(regs::IRQ_ENABLE, irq_status::COMPLETION);
    rig.model.write32(regs::IRQ_COUNT, 2);
    rig.model.write32(regs::IRQ_TIME, u32::MAX);
    let echo = rig.echo(32);
    rig.submit(&echo);
    assert_eq!(rig.work(SOON), [], "one of two");
    rig.submit(&echo);
    assert_eq!(rig.work(SOON), [Wake::Completion]);
    // Cleared with both still there: they count as a first completion, and one more makes two.
    rig.model.write32(regs::IRQ_STATUS, irq_status::COMPLETION);
    assert_eq!(rig.work(SOON), []);
    rig.submit(&echo);
    assert_eq!(rig.work(SOON), [Wake::Completion]);
    while rig.completion().is_some() {}
    rig.consume();
    rig.model.write32(regs::IRQ_STATUS, irq_status::COMPLETION);
    assert_eq!(rig.work(SOON), [], "nothing is left to tell");

    rig.model.write32(regs::IRQ_TIME, 100_000);
    rig.submit(&echo);
    let start: Instant = rig.model.now();
    let deadline = start + Duration::from_millis(50);
    assert_eq!(rig.model.wait(deadline).expect("waits"), Wake::Completion);
    let waited = rig.model.now() - start;
    assert!(waited >= Duration::from_micros(400), "100,000 cycles of 4 ns, not {waited:?}");
    assert!(waited < Duration::from_millis(1), "{waited:?}");
    rig.model.write32(regs::IRQ_ENABLE, 0);
    rig.model.write32(regs::IRQ_STATUS, irq_status::COMPLETION);
    rig.submit(&echo);
    assert_eq!(rig.work(SOON), [], "disabled");
}

#[test]
fn counters_count() {
    let mut rig = Rig::new(Plan::sound());
    for _ in 0..3 {
        let echo = rig.echo(4096);
        rig.run(&echo);
    }
    let mut counter = |number: u32| {
        rig.model.write32(regs::COUNTER_SELECT, number);
        u64::from(rig.model.read32(regs::COUNTER_LO)) | u64::from(rig.model.read32(regs::COUNTER_HI)) << 32
    };
    assert_eq!([counter(JOBS), counter(READ_BEATS), counter(WRITE_BEATS)], [3, 384, 384]);
    let (busy, cycles) = (counter(BUSY), counter(CYCLES));
    assert!(busy >= 384 && cycles >= busy, "{busy} of {cycles}");
}
