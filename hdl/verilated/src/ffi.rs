//! The face of shim/shim.cpp, and the only `unsafe` of the crate: one model owned by one value, nothing shared.
//!
//! No function of the shim throws or keeps a pointer that it is given, and each takes any input: what is wider than its port
//! is cut, and every flag that is not 0 is 1.

use std::ffi::{CStr, c_char};
use std::mem::offset_of;
use std::ptr::NonNull;

use crate::Stopped;

/// Words of 32 bits in a beat of the memory bus.
pub const BEAT_WORDS: usize = 8;

/// What the world drives, held through the cycles of one [`Core::advance`]. Flags are 0 or 1. `s_` is the AXI4-Lite bus
/// (registers), `m_` the AXI4 bus (host memory); names are those of AXI.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[repr(C)]
#[allow(missing_docs, reason = "the names of AXI signals")]
pub struct Drive {
    /// The asynchronous reset; 1 holds the core in it.
    pub reset: u32,
    pub s_awvalid: u32,
    pub s_awaddr: u32,
    pub s_wvalid: u32,
    pub s_wdata: u32,
    pub s_bready: u32,
    pub s_arvalid: u32,
    pub s_araddr: u32,
    pub s_rready: u32,
    pub m_awready: u32,
    pub m_wready: u32,
    pub m_bvalid: u32,
    pub m_bid: u32,
    pub m_bresp: u32,
    pub m_arready: u32,
    pub m_rvalid: u32,
    pub m_rid: u32,
    pub m_rresp: u32,
    pub m_rlast: u32,
    pub m_rdata: [u32; BEAT_WORDS],
}

/// What the core drives, as it stood before the clock edge that ended the last cycle.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[repr(C)]
#[allow(missing_docs, reason = "the names of AXI signals")]
pub struct Sense {
    pub s_awready: u32,
    pub s_wready: u32,
    pub s_bvalid: u32,
    pub s_bresp: u32,
    pub s_arready: u32,
    pub s_rvalid: u32,
    pub s_rdata: u32,
    pub s_rresp: u32,
    pub m_awvalid: u32,
    pub m_awid: u32,
    pub m_awlen: u32,
    pub m_awsize: u32,
    pub m_awburst: u32,
    pub m_wvalid: u32,
    pub m_wlast: u32,
    pub m_wstrb: u32,
    pub m_wdata: [u32; BEAT_WORDS],
    pub m_bready: u32,
    pub m_arvalid: u32,
    pub m_arid: u32,
    pub m_arlen: u32,
    pub m_arsize: u32,
    pub m_arburst: u32,
    pub m_rready: u32,
    /// Bit 0 completions, bit 1 errors.
    pub irq: u32,
    pub m_awaddr: u64,
    pub m_araddr: u64,
}

// The numbers of shim/ports.h.
const _: () = assert!(size_of::<Drive>() == 108 && offset_of!(Drive, m_rdata) == 76);
const _: () = assert!(
    size_of::<Sense>() == 144 && offset_of!(Sense, m_wdata) == 64 && offset_of!(Sense, m_awaddr) == 128
);

/// The C++ object; never looked into from here.
#[repr(C)]
struct Model {
    _opaque: [u8; 0],
}

unsafe extern "C" {
    fn qkdpp_rtl_new(seed: i32) -> *mut Model;
    fn qkdpp_rtl_free(model: *mut Model);
    fn qkdpp_rtl_advance(model: *mut Model, drive: *const Drive, most: u32, sense: *mut Sense) -> u32;
    fn qkdpp_rtl_stop(model: *mut Model);
    fn qkdpp_rtl_complaint(model: *const Model, text: *mut c_char, size: u32);
}

const STOPPED: u32 = 1 << 31;

/// One simulated core. Cores are independent of each other.
pub struct Core {
    model: NonNull<Model>,
    cycle: u64,
    stopped: Option<Stopped>,
}

// SAFETY: the model is reached through this value alone, and every function of the shim names the model's context to
// Verilator's per-thread state on entry and relies on nothing left there by an earlier call, so calls may come from different
// threads one after the other. What Verilator's library shares between models it guards with mutexes, but for one pointer,
// which the shim guards. Nothing is done with `&Core` but reading Rust fields, and `Sync` is not claimed.
unsafe impl Send for Core {}

impl Core {
    /// A core in reset. Every bit that the RTL leaves undefined at power-on is drawn from `seed`.
    pub fn new(seed: u32) -> Self {
        // Verilator takes seeds from 1 to 2^31 − 1.
        let seed = (seed % (i32::MAX as u32 - 1) + 1) as i32;
        // SAFETY: takes no pointer and any number; returns an object that is ours to free.
        let model = unsafe { qkdpp_rtl_new(seed) };
        let Some(model) = NonNull::new(model) else { unreachable!("the shim never returns null") };
        Self { model, cycle: 0, stopped: None }
    }

    /// Clock cycles run since the core was made.
    pub fn cycle(&self) -> u64 {
        self.cycle
    }

    /// Drives the ports for at least one and at most `most` cycles, ending early after a cycle in which the core asked
    /// for a transaction on the memory bus or changed an interrupt line. Returns the number of cycles; `sense` is what
    /// the core drove in the last of them.
    ///
    /// # Errors
    /// If the RTL stopped the simulation, now or earlier: an assertion failed.
    pub fn advance(&mut self, drive: &Drive, most: u32, sense: &mut Sense) -> Result<u32, Stopped> {
        if let Some(stopped) = &self.stopped {
            return Err(stopped.clone());
        }
        let most = most.clamp(1, STOPPED - 1);
        // SAFETY: the model is alive (freed only in drop) and not in use elsewhere (`&mut self`); both structures are
        // `repr(C)` with the fields of shim/ports.h in their order (the sizes are checked above), all valid for every bit
        // pattern, and outlive the call. `drive` is only read; nothing else refers to `sense`, which is borrowed mutably.
        let result = unsafe { qkdpp_rtl_advance(self.model.as_ptr(), drive, most, sense) };
        let cycles = result & !STOPPED;
        self.cycle += u64::from(cycles);
        if result & STOPPED != 0 {
            let stopped = Stopped { cycle: self.cycle, complaint: self.complaint() };
            self.stopped = Some(stopped.clone());
            return Err(stopped);
        }
        Ok(cycles)
    }

    /// Stops the model as a failed assertion does, which cannot be had from a sound core: for tests of those who must
    /// cope with it.
    pub fn stop(&mut self) {
        // SAFETY: the model is alive (freed only in drop) and not in use elsewhere (`&mut self`).
        unsafe { qkdpp_rtl_stop(self.model.as_ptr()) }
    }

    fn complaint(&self) -> String {
        let mut text = [0_u8; 4096];
        // SAFETY: the model is alive (freed only in drop) and only read; `Core` not being `Sync`, no other thread changes
        // it. The shim writes at most the given number of bytes to `text`, ending with a zero.
        unsafe { qkdpp_rtl_complaint(self.model.as_ptr(), text.as_mut_ptr().cast(), text.len() as u32) };
        CStr::from_bytes_until_nul(&text)
            .map_or_else(|_| String::new(), |text| text.to_string_lossy().into_owned())
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        // SAFETY: made by `qkdpp_rtl_new`, freed once, not used after.
        unsafe { qkdpp_rtl_free(self.model.as_ptr()) }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    /// Reads the register at `address`, with `flag` for what is on.
    fn read(core: &mut Core, address: u32, flag: u32) -> u32 {
        let mut sense = Sense::default();
        let mut drive = Drive { reset: 1, ..Drive::default() };
        core.advance(&drive, 16, &mut sense).expect("sound");
        drive = Drive { s_rready: flag, s_arvalid: flag, s_araddr: address, ..Drive::default() };
        for _ in 0..100 {
            core.advance(&drive, 1, &mut sense).expect("sound");
            if sense.s_arready == 1 {
                drive.s_arvalid = 0;
            }
            if sense.s_rvalid == 1 {
                return sense.s_rdata;
            }
        }
        panic!("no answer");
    }

    /// The model is undefined for bits that a port does not have.
    #[test]
    fn inputs_are_cut_to_their_ports() {
        let mut core = Core::new(1);
        let id = read(&mut core, 0, 1);
        assert_ne!(id, 0);
        assert_eq!(read(&mut core, 0xffff_f000, 2), id);
    }

    #[test]
    fn cores_move_between_threads_and_live_side_by_side() {
        let cores: Vec<_> = (0..4)
            .map(|seed| {
                thread::spawn(move || {
                    let mut core = Core::new(seed);
                    (read(&mut core, 0, 1), core)
                })
            })
            .collect();
        let cores = cores.into_iter().map(|thread| thread.join().expect("no panic"));
        let again: Vec<_> =
            cores.map(|(id, mut core)| thread::spawn(move || (read(&mut core, 0, 1), id))).collect();
        for thread in again {
            let (found, id) = thread.join().expect("no panic");
            assert_eq!(found, id);
        }
    }
}
