"""Cases of ldpc_decode.json.

A channel case draws Alice's frame, flips some bits for Bob's, and asks for the frame with Alice's syndrome. The small
cases on a few base rows put a single step of the decoder under the lens. Some weigh messages by a known bit, which flips as
soon as they add up to more than 127: a check whose other bits are known gives 40, one with an unknown bit beside gives L.
"""

from collections.abc import Container, Iterable
from itertools import accumulate, pairwise

from cases import Case, codes, ones_at, random_bits, random_integers
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


def rows_of(rows: list[list[int]]) -> Code:
    """A code with entries in these columns of every row, all shifts 0: for every i, bits i of the columns are on their own."""
    width = 1 + max(column for row in rows for column in row)
    return Code(8, [[0 if column in row else -1 for column in range(width)] for row in rows])


def star(others: list[int]) -> Code:
    """Column 0 in every row, each time beside so many columns of its own."""
    return rows_of([[0, *range(*own)] for own in pairwise(accumulate(others, initial=1))])


def columns(code: Code, chosen: Iterable[int]) -> list[int]:
    """The bits of these columns."""
    return [column * code.z + i for column in chosen for i in range(code.z)]


def weighing(
    name: str,
    hunts: str,
    code: Code,
    known: Iterable[int],
    channel: int,
    flips: list[int],
    for_it: Container[int] = (),
    iterations: int = 1,
) -> Case:
    """Every row finds its parity wrong and speaks against its bits, but for the rows `for_it`; the bits `flips` must flip."""
    word = random_bits(f"ldpc {name}", code.n)
    checks, decision = code.checks(), flipped(word, flips)
    target = [bit ^ (check // code.z not in for_it) for check, bit in enumerate(syndrome(checks, word))]
    expect = result(syndrome(checks, decision) == target, iterations, decision)
    return of(name, hunts, code, word, target, channel, iterations, expect, ones_at(code.n, columns(code, known)))


def stopping() -> list[Case]:
    """When decoding stops, and what it counts."""
    code = codes.spread("stop", 16, 4, 12, 3)
    alice, bob, target = channel_pair("stop", code, 6)
    solved = result(converged=True, iterations=0, word=alice)
    unsolved = result(converged=False, iterations=0, word=bob)
    return [
        of("right-at-once", "no check before the first iteration", code, alice, target, 10, 10, solved),
        of(
            "limit-zero-right",
            "I = 0 answers 'not converged' without a check",
            code,
            alice,
            target,
            10,
            0,
            solved,
        ),
        of("limit-zero-wrong", "one iteration run for I = 0", code, bob, target, 10, 0, unsolved),
    ]


def at_the_limit() -> list[Case]:
    """The same frame with an iteration limit that is just enough, and with one less."""
    code = codes.spread("limit", 32, 8, 20, 3)
    alice, bob, target = channel_pair("limit", code, 24)
    needed = 3
    enough = result(converged=True, iterations=needed, word=alice)
    short = result(converged=False, iterations=needed - 1)
    return [
        of("limit-just-enough", "no check after the last iteration", code, bob, target, 10, needed, enough),
        of("limit-one-short", "one iteration more than I", code, bob, target, 10, needed - 1, short),
    ]


def stalling() -> list[Case]:
    """When decoding is given up before its limit."""
    noisy = codes.spread("stall b", 32, 8, 16, 3)
    small = codes.spread("stall a", 16, 6, 12, 3)
    late = codes.spread("stall late 2", 8, 5, 9, 3)
    _, noisy_bob, noisy_target = channel_pair("stall b 44 7", noisy, 44)
    _, small_bob, small_target = channel_pair("stall a 11 44", small, 11)
    late_alice, late_bob, late_target = channel_pair("stall late 163", late, 7)
    ties = Code(64, [[0, 3]])
    ones = [1] * 128
    # As ties, where one pair agrees, and 64 variables in two checks each beside a variable of their own. Both checks of the
    # first of them want it to be 1: one finds it to be 0 in the first iteration, and the other one has turned it by the second.
    one_turns = Code(64, [[0, 3, -1, -1, -1], [-1, -1, 0, 0, -1], [-1, -1, 0, -1, 0]])
    turning_word = ones + [0] * 192
    turning_target = [0] + [1] * 63 + ([1] + [0] * 63) * 2
    turned = ones + [1] + [0] * 191

    def constant(name: str, hunts: str, limit: int, iterations: int) -> Case:
        return of(name, hunts, ties, ones, [1] * 64, 8, limit, result(False, iterations, ones))

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
            8,
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
            7,
            100,
            result(converged=False, iterations=21),
        ),
        of(
            "stall-too-soon",
            "no stall: it would converge in iteration 37",
            small,
            small_bob,
            small_target,
            6,
            100,
            result(converged=False, iterations=22),
        ),
        of(
            "stall-and-converge",
            "the stall before the syndrome: both come in iteration 16",
            late,
            late_bob,
            late_target,
            7,
            100,
            result(converged=True, iterations=16, word=late_alice),
        ),
    ]


def ties() -> list[Case]:
    """Variables on a check of degree 2 that must differ: each message cancels the channel, P = 0."""
    pair = Code(8, [[0, 3]])
    one_tie = Code(8, [[0, 3, -1, -1], [1, -1, 2, 5]])
    two_ties = Code(8, [[0, 3, -1, -1], [1, 6, 2, 5]])
    tied_twice = rows_of([[0, 1], [2, 3], [0, 4], [2, 4]])
    differ, ones = [1] * 8, [1] * 16
    tail, target = random_bits("ldpc tie word", 16), random_bits("ldpc tie target", 8)
    last_known = [0] * 24 + [1] * 8
    return [
        of("tie-ones", "P = 0 decided as 0 instead of y", pair, ones, differ, 8, 3, result(False, 3, ones)),
        of(
            "tie-zeros",
            "P = 0 decided as 1 instead of y",
            pair,
            [0] * 16,
            differ,
            8,
            3,
            result(False, 3, [0] * 16),
        ),
        of(
            "zero-message",
            "PHI[0] taken as 0, or S kept in 12 bits: an edge with T = 0 must silence the others of its check, even beside a"
            " known bit",
            one_tie,
            ones + tail,
            differ + target,
            8,
            1,
            {},
            last_known,
        ),
        of(
            "two-zero-messages",
            "S kept in 13 bits: two edges with T = 0 are 8192",
            two_ties,
            ones + tail,
            differ + target,
            8,
            1,
            result(False, 1, ones + tail),
            last_known,
        ),
        weighing(
            "zero-message-twice",
            "PHI[0] below THR[1]: twice 1 from an edge with T = 0 would flip a bit of magnitude 1",
            tied_twice,
            [],
            1,
            columns(tied_twice, [0, 2]),
        ),
        zero_messages_128(),
    ]


def zero_messages_128() -> Case:
    """Check i of row 0 ties bits i of columns 2i and 2i + 1; all of them meet in the first check of row 1."""
    code = Code(64, [[0] * 128 + [-1], [column // 2 for column in range(128)] + [0]])
    unknown = [column * 64 + column // 2 for column in range(128)] + [128 * 64]
    word = random_bits("ldpc zero messages", code.n)
    target = [1 ^ bit for bit in syndrome(code.checks(), word)]
    target[64] = 1 ^ word[-64]  # σ = 0 where T = 0: a message to the other one would be against it
    return of(
        "zero-messages-128",
        "S kept in 12 to 19 bits: 128 edges with T = 0 are 2^19, and silence the one other",
        code,
        word,
        target,
        8,
        1,
        result(False, 1, word),
        flipped([1] * code.n, unknown),
    )


def known_bits() -> list[Case]:
    code = codes.spread("known", 32, 8, 16, 3)
    alice, bob, target = channel_pair("known", code, 44)
    third = [int(i % 3 == 0 and alice[i] == bob[i]) for i in range(code.n)]
    tied, outvoted = star([1] * 4), star([1] * 16)
    return [
        of(
            "known-none",
            "the frame of known-third fails on its own",
            code,
            bob,
            target,
            7,
            12,
            result(converged=False),
        ),
        of(
            "known-third",
            "known bits ignored",
            code,
            bob,
            target,
            7,
            12,
            result(converged=True, word=alice),
            third,
        ),
        weighing(
            "known-tied",
            "known bits that begin below 127, messages that end below 40: 3 of 40 and one of 7 only tie one, and are tied",
            tied,
            range(4),
            7,
            [],
        ),
        weighing(
            "known-outvoted",
            "known bits that cannot flip: 16 messages of 8 outvote one",
            outvoted,
            [0],
            8,
            columns(outvoted, range(16)),
        ),
        of(
            "known-beside-unknown",
            "the known mask inverted: of every pair the unknown one must flip",
            Code(8, [[0, 3]]),
            [0] * 16,
            [1] * 8,
            8,
            3,
            result(True, 1, [0] * 8 + [1] * 8),
            [1] * 8 + [0] * 8,
        ),
    ]


def limits() -> list[Case]:
    """Of posteriors, totals and messages. Known bits of column 0 say where they are."""
    beyond = star([1] * 17)
    lopsided = rows_of([[0, other] for other in range(1, 5)] + [[1 + k // 2, 5 + k] for k in range(6)])
    untaken = rows_of([[0, 1], [0, 2], [0, 3], [1, 4], [1, 5]])
    back = rows_of([[0, 1], [0, 2], [0, 3], [2, 4], [2, 5], [3, 6], [3, 7]])
    unsolved = rows_of([[0, 1], [0, 2], [0, 3], [2, 4], [2, 5], [3, 6], [3, 7], [8, 9]])
    start = random_bits("ldpc posterior-minus-128", 8)
    zeros, ones = ([i for i, bit in enumerate(start) if bit == value] for value in (0, 1))
    four = star([1] * 4)
    return [
        weighing(
            "posterior-limits",
            "P that wraps, P and T wider than 8 bits, T that may be −128: after 40 for it, 128 flip a bit at either limit",
            beyond,
            [0, 1],
            8,
            columns(beyond, [0, *range(2, 17)]),
            for_it=[0],
        ),
        weighing(
            "posterior-minus-128",
            "P limited to −127, R = 0 where it is −1: 126 against it flip a bit that three messages have raised from −127 to −128",
            lopsided,
            [0, *range(5, 11)],
            6,
            ones + columns(lopsided, range(1, 4)) + [4 * 8 + i for i in zeros],
            for_it=range(3),
            iterations=2,
        ),
        weighing(
            "message-not-taken",
            "R = r: what a posterior at its limit did not take must not be taken back when the message turns",
            untaken,
            [0, 2, 3, 4, 5],
            20,
            columns(untaken, [1]),
            for_it=[0],
            iterations=2,
        ),
        weighing(
            "total-limits",
            "T not limited: 127 less a message of −40 is 127, not 167, so that 64 more against it flip it",
            back,
            [0, 1, *range(4, 8)],
            20,
            columns(back, [0, 2, 3]),
            for_it=[1, 2],
            iterations=2,
        ),
        weighing(
            "message-after-cut",
            "R = P − T without the limit of T: in the next iteration the message is −40 still, not −80",
            unsolved,
            [0, 1, *range(4, 8)],
            20,
            columns(unsolved, [0, 2, 3]),
            for_it=[1, 2],
            iterations=3,
        ),
        weighing("message-cap", "a message above 40 (u = 0): 40 − 40 must not flip", star([1]), [1], 40, []),
        weighing(
            "message-of-40",
            "THR[m] below 1 for some m: u = 0 gives 40, and flips a bit of magnitude 39",
            star([1]),
            [1],
            39,
            columns(star([1]), [0]),
        ),
        weighing("PHI-35", "PHI[35] above 0: 4 messages of 40 flip a known bit", four, [0], 35, columns(four, range(4))),
        weighing(
            "PHI-34",
            "PHI[34] taken as 0: u = 1 gives 30, and 4 of 30 do not flip a known bit",
            four,
            [0],
            34,
            columns(four, range(1, 5)),
        ),
        weighing(
            "message-beside-64",
            "PHI found by 5 or 6 bits of a: a = 64 is not 0, and tells as much as 35",
            four,
            [0],
            64,
            columns(four, [0]),
        ),
    ]


def thresholds() -> list[Case]:
    """After some messages of 40, those under test decide on a known bit."""
    doubtful = codes.spread("every small number", 64, 8, 12, 6)
    certain = codes.spread("every large number", 64, 16, 12, 4)
    return [
        weighing(
            "threshold-at-64",
            "THR[15] not rounded to 64, or u = THR[15] taken for less: u = 16·4 gives 14, and 6 of them leave 3 of 87",
            star([1] + [16] * 6),
            [0, 1],
            26,
            [],
        ),
        weighing(
            "threshold-below-64",
            "THR[m] read as THR[m + 1]: u = 15·4 gives 15, and 6 of them flip 87",
            star([1] + [15] * 6),
            [0, 1],
            26,
            columns(star([1] + [15] * 6), [0]),
        ),
        weighing(
            "sum-below-64",
            "u rounded to a multiple of 32 below 64: u = 15·4 gives 15, and 5 of them leave 12 of 87",
            star([1] + [15] * 5),
            [0, 1],
            26,
            [],
        ),
        of(
            "every-small-number",
            "any one number of PHI[1..16] or THR[1..16] off by one, but for THR[15]",
            doubtful,
            random_bits("ldpc every small number 1", doubtful.n),
            random_bits("ldpc every small number target 1", doubtful.m),
            18,
            12,
            result(False, 12),
        ),
        of(
            "every-large-number",
            "any one number of PHI[17..35], THR[15] or THR[17..40] off by one",
            certain,
            random_bits("ldpc every large number", certain.n),
            random_bits("ldpc every large number target", certain.m),
            20,
            12,
            result(False, 12),
        ),
    ]


def magnitudes() -> list[Case]:
    """Extremes of the channel and of degrees."""
    strong = codes.spread("strong", 16, 8, 12, 6)
    weak = codes.spread("weak", 16, 12, 12, 2)
    high_column = codes.full("high column", 8, 64, 3)
    high_row = codes.full("high row", 8, 3, 255)
    return [
        stuck("strong-channel", "T or P wraps at 8 bits instead of being limited", strong, 16, 127, 8),
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
            "P not limited exactly to −128..127: 64 messages add up",
            high_column,
            random_bits("ldpc high column", 24),
            random_bits("ldpc high column target", 512),
            100,
            4,
            result(False, 4),
        ),
        of(
            "row-of-255",
            "S of 127 edges only",
            high_row,
            random_bits("ldpc high row", 2040),
            random_bits("ldpc high row target", 24),
            16,
            3,
            result(False, 3),
            [int(i % 32 != 5) for i in range(2040)],
        ),
        of(
            "row-of-255-last-edge",
            "the last edge left out of S: of two unknown edges each tells the other no more than L",
            codes.full("last edge", 8, 1, 255),
            random_bits("ldpc last edge", 2040),
            random_bits("ldpc last edge target", 8),
            8,
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
        corrected("one-error", "shift direction: (i − s) mod Z", single, 1, 10, 10),
        corrected("z-16", "messages of a layer stored under another rotation", z_16, 8, 10, 20),
        corrected(
            "z-64-n-2048",
            "layers in another order, or all at once: it takes more iterations",
            z_64,
            78,
            10,
            30,
        ),
        corrected("frame-not-aligned", "n = 72 and m = 40: tails of word, target and decision", odd, 2, 10, 20),
        stuck("too-many-errors", "word and count when nothing converges", noisy, 70, 6, 12),
        stuck(
            "mixed-degrees",
            "R of an edge found by its column instead of its place",
            mixed_degrees(),
            40,
            8,
            6,
        ),
        of(
            "target-all-ones",
            "the target ignored: y = 0 is a codeword",
            Code(8, [[0, 3, 5]]),
            [0] * 24,
            [1] * 8,
            8,
            10,
            result(True, 1, [0] * 16 + [1] * 8),
            [1] * 16 + [0] * 8,
        ),
    ]


def cases() -> list[Case]:
    return [
        *stopping(),
        *at_the_limit(),
        *stalling(),
        *ties(),
        *known_bits(),
        *limits(),
        *thresholds(),
        *magnitudes(),
        *channels(),
    ]
