//! [`Socket`]: the client's end of the vfio-user protocol, as far as the driver needs it.
//!
//! Nothing that a server says is believed: an answer has the number, the command and the size that the request calls for, or
//! the connection is given up; and it has to come in time. File descriptors that a server sends are never taken.

use std::io::{self, IoSlice, Read};
use std::mem::MaybeUninit;
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use vfio_bindings::bindings::vfio::{VFIO_IRQ_SET_ACTION_TRIGGER, VFIO_IRQ_SET_DATA_EVENTFD};

/// How long a server may take for an answer: the slowest is a simulated core that is reset.
const PATIENCE: Duration = Duration::from_secs(30);

/// Bytes of the header of every message: number, command, size, flags, error.
const HEADER: usize = 16;

/// The most that a server may tell of itself.
const LONGEST_VERSION: usize = 4096;

/// What this client can do, which is what a server may assume anyway: a descriptor a message.
const CAPABILITIES: &[u8] = b"{\"capabilities\":{\"max_msg_fds\":1}}\0";

/// Flags of a header.
const REPLY: u32 = 1;
const ERROR: u32 = 1 << 5;

/// What the server may do with memory: read and write it.
const READ_WRITE: u32 = 0b11;

/// The commands that are used.
#[derive(Clone, Copy)]
#[repr(u16)]
enum Command {
    Version = 1,
    DmaMap = 2,
    DmaUnmap = 3,
    SetIrqs = 8,
    RegionRead = 9,
    RegionWrite = 10,
    DeviceReset = 13,
}

/// A connection. After an answer that makes no sense, or none, it is out of step and nothing more is sent.
pub(super) struct Socket {
    stream: UnixStream,
    number: u16,
    lost: bool,
}

impl Socket {
    /// Connects to the server at `path`.
    pub(super) fn connect(path: &Path) -> io::Result<Self> {
        Self::over(UnixStream::connect(path)?, PATIENCE)
    }

    fn over(stream: UnixStream, patience: Duration) -> io::Result<Self> {
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        let mut socket = Self { stream, number: 0, lost: false };
        socket.agree()?;
        Ok(socket)
    }

    /// Both sides say which version they speak. There is only 0, of which servers have several states.
    fn agree(&mut self) -> io::Result<()> {
        let body = [&0_u16.to_ne_bytes(), &1_u16.to_ne_bytes(), CAPABILITIES].concat();
        self.send(Command::Version, &body, None)?;
        let len = self.head(Command::Version)?;
        if !(4..=LONGEST_VERSION).contains(&len) {
            return Err(nonsense("a version of an impossible length"));
        }
        let mut version = vec![0; len];
        self.stream.read_exact(&mut version)?;
        if version[..2] == [0, 0] { Ok(()) } else { Err(nonsense("an unknown version of the protocol")) }
    }

    /// Reads a register of `region`.
    pub(super) fn read32(&mut self, region: u32, offset: u64) -> io::Result<u32> {
        let access = [&offset.to_ne_bytes()[..], &region.to_ne_bytes(), &4_u32.to_ne_bytes()].concat();
        let answer: [u8; 20] = self.request(Command::RegionRead, &access, None)?;
        let (echo, value) = answer.split_at(16);
        self.check(echo == access)?;
        Ok(u32::from_le_bytes(value.try_into().expect("4 of 20 bytes")))
    }

    /// Writes to `region`.
    pub(super) fn write(&mut self, region: u32, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let count = bytes.len() as u32;
        let access = [&offset.to_ne_bytes()[..], &region.to_ne_bytes(), &count.to_ne_bytes()].concat();
        let answer: [u8; 16] = self.request(Command::RegionWrite, &[&access, bytes].concat(), None)?;
        self.check(answer[..] == access)
    }

    /// Lets the server reach `len` bytes of `file` at `iova`.
    pub(super) fn map(&mut self, iova: u64, len: usize, file: BorrowedFd<'_>) -> io::Result<()> {
        let [offset, size] = [0, len as u64].map(u64::to_ne_bytes);
        let [argsz, flags] = [32, READ_WRITE].map(u32::to_ne_bytes);
        let body = [&argsz[..], &flags, &offset, &iova.to_ne_bytes(), &size].concat();
        self.request(Command::DmaMap, &body, Some(file)).map(|[]| ())
    }

    /// Ends that.
    pub(super) fn unmap(&mut self, iova: u64, len: usize) -> io::Result<()> {
        let range = [iova, len as u64].map(u64::to_ne_bytes).concat();
        let [argsz, flags] = [24, 0].map(u32::to_ne_bytes);
        let body = [&argsz[..], &flags, &range].concat();
        let answer: [u8; 24] = self.request(Command::DmaUnmap, &body, None)?;
        self.check(answer[8..] == range)
    }

    /// Sends vector `vector` of interrupt `index` to an eventfd.
    pub(super) fn set_vector(&mut self, index: u32, vector: u32, event: BorrowedFd<'_>) -> io::Result<()> {
        let flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
        let body = [20, flags, index, vector, 1].map(u32::to_ne_bytes).concat();
        self.request(Command::SetIrqs, &body, Some(event)).map(|[]| ())
    }

    /// Resets the function.
    pub(super) fn reset(&mut self) -> io::Result<()> {
        self.request(Command::DeviceReset, &[], None).map(|[]| ())
    }

    /// A command and its answer, which has `N` bytes after the header. A refusal is an error like any other, but leaves the
    /// connection as it was.
    fn request<const N: usize>(
        &mut self,
        command: Command,
        body: &[u8],
        file: Option<BorrowedFd<'_>>,
    ) -> io::Result<[u8; N]> {
        if self.lost {
            return Err(io::Error::new(io::ErrorKind::NotConnected, "the server is gone"));
        }
        self.lost = true;
        self.send(command, body, file)?;
        let len = self.head(command)?;
        let mut answer = [0; N];
        if len != N {
            return Err(nonsense("an answer of the wrong length"));
        }
        self.stream.read_exact(&mut answer)?;
        self.lost = false;
        Ok(answer)
    }

    /// Gives the connection up unless the answer repeats the request.
    fn check(&mut self, repeats: bool) -> io::Result<()> {
        self.lost = !repeats;
        if repeats { Ok(()) } else { Err(nonsense("an answer to another request")) }
    }

    fn send(&mut self, command: Command, body: &[u8], file: Option<BorrowedFd<'_>>) -> io::Result<()> {
        self.number = self.number.wrapping_add(1);
        let size = (HEADER + body.len()) as u32;
        let [number, command] = [self.number, command as u16].map(u16::to_ne_bytes);
        let message = [&number[..], &command, &size.to_ne_bytes(), &[0; 8], body].concat();
        let files: Vec<_> = file.into_iter().collect();
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        assert!(files.is_empty() || control.push(SendAncillaryMessage::ScmRights(&files)), "made for one");
        let mut rest = &message[..];
        while !rest.is_empty() {
            match sendmsg(&self.stream, &[IoSlice::new(rest)], &mut control, SendFlags::NOSIGNAL) {
                Ok(sent) => {
                    rest = &rest[sent..];
                    // The file has gone with the first bytes.
                    control.clear();
                }
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// The header of the answer to the last request: how many bytes follow.
    fn head(&mut self, command: Command) -> io::Result<usize> {
        let mut header = [0; HEADER];
        self.stream.read_exact(&mut header)?;
        let half = |at: usize| u16::from_ne_bytes([header[at], header[at + 1]]);
        let word = |at: usize| u32::from_ne_bytes(header[at..at + 4].try_into().expect("4 bytes"));
        let (size, flags, error) = (word(4) as usize, word(8), word(12));
        if half(0) != self.number || half(2) != command as u16 || flags & REPLY == 0 || size < HEADER {
            return Err(nonsense("an answer to another request"));
        }
        if flags & ERROR == 0 {
            return Ok(size - HEADER);
        }
        if size != HEADER {
            return Err(nonsense("a refusal of the wrong length"));
        }
        self.lost = false;
        Err(match error {
            0 => io::Error::other("the server refuses"),
            code => io::Error::from_raw_os_error(code as i32),
        })
    }
}

fn nonsense(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the server sends {what}"))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::fd::AsFd;
    use std::thread;

    use super::*;

    /// A header and what follows.
    fn answer(number: u16, command: u16, size: usize, flags: u32, error: u32, body: &[u8]) -> Vec<u8> {
        let [number, command] = [number, command].map(u16::to_ne_bytes);
        let [size, flags, error] = [size as u32, flags, error].map(u32::to_ne_bytes);
        [&number[..], &command, &size, &flags, &error, body].concat()
    }

    fn version() -> Vec<u8> {
        answer(1, 1, 22, REPLY, 0, b"\0\0\0\0{}")
    }

    /// What `on` makes of a server that gives `answers` to whatever is asked, and then leaves or stays silent.
    fn against<T>(answers: Vec<Vec<u8>>, stays: bool, on: impl FnOnce(io::Result<Socket>) -> T) -> T {
        let (here, mut there) = UnixStream::pair().expect("sockets");
        let server = thread::spawn(move || {
            for answer in answers {
                let _ = there.read(&mut [0; 4096]);
                let _ = there.write_all(&answer);
            }
            // Until the client has left.
            if stays {
                let _ = io::copy(&mut there, &mut io::sink());
            }
        });
        let result = on(Socket::over(here, Duration::from_millis(300)));
        server.join().expect("no panic");
        result
    }

    #[test]
    fn servers_that_make_no_sense_are_left() {
        let first = |answer: Vec<u8>| vec![answer];
        for (stays, answers) in [
            (false, vec![]),
            (true, vec![]),
            (false, first(version()[..10].to_vec())),
            (true, first(version()[..19].to_vec())),
            (true, first(answer(1, 1, 0, REPLY, 0, &[]))),
            (true, first(answer(1, 1, 16, REPLY, 0, &[]))),
            (true, first(answer(1, 1, 19, REPLY, 0, &[0; 3]))),
            (true, first(answer(1, 1, u32::MAX as usize, REPLY, 0, &[0; 100]))),
            (true, first(answer(1, 1, 20, REPLY, 0, &[1, 0, 0, 0]))),
            (true, first(answer(2, 1, 20, REPLY, 0, &[0; 4]))),
            (true, first(answer(1, 9, 20, REPLY, 0, &[0; 4]))),
            (true, first(answer(1, 1, 20, 0, 0, &[0; 4]))),
            (true, first(answer(1, 1, 16, REPLY | ERROR, 22, &[]))),
        ] {
            let error = against(answers.clone(), stays, Result::err);
            assert!(error.is_some(), "{answers:?}");
        }
    }

    #[test]
    fn an_answer_of_another_length_or_to_another_request_ends_the_connection() {
        let access = |offset: u64, count: u32, rest: &[u8]| {
            [&offset.to_ne_bytes()[..], &0_u32.to_ne_bytes(), &count.to_ne_bytes(), rest].concat()
        };
        let good = answer(2, 9, 36, REPLY, 0, &access(8, 4, &7_u32.to_le_bytes()));
        assert_eq!(against(vec![version(), good], true, |socket| socket?.read32(0, 8)).ok(), Some(7));
        for wrong in [
            answer(2, 9, 32, REPLY, 0, &access(8, 0, &[])),
            answer(2, 9, 40, REPLY, 0, &access(8, 8, &[0; 8])),
            answer(2, 9, 36, REPLY, 0, &access(12, 4, &[0; 4])),
            answer(2, 9, 36, REPLY, 0, &access(8, 4, &[])),
            answer(2, 9, 20, REPLY | ERROR, 22, &[0; 4]),
        ] {
            against(vec![version(), wrong.clone()], true, |socket| {
                let mut socket = socket.expect("a version");
                assert!(socket.read32(0, 8).is_err(), "{wrong:?}");
                let next = socket.reset().expect_err("out of step");
                assert_eq!(next.kind(), io::ErrorKind::NotConnected);
            });
        }
    }

    #[test]
    fn a_refusal_is_an_error_and_no_more() {
        let answers = vec![
            version(),
            answer(2, 2, 16, REPLY | ERROR, 12, &[]),
            answer(3, 3, 16, REPLY | ERROR, 0, &[]),
            answer(4, 13, 16, REPLY, 0, &[]),
        ];
        against(answers, true, |socket| {
            let mut socket = socket.expect("a version");
            let file = tempfile::tempfile().expect("a file");
            let error = socket.map(4096, 4096, file.as_fd()).expect_err("refused");
            assert_eq!(error.raw_os_error(), Some(12));
            assert!(socket.unmap(4096, 4096).is_err(), "refused");
            socket.reset().expect("still connected");
        });
    }
}
