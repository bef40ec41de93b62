//! The report on the terminal: what runs, then a table per block and what it adds up to.

use std::fmt::Write as _;

use qkdpp_channel::protocol_name;
use qkdpp_protocol::KeyEpsilon;

use super::expected::EFFICIENCY;
use super::{BlockRow, Run, Source, Summary, monitors, units};

/// Says what is about to run.
pub(crate) fn print_heading(run: &Run<'_>) {
    let profile = &run.config.profile;
    let block = match run.clock_hz {
        Some(clock_hz) => format!(
            "{}; blocks of {} slots, {} s of link time",
            units::frequency(clock_hz),
            units::count(profile.slots_per_block),
            units::significant(profile.slots_per_block as f64 / clock_hz)
        ),
        None => format!("one block of {} slots", units::count(profile.slots_per_block)),
    };
    let epsilon = profile.proof.epsilon();
    let threads = run.threads_per_side;
    item("link", &format!("{}, {}, {block}", run.config.name, protocol_name(profile.protocol)));
    item("raw data", &raw_data(&run.source));
    item("proof", &format!("{}, ε {:.1e} per block", profile.proof.name(), epsilon.total()));
    item(
        "endpoints",
        &format!(
            "Alice and Bob over TCP on this machine, each with {} ({threads} thread{}) and a key pool of its own",
            run.backend,
            if threads == 1 { "" } else { "s" }
        ),
    );
    for note in run.notes() {
        item("note", &note);
    }
    println!();
}

fn raw_data(source: &Source) -> String {
    match source {
        Source::Model { channel_seed, attack: None, .. } => format!("model of the link, seed {channel_seed}"),
        Source::Model { channel_seed, attack: Some(attack), .. } => {
            format!("model of the link, seed {channel_seed}, under attack: {attack}")
        }
        Source::Records { alice, bob } => format!("records {} and {}", alice.display(), bob.display()),
        Source::Csv { path } => format!("CSV record {} of both sides", path.display()),
        Source::SiftedKeys { alice, bob } => format!("sifted keys {} and {}", alice.display(), bob.display()),
    }
}

/// The table and what it adds up to.
pub(crate) fn print(summary: &Summary) {
    print!("{}", table(summary));
    println!();
    for block in &summary.blocks {
        if let Some(reason) = no_key(block) {
            item(&format!("block {}", block.report.block), &reason);
        }
    }
    item("monitors", &monitors::in_short(&summary.blocks));
    for row in monitors::rows(&summary.blocks).into_iter().filter(monitors::Row::is_notable) {
        let [what, measured, allowed, verdict] = row.cells();
        item("", &format!("{what}: {measured}, allowed {allowed}: {verdict}"));
    }
    let total = &summary.total;
    match total.secret_bits {
        0 => item("keys", "none"),
        bits => item("keys", &format!("{} secret bits, equal on both sides", units::count(bits))),
    }
    item("link time", &link_time(summary));
    item("CPU time", &cpu_time(summary));
    for (name, text) in comparison(summary) {
        item(name, &text);
    }
    item("channel", &channel(summary));
    item("tags", &tags(summary));
    item("wall clock", &format!("{} s", units::significant(summary.elapsed_seconds)));
    for (row, device) in summary.devices.iter().filter(|device| device.alice + device.bob > 0).enumerate() {
        if row == 0 {
            println!("\n{:<11}{:<26}{:>16}{:>16}", "devices", "", "Alice", "Bob");
        }
        let [alice, bob] = [device.alice, device.bob].map(units::count);
        println!("{:<11}{:<26}{alice:>16}{bob:>16}", "", device.count);
    }
}

fn item(name: &str, text: &str) {
    println!("{name:<11}{text}");
}

/// Why a block has no key, and what would be enough.
pub(super) fn no_key(block: &BlockRow) -> Option<String> {
    let reason = block.report.no_key.as_ref()?;
    if block.report.ledger.alarms.any() {
        return Some(format!("no key: {reason}"));
    }
    let detections = units::count(block.report.detections);
    let enough = match block.detections_needed {
        Some(needed) => format!(
            "{} detections in one block would be enough, this one has {detections}",
            units::count(needed)
        ),
        None => format!("no number of detections would be enough, this block has {detections}"),
    };
    Some(format!("no key: {reason}; {enough}"))
}

/// What the link time of the table is.
pub(super) fn link_time(summary: &Summary) -> String {
    match summary.total.link_seconds {
        Some(seconds) => format!("{} s: slots / clock", units::significant(seconds)),
        None => "not known: the input does not state its clock".to_owned(),
    }
}

/// What the CPU time of the table is.
pub(super) fn cpu_time(summary: &Summary) -> String {
    let [alice, bob] = summary.total.cpu_seconds.map(units::significant);
    let [by_alice, by_bob] = summary.total.sifted_bits_per_cpu_second.map(units::rate);
    let shared = if summary.blocks.len() > 1 { "; overlapping blocks share it by sifted bits" } else { "" };
    format!("Alice {alice} s + Bob {bob} s ({by_alice} and {by_bob} of sifted key){shared}")
}

/// Modelled and published figures, by name.
pub(super) fn comparison(summary: &Summary) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    if let Some(modelled) = &summary.modelled {
        let (qber, rate) = (units::percent(modelled.qber), units::rate(modelled.secret_bits_per_link_second));
        lines.push(("modelled", format!("QBER {qber}, {rate} at f = {EFFICIENCY} (closed form)")));
    }
    if let Some(published) = &summary.published {
        let figures: Vec<String> = [
            published.qber.map(|qber| format!("QBER {}", units::percent(qber))),
            published.secret_bits_per_second.map(units::rate),
        ]
        .into_iter()
        .flatten()
        .collect();
        lines.push(("published", format!("{} ({})", figures.join(", "), published.reference)));
    }
    lines
}

/// How many messages were tagged.
pub(super) fn tags(summary: &Summary) -> String {
    let [alice, bob] = summary.tags;
    format!("{alice} tags of Alice and {bob} of Bob, 128 bits of pre-shared key each")
}

fn channel(summary: &Summary) -> String {
    let traffic = &summary.traffic;
    format!(
        "{} in {} messages, {} bytes per sifted bit",
        units::bytes(traffic.bytes),
        units::count(traffic.messages),
        units::significant(summary.bytes_per_sifted_bit())
    )
}

const HEADER: [&str; 10] = [
    "block",
    "detections",
    "sifted bits",
    "QBER",
    "f",
    "leak bits",
    "ε",
    "secret bits",
    "per s of link",
    "per s of CPU",
];

fn table(summary: &Summary) -> String {
    let mut rows: Vec<_> = summary.blocks.iter().map(row).collect();
    if summary.blocks.len() > 1 {
        rows.push(total(summary));
    }
    grid(&HEADER, &rows, summary.blocks.len())
}

/// Columns under `header`, with a rule under it and one after the first `blocks` rows, if more follow.
pub(crate) fn grid<const N: usize>(header: &[&str; N], rows: &[[String; N]], blocks: usize) -> String {
    let header = header.map(str::to_owned);
    let rows: Vec<&[String; N]> = std::iter::once(&header).chain(rows).collect();
    let widths: [usize; N] =
        std::array::from_fn(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0));
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        if index == 1 || (index > 1 && index == blocks + 1) {
            let rule: Vec<String> = widths.iter().map(|&width| "─".repeat(width)).collect();
            let _ = writeln!(text, "{}", rule.join("  "));
        }
        let cells: Vec<String> =
            row.iter().zip(widths).map(|(cell, width)| format!("{cell:>width$}")).collect();
        let _ = writeln!(text, "{}", cells.join("  "));
    }
    text
}

fn row(block: &BlockRow) -> [String; HEADER.len()] {
    let report = &block.report;
    [
        report.block.to_string(),
        units::count(report.detections),
        units::count(block.sifted_bits),
        units::percent(report.qber),
        format!("{:.4}", report.f),
        units::count(block.leak_bits),
        epsilon(of_key(report.ledger.epsilon)),
        units::count(block.secret_bits),
        optional_rate(block.secret_bits_per_link_second),
        units::rate(block.secret_bits_per_cpu_second),
    ]
}

fn total(summary: &Summary) -> [String; HEADER.len()] {
    let total = &summary.total;
    [
        "all".to_owned(),
        units::count(total.detections),
        units::count(total.sifted_bits),
        units::percent(total.qber),
        String::new(),
        units::count(total.leak_bits),
        epsilon(total.epsilon),
        units::count(total.secret_bits),
        optional_rate(total.secret_bits_per_link_second),
        units::rate(total.secret_bits_per_cpu_second),
    ]
}

/// Total ε of a key, 0 without one.
pub(super) fn of_key(epsilon: Option<KeyEpsilon>) -> f64 {
    epsilon.map_or(0.0, |epsilon| epsilon.total())
}

/// A block without a key has promised nothing.
pub(super) fn epsilon(epsilon: f64) -> String {
    if epsilon > 0.0 { format!("{epsilon:.1e}") } else { "–".to_owned() }
}

pub(super) fn optional_rate(rate: Option<f64>) -> String {
    rate.map_or_else(|| "–".to_owned(), units::rate)
}
