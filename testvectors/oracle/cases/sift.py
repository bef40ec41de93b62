"""Cases of sift.json."""

from cases import Case, ones_at, random_json
from common import Bits, Json, to_json

LENGTHS = {
    1: "a count of words computed as n / 64, which is 0 here",
    63: "the last bit of a word that is one bit short",
    64: "a last word that is full: a tail mask of (1 << 0) − 1 clears it",
    65: "the single bit of the second word",
    127: "the last word treated as full although one bit is missing",
    128: "one word too many read or written when n is a whole number of words",
    129: "the third word, of one bit, dropped",
}


def make(mask: Bits, planes: list[Bits]) -> Json:
    return {"mask": to_json(mask), "planes": [to_json(plane) for plane in planes]}


def random_planes(label: str, n: int, count: int) -> list[Json]:
    return [random_json(f"sift {label} plane {q}", n) for q in range(count)]


def by_mask(name: str, hunts: str, mask: Bits, planes: int = 2) -> Case:
    """A case of random planes under a mask."""
    data = {"mask": to_json(mask), "planes": random_planes(name, len(mask), planes)}
    return Case(name, hunts, data)


def random_mask(n: int) -> Case:
    label = f"random-{n}"
    data = {"mask": random_json(f"sift {label} mask", n), "planes": random_planes(label, n, 3)}
    return Case(label, LENGTHS[n], data)


def cases() -> list[Case]:
    return [
        Case("empty", "a crash, or one word of output, for n = 0", make([], [[], []])),
        Case("one-bit-kept", "off-by-one at the smallest input with output", make([1], [[1], [0]])),
        Case("one-bit-dropped", "an output of one zero bit instead of none", make([0], [[1]])),
        *[random_mask(n) for n in LENGTHS],
        by_mask("mask-all-ones", "a shift by 64 when a whole word is kept", [1] * 200),
        by_mask("mask-all-zeros", "output words left behind when nothing is kept", [0] * 200),
        by_mask("alternating-even", "odd and even positions swapped", [1, 0] * 97),
        by_mask("alternating-odd", "bit 0 taken although the mask starts with 0", [0, 1] * 97),
        by_mask(
            "top-bit-of-each-word",
            "bit 63 lost (signed shift, or a scan over 0..63)",
            ones_at(64 * 9, [64 * k + 63 for k in range(9)]),
        ),
        by_mask(
            "bottom-bit-of-each-word",
            "bit 0 lost, or a scan over the mask that starts at 1",
            ones_at(64 * 9, [64 * k for k in range(9)]),
        ),
        by_mask("sparse", "runs of mask words of zero between single bits", ones_at(1000, [5, 320, 321, 703, 999])),
        by_mask(
            "dense",
            "a fast path for full mask words that is also taken for nearly full ones",
            [1] * 100 + [0] + [1] * 299,
        ),
        by_mask(
            "whole-words-between-empty-ones",
            "output position not advanced by 64, or advanced over empty words",
            ([1] * 64 + [0] * 64) * 4,
        ),
        by_mask(
            "output-crosses-words",
            "the high part of a group lost when it straddles two output words (40 bits of every word kept)",
            ([1] * 40 + [0] * 24) * 8,
        ),
        by_mask("output-fills-words", "one output word too many when c is a multiple of 64", [1, 1, 0, 1] * 64),
        by_mask("output-one-over", "the last output bit lost when c = 64k + 1", [1, 0, 0] * 64 + [1]),
        Case(
            "dropped-bits-set",
            "data of dropped positions ORed into the output, or left past its end",
            make([0, 1, 0] * 50, [[1, 0, 1] * 50, [1] * 150]),
        ),
        by_mask(
            "six-planes",
            "one output position shared by planes instead of one for each",
            [1, 1, 0, 1, 0] * 41,
            planes=6,
        ),
        Case(
            "long",
            "drift of the output position over many words",
            {"mask": random_json("sift long mask", 5003), "planes": random_planes("long", 5003, 2)},
        ),
    ]
