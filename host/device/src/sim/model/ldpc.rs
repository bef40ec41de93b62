//! The model's LDPC decoder: interprets the tables of hdl/rtl/ldpc/TABLES.md, row by row and lane by lane.

mod code;

use qkdpp_kernels::ldpc::rule;
use qkdpp_kernels::ldpc::stall::Stall;
use zeroize::{Zeroize, Zeroizing};

use self::code::{Loaded, Slot};
use super::{Finished, Kernel};
use crate::layout::{Capabilities, Status};

/// Gather entries that a row may have: the ring of totals.
const fn totals(banks: usize) -> usize {
    if banks == 1 { 512 } else { 256 }
}

/// The LDPC unit.
#[derive(Debug)]
pub struct Ldpc {
    size: Size,
    code: Option<Loaded>,
}

/// Sizes of the device: TABLES.md.
#[derive(Clone, Copy, Debug)]
struct Size {
    lanes: usize,
    banks: usize,
    columns: usize,
    entries: usize,
    rows: usize,
}

impl Size {
    /// Words that come and go at once.
    fn group(self) -> usize {
        self.banks.min(256 / self.lanes)
    }

    /// Beats of `count` words.
    fn beats(self, count: usize) -> usize {
        (count * self.lanes).div_ceil(256)
    }
}

impl Ldpc {
    /// A unit of the sizes in `capabilities`.
    pub fn new(capabilities: &Capabilities) -> Self {
        let size = Size {
            lanes: capabilities.ldpc_lanes,
            banks: capabilities.ldpc_edges_per_cycle,
            columns: capabilities.ldpc_columns,
            entries: capabilities.ldpc_entries,
            rows: capabilities.ldpc_rows,
        };
        Self { size, code: None }
    }
}

impl Kernel for Ldpc {
    fn run(&mut self, parameters: &[u32; 8], input: &[[u64; 4]], output: &mut Vec<[u64; 4]>) -> Finished {
        let finished = match parameters[0] {
            0 if parameters[1..] == [0; 7] => {
                self.code = None;
                Loaded::read(input, self.size).map(|code| {
                    self.code = Some(code);
                    [0; 2]
                })
            }
            1 if parameters[1] != 0 && parameters[2..] == [0; 6] => {
                self.loaded().and_then(|code| code.syndromes(self.size, parameters[1], input, output))
            }
            2 if (1..=127).contains(&parameters[2]) && parameters[3] <= 1 && parameters[4..] == [0; 4] => {
                self.loaded().and_then(|code| {
                    Decoder::new(code, self.size, parameters, input)?.run(parameters[1], output)
                })
            }
            _ => Err(Status::BadParameter),
        };
        match finished {
            Ok(results) => Finished { status: Status::Ok, results },
            Err(status) => {
                output.iter_mut().for_each(Zeroize::zeroize);
                output.clear();
                Finished::failed(status)
            }
        }
    }

    /// An iteration reads an entry of its table in each cycle.
    fn engine_cycles(&self, parameters: &[u32; 8], _beats: usize, results: [u32; 2]) -> u64 {
        let entries = self.code.as_ref().map_or(0, |code| code.gather_entries as u64);
        if parameters[0] == 2 { u64::from(results[0]) * entries } else { 0 }
    }
}

impl Ldpc {
    fn loaded(&self) -> Result<&Loaded, Status> {
        self.code.as_ref().ok_or(Status::BadParameter)
    }
}

/// T of an edge, with y, in each lane.
type Totals = Zeroizing<Vec<(i16, bool)>>;

/// A bit of each lane.
type Word = Vec<bool>;

/// Word `index` of a part of the input.
fn word(beats: &[[u64; 4]], lanes: usize, index: usize) -> Word {
    let bit = |at: usize| beats[at / 256][at % 256 / 64] >> (at % 64) & 1 == 1;
    (index * lanes..(index + 1) * lanes).map(bit).collect()
}

/// Appends words as a part of the output.
fn put(words: impl Iterator<Item = Word>, output: &mut Vec<[u64; 4]>) {
    let start = output.len() * 256;
    let mut at = start;
    for mut word in words {
        for &bit in &word {
            if at == output.len() * 256 {
                output.push([0; 4]);
            }
            output[at / 256][at % 256 / 64] |= u64::from(bit) << (at % 64);
            at += 1;
        }
        word.zeroize();
    }
}

impl Loaded {
    fn syndromes(
        &self,
        size: Size,
        frames: u32,
        input: &[[u64; 4]],
        output: &mut Vec<[u64; 4]>,
    ) -> Result<[u32; 2], Status> {
        let words = self.depth * size.banks;
        let beats = size.beats(words);
        if input.len() as u64 != u64::from(frames) * beats as u64 {
            return Err(Status::BadLength);
        }
        for frame in input.chunks(beats) {
            let mut columns: Vec<Word> = (0..words).map(|index| word(frame, size.lanes, index)).collect();
            put(self.check.iter().map(|row| Self::row(size, row, &columns)), output);
            columns.zeroize();
        }
        Ok([0; 2])
    }

    /// One row of the syndrome of a frame.
    fn row(size: Size, row: &[Vec<Option<Slot>>], columns: &[Word]) -> Word {
        let mut sum = vec![false; size.lanes];
        for (position, slot) in row.iter().flat_map(|slots| slots.iter().enumerate()) {
            let Some(slot) = slot else { continue };
            // The unit has two slots a bank, for the addresses that are even and odd.
            let column = &columns[(2 * slot.address + position % 2) * size.banks + position / 2];
            for (lane, sum) in sum.iter_mut().enumerate() {
                *sum ^= column[(lane + slot.other) % size.lanes];
            }
        }
        sum
    }
}

/// The state of a decoding.
struct Decoder<'a> {
    code: &'a Loaded,
    size: Size,
    target: Zeroizing<Vec<Word>>,
    word: Zeroizing<Vec<Word>>,
    /// P by column, as it is turned now, with y beside it.
    posteriors: Zeroizing<Vec<Vec<(i16, bool)>>>,
    /// R by gather entry and bank.
    messages: Zeroizing<Vec<Vec<i16>>>,
}

impl<'a> Decoder<'a> {
    fn new(code: &'a Loaded, size: Size, parameters: &[u32; 8], input: &[[u64; 4]]) -> Result<Self, Status> {
        let (rows, words) = (code.check.len(), code.depth * size.banks);
        let with_known = parameters[3] == 1;
        let columns = if with_known { 2 * words } else { words };
        let target_beats = size.beats(rows);
        if input.len() != target_beats + size.beats(columns) {
            return Err(Status::BadLength);
        }
        let (target, frame) = input.split_at(target_beats);
        let posteriors = (0..words).map(|index| {
            let (group, within) = (index / size.group(), index % size.group());
            let at =
                |mask: usize| if with_known { (2 * group + mask) * size.group() + within } else { index };
            let mut bits = word(frame, size.lanes, at(0));
            let mut known = if with_known { word(frame, size.lanes, at(1)) } else { vec![false; size.lanes] };
            let posterior = |(&bit, &known): (&bool, &bool)| {
                let magnitude = if known { i16::from(rule::LIMIT) } else { parameters[2] as i16 };
                (if bit { -magnitude } else { magnitude }, bit)
            };
            let posteriors = bits.iter().zip(&known).map(posterior).collect();
            bits.zeroize();
            known.zeroize();
            posteriors
        });
        let posteriors: Vec<Vec<(i16, bool)>> = posteriors.collect();
        Ok(Self {
            code,
            size,
            target: Zeroizing::new((0..rows).map(|row| word(target, size.lanes, row)).collect()),
            word: Zeroizing::default(),
            posteriors: Zeroizing::new(posteriors),
            messages: Zeroizing::new(vec![vec![0; size.lanes]; code.gather_entries * size.banks]),
        })
    }

    fn run(&mut self, limit: u32, output: &mut Vec<[u64; 4]>) -> Result<[u32; 2], Status> {
        let (mut stall, mut stalled) = (Stall::default(), false);
        let mut iterations = 0;
        loop {
            self.decide();
            let mut rows = self.code.check.iter().zip(&*self.target);
            let converged = rows.all(|(row, target)| Loaded::row(self.size, row, &self.word) == *target);
            if converged || stalled || iterations == limit {
                put(self.word.iter().cloned(), output);
                return Ok([iterations, converged.into()]);
            }
            stalled = stall.after(self.iteration()?);
            iterations += 1;
        }
    }

    fn decide(&mut self) {
        let decision = |&(posterior, bit): &(i16, bool)| if posterior == 0 { bit } else { posterior < 0 };
        let words = self.posteriors.iter().map(|column| column.iter().map(decision).collect());
        *self.word = words.collect();
    }

    /// Returns in how many lanes of all rows a check was not satisfied.
    fn iteration(&mut self) -> Result<u64, Status> {
        let mut pending = vec![false; self.posteriors.len()];
        let (mut first, mut unsatisfied) = (0, 0);
        for row in 0..self.target.len() {
            unsatisfied += self.row(row, first, &mut pending)?;
            first += self.code.gather[row].len();
        }
        Ok(unsatisfied)
    }

    /// One row, whose gather entries begin with `first`; returns in how many lanes its check was not satisfied.
    fn row(&mut self, row: usize, first: usize, pending: &mut [bool]) -> Result<u64, Status> {
        let (banks, lanes) = (self.size.banks, self.size.lanes);
        let entries = &self.code.gather[row];
        if entries.len() > totals(banks) {
            return Err(Status::BadData);
        }
        let limit = i16::from(rule::LIMIT);
        // Of each edge: its index among the messages, and its totals.
        let mut edges: Vec<(usize, Totals)> = Vec::new();
        for (index, slots) in entries.iter().enumerate() {
            for (bank, slot) in slots.iter().enumerate().filter_map(|(bank, slot)| Some((bank, (*slot)?))) {
                let column = slot.address * banks + bank;
                // The unit would wait for ever.
                if std::mem::replace(&mut pending[column], true) {
                    return Err(Status::BadData);
                }
                let message = (first + index) * banks + bank;
                let total = (0..lanes).map(|lane| {
                    let (posterior, bit) = self.posteriors[column][(lane + slot.other) % lanes];
                    ((posterior - self.messages[message][lane]).clamp(-limit, limit), bit)
                });
                edges.push((message, Zeroizing::new(total.collect())));
            }
        }
        let mut inputs = Zeroizing::new(Vec::with_capacity(edges.len()));
        let mut unsatisfied = 0;
        for lane in 0..lanes {
            inputs.clear();
            inputs.extend(edges.iter().map(|(_, total)| total[lane].0));
            unsatisfied += u64::from(rule::is_unsatisfied(self.target[row][lane], &inputs));
            rule::answer(self.target[row][lane], &mut inputs);
            for ((message, total), &answer) in edges.iter().zip(&*inputs) {
                let total = total[lane].0;
                self.messages[*message][lane] = (total + answer).clamp(-limit - 1, limit) - total;
            }
        }
        for (bank, slot) in self.code.scatter[row].iter().flat_map(|slots| slots.iter().enumerate()) {
            let Some(slot) = slot else { continue };
            let message = slot.other * banks + bank;
            // Only tables that describe no code name another row's edge.
            let (_, total) = edges.iter().find(|(index, _)| *index == message).ok_or(Status::BadData)?;
            let column = slot.address * banks + bank;
            pending[column] = false;
            for (lane, posterior) in self.posteriors[column].iter_mut().enumerate() {
                let (total, bit) = total[lane];
                *posterior = (total + self.messages[message][lane], bit);
            }
        }
        Ok(unsatisfied)
    }
}
