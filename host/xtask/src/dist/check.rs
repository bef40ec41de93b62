//! The tarball as a vendor meets it: unpacked in a folder outside the workspace, with nothing of the sources at hand. A C project
//! is built by pkg-config and by CMake, linked shared and static, and the wheel goes into a new environment of Python; all have
//! to print the keys that the program in the tarball makes from the same records and seed.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::failed;
use crate::run::{Failed, ensure, step};

const SEED: &str = "5";

/// Unpacks `tarball` and uses it.
pub(super) fn check(tarball: &Path) -> Result<(), Failed> {
    let desk = Desk::new(tarball)?;
    let result = desk.check();
    // What is left of a failure may be looked at.
    if result.is_ok() {
        fs::remove_dir_all(&desk.folder).map_err(failed(&desk.folder))?;
    }
    result
}

/// A folder outside the workspace.
struct Desk {
    folder: PathBuf,
    /// Where the tarball is unpacked.
    prefix: PathBuf,
}

impl Desk {
    fn new(tarball: &Path) -> Result<Self, Failed> {
        let folder = env::temp_dir().join(format!("qkdpp-dist-{}", std::process::id()));
        fs::create_dir_all(&folder).map_err(failed(&folder))?;
        let name = tarball.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let prefix = folder.join(name.trim_end_matches(".tar.gz"));
        let desk = Self { folder, prefix };
        desk.run("tar", &["-xzf", &tarball.to_string_lossy()])?;
        Ok(desk)
    }

    fn check(&self) -> Result<(), Failed> {
        step("dist: the program, its records and its keys", || self.program())?;
        step("dist: a C project with pkg-config", || self.pkg_config())?;
        step("dist: a C project with CMake", || self.cmake())?;
        step("dist: manual pages and completions", || self.read())?;
        step("dist: the wheel in a new environment", || self.wheel())
    }

    fn program(&self) -> Result<(), Failed> {
        let program = self.path("bin/qkdpp");
        let config = self.path("share/qkdpp/examples/link.toml");
        fs::copy(&config, self.folder.join("link.toml")).map_err(failed(Path::new(&config)))?;
        fs::write(self.folder.join("secret"), secret()).map_err(failed(&self.folder))?;
        self.run(
            &program,
            &["simulate", "--config", "link.toml", "--seed", "1", "--blocks", "2", "--out", "run"],
        )?;
        let distill =
            ["distill", "--alice", "run/alice.qkdraw", "--bob", "run/bob.qkdraw", "--config", "link.toml"];
        self.run(&program, &[&distill[..], &["--seed", SEED, "--keys", "program.txt"]].concat())?;
        match fs::metadata(self.folder.join("program.txt")) {
            Ok(keys) if keys.len() > 0 => Ok(()),
            _ => Err(Failed("the program in the tarball made no key".to_owned())),
        }
    }

    fn pkg_config(&self) -> Result<(), Failed> {
        ensure("cc", "gcc")?;
        ensure("pkg-config", "pkg-config")?;
        let example = self.path("share/qkdpp/examples/alice_and_bob.c");
        let compile = "cc -std=c11 -Wall -Wextra -Werror -o";
        self.run(
            "sh",
            &["-euc", &format!("{compile} shared {example} $(pkg-config --cflags --libs qkdpp)")],
        )?;
        self.same_keys("shared")?;
        // Its own library in front of the flags that it needs, and nothing of ours at run time.
        let statically = "$(pkg-config --cflags --static --libs qkdpp | sed 's/-lqkdpp/-l:libqkdpp.a/')";
        self.run("sh", &["-euc", &format!("{compile} static {example} {statically}")])?;
        fs::rename(self.path("lib"), self.path("lib-hidden")).map_err(failed(&self.prefix))?;
        let result = self.same_keys("static");
        fs::rename(self.path("lib-hidden"), self.path("lib")).map_err(failed(&self.prefix))?;
        result
    }

    fn cmake(&self) -> Result<(), Failed> {
        ensure("c++", "g++")?;
        ensure("cmake", "cmake")?;
        let prefix = format!("-DCMAKE_PREFIX_PATH={}", self.prefix.display());
        self.run("cmake", &["-S", &self.path("share/qkdpp/examples"), "-B", "build", &prefix])?;
        self.run("cmake", &["--build", "build"])?;
        ["alice_and_bob", "alice_and_bob_static", "alice_and_bob_cpp"]
            .iter()
            .try_for_each(|program| self.same_keys(&format!("build/{program}")))
    }

    /// Runs an example, which has to print the keys of the program.
    fn same_keys(&self, program: &str) -> Result<(), Failed> {
        let pools = format!("pools-{}", program.replace('/', "-"));
        fs::create_dir_all(self.folder.join(&pools)).map_err(failed(&self.folder))?;
        let records = "link.toml run/alice.qkdraw run/bob.qkdraw secret";
        self.run("sh", &["-euc", &format!("./{program} {records} {pools} {SEED} > keys.txt")])?;
        self.compare("keys.txt", program)
    }

    fn compare(&self, keys: &str, whose: &str) -> Result<(), Failed> {
        let read = |name: &str| fs::read(self.folder.join(name)).map_err(failed(&self.folder.join(name)));
        if read(keys)? == read("program.txt")? {
            Ok(())
        } else {
            Err(Failed(format!("{whose} printed other keys than the program; see {}", self.folder.display())))
        }
    }

    fn read(&self) -> Result<(), Failed> {
        ensure("man", "man-db")?;
        let page = self.path("share/man/man1/qkdpp.1");
        let read = format!("LC_ALL=C.UTF-8 man --warnings -l {page} > page 2> warnings; test ! -s warnings");
        self.run("sh", &["-euc", &read])?;
        self.run("bash", &["-n", &self.path("share/bash-completion/completions/qkdpp")])
    }

    /// Nothing to do, which is said, where no wheel was built.
    fn wheel(&self) -> Result<(), Failed> {
        let wheels = fs::read_dir(self.path("share/wheels")).into_iter().flatten().flatten();
        let Some(wheel) = wheels.map(|entry| entry.path()).next() else {
            eprintln!("SKIPPED: no wheel was built, so none is in the tarball (cargo xtask python)");
            return Ok(());
        };
        self.run("python3", &["-m", "venv", "venv"])?;
        let python = self.folder.join("venv/bin/python").to_string_lossy().into_owned();
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        self.run(&python, &[&pip[..], &[&wheel.to_string_lossy()]].concat())?;
        fs::write(self.folder.join("consumer.py"), include_str!("consumer.py"))
            .map_err(failed(&self.folder))?;
        self.run(&python, &["consumer.py", SEED, "keys-python.txt"])?;
        self.compare("keys-python.txt", "the Python module")
    }

    fn path(&self, name: &str) -> String {
        self.prefix.join(name).to_string_lossy().into_owned()
    }

    /// Runs a program in the folder, which knows the installed library and nothing of the workspace.
    fn run(&self, program: &str, arguments: &[&str]) -> Result<(), Failed> {
        let shown = format!("{program} {}", arguments.join(" "));
        let status = Command::new(program)
            .args(arguments)
            .current_dir(&self.folder)
            .env("PKG_CONFIG_PATH", self.path("lib/pkgconfig"))
            .env("LD_LIBRARY_PATH", self.path("lib"))
            .env_remove("QKDPP_BACKEND")
            .status();
        match status {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(Failed(format!("{shown}: {status}, in {}", self.folder.display()))),
            Err(error) => Err(Failed(format!("{shown}: {error}"))),
        }
    }
}

/// What stands for a pre-shared secret: 2047 pads a direction, without sixteen zeros in a row.
fn secret() -> Vec<u8> {
    (0..1u32 << 16).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8 | 1).collect()
}
