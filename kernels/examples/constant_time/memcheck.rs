//! Requests of a program to the memcheck that runs it: which memory counts as secret, and what was found.
//!
//! A request is an instruction sequence without effect on a processor, which valgrind recognises (valgrind.h, "client
//! request mechanism"). The numbers are part of valgrind's interface.

use qkdpp_kernels::Bits;

const RUNNING_ON_VALGRIND: u64 = 0x1001;
const COUNT_ERRORS: u64 = 0x1201;
const MAKE_MEM_UNDEFINED: u64 = 0x4d43_0001;
const MAKE_MEM_DEFINED: u64 = 0x4d43_0002;

/// Valgrind's answer, 0 outside of it.
fn request(number: u64, address: u64, bytes: u64) -> u64 {
    let arguments = [number, address, bytes, 0, 0, 0];
    let answer: u64;
    // SAFETY: the rotations add up to 128 bits, so that rdi comes out as it went in, and rbx is exchanged with itself. Valgrind
    // reads `arguments` and changes its own marks only.
    unsafe {
        std::arch::asm!(
            "rol rdi, 3", "rol rdi, 13", "rol rdi, 61", "rol rdi, 51", "xchg rbx, rbx",
            in("rax") arguments.as_ptr(),
            inout("rdx") 0_u64 => answer,
            out("rdi") _,
        );
    }
    answer
}

/// Whether memcheck, or another tool of valgrind's, runs this program.
pub(crate) fn is_running() -> bool {
    request(RUNNING_ON_VALGRIND, 0, 0) > 0
}

/// Errors so far: conditional jumps and addresses that depend on secrets.
pub(crate) fn errors() -> u64 {
    request(COUNT_ERRORS, 0, 0)
}

fn mark(number: u64, bytes: &[u8]) {
    request(number, bytes.as_ptr() as u64, bytes.len() as u64);
}

/// Something that lies in memory as plain bytes.
pub(crate) trait Marked {
    /// Calls `mark` with its bytes.
    fn bytes(&self, mark: impl Fn(&[u8]));
}

impl Marked for Bits {
    fn bytes(&self, mark: impl Fn(&[u8])) {
        let words = self.words();
        // SAFETY: any initialised words are as many times eight bytes.
        mark(unsafe { std::slice::from_raw_parts(words.as_ptr().cast(), size_of_val(words)) });
    }
}

impl Marked for u128 {
    fn bytes(&self, mark: impl Fn(&[u8])) {
        // SAFETY: any number is sixteen bytes.
        mark(unsafe { std::slice::from_raw_parts(std::ptr::from_ref(self).cast(), size_of::<Self>()) });
    }
}

/// From now on `value`, and everything computed from it, is secret.
pub(crate) fn secret<T: Marked>(value: T) -> T {
    let boxed = Box::new(value);
    boxed.bytes(|bytes| mark(MAKE_MEM_UNDEFINED, bytes));
    *std::hint::black_box(boxed)
}

/// `value` may be looked at again.
pub(crate) fn public<T: Marked>(value: &T) {
    value.bytes(|bytes| mark(MAKE_MEM_DEFINED, bytes));
}
