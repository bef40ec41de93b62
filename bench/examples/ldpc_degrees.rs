//! Looks for degree distributions with which the long frames of the LDPC family would be decoded with less work: writes
//! bench/ldpc/degrees.csv. `cargo xtask ldpc-degrees` runs it, in a quarter of an hour of two cores.
//!
//! The work is edges times iterations, by density evolution, a little below the distribution's threshold, where frames are decoded
//! in practice. It is a mean over frames: some have more errors than others, and those take most of the iterations, so that a
//! distribution with a larger threshold gains although it has more edges. From the distribution that the family has, columns
//! are moved to other degrees, at random, as long as that helps. The family keeps its distribution where a search finds
//! nothing that is better by some per cent; simulation of real codes decides (`ldpc_family`).

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use qkdpp_bench::evolution::{Ensemble, Evolution};
use qkdpp_bench::{Random, inverse_entropy};
use qkdpp_kernels::ldpc::degrees;
use rayon::prelude::*;

/// Distributions tried.
const TRIES: u32 = 300;
/// How much more than at the first distribution's threshold is leaked where work is compared.
const MARGIN: f64 = 0.04;
/// Bits of the frames whose numbers of errors differ.
const FRAME_BITS: usize = 1 << 18;
/// Frames with more or fewer errors than the mean, in standard deviations, and their share of the work.
const FRAMES: [(f64, f64); 4] = [(1.7, 0.2), (1.0, 0.3), (0.0, 0.3), (-1.0, 0.2)];
/// Columns of degree 2, of the rows: more of them make low-weight words.
const WEAKEST: f64 = 0.75;
/// The largest degree.
const HEAVIEST: usize = 56;

/// Columns by degree.
type Degrees = BTreeMap<usize, usize>;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let found: Vec<String> = degrees::ladder(FRAME_BITS)
        .par_iter()
        .map(|design| {
            let search =
                Search { rows: design.rows, columns: design.columns(), evolution: Evolution::default() };
            let start: Degrees = design.degrees.iter().copied().collect();
            let least_f = search.least_f(&start);
            let qber = search.error_rate(least_f + MARGIN);
            let best = search.improve(start.clone(), qber);
            let work = |degrees: &Degrees| {
                search.mean_work(degrees, qber).map_or("never".to_owned(), |work| format!("{work:.0}"))
            };
            let columns = best.iter().map(|(degree, columns)| format!("{degree}:{columns}"));
            let line = format!(
                "{},{least_f:.4},{:.4},{qber:.5},{},{},{}",
                design.rows,
                search.least_f(&best),
                work(&start),
                work(&best),
                columns.collect::<Vec<_>>().join(" ")
            );
            println!("{line}");
            line
        })
        .collect();
    let header = "rows,f_at_threshold,found_f_at_threshold,qber,work,found_work,found_degrees";
    let table = [&["# cargo xtask ldpc-degrees".to_owned(), header.to_owned()], &found[..]].concat();
    fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("ldpc/degrees.csv"), table.join("\n") + "\n")?;
    Ok(())
}

struct Search {
    rows: usize,
    columns: usize,
    evolution: Evolution,
}

impl Search {
    fn improve(&self, mut best: Degrees, qber: f64) -> Degrees {
        let mut random = Random::new(self.rows as u64);
        let mut least = self.mean_work(&best, qber).unwrap_or(f64::INFINITY);
        for _ in 0..TRIES {
            let Some(moved) = self.moved(&best, &mut random) else { continue };
            if let Some(work) = self.mean_work(&moved, qber).filter(|&work| work < least) {
                (best, least) = (moved, work);
            }
        }
        best
    }

    /// Some columns given another degree, once or twice.
    fn moved(&self, degrees: &Degrees, random: &mut Random) -> Option<Degrees> {
        let mut moved = degrees.clone();
        for _ in 0..=below(2, random) {
            let present: Vec<usize> = moved.keys().copied().collect();
            let from = present[below(present.len(), random)];
            let to = match below(4, random) {
                0 => 2 + below(HEAVIEST - 1, random),
                1 => present[below(present.len(), random)],
                2 => from + 1,
                _ => from - 1,
            };
            let available = moved.remove(&from)?;
            let columns =
                [1, 1 + below(8, random), 1 + below(available, random), available][below(4, random)];
            let columns = columns.min(available);
            *moved.entry(from).or_insert(0) += available - columns;
            *moved.entry(to).or_insert(0) += columns;
            moved.retain(|_, columns| *columns > 0);
        }
        let weakest = moved.get(&2).map_or(0.0, |&columns| columns as f64);
        let allowed = moved.keys().all(|degree| (2..=HEAVIEST).contains(degree))
            && weakest <= WEAKEST * self.rows as f64;
        (allowed && moved != *degrees).then_some(moved)
    }

    /// The mean over [`FRAMES`] with error rates around `qber`, `None` if one of them is not corrected.
    fn mean_work(&self, degrees: &Degrees, qber: f64) -> Option<f64> {
        let deviation = (qber * (1.0 - qber) / FRAME_BITS as f64).sqrt();
        FRAMES.iter().map(|(shift, share)| Some(share * self.work(degrees, qber + shift * deviation)?)).sum()
    }

    /// Edges of a column times iterations, `None` if the error rate is not corrected.
    fn work(&self, degrees: &Degrees, qber: f64) -> Option<f64> {
        let degrees: Vec<_> = degrees.iter().map(|(&degree, &columns)| (degree, columns)).collect();
        let ensemble = Ensemble { degrees: &degrees, rows: self.rows };
        Some(ensemble.edges() * self.evolution.iterations(&ensemble, qber)?)
    }

    /// f at the threshold.
    fn least_f(&self, degrees: &Degrees) -> f64 {
        let (mut low, mut high) = (1.0, 1.5);
        for _ in 0..10 {
            let f = f64::midpoint(low, high);
            (low, high) = if self.work(degrees, self.error_rate(f)).is_some() { (low, f) } else { (f, high) };
        }
        high
    }

    /// The error rate for which that much is leaked.
    fn error_rate(&self, f: f64) -> f64 {
        inverse_entropy(self.rows as f64 / self.columns as f64 / f)
    }
}

fn below(limit: usize, random: &mut Random) -> usize {
    (random.key() % limit as u128) as usize
}
