"""LDPC: quasi-cyclic codes, syndrome, layered decoding with 8-bit messages. kernels/SPEC.md §5."""

from dataclasses import dataclass

from common import Bits, Json, from_json, join_frames, split_frames, to_json

MESSAGE_LIMIT = 127
KNOWN_MAGNITUDE = 8191
STALLED = 12

# §5.4, copied from the text; selftest.py recomputes both from the formula.
PHI = [
    65535, 11362, 8539, 6904, 5762, 4895, 4203, 3636, 3162, 2759, 2415, 2117, 1859, 1634, 1438, 1266,
    1116, 983, 867, 764, 674, 594, 524, 463, 408, 360, 318, 280, 247, 218, 193, 170,
    150, 132, 117, 103, 91, 80, 71, 63, 55, 49, 43, 38, 33, 30, 26, 23,
    20, 18, 16, 14, 12, 11, 10, 8, 7, 7, 6, 5, 5, 4, 4, 3,
    3, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0,
] + [0] * 48  # fmt: skip
THR = [  # from m = 1
    14197, 9708, 7637, 6290, 5302, 4531, 3907, 3389, 2953, 2581, 2261, 1984, 1743, 1533, 1349, 1188,
    1047, 923, 814, 718, 633, 558, 493, 435, 383, 338, 299, 263, 232, 205, 181, 160,
    141, 124, 110, 97, 85, 75, 67, 59, 52, 46, 40, 36, 31, 28, 24, 22,
    19, 17, 15, 13, 12, 10, 9, 8, 7, 6, 5, 5, 4, 4, 3, 3,
    3, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1,
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


def check_rule(q: list[int], target: int) -> tuple[list[int], int]:
    """Steps 1 to 3 of §5.3 for one check: the new messages R from the limited messages q, and s."""
    a = [abs(value) for value in q]
    sign = [int(value < 0) for value in q]
    total = sum(PHI[magnitude] for magnitude in a)
    s = (target + sum(sign)) % 2
    messages = []
    for magnitude, sigma in zip(a, sign, strict=True):
        u = total - PHI[magnitude]
        g = sum(u < threshold for threshold in THR)
        messages.append(g if s ^ sigma == 0 else -g)
    return messages, s


def update(posterior: list[int], variables: list[int], messages: list[int], target: int) -> tuple[list[int], int]:
    """One check: replaces its messages R (returned, with s) and the posteriors of its variables (in place)."""
    t = [posterior[v] - message for v, message in zip(variables, messages, strict=True)]
    q = [max(-MESSAGE_LIMIT, min(MESSAGE_LIMIT, value)) for value in t]
    fresh, s = check_rule(q, target)
    for v, value, message in zip(variables, t, fresh, strict=True):
        posterior[v] = value + message
    return fresh, s


def decode(
    code: Code, word: Bits, target: Bits, known: Bits, channel: int, max_iterations: int
) -> tuple[Bits, int, bool]:
    """§5.3: the decided word, the number of complete iterations, whether its syndrome is the target."""
    checks = code.checks()
    magnitude = [KNOWN_MAGNITUDE if k else channel for k in known]
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
