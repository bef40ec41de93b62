#!/usr/bin/env python3
"""Plants known bugs in the oracle, one at a time, and checks that the cases which hunt them notice.

A mutant replaces one piece of an oracle's source. Every case listed with it must change its output or crash. Bugs of
packed words (tails, carries, rotations over words) have no counterpart in lists of bits and are not planted here.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from common import Json
from generate import KERNELS, Kernel, vectors

FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Mutant:
    """A bug: the piece of source of the kernel's oracle, what replaces it, and the cases that must notice."""

    kernel: str
    right: str
    wrong: str
    noticed_by: list[str]


FLOODING = """before = list(posterior)
        for c, variables in enumerate(checks):
            view = list(before)
            messages[c], s = update(view, variables, messages[c], target[c])
            unsatisfied += s
            for v in variables:
                posterior[v] = max(-128, min(127, posterior[v] + view[v] - before[v]))"""
LAYERS = """for c, variables in enumerate(checks):
            messages[c], s = update(posterior, variables, messages[c], target[c])
            unsatisfied += s"""
STOPS_BETWEEN_LAYERS = (
    LAYERS
    + """
            if syndrome(checks, decide(posterior, word)) == target:
                return decide(posterior, word), iterations, True"""
)
CARRIED = """changes = [[a ^ b for a, b in zip(frame, [0, *frame])] for frame in frames]
    frames = split_frames(list(accumulate(join_frames(changes), xor)), n)
    return {"""
AFTER_TABLES = "@dataclass(frozen=True)"
TOTAL = "sum(PHI[magnitude] for magnitude in a)"
REST = "total - PHI[magnitude]"
FIRM = (
    LAYERS
    + """
            for v in variables:
                if known[v]:
                    posterior[v] = -127 if word[v] else 127"""
)
TOTALS = """    t = [max(-LIMIT, min(LIMIT, value)) for value in rest]
    answers, s = check_rule(t, target)
"""
WIDE_TOTALS = """    t = rest
    answers, s = check_rule([max(-LIMIT, min(LIMIT, value)) for value in t], target)
"""
FRESH = """    fresh = []
    for v, value, answer in zip(variables, t, answers, strict=True):
"""
LIMITED = "max(-LIMIT, min(LIMIT, value))"
POSTERIOR = "max(-LIMIT - 1, min(LIMIT, value + answer))"
POSTERIORS = f"""{FRESH}        posterior[v] = {POSTERIOR}
"""
MESSAGE = "fresh.append(posterior[v] - value)"
UNROUNDED = [3817, 2319, 1644, 1222, 927, 711, 549, 425, 330, 257, 200, 155, 121, 94, 73]  # from m = 1
DECISION = "1 if p < 0 else 0 if p > 0 else y"
CHECKED = "if converged or age == STALLED or iterations == max_iterations:"
NEW_LEAST = "if iterations == 0 or 64 * unsatisfied < 63 * least:"

MUTANTS = [
    Mutant("sift", "if keep]", "if not keep]", ["one-bit-kept", "alternating-even", "dropped-bits-set"]),
    Mutant("sift", "if keep]", "]", ["mask-all-zeros", "dropped-bits-set"]),
    Mutant("permutation", "w = i.bit_length()", "w = (i + 1).bit_length()", ["n-4", "n-8", "n-1024", "n-65536"]),
    Mutant("permutation", "while j > i", "while j >= i", ["n-63"]),
    Mutant("permutation", "while j > i:", "j %= i + 1\n        while j > i:", ["n-3", "n-5", "n-17", "n-65537"]),
    Mutant("permutation", "% 2**w\n        while", ">> (32 - w)\n        while", ["n-2", "n-300"]),
    Mutant("permutation", "range(n - 1, 0, -1)", "range(n - 1, 1, -1)", ["n-2"]),
    Mutant("permutation", '+ n.to_bytes(8, "little")', "", ["n-9", "n-70000"]),
    Mutant("permutation", 'n.to_bytes(8, "little")', 'n.to_bytes(8, "big")', ["n-9"]),
    Mutant("permutation", 'position + 4], "little")', 'position + 4], "big")', ["n-2", "n-300"]),
    Mutant("permutation", "DOMAIN + seed", "DOMAIN + seed[:31]", ["seed-last-byte", "seed-top-bit"]),
    Mutant("permutation", "shake_256", "shake_128", ["n-2", "seed-zero"]),
    Mutant(
        "parities",
        "[x[index] for index in pi]",
        "[x[pi.index(j)] for j in range(len(pi))]",
        ["permuted-3", "permuted-64"],
    ),
    Mutant("parities", "for x in frames]", "for x in [join_frames(frames)]]", ["permuted-65", "permuted-200"]),
    Mutant("parities", "for index in pi], xor)", "for index in pi[::-1]], xor)", ["last-bit", "first-bit"]),
    Mutant("parities", "return {", CARRIED, ["one-bit-frames"]),
    Mutant(
        "parities",
        "list(accumulate([x[index] for index in pi], xor))",
        "[list(accumulate(x, xor))[index] for index in pi]",
        ["one-bit-permuted"],
    ),
    Mutant(
        "syndrome",
        "(i + shift)",
        "(i - shift)",
        ["shift-3-of-8", "shift-15-of-16", "shift-1-of-64", "z-8", "z-512"],
    ),
    Mutant("syndrome", "enumerate(row) if shift >= 0]", "enumerate(row)]", ["all-ones-mixed-rows", "z-8"]),
    Mutant("syndrome", "% 2 for variables", "> 0 for variables", ["all-ones-mixed-rows", "frames-not-aligned"]),
    Mutant("syndrome", "frame[v] for v in variables)", "frame[v] for v in variables[:254])", ["row-of-255"]),
    Mutant("ldpc_decode", "(i + shift)", "(i - shift)", ["one-error", "z-16", "z-64-n-2048"]),
    Mutant(
        "ldpc_decode",
        CHECKED,
        "if (converged and iterations > 0) or age == STALLED or iterations == max_iterations:",
        ["right-at-once"],
    ),
    Mutant("ldpc_decode", "== target\n", "== target and max_iterations > 0\n", ["limit-zero-right"]),
    Mutant("ldpc_decode", CHECKED, "if converged or age == STALLED or iterations == max(1, max_iterations):", ["limit-zero-wrong"]),
    Mutant("ldpc_decode", "== target\n", "== target and iterations < max_iterations\n", ["limit-just-enough"]),
    Mutant(
        "ldpc_decode",
        CHECKED,
        "if converged or age == STALLED or iterations == max_iterations + 1:",
        ["limit-one-short", "too-many-errors", "stall-after-the-limit"],
    ),
    Mutant(
        "ldpc_decode",
        CHECKED,
        "if converged or iterations == max_iterations:",
        ["stall-constant", "stall-slowly", "stall-too-soon"],
    ),
    Mutant("ldpc_decode", "STALLED = 12", "STALLED = 11", ["stall-constant", "stall-at-the-limit"]),
    Mutant("ldpc_decode", "STALLED = 12", "STALLED = 13", ["stall-constant", "stall-63-of-64"]),
    Mutant("ldpc_decode", "== target\n", "== target and age < STALLED\n", ["stall-and-converge"]),
    Mutant("ldpc_decode", NEW_LEAST, "if 64 * unsatisfied < 63 * least:", ["stall-constant"]),
    Mutant("ldpc_decode", NEW_LEAST, NEW_LEAST.replace(" < ", " <= "), ["stall-63-of-64"]),
    Mutant(
        "ldpc_decode",
        NEW_LEAST,
        "if iterations == 0 or unsatisfied < least:",
        ["stall-63-of-64", "stall-slowly"],
    ),
    Mutant(
        "ldpc_decode",
        "            age += 1\n",
        "            least, age = unsatisfied, age + 1\n",
        ["stall-slowly"],
    ),
    Mutant(
        "ldpc_decode",
        "return answers, s",
        "return answers, (target + sum(v <= 0 for v in t)) % 2",
        ["stall-slowly"],
    ),
    Mutant("ldpc_decode", DECISION, "int(p < 0)", ["tie-ones"]),
    Mutant("ldpc_decode", DECISION, "int(p <= 0)", ["tie-zeros"]),
    Mutant("ldpc_decode", "sum(PHI[magnitude] for", "sum(PHI[magnitude] % 4096 for", ["zero-message"]),
    *(
        Mutant("ldpc_decode", right, f"{wrong} % {2**width}", cases)
        for right, wrong in [("for magnitude in a)", "for magnitude in a)"), (REST, f"({REST})")]
        for width, cases in [
            (12, ["two-zero-messages", "zero-messages-128", "every-small-number"]),
            (13, ["two-zero-messages", "zero-messages-128"]),
            *((width, ["zero-messages-128"]) for width in range(14, 20)),
        ]
    ),
    Mutant("ldpc_decode", TOTAL, f"min(4095, {TOTAL})", ["every-small-number"]),
    Mutant("ldpc_decode", "for magnitude in a)", "for magnitude in a[:127])", ["row-of-255"]),
    Mutant("ldpc_decode", "for magnitude in a)", "for magnitude in a[:254])", ["row-of-255-last-edge"]),
    Mutant("ldpc_decode", "for k in known]", "for k in [0] * len(known)]", ["known-third"]),
    Mutant("ldpc_decode", "[LIMIT if k", "[63 if k", ["known-tied"]),
    Mutant("ldpc_decode", "[LIMIT if k", "[126 if k", ["known-tied"]),
    Mutant("ldpc_decode", LAYERS, FIRM, ["known-outvoted", "posterior-limits", "PHI-35"]),
    Mutant("ldpc_decode", "if k else", "if not k else", ["known-beside-unknown", "known-third", "one-error"]),
    Mutant("ldpc_decode", "for threshold in THR)", "for threshold in THR) + (u == 0)", ["message-cap", "known-tied"]),
    Mutant("ldpc_decode", "for threshold in THR)", "for threshold in THR[:39])", ["message-of-40", "known-tied"]),
    Mutant("ldpc_decode", "for threshold in THR)", "for threshold in THR[:34])", ["message-of-40"]),
    Mutant("ldpc_decode", "for threshold in THR)", "for threshold in THR[1:])", ["weak-channel", "threshold-below-64"]),
    Mutant(
        "ldpc_decode",
        "for threshold in THR)",
        f"for threshold in {UNROUNDED} + THR[15:])",
        ["threshold-at-64", "every-small-number"],
    ),
    Mutant("ldpc_decode", "u < threshold", "u // 32 * 32 < threshold", ["sum-below-64", "every-small-number", "column-of-64"]),
    Mutant("ldpc_decode", "u < threshold", "u <= threshold", ["threshold-at-64", "strong-channel"]),
    Mutant("ldpc_decode", "4096, 2868", "3807, 2868", ["zero-message-twice"]),
    *(
        Mutant("ldpc_decode", AFTER_TABLES, f"{number} += {step}\n{AFTER_TABLES}", [case])
        for case, phi, thr in [
            ("every-small-number", range(1, 17), [*range(1, 15), 16]),
            ("every-large-number", range(17, 36), [15, *range(17, 41)]),
        ]
        for number in [*(f"PHI[{a}]" for a in phi), *(f"THR[{m - 1}]" for m in thr)]
        for step in (-1, 1)
        if (number, step) != ("PHI[35]", -1)
    ),
    Mutant("ldpc_decode", "a = [abs(value)", "a = [abs(value) % 32", ["message-beside-64", "strong-channel"]),
    Mutant("ldpc_decode", "a = [abs(value)", "a = [abs(value) % 64", ["message-beside-64", "strong-channel"]),
    Mutant("ldpc_decode", "+ [0] * 80", "+ [1] + [0] * 79", ["strong-channel"]),
    Mutant("ldpc_decode", "1, 1, 1, 0, 0, 0, 0", "1, 1, 0, 0, 0, 0, 0", ["PHI-34"]),
    Mutant("ldpc_decode", "1, 1, 1, 0, 0, 0, 0", "1, 1, 1, 1, 0, 0, 0", ["PHI-35"]),
    Mutant("ldpc_decode", LIMITED, "(value + 128) % 256 - 128", ["strong-channel"]),
    Mutant("ldpc_decode", LIMITED, "max(-63, min(63, value))", ["strong-channel", "column-of-64"]),
    Mutant("ldpc_decode", LIMITED, "max(-126, min(126, value))", ["known-tied"]),
    Mutant("ldpc_decode", TOTALS, WIDE_TOTALS, ["total-limits"]),
    Mutant(
        "ldpc_decode",
        TOTALS,
        WIDE_TOTALS.replace("= rest", "= [max(-128, min(127, value)) for value in rest]"),
        ["posterior-limits"],
    ),
    Mutant(
        "ldpc_decode",
        TOTALS + POSTERIORS,
        WIDE_TOTALS + FRESH + "        posterior[v] = value + answer\n",
        ["posterior-limits", "posterior-minus-128", "total-limits", "column-of-64"],
    ),
    Mutant("ldpc_decode", POSTERIOR, "value + answer", ["posterior-minus-128", "column-of-64"]),
    Mutant("ldpc_decode", POSTERIOR, "max(-LIMIT, min(LIMIT, value + answer))", ["posterior-minus-128"]),
    Mutant("ldpc_decode", POSTERIOR, "(value + answer + 128) % 256 - 128", ["posterior-limits", "column-of-64"]),
    Mutant("ldpc_decode", POSTERIOR, "max(-LIMIT - 1, min(126, value + answer))", ["strong-channel", "column-of-64"]),
    Mutant("ldpc_decode", MESSAGE, "fresh.append(answer)", ["message-not-taken", "posterior-minus-128"]),
    Mutant("ldpc_decode", MESSAGE, "fresh.append(max(-LIMIT, posterior[v]) - value)", ["posterior-minus-128"]),
    Mutant("ldpc_decode", MESSAGE, "fresh.append(posterior[v] - rest[len(fresh)])", ["message-after-cut"]),
    Mutant(
        "ldpc_decode",
        LAYERS,
        LAYERS.replace("enumerate(checks)", "reversed(list(enumerate(checks)))"),
        ["z-64-n-2048", "mixed-degrees"],
    ),
    Mutant("ldpc_decode", LAYERS, STOPS_BETWEEN_LAYERS, ["frame-not-aligned", "z-16", "one-error"]),
    Mutant("ldpc_decode", LAYERS, FLOODING, ["z-64-n-2048", "mixed-degrees"]),
    Mutant("ldpc_decode", "posterior[v] - message for v", "posterior[v] for v", ["z-16", "mixed-degrees"]),
    Mutant("ldpc_decode", "(target + sum(sign))", "sum(sign)", ["target-all-ones", "z-16"]),
    Mutant("polyhash", "[*padded, len(message)]", "padded", ["zero-padding-short", "zeros-128"]),
    Mutant("polyhash", "[*padded, len(message)]", "[*padded, len(message) // 8]", ["zeros-256", "random-65"]),
    Mutant("polyhash", "[*padded, len(message)]", "[*padded, len(message) % 65536]", ["length-over-16-bits"]),
    Mutant("polyhash", "1 << 7 |", "1 << 8 |", ["key-x", "product-x-254"]),
    Mutant("polyhash", "range(128)", "range(127)", ["key-x-127", "product-x-254"]),
    Mutant("polyhash", "range(254, 127, -1)", "range(253, 127, -1)", ["product-x-254"]),
    Mutant(
        "polyhash",
        "blocks_of(piece)",
        "blocks_of(piece + [0] * (segment - len(piece)))",
        ["segments-last-short", "segment-longer-than-message"],
    ),
    Mutant(
        "polyhash",
        "range(0, len(message), segment)]",
        "range(0, len(message) - 1, segment)]",
        ["segments-one-over", "random-1"],
    ),
    Mutant("toeplitz", "x[::-1]", "x", ["known-answer-toeplitz", "first-key-bit", "last-key-bit"]),
    Mutant(
        "toeplitz",
        "to_int(seed)",
        "to_int(seed[::-1])",
        ["known-answer-toeplitz", "toeplitz-63-1", "modified-65-64"],
    ),
    Mutant("toeplitz", "x[d:]", "x[:out_len]", ["seed-zero-modified", "modified-201-1"]),
    Mutant(
        "toeplitz",
        "product(seed, x[:d], out_len)",
        "product(seed[out_len:], x[:d], out_len)",
        ["modified-5000-1249"],
    ),
]


def mutated(kernel: Kernel, mutant: Mutant) -> Kernel:
    """The kernel with the bug planted in a fresh copy of its oracle."""
    source = (FOLDER / f"{kernel.oracle.__name__}.py").read_text()
    if source.count(mutant.right) != 1:
        raise ValueError(f"{kernel.name}: {mutant.right!r} occurs {source.count(mutant.right)} times in the oracle")
    oracle = ModuleType("mutant")
    sys.modules["mutant"] = oracle  # where a dataclass looks up the module it is defined in
    exec(source.replace(mutant.right, mutant.wrong), oracle.__dict__)
    return Kernel(kernel.name, kernel.spec, oracle, kernel.cases, kernel.entry)


def notices(kernel: Kernel, case: Json) -> bool:
    try:
        return bool(kernel.evaluate(case["input"]) != case["output"])
    except (ValueError, IndexError, OverflowError):
        return True


def main() -> int:
    cases = {kernel.name: {case["name"]: case for case in vectors(kernel)} for kernel in KERNELS}
    kernels = {kernel.name: kernel for kernel in KERNELS}
    missed = 0
    for mutant in MUTANTS:
        planted = mutated(kernels[mutant.kernel], mutant)
        for name in mutant.noticed_by:
            if not notices(planted, cases[mutant.kernel][name]):
                print(f"{mutant.kernel}/{name} does not notice {mutant.wrong!r}")
                missed += 1
    print(f"{len(MUTANTS)} mutants, {missed} cases that miss theirs")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
