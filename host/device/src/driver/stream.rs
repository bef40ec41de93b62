//! Beats into and out of DMA memory, with the checksum that the device must confirm.

use zeroize::Zeroize;

use crate::layout::{BEAT, Sink, Source, Wrong};
use crate::transport::Dma;

/// Words of a beat.
const WORDS: usize = BEAT / 8;

/// Bytes that are copied at once.
const CHUNK: usize = 4096;

/// Writes the input of a part and takes the checksum on the way, a chunk at a time.
pub(super) struct Encoder<'a, D> {
    dma: &'a mut D,
    /// Bytes before the chunk.
    at: usize,
    room: usize,
    crc: u32,
    chunk: [u8; CHUNK],
    /// Bytes of the chunk that wait, and that were ever used: wiping all of it would take longer than a small job.
    filled: usize,
    used: usize,
}

impl<'a, D: Dma> Encoder<'a, D> {
    /// Starts at the beginning of `dma`; `bytes` bytes are to come. `crc` is the checksum of the submission.
    pub(super) fn new(dma: &'a mut D, bytes: usize, crc: u32) -> Self {
        Self { dma, at: 0, room: bytes, crc, chunk: [0; CHUNK], filled: 0, used: 0 }
    }

    /// The checksum of submission and input, if as many beats came as were to come.
    pub(super) fn finish(mut self) -> Result<u32, Wrong> {
        self.flush();
        if self.at == self.room {
            Ok(self.crc)
        } else {
            Err(Wrong(format!("the encoder made {} bytes of input, not {}", self.at, self.room)))
        }
    }

    fn flush(&mut self) {
        let bytes = &self.chunk[..self.filled];
        if self.at + bytes.len() <= self.room {
            self.dma.write(self.at, bytes);
            self.crc = crc32c::crc32c_append(self.crc, bytes);
        }
        self.at += bytes.len();
        self.used = self.used.max(self.filled);
        self.filled = 0;
    }
}

impl<D: Dma> Sink for Encoder<'_, D> {
    fn put(&mut self, mut words: &[u64]) {
        while !words.is_empty() {
            let (now, later) = words.split_at(words.len().min((CHUNK - self.filled) / 8));
            let room = self.chunk[self.filled..].chunks_exact_mut(8);
            for (bytes, word) in room.zip(now) {
                bytes.copy_from_slice(&word.to_le_bytes());
            }
            self.filled += 8 * now.len();
            if self.filled == CHUNK {
                self.flush();
            }
            words = later;
        }
    }
}

impl<D> Drop for Encoder<'_, D> {
    fn drop(&mut self) {
        self.chunk[..self.used.max(self.filled)].zeroize();
    }
}

/// An output that was copied out of DMA memory, where nobody can change it any more, and checked.
#[derive(Default)]
pub(super) struct Decoder {
    words: Vec<u64>,
    at: usize,
}

impl Decoder {
    /// Copies the first `bytes` bytes of `dma`; returns their checksum.
    pub(super) fn fill(&mut self, dma: &impl Dma, bytes: usize) -> u32 {
        let (mut chunk, mut crc) = ([0; CHUNK], 0);
        self.clear();
        self.words.reserve(bytes / 8);
        for at in (0..bytes).step_by(CHUNK) {
            let chunk = &mut chunk[..CHUNK.min(bytes - at)];
            dma.read(at, chunk);
            crc = crc32c::crc32c_append(crc, chunk);
            let words = chunk.chunks_exact(8).map(|bytes| {
                let mut word = [0; 8];
                word.copy_from_slice(bytes);
                u64::from_le_bytes(word)
            });
            self.words.extend(words);
        }
        chunk[..CHUNK.min(bytes)].zeroize();
        crc
    }

    /// `Ok` if every beat was taken.
    pub(super) fn finish(&self) -> Result<(), Wrong> {
        match (self.words.len() - self.at) / WORDS {
            0 => Ok(()),
            left => Err(Wrong(format!("{left} beats of output are too many"))),
        }
    }

    /// Forgets what it holds, without giving the memory back.
    pub(super) fn clear(&mut self) {
        self.words.as_mut_slice().zeroize();
        self.words.clear();
        self.at = 0;
    }
}

impl Source for Decoder {
    fn take(&mut self, words: &mut [u64]) -> Result<(), Wrong> {
        let from = self.words.get(self.at..self.at + words.len());
        words.copy_from_slice(from.ok_or_else(|| Wrong("the output is too short".into()))?);
        self.at += words.len();
        Ok(())
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        self.clear();
    }
}
