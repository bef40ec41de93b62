//! [`Link`]: one side of a QKD link, with everything its session asks for at hand.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use cpu_time::ThreadTime;
use qkdpp_kernels::{Backend, Busy, Done, Job, JobId, Waker, wipe};
use qkdpp_protocol::profile::ProfileError;
use qkdpp_protocol::{
    BlockReport, Config, HashKey, Input, Pads, Profile, RawBatch, Role, SecretKey, Session, SessionError,
    Step,
};
use zeroize::Zeroizing;

use crate::entropy::{Assessment, Entropy, EntropyError, Monitored};
use crate::journal::{Journal, JournalError};
use crate::pool::{Direction, Pad, Pool, StoreError};
use crate::status::Status;

/// What a link is made of.
pub struct LinkConfig {
    /// This side.
    pub role: Role,
    /// The parameters both sides share.
    pub profile: Profile,
    /// Who computes. It must not fault: join a device with the CPU by [`qkdpp_kernels::Fallback`].
    pub backend: Box<dyn Backend>,
    /// The authentication keys shared with the peer.
    pub pool: Pool,
    /// Randomness: full entropy in every bit. The link adds the health tests.
    pub entropy: Box<dyn Entropy>,
    /// The ledger on disk, in which each block is entered before its key is handed out; `None` keeps no record.
    pub journal: Option<Journal>,
}

/// A link stopped.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The session stopped: the peer, this side's records, or the driver.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The profile is not valid.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// The key pool failed: the operator must act.
    #[error("authentication keys: {0}")]
    Store(#[from] StoreError),
    /// The random source failed.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The ledger could not be written: the operator must act.
    #[error("ledger: {0}")]
    Journal(#[from] JournalError),
}

/// What a link delivers.
#[derive(Debug)]
pub enum Event {
    /// A secret key; the peer holds the same.
    Key(SecretKey),
    /// A block has ended.
    Report(Box<BlockReport>),
}

/// What a link has used so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Messages sent.
    pub messages_sent: u64,
    /// Bytes sent.
    pub bytes_sent: u64,
    /// Messages received.
    pub messages_received: u64,
    /// Bytes received.
    pub bytes_received: u64,
    /// Jobs computed.
    pub jobs: u64,
    /// Tags sent: pads used in this side's direction.
    pub tags_sent: u64,
    /// CPU time of the session and of its jobs on this machine.
    pub cpu: Duration,
}

/// One side of a link, driven by its owner: hand in messages and records, then take messages and events.
pub struct Link {
    role: Role,
    session: Session,
    backend: Box<dyn Backend>,
    pool: Pool,
    entropy: Monitored<Box<dyn Entropy>>,
    journal: Option<Journal>,
    /// Jobs the backend had no room for.
    queued: VecDeque<(JobId, Job)>,
    outgoing: VecDeque<Vec<u8>>,
    events: VecDeque<Event>,
    deadline: Option<Instant>,
    /// After an error, of whatever part, nothing more is done.
    stopped: bool,
    statistics: Statistics,
    session_cpu: Duration,
}

impl Link {
    /// Opens a link and starts its handshake.
    ///
    /// # Errors
    /// If the profile is not valid or a part fails at once.
    pub fn new(config: LinkConfig) -> Result<Self, LinkError> {
        let LinkConfig { role, profile, backend, pool, entropy, journal } = config;
        let entropy = Monitored::new(entropy, Assessment::CONTINUOUS)?;
        let alice_key = hash_key(&pool, Direction::AliceToBob);
        let bob_key = hash_key(&pool, Direction::BobToAlice);
        wipe::dead_stack();
        let session = Session::new(Config {
            role,
            profile,
            alice_key,
            bob_key,
            alice_pad: pool.next(Direction::AliceToBob),
            bob_pad: pool.next(Direction::BobToAlice),
            spent: pool.spent(),
        })?;
        let mut link = Self {
            role,
            session,
            backend,
            pool,
            entropy,
            journal,
            queued: VecDeque::new(),
            outgoing: VecDeque::new(),
            events: VecDeque::new(),
            deadline: None,
            stopped: false,
            statistics: Statistics::default(),
            session_cpu: Duration::ZERO,
        };
        link.advance(None)?;
        Ok(link)
    }

    /// Takes one whole message of the peer.
    ///
    /// # Errors
    /// If the link stopped; it delivers nothing more.
    pub fn message(&mut self, message: Vec<u8>) -> Result<(), LinkError> {
        self.statistics.messages_received += 1;
        self.statistics.bytes_received += message.len() as u64;
        self.advance(Some(Input::Message(message)))
    }

    /// Whether the next batch of this side's record may be handed in.
    pub fn wants_pulses(&self) -> bool {
        self.session.wants_pulses()
    }

    /// First slot and number of slots of the batch that is due next.
    pub fn next_batch(&self) -> (u64, u32) {
        self.session.next_batch()
    }

    /// Takes the next batch of this side's record.
    ///
    /// # Errors
    /// If the link stopped, or the batch is not the one that is due.
    pub fn pulses(&mut self, batch: RawBatch) -> Result<(), LinkError> {
        self.advance(Some(Input::Pulses(batch)))
    }

    /// Takes the results of finished jobs, and notices when the peer is silent for too long.
    ///
    /// # Errors
    /// If the link stopped.
    pub fn work(&mut self) -> Result<(), LinkError> {
        while let Some(done) = self.backend.poll() {
            self.finished(done)?;
        }
        if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            self.advance(Some(Input::Timeout))?;
        }
        Ok(())
    }

    /// Waits up to `timeout` for a finished job and takes its result.
    ///
    /// # Errors
    /// If the link stopped.
    pub fn wait(&mut self, timeout: Duration) -> Result<(), LinkError> {
        match self.backend.wait(timeout) {
            Some(done) => self.finished(done),
            None => self.work(),
        }
    }

    /// The next message for the peer.
    pub fn next_message(&mut self) -> Option<Vec<u8>> {
        let message = self.outgoing.pop_front()?;
        self.statistics.messages_sent += 1;
        self.statistics.bytes_sent += message.len() as u64;
        Some(message)
    }

    /// The next key or report.
    pub fn next_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Blocks that are open.
    pub fn open_blocks(&self) -> usize {
        self.session.open_blocks()
    }

    /// Jobs that are computed or wait to be.
    pub fn open_jobs(&self) -> usize {
        self.queued.len() + self.backend.in_flight()
    }

    /// When [`work`](Self::work) has to be called at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// What was used so far.
    pub fn statistics(&self) -> Statistics {
        let tags_sent = self.session.tags_sent();
        Statistics { cpu: self.session_cpu + self.backend.cpu_time(), tags_sent, ..self.statistics }
    }

    /// What it is doing and what it has left.
    pub fn status(&self) -> Status {
        let Statistics { messages_sent, bytes_sent, messages_received, bytes_received, jobs, tags_sent, cpu } =
            self.statistics();
        Status {
            role: self.role,
            stopped: self.stopped,
            backend: self.backend.name(),
            wants_pulses: self.wants_pulses(),
            next_slot: self.next_batch().0,
            open_blocks: self.open_blocks(),
            open_jobs: self.open_jobs(),
            pads_left_of_alice: self.pool.left(Direction::AliceToBob),
            pads_left_of_bob: self.pool.left(Direction::BobToAlice),
            epsilon_spent: self.pool.spent(),
            messages_sent,
            bytes_sent,
            messages_received,
            bytes_received,
            jobs,
            tags_sent,
            cpu_seconds: cpu.as_secs_f64(),
        }
    }

    /// Sets who is told, from any thread, that [`work`](Self::work) has something to do.
    pub fn set_waker(&mut self, waker: Waker) {
        self.backend.set_waker(waker);
    }

    fn finished(&mut self, done: Done) -> Result<(), LinkError> {
        self.statistics.jobs += 1;
        while let Some((id, job)) = self.queued.pop_front() {
            if let Err(Busy(job)) = self.backend.submit(id, job) {
                self.queued.push_front((id, job));
                break;
            }
        }
        self.advance(Some(Input::Done(done)))
    }

    /// Hands `input` to the session and does what it asks for.
    fn advance(&mut self, input: Option<Input>) -> Result<(), LinkError> {
        if self.stopped {
            return Err(SessionError::Stopped.into());
        }
        let result = self.handle(input);
        wipe::dead_stack();
        if let Err(error) = &result {
            tracing::warn!(role = ?self.role, %error, "link stopped");
            self.stopped = true;
            self.session.abort();
            self.queued.clear();
        }
        result
    }

    fn handle(&mut self, input: Option<Input>) -> Result<(), LinkError> {
        let start = ThreadTime::now();
        let jobs_before = self.backend.cpu_time();
        let handled = match input {
            Some(input) => self.session.handle(Instant::now(), input).map_err(LinkError::from),
            None => Ok(()),
        };
        // After an error the session may still hold what it had decided before.
        let performed = self.perform();
        // A backend without threads computes within `perform`; that time is its own.
        let computed = self.backend.cpu_time().saturating_sub(jobs_before);
        self.session_cpu += start.elapsed().saturating_sub(computed);
        handled.and(performed)
    }

    fn perform(&mut self) -> Result<(), LinkError> {
        loop {
            match self.session.poll() {
                Step::Send(message) => self.outgoing.push_back(message),
                Step::Compute(id, job) => self.submit(id, job),
                Step::Draw(id, len) => {
                    let mut bytes = Zeroizing::new(vec![0; len]);
                    self.entropy.fill(&mut bytes)?;
                    self.session.handle(Instant::now(), Input::Drawn(id, bytes))?;
                }
                Step::Reserve { sender, from, count } => {
                    let pads = self.reserve(sender, from, count);
                    wipe::dead_stack();
                    let pads = pads?;
                    self.session.handle(Instant::now(), Input::Pads(sender, pads))?;
                }
                Step::Peek { sender, number } => {
                    let pads = self.peek(sender, number);
                    wipe::dead_stack();
                    let pads = pads?;
                    self.session.handle(Instant::now(), Input::Pads(sender, pads))?;
                }
                Step::Spend(total) => self.pool.spend(total)?,
                Step::Record(record) => {
                    if let Some(journal) = &mut self.journal {
                        journal.append(self.pool.id(), record)?;
                    }
                }
                Step::Key(key) => self.events.push_back(Event::Key(key)),
                Step::Report(report) => {
                    tracing::info!(role = ?self.role, block = report.block, secret_bits = report.ledger.secret, "block ended");
                    self.events.push_back(Event::Report(report));
                }
                Step::Wait(deadline) => {
                    self.deadline = deadline;
                    return Ok(());
                }
            }
        }
    }

    /// Pads that are marked as used on disk before they are here; fewer than `count` when the pool runs out.
    #[inline(never)]
    fn reserve(&mut self, sender: Role, from: u64, count: u32) -> Result<Pads, LinkError> {
        let direction = direction(sender);
        let skipped = from.saturating_sub(self.pool.next(direction));
        let left = self.pool.left(direction).saturating_sub(skipped);
        let count = u64::from(count).min(left.max(1)) as u32;
        let pads = self.pool.reserve(direction, from, count)?;
        Ok(Pads::new(from, pads.map(secret_word).collect()))
    }

    /// The pad `number`, which stays unused; none where the pool ends before it.
    #[inline(never)]
    fn peek(&mut self, sender: Role, number: u64) -> Result<Pads, LinkError> {
        let pad = self.pool.peek(direction(sender), number)?;
        Ok(Pads::new(number, pad.map(secret_word).into_iter().collect()))
    }

    fn submit(&mut self, id: JobId, job: Job) {
        if !self.queued.is_empty() {
            self.queued.push_back((id, job));
        } else if let Err(Busy(job)) = self.backend.submit(id, job) {
            self.queued.push_back((id, job));
        }
    }
}

fn secret_word(pad: Pad) -> u128 {
    u128::from_le_bytes(*pad.into_bytes())
}

fn direction(sender: Role) -> Direction {
    match sender {
        Role::Alice => Direction::AliceToBob,
        Role::Bob => Direction::BobToAlice,
    }
}

#[inline(never)]
fn hash_key(pool: &Pool, direction: Direction) -> HashKey {
    let keys = pool.hash_keys(direction);
    HashKey::new(u128::from_le_bytes(*keys.k), u128::from_le_bytes(*keys.b))
}
