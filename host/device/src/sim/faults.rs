//! [`Plan`] and [`Faults`]: what goes wrong in a simulated device, from a seed. The same plan means the same kinds of
//! faults in every simulated device; where they strike depends on its bus traffic.

use rand_chacha::ChaCha12Rng;
use rand_core::{Rng, SeedableRng};

/// A chance in [`ALWAYS`].
pub type Chance = u32;

/// The chance of what always happens.
pub const ALWAYS: Chance = 1_000_000;

/// What goes wrong, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Of all random choices.
    pub seed: u64,
    /// At most so many faults strike; afterwards the device is sound.
    pub budget: u32,
    /// A read of memory is answered with an error.
    pub read_error: Chance,
    /// A read of memory is never answered.
    pub read_lost: Chance,
    /// A bit of what is read changes on the way.
    pub read_corrupted: Chance,
    /// A write to memory is answered with an error, and not done.
    pub write_error: Chance,
    /// A write to memory is never answered, and not done.
    pub write_lost: Chance,
    /// A write to memory is answered, but not done: lost completions, stale outputs.
    pub write_dropped: Chance,
    /// A bit of what is written changes on the way.
    pub write_corrupted: Chance,
    /// An interrupt message is lost.
    pub interrupt_lost: Chance,
    /// An access to a register finds that the device has left the bus.
    pub death: Chance,
    /// After so many accesses the device is back, as after power-on.
    pub death_length: u32,
    /// A memory of the device fails its parity check, per job.
    pub parity: Chance,
    /// Cycles until memory answers: 0 to this.
    pub latency: u32,
}

impl Plan {
    /// Nothing goes wrong.
    pub fn sound() -> Self {
        Self {
            seed: 0,
            budget: 0,
            read_error: 0,
            read_lost: 0,
            read_corrupted: 0,
            write_error: 0,
            write_lost: 0,
            write_dropped: 0,
            write_corrupted: 0,
            interrupt_lost: 0,
            death: 0,
            death_length: 0,
            parity: 0,
            latency: 0,
        }
    }

    /// Up to `budget` faults: one kind or a mix of all, often or rarely, as `seed` says.
    pub fn random(seed: u64, budget: u32) -> Self {
        let mut random = Random::new(seed);
        let common = ALWAYS >> (1 + random.below(7));
        let only = random.below(20);
        let mut kind = 0;
        let mut chance = || {
            kind += 1;
            if only > 10 || only == kind { common } else { 0 }
        };
        Self {
            seed,
            budget,
            read_error: chance(),
            read_lost: chance(),
            read_corrupted: chance(),
            write_error: chance(),
            write_lost: chance(),
            write_dropped: chance(),
            write_corrupted: chance(),
            // There are fewer interrupts than transactions.
            interrupt_lost: 2 * chance(),
            // There are many more accesses to registers than anything else.
            death: chance() / 16,
            death_length: 1 << random.below(12),
            parity: chance(),
            latency: 1 << random.below(12),
        }
    }
}

/// What happens to one transaction on the bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is done.
    Done,
    /// It is answered with an error.
    Error,
    /// It is never answered.
    Lost,
    /// A bit changes on the way: [`Faults::corrupt`].
    Corrupted,
    /// It is answered, but not done.
    Dropped,
}

/// Faults that have struck, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Struck {
    /// Transactions that were answered with an error.
    pub errors: u64,
    /// Transactions that were never answered.
    pub lost: u64,
    /// Transactions with a changed bit.
    pub corrupted: u64,
    /// Of these, submissions that were read.
    pub submissions: u64,
    /// Of these, completions that were written.
    pub completions: u64,
    /// Writes that were answered, but not done.
    pub dropped: u64,
    /// Interrupt messages that were lost.
    pub interrupts: u64,
    /// Times the device left the bus.
    pub deaths: u64,
    /// Parity errors.
    pub parity: u64,
}

impl Struck {
    /// All together.
    pub fn total(&self) -> u64 {
        let Self { errors, lost, corrupted, dropped, interrupts, deaths, parity, .. } = self;
        errors + lost + corrupted + dropped + interrupts + deaths + parity
    }
}

/// A plan at work.
pub struct Faults {
    plan: Plan,
    random: Random,
    struck: Struck,
    /// Register accesses until the device is back on the bus.
    dead: u32,
}

impl Faults {
    /// Starts `plan`.
    pub fn new(plan: Plan) -> Self {
        Self { random: Random::new(plan.seed), plan, struck: Struck::default(), dead: 0 }
    }

    /// Starts another plan.
    pub fn begin(&mut self, plan: Plan) {
        *self = Self { dead: self.dead, ..Self::new(plan) };
    }

    /// What has struck so far.
    pub fn struck(&self) -> Struck {
        self.struck
    }

    /// What happens to a read, of a submission or of data.
    pub fn read(&mut self, submission: bool) -> Fate {
        let Plan { read_error, read_lost, read_corrupted, .. } = self.plan;
        let fate = self.fate([
            (read_error, Fate::Error),
            (read_lost, Fate::Lost),
            (read_corrupted, Fate::Corrupted),
        ]);
        self.struck.submissions += u64::from(submission && fate == Fate::Corrupted);
        fate
    }

    /// What happens to a write, of a completion or of data.
    pub fn write(&mut self, completion: bool) -> Fate {
        let Plan { write_error, write_lost, write_dropped, write_corrupted, .. } = self.plan;
        let fate = self.fate([
            (write_error, Fate::Error),
            (write_lost, Fate::Lost),
            (write_dropped, Fate::Dropped),
            (write_corrupted, Fate::Corrupted),
        ]);
        self.struck.completions += u64::from(completion && fate == Fate::Corrupted);
        fate
    }

    /// Whether this interrupt message is lost.
    pub fn loses_interrupt(&mut self) -> bool {
        let lost = self.strikes(self.plan.interrupt_lost);
        self.struck.interrupts += u64::from(lost);
        lost
    }

    /// What an access to a register meets.
    pub fn access(&mut self) -> Access {
        if self.dead > 0 {
            self.dead = self.dead.saturating_sub(u32::from(self.dead != u32::MAX));
            return if self.dead == 0 { Access::Returned } else { Access::Gone };
        }
        if self.strikes(self.plan.death) {
            self.die(self.plan.death_length.max(1));
            return Access::Gone;
        }
        Access::Alive
    }

    /// Takes the device from the bus, for so many accesses to registers; for ever with `u32::MAX`.
    pub fn die(&mut self, accesses: u32) {
        self.struck.deaths += 1;
        self.dead = accesses;
    }

    /// Whether the device has left the bus: it reaches no memory then either.
    pub fn is_dead(&self) -> bool {
        self.dead > 0
    }

    /// Whether a memory of the device fails during this job.
    pub fn parity(&mut self) -> bool {
        let fails = self.strikes(self.plan.parity);
        self.struck.parity += u64::from(fails);
        fails
    }

    /// Changes one bit.
    pub fn corrupt(&mut self, bytes: &mut [u8]) {
        let bit = self.random.below(8 * bytes.len() as u64) as usize;
        bytes[bit / 8] ^= 1 << (bit % 8);
    }

    /// Cycles until memory answers.
    pub fn latency(&mut self) -> u32 {
        self.random.below(u64::from(self.plan.latency) + 1) as u32
    }

    fn fate<const N: usize>(&mut self, chances: [(Chance, Fate); N]) -> Fate {
        let fate = chances
            .into_iter()
            .find(|(chance, _)| self.strikes(*chance))
            .map_or(Fate::Done, |(_, fate)| fate);
        match fate {
            Fate::Done => {}
            Fate::Error => self.struck.errors += 1,
            Fate::Lost => self.struck.lost += 1,
            Fate::Corrupted => self.struck.corrupted += 1,
            Fate::Dropped => self.struck.dropped += 1,
        }
        fate
    }

    fn strikes(&mut self, chance: Chance) -> bool {
        chance > 0
            && self.struck.total() < u64::from(self.plan.budget)
            && self.random.below(ALWAYS.into()) < chance.into()
    }
}

/// What an access to a register meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// The device.
    Alive,
    /// Nothing: a read gives all ones, a write goes nowhere.
    Gone,
    /// The device, back with its registers as after power-on.
    Returned,
}

/// Random choices from a seed.
pub(crate) struct Random(ChaCha12Rng);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(ChaCha12Rng::seed_from_u64(seed))
    }

    /// 0 to `limit` − 1.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0.next_u64() % limit
    }
}
