//! Bob's side of one block: he announces detections, corrects his key and checks everything Alice proposes.

use std::sync::Arc;

use qkdpp_kernels::polyhash::PolyHash;
use qkdpp_kernels::sift::Sift;
use qkdpp_kernels::toeplitz::Family;
use qkdpp_kernels::{Bits, Job, Output};

use super::account::{Account, Detected};
use super::closing::{
    deliver, drop_unequal, end_without_key, misplaced, open_account, peer_accepts, record, unexpected,
};
use super::outbox::{Action, Outbox, Task};
use super::sifting::{Split, check_batch, sifted, test_mask, wrong_intensity};
use super::watching::{count_errors, watch};
use super::{BlockContext, BlockPlan};
use crate::error::{ProtocolError, SessionError};
use crate::profile::Test;
use crate::raw::{Entries, RawBatch};
use crate::reconcile::{Outcome, Reconciler};
use crate::stage::{Amplified, Amplifying, Corrected, PeerAccepts, Sifted, Verified, equal_tags, truncated};
use crate::wire::message::{self, Amplify, Detections, Reconcile, Sifting, Verify, encode_bits};
use crate::wire::{Kind, Role};

pub(crate) struct Block {
    plan: BlockPlan,
    stage: Stage,
    detected: Detected,
}

enum Stage {
    /// Basis and bit planes of the batches so far.
    Collecting {
        basis: Vec<Bits>,
        bit: Vec<Bits>,
    },
    /// Bases sent; Alice's answer is due.
    Announced {
        basis: Bits,
        bit: Bits,
    },
    /// Waiting for the planes of matched detections.
    Matching {
        sifting: Sifting,
    },
    Splitting {
        alice_test: Bits,
        split: Split,
    },
    /// Test bits sent; Alice's plan is due.
    Planning {
        sifted: Sifted,
        account: Account,
    },
    Reconciling {
        sifted: Sifted,
        account: Account,
        reconciler: Reconciler,
    },
    /// Report sent; Alice's hash key and tags are due.
    Reported {
        corrected: Corrected,
        errors: Bits,
        account: Account,
    },
    Hashing {
        corrected: Corrected,
        errors: Bits,
        account: Account,
        theirs: Vec<u128>,
    },
    /// Verdicts sent; the seed is due.
    Seeding {
        verified: Verified,
        account: Account,
    },
    /// Waiting for the hash and for Alice's acceptance, in either order.
    Amplifying {
        amplifying: Amplifying,
        account: Account,
        accepted: Option<PeerAccepts>,
    },
    Deciding {
        amplified: Amplified,
        account: Account,
    },
    Finished,
}

impl Stage {
    fn name(&self) -> &'static str {
        match self {
            Self::Collecting { .. } => "detections",
            Self::Announced { .. } | Self::Matching { .. } | Self::Splitting { .. } => "sifting",
            Self::Planning { .. } | Self::Reconciling { .. } => "error correction",
            Self::Reported { .. } | Self::Hashing { .. } => "verification",
            Self::Seeding { .. } | Self::Amplifying { .. } => "amplification",
            Self::Deciding { .. } => "the final decision",
            Self::Finished => "its end",
        }
    }
}

impl Block {
    pub(crate) fn new(plan: BlockPlan) -> Self {
        let detected = Detected::new(plan.slots());
        Self { plan, stage: Stage::Collecting { basis: Vec::new(), bit: Vec::new() }, detected }
    }

    pub(crate) fn is_finished(&self) -> bool {
        matches!(self.stage, Stage::Finished)
    }

    /// Announces where Bob detected; after the last batch of the block also in which bases.
    pub(crate) fn pulses(&mut self, batch: RawBatch, out: &mut Outbox) -> Result<(), SessionError> {
        let Stage::Collecting { basis, bit } = &mut self.stage else {
            return Err(misplaced("pulses for a block that has all of them"));
        };
        let (first, slots) = self.plan.batch(basis.len() as u32);
        check_batch(&batch, first, slots, 1)?;
        let every: Vec<u32>;
        let offsets = match &batch.entries {
            Entries::At(offsets) => offsets,
            Entries::Every => {
                every = (0..slots).collect();
                &every
            }
        };
        let payload = Detections::encode(first, slots, offsets);
        self.detected.batch(slots, offsets.len());
        self.detected.clicks(&batch, &self.plan.profile);
        self.detected.double_clicks += batch.double_click.count_ones() as u64;
        self.detected.position_bytes += payload.len() as u64;
        out.send(Kind::Detections, payload);
        basis.push(batch.basis);
        bit.push(batch.bit);
        if basis.len() as u32 == self.plan.batches() {
            let (basis, bit) = (Bits::concat(&*basis), Bits::concat(&*bit));
            out.send(Kind::Bases, encode_bits(&basis));
            self.stage = Stage::Announced { basis, bit };
        }
        Ok(())
    }

    pub(crate) fn message(
        &mut self,
        kind: Kind,
        payload: &[u8],
        context: &BlockContext,
        out: &mut Outbox,
    ) -> Result<(), SessionError> {
        let stage = std::mem::replace(&mut self.stage, Stage::Finished);
        self.stage = match (kind, stage) {
            (Kind::Sifting, Stage::Announced { basis, bit }) => self.sifting(basis, bit, payload, out)?,
            (Kind::Reconcile, Stage::Planning { sifted, mut account }) => {
                let plan = Reconcile::decode(payload)?;
                let reconciler = account.start(Role::Bob, &plan, sifted.key(), out)?;
                self.reconciling(sifted, account, reconciler, context, out)
            }
            (Kind::Verify, Stage::Reported { corrected, errors, account }) => {
                self.verify(corrected, errors, account, payload, out)?
            }
            (Kind::Amplify, Stage::Seeding { verified, account }) => {
                self.amplify(verified, account, payload, out)?
            }
            (Kind::Final, Stage::Amplifying { amplifying, account, accepted: None }) => {
                let accepted = Some(peer_accepts(&account, payload, self.plan.block)?);
                Stage::Amplifying { amplifying, account, accepted }
            }
            (Kind::Final, Stage::Deciding { amplified, account }) => {
                let accepted = peer_accepts(&account, payload, self.plan.block)?;
                Self::decide(amplified, &account, &accepted, out)?
            }
            (_, Stage::Reconciling { sifted, account, mut reconciler }) => {
                if !reconciler.message(kind, payload, out)? {
                    return Err(unexpected(kind, self.plan.block, "error correction"));
                }
                self.reconciling(sifted, account, reconciler, context, out)
            }
            (_, stage) => return Err(unexpected(kind, self.plan.block, stage.name())),
        };
        Ok(())
    }

    pub(crate) fn done(
        &mut self,
        task: Task,
        output: Output,
        context: &BlockContext,
        out: &mut Outbox,
    ) -> Result<(), SessionError> {
        let stage = std::mem::replace(&mut self.stage, Stage::Finished);
        self.stage = match (task, stage, output) {
            (Task::Matched, Stage::Matching { sifting }, output) => {
                let planes = sifted(output, 2)?;
                let mask = test_mask(&self.plan.profile, &planes[0], sifting.sample_seed.as_ref())?;
                let empty = || Bits::zeros(mask.len());
                let [low, high] = sifting.intensity.unwrap_or_else(|| [empty(), empty()]);
                let planes: Vec<_> = planes.into_iter().skip(1).chain([low, high]).map(Arc::new).collect();
                let split = Split::start(mask, &planes, out)?;
                Stage::Splitting { alice_test: sifting.test, split }
            }
            (task, Stage::Splitting { alice_test, mut split }, output) => {
                split.done(task, output)?;
                match split.take() {
                    Some((key, test)) => self.tested(&alice_test, key, test, context, out)?,
                    None => Stage::Splitting { alice_test, split },
                }
            }
            (task, Stage::Reconciling { sifted, account, mut reconciler }, output) => {
                reconciler.done(task, output, out)?;
                self.reconciling(sifted, account, reconciler, context, out)
            }
            (Task::Tags, Stage::Hashing { corrected, errors, account, theirs }, Output::PolyHash(ours)) => {
                self.compare(corrected, &errors, account, &ours, &theirs, out)
            }
            (Task::Amplify, Stage::Amplifying { amplifying, account, accepted }, Output::Toeplitz(bits)) => {
                let amplified =
                    amplifying.finish(bits).ok_or_else(|| misplaced("a hash of the wrong length"))?;
                match accepted {
                    Some(accepted) => Self::decide(amplified, &account, &accepted, out)?,
                    None => Stage::Deciding { amplified, account },
                }
            }
            _ => return Err(misplaced("a finished job")),
        };
        Ok(())
    }

    fn sifting(
        &self,
        basis: Bits,
        bit: Bits,
        payload: &[u8],
        out: &mut Outbox,
    ) -> Result<Stage, SessionError> {
        let profile = &self.plan.profile;
        let decoys = !profile.intensities.is_empty();
        let samples = matches!(profile.test, Test::Sample { .. });
        let sifting = Sifting::decode(payload, basis.len(), decoys, samples)?;
        if let Some(planes) = &sifting.intensity
            && let Some(got) = wrong_intensity(planes, profile.intensity_classes())
        {
            return Err(SessionError::Peer(ProtocolError::Field {
                field: "an intensity index",
                want: format!("below {}", profile.intensity_classes()),
                got: got as u64,
            }));
        }
        let matched = Arc::new(sifting.matched.clone());
        let planes = [basis, bit].map(Arc::new).to_vec();
        out.compute(Task::Matched, Job::Sift(Sift::new(matched, planes)?));
        Ok(Stage::Matching { sifting })
    }

    /// Opens the account, and answers Alice's test bits with Bob's.
    fn tested(
        &mut self,
        alice_test: &Bits,
        key: Vec<Bits>,
        test: Vec<Bits>,
        context: &BlockContext,
        out: &mut Outbox,
    ) -> Result<Stage, SessionError> {
        if alice_test.len() != test[0].len() {
            return Err(SessionError::Peer(ProtocolError::Field {
                field: "the number of test bits",
                want: test[0].len().to_string(),
                got: alice_test.len() as u64,
            }));
        }
        let mut errors = alice_test.clone();
        errors.xor_assign(&test[0]);
        out.send(Kind::TestBits, encode_bits(&test[0]));
        let matched = (key[0].len() + test[0].len()) as u64;
        self.detected.matched = matched;
        let (bits, mut account) = open_account(&self.plan, Role::Bob, &self.detected, key, test, &errors)?;
        if bits.is_empty() {
            watch(&mut account, Role::Bob, &self.plan.profile, context, out);
            account.decide();
            end_without_key(&account, out);
            return Ok(Stage::Finished);
        }
        Ok(Stage::Planning { sifted: Sifted::new(bits), account })
    }

    /// Reports to Alice once error correction has come to its end.
    fn reconciling(
        &self,
        sifted: Sifted,
        mut account: Account,
        mut reconciler: Reconciler,
        context: &BlockContext,
        out: &mut Outbox,
    ) -> Stage {
        let Some(outcome) = reconciler.outcome() else {
            return Stage::Reconciling { sifted, account, reconciler };
        };
        account.reconciled(reconciler.method(), &outcome);
        let Outcome { errors, undecoded, errors_are_shared, .. } = outcome;
        let len = sifted.len();
        let errors = errors.unwrap_or_else(|| Bits::zeros(len));
        let listed = !errors_are_shared && self.plan.profile.proof.needs_key_errors();
        account.corrected(errors.count_ones() as u64);
        count_errors(&mut account, Role::Bob, sifted.key(), &errors);
        watch(&mut account, Role::Bob, &self.plan.profile, context, out);
        let report = message::Corrected {
            errors: account.errors(),
            alarm: account.ledger.alarms.bob,
            positions: listed.then(|| errors.ones().map(|position| position as u32).collect()),
        };
        out.send(Kind::Corrected, report.encode(len));
        let corrected = sifted.correct(&errors, undecoded);
        Stage::Reported { corrected, errors, account }
    }

    fn verify(
        &self,
        corrected: Corrected,
        errors: Bits,
        mut account: Account,
        payload: &[u8],
        out: &mut Outbox,
    ) -> Result<Stage, SessionError> {
        let verification = self.plan.profile.verification;
        let segment = verification.segment_bits as usize;
        let segments = corrected.key().len().div_ceil(segment);
        let verify = Verify::decode(payload, segments, verification.tag_bits)?;
        account.ledger.alarms.enter(Role::Alice, verify.alarm);
        let job = PolyHash::new(verify.key, Arc::clone(corrected.key()), segment)?;
        out.compute(Task::Tags, Job::PolyHash(job));
        Ok(Stage::Hashing { corrected, errors, account, theirs: verify.tags })
    }

    fn compare(
        &self,
        corrected: Corrected,
        errors: &Bits,
        mut account: Account,
        ours: &[u128],
        theirs: &[u128],
        out: &mut Outbox,
    ) -> Stage {
        let tag_bits = self.plan.profile.verification.tag_bits;
        let ours: Vec<u128> = ours.iter().map(|&tag| truncated(tag, tag_bits)).collect();
        let equal = equal_tags(&ours, theirs);
        out.send(Kind::Verified, encode_bits(&equal));
        let verified = drop_unequal(corrected, &equal, Some(errors), &self.plan, &mut account);
        out.push(Action::Measured { errors: account.errors(), bits: verified.len() as u64 });
        account.decide();
        Stage::Seeding { verified, account }
    }

    fn amplify(
        &self,
        verified: Verified,
        account: Account,
        payload: &[u8],
        out: &mut Outbox,
    ) -> Result<Stage, SessionError> {
        let Amplify { secret_bits, seed } = Amplify::decode(payload)?;
        if secret_bits != account.ledger.secret {
            return Err(SessionError::Peer(ProtocolError::Disagreement {
                block: self.plan.block,
                what: "the number of secret bits",
                ours: account.ledger.secret.to_string(),
                theirs: secret_bits.to_string(),
            }));
        }
        let family = Family::from(self.plan.profile.amplification.family);
        let want = if secret_bits == 0 { 0 } else { family.seed_len(verified.len(), secret_bits as usize) };
        if seed.len() != want {
            return Err(SessionError::Peer(ProtocolError::Field {
                field: "the length of the amplification seed",
                want: want.to_string(),
                got: seed.len() as u64,
            }));
        }
        if secret_bits == 0 {
            end_without_key(&account, out);
            return Ok(Stage::Finished);
        }
        let (amplifying, job) = verified.amplify(family, seed, secret_bits as usize)?;
        out.compute(Task::Amplify, Job::Toeplitz(job));
        Ok(Stage::Amplifying { amplifying, account, accepted: None })
    }

    /// Both sides accept: tells Alice, and releases the key.
    fn decide(
        amplified: Amplified,
        account: &Account,
        accepted: &PeerAccepts,
        out: &mut Outbox,
    ) -> Result<Stage, SessionError> {
        record(account, out);
        out.send(Kind::Final, account.digest().to_vec());
        deliver(amplified, accepted, account, out)?;
        Ok(Stage::Finished)
    }
}
