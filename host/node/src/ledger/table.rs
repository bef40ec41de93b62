//! The ledger on the terminal: a table per session, and what its budget has left.

use qkdpp_protocol::record::BlockRecord;
use qkdpp_protocol::wire::Role;

use super::{Session, Summary};
use crate::report::table::grid;
use crate::report::units;

const HEADER: [&str; 11] = [
    "block",
    "sifted bits",
    "leak bits",
    "dropped",
    "secret bits",
    "ε secrecy",
    "ε correctness",
    "verification",
    "ε authentication",
    "ε of the key",
    "ε used, session",
];

pub(super) fn text(summary: &Summary) -> String {
    let mut text = String::new();
    for session in &summary.sessions {
        text += &heading(session);
        let mut rows: Vec<_> = session.blocks.iter().map(row).collect();
        if rows.len() > 1 {
            rows.push(total(session));
        }
        text += &grid(&HEADER, &rows, session.blocks.len());
        text.push('\n');
        for block in &session.blocks {
            if let Some(reason) = &block.no_key {
                text += &item(&format!("block {}", block.ledger.block), &format!("no key: {reason}"));
            }
        }
        text += &budget(session);
        text.push('\n');
    }
    text + &footer(summary)
}

/// A line with a name.
fn item(name: &str, text: &str) -> String {
    format!("{name:<13}{text}\n")
}

fn heading(session: &Session) -> String {
    let (record, profile) = (&session.record, &session.record.profile);
    let role = match record.role {
        Role::Alice => "Alice",
        Role::Bob => "Bob",
    };
    item("session", &format!("{}, {role}, opened {}", record.session, utc(session.time)))
        + &item(
            "profile",
            &format!("{}, proof {}, hash {}", profile.name, profile.proof.name(), record.profile_hash),
        )
        + &item("auth. keys", &session.authentication_keys)
        + "\n"
}

fn row(block: &BlockRecord) -> [String; HEADER.len()] {
    let ledger = &block.ledger;
    let part = |part: fn(&qkdpp_protocol::KeyEpsilon) -> f64| {
        ledger.epsilon.as_ref().map_or_else(|| "–".to_owned(), |epsilon| format!("{:.3e}", part(epsilon)))
    };
    [
        ledger.block.to_string(),
        units::count(ledger.sifted),
        units::count(ledger.leak()),
        units::count(ledger.dropped),
        units::count(ledger.secret),
        part(|epsilon| epsilon.secrecy),
        part(|epsilon| epsilon.correctness),
        format!("{:.3e}", ledger.verification),
        part(|epsilon| epsilon.authentication),
        part(qkdpp_protocol::KeyEpsilon::total),
        format!("{:.3e}", ledger.spent.session),
    ]
}

fn total(session: &Session) -> [String; HEADER.len()] {
    let sum = |of: fn(&BlockRecord) -> u64| units::count(session.blocks.iter().map(of).sum());
    let none = String::new;
    [
        "all".to_owned(),
        sum(|block| block.ledger.sifted),
        units::count(session.leak_bits),
        sum(|block| block.ledger.dropped),
        units::count(session.secret_bits),
        none(),
        none(),
        none(),
        none(),
        none(),
        format!("{:.3e}", session.spent.session),
    ]
}

fn budget(session: &Session) -> String {
    let (budget, spent, left) = (session.record.profile.budget, session.spent, session.left);
    let line = |name, used: f64, of: f64, left: f64| {
        item(name, &format!("ε {used:.3e} of {of:.3e} used, {left:.3e} left"))
    };
    line("this session", spent.session, budget.session, left.session)
        + &line("auth. keys", spent.authentication_keys, budget.authentication_keys, left.authentication_keys)
}

fn footer(summary: &Summary) -> String {
    let blocks: usize = summary.sessions.iter().map(|session| session.blocks.len()).sum();
    let mut text = String::new();
    if summary.torn_bytes > 0 {
        let bytes = summary.torn_bytes;
        text += &item("torn", &format!("{bytes} bytes by a crash; the key of that block was not handed out"));
    }
    if summary.replayed {
        text += &item(
            "replayed",
            &format!("{blocks} blocks: every length, leak and ε follows from counts and profile"),
        );
    }
    text + &item("chain", &format!("{} entries, unbroken, ending in {}", summary.entries, summary.head))
}

/// Seconds since 1970 as a date and time, in the proleptic Gregorian calendar: Hinnant, "chrono-compatible low-level
/// date algorithms", civil_from_days.
fn utc(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    // Years begin in March, so that the leap day is the last.
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = 400 * era + year_of_era + later;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

#[cfg(test)]
mod tests {
    use super::utc;

    #[test]
    fn times_are_dates() {
        // `date -u -d @N`
        assert_eq!(utc(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(utc(951_782_399), "2000-02-28 23:59:59 UTC");
        assert_eq!(utc(951_782_400), "2000-02-29 00:00:00 UTC");
        assert_eq!(utc(1_795_392_000), "2026-11-23 00:00:00 UTC");
        assert_eq!(utc(4_107_542_400), "2100-03-01 00:00:00 UTC");
    }
}
