//! The read half of the host's memory: AR in, R out. Answers come late, in bursts of their own pace, out of order and
//! interleaved between identifiers if the timing says so, never within one.

use qkdpp_rtl::{BEAT_WORDS, Drive, Sense};
use zeroize::Zeroizing;

use super::bus::{Answers, DECODE_ERROR, NEVER, Port, SLAVE_ERROR};
use super::rules::{Request, Steady};
use super::timing::{Random, Timing, Valve};
use crate::layout::BEAT;
use crate::sim::memory::BusError;

/// Reads that memory takes before it answers the first.
const OUTSTANDING: usize = 64;

/// A read under way.
struct Read {
    request: Request,
    /// Cycle from which it can be answered.
    due: u64,
    /// Present from the first beat on.
    bytes: Option<Zeroizing<Vec<u8>>>,
    /// Beats answered.
    answered: usize,
    /// The beat with an error, and its code.
    error: Option<(usize, u32)>,
}

/// Both channels.
pub(super) struct Reads {
    requests: Steady<Request>,
    under_way: Vec<Read>,
    /// The one whose beat stands on the bus.
    shown: Option<usize>,
    /// The one answered last.
    current: Option<usize>,
    accepts: Valve,
    answers: Valve,
    random: Random,
    reorder: bool,
    latency: u32,
}

impl Reads {
    pub(super) fn new(timing: &Timing) -> Self {
        Self {
            requests: Steady::new("AR"),
            under_way: Vec::new(),
            shown: None,
            current: None,
            accepts: Valve::new(timing, 0),
            answers: Valve::new(timing, 1),
            random: Random::new(timing.seed ^ 0x5265_6164),
            reorder: timing.reorder,
            latency: timing.latency,
        }
    }

    /// Drops everything that is under way.
    pub(super) fn reset(&mut self) {
        self.requests.forget();
        self.under_way.clear();
        self.shown = None;
        self.current = None;
    }

    /// Whether nothing is under way.
    pub(super) fn is_empty(&self) -> bool {
        self.under_way.is_empty()
    }

    /// The first cycle in which there is something to answer.
    pub(super) fn due(&self) -> u64 {
        self.candidates().due()
    }

    /// Sets what the core sees in cycle `now`.
    pub(super) fn drive(&mut self, now: u64, port: &mut Port, drive: &mut Drive) {
        drive.m_arready = u32::from(self.accepts.opens() && self.under_way.len() < OUTSTANDING);
        if self.shown.is_some() {
            return;
        }
        self.shown = self.choose(now);
        drive.m_rvalid = u32::from(self.shown.is_some());
        if let Some(index) = self.shown {
            self.current = self.shown;
            self.show(index, now, port, drive);
        }
    }

    /// Whether a beat stands on the bus or waits for its channel to open.
    pub(super) fn is_busy(&self, now: u64) -> bool {
        self.shown.is_some() || self.due() <= now
    }

    fn choose(&mut self, now: u64) -> Option<usize> {
        if self.due() > now || !self.answers.opens() {
            return None;
        }
        let stays = !self.reorder || self.random.below(8) != 0;
        if let Some(current) = self.current.filter(|_| stays) {
            return Some(current);
        }
        let pick = if self.reorder { self.random.below(1 << 16) as usize } else { 0 };
        self.candidates().pick(now, pick)
    }

    fn show(&mut self, index: usize, now: u64, port: &mut Port, drive: &mut Drive) {
        let read = &mut self.under_way[index];
        if read.bytes.is_none() {
            let mut bytes = Zeroizing::new(vec![0; read.request.bytes() as usize]);
            match port.read(&read.request, &mut bytes, now) {
                Ok(()) => {}
                Err(BusError::Refused) => {
                    let beat = self.random.below(read.request.len + 1) as usize;
                    let code = if self.random.below(2) == 0 { SLAVE_ERROR } else { DECODE_ERROR };
                    read.error = Some((beat, code));
                }
                Err(BusError::Silent) => {
                    read.due = NEVER;
                    self.shown = None;
                    self.current = None;
                    drive.m_rvalid = 0;
                    return;
                }
            }
            read.bytes = Some(bytes);
        }
        let bytes = read.bytes.as_ref().expect("read above");
        let beat = &bytes[read.answered * BEAT..][..BEAT];
        drive.m_rdata = words(beat);
        drive.m_rid = read.request.id;
        drive.m_rlast = u32::from(read.answered + 1 == read.request.beats());
        drive.m_rresp = read.error.filter(|(beat, _)| *beat == read.answered).map_or(0, |(_, code)| code);
    }

    /// All under way; without reordering they are one queue.
    fn candidates(&self) -> Answers<impl Iterator<Item = (u32, u64)>> {
        Answers(self.under_way.iter().map(|read| (if self.reorder { read.request.id } else { 0 }, read.due)))
    }

    /// Takes what the core showed in cycle `now`.
    pub(super) fn sense(&mut self, now: u64, port: &mut Port, drive: &mut Drive, sense: &Sense) {
        if drive.m_rvalid == 1 && sense.m_rready == 1 {
            self.answered();
            drive.m_rvalid = 0;
            port.log.count(|traffic| traffic.read_beats += 1);
        }
        let request = Request {
            id: sense.m_arid,
            address: sense.m_araddr,
            len: sense.m_arlen,
            size: sense.m_arsize,
            burst: sense.m_arburst,
        };
        let ready = drive.m_arready == 1;
        if let Some(request) = self.requests.see(sense.m_arvalid == 1, ready, request, now, &port.log) {
            request.check("read", now, &port.log);
            port.log.count(|traffic| traffic.reads += 1);
            let due = now + u64::from(self.latency.max(1) + port.latency());
            self.under_way.push(Read { request, due, bytes: None, answered: 0, error: None });
        }
    }

    fn answered(&mut self) {
        let index = self.shown.take().expect("a beat stands on the bus");
        let read = &mut self.under_way[index];
        read.answered += 1;
        if read.answered == read.request.beats() {
            self.under_way.remove(index);
            self.current = None;
        }
    }
}

fn words(beat: &[u8]) -> [u32; BEAT_WORDS] {
    std::array::from_fn(|word| {
        let at = 4 * word;
        u32::from_le_bytes([beat[at], beat[at + 1], beat[at + 2], beat[at + 3]])
    })
}
