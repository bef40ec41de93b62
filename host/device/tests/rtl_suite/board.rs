//! What all tests need: a driven board, and the verdict on it.

use std::time::Duration;

use qkdpp_device::sim::faults::{Plan, Struck};
use qkdpp_device::sim::memory::Memory;
use qkdpp_device::sim::rtl::{Log, Timing};
use qkdpp_device::sim::{Idle, Rtl};
use qkdpp_device::{Driver, Options};
use qkdpp_kernels::Backend;

/// Handles that outlive the driver.
#[derive(Clone)]
pub(crate) struct Board {
    pub(crate) log: Log,
    pub(crate) memory: Memory,
    name: String,
}

impl Board {
    /// A board after power-on, whose time passes at once when it is idle.
    pub(crate) fn new(timing: &Timing, plan: Plan) -> (Rtl, Self) {
        let rtl = Rtl::new(timing, plan, Idle::Skip).expect("a reset without failed assertions");
        let board =
            Self { log: rtl.log().clone(), memory: rtl.memory().clone(), name: format!("{timing:?}") };
        (rtl, board)
    }

    /// A board whose device has proved itself.
    pub(crate) fn driven(timing: &Timing, options: Options) -> (Driver<Rtl>, Self) {
        let (rtl, board) = Self::new(timing, Plan::sound());
        let driver = Driver::new(rtl, options);
        board.check();
        (driver.expect("a sound device"), board)
    }

    /// Fails if the device has done what it must not.
    pub(crate) fn check(&self) {
        assert_eq!(self.log.breaches(), [""; 0], "{}", self.name);
        assert_eq!(self.memory.unmapped_accesses(), 0, "{}", self.name);
    }

    /// The same, and that the driver, now dropped, has given everything back.
    pub(crate) fn close(&self) {
        self.check();
        assert_eq!(self.memory.regions(), 0, "memory is still mapped");
    }

    pub(crate) fn struck(&self) -> Struck {
        self.memory.with_faults(|faults| faults.struck())
    }
}

/// Patience that suits simulated time.
pub(crate) fn options() -> Options {
    Options { entries: 16, patience: Duration::from_millis(200), ..Options::new("sim:rtl") }
}

pub(crate) fn count(backend: &dyn Backend, name: &str) -> u64 {
    let counts = backend.monitor().expect("a driver counts")();
    counts.iter().find(|(known, _)| *known == name).expect("a counter").1
}
