//! Positions in ascending order, compressed: Rice-coded gaps.
//!
//! Detections are nearly a Bernoulli process, so the gaps are nearly geometric and a Rice code is within an eighth of
//! a bit of the entropy h(p)/p per detection (Rice 1971; Golomb 1966). A gap g is sent as ⌊g/2^k⌋ ones, a
//! zero, and the low k bits of g, least significant first; k is chosen from the mean gap.

use crate::error::ProtocolError;
use crate::wire::codec::{Reader, Writer};

/// Appends the ascending `positions`, all below `limit`, whose number the reader knows.
pub fn write(writer: &mut Writer, positions: &[u32], limit: u32) {
    let parameter = parameter(positions.len(), limit);
    let mut bits = BitWriter { writer, buffer: 0, filled: 0 };
    bits.put(parameter.into(), 8);
    let mut next = 0;
    for &position in positions {
        let gap = position - next;
        let mut quotient = u64::from(gap) >> parameter;
        while quotient >= 32 {
            bits.put(u64::from(u32::MAX), 32);
            quotient -= 32;
        }
        bits.put((1 << quotient) - 1, quotient as u32 + 1);
        bits.put(u64::from(gap) & ((1 << parameter) - 1), parameter.into());
        next = position + 1;
    }
    bits.finish();
}

/// Reads `count` positions below `limit`.
///
/// # Errors
/// If there are more positions than places, the parameter is not the writer's, or the code runs out of bytes, leaves
/// the range, or is padded with ones.
pub fn read(reader: &mut Reader<'_>, count: usize, limit: u32) -> Result<Vec<u32>, ProtocolError> {
    if count as u64 > u64::from(limit) {
        let want = format!("at most {limit}");
        return Err(ProtocolError::Field { field: "the number of positions", want, got: count as u64 });
    }
    let (parameter, want) = (reader.u8()?, self::parameter(count, limit));
    if parameter != want {
        return Err(ProtocolError::Field {
            field: "the Rice parameter",
            want: want.to_string(),
            got: parameter.into(),
        });
    }
    let bytes = reader.rest();
    // Each position takes a bit at least: a count beyond that is refused before memory is reserved for it.
    if count as u64 > bytes.len() as u64 * 8 {
        return Err(ProtocolError::Truncated { want: count.div_ceil(8) as u64, got: bytes.len() as u64 });
    }
    let mut bits = BitReader { bytes, at: 0 };
    let mut positions = Vec::with_capacity(count);
    let mut next = 0_u64;
    for _ in 0..count {
        let quotient = bits.ones(u64::from(limit) >> parameter)?;
        let position = next + (quotient << parameter) + bits.take(parameter.into())?;
        if position >= u64::from(limit) {
            return Err(ProtocolError::Field {
                field: "a position",
                want: format!("below {limit}"),
                got: position,
            });
        }
        positions.push(position as u32);
        next = position + 1;
    }
    bits.end()?;
    Ok(positions)
}

/// ln φ, φ the golden ratio.
const LN_PHI: f64 = 0.481_211_825_059_603_47;

/// The least k with 2^k ≥ ln φ · limit/count, at most 31: for geometric gaps no other k is better, and what it loses
/// against the entropy is 0.03 to 0.12 bits (Kiely, "Selecting the Golomb Parameter in Rice Coding", 2004).
fn parameter(count: usize, limit: u32) -> u8 {
    let least = LN_PHI * (f64::from(limit) / count.max(1) as f64);
    (least.ceil().max(1.0) as u64).next_power_of_two().ilog2() as u8
}

struct BitWriter<'a> {
    writer: &'a mut Writer,
    buffer: u64,
    filled: u32,
}

impl BitWriter<'_> {
    /// Appends the low `count` ≤ 33 bits of `value`.
    fn put(&mut self, value: u64, count: u32) {
        self.buffer |= value << self.filled;
        self.filled += count;
        while self.filled >= 32 {
            self.writer.u32(self.buffer as u32);
            self.buffer >>= 32;
            self.filled -= 32;
        }
    }

    fn finish(self) {
        let bytes = self.buffer.to_le_bytes();
        self.writer.bytes(&bytes[..self.filled.div_ceil(8) as usize]);
    }
}

struct BitReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl BitReader<'_> {
    /// The next bits, at least 56 of them while the code lasts, zeros after its end.
    fn peek(&self) -> u64 {
        let start = (self.at / 8).min(self.bytes.len());
        let rest = &self.bytes[start..];
        let word = if let Some(chunk) = rest.first_chunk::<8>() {
            u64::from_le_bytes(*chunk)
        } else {
            let mut chunk = [0; 8];
            chunk[..rest.len()].copy_from_slice(rest);
            u64::from_le_bytes(chunk)
        };
        word >> (self.at % 8)
    }

    fn advance(&mut self, count: usize) -> Result<(), ProtocolError> {
        self.at += count;
        if self.at > self.bytes.len() * 8 {
            return Err(ProtocolError::Truncated {
                want: self.at.div_ceil(8) as u64,
                got: self.bytes.len() as u64,
            });
        }
        Ok(())
    }

    /// Ones before the next zero, which is consumed too.
    fn ones(&mut self, limit: u64) -> Result<u64, ProtocolError> {
        let mut total = 0;
        loop {
            let run = u64::from(self.peek().trailing_ones()).min(32);
            total += run;
            if total > limit {
                return Err(ProtocolError::Field {
                    field: "a gap's quotient",
                    want: format!("at most {limit}"),
                    got: total,
                });
            }
            self.advance(run as usize + usize::from(run < 32))?;
            if run < 32 {
                return Ok(total);
            }
        }
    }

    fn take(&mut self, count: u32) -> Result<u64, ProtocolError> {
        let value = self.peek() & ((1 << count) - 1);
        self.advance(count as usize)?;
        Ok(value)
    }

    /// The code must end within the last byte, padded with zeros.
    fn end(&self) -> Result<(), ProtocolError> {
        let used = self.at.div_ceil(8);
        if used < self.bytes.len() {
            return Err(ProtocolError::Trailing { extra: (self.bytes.len() - used) as u64 });
        }
        match self.peek() {
            0 => Ok(()),
            got => Err(ProtocolError::Field { field: "the padding of positions", want: "zero".into(), got }),
        }
    }
}
