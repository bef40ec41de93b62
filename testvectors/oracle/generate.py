#!/usr/bin/env python3
"""Writes testvectors/<kernel>.json, always the same bytes; --check compares and exits with 1 on a difference."""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import ldpc
import parities
import permutation
import polyhash
import sift
import toeplitz
from cases import Case
from cases import ldpc_decode as ldpc_decode_cases
from cases import parities as parities_cases
from cases import permutation as permutation_cases
from cases import polyhash as polyhash_cases
from cases import sift as sift_cases
from cases import syndrome as syndrome_cases
from cases import toeplitz as toeplitz_cases
from common import Json

CONTRACT = 3
FOLDER = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Kernel:
    """A file of vectors: its name, the section of kernels/SPEC.md, the oracle and the cases."""

    name: str
    spec: str
    oracle: ModuleType
    cases: Callable[[], list[Case]]
    entry: str = "evaluate"

    @property
    def path(self) -> Path:
        return FOLDER / f"{self.name}.json"

    def evaluate(self, data: Json) -> Json:
        output: Json = getattr(self.oracle, self.entry)(data)
        return output


KERNELS = [
    Kernel("sift", "§2", sift, sift_cases.cases),
    Kernel("permutation", "§3", permutation, permutation_cases.cases),
    Kernel("parities", "§4", parities, parities_cases.cases),
    Kernel("syndrome", "§5.2", ldpc, syndrome_cases.cases, "evaluate_syndrome"),
    Kernel("ldpc_decode", "§5.3", ldpc, ldpc_decode_cases.cases, "evaluate_decode"),
    Kernel("polyhash", "§6", polyhash, polyhash_cases.cases),
    Kernel("toeplitz", "§7", toeplitz, toeplitz_cases.cases),
]


def vectors(kernel: Kernel) -> list[Json]:
    """The cases of a kernel with their outputs; a case whose output would miss its bug is refused."""
    cases = kernel.cases()
    names = [case.name for case in cases]
    if len(set(names)) != len(names):
        raise ValueError(f"{kernel.name}: a case name is used twice")
    rows = []
    for case in cases:
        output = kernel.evaluate(case.input)
        for field, value in case.expect.items():
            if output[field] != value:
                raise ValueError(f"{kernel.name}/{case.name}: expected {field} = {value}, got {output[field]}")
        rows.append({"name": case.name, "hunts": case.hunts, "input": case.input, "output": output})
    return rows


def compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))


def render(kernel: Kernel) -> str:
    """The file: one line for each field of a case, so that a difference shows where it is."""
    rows = [
        "  {\n" + ",\n".join(f"   {compact(field)}: {compact(value)}" for field, value in row.items()) + "\n  }"
        for row in vectors(kernel)
    ]
    head = f' "kernel": {compact(kernel.name)},\n "spec": {compact(kernel.spec)},\n "contract": {CONTRACT},\n'
    return "{\n" + head + ' "cases": [\n' + ",\n".join(rows) + "\n ]\n}\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with the files instead of writing them")
    check = parser.parse_args().check
    different = []
    for kernel in KERNELS:
        text = render(kernel).encode()
        if not check:
            kernel.path.write_bytes(text)
        elif not kernel.path.is_file() or kernel.path.read_bytes() != text:
            different.append(kernel.path.name)
    if different:
        print(f"differ from what the oracle produces: {', '.join(different)}", file=sys.stderr)
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
