//! [`Engine`]: one side of a Cascade run, round by round.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use qkdpp_kernels::bitslice::GROUP;
use qkdpp_kernels::simd::fastest;
use qkdpp_kernels::{Bits, ShapeError, Shared};

use super::CascadeError;
use super::frames::{Frames, Own};
use super::packed::{Packer, Reader};
use super::search::{Contradiction, Search, Work};
use super::sweep::Sweep;
use super::tables::Tables;
use crate::wire::Role;

/// One side of a Cascade run over a block of frames of equal length.
///
/// A round is one message each way, in either order:
/// ```text
/// while !engine.is_finished() {
///     if let Some(message) = engine.next_message() { send(message) }
///     engine.receive(&peer_message)?
/// }
/// ```
/// Alice sends parities of her key, Bob parities of his key with the errors located so far corrected. At the end both
/// sides know the same error positions, and Bob adds [`located_errors`](Self::located_errors) to his key.
pub struct Engine {
    block: Block,
    groups: Vec<Group>,
    frames: Frames,
    /// The own parities of this round.
    own: Packer,
    /// Messages not handed out yet: two, if the peer's message overtakes the own one.
    outbox: VecDeque<Vec<u8>>,
    rounds: u64,
    parities_exchanged: u64,
    failure: Option<CascadeError>,
}

/// What the groups of a run have in common.
struct Block {
    tables: Arc<Tables>,
    key: Shared,
    /// Running parities of all frames for each pass but the first.
    parities: Vec<Bits>,
    frames: usize,
}

/// Up to 64 frames, which go through pass 0 together.
struct Group {
    frames: Range<usize>,
    stage: Stage,
}

#[derive(Default)]
enum Stage {
    /// The blocks of pass 0 are asked for.
    Blocks(Sweep),
    /// A level of pass 0 is.
    Level(Sweep, usize),
    /// The blocks of the other passes are, and the checks.
    OtherBlocks(Search),
    /// Every frame asks what it needs.
    Search(Search),
    /// Nothing is left to ask.
    Finished,
    /// The peer contradicted itself.
    #[default]
    Failed,
}

impl Engine {
    /// A run over the frames of `key`, with its first round ready.
    ///
    /// `parities`: for each pass but the first the running parities of the own frames, permuted (kernel contract, section 4).
    ///
    /// # Errors
    /// If `key` is no whole number of frames, or there are not as many lists of parities as further passes, or one has not the
    /// length of the key.
    pub fn new(
        role: Role,
        tables: Arc<Tables>,
        key: Shared,
        parities: Vec<Bits>,
    ) -> Result<Self, ShapeError> {
        let (frame_bits, further) = (tables.frame_bits(), tables.passes() - 1);
        let (want, got) = (key.len().next_multiple_of(frame_bits), key.len());
        if got != want {
            return Err(ShapeError::Length { what: "a key of whole frames", want, got });
        }
        if parities.len() != further {
            let (what, got) = ("the number of passes with parities", parities.len());
            return Err(ShapeError::Range { what, min: further, max: further, got });
        }
        if let Some(list) = parities.iter().find(|list| list.len() != want) {
            return Err(ShapeError::Length { what: "a list of running parities", want, got: list.len() });
        }
        let frames = want / frame_bits;
        let mut engine = Self {
            frames: Frames::new(&tables, role, frames),
            block: Block { tables, key, parities, frames },
            groups: Vec::new(),
            own: Packer::default(),
            outbox: VecDeque::new(),
            rounds: 0,
            parities_exchanged: 0,
            failure: None,
        };
        for first in (0..frames).step_by(GROUP) {
            let group = first..(first + GROUP).min(frames);
            engine.groups.push(fastest(
                #[inline(always)]
                || Group::new(&engine.block, group, &mut engine.own),
            ));
        }
        engine.begin_round();
        Ok(engine)
    }

    /// The own message of a round, once; `None` until the peer's message has started the next one.
    ///
    /// The own parities for the questions of the round, in their order, packed least significant bit first; the last byte is
    /// padded with zeros.
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
        self.failure.is_none() && self.own.len() == 0 && self.outbox.is_empty()
    }

    /// The positions where the keys differ, as far as they were found: one bit per key bit, frame by frame. Groups of
    /// frames that are not through have none yet.
    ///
    /// Few errors may remain after the last pass; verification has to find them.
    pub fn located_errors(&self) -> Bits {
        let frame_bits = self.block.tables.frame_bits();
        if self.groups.iter().all(|group| matches!(group.stage, Stage::Finished))
            && frame_bits.is_multiple_of(64)
        {
            return Bits::from_words(self.frames.all_located().to_vec(), self.block.frames * frame_bits);
        }
        let of_frame = |group: &Group, frame| match group.stage {
            Stage::Finished => Bits::from_words(self.frames.located(frame).to_vec(), frame_bits),
            _ => Bits::zeros(frame_bits),
        };
        let of_group = |group: &Group| group.frames.clone().map(|frame| of_frame(group, frame)).collect();
        let frames: Vec<Bits> = self.groups.iter().flat_map::<Vec<Bits>, _>(of_group).collect();
        Bits::concat(&frames)
    }

    /// Number of frames.
    pub fn frames(&self) -> usize {
        self.block.frames
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
        let (parities, got) = (self.own.len(), peer.len());
        if parities == 0 {
            return Err(CascadeError::Finished { rounds: self.rounds, got });
        }
        let want = parities.div_ceil(8);
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
        let mut differences = self.own.differences(peer);
        self.own.clear();
        let Self { block, groups, frames, own, .. } = self;
        let keys = Own { key: &block.key, parities: &block.parities };
        let mut work = Work { tables: &block.tables, own: keys, frames, questions: own };
        for group in groups {
            let settled = fastest(
                #[inline(always)]
                || group.settle(&mut work, &mut differences),
            );
            settled.map_err(|Contradiction { frame, bit }| CascadeError::Contradiction {
                round: self.rounds,
                frame,
                bit,
            })?;
        }
        self.begin_round();
        Ok(())
    }

    fn begin_round(&mut self) {
        let questions = self.own.len() as u64;
        if questions > 0 {
            self.outbox.push_back(self.own.to_bytes());
            self.rounds += 1;
            self.parities_exchanged += questions;
        }
    }
}

impl Group {
    fn new(block: &Block, frames: Range<usize>, questions: &mut Packer) -> Self {
        let sweep = Sweep::new(&block.tables, &block.key, frames.start, frames.len());
        sweep.ask_blocks(&block.tables, questions);
        Self { frames, stage: Stage::Blocks(sweep) }
    }

    /// Takes the differences of this group's questions, and asks those of the next round.
    #[inline(always)]
    fn settle(&mut self, work: &mut Work<'_>, differences: &mut Reader) -> Result<(), Contradiction> {
        if let Stage::Search(search) = &mut self.stage {
            search.round(work, differences)?;
            if search.is_finished() {
                self.stage = Stage::Finished;
            }
            return Ok(());
        }
        self.stage = match std::mem::take(&mut self.stage) {
            Stage::Blocks(mut sweep) => {
                sweep.settle_blocks(work.tables, differences);
                self.halve(sweep, 0, work)?
            }
            Stage::Level(mut sweep, level) => {
                sweep.settle_level(work.tables, level, differences);
                self.halve(sweep, level + 1, work)?
            }
            Stage::OtherBlocks(search) => Self::search(search, work, differences)?,
            ended => ended,
        };
        Ok(())
    }

    /// The next level of pass 0, or the other passes where no interval is odd any more.
    #[inline(always)]
    fn halve(&self, sweep: Sweep, level: usize, work: &mut Work<'_>) -> Result<Stage, Contradiction> {
        let before = work.questions.len();
        sweep.ask_level(work.tables, level, work.questions);
        if work.questions.len() > before {
            return Ok(Stage::Level(sweep, level));
        }
        work.frames.take(work.tables, &work.own, &sweep.found(), self.frames.clone());
        let search = Search::new(self.frames.clone());
        search.ask_blocks(work);
        if work.questions.len() > before {
            return Ok(Stage::OtherBlocks(search));
        }
        Self::search(search, work, &mut Packer::default().differences(&[]))
    }

    #[inline(always)]
    fn search(
        mut search: Search,
        work: &mut Work<'_>,
        differences: &mut Reader,
    ) -> Result<Stage, Contradiction> {
        search.settle_blocks(work, differences)?;
        Ok(if search.is_finished() { Stage::Finished } else { Stage::Search(search) })
    }
}
