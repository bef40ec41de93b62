//! What the reader's commands need: the program, the C library with its pkg-config file, the Python module.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::root;

/// Where the tools are; nothing where one is not here.
pub(crate) struct Tools {
    /// Folder of the program `qkdpp`.
    pub(crate) program: Option<PathBuf>,
    /// Folder of qkdpp.pc.
    pub(crate) pkg_config: Option<TempDir>,
    /// Folder of a `python3` that can import qkdpp.
    pub(crate) python: Option<PathBuf>,
    /// Whether all must be here.
    pub(crate) required: bool,
}

/// Looks for what was built beside this test, and for the Python environment that `cargo xtask` makes.
pub(crate) fn find() -> Tools {
    let built = built();
    let has = |name: &str| built.join(name).exists();
    let pkg_config =
        (has("libqkdpp_c.a") && answers("cc") && answers("pkg-config")).then(|| pkg_config(&built));
    let python = env::var_os("QKDPP_BOOK_PYTHON").map(PathBuf::from).filter(|folder| imports(folder));
    let required = env::var("QKDPP_BOOK").is_ok_and(|value| value == "all");
    Tools { program: has("qkdpp").then(|| built.clone()), pkg_config, python, required }
}

/// target/debug: this test runs in its folder `deps`.
fn built() -> PathBuf {
    let test = env::current_exe().expect("the test is a program");
    test.ancestors().nth(2).expect("it lies in deps").to_owned()
}

fn answers(program: &str) -> bool {
    let version = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    version.is_ok_and(|status| status.success())
}

fn imports(folder: &Path) -> bool {
    let status = Command::new(folder.join("python3")).args(["-c", "import qkdpp"]).status();
    status.is_ok_and(|status| status.success())
}

/// What an installed tarball would offer, pointing to the sources and to what was built.
fn pkg_config(built: &Path) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let include = root().join("bindings/c/include");
    let text = format!(
        "Name: qkdpp\nDescription: QKD post-processing\nVersion: {}\nCflags: -I{}\nLibs: {} -lpthread -ldl -lm\n",
        env!("CARGO_PKG_VERSION"),
        include.display(),
        built.join("libqkdpp_c.a").display()
    );
    fs::write(folder.path().join("qkdpp.pc"), text).expect("the folder is writable");
    folder
}
