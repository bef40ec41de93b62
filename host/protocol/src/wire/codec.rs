//! Fields of messages: little-endian integers and bit strings, read within strict bounds.

use qkdpp_kernels::Bits;

use crate::error::ProtocolError;

/// Writes fields one after the other.
#[derive(Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// An empty message with room for `capacity` bytes.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { bytes: Vec::with_capacity(capacity) }
    }

    /// One byte.
    pub fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    /// Four bytes.
    pub fn u32(&mut self, value: u32) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    /// Eight bytes.
    pub fn u64(&mut self, value: u64) {
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    /// Bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Bits, whose number the reader knows; the last byte is padded with zeros.
    pub fn bits(&mut self, bits: &Bits) {
        let whole = bits.len() / 8;
        let tail = !bits.len().is_multiple_of(8);
        self.bytes.reserve(whole + usize::from(tail));
        for word in bits.words() {
            self.bytes.extend_from_slice(&word.to_le_bytes());
        }
        let excess = bits.words().len() * 8 - bits.len().div_ceil(8);
        self.bytes.truncate(self.bytes.len() - excess);
    }

    /// The message.
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// Reads fields one after the other; never past the end.
pub struct Reader<'a> {
    rest: &'a [u8],
    total: usize,
}

impl<'a> Reader<'a> {
    /// Reads from `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, total: bytes.len() }
    }

    /// The next `len` bytes.
    ///
    /// # Errors
    /// If fewer are left.
    pub fn bytes(&mut self, len: usize) -> Result<&'a [u8], ProtocolError> {
        let Some((bytes, rest)) = self.rest.split_at_checked(len) else {
            let used = self.total - self.rest.len();
            return Err(ProtocolError::Truncated {
                want: (used as u64).saturating_add(len as u64),
                got: self.total as u64,
            });
        };
        self.rest = rest;
        Ok(bytes)
    }

    /// The next `N` bytes as an array.
    ///
    /// # Errors
    /// If fewer are left.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], ProtocolError> {
        let mut array = [0; N];
        array.copy_from_slice(self.bytes(N)?);
        Ok(array)
    }

    /// One byte.
    ///
    /// # Errors
    /// At the end of the message.
    pub fn u8(&mut self) -> Result<u8, ProtocolError> {
        Ok(self.array::<1>()?[0])
    }

    /// Four bytes.
    ///
    /// # Errors
    /// If fewer are left.
    pub fn u32(&mut self) -> Result<u32, ProtocolError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    /// Eight bytes.
    ///
    /// # Errors
    /// If fewer are left.
    pub fn u64(&mut self) -> Result<u64, ProtocolError> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// An integer of eight bytes within `min..=max`.
    ///
    /// # Errors
    /// If it is not, or fewer bytes are left.
    pub fn bounded(&mut self, field: &'static str, min: u64, max: u64) -> Result<u64, ProtocolError> {
        let got = self.u64()?;
        if (min..=max).contains(&got) {
            Ok(got)
        } else {
            Err(ProtocolError::Field { field, want: format!("between {min} and {max}"), got })
        }
    }

    /// `len` bits; the padding of the last byte must be zero.
    ///
    /// # Errors
    /// If fewer are left or the padding is not zero.
    pub fn bits(&mut self, len: usize) -> Result<Bits, ProtocolError> {
        let bytes = self.bytes(len.div_ceil(8))?;
        if let Some(&last) = bytes.last()
            && !len.is_multiple_of(8)
            && last >> (len % 8) != 0
        {
            return Err(ProtocolError::Field {
                field: "the padding of a bit string",
                want: "zero".to_owned(),
                got: (last >> (len % 8)).into(),
            });
        }
        Ok(Bits::from_bytes(bytes, len))
    }

    /// All bytes that are left.
    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    /// Ends the message.
    ///
    /// # Errors
    /// If bytes are left.
    pub fn end(&self) -> Result<(), ProtocolError> {
        match self.rest.len() {
            0 => Ok(()),
            extra => Err(ProtocolError::Trailing { extra: extra as u64 }),
        }
    }
}
