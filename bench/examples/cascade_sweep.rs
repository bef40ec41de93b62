//! What Cascade leaks, fails and does a second against the error rate: writes bench/cascade/sweep.csv and its plots.
//! `cargo xtask cascade-sweep` runs it, in about a quarter of an hour.

use std::fs;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;
use qkdpp_bench::cascade::{Setting, rates, tally};
use qkdpp_bench::{Random, machine};

const QBERS: [f64; 13] = [0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.095, 0.11];

type Failure = Box<dyn std::error::Error>;

/// A profile at an error rate.
struct Point {
    qber: f64,
    f: f64,
    /// Largest share of failed frames in its interval of 95 %.
    failures: f64,
    rounds: f64,
    /// Of the slower side, in Mb/s.
    rate: f64,
}

fn main() -> Result<(), Failure> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cascade");
    fs::create_dir_all(&folder)?;
    let mut table = format!("# {}; cargo xtask cascade-sweep\n", machine());
    table += "profile,qber,frames,failed,fer_low,fer_high,f,f_half_width,f_with_failures,rounds,alice_mbps,bob_mbps\n";
    let mut curves = Vec::new();
    for (setting, frames) in [(Setting::fast(), 10_240), (Setting::record(), 1_024)] {
        let mut curve = Vec::new();
        for qber in QBERS {
            let mut random = Random::new(11);
            let tally = tally(&setting, qber, frames, &mut random);
            let [alice, bob] = rates(&setting, qber, 3, &mut random).map(|rate| rate / 1e6);
            let ((f, half), (low, high)) = (tally.f(), tally.failures());
            let line = format!(
                "{},{qber},{},{},{low:.2e},{high:.2e},{f:.4},{half:.4},{:.4},{:.0},{alice:.1},{bob:.1}\n",
                setting.name,
                tally.frames,
                tally.failed,
                tally.f_with_failures(qber),
                tally.rounds
            );
            print!("{line}");
            table += &line;
            curve.push(Point { qber, f, failures: high, rounds: tally.rounds, rate: alice.min(bob) });
        }
        curves.push((setting.name, curve));
    }
    fs::write(folder.join("sweep.csv"), &table)?;
    fs::write(folder.join("sweep.svg"), plot(&curves)?)?;
    Ok(())
}

/// Four charts over the error rate.
fn plot(curves: &[(&str, Vec<Point>)]) -> Result<String, Failure> {
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (1100, 760)).into_drawing_area();
        root.fill(&WHITE)?;
        let charts = root.split_evenly((2, 2));
        chart(&charts[0], "f", 1.0, curves, |point| point.f)?;
        chart(&charts[1], "Mb/s of sifted key, slower side", 0.0, curves, |point| point.rate)?;
        chart(&charts[2], "rounds of a block", 0.0, curves, |point| point.rounds)?;
        chart(&charts[3], "failed frames, upper end of 95 %, in 10^-4", 0.0, curves, |point| {
            1e4 * point.failures
        })?;
        root.present()?;
    }
    Ok(svg)
}

/// All points of the curves, from `least` up, with the names at the right, where there are none.
fn chart(
    area: &DrawingArea<SVGBackend<'_>, Shift>,
    title: &str,
    least: f64,
    curves: &[(&str, Vec<Point>)],
    value: impl Fn(&Point) -> f64,
) -> Result<(), Failure> {
    let most = curves.iter().flat_map(|(_, curve)| curve).map(&value).fold(least, f64::max);
    let mut chart = ChartBuilder::on(area)
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(56)
        .build_cartesian_2d(0.0..0.14, least..least + 1.05 * (most - least))?;
    chart.configure_mesh().x_desc("QBER").y_desc(title).draw()?;
    for (index, (name, curve)) in curves.iter().enumerate() {
        let colour = Palette99::pick(index).mix(1.0);
        let points = curve.iter().map(|point| (point.qber, value(point)));
        chart
            .draw_series(LineSeries::new(points, colour.stroke_width(2)).point_size(3))?
            .label(*name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
    }
    let names = SeriesLabelPosition::UpperRight;
    chart.configure_series_labels().position(names).border_style(BLACK).background_style(WHITE).draw()?;
    Ok(())
}
