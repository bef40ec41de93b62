#!/usr/bin/env python3
"""Checks the oracle against published answers, against the formulas behind the tables, and against itself."""

import hashlib
import re
import unittest
from decimal import Decimal, getcontext
from itertools import product as pairs
from pathlib import Path

import ldpc
from cases import random_bits
from common import Bits, from_bytes, from_json, to_bytes, to_json
from permutation import permutation
from polyhash import MODULUS, horner, multiply
from toeplitz import modified, toeplitz

SPEC = Path(__file__).resolve().parents[2] / "kernels" / "SPEC.md"


def table(language: str) -> list[int]:
    """The numbers of the fenced block of SPEC.md that opens with ```language."""
    block = re.search(
        rf"^```{re.escape(language)}\n(.*?)^```", SPEC.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    if block is None:
        raise LookupError(f"no block {language!r} in {SPEC.name}")
    return [int(word) for word in block[1].split()]


def scaled_phi(x: Decimal) -> Decimal:
    """1376·φ(x)."""
    return 1376 * ((x.exp() + 1) / (x.exp() - 1)).ln()


def rounded(x: Decimal) -> int:
    """⌊x + ½⌋ for x ≥ 0."""
    return int(x + Decimal("0.5"))


def threshold(m: int) -> int:
    """THR[m]: a whole number from 1 below 64, a multiple of 32 from there on."""
    t = scaled_phi((Decimal(m) - Decimal("0.5")) / 4)
    return max(1, rounded(t)) if t < 64 else 32 * rounded(t / 32)


def ghash_element(block: bytes) -> int:
    """A block in the order of NIST SP 800-38D, where the first bit of a byte is its most significant one."""
    reversed_bytes = bytes(int(f"{byte:08b}"[::-1], 2) for byte in block)
    return int.from_bytes(reversed_bytes, "little")


def parse(text: str) -> Bits:
    return [int(bit) for bit in text]


class BitOrder(unittest.TestCase):
    def test_bit_0_is_the_least_significant_of_byte_0(self) -> None:
        self.assertEqual(to_json([1, 0, 0, 0, 0, 0, 0, 0, 0, 1]), {"len": 10, "hex": "0102"})

    def test_round_trip(self) -> None:
        for n in (0, 1, 7, 8, 9, 64, 65):
            bits = random_bits(f"round trip {n}", n)
            self.assertEqual(from_json(to_json(bits)), bits)

    def test_bits_past_the_end_are_refused(self) -> None:
        self.assertRaises(ValueError, from_bytes, b"\x04", 2)
        self.assertRaises(ValueError, from_bytes, b"\x00\x00", 8)
        self.assertEqual(to_bytes([0, 1]), b"\x02")


class PermutationOfSeed(unittest.TestCase):
    def test_shake256_of_fips_202(self) -> None:
        empty = "46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f"
        self.assertEqual(hashlib.shake_256(b"").hexdigest(32), empty)

    def test_is_a_permutation(self) -> None:
        for n in (1, 2, 3, 64, 1000):
            self.assertEqual(sorted(permutation(bytes(32), n)), list(range(n)))

    def test_every_order_of_three_is_as_likely(self) -> None:
        count = 6000
        orders = [tuple(permutation(k.to_bytes(32, "little"), 3)) for k in range(count)]
        expected = count / 6
        chi_square = sum((orders.count(order) - expected) ** 2 / expected for order in set(orders))
        self.assertEqual(len(set(orders)), 6)
        self.assertLess(chi_square, 25.7)  # 5 degrees of freedom, p = 1e-4; the seeds are fixed


class LdpcTables(unittest.TestCase):
    def test_spec_text_matches_the_formula(self) -> None:
        getcontext().prec = 60
        phi = [4096] + [rounded(scaled_phi(Decimal(a) / 4)) for a in range(1, 128)]
        self.assertEqual(table("PHI"), phi)
        self.assertEqual(table("THR from m = 1"), [threshold(m) for m in range(1, 41)])

    def test_what_the_spec_says_of_the_tables(self) -> None:
        self.assertLess(255 * max(ldpc.PHI), 2**20)
        self.assertLess(ldpc.THR[0], ldpc.PHI[0])
        self.assertEqual([value for value in ldpc.THR if value > 64 and value % 32], [])

    def test_oracle_has_the_tables_of_the_spec(self) -> None:
        self.assertEqual(ldpc.PHI, table("PHI"))
        self.assertEqual(ldpc.THR, table("THR from m = 1"))

    def test_check_rule_follows_the_sum_product_rule(self) -> None:
        """tanh(r/8) = Π tanh(T/8), in units of 1/4 nat, over all pairs of other edges.

        r is rounded by half a unit; the rounding of the tables adds as much below 14, and less than one below 28.
        """
        getcontext().prec = 30
        tanh = [((Decimal(a) / 4).exp() - 1) / ((Decimal(a) / 4).exp() + 1) for a in range(128)]
        for a, b in pairs(range(1, 61), repeat=2):
            exact_tanh = tanh[a] * tanh[b]
            exact = 4 * ((1 + exact_tanh) / (1 - exact_tanh)).ln()
            if exact < 28:  # above, u is 3 at most
                tolerance = Decimal("1" if exact < 14 else "1.5")
                self.assertLess(abs(ldpc.check_rule([a, b, 50], 0)[0][2] - exact), tolerance, (a, b))

    def test_one_other_edge_is_repeated(self) -> None:
        """A check of degree 2 tells each variable what the other one says: exactly as far as PHI tells magnitudes apart."""
        repeated = [ldpc.check_rule([a, 127], 0)[0][1] for a in range(128)]
        self.assertEqual(repeated, [*range(15), 14, *range(16, 28), 27, 28, 28, *[30] * 4, *[40] * 93])

    def test_signs_of_messages(self) -> None:
        self.assertEqual(ldpc.check_rule([-15, 15, 15], 0)[0][2], -ldpc.check_rule([15, 15, 15], 0)[0][2])
        self.assertEqual(ldpc.check_rule([0, 15, 15], 1)[0][1:], [0, 0])


class PolynomialHash(unittest.TestCase):
    def test_field(self) -> None:
        a, b, c = (int.from_bytes(hashlib.sha256(label).digest()[:16], "little") for label in (b"a", b"b", b"c"))
        self.assertEqual(multiply(a, 1), a)
        self.assertEqual(multiply(1 << 127, 2), MODULUS ^ 1 << 128)
        self.assertEqual(multiply(multiply(a, b), c), multiply(a, multiply(c, b)))
        power = a
        for _ in range(128):
            power = multiply(power, power)
        self.assertEqual(power, a)  # a^(2^128) = a

    def test_ghash_known_answer(self) -> None:
        """Test case 2 of McGrew and Viega, The Galois/Counter Mode of Operation; GHASH has its own length block."""
        key, text, tag = (
            bytes.fromhex(text)
            for text in (
                "66e94bd4ef8a2c3b884cfa59ca342b2e",
                "0388dace60b6a392f328c2b971b2fe78",
                "f38cbb1ad69223dcc3457ae5b6b0f885",
            )
        )
        length_block = bytes(8) + (8 * len(text)).to_bytes(8, "big")
        h = horner(ghash_element(key), [ghash_element(text), ghash_element(length_block)])
        self.assertEqual(h, ghash_element(tag))


class Toeplitz(unittest.TestCase):
    KEY = parse("1011001110001111")

    def test_known_answers(self) -> None:
        self.assertEqual(toeplitz(self.KEY, parse("110100111010001011101"), 6), parse("100101"))
        self.assertEqual(modified(self.KEY, parse("110100111010001"), 6), parse("001101"))

    def test_windows_are_the_sums_of_the_definition(self) -> None:
        for n, out_len in ((1, 1), (5, 3), (40, 40), (70, 9)):
            d = n - out_len
            x, s = random_bits(f"sums x {n}", n), random_bits(f"sums s {n}", n + out_len - 1)
            literal = [sum(s[i - j + n - 1] & x[j] for j in range(n)) % 2 for i in range(out_len)]
            self.assertEqual(toeplitz(x, s, out_len), literal)
            s = s[: n - 1]
            literal = [(x[d + i] + sum(s[i - j + d - 1] & x[j] for j in range(d))) % 2 for i in range(out_len)]
            self.assertEqual(modified(x, s, out_len), literal)


if __name__ == "__main__":
    unittest.main()
