//! [`Config`]: the configuration space of the function, as PCI and PCI Express define it.

/// What the function is called. Drivers go by the ID register in BAR 0, since boards have IDs of their vendors' bridges.
const VENDOR: u16 = 0x10ee;
const DEVICE: u16 = 0x9038;

/// Bytes of BAR 0 and of BAR 1.
pub(crate) const BAR_BYTES: u64 = 4096;

/// Vectors.
pub(crate) const VECTORS: u16 = 2;

/// Where the pending bits lie in BAR 1; the table is at its start.
const PENDING: u32 = 0x800;

/// Places of the capabilities.
const MSI_X: usize = 0x40;
const EXPRESS: usize = 0x60;

/// Bytes of the space.
const SIZE: usize = 256;

/// The bytes, and the bits of them that can be written.
pub(crate) struct Config {
    bytes: [u8; SIZE],
    writable: [u8; SIZE],
}

impl Config {
    /// After a reset.
    pub(crate) fn new() -> Self {
        let mut config = Self { bytes: [0; SIZE], writable: [0; SIZE] };
        config.set(0x00, &VENDOR.to_le_bytes());
        config.set(0x02, &DEVICE.to_le_bytes());
        // Memory space, bus master, parity, INTx off.
        config.allow(0x04, &[0x46, 0x05]);
        // A list of capabilities.
        config.set(0x06, &[0x10]);
        // Class: processing accelerator.
        config.set(0x0b, &[0x12]);
        for bar in [0x10, 0x14] {
            config.allow(bar, &(!(BAR_BYTES as u32 - 1)).to_le_bytes());
        }
        config.set(0x2c, &VENDOR.to_le_bytes());
        config.set(0x2e, &[0x07]);
        config.set(0x34, &[MSI_X as u8]);
        config.allow(0x3c, &[0xff]);

        config.set(MSI_X, &[0x11, EXPRESS as u8]);
        config.set(MSI_X + 2, &(VECTORS - 1).to_le_bytes());
        config.allow(MSI_X + 3, &[0xc0]);
        config.set(MSI_X + 4, &1_u32.to_le_bytes());
        config.set(MSI_X + 8, &(1 | PENDING).to_le_bytes());

        // An endpoint, version 2, that can reset its function.
        config.set(EXPRESS, &[0x10, 0, 0x02]);
        config.set(EXPRESS + 4, &(1_u32 << 28).to_le_bytes());
        config.allow(EXPRESS + 8, &[0xff, 0x7f]);
        config
    }

    fn set(&mut self, at: usize, bytes: &[u8]) {
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn allow(&mut self, at: usize, bits: &[u8]) {
        self.writable[at..at + bits.len()].copy_from_slice(bits);
    }

    /// Reads; what lies behind the space is zero.
    pub(crate) fn read(&self, at: usize, bytes: &mut [u8]) {
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = self.bytes.get(at + index).copied().unwrap_or(0);
        }
    }

    /// Writes the bits that can be written; whether that asks for a reset of the function.
    pub(crate) fn write(&mut self, at: usize, bytes: &[u8]) -> bool {
        for (index, byte) in bytes.iter().enumerate() {
            if let Some(writable) = self.writable.get(at + index) {
                let old = &mut self.bytes[at + index];
                *old = *old & !writable | byte & writable;
            }
        }
        let control = EXPRESS + 9;
        (at..at + bytes.len()).contains(&control) && bytes[control - at] & 0x80 != 0
    }

    /// Whether the function may answer to accesses of its BARs.
    pub(crate) fn answers(&self) -> bool {
        self.bytes[4] & 2 != 0
    }

    /// Whether it may reach memory.
    pub(crate) fn is_master(&self) -> bool {
        self.bytes[4] & 4 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(config: &Config, at: usize) -> u32 {
        let mut bytes = [0; 4];
        config.read(at, &mut bytes);
        u32::from_le_bytes(bytes)
    }

    #[test]
    fn sizes_of_bars_are_found_as_pci_wants_it() {
        let mut config = Config::new();
        for bar in [0x10, 0x14, 0x18] {
            config.write(bar, &[0xff; 4]);
        }
        assert_eq!([word(&config, 0x10), word(&config, 0x14), word(&config, 0x18)], [!0xfff, !0xfff, 0]);
    }

    #[test]
    fn capabilities_form_a_list() {
        let config = Config::new();
        let (mut at, mut found) = (word(&config, 0x34) & 0xff, Vec::new());
        while at != 0 {
            let header = word(&config, at as usize);
            found.push(header & 0xff);
            at = header >> 8 & 0xff;
        }
        assert_eq!(found, [0x11, 0x10]);
    }

    #[test]
    fn identification_cannot_be_written_and_a_reset_can_be_asked_for() {
        let mut config = Config::new();
        let before = word(&config, 0);
        assert!(!config.write(0, &[0xff; 4]));
        assert_eq!(word(&config, 0), before);
        assert!(!config.answers() && !config.is_master());
        config.write(4, &6_u16.to_le_bytes());
        assert!(config.answers() && config.is_master());
        assert!(config.write(EXPRESS + 8, &0x8000_u16.to_le_bytes()));
    }
}
