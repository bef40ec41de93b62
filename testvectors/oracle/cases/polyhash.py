"""Cases of polyhash.json."""

from cases import Case, ones_at, random_bits, random_bytes
from common import Bits, to_json

LENGTHS = {
    1: "a message of one bit: the block is padded with zeros up to bit 127",
    63: "a half-filled low word",
    64: "a block whose high word is empty",
    65: "a block with one bit in its high word",
    127: "a block padded by a single zero",
    128: "an extra empty block after a full one",
    129: "the second block, of one bit, dropped",
    1025: "a group of 8 blocks followed by one bit",
}


def of(name: str, hunts: str, key: bytes, message: Bits, segment: int, **expect: list[str]) -> Case:
    data = {"key": key.hex(), "message": to_json(message), "segment": segment}
    return Case(name, hunts, data, dict(expect))


def element(bit: int) -> bytes:
    """The key x^bit."""
    return (1 << bit).to_bytes(16, "little")


def random_case(name: str, hunts: str, n: int, segment: int) -> Case:
    key = random_bytes(f"polyhash {name} key", 16)
    return of(name, hunts, key, random_bits(f"polyhash {name}", n), segment)


def cases() -> list[Case]:
    key = random_bytes("polyhash fixed key", 16)
    stem = random_bits("polyhash stem", 100)
    block = random_bits("polyhash block", 128)
    zero_tag = bytes(16).hex()
    return [
        of("empty", "one tag for the empty message, which has no segments", key, [], 128, tags=[]),
        *[random_case(f"random-{n}", hunts, n, n) for n, hunts in LENGTHS.items()],
        of("zero-padding-short", "no length block: collides with zero-padding-long", key, stem, 200),
        of("zero-padding-long", "no length block: collides with zero-padding-short", key, [*stem, 0], 200),
        of(
            "zeros-128",
            "a message of zeros hashed to zero: only its length block counts",
            key,
            [0] * 128,
            128,
        ),
        of("zeros-256", "length in bytes, words or blocks instead of bits", key, [0] * 256, 256),
        of("key-zero", "key 0 treated as absent: every tag is zero", bytes(16), block, 128, tags=[zero_tag]),
        of(
            "key-one",
            "byte or bit order: the tag is the message with its length XORed in",
            element(0),
            block,
            128,
        ),
        of(
            "key-x",
            "reduction by another polynomial (x^7 + x^2 + x + 1), or multiplication towards x^−1",
            element(1),
            [1] * 128,
            128,
        ),
        of(
            "key-x-127",
            "bit 127 of the key ignored, or the order of GHASH with its bytes not reversed",
            element(127),
            block,
            128,
        ),
        of(
            "product-x-254",
            "the second folding of the reduction: x^127·x^127 = x^254",
            element(127),
            ones_at(128, [127]),
            128,
        ),
        random_case("segments-whole", "the hash state carried from segment to segment", 512, 128),
        random_case("segments-last-short", "the length block of the last, shorter segment holds g", 600, 256),
        random_case("segment-longer-than-message", "a message shorter than g padded to g", 100, 1000),
        random_case("segments-of-one-bit", "g = 1: as many tags as bits", 5, 1),
        random_case("segments-not-bytes", "segments that start in the middle of a byte or word", 1000, 131),
        random_case("segments-one-over", "the last segment of one bit dropped", 257, 256),
        random_case("length-over-16-bits", "a length block of 16 bits (65537 bits, one segment)", 65537, 65537),
    ]
