//! [`PyLink`]: one side of a link without threads or sockets of its own, and what it is made of.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use qkdpp::entropy::InsecureSeed;
use qkdpp::{Entropy, Event, Journal, Link, LinkConfig, LinkError, OsEntropy, Pool, backend};
use qkdpp_protocol::{Role, SecretKey};
use zeroize::Zeroizing;

use crate::batch::PyBatch;
use crate::bits::PyBits;
use crate::config::PyConfig;
use crate::{error, json};

/// Reads "alice" or "bob".
pub(crate) fn role(name: &Bound<'_, PyAny>) -> PyResult<Role> {
    match name.extract::<String>()?.as_str() {
        "alice" => Ok(Role::Alice),
        "bob" => Ok(Role::Bob),
        other => Err(error::value(format_args!("role {other:?}; there are alice and bob"))),
    }
}

/// The authentication keys that one side shares with the peer, in a file readable by its owner only.
///
/// Pool(path) opens one, Pool.create makes one from the pre-shared secret. A pool serves one link at a time and is used up
/// by it: open it again for the next.
#[pyclass(frozen, name = "Pool", module = "qkdpp")]
pub(crate) struct PyPool(Mutex<Option<Pool>>);

#[pymethods]
impl PyPool {
    #[new]
    fn new(path: PathBuf) -> PyResult<Self> {
        Pool::open(path).map(Self::from).map_err(|error| error::store(&error))
    }

    /// Makes the files `path` and `path`.pads from the pre-shared secret: 64 bytes of hash keys, then 32 for each pair of
    /// pads, at least one pair. Do this once per secret and on both sides, and destroy the source.
    #[staticmethod]
    fn create(path: PathBuf, secret: &[u8]) -> PyResult<Self> {
        Pool::create(path, secret).map(Self::from).map_err(|error| error::store(&error))
    }

    fn __repr__(&self) -> String {
        let pool = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pool.as_ref().map_or_else(|| "Pool(used by a link)".to_owned(), |pool| format!("{pool:?}"))
    }
}

impl From<Pool> for PyPool {
    fn from(pool: Pool) -> Self {
        Self(Mutex::new(Some(pool)))
    }
}

/// Randomness that repeats, for tests and examples only: whoever knows the seed knows the keys.
///
/// Two runs with one seed and the same records give the same key bits, in Python, C, Rust and by `qkdpp distill --seed`.
#[pyclass(frozen, name = "InsecureSeed", module = "qkdpp")]
pub(crate) struct PyInsecureSeed(InsecureSeed);

#[pymethods]
impl PyInsecureSeed {
    #[new]
    fn new(seed: u64) -> Self {
        Self(InsecureSeed::new(seed))
    }

    /// What stands for the pre-shared secret of both pools: 64 + 32 * pads bytes.
    #[pyo3(signature = (pads = 4096))]
    fn pre_shared_secret<'py>(&self, py: Python<'py>, pads: usize) -> PyResult<Bound<'py, PyBytes>> {
        let mut secret = Zeroizing::new(vec![0; 64 + 32 * pads]);
        self.0.pre_shared().fill(&mut secret).map_err(error::value)?;
        Ok(PyBytes::new(py, &secret))
    }
}

/// A secret key; the peer holds the same.
#[pyclass(frozen, name = "Key", module = "qkdpp")]
pub(crate) struct PyKey {
    /// The block it came from: the key's name within its session.
    #[pyo3(get)]
    block: u64,
    /// The key.
    #[pyo3(get)]
    bits: Py<PyBits>,
    key: SecretKey,
}

#[pymethods]
impl PyKey {
    /// What is promised about it: a dict of secrecy, correctness and authentication, distances and probabilities.
    #[getter]
    fn epsilon<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        json::to_python(py, &self.key.epsilon())
    }

    /// Number of bits.
    fn __len__(&self) -> usize {
        self.key.len()
    }

    fn __repr__(&self) -> String {
        format!("Key(block {}, {} bits)", self.block, self.key.len())
    }
}

/// One side of a link: hand in the peer's messages and your raw records, take messages, keys and reports.
///
/// role: "alice" or "bob". config: both sides' must have the same profile. pool: this side's authentication keys.
/// backend: a name as for `--backend`; threads: of the CPU, 0 computes within the call that asks for it. journal: path of
/// the ledger on disk, entered before a key is handed out. seed: an InsecureSeed, for tests only.
///
/// It has no threads or sockets of its own: after each `message`, `pulses` and `work`, drain `next_message` and
/// `next_event`. All methods release the GIL; calls from several threads wait for each other. What stops a link raises a
/// LinkStopped (PeerError, RawDataError, OperatorError), and nothing more is delivered.
#[pyclass(frozen, name = "Link", module = "qkdpp")]
pub(crate) struct PyLink(Mutex<Link>);

#[pymethods]
impl PyLink {
    #[new]
    #[pyo3(signature = (role, config, pool, *, backend = None, threads = 1, journal = None, seed = None))]
    #[allow(clippy::too_many_arguments, reason = "keywords in Python")]
    fn new(
        py: Python<'_>,
        #[pyo3(from_py_with = role)] role: Role,
        config: &PyConfig,
        pool: &PyPool,
        backend: Option<String>,
        threads: usize,
        journal: Option<PathBuf>,
        seed: Option<&PyInsecureSeed>,
    ) -> PyResult<Self> {
        let name = backend.unwrap_or_else(backend::default_name);
        let journal = journal.map(Journal::open).transpose().map_err(|error| error::journal(&error))?;
        let profile = config.0.profile.clone();
        let (profile, entropy): (_, Box<dyn Entropy>) = match seed {
            None => (profile, Box::new(OsEntropy)),
            Some(PyInsecureSeed(seed)) => (seed.in_order(profile), Box::new(seed.entropy(role))),
        };
        let link = py.detach(|| {
            let backend = match threads {
                0 => backend::open_inline(&name),
                threads => backend::open(&name, threads),
            };
            let backend = backend.map_err(error::value)?;
            let pool = pool.0.lock().unwrap_or_else(PoisonError::into_inner).take();
            let pool = pool.ok_or_else(|| error::value("the pool is used by a link; open it again"))?;
            Link::new(LinkConfig { role, profile, backend, pool, entropy, journal })
                .map_err(|error| error::link(&error))
        })?;
        Ok(Self(Mutex::new(link)))
    }

    /// Takes one whole message of the peer (bytes).
    fn message(&self, py: Python<'_>, message: &[u8]) -> PyResult<()> {
        let message = message.to_vec();
        self.act(py, |link| link.message(message))
    }

    /// Whether the next batch of this side's record may be handed in.
    #[getter]
    fn wants_pulses(&self, py: Python<'_>) -> bool {
        py.detach(|| self.lock().wants_pulses())
    }

    /// First slot and number of slots of the batch that is due next.
    #[getter]
    fn next_batch(&self, py: Python<'_>) -> (u64, u32) {
        py.detach(|| self.lock().next_batch())
    }

    /// Takes the next batch of this side's record.
    fn pulses(&self, py: Python<'_>, batch: &PyBatch) -> PyResult<()> {
        self.act(py, |link| link.pulses(batch.to_raw()))
    }

    /// Takes the results of finished computations, and notices when the peer is silent for too long.
    fn work(&self, py: Python<'_>) -> PyResult<()> {
        self.act(py, Link::work)
    }

    /// Waits up to `seconds` for a computation and takes its result.
    fn wait(&self, py: Python<'_>, seconds: f64) -> PyResult<()> {
        let timeout = Duration::try_from_secs_f64(seconds).map_err(error::value)?;
        self.act(py, |link| link.wait(timeout))
    }

    /// The next message for the peer (bytes), None if there is none now.
    fn next_message<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        py.detach(|| self.lock().next_message()).map(|message| PyBytes::new(py, &message))
    }

    /// The next Key, or the report of a block that has ended (a dict, nothing in it is secret); None if there is none now.
    fn next_event<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        match py.detach(|| self.lock().next_event()) {
            None => Ok(None),
            Some(Event::Report(report)) => json::to_python(py, &report).map(Some),
            Some(Event::Key(key)) => {
                let bits = Py::new(py, PyBits(Arc::new(key.expose().clone())))?;
                Ok(Some(Bound::new(py, PyKey { block: key.block(), bits, key })?.into_any()))
            }
        }
    }

    /// Blocks that are open.
    #[getter]
    fn open_blocks(&self, py: Python<'_>) -> usize {
        py.detach(|| self.lock().open_blocks())
    }

    /// Computations that run or wait to.
    #[getter]
    fn open_jobs(&self, py: Python<'_>) -> usize {
        py.detach(|| self.lock().open_jobs())
    }

    /// Seconds until `work` has to be called at the latest; None if nothing is due.
    #[getter]
    fn seconds_left(&self, py: Python<'_>) -> Option<f64> {
        let deadline = py.detach(|| self.lock().deadline())?;
        Some(deadline.saturating_duration_since(Instant::now()).as_secs_f64())
    }

    /// What was used so far: messages_sent, bytes_sent, messages_received, bytes_received, jobs, tags_sent, cpu_seconds.
    #[getter]
    fn statistics<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let used = py.detach(|| self.lock().statistics());
        let answer = PyDict::new(py);
        answer.set_item("messages_sent", used.messages_sent)?;
        answer.set_item("bytes_sent", used.bytes_sent)?;
        answer.set_item("messages_received", used.messages_received)?;
        answer.set_item("bytes_received", used.bytes_received)?;
        answer.set_item("jobs", used.jobs)?;
        answer.set_item("tags_sent", used.tags_sent)?;
        answer.set_item("cpu_seconds", used.cpu.as_secs_f64())?;
        Ok(answer)
    }

    /// Sets a callable without arguments that is called, from any thread, when `work` has something to do; for event
    /// loops, as in `link.on_work(lambda: loop.call_soon_threadsafe(step))`. The link holds it: one that holds the link, too,
    /// keeps both alive until another is set.
    fn on_work(&self, py: Python<'_>, callback: Py<PyAny>) {
        let waker = Arc::new(move || {
            // None once the interpreter ends; nobody wants to know any more then.
            let _ = Python::try_attach(|py| {
                if let Err(error) = callback.call0(py) {
                    error.write_unraisable(py, Some(callback.bind(py)));
                }
            });
        });
        py.detach(|| self.lock().set_waker(waker));
    }
}

impl PyLink {
    /// Never called with the GIL held: a thread that waits here must not keep the holder of the lock from Python.
    fn lock(&self) -> MutexGuard<'_, Link> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn act(
        &self,
        py: Python<'_>,
        action: impl FnOnce(&mut Link) -> Result<(), LinkError> + Send,
    ) -> PyResult<()> {
        py.detach(|| action(&mut self.lock())).map_err(|error| error::link(&error))
    }
}
