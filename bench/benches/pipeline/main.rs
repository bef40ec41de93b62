//! The whole chain from recorded input to secret keys: Alice and Bob in one thread, with nothing between them.
//!
//! Criterion measures the two sides together; the table after it gives each side's time by stage, its traffic and its
//! memory. The record is made by the channel model before the clock starts: the 50 km link of the preset, cut into blocks
//! of about 10^6 sifted bits, with a proof that gives a key from blocks this small.

mod allocations;
mod side;
mod table;

use criterion::{BatchSize, Throughput};
use qkdpp_bench::criterion;
use qkdpp_channel::{Link, Model, preset};
use qkdpp_kernels::Level;
use qkdpp_protocol::profile::Method;
use qkdpp_protocol::proof::{Lim2014, Proof, Sampling};
use qkdpp_protocol::{Profile, RawBatch, Role};

use side::Side;
use table::Table;

const PRESET: &str = "fibre-50km";
/// Slots of a block: 0.3 s of the link.
const SLOTS: u32 = 300_000_000;
const BLOCKS: usize = 3;

fn main() {
    let text = preset(PRESET).expect("the preset exists");
    let record = record(&Link::from_toml(text).expect("the preset describes a link"));
    let mut profile = profile(text);
    let mut criterion = criterion();
    let mut tables = Vec::new();
    // The reference would take minutes for a block.
    for level in Level::available().into_iter().filter(|&level| level != Level::Reference) {
        for (name, method) in [("cascade", Method::Cascade), ("ldpc", Method::Ldpc)] {
            profile.reconciliation.method = method;
            let sides = || start(&profile, level, &record);
            let mut first = sides();
            run(&mut first);
            let [report, ..] = &first[0].reports[..] else { unreachable!("every block has a report") };
            let (n, l) = (report.ledger.sifted, report.ledger.secret);
            let case = format!("{name}/n={n}/l={l}/f={:.3}/blocks={BLOCKS}/{level}", report.f);

            let mut group = criterion.benchmark_group("pipeline");
            group.throughput(Throughput::Bits(first[0].sifted_bits()));
            group.bench_function(case, |bencher| {
                bencher.iter_batched_ref(sides, run, BatchSize::PerIteration);
            });
            group.finish();

            let mut last = sides();
            allocations::reset(n as usize / 8 / 2);
            run(&mut last);
            tables.push(Table { level, sides: &last }.to_string());
        }
    }
    criterion.final_summary();
    for table in tables {
        println!("{table}");
    }
}

/// What both sides recorded, batch by batch.
fn record(link: &Link) -> Vec<(RawBatch, RawBatch)> {
    let mut model = Model::new(link, 1).expect("the link is valid");
    (0..BLOCKS).map(|_| model.next_batch(SLOTS)).collect()
}

fn profile(text: &str) -> Profile {
    let mut config: toml::Table = text.parse().expect("the preset is TOML");
    let profile = config.remove("profile").expect("the preset has a profile");
    let profile: Profile = profile.try_into().expect("it is a profile");
    let proof = Proof::Lim2014(Lim2014 { eps_sec: 1e-10, eps_cor: 1e-15, sampling: Sampling::Kl });
    Profile { slots_per_block: SLOTS.into(), slots_per_batch: SLOTS, proof, ..profile }
}

fn start(profile: &Profile, level: Level, record: &[(RawBatch, RawBatch)]) -> [Side; 2] {
    let (alice, bob) = record.iter().cloned().unzip();
    [Side::new(Role::Alice, profile.clone(), level, alice), Side::new(Role::Bob, profile.clone(), level, bob)]
}

/// Runs both sides to the end of their record; all blocks must give equal keys.
fn run(sides: &mut [Side; 2]) {
    let [alice, bob] = sides;
    while alice.reports.len() < BLOCKS || bob.reports.len() < BLOCKS {
        alice.advance(bob);
        bob.advance(alice);
    }
    let equal =
        alice.keys.iter().zip(&bob.keys).filter(|(alice, bob)| alice.expose() == bob.expose()).count();
    assert_eq!(equal, BLOCKS, "blocks with equal keys");
}
