//! Points as a table: aligned for the terminal, as CSV for other programs.

use qkdpp_channel::keyrate::{Point, Settings};

use crate::report::units;

/// One quantity of a point.
struct Column {
    /// Heading on the terminal.
    heading: &'static str,
    /// Heading in the CSV.
    name: &'static str,
    text: fn(&Point) -> String,
    /// In full precision; empty where there is no value.
    exact: fn(&Point) -> String,
}

const COLUMNS: [Column; 9] = [
    Column {
        heading: "km",
        name: "distance_km",
        text: |point| point.distance_km.map_or_else(missing, units::significant),
        exact: |point| optional(point.distance_km),
    },
    Column {
        heading: "sifted bits",
        name: "sifted_bits",
        text: |point| units::count(point.sifted_bits),
        exact: |point| point.sifted_bits.to_string(),
    },
    Column {
        heading: "slots",
        name: "slots",
        text: |point| format!("{:.4e}", point.slots),
        exact: |point| point.slots.to_string(),
    },
    Column {
        heading: "QBER",
        name: "qber",
        text: |point| units::percent(point.qber),
        exact: |point| point.qber.to_string(),
    },
    Column {
        heading: "phase",
        name: "phase_error_rate",
        text: |point| point.phase_error_rate.map_or_else(missing, units::percent),
        exact: |point| optional(point.phase_error_rate),
    },
    Column {
        heading: "leak",
        name: "leak_bits",
        text: |point| units::count(point.leak_bits.ceil() as u64),
        exact: |point| point.leak_bits.to_string(),
    },
    Column {
        heading: "secret bits",
        name: "secret_bits",
        text: |point| units::count(point.secret_bits),
        exact: |point| point.secret_bits.to_string(),
    },
    Column {
        heading: "per slot",
        name: "secret_bits_per_slot",
        text: |point| of_a_key(point, || format!("{:.3e}", point.secret_bits_per_slot)),
        exact: |point| point.secret_bits_per_slot.to_string(),
    },
    Column {
        heading: "per s",
        name: "secret_bits_per_second",
        text: |point| of_a_key(point, || units::rate(point.secret_bits_per_second)),
        exact: |point| point.secret_bits_per_second.to_string(),
    },
];

/// The table for the terminal; block sizes with several points are set apart by an empty line.
pub(super) fn text(series: &[Vec<Point>]) -> String {
    let settings = setting_names(series);
    let header: Vec<String> =
        COLUMNS.iter().map(|column| column.heading.to_owned()).chain(settings.iter().cloned()).collect();
    let row = |point: &Point| -> Vec<String> {
        let searched = cells(point, settings.len(), units::significant, missing);
        COLUMNS.iter().map(|column| (column.text)(point)).chain(searched).collect()
    };
    let rows: Vec<Vec<Vec<String>>> = series.iter().map(|points| points.iter().map(row).collect()).collect();
    let width = |column: usize| {
        let cells = std::iter::once(&header).chain(rows.iter().flatten()).map(|row| &row[column]);
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:>width$}")).collect();
        cells.join("  ") + "\n"
    };
    let rule: Vec<String> = widths.iter().map(|&width| "─".repeat(width)).collect();
    let blocks: Vec<String> = rows.iter().map(|rows| rows.iter().map(line).collect()).collect();
    let gap = if series.iter().any(|points| points.len() > 1) { "\n" } else { "" };
    format!("{}{}\n{}", line(&header), rule.join("  "), blocks.join(gap))
}

/// The table as comma-separated values, with a header line.
pub(super) fn csv(series: &[Vec<Point>]) -> String {
    let settings = setting_names(series);
    let header: Vec<&str> =
        COLUMNS.iter().map(|column| column.name).chain(settings.iter().map(String::as_str)).collect();
    let row = |point: &Point| {
        let searched = cells(point, settings.len(), |value| value.to_string(), String::new);
        let all: Vec<String> = COLUMNS.iter().map(|column| (column.exact)(point)).chain(searched).collect();
        all.join(",") + "\n"
    };
    header.join(",") + "\n" + &series.iter().flatten().map(row).collect::<String>()
}

/// Names of the settings, where any were searched; they are the same for all points.
fn setting_names(series: &[Vec<Point>]) -> Vec<String> {
    let searched = series.iter().flatten().find_map(|point| point.settings.as_ref());
    searched.map_or_else(Vec::new, Settings::columns).into_iter().map(|(name, _)| name).collect()
}

/// A point's settings, or as many blanks.
fn cells(point: &Point, columns: usize, write: fn(f64) -> String, blank: fn() -> String) -> Vec<String> {
    match &point.settings {
        Some(settings) => settings.columns().into_iter().map(|(_, value)| write(value)).collect(),
        None => (0..columns).map(|_| blank()).collect(),
    }
}

fn of_a_key(point: &Point, write: impl Fn() -> String) -> String {
    if point.secret_bits > 0 { write() } else { missing() }
}

fn optional(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

fn missing() -> String {
    "–".to_owned()
}
