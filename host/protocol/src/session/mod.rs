//! [`Session`]: one side of a link as a state machine without clock, socket, randomness or computation of its own.
//!
//! ```text
//!            Input                              Step
//!  peer's messages ─┐                    ┌─▶ Send      to the peer
//!  raw records     ─┤                    ├─▶ Compute   a job, on any backend
//!  finished jobs   ─┼─▶ handle() poll() ─┼─▶ Draw      random bytes
//!  random bytes    ─┤                    ├─▶ Reserve   one-time pads, durably
//!  pads            ─┤                    ├─▶ Spend, Record   on disk, before the next step
//!  time            ─┘                    ├─▶ Key, Report
//!                                        └─▶ Wait      for the next input
//! ```
//! A session asks for a computation exactly as it asks for a message to be sent, so latency, faults and fallback of
//! accelerators never enter it, and it can be replayed from its inputs. The session numbers, frames and authenticates
//! messages and hands them to the blocks; `alice` and `bob` are the two sides of one block, and several blocks are
//! in flight at once.

mod account;
mod alice;
mod bob;
mod channel;
mod closing;
mod collecting;
mod io;
pub(crate) mod outbox;
mod sifting;
mod watching;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use qkdpp_kernels::{Done, JobId, Output};

use crate::budget::Spending;
use crate::error::{ProtocolError, SessionError};
use crate::monitor::Drift;
use crate::profile::{Profile, ProfileError};
use crate::raw::RawBatch;
use crate::record::{Record, SessionRecord};
use crate::wire::message::NONCE_LEN;
use crate::wire::{Kind, Role};
use channel::{Channel, Received};
use closing::{misplaced, unexpected};
pub use io::{Config, DrawId, Input, Step};
use outbox::{Action, Draw, Outbox, Task};

/// What both sides know once the handshake is done.
#[derive(Clone, Copy)]
pub(crate) struct Opened {
    pub session: [u8; 16],
    pub spending: Spending,
}

/// What one block starts from, and how its slots are cut into batches.
#[derive(Clone)]
pub(crate) struct BlockPlan {
    pub profile: Arc<Profile>,
    pub opened: Opened,
    pub block: u64,
}

impl BlockPlan {
    pub(crate) fn slots(&self) -> u64 {
        self.profile.slots_per_block
    }

    pub(crate) fn batches(&self) -> u32 {
        self.slots().div_ceil(self.profile.slots_per_batch.into()) as u32
    }

    /// First slot and number of slots of batch `index`; no slots after the last batch.
    pub(crate) fn batch(&self, index: u32) -> (u64, u32) {
        batch(&self.profile, self.block, index)
    }
}

/// First slot and number of slots of batch `index` of `block`.
fn batch(profile: &Profile, block: u64, index: u32) -> (u64, u32) {
    let start = u64::from(index) * u64::from(profile.slots_per_batch);
    let slots = profile.slots_per_block.saturating_sub(start).min(profile.slots_per_batch.into());
    (block * profile.slots_per_block + start, slots as u32)
}

/// What a block may know of its session.
pub(crate) struct BlockContext {
    /// Error rate of the latest corrected block.
    pub qber: Option<f64>,
    /// The drift charts up to the latest block that was judged.
    pub drift: Drift,
}

enum Block {
    Alice(alice::Block),
    Bob(bob::Block),
}

/// One side of a link.
pub struct Session {
    role: Role,
    profile: Arc<Profile>,
    channel: Channel,
    /// Once the handshake is done.
    opened: Option<Opened>,
    blocks: BTreeMap<u64, Block>,
    /// The block after the highest one ever opened.
    next_block: u64,
    /// The slot at which this side's next batch starts.
    next_slot: u64,
    jobs: HashMap<JobId, (u64, Task)>,
    draws: HashMap<DrawId, Drawing>,
    next_id: u64,
    qber: Option<f64>,
    drift: Drift,
    /// Blocks in a row that ended with an alarm.
    alarms_in_a_row: u32,
    steps: VecDeque<Step>,
    /// When the peer, or a job or record of this side's own, was heard of last.
    heard: Option<Instant>,
    stopped: bool,
}

enum Drawing {
    Nonce,
    Block(u64, Draw, usize),
}

impl Session {
    /// Opens a session and starts the handshake.
    ///
    /// # Errors
    /// If the profile is not valid.
    pub fn new(config: Config) -> Result<Self, ProfileError> {
        config.profile.validate()?;
        let role = config.role;
        let mut session = Self {
            role,
            channel: Channel::new(&config),
            opened: None,
            profile: Arc::new(config.profile),
            blocks: BTreeMap::new(),
            next_block: 0,
            next_slot: 0,
            jobs: HashMap::new(),
            draws: HashMap::new(),
            next_id: 0,
            qber: None,
            drift: Drift::default(),
            alarms_in_a_row: 0,
            steps: VecDeque::new(),
            heard: None,
            stopped: false,
        };
        // The tags of the handshake are charged even if it comes to nothing.
        let handshake = Spending::new(&session.profile, config.spent).opening();
        session.steps.push_back(Step::Spend(handshake.authentication_keys));
        session.draw(Drawing::Nonce, NONCE_LEN);
        Ok(session)
    }

    /// Takes one input.
    ///
    /// # Errors
    /// Any error stops the session: everything it holds is dropped and wiped, and nothing more is delivered.
    pub fn handle(&mut self, now: Instant, input: Input) -> Result<(), SessionError> {
        if self.stopped {
            return Err(SessionError::Stopped);
        }
        let result = self.check_alarms().and_then(|()| self.dispatch(now, input));
        if result.is_err() {
            self.abort();
        }
        result
    }

    /// The next step; drain until [`Step::Wait`].
    pub fn poll(&mut self) -> Step {
        self.steps.pop_front().unwrap_or_else(|| {
            Step::Wait(self.heard.filter(|_| self.expects_peer()).map(|heard| heard + self.silence()))
        })
    }

    /// Whether the peer's silence would mean that something is wrong: not while this side's own jobs run.
    fn expects_peer(&self) -> bool {
        let unfinished = !self.blocks.is_empty() || !self.channel.is_open();
        !self.stopped && unfinished && self.jobs.is_empty()
    }

    /// Whether the next batch of this side's record may be handed in. A batch for a block that the ε budget does not allow
    /// is wanted once all others have ended, and stops the session.
    pub fn wants_pulses(&self) -> bool {
        let Some(opened) = &self.opened else { return false };
        let block = self.next_slot / self.profile.slots_per_block;
        let oldest = self.blocks.keys().next().copied().unwrap_or(block);
        let ended = self.blocks.is_empty() && self.channel.is_idle();
        !self.stopped
            && block < oldest.saturating_add(self.profile.blocks_in_flight.into())
            && (ended || opened.spending.check(block).is_ok())
    }

    /// First slot and number of slots of the batch that is due next.
    pub fn next_batch(&self) -> (u64, u32) {
        let block = self.next_slot / self.profile.slots_per_block;
        let index = (self.next_slot % self.profile.slots_per_block) / u64::from(self.profile.slots_per_batch);
        batch(&self.profile, block, index as u32)
    }

    /// Blocks that are open.
    pub fn open_blocks(&self) -> usize {
        self.blocks.len()
    }

    /// Tags this side has sent: pads used in its direction.
    pub fn tags_sent(&self) -> u64 {
        self.channel.tags_sent()
    }

    fn silence(&self) -> Duration {
        Duration::from_secs(self.profile.silence_seconds.into())
    }

    /// Stops the session, as any error does: what it holds is dropped and wiped.
    pub fn abort(&mut self) {
        self.stopped = true;
        self.channel.abandon();
        self.blocks.clear();
        // What was decided before the error stands: a Final message and the key it releases go together, and what is to be
        // on disk before them.
        self.steps.retain(|step| {
            matches!(step, Step::Spend(_) | Step::Record(_) | Step::Send(_) | Step::Key(_) | Step::Report(_))
        });
        self.jobs.clear();
        self.draws.clear();
    }

    fn dispatch(&mut self, now: Instant, input: Input) -> Result<(), SessionError> {
        let heard = *self.heard.get_or_insert(now);
        match input {
            Input::Message(bytes) => {
                self.heard = Some(now);
                self.channel.push(bytes);
            }
            Input::Pulses(batch) => {
                self.heard = Some(now);
                self.pulses(batch)?;
            }
            Input::Done(done) => {
                self.heard = Some(now);
                self.done(done)?;
            }
            Input::Drawn(id, bytes) => self.drawn(id, &bytes)?,
            Input::Pads(sender, pads) => self.channel.supply(sender, pads),
            Input::Timeout => {
                if self.expects_peer() && now.saturating_duration_since(heard) >= self.silence() {
                    let blocks = self.blocks.len();
                    return Err(SessionError::Peer(ProtocolError::Silent {
                        seconds: self.profile.silence_seconds.into(),
                        blocks,
                    }));
                }
            }
        }
        self.receive()?;
        self.steps.extend(self.channel.steps());
        Ok(())
    }

    /// Fails closed once the profile's number of blocks in a row was discarded on alarms: with the input after the last of
    /// them, so that the peer has heard of it.
    fn check_alarms(&self) -> Result<(), SessionError> {
        match self.profile.monitor.stop_after {
            Some(limit) if self.alarms_in_a_row >= limit => {
                Err(SessionError::Alarms { blocks: self.alarms_in_a_row })
            }
            _ => Ok(()),
        }
    }

    /// Takes every message whose tag can be checked with the pads at hand.
    fn receive(&mut self) -> Result<(), SessionError> {
        // After the last alarm nothing of a later block counts any more.
        while self.check_alarms().is_ok() {
            let received = self.channel.receive()?;
            self.open();
            let Some(received) = received else { break };
            let Received { kind, block, .. } = received;
            let mut out = Outbox::default();
            let context = self.context();
            match self.block(block, Some(kind))? {
                Block::Alice(alice) => alice.message(kind, received.payload(), &context, &mut out)?,
                Block::Bob(bob) => bob.message(kind, received.payload(), &context, &mut out)?,
            }
            self.perform(block, &mut out);
            self.steps.extend(self.channel.steps());
        }
        Ok(())
    }

    /// Takes note of the handshake's result, once, when both sides' greetings are there.
    fn open(&mut self) {
        if self.opened.is_none()
            && let Some((session, spent_before)) = self.channel.opened()
        {
            let record = SessionRecord::new(session, self.role, spent_before, &self.profile);
            self.steps.push_back(Step::Record(Record::Session(Box::new(record))));
            self.opened = Some(Opened { session, spending: Spending::new(&self.profile, spent_before) });
        }
    }

    fn pulses(&mut self, batch: RawBatch) -> Result<(), SessionError> {
        let block = self.next_slot / self.profile.slots_per_block;
        if !self.wants_pulses() {
            let limit = self.profile.blocks_in_flight as usize;
            return Err(crate::error::RecordError::Full { open: self.blocks.len(), limit }.into());
        }
        let slots = batch.slots;
        let mut out = Outbox::default();
        match self.block(block, None)? {
            Block::Alice(alice) => alice.pulses(batch, &mut out)?,
            Block::Bob(bob) => bob.pulses(batch, &mut out)?,
        }
        self.next_slot += u64::from(slots);
        self.perform(block, &mut out);
        Ok(())
    }

    fn done(&mut self, done: Done) -> Result<(), SessionError> {
        let (block, task) = self.jobs.remove(&done.id).ok_or_else(|| misplaced("a finished job"))?;
        let output: Output = done.result.map_err(|(fault, _)| SessionError::Driver(fault.to_string()))?;
        let mut out = Outbox::default();
        let context = self.context();
        match self.block(block, None)? {
            Block::Alice(alice) => alice.done(task, output, &mut out)?,
            Block::Bob(bob) => bob.done(task, output, &context, &mut out)?,
        }
        self.perform(block, &mut out);
        Ok(())
    }

    fn drawn(&mut self, id: DrawId, bytes: &[u8]) -> Result<(), SessionError> {
        match self.draws.remove(&id) {
            Some(Drawing::Nonce) if bytes.len() == NONCE_LEN => {
                self.channel.hello(bytes.try_into().expect("the length was checked"));
                Ok(())
            }
            Some(Drawing::Block(block, draw, len)) if bytes.len() == len => {
                let mut out = Outbox::default();
                let context = self.context();
                match self.block(block, None)? {
                    Block::Alice(alice) => alice.drawn(draw, bytes, &context, &mut out)?,
                    Block::Bob(_) => return Err(misplaced("random bytes for Bob")),
                }
                self.perform(block, &mut out);
                Ok(())
            }
            _ => Err(misplaced("random bytes")),
        }
    }

    fn context(&self) -> BlockContext {
        BlockContext { qber: self.qber, drift: self.drift }
    }

    /// The open block `number`. A message may open it only as far ahead as the profile allows, and nothing may beyond the ε
    /// budget. Its share of that is put on disk before anything of it leaves.
    fn block(&mut self, number: u64, kind: Option<Kind>) -> Result<&mut Block, SessionError> {
        if number >= self.next_block {
            let oldest = self.blocks.keys().next().copied().unwrap_or(self.next_block);
            let limit = oldest + u64::from(self.profile.blocks_in_flight);
            if let Some(kind) = kind
                && (self.role == Role::Bob || kind != Kind::Detections || number >= limit)
            {
                return Err(unexpected(kind, number, "not open"));
            }
            let opened = self.opened.ok_or_else(|| misplaced("something for a session that is not open"))?;
            let spent = opened.spending.check(number)?;
            self.steps.push_back(Step::Spend(spent.authentication_keys));
            for block in self.next_block..=number {
                let plan = BlockPlan { profile: Arc::clone(&self.profile), opened, block };
                let opened = match self.role {
                    Role::Alice => Block::Alice(alice::Block::new(plan)),
                    Role::Bob => Block::Bob(bob::Block::new(plan)),
                };
                self.blocks.insert(block, opened);
            }
            self.next_block = number + 1;
        }
        self.blocks.get_mut(&number).ok_or_else(|| match kind {
            Some(kind) => unexpected(kind, number, "its end"),
            None => misplaced("something for a block that has ended"),
        })
    }

    /// Turns a block's requests into steps, and forgets the block once it has ended.
    fn perform(&mut self, block: u64, out: &mut Outbox) {
        for action in out.drain() {
            match action {
                Action::Send(kind, payload) => self.channel.send(kind, block, payload),
                Action::Compute(task, job) => {
                    let id = JobId(self.id());
                    self.jobs.insert(id, (block, task));
                    self.steps.push_back(Step::Compute(id, job));
                }
                Action::Draw(draw, len) => self.draw(Drawing::Block(block, draw, len), len),
                Action::Measured { errors, bits } if bits > 0 => {
                    self.qber = Some((errors + 1) as f64 / (bits + 1) as f64);
                }
                Action::Measured { .. } => {}
                Action::Drifted(drift) => self.drift = drift,
                // In the order of the messages: the record before this side's Final, the key after it.
                Action::Record(record) => {
                    self.channel.then(Step::Record(Record::Block(record)));
                }
                Action::Key(key) => self.channel.then(Step::Key(key)),
                Action::Report(report) => {
                    let alarm = report.ledger.alarms.any();
                    self.alarms_in_a_row = if alarm { self.alarms_in_a_row + 1 } else { 0 };
                    self.channel.then(Step::Report(report));
                }
            }
        }
        let finished = match self.blocks.get(&block) {
            Some(Block::Alice(alice)) => alice.is_finished(),
            Some(Block::Bob(bob)) => bob.is_finished(),
            None => false,
        };
        if finished {
            self.blocks.remove(&block);
        }
    }

    fn draw(&mut self, purpose: Drawing, len: usize) {
        let id = DrawId(self.id());
        self.draws.insert(id, purpose);
        self.steps.push_back(Step::Draw(id, len));
    }

    fn id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }
}
