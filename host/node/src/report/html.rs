//! The report as one self-contained page.

use std::fmt::Write as _;

use qkdpp_channel::{Detector, Link, Loss, Source as LightSource};
use qkdpp_protocol::KeyEpsilon;

use super::plots::Plot;
use super::table::{self, comparison, cpu_time, epsilon, link_time, no_key, of_key, optional_rate};
use super::{BlockRow, Summary, monitors, units};
use qkdpp_channel::Config;

const STYLE: &str = "
body { font: 14px/1.5 system-ui, sans-serif; color: #222; max-width: 1240px; margin: 2em auto; padding: 0 1em }
h1 { font-size: 1.5em; margin-bottom: 0 } h2 { font-size: 1.15em; margin-top: 2em }
.plots { display: flex; flex-wrap: wrap; gap: 12px } .plots svg { border: 1px solid #ddd }
table { border-collapse: collapse } th, td { padding: .2em .7em; border-bottom: 1px solid #e4e4e4; white-space: nowrap }
th { text-align: right; font-weight: 600; vertical-align: bottom } td { text-align: right; font-variant-numeric: tabular-nums }
th:first-child, td:first-child { text-align: left; padding-left: 0 }
table.named td { text-align: left; white-space: normal } .wide { overflow-x: auto } code { font-size: .9em; overflow-wrap: anywhere }
";

/// The whole page.
pub(crate) fn page(summary: &Summary, config: &Config) -> String {
    let title = format!("qkdpp: {}", escape(&summary.config));
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <style>{STYLE}</style></head><body>\n<h1>{title}</h1>\n"
    );
    page += &outcome(summary);
    page += &plots(summary);
    page += &section(
        "Blocks",
        &(grid(&BLOCK_HEADER, summary.blocks.iter().map(block_row)) + BLOCK_LEGEND + &choice(summary)),
    );
    page += &section("Monitors", &monitors_table(summary));
    page += &section("Ledger", &ledger(summary));
    page += &section("Classical channel", &channel(summary));
    if let Some(link) = &config.link {
        page += &section("Link", &link_table(link));
    }
    page += &section("Run", &run_table(summary));
    page += "</body></html>\n";
    page
}

/// What came out, in words.
fn outcome(summary: &Summary) -> String {
    let total = &summary.total;
    let mut text = match total.secret_bits {
        0 => "<p>No key.".to_owned(),
        bits => format!(
            "<p>{} secret bits from {} sifted bits, equal on both sides; total ε {}.",
            units::count(bits),
            units::count(total.sifted_bits),
            epsilon(total.epsilon)
        ),
    };
    if let Some(rate) = total.secret_bits_per_link_second {
        let _ = write!(text, " {} of link time.", units::rate(rate));
    }
    text += "</p>\n";
    for (name, figures) in comparison(summary) {
        let _ = writeln!(text, "<p>{name}: {}</p>", escape(&figures));
    }
    for note in &summary.notes {
        let _ = writeln!(text, "<p>note: {}</p>", escape(note));
    }
    for block in &summary.blocks {
        if let Some(reason) = no_key(block) {
            let _ = writeln!(text, "<p>block {}: {}</p>", block.report.block, escape(&reason));
        }
    }
    text
}

fn plots(summary: &Summary) -> String {
    let values = |of: fn(&BlockRow) -> f64| summary.blocks.iter().map(of).collect::<Vec<_>>();
    let (modelled, published) = (summary.modelled.as_ref(), summary.published.as_ref());
    let lines = |modelled: Option<f64>, published: Option<f64>| -> Vec<(&'static str, f64)> {
        let named = [("modelled", modelled), ("published", published)];
        named.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    };
    let qber = Plot {
        label: "QBER (%)",
        measured: ("measured", values(|block| 100.0 * block.report.qber)),
        lines: lines(
            modelled.map(|modelled| 100.0 * modelled.qber),
            published.and_then(|published| published.qber).map(|qber| 100.0 * qber),
        ),
        from: 0.0,
        decimals: 2,
    };
    let efficiency = Plot {
        label: "efficiency f",
        measured: ("measured", values(|block| block.report.f)),
        lines: vec![("Shannon limit", 1.0)],
        from: values(|block| block.report.f).into_iter().fold(0.95, f64::min),
        decimals: 3,
    };
    let mut plots = vec![qber, efficiency];
    if let Some(rates) = summary.blocks.iter().map(|block| block.secret_bits_per_link_second).collect() {
        plots.push(rate_plot(
            rates,
            lines(
                modelled.map(|modelled| modelled.secret_bits_per_link_second),
                published.and_then(|published| published.secret_bits_per_second),
            ),
        ));
    }
    let svgs: String = plots.iter().map(Plot::svg).collect();
    format!("<div class=\"plots\">{svgs}</div>\n")
}

/// Secret key rates in the unit that suits the largest.
fn rate_plot(rates: Vec<f64>, lines: Vec<(&'static str, f64)>) -> Plot<'static> {
    let top = rates.iter().copied().chain(lines.iter().map(|(_, rate)| *rate)).fold(0.0, f64::max);
    let (factor, label) = match top {
        1e6.. => (1e6, "secret key (Mb/s)"),
        1e3.. => (1e3, "secret key (kb/s)"),
        _ => (1.0, "secret key (b/s)"),
    };
    Plot {
        label,
        measured: ("measured", rates.into_iter().map(|rate| rate / factor).collect()),
        lines: lines.into_iter().map(|(name, rate)| (name, rate / factor)).collect(),
        from: 0.0,
        decimals: 2,
    }
}

const BLOCK_HEADER: [&str; 12] = [
    "block",
    "detections",
    "double clicks",
    "sifted bits",
    "QBER",
    "method",
    "f",
    "leak bits",
    "ε",
    "secret bits",
    "per s of link",
    "per s of CPU",
];

fn block_row(block: &BlockRow) -> Vec<String> {
    let report = &block.report;
    vec![
        report.block.to_string(),
        units::count(report.detections),
        units::count(report.double_clicks),
        units::count(block.sifted_bits),
        units::percent(report.qber),
        report.method.to_owned(),
        format!("{:.4}", report.f),
        units::count(block.leak_bits),
        epsilon(of_key(report.ledger.epsilon)),
        units::count(block.secret_bits),
        optional_rate(block.secret_bits_per_link_second),
        units::rate(block.secret_bits_per_cpu_second),
    ]
}

/// What the columns of the table of blocks mean.
const BLOCK_LEGEND: &str = "<p>Sifted bits are those of the key; test bits are not included. \
    f = leak / (n·h(QBER)), without verification. ε includes authentication.</p>";

/// Why the last block that left it to `auto` had its method.
fn choice(summary: &Summary) -> String {
    let chosen = summary
        .blocks
        .iter()
        .rev()
        .find_map(|block| Some((block.report.block, block.report.choice.as_ref()?)));
    chosen
        .map(|(block, choice)| format!("<p>Method of block {block}: {}.</p>", escape(choice)))
        .unwrap_or_default()
}

/// Bob's monitors over all blocks.
fn monitors_table(summary: &Summary) -> String {
    let rows = monitors::rows(&summary.blocks);
    let header = ["monitor", "measured", "allowed", "verdict"];
    format!("<p>{}</p>\n", escape(&monitors::in_short(&summary.blocks)))
        + &grid(&header, rows.iter().map(|row| row.cells().to_vec()))
        + MONITOR_LEGEND
}

/// What the columns of the table of monitors mean.
const MONITOR_LEGEND: &str = "<p>Bob's counts; the least and the greatest of all blocks. An alarm is a count that a \
    link within the allowed band gives with a probability below the declared one. Statistics of the key's own bits are \
    shown only for blocks that gave no key.</p>";

/// Every bit that left the box, and every ε.
fn ledger(summary: &Summary) -> String {
    let rows = summary.blocks.iter().map(|block| {
        let ledger = &block.report.ledger;
        let leaks: Vec<String> =
            ledger.leaks.iter().map(|(leak, bits)| format!("{leak:?} {}", units::count(*bits))).collect();
        let part = |part: fn(&KeyEpsilon) -> f64| epsilon(ledger.epsilon.as_ref().map_or(0.0, part));
        vec![
            ledger.block.to_string(),
            units::count(ledger.sifted),
            leaks.join(", "),
            units::count(ledger.dropped),
            format!("{} of {}", block.report.failed, block.report.frames),
            block.report.rounds.to_string(),
            units::count(ledger.secret),
            part(|key| key.secrecy),
            part(|key| key.correctness),
            epsilon(ledger.verification),
            part(|key| key.authentication),
            epsilon(ledger.spent.session),
        ]
    });
    let header = [
        "block",
        "sifted",
        "leaked",
        "dropped",
        "failed frames",
        "rounds",
        "secret",
        "ε secrecy",
        "ε correctness",
        "of that, verification",
        "ε authentication",
        "ε used so far",
    ];
    grid(&header, rows) + LEDGER_LEGEND
}

/// How the ε of the ledger add up.
const LEDGER_LEGEND: &str = "<p>The ε of a key is the sum of its secrecy, its correctness and the authentication of the \
    session until its delivery. Each block adds to what the session has used, with or without a key, and each tag \
    once.</p>";

fn channel(summary: &Summary) -> String {
    let sifted = summary.total.sifted_bits.max(1) as f64;
    let row = |name: &str, messages: u64, bytes: u64| {
        let per_bit = bytes as f64 / sifted;
        vec![name.to_owned(), units::count(messages), units::count(bytes), format!("{per_bit:.4}")]
    };
    let traffic = &summary.traffic;
    let kinds = traffic.kinds.iter().map(|kind| row(&kind.kind, kind.messages, kind.bytes));
    let all = row("all", traffic.messages, traffic.bytes);
    let positions = summary.blocks.iter().map(|block| {
        vec![
            block.report.block.to_string(),
            units::count(block.report.position_bytes),
            format!("{:.3}", block.position_bits),
            format!("{:.3}", block.position_bits_floor),
        ]
    });
    grid(&["message", "messages", "bytes", "bytes per sifted bit"], kinds.chain([all]))
        + "<p>Of these, the positions of the detections; h(p)/p would be the least for independent detections, and \
           dead time makes less possible.</p>"
        + &grid(&["block", "bytes", "bits per detection", "h(p)/p"], positions)
}

fn link_table(link: &Link) -> String {
    let mut rows =
        vec![("clock".to_owned(), units::frequency(link.clock_hz)), ("loss".to_owned(), loss(&link.loss))];
    match &link.source {
        LightSource::WeakCoherent(source) => {
            rows.push(("source".to_owned(), "weak coherent pulses".to_owned()));
            rows.push(("intensities".to_owned(), format!("{:?} photons per pulse", source.intensities)));
            rows.push(("probabilities".to_owned(), format!("{:?}", source.probabilities)));
            rows.push(("key basis, Alice".to_owned(), source.key_basis_probability.to_string()));
            rows.push(misalignment(source.misalignment_key, source.misalignment_test));
        }
        LightSource::EntangledPairs(source) => {
            rows.push(("source".to_owned(), format!("{} entangled pairs per slot", source.pairs_per_slot)));
            rows.push(misalignment(source.misalignment_key, source.misalignment_test));
            rows.extend(detector("Alice", &source.detector));
        }
    }
    rows.extend(detector("Bob", &link.detector));
    named(&rows)
}

fn misalignment(key: f64, test: f64) -> (String, String) {
    (
        "misalignment".to_owned(),
        format!("{} in the key basis, {} in the test basis", units::percent(key), units::percent(test)),
    )
}

fn loss(loss: &Loss) -> String {
    match loss {
        Loss::Fibre { km, attenuation_db_per_km } => {
            let db = units::significant(km * attenuation_db_per_km);
            format!("{km} km of fibre at {attenuation_db_per_km} dB/km: {db} dB")
        }
        Loss::Fixed { db } => format!("{db} dB"),
        Loss::Pass { points } => {
            let points: Vec<String> =
                points.iter().map(|point| format!("{} dB at {} s", point.db, point.seconds)).collect();
            format!("a pass: {}", points.join(", "))
        }
    }
}

fn detector(side: &str, detector: &Detector) -> Vec<(String, String)> {
    let named = |name: &str, value: String| (format!("{name}, {side}"), value);
    vec![
        named("efficiency", detector.efficiency.to_string()),
        named("dark counts", format!("{:e} per slot and detector", detector.dark_count_probability)),
        named("after-pulses", units::percent(detector.after_pulse_probability)),
        named("dead time", format!("{} slots", detector.dead_time_slots)),
        named("key basis", detector.key_basis_probability.to_string()),
    ]
}

fn run_table(summary: &Summary) -> String {
    let text = |name: &str, value: String| (name.to_owned(), value);
    named(&[
        text("protocol", summary.protocol.to_owned()),
        text("proof", summary.proof.to_owned()),
        text("profile hash", format!("<code>{}</code>", summary.profile_hash)),
        text("backend", format!("{}, {} per side", summary.backend, threads(summary.threads_per_side))),
        text("link time", link_time(summary)),
        text("CPU time", cpu_time(summary)),
        text("authentication", table::tags(summary)),
        text("wall clock", format!("{} s", units::significant(summary.elapsed_seconds))),
        text("program", format!("qkdpp {}", env!("CARGO_PKG_VERSION"))),
    ])
}

fn threads(count: usize) -> String {
    if count == 1 { "1 thread".to_owned() } else { format!("{count} threads") }
}

fn section(title: &str, content: &str) -> String {
    format!("<h2>{title}</h2>\n<div class=\"wide\">{content}</div>\n")
}

fn grid(header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut text = format!("<table><tr><th>{}</th></tr>\n", header.join("</th><th>"));
    for row in rows {
        let _ = writeln!(text, "<tr><td>{}</td></tr>", row.join("</td><td>"));
    }
    text + "</table>"
}

fn named(rows: &[(String, String)]) -> String {
    let mut text = "<table class=\"named\">".to_owned();
    for (name, value) in rows {
        let _ = writeln!(text, "<tr><td>{name}</td><td>{value}</td></tr>");
    }
    text + "</table>"
}

/// Text that came from a file or the command line.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
