"""Error correction: what it achieves, that it repeats, and that long work lets go of the GIL and can be interrupted."""

import signal
import subprocess
import sys
import threading
from typing import Literal

import numpy as np
import pytest
import qkdpp
from qkdpp import Bits, Code
from reference import entropy

RANDOM = np.random.default_rng(3)


def noisy_pair(n: int, qber: float) -> tuple[Bits, Bits]:
    alice = RANDOM.random(n) < 0.5
    return Bits(alice), Bits(alice ^ (RANDOM.random(n) < qber))


@pytest.mark.parametrize("method", ["cascade", "ldpc"])
def test_reconciliation_corrects_and_accounts(method: Literal["cascade", "ldpc"]) -> None:
    alice, bob = noisy_pair(1 << 17, 0.03)
    corrected, account = qkdpp.reconcile(alice, bob, method, seed=bytes(range(32)))
    assert corrected == alice and account["equal"] and account["failed_frames"] == 0
    errors = (alice ^ bob).count_ones()
    limit = len(alice) * entropy(errors / len(alice))
    assert account["f"] is not None and account["f"] == pytest.approx(account["leak_bits"] / limit, rel=1e-12)
    assert 1.0 < account["f"] < (1.06 if method == "cascade" else 1.3)


def test_settings_change_the_schedule() -> None:
    alice, bob = noisy_pair(1 << 16, 0.02)
    leaks = [
        qkdpp.reconcile(alice, bob, settings={"cascade": variant})[1]["leak_bits"]
        for variant in ("original", "opt8")
    ]
    assert leaks[0] > 1.05 * leaks[1]
    with pytest.raises(ValueError, match="settings: unknown field `passes`"):
        qkdpp.reconcile(alice, bob, settings={"passes": 4})


def test_a_simulated_reconciliation_repeats() -> None:
    def run(seed: int) -> dict[str, object]:
        outcome = qkdpp.simulate_reconciliation("cascade", 0.02, 1 << 16, 3, seed=seed, progress=False)
        return {name: value for name, value in outcome.items() if name != "seconds"}

    assert run(1) == run(1) != run(2)
    outcome = qkdpp.simulate_reconciliation("cascade", 0.02, 1 << 16, 3, seed=1, progress=False)
    assert outcome["total_bits"] == 3 << 16 and outcome["measured_qber"] == pytest.approx(0.02, abs=2e-3)


def test_frame_errors_grow_with_the_error_rate() -> None:
    code = Code.for_qber(0.02, 16384)
    assert code.max_qber is not None
    below, beyond = (
        qkdpp.simulate_ldpc(code, qber, 100, progress=False) for qber in (0.8 * code.max_qber, 1.3 * code.max_qber)
    )
    assert below["fer"] == 0 and beyond["fer"] > 0.9
    assert below["iterations"] < beyond["iterations"]
    assert below["f"] == pytest.approx(code.m / code.n / entropy(0.8 * code.max_qber), rel=1e-12)


def test_progress_is_told_and_may_stop_the_work() -> None:
    code = Code.for_qber(0.02, 16384)
    steps: list[tuple[int, int]] = []
    qkdpp.simulate_ldpc(code, 0.01, 150, progress=lambda done, total: steps.append((done, total)))
    assert steps == [(64, 150), (128, 150), (150, 150)]

    def stop(done: int, total: int) -> None:
        raise RuntimeError(f"enough after {done} of {total}")

    with pytest.raises(RuntimeError, match="enough after 64 of 150"):
        qkdpp.simulate_ldpc(code, 0.01, 150, progress=stop)
    with pytest.raises(TypeError, match="a callable of"):
        qkdpp.simulate_ldpc(code, 0.01, 150, progress="yes")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "work",
    [
        "qkdpp.simulate_ldpc(qkdpp.Code.for_qber(0.02), 0.02, 10**8, progress=show)",
        "qkdpp.simulate_reconciliation('cascade', 0.02, 1 << 16, 10**8, progress=show)",
    ],
)
def test_ctrl_c_interrupts_long_work(work: str) -> None:
    """Without a look at signals it would go on for days; the interrupt is sent once the first step is done."""
    # A shell starts what runs in its background with interrupts ignored, and a child would inherit that.
    heard = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)"
    program = f"{heard}\nimport qkdpp\nshow = lambda done, total: print('step', flush=True)\n{work}"
    child = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "step\n"
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=120)
    assert "KeyboardInterrupt" in errors and child.returncode != 0


def test_a_kernel_lets_other_threads_run() -> None:
    """No thread is made to give up the GIL here, so the main thread runs during the hash only if the hash lets go of it."""
    n = 1 << 23
    key, seed = Bits.from_packed(RANDOM.bytes(n // 8)), Bits.from_packed(RANDOM.bytes(n // 8), n - 1)
    begun, finished = threading.Event(), threading.Event()

    def hash_key() -> None:
        begun.set()
        qkdpp.toeplitz(key, seed, n // 2)
        finished.set()

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1000.0)
    try:
        worker = threading.Thread(target=hash_key)
        worker.start()
        begun.wait()
        ran_meanwhile = not finished.is_set()
        worker.join()
    finally:
        sys.setswitchinterval(interval)
    assert ran_meanwhile


def test_bad_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="an error rate of 0.3; it lies between 0.0001 and 0.25"):
        qkdpp.simulate_reconciliation("cascade", 0.3)
    with pytest.raises(ValueError, match='method "turbo"; there are cascade and ldpc'):
        qkdpp.simulate_reconciliation("turbo", 0.01)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="Alice has 8 bits, Bob 7"):
        qkdpp.reconcile(np.ones(8, dtype=bool), np.ones(7, dtype=bool))
    with pytest.raises(ValueError, match="0 frames"):
        qkdpp.simulate_ldpc(Code.for_qber(0.02), 0.02, 0)
