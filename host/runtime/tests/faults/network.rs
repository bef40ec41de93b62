//! One direction of the classical channel, and somebody on it who has no keys.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::random::Random;

/// Old messages that are kept to be sent again.
const REMEMBERED: usize = 128;

/// What travels.
#[derive(Clone)]
pub(crate) enum Packet {
    Message(Vec<u8>),
    /// The sender closed the connection.
    Closed,
}

/// What can happen to one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tampering {
    Drop,
    /// It and all after it come late, by up to twice the time after which a silent peer is given up.
    Delay,
    Duplicate,
    /// It changes places with the next one.
    Reorder,
    FlipBit,
    ChangeByte,
    Truncate,
    /// A message of this or an earlier session, of either direction, arrives instead.
    Splice,
    /// The same, and the message itself arrives after it.
    Insert,
}

pub(crate) const TAMPERINGS: [Tampering; 9] = [
    Tampering::Drop,
    Tampering::Delay,
    Tampering::Duplicate,
    Tampering::Reorder,
    Tampering::FlipBit,
    Tampering::ChangeByte,
    Tampering::Truncate,
    Tampering::Splice,
    Tampering::Insert,
];

/// Messages seen on any connection, the oldest forgotten first.
#[derive(Default)]
pub(crate) struct History(VecDeque<Vec<u8>>);

impl History {
    pub(crate) fn remember(&mut self, message: &[u8]) {
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back(message.to_vec());
    }

    fn any(&self, random: &mut Random) -> Vec<u8> {
        match self.0.len() {
            0 => Vec::new(),
            len => self.0[random.below(len as u64) as usize].clone(),
        }
    }
}

/// One direction of a connection.
#[derive(Default)]
pub(crate) struct Wire {
    packets: VecDeque<(Instant, Packet)>,
    /// Done to the next packets that are sent.
    pub(crate) planned: VecDeque<Tampering>,
    held: Option<Packet>,
}

impl Wire {
    /// When the next packet arrives.
    pub(crate) fn arrival(&self) -> Option<Instant> {
        self.packets.front().map(|(at, _)| *at)
    }

    pub(crate) fn take(&mut self, now: Instant) -> Option<Packet> {
        if self.arrival()? > now {
            return None;
        }
        self.packets.pop_front().map(|(_, packet)| packet)
    }

    /// The connection is gone with everything on it.
    pub(crate) fn clear(&mut self) {
        self.packets.clear();
        self.held = None;
    }

    pub(crate) fn send(&mut self, packet: Packet, now: Instant, history: &mut History, random: &mut Random) {
        if let Packet::Message(message) = &packet {
            history.remember(message);
        }
        let mut latency = Duration::from_micros(100 + random.below(20_000));
        let mut packets = vec![packet];
        match self.planned.pop_front() {
            None => {}
            Some(Tampering::Drop) => packets.clear(),
            Some(Tampering::Delay) => latency = Duration::from_secs(random.below(120)),
            Some(Tampering::Duplicate) => packets.push(packets[0].clone()),
            Some(Tampering::Reorder) => {
                self.held = packets.pop();
                return;
            }
            Some(Tampering::Splice) => packets[0] = Packet::Message(history.any(random)),
            Some(Tampering::Insert) => packets.insert(0, Packet::Message(history.any(random))),
            Some(change) => change_bytes(&mut packets[0], change, random),
        }
        packets.extend(self.held.take());
        // A connection keeps the order, whatever each packet's latency.
        let mut at = now + latency;
        if let Some((last, _)) = self.packets.back() {
            at = at.max(*last);
        }
        self.packets.extend(packets.into_iter().map(|packet| (at, packet)));
    }
}

fn change_bytes(packet: &mut Packet, change: Tampering, random: &mut Random) {
    let Packet::Message(message) = packet else { return };
    // Half of the changes hit the header, where most of the checks are.
    let limit = if random.once_in(2) { message.len().min(76) } else { message.len() };
    if limit == 0 {
        return;
    }
    let at = random.below(limit as u64) as usize;
    match change {
        Tampering::FlipBit => message[at] ^= 1 << random.below(8),
        Tampering::ChangeByte => message[at] = message[at].wrapping_add(1 + random.below(255) as u8),
        _ => message.truncate(at),
    }
}
