//! The checks: from the counts of a block to findings, as pure functions.
//!
//! Most compare a count with a band that the profile declares. The others need no declaration, since they hold for every
//! link that only loses photons and adds dark counts:
//! * gains rise with the intensity, but not faster than it: 1 − (1−Y₀)·exp(−ημ) is concave in μ and not negative at 0, so
//!   Q(μ)/μ falls. Photon-number splitting makes gains convex (Q ∝ μ² where single photons are blocked);
//! * the brighter the pulse, the lower its error rate, since dark counts weigh less;
//! * zeros and ones err alike, and are detected alike.
//!
//! Where two measured rates are compared, one is replaced by its confidence limit (Clopper and Pearson) at the error
//! probability of an alarm, which is then spent twice.

use super::binomial::{lower_limit, tail_above, tail_below, upper_limit};
use super::settings::{Band, Settings};
use super::tables::{BitTable, Observed, Receiver};
use super::{Finding, Monitor, Verdict};
use crate::profile::{Profile, Test};

/// More checks than one side makes of a block: each gets so much of the false-alarm probability, whatever the data are.
const CHECKS: f64 = 40.0;

/// Everything one side can say about a block.
pub fn watch(profile: &Profile, observed: &Observed) -> Vec<Finding> {
    let mut checks = Checks::new(profile);
    checks.detections(observed);
    if let Some(receiver) = &observed.receiver {
        checks.receiver(receiver);
    }
    checks.gains(observed);
    checks.test(observed);
    checks.key(observed);
    debug_assert!(checks.findings.len() <= CHECKS as usize, "{} checks", checks.findings.len());
    checks.findings
}

/// A count to be judged.
struct Count {
    monitor: Monitor,
    subject: String,
    events: u64,
    trials: u64,
    allowed: Band,
    /// Number of alike counts of which this is the farthest out.
    worst_of: u64,
    secret: bool,
}

struct Checks<'a> {
    profile: &'a Profile,
    settings: &'a Settings,
    /// False-alarm probability of one tail of one check.
    tail: f64,
    findings: Vec<Finding>,
}

impl<'a> Checks<'a> {
    fn new(profile: &'a Profile) -> Self {
        let settings = &profile.monitor;
        let tail = settings.false_alarm / (2.0 * CHECKS);
        Self { profile, settings, tail, findings: Vec::new() }
    }

    /// A check of public counts.
    fn check(&mut self, monitor: Monitor, subject: impl Into<String>, counts: (u64, u64), allowed: Band) {
        let (events, trials) = counts;
        let subject = subject.into();
        self.judge(Count { monitor, subject, events, trials, allowed, worst_of: 1, secret: false });
    }

    fn judge(&mut self, count: Count) {
        let Count { monitor, subject, events, trials, allowed, worst_of, secret } = count;
        let tail = (outside(events, trials, allowed) * worst_of as f64).min(1.0);
        let verdict = if tail <= self.tail {
            Verdict::Alarm
        } else if tail <= libm::sqrt(self.tail) {
            Verdict::Warning
        } else {
            Verdict::Fine
        };
        self.findings.push(Finding {
            monitor,
            subject,
            events: Some(events),
            trials: Some(trials),
            measured: (trials > 0).then(|| events as f64 / trials as f64),
            allowed,
            tail: Some(tail),
            verdict,
            secret,
        });
    }

    /// Bob's detections, over the block and in the batch that is farthest out.
    fn detections(&mut self, observed: &Observed) {
        let Some(allowed) = self.settings.detections else { return };
        let total = observed.batches.iter().map(|(_, detections)| detections).sum();
        self.check(Monitor::Detections, "per slot", (total, observed.slots), allowed);
        let odds = |&(slots, detections): &(u32, u64)| outside(detections, slots.into(), allowed);
        let worst = observed.batches.iter().min_by(|a, b| odds(a).total_cmp(&odds(b)));
        if let Some(&(slots, events)) = worst {
            self.judge(Count {
                monitor: Monitor::Detections,
                subject: format!("per slot, worst of {} batches", observed.batches.len()),
                events,
                trials: slots.into(),
                allowed,
                worst_of: observed.batches.len() as u64,
                secret: false,
            });
        }
    }

    fn receiver(&mut self, receiver: &Receiver) {
        let Settings { dead_time_slots, after_pulses, double_clicks, key_basis, .. } = *self.settings;
        if dead_time_slots > 0 {
            let never = Band { low: 0.0, high: 0.0 };
            let counts = (receiver.within_dead_time, receiver.gaps);
            self.check(Monitor::DeadTime, "clicks within it", counts, never);
        }
        if let Some(allowed) = after_pulses {
            let counts = (receiver.after_pulses, receiver.gaps);
            self.check(Monitor::AfterPulses, "per click", counts, allowed);
        }
        if let Some(allowed) = double_clicks {
            let counts = (receiver.double_clicks.iter().sum(), receiver.total());
            self.check(Monitor::DoubleClicks, "per detection", counts, allowed);
        }
        if let Some(allowed) = key_basis {
            let counts = (receiver.in_basis(0), receiver.total());
            self.check(Monitor::Bases, "clicks in the key basis", counts, allowed);
        }
        // The test basis makes key where the test is a sample.
        let test_is_secret = self.profile.test != Test::Basis;
        let bases =
            [("key", self.settings.ones_key, true), ("test", self.settings.ones_test, test_is_secret)];
        for ((basis, allowed, secret), clicks) in bases.into_iter().zip(receiver.clicks) {
            self.judge(Count {
                monitor: Monitor::Ones,
                subject: format!("detectors of the {basis} basis"),
                events: clicks[1],
                trials: clicks.iter().sum(),
                allowed,
                worst_of: 1,
                secret,
            });
        }
    }

    fn gains(&mut self, observed: &Observed) {
        let (sifted, profile) = (&observed.sifted, self.profile);
        let (mu, p) = (&profile.intensities, &profile.probabilities);
        let detected: Vec<u64> =
            sifted.n_key.iter().zip(&sifted.n_test).map(|(key, test)| key + test).collect();
        for ((level, allowed), &detected) in self.settings.gains.iter().enumerate().zip(&detected) {
            let sent = p.get(level).copied().unwrap_or(1.0);
            let per_slot = Band { low: allowed.low * sent, high: allowed.high * sent };
            let subject = format!("intensity {level}, per slot");
            self.check(Monitor::Gains, subject, (detected, observed.slots), per_slot);
        }
        for level in 1..mu.len().min(detected.len()) {
            // Odds of the brighter one where gains are equal, and where they are proportional to the intensity.
            let slack = 1.0 + self.settings.intensity_tolerance;
            let equal = p[level - 1] / p[level] / slack;
            let proportional = p[level - 1] * mu[level - 1] / (p[level] * mu[level]) * slack;
            let share = |odds: f64| if odds.is_finite() { odds / (1.0 + odds) } else { 1.0 };
            let allowed = Band { low: share(equal), high: share(proportional) };
            let counts = (detected[level - 1], detected[level - 1] + detected[level]);
            let subject = format!("share of intensity {} of {} and {level}", level - 1, level - 1);
            self.check(Monitor::GainRatios, subject, counts, allowed);
        }
    }

    fn test(&mut self, observed: &Observed) {
        let sifted = &observed.sifted;
        let errors: Vec<_> = sifted.m_test.iter().copied().zip(sifted.n_test.iter().copied()).collect();
        self.errors("test", &errors, &self.settings.errors_test);
        self.table("test", &sifted.table, self.ones(self.settings.ones_test), false);
    }

    fn key(&mut self, observed: &Observed) {
        let Some(corrected) = &observed.corrected else { return };
        let errors: Vec<_> =
            corrected.m_key.iter().copied().zip(observed.sifted.n_key.iter().copied()).collect();
        self.errors("key", &errors, &self.settings.errors_key);
        self.table("key", &corrected.table, self.ones(self.settings.ones_key), true);
    }

    /// Share of ones among sifted bits: those of a sample come from both bases.
    fn ones(&self, of_basis: Band) -> Band {
        match self.profile.test {
            Test::Basis => of_basis,
            Test::Sample { .. } => self.settings.ones_key.hull(self.settings.ones_test),
        }
    }

    /// Error rates per intensity: within their bands, and none above the next dimmer one's.
    fn errors(&mut self, part: &str, counts: &[(u64, u64)], bands: &[Band]) {
        for (level, (&counts, &allowed)) in counts.iter().zip(bands).enumerate() {
            self.check(Monitor::Errors, format!("{part}, intensity {level}"), counts, allowed);
        }
        for (level, pair) in counts.windows(2).enumerate() {
            let (errors, bits) = pair[1];
            let high = upper_limit(errors, bits, self.tail) + self.settings.error_tolerance;
            let subject = format!("{part}, intensity {level} against {}", level + 1);
            self.check(Monitor::ErrorOrder, subject, pair[0], Band { low: 0.0, high: high.min(1.0) });
        }
    }

    /// Alice's bit by Bob's detector: as many ones as zeros are detected, and they err alike.
    fn table(&mut self, part: &str, table: &BitTable, ones: Band, secret: bool) {
        let [(zeros, errors_of_zeros), (of_ones, errors_of_ones)] = [table.sent(0), table.sent(1)];
        self.judge(Count {
            monitor: Monitor::Ones,
            subject: format!("Alice's {part} bits"),
            events: of_ones,
            trials: zeros + of_ones,
            allowed: ones,
            worst_of: 1,
            secret,
        });
        let tolerance = self.settings.error_tolerance;
        self.judge(Count {
            monitor: Monitor::ErrorSymmetry,
            subject: format!("{part}, ones against zeros"),
            events: errors_of_ones,
            trials: of_ones,
            allowed: Band {
                low: (lower_limit(errors_of_zeros, zeros, self.tail) - tolerance).max(0.0),
                high: (upper_limit(errors_of_zeros, zeros, self.tail) + tolerance).min(1.0),
            },
            worst_of: 1,
            secret,
        });
    }
}

/// Probability of a count at least as far outside `allowed`, at its nearest edge; 1 inside.
fn outside(events: u64, trials: u64, allowed: Band) -> f64 {
    let rate = events as f64;
    if rate > allowed.high * trials as f64 {
        tail_above(events, trials, allowed.high)
    } else if rate < allowed.low * trials as f64 {
        tail_below(events, trials, allowed.low)
    } else {
        1.0
    }
}

#[cfg(test)]
mod tests;
