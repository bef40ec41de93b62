"""Two links in one process: equal keys, the program's key bits, and who is told about what goes wrong."""

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import qkdpp
from conftest import SMALL_LINK
from qkdpp import Batch, Config, InsecureSeed, Link, Pool, RecordReader, run_pair


def pools(folder: Path, secret: bytes) -> tuple[Pool, Pool]:
    return Pool.create(folder / "alice.pool", secret), Pool.create(folder / "bob.pool", secret)


def pair(folder: Path, config: Config, seed: int = 7, threads: int = 0) -> tuple[Link, Link]:
    """Both sides, whose randomness follows from a seed."""
    source = InsecureSeed(seed)
    alice_pool, bob_pool = pools(folder, source.pre_shared_secret())
    return (
        Link("alice", config, alice_pool, seed=source, threads=threads),
        Link("bob", config, bob_pool, seed=source, threads=threads),
    )


def simulated(config: Config, blocks: int = 1) -> tuple[list[tuple[int, Batch]], list[tuple[int, Batch]]]:
    batches = list(config.simulate(3, blocks))
    return [(block, alice) for block, alice, _ in batches], [(block, bob) for block, _, bob in batches]


@pytest.mark.parametrize("threads", [0, 1])
def test_both_sides_get_the_same_key(tmp_path: Path, small_link: Config, threads: int) -> None:
    seen: list[dict[str, object]] = []
    alice, bob = run_pair(
        *pair(tmp_path, small_link, threads=threads), *simulated(small_link, 2), on_report=seen.append
    )
    assert [key.block for key in alice.keys] == [key.block for key in bob.keys] == [0, 1]
    for ours, theirs, report in zip(alice.keys, bob.keys, bob.reports, strict=True):
        assert ours.bits == theirs.bits and len(ours) == report["ledger"]["secret"] > 1000
        assert repr(ours) == f"Key(block {ours.block}, {len(ours)} bits)"
        assert 0.45 < ours.bits.count_ones() / len(ours) < 0.55
    assert seen == bob.reports
    assert alice.keys[0].epsilon["secrecy"] > 0


def test_fresh_randomness_gives_other_keys(tmp_path: Path, small_link: Config) -> None:
    secret = np.random.default_rng().bytes(64 + 32 * 4096)
    outcomes = []
    for run in ("first", "second"):
        (tmp_path / run).mkdir()
        alice_pool, bob_pool = pools(tmp_path / run, secret)
        sides = Link("alice", small_link, alice_pool), Link("bob", small_link, bob_pool)
        outcomes.append(run_pair(*sides, *simulated(small_link))[0].keys[0])
    assert outcomes[0].bits != outcomes[1].bits


def test_the_keys_are_those_of_the_program(tmp_path: Path, program: Callable[..., str]) -> None:
    config_file, run, keys = tmp_path / "link.toml", tmp_path / "run", tmp_path / "keys"
    config_file.write_text(SMALL_LINK, encoding="utf-8")
    program("simulate", "--config", config_file, "--seed", "3", "--blocks", "2", "--out", run)
    records = ("--alice", run / "alice.qkdraw", "--bob", run / "bob.qkdraw")
    program("distill", *records, "--config", config_file, "--seed", "7", "--keys", keys)

    config = Config(str(run / "config.toml"))
    readers = RecordReader(run / "alice.qkdraw", "alice"), RecordReader(run / "bob.qkdraw", "bob")
    _, bob = run_pair(*pair(tmp_path, config), *readers)
    lines = [f"block {key.block}: {len(key)} bits {key.bits.packed.tobytes().hex()}" for key in bob.keys]
    assert len(lines) == 2 and keys.read_text(encoding="utf-8").splitlines() == lines


def test_the_ledger_is_on_disk_and_a_pool_serves_one_link(tmp_path: Path, small_link: Config) -> None:
    source = InsecureSeed(1)
    alice_pool, bob_pool = pools(tmp_path, source.pre_shared_secret())
    alice = Link("alice", small_link, alice_pool, journal=tmp_path / "alice.ledger")
    bob = Link("bob", small_link, bob_pool)
    with pytest.raises(ValueError, match="the pool is used by a link"):
        Link("alice", small_link, alice_pool)
    run_pair(alice, bob, *simulated(small_link))
    assert '"block"' in (tmp_path / "alice.ledger").read_text(encoding="utf-8")
    with pytest.raises(qkdpp.OperatorError, match="in use|open"):
        Pool(tmp_path / "alice.pool")


def test_a_forged_message_is_the_peers_fault_and_final(tmp_path: Path, small_link: Config) -> None:
    alice, bob = pair(tmp_path, small_link)
    hello = alice.next_message()
    assert hello is not None and bob.next_message() is None
    forged = hello[:-1] + bytes([hello[-1] ^ 1])
    with pytest.raises(qkdpp.PeerError):
        bob.message(forged)
    with pytest.raises(qkdpp.LinkStopped, match="stopped"):
        bob.message(hello)


def test_a_batch_that_is_not_due_is_this_sides_fault(tmp_path: Path, small_link: Config) -> None:
    alice, bob = pair(tmp_path, small_link)
    for _ in range(2):
        for side, peer in ((alice, bob), (bob, alice)):
            while (message := side.next_message()) is not None:
                peer.message(message)
    assert alice.wants_pulses and alice.next_batch == (0, 12_000_000)
    empty = np.zeros(0, dtype=bool)
    with pytest.raises(qkdpp.RawDataError):
        alice.pulses(Batch(1, 12_000_000, np.zeros(0, dtype=np.uint32), empty, empty))


def test_records_of_different_length_are_refused(tmp_path: Path, small_link: Config) -> None:
    alice_batches, bob_batches = simulated(small_link, 2)
    with pytest.raises(ValueError, match="do not end with the same block"):
        run_pair(*pair(tmp_path, small_link), alice_batches, bob_batches[:2])


def test_a_waker_is_called_from_another_thread(tmp_path: Path, small_link: Config) -> None:
    alice, bob = pair(tmp_path, small_link, threads=1)
    woken_by: set[int] = set()
    for side in (alice, bob):
        side.on_work(lambda: woken_by.add(threading.get_ident()))
    run_pair(alice, bob, *simulated(small_link))
    assert woken_by and threading.get_ident() not in woken_by
    assert alice.statistics["jobs"] > 0 and alice.open_jobs == 0


def test_bad_arguments_are_named(tmp_path: Path, small_link: Config) -> None:
    with pytest.raises(ValueError, match='role "eve"; there are alice and bob'):
        Link("eve", small_link, Pool.create(tmp_path / "pool", InsecureSeed(1).pre_shared_secret(1)))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="96"):
        Pool.create(tmp_path / "short", b"\x01" * 95)
    with pytest.raises(qkdpp.OperatorError, match="missing"):
        Pool(tmp_path / "missing")
