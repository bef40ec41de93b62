//! What both sides of an LDPC reconciliation derive alike: the codes, and what is said in which round.
//!
//! A frame of the code holds `payload` key bits; the rest are zeros that both sides know (shortening), spread evenly,
//! since decoders fail sooner where whole base columns are known: of n positions, key bit i of L stands at ⌊i·n/L⌋.

use std::cmp::Reverse;
use std::ops::Range;
use std::sync::Arc;

use qkdpp_kernels::Bits;
use qkdpp_kernels::ldpc::messages::{MESSAGES, Messages};
use qkdpp_kernels::ldpc::{Code, rule};
use qkdpp_kernels::parities::Permutation;

use super::{even_frames, misplaced};
use crate::error::SessionError;
use crate::profile::Reconciliation;
use crate::wire::message::Reconcile;

/// A length is not considered if less than this share of its frames would be key, but for the shortest: a code is made for the leak
/// of full frames. (Of 105,976 bits, a frame of 2^18 leaked 1.29 times the entropy, two of 2^16 leak 1.10 times.)
const FULL_ENOUGH: f64 = 0.75;

/// What both sides derive from the key's length, the error rate and the seed.
pub(super) struct Plan {
    pub(super) messages: Messages,
    /// Bits of a frame of the code.
    pub(super) variables: usize,
    pub(super) frames: usize,
    /// Key bits in a frame.
    pub(super) payload: usize,
    /// Log-likelihood of a received bit in units of 1/4 nat.
    pub(super) channel: u8,
    pub(super) iterations: u32,
    /// Rounds after the syndromes: first the further messages of the codes, then disclosures of bits.
    pub(super) rounds: u32,
    disclosed_per_round: usize,
    /// Where in a frame each of its key bits stands, ascending.
    pub(super) places: Vec<u32>,
    /// Key bits of a frame in the order in which they are disclosed.
    order: Permutation,
}

impl Plan {
    pub(super) fn new(
        settings: Reconciliation,
        announced: &Reconcile,
        key_len: usize,
    ) -> Result<Self, SessionError> {
        let qber = f64::from(announced.qber_ppm) * 1e-6;
        let wanted = MESSAGES.min(settings.ldpc_disclosures as usize + 1);
        let fill = |frame_bits: usize| {
            let (frames, payload) = even_frames(key_len, frame_bits);
            (frames, payload, payload as f64 / frame_bits as f64)
        };
        let lengths = settings.ldpc.frame_bits().iter().copied();
        let leaks_least = lengths
            .enumerate()
            .filter(|&(index, frame_bits)| index == 0 || fill(frame_bits).2 >= FULL_ENOUGH)
            .filter_map(|(_, frame_bits)| {
                let (frames, _, share) = fill(frame_bits);
                // Of as many bits, longer frames: fewer of them need another message.
                Some((frames * Messages::first_bits(frame_bits, qber, share, wanted)?, Reverse(frame_bits)))
            })
            .min();
        let (_, Reverse(frame_bits)) = leaks_least.ok_or_else(|| misplaced("a code"))?;
        let (frames, payload, share) = fill(frame_bits);
        let messages = Messages::new(frame_bits, qber, share, wanted).ok_or_else(|| misplaced("a code"))?;
        let disclosed = (settings.ldpc_disclosed_share * payload as f64).ceil() as usize;
        // The order of disclosure may repeat from frame to frame: the frames' errors are independent of it.
        let order = Permutation::new(&announced.seed, payload)?;
        let most = messages.count() - 1 + payload / disclosed;
        let variables = messages.finest().variables();
        let places = (0..payload).map(|bit| (bit * variables / payload) as u32).collect();
        Ok(Self {
            places,
            messages,
            variables,
            frames,
            payload,
            channel: rule::channel_magnitude(qber),
            iterations: settings.ldpc_iterations,
            rounds: settings.ldpc_disclosures.min(most as u32),
            disclosed_per_round: disclosed,
            order,
        })
    }

    /// What Alice sends in a round after the syndromes, from 1.
    pub(super) fn in_round(&self, round: u32) -> Round {
        let (round, messages) = (round as usize, self.messages.count());
        if round < messages {
            return Round::Parities { message: round };
        }
        let end = (round + 1 - messages) * self.disclosed_per_round;
        let bits = &self.order.indices()[end - self.disclosed_per_round..end];
        Round::Bits { positions: bits.iter().map(|&bit| self.places[bit as usize] as usize).collect() }
    }

    /// Bits that Alice sends in a round for each open frame.
    pub(super) fn bits_in_round(&self, round: u32) -> usize {
        match self.in_round(round) {
            Round::Parities { message } => self.messages.further_bits(message),
            Round::Bits { positions } => positions.len(),
        }
    }

    /// The code that decodes in a round, from 0.
    pub(super) fn code(&self, round: u32) -> &Arc<Code> {
        self.messages.code((round as usize).min(self.messages.count() - 1))
    }

    /// All frames of `key`, with zeros where no key bit stands.
    pub(super) fn framed(&self, key: &Bits) -> Bits {
        let mut framed = Bits::zeros(self.frames * self.variables);
        for frame in 0..self.frames {
            let start = frame * self.variables;
            for (index, &place) in self.range(frame, key.len()).zip(&self.places) {
                framed.set(start + place as usize, key.get(index));
            }
        }
        framed
    }

    /// Positions of a frame where no key bit stands.
    pub(super) fn shortened(&self) -> Bits {
        let mut known = Bits::all_ones(self.variables);
        self.places.iter().for_each(|&place| known.set(place as usize, false));
        known
    }

    /// Part of the sifted key in a frame.
    pub(super) fn range(&self, frame: usize, key_len: usize) -> Range<usize> {
        (frame * self.payload).min(key_len)..((frame + 1) * self.payload).min(key_len)
    }
}

/// What a round after the syndromes tells of each open frame.
pub(super) enum Round {
    /// What this message says.
    Parities { message: usize },
    /// Bits at these positions of the frame.
    Bits { positions: Vec<usize> },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::LdpcFrames;

    #[test]
    fn frames_are_as_long_as_the_profile_allows_and_the_key_fills() {
        let announced = Reconcile { method: 1, qber_ppm: 20_000, seed: [1; 32] };
        for (ldpc, key_len, frames, variables) in [
            (LdpcFrames::Fast, 100, 1, 1 << 14),
            (LdpcFrames::Fast, 1 << 20, 16, 1 << 16),
            (LdpcFrames::Efficient, 105_976, 2, 1 << 16),
            (LdpcFrames::Efficient, 200_000, 1, 1 << 18),
            (LdpcFrames::Efficient, 1 << 20, 4, 1 << 18),
            (LdpcFrames::Longest, 700_000, 3, 1 << 18),
            (LdpcFrames::Longest, 1 << 20, 1, 1 << 20),
        ] {
            let settings = Reconciliation { ldpc, ..Reconciliation::default() };
            let plan = Plan::new(settings, &announced, key_len).expect("a plan");
            assert_eq!((plan.frames, plan.variables), (frames, variables), "{ldpc:?}, {key_len} bits");
        }
    }
}
