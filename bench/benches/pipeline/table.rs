//! Where the time and the memory of a block go, as a table.

use std::fmt;

use qkdpp_kernels::Level;

use crate::allocations::{self, Allocations};
use crate::side::{STAGES, Side};

/// A finished run of several blocks; everything is printed per block.
pub(crate) struct Table<'a> {
    pub(crate) level: Level,
    pub(crate) sides: &'a [Side; 2],
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.heading(f)?;
        self.times(f)?;
        self.traffic(f)?;
        self.memory(f)
    }
}

impl Table<'_> {
    fn blocks(&self) -> f64 {
        self.sides[0].reports.len() as f64
    }

    /// Sifted key bits of all blocks.
    fn sifted(&self) -> f64 {
        self.sides[0].sifted_bits() as f64
    }

    fn heading(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = &self.sides[0].reports[0];
        writeln!(
            f,
            "\n{} blocks of {:.0} sifted bits, {} on {}, one thread a side; the first: QBER {:.3} %, f {:.4}, {} rounds, \
             {} secret bits",
            self.blocks(),
            self.sifted() / self.blocks(),
            report.method,
            self.level,
            100.0 * report.qber,
            report.f,
            report.rounds,
            report.ledger.secret,
        )
    }

    fn times(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = |side: &Side| -> f64 {
            side.spent.iter().map(|spent| (spent.session + spent.kernels).as_secs_f64()).sum()
        };
        let totals = self.sides.each_ref().map(total);
        let cell = |side: usize, seconds: f64| {
            format!("{:>10.2} ms {:>5.1} %", 1e3 * seconds / self.blocks(), 100.0 * seconds / totals[side])
        };
        writeln!(f, "{:<34}{:>20}{:>20}", "CPU time of a block", "Alice", "Bob")?;
        for (stage, name) in STAGES.iter().enumerate() {
            let spent = self.sides.each_ref().map(|side| side.spent[stage]);
            let rows = [
                ("session", spent.map(|spent| spent.session)),
                ("kernels", spent.map(|spent| spent.kernels)),
            ];
            for (part, [alice, bob]) in rows {
                let cells = [cell(0, alice.as_secs_f64()), cell(1, bob.as_secs_f64())];
                writeln!(f, "  {name:<20}{part:<12}{:>20}{:>20}", cells[0], cells[1])?;
            }
        }
        let [alice, bob] = totals;
        writeln!(f, "  {:<32}{:>20}{:>20}", "together", cell(0, alice), cell(1, bob))?;
        let [alice, bob] = totals.map(|seconds| format!("{:.2} Mb/s", 1e-6 * self.sifted() / seconds));
        writeln!(f, "{:<34}{alice:>20}{bob:>20}", "sifted bits per CPU second")
    }

    fn traffic(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut row = |name: &str, value: &dyn Fn(&Side) -> String| {
            let [alice, bob] = self.sides.each_ref().map(value);
            writeln!(f, "{name:<34}{alice:>20}{bob:>20}")
        };
        row("bytes sent per sifted bit", &|side| format!("{:.4}", side.bytes_sent as f64 / self.sifted()))?;
        row("messages sent", &|side| format!("{:.0}", side.messages_sent as f64 / self.blocks()))
    }

    /// Key-sized buffers bound the copies of key data from above: besides copies they are results of kernels.
    fn memory(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in ["session", "kernels"].into_iter().enumerate() {
            let allocated = self.sides.each_ref().map(|side| allocations::of(side.accounts()[index]));
            let mut row = |name: &str, value: &dyn Fn(&Allocations) -> f64, digits: usize| {
                let [alice, bob] = allocated.each_ref().map(|allocations| value(allocations) / self.blocks());
                writeln!(f, "{:<34}{alice:>20.digits$}{bob:>20.digits$}", format!("{name}, {part}"))
            };
            row("allocations", &|allocations| allocations.count as f64, 0)?;
            row("MB allocated", &|allocations| 1e-6 * allocations.bytes as f64, 2)?;
            row("key-sized buffers", &|allocations| allocations.large as f64, 1)?;
        }
        Ok(())
    }
}
