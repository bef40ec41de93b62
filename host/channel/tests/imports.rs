//! Records in other people's formats: good and bad files, and the published records where they are at hand.

use std::fs;
use std::path::{Path, PathBuf};

use qkdpp_channel::{csv, sifted};
use qkdpp_protocol::raw::{Entries, RawBatch};
use tempfile::TempDir;

const HEADER: &str = "qubit_id,tx_state,tx_basis,decoy_level,rx_state,rx_basis,matching_basis\n";

/// The folder of real records, or `None`, said aloud.
fn real_records() -> Option<PathBuf> {
    let folder = std::env::var_os("QKDPP_REAL_RECORDS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/real"), PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: no real records in {} (set QKDPP_REAL_RECORDS)", folder.display());
    None
}

fn file(content: impl AsRef<[u8]>) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, content).unwrap();
    (folder, path)
}

fn csv_error(rows: &str) -> String {
    let (_folder, path) = file(rows);
    let message = csv::read(&path).unwrap_err().to_string();
    message.strip_prefix(&format!("{}: ", path.display())).expect("names the file").to_owned()
}

/// Detections and errors where the bases match: `[basis][intensity]`.
fn sifted_counts(alice: &RawBatch, bob: &RawBatch) -> [[(u32, u32); 2]; 2] {
    let mut counts = [[(0, 0); 2]; 2];
    for entry in (0..alice.len()).filter(|&entry| alice.basis.get(entry) == bob.basis.get(entry)) {
        let (basis, level) = (alice.basis.get(entry), alice.intensity[0].get(entry));
        let count = &mut counts[usize::from(basis)][usize::from(level)];
        count.0 += 1;
        count.1 += u32::from(alice.bit.get(entry) != bob.bit.get(entry));
    }
    counts
}

#[test]
fn a_csv_record_is_read() {
    let (_folder, path) = file(format!("{HEADER}0,1,0,2,1,0,True\n7,0,1,0,1,0,False\n"));
    let (alice, bob) = csv::read(&path).unwrap();
    assert_eq!((alice.first_slot, alice.slots, &alice.entries), (0, 8, &Entries::At(vec![0, 7])));
    assert_eq!((bob.slots, &bob.entries), (8, &alice.entries));
    let bits = |plane: &qkdpp_kernels::Bits| plane.iter().collect::<Vec<_>>();
    assert_eq!(bits(&alice.basis), [false, true]);
    assert_eq!(bits(&alice.bit), [true, false]);
    assert_eq!(bits(&alice.intensity[0]), [true, false]);
    assert_eq!(bits(&alice.intensity[1]), [false, false]);
    assert_eq!(bits(&bob.basis), [false, false]);
    assert_eq!(bits(&bob.bit), [true, true]);
    assert_eq!(bits(&bob.intensity[0]), [false, false]);
}

#[test]
fn bad_cells_are_named_with_their_line() {
    let row = |row: &str| csv_error(&format!("{HEADER}0,0,0,0,0,0,True\n{row}\n"));
    assert_eq!(row("1,2,0,0,0,0,True"), "line 3: tx_state is \"2\"; it must be 0 or 1");
    assert_eq!(row("1,0,0,1,0,0,True"), "line 3: decoy_level is \"1\"; it must be 0 or 2");
    assert_eq!(row("1,0,0,0,,0,True"), "line 3: rx_state is \"\"; it must be 0 or 1");
    assert_eq!(row("1,0,0,0,0,0,true"), "line 3: matching_basis is \"true\"; it must be False or True");
    assert_eq!(row("1,0,0,0,0,1,True"), "line 3: matching_basis is \"True\"; tx_basis is 0 and rx_basis 1");
    assert_eq!(
        row("1,1,1,0,0,1,True"),
        "line 3: tx_state is \"1\"; in the test basis (tx_basis 1) only state 0 is sent"
    );
    for slot in ["0", "-1", "1.0", "x", "4294967295"] {
        assert_eq!(
            row(&format!("{slot},0,0,0,0,0,True")),
            format!(
                "line 3: qubit_id is \"{slot}\"; it must be a whole number from 1 (they ascend) to 4294967294"
            )
        );
    }
    assert!(row("1,0,0,0,0,0").contains("line: 3"), "a cell is missing: {}", row("1,0,0,0,0,0"));
}

#[test]
fn other_csv_files_are_refused() {
    assert!(csv_error("").starts_with("line 1: the header is \"\" instead of \"qubit_id,"));
    assert!(csv_error("a,b\n1,2\n").starts_with("line 1: the header is \"a,b\" instead of"));
    let missing = csv::read(Path::new("/nonexistent/record.csv")).unwrap_err().to_string();
    assert!(missing.contains("record.csv") && missing.contains("No such file"), "{missing}");
}

#[test]
fn sifted_keys_are_read_least_significant_bit_first() {
    let (_a, alice) = file([0b0000_0101, 0b1000_0000]);
    let (_b, bob) = file([0b0000_0111, 0b0000_0000, 0xFF]);
    let (a, b) = sifted::read_pair(&alice, &bob, Some(16)).unwrap();
    assert_eq!(a.ones().collect::<Vec<_>>(), [0, 2, 15]);
    assert_eq!(b.ones().collect::<Vec<_>>(), [0, 1, 2]);
    let batch = sifted::as_batch(100, a.clone());
    assert_eq!((batch.first_slot, batch.slots, batch.len()), (100, 16, 16));
    assert_eq!((batch.entries, batch.bit), (Entries::Every, a));
    assert_eq!(batch.basis.count_ones(), 0);

    let error = |bits| sifted::read_pair(&alice, &bob, bits).unwrap_err().to_string();
    assert_eq!(error(Some(17)), format!("{}: wanted 17 bits, got 16", alice.display()));
    assert_eq!(
        error(None),
        format!("{} has 2 bytes and {} 3; state the number of bits to use", alice.display(), bob.display())
    );
}

#[test]
fn the_published_three_state_record_has_its_counts() {
    let Some(folder) = real_records() else { return };
    let (alice, bob) = csv::read(&folder.join("three-state-one-decoy.csv")).unwrap();
    assert_eq!((alice.slots, alice.len()), (40_000, 40_000));
    assert_eq!(sifted_counts(&alice, &bob), [[(15_766, 136), (4_655, 36)], [(1_347, 8), (391, 4)]]);
}

#[test]
fn the_published_sifted_keys_have_their_error_rate() {
    let Some(folder) = real_records() else { return };
    let (alice, bob) =
        sifted::read_pair(&folder.join("sifted-alice.bin"), &folder.join("sifted-bob.bin"), Some(105_976))
            .unwrap();
    assert_eq!(alice.len(), 105_976);
    let mut errors = bob;
    errors.xor_assign(&alice);
    let of_ones = errors.ones().filter(|&bit| alice.get(bit)).count();
    let ones = alice.count_ones();
    let rate = |errors: usize, bits: usize| (errors as f64 / bits as f64 * 1e3).round() / 10.0;
    assert!((errors.count_ones() as f64 / 105_976.0 - 0.0360).abs() < 5e-5);
    let zeros = 105_976 - ones;
    assert!((rate(errors.count_ones() - of_ones, zeros) - 2.5).abs() < 0.01, "0 → 1");
    assert!((rate(of_ones, ones) - 4.6).abs() < 0.01, "1 → 0");
}
