//! How much of the bus the DMA engine uses: hdl/DEVICE.md wants its latency hidden.

use std::time::Duration;

use qkdpp_device::entry::Submission;
use qkdpp_device::layout::Kernel;
use qkdpp_device::sim::faults::Plan;
use qkdpp_device::sim::rtl::Timing;
use qkdpp_device::transport::Dma;

use crate::board::Board;
use crate::queue::Queue;

/// Beats of a job.
const BEATS: u32 = 8192;

/// Jobs that follow each other.
const JOBS: u32 = 4;

/// Cycles from a request to its answer that the configuration's FIFOs cover; the default one those of a PCIe link.
const LATENCY: u32 = if matches!(qkdpp_rtl::CONFIGURATION.as_bytes(), b"small") { 64 } else { 250 };

/// Echo: at least nine beats in ten cycles, both ways at once, from the doorbell to the last
/// completion.
#[test]
fn echo_fills_the_bus_both_ways() {
    let timing = Timing { latency: LATENCY, ..Timing::calm() };
    let (rtl, board) = Board::new(&timing, Plan::sound());
    let mut queue = Queue::open(rtl, 16);
    let bytes = BEATS * 32;
    let buffers: Vec<_> =
        (0..JOBS).map(|_| (queue.alloc(bytes as usize), queue.alloc(bytes as usize))).collect();
    let before = board.log.traffic();
    for (tag, (input, output)) in (0..).zip(&buffers) {
        queue.push(&Submission {
            kernel: Kernel::Echo as u32,
            tag,
            input: input.iova(),
            input_bytes: bytes,
            output: output.iova(),
            output_bytes: bytes,
            parameters: [0; 8],
        });
    }
    queue.ring();
    for _ in 0..JOBS {
        queue.next(Duration::from_secs(10)).expect("a completion");
    }
    let after = board.log.traffic();
    let cycles = (after.cycles - before.cycles) as f64;
    let read = (after.read_beats - before.read_beats) as f64 / cycles;
    let written = (after.write_beats - before.write_beats) as f64 / cycles;
    println!("{cycles} cycles: {read:.3} beats read and {written:.3} beats written a cycle");
    board.check();
    assert!(read >= 0.9 && written >= 0.9, "{read:.3} beats read and {written:.3} beats written a cycle");
}
