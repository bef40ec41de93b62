//! How often LDPC codes fail, and what they leak, against the error rate: writes bench/ldpc/{codes,profiles}.csv and their
//! plots. `cargo xtask ldpc-waterfall` runs it, in about a quarter of an hour of two cores; numbers of frames given as arguments
//! of the example (a point of a code, of profile fast, of efficient, of longest) change that.

use std::fs;
use std::path::Path;

use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;
use qkdpp_bench::{entropy, machine};
use qkdpp_kernels::ldpc::messages::{MESSAGES, Messages};
use qkdpp_kernels::ldpc::{family, simulation};

/// Iterations of a decoding, as in the default profile.
const ITERATIONS: u32 = 100;
const SEED: [u8; 32] = [42; 32];
/// Error rates of the profiles.
const QBERS: [f64; 7] = [0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.08];
/// Rungs of the ladder of 2^16 whose waterfall is drawn, and error rates in units of their `max_qber`.
const RUNGS: [usize; 5] = [4, 7, 9, 11, 13];
const STEPS: [f64; 9] = [0.92, 0.94, 0.96, 0.98, 1.0, 1.02, 1.04, 1.06, 1.08];
/// The rung whose curve is followed down to where one frame in 10,000 and fewer fail, with so many times as many frames.
const FLOOR: (usize, [f64; 3], u32) = (9, [0.91, 0.93, 0.95], 100);

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let mut counts = std::env::args().skip(1).map(|count| count.parse());
    let mut count = |default| counts.next().unwrap_or(Ok(default));
    let (of_codes, of_fast, of_efficient, of_longest) =
        (count(1000)?, count(10_000)?, count(500)?, count(500)?);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("ldpc");
    fs::create_dir_all(&folder)?;

    let made_by = format!("# {}; cargo xtask ldpc-waterfall", machine());
    let header = "frame_bits,syndrome_bits,qber,f,frames,failed,undetected,iterations".to_owned();
    let mut table = vec![made_by.clone(), header];
    let mut curves = Vec::new();
    for (index, rung) in RUNGS.map(|index| (index, &family::ladder(1 << 16)[index])) {
        let mut curve = Vec::new();
        let floor = FLOOR.1.into_iter().filter(|_| index == FLOOR.0).map(|step| (step, FLOOR.2 * of_codes));
        for (step, frames) in floor.chain(STEPS.map(|step| (step, of_codes))) {
            let qber = step * rung.max_qber;
            let outcome = simulation::run(&rung.code, qber, frames, ITERATIONS, SEED);
            let f = rung.code.leak_rate() / entropy(qber);
            let iterations = outcome.iterations as f64 / f64::from(outcome.frames);
            table.push(format!(
                "{},{},{qber:.6},{f:.4},{},{},{},{iterations:.1}",
                rung.code.variables(),
                rung.code.checks(),
                outcome.frames,
                outcome.failed,
                outcome.undetected
            ));
            curve.push((qber, f64::from(outcome.failed) / f64::from(outcome.frames)));
        }
        curves.push((format!("m = {}", rung.code.checks()), curve));
    }
    fs::write(folder.join("codes.csv"), table.join("\n") + "\n")?;
    fs::write(folder.join("codes.svg"), waterfall(&curves)?)?;

    let header =
        "profile,frame_bits,qber,mean_f,frames,failed,undetected,second_message,third_message,iterations";
    let mut table = vec![made_by, header.to_owned()];
    let mut curves = Vec::new();
    for (name, bits, frames) in
        [("fast", 1 << 16, of_fast), ("efficient", 1 << 18, of_efficient), ("longest", 1 << 20, of_longest)]
    {
        let mut curve = Vec::new();
        for qber in QBERS {
            let messages = Messages::new(bits, qber, 1.0, MESSAGES).ok_or("no such frames")?;
            let ended = simulation::exchange(&messages, qber, 0..frames, ITERATIONS, SEED);
            let f = ended.leak as f64 / (f64::from(frames) * bits as f64 * entropy(qber));
            let iterations = ended.outcome.iterations as f64 / f64::from(frames);
            let (failed, undetected) = (ended.outcome.failed, ended.outcome.undetected);
            let line = format!(
                "{name},{bits},{qber},{f:.4},{frames},{failed},{undetected},{},{},{iterations:.1}",
                ended.second, ended.third
            );
            println!("{line}");
            table.push(line);
            curve.push((qber, f));
            fs::write(folder.join("profiles.csv"), table.join("\n") + "\n")?;
        }
        curves.push((name.to_owned(), curve));
    }
    fs::write(folder.join("profiles.svg"), efficiency(&curves)?)?;
    Ok(())
}

type Curves = [(String, Vec<(f64, f64)>)];

/// Share of failed frames against error rate; points without a failure are left out.
fn waterfall(curves: &Curves) -> Result<String, Failure> {
    let seen = |(name, curve): &(String, Vec<(f64, f64)>)| {
        (name.clone(), curve.iter().copied().filter(|&(_, failed)| failed > 0.0).collect())
    };
    let curves: Vec<_> = curves.iter().map(seen).collect();
    chart(&curves, "share of frames that fail", (0.009..0.11).log_scale(), (1e-5..1.0).log_scale())
}

/// Mean f against error rate.
fn efficiency(curves: &Curves) -> Result<String, Failure> {
    chart(curves, "mean f", (0.007..0.09).log_scale(), 1.0..1.25)
}

fn chart<X, Y>(curves: &Curves, title: &str, qbers: X, values: Y) -> Result<String, Failure>
where
    X: AsRangedCoord<Value = f64>,
    X::CoordDescType: ValueFormatter<f64>,
    Y: AsRangedCoord<Value = f64>,
    Y::CoordDescType: ValueFormatter<f64>,
{
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, (900, 540)).into_drawing_area();
        root.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&root)
            .margin(12)
            .x_label_area_size(40)
            .y_label_area_size(60)
            .build_cartesian_2d(qbers, values)?;
        chart.configure_mesh().x_desc("QBER").y_desc(title).draw()?;
        for (index, (name, curve)) in curves.iter().enumerate() {
            let colour = Palette99::pick(index).mix(1.0);
            chart
                .draw_series(LineSeries::new(curve.iter().copied(), colour.stroke_width(2)).point_size(3))?
                .label(name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
        }
        let mut legend = chart.configure_series_labels();
        legend.position(SeriesLabelPosition::LowerLeft).border_style(BLACK).background_style(WHITE).draw()?;
        root.present()?;
    }
    Ok(svg)
}
