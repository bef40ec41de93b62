"""Builds and runs the benches.

    python hdl/tb/run.py [--coverage [--write]] [--short] [--seed N] [--configuration NAME] [bench...]

Without arguments every bench runs; an argument is a bench's name (see benches.py) or its folder's. Only what has changed is built again, below
target/hdl/tb. Needs the Python packages of hdl/requirements.txt, a C++ compiler and make.
"""

import argparse
import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as xml
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import cocotb
from cocotb_tools import config
from cocotb_tools.runner import get_runner

import coverage
import tools
from benches import HDL, benches

BUILD = HDL.parent / "target" / "hdl" / "tb"
PROCESSES = 2


def build_dir(bench, with_coverage):
    """Where a configuration is built and run."""
    return BUILD / ("coverage" if with_coverage else "plain") / bench.top / bench.configuration


def stamp(folder, command):
    """A digest of the command and of all files that the last build read, or None if there was none."""
    dependencies = folder / "Vtop__ver.d"
    if not dependencies.exists():
        return None
    digest = hashlib.sha256(command.encode())
    files = dependencies.read_text().replace("\\\n", " ").split(":", 1)[1].split()
    for file in sorted(set(files)):
        with contextlib.suppress(OSError):
            digest.update(Path(file).read_bytes())
    return digest.hexdigest()


class SharedRuntime:
    """Objects of Verilator's own sources, compiled once for all benches: most of a small bench's build."""

    def __init__(self, folder, with_coverage):
        self.folder = folder
        self.shared = BUILD / f"runtime-{tools.VERILATOR_VERSION}{'-coverage' if with_coverage else ''}"

    def lend(self):
        """Puts the objects into a build folder."""
        for file in self.shared.glob("*.o"):
            shutil.copy(file, self.folder / file.name)

    def keep(self):
        """Takes them from it."""
        self.shared.mkdir(parents=True, exist_ok=True)
        for file in self.folder.glob("verilated*.o"):
            if not (self.shared / file.name).exists():
                unfinished = self.shared / f"{file.name}.{os.getpid()}"
                shutil.copy2(file, unfinished)
                unfinished.rename(self.shared / file.name)


def build(bench, with_coverage, log):
    """Builds a bench unless nothing has changed."""
    folder = build_dir(bench, with_coverage)
    cocotb_library = f"-L{config.libs_dir} -Wl,-rpath,{config.libs_dir} -lcocotbvpi_verilator"
    verilate = ["verilator", "--cc", "--exe", "--Mdir", str(folder), "--prefix", "Vtop", "--top-module", bench.top]
    verilate += ["-o", bench.top, "--vpi", "--public-flat-rw", "-LDFLAGS", cocotb_library]
    verilate += ["--timescale", "1ns/1ps", "--assert", "-Wno-fatal", "-O3", *bench.args]
    verilate += [f"-G{name}={value}" for name, value in bench.parameters]
    verilate += ["--coverage-line", "--coverage-toggle"] if with_coverage else []
    for name in dict.fromkeys(("rtl", "prim", *bench.library)):
        verilate += ["-y", str(HDL / name)]
    verilate += [str(config.share_dir / "lib" / "verilator" / "verilator.cpp"), *map(str, bench.sources())]
    command = json.dumps([tools.VERILATOR_VERSION, cocotb.__version__, os.environ["MAKEFLAGS"], verilate])

    stamp_file = folder / "stamp"
    if stamp_file.exists() and stamp_file.read_text() == stamp(folder, command):
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    runtime = SharedRuntime(folder, with_coverage)
    with log.open("w") as output:
        subprocess.run(verilate, stdout=output, stderr=output, check=True)
        runtime.lend()
        subprocess.run(["make", "-C", str(folder), "-f", "Vtop.mk"], stdout=output, stderr=output, check=True)
    runtime.keep()
    stamp_file.write_text(stamp(folder, command))


def run(bench, with_coverage, seed):
    """Builds and runs one configuration; returns (bench, passed, failed, seconds, explanation)."""
    began = time.monotonic()
    folder = build_dir(bench, with_coverage)
    log = folder.with_suffix(".log")
    log.parent.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)
    (folder / "coverage.dat").unlink(missing_ok=True)
    tools.prepare_environment()
    os.environ["COCOTB_RANDOM_SEED"] = str(seed)
    os.environ["COCOTB_LOG_LEVEL"] = "INFO"
    os.environ["COCOTB_ANSI_OUTPUT"] = "0"
    os.environ["QKDPP_PARAMETERS"] = json.dumps(dict(bench.parameters))
    sys.path[:0] = [str(bench.folder), str(HDL / "tb"), str(HDL.parent / "testvectors" / "oracle")]
    passed = failed = 0
    try:
        build(bench, with_coverage, log.with_suffix(".build.log"))
    except (OSError, subprocess.CalledProcessError) as error:
        text = log.with_suffix(".build.log")
        tail = text.read_text().splitlines()[-30:] if text.exists() else []
        return bench, 0, 1, time.monotonic() - began, "\n".join([*tail, f"build: {error}"])
    try:
        results = get_runner("verilator").test(
            hdl_toplevel=bench.top,
            hdl_toplevel_lang="verilog",
            test_module=bench.test,
            test_dir=folder,
            build_dir=folder,
            seed=seed,
            log_file=log,
        )
    except (Exception, SystemExit):
        results = folder / "results.xml"
    cases = xml.parse(results).getroot().iter("testcase") if Path(results).exists() else []
    for case in cases:
        bad = case.find("failure") is not None or case.find("error") is not None
        failed += bad
        passed += not bad and case.find("skipped") is None
    text = log.read_text() if log.exists() else ""
    explanation = ""
    if failed or not passed or "%Error" in text:
        failed = max(failed, 1)
        explanation = "\n".join(text.splitlines()[-60:])
    return bench, passed, failed, time.monotonic() - began, explanation


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bench", nargs="*")
    parser.add_argument("--coverage", action="store_true", help="measure and check line and toggle coverage")
    parser.add_argument("--write", action="store_true", help="write the coverage of all benches to COVERAGE.md")
    parser.add_argument("--configuration", help="run this configuration only")
    parser.add_argument("--short", action="store_true", help="leave out what takes minutes to build")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    chosen = [bench for bench in benches(arguments.bench) if not (arguments.short and bench.long)]
    if arguments.configuration:
        chosen = [bench for bench in chosen if bench.configuration == arguments.configuration]
    passed = failed = 0
    with ProcessPoolExecutor(PROCESSES) as pool:
        jobs = [pool.submit(run, bench, arguments.coverage, arguments.seed) for bench in chosen]
        for job in as_completed(jobs):
            bench, good, bad, seconds, explanation = job.result()
            passed, failed = passed + good, failed + bad
            if explanation:
                print(explanation)
            verdict = "FAILED" if bad else "ok"
            print(f"{bench.name:32} {verdict:6} {good:3} passed {bad:3} failed {seconds:6.1f} s", flush=True)
    covered = True
    if arguments.coverage:
        files = [build_dir(bench, True) / "coverage.dat" for bench in chosen]
        whole = len(chosen) == len(benches([]))
        table, covered = coverage.report(files, whole)
        if arguments.write and whole and covered and not failed:
            (HDL / "tb" / "COVERAGE.md").write_text(coverage.page(table))
    print(f"{passed} passed, {failed} failed")
    sys.exit(0 if passed and not failed and covered else 1)


if __name__ == "__main__":
    main()
