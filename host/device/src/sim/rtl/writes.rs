//! The write half of the host's memory: AW and W in, B out. A write is done when its answer is shown, as late as AXI
//! allows: whoever does not wait for the answer finds memory unchanged.

use std::collections::VecDeque;

use qkdpp_rtl::{BEAT_WORDS, Drive, Sense};
use zeroize::Zeroizing;

use super::bus::{Answers, DECODE_ERROR, NEVER, Port, SLAVE_ERROR};
use super::rules::{Request, Steady};
use super::timing::{Random, Timing, Valve};
use crate::layout::BEAT;
use crate::sim::memory::BusError;

/// Writes that memory takes before it answers the first.
const OUTSTANDING: usize = 32;

/// Beats that memory takes before it knows where they go.
const AHEAD: usize = 8;

type Bytes = Zeroizing<Vec<u8>>;

/// A beat on the W channel.
#[derive(Clone, PartialEq)]
struct Beat {
    data: [u32; BEAT_WORDS],
    strobe: u32,
    last: bool,
}

/// A write whose data have come.
struct Write {
    request: Request,
    due: u64,
    bytes: Bytes,
}

/// All three channels.
pub(super) struct Writes {
    requests: Steady<Request>,
    beats: Steady<Beat>,
    /// Requests whose data have not come, in order.
    open: VecDeque<Request>,
    /// Data that came before their request, in order; the last burst may be unfinished.
    early: VecDeque<Beat>,
    /// Bytes of the first open request.
    bytes: Bytes,
    under_way: Vec<Write>,
    shown: Option<usize>,
    accepts: Valve,
    takes: Valve,
    answers: Valve,
    random: Random,
    reorder: bool,
    latency: u32,
}

impl Writes {
    pub(super) fn new(timing: &Timing) -> Self {
        Self {
            requests: Steady::new("AW"),
            beats: Steady::new("W"),
            open: VecDeque::new(),
            early: VecDeque::new(),
            bytes: Zeroizing::default(),
            under_way: Vec::new(),
            shown: None,
            accepts: Valve::new(timing, 2),
            takes: Valve::new(timing, 3),
            answers: Valve::new(timing, 4),
            random: Random::new(timing.seed ^ 0x5772_6974),
            reorder: timing.reorder,
            latency: timing.latency,
        }
    }

    /// Drops everything that is under way.
    pub(super) fn reset(&mut self) {
        self.requests.forget();
        self.beats.forget();
        self.open.clear();
        self.early.clear();
        self.bytes = Zeroizing::default();
        self.under_way.clear();
        self.shown = None;
    }

    /// Whether nothing is under way.
    pub(super) fn is_empty(&self) -> bool {
        self.under_way.is_empty() && self.open.is_empty() && self.early.is_empty()
    }

    /// The first cycle in which there is something to answer.
    pub(super) fn due(&self) -> u64 {
        self.candidates().due()
    }

    /// Whether an answer stands on the bus or waits for its channel to open.
    pub(super) fn is_busy(&self, now: u64) -> bool {
        self.shown.is_some() || self.due() <= now
    }

    /// Sets what the core sees in cycle `now`.
    pub(super) fn drive(&mut self, now: u64, port: &mut Port, drive: &mut Drive) {
        let room = self.under_way.len() + self.open.len() < OUTSTANDING;
        drive.m_awready = u32::from(self.accepts.opens() && room);
        let ahead = !self.open.is_empty() || self.early.len() < AHEAD;
        drive.m_wready = u32::from(self.takes.opens() && ahead);
        if self.shown.is_none() && self.due() <= now && self.answers.opens() {
            self.show(now, port, drive);
        }
    }

    fn show(&mut self, now: u64, port: &mut Port, drive: &mut Drive) {
        let pick = if self.reorder { self.random.below(1 << 16) as usize } else { 0 };
        let Some(index) = self.candidates().pick(now, pick) else { return };
        let write = &mut self.under_way[index];
        drive.m_bresp = match port.write(&write.request, &write.bytes, now) {
            Ok(()) => 0,
            Err(BusError::Refused) if self.random.below(2) == 0 => SLAVE_ERROR,
            Err(BusError::Refused) => DECODE_ERROR,
            Err(BusError::Silent) => return write.due = NEVER,
        };
        drive.m_bvalid = 1;
        drive.m_bid = write.request.id;
        self.shown = Some(index);
    }

    /// All under way; without reordering they are one queue.
    fn candidates(&self) -> Answers<impl Iterator<Item = (u32, u64)>> {
        Answers(
            self.under_way.iter().map(|write| (if self.reorder { write.request.id } else { 0 }, write.due)),
        )
    }

    /// Takes what the core showed in cycle `now`.
    pub(super) fn sense(&mut self, now: u64, port: &mut Port, drive: &mut Drive, sense: &Sense) {
        if drive.m_bvalid == 1 && sense.m_bready == 1 {
            self.under_way.remove(self.shown.take().expect("an answer stands on the bus"));
            drive.m_bvalid = 0;
        }
        let request = Request {
            id: sense.m_awid,
            address: sense.m_awaddr,
            len: sense.m_awlen,
            size: sense.m_awsize,
            burst: sense.m_awburst,
        };
        let ready = drive.m_awready == 1;
        if let Some(request) = self.requests.see(sense.m_awvalid == 1, ready, request, now, &port.log) {
            request.check("write", now, &port.log);
            port.log.count(|traffic| traffic.writes += 1);
            self.open.push_back(request);
        }
        let beat = Beat { data: sense.m_wdata, strobe: sense.m_wstrb, last: sense.m_wlast == 1 };
        let ready = drive.m_wready == 1;
        if let Some(beat) = self.beats.see(sense.m_wvalid == 1, ready, beat, now, &port.log) {
            port.log.count(|traffic| traffic.write_beats += 1);
            self.early.push_back(beat);
        }
        self.join(now, port);
    }

    /// Gives the beats that have come to the requests that have come.
    fn join(&mut self, now: u64, port: &mut Port) {
        while let Some(request) = self.open.front().copied() {
            let Some(beat) = self.early.pop_front() else { return };
            self.bytes.extend(beat.data.iter().flat_map(|word| word.to_le_bytes()));
            let complete = self.bytes.len() == request.beats() * BEAT;
            if beat.strobe != u32::MAX || beat.last != complete {
                let Beat { strobe, last, .. } = beat;
                port.log.breach(format!("cycle {now}: W strobe {strobe:#x}, last {last}, of {request:x?}"));
            }
            if complete {
                self.open.pop_front();
                let due = now + u64::from(self.latency.max(1) + port.latency());
                self.under_way.push(Write { request, due, bytes: std::mem::take(&mut self.bytes) });
            }
        }
    }
}
