//! A steady stream of Cascade blocks over a link with a delay, on a virtual clock.
//!
//! Each side is one core, which takes what has arrived in the order of arrival; what it computes takes the CPU time that it takes
//! here, and what it sends arrives half a round trip later. There is always another block to begin, and a fixed number of them is
//! in flight.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use cpu_time::ThreadTime;
use qkdpp_protocol::reconcile::Party;
use qkdpp_protocol::wire::Kind;

use crate::Random;
use crate::cascade::{Block, Setting, work};

/// Bits of a block: 64 frames of profile fast, which are searched side by side.
const BLOCK_BITS: usize = 1 << 20;

/// What came of a stream.
pub struct Streamed {
    /// Bits of sifted key per second, once as many blocks are in flight as may be.
    pub rate: f64,
    /// Seconds from the start of a frame's block to its end on both sides: the mean, and what 99 % stay below.
    pub latency: [f64; 2],
}

/// Runs `4 · in_flight` blocks of `setting`, with a round trip of `round_trip` seconds.
pub fn stream(
    setting: &Setting,
    qber: f64,
    round_trip: f64,
    in_flight: usize,
    random: &mut Random,
) -> Streamed {
    let mut stream = Stream::new(setting, qber, round_trip);
    let count = 4 * in_flight;
    (0..in_flight).for_each(|_| stream.begin(0.0, random));
    while let Some(Reverse(event)) = stream.events.pop() {
        if let Some(ended) = stream.take(event)
            && stream.blocks.len() < count
        {
            stream.begin(ended, random);
        }
    }
    stream.ended(in_flight)
}

struct Stream<'a> {
    setting: &'a Setting,
    qber: f64,
    round_trip: f64,
    /// Until when each side is busy.
    busy: [f64; 2],
    events: BinaryHeap<Reverse<Event>>,
    blocks: Vec<Running>,
    sequence: u64,
}

struct Running {
    block: Option<Block>,
    parties: [Option<Party>; 2],
    began: f64,
    ended: [Option<f64>; 2],
}

/// Something that a side has to do: begin with a block, if there is no message.
struct Event {
    nanoseconds: u64,
    sequence: u64,
    side: usize,
    block: usize,
    message: Option<(Kind, Vec<u8>)>,
}

impl<'a> Stream<'a> {
    fn new(setting: &'a Setting, qber: f64, round_trip: f64) -> Self {
        let (busy, events, blocks) = ([0.0; 2], BinaryHeap::new(), Vec::new());
        Self { setting, qber, round_trip, busy, events, blocks, sequence: 0 }
    }

    /// Both sides begin with a block.
    fn begin(&mut self, time: f64, random: &mut Random) {
        let block = Block::new(self.setting, BLOCK_BITS, self.qber, random);
        let parties = [None, None];
        self.blocks.push(Running { block: Some(block), parties, began: time, ended: [None; 2] });
        for side in [0, 1] {
            self.push(time, side, self.blocks.len() - 1, None);
        }
    }

    fn push(&mut self, time: f64, side: usize, block: usize, message: Option<(Kind, Vec<u8>)>) {
        self.sequence += 1;
        let nanoseconds = (time * 1e9) as u64;
        self.events.push(Reverse(Event { nanoseconds, sequence: self.sequence, side, block, message }));
    }

    /// Does it; the time if the block has ended by that.
    fn take(&mut self, event: Event) -> Option<f64> {
        let Event { nanoseconds, side, block: index, message, .. } = event;
        let start = self.busy[side].max(nanoseconds as f64 * 1e-9);
        let running = &mut self.blocks[index];
        let began = ThreadTime::now();
        let mut sent = Vec::new();
        if let (None, Some(block)) = (&message, &running.block) {
            running.parties[side] = Some(block.party(self.setting, side));
        }
        let party = running.parties[side].as_mut().expect("a block begins before its messages arrive");
        if let Some((kind, payload)) = message {
            party.message(kind, &payload).expect("the parties follow the protocol");
        }
        work(party, |kind, payload| sent.push((kind, payload)));
        let ended = party.outcome().is_some();
        let time = start + began.elapsed().as_secs_f64();
        self.busy[side] = time;
        if ended {
            running.ended[side] = Some(time);
        }
        let over = if let [Some(alice), Some(bob)] = running.ended {
            running.parties = [None, None];
            running.block = None;
            Some(alice.max(bob))
        } else {
            None
        };
        for message in sent {
            self.push(time + self.round_trip / 2.0, 1 - side, index, Some(message));
        }
        if ended { over } else { None }
    }

    fn ended(&self, in_flight: usize) -> Streamed {
        let end = |running: &Running| running.ended.into_iter().flatten().fold(0.0, f64::max);
        let mut ends: Vec<f64> = self.blocks.iter().map(end).collect();
        let mut latencies: Vec<f64> =
            self.blocks.iter().map(|running| end(running) - running.began).collect();
        ends.sort_by(f64::total_cmp);
        latencies.sort_by(f64::total_cmp);
        // Without the time in which the stream begins, and that in which it runs dry.
        let (first, last) = (in_flight, ends.len() - in_flight);
        let rate = ((last - first) * BLOCK_BITS) as f64 / (ends[last] - ends[first]);
        let mean = latencies.iter().sum::<f64>() / latencies.len() as f64;
        Streamed { rate, latency: [mean, latencies[latencies.len() * 99 / 100]] }
    }
}

impl Event {
    fn key(&self) -> (u64, u64) {
        (self.nanoseconds, self.sequence)
    }
}

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Event {}

impl PartialOrd for Event {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Event {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}
