//! Files that are truncated, altered, foreign, mixed up, restored from a backup, or open to other users.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;

use qkdpp::pool::{Pool, StoreError};

use crate::fixture::{AB, BA, PADS_AT, RECORD, expected, new_pool, pads_file, taken};

/// Inverts the byte at `at`; done twice, it is as before.
fn flip(path: &Path, at: usize) {
    let mut byte = [fs::read(path).unwrap()[at]];
    byte[0] = !byte[0];
    OpenOptions::new().write(true).open(path).unwrap().write_all_at(&byte, at as u64).unwrap();
}

fn truncate(path: &Path, length: u64) {
    OpenOptions::new().write(true).open(path).unwrap().set_len(length).unwrap();
}

#[test]
fn every_flipped_byte_of_header_and_hash_keys_is_noticed() {
    let (_folder, path, pool) = new_pool(2);
    drop(pool);
    let pads = pads_file(&path);
    for at in 0..PADS_AT {
        flip(&pads, at);
        let refused = Pool::open(&path).unwrap_err();
        let named = match &refused {
            StoreError::NotAPool { path, .. } if at < 16 => path,
            StoreError::Corrupted { path, .. } if at >= 16 => path,
            other => panic!("byte {at}: {other:?}"),
        };
        assert_eq!(*named, pads);
        flip(&pads, at);
    }
    Pool::open(&path).unwrap();
}

#[test]
fn a_damaged_pad_is_named_and_can_be_skipped() {
    for byte in [0, 15, 16, RECORD - 1] {
        let (_folder, path, pool) = new_pool(4);
        drop(pool);
        flip(&pads_file(&path), PADS_AT + RECORD + byte);
        let mut pool = Pool::open(&path).unwrap();
        let refused = pool.reserve(AB, 0, 3).unwrap_err();
        assert!(
            matches!(&refused, StoreError::Corrupted { path: p, what } if *p == pads_file(&path) && what == "pad 1 Alice→Bob"),
            "{refused:?}"
        );
        assert_eq!(pool.next(AB), 0, "nothing handed out, nothing burnt");
        assert_eq!(taken(pool.reserve(AB, 0, 1).unwrap()), expected(AB, 0..1));
        assert_eq!(taken(pool.reserve(AB, 2, 1).unwrap()), expected(AB, 2..3));
    }
}

#[test]
fn swapped_pads_are_noticed() {
    let (_folder, path, pool) = new_pool(2);
    drop(pool);
    let pads = pads_file(&path);
    let file = fs::read(&pads).unwrap();
    let (first, second) = file[PADS_AT..].split_at(RECORD);
    let swapped = [&file[..PADS_AT], &second[..RECORD], first, &second[RECORD..]].concat();
    fs::write(&pads, swapped).unwrap();
    let refused = Pool::open(&path).unwrap().reserve(AB, 0, 1).unwrap_err();
    assert!(matches!(refused, StoreError::Corrupted { .. }), "{refused:?}");
}

#[test]
fn a_file_of_pads_that_is_cut_off_or_longer_is_refused() {
    let (_folder, path, pool) = new_pool(4);
    drop(pool);
    let pads = pads_file(&path);
    let whole = fs::read(&pads).unwrap();
    for length in [0, 7, PADS_AT - 1, PADS_AT, whole.len() - 1, whole.len() + 1] {
        truncate(&pads, length as u64);
        let refused = Pool::open(&path).unwrap_err();
        let wanted_length = if length < PADS_AT { PADS_AT } else { whole.len() };
        assert!(
            matches!(&refused, StoreError::Length { path, wanted, got }
                if *path == pads && (*wanted, *got) == (wanted_length as u64, length as u64)),
            "{refused:?}"
        );
        fs::write(&pads, &whole).unwrap();
    }
}

/// Whatever byte of the database is hit: no pad that was handed out comes back, and nothing panics.
#[test]
fn a_damaged_database_never_brings_a_pad_back() {
    let (_folder, path, mut pool) = new_pool(8);
    for index in 0..4 {
        taken(pool.reserve(AB, index, 1).unwrap());
    }
    drop(pool);
    let (database, pads) = (fs::read(&path).unwrap(), fs::read(pads_file(&path)).unwrap());
    let header = (0..320).step_by(3);
    let content = (4096..database.len()).filter(|&at| database[at] != 0).step_by(1500);
    let mut refused = 0;
    for at in header.chain(content) {
        flip(&path, at);
        match Pool::open(&path) {
            Err(StoreError::Corrupted { path: p, .. } | StoreError::NotAPool { path: p, .. }) => {
                assert_eq!(p, path);
                refused += 1;
            }
            Err(other) => panic!("byte {at}: {other:?}"),
            Ok(mut pool) => match pool.reserve(AB, pool.next(AB), 1) {
                Ok(drawn) => assert_eq!(taken(drawn), expected(AB, 4..5), "byte {at}"),
                Err(StoreError::CountersBehind { .. }) => {}
                Err(other) => panic!("byte {at}: {other:?}"),
            },
        }
        fs::write(&path, &database).unwrap();
        fs::write(pads_file(&path), &pads).unwrap();
    }
    assert!(refused > 20, "only {refused} flipped bytes were noticed");
}

#[test]
fn a_truncated_or_foreign_database_is_refused() {
    let (folder, path, pool) = new_pool(2);
    drop(pool);
    let whole = fs::read(&path).unwrap();
    let text = b"[link]\nname = \"not a database\"\n".repeat(500);
    let other_database = folder.path().join("other");
    drop(redb::Database::create(&other_database).unwrap());
    let foreign = [&[][..], &whole[..100], &whole[..5000], &whole[..whole.len() - 4096], &text];
    for content in foreign.into_iter().map(<[u8]>::to_vec).chain([fs::read(other_database).unwrap()]) {
        fs::write(&path, &content).unwrap();
        let refused = Pool::open(&path).unwrap_err();
        assert!(
            matches!(&refused, StoreError::NotAPool { path: p, .. } | StoreError::Corrupted { path: p, .. } if *p == path),
            "{} bytes: {refused:?}",
            content.len()
        );
    }
    fs::remove_file(&path).unwrap();
    let refused = Pool::open(&path).unwrap_err();
    assert!(matches!(&refused, StoreError::Io { path: p, .. } if *p == path), "{refused:?}");
}

#[test]
fn the_pads_of_another_pool_are_refused() {
    let (_folder_1, path_1, pool_1) = new_pool(2);
    let (_folder_2, path_2, pool_2) = new_pool(2);
    drop((pool_1, pool_2));
    fs::copy(pads_file(&path_2), pads_file(&path_1)).unwrap();
    let refused = Pool::open(&path_1).unwrap_err();
    assert!(matches!(&refused, StoreError::Mismatch { path } if *path == pads_file(&path_1)), "{refused:?}");
}

#[test]
fn a_database_from_a_backup_does_not_bring_pads_back() {
    let (_folder, path, pool) = new_pool(6);
    drop(pool);
    let backup = fs::read(&path).unwrap();
    taken(Pool::open(&path).unwrap().reserve(BA, 0, 3).unwrap());
    fs::write(&path, backup).unwrap();

    let mut pool = Pool::open(&path).unwrap();
    let refused = pool.reserve(BA, 2, 2).unwrap_err();
    assert!(
        matches!(&refused, StoreError::CountersBehind { path: p, direction: BA, index: 2, next: 0 } if *p == pads_file(&path)),
        "{refused:?}"
    );
    assert_eq!(taken(pool.reserve(BA, 3, 1).unwrap()), expected(BA, 3..4));
}

#[test]
fn a_file_that_others_may_read_or_write_is_refused() {
    let (_folder, path, pool) = new_pool(2);
    drop(pool);
    for file in [path.clone(), pads_file(&path)] {
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o7777, 0o600, "as created");
        for mode in [0o644, 0o640, 0o602] {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            let refused = Pool::open(&path).unwrap_err();
            assert!(
                matches!(&refused, StoreError::NotPrivate { path, mode: m } if *path == file && *m == mode),
                "{refused:?}"
            );
            assert!(refused.to_string().contains(&format!("{mode:04o}")), "{refused}");
        }
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    }
    Pool::open(&path).unwrap();
}
