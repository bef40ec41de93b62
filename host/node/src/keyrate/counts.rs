//! `qkdpp keyrate --proof NAME --input FILE`: what a proof allows for given counts, with every bound on the way.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use qkdpp_protocol::proof::{Counts, Evaluation, Proof};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::Failure;

/// Explains the input.
pub(super) const AFTER_HELP: &str = "\
The input is one JSON object with the counts of the block and the parameters of the proof side by side:

  mu, p               mean photon numbers, brightest first, and their probabilities; not for single-photon proofs
  n_key, m_key        detections and errors in the key basis, one for each intensity
  n_test, m_test      detections and errors in the test basis
  leak                bits disclosed about the key: error correction and verification
  dropped_key         key bits in discarded frames [default: 0]

  eur-variable-2024           eps_d eps_a eps_b eps_c eps_pa eps_ev, detectors: [delta] [dark] [swap]
  lim-2014, rusca-2018        eps_sec eps_cor [sampling: kl, serfling or as-published]
  wiesemann-2026, tlgr-2012, tl-2017        eps_sec eps_cor

Two decoys: eur-variable-2024, lim-2014. One decoy: rusca-2018, wiesemann-2026. Single photons: tlgr-2012, tl-2017.
Unknown keys are refused. The answer has every bound of the derivation, each at the end that shortens the key, and
ell, the secret bits; where ell is 0, the reason. 0 is an answer, not a failure.

Examples:
  echo '{\"n_key\": [100000], \"m_key\": [2000], \"n_test\": [10000], \"m_test\": [200], \"leak\": 16407,
         \"eps_sec\": 1e-10, \"eps_cor\": 1e-15}' > counts.json
  qkdpp keyrate --proof tl-2017 --input counts.json
  qkdpp keyrate sweep --config fibre-50km --distance 0..150:5 --out rates";

#[derive(clap::Args)]
pub(super) struct CountsArguments {
    /// Name of the proof
    #[arg(long, value_name = "NAME")]
    proof: String,
    /// JSON file with counts and parameters
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Keys of the input that are counts; all others belong to the proof.
const COUNTS: [&str; 8] = ["mu", "p", "n_key", "m_key", "n_test", "m_test", "leak", "dropped_key"];

/// Runs the command.
///
/// # Errors
/// If the file cannot be read, or holds something else than valid counts and parameters of the proof.
pub(super) fn run(arguments: &CountsArguments) -> Result<(), Failure> {
    let (proof, counts) = read(&arguments.proof, &arguments.input)?;
    let evaluation = proof.evaluate(&counts);
    let answer = Answer {
        no_key: evaluation.zero.as_ref().map(ToString::to_string),
        growth_for_key: proof.detections_for_key(&counts).filter(|_| evaluation.ell == 0),
        evaluation,
    };
    if arguments.json {
        println!("{}", serde_json::to_string(&answer).map_err(Failure::input)?);
    } else {
        print!("{answer}");
    }
    Ok(())
}

/// The proof `name` with its parameters, and the counts, both validated.
fn read(name: &str, path: &Path) -> Result<(Proof, Counts), Failure> {
    let text = fs::read_to_string(path).map_err(Failure::file(path))?;
    let object: Map<String, Value> = serde_json::from_str(&text).map_err(in_file(path))?;
    if object.contains_key("name") {
        return Err(in_file(path)("unknown field `name`: the proof is named by --proof"));
    }
    let (mut counts, mut proof): (Map<_, _>, Map<_, _>) =
        object.into_iter().partition(|(key, _)| COUNTS.contains(&key.as_str()));
    proof.insert("name".to_owned(), name.into());
    let proof: Proof = serde_json::from_value(proof.into()).map_err(in_file(path))?;
    proof.validate().map_err(in_file(path))?;
    if proof.intensities() == 0 {
        for key in ["mu", "p"] {
            counts.entry(key).or_insert_with(|| Value::Array(Vec::new()));
        }
    }
    let counts: Counts = serde_json::from_value(counts.into()).map_err(in_file(path))?;
    counts.validate(proof.intensities()).map_err(in_file(path))?;
    Ok((proof, counts))
}

/// Says in which file the error is.
fn in_file<E: fmt::Display>(path: &Path) -> impl FnOnce(E) -> Failure + '_ {
    move |error| Failure::Input(format!("{}: {error}", path.display()))
}

#[derive(Serialize)]
struct Answer {
    #[serde(flatten)]
    evaluation: Evaluation,
    /// Why there is no key, in words.
    no_key: Option<String>,
    /// Factor by which all counts would have to grow for a key, where there is none.
    growth_for_key: Option<f64>,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Evaluation { name, bounds, ell, epsilon_secret, epsilon_correct, rigorous, .. } =
            &self.evaluation;
        let mut line = |name: &str, value: &dyn fmt::Display| writeln!(f, "{name:<20}{value}");
        line("proof", name)?;
        if !rigorous {
            line("warning", &"sampling as published is an approximation: the epsilons are not proved")?;
        }
        for (name, value) in bounds.iter() {
            line(name, &value)?;
        }
        line("epsilon_secret", epsilon_secret)?;
        line("epsilon_correct", epsilon_correct)?;
        line("ell", &format_args!("{ell} bits"))?;
        if let Some(reason) = &self.no_key {
            line("no key", reason)?;
            match self.growth_for_key {
                Some(factor) => line("key from", &format_args!("{factor:.3} times these counts on"))?,
                None => line("key from", &"no number of detections at these rates")?,
            }
        }
        Ok(())
    }
}
