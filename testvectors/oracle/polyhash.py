"""Polynomial hash over GF(2^128). kernels/SPEC.md §6.

An element Σ b[i]·x^i is the integer Σ b[i]·2^i.
"""

from common import Bits, Json, from_json, to_int

MODULUS = 1 << 128 | 1 << 7 | 1 << 2 | 1 << 1 | 1


def multiply(a: int, b: int) -> int:
    """a·b mod x^128 + x^7 + x^2 + x + 1: the whole product first, then long division from the top."""
    product = 0
    for i in range(128):
        if b >> i & 1:
            product ^= a << i
    for degree in range(254, 127, -1):
        if product >> degree & 1:
            product ^= MODULUS << (degree - 128)
    return product


def horner(key: int, blocks: list[int]) -> int:
    """B_1·k^w ⊕ … ⊕ B_w·k over the blocks B_1..B_w."""
    h = 0
    for block in blocks:
        h = multiply(h ^ block, key)
    return h


def blocks_of(message: Bits) -> list[int]:
    """The message zero-padded to whole blocks, then the length block."""
    padded = [to_int(message[start : start + 128]) for start in range(0, len(message), 128)]
    return [*padded, len(message)]


def polyhash(key: int, message: Bits, segment: int) -> list[int]:
    """One hash per segment of the message; the last segment may be shorter."""
    pieces = [message[start : start + segment] for start in range(0, len(message), segment)]
    return [horner(key, blocks_of(piece)) for piece in pieces]


def evaluate(data: Json) -> Json:
    key = int.from_bytes(bytes.fromhex(data["key"]), "little")
    tags = polyhash(key, from_json(data["message"]), data["segment"])
    return {"tags": [tag.to_bytes(16, "little").hex() for tag in tags]}
