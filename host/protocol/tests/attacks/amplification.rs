//! Full seeds, fresh and late, and a finite-key bound on what they may leave.

use std::sync::Arc;

use qkdpp_kernels::toeplitz::{Family, Toeplitz};
use qkdpp_kernels::{Bits, Job, Level, Output, ShapeError};
use qkdpp_protocol::profile::HashFamily;
use qkdpp_protocol::proof::{Counts, Proof};
use qkdpp_protocol::wire::message::Amplify;
use qkdpp_protocol::wire::{Kind, Role};

use super::{honest, payloads, small};
use crate::adversary::run_with_forger;
use crate::pair::{Pair, Random, Scenario};

fn random_bits(seed: &str, len: usize) -> Bits {
    let mut bytes = vec![0; len.div_ceil(8)];
    Random::new(seed).fill(&mut bytes);
    Bits::from_bytes(&bytes, len)
}

/// Rank over GF(2) of a matrix given by its rows.
fn rank(mut rows: Vec<Bits>) -> usize {
    let mut rank = 0;
    for column in 0..rows[0].len() {
        let Some(pivot) = (rank..rows.len()).find(|&row| rows[row].get(column)) else { continue };
        rows.swap(rank, pivot);
        let (above, below) = rows.split_at_mut(rank + 1);
        for row in below.iter_mut().filter(|row| row.get(column)) {
            row.xor_assign(&above[rank]);
        }
        rank += 1;
    }
    rank
}

fn hash(family: Family, key: Bits, seed: &Arc<Bits>, out_len: usize) -> Bits {
    let job = Toeplitz::new(family, Arc::new(key), Arc::clone(seed), out_len).expect("shapes that fit");
    match Level::Portable.run(&Job::Toeplitz(job)) {
        Output::Toeplitz(bits) => bits,
        other => panic!("{other:?}"),
    }
}

/// The matrix of a hash, row by row of its transpose: the hash of each unit vector.
fn matrix(family: Family, seed: &Arc<Bits>, key_len: usize, out_len: usize) -> Vec<Bits> {
    let unit = |index| (0..key_len).map(|bit| bit == index).collect();
    (0..key_len).map(|index| hash(family, unit(index), seed, out_len)).collect()
}

#[test]
fn attack_01_a_full_seed_gives_a_matrix_of_full_rank() {
    for family in [Family::Toeplitz, Family::Modified] {
        let seed = Arc::new(random_bits("seed", family.seed_len(400, 200)));
        // A random 400 × 200 matrix lacks a rank with probability 2^−200; a Toeplitz one is no worse by much.
        assert_eq!(rank(matrix(family, &seed, 400, 200)), 200, "{family:?}");
    }
    // What a seed repeated every 32 bits would give.
    let short = random_bits("short", 32);
    let repeated = Arc::new((0..599).map(|bit| short.get(bit % 32)).collect::<Bits>());
    assert!(rank(matrix(Family::Toeplitz, &repeated, 400, 200)) <= 32);
}

#[test]
fn attack_01_short_seeds_are_refused_and_the_session_sends_full_ones() {
    let refused =
        Toeplitz::new(Family::Toeplitz, Arc::new(Bits::zeros(1000)), Arc::new(Bits::zeros(32)), 500);
    assert_eq!(refused.err(), Some(ShapeError::Length { what: "the Toeplitz seed", want: 1499, got: 32 }));
    for (family, kernel) in
        [(HashFamily::Toeplitz, Family::Toeplitz), (HashFamily::Modified, Family::Modified)]
    {
        let mut scenario = small();
        scenario.profile.amplification.family = family;
        let pair = honest(&scenario);
        let ledger = &pair.alice.reports[0].ledger;
        let amplify = Amplify::decode(&payloads(&pair.alice, Kind::Amplify)[0]).expect("an honest message");
        let kept = (ledger.sifted - ledger.dropped) as usize;
        assert_eq!(amplify.seed.len(), kernel.seed_len(kept, ledger.secret as usize));
        let ones = amplify.seed.count_ones() as f64 / amplify.seed.len() as f64;
        assert!((0.4..0.6).contains(&ones), "{ones} of the seed are ones");
    }
}

#[test]
fn attack_04_no_errors_still_cost_key() {
    let mut pair = Pair::new(&Scenario { qber: 0.0, ..small() });
    pair.run().expect("no error");
    let report = &pair.alice.reports[0];
    let phi = report.evaluation.as_ref().and_then(|evaluation| evaluation.bounds.get("phi"));
    assert_eq!(report.m_test, [0]);
    assert!(phi.is_some_and(|phi| phi > 0.05), "φ = {phi:?} from {:?} test bits", report.n_test);
    assert!(report.ledger.secret < report.ledger.sifted - report.ledger.leak());
}

#[test]
fn attack_05_a_short_block_gives_no_key() {
    // Perfect statistics, but few of them: an asymptotic rate would promise thousands of bits.
    let proof = |name: &str| {
        let value = serde_json::json!({"name": name, "eps_sec": 1e-10, "eps_cor": 1e-15});
        serde_json::from_value::<Proof>(value).expect("a proof")
    };
    for (name, n) in [("tl-2017", 1_000), ("lim-2014", 5_000)] {
        let proof = proof(name);
        let decoys = proof.intensities() == 3;
        let share = |total: u64| {
            if decoys { vec![total * 7 / 10, total * 29 / 100, total / 100] } else { vec![total] }
        };
        let counts = Counts {
            mu: if decoys { vec![0.48, 0.12, 0.0002] } else { Vec::new() },
            p: if decoys { vec![0.2, 0.55, 0.25] } else { Vec::new() },
            n_key: share(n),
            m_key: share(0),
            n_test: share(n / 20),
            m_test: share(0),
            leak: 0.0,
            dropped_key: 0,
        };
        let evaluation = proof.evaluate(&counts);
        assert_eq!(evaluation.ell, 0, "{name}: {evaluation:?}");
        assert!(evaluation.zero.is_some(), "{name}: no reason");
    }
}

#[test]
fn attack_12_every_block_has_its_own_seeds() {
    let pair = honest(&Scenario { blocks: 4, ..small() });
    let mut seeds = payloads(&pair.alice, Kind::Amplify);
    seeds.extend(payloads(&pair.alice, Kind::Verify).into_iter().map(|payload| payload[..16].to_vec()));
    seeds.extend(payloads(&pair.alice, Kind::Reconcile).into_iter().map(|payload| payload[5..].to_vec()));
    let count = seeds.len();
    seeds.sort();
    seeds.dedup();
    assert_eq!((count, seeds.len()), (12, 12));
}

#[test]
fn attack_12_seeds_are_announced_after_what_they_are_for() {
    let pair = honest(&small());
    // The sample before reconciliation, correction before the hash key, verification before the seed.
    let mut kinds: Vec<Kind> =
        pair.alice.sent.iter().map(|message| crate::adversary::kind(message, Role::Alice)).collect();
    kinds.dedup();
    let order = [
        Kind::Hello,
        Kind::Sifting,
        Kind::Reconcile,
        Kind::Parities,
        Kind::Verify,
        Kind::Amplify,
        Kind::Final,
    ];
    assert_eq!(kinds, order);
    for (withheld, seed) in [
        (Kind::Bases, Kind::Sifting),
        (Kind::TestBits, Kind::Reconcile),
        (Kind::Corrected, Kind::Verify),
        (Kind::Verified, Kind::Amplify),
    ] {
        let mut pair = Pair::new(&small());
        run_with_forger(&mut pair, Role::Bob, |forger, message, kind| {
            if kind == withheld { Vec::new() } else { vec![forger.pass(message, |_, _| ())] }
        });
        assert!(payloads(&pair.alice, seed).is_empty(), "{seed:?} without {withheld:?}");
    }
}

#[test]
fn attack_20_the_gamma_as_published_is_used_only_where_it_is_named() {
    let lim = |sampling: Option<&str>| {
        let mut value = serde_json::json!({"name": "lim-2014", "eps_sec": 1e-10, "eps_cor": 1e-15});
        if let Some(sampling) = sampling {
            value["sampling"] = sampling.into();
        }
        serde_json::from_value::<Proof>(value).expect("a proof")
    };
    assert_eq!(lim(None), lim(Some("kl")));
    // Where the sample is small, the published formula promises a key that no rigorous one allows.
    let counts = Counts {
        mu: vec![0.5, 0.1, 0.0002],
        p: vec![0.3, 0.4, 0.3],
        n_key: vec![74_000, 20_500, 300],
        m_key: vec![0; 3],
        n_test: vec![13_000, 3_700, 60],
        m_test: vec![130, 40, 30],
        leak: 15_000.0,
        dropped_key: 0,
    };
    let [unsafe_, kl, serfling] =
        ["as-published", "kl", "serfling"].map(|sampling| lim(Some(sampling)).evaluate(&counts).ell_real);
    assert!(kl < unsafe_ && serfling < unsafe_, "{unsafe_} {kl} {serfling}");
}
