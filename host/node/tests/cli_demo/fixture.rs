//! Runs of the program, and links small enough for a test.

use std::fs;
use std::process::Command;

use tempfile::TempDir;

/// One decoy, 10 ms per block, in three batches: about 4.4e5 sifted bits.
pub(crate) const DECOY: &str = r#"
[link]
clock_hz = 1e9
loss.fibre = { km = 10.0, attenuation_db_per_km = 0.2 }

[link.source.weak-coherent]
intensities = [0.5, 0.1]
probabilities = [0.7, 0.3]
key_basis_probability = 0.7
misalignment_key = 5e-3
misalignment_test = 5e-3

[link.detector]
efficiency = 0.4
dark_count_probability = 1e-7
after_pulse_probability = 0.0
dead_time_slots = 0
key_basis_probability = 0.7

[profile]
name = "decoy"
protocol = "decoy-bb84"
slots_per_block = 10_000_000
slots_per_batch = 4_000_000
intensities = [0.5, 0.1]
probabilities = [0.7, 0.3]
expected_qber = 0.005

[profile.proof]
name = "wiesemann-2026"
eps_sec = 1e-9
eps_cor = 1e-15
"#;

/// Entangled pairs, about 2e4 sifted bits per block.
pub(crate) const BBM92: &str = r#"
[link]
clock_hz = 1e8
loss.fixed = { db = 1.0 }

[link.source.entangled-pairs]
pairs_per_slot = 0.01
misalignment_key = 0.01
misalignment_test = 0.01

[link.source.entangled-pairs.detector]
efficiency = 0.5
dark_count_probability = 1e-7
after_pulse_probability = 0.0
dead_time_slots = 0
key_basis_probability = 0.5

[link.detector]
efficiency = 0.5
dark_count_probability = 1e-7
after_pulse_probability = 0.0
dead_time_slots = 0
key_basis_probability = 0.5

[profile]
name = "bbm92"
protocol = "bbm92"
slots_per_block = 20_000_000
slots_per_batch = 12_000_000
expected_qber = 0.02
test = { sample = { fraction = 0.2 } }

[profile.proof]
name = "tl-2017"
eps_sec = 1e-9
eps_cor = 1e-15
"#;

/// What a run left.
pub(crate) struct Run {
    pub(crate) success: bool,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs the program to its end.
pub(crate) fn qkdpp(arguments: &[&str]) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_qkdpp"))
        .args(arguments)
        .env_remove("QKDPP_BACKEND")
        .output()
        .expect("the program starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Run { success: output.status.success(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// A folder that goes with the test.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    /// The path of `name` in the folder.
    pub(crate) fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    /// Writes the file `name`; returns its path.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        fs::write(&path, content).expect("the file is written");
        path
    }
}
