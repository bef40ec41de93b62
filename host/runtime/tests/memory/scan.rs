//! Reads all memory that another process can write, and looks for secrets in it.

use std::fs::File;
use std::os::unix::fs::FileExt;

use crate::noted::Secrets;

/// A word of a secret, and where it was read.
#[derive(Debug)]
#[allow(dead_code, reason = "printed when a test fails")]
pub(crate) struct Found {
    pub(crate) what: &'static str,
    pub(crate) region: String,
    pub(crate) address: u64,
}

impl Found {
    /// Whether it is half of a number of sixteen bytes, not a part of a bit string.
    pub(crate) fn is_number(&self) -> bool {
        ["hash key", "pad"].contains(&self.what)
    }
}

/// Bytes read at a time.
const CHUNK: usize = 1 << 20;

/// Everything of `secrets` in the writable memory of `process`, at any byte offset.
pub(crate) fn scan(process: u32, secrets: &Secrets) -> Vec<Found> {
    let maps = std::fs::read_to_string(format!("/proc/{process}/maps")).expect("a process of one's own");
    let memory = File::open(format!("/proc/{process}/mem")).expect("a process of one's own");
    let mut found = Vec::new();
    let mut bytes = 0;
    for line in maps.lines() {
        let Some((start, end, region)) = writable(line) else { continue };
        let mut buffer = vec![0; CHUNK + 7];
        for at in (start..end).step_by(CHUNK) {
            // Seven bytes more, for words that lie across two chunks.
            let len = (end - at).min(buffer.len() as u64) as usize;
            // The stack of a thread that has just ended is gone.
            let Ok(read) = memory.read_at(&mut buffer[..len], at) else { break };
            bytes += read.min(CHUNK);
            for (offset, word) in buffer[..read].windows(8).enumerate() {
                let word = u64::from_le_bytes(word.try_into().expect("eight bytes"));
                if word != 0
                    && let Some(what) = secrets.get(word)
                {
                    found.push(Found { what, region: region.to_owned(), address: at + offset as u64 });
                }
            }
        }
    }
    assert!(bytes > 1 << 20, "only {bytes} bytes of memory were read");
    found.dedup_by_key(|found| found.address);
    found
}

/// Bounds and name of a region, from a line of `maps`, if it can be written.
fn writable(line: &str) -> Option<(u64, u64, &str)> {
    let (range, rest) = line.split_once(' ')?;
    let (start, end) = range.split_once('-')?;
    let bounds = [start, end].map(|bound| u64::from_str_radix(bound, 16).ok());
    let [Some(start), Some(end)] = bounds else { return None };
    let name = rest.split_whitespace().nth(4).unwrap_or("anonymous");
    rest.starts_with("rw").then_some((start, end, name))
}
