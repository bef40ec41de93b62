"""Cases of permutation.json."""

from cases import Case, random_bytes

SMALL = {
    1: "a draw from the stream although n = 1 needs none, or an underflow of n − 1",
    2: "the only step (i = 1, w = 1): its first bit decides",
    3: "rejection at i = 2 (j = 3 refused)",
    4: "w taken from n (3 bits) instead of i (2 bits) at a power of two",
    5: "n just above a power of two: i = 4 needs 3 bits and refuses three of eight",
    8: "w taken from n at n = 8",
    9: "n just above 8, and the length not hashed: the stream of n = 8 would be another one",
    17: "n just above 16: a reduction modulo i + 1 instead of a rejection",
    63: "j ≤ i tested as j < i: a position that may stay in place is refused",
    64: "w at the boundary of a word of 64 entries",
    65: "n just above 64",
    129: "n just above 128",
    256: "indices kept in one byte: n = 256 still fits, w taken from n does not",
    257: "indices kept in one byte",
    300: "the high bits of r used (r >> (32 − w)) instead of the low ones",
}
# For these n most seeds hide the bug: the number of the first one that shows it.
SMALL_SEEDS = {2: 275, 3: 72, 4: 5, 5: 10, 8: 10, 9: 2}
LARGE = {
    1024: "w taken from n at n = 1024; more than one SHAKE256 block of 136 bytes is read",
    1025: "n just above 1024",
    4099: "integers lost at the boundary of a SHAKE256 block (34 integers) or of a read buffer",
    65536: "indices in 16 bits: the largest n that fits, w = 16 throughout the first half",
    65537: "indices in 16 bits: the first n that does not fit, w = 17",
    70000: "a long run: any drift between the stream and the swaps",
}


def seed_of(n: int) -> bytes:
    return random_bytes(f"permutation {n} variant {SMALL_SEEDS.get(n, 0)}", 32)


def of(name: str, hunts: str, seed: bytes, n: int) -> Case:
    return Case(name, hunts, {"seed": seed.hex(), "n": n})


def cases() -> list[Case]:
    last_byte = bytes(31) + b"\x01"
    top_bit = bytes(31) + b"\x80"
    return [
        *[of(f"n-{n}", hunts, seed_of(n), n) for n, hunts in SMALL.items()],
        of("seed-zero", "a seed of zeros treated as no seed (identity)", bytes(32), 100),
        of("seed-ones", "seed bytes taken as signed", b"\xff" * 32, 100),
        of("seed-last-byte", "the last seed bytes not hashed: equals seed-zero then", last_byte, 100),
        of("seed-top-bit", "the seed read as big-endian words", top_bit, 100),
        *[of(f"n-{n}", hunts, seed_of(n), n) for n, hunts in LARGE.items()],
    ]
