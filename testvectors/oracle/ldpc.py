"""LDPC: quasi-cyclic codes, syndrome, layered decoding with 8-bit messages. kernels/SPEC.md §5."""

from dataclasses import dataclass

from common import Bits, Json, from_json, join_frames, split_frames, to_json

LIMIT = 127
STALLED = 12

# §5.4, copied from the text; selftest.py recomputes both from the formula.
PHI = [
    4096, 2868, 1936, 1412, 1062, 811, 625, 483, 375, 291, 226, 176, 137, 107, 83, 65,
    50, 39, 31, 24, 19, 14, 11, 9, 7, 5, 4, 3, 3, 2, 2, 1,
    1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
] + [0] * 80  # fmt: skip
THR = [  # from m = 1
    3808, 2304, 1632, 1216, 928, 704, 544, 416, 320, 256, 192, 160, 128, 96, 64, 57,
    44, 35, 27, 21, 16, 13, 10, 8, 6, 5, 4, 3, 2, 2, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1,
]  # fmt: skip


@dataclass(frozen=True)
class Code:
    """A quasi-cyclic code: base matrix of shifts (−1: no entry) and lifting factor z (§5.1)."""

    z: int
    base: list[list[int]]

    def __post_init__(self) -> None:
        row_degrees = [sum(shift >= 0 for shift in row) for row in self.base]
        column_degrees = [sum(shift >= 0 for shift in column) for column in zip(*self.base, strict=True)]
        entries = [shift for row in self.base for shift in row]
        if not (8 <= self.z <= 2**16 and self.z.bit_count() == 1):
            raise ValueError(f"Z = {self.z} is not a power of two in 8..=2^16")
        if not all(-1 <= shift < self.z for shift in entries):
            raise ValueError(f"a shift lies outside -1..{self.z}")
        if not all(2 <= degree <= 255 for degree in row_degrees):
            raise ValueError(f"base row degrees {row_degrees} outside 2..=255")
        if not all(1 <= degree <= 64 for degree in column_degrees):
            raise ValueError(f"base column degrees {column_degrees} outside 1..=64")

    @property
    def n(self) -> int:
        return len(self.base[0]) * self.z

    @property
    def m(self) -> int:
        return len(self.base) * self.z

    def checks(self) -> list[list[int]]:
        """The variables of every check r·Z + i, in ascending column order."""
        return [
            [c * self.z + (i + shift) % self.z for c, shift in enumerate(row) if shift >= 0]
            for row in self.base
            for i in range(self.z)
        ]


def syndrome(checks: list[list[int]], frame: Bits) -> Bits:
    """§5.2."""
    return [sum(frame[v] for v in variables) % 2 for variables in checks]


def decide(posterior: list[int], word: Bits) -> Bits:
    return [1 if p < 0 else 0 if p > 0 else y for p, y in zip(posterior, word, strict=True)]


def check_rule(t: list[int], target: int) -> tuple[list[int], int]:
    """Steps 1 to 3 of §5.3 for one check: the answers r from the limited totals T, and s."""
    a = [abs(value) for value in t]
    sign = [int(value < 0) for value in t]
    total = sum(PHI[magnitude] for magnitude in a)
    s = (target + sum(sign)) % 2
    answers = []
    for magnitude, sigma in zip(a, sign, strict=True):
        u = total - PHI[magnitude]
        g = sum(u < threshold for threshold in THR)
        answers.append(g if s ^ sigma == 0 else -g)
    return answers, s


def update(posterior: list[int], variables: list[int], messages: list[int], target: int) -> tuple[list[int], int]:
    """One check: replaces its messages R (returned, with s) and the posteriors of its variables (in place)."""
    rest = [posterior[v] - message for v, message in zip(variables, messages, strict=True)]
    t = [max(-LIMIT, min(LIMIT, value)) for value in rest]
    answers, s = check_rule(t, target)
    fresh = []
    for v, value, answer in zip(variables, t, answers, strict=True):
        posterior[v] = max(-LIMIT - 1, min(LIMIT, value + answer))
        fresh.append(posterior[v] - value)
    return fresh, s


def decode(
    code: Code, word: Bits, target: Bits, known: Bits, channel: int, max_iterations: int
) -> tuple[Bits, int, bool]:
    """§5.3: the decided word, the number of complete iterations, whether its syndrome is the target."""
    checks = code.checks()
    magnitude = [LIMIT if k else channel for k in known]
    posterior = [-a if y else a for y, a in zip(word, magnitude, strict=True)]
    messages = [[0] * len(variables) for variables in checks]
    iterations = least = age = 0
    while True:
        decision = decide(posterior, word)
        converged = syndrome(checks, decision) == target
        if converged or age == STALLED or iterations == max_iterations:
            return decision, iterations, converged
        # Checks are numbered by base row, so ascending order is the order of the layers.
        unsatisfied = 0
        for c, variables in enumerate(checks):
            messages[c], s = update(posterior, variables, messages[c], target[c])
            unsatisfied += s
        if iterations == 0 or 64 * unsatisfied < 63 * least:
            least, age = unsatisfied, 0
        else:
            age += 1
        iterations += 1


def code_from_json(form: Json) -> Code:
    return Code(form["z"], form["base"])


def evaluate_syndrome(data: Json) -> Json:
    code = code_from_json(data["code"])
    checks = code.checks()
    frames = split_frames(from_json(data["frames"]), code.n)
    return {"frames": to_json(join_frames([syndrome(checks, frame) for frame in frames]))}


def evaluate_decode(data: Json) -> Json:
    code = code_from_json(data["code"])
    word, target = from_json(data["word"]), from_json(data["syndrome"])
    known = [0] * code.n if data["known"] is None else from_json(data["known"])
    if not (len(word) == len(known) == code.n and len(target) == code.m):
        raise ValueError(f"word {len(word)}, known {len(known)}, syndrome {len(target)} for n={code.n}, m={code.m}")
    decision, iterations, converged = decode(code, word, target, known, data["channel"], data["max_iterations"])
    return {"word": to_json(decision), "iterations": iterations, "converged": converged}
