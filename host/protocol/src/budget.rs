//! The ε budget: what the keys of a link promise together, and when it may make no more of them.
//!
//! # What is added to what
//! A key is ε-secure if nothing that happens later, whatever the key is used for, can tell it from a perfect key except
//! with probability ε. Statements of this kind add up over everything that is used together (composable security:
//! Portmann, Renner, Rev. Mod. Phys. 94, 025008):
//!
//! | part | of what | at most | source |
//! |-|-|-|-|
//! | secrecy | a block | ε of secrecy of the proof, with its parameters | the proof |
//! | correctness | a block | ε of correctness of the proof; the tags of verification must reach it | SPEC §6 |
//! | authentication | a tag | (2^28 + 2)/2^128, [`EPSILON_PER_TAG`] | WIRE.md §2 |
//!
//! * **Each block that is opened counts, with or without a key.** ε bounds the probability that a block ends with a key
//!   *and* the key is bad. An eavesdropper who lets blocks fail unless her attack has succeeded would else be charged for
//!   her successes only. The charge is therefore known before the block, and the same on both sides.
//! * **Each tag counts**, accepted or not, since the hash keys are kept and recycled: ε adds up over the messages of their
//!   life (Portmann, IEEE Trans. Inf. Theory 60, 4383). It is charged with the longest transcript that is accepted, since
//!   who forges a message chooses its length.
//! * **A session** has a Hello each way and nine tags a block. Through block b it has used
//!   2τ + (b+1)·(ε_sec + ε_cor + 9τ), with τ the ε of a tag.
//! * **The authentication keys** have used the sum over the sessions of their life. A session starts from the larger one of
//!   the totals that the two sides have on disk and exchange in Hello, so that a crash of one side cannot let them
//!   disagree, and puts each block's charge on disk before anything of the block leaves. The larger total is enough: a block
//!   gives a key only if both sides have opened it, so both have charged it; and of a session that one side has seen alone
//!   the total has the tags of both directions, so the two sides' attempts to check a tag never add up to more.
//! * **A key** by itself rests on its block and on all tags of its session until it is delivered, those of the blocks in
//!   flight beside it included: [`Spending::key`].
//!
//! Every sum is rounded upwards.

use serde::{Deserialize, Serialize};

use crate::auth::EPSILON_PER_TAG;
use crate::profile::Profile;
use crate::proof::Epsilon;

/// Tags of the handshake, both directions.
const TAGS_PER_SESSION: u64 = 2;
/// Tags of a block that gives a key, both directions (WIRE.md §5); one without has fewer.
const TAGS_PER_BLOCK: u64 = 9;

/// What may be used up.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Budget {
    /// Largest ε of all blocks and tags of a session.
    pub session: f64,
    /// Largest ε of all sessions with the same authentication keys.
    pub authentication_keys: f64,
}

impl Default for Budget {
    fn default() -> Self {
        Self { session: 1e-6, authentication_keys: 1e-5 }
    }
}

/// The composable statement of one key: its distance from a perfect one is at most the [`total`](Self::total).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyEpsilon {
    /// From a key that is uniform and unknown to the eavesdropper; from the proof.
    pub secrecy: f64,
    /// Probability that the two keys differ; from the proof, and reached by verification.
    pub correctness: f64,
    /// Probability that a message of this session was forged, up to the key's delivery.
    pub authentication: f64,
}

impl KeyEpsilon {
    /// The sum, rounded upwards.
    pub fn total(&self) -> f64 {
        sum(sum(self.secrecy, self.correctness), self.authentication)
    }
}

/// ε used so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spent {
    /// By this session.
    pub session: f64,
    /// By all sessions with the same authentication keys, this one included.
    pub authentication_keys: f64,
}

/// A block was not opened, because the keys would together promise less than the profile demands. The operator must act.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BudgetError {
    /// The session has made as many blocks as it may.
    #[error(
        "the session's ε budget of {budget:e} is spent: {used:e} is used, and block {block} would make it {wanted:e}; \
         open a new session"
    )]
    Session {
        /// The block that was not opened.
        block: u64,
        /// Of the profile.
        budget: f64,
        /// Used so far.
        used: f64,
        /// Used with the block.
        wanted: f64,
    },
    /// All sessions with these keys have together.
    #[error(
        "the authentication keys' ε budget of {budget:e} is spent: their sessions have used {used:e}, and block {block} \
         would make it {wanted:e}; load new authentication keys on both sides"
    )]
    AuthenticationKeys {
        /// The block that was not opened.
        block: u64,
        /// Of the profile.
        budget: f64,
        /// Used so far.
        used: f64,
        /// Used with the block.
        wanted: f64,
    },
}

/// How the blocks of a session use up its budget; the same on both sides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spending {
    budget: Budget,
    proof: Epsilon,
    blocks_in_flight: u64,
    before: f64,
}

impl Spending {
    /// Of a session under `profile`, whose authentication keys had used `before` when it started.
    pub fn new(profile: &Profile, before: f64) -> Self {
        Self {
            budget: profile.budget,
            proof: profile.proof.epsilon(),
            blocks_in_flight: profile.blocks_in_flight.into(),
            before,
        }
    }

    /// Used once the handshake is done.
    pub fn opening(&self) -> Spent {
        self.with(tags(TAGS_PER_SESSION))
    }

    /// Used once all blocks up to and including `block` are done.
    pub fn through(&self, block: u64) -> Spent {
        let each = sum(self.proof.total(), tags(TAGS_PER_BLOCK));
        let blocks = product(each, block as f64 + 1.0);
        self.with(sum(tags(TAGS_PER_SESSION), blocks))
    }

    fn with(&self, session: f64) -> Spent {
        Spent { session, authentication_keys: sum(self.before, session) }
    }

    /// What is used with `block`, if the budget allows the block.
    ///
    /// # Errors
    /// Which budget it would exceed.
    pub fn check(&self, block: u64) -> Result<Spent, BudgetError> {
        let used = block.checked_sub(1).map_or_else(|| self.opening(), |last| self.through(last));
        let wanted = self.through(block);
        let Budget { session, authentication_keys } = self.budget;
        if wanted.authentication_keys > authentication_keys {
            return Err(BudgetError::AuthenticationKeys {
                block,
                budget: authentication_keys,
                used: used.authentication_keys,
                wanted: wanted.authentication_keys,
            });
        }
        if wanted.session > session {
            return Err(BudgetError::Session {
                block,
                budget: session,
                used: used.session,
                wanted: wanted.session,
            });
        }
        Ok(wanted)
    }

    /// The statement of the key of `block`.
    pub fn key(&self, block: u64) -> KeyEpsilon {
        let blocks = block.saturating_add(self.blocks_in_flight);
        let tags_so_far = TAGS_PER_SESSION.saturating_add(TAGS_PER_BLOCK.saturating_mul(blocks));
        KeyEpsilon {
            secrecy: self.proof.secret,
            correctness: self.proof.correct,
            authentication: tags(tags_so_far),
        }
    }
}

/// ε of so many tags.
fn tags(count: u64) -> f64 {
    product(EPSILON_PER_TAG, count as f64)
}

/// a + b, rounded upwards; both are 0 or more.
fn sum(a: f64, b: f64) -> f64 {
    if a == 0.0 || b == 0.0 { a + b } else { (a + b).next_up() }
}

/// a·b, rounded upwards; both are 0 or more.
pub(crate) fn product(a: f64, b: f64) -> f64 {
    if a == 0.0 || b == 0.0 { 0.0 } else { (a * b).next_up() }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "both sides must have the same numbers, to the last bit")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// ε of a block whose sums an `f64` holds almost exactly.
    fn spending(before: f64) -> Spending {
        Spending {
            budget: Budget { session: 2f64.powi(-30), authentication_keys: 2f64.powi(-29) },
            proof: Epsilon { secret: 2f64.powi(-40), correct: 2f64.powi(-50) },
            blocks_in_flight: 4,
            before,
        }
    }

    #[test]
    fn a_tag_is_charged_with_the_longest_transcript() {
        // 4 GiB and the 8 bytes of the pad's number in blocks of 16 bytes, and the block with the length.
        assert_eq!(EPSILON_PER_TAG, ((4u64 << 30) / 16 + 2) as f64 * 2f64.powi(-128));
    }

    #[test]
    fn blocks_and_tags_add_up() {
        let spending = spending(0.0);
        let exact = |blocks: f64, tags: f64| {
            blocks * (2f64.powi(-40) + 2f64.powi(-50)) + tags * ((1u64 << 28) + 2) as f64 * 2f64.powi(-128)
        };
        for block in [0, 1, 99, 1 << 20] {
            let blocks = block as f64 + 1.0;
            let (got, want) = (spending.through(block).session, exact(blocks, 2.0 + 9.0 * blocks));
            assert!(got >= want && got <= want * (1.0 + 1e-15), "{block}: {got:e}, {want:e}");
        }
        let key = spending.key(7);
        assert_eq!((key.secrecy, key.correctness), (2f64.powi(-40), 2f64.powi(-50)));
        let want = exact(0.0, 2.0 + 9.0 * 11.0);
        assert!(key.authentication >= want && key.authentication <= want * (1.0 + 1e-15));
        assert!(key.total() > key.secrecy + key.correctness);
    }

    #[test]
    fn the_budget_ends_between_two_blocks() {
        let mut spending = spending(0.0);
        spending.budget.session = spending.through(41).session;
        assert_eq!(spending.check(41), Ok(spending.through(41)));
        let refused = spending.check(42).expect_err("one block too many");
        let used = spending.through(41).session;
        assert!(
            matches!(refused, BudgetError::Session { block: 42, budget, used: u, .. } if budget == used && u == used)
        );
        // What other sessions have used counts for the keys, and not for the session.
        spending.before = spending.budget.authentication_keys - spending.through(9).session * 1.01;
        assert!(spending.check(9).is_ok() && spending.check(9).unwrap().session < 2f64.powi(-30));
        let refused = spending.check(10).expect_err("one block too many");
        assert!(matches!(refused, BudgetError::AuthenticationKeys { block: 10, .. }), "{refused}");
        let text = refused.to_string();
        assert!(text.contains("load new authentication keys") && text.contains("block 10"), "{text}");
    }

    proptest! {
        #[test]
        fn sums_never_round_down(a in 0u64..1 << 40, b in 0u64..1 << 40, e in -100i32..0, f in -100i32..0) {
            let (x, y) = (a as f64 * 2f64.powi(e), b as f64 * 2f64.powi(f));
            let got = sum(x, y);
            // Knuth's TwoSum: x + y = s + rest exactly.
            let s = x + y;
            let z = s - x;
            let rest = (x - (s - z)) + (y - z);
            prop_assert!(got >= s && (rest <= 0.0 || got > s));
        }

        #[test]
        fn later_blocks_have_used_more(block in 0u64..1 << 40, before in 0.0..1e-6f64) {
            let spending = spending(before);
            let (now, next) = (spending.through(block), spending.through(block + 1));
            prop_assert!(now.session < next.session && now.authentication_keys < next.authentication_keys);
            prop_assert!(now.authentication_keys >= before && now.authentication_keys >= now.session);
            prop_assert!(spending.opening().session < spending.through(0).session);
        }
    }
}
