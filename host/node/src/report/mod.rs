//! What a run has given, in numbers: [`Summary`], as a table, as JSON and as a page. Nothing in it is secret.

pub(crate) mod html;
pub(crate) mod table;
pub(crate) mod units;

mod expected;
mod monitors;
mod plots;

use std::path::PathBuf;

use qkdpp_channel::{Config, Published, protocol_name};
use qkdpp_protocol::BlockReport;
use serde::Serialize;

use crate::pair::{Block, KeyDigest, Outcome, Traffic};
pub(crate) use expected::Modelled;

/// Where the raw data come from.
#[derive(Clone, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum Source {
    /// The model of the config's link.
    Model {
        /// Seed of the model.
        channel_seed: u64,
        /// The eavesdropper's attack.
        #[serde(skip_serializing_if = "Option::is_none")]
        attack: Option<String>,
    },
    /// Records of both sides.
    Records { alice: PathBuf, bob: PathBuf },
    /// The CSV of a three-state, one-decoy link.
    Csv { path: PathBuf },
    /// Files of sifted bits.
    SiftedKeys { alice: PathBuf, bob: PathBuf },
}

/// What is known of a run before it starts.
pub(crate) struct Run<'a> {
    pub(crate) config: &'a Config,
    pub(crate) source: Source,
    /// Whether the protocol's randomness follows from a seed.
    pub(crate) repeatable: bool,
    /// Slots per second.
    pub(crate) clock_hz: Option<f64>,
    /// Name of both sides' backend.
    pub(crate) backend: String,
    pub(crate) threads_per_side: usize,
}

impl Run<'_> {
    /// What a reader has to know about the input to judge the result.
    pub(crate) fn notes(&self) -> Vec<String> {
        let profile = &self.config.profile;
        let mut notes = Vec::new();
        if self.repeatable {
            notes.push(
                "--seed: all randomness follows from the seed, so these keys are no secret; one block at a time"
                    .to_owned(),
            );
        }
        match &self.source {
            Source::Model { .. } | Source::Records { .. } => {}
            Source::Csv { .. } => {
                notes.push(self.one_block());
                notes.push(format!(
                    "the record does not state its intensities: {:?} with probabilities {:?} are assumed, \
                     and the key length is worth as much as they are",
                    profile.intensities, profile.probabilities
                ));
            }
            Source::SiftedKeys { .. } => {
                notes.push(self.one_block());
                notes.push(
                    "sifted keys do not tell their bases: the proof assumes that the bits come from two bases, chosen \
                     at random"
                        .to_owned(),
                );
            }
        }
        if !profile.proof.proves_variable_length() {
            notes.push(format!(
                "{} proves a key length fixed in advance; here it follows the counts of the block",
                profile.proof.name()
            ));
        }
        if !profile.proof.is_rigorous() {
            notes.push(format!("{} with sampling as published proves nothing", profile.proof.name()));
        }
        notes
    }

    fn one_block(&self) -> String {
        let slots = units::count(self.config.profile.slots_per_block);
        format!("the input is one block of {slots} slots, whatever slots_per_block the config has")
    }

    /// Puts the run and its outcome together.
    pub(crate) fn summary(self, outcome: Outcome) -> Summary {
        let Config { name, profile, published, link, .. } = self.config;
        let cpu_seconds = outcome.cpu.map(|cpu| cpu.as_secs_f64());
        let sifted_bits: u64 = outcome.blocks.iter().map(|block| block.report.ledger.sifted).sum();
        let row = |block: Block| {
            let share = block.report.ledger.sifted as f64 / sifted_bits.max(1) as f64;
            let key_digest =
                block.key.as_ref().filter(|_| self.repeatable).map(|key| KeyDigest::of(key).show());
            let cpu_seconds = cpu_seconds.map(|seconds| share * seconds);
            BlockRow { key_digest, ..BlockRow::new(block, self.clock_hz, cpu_seconds) }
        };
        let blocks: Vec<BlockRow> = outcome.blocks.into_iter().map(row).collect();
        let modelled =
            link.as_ref().filter(|_| self.clock_hz.is_some()).and_then(|link| Modelled::of(link, profile));
        Summary {
            config: name.clone(),
            notes: self.notes(),
            source: self.source,
            protocol: protocol_name(profile.protocol),
            proof: profile.proof.name(),
            profile_hash: hexadecimal(&profile.hash()),
            backend: self.backend,
            threads_per_side: self.threads_per_side,
            keys_equal: true,
            total: Total::of(&blocks, cpu_seconds),
            blocks,
            modelled,
            published: Figures::of(published),
            traffic: outcome.traffic,
            tags: outcome.tags,
            elapsed_seconds: outcome.elapsed.as_secs_f64(),
            devices: Device::both(outcome.counts),
        }
    }
}

/// A run in numbers.
#[derive(Serialize)]
pub(crate) struct Summary {
    pub(crate) config: String,
    pub(crate) source: Source,
    pub(crate) notes: Vec<String>,
    pub(crate) protocol: &'static str,
    pub(crate) proof: &'static str,
    /// Hexadecimal.
    pub(crate) profile_hash: String,
    pub(crate) backend: String,
    pub(crate) threads_per_side: usize,
    /// True: a run whose keys differ has no summary.
    pub(crate) keys_equal: bool,
    pub(crate) blocks: Vec<BlockRow>,
    pub(crate) total: Total,
    pub(crate) modelled: Option<Modelled>,
    pub(crate) published: Option<Figures>,
    pub(crate) traffic: Traffic,
    /// Sent by Alice and by Bob.
    pub(crate) tags: [u64; 2],
    pub(crate) elapsed_seconds: f64,
    /// What the backends have counted, where they are devices.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) devices: Vec<Device>,
}

/// A count of Alice's and Bob's devices.
#[derive(Serialize)]
pub(crate) struct Device {
    pub(crate) count: &'static str,
    pub(crate) alice: u64,
    pub(crate) bob: u64,
}

impl Device {
    /// Devices all count the same things; a side that has none counts nothing.
    fn both([alice, bob]: [Vec<(&'static str, u64)>; 2]) -> Vec<Self> {
        let of =
            |side: &[(&str, u64)], name| side.iter().find(|(known, _)| *known == name).map_or(0, |(_, n)| *n);
        let counted = if alice.is_empty() { &bob } else { &alice };
        let row = |&(count, _): &(&'static str, u64)| Self {
            count,
            alice: of(&alice, count),
            bob: of(&bob, count),
        };
        counted.iter().map(row).collect()
    }
}

impl Summary {
    pub(crate) fn print_json(&self) {
        println!("{}", serde_json::to_string_pretty(self).expect("numbers and names have a JSON form"));
    }

    /// Bytes on the classical channel, all messages, per sifted bit.
    pub(crate) fn bytes_per_sifted_bit(&self) -> f64 {
        self.traffic.bytes as f64 / self.total.sifted_bits.max(1) as f64
    }
}

/// One block.
#[derive(Serialize)]
pub(crate) struct BlockRow {
    /// Key bits after sifting, test bits not included.
    pub(crate) sifted_bits: u64,
    /// All bits that were disclosed about them.
    pub(crate) leak_bits: u64,
    pub(crate) secret_bits: u64,
    /// Time the link took for the block; unknown where the record does not state its clock.
    pub(crate) link_seconds: Option<f64>,
    pub(crate) secret_bits_per_link_second: Option<f64>,
    /// Of Alice and of Bob: their CPU time shared out by sifted bits, since blocks overlap.
    pub(crate) cpu_seconds: [f64; 2],
    /// CPU time of both sides together.
    pub(crate) secret_bits_per_cpu_second: f64,
    /// Since the start, when both sides had ended the block.
    pub(crate) ended_seconds: f64,
    /// Bits per detection that the positions of the detections took, and the least possible.
    pub(crate) position_bits: f64,
    pub(crate) position_bits_floor: f64,
    /// Where there is no key: detections in one block that would be enough.
    pub(crate) detections_needed: Option<u64>,
    /// BLAKE3 digest of the key, where `--seed` makes the key public anyway: equal for equal runs.
    pub(crate) key_digest: Option<String>,
    pub(crate) report: BlockReport,
}

impl BlockRow {
    fn new(block: Block, clock_hz: Option<f64>, cpu_seconds: [f64; 2]) -> Self {
        let Block { report, ended, .. } = block;
        let link_seconds = clock_hz.map(|clock_hz| report.slots as f64 / clock_hz);
        let secret_bits = report.ledger.secret;
        let (position_bits, position_bits_floor) = report.position_cost();
        Self {
            sifted_bits: report.ledger.sifted,
            leak_bits: report.ledger.leak(),
            secret_bits,
            link_seconds,
            secret_bits_per_link_second: link_seconds.map(|seconds| secret_bits as f64 / seconds),
            cpu_seconds,
            secret_bits_per_cpu_second: per(secret_bits, cpu_seconds.iter().sum()),
            ended_seconds: ended.as_secs_f64(),
            position_bits,
            position_bits_floor,
            detections_needed: report
                .detections_for_key
                .map(|factor| (factor * report.detections as f64).ceil() as u64),
            key_digest: None,
            report,
        }
    }
}

/// All blocks together.
#[derive(Serialize)]
pub(crate) struct Total {
    pub(crate) detections: u64,
    pub(crate) sifted_bits: u64,
    pub(crate) leak_bits: u64,
    pub(crate) secret_bits: u64,
    /// Error rate of all sifted bits that were kept.
    pub(crate) qber: f64,
    /// ε of all keys together: of all blocks and tags of the session.
    pub(crate) epsilon: f64,
    pub(crate) link_seconds: Option<f64>,
    pub(crate) secret_bits_per_link_second: Option<f64>,
    pub(crate) cpu_seconds: [f64; 2],
    pub(crate) secret_bits_per_cpu_second: f64,
    /// Sifted bits per second of each side's CPU time.
    pub(crate) sifted_bits_per_cpu_second: [f64; 2],
}

impl Total {
    fn of(blocks: &[BlockRow], cpu_seconds: [f64; 2]) -> Self {
        let sum = |of: fn(&BlockRow) -> u64| blocks.iter().map(of).sum::<u64>();
        let (sifted_bits, secret_bits) = (sum(|block| block.sifted_bits), sum(|block| block.secret_bits));
        let kept = sifted_bits - sum(|block| block.report.ledger.dropped);
        let link_seconds: Option<f64> = blocks.iter().map(|block| block.link_seconds).sum();
        Self {
            detections: sum(|block| block.report.detections),
            sifted_bits,
            leak_bits: sum(|block| block.leak_bits),
            secret_bits,
            qber: sum(|block| block.report.errors) as f64 / kept.max(1) as f64,
            epsilon: blocks.iter().map(|block| block.report.ledger.spent.session).fold(0.0, f64::max),
            link_seconds,
            secret_bits_per_link_second: link_seconds.map(|seconds| per(secret_bits, seconds)),
            cpu_seconds,
            secret_bits_per_cpu_second: per(secret_bits, cpu_seconds.iter().sum()),
            sifted_bits_per_cpu_second: cpu_seconds.map(|seconds| per(sifted_bits, seconds)),
        }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |text, byte| text + &format!("{byte:02x}"))
}

/// `bits` per second; 0 where nothing took any time.
fn per(bits: u64, seconds: f64) -> f64 {
    if seconds > 0.0 { bits as f64 / seconds } else { 0.0 }
}

/// Figures of the literature.
#[derive(Serialize)]
pub(crate) struct Figures {
    pub(crate) qber: Option<f64>,
    pub(crate) secret_bits_per_second: Option<f64>,
    pub(crate) reference: String,
}

impl Figures {
    fn of(published: &Published) -> Option<Self> {
        let Published { qber, secret_bits_per_second, reference } = published.clone();
        (qber.is_some() || secret_bits_per_second.is_some()).then(|| Self {
            qber,
            secret_bits_per_second,
            reference: reference.unwrap_or_else(|| "no reference given".to_owned()),
        })
    }
}
