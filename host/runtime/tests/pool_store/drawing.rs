//! Creating a pool, drawing pads in both directions, and every refusal that changes nothing.

use std::fs;

use qkdpp::pool::{Pool, StoreError};

use crate::fixture::{AB, BA, PADS_AT, RECORD, expected, new_pool, pads_file, pads_on_disk, secret, taken};

#[test]
fn a_secret_is_split_as_documented() {
    let (_folder, path, pool) = new_pool(3);
    assert_eq!(&*pool.hash_keys(AB).k, b"k of Alice > Bob");
    assert_eq!(&*pool.hash_keys(AB).b, b"b of Alice > Bob");
    assert_eq!(&*pool.hash_keys(BA).k, b"k of Bob > Alice");
    assert_eq!(&*pool.hash_keys(BA).b, b"b of Bob > Alice");
    assert_eq!((pool.left(AB), pool.left(BA)), (3, 3));
    assert_eq!(fs::read(pads_file(&path)).unwrap().len(), PADS_AT + 2 * 3 * RECORD);
    drop(pool);

    let mut pool = Pool::open(&path).unwrap();
    assert_eq!(&*pool.hash_keys(BA).b, b"b of Bob > Alice");
    assert_eq!(taken(pool.reserve(BA, 0, 3).unwrap()), expected(BA, 0..3));
    assert_eq!(taken(pool.reserve(AB, 0, 3).unwrap()), expected(AB, 0..3));
}

#[test]
fn bytes_that_do_not_fill_a_pad_in_both_directions_are_not_used() {
    let folder = tempfile::tempdir().unwrap();
    for (cut, pads) in [(0, 4), (1, 3), (31, 3), (32, 3), (33, 2)] {
        let secret = secret(4);
        let pool = Pool::create(folder.path().join(format!("{cut}")), &secret[..secret.len() - cut]).unwrap();
        assert_eq!((pool.left(AB), pool.left(BA)), (pads, pads), "{cut} bytes short");
    }
}

#[test]
fn directions_are_counted_apart_and_a_gap_is_burnt() {
    let (_folder, path, mut pool) = new_pool(10);
    assert_eq!(taken(pool.reserve(AB, 0, 2).unwrap()), expected(AB, 0..2));
    assert_eq!(taken(pool.reserve(AB, 5, 1).unwrap()), expected(AB, 5..6));
    assert_eq!((pool.next(AB), pool.left(AB)), (6, 4));
    assert_eq!((pool.next(BA), pool.left(BA)), (0, 10));
    for from in [0, 3, 5] {
        let refused = pool.reserve(AB, from, 1).unwrap_err();
        assert!(
            matches!(refused, StoreError::AlreadyUsed { direction: AB, from: f, next: 6 } if f == from),
            "{refused:?}"
        );
    }
    drop(pool);

    assert_eq!(pads_on_disk(&path, 10, AB, 0..6), [0; 6 * RECORD], "used and skipped pads are erased");
    let mut pool = Pool::open(&path).unwrap();
    assert!(matches!(pool.reserve(AB, 5, 1), Err(StoreError::AlreadyUsed { next: 6, .. })));
    assert_eq!(taken(pool.reserve(AB, 6, 4).unwrap()), expected(AB, 6..10));
    assert_eq!(taken(pool.reserve(BA, 0, 10).unwrap()), expected(BA, 0..10));
}

#[test]
fn a_pad_that_is_looked_at_stays_unused() {
    let (_folder, path, mut pool) = new_pool(10);
    assert_eq!(taken(pool.reserve(AB, 0, 2).unwrap()), expected(AB, 0..2));
    for index in [2, 9, 2] {
        let pad = pool.peek(AB, index).unwrap().expect("an unused pad");
        assert_eq!((pad.index(), *pad.into_bytes()), (index, crate::fixture::pad(AB, index)));
    }
    assert!(pool.peek(AB, 10).unwrap().is_none() && pool.peek(AB, u64::MAX).unwrap().is_none());
    assert!(matches!(pool.peek(AB, 1), Err(StoreError::AlreadyUsed { direction: AB, from: 1, next: 2 })));
    assert_eq!((pool.next(AB), pool.left(AB)), (2, 8));
    drop(pool);
    assert_eq!(taken(Pool::open(&path).unwrap().reserve(AB, 2, 8).unwrap()), expected(AB, 2..10));
}

#[test]
fn a_pad_is_on_disk_until_it_is_drawn_and_not_a_moment_longer() {
    let (_folder, path, mut pool) = new_pool(3000);
    let before = pads_on_disk(&path, 3000, BA, 0..3000);
    let pads = pool.reserve(BA, 0, 2500).unwrap();
    // The file is read while the pads are in memory and unused.
    assert_eq!(pads_on_disk(&path, 3000, BA, 0..2500), vec![0; 2500 * RECORD]);
    assert_eq!(pads_on_disk(&path, 3000, BA, 2500..3000), before[2500 * RECORD..]);
    assert!(fs::read(&path).unwrap().windows(7).all(|bytes| bytes != b"B>A pad"), "the database has no pads");
    assert_eq!(taken(pads), expected(BA, 0..2500));
}

#[test]
fn more_than_is_left_is_refused_whole() {
    let (_folder, _path, mut pool) = new_pool(5);
    taken(pool.reserve(AB, 0, 3).unwrap());
    for (from, count, expected_left) in [(3, 3, 2), (4, 2, 1), (5, 1, 0), (3, u32::MAX, 2), (u64::MAX, 1, 0)]
    {
        let refused = pool.reserve(AB, from, count).unwrap_err();
        assert!(
            matches!(refused, StoreError::Exhausted { left, wanted, .. } if (left, wanted) == (expected_left, count)),
            "{refused:?}"
        );
    }
    assert_eq!(taken(pool.reserve(AB, 3, 2).unwrap()), expected(AB, 3..5));
    assert_eq!(pool.left(AB), 0);
}

#[test]
fn no_pads_from_the_next_one_on_is_nothing_drawn() {
    let (_folder, _path, mut pool) = new_pool(2);
    assert_eq!(pool.reserve(AB, 0, 0).unwrap().len(), 0);
    assert_eq!(pool.next(AB), 0);
}

#[test]
fn an_existing_file_is_not_overwritten() {
    let (folder, path, mut pool) = new_pool(2);
    taken(pool.reserve(AB, 0, 1).unwrap());
    drop(pool);
    let files = || (fs::read(&path).unwrap(), fs::read(pads_file(&path)).unwrap());
    let before = files();
    let refused = Pool::create(&path, &secret(2)).unwrap_err();
    assert!(matches!(&refused, StoreError::Exists { path: p } if *p == pads_file(&path)), "{refused:?}");
    assert_eq!(files(), before);

    // Only the database is in the way: the file that was made for the secret goes again.
    let other = folder.path().join("other");
    fs::write(&other, "something").unwrap();
    let refused = Pool::create(&other, &secret(2)).unwrap_err();
    assert!(matches!(&refused, StoreError::Exists { path: p } if *p == other), "{refused:?}");
    assert_eq!(fs::read(&other).unwrap(), b"something");
    assert!(!pads_file(&other).exists());
}

#[test]
fn a_secret_that_is_short_or_was_not_filled_makes_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pool");
    let refused = Pool::create(&path, &secret(1)[..95]).unwrap_err();
    assert!(matches!(refused, StoreError::SecretTooShort { wanted: 96, got: 95 }), "{refused:?}");
    let mut unfilled = secret(4);
    unfilled[96..].fill(0);
    let refused = Pool::create(&path, &unfilled).unwrap_err();
    assert!(matches!(refused, StoreError::ZeroBlock { offset: 96 }), "{refused:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn nothing_secret_is_printed() {
    let (_folder, _path, mut pool) = new_pool(2);
    let pads = pool.reserve(AB, 0, 2).unwrap();
    assert_eq!(format!("{pads:?}"), "Pads { direction: AliceToBob, next: 0, left: 2, .. }");
    assert_eq!(
        format!("{pool:?}"),
        "Pool { next Alice→Bob: 2, next Bob→Alice: 0, spent: 0.0, pads_per_direction: 2, .. }"
    );
}
