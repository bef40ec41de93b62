//! Lines of a ledger: how an entry is chained to the one before it, and how a file is read that may have been torn.

use std::io::BufRead;
use std::path::Path;

use blake3::{Hash, Hasher};

use super::{Content, Entry, JournalError};

/// Separates these hashes from all others.
const CONTEXT: &str = "qkdpp ledger entry 1";
const BEFORE_CHAIN: &[u8] = b"{\"chain\":\"";
const BEFORE_ENTRY: &[u8] = b"\",\"entry\":";
const HEX_LEN: usize = 2 * blake3::OUT_LEN;

/// The chain's value before the first entry.
const START: Hash = Hash::from_bytes([0; blake3::OUT_LEN]);

fn chained(before: Hash, entry: &[u8]) -> Hash {
    Hasher::new_derive_key(CONTEXT).update(before.as_bytes()).update(entry).finalize()
}

/// The line of `entry` after the chain's value `before`, its end included, and the chain's next value.
pub(super) fn format(before: Hash, entry: &Entry) -> (Hash, Vec<u8>) {
    let entry = serde_json::to_vec(entry).expect("an entry has a JSON form");
    let head = chained(before, &entry);
    (head, [BEFORE_CHAIN, head.to_hex().as_bytes(), BEFORE_ENTRY, &entry, b"}\n"].concat())
}

/// What a line, without its end, is.
enum Line {
    /// The next entry, and the chain's value with it.
    Follows(Hash, Entry),
    /// An entry of another chain, or of another place in this one.
    Foreign,
    /// No entry.
    Malformed,
}

fn parse(before: Hash, line: &[u8]) -> Line {
    let parts = || {
        let rest = line.strip_prefix(BEFORE_CHAIN)?;
        let (hex, rest) = rest.split_at_checked(HEX_LEN)?;
        let entry = rest.strip_prefix(BEFORE_ENTRY)?.strip_suffix(b"}")?;
        Some((Hash::from_hex(hex).ok()?, entry, serde_json::from_slice::<Entry>(entry).ok()?))
    };
    match parts() {
        None => Line::Malformed,
        Some((head, text, entry)) if head == chained(before, text) => Line::Follows(head, entry),
        Some(_) => Line::Foreign,
    }
}

/// Bytes that are no entry.
pub(super) struct Torn {
    pub(super) bytes: u64,
    pub(super) digest: Hash,
}

/// How a file ends.
pub(super) struct Tail {
    pub(super) head: Hash,
    pub(super) torn: Option<Torn>,
    /// Whether the last line has its end.
    pub(super) terminated: bool,
}

/// Lines that are no entries, until an entry accounts for them.
struct Fragment {
    line: u64,
    bytes: Vec<u8>,
}

/// Reads all lines, hands out the entries with their line numbers, and says how the file ends.
pub(super) fn scan(
    path: &Path,
    mut file: impl BufRead,
    mut on_entry: impl FnMut(u64, Entry),
) -> Result<Tail, JournalError> {
    let damaged = |line, what| JournalError::Damaged { path: path.to_owned(), line, what };
    let mut tail = Tail { head: START, torn: None, terminated: true };
    let mut fragment: Option<Fragment> = None;
    for number in 1.. {
        let mut line = Vec::new();
        file.read_until(b'\n', &mut line).map_err(JournalError::io("read", path))?;
        if line.is_empty() {
            break;
        }
        tail.terminated = line.pop_if(|last| *last == b'\n').is_some();
        match parse(tail.head, &line) {
            Line::Foreign => return Err(damaged(number, "does not continue the chain")),
            Line::Malformed => match &mut fragment {
                None => fragment = Some(Fragment { line: number, bytes: line }),
                Some(fragment) => {
                    fragment.bytes.push(b'\n');
                    fragment.bytes.extend_from_slice(&line);
                }
            },
            Line::Follows(head, entry) => {
                let torn = fragment.take();
                if !accounts_for(&entry, torn.as_ref()) {
                    return Err(damaged(torn.map_or(number, |torn| torn.line), "is no entry"));
                }
                tail.head = head;
                on_entry(number, entry);
            }
        }
    }
    tail.torn = fragment
        .map(|Fragment { bytes, .. }| Torn { bytes: bytes.len() as u64, digest: blake3::hash(&bytes) });
    Ok(tail)
}

/// Whether an entry may stand after `fragment`: one that names it after torn bytes, any other after an entry.
fn accounts_for(entry: &Entry, fragment: Option<&Fragment>) -> bool {
    match (&entry.content, fragment) {
        (Content::Torn { bytes, digest }, Some(fragment)) => {
            *bytes == fragment.bytes.len() as u64 && *digest == blake3::hash(&fragment.bytes).to_string()
        }
        (Content::Torn { .. }, None) | (_, Some(_)) => false,
        (_, None) => true,
    }
}
