//! Two links driven step by step in one thread.

use std::time::Duration;

use qkdpp::{Event, Link, LinkError};
use qkdpp_protocol::RawBatch;
use qkdpp_protocol::wire::{Header, Kind, Role};

use super::{Pools, records};

/// Two links, and what passed between them.
pub(crate) struct Pair {
    pub(crate) links: [Link; 2],
    records: [std::vec::IntoIter<RawBatch>; 2],
    /// Pad numbers in the order of use, Alice's and Bob's.
    pub(crate) pads: [Vec<u64>; 2],
    /// Taken from the links as they come, unless somebody else is to take them.
    pub(crate) keys: [Vec<Vec<u8>>; 2],
    pub(crate) leave_events: bool,
    /// A run ends before the first message of this kind is passed on; it is held then.
    pub(crate) hold: Option<Kind>,
    pub(crate) held: Option<Vec<u8>>,
}

impl Pair {
    pub(crate) fn new(links: [Link; 2], blocks: u64) -> Self {
        let records = records(blocks).map(Vec::into_iter);
        let (pads, keys) = (<[Vec<u64>; 2]>::default(), <[Vec<Vec<u8>>; 2]>::default());
        Self { links, records, pads, keys, leave_events: false, hold: None, held: None }
    }

    pub(crate) fn on(pools: &Pools, blocks: u64) -> Self {
        Self::new([pools.link(Role::Alice), pools.link(Role::Bob)], blocks)
    }

    /// Lets each side do what it can, until both have nothing to do or `messages` have passed.
    pub(crate) fn run(&mut self, messages: usize) -> Result<(), (Role, LinkError)> {
        let mut passed = 0;
        loop {
            let mut idle = true;
            for (side, role) in [(0, Role::Alice), (1, Role::Bob)] {
                self.advance(side).map_err(|error| (role, error))?;
                while let Some(message) = self.links[side].next_message() {
                    idle = false;
                    let (header, _, trailer) = Header::parse(&message, role).expect("an honest message");
                    if self.hold == Some(header.kind) {
                        self.held = Some(message);
                        return Ok(());
                    }
                    self.pads[side].extend(trailer.map(|trailer| trailer.pad));
                    passed += 1;
                    if passed == messages {
                        return Ok(());
                    }
                    self.links[1 - side].message(message).map_err(|error| (role.peer(), error))?;
                }
                idle &= self.links[side].open_jobs() == 0;
            }
            if idle {
                return Ok(());
            }
        }
    }

    fn advance(&mut self, side: usize) -> Result<(), LinkError> {
        let link = &mut self.links[side];
        if link.wants_pulses()
            && let Some(batch) = self.records[side].next()
        {
            link.pulses(batch)?;
        }
        if link.open_jobs() > 0 {
            link.wait(Duration::from_secs(1))?;
        }
        while !self.leave_events
            && let Some(event) = link.next_event()
        {
            if let Event::Key(key) = event {
                self.keys[side].push(key.expose().to_bytes());
            }
        }
        Ok(())
    }
}
