//! Random submissions, right and wrong, from a seed; without addresses, so that two devices can be given the same.

use qkdpp_device::entry::Submission;
use qkdpp_device::layout::{BEAT, Capabilities, Kernel};

/// What is wrong with the entry itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    None,
    InputAddress,
    OutputAddress,
    InputLength,
    OutputLength,
    NoInput,
    Reserved,
    InputBeyond,
    OutputBeyond,
}

impl Flaw {
    const ALL: [Self; 8] = [
        Self::InputAddress,
        Self::OutputAddress,
        Self::InputLength,
        Self::OutputLength,
        Self::NoInput,
        Self::Reserved,
        Self::InputBeyond,
        Self::OutputBeyond,
    ];

    pub(crate) fn apply(self, submission: &mut Submission) {
        const LAST_PAGE: u64 = u64::MAX - 4095;
        match self {
            Self::None => {}
            Self::InputAddress => submission.input += 8,
            Self::OutputAddress => submission.output += 1,
            Self::InputLength => submission.input_bytes -= 1,
            Self::OutputLength => submission.output_bytes += 4,
            Self::NoInput => submission.input_bytes = 0,
            Self::Reserved => submission.kernel |= 1 << 31,
            Self::InputBeyond => {
                submission.input = LAST_PAGE;
                submission.input_bytes = 8192;
            }
            Self::OutputBeyond => {
                submission.output = LAST_PAGE;
                submission.output_bytes = 8192;
            }
        }
    }
}

/// One submission.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) kernel: u32,
    pub(crate) tag: u32,
    pub(crate) parameters: [u32; 8],
    pub(crate) input: Vec<u8>,
    pub(crate) room: usize,
    /// Of both buffers in their regions.
    pub(crate) offset: usize,
    pub(crate) flaw: Flaw,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { kernel, tag, parameters, input, room, offset, flaw } = self;
        let (beats, room) = (input.len() / BEAT, room / BEAT);
        write!(f, "kernel {kernel} {parameters:?} tag {tag} {beats} -> {room} beats at {offset}, {flaw:?}")
    }
}

/// Submissions that are under way together.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) entries: Vec<Entry>,
}

impl Script {
    /// One to twelve entries of any kernel.
    pub(crate) fn new(seed: u64, capabilities: &Capabilities) -> Self {
        let mut random = Random(seed ^ 0x5eed_0000);
        let entries =
            (0..=random.below(12)).map(|tag| entry(&mut random, tag as u32, capabilities)).collect();
        Self { entries }
    }

    /// Sound entries of the echo kernel.
    pub(crate) fn echo(seed: u64, _capabilities: &Capabilities) -> Self {
        let mut random = Random(seed ^ 0xec40);
        let echo = |tag| {
            let input = random.bytes(1 + random.clone().below(300));
            let room = input.len();
            let offset = BEAT * random.below(128);
            Entry { kernel: 0, tag, parameters: [0; 8], input, room, offset, flaw: Flaw::None }
        };
        Self { entries: (100..103).map(echo).collect() }
    }
}

fn entry(random: &mut Random, tag: u32, capabilities: &Capabilities) -> Entry {
    // Mostly kernels that are there, seldom others.
    let kernel = loop {
        let kernel = random.below(8) as u32;
        if capabilities.kernels >> kernel & 1 == 1 || random.below(8) == 0 {
            break kernel;
        }
    };
    let (parameters, input, output) = shape(kernel, random, capabilities);
    let input = match random.below(8) {
        0 => input + 1 + random.below(3),
        1 => input.saturating_sub(1 + random.below(3)).max(1),
        2 => 1,
        _ => input,
    };
    let output = match random.below(6) {
        0 => output.saturating_sub(1 + random.below(3)),
        1 => output + random.below(100),
        _ => output,
    };
    let flaw = if random.below(8) == 0 { Flaw::ALL[random.below(Flaw::ALL.len())] } else { Flaw::None };
    let offset = BEAT * random.below(128);
    Entry { kernel, tag, parameters, input: random.bytes(input), room: BEAT * output, offset, flaw }
}

/// Parameters, beats of input and beats of output as the kernel wants them, DEVICE.md §6; some parameters are refused.
fn shape(kernel: u32, random: &mut Random, capabilities: &Capabilities) -> ([u32; 8], usize, usize) {
    let mut parameters = [0; 8];
    // Zero, seldom: what every kernel refuses.
    let mut pick = |limit: usize| if random.below(16) == 0 { 0 } else { 1 + random.below(limit.max(1)) };
    let (input, output) = match kernel {
        k if k == Kernel::Sift as u32 => {
            let (n, planes) = (pick(3000), pick(capabilities.sift_planes + 1));
            parameters[..2].copy_from_slice(&[n as u32, planes as u32]);
            let chunks = n.div_ceil(256);
            (chunks * (1 + planes), chunks * planes + 1)
        }
        k if k == Kernel::Parities as u32 => {
            let (n, groups) = (pick(200), pick(2));
            parameters[..2].copy_from_slice(&[n as u32, groups as u32]);
            (n.div_ceil(16) + n * groups, n * groups)
        }
        k if k == Kernel::PolyHash as u32 => {
            let (segments, bits) = (pick(5), pick(2000));
            let last = pick(bits + 1);
            parameters[..3].copy_from_slice(&[segments as u32, bits as u32, last as u32]);
            let beats = segments.saturating_sub(1) * bits.div_ceil(256) + last.div_ceil(256);
            (1 + beats, segments.div_ceil(2))
        }
        k if k == Kernel::Toeplitz as u32 => {
            let (key, out, addend) = (pick(3), pick(3), pick(2).saturating_sub(1));
            let tile = capabilities.toeplitz_tile;
            let bits = (out * tile).saturating_sub(pick(tile).saturating_sub(1));
            parameters[..4].copy_from_slice(&[key as u32, out as u32, addend as u32, bits as u32]);
            let beats = |blocks: usize| (blocks * tile).div_ceil(256);
            (beats(key + out) + addend * beats(out) + beats(key), beats(out))
        }
        k if k == Kernel::Ldpc as u32 => {
            parameters[0] = pick(4) as u32;
            (pick(40), pick(40))
        }
        _ => {
            let beats = pick(300);
            (beats, beats)
        }
    };
    (parameters, input.max(1), output)
}

/// Random choices.
#[derive(Clone)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn bytes(&mut self, beats: usize) -> Vec<u8> {
        (0..beats * BEAT).map(|_| self.next() as u8).collect()
    }
}
