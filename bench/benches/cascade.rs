//! Cascade: whole error corrections of a block of 2^20 bits, both sides one after the other in one thread, so that a side
//! on its own runs at about twice the rate. Names give f as it came out for the first block.

use criterion::{BatchSize, Throughput};
use qkdpp_bench::{Random, backends, criterion, entropy};
use qkdpp_kernels::{Bits, Level, Shared};
use qkdpp_protocol::Role;
use qkdpp_protocol::profile::{Method, Reconciliation};
use qkdpp_protocol::reconcile::{Party, Request, plan};
use qkdpp_protocol::wire::message::Reconcile;

const QBERS: [f64; 3] = [0.01, 0.02, 0.05];

fn main() {
    let settings = Reconciliation { method: Method::Cascade, ..Reconciliation::default() };
    let mut criterion = criterion();
    let mut group = criterion.benchmark_group("cascade");
    for (level, sizes) in backends(&[1 << 14], &[1 << 20]) {
        for &bits in sizes {
            for qber in QBERS {
                let mut random = Random::new(6);
                let mut next = || Block::new(bits, qber, &settings, &mut random);
                let first = next();
                let f = first.correct(level, settings) as f64 / (bits as f64 * entropy(first.qber()));
                let case = format!("n={bits}/frame={}/qber={qber}/f={f:.3}", settings.cascade_frame_bits);
                group.throughput(Throughput::Bits(bits as u64));
                group.bench_function(format!("{case}/{level}"), |bencher| {
                    bencher.iter_batched(
                        &mut next,
                        |block| block.correct(level, settings),
                        BatchSize::LargeInput,
                    );
                });
            }
        }
    }
    group.finish();
    criterion.final_summary();
}

/// Two keys and the plan to correct one towards the other.
struct Block {
    alice: Shared,
    bob: Shared,
    plan: Reconcile,
}

impl Block {
    fn new(bits: usize, qber: f64, settings: &Reconciliation, random: &mut Random) -> Self {
        let alice = random.bits(bits);
        let bob = random.noisy(&alice, qber);
        Self { alice, bob, plan: plan(settings, qber, random.seed()) }
    }

    /// Share of the bits that differ, which in a short block is not the probability of an error.
    fn qber(&self) -> f64 {
        let mut errors = Bits::clone(&self.alice);
        errors.xor_assign(&self.bob);
        errors.count_ones() as f64 / errors.len() as f64
    }

    /// Runs both parties to their end; the bits that leaked.
    fn correct(&self, level: Level, settings: Reconciliation) -> u64 {
        let start =
            |role, key| Party::new(role, settings, &self.plan, key).expect("the settings allow the plan");
        let mut parties = [start(Role::Alice, &self.alice), start(Role::Bob, &self.bob)];
        let mut outcomes = [None, None];
        while outcomes.iter().any(Option::is_none) {
            for side in [0, 1] {
                for request in parties[side].requests() {
                    let taken = match request {
                        Request::Send(kind, payload) => parties[1 - side].message(kind, &payload),
                        Request::Compute(id, job) => parties[side].done(id, level.run(&job)),
                    };
                    taken.expect("the parties follow the protocol");
                }
                outcomes[side] = outcomes[side].take().or_else(|| parties[side].outcome());
            }
        }
        let [alice, _] = outcomes;
        alice.map_or(0, |outcome| outcome.leaks.iter().map(|(_, bits)| bits).sum())
    }
}
