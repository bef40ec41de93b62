"""The cases of the test vectors: one module per file of vectors, each with a function `cases()`."""

import hashlib
from dataclasses import dataclass, field

from common import Bits, Json, from_bytes, to_json


@dataclass(frozen=True)
class Case:
    """An input, the bug it hunts, and what must hold for its output if it is to hunt that bug."""

    name: str
    hunts: str
    input: Json
    expect: Json = field(default_factory=dict)


def random_bytes(label: str, count: int) -> bytes:
    """Fixed pseudo-random bytes, different for every label."""
    return hashlib.shake_256(b"qkdpp test vectors " + label.encode()).digest(count)


def random_bits(label: str, n: int) -> Bits:
    packed = bytearray(random_bytes(label, (n + 7) // 8))
    if n % 8:
        packed[-1] &= (1 << n % 8) - 1
    return from_bytes(bytes(packed), n)


def random_json(label: str, n: int) -> Json:
    return to_json(random_bits(label, n))


def random_integers(label: str, count: int, below: int) -> list[int]:
    """`count` integers in 0..below (their tiny bias does not matter here)."""
    stream = random_bytes(label, 8 * count)
    return [int.from_bytes(stream[8 * k : 8 * k + 8], "little") % below for k in range(count)]


def ones_at(n: int, positions: list[int]) -> Bits:
    """The bit string of length n with ones at the positions given."""
    bits = [0] * n
    for position in positions:
        bits[position] = 1
    return bits
