"""Cases of syndrome.json."""

from cases import Case, codes, ones_at, random_bits
from common import Bits, join_frames, to_json
from ldpc import Code

ONE_ENTRY_SHIFTED = {
    (8, 3): "rotation inside a byte; (i − s) mod Z instead of (i + s) mod Z",
    (16, 15): "shift Z − 1 inside a word",
    (32, 17): "two blocks in one word",
    (64, 1): "rotation of a whole word to the other side",
    (64, 63): "rotation by 63: the shift by 64 − s",
    (128, 64): "rotation by a whole word: a shift by 64 − 0 bits",
    (128, 65): "rotation by a word and a bit",
    (256, 127): "rotation over four words: the order of the words",
}


def of(name: str, hunts: str, code: Code, frames: list[Bits], expect: Bits | None = None) -> Case:
    data = {"code": codes.to_json(code), "frames": to_json(join_frames(frames))}
    return Case(name, hunts, data, {} if expect is None else {"frames": to_json(expect)})


def random_frames(name: str, code: Code, count: int) -> list[Bits]:
    return [random_bits(f"syndrome {name} frame {f}", code.n) for f in range(count)]


def random_case(name: str, hunts: str, code: Code, count: int) -> Case:
    return of(name, hunts, code, random_frames(name, code, count))


def shifted(z: int, shift: int, hunts: str) -> Case:
    """Two columns, the second one set at a single variable: the one check that sees it is known."""
    variable = z + (5 + shift) % z
    return of(f"shift-{shift}-of-{z}", hunts, Code(z, [[0, shift]]), [ones_at(2 * z, [variable])], ones_at(z, [5]))


def cases() -> list[Case]:
    small = codes.spread("syndrome small", 8, 3, 5, 2)
    medium = codes.spread("syndrome medium", 64, 4, 10, 3)
    odd_rows = Code(16, [[4, 0, 9]])
    even_rows = Code(16, [[4, 0, 9, -1], [-1, 1, 2, -1], [-1, -1, 0, 7]])
    return [
        of("no-frames", "a crash, or output, for k = 0", small, []),
        *[shifted(z, shift, hunts) for (z, shift), hunts in ONE_ENTRY_SHIFTED.items()],
        of(
            "zero-shifts",
            "a rotation by 0 done as a shift by Z − 0",
            Code(64, [[0, 0, 0]]),
            [[1] * 64 + [0] * 64 + [1, 0] * 32],
            [0, 1] * 32,
        ),
        of(
            "all-ones-odd-row",
            "entries of a row ORed, or one of them dropped",
            odd_rows,
            [[1] * 48],
            [1] * 16,
        ),
        of(
            "all-ones-mixed-rows",
            "a missing entry (−1) taken as shift Z − 1 or 0",
            even_rows,
            [[1] * 64],
            [1] * 16 + [0] * 32,
        ),
        random_case("frames-not-aligned", "n = 40 and m = 24: frames that start inside a word, in and out", small, 7),
        random_case("frames-odd-words", "n of ten words, m of four: offsets f·n and f·m swapped", medium, 3),
        random_case("z-8", "the smallest Z, eight blocks a word", codes.spread("syndrome z8", 8, 6, 17, 3), 2),
        random_case(
            "z-16",
            "four blocks a word, the last word partly filled",
            codes.spread("syndrome z16", 16, 5, 13, 3),
            2,
        ),
        random_case("z-32", "two blocks a word, an odd number of them", codes.spread("syndrome z32", 32, 8, 31, 3), 3),
        random_case("z-128", "rotations by more than a word", codes.spread("syndrome z128", 128, 6, 12, 3), 2),
        random_case("z-512", "rotations over eight words", codes.spread("syndrome z512", 512, 3, 6, 2), 2),
        random_case(
            "row-of-255",
            "a row degree kept in 7 bits, or the 255th entry dropped",
            codes.full("row of 255", 8, 1, 255),
            1,
        ),
        random_case("column-of-64", "a column in the largest number of rows", codes.full("column of 64", 8, 64, 2), 1),
        random_case("more-rows-than-columns", "m > n: buffers sized by n", codes.full("tall", 32, 5, 3), 2),
    ]
