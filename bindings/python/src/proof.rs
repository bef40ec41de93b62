//! Security proofs on given counts.

use pyo3::prelude::*;
use qkdpp_protocol::proof::{Counts, Evaluation, Proof};
use serde::Serialize;

use crate::{error, json};

/// The answer, as `qkdpp keyrate --json` prints it.
#[derive(Serialize)]
struct Answer {
    #[serde(flatten)]
    evaluation: Evaluation,
    no_key: Option<String>,
    growth_for_key: Option<f64>,
}

/// How many secret bits a proof allows for the counts of a block.
///
/// proof: a dict as in a profile, {"name": "tl-2017", "eps_sec": 1e-10, "eps_cor": 1e-15}. counts: a dict of mu, p (mean
/// photon numbers, brightest first, and their probabilities; empty for single-photon proofs), n_key, m_key, n_test, m_test
/// (detections and errors per intensity, in the key and in the test basis), leak (bits disclosed) and dropped_key.
///
/// Returns a dict: ell (secret bits), ell_real, bounds (every bound of the derivation, each at the end that shortens the
/// key), epsilon_secret, epsilon_correct, rigorous, and where ell is 0 the reason no_key and growth_for_key, the factor by
/// which all counts would have to grow. 0 is an answer, bad input a ValueError.
#[pyfunction]
pub(crate) fn evaluate_proof<'py>(
    py: Python<'py>,
    proof: &Bound<'py, PyAny>,
    counts: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let proof: Proof = json::from_python(proof, "proof")?;
    proof.validate().map_err(error::value)?;
    let counts: Counts = json::from_python(counts, "counts")?;
    counts.validate(proof.intensities()).map_err(error::value)?;
    let answer = py.detach(|| {
        let evaluation = proof.evaluate(&counts);
        Answer {
            no_key: evaluation.zero.as_ref().map(ToString::to_string),
            growth_for_key: proof.detections_for_key(&counts).filter(|_| evaluation.ell == 0),
            evaluation,
        }
    });
    json::to_python(py, &answer)
}
