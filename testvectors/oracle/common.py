"""Bit strings, kernels/SPEC.md §1: a bit string is a list of 0 and 1, index 0 first; its JSON form is the byte form."""

from typing import Any

Bits = list[int]
Json = dict[str, Any]


def to_bytes(bits: Bits) -> bytes:
    """Byte form: bit i is bit i mod 8 of byte i div 8; the bits past the end are zero."""
    packed = bytearray((len(bits) + 7) // 8)
    for i, bit in enumerate(bits):
        packed[i // 8] |= bit << (i % 8)
    return bytes(packed)


def from_bytes(packed: bytes, length: int) -> Bits:
    """The bit string of `length` bits whose byte form is `packed`; anything else in `packed` is refused."""
    if len(packed) != (length + 7) // 8:
        raise ValueError(f"{length} bits take {(length + 7) // 8} bytes, got {len(packed)}")
    bits = [packed[i // 8] >> (i % 8) & 1 for i in range(length)]
    if to_bytes(bits) != packed:
        raise ValueError(f"bits past the end of a bit string of {length} bits are set")
    return bits


def to_json(bits: Bits) -> Json:
    return {"len": len(bits), "hex": to_bytes(bits).hex()}


def from_json(form: Json) -> Bits:
    return from_bytes(bytes.fromhex(form["hex"]), form["len"])


def to_int(bits: Bits) -> int:
    """The integer Σ bits[i]·2^i."""
    return int.from_bytes(to_bytes(bits), "little")


def from_int(value: int, length: int) -> Bits:
    """The `length` low bits of `value`, weight 1 first."""
    return [value >> i & 1 for i in range(length)]


def split_frames(bits: Bits, n: int) -> list[Bits]:
    """Cuts a list of frames of n bits, stored without padding, into its frames."""
    if len(bits) % n:
        raise ValueError(f"{len(bits)} bits are not whole frames of {n} bits")
    return [bits[start : start + n] for start in range(0, len(bits), n)]


def join_frames(frames: list[Bits]) -> Bits:
    return [bit for frame in frames for bit in frame]
