//! `cargo xtask pcie-test`: the driver, unmodified, against the Verilated core behind an IOMMU.
//!
//! ```text
//! RTL ◀─ qkdpp-rtl-server ◀─ vfio-user socket ◀─ QEMU: intel-iommu ◀─ a stock kernel: vfio-pci ◀─ qkdpp --backend vfio:…
//! ```
//! Everything that is needed is unpacked below target/pcie; nothing needs root, and there is no network inside. The kernel and
//! busybox are Debian's stable ones, QEMU that of its backports, run by its own loader.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::hdl;
use crate::run::{Failed, announce, cargo, ensure, program, root, step};

/// What a boot tries, the options of its server, and the driver's patience in seconds.
const CASES: [(&str, &[&str], u32); 4] = [
    ("sound", &[], 120),
    ("interrupts", &["--lose-interrupts", "2"], 120),
    ("slow", &["--slow", "100"], 1),
    ("removal", &[], 20),
];

/// How long one boot may take.
const LONGEST: Duration = Duration::from_secs(600);

/// Where the host takes the device off its bus.
const NOW: &str = "now";

/// Modules of the kernel, in the order in which they need each other.
const MODULES: [&str; 6] =
    ["irqbypass", "vfio", "vfio_virqfd", "vfio_iommu_type1", "vfio-pci-core", "vfio-pci"];

/// Runs all cases, or those named.
pub(crate) fn test(wanted: &[String]) -> Result<(), Failed> {
    hdl::tools()?;
    step(FETCH, fetch)?;
    run(wanted)
}

/// Runs all cases, if the downloads can be had.
pub(crate) fn ci() -> Result<(), Failed> {
    if let Err(Failed(why)) = step(FETCH, fetch) {
        eprintln!(
            "==== SKIPPED: pcie-test, for want of its downloads ({why}); NOTHING BEHIND AN IOMMU WAS TESTED"
        );
        return Ok(());
    }
    run(&[])
}

const FETCH: &str = "pcie-test: QEMU, a kernel, busybox";

fn run(wanted: &[String]) -> Result<(), Failed> {
    step("pcie-test: server and guest programs", build)?;
    let initrd = initrd()?;
    announce("pcie-test: boots");
    let mut report = Vec::new();
    for (case, options, patience) in CASES {
        if !wanted.is_empty() && !wanted.iter().any(|name| name == case) {
            continue;
        }
        let began = Instant::now();
        let lines = boot(&initrd, case, options, patience)?;
        report.extend(lines.into_iter().map(|line| format!("{case:10} {line}")));
        report.push(format!("{case:10} boot and all: {:.1} s", began.elapsed().as_secs_f64()));
    }
    println!("\npcie-test\n{}", report.join("\n"));
    let bad = report.iter().filter(|line| line.contains("fail: ")).count();
    if bad == 0 { Ok(()) } else { Err(Failed(format!("pcie-test: {bad} cases failed"))) }
}

fn folder() -> PathBuf {
    root().join("target/pcie")
}

/// Unpacks what is not there.
fn fetch() -> Result<(), Failed> {
    const MIRROR: &str = "http://deb.debian.org/debian";
    let sources = |suites: &[&str]| -> Vec<String> {
        suites.iter().map(|suite| format!("deb {MIRROR} {suite} main")).collect()
    };
    // vfio-user-pci came with QEMU 10.1.
    unpack(
        "qemu",
        "qemu-system-x86",
        ["trixie", "trixie-backports"],
        &sources(&["trixie", "trixie-backports"]),
    )?;
    unpack("guest", "linux-image-cloud-amd64,busybox-static", ["bookworm"; 2], &sources(&["bookworm"]))
}

/// Unpacks `packages` and what they need from `suite`, preferring `preferred`.
fn unpack(
    name: &str,
    packages: &str,
    [suite, preferred]: [&str; 2],
    sources: &[String],
) -> Result<(), Failed> {
    let into = folder().join(name);
    if into.join("complete").exists() {
        return Ok(());
    }
    ensure("mmdebstrap", "mmdebstrap")?;
    let io = |error: std::io::Error| Failed(format!("{}: {error}", into.display()));
    if into.exists() {
        fs::remove_dir_all(&into).map_err(io)?;
    }
    fs::create_dir_all(folder()).map_err(io)?;
    let include = format!("--include={packages}");
    let target = into.to_string_lossy();
    let release = format!("--aptopt=APT::Default-Release \"{preferred}\"");
    let mut arguments = vec!["--variant=extract", include.as_str(), release.as_str(), suite, &target];
    arguments.extend(sources.iter().map(String::as_str));
    program("mmdebstrap", &arguments)?;
    fs::write(into.join("complete"), "").map_err(io)
}

/// The server with the tests' features; the guest's programs, linked statically for want of libraries in there.
fn build() -> Result<(), Failed> {
    const STATIC: [&str; 5] = ["--", "-C", "target-feature=+crt-static", "-C", "strip=symbols"];
    cargo(&["build", "--locked", "-p", "qkdpp-rtl-server", "--features", "rtl"])?;
    keep("qkdpp-rtl-server")?;
    for [package, name] in [["qkdpp-node", "qkdpp"], ["qkdpp-rtl-server", "qkdpp-pcie-guest"]] {
        let program = ["rustc", "--locked", "-p", package, "--bin", name];
        cargo(&[&program[..], &STATIC].concat())?;
        keep(name)?;
    }
    Ok(())
}

/// Copies a program to where no other build replaces it.
fn keep(name: &str) -> Result<(), Failed> {
    let built = root().join("target/debug").join(name);
    fs::create_dir_all(programs())
        .and_then(|()| fs::copy(&built, programs().join(name)))
        .map_err(|error| Failed(format!("{}: {error}", built.display())))?;
    Ok(())
}

fn programs() -> PathBuf {
    folder().join("programs")
}

/// Packs the guest's root: busybox, modules, programs.
fn initrd() -> Result<PathBuf, Failed> {
    let io = |error: std::io::Error| Failed(format!("target/pcie/root: {error}"));
    let (top, guest) = (folder().join("root"), folder().join("guest"));
    if top.exists() {
        fs::remove_dir_all(&top).map_err(io)?;
    }
    for name in ["bin", "sbin", "usr/bin", "usr/sbin", "lib", "proc", "sys", "dev", "tmp"] {
        fs::create_dir_all(top.join(name)).map_err(io)?;
    }
    let sources = root().join("hdl/verilated/server/guest");
    for (from, to) in [
        (busybox()?, "bin/busybox"),
        (programs().join("qkdpp"), "bin/qkdpp"),
        (programs().join("qkdpp-pcie-guest"), "bin/qkdpp-pcie-guest"),
        (sources.join("init"), "init"),
        (sources.join("demo.toml"), "demo.toml"),
    ] {
        fs::copy(&from, top.join(to)).map_err(|error| Failed(format!("{}: {error}", from.display())))?;
    }
    let mut found = Vec::new();
    for module in MODULES {
        let name = format!("{module}.ko");
        if let Some(file) =
            find(&guest.join("lib/modules"), &name).or_else(|| find(&guest.join("usr/lib/modules"), &name))
        {
            fs::copy(file, top.join("lib").join(&name)).map_err(io)?;
            found.push(name);
        }
    }
    fs::write(top.join("modules"), found.join("\n")).map_err(io)?;
    let image = folder().join("initrd");
    let pack = format!(
        "cd '{}' && find . | '{}' cpio -o -H newc > '{}' 2>/dev/null",
        top.display(),
        busybox()?.display(),
        image.display()
    );
    program("sh", &["-c", &pack])?;
    Ok(image)
}

fn busybox() -> Result<PathBuf, Failed> {
    find(&folder().join("guest"), "busybox").ok_or_else(|| Failed("busybox was not unpacked".to_owned()))
}

/// The first file of that name.
fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    let mut entries: Vec<_> = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).collect();
    entries.sort();
    let is_it =
        |path: &&PathBuf| path.is_file() && path.file_name().is_some_and(|file| file.to_str() == Some(name));
    if let Some(file) = entries.iter().find(is_it) {
        return Some(file.clone());
    }
    entries.iter().filter(|path| path.is_dir() && !path.is_symlink()).find_map(|path| find(path, name))
}

/// Ends a process when it is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Boots the guest once; its report, line by line.
fn boot(initrd: &Path, case: &str, options: &[&str], patience: u32) -> Result<Vec<String>, Failed> {
    let failed = |error: std::io::Error| Failed(format!("pcie-test, {case}: {error}"));
    let socket = folder().join("socket");
    let _ = fs::remove_file(&socket);
    let mut server = Command::new(programs().join("qkdpp-rtl-server"));
    server.args(options).arg("--once").arg(&socket).stdin(Stdio::piped());
    let mut server = Running(server.spawn().map_err(failed)?);
    let began = Instant::now();
    while !socket.exists() {
        if began.elapsed() > Duration::from_secs(10) {
            return Err(Failed(format!("pcie-test, {case}: the server does not start")));
        }
        thread::sleep(Duration::from_millis(10));
    }
    let mut qemu = qemu(initrd, case, patience, &socket)?.spawn().map_err(failed)?;
    let console = qemu.stdout.take().ok_or_else(|| Failed("no console".to_owned()))?;
    let (mut report, mut ended) = (Vec::new(), false);
    for line in BufReader::new(console).split(b'\n') {
        let line = String::from_utf8_lossy(&line.map_err(failed)?).trim_end().to_owned();
        println!("  {case}: {line}");
        match line.strip_prefix("@ ") {
            Some("end") => ended = true,
            Some(NOW) => {
                if let Some(input) = &mut server.0.stdin {
                    input.write_all(b"leave\n").map_err(failed)?;
                }
            }
            Some(verdict) => report.push(verdict.to_owned()),
            None => {}
        }
    }
    let status = qemu.wait().map_err(failed)?;
    if !ended || !status.success() {
        report.push(format!("fail: the guest ended early or hung ({status})"));
    }
    Ok(report)
}

/// The virtual machine: no network, no disk, an IOMMU, and the card on its socket.
fn qemu(initrd: &Path, case: &str, patience: u32, socket: &Path) -> Result<Command, Failed> {
    let tree = folder().join("qemu");
    let libraries = tree.join("usr/lib/x86_64-linux-gnu");
    let shown = |path: &Path| path.to_string_lossy().into_owned();
    let paths = [libraries.clone(), libraries.join("pulseaudio")].map(|path| shown(&path)).join(":");
    let kernel = find_kernel(&folder().join("guest/boot"))?;
    let card =
        format!(r#"{{"driver":"vfio-user-pci","socket":{{"path":"{}","type":"unix"}}}}"#, shown(socket));
    // no_timer_check: on a busy machine an emulated timer is too late for the kernel's own test of it.
    let line = format!(
        "console=ttyS0 no_timer_check intel_iommu=on iommu=nopt panic=-1 quiet loglevel=3 case={case} patience={patience}"
    );
    // Its own loader, since it may need a newer C library than this machine has; `timeout` ends what hangs.
    let mut command = Command::new("timeout");
    command
        .arg(LONGEST.as_secs().to_string())
        .arg(libraries.join("ld-linux-x86-64.so.2"))
        .args(["--library-path", &paths])
        .arg(tree.join("usr/bin/qemu-system-x86_64"))
        .args(["-L", &shown(&tree.join("usr/share/qemu")), "-L", &shown(&tree.join("usr/share/seabios"))])
        .args(["-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio", "-no-reboot"])
        .args(["-m", "768", "-smp", "2", "-object", "memory-backend-memfd,id=mem,size=768M,share=on"])
        .args(["-machine", "q35,accel=tcg,kernel-irqchip=split,memory-backend=mem", "-cpu", "max"])
        .args(["-device", "intel-iommu,intremap=on,caching-mode=on", "-device", &card])
        .args(["-kernel", &shown(&kernel), "-initrd", &shown(initrd), "-append", &line])
        .env("QEMU_MODULE_DIR", libraries.join("qemu"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    Ok(command)
}

fn find_kernel(boot: &Path) -> Result<PathBuf, Failed> {
    let entries = fs::read_dir(boot).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut kernels: Vec<PathBuf> =
        entries.filter(|path| path.to_string_lossy().contains("vmlinuz-")).collect();
    kernels.sort();
    kernels.pop().ok_or_else(|| Failed(format!("no kernel in {}", boot.display())))
}
