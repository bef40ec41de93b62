//! [`Slot`]: a place on the PCI bus, what stands there according to sysfs, and giving it to VFIO.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The driver that a card must be bound to.
const VFIO: &str = "vfio-pci";

/// Why a card cannot be used, and who must act.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SlotError {
    /// No such text.
    #[error("{0:?} is no PCI address; it looks like 0000:01:00.0")]
    Address(String),
    /// Nothing there.
    #[error("there is no PCI device {0}; `qkdpp device list` shows those that are there")]
    Missing(String),
    /// No IOMMU.
    #[error(
        "{0} is behind no IOMMU: switch it on in the firmware (VT-d, AMD-Vi, SMMU) and in the kernel (intel_iommu=on)"
    )]
    NoIommu(String),
    /// Bound to something else, or to nothing.
    #[error("{address} is bound to {driver}, not to vfio-pci: run `qkdpp device bind {address}` as root")]
    Bound {
        /// The card.
        address: String,
        /// Its driver, or "no driver".
        driver: String,
    },
    /// The group has other members with drivers of their own.
    #[error(
        "{address} shares IOMMU group {group} with {others}, bound to other drivers: bind all of them to vfio-pci, or move \
         the card to another slot"
    )]
    Shared {
        /// The card.
        address: String,
        /// Its group.
        group: u32,
        /// The others and their drivers.
        others: String,
    },
    /// Not allowed.
    #[error("{file}: {reason}: give this user access to it, for example by a udev rule")]
    Forbidden {
        /// What could not be opened.
        file: String,
        /// The system's words.
        reason: String,
    },
}

/// A PCI function that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    address: String,
    devices: PathBuf,
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address)
    }
}

impl Slot {
    /// The function at `address`, as 0000:01:00.0 or 01:00.0.
    ///
    /// # Errors
    /// If that is no address, or nothing is there.
    pub fn new(address: &str) -> Result<Self, SlotError> {
        Self::below(Path::new("/sys/bus/pci/devices"), address)
    }

    /// All functions that are there.
    ///
    /// # Errors
    /// If there is no sysfs.
    pub fn list() -> io::Result<Vec<Self>> {
        let devices = Path::new("/sys/bus/pci/devices");
        let mut slots: Vec<Self> = fs::read_dir(devices)?
            .filter_map(|entry| Self::below(devices, entry.ok()?.file_name().to_str()?).ok())
            .collect();
        slots.sort_by(|a, b| a.address.cmp(&b.address));
        Ok(slots)
    }

    fn below(devices: &Path, address: &str) -> Result<Self, SlotError> {
        let full =
            if address.len() == "01:00.0".len() { format!("0000:{address}") } else { address.to_owned() };
        if !is_address(&full) {
            return Err(SlotError::Address(address.to_owned()));
        }
        let slot = Self { address: full, devices: devices.to_owned() };
        if slot.path().exists() { Ok(slot) } else { Err(SlotError::Missing(slot.address)) }
    }

    /// Its folder in sysfs.
    pub fn path(&self) -> PathBuf {
        self.devices.join(&self.address)
    }

    /// Vendor and device.
    pub fn identification(&self) -> Option<(u16, u16)> {
        let number = |name| {
            let text = fs::read_to_string(self.path().join(name)).ok()?;
            u16::from_str_radix(text.trim().trim_start_matches("0x"), 16).ok()
        };
        Some((number("vendor")?, number("device")?))
    }

    /// The driver it is bound to.
    pub fn driver(&self) -> Option<String> {
        link_name(&self.path().join("driver"))
    }

    /// Its IOMMU group.
    pub fn group(&self) -> Option<u32> {
        link_name(&self.path().join("iommu_group"))?.parse().ok()
    }

    /// Checks that VFIO can have it.
    ///
    /// # Errors
    /// What stands in the way.
    pub fn check(&self) -> Result<(), SlotError> {
        let address = self.address.clone();
        let group = self.group().ok_or_else(|| SlotError::NoIommu(address.clone()))?;
        match self.driver() {
            Some(driver) if driver == VFIO => {}
            driver => {
                let driver = driver.unwrap_or_else(|| "no driver".to_owned());
                return Err(SlotError::Bound { address, driver });
            }
        }
        let others = self.others();
        if others.is_empty() {
            Ok(())
        } else {
            Err(SlotError::Shared { address, group, others: others.join(", ") })
        }
    }

    /// Functions of the same group whose drivers keep it from being used. Bridges have a driver that does not.
    fn others(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path().join("iommu_group/devices")) else { return Vec::new() };
        let others = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut found: Vec<String> = others
            .filter(|other| *other != self.address)
            .filter_map(|other| {
                let driver = link_name(&self.devices.join(&other).join("driver"))?;
                (![VFIO, "pcieport", "pci-stub"].contains(&driver.as_str()))
                    .then(|| format!("{other} ({driver})"))
            })
            .collect();
        found.sort();
        found
    }

    /// Takes it from its driver and gives it to vfio-pci. Needs root.
    ///
    /// # Errors
    /// If the kernel does not do so.
    pub fn bind(&self) -> Result<(), SlotError> {
        self.hand_to(VFIO)?;
        match self.driver() {
            Some(driver) if driver == VFIO => Ok(()),
            driver => Err(SlotError::Bound {
                address: self.address.clone(),
                driver: format!(
                    "{}; is the module vfio-pci loaded?",
                    driver.as_deref().unwrap_or("no driver")
                ),
            }),
        }
    }

    /// Gives it back to the driver that the kernel would choose. Needs root.
    ///
    /// # Errors
    /// If the kernel does not do so.
    pub fn unbind(&self) -> Result<(), SlotError> {
        self.hand_to("\n")
    }

    fn hand_to(&self, driver: &str) -> Result<(), SlotError> {
        write(&self.path().join("driver_override"), driver)?;
        let unbind = self.path().join("driver/unbind");
        if unbind.exists() {
            write(&unbind, &self.address)?;
        }
        write(&self.devices.join("../drivers_probe"), &self.address)
    }

    /// What an error of opening it means.
    pub(super) fn explain(&self, error: &io::Error) -> io::Error {
        let group = self.group().unwrap_or_default();
        let text = match error.kind() {
            io::ErrorKind::PermissionDenied => {
                SlotError::Forbidden { file: format!("/dev/vfio/{group}"), reason: error.to_string() }
                    .to_string()
            }
            io::ErrorKind::NotFound => {
                format!(
                    "{self}: /dev/vfio/{group} is missing: load the modules vfio_iommu_type1 and vfio-pci"
                )
            }
            io::ErrorKind::ResourceBusy => {
                format!("{self}: IOMMU group {group} is in use by another process")
            }
            _ => format!("{self}: {error}"),
        };
        io::Error::new(error.kind(), text)
    }
}

fn write(file: &Path, text: &str) -> Result<(), SlotError> {
    fs::write(file, text)
        .map_err(|error| SlotError::Forbidden { file: file.display().to_string(), reason: error.to_string() })
}

/// Whether `text` looks like 0000:01:00.0.
fn is_address(text: &str) -> bool {
    let pattern = b"hhhh:hh:hh.h";
    text.len() == pattern.len()
        && text.bytes().zip(pattern).all(|(byte, wanted)| match wanted {
            b'h' => byte.is_ascii_hexdigit(),
            _ => byte == *wanted,
        })
}

/// The last part of what a link names.
fn link_name(link: &Path) -> Option<String> {
    fs::read_link(link).ok()?.file_name()?.to_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::*;

    /// A sysfs with three functions: 01:00.0 and its neighbour 01:00.1 in group 7, and 02:00.0 in none.
    struct Sysfs(TempDir);

    impl Sysfs {
        fn new() -> Self {
            let sysfs = Self(tempfile::tempdir().expect("a folder"));
            for address in ["0000:01:00.0", "0000:01:00.1", "0000:02:00.0"] {
                fs::create_dir_all(sysfs.devices().join(address)).expect("writable");
            }
            fs::create_dir_all(sysfs.0.path().join("groups/7/devices")).expect("writable");
            for address in ["0000:01:00.0", "0000:01:00.1"] {
                symlink("../../groups/7", sysfs.devices().join(address).join("iommu_group"))
                    .expect("writable");
                fs::create_dir(sysfs.0.path().join("groups/7/devices").join(address)).expect("writable");
            }
            let card = sysfs.devices().join("0000:01:00.0");
            fs::write(card.join("vendor"), "0x10ee\n").expect("writable");
            fs::write(card.join("device"), "0x9038\n").expect("writable");
            sysfs
        }

        fn devices(&self) -> PathBuf {
            self.0.path().join("devices")
        }

        fn slot(&self, address: &str) -> Result<Slot, SlotError> {
            Slot::below(&self.devices(), address)
        }

        fn bound(&self, address: &str, driver: &str) {
            let link = self.devices().join(address).join("driver");
            let _ = fs::remove_file(&link);
            symlink(format!("../../drivers/{driver}"), link).expect("writable");
        }
    }

    #[test]
    fn addresses() {
        let sysfs = Sysfs::new();
        let card = sysfs.slot("01:00.0").expect("it is there");
        assert_eq!(
            (card.to_string(), card.identification()),
            ("0000:01:00.0".into(), Some((0x10ee, 0x9038)))
        );
        assert_eq!(sysfs.slot("0000:03:00.0"), Err(SlotError::Missing("0000:03:00.0".into())));
        for wrong in ["", "01:00", "0000:01:00:0", "../../etc/x", "0000:0g:00.0"] {
            assert_eq!(sysfs.slot(wrong), Err(SlotError::Address(wrong.into())));
        }
    }

    #[test]
    fn what_stands_in_the_way_is_named() {
        let sysfs = Sysfs::new();
        let check = || sysfs.slot("01:00.0").expect("it is there").check();
        let bound =
            |driver: &str| Err(SlotError::Bound { address: "0000:01:00.0".into(), driver: driver.into() });
        assert_eq!(
            sysfs.slot("02:00.0").expect("it is there").check(),
            Err(SlotError::NoIommu("0000:02:00.0".into()))
        );
        assert_eq!(check(), bound("no driver"));
        sysfs.bound("0000:01:00.0", "xdma");
        assert_eq!(check(), bound("xdma"));
        sysfs.bound("0000:01:00.0", "vfio-pci");
        assert_eq!(check(), Ok(()));
        sysfs.bound("0000:01:00.1", "pcieport");
        assert_eq!(check(), Ok(()));
        sysfs.bound("0000:01:00.1", "ixgbe");
        let others = "0000:01:00.1 (ixgbe)".to_owned();
        assert_eq!(check(), Err(SlotError::Shared { address: "0000:01:00.0".into(), group: 7, others }));
    }

    #[test]
    fn binding_writes_what_the_kernel_wants_and_believes_only_the_link() {
        let sysfs = Sysfs::new();
        let card = sysfs.slot("01:00.0").expect("it is there");
        let text = |file: &str| fs::read_to_string(sysfs.0.path().join(file)).expect("written");
        assert!(matches!(card.bind(), Err(SlotError::Bound { .. })), "nothing answers here");
        assert_eq!(text("devices/0000:01:00.0/driver_override"), "vfio-pci");
        assert_eq!(text("drivers_probe"), "0000:01:00.0");
        sysfs.bound("0000:01:00.0", "vfio-pci");
        assert_eq!(card.bind(), Ok(()));
    }
}
