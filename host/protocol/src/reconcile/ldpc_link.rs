//! LDPC reconciliation on a block: Alice sends the syndromes of all frames, Bob decodes. Of a frame that does not decode
//! Alice sends parities of a finer code, twice ([`Plan`]); then she discloses some of its bits, a few times;
//! then the frame is given up.

use std::sync::Arc;

use qkdpp_kernels::ldpc::{Decoded, LdpcDecode, Syndrome};
use qkdpp_kernels::{Bits, Job, Output, Shared};

use super::ldpc_plan::{Plan, Round};
use super::{Outcome, misplaced};
use crate::error::SessionError;
use crate::ledger::Leak;
use crate::profile::Reconciliation;
use crate::session::outbox::{Outbox, Task};
use crate::wire::message::{Reconcile, decode_bits, encode_bits};
use crate::wire::{Kind, Role};

enum Side {
    Alice {
        framed: Shared,
        /// The syndromes under the finest code, once they are there; from then on messages go out.
        finest: Option<Vec<Bits>>,
    },
    Bob {
        /// Received frames, with disclosed bits put in.
        words: Vec<Bits>,
        /// Bits of an open frame that are certain.
        known: Bits,
        /// The syndrome of each frame under the code of the round.
        syndromes: Option<Vec<Bits>>,
        decoded: Vec<Option<Bits>>,
        /// Decoders that have not answered.
        pending: usize,
    },
}

pub(crate) struct LdpcLink {
    plan: Plan,
    key: Shared,
    side: Side,
    /// Frames that have not decoded, ascending.
    open: Vec<usize>,
    round: u32,
    syndrome_bits: u64,
    disclosed_bits: u64,
    finished: bool,
    taken: bool,
}

impl LdpcLink {
    pub(crate) fn start(
        role: Role,
        settings: Reconciliation,
        announced: &Reconcile,
        key: &Shared,
        out: &mut Outbox,
    ) -> Result<Self, SessionError> {
        let plan = Plan::new(settings, announced, key.len())?;
        let variables = plan.variables;
        let framed = Arc::new(plan.framed(key));
        let side = match role {
            Role::Alice => {
                let job = Syndrome::new(Arc::clone(plan.messages.finest()), Arc::clone(&framed))?;
                out.compute(Task::Syndromes, Job::Syndrome(job));
                Side::Alice { framed, finest: None }
            }
            Role::Bob => Side::Bob {
                words: (0..plan.frames).map(|f| framed.slice(f * variables..(f + 1) * variables)).collect(),
                known: plan.shortened(),
                syndromes: None,
                decoded: vec![None; plan.frames],
                pending: 0,
            },
        };
        let open = (0..plan.frames).collect();
        let syndrome_bits = (plan.frames * plan.code(0).checks()) as u64;
        Ok(Self {
            plan,
            key: Arc::clone(key),
            side,
            open,
            round: 0,
            syndrome_bits,
            disclosed_bits: 0,
            finished: false,
            taken: false,
        })
    }

    pub(crate) fn message(
        &mut self,
        kind: Kind,
        payload: &[u8],
        out: &mut Outbox,
    ) -> Result<bool, SessionError> {
        match (kind, &mut self.side) {
            (Kind::Syndromes, Side::Bob { syndromes, .. }) if syndromes.is_none() => {
                let bits = decode_bits(payload, self.plan.frames * self.plan.code(0).checks())?;
                *syndromes = Some(cut(&bits, self.plan.code(0).checks()));
                self.decode_open(out)?;
            }
            (Kind::Undecoded, Side::Alice { finest: Some(_), .. }) if !self.finished => {
                self.undecoded(payload, out)?;
            }
            (Kind::Disclosure, Side::Bob { pending: 0, .. }) if self.round > 0 && !self.finished => {
                self.disclosed(payload, out)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    pub(crate) fn done(&mut self, task: Task, output: Output, out: &mut Outbox) -> Result<(), SessionError> {
        match (task, output, &mut self.side) {
            (Task::Syndromes, Output::Syndrome(bits), Side::Alice { finest, .. }) => {
                let syndromes = cut(&bits, self.plan.messages.finest().checks());
                let first: Vec<Bits> =
                    syndromes.iter().map(|finest| self.plan.messages.first(finest)).collect();
                *finest = Some(syndromes);
                out.send(Kind::Syndromes, encode_bits(&Bits::concat(&first)));
                Ok(())
            }
            (Task::Decode(frame), Output::LdpcDecode(result), Side::Bob { .. }) => {
                self.decoder_answered(frame as usize, result, out);
                Ok(())
            }
            _ => Err(misplaced("a finished job")),
        }
    }

    /// Bob: a decoding job for every open frame.
    fn decode_open(&mut self, out: &mut Outbox) -> Result<(), SessionError> {
        let Side::Bob { words, known, syndromes: Some(syndromes), pending, .. } = &mut self.side else {
            return Err(misplaced("decoding"));
        };
        let (plan, code) = (&self.plan, self.plan.code(self.round));
        let known = Arc::new(known.clone());
        for &frame in &self.open {
            let job = LdpcDecode::new(
                Arc::clone(code),
                Arc::new(words[frame].clone()),
                Arc::new(syndromes[frame].clone()),
                Some(Arc::clone(&known)),
                plan.channel,
                plan.iterations,
            )?;
            out.compute(Task::Decode(frame as u32), Job::LdpcDecode(job));
            *pending += 1;
        }
        Ok(())
    }

    /// Bob: after the last answer of a round, tells Alice which frames are open.
    fn decoder_answered(&mut self, frame: usize, result: Decoded, out: &mut Outbox) {
        let Side::Bob { decoded, pending, .. } = &mut self.side else { return };
        if result.converged {
            decoded[frame] = Some(result.word);
        }
        *pending -= 1;
        if *pending == 0 {
            self.open.retain(|&frame| decoded[frame].is_none());
            let mut undecoded = Bits::zeros(self.plan.frames);
            for &frame in &self.open {
                undecoded.set(frame, true);
            }
            out.send(Kind::Undecoded, encode_bits(&undecoded));
            self.next_round();
        }
    }

    /// Both: another round, or the end.
    fn next_round(&mut self) {
        if self.open.is_empty() || self.round == self.plan.rounds {
            self.finished = true;
            return;
        }
        self.round += 1;
        let bits = (self.open.len() * self.plan.bits_in_round(self.round)) as u64;
        match self.plan.in_round(self.round) {
            Round::Parities { .. } => self.syndrome_bits += bits,
            Round::Bits { .. } => self.disclosed_bits += bits,
        }
    }

    /// Alice: discloses the next bits of the frames that are still open.
    fn undecoded(&mut self, payload: &[u8], out: &mut Outbox) -> Result<(), SessionError> {
        let undecoded = decode_bits(payload, self.plan.frames)?;
        let open: Vec<usize> = undecoded.ones().collect();
        if let Some(&frame) = open.iter().find(|frame| self.open.binary_search(frame).is_err()) {
            return Err(SessionError::Peer(crate::error::ProtocolError::Field {
                field: "an undecoded frame",
                want: "one that had not decoded before".into(),
                got: frame as u64,
            }));
        }
        self.open = open;
        self.next_round();
        if !self.finished {
            let Side::Alice { framed, finest: Some(finest) } = &self.side else {
                return Err(misplaced("disclosure"));
            };
            let variables = self.plan.variables;
            let bits: Vec<Bits> = match self.plan.in_round(self.round) {
                Round::Parities { message } => self
                    .open
                    .iter()
                    .map(|&frame| self.plan.messages.further(&finest[frame], message))
                    .collect(),
                Round::Bits { positions } => {
                    let of_frame = |&frame: &usize| {
                        positions
                            .iter()
                            .map(move |position| framed.get(frame * variables + position))
                            .collect()
                    };
                    self.open.iter().map(of_frame).collect()
                }
            };
            let bits = Bits::concat(&bits);
            out.send(Kind::Disclosure, encode_bits(&bits));
        }
        Ok(())
    }

    /// Bob: takes what Alice says of the open frames and decodes them again.
    fn disclosed(&mut self, payload: &[u8], out: &mut Outbox) -> Result<(), SessionError> {
        let of_frame = self.plan.bits_in_round(self.round);
        let told = decode_bits(payload, self.open.len() * of_frame)?;
        let Side::Bob { words, known, syndromes: Some(syndromes), .. } = &mut self.side else {
            return Err(misplaced("disclosure"));
        };
        let round = self.plan.in_round(self.round);
        for (&frame, told) in self.open.iter().zip(cut(&told, of_frame)) {
            match &round {
                Round::Parities { message } => {
                    syndromes[frame] = self.plan.messages.refined(&syndromes[frame], *message, &told);
                }
                Round::Bits { positions } => {
                    for (&position, bit) in positions.iter().zip(told.iter()) {
                        words[frame].set(position, bit);
                        known.set(position, true);
                    }
                }
            }
        }
        self.decode_open(out)
    }

    pub(crate) fn outcome(&mut self) -> Option<Outcome> {
        if !self.finished || std::mem::replace(&mut self.taken, true) {
            return None;
        }
        let ranges = self.open.iter().map(|&frame| self.plan.range(frame, self.key.len())).collect();
        let mut leaks = vec![(Leak::Syndromes, self.syndrome_bits)];
        if self.disclosed_bits > 0 {
            leaks.push((Leak::Disclosure, self.disclosed_bits));
        }
        Some(Outcome {
            errors: self.errors(),
            errors_are_shared: false,
            undecoded: ranges,
            leaks,
            frames: self.plan.frames as u64,
            failed_frames: self.open.len() as u64,
            rounds: u64::from(self.round) + 1,
        })
    }

    /// Bob: received ⊕ decoded; zero in frames that did not decode.
    fn errors(&self) -> Option<Bits> {
        let Side::Bob { decoded, .. } = &self.side else { return None };
        let parts: Vec<Bits> = decoded
            .iter()
            .enumerate()
            .map(|(frame, word)| {
                let range = self.plan.range(frame, self.key.len());
                match word {
                    None => Bits::zeros(range.len()),
                    Some(word) => {
                        let key = self.key.slice(range);
                        let decoded = self.plan.places.iter().map(|&place| word.get(place as usize));
                        key.iter().zip(decoded).map(|(received, decoded)| received != decoded).collect()
                    }
                }
            })
            .collect();
        Some(Bits::concat(&parts))
    }
}

/// The parts of `bits`, `len` each.
fn cut(bits: &Bits, len: usize) -> Vec<Bits> {
    (0..bits.len()).step_by(len).map(|start| bits.slice(start..start + len)).collect()
}
