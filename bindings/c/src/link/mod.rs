//! [`Link`]: one side of a QKD link as a handle, driven by its owner.
//!
//! ```text
//! qkdpp_link_push_bytes ─┐                    ┌─▶ SEND
//! qkdpp_link_push_batch ─┼─▶ qkdpp_link_poll ─┼─▶ KEY, REPORT, ALARM
//! jobs that finish      ─┘                    └─▶ WAIT
//! ```

mod incoming;
mod open;
mod step;

use std::ffi::{CString, c_char};
use std::mem::MaybeUninit;
use std::path::PathBuf;
use std::ptr;
use std::time::{Duration, Instant};

use qkdpp::entropy::InsecureSeed;
use qkdpp::{Event, LinkError, journal};
use zeroize::Zeroizing;

use crate::boundary::{Bytes, Callbacks, Exclusive, Wake, c_string, call, required};
use crate::error::{Error, Status};
use crate::record::Batch;
use incoming::Incoming;
use open::Opened;
pub(crate) use open::{LinkConfig, open_backend, role};
pub(crate) use step::Step;
use step::{QKDPP_STEP_ALARM, QKDPP_STEP_KEY, QKDPP_STEP_REPORT, QKDPP_STEP_SEND};

/// One side of a link. It starts no threads but those of its backend, and has no sockets and no clock but for its timeout.
pub struct Link {
    inside: Exclusive<Driven>,
    wake: Wake,
}

/// A link and what it has lent to C.
struct Driven {
    link: qkdpp::Link,
    ledger: Option<PathBuf>,
    incoming: Incoming,
    /// Why it stopped, which it answers from then on.
    stopped: Option<Error>,
    /// The bytes of the latest step. Wiped when the next call comes.
    lent: Zeroizing<Vec<u8>>,
    /// The latest text.
    text: CString,
}

impl Link {
    fn new(
        config: &LinkConfig<'_>,
        role: u32,
        callbacks: Option<&Callbacks>,
        seed: Option<InsecureSeed>,
    ) -> Result<Self, Error> {
        let Opened { link, ledger, wake } = config.open(role, callbacks, seed)?;
        let inside = Driven {
            link,
            ledger,
            incoming: Incoming::default(),
            stopped: None,
            lent: Zeroizing::default(),
            text: CString::default(),
        };
        Ok(Self { inside: Exclusive::new(inside), wake })
    }

    /// Runs a call with the link, which ends what was lent by the one before.
    fn with<T>(link: Option<&Self>, call: impl FnOnce(&mut Driven) -> Result<T, Error>) -> Result<T, Error> {
        let mut inside = required("link", link)?.inside.get()?;
        inside.lent = Zeroizing::default();
        call(&mut inside)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.wake.silence();
    }
}

impl Driven {
    /// Hands something to the link, unless it has stopped.
    fn drive(&mut self, input: impl FnOnce(&mut qkdpp::Link) -> Result<(), LinkError>) -> Result<(), Error> {
        self.running()?;
        let driven = input(&mut self.link).map_err(Error::from);
        self.remember(driven)
    }

    fn running(&self) -> Result<(), Error> {
        self.stopped.clone().map_or(Ok(()), Err)
    }

    /// An error that stops the link.
    fn remember(&mut self, result: Result<(), Error>) -> Result<(), Error> {
        if let Err(error) = &result {
            self.stopped = Some(error.clone());
        }
        result
    }

    fn push_bytes(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.running()?;
        self.incoming.push(bytes);
        loop {
            let next = self.incoming.next().map_err(Error::from);
            match next {
                Ok(Some(message)) => self.drive(|link| link.message(message))?,
                Ok(None) => return Ok(()),
                Err(error) => return self.remember(Err(error)),
            }
        }
    }

    fn push_batch(&mut self, batch: &Batch<'_>) -> Result<(), Error> {
        self.running()?;
        if !self.link.wants_pulses() {
            let message = "no batch is wanted now: poll until a WAIT says wants_batch";
            return Err(Error::new(Status::NotDue, message));
        }
        let raw = batch.to_raw()?;
        let (first_slot, slots) = self.link.next_batch();
        if (raw.first_slot, raw.slots) != (first_slot, slots) {
            return Err(Error::argument(format!(
                "the batch has {} slots from {} on, the one that is due has {slots} from {first_slot} on",
                raw.slots, raw.first_slot
            )));
        }
        self.drive(|link| link.pulses(raw))
    }

    /// What was decided before comes first, also before an error.
    fn poll(&mut self) -> Result<Step, Error> {
        if let Some(step) = self.ready()? {
            return Ok(step);
        }
        let worked = self.drive(qkdpp::Link::work);
        match self.ready()? {
            Some(step) => Ok(step),
            None => worked.map(|()| self.waiting()),
        }
    }

    /// The next thing to hand out.
    fn ready(&mut self) -> Result<Option<Step>, Error> {
        let mut messages = Vec::new();
        while let Some(message) = self.link.next_message() {
            messages.extend_from_slice(&message);
        }
        if !messages.is_empty() {
            return Ok(Some(self.lend(QKDPP_STEP_SEND, messages)));
        }
        let step = match self.link.next_event() {
            None => return Ok(None),
            Some(Event::Key(key)) => {
                let (bits, block) = (key.len() as u64, key.block());
                let epsilon = key.epsilon().total();
                let step = self.lend(QKDPP_STEP_KEY, key.with_bytes(<[u8]>::to_vec));
                Step { bits, block, epsilon, ..step }
            }
            Some(Event::Report(report)) => {
                let kind = if report.ledger.alarms.any() { QKDPP_STEP_ALARM } else { QKDPP_STEP_REPORT };
                let step = self.lend(kind, serde_json::to_vec(&report)?);
                Step { block: report.block, ..step }
            }
        };
        Ok(Some(step))
    }

    fn lend(&mut self, kind: u32, bytes: Vec<u8>) -> Step {
        self.lent = Zeroizing::new(bytes);
        Step::with(kind, &self.lent)
    }

    fn waiting(&self) -> Step {
        let (first_slot, slots) = self.link.next_batch();
        let left = |deadline: Instant| deadline.saturating_duration_since(Instant::now());
        // Rounded up, so that the time has come when it is over.
        let timeout_ms = self.link.deadline().map_or(-1, |deadline| left(deadline).as_millis() as i64 + 1);
        Step {
            wants_batch: u32::from(self.link.wants_pulses()),
            first_slot,
            slots: slots.into(),
            open_blocks: self.link.open_blocks() as u64,
            timeout_ms,
            ..Step::NOTHING
        }
    }

    fn lend_text(&mut self, text: String) -> *const c_char {
        self.text = c_string(text);
        self.text.as_ptr()
    }

    fn ledger(&mut self) -> Result<*const c_char, Error> {
        let path =
            self.ledger.as_ref().ok_or_else(|| Error::argument("this link was opened without a ledger"))?;
        let text = serde_json::to_string(&journal::read(path)?)?;
        Ok(self.lend_text(text))
    }
}

/// Opens a link and starts its handshake. The link belongs to the caller, who gives it back to qkdpp_link_free; *link is NULL
/// if there is none. callbacks may be NULL. Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn qkdpp_link_new(
    config: Option<&LinkConfig<'_>>,
    role: u32,
    callbacks: Option<&Callbacks>,
    link: Option<&mut MaybeUninit<*mut Link>>,
) -> Status {
    call(|| {
        let link = required("link", link)?;
        link.write(ptr::null_mut());
        let opened = Link::new(required("config", config)?, role, callbacks, None)?;
        link.write(Box::into_raw(Box::new(opened)));
        Ok(())
    })
}

/// The same, but with all randomness from a seed, and one block at a time: NOT FOR PRODUCTION, whoever knows the seed knows
/// the keys. For examples and tests: `qkdpp distill --seed N` gives the same key bits from the same records. Set no
/// callbacks->entropy. Threads: any.
#[unsafe(no_mangle)]
pub extern "C" fn qkdpp_link_new_insecure(
    config: Option<&LinkConfig<'_>>,
    role: u32,
    callbacks: Option<&Callbacks>,
    seed: u64,
    link: Option<&mut MaybeUninit<*mut Link>>,
) -> Status {
    call(|| {
        let link = required("link", link)?;
        link.write(ptr::null_mut());
        let seed = Some(InsecureSeed::new(seed));
        let opened = Link::new(required("config", config)?, role, callbacks, seed)?;
        link.write(Box::into_raw(Box::new(opened)));
        Ok(())
    })
}

/// Closes a link: what it holds is wiped, and what it has lent is gone; open blocks give no key. NULL does nothing. The pool
/// can be opened again afterwards. Threads: any, but no call with this link may run, and none may follow.
#[unsafe(no_mangle)]
pub extern "C" fn qkdpp_link_free(link: Option<Box<Link>>) {
    call(|| {
        drop(link);
        Ok(())
    });
}

/// Takes bytes from the peer, in the order in which they came, however the connection has cut them; whole messages are
/// handled at once. Then poll. An error stops the link for good: every call says so from then on, but what was decided before
/// can still be polled. Threads: one at a time for each link, else QKDPP_STATUS_BUSY.
#[unsafe(no_mangle)]
pub extern "C" fn qkdpp_link_push_bytes(link: Option<&Link>, bytes: Bytes<'_>) -> Status {
    call(|| Link::with(link, |link| link.push_bytes(bytes.get("bytes.data")?)))
}

/// Takes the next batch of this side's record, which is copied. QKDPP_STATUS_NOT_DUE while none is wanted, and
/// QKDPP_STATUS_ARGUMENT for one that does not start or end as the WAIT step said: nothing has changed then. A status of 10 or
/// more stops the link, such as QKDPP_STATUS_RECORD for entries that cannot be. Then poll. Threads: one at a time for each
/// link, else QKDPP_STATUS_BUSY.
#[unsafe(no_mangle)]
pub extern "C" fn qkdpp_link_push_batch(link: Option<&Link>, batch: Option<&Batch<'_>>) -> Status {
    call(|| Link::with(link, |link| link.push_batch(required("batch", batch)?)))
}

/// Takes the results of finished jobs, and says what to do next. Call it until it says QKDPP_STEP_WAIT; it never waits
/// itself. After an error step is not written. Threads: one at a time for each link, else QKDPP_STATUS_BUSY.
#[unsafe(no_mangle)]
pub extern "C" fn qkdpp_link_poll(link: Option<&Link>, step: Option<&mut MaybeUninit<Step>>) -> Status {
    call(|| {
        let step = required("step", step)?;
        step.write(Link::with(link, Driven::poll)?);
        Ok(())
    })
}

/// Waits up to timeout_ms milliseconds for a job of the backend, for programs without an event loop and callbacks->wake.
/// Returns at once if no job runs. Then poll. Threads: one at a time for each link, else QKDPP_STATUS_BUSY.
#[unsafe(no_mangle)]
pub extern "C" fn qkdpp_link_wait(link: Option<&Link>, timeout_ms: u32) -> Status {
    call(|| {
        Link::with(link, |link| {
            if link.link.open_jobs() == 0 {
                return link.running();
            }
            link.drive(|link| link.wait(Duration::from_millis(timeout_ms.into())))
        })
    })
}

/// What the link is doing and what it has left, as a JSON object: open blocks, messages, jobs, authentication pads, ε. Also
/// after it has stopped. *json belongs to the link, which keeps it until the next text is asked for. Threads: one at a time for
/// each link, else QKDPP_STATUS_BUSY.
#[unsafe(no_mangle)]
pub extern "C" fn qkdpp_link_status(
    link: Option<&Link>,
    json: Option<&mut MaybeUninit<*const c_char>>,
) -> Status {
    call(|| {
        let json = required("json", json)?;
        json.write(Link::with(link, |link| {
            let text = serde_json::to_string(&link.link.status())?;
            Ok(link.lend_text(text))
        })?);
        Ok(())
    })
}

/// The ledger on disk, with the entries of earlier links, as a JSON object: entries, each with the number of its line; head,
/// the last value of its hash chain, which is checked; torn_bytes, what a crash left. Also after the link has stopped.
/// QKDPP_STATUS_ARGUMENT if the link has no ledger. *json as for qkdpp_link_status. Threads: one at a time for each link, else
/// QKDPP_STATUS_BUSY.
#[unsafe(no_mangle)]
pub extern "C" fn qkdpp_link_ledger(
    link: Option<&Link>,
    json: Option<&mut MaybeUninit<*const c_char>>,
) -> Status {
    call(|| {
        let json = required("json", json)?;
        json.write(Link::with(link, Driven::ledger)?);
        Ok(())
    })
}
