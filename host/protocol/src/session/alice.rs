//! Alice's side of one block: she answers detections, her key is the reference, she proposes and draws the seeds.

use std::sync::Arc;

use qkdpp_kernels::polyhash::PolyHash;
use qkdpp_kernels::toeplitz::Family;
use qkdpp_kernels::{Bits, Job, Output, Shared};

use super::account::{Account, Detected};
use super::closing::{
    deliver, drop_unequal, end_without_key, misplaced, open_account, peer_accepts, record, unexpected,
};
use super::collecting::Collecting;
use super::outbox::{Action, Draw, Outbox, Task};
use super::sifting::{Split, sifted, test_mask};
use super::watching::{count_errors, watch};
use super::{BlockContext, BlockPlan};
use crate::error::{ProtocolError, SessionError};
use crate::profile::Test;
use crate::raw::RawBatch;
use crate::reconcile::{self, Outcome, Reconciler};
use crate::stage::{Amplified, Amplifying, Corrected, Sifted, Verified, truncated};
use crate::wire::message::{self, Amplify, Sifting, Verify, decode_bits};
use crate::wire::{Kind, Role};

pub(crate) struct Block {
    plan: BlockPlan,
    stage: Stage,
    detected: Detected,
}

enum Stage {
    Collecting(Collecting),
    /// Waiting for the planes of matched detections.
    Matching {
        matched: Bits,
    },
    /// Waiting for the seed of the test sample.
    Sampling {
        matched: Bits,
        planes: Vec<Bits>,
    },
    Splitting {
        matched: Bits,
        sample_seed: Option<[u8; 32]>,
        intensity: [Shared; 2],
        split: Split,
    },
    /// Sifting sent; Bob's test bits are due.
    Testing {
        key: Vec<Bits>,
        test: Vec<Bits>,
    },
    /// Waiting for the seed of reconciliation.
    Planning {
        sifted: Sifted,
        account: Account,
    },
    Reconciling {
        sifted: Sifted,
        account: Account,
        reconciler: Reconciler,
    },
    /// Bob's report is due.
    Reported {
        corrected: Corrected,
        errors: Option<Bits>,
        account: Account,
    },
    /// Waiting for the hash key.
    Keying {
        corrected: Corrected,
        errors: Option<Bits>,
        account: Account,
    },
    Hashing {
        corrected: Corrected,
        errors: Option<Bits>,
        account: Account,
        key: u128,
    },
    /// Tags sent; Bob's verdicts are due.
    Comparing {
        corrected: Corrected,
        errors: Option<Bits>,
        account: Account,
        segments: usize,
    },
    /// Waiting for the seed of amplification.
    Seeding {
        verified: Verified,
        account: Account,
    },
    Amplifying {
        amplifying: Amplifying,
        account: Account,
    },
    /// Bob's final message is due.
    Deciding {
        amplified: Amplified,
        account: Account,
    },
    Finished,
}

impl Stage {
    fn name(&self) -> &'static str {
        match self {
            Self::Collecting(_) => "detections",
            Self::Matching { .. } | Self::Sampling { .. } | Self::Splitting { .. } => "sifting",
            Self::Testing { .. } => "test bits",
            Self::Planning { .. } | Self::Reconciling { .. } => "error correction",
            Self::Reported { .. } => "the report of error correction",
            Self::Keying { .. } | Self::Hashing { .. } | Self::Comparing { .. } => "verification",
            Self::Seeding { .. } | Self::Amplifying { .. } => "amplification",
            Self::Deciding { .. } => "the final decision",
            Self::Finished => "its end",
        }
    }
}

impl Block {
    pub(crate) fn new(plan: BlockPlan) -> Self {
        let detected = Detected::new(plan.slots());
        Self { plan, stage: Stage::Collecting(Collecting::default()), detected }
    }

    pub(crate) fn is_finished(&self) -> bool {
        matches!(self.stage, Stage::Finished)
    }

    /// Takes Alice's own record of the next batch.
    pub(crate) fn pulses(&mut self, batch: RawBatch, out: &mut Outbox) -> Result<(), SessionError> {
        let Stage::Collecting(collecting) = &mut self.stage else {
            return Err(SessionError::Driver("pulses for a block that has all of them".into()));
        };
        collecting.record(batch, &self.plan, &mut self.detected, out)
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
            (Kind::Detections, Stage::Collecting(mut collecting)) => {
                collecting.detections(payload, &self.plan, &mut self.detected, out)?;
                Stage::Collecting(collecting)
            }
            (Kind::Bases, Stage::Collecting(mut collecting)) => {
                collecting.bases(payload, &self.plan, &self.detected)?;
                self.collecting(collecting, out)?
            }
            (Kind::TestBits, Stage::Testing { key, test }) => {
                self.test_bits(key, test, payload, context, out)?
            }
            (Kind::Corrected, Stage::Reported { corrected, errors, account }) => {
                self.reported(corrected, errors, account, payload, context, out)?
            }
            (Kind::Verified, Stage::Comparing { corrected, errors, account, segments }) => {
                self.compared(corrected, errors.as_ref(), account, segments, payload, out)?
            }
            (Kind::Final, Stage::Deciding { amplified, account }) => {
                self.decided(amplified, &account, payload, out)?
            }
            (_, Stage::Reconciling { sifted, account, mut reconciler }) => {
                if !reconciler.message(kind, payload, out)? {
                    return Err(unexpected(kind, self.plan.block, "error correction"));
                }
                Self::reconciling(sifted, account, reconciler)
            }
            (_, stage) => return Err(unexpected(kind, self.plan.block, stage.name())),
        };
        Ok(())
    }

    pub(crate) fn done(&mut self, task: Task, output: Output, out: &mut Outbox) -> Result<(), SessionError> {
        let stage = std::mem::replace(&mut self.stage, Stage::Finished);
        self.stage = match (task, stage, output) {
            (Task::Batch(index), Stage::Collecting(mut collecting), output) => {
                collecting.looked_up(index, output)?;
                self.collecting(collecting, out)?
            }
            (Task::Matched, Stage::Matching { matched }, output) => {
                let planes = sifted(output, 4)?;
                if let Test::Sample { .. } = self.plan.profile.test {
                    out.draw(Draw::Sample, 32);
                    Stage::Sampling { matched, planes }
                } else {
                    self.split(matched, planes, None, out)?
                }
            }
            (task, Stage::Splitting { matched, sample_seed, intensity, mut split }, output) => {
                split.done(task, output)?;
                match split.take() {
                    Some((key, test)) => self.announce(&matched, sample_seed, &intensity, key, test, out),
                    None => Stage::Splitting { matched, sample_seed, intensity, split },
                }
            }
            (task, Stage::Reconciling { sifted, account, mut reconciler }, output) => {
                reconciler.done(task, output, out)?;
                Self::reconciling(sifted, account, reconciler)
            }
            (Task::Tags, Stage::Hashing { corrected, errors, account, key }, Output::PolyHash(tags)) => {
                let tag_bits = self.plan.profile.verification.tag_bits;
                let tags: Vec<u128> = tags.into_iter().map(|tag| truncated(tag, tag_bits)).collect();
                let segments = tags.len();
                let alarm = account.ledger.alarms.alice;
                out.send(Kind::Verify, Verify { key, alarm, tags }.encode(tag_bits));
                Stage::Comparing { corrected, errors, account, segments }
            }
            (Task::Amplify, Stage::Amplifying { amplifying, account }, Output::Toeplitz(bits)) => {
                let amplified =
                    amplifying.finish(bits).ok_or_else(|| misplaced("a hash of the wrong length"))?;
                record(&account, out);
                out.send(Kind::Final, account.digest().to_vec());
                Stage::Deciding { amplified, account }
            }
            _ => return Err(misplaced("a finished job")),
        };
        Ok(())
    }

    pub(crate) fn drawn(
        &mut self,
        draw: Draw,
        bytes: &[u8],
        context: &BlockContext,
        out: &mut Outbox,
    ) -> Result<(), SessionError> {
        let seed = |bytes: &[u8]| bytes.try_into().map_err(|_| misplaced("a seed of the wrong length"));
        let stage = std::mem::replace(&mut self.stage, Stage::Finished);
        self.stage = match (draw, stage) {
            (Draw::Sample, Stage::Sampling { matched, planes }) => {
                self.split(matched, planes, Some(seed(bytes)?), out)?
            }
            (Draw::Reconcile, Stage::Planning { sifted, mut account }) => {
                let profile = &self.plan.profile;
                let qber = context.qber.or(account.test_qber().filter(|_| profile.intensities.is_empty()));
                let plan = reconcile::plan(
                    &profile.reconciliation,
                    qber.unwrap_or(profile.expected_qber),
                    reconcile::bits_in_flight(sifted.key(), profile.blocks_in_flight),
                    seed(bytes)?,
                );
                out.send(Kind::Reconcile, plan.encode());
                let reconciler = account.start(Role::Alice, &plan, sifted.key(), out)?;
                Self::reconciling(sifted, account, reconciler)
            }
            (Draw::HashKey, Stage::Keying { corrected, errors, account }) => {
                let key = u128::from_le_bytes(bytes.try_into().map_err(|_| misplaced("a short hash key"))?);
                let segment = self.plan.profile.verification.segment_bits as usize;
                let job = PolyHash::new(key, Arc::clone(corrected.key()), segment)?;
                out.compute(Task::Tags, Job::PolyHash(job));
                Stage::Hashing { corrected, errors, account, key }
            }
            (Draw::Amplify, Stage::Seeding { verified, account }) => {
                self.amplify(verified, account, bytes, out)?
            }
            _ => return Err(misplaced("random bytes")),
        };
        Ok(())
    }

    /// Goes on to sifting once the batches are complete.
    fn collecting(&mut self, mut collecting: Collecting, out: &mut Outbox) -> Result<Stage, SessionError> {
        Ok(match collecting.matched(&self.plan, out)? {
            None => Stage::Collecting(collecting),
            Some(matched) => {
                self.detected.matched = matched.count_ones() as u64;
                Stage::Matching { matched }
            }
        })
    }

    fn split(
        &mut self,
        matched: Bits,
        planes: Vec<Bits>,
        sample_seed: Option<[u8; 32]>,
        out: &mut Outbox,
    ) -> Result<Stage, SessionError> {
        let mut planes = planes.into_iter().map(Arc::new);
        let (Some(basis), Some(bit), Some(low), Some(high)) =
            (planes.next(), planes.next(), planes.next(), planes.next())
        else {
            return Err(misplaced("a Sift result with too few planes"));
        };
        let test = test_mask(&self.plan.profile, &basis, sample_seed.as_ref())?;
        let intensity = [low, high];
        let split = Split::start(test, &[bit, Arc::clone(&intensity[0]), Arc::clone(&intensity[1])], out)?;
        Ok(Stage::Splitting { matched, sample_seed, intensity, split })
    }

    fn announce(
        &mut self,
        matched: &Bits,
        sample_seed: Option<[u8; 32]>,
        intensity: &[Shared; 2],
        key: Vec<Bits>,
        test: Vec<Bits>,
        out: &mut Outbox,
    ) -> Stage {
        let decoys = !self.plan.profile.intensities.is_empty();
        let message = Sifting {
            matched: matched.clone(),
            intensity: decoys.then(|| [(*intensity[0]).clone(), (*intensity[1]).clone()]),
            sample_seed,
            test: test[0].clone(),
        };
        out.send(Kind::Sifting, message.encode());
        Stage::Testing { key, test }
    }

    fn test_bits(
        &mut self,
        key: Vec<Bits>,
        test: Vec<Bits>,
        payload: &[u8],
        context: &BlockContext,
        out: &mut Outbox,
    ) -> Result<Stage, SessionError> {
        let mut errors = decode_bits(payload, test[0].len())?;
        errors.xor_assign(&test[0]);
        let (bits, mut account) = open_account(&self.plan, Role::Alice, &self.detected, key, test, &errors)?;
        if bits.is_empty() {
            watch(&mut account, Role::Alice, &self.plan.profile, context, out);
            account.decide();
            end_without_key(&account, out);
            return Ok(Stage::Finished);
        }
        out.draw(Draw::Reconcile, 32);
        Ok(Stage::Planning { sifted: Sifted::new(bits), account })
    }

    fn reconciling(sifted: Sifted, mut account: Account, mut reconciler: Reconciler) -> Stage {
        match reconciler.outcome() {
            None => Stage::Reconciling { sifted, account, reconciler },
            Some(outcome) => {
                account.reconciled(reconciler.method(), &outcome);
                let Outcome { errors, undecoded, .. } = outcome;
                Stage::Reported { corrected: sifted.keep(undecoded), errors, account }
            }
        }
    }

    fn reported(
        &mut self,
        corrected: Corrected,
        errors: Option<Bits>,
        mut account: Account,
        payload: &[u8],
        context: &BlockContext,
        out: &mut Outbox,
    ) -> Result<Stage, SessionError> {
        let len = corrected.key().len();
        let listed = errors.is_none() && self.plan.profile.proof.needs_key_errors();
        let report = message::Corrected::decode(payload, len, listed)?;
        if let Some(known) = &errors
            && known.count_ones() as u64 != report.errors
        {
            return Err(SessionError::Peer(ProtocolError::Disagreement {
                block: self.plan.block,
                what: "the number of corrected errors",
                ours: known.count_ones().to_string(),
                theirs: report.errors.to_string(),
            }));
        }
        let errors = errors.or_else(|| {
            let mut marked = Bits::zeros(len);
            report.positions?.iter().for_each(|&position| marked.set(position as usize, true));
            Some(marked)
        });
        account.corrected(report.errors);
        account.ledger.alarms.enter(Role::Bob, report.alarm);
        if let Some(errors) = &errors {
            count_errors(&mut account, Role::Alice, corrected.key(), errors);
        }
        watch(&mut account, Role::Alice, &self.plan.profile, context, out);
        out.draw(Draw::HashKey, 16);
        Ok(Stage::Keying { corrected, errors, account })
    }

    fn compared(
        &mut self,
        corrected: Corrected,
        errors: Option<&Bits>,
        mut account: Account,
        segments: usize,
        payload: &[u8],
        out: &mut Outbox,
    ) -> Result<Stage, SessionError> {
        let equal = decode_bits(payload, segments)?;
        let verified = drop_unequal(corrected, &equal, errors, &self.plan, &mut account);
        out.push(Action::Measured { errors: account.errors(), bits: verified.len() as u64 });
        if account.decide() == 0 {
            out.send(Kind::Amplify, Amplify { secret_bits: 0, seed: Bits::default() }.encode());
            end_without_key(&account, out);
            return Ok(Stage::Finished);
        }
        let family = Family::from(self.plan.profile.amplification.family);
        let seed_bits = family.seed_len(verified.len(), account.ledger.secret as usize);
        out.draw(Draw::Amplify, seed_bits.div_ceil(8));
        Ok(Stage::Seeding { verified, account })
    }

    fn amplify(
        &mut self,
        verified: Verified,
        account: Account,
        bytes: &[u8],
        out: &mut Outbox,
    ) -> Result<Stage, SessionError> {
        let family = Family::from(self.plan.profile.amplification.family);
        let secret_bits = account.ledger.secret;
        let seed_len = family.seed_len(verified.len(), secret_bits as usize);
        if bytes.len() != seed_len.div_ceil(8) {
            return Err(misplaced("a seed of the wrong length"));
        }
        let seed = Bits::from_bytes(bytes, seed_len);
        let message = Amplify { secret_bits, seed };
        out.send(Kind::Amplify, message.encode());
        let (amplifying, job) = verified.amplify(family, message.seed, secret_bits as usize)?;
        out.compute(Task::Amplify, Job::Toeplitz(job));
        Ok(Stage::Amplifying { amplifying, account })
    }

    fn decided(
        &mut self,
        amplified: Amplified,
        account: &Account,
        payload: &[u8],
        out: &mut Outbox,
    ) -> Result<Stage, SessionError> {
        let accepted = peer_accepts(account, payload, self.plan.block)?;
        deliver(amplified, &accepted, account, out)?;
        Ok(Stage::Finished)
    }
}
