//! [`serve()`]: runs a link over a TCP connection until its records end.
//!
//! ```text
//! socket ─▶ reader ─┐ bounded                        ┌─▶ writer ─▶ socket
//! record ─▶ loader ─┼────────▶ the link's thread ────┤
//! backend's waker  ─┘                                └─▶ events
//! ```
//! Incoming queues are bounded, so a fast peer or record waits. The outgoing queue is not, because two sides that both
//! wait to send would wait for ever; the blocks in flight bound what can be in it.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam::channel::{Receiver, RecvTimeoutError, Sender, bounded, never, select, unbounded};
use qkdpp_protocol::wire::{HEADER_LEN, HELLO_LEN, message_len};
use qkdpp_protocol::{ProtocolError, RawBatch};

use crate::link::{Event, Link, LinkError, Statistics};

/// Messages and batches that may wait for the link.
const MESSAGES_AHEAD: usize = 64;
const BATCHES_AHEAD: usize = 2;
/// How long the peer may take to read what is left, and to close its side, after the last block.
const GOODBYE: Duration = Duration::from_secs(10);

/// A link over a connection stopped early.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The link stopped.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The connection failed.
    #[error("connection: {0}")]
    Connection(#[from] io::Error),
    /// The peer sent something that is no message.
    #[error("connection: {0}")]
    Message(#[from] ProtocolError),
    /// The peer closed the connection early.
    #[error("the peer closed the connection with {blocks} blocks open")]
    Closed {
        /// Blocks in flight.
        blocks: usize,
    },
    /// The record could not be read.
    #[error("record: {0}")]
    Record(String),
}

/// Runs `link` over `stream` until `records` have ended and every block has. `records` may wait for the next batch, but has
/// to end within reasonable time once nobody wants it any more: this function returns after it.
/// `on_event` sees keys and reports as they
/// come, with what the link had used by then.
///
/// # Errors
/// The first failure of the link, the connection or the record. Keys and reports decided before it have been handed
/// out.
pub fn serve<E: std::fmt::Display>(
    mut link: Link,
    stream: &TcpStream,
    records: impl Iterator<Item = Result<RawBatch, E>> + Send,
    mut on_event: impl FnMut(Event, &Statistics),
) -> Result<Statistics, ServeError> {
    let (woken, wake) = bounded(1);
    link.set_waker(Arc::new(move || {
        // A full queue of one means that the link is about to wake anyway.
        let _ = woken.try_send(());
    }));
    stream.set_nodelay(true)?;
    thread::scope(|scope| {
        let (to_writer, outgoing) = unbounded();
        let (to_link, incoming) = bounded(MESSAGES_AHEAD);
        let (from_loader, batches) = bounded(BATCHES_AHEAD);
        scope.spawn(move || read(stream, &to_link));
        let (report, writer) = bounded(1);
        scope.spawn(move || report.send(write(stream, &outgoing)));
        scope.spawn(move || load(records, &from_loader));
        let rest = incoming.clone();
        let mut running = Running { link: &mut link, incoming, wake, to_writer, batches: Some(batches) };
        let result = running.run(&mut on_event);
        drop(running);
        // What was decided still leaves, but a peer that does not read must not hold this side for ever.
        let written = writer.recv_timeout(GOODBYE).unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        if result.is_ok() && written.is_ok() {
            // The peer may still read what is under way, and closes its side when it has.
            shutdown(stream, Shutdown::Write)?;
            let until = Instant::now() + GOODBYE;
            while rest.recv_deadline(until).is_ok() {}
        }
        let closed = shutdown(stream, Shutdown::Both);
        result?;
        written?;
        closed?;
        Ok(link.statistics())
    })
}

/// Ends the connection; that the peer was faster is no error.
fn shutdown(stream: &TcpStream, how: Shutdown) -> io::Result<()> {
    match stream.shutdown(how) {
        Err(error) if error.kind() != io::ErrorKind::NotConnected => Err(error),
        _ => Ok(()),
    }
}

struct Running<'a> {
    link: &'a mut Link,
    incoming: Receiver<Result<Vec<u8>, ServeError>>,
    wake: Receiver<()>,
    to_writer: Sender<Vec<u8>>,
    /// `None` once the record has ended.
    batches: Option<Receiver<Result<RawBatch, ServeError>>>,
}

impl Running<'_> {
    fn run(&mut self, on_event: &mut impl FnMut(Event, &Statistics)) -> Result<(), ServeError> {
        // The link was made with its greeting ready to leave.
        self.hand_out(on_event);
        loop {
            let result = self.step();
            self.hand_out(on_event);
            if result? == End::Reached {
                return Ok(());
            }
        }
    }

    /// Passes on the messages and events that are ready, even after an error: they were decided before it.
    fn hand_out(&mut self, on_event: &mut impl FnMut(Event, &Statistics)) {
        while let Some(message) = self.link.next_message() {
            // The writer is gone only after a failure, which the reader will report.
            let _ = self.to_writer.send(message);
        }
        while let Some(event) = self.link.next_event() {
            on_event(event, &self.link.statistics());
        }
    }

    /// Waits for one thing to happen, and lets the link take it.
    fn step(&mut self) -> Result<End, ServeError> {
        if self.batches.is_none() && self.link.open_blocks() == 0 {
            return Ok(End::Reached);
        }
        let closed = never();
        let batches = self.batches.as_ref().filter(|_| self.link.wants_pulses()).unwrap_or(&closed);
        let until = self
            .link
            .deadline()
            .map_or(Duration::from_secs(1), |deadline| deadline.saturating_duration_since(Instant::now()));
        select! {
            recv(self.incoming) -> message => match message {
                Ok(message) => self.link.message(message?)?,
                Err(_) => return self.closed_by_peer(),
            },
            recv(batches) -> batch => match batch {
                Ok(batch) => self.link.pulses(batch?)?,
                Err(_) => self.batches = None,
            },
            recv(self.wake) -> _ => {}
            default(until) => {}
        }
        self.link.work()?;
        Ok(End::Ahead)
    }

    /// The peer closed its side. That is the end if this side has reached it, too, and has only not looked yet.
    fn closed_by_peer(&self) -> Result<End, ServeError> {
        let blocks = self.link.open_blocks();
        match self.batches.as_ref().filter(|_| blocks == 0).map(|batches| batches.recv_timeout(GOODBYE)) {
            Some(Err(RecvTimeoutError::Disconnected)) => Ok(End::Reached),
            Some(Ok(Err(error))) => Err(error),
            Some(Ok(Ok(_)) | Err(RecvTimeoutError::Timeout)) | None => Err(ServeError::Closed { blocks }),
        }
    }
}

#[derive(PartialEq, Eq)]
enum End {
    Ahead,
    Reached,
}

/// Reads whole messages until the peer closes the connection.
fn read(mut stream: &TcpStream, to_link: &Sender<Result<Vec<u8>, ServeError>>) {
    // Who is not authenticated yet gets no more room than a Hello needs.
    let mut longest = HELLO_LEN;
    loop {
        let message = match read_message_up_to(&mut stream, std::mem::replace(&mut longest, usize::MAX)) {
            Ok(Some(message)) => Ok(message),
            Ok(None) => return,
            Err(error) => Err(error),
        };
        let failed = message.is_err();
        if to_link.send(message).is_err() || failed {
            return;
        }
    }
}

/// The next whole message of a stream, `None` at its end.
///
/// # Errors
/// If the stream fails, ends within a message, or holds something else.
pub fn read_message(stream: &mut impl Read) -> Result<Option<Vec<u8>>, ServeError> {
    read_message_up_to(stream, usize::MAX)
}

/// The same, for a message of at most `longest` bytes.
fn read_message_up_to(stream: &mut impl Read, longest: usize) -> Result<Option<Vec<u8>>, ServeError> {
    let mut header = [0; HEADER_LEN];
    let mut filled = 0;
    while filled < HEADER_LEN {
        match stream.read(&mut header[filled..]) {
            Ok(0) if filled == 0 => return Ok(None),
            Ok(0) => {
                return Err(ProtocolError::Truncated { want: HEADER_LEN as u64, got: filled as u64 }.into());
            }
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    let len = message_len(&header)?;
    if len > longest {
        let (field, want) = ("the length of a first message", format!("at most {longest}"));
        return Err(ProtocolError::Field { field, want, got: len as u64 }.into());
    }
    let mut message = header.to_vec();
    // Memory grows with what arrives, not with what the header promises.
    stream.take((len - HEADER_LEN) as u64).read_to_end(&mut message)?;
    if message.len() < len {
        return Err(ProtocolError::Truncated { want: len as u64, got: message.len() as u64 }.into());
    }
    Ok(Some(message))
}

fn write(mut stream: &TcpStream, outgoing: &Receiver<Vec<u8>>) -> io::Result<()> {
    outgoing.iter().try_for_each(|message| stream.write_all(&message))?;
    stream.flush()
}

fn load<E: std::fmt::Display>(
    records: impl Iterator<Item = Result<RawBatch, E>>,
    to_link: &Sender<Result<RawBatch, ServeError>>,
) {
    for batch in records {
        let batch = batch.map_err(|error| ServeError::Record(error.to_string()));
        let failed = batch.is_err();
        if to_link.send(batch).is_err() || failed {
            return;
        }
    }
}
