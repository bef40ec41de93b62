//! The entries of both queues, DEVICE.md §2: what the driver and a device tell each other.

/// Bytes of a submission.
pub const SUBMISSION_BYTES: usize = 64;

/// Bytes of a completion.
pub const COMPLETION_BYTES: usize = 32;

/// An order to the device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Submission {
    /// Word 0: the kernel's number, and reserved bits above it.
    pub kernel: u32,
    /// Returned in the completion.
    pub tag: u32,
    /// Address of the input.
    pub input: u64,
    /// Bytes of input.
    pub input_bytes: u32,
    /// Room in the output buffer, in bytes.
    pub output_bytes: u32,
    /// Address of the output.
    pub output: u64,
    /// p0..p7.
    pub parameters: [u32; 8],
}

impl Submission {
    /// As it lies in memory.
    pub fn to_bytes(&self) -> [u8; SUBMISSION_BYTES] {
        let mut words = [0; 16];
        words[0] = self.kernel;
        words[1] = self.tag;
        [words[2], words[3]] = halves(self.input);
        words[4] = self.input_bytes;
        words[5] = self.output_bytes;
        [words[6], words[7]] = halves(self.output);
        words[8..].copy_from_slice(&self.parameters);
        let mut bytes = [0; SUBMISSION_BYTES];
        store(&words, &mut bytes);
        bytes
    }

    /// From memory.
    pub fn from_bytes(bytes: &[u8; SUBMISSION_BYTES]) -> Self {
        let words: [u32; 16] = load(bytes);
        Self {
            kernel: words[0],
            tag: words[1],
            input: joined(words[2], words[3]),
            input_bytes: words[4],
            output_bytes: words[5],
            output: joined(words[6], words[7]),
            parameters: std::array::from_fn(|index| words[8 + index]),
        }
    }
}

/// The device's answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// That of the submission.
    pub tag: u32,
    /// Bytes written to the output.
    pub output_bytes: u32,
    /// CRC-32C of the submission and the input as the device read them.
    pub input_crc: u32,
    /// CRC-32C of the output as the device wrote it and of this entry: [`Completion::checksum`].
    pub output_crc: u32,
    /// r0, r1.
    pub results: [u32; 2],
    /// From the first input beat to the last output beat.
    pub cycles: u32,
    /// A code of DEVICE.md §3.
    pub status: u8,
    /// Toggles with each pass over the ring.
    pub phase: bool,
}

impl Completion {
    /// Where the word with the phase is.
    pub const LAST_WORD: usize = COMPLETION_BYTES - 4;

    /// Where the checksum of output and entry is.
    const CHECKSUM: usize = 12;

    /// The phase, from the last word alone.
    pub fn phase_of(last_word: [u8; 4]) -> bool {
        last_word[3] >> 7 == 1
    }

    /// What word 3 of an entry must be after an output with the checksum `output`.
    pub fn checksum(entry: &[u8; COMPLETION_BYTES], output: u32) -> u32 {
        let mut covered = *entry;
        covered[Self::CHECKSUM..Self::CHECKSUM + 4].fill(0);
        covered[COMPLETION_BYTES - 1] &= 0x7f;
        crc32c::crc32c_append(output, &covered)
    }

    /// The same completion with the checksum that it must have after an output with the checksum `output`.
    #[must_use]
    pub fn sealed(self, output: u32) -> Self {
        Self { output_crc: Self::checksum(&self.to_bytes(), output), ..self }
    }

    /// As it lies in memory.
    pub fn to_bytes(&self) -> [u8; COMPLETION_BYTES] {
        let words = [
            self.tag,
            self.output_bytes,
            self.input_crc,
            self.output_crc,
            self.results[0],
            self.results[1],
            self.cycles,
            u32::from(self.status) | u32::from(self.phase) << 31,
        ];
        let mut bytes = [0; COMPLETION_BYTES];
        store(&words, &mut bytes);
        bytes
    }

    /// From memory.
    pub fn from_bytes(bytes: &[u8; COMPLETION_BYTES]) -> Self {
        let words: [u32; 8] = load(bytes);
        Self {
            tag: words[0],
            output_bytes: words[1],
            input_crc: words[2],
            output_crc: words[3],
            results: [words[4], words[5]],
            cycles: words[6],
            status: words[7] as u8,
            phase: words[7] >> 31 == 1,
        }
    }
}

fn halves(address: u64) -> [u32; 2] {
    [address as u32, (address >> 32) as u32]
}

fn joined(low: u32, high: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

fn store(words: &[u32], bytes: &mut [u8]) {
    for (bytes, word) in bytes.chunks_exact_mut(4).zip(words) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
}

fn load<const N: usize>(bytes: &[u8]) -> [u32; N] {
    std::array::from_fn(|index| {
        let at = 4 * index;
        u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_submission_stand_where_the_contract_says() {
        let submission = Submission {
            kernel: 4,
            tag: 0x0102_0304,
            input: 0x1122_3344_5566_7788,
            input_bytes: 96,
            output_bytes: 32,
            output: 0xa1a2_a3a4_a5a6_a7a8,
            parameters: [10, 11, 12, 13, 14, 15, 16, 17],
        };
        let bytes = submission.to_bytes();
        assert_eq!(bytes[..8], [4, 0, 0, 0, 4, 3, 2, 1]);
        assert_eq!(bytes[8..16], [0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11]);
        assert_eq!((bytes[16], bytes[20], bytes[24], bytes[31]), (96, 32, 0xa8, 0xa1));
        assert_eq!((bytes[32], bytes[60]), (10, 17));
        assert_eq!(Submission::from_bytes(&bytes), submission);
    }

    #[test]
    fn words_of_a_completion_stand_where_the_contract_says() {
        let completion = Completion {
            tag: 1,
            output_bytes: 64,
            input_crc: 3,
            output_crc: 4,
            results: [5, 6],
            cycles: 7,
            status: 9,
            phase: true,
        };
        let bytes = completion.to_bytes();
        let words: [u32; 8] = load(&bytes);
        assert_eq!(words, [1, 64, 3, 4, 5, 6, 7, 0x8000_0009]);
        assert_eq!(Completion::from_bytes(&bytes), completion);
        let last = bytes[Completion::LAST_WORD..].try_into().expect("four bytes");
        assert!(Completion::phase_of(last));
    }

    #[test]
    fn a_checksum_covers_every_bit_but_its_own_and_the_phase() {
        let output = crc32c::crc32c(b"output");
        let completion =
            Completion { tag: 1, output_bytes: 64, input_crc: 3, status: 4, ..Completion::default() };
        let sealed = completion.sealed(output);
        let mut covered = b"output".to_vec();
        covered.extend(completion.to_bytes());
        assert_eq!(sealed.output_crc, crc32c::crc32c(&covered));
        let entry = sealed.to_bytes();
        for bit in (0..96).chain(128..255) {
            let mut wrong = entry;
            wrong[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(Completion::checksum(&wrong, output), sealed.output_crc, "bit {bit}");
        }
        assert_eq!(Completion { phase: true, ..sealed }.sealed(output).output_crc, sealed.output_crc);
        assert_ne!(Completion::default().sealed(0).output_crc, 0, "a fresh ring holds no completion");
    }
}
