//! [`PyConfig`]: a link and its profile, what they should give in closed form, and records of a simulation.

use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use numpy::{IntoPyArray, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use qkdpp_channel::feed::{self, Batch};
use qkdpp_channel::keyrate::{Assumptions, Block, Point};
use qkdpp_channel::record::Writer;
use qkdpp_channel::{Attack, Config, Expectation, Level, Link, Loss, PRESETS, RECORDED};
use qkdpp_protocol::proof::{Lim2014, Proof, Rusca2018, Sampling};
use qkdpp_protocol::{Profile, Role};

use crate::batch::PyBatch;
use crate::progress::Progress;
use crate::{error, json};

/// A link (optics, for the model) and its profile (what both sides share), from the text that the program reads.
///
/// Config("fibre-50km") is a preset, Config("link.toml") a file; Config.parse takes the text itself.
#[pyclass(frozen, name = "Config", module = "qkdpp")]
pub(crate) struct PyConfig(pub(crate) Config);

/// Names of the presets, and a line about each.
#[pyfunction]
pub(crate) fn presets() -> Vec<(&'static str, &'static str)> {
    PRESETS.iter().chain(RECORDED).copied().collect()
}

#[pymethods]
impl PyConfig {
    #[new]
    fn new(name: &str) -> PyResult<Self> {
        Config::load(name).map(Self).map_err(|error| error::config(&error))
    }

    /// The config in `text` (TOML); errors call it `name`.
    #[staticmethod]
    #[pyo3(signature = (text, name = "config"))]
    fn parse(text: String, name: &str) -> PyResult<Self> {
        Config::parse(name, text).map(Self).map_err(|error| error::config(&error))
    }

    /// Name of the preset or path of the file.
    #[getter]
    fn name(&self) -> &str {
        &self.0.name
    }

    /// The TOML text.
    #[getter]
    fn text(&self) -> &str {
        &self.0.text
    }

    /// The profile with all defaults filled in; a copy.
    #[getter]
    fn profile<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        json::to_python(py, &self.0.profile)
    }

    /// Slots per second (Hz) of the link.
    #[getter]
    fn clock_hz(&self) -> PyResult<f64> {
        Ok(self.link()?.clock_hz)
    }

    /// What the link should deliver, in closed form: detections_per_slot, and per intensity, brightest first, arrays of
    /// gain (per pulse), and of key, key_errors, test and test_errors (per slot).
    fn expected<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let Expectation { detections_per_slot, levels, .. } =
            Expectation::of(self.link()?).map_err(error::value)?;
        let answer = PyDict::new(py);
        answer.set_item("detections_per_slot", detections_per_slot)?;
        let column = |name: &str, of: fn(&Level) -> f64| {
            answer.set_item(name, levels.iter().map(of).collect::<Vec<f64>>().into_pyarray(py))
        };
        column("gain", |level| level.gain)?;
        column("key", |level| level.key)?;
        column("key_errors", |level| level.key_errors)?;
        column("test", |level| level.test)?;
        column("test_errors", |level| level.test_errors)?;
        Ok(answer)
    }

    /// Key rates in closed form against the length of the fibre.
    ///
    /// distance_km: float64 array of shape (k,); None: the link as it is (k = 1). The block is `slots` or `sifted_bits`, by
    /// default the profile's slots. f: bits disclosed by error correction over n h(QBER). proof: a dict as in a profile, in
    /// place of the profile's. as_published: by the formulas of Lim et al. 2014, for comparison; not proved.
    ///
    /// Returns a dict of arrays of shape (k,): distance_km, slots, sifted_bits, qber, phase_error_rate (NaN where the proof
    /// did not reach it), leak_bits, secret_bits, secret_bits_per_slot and secret_bits_per_second of link time, and the
    /// list no_key of reasons (None where there is a key). Releases the GIL.
    #[pyo3(signature = (
        distance_km = None, *, slots = None, sifted_bits = None, f = 1.16, proof = None, as_published = false
    ))]
    #[allow(clippy::too_many_arguments, reason = "keywords in Python")]
    fn key_rate<'py>(
        &self,
        py: Python<'py>,
        distance_km: Option<PyReadonlyArray1<'py, f64>>,
        slots: Option<f64>,
        sifted_bits: Option<f64>,
        f: f64,
        proof: Option<&Bound<'py, PyAny>>,
        as_published: bool,
    ) -> PyResult<Bound<'py, PyDict>> {
        if !(1.0..=10.0).contains(&f) {
            return Err(error::value(format_args!("f is {f}; it lies between 1, the Shannon limit, and 10")));
        }
        let block = self.block(slots, sifted_bits)?;
        let profile = self.profile_for(proof, as_published)?;
        let links = self.at(distance_km)?;
        let assumptions = Assumptions { efficiency: f, as_published };
        let mut points = Vec::with_capacity(links.len());
        for links in links.chunks(64) {
            let chunk = py.detach(|| -> Result<Vec<Point>, _> {
                links.iter().map(|link| Point::of(link, &profile, block, assumptions)).collect()
            });
            points.extend(chunk.map_err(error::value)?);
            py.check_signals()?;
        }
        as_arrays(py, &points)
    }

    /// An iterator of (block, Alice's Batch, Bob's Batch) of the simulated link.
    ///
    /// The same seed gives the same records, and the same as `qkdpp simulate`. attack: NAME[=STRENGTH][@SLOT] puts an
    /// eavesdropper on the link.
    #[pyo3(signature = (seed, blocks = 1, *, attack = None))]
    fn simulate(&self, seed: u64, blocks: u64, attack: Option<&str>) -> PyResult<PySimulation> {
        self.batches(seed, blocks, attack).map(|batches| PySimulation(Mutex::new(Box::new(batches))))
    }

    /// Writes alice.qkdraw, bob.qkdraw and config.toml into `folder`, as `qkdpp simulate` does; returns the three paths.
    ///
    /// The records hold secret bits and are readable by their owner only. progress: a callable of (batches
    /// done, batches in all), False for nothing; by default a line on a terminal. Ctrl-C interrupts; the records are then
    /// without their end, and readers call them truncated.
    #[pyo3(signature = (folder, seed, blocks = 1, *, attack = None, progress = None))]
    fn write_records(
        &self,
        py: Python<'_>,
        folder: PathBuf,
        seed: u64,
        blocks: u64,
        attack: Option<&str>,
        progress: Option<Bound<'_, PyAny>>,
    ) -> PyResult<(String, String, String)> {
        let clock_hz = self.link()?.clock_hz;
        let total = blocks * feed::batches_per_block(&self.0.profile);
        let progress = Progress::new(py, progress, "batches", total)?;
        let mut batches = self.batches(seed, blocks, attack)?;
        fs::create_dir_all(&folder)?;
        let paths = ["alice.qkdraw", "bob.qkdraw", "config.toml"].map(|name| folder.join(name));
        let create = |path, role| Writer::create(path, role, clock_hz).map_err(|error| error::record(&error));
        let (mut alice, mut bob) = (create(&paths[0], Role::Alice)?, create(&paths[1], Role::Bob)?);
        for done in 1..=total {
            let written = py.detach(|| {
                let Some(batch) = batches.next() else { return Ok(()) };
                alice.write(batch.block, &batch.alice)?;
                bob.write(batch.block, &batch.bob)
            });
            written.map_err(|error| error::record(&error))?;
            progress.at(done)?;
        }
        py.detach(|| alice.finish().and_then(|()| bob.finish())).map_err(|error| error::record(&error))?;
        fs::write(&paths[2], &self.0.text)?;
        let [alice, bob, config] = paths.map(|path| path.display().to_string());
        Ok((alice, bob, config))
    }

    fn __repr__(&self) -> String {
        format!("Config({:?})", self.0.name)
    }
}

impl PyConfig {
    fn link(&self) -> PyResult<&Link> {
        self.0.link().map_err(|error| error::config(&error))
    }

    fn batches(
        &self,
        seed: u64,
        blocks: u64,
        attack: Option<&str>,
    ) -> PyResult<impl Iterator<Item = Batch> + Send + use<>> {
        let attack = attack.map(|text| text.parse::<Attack>().map_err(error::value)).transpose()?;
        feed::simulated(self.link()?, &self.0.profile, attack, seed, blocks).map_err(error::value)
    }

    fn block(&self, slots: Option<f64>, sifted_bits: Option<f64>) -> PyResult<Block> {
        let (name, size, block): (_, _, fn(f64) -> Block) = match (slots, sifted_bits) {
            (Some(_), Some(_)) => return Err(error::value("a block has slots or sifted_bits, not both")),
            (Some(slots), None) => ("slots", slots, Block::Slots),
            (None, Some(bits)) => ("sifted_bits", bits, Block::SiftedBits),
            (None, None) => ("slots", self.0.profile.slots_per_block as f64, Block::Slots),
        };
        // Counts beyond 2^53 are not exact.
        if (1.0..=9e15).contains(&size) {
            Ok(block(size))
        } else {
            Err(error::value(format_args!("{name} is {size}; a block has 1 to 9e15")))
        }
    }

    fn profile_for(&self, proof: Option<&Bound<'_, PyAny>>, as_published: bool) -> PyResult<Profile> {
        let mut profile = self.0.profile.clone();
        if let Some(proof) = proof {
            profile.proof = json::from_python(proof, "proof")?;
        }
        if as_published {
            let sampling = Sampling::AsPublished;
            profile.proof = match profile.proof {
                Proof::Lim2014(lim) => Proof::Lim2014(Lim2014 { sampling, ..lim }),
                Proof::Rusca2018(rusca) => Proof::Rusca2018(Rusca2018 { sampling, ..rusca }),
                other => {
                    return Err(error::value(format_args!(
                        "as_published is for lim-2014 and rusca-2018; {} has no approximate form",
                        other.name()
                    )));
                }
            };
        }
        profile.validate().map_err(error::value)?;
        Ok(profile)
    }

    /// The link, once for each length of its fibre.
    fn at(&self, distance_km: Option<PyReadonlyArray1<'_, f64>>) -> PyResult<Vec<Link>> {
        let link = self.link()?;
        let Some(distances) = distance_km else { return Ok(vec![link.clone()]) };
        let Loss::Fibre { attenuation_db_per_km, .. } = link.loss else {
            return Err(error::value(format_args!(
                "{}: link.loss is no fibre, so it has no distance",
                self.0.name
            )));
        };
        let at = |&km: &f64| Link { loss: Loss::Fibre { km, attenuation_db_per_km }, ..link.clone() };
        Ok(distances.as_array().iter().map(at).collect())
    }
}

fn as_arrays<'py>(py: Python<'py>, points: &[Point]) -> PyResult<Bound<'py, PyDict>> {
    let answer = PyDict::new(py);
    let column = |name: &str, of: fn(&Point) -> f64| {
        answer.set_item(name, points.iter().map(of).collect::<Vec<f64>>().into_pyarray(py))
    };
    column("distance_km", |point| point.distance_km.unwrap_or(f64::NAN))?;
    column("slots", |point| point.slots)?;
    let counts = |name: &str, of: fn(&Point) -> u64| {
        answer.set_item(name, points.iter().map(of).collect::<Vec<u64>>().into_pyarray(py))
    };
    counts("sifted_bits", |point| point.sifted_bits)?;
    column("qber", |point| point.qber)?;
    column("phase_error_rate", |point| point.phase_error_rate.unwrap_or(f64::NAN))?;
    column("leak_bits", |point| point.leak_bits)?;
    counts("secret_bits", |point| point.secret_bits)?;
    column("secret_bits_per_slot", |point| point.secret_bits_per_slot)?;
    column("secret_bits_per_second", |point| point.secret_bits_per_second)?;
    answer.set_item("no_key", points.iter().map(|point| point.no_key.as_deref()).collect::<Vec<_>>())?;
    Ok(answer)
}

/// The batches of a simulated link, in order.
#[pyclass(frozen, name = "Simulation", module = "qkdpp")]
pub(crate) struct PySimulation(Mutex<Box<dyn Iterator<Item = Batch> + Send>>);

#[pymethods]
impl PySimulation {
    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> Option<(u64, PyBatch, PyBatch)> {
        let next = py.detach(|| self.0.lock().unwrap_or_else(PoisonError::into_inner).next());
        next.map(|Batch { block, alice, bob }| (block, alice.into(), bob.into()))
    }
}
