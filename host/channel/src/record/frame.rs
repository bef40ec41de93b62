//! The fixed parts of the format: 40 bytes of head and 32 bytes of BLAKE3 digest open every frame.

use qkdpp_protocol::Role;

pub(super) const VERSION: u16 = 1;
pub(super) const FILE_MAGIC: &str = "QKDPPRAW";
pub(super) const BATCH_MAGIC: &str = "QKDPPBAT";
pub(super) const END_MAGIC: &str = "QKDPPEND";

/// Bytes of head.
pub(super) const HEAD: usize = 40;
/// Bytes of head and digest.
pub(super) const FRAME: usize = HEAD + 32;

/// Bits of a batch's layout field: the parts its payload consists of, in this order.
pub(super) mod layout {
    pub(in crate::record) const OFFSETS: u32 = 1 << 0;
    /// First of [`PLANES`](super::PLANES) consecutive bits.
    pub(in crate::record) const FIRST_PLANE: u32 = 1;
}

/// Basis, bit, intensity low, intensity high, double click.
pub(super) const PLANES: u32 = 5;

/// First 40 bytes of a record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct FileHead {
    pub(super) version: u16,
    /// 0: Alice, 1: Bob.
    pub(super) role: u8,
    pub(super) clock_hz: f64,
}

impl FileHead {
    pub(super) fn new(role: Role, clock_hz: f64) -> Self {
        Self { version: VERSION, role: u8::from(role == Role::Bob), clock_hz }
    }

    pub(super) fn to_bytes(self) -> [u8; HEAD] {
        let mut bytes = head(FILE_MAGIC);
        bytes[8..10].copy_from_slice(&self.version.to_le_bytes());
        bytes[10] = self.role;
        bytes[16..24].copy_from_slice(&self.clock_hz.to_le_bytes());
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8; HEAD]) -> Self {
        Self {
            version: u16::from_le_bytes(at(bytes, 8)),
            role: bytes[10],
            clock_hz: f64::from_le_bytes(at(bytes, 16)),
        }
    }
}

/// First 40 bytes of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BatchHead {
    pub(super) block: u64,
    pub(super) first_slot: u64,
    pub(super) slots: u32,
    pub(super) entries: u32,
    pub(super) layout: u32,
}

impl BatchHead {
    pub(super) fn to_bytes(self) -> [u8; HEAD] {
        let mut bytes = head(BATCH_MAGIC);
        bytes[8..16].copy_from_slice(&self.block.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.first_slot.to_le_bytes());
        bytes[24..28].copy_from_slice(&self.slots.to_le_bytes());
        bytes[28..32].copy_from_slice(&self.entries.to_le_bytes());
        bytes[32..36].copy_from_slice(&self.layout.to_le_bytes());
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8; HEAD]) -> Self {
        Self {
            block: u64::from_le_bytes(at(bytes, 8)),
            first_slot: u64::from_le_bytes(at(bytes, 16)),
            slots: u32::from_le_bytes(at(bytes, 24)),
            entries: u32::from_le_bytes(at(bytes, 28)),
            layout: u32::from_le_bytes(at(bytes, 32)),
        }
    }

    /// Bytes of the list of offsets, padded to a multiple of eight.
    pub(super) fn offset_bytes(&self) -> usize {
        if self.layout & layout::OFFSETS == 0 { 0 } else { (self.entries as usize * 4).next_multiple_of(8) }
    }

    /// Bytes of one plane.
    pub(super) fn plane_bytes(&self) -> usize {
        (self.entries as usize).div_ceil(64) * 8
    }

    pub(super) fn has_plane(&self, plane: u32) -> bool {
        self.layout >> (layout::FIRST_PLANE + plane) & 1 == 1
    }

    /// Bytes that follow the digest.
    pub(super) fn payload_bytes(&self) -> usize {
        let planes = (0..PLANES).filter(|&plane| self.has_plane(plane)).count();
        self.offset_bytes() + planes * self.plane_bytes()
    }
}

/// First 40 bytes of the end frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct EndHead {
    pub(super) batches: u64,
    pub(super) entries: u64,
}

impl EndHead {
    pub(super) fn to_bytes(self) -> [u8; HEAD] {
        let mut bytes = head(END_MAGIC);
        bytes[8..16].copy_from_slice(&self.batches.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.entries.to_le_bytes());
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8; HEAD]) -> Self {
        Self { batches: u64::from_le_bytes(at(bytes, 8)), entries: u64::from_le_bytes(at(bytes, 16)) }
    }
}

/// Digest of a frame: over its head and its payload.
pub(super) fn digest(head: &[u8; HEAD], payload: &[u8]) -> [u8; 32] {
    *blake3::Hasher::new().update(head).update(payload).finalize().as_bytes()
}

fn head(magic: &str) -> [u8; HEAD] {
    let mut bytes = [0; HEAD];
    bytes[..8].copy_from_slice(magic.as_bytes());
    bytes
}

fn at<const N: usize>(bytes: &[u8; HEAD], start: usize) -> [u8; N] {
    let mut field = [0; N];
    field.copy_from_slice(&bytes[start..start + N]);
    field
}
