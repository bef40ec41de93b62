//! A decoder that converges to the wrong word: nothing in error correction notices, verification does.

use std::sync::Arc;

use qkdpp_kernels::ldpc::Code;
use qkdpp_kernels::ldpc::messages::{MESSAGES, Messages};
use qkdpp_kernels::polyhash::PolyHash;
use qkdpp_kernels::{Bits, Job, Level, Output, Shared};
use qkdpp_protocol::Role;
use qkdpp_protocol::profile::{Method, Reconciliation};
use qkdpp_protocol::reconcile::{Party, Request, plan};

const FRAME_BITS: usize = 1 << 16;
const QBER: f64 = 0.03;

/// Some word that satisfies all checks: whole base columns, so that a check sees each of them once, chosen so that each base
/// row has an even number of them.
fn codeword(code: &Code) -> Bits {
    let rows = code.rows().len();
    // By column, which rows it is in, and which columns were added up to it; eliminated until one is in no row.
    let mut reduced: Vec<(Bits, Bits)> = Vec::new();
    for column in 0..code.base().ncols() {
        let mut sum: Bits = (0..rows).map(|row| code.base()[(row, column)] >= 0).collect();
        let mut columns: Bits = (0..code.base().ncols()).map(|other| other == column).collect();
        for (other, of_other) in &reduced {
            if sum.get(other.ones().next().expect("some row")) {
                sum.xor_assign(other);
                columns.xor_assign(of_other);
            }
        }
        if sum.count_ones() == 0 {
            return (0..code.variables()).map(|variable| columns.get(variable / code.z())).collect();
        }
        reduced.push((sum, columns));
    }
    unreachable!("more columns than rows")
}

fn tag(key: &Shared) -> u128 {
    let job = PolyHash::new(0x0123_4567_89ab_cdef_u128 << 64 | 0x4d, Arc::clone(key), key.len())
        .expect("a segment");
    let Output::PolyHash(tags) = Level::auto().run(&Job::PolyHash(job)) else { panic!("tags") };
    tags[0]
}

#[test]
fn verification_catches_what_the_decoder_does_not() {
    let settings = Reconciliation { method: Method::Ldpc, ..Reconciliation::default() };
    let messages = Messages::new(FRAME_BITS, QBER, 1.0, MESSAGES).expect("frames of the family");
    let wrong = codeword(messages.code(0));
    let alice = Arc::new((0..FRAME_BITS).map(|i| (i * i / 7 + i) % 3 == 0).collect::<Bits>());
    let mut bob = Bits::clone(&alice);
    bob.xor_assign(&wrong);
    let keys = [alice, Arc::new(bob)];

    let plan = plan(&settings, QBER, FRAME_BITS as u64, [5; 32]);
    let party = |role, key| Party::new(role, settings, &plan, key).expect("an allowed plan");
    let mut parties = [party(Role::Alice, &keys[0]), party(Role::Bob, &keys[1])];
    for side in [0, 1, 0, 1, 0] {
        for request in parties[side].requests() {
            let taken = match request {
                Request::Send(kind, payload) => parties[1 - side].message(kind, &payload),
                Request::Compute(id, job) => parties[side].done(id, Level::auto().run(&job)),
            };
            taken.expect("the parties follow the protocol");
        }
    }
    let outcome = parties[1].outcome().expect("an end");
    assert_eq!((outcome.failed_frames, outcome.rounds), (0, 1), "the decoder converged at once");
    let mut corrected = Bits::clone(&keys[1]);
    corrected.xor_assign(&outcome.errors.expect("Bob knows them"));
    assert!(wrong.count_ones() > 0 && corrected != *keys[0], "and is wrong");
    assert_ne!(tag(&Arc::new(corrected)), tag(&keys[0]));
}
