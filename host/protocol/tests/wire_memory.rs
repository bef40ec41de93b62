//! No message makes a reader reserve much more memory than it has bytes, whatever counts and lengths it names.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use qkdpp_protocol::wire::codec::Reader;
use qkdpp_protocol::wire::message::{Amplify, Corrected, Detections, Sifting, Verify, decode_bits};
use qkdpp_protocol::wire::positions;

/// The system's allocator, which remembers the largest request of the thread.
struct Watched;

thread_local! {
    static LARGEST: Cell<usize> = const { Cell::new(0) };
}

fn note(layout: Layout) {
    let _ = LARGEST.try_with(|largest| largest.set(largest.get().max(layout.size())));
}

// SAFETY: every call goes on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout);
        // SAFETY: the caller's promises about `layout` are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: `memory` came from the system's allocator with this layout.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Watched = Watched;

/// The largest allocation of `read`.
fn largest<T>(read: impl FnOnce() -> T) -> usize {
    LARGEST.set(0);
    let _ = read();
    LARGEST.get()
}

#[test]
fn counts_and_lengths_that_are_not_there_reserve_nothing() {
    const LEN: usize = 4096;
    for fill in [0x00, 0x55, 0xff] {
        let bytes = [fill; LEN];
        let mut detections = bytes;
        detections[8..16].fill(0xff);
        let huge = u32::MAX as usize;
        let readers: [(&str, usize); 8] = [
            (
                "detections",
                largest(|| Detections::decode(&detections, u64::from_le_bytes([fill; 8]), u32::MAX)),
            ),
            ("positions", largest(|| positions::read(&mut Reader::new(&bytes), huge, u32::MAX))),
            ("sifting", largest(|| Sifting::decode(&bytes, huge, true, true))),
            ("corrected", largest(|| Corrected::decode(&bytes, usize::MAX >> 1, true))),
            ("verify", largest(|| Verify::decode(&bytes, huge, 128))),
            ("amplify", largest(|| Amplify::decode(&bytes))),
            ("bits", largest(|| decode_bits(&bytes, usize::MAX))),
            ("bits that are there", largest(|| decode_bits(&bytes, 8 * LEN))),
        ];
        for (name, largest) in readers {
            // A position takes a bit at least on the wire, and 32 in memory.
            assert!(largest <= 32 * LEN, "{name} of {fill:#x}: {largest} bytes for {LEN}");
        }
    }
}
