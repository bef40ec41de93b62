//! The kinds of records, told apart by what the files begin with.

use std::fs::File;
use std::io::Read;
use std::iter;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use qkdpp_channel::record::{Reader, RecordError};
use qkdpp_channel::{Config, csv, protocol_name, sifted};
use qkdpp_protocol::profile::Protocol;
use qkdpp_protocol::{Profile, RawBatch, Role};

use super::Arguments;
use crate::error::Failure;
use crate::report::Source;

/// Both sides' batches, and where they come from.
pub(super) struct Input {
    pub(super) alice: Records,
    pub(super) bob: Records,
    pub(super) source: Source,
    /// Slots per second, if the record states it.
    pub(super) clock_hz: Option<f64>,
}

type Records = Box<dyn Iterator<Item = Result<RawBatch, String>> + Send>;

/// How a CSV record begins.
const CSV_START: &[u8] = b"qubit_id,";

/// Opens the files; CSV records and sifted keys set the length of the block.
pub(super) fn open(arguments: &Arguments, config: &mut Config) -> Result<Input, Failure> {
    let Arguments { alice, bob, bits, .. } = arguments;
    if starts_with(alice, CSV_START)? {
        refuse_bits(*bits, alice)?;
        return open_csv(alice, bob, &mut config.profile);
    }
    match Reader::open(alice, Role::Alice) {
        Err(RecordError::Magic { .. }) if config.profile.protocol == Protocol::Bbm92 => {
            open_sifted(alice, bob, *bits, &mut config.profile)
        }
        // Without the first bytes of the file, which may be key bits.
        Err(RecordError::Magic { .. }) => Err(unknown_kind(alice, &config.profile)),
        Err(error) => Err(error.into()),
        Ok(reader) => {
            refuse_bits(*bits, alice)?;
            let bob_reader = Reader::open(bob, Role::Bob).map_err(|error| match error {
                RecordError::Magic { .. } => unknown_kind(bob, &config.profile),
                error => error.into(),
            })?;
            open_records([(alice, reader), (bob, bob_reader)], config)
        }
    }
}

fn starts_with(path: &Path, start: &[u8]) -> Result<bool, Failure> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(start.len() as u64).read_to_end(&mut bytes))
        .map_err(Failure::file(path))?;
    Ok(bytes == start)
}

fn refuse_bits(bits: Option<u32>, path: &Path) -> Result<(), Failure> {
    match bits {
        Some(bits) => Err(Failure::Input(format!(
            "--bits {bits} is for sifted keys; {} has its own length",
            path.display()
        ))),
        None => Ok(()),
    }
}

fn unknown_kind(path: &Path, profile: &Profile) -> Failure {
    Failure::Input(format!(
        "{}: neither a record of qkdpp nor a CSV record; it could be a sifted key, but that takes a profile with the \
         protocol bbm92, and {} has {}",
        path.display(),
        profile.name,
        protocol_name(profile.protocol)
    ))
}

fn open_records([alice, bob]: [(&Path, Reader); 2], config: &Config) -> Result<Input, Failure> {
    let clock_hz = alice.1.clock_hz();
    same_clock(alice.0, clock_hz, &bob.0.display().to_string(), bob.1.clock_hz())?;
    if let Some(link) = &config.link {
        same_clock(alice.0, clock_hz, &format!("link.clock_hz of {}", config.name), link.clock_hz)?;
    }
    let source = Source::Records { alice: alice.0.to_owned(), bob: bob.0.to_owned() };
    let lengths = Lengths::default();
    let records = |(path, reader), role| -> Records {
        Box::new(batches(path, reader, config.profile.slots_per_block, lengths.clone(), role))
    };
    let (alice, bob) = (records(alice, Role::Alice), records(bob, Role::Bob));
    Ok(Input { alice, bob, source, clock_hz: Some(clock_hz) })
}

fn same_clock(alice: &Path, clock_hz: f64, name: &str, other_hz: f64) -> Result<(), Failure> {
    if clock_hz.to_bits() == other_hz.to_bits() {
        return Ok(());
    }
    let alice = alice.display();
    Err(Failure::Input(format!("{alice} has a clock of {clock_hz} Hz, {name} of {other_hz} Hz")))
}

/// The batches of a record, which must end with a block, and with the same as the other side's.
fn batches(
    path: &Path,
    mut reader: Reader,
    slots_per_block: u64,
    lengths: Lengths,
    role: Role,
) -> impl Iterator<Item = Result<RawBatch, String>> + Send + use<> {
    let name = path.display().to_string();
    let mut slots = 0;
    iter::from_fn(move || match reader.next_batch() {
        Ok(Some((_, batch))) => {
            slots += u64::from(batch.slots);
            let length = Length { blocks: slots.div_ceil(slots_per_block), ended: false };
            Some(lengths.update(role, length).map(|()| batch))
        }
        Ok(None) => {
            let (blocks, rest) = (slots / slots_per_block, slots % slots_per_block);
            if rest > 0 {
                let reason = format!("{name} ends within block {blocks}: {rest} of {slots_per_block} slots");
                return Some(Err(reason));
            }
            lengths.update(role, Length { blocks, ended: true }).err().map(Err)
        }
        Err(error) => Some(Err(error.to_string())),
    })
}

/// How far both records were read. A side whose peer has no more blocks would wait for it in vain.
#[derive(Clone, Default)]
struct Lengths(Arc<Mutex<[Length; 2]>>);

#[derive(Clone, Copy, Default)]
struct Length {
    /// Blocks that were begun.
    blocks: u64,
    ended: bool,
}

impl Lengths {
    fn update(&self, role: Role, length: Length) -> Result<(), String> {
        let mut lengths = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lengths[usize::from(role.byte())] = length;
        let [alice, bob] = *lengths;
        for (side, ended, other, longer) in [("Alice", alice, "Bob", bob), ("Bob", bob, "Alice", alice)] {
            if ended.ended && ended.blocks < longer.blocks {
                return Err(format!("{side}'s record has {} blocks, {other}'s has more", ended.blocks));
            }
        }
        Ok(())
    }
}

fn open_csv(alice: &Path, bob: &Path, profile: &mut Profile) -> Result<Input, Failure> {
    if alice != bob {
        return Err(Failure::Input(format!(
            "{} is a CSV record of both sides; --bob must name it, too, instead of {}",
            alice.display(),
            bob.display()
        )));
    }
    if profile.intensities.len() != 2 {
        return Err(Failure::Input(format!(
            "{}: a CSV record has 2 intensities, the profile {} has {}",
            alice.display(),
            profile.name,
            profile.intensities.len()
        )));
    }
    let (alice_batch, bob_batch) = csv::read(alice).map_err(Failure::input)?;
    Ok(one_block(Source::Csv { path: alice.to_owned() }, alice_batch, bob_batch, profile))
}

fn open_sifted(alice: &Path, bob: &Path, bits: Option<u32>, profile: &mut Profile) -> Result<Input, Failure> {
    let (alice_key, bob_key) =
        sifted::read_pair(alice, bob, bits.map(|bits| bits as usize)).map_err(Failure::input)?;
    if u32::try_from(alice_key.len()).is_err() {
        return Err(Failure::Input(format!(
            "{}: {} bits; a block of sifted keys has fewer than 2^32, choose some with --bits",
            alice.display(),
            alice_key.len()
        )));
    }
    let source = Source::SiftedKeys { alice: alice.to_owned(), bob: bob.to_owned() };
    Ok(one_block(source, sifted::as_batch(0, alice_key), sifted::as_batch(0, bob_key), profile))
}

/// The input is one block, whatever length the profile has for links.
fn one_block(source: Source, alice: RawBatch, bob: RawBatch, profile: &mut Profile) -> Input {
    profile.slots_per_block = u64::from(alice.slots);
    profile.slots_per_batch = alice.slots;
    let records = |batch| -> Records { Box::new(iter::once(Ok(batch))) };
    Input { alice: records(alice), bob: records(bob), source, clock_hz: None }
}
