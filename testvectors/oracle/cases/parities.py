"""Cases of parities.json."""

from cases import Case, ones_at, random_bits, random_bytes
from common import Bits, join_frames, to_json

IDENTITY_LENGTHS = {
    63: "the last word treated as full",
    64: "frames of one full word: the carry of a frame leaks into the next",
    65: "frames that start at bit 1, 2, … of a word",
    127: "frames that end one bit before a word does",
    128: "the carry from the first to the second word of a frame",
    129: "a frame whose third word has a single bit",
}


def of(name: str, hunts: str, n: int, frames: list[Bits], seed: bytes | None = None) -> Case:
    data = {"seed": None if seed is None else seed.hex(), "n": n, "frames": to_json(join_frames(frames))}
    return Case(name, hunts, data)


def random_frames(name: str, n: int, count: int) -> list[Bits]:
    return [random_bits(f"parities {name} frame {f}", n) for f in range(count)]


def permuted(name: str, hunts: str, n: int, count: int) -> Case:
    return of(name, hunts, n, random_frames(name, n, count), random_bytes(f"parities {name}", 32))


def cases() -> list[Case]:
    return [
        of("no-frames", "a crash, or output, for k = 0", 100, []),
        of("no-frames-permuted", "a crash for k = 0 with a seed", 100, [], random_bytes("parities none", 32)),
        of(
            "one-bit-frames",
            "parities that run on across frames: with n = 1 the output is the input",
            1,
            [[1], [1], [0], [1]],
        ),
        *[of(f"identity-{n}", hunts, n, random_frames(f"identity {n}", n, 3)) for n, hunts in IDENTITY_LENGTHS.items()],
        of("all-zeros", "a carry left over from an earlier run", 200, [[0] * 200] * 2),
        of(
            "all-ones",
            "prefix steps of the wrong width: the output alternates 1, 0, 1, …",
            200,
            [[1] * 200] * 2,
        ),
        of(
            "first-bit",
            "suffix parities instead of prefix parities, or an exclusive prefix: all output bits are 1",
            150,
            [ones_at(150, [0])],
        ),
        of(
            "last-bit",
            "suffix parities instead of prefix parities: only the last output bit is 1",
            150,
            [ones_at(150, [149])],
        ),
        of("bit-63", "the carry out of a word is taken before its last bit", 150, [ones_at(150, [63])]),
        of("bit-64", "the carry into a word is dropped by a set bit 0", 150, [ones_at(150, [63, 64])]),
        of(
            "odd-frames-not-aligned",
            "no reset at a frame boundary inside a word: every frame has odd parity",
            10,
            [ones_at(10, [f]) for f in range(10)],
        ),
        of(
            "permuted-3",
            "y[π[j]] = x[j] instead of y[j] = x[π[j]]: a cycle of three, the smallest π unlike its inverse",
            3,
            [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
            random_bytes("parities permuted-3 0", 32),
        ),
        permuted("permuted-64", "gather and scatter confused on whole words", 64, 2),
        permuted("permuted-65", "π applied within the first frame only, offset f·n forgotten", 65, 3),
        permuted("permuted-200", "the permutation drawn anew for every frame", 200, 5),
        permuted("permuted-1000", "gathers across words in frames that are not aligned", 1000, 4),
        permuted("permuted-10000", "a carry over many words", 10000, 1),
        of(
            "one-bit-permuted",
            "the permutation applied after the running parity instead of before",
            130,
            [ones_at(130, [17])],
            random_bytes("parities one bit", 32),
        ),
    ]
