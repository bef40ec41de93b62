//! The secrets of a session, noted by a backend that looks at every job.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use qkdpp_kernels::{Backend, Bits, Busy, Cpu, Done, Job, JobId, Level, Output, Waker};
use qkdpp_protocol::profile::Method;

use crate::session::{self, Ending, session};

/// Words of 64 bits that nobody may find, and what each is.
#[derive(Default)]
pub(crate) struct Secrets(HashMap<u64, &'static str>);

impl Secrets {
    /// Runs the session that the child runs, and notes its secrets.
    pub(crate) fn of(method: Method, ending: Ending, folder: &Path) -> Self {
        let secrets = Arc::new(Mutex::new(Self::default()));
        let backend = || -> Box<dyn Backend> {
            Box::new(Noting { cpu: Cpu::inline(Level::Portable), secrets: Arc::clone(&secrets) })
        };
        drop(session(method, ending, folder, [backend(), backend()]));
        let mut secrets = std::mem::take(&mut *secrets.lock().expect("one thread"));
        let shared = session::secret();
        let (keys, pads) = shared.split_at(64);
        secrets.note_bytes(keys, "hash key");
        // Each link reserves 64 at a time and has used some of them.
        secrets.note_bytes(&pads[..32 * 64], "pad");
        secrets
    }

    pub(crate) fn count(&self, kind: &str) -> usize {
        self.0.values().filter(|known| **known == kind).count()
    }

    pub(crate) fn forget(&mut self, kind: &str) {
        self.0.retain(|_, known| *known != kind);
    }

    /// What `word` is, if it is secret.
    pub(crate) fn get(&self, word: u64) -> Option<&'static str> {
        self.0.get(&word).copied()
    }

    fn note(&mut self, bits: &Bits, kind: &'static str) {
        for &word in &bits.words()[..bits.len() / 64] {
            // Words that are mostly zeros or ones may be anything.
            if (12..=52).contains(&word.count_ones()) {
                self.0.insert(word, kind);
            }
        }
    }

    fn note_bytes(&mut self, bytes: &[u8], kind: &'static str) {
        self.note(&Bits::from_bytes(bytes, 8 * bytes.len()), kind);
    }

    fn note_job(&mut self, job: &Job, output: &Output) {
        match (job, output) {
            // Basis, bit, and the intensities at Alice's; or, when key and test are split, the bit first.
            (Job::Sift(job), Output::Sift(sifted)) => {
                let bit = usize::from(job.planes().len() != 3);
                self.note(&job.planes()[bit], "raw bits");
                // The test bits, which are the fewer ones, are announced.
                if bit == 0 && 2 * job.mask().count_ones() > job.mask().len() {
                    self.note(&sifted[0], "sifted bits");
                }
            }
            (Job::Parities(job), Output::Parities(parities)) => {
                self.note(job.frames(), "sifted bits");
                self.note(parities, "parities");
            }
            (Job::Syndrome(job), _) => self.note(job.frames(), "sifted bits"),
            (Job::LdpcDecode(job), _) => self.note(job.word(), "sifted bits"),
            (Job::PolyHash(job), _) => self.note(job.message(), "sifted bits"),
            (Job::Toeplitz(job), Output::Toeplitz(key)) => {
                self.note(job.key(), "sifted bits");
                self.note(key, "key");
            }
            _ => unreachable!("an output of another kernel"),
        }
    }
}

/// The CPU, with a look at every job.
struct Noting {
    cpu: Cpu,
    secrets: Arc<Mutex<Secrets>>,
}

impl Backend for Noting {
    fn name(&self) -> String {
        self.cpu.name()
    }

    fn submit(&mut self, id: JobId, job: Job) -> Result<(), Busy> {
        let mut secrets = self.secrets.lock().expect("one thread");
        secrets.note_job(&job, &Level::Portable.run(&job));
        self.cpu.submit(id, job)
    }

    fn poll(&mut self) -> Option<Done> {
        self.cpu.poll()
    }

    fn wait(&mut self, timeout: Duration) -> Option<Done> {
        self.cpu.wait(timeout)
    }

    fn in_flight(&self) -> usize {
        self.cpu.in_flight()
    }

    fn cpu_time(&self) -> Duration {
        self.cpu.cpu_time()
    }

    fn set_waker(&mut self, waker: Waker) {
        self.cpu.set_waker(waker);
    }
}
