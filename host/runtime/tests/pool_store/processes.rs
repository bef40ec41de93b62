//! What other processes do to a pool: die in the middle, open it a second time, meet the end of the disk.
//!
//! The child is this test binary again, running one of the `child_` tests with `CHILD_POOL` set.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use qkdpp::pool::{Direction, Pool, StoreError};

use crate::fixture::{
    AB, BA, PADS_AT, RECORD, expected, new_pool, pad, pads_file, pads_on_disk, secret, taken,
};

const CHILD_POOL: &str = "QKDPP_TEST_CHILD_POOL";

/// Draws pads in turn from both directions, sometimes with a gap, and says what it got before anything else.
#[test]
fn child_draws() {
    let Some(path) = std::env::var_os(CHILD_POOL) else { return };
    println!();
    let result = Pool::open(path).and_then(|mut pool| {
        for draw in 0..1000 {
            let direction = if draw % 2 == 0 { AB } else { BA };
            let from = pool.next(direction) + u64::from(draw % 5 == 4);
            let pads = taken(pool.reserve(direction, from, 1 + draw % 3)?);
            let mut lines = String::new();
            for (index, bytes) in pads {
                writeln!(lines, "GOT {direction:?} {index} {}", String::from_utf8_lossy(&bytes)).unwrap();
            }
            // One write, so that a kill cannot lose half of it.
            std::io::stdout().write_all(lines.as_bytes()).unwrap();
            std::io::stdout().flush().unwrap();
        }
        Ok(())
    });
    if let Err(error) = result {
        println!("FAILED {error:?}");
    }
}

/// Makes a pool.
#[test]
fn child_creates() {
    let Some(path) = std::env::var_os(CHILD_POOL) else { return };
    println!();
    match Pool::create(path, &secret(100)) {
        Ok(_) => println!("CREATED"),
        Err(error) => println!("FAILED {error:?}"),
    }
}

fn child(test: &str, pool: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", &format!("processes::{test}"), "--nocapture"]).env(CHILD_POOL, pool);
    command
}

/// `child` in which no file can be written beyond `limit` bytes, a multiple of 512: a disk that is full there.
fn child_with_full_disk(test: &str, pool: &Path, limit: usize) -> Vec<String> {
    let child = child(test, pool);
    let script = format!("trap '' XFSZ; ulimit -f {} && exec \"$@\"", limit / 512);
    let output = Command::new("sh")
        .args(["-c", &script, "sh"])
        .arg(child.get_program())
        .args(child.get_args())
        .env(CHILD_POOL, pool)
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// The pads that a child got, each of which must be the right one.
fn got(lines: &[String]) -> Vec<(Direction, u64)> {
    let drawn = lines.iter().filter_map(|line| line.strip_prefix("GOT "));
    drawn
        .map(|line| {
            let mut words = line.splitn(3, ' ');
            let direction = if words.next() == Some("AliceToBob") { AB } else { BA };
            let index = words.next().unwrap().parse().unwrap();
            assert_eq!(words.next().unwrap().as_bytes(), pad(direction, index), "{line}");
            (direction, index)
        })
        .collect()
}

/// SplitMix64 (Steele, Lea, Flood 2014): where to kill.
fn random(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[test]
fn attack_11_killed_anywhere_a_pad_is_handed_out_once() {
    const PADS: u64 = 20_000;
    const KILLS: usize = 40;
    let (_folder, path, pool) = new_pool(PADS);
    drop(pool);
    let mut state = 1;
    let mut handed_out = HashSet::new();
    let mut burnt_by_kills = 0;
    for kill in 0..KILLS {
        let mut child = child("child_draws", &path).stdout(Stdio::piped()).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        // The three lines of the test harness, then some draws, then part of one: a draw takes milliseconds.
        let mut lines: Vec<String> = output.by_ref().take(random(&mut state) as usize % 16).collect();
        std::thread::sleep(Duration::from_micros(random(&mut state) % 15_000));
        child.kill().unwrap();
        child.wait().unwrap();
        lines.extend(output);
        assert!(!lines.iter().any(|line| line.starts_with("FAILED")), "{lines:?}");

        for (direction, index) in got(&lines) {
            assert!(handed_out.insert((direction, index)), "kill {kill}: pad {index} {direction} twice");
        }
        let pool = Pool::open(&path).unwrap();
        for direction in [AB, BA] {
            let used = pool.next(direction);
            let last = handed_out.iter().filter(|pad| pad.0 == direction).map(|pad| pad.1 + 1).max();
            assert!(last.is_none_or(|last| last <= used), "kill {kill}: {last:?} > {used}");
            burnt_by_kills += usize::from(last.is_some_and(|last| last < used));
            let erased = pads_on_disk(&path, PADS, direction, 0..used);
            assert!(erased.iter().all(|&byte| byte == 0), "kill {kill}: used pads are still on disk");
        }
    }
    eprintln!("{} pads handed out, {burnt_by_kills} times a kill burnt pads", handed_out.len());
    assert!(handed_out.len() > KILLS, "the children hardly drew: {}", handed_out.len());
}

/// The states in which a death at each step of `reserve` leaves the two files, put together from copies.
#[test]
fn attack_11_each_step_of_a_reservation_can_be_the_last() {
    let (_folder, path, pool) = new_pool(6);
    drop(pool);
    let files = || (fs::read(&path).unwrap(), fs::read(pads_file(&path)).unwrap());
    let (counters_before, pads_before) = files();
    taken(Pool::open(&path).unwrap().reserve(BA, 0, 4).unwrap());
    let (counters_after, pads_after) = files();
    let first = PADS_AT + 6 * RECORD;
    let mut partly_erased = pads_before.clone();
    partly_erased[first..first + 10].fill(0);
    partly_erased[first + 2 * RECORD..first + 3 * RECORD].fill(0);

    let steps = [
        ("before the commit", &counters_before, &pads_before, 0),
        ("after the commit", &counters_after, &pads_before, 4),
        ("while erasing, which a disk may do in any order", &counters_after, &partly_erased, 4),
        ("after erasing", &counters_after, &pads_after, 4),
    ];
    for (step, counters, pads, next) in steps {
        fs::write(&path, counters).unwrap();
        fs::write(pads_file(&path), pads).unwrap();
        let mut pool = Pool::open(&path).unwrap();
        assert_eq!(pool.next(BA), next, "{step}");
        assert!(pads_on_disk(&path, 6, BA, 0..next).iter().all(|&byte| byte == 0), "{step}");
        if next > 0 {
            assert!(matches!(pool.reserve(BA, next - 1, 1), Err(StoreError::AlreadyUsed { .. })), "{step}");
        }
        assert_eq!(taken(pool.reserve(BA, next, 1).unwrap()), expected(BA, next..next + 1), "{step}");
    }
}

#[test]
fn a_pool_is_open_once() {
    let (_folder, path, pool) = new_pool(10);
    assert!(matches!(Pool::open(&path), Err(StoreError::InUse { path: p }) if p == path));
    let output = child("child_draws", &path).output().unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    assert!(output.contains("FAILED InUse") && !output.contains("GOT"), "{output}");
    drop(pool);
    Pool::open(&path).unwrap();
}

#[test]
fn on_a_full_disk_nothing_is_handed_out() {
    // The database ends before byte 1_228_800 of its file, the pads of Bob→Alice begin beyond it in theirs.
    const PADS: u64 = 60_000;
    const BETWEEN: usize = 1_228_800;
    let (_folder, path, pool) = new_pool(PADS);
    drop(pool);
    assert!(fs::metadata(&path).unwrap().len() < BETWEEN as u64);
    assert!(PADS_AT + PADS as usize * RECORD > BETWEEN);

    let opening = child_with_full_disk("child_draws", &path, 0);
    assert!(opening.iter().any(|line| line.starts_with("FAILED Io { action: \"open\"")), "{opening:?}");
    assert_eq!(got(&opening), []);

    let committing = child_with_full_disk("child_draws", &path, 8192);
    assert!(
        committing.iter().any(|line| line.starts_with("FAILED Io { action: \"write\"")),
        "{committing:?}"
    );
    assert_eq!(got(&committing), []);

    let erasing = child_with_full_disk("child_draws", &path, BETWEEN);
    assert!(erasing.iter().any(|line| line.starts_with("FAILED Io { action: \"erase")), "{erasing:?}");
    let handed_out = got(&erasing);
    assert_eq!(handed_out.iter().map(|pad| pad.0).collect::<Vec<_>>(), [AB], "Bob→Alice failed");

    let mut pool = Pool::open(&path).unwrap();
    assert_eq!(pool.next(AB), handed_out[0].1 + 1);
    assert_eq!(pool.next(BA), 2, "burnt by the draw that was not handed out");
    assert!(pads_on_disk(&path, PADS, BA, 0..2).iter().all(|&byte| byte == 0), "and erased since");
    assert_eq!(taken(pool.reserve(BA, 2, 1).unwrap()), expected(BA, 2..3));
}

#[test]
fn on_a_full_disk_no_half_pool_is_left() {
    let folder = tempfile::tempdir().unwrap();
    for limit in [0, 4096, 65_536] {
        let lines = child_with_full_disk("child_creates", &folder.path().join("pool"), limit);
        assert!(lines.iter().any(|line| line.starts_with("FAILED Io")), "{limit} bytes: {lines:?}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{limit} bytes");
    }
}
