"""Records on disk and batches in memory."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import SMALL_LINK
from qkdpp import Batch, Bits, Config, RecordReader, RecordWriter


def test_the_files_are_those_of_the_program(tmp_path: Path, program: Callable[..., str]) -> None:
    config_file = tmp_path / "link.toml"
    config_file.write_text(SMALL_LINK, encoding="utf-8")
    program("simulate", "--config", config_file, "--seed", "9", "--blocks", "2", "--out", tmp_path / "program")
    steps: list[tuple[int, int]] = []
    paths = Config(str(config_file)).write_records(
        tmp_path / "python", 9, 2, progress=lambda done, total: steps.append((done, total))
    )
    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]
    for path in map(Path, paths):
        assert path.read_bytes() == (tmp_path / "program" / path.name).read_bytes(), path.name
    assert Path(paths[0]).stat().st_mode & 0o077 == 0


def test_what_is_simulated_is_what_the_link_expects(small_link: Config) -> None:
    """The gain per slot, within five standard deviations of a binomial."""
    slots = coincidences = 0
    for _, alice, bob in small_link.simulate(1, 2):
        assert alice.offsets is not None and bob.offsets is not None
        slots += alice.slots
        coincidences += len(np.intersect1d(alice.offsets, bob.offsets))
    gain = small_link.expected()["gain"][0]
    assert abs(coincidences - slots * gain) < 5 * np.sqrt(slots * gain)


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    """The example of RECORDS.md, byte for byte in its heads and payload."""
    path = tmp_path / "bob.qkdraw"
    offsets = np.array([3, 98, 99], dtype=np.uint32)
    basis, bit = np.array([[0, 1, 0], [1, 1, 0]], dtype=bool)
    with RecordWriter(path, "bob", 1e9) as writer:
        writer.write(5, Batch(256, 100, offsets, basis, bit))
    octets = path.read_bytes()
    assert len(octets) == 176 + 72 and octets[:8] == b"QKDPPRAW" and octets[72:80] == b"QKDPPBAT"
    assert octets[144:176] == bytes.fromhex("030000006200000063000000000000000200000000000000" "0300000000000000")
    reader = RecordReader(path, "bob")
    [(block, batch)] = list(reader)
    assert (reader.clock_hz, block, batch.first_slot, batch.slots, len(batch)) == (1e9, 5, 256, 100, 3)
    np.testing.assert_array_equal(batch.offsets, offsets)
    assert batch.basis == Bits(basis) and batch.bit == Bits(bit) and batch.double_click.count_ones() == 0


def test_offsets_are_a_view_that_cannot_be_written(small_link: Config) -> None:
    _, alice, _ = next(small_link.simulate(1))
    first, second = alice.offsets, alice.offsets
    assert first is not None and second is not None and np.shares_memory(first, second)
    del alice
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 0


def test_damage_is_found_and_nothing_of_it_delivered(tmp_path: Path) -> None:
    path = tmp_path / "bob.qkdraw"
    bits = np.ones(64, dtype=bool)
    writer = RecordWriter(path, "bob", 1e9)
    writer.write(0, Batch(0, 64, None, bits, bits))
    with pytest.raises(ValueError, match="truncated"):
        list(RecordReader(path, "bob"))
    writer.finish()
    octets = bytearray(path.read_bytes())
    octets[150] ^= 1
    path.write_bytes(octets)
    with pytest.raises(ValueError, match="damaged"):
        next(RecordReader(path, "bob"))
    with pytest.raises(ValueError, match="a record of Bob; wanted one of Alice"):
        RecordReader(path, "alice")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        RecordReader(tmp_path / "nowhere", "bob")


def test_an_exception_leaves_the_record_without_its_end(tmp_path: Path) -> None:
    path = tmp_path / "bob.qkdraw"
    with pytest.raises(RuntimeError), RecordWriter(path, "bob", 1e9):
        raise RuntimeError
    with pytest.raises(ValueError, match="truncated"):
        list(RecordReader(path, "bob"))


def test_bad_batches_are_refused_with_the_numbers() -> None:
    bits = np.ones(3, dtype=bool)
    with pytest.raises(ValueError, match=r"offsets\[2\] is 1, not above 1"):
        Batch(0, 10, np.array([0, 1, 1], dtype=np.uint32), bits, bits)
    with pytest.raises(ValueError, match="the last offset is 10, the batch has 10 slots"):
        Batch(0, 10, np.array([0, 1, 10], dtype=np.uint32), bits, bits)
    with pytest.raises(ValueError, match="bit has 2 bits, the batch has 3 entries"):
        Batch(0, 3, None, bits, bits[:2])
