//! [`Engine`]: one side of a Cascade run, round by round.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use qkdpp_kernels::parities::Permutation;
use qkdpp_kernels::{Bits, ShapeError};

use super::CascadeError;
use super::knowledge::Knowledge;
use super::variant::Schedule;

/// The passes in which a frame halves all its odd intervals in the same round. From the third pass on it halves one
/// at a time: few errors are left then, and the error found in one interval often leads, through the passes before, to
/// the error in another, which then costs nothing. At 1–5 % that is worth 0.2–0.5 % of f for a few dozen rounds more;
/// one at a time in the second pass as well would save 0.1 % for hundreds.
const SIMULTANEOUS_PASSES: usize = 2;

/// A question about the error pattern: the parity of the places `low..split` of a permuted frame. It halves the odd
/// interval `low..high`, or asks for a whole block of a new pass, where `split` is `high`.
#[derive(Clone, Copy)]
struct Question {
    frame: u32,
    pass: u32,
    low: u32,
    split: u32,
    high: u32,
}

impl Question {
    fn whole(frame: usize, pass: usize, block: &Range<usize>) -> Self {
        let (low, high) = (block.start as u32, block.end as u32);
        Self { frame: frame as u32, pass: pass as u32, low, split: high, high }
    }

    fn half(frame: usize, pass: usize, interval: &Range<usize>) -> Self {
        let split = interval.start + interval.len() / 2;
        Self { split: split as u32, ..Self::whole(frame, pass, interval) }
    }
}

/// One side of a Cascade run over a block of frames of equal length.
///
/// Alice and Bob run the same engine. A round is one message each way, in either order:
/// ```text
/// while !engine.is_finished() {
///     if let Some(message) = engine.next_message() { send(message) }
///     engine.receive(&peer_message)?
/// }
/// ```
/// The engine never sees the key, only its parities; at the end both sides know the same error positions, and Bob
/// adds [`located_errors`](Self::located_errors) to his key.
pub struct Engine {
    schedule: Schedule,
    permutations: Vec<Arc<Permutation>>,
    own_parities: Vec<Bits>,
    knowledge: Knowledge,
    /// The questions of this round; those of a frame stand together, frames ascending.
    questions: Vec<Question>,
    /// The list of the round before, kept for its memory.
    spare: Vec<Question>,
    /// The own answers to `questions`, as they are sent: public, so that nothing here needs wiping.
    own_answers: Vec<u8>,
    /// Messages not handed out yet: two, if the peer's message overtakes the own one.
    outbox: VecDeque<Vec<u8>>,
    rounds: u64,
    parities_exchanged: u64,
    failure: Option<CascadeError>,
}

impl Engine {
    /// A run over `frames` frames, with its first round ready.
    ///
    /// `permutations`: one for each pass of `schedule`, the first the identity (see [`permutations`]).
    /// `own_parities`: for each pass the running parities of the own frames, permuted (kernel contract, section 4).
    ///
    /// # Errors
    /// If there are not as many permutations or parities as passes, or one has not the length of the frame or of all
    /// frames, or the frame is longer than 2^32 − 1 bits or there are more frames than that.
    ///
    /// [`permutations`]: super::permutations
    pub fn new(
        schedule: Schedule,
        permutations: Vec<Arc<Permutation>>,
        frames: usize,
        own_parities: Vec<Bits>,
    ) -> Result<Self, ShapeError> {
        let (frame_bits, passes) = (schedule.frame_bits(), schedule.passes());
        expect("the frame length", frame_bits, 1, u32::MAX as usize)?;
        expect("the number of frames", frames, 0, (u32::MAX as usize).min(usize::MAX / frame_bits))?;
        expect("the number of permutations", permutations.len(), passes, passes)?;
        expect("the number of passes with parities", own_parities.len(), passes, passes)?;
        for permutation in &permutations {
            expect("the length of a permutation", permutation.len(), frame_bits, frame_bits)?;
        }
        for parities in &own_parities {
            let (want, got) = (frames * frame_bits, parities.len());
            if got != want {
                return Err(ShapeError::Length { what: "a list of running parities", want, got });
            }
        }

        let mut engine = Self {
            knowledge: Knowledge::new(&permutations, frame_bits, frames),
            schedule,
            permutations,
            own_parities,
            questions: Vec::new(),
            spare: Vec::new(),
            own_answers: Vec::new(),
            outbox: VecDeque::new(),
            rounds: 0,
            parities_exchanged: 0,
            failure: None,
        };
        for frame in 0..frames {
            engine.start_pass(frame);
        }
        engine.begin_round();
        Ok(engine)
    }

    /// The own message of a round, once; `None` until the peer's message has started the next one.
    ///
    /// The parities of the own key for the questions of the round, in their order, packed least significant bit first;
    /// the last byte is padded with zeros.
    pub fn next_message(&mut self) -> Option<Vec<u8>> {
        self.outbox.pop_front()
    }

    /// Takes the peer's message of this round and starts the next round, if there is one.
    ///
    /// # Errors
    /// If the message cannot be the peer's. The run is over then: every further message gets the same error.
    pub fn receive(&mut self, peer: &[u8]) -> Result<(), CascadeError> {
        let outcome = match self.failure {
            Some(failure) => Err(failure),
            None => self.check(peer).and_then(|()| self.settle_round(peer)),
        };
        self.failure = outcome.err();
        outcome
    }

    /// Whether every frame has gone through all its passes, and every own message was handed out.
    pub fn is_finished(&self) -> bool {
        self.failure.is_none() && self.questions.is_empty() && self.outbox.is_empty()
    }

    /// The positions where the keys differ, as far as they are found: one bit per key bit, frame by frame.
    ///
    /// Few errors may remain after the last pass; verification has to find them.
    pub fn located_errors(&self) -> &Bits {
        self.knowledge.located_errors()
    }

    /// Number of frames.
    pub fn frames(&self) -> usize {
        self.located_errors().len() / self.schedule.frame_bits()
    }

    /// Rounds begun.
    pub fn rounds(&self) -> u64 {
        self.rounds
    }

    /// Parities that each side has sent, or is about to send in the round begun: the leakage, if only what Alice sends
    /// is counted, and half of it if both directions are.
    pub fn parities_exchanged(&self) -> u64 {
        self.parities_exchanged
    }

    fn check(&self, peer: &[u8]) -> Result<(), CascadeError> {
        let (parities, want, got) = (self.questions.len(), self.own_answers.len(), peer.len());
        if parities == 0 {
            return Err(CascadeError::Finished { rounds: self.rounds, got });
        }
        if got != want {
            return Err(CascadeError::MessageLength { round: self.rounds, parities, want, got });
        }
        let (used, last) = (parities % 8, peer[want - 1]);
        if used != 0 && last >> used != 0 {
            return Err(CascadeError::Padding { round: self.rounds, used, last });
        }
        Ok(())
    }

    fn settle_round(&mut self, peer: &[u8]) -> Result<(), CascadeError> {
        let asked = std::mem::replace(&mut self.questions, std::mem::take(&mut self.spare));
        let mut index = 0;
        for of_frame in asked.chunk_by(|a, b| a.frame == b.frame) {
            let before = self.questions.len();
            for &question in of_frame {
                let differ = (peer[index / 8] ^ self.own_answers[index / 8]) >> (index % 8) & 1 == 1;
                self.settle(question, differ)?;
                index += 1;
            }
            if self.questions.len() == before {
                self.ask_next(of_frame[0].frame as usize)?;
            }
        }
        self.spare = asked;
        self.spare.clear();
        self.begin_round();
        Ok(())
    }

    /// Draws the conclusions from an answer; `differ`: the two sides' parities differ.
    fn settle(&mut self, question: Question, differ: bool) -> Result<(), CascadeError> {
        let Question { frame, pass, low, split, high } = question;
        let [frame, pass, low, split, high] = [frame, pass, low, split, high].map(|number| number as usize);
        let odd = differ ^ self.knowledge.located_parity(frame, pass, low..split);
        if split == high {
            if odd {
                self.settle_odd_block(frame, pass, low);
            }
            return Ok(());
        }
        if self.schedule.reuse() {
            self.knowledge.cut(frame, pass, split);
            if !odd {
                self.knowledge.toggle(frame, pass, low);
                self.knowledge.toggle(frame, pass, split);
            }
        }
        self.search(frame, pass, if odd { low..split } else { split..high })
    }

    /// Every pass but the first starts with an even number of errors in the frame, so that the parity of its last
    /// block is the sum of the others and is not asked.
    fn settle_odd_block(&mut self, frame: usize, pass: usize, low: usize) {
        self.knowledge.toggle(frame, pass, low);
        if pass > 0 {
            self.knowledge.toggle(frame, pass, self.schedule.frame_bits() - 1);
        }
    }

    /// Goes on with an odd interval: halves it, or takes its only bit for an error.
    fn search(&mut self, frame: usize, pass: usize, odd: Range<usize>) -> Result<(), CascadeError> {
        if odd.len() > 1 {
            self.questions.push(Question::half(frame, pass, &odd));
            return Ok(());
        }
        let bit = self.permutations[pass].indices()[odd.start] as usize;
        if self.knowledge.locate(frame, bit) {
            Ok(())
        } else {
            Err(CascadeError::Contradiction { round: self.rounds, frame, bit })
        }
    }

    /// The next questions of a frame that has none open; none if it has gone through all passes.
    fn ask_next(&mut self, frame: usize) -> Result<(), CascadeError> {
        let before = self.questions.len();
        while self.questions.len() == before {
            if let Some(pass) = self.knowledge.first_odd_pass(frame) {
                self.search_pass(frame, pass)?;
            } else if !self.start_pass(frame) {
                break;
            }
        }
        Ok(())
    }

    /// Searches the odd intervals of a pass.
    fn search_pass(&mut self, frame: usize, pass: usize) -> Result<(), CascadeError> {
        let mut from = 0;
        while let Some(odd) = self.knowledge.odd_interval_from(frame, pass, from) {
            from = odd.end;
            self.search(frame, pass, odd)?;
            if pass >= SIMULTANEOUS_PASSES {
                break;
            }
        }
        Ok(())
    }

    /// Asks for the blocks of a frame's next pass; false if there is no further pass.
    fn start_pass(&mut self, frame: usize) -> bool {
        let Some(pass) = self.knowledge.start_pass(frame, self.schedule.block_bits()) else { return false };
        let (frame_bits, block_bits) = (self.schedule.frame_bits(), self.schedule.block_bits()[pass]);
        let implied = usize::from(pass > 0);
        for index in 0..frame_bits.div_ceil(block_bits) - implied {
            let block = index * block_bits..((index + 1) * block_bits).min(frame_bits);
            self.questions.push(Question::whole(frame, pass, &block));
        }
        true
    }

    /// Answers the questions of the round with the own parities.
    fn begin_round(&mut self) {
        self.own_answers.clear();
        if self.questions.is_empty() {
            return;
        }
        let (parities, frame_bits) = (&self.own_parities, self.schedule.frame_bits());
        self.own_answers.extend(self.questions.chunks(8).map(|eight| {
            eight.iter().rev().fold(0, |byte, question| {
                let running = &parities[question.pass as usize];
                let start = question.frame as usize * frame_bits;
                let up_to = |place: u32| place > 0 && running.get(start + place as usize - 1);
                byte << 1 | u8::from(up_to(question.low) ^ up_to(question.split))
            })
        }));
        self.outbox.push_back(self.own_answers.clone());
        self.rounds += 1;
        self.parities_exchanged += self.questions.len() as u64;
    }
}

fn expect(what: &'static str, got: usize, min: usize, max: usize) -> Result<(), ShapeError> {
    if (min..=max).contains(&got) { Ok(()) } else { Err(ShapeError::Range { what, min, max, got }) }
}
