//! [`Events`]: what the driver's thread waits for.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::Instant;

use qkdpp_kernels::Waker;
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::io::{Errno, read, write};

use super::Notice;
use crate::transport::Wake;

/// Looks at the card between two looks at the clock and at nudges, when polling.
const SPINS: u32 = 64;

/// Three eventfds: vector 0, vector 1, nudges.
pub(super) struct Events {
    completion: OwnedFd,
    error: OwnedFd,
    nudge: Arc<OwnedFd>,
    notice: Notice,
}

impl Events {
    pub(super) fn new(notice: Notice) -> io::Result<Self> {
        let new = || eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK);
        Ok(Self { completion: new()?, error: new()?, nudge: Arc::new(new()?), notice })
    }

    /// Where the card's vectors go.
    pub(super) fn vectors(&self) -> Option<[BorrowedFd<'_>; 2]> {
        match self.notice {
            Notice::Interrupts => Some([self.completion.as_fd(), self.error.as_fd()]),
            Notice::Polling => None,
        }
    }

    /// Ends a wait.
    pub(super) fn nudge(&self) -> Waker {
        let nudge = Arc::clone(&self.nudge);
        Arc::new(move || {
            // A counter that is full has not been heard yet: nothing is lost.
            let _ = write(&*nudge, &1_u64.to_ne_bytes());
        })
    }

    /// Waits until one of them, errors first, or `deadline`.
    pub(super) fn wait(&self, deadline: Instant) -> io::Result<Wake> {
        if self.notice == Notice::Polling {
            for _ in 0..SPINS {
                std::hint::spin_loop();
            }
            return Ok(if heard(&self.nudge)? { Wake::Nudge } else { Wake::Poll });
        }
        loop {
            for (event, wake) in
                [(&self.error, Wake::Error), (&self.completion, Wake::Completion), (&self.nudge, Wake::Nudge)]
            {
                if heard(event)? {
                    return Ok(wake);
                }
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(Wake::TimedOut);
            }
            let mut fds =
                [&self.error, &self.completion, &*self.nudge].map(|fd| PollFd::new(fd, PollFlags::IN));
            let timeout = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: i64::from(left.subsec_nanos()) };
            match poll(&mut fds, Some(&timeout)) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Whether `event` has happened since the last look.
fn heard(event: &OwnedFd) -> io::Result<bool> {
    loop {
        match read(event, &mut [0; 8]) {
            Ok(_) => return Ok(true),
            Err(Errno::AGAIN) => return Ok(false),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Duration;

    use super::*;

    fn ring(fd: BorrowedFd<'_>) {
        write(fd, &1_u64.to_ne_bytes()).expect("an eventfd");
    }

    #[test]
    fn errors_come_first_and_each_event_once() {
        let events = Events::new(Notice::Interrupts).expect("eventfds");
        let [completion, error] = events.vectors().expect("interrupts");
        events.nudge()();
        ring(completion);
        ring(completion);
        ring(error);
        let wait = || events.wait(Instant::now()).expect("no error");
        assert_eq!(
            [wait(), wait(), wait(), wait()],
            [Wake::Error, Wake::Completion, Wake::Nudge, Wake::TimedOut]
        );
    }

    #[test]
    fn another_thread_ends_a_wait() {
        let events = Events::new(Notice::Interrupts).expect("eventfds");
        let nudge = events.nudge();
        let other = thread::spawn(move || nudge());
        assert_eq!(events.wait(Instant::now() + Duration::from_secs(60)).expect("no error"), Wake::Nudge);
        other.join().expect("no panic");
    }

    #[test]
    fn polling_does_not_wait() {
        let events = Events::new(Notice::Polling).expect("eventfds");
        assert!(events.vectors().is_none());
        let late = Instant::now() + Duration::from_secs(3600);
        assert_eq!(events.wait(late).expect("no error"), Wake::Poll);
        events.nudge()();
        assert_eq!(events.wait(late).expect("no error"), Wake::Nudge);
    }
}
