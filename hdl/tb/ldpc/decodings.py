"""Codes, and decodings with their right answers by the oracle, for the benches of qkdpp_ldpc."""

import random

from kernel import OK
from ldpc import Code, decode, syndrome
from stream import PARAMETERS
from tables import Compiled

LANES, BANKS = PARAMETERS["Lanes"], PARAMETERS["EdgesPerCycle"]
LOAD, SYNDROME, DECODE = range(3)


def random_code(rng: random.Random, rows: int, columns: int, z: int, degree: int = 3) -> Code:
    base = [[-1] * columns for _ in range(rows)]
    for c in range(columns):
        for r in rng.sample(range(rows), min(rows, rng.choice((degree, degree, degree + 1)))):
            base[r][c] = rng.randrange(z)
    for row in base:
        for c in rng.sample(range(columns), 2):
            row[c] = max(row[c], 0)
    return Code(z, base)


def codes(rng: random.Random) -> list[Code]:
    """Lifting factors below, at and above the lanes."""
    found = [random_code(rng, 4, 16, LANES), random_code(rng, 6, 9, LANES)]
    if LANES > 8:
        found.append(random_code(rng, 5, 20, 8))
    if LANES < 256:
        found.append(random_code(rng, 3, 11, 2 * LANES))
    if LANES <= 16:
        found.append(random_code(rng, 2, 5, 4 * LANES, 2))
    return found


def random_bits(rng: random.Random, n: int, share: float = 0.5) -> list[int]:
    return [int(rng.random() < share) for _ in range(n)]


class Decoding:
    """A word with errors and the syndrome of the right one."""

    def __init__(self, rng, code, *, error_rate=0.02, channel=None, limit=12, with_known=False, solvable=True):
        checks = code.checks()
        sent = random_bits(rng, code.n)
        errors = random_bits(rng, code.n, error_rate)
        self.code = code
        self.word = [a ^ b for a, b in zip(sent, errors, strict=True)]
        self.target = syndrome(checks, sent) if solvable else random_bits(rng, code.m)
        known = [int(rng.random() < 0.15 and not e) for e in errors]
        self.known = known if with_known else None
        self.channel = channel or rng.choice((1, 9, 22, 31, 40, 127))
        self.limit = limit

    def submit(self, kernel, compiled):
        params = [DECODE, self.limit, self.channel, int(self.known is not None)]
        kernel.submit(params, compiled.decode_input(self.word, self.target, self.known))

    def check(self, result, compiled):
        known = self.known or [0] * self.code.n
        word, iterations, converged = decode(self.code, self.word, self.target, known, self.channel, self.limit)
        assert result.status == OK
        assert (result.r0, result.r1) == (iterations, int(converged))
        assert compiled.word(result.output) == word


async def load(kernel, rng, code, **options) -> Compiled:
    compiled = Compiled(code.z, code.base, LANES, BANKS, rng, **options)
    result = await kernel.job([LOAD], compiled.load())
    assert (result.status, result.output) == (OK, [])
    return compiled


def random_decodings(rng, code):
    return [
        Decoding(rng, code, limit=0),
        Decoding(rng, code, error_rate=0.0),
        Decoding(rng, code, error_rate=0.0, limit=0, with_known=True),
        Decoding(rng, code, with_known=True, channel=31),
        Decoding(rng, code, channel=22, error_rate=0.03),
        Decoding(rng, code, solvable=False, limit=6),
        Decoding(rng, code, solvable=False, limit=5, channel=1),
        Decoding(rng, code, solvable=False, limit=4, with_known=True, error_rate=0.2),
    ]


async def decode_all(kernel, rng, code, cases):
    compiled = await load(kernel, rng, code)
    for case in cases:
        case.submit(kernel, compiled)
    for case in cases:
        case.check(await kernel.finish(), compiled)
