//! The AXI4-Lite master: one register access at a time, with its channels in any order and with pauses.

use qkdpp_rtl::{Drive, Sense};

use super::log::Log;
use super::rules::Steady;
use super::timing::{Timing, Valve};

/// An access under way.
struct Access {
    /// `None`: a read.
    value: Option<u32>,
    /// Whether the address has been taken.
    addressed: bool,
    /// Whether the value has been taken.
    given: bool,
}

/// The master.
pub(super) struct Registers {
    access: Option<Access>,
    addresses: Valve,
    values: Valve,
    answers: Valve,
    read: Steady<(u32, u32)>,
    written: Steady<u32>,
}

impl Registers {
    pub(super) fn new(timing: &Timing) -> Self {
        Self {
            access: None,
            addresses: Valve::new(timing, 5),
            values: Valve::new(timing, 6),
            answers: Valve::new(timing, 7),
            read: Steady::new("AXI4-Lite R"),
            written: Steady::new("AXI4-Lite B"),
        }
    }

    /// Drops the access under way; the core is reset.
    pub(super) fn reset(&mut self, drive: &mut Drive) {
        self.access = None;
        self.read.forget();
        self.written.forget();
        drive.s_awvalid = 0;
        drive.s_wvalid = 0;
        drive.s_arvalid = 0;
    }

    /// Begins a read, or a write of `value`.
    pub(super) fn start(&mut self, offset: u32, value: Option<u32>, drive: &mut Drive) {
        drive.s_araddr = offset;
        drive.s_awaddr = offset;
        drive.s_wdata = value.unwrap_or(0);
        self.access = Some(Access { value, addressed: false, given: false });
    }

    /// Whether an access is under way.
    pub(super) fn is_busy(&self) -> bool {
        self.access.is_some()
    }

    /// Sets what the core sees in the next cycle.
    pub(super) fn drive(&mut self, drive: &mut Drive) {
        let Some(Access { value, addressed, given }) = self.access else { return };
        let addresses = u32::from(!addressed && self.addresses.opens());
        let values = u32::from(!given && self.values.opens());
        if value.is_some() {
            drive.s_awvalid |= addresses;
            drive.s_wvalid |= values;
        } else {
            drive.s_arvalid |= addresses;
        }
        let answers = u32::from(self.answers.opens());
        drive.s_bready = answers;
        drive.s_rready = answers;
    }

    /// Takes what the core showed in cycle `now`; returns the answer if it has come, zero for a write.
    pub(super) fn sense(&mut self, now: u64, log: &Log, drive: &mut Drive, sense: &Sense) -> Option<u32> {
        let ready = drive.s_rready == 1;
        let read = self.read.see(sense.s_rvalid == 1, ready, (sense.s_rdata, sense.s_rresp), now, log);
        let ready = drive.s_bready == 1;
        let written = self.written.see(sense.s_bvalid == 1, ready, sense.s_bresp, now, log);
        let Some(access) = &mut self.access else {
            if sense.s_rvalid == 1 || sense.s_bvalid == 1 {
                log.breach(format!("cycle {now}: an answer on AXI4-Lite that nobody asked for"));
            }
            return None;
        };
        let address_taken = drive.s_awvalid & sense.s_awready == 1 || drive.s_arvalid & sense.s_arready == 1;
        if address_taken {
            access.addressed = true;
            drive.s_awvalid = 0;
            drive.s_arvalid = 0;
        }
        if drive.s_wvalid & sense.s_wready == 1 {
            access.given = true;
            drive.s_wvalid = 0;
        }
        let answer = match access.value {
            None => read.map(|(value, _)| value),
            Some(_) => written.map(|_| 0),
        };
        if answer.is_some() {
            if !access.addressed || access.given != access.value.is_some() {
                log.breach(format!("cycle {now}: AXI4-Lite answers before it was asked"));
            }
            self.access = None;
            drive.s_bready = 0;
            drive.s_rready = 0;
        }
        answer
    }
}
