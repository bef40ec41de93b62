//! Attacks on a link: what an eavesdropper's devices make of the pulses, from a slot of one's choice on.
//!
//! They exist to show that monitors and proofs notice them; nothing here is of use on a real link. Written
//! `NAME[=STRENGTH][@SLOT]`, as in `blinding`, `intercept-resend=0.3`, `sudden-loss=0.5@4000000000`.
//!
//! | name | what Eve does | what it leaves |
//! |-|-|-|
//! | intercept-resend | measures in a random basis, sends what she saw at the same intensity (Bennett and Brassard, 1984) | 25 % errors |
//! | photon-splitting | blocks single photons; of more she keeps one and sends the rest through a lossless line, of as many pulses as keep Bob's rate (Brassard et al., PRL 85, 1330, 2000) | gains as μ² |
//! | blinding | measures in a random basis; Bob's blinded detectors click at her bright pulse if and only if he chose her basis; as many as keep his rate (faked states: Makarov and Hjelme, J. Mod. Opt. 52, 691, 2005; Lydersen et al., Nat. Photon. 4, 686, 2010) | hardly an error, but no double clicks, dark counts or after-pulses |
//! | bright-blinding | the same with too much light: in the other basis both detectors click | double clicks, errors |
//! | time-shift | moves pulses to where the detector of ones is less efficient (Qi et al., Quantum Inf. Comput. 7, 73, 2007) | fewer ones |
//! | after-gate | faked states on detectors that are not blinded, with pulses after the gate that click even within the dead time (Wiechers et al., New J. Phys. 13, 013043, 2011) | clicks within the dead time |
//! | sudden-loss | takes light away | fewer detections |
//!
//! The strength is the share of pulses that Eve acts on; of time-shift, the share of efficiency that is lost; of
//! sudden-loss, the share of light. In all of them Eve's devices are perfect and sit at Alice's output. A time shift whose
//! direction Eve chooses anew for each pulse leaves zeros and ones alike: counts do not show it, the detector mismatch of
//! the proof has to cover it.

mod gates;

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

pub(crate) use gates::Receiving;

/// An attack.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Attack {
    /// What Eve does.
    pub kind: AttackKind,
    /// How much of it, above 0 and up to 1.
    pub strength: f64,
    /// First slot under attack.
    pub from_slot: u64,
}

/// What Eve does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttackKind {
    /// Measure and send again.
    InterceptResend,
    /// Split multi-photon pulses, block single photons.
    PhotonSplitting,
    /// Faked states on blinded detectors.
    Blinding,
    /// The same with too bright pulses.
    BrightBlinding,
    /// Exploit detectors of different efficiency.
    TimeShift,
    /// Faked states after the gate.
    AfterGate,
    /// Take light away.
    SuddenLoss,
}

impl AttackKind {
    /// All attacks.
    pub const ALL: [Self; 7] = [
        Self::InterceptResend,
        Self::PhotonSplitting,
        Self::Blinding,
        Self::BrightBlinding,
        Self::TimeShift,
        Self::AfterGate,
        Self::SuddenLoss,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::InterceptResend => "intercept-resend",
            Self::PhotonSplitting => "photon-splitting",
            Self::Blinding => "blinding",
            Self::BrightBlinding => "bright-blinding",
            Self::TimeShift => "time-shift",
            Self::AfterGate => "after-gate",
            Self::SuddenLoss => "sudden-loss",
        }
    }
}

impl fmt::Display for Attack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}@{}", self.kind.name(), self.strength, self.from_slot)
    }
}

/// A text that names no attack. To be mended by who wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AttackError {
    /// There is no such attack.
    #[error("no attack is called {name:?}; there are {}", known().join(", "))]
    Name {
        /// The name.
        name: String,
    },
    /// The strength is no number above 0 and up to 1.
    #[error("strength {got:?} of {attack}: it must be above 0 and at most 1")]
    Strength {
        /// The attack.
        attack: &'static str,
        /// The strength.
        got: String,
    },
    /// The slot is no whole number.
    #[error("{attack} from slot {got:?}: it must be a whole number")]
    Slot {
        /// The attack.
        attack: &'static str,
        /// The slot.
        got: String,
    },
}

fn known() -> [&'static str; AttackKind::ALL.len()] {
    AttackKind::ALL.map(AttackKind::name)
}

impl FromStr for Attack {
    type Err = AttackError;

    /// Reads `NAME[=STRENGTH][@SLOT]`; the strength is 1 and the slot 0 where they are left out.
    fn from_str(text: &str) -> Result<Self, AttackError> {
        let (head, slot) = text.split_once('@').unwrap_or((text, "0"));
        let (name, strength) = head.split_once('=').unwrap_or((head, "1"));
        let kind = AttackKind::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| AttackError::Name { name: name.to_owned() })?;
        let attack = kind.name();
        let wrong = || AttackError::Strength { attack, got: strength.to_owned() };
        let number: f64 = strength.parse().map_err(|_| wrong())?;
        if !(number > 0.0 && number <= 1.0) {
            return Err(wrong());
        }
        let from_slot = slot.parse().map_err(|_| AttackError::Slot { attack, got: slot.to_owned() })?;
        Ok(Self { kind, strength: number, from_slot })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attacks_are_read_as_they_are_written() {
        let attack = Attack { kind: AttackKind::Blinding, strength: 0.25, from_slot: 700 };
        assert_eq!("blinding=0.25@700".parse(), Ok(attack));
        assert_eq!("blinding@700".parse(), Ok(Attack { strength: 1.0, ..attack }));
        for kind in AttackKind::ALL {
            let attack = Attack { kind, strength: 1.0, from_slot: 0 };
            assert_eq!(kind.name().parse(), Ok(attack));
            assert_eq!(attack.to_string().parse(), Ok(attack));
        }
    }

    #[test]
    fn what_is_no_attack_is_named() {
        let error =
            |text: &str| text.parse::<Attack>().map_or_else(|error| error.to_string(), |_| String::new());
        assert!(error("blind").contains("\"blind\"") && error("blind").contains("after-gate"));
        for strength in ["0", "-1", "1.5", "nan", "much"] {
            assert!(error(&format!("blinding={strength}")).contains(strength), "{strength}");
        }
        assert!(error("blinding@-3").contains("\"-3\""));
    }
}
