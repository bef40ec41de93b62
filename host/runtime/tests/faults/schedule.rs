//! One schedule: Alice and Bob reconnect and distil as long as faults come, and then until both have a key again.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use qkdpp_protocol::wire::{Header, Kind};
use qkdpp_protocol::{Input, Role};
use tempfile::TempDir;

use crate::audit::Audit;
use crate::link::{self, Link};
use crate::network::{History, Packet, TAMPERINGS, Tampering, Wire};
use crate::random::Random;
use crate::side::{Bug, End, Side, Turn};
use crate::store::Store;

/// Connections after the last fault until both sides must have a new key. The first may still be refused: a receiver that
/// reserved its next pads and a sender that could not are 64 pads apart, one start's worth, in each direction.
const CONNECTIONS_FOR_PROGRESS: u64 = 4;
/// Turns of a schedule: far more than any takes.
const TURNS: u32 = 200_000;
/// How long a peer takes to notice that a connection could be made again.
const RECONNECT: Duration = Duration::from_secs(1);

/// What goes wrong.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// To a message of this sender.
    Network(Role, Tampering),
    /// The process of this side dies after so many steps.
    Restart(Role, u64),
    /// So many reservations of this side fail, before or after the commit.
    FullDisk(Role, u32, bool),
    /// Jobs of this side fail.
    Jobs(Role),
    /// This side starts so often without anybody listening, and burns its pads each time.
    Unheard(Role, u64),
    /// The next to connect to this side is somebody without keys.
    Intruder(Role),
}

impl Fault {
    fn any(random: &mut Random) -> Self {
        let side = if random.once_in(2) { Role::Alice } else { Role::Bob };
        match random.below(16) {
            0..=8 => Self::Network(side, TAMPERINGS[random.below(TAMPERINGS.len() as u64) as usize]),
            9..=11 => Self::Restart(side, random.below(60)),
            12 => Self::FullDisk(side, 1 + random.below(3) as u32, random.once_in(2)),
            13 => Self::Jobs(side),
            14 => Self::Unheard(side, 1 + random.below(200)),
            _ => Self::Intruder(side),
        }
    }
}

/// What a schedule ran into.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) connections: u64,
    pub(crate) faults: u64,
    /// Keys that both sides have.
    pub(crate) keys: u64,
}

impl Tally {
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            connections: self.connections + other.connections,
            faults: self.faults + other.faults,
            keys: self.keys + other.keys,
        }
    }
}

struct World {
    link: &'static Link,
    /// Blocks in the record of each session.
    blocks: u64,
    random: Random,
    now: Instant,
    sides: [Side; 2],
    /// By sender.
    wires: [Wire; 2],
    history: History,
    audit: Audit,
    /// What is to happen, and after how many turns.
    plan: VecDeque<(u32, Fault)>,
    before_connecting: VecDeque<Fault>,
    reconnect: Instant,
    turns: u32,
    tally: Tally,
    /// The pools' folder, where the stores are real.
    _folder: Option<TempDir>,
}

/// Runs schedule `index` of `seed`.
pub(crate) fn run(seed: u64, index: u64) -> Result<Tally, String> {
    let mut world = World::new(seed, index);
    world.run()?;
    world.tally.keys = world.audit.shared;
    world.audit.verdict()?;
    Ok(world.tally)
}

/// What the audit says of the same with `bug` on both sides.
pub(crate) fn run_with_bug(seed: u64, index: u64, bug: Bug) -> Result<(), String> {
    let mut world = World::new(seed, index);
    for side in &mut world.sides {
        side.bug = Some(bug);
        side.store.forgetful = bug == Bug::Forgetful;
    }
    // Whether there is progress does not matter here.
    let _ = world.run();
    world.audit.verdict()
}

fn side_index(role: Role) -> usize {
    usize::from(role.byte())
}

impl World {
    fn new(seed: u64, index: u64) -> Self {
        let mut random = Random::new(seed, index);
        let link = link::choose(&mut random);
        let blocks = if random.once_in(4) { link::BLOCKS } else { 1 };
        let folder = random.once_in(500).then(crate::folder);
        let store =
            |role| folder.as_ref().map_or_else(Store::model, |folder| Store::durable(folder.path(), role));
        let sides = [Role::Alice, Role::Bob].map(|role| {
            Side::new(role, store(role), Random::new(seed, !(2 * index + u64::from(role.byte()))))
        });
        let mut plan: Vec<_> =
            (0..=random.below(6)).map(|_| (random.below(300) as u32, Fault::any(&mut random))).collect();
        plan.sort_by_key(|(turn, _)| *turn);
        let now = Instant::now();
        Self {
            link,
            blocks,
            random,
            now,
            sides,
            wires: Default::default(),
            history: History::default(),
            audit: Audit::default(),
            plan: plan.into(),
            before_connecting: VecDeque::new(),
            reconnect: now,
            turns: 0,
            tally: Tally::default(),
            _folder: folder,
        }
    }

    fn run(&mut self) -> Result<(), String> {
        while self.faulty() {
            self.turn()?;
        }
        // What goes on was disturbed; a connection made from now on is not.
        let connections = self.tally.connections;
        while self.tally.connections == connections {
            self.turn()?;
        }
        let keys = self.audit.shared;
        while self.audit.shared == keys {
            if self.tally.connections - connections > CONNECTIONS_FOR_PROGRESS {
                return Err(format!("no key in {CONNECTIONS_FOR_PROGRESS} connections after the last fault"));
            }
            self.turn()?;
        }
        Ok(())
    }

    /// Whether a fault is still to come.
    fn faulty(&self) -> bool {
        let armed = |side: &Side| {
            side.steps_to_live.is_some()
                || side.faulty_jobs + side.store.full + side.store.full_after_commit > 0
        };
        !self.plan.is_empty()
            || !self.before_connecting.is_empty()
            || self.wires.iter().any(|wire| !wire.planned.is_empty())
            || self.sides.iter().any(armed)
    }

    /// One thing happens.
    fn turn(&mut self) -> Result<(), String> {
        self.turns += 1;
        if self.turns > TURNS {
            return Err(format!("{TURNS} turns, and no end"));
        }
        while self.plan.front().is_some_and(|(turn, _)| *turn <= self.turns) {
            if let Some((_, fault)) = self.plan.pop_front() {
                self.strike(fault);
            }
        }
        let ready: Vec<(Role, Action)> = [Role::Alice, Role::Bob]
            .into_iter()
            .flat_map(|role| self.possible(role).into_iter().map(move |action| (role, action)))
            .collect();
        if ready.is_empty() {
            return self.wait();
        }
        let (role, action) = ready[self.random.below(ready.len() as u64) as usize];
        let (now, side) = (self.now, &mut self.sides[side_index(role)]);
        let turn = match action {
            Action::Job => side.finish_job(now, &mut self.audit),
            Action::Batch => side.next_batch(now, &mut self.audit),
            Action::Timeout => side.drive(Some(Input::Timeout), now, &mut self.audit),
            Action::Receive => match self.wires[side_index(role.peer())].take(now) {
                Some(Packet::Message(message)) => {
                    side.drive(Some(Input::Message(message)), now, &mut self.audit)
                }
                Some(Packet::Closed) => {
                    side.close();
                    self.send(role, Packet::Closed);
                    Turn::default()
                }
                None => Turn::default(),
            },
        };
        self.pass_on(role, turn);
        Ok(())
    }

    fn strike(&mut self, fault: Fault) {
        self.tally.faults += 1;
        match fault {
            Fault::Network(sender, tampering) => self.wires[side_index(sender)].planned.push_back(tampering),
            Fault::Restart(side, steps) => self.sides[side_index(side)].steps_to_live = Some(steps),
            Fault::FullDisk(side, times, after_commit) => {
                let store = &mut self.sides[side_index(side)].store;
                *(if after_commit { &mut store.full_after_commit } else { &mut store.full }) = times;
            }
            Fault::Jobs(side) => self.sides[side_index(side)].faulty_jobs = 1,
            Fault::Unheard(..) | Fault::Intruder(_) => self.before_connecting.push_back(fault),
        }
    }

    fn possible(&self, role: Role) -> Vec<Action> {
        let side = &self.sides[side_index(role)];
        if !side.is_running() {
            return Vec::new();
        }
        let arrived = self.wires[side_index(role.peer())].arrival().is_some_and(|at| at <= self.now);
        [
            (Action::Receive, arrived),
            (Action::Job, side.has_job()),
            (Action::Batch, side.wants_batch()),
            (Action::Timeout, side.deadline().is_some_and(|deadline| deadline <= self.now)),
        ]
        .into_iter()
        .filter_map(|(action, possible)| possible.then_some(action))
        .collect()
    }

    /// Nothing can be done now: time passes until something can.
    fn wait(&mut self) -> Result<(), String> {
        if self.sides.iter().all(|side| !side.is_running()) {
            self.now = self.now.max(self.reconnect);
            return self.connect();
        }
        let running = || self.sides.iter().filter(|side| side.is_running());
        let arrivals = running().filter_map(|side| self.wires[side_index(side.role.peer())].arrival());
        let next = arrivals.chain(running().filter_map(Side::deadline)).min();
        // A side that waits for nothing at all would wait for ever.
        self.now = next.ok_or("a side neither has anything to do nor gives the peer up")?.max(self.now);
        Ok(())
    }

    fn connect(&mut self) -> Result<(), String> {
        match self.before_connecting.pop_front() {
            Some(Fault::Intruder(role)) => return self.intrude(role),
            Some(Fault::Unheard(role, starts)) => {
                self.sides[side_index(role)].store.burn_starts(role, starts);
            }
            _ => {}
        }
        self.tally.connections += 1;
        self.wires.iter_mut().for_each(Wire::clear);
        for role in [Role::Alice, Role::Bob] {
            let turn = self.sides[side_index(role)].start(self.link, self.blocks, self.now, &mut self.audit);
            self.pass_on(role, turn);
        }
        Ok(())
    }

    /// Somebody who knows the profile, but no keys, greets `role`. It must cost nothing that the peer's next start needs.
    fn intrude(&mut self, role: Role) -> Result<(), String> {
        let side = &mut self.sides[side_index(role)];
        let greeting = side.start(self.link, self.blocks, self.now, &mut self.audit);
        let [alice, bob] = [Role::Alice, Role::Bob].map(|sender| side.store.next(sender));
        let pads = [alice, bob];
        let header = Header {
            from: role.peer(),
            kind: Kind::Hello,
            session: [0; 16],
            block: 0,
            sequence: 0,
            profile: self.link.profile.hash(),
        };
        let mut forged = header.frame(&[7; 16]);
        let named = pads[side_index(role.peer())] + self.random.below(3) * self.random.below(100_000);
        forged.extend(named.to_le_bytes());
        forged.extend(self.random.word().to_le_bytes());
        forged.extend(self.random.word().to_le_bytes());
        let turn = side.drive(Some(Input::Message(forged)), self.now, &mut self.audit);
        let after = [Role::Alice, Role::Bob].map(|sender| side.store.next(sender));
        let running = side.is_running();
        side.close();
        if running && greeting.end.is_none() {
            return Err(format!("{role:?} goes on after a forged Hello"));
        }
        if after != pads || !turn.messages.is_empty() {
            return Err(format!("a forged Hello moved the pads of {role:?} from {pads:?} to {after:?}"));
        }
        Ok(())
    }

    /// Messages leave; who is done closes the connection, unless it died too suddenly for that.
    fn pass_on(&mut self, role: Role, turn: Turn) {
        for message in turn.messages {
            self.send(role, Packet::Message(message));
        }
        if let Some(end) = turn.end {
            self.reconnect = self.now + RECONNECT;
            if end != End::Died || self.random.once_in(2) {
                self.send(role, Packet::Closed);
            }
        }
    }

    fn send(&mut self, role: Role, packet: Packet) {
        self.wires[side_index(role)].send(packet, self.now, &mut self.history, &mut self.random);
    }
}

/// What a side can do next.
#[derive(Clone, Copy)]
enum Action {
    Receive,
    Job,
    Batch,
    Timeout,
}
