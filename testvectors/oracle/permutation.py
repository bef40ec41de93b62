"""Permutation from a seed: Fisher–Yates over a SHAKE256 stream with rejection. kernels/SPEC.md §3."""

import hashlib
from collections.abc import Iterator

from common import Json

DOMAIN = b"qkdpp permutation 1"
LONGEST_LISTED = 300  # longer permutations are given by their digest


def integers(seed: bytes, n: int) -> Iterator[int]:
    """The 32-bit integers of the stream S, in order, without end."""
    if len(seed) != 32:
        raise ValueError(f"a seed has 32 bytes, got {len(seed)}")
    xof = hashlib.shake_256(DOMAIN + seed + n.to_bytes(8, "little"))
    start, length = 0, 8 * n
    while True:
        stream = xof.digest(length)  # a SHAKE output is a prefix of every longer one
        for position in range(start, length, 4):
            yield int.from_bytes(stream[position : position + 4], "little")
        start, length = length, 2 * length


def permutation(seed: bytes, n: int) -> list[int]:
    """π as a list of n indices; the permuted frame y of x has y[j] = x[π[j]]."""
    stream = integers(seed, n)
    pi = list(range(n))
    for i in range(n - 1, 0, -1):
        w = i.bit_length()
        j = next(stream) % 2**w
        while j > i:
            j = next(stream) % 2**w
        pi[i], pi[j] = pi[j], pi[i]
    return pi


def evaluate(data: Json) -> Json:
    pi = permutation(bytes.fromhex(data["seed"]), data["n"])
    if len(pi) <= LONGEST_LISTED:
        return {"pi": pi}
    listing = b"".join(index.to_bytes(4, "little") for index in pi)
    return {"sha3_256": hashlib.sha3_256(listing).hexdigest()}
