//! Payloads, one type per kind of message that has structure; WIRE.md §5 gives each as a table.

use qkdpp_kernels::Bits;

use crate::error::ProtocolError;
use crate::wire::codec::{Reader, Writer};
use crate::wire::positions;

/// Bytes of the nonce each side puts into the session id.
pub const NONCE_LEN: usize = 16;
/// Bytes of a Hello's payload.
pub const HELLO_PAYLOAD_LEN: usize = NONCE_LEN + 8;

/// A side's greeting.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hello {
    /// Random, for the session id.
    pub nonce: [u8; NONCE_LEN],
    /// ε that this side knows to be used up with the authentication keys, by earlier sessions.
    pub spent: f64,
}

impl Hello {
    /// Payload bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::with_capacity(HELLO_PAYLOAD_LEN);
        writer.bytes(&self.nonce);
        writer.u64(self.spent.to_bits());
        writer.finish()
    }

    /// Reads the payload.
    ///
    /// # Errors
    /// If it has another length, or an ε that is no number from 0 on.
    pub fn decode(payload: &[u8]) -> Result<Self, ProtocolError> {
        let mut reader = Reader::new(payload);
        let (nonce, bits) = (reader.array()?, reader.u64()?);
        reader.end()?;
        let spent = f64::from_bits(bits);
        if !spent.is_finite() || spent.is_sign_negative() {
            let want = "the bits of a finite number, not negative".to_owned();
            return Err(ProtocolError::Field { field: "the ε used up before the session", want, got: bits });
        }
        Ok(Self { nonce, spent })
    }
}

/// Positions of Bob's detections in one batch of slots.
#[derive(Debug, PartialEq, Eq)]
pub struct Detections {
    /// First slot of the batch.
    pub first_slot: u64,
    /// Slots of the batch.
    pub slots: u32,
    /// Offsets of the detections, ascending.
    pub offsets: Vec<u32>,
}

impl Detections {
    /// Payload bytes.
    pub fn encode(first_slot: u64, slots: u32, offsets: &[u32]) -> Vec<u8> {
        let mut writer = Writer::with_capacity(32 + offsets.len() * 2);
        writer.u64(first_slot);
        writer.u32(slots);
        writer.u32(offsets.len() as u32);
        positions::write(&mut writer, offsets, slots);
        writer.finish()
    }

    /// Reads the payload, which must be for the batch of `want_slots` slots from `want_first` on.
    ///
    /// # Errors
    /// If it is malformed or for another batch.
    pub fn decode(payload: &[u8], want_first: u64, want_slots: u32) -> Result<Self, ProtocolError> {
        let mut reader = Reader::new(payload);
        let (first_slot, slots) = (reader.u64()?, reader.u32()?);
        let due = [
            ("the first slot of a batch of detections", want_first, first_slot),
            ("the slots of a batch of detections", want_slots.into(), slots.into()),
        ];
        if let Some((field, want, got)) = due.into_iter().find(|(_, want, got)| want != got) {
            return Err(ProtocolError::Field { field, want: want.to_string(), got });
        }
        let count = reader.u32()?;
        let offsets = positions::read(&mut reader, count as usize, slots)?;
        Ok(Self { first_slot, slots, offsets })
    }
}

/// Alice's answer to Bob's bases.
#[derive(Debug, PartialEq, Eq)]
pub struct Sifting {
    /// Per detection: whether Alice has an entry for it in the same basis.
    pub matched: Bits,
    /// Per matched detection: intensity index, low and high bit; empty for single-photon links.
    pub intensity: Option<[Bits; 2]>,
    /// Seed of the random test sample, where the profile samples.
    pub sample_seed: Option<[u8; 32]>,
    /// Alice's test bits, in order.
    pub test: Bits,
}

impl Sifting {
    /// Payload bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::with_capacity(64 + self.matched.len() / 2);
        writer.bits(&self.matched);
        for plane in self.intensity.iter().flatten() {
            writer.bits(plane);
        }
        if let Some(seed) = &self.sample_seed {
            writer.bytes(seed);
        }
        writer.u64(self.test.len() as u64);
        writer.bits(&self.test);
        writer.finish()
    }

    /// Reads the payload for `detections` detections; the profile says whether there are intensities or a sample.
    ///
    /// # Errors
    /// If it is malformed.
    pub fn decode(
        payload: &[u8],
        detections: usize,
        intensities: bool,
        sample: bool,
    ) -> Result<Self, ProtocolError> {
        let mut reader = Reader::new(payload);
        let matched = reader.bits(detections)?;
        let count = matched.count_ones();
        let intensity = if intensities { Some([reader.bits(count)?, reader.bits(count)?]) } else { None };
        let sample_seed = if sample { Some(reader.array()?) } else { None };
        let tested = reader.bounded("the number of test bits", 0, count as u64)?;
        let test = reader.bits(tested as usize)?;
        reader.end()?;
        Ok(Self { matched, intensity, sample_seed, test })
    }
}

/// How Alice wants the errors corrected.
#[derive(Debug, PartialEq, Eq)]
pub struct Reconcile {
    /// 0: Cascade, 1: LDPC.
    pub method: u8,
    /// Error rate to plan with, in units of 10^−6.
    pub qber_ppm: u32,
    /// Seed of permutations and disclosure order.
    pub seed: [u8; 32],
}

impl Reconcile {
    /// Payload bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::with_capacity(37);
        writer.u8(self.method);
        writer.u32(self.qber_ppm);
        writer.bytes(&self.seed);
        writer.finish()
    }

    /// Reads the payload.
    ///
    /// # Errors
    /// If it is malformed or the error rate is not within 10^−4 and 0.25.
    pub fn decode(payload: &[u8]) -> Result<Self, ProtocolError> {
        let mut reader = Reader::new(payload);
        let (method, qber_ppm, seed) = (reader.u8()?, reader.u32()?, reader.array()?);
        reader.end()?;
        if !(100..=250_000).contains(&qber_ppm) {
            return Err(ProtocolError::Field {
                field: "the error-rate estimate",
                want: "between 100 and 250000 millionths".into(),
                got: qber_ppm.into(),
            });
        }
        Ok(Self { method, qber_ppm, seed })
    }
}

/// Bob's report after error correction.
#[derive(Debug, PartialEq, Eq)]
pub struct Corrected {
    /// Bits he changed.
    pub errors: u64,
    /// Whether his monitors discard the block.
    pub alarm: bool,
    /// Their positions in the sifted key, where the proof needs them and the method does not show them.
    pub positions: Option<Vec<u32>>,
}

impl Corrected {
    /// Payload bytes for a key of `len` bits.
    pub fn encode(&self, len: usize) -> Vec<u8> {
        let mut writer = Writer::with_capacity(16);
        writer.u64(self.errors);
        writer.u8(self.alarm.into());
        if let Some(list) = &self.positions {
            positions::write(&mut writer, list, len as u32);
        }
        writer.finish()
    }

    /// Reads the payload for a key of `len` bits.
    ///
    /// # Errors
    /// If it is malformed.
    pub fn decode(payload: &[u8], len: usize, with_positions: bool) -> Result<Self, ProtocolError> {
        let mut reader = Reader::new(payload);
        let errors = reader.bounded("the number of corrected errors", 0, len as u64)?;
        let alarm = alarm(&mut reader)?;
        let positions = if with_positions {
            Some(positions::read(&mut reader, errors as usize, len as u32)?)
        } else {
            reader.end()?;
            None
        };
        Ok(Self { errors, alarm, positions })
    }
}

/// Hash key and tags of every segment.
#[derive(PartialEq, Eq)]
pub struct Verify {
    /// The hash key, drawn after correction.
    pub key: u128,
    /// Whether Alice's monitors discard the block.
    pub alarm: bool,
    /// One tag per segment.
    pub tags: Vec<u128>,
}

impl Verify {
    /// Payload bytes, each tag cut to `tag_bits`.
    pub fn encode(&self, tag_bits: u32) -> Vec<u8> {
        let bytes = tag_bits.div_ceil(8) as usize;
        let mut writer = Writer::with_capacity(17 + bytes * self.tags.len());
        writer.bytes(&self.key.to_le_bytes());
        writer.u8(self.alarm.into());
        for tag in &self.tags {
            writer.bytes(&tag.to_le_bytes()[..bytes]);
        }
        writer.finish()
    }

    /// Reads the payload with exactly `count` tags of `tag_bits` bits.
    ///
    /// # Errors
    /// If it is malformed.
    pub fn decode(payload: &[u8], count: usize, tag_bits: u32) -> Result<Self, ProtocolError> {
        let mut reader = Reader::new(payload);
        let key = u128::from_le_bytes(reader.array()?);
        let alarm = alarm(&mut reader)?;
        let mut tags = Vec::with_capacity(count.min(payload.len()));
        for _ in 0..count {
            let mut bytes = [0; 16];
            bytes[..tag_bits.div_ceil(8) as usize]
                .copy_from_slice(reader.bytes(tag_bits.div_ceil(8) as usize)?);
            let tag = u128::from_le_bytes(bytes);
            if tag.leading_zeros() < 128 - tag_bits {
                return Err(ProtocolError::Field {
                    field: "the padding of a tag",
                    want: "zero".to_owned(),
                    got: (tag >> tag_bits) as u64,
                });
            }
            tags.push(tag);
        }
        reader.end()?;
        Ok(Self { key, alarm, tags })
    }
}

/// The alarm bit of a report: 0 or 1.
fn alarm(reader: &mut Reader<'_>) -> Result<bool, ProtocolError> {
    match reader.u8()? {
        0 => Ok(false),
        1 => Ok(true),
        got => Err(ProtocolError::Field { field: "the alarm", want: "0 or 1".into(), got: got.into() }),
    }
}

/// Key length and seed of privacy amplification.
#[derive(PartialEq, Eq)]
pub struct Amplify {
    /// Secret bits; 0 ends the block without a key.
    pub secret_bits: u64,
    /// The seed; empty if there is no key.
    pub seed: Bits,
}

impl Amplify {
    /// Payload bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::with_capacity(16 + self.seed.len() / 8);
        writer.u64(self.secret_bits);
        writer.u64(self.seed.len() as u64);
        writer.bits(&self.seed);
        writer.finish()
    }

    /// Reads the payload.
    ///
    /// # Errors
    /// If it is malformed.
    pub fn decode(payload: &[u8]) -> Result<Self, ProtocolError> {
        let mut reader = Reader::new(payload);
        let secret_bits = reader.u64()?;
        let len = reader.bounded("the seed's length", 0, payload.len() as u64 * 8)?;
        let seed = reader.bits(len as usize)?;
        reader.end()?;
        Ok(Self { secret_bits, seed })
    }
}

/// The bits of a payload that holds `len` bits and nothing else.
///
/// # Errors
/// If it is longer or shorter, or padded with ones.
pub fn decode_bits(payload: &[u8], len: usize) -> Result<Bits, ProtocolError> {
    let mut reader = Reader::new(payload);
    let bits = reader.bits(len)?;
    reader.end()?;
    Ok(bits)
}

/// A payload of bits alone.
pub fn encode_bits(bits: &Bits) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.bits(bits);
    writer.finish()
}
