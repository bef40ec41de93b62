"""Cases of ldpc_decode.json.

A channel case draws Alice's frame, flips some bits for Bob's, and asks for the frame with Alice's syndrome. The small
cases on one or two base rows put a single step of the decoder under the lens.
"""

from cases import Case, codes, random_bits, random_integers
from common import Bits, Json, to_json
from ldpc import Code, syndrome


def of(
    name: str,
    hunts: str,
    code: Code,
    word: Bits,
    target: Bits,
    channel: int,
    max_iterations: int,
    expect: Json,
    known: Bits | None = None,
) -> Case:
    data = {
        "code": codes.to_json(code),
        "word": to_json(word),
        "syndrome": to_json(target),
        "known": None if known is None else to_json(known),
        "channel": channel,
        "max_iterations": max_iterations,
    }
    return Case(name, hunts, data, expect)


def result(converged: bool | None = None, iterations: int | None = None, word: Bits | None = None) -> Json:
    """The fields of an output that are known beforehand."""
    fields = {
        "word": None if word is None else to_json(word),
        "iterations": iterations,
        "converged": converged,
    }
    return {field: value for field, value in fields.items() if value is not None}


def flipped(word: Bits, positions: list[int]) -> Bits:
    return [bit ^ (i in positions) for i, bit in enumerate(word)]


def channel_pair(label: str, code: Code, errors: int) -> tuple[Bits, Bits, Bits]:
    """Alice's frame, Bob's with `errors` flips, Alice's syndrome."""
    alice = random_bits(f"ldpc {label} alice", code.n)
    keys = random_integers(f"ldpc {label} errors", code.n, 2**64)
    positions = sorted(range(code.n), key=keys.__getitem__)[:errors]
    return alice, flipped(alice, positions), syndrome(code.checks(), alice)


def corrected(name: str, hunts: str, code: Code, errors: int, channel: int, max_iterations: int) -> Case:
    """Bob's frame must become Alice's."""
    alice, bob, target = channel_pair(name, code, errors)
    return of(name, hunts, code, bob, target, channel, max_iterations, result(converged=True, word=alice))


def stuck(name: str, hunts: str, code: Code, errors: int, channel: int, max_iterations: int) -> Case:
    """More errors than the code corrects: the iterations run out."""
    _, bob, target = channel_pair(name, code, errors)
    expect = result(converged=False, iterations=max_iterations)
    return of(name, hunts, code, bob, target, channel, max_iterations, expect)


def stopping() -> list[Case]:
    """When decoding stops, and what it counts."""
    code = codes.spread("stop", 16, 4, 12, 3)
    alice, bob, target = channel_pair("stop", code, 6)
    solved = result(converged=True, iterations=0, word=alice)
    unsolved = result(converged=False, iterations=0, word=bob)
    return [
        of("right-at-once", "no check before the first iteration", code, alice, target, 28, 10, solved),
        of(
            "limit-zero-right",
            "I = 0 answers 'not converged' without a check",
            code,
            alice,
            target,
            28,
            0,
            solved,
        ),
        of("limit-zero-wrong", "one iteration run for I = 0", code, bob, target, 28, 0, unsolved),
    ]


def at_the_limit() -> list[Case]:
    """The same frame with an iteration limit that is just enough, and with one less."""
    code = codes.spread("limit", 32, 8, 20, 3)
    alice, bob, target = channel_pair("limit", code, 24)
    needed = 3
    enough = result(converged=True, iterations=needed, word=alice)
    short = result(converged=False, iterations=needed - 1)
    return [
        of("limit-just-enough", "no check after the last iteration", code, bob, target, 26, needed, enough),
        of("limit-one-short", "one iteration more than I", code, bob, target, 26, needed - 1, short),
    ]


def stalling() -> list[Case]:
    """When decoding is given up before its limit."""
    noisy = codes.spread("stall b", 32, 8, 16, 3)
    small = codes.spread("stall a", 16, 6, 12, 3)
    late = codes.spread("stall late 3", 8, 5, 9, 3)
    _, noisy_bob, noisy_target = channel_pair("stall b 46 11", noisy, 46)
    _, small_bob, small_target = channel_pair("stall a 13 1", small, 13)
    late_alice, late_bob, late_target = channel_pair("stall late 1013", late, 7)
    ties = Code(64, [[0, 3]])
    ones = [1] * 128
    # As ties, where one pair agrees, and 64 variables in two checks each beside a variable of their own. Both checks of the
    # first of them want it to be 1: one finds it to be 0 in the first iteration, and the other one has turned it by the second.
    one_turns = Code(64, [[0, 3, -1, -1, -1], [-1, -1, 0, 0, -1], [-1, -1, 0, -1, 0]])
    turning_word = ones + [0] * 192
    turning_target = [0] + [1] * 63 + ([1] + [0] * 63) * 2
    turned = ones + [1] + [0] * 191

    def constant(name: str, hunts: str, limit: int, iterations: int) -> Case:
        return of(name, hunts, ties, ones, [1] * 64, 20, limit, result(False, iterations, ones))

    return [
        constant("stall-constant", "the first count taken for one that is no new least: stalls after 12", 50, 13),
        constant("stall-at-the-limit", "a limit of 13 and the stall are the same iteration", 13, 13),
        constant("stall-after-the-limit", "one iteration more than I", 12, 12),
        of(
            "stall-63-of-64",
            "counts 64, 63, 63, …: 63/64 of the least is no new least",
            one_turns,
            turning_word,
            turning_target,
            20,
            50,
            result(False, 13, turned),
            [0] * 192 + ([1] + [0] * 63) * 2,
        ),
        of(
            "stall-slowly",
            "any smaller count taken for a new least; counts compared with the one before; σ = 1 where T = 0",
            noisy,
            noisy_bob,
            noisy_target,
            20,
            100,
            result(converged=False, iterations=24),
        ),
        of(
            "stall-too-soon",
            "no stall: it would converge in iteration 24",
            small,
            small_bob,
            small_target,
            28,
            100,
            result(converged=False, iterations=16),
        ),
        of(
            "stall-and-converge",
            "the stall before the syndrome: both come in iteration 17",
            late,
            late_bob,
            late_target,
            14,
            100,
            result(converged=True, iterations=17, word=late_alice),
        ),
    ]


def ties() -> list[Case]:
    """Variables on a check of degree 2 that must differ: each message cancels the channel, P = 0."""
    pair = Code(8, [[0, 3]])
    one_tie = Code(8, [[0, 3, -1, -1], [1, -1, 2, 5]])
    two_ties = Code(8, [[0, 3, -1, -1], [1, 6, 2, 5]])
    differ, ones = [1] * 8, [1] * 16
    tail, target = random_bits("ldpc tie word", 16), random_bits("ldpc tie target", 8)
    return [
        of("tie-ones", "P = 0 decided as 0 instead of y", pair, ones, differ, 20, 3, result(False, 3, ones)),
        of(
            "tie-zeros",
            "P = 0 decided as 1 instead of y",
            pair,
            [0] * 16,
            differ,
            20,
            3,
            result(False, 3, [0] * 16),
        ),
        of(
            "zero-message",
            "PHI[0] taken as 0: an edge with |q| = 0 must silence the others of its check, even beside a known bit",
            one_tie,
            ones + tail,
            differ + target,
            20,
            1,
            {},
            [0] * 24 + [1] * 8,
        ),
        of(
            "two-zero-messages",
            "S kept in 16 bits: two edges with |q| = 0 add up to more than 131070",
            two_ties,
            ones + tail,
            differ + target,
            20,
            4,
            {},
        ),
    ]


def known_bits() -> list[Case]:
    code = codes.spread("known", 32, 8, 16, 3)
    alice, bob, target = channel_pair("known", code, 44)
    third = [int(i % 3 == 0 and alice[i] == bob[i]) for i in range(code.n)]
    star = Code(8, [[row % 8] + [0 if column == row else -1 for column in range(64)] for row in range(64)])
    word = random_bits("ldpc star", star.n)
    opposite = [1 ^ bit for bit in syndrome(star.checks(), word)]
    return [
        of(
            "known-none",
            "the frame of known-third fails on its own",
            code,
            bob,
            target,
            19,
            12,
            result(converged=False),
        ),
        of(
            "known-third",
            "known bits ignored",
            code,
            bob,
            target,
            19,
            12,
            result(converged=True, word=alice),
            third,
        ),
        of(
            "known-against-64-checks",
            "8191 limited to 127, or to 4095: 64 messages of 78 must not flip a known bit",
            star,
            word,
            opposite,
            127,
            3,
            result(False, 3, word),
            [1] * 8 + [0] * 512,
        ),
        of(
            "known-beside-unknown",
            "the known mask inverted: of every pair the unknown one must flip",
            Code(8, [[0, 3]]),
            [0] * 16,
            [1] * 8,
            20,
            3,
            result(True, 1, [0] * 8 + [1] * 8),
            [1] * 8 + [0] * 8,
        ),
    ]


def magnitudes() -> list[Case]:
    """Limits of messages, sums and posteriors."""
    strong = codes.spread("strong", 16, 6, 12, 3)
    weak = codes.spread("weak", 16, 12, 12, 2)
    high_column = codes.full("high column", 8, 64, 3)
    high_row = codes.full("high row", 8, 2, 255)
    return [
        of(
            "message-cap",
            "a message above 78 (u = 0): 100 − 78 must not flip",
            Code(8, [[0, 3]]),
            [0] * 16,
            [1] * 8,
            100,
            5,
            result(False, 5, [0] * 16),
        ),
        stuck("strong-channel", "q wraps at 8 bits instead of being limited to ±127", strong, 16, 127, 8),
        of(
            "weak-channel",
            "THR read from the wrong index, which matters most for small messages; many ties",
            weak,
            random_bits("ldpc weak", 192),
            random_bits("ldpc weak target", 192),
            1,
            12,
            result(False, 12),
        ),
        of(
            "column-of-64",
            "P kept in 8 bits: 64 messages add up",
            high_column,
            random_bits("ldpc high column", 24),
            random_bits("ldpc high column target", 512),
            100,
            4,
            result(False, 4),
        ),
        stuck("row-of-255", "S kept in 16 bits: 255 edges of PHI[1]", high_row, 40, 1, 3),
        of(
            "row-of-255-last-edge",
            "the last edge left out of S: of two unknown edges each tells the other no more than L",
            codes.full("last edge", 8, 1, 255),
            random_bits("ldpc last edge", 2040),
            random_bits("ldpc last edge target", 8),
            20,
            1,
            {},
            [1] * 24 + [0] * 8 + [1] * 2000 + [0] * 8,
        ),
    ]


def mixed_degrees() -> Code:
    """Column degrees from 1 to 5, with gaps between the entries of every row."""
    degrees = [1, 5, 2, 4, 3, 2, 5, 1, 3, 4]
    shifts = random_integers("code mixed", 60, 32)
    base = [[-1] * len(degrees) for _ in range(6)]
    for column, degree in enumerate(degrees):
        for k in range(degree):
            base[(column + k) % 6][column] = shifts[6 * column + k]
    return Code(32, base)


def channels() -> list[Case]:
    """Whole frames, from a single error to more than the code corrects."""
    single = codes.spread("single", 8, 3, 6, 2)
    z_16 = codes.spread("z 16", 16, 6, 18, 3)
    z_64 = codes.spread("z 64", 64, 10, 32, 3)
    odd = codes.spread("odd", 8, 5, 9, 3)
    noisy = codes.spread("noisy", 32, 8, 16, 3)
    return [
        corrected("one-error", "shift direction: (i − s) mod Z", single, 1, 28, 10),
        corrected("z-16", "messages of a layer stored under another rotation", z_16, 8, 28, 20),
        corrected(
            "z-64-n-2048",
            "layers in another order, or all at once: it takes more iterations",
            z_64,
            78,
            27,
            30,
        ),
        corrected("frame-not-aligned", "n = 72 and m = 40: tails of word, target and decision", odd, 2, 24, 20),
        stuck("too-many-errors", "word and count when nothing converges", noisy, 70, 16, 12),
        stuck(
            "mixed-degrees",
            "R of an edge found by its column instead of its place",
            mixed_degrees(),
            40,
            20,
            6,
        ),
        of(
            "target-all-ones",
            "the target ignored: y = 0 is a codeword",
            Code(8, [[0, 3, 5]]),
            [0] * 24,
            [1] * 8,
            20,
            10,
            result(True, 1, [0] * 16 + [1] * 8),
            [1] * 16 + [0] * 8,
        ),
    ]


def cases() -> list[Case]:
    return [*stopping(), *at_the_limit(), *stalling(), *ties(), *known_bits(), *magnitudes(), *channels()]
