//! [`Bench`]: the C and C++ examples against `qkdpp distill`, with the tools that find memory errors.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{STRICT, failed, output, source, target, text};
use crate::run::{Failed, program};

/// Records, a secret, and the keys that `qkdpp distill` makes of them.
pub(super) struct Bench {
    prefix: PathBuf,
    folder: PathBuf,
    keys: String,
}

/// What compiles an example, in which language.
const EXAMPLES: [(&str, &str, &str); 3] = [
    ("alice_and_bob.c", "cc", "-std=c11"),
    ("epoll_link.c", "cc", "-std=c11"),
    ("alice_and_bob.cpp", "c++", "-std=c++17"),
];
/// Of the records and of all randomness.
const SEED: &str = "7";
const BLOCKS: &str = "2";

impl Bench {
    pub(super) fn new(prefix: &Path) -> Result<Self, Failed> {
        let folder = target("c/run");
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(failed(&folder))?;
        }
        fs::create_dir_all(&folder).map_err(failed(&folder))?;
        let path = |name: &str| text(&folder.join(name));
        let (qkdpp, config) = (target("debug/qkdpp"), text(&source("examples/link.toml")));
        let simulate =
            ["simulate", "--config", &config, "--seed", SEED, "--blocks", BLOCKS, "--out", &text(&folder)];
        output(Command::new(&qkdpp).args(simulate))?;
        let (alice, bob, keys) = (path("alice.qkdraw"), path("bob.qkdraw"), path("keys"));
        let distill = ["distill", "--alice", &alice, "--bob", &bob, "--config", &config, "--seed", SEED];
        output(Command::new(&qkdpp).args(distill).args(["--keys", &keys]))?;
        // Pads hide tags and never touch a key, so any secret gives the same keys.
        let secret: Vec<u8> = (0..64 + 32 * 4096_u32).map(|index| (index % 251) as u8 + 1).collect();
        fs::write(folder.join("secret"), secret).map_err(failed(&folder))?;
        let keys = fs::read_to_string(&keys).map_err(failed(&folder))?;
        match keys.lines().count() {
            2 => Ok(Self { prefix: prefix.to_owned(), folder, keys }),
            other => Err(Failed(format!("qkdpp distill made {other} keys of {BLOCKS} blocks"))),
        }
    }

    /// As a vendor compiles them, with pkg-config and the shared library.
    pub(super) fn plain(&self) -> Result<(), Failed> {
        self.compile("plain", &[])?;
        self.run("plain", &[])
    }

    /// What [`plain`](Self::plain) has compiled.
    pub(super) fn valgrind(&self) -> Result<(), Failed> {
        let valgrind = ["valgrind", "--quiet", "--error-exitcode=9", "--leak-check=full"];
        self.run(
            "plain",
            &[&valgrind[..], &["--show-leak-kinds=definite", "--errors-for-leak-kinds=definite"]].concat(),
        )
    }

    /// Memory errors and undefined behaviour on C's side, and leaks on both: Rust's memory comes from malloc, too.
    pub(super) fn sanitized(&self) -> Result<(), Failed> {
        self.compile("sanitized", &["-fsanitize=address,undefined", "-fno-sanitize-recover=all"])?;
        self.run("sanitized", &[])
    }

    /// As a project that is built by CMake finds them, with the shared and the static library.
    pub(super) fn cmake(&self) -> Result<(), Failed> {
        let build = self.folder.join("cmake");
        let prefix = format!("-DCMAKE_PREFIX_PATH={}", text(&self.prefix));
        output(Command::new("cmake").arg("-S").arg(source("examples")).arg("-B").arg(&build).arg(prefix))?;
        output(Command::new("cmake").arg("--build").arg(&build))?;
        for name in ["alice_and_bob", "alice_and_bob_static", "alice_and_bob_cpp"] {
            self.in_one_process(&build.join(name), &[])?;
        }
        Ok(())
    }

    fn compile(&self, folder: &str, more: &[&str]) -> Result<(), Failed> {
        let folder = self.folder.join(folder);
        fs::create_dir_all(&folder).map_err(failed(&folder))?;
        let search = self.prefix.join("lib/pkgconfig");
        let pkg_config = ["--cflags", "--libs", "qkdpp"];
        let flags = output(Command::new("pkg-config").args(pkg_config).env("PKG_CONFIG_PATH", search))?;
        let flags: Vec<&str> = flags.split_whitespace().collect();
        let rpath = format!("-Wl,-rpath,{}", text(&self.prefix.join("lib")));
        for (file, compiler, standard) in EXAMPLES {
            let (from, to) = (text(&source("examples").join(file)), text(&program_of(&folder, file)));
            let arguments = [&STRICT[..], more, &[standard, "-pthread", &from, "-o", &to], &flags, &[&rpath]];
            program(compiler, &arguments.concat())?;
        }
        Ok(())
    }

    /// Runs all three; `runner` runs them if it is not empty.
    fn run(&self, folder: &str, runner: &[&str]) -> Result<(), Failed> {
        let folder = self.folder.join(folder);
        self.in_one_process(&program_of(&folder, "alice_and_bob.c"), runner)?;
        self.in_one_process(&program_of(&folder, "alice_and_bob.cpp"), runner)?;
        self.in_two_processes(&program_of(&folder, "epoll_link.c"), runner)
    }

    fn in_one_process(&self, program: &Path, runner: &[&str]) -> Result<(), Failed> {
        let mut run = started_by(runner, program);
        for name in ["config.toml", "alice.qkdraw", "bob.qkdraw", "secret"] {
            run.arg(self.folder.join(name));
        }
        let keys = output(run.arg(self.fresh()?).arg(SEED))?;
        self.compare(program, &keys)
    }

    fn in_two_processes(&self, program: &Path, runner: &[&str]) -> Result<(), Failed> {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
        let port = free.map_err(failed(program))?.port().to_string();
        let folder = self.fresh()?;
        let side = |name: &str| {
            let mut run = started_by(runner, program);
            run.args([name, &port]).arg(self.folder.join("config.toml"));
            run.arg(self.folder.join(format!("{name}.qkdraw"))).arg(self.folder.join("secret"));
            run.arg(&folder).arg(SEED);
            run
        };
        let alice = side("alice").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut alice = alice.map_err(failed(program))?;
        let bob = output(&mut side("bob"));
        if bob.is_err() {
            // She may wait for him; that she has ended is as good.
            let _ = alice.kill();
        }
        let alice = alice.wait_with_output().map_err(failed(program))?;
        let keys = bob?;
        if !alice.status.success() {
            let said = String::from_utf8_lossy(&alice.stderr);
            return Err(Failed(format!("{}, alice: {}\n{said}", text(program), alice.status)));
        }
        self.compare(program, &keys)?;
        self.compare(program, &String::from_utf8_lossy(&alice.stdout))
    }

    /// A folder for key pools and ledgers, which no run shares with another.
    fn fresh(&self) -> Result<PathBuf, Failed> {
        let folder = self.folder.join("pools");
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(failed(&folder))?;
        }
        fs::create_dir_all(&folder).map_err(failed(&folder))?;
        Ok(folder)
    }

    fn compare(&self, program: &Path, keys: &str) -> Result<(), Failed> {
        if keys == self.keys {
            return Ok(());
        }
        let other = self.folder.join("other-keys");
        fs::write(&other, keys).map_err(failed(&other))?;
        Err(Failed(format!(
            "{} gives other keys ({}) than qkdpp distill ({})",
            text(program),
            text(&other),
            text(&self.folder.join("keys"))
        )))
    }
}

/// The program that is compiled from `file`.
fn program_of(folder: &Path, file: &str) -> PathBuf {
    folder.join(file.replace('.', "_"))
}

fn started_by(runner: &[&str], program: &Path) -> Command {
    match runner.split_first() {
        None => Command::new(program),
        Some((first, rest)) => {
            let mut command = Command::new(first);
            command.args(rest).arg(program);
            command
        }
    }
}
