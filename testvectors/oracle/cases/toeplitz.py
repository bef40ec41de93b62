"""Cases of toeplitz.json."""

from cases import Case, ones_at, random_bits
from common import Bits, to_json

# (n, ℓ) → the bug hunted
TOEPLITZ = {
    (1, 1): "n = ℓ = 1: the seed has one bit, y = s·x",
    (63, 1): "ℓ = 1: the only row is the reversed seed",
    (64, 64): "ℓ = n at one word: row n − 1 ends on the last bit of the seed",
    (65, 64): "a seed window that straddles words",
    (127, 63): "tails of key and output in one word each",
    (128, 127): "ℓ = n − 1",
    (129, 65): "one bit in the last word of key and output",
    (1024, 512): "all lengths are powers of two: a cyclic convolution too short wraps around",
    (4097, 2049): "a convolution of the next power of two, taken one bit too short",
}
MODIFIED = {
    (1, 1): "n = 1: the seed is empty and y = x",
    (64, 64): "ℓ = n: the identity; a seed that is read changes it",
    (65, 64): "ℓ = n − 1: d = 1, every row is one seed bit",
    (127, 63): "d = 64: the identity part starts on a word boundary",
    (129, 64): "d = 65: the identity part starts at bit 1 of a word",
    (201, 1): "ℓ = 1: the identity part is the last key bit only",
    (3000, 1937): "d < ℓ: the Toeplitz part is taller than wide",
    (5000, 1249): "d > ℓ: the Toeplitz part is wider than tall; its offset is d − 1, not n − 1",
    (20000, 9999): "a long product: several blocks, with carries between their convolutions",
}


def parse(text: str) -> Bits:
    return [int(bit) for bit in text]


def of(name: str, hunts: str, family: str, key: Bits, seed: Bits, out_len: int, expect: Bits | None = None) -> Case:
    data = {"family": family, "key": to_json(key), "seed": to_json(seed), "out_len": out_len}
    return Case(name, hunts, data, {} if expect is None else {"bits": to_json(expect)})


def random_case(family: str, n: int, out_len: int, hunts: str) -> Case:
    name = f"{family}-{n}-{out_len}"
    seed_len = n + out_len - 1 if family == "toeplitz" else n - 1
    return of(name, hunts, family, random_bits(f"{name} key", n), random_bits(f"{name} seed", seed_len), out_len)


def cases() -> list[Case]:
    key = parse("1011001110001111")
    return [
        of(
            "known-answer-toeplitz",
            "any change of the definition",
            "toeplitz",
            key,
            parse("110100111010001011101"),
            6,
            parse("100101"),
        ),
        of(
            "known-answer-modified",
            "any change of the definition",
            "modified",
            key,
            parse("110100111010001"),
            6,
            parse("001101"),
        ),
        of(
            "first-key-bit",
            "seed bit order: x = e_0 selects s[n − 1 ..] in ascending order",
            "toeplitz",
            ones_at(70, [0]),
            random_bits("toeplitz first seed", 139),
            70,
            random_bits("toeplitz first seed", 139)[69:],
        ),
        of(
            "last-key-bit",
            "key bit order: x = e_{n−1} selects s[.. ℓ]",
            "toeplitz",
            ones_at(70, [69]),
            random_bits("toeplitz last seed", 139),
            70,
            random_bits("toeplitz last seed", 139)[:70],
        ),
        of(
            "ones",
            "sums over the integers overflow: every row has 300 ones",
            "toeplitz",
            [1] * 300,
            [1] * 599,
            300,
            [0] * 300,
        ),
        of("seed-zero", "a key copied into the output", "toeplitz", [1] * 130, [0] * 194, 65, [0] * 65),
        of(
            "seed-zero-modified",
            "the identity part taken from the start of the key",
            "modified",
            [1] * 65 + [0, 1] * 40,
            [0] * 144,
            80,
            [0, 1] * 40,
        ),
        *[random_case("toeplitz", n, out_len, hunts) for (n, out_len), hunts in TOEPLITZ.items()],
        *[random_case("modified", n, out_len, hunts) for (n, out_len), hunts in MODIFIED.items()],
    ]
