//! The exported functions, called as C calls them.

mod abi;
mod kernels;
mod misuse;
mod session;

use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;
use std::path::Path;

use crate::boundary::{Bytes, Text, last_error};
use crate::error::Status;
use crate::pool::qkdpp_pool_create;

/// Entangled pairs, about 2e4 sifted bits a block.
const CONFIG: &CStr = c"
[link]
clock_hz = 1e8
loss.fixed = { db = 1.0 }

[link.source.entangled-pairs]
pairs_per_slot = 0.01
misalignment_key = 0.01
misalignment_test = 0.01

[link.source.entangled-pairs.detector]
efficiency = 0.5
dark_count_probability = 1e-7
after_pulse_probability = 0.0
dead_time_slots = 0
key_basis_probability = 0.5

[link.detector]
efficiency = 0.5
dark_count_probability = 1e-7
after_pulse_probability = 0.0
dead_time_slots = 0
key_basis_probability = 0.5

[profile]
name = \"bbm92\"
protocol = \"bbm92\"
slots_per_block = 20_000_000
slots_per_batch = 12_000_000
expected_qber = 0.02
test = { sample = { fraction = 0.2 } }

[profile.proof]
name = \"tl-2017\"
eps_sec = 1e-9
eps_cor = 1e-15
";

/// What an out-parameter was set to by a call that must succeed.
fn out<T>(call: impl FnOnce(Option<&mut MaybeUninit<T>>) -> Status) -> T {
    let mut value = MaybeUninit::uninit();
    let status = call(Some(&mut value));
    assert_eq!(status, Status::Ok, "{}", last_error());
    // SAFETY: functions write their out-parameters when they succeed.
    unsafe { value.assume_init() }
}

/// A call that must fail so.
#[track_caller]
fn fails(status: Status, expected: Status, message: &str) {
    assert_eq!(status, expected, "{}", last_error());
    let said = last_error();
    assert!(said.contains(message), "{said:?} does not say {message:?}");
}

fn c_path(path: &Path) -> CString {
    CString::new(path.to_str().expect("UTF-8")).expect("no NUL")
}

/// A key pool of a thousand pads for each direction, the same on both sides.
fn pool(path: &Path) -> CString {
    let secret: Vec<u8> =
        (0..64 + 32 * 1000_u32).map(|index| (index * index % 251 + index % 5) as u8 | 1).collect();
    let path = c_path(path);
    assert_eq!(
        qkdpp_pool_create(Text::from(&*path), Bytes::from(&secret[..])),
        Status::Ok,
        "{}",
        last_error()
    );
    path
}
