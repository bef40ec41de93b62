"""What the tests share: the committed test vectors, the program to compare with, and a link that is small enough."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import qkdpp

ROOT = Path(__file__).resolve().parents[3]

#: Entangled pairs, about 2e4 sifted bits and 1e4 secret bits per block.
SMALL_LINK = """
[link]
clock_hz = 1e8
loss.fibre = { km = 5.0, attenuation_db_per_km = 0.2 }

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
name = "small"
protocol = "bbm92"
slots_per_block = 20_000_000
slots_per_batch = 12_000_000
expected_qber = 0.02
test = { sample = { fraction = 0.2 } }

[profile.proof]
name = "tl-2017"
eps_sec = 1e-9
eps_cor = 1e-15
"""


def cases(kernel: str) -> list[Any]:
    """The committed test vectors of a kernel, as parameters of a test."""
    text = (ROOT / "testvectors" / f"{kernel}.json").read_text(encoding="utf-8")
    return [pytest.param(case["input"], case["output"], id=case["name"]) for case in json.loads(text)["cases"]]


def bits(form: dict[str, Any]) -> qkdpp.Bits:
    """A bit string from its form in the vectors."""
    return qkdpp.Bits.from_packed(bytes.fromhex(form["hex"]), form["len"])


@pytest.fixture(params=["cpu:reference", "cpu:portable", "cpu:auto"])
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def small_link() -> qkdpp.Config:
    return qkdpp.Config.parse(SMALL_LINK, "small")


@pytest.fixture
def program() -> Callable[..., str]:
    """Runs the program qkdpp, named by QKDPP_PROGRAM; gives back what it printed."""
    path = os.environ.get("QKDPP_PROGRAM")
    if path is None:
        pytest.skip("QKDPP_PROGRAM names no program qkdpp to compare with; `cargo xtask python` sets it")

    def run(*arguments: str | Path) -> str:
        finished = subprocess.run([path, *map(str, arguments)], capture_output=True, text=True, check=False)
        assert finished.returncode == 0, finished.stderr
        return finished.stdout

    return run
