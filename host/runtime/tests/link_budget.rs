//! Links whose ε budget ends: refused on both sides at the same block, across restarts and crashes, and entered in the
//! ledger before any key is out.

#![allow(clippy::float_cmp, reason = "both sides must have the same numbers, to the last bit")]

mod link;

use std::time::Duration;

use link::{Pools, profile, records};
use qkdpp::journal::{self, Content};
use qkdpp::{Event, Journal, Link, LinkError, OsEntropy};
use qkdpp_protocol::budget::Spending;
use qkdpp_protocol::record::Replay;
use qkdpp_protocol::wire::Role;
use qkdpp_protocol::{BudgetError, Profile, RawBatch, SessionError};

const ROLES: [Role; 2] = [Role::Alice, Role::Bob];

/// Two links, driven until both have nothing to do.
struct Pair {
    links: [Link; 2],
    records: [std::vec::IntoIter<RawBatch>; 2],
    keys: [Vec<(u64, Vec<u8>)>; 2],
    stopped: [Option<LinkError>; 2],
}

impl Pair {
    fn on(pools: &Pools, profile: &Profile, blocks: u64) -> Self {
        let link = |role| pools.link_with(role, profile.clone(), Box::new(OsEntropy)).expect("a link");
        Self {
            links: ROLES.map(link),
            records: records(blocks).map(Vec::into_iter),
            keys: [Vec::new(), Vec::new()],
            stopped: [None, None],
        }
    }

    /// Until nothing happens any more, or `messages` have passed. `on_key` sees each key as it comes.
    fn run(&mut self, messages: usize, mut on_key: impl FnMut(Role, u64)) {
        let mut passed = 0;
        loop {
            let mut idle = true;
            for (side, role) in ROLES.into_iter().enumerate() {
                if self.stopped[side].is_none() {
                    self.stopped[side] = self.advance(side).err();
                }
                while let Some(event) = self.links[side].next_event() {
                    if let Event::Key(key) = event {
                        on_key(role, key.block());
                        self.keys[side].push((key.block(), key.expose().to_bytes()));
                    }
                }
                while let Some(message) = self.links[side].next_message() {
                    idle = false;
                    passed += 1;
                    if passed > messages {
                        return;
                    }
                    let other = 1 - side;
                    if self.stopped[other].is_none() {
                        self.stopped[other] = self.links[other].message(message).err();
                    }
                }
                idle &= self.stopped[side].is_some() || self.links[side].open_jobs() == 0;
            }
            if idle {
                return;
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
        if link.open_jobs() > 0 { link.wait(Duration::from_secs(1)) } else { Ok(()) }
    }

    fn equal_keys(&self) -> usize {
        assert!(self.keys[0] == self.keys[1], "one side has other keys than the other");
        self.keys[0].len()
    }

    /// The refusals that stopped both.
    fn refusals(&self) -> [&BudgetError; 2] {
        self.stopped.each_ref().map(|stopped| match stopped {
            Some(LinkError::Session(SessionError::Budget(error))) => error,
            other => panic!("{other:?}"),
        })
    }
}

/// A profile whose authentication keys are good for so many blocks, in one session.
fn keys_for(blocks: u64) -> Profile {
    let mut profile = profile();
    profile.budget.authentication_keys = Spending::new(&profile, 0.0).through(blocks - 1).authentication_keys;
    profile.budget.session = profile.budget.authentication_keys;
    profile
}

fn spent(pools: &Pools) -> [f64; 2] {
    ROLES.map(|role| pools.open(role).spent())
}

#[test]
fn the_life_of_authentication_keys_ends_at_the_same_block_on_both_sides() {
    let pools = Pools::new(600);
    let profile = keys_for(5);
    let mut pair = Pair::on(&pools, &profile, 7);
    pair.run(usize::MAX, |_, _| ());
    assert_eq!(pair.equal_keys(), 5);
    let [alice, bob] = pair.refusals();
    assert_eq!(alice, bob);
    assert!(matches!(alice, BudgetError::AuthenticationKeys { block: 5, .. }), "{alice}");
    drop(pair);
    assert_eq!(spent(&pools), [profile.budget.authentication_keys; 2]);
    // The next link on these pools has nothing left, and says so.
    let mut pair = Pair::on(&pools, &profile, 1);
    pair.run(usize::MAX, |_, _| ());
    assert_eq!(pair.equal_keys(), 0);
    assert!(pair.refusals().iter().all(|error| error.to_string().contains("load new authentication keys")));
}

#[test]
fn what_is_used_survives_every_restart_and_crash() {
    let pools = Pools::new(4_000);
    let profile = profile();
    let mut before = [0.0; 2];
    for messages in [0, 2, 5, 20, 40, 60, 90, usize::MAX] {
        let mut pair = Pair::on(&pools, &profile, 1);
        pair.run(messages, |_, _| ());
        // How many messages a block takes depends on its errors, so a late cut may find a key on either side.
        if messages == usize::MAX {
            assert_eq!(pair.equal_keys(), 1);
        }
        // The process dies here; what its links held is gone.
        drop(pair);
        let after = spent(&pools);
        for side in [0, 1] {
            assert!(after[side] > before[side], "{messages} messages: the handshake is charged: {after:?}");
        }
        // The block was opened, and so it is charged: its key may have been on its way.
        if messages >= 20 {
            let block = Spending::new(&profile, before[0].max(before[1])).through(0).authentication_keys;
            assert!(after.iter().all(|&spent| spent >= block), "{messages} messages: {after:?}, {block:e}");
        }
        before = after;
    }
    assert_eq!(before[0], before[1], "the last session let both know the same");
}

#[test]
fn a_side_that_knows_less_is_told() {
    let profile = keys_for(6);
    for behind in [0, 1] {
        let pools = Pools::new(600);
        // Alice's machine, say, was set back by an hour, and Bob's was not.
        let ahead = Spending::new(&profile, 0.0).through(3).authentication_keys;
        pools.open(ROLES[1 - behind]).spend(ahead).expect("a pool");
        let mut pair = Pair::on(&pools, &profile, 6);
        pair.run(usize::MAX, |_, _| ());
        assert_eq!(pair.equal_keys(), 1, "four are used, the handshake takes a little, and six are allowed");
        let [alice, bob] = pair.refusals();
        assert_eq!(alice, bob);
        drop(pair);
        let [alice, bob] = spent(&pools);
        assert_eq!(alice, bob);
    }
}

#[test]
fn a_key_is_in_the_ledger_before_it_is_out() {
    let pools = Pools::new(600);
    let mut pair = Pair::on(&pools, &profile(), 4);
    let mut seen = 0;
    pair.run(usize::MAX, |role, block| {
        let entries = journal::read(pools.journal_path(role)).expect("a ledger").entries;
        let entered = entries.iter().any(|(_, entry)| {
            matches!(&entry.content, Content::Block(record)
                if record.ledger.block == block && record.ledger.secret > 0)
        });
        assert!(entered, "{role:?}: block {block}");
        seen += 1;
    });
    assert_eq!((pair.equal_keys(), seen), (4, 8));
    drop(pair);
    for role in ROLES {
        let entries = journal::read(pools.journal_path(role)).expect("a ledger").entries;
        let mut replay = None;
        for (_, entry) in &entries {
            match &entry.content {
                Content::Session { authentication_keys, record } => {
                    assert_eq!(*authentication_keys, format!("{:032x}", pools.open(role).id()));
                    replay = Some(Replay::new(record).expect("a session"));
                }
                Content::Block(block) => {
                    replay.as_mut().expect("a session").block(block).expect("what follows");
                }
                Content::Torn { .. } => panic!("nothing was torn"),
            }
        }
        assert_eq!(entries.len(), 5);
    }
}

#[test]
fn a_lower_total_changes_nothing() {
    let pools = Pools::new(10);
    let mut pool = pools.open(Role::Alice);
    assert_eq!(pool.spent(), 0.0);
    for (total, is) in [(2e-9, 2e-9), (1e-9, 2e-9), (3e-9, 3e-9), (0.0, 3e-9)] {
        pool.spend(total).expect("a pool");
        assert_eq!(pool.spent(), is);
        drop(pool);
        pool = pools.open(Role::Alice);
        assert_eq!(pool.spent(), is, "after a restart");
    }
}

const CHILD: &str = "QKDPP_TEST_CHILD_LINKS";
/// Bytes to which a file may grow in the child.
const LIMIT: u64 = 4 << 20;

/// Runs in a child: two links, of which one cannot write its ledger any more once a block has ended.
#[test]
fn child_links() {
    let Some(folder) = std::env::var_os(CHILD) else { return };
    let pools = Pools::at(folder.into());
    let mut pair = Pair::on(&pools, &profile(), 1);
    pair.run(usize::MAX, |role, block| println!("KEY {role:?} {block}"));
    for (role, stopped) in ROLES.iter().zip(&pair.stopped) {
        println!("STOPPED {role:?} {stopped:?}");
    }
}

#[test]
fn without_a_ledger_there_is_no_key() {
    for full in ROLES {
        let pools = Pools::new(600);
        // How long the entries are: of a run on pools of their own.
        let other = Pools::new(600);
        Pair::on(&other, &profile(), 1).run(usize::MAX, |_, _| ());
        let lines = std::fs::read_to_string(other.journal_path(full)).expect("a ledger");
        let lengths: Vec<u64> = lines.lines().map(|line| line.len() as u64 + 1).collect();
        // Room for the session's entry, and for half of the block's.
        let room = lengths[0] + lengths[1] / 2;
        let path = pools.journal_path(full);
        let garbage = |bytes: u64| {
            let _ = std::fs::remove_file(&path);
            std::fs::write(&path, vec![b'x'; bytes as usize]).expect("room");
            drop(Journal::open(&path).expect("a ledger"));
            std::fs::metadata(&path).expect("a ledger").len()
        };
        let about = LIMIT - 4096;
        let overhead = garbage(about) - about;
        assert_eq!(garbage(LIMIT - room - overhead), LIMIT - room);

        let output = std::process::Command::new("sh")
            .args(["-c", &format!("trap '' XFSZ; ulimit -f {} && exec \"$@\"", LIMIT / 512), "sh"])
            .arg(std::env::current_exe().expect("this test"))
            .args(["--exact", "child_links", "--nocapture"])
            .env(CHILD, pools.folder())
            .output()
            .expect("a shell");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        let wanted = format!("STOPPED {full:?} Some(Journal(Io {{ action: \"write\"");
        assert!(text.contains(&wanted) && !text.contains("KEY"), "{text}");
        let torn = journal::read(&path).expect("a ledger").torn_bytes;
        assert!(torn > 0 && torn < lengths[1], "{torn}");
    }
}
