"""qkdpp_parities against the oracle (SPEC §4, DEVICE.md §6.2): sizes, jobs that overlap, stalls, malformed jobs, scrubbing."""

import json
import os
import random

import cocotb
from cocotb.triggers import ClockCycles, RisingEdge
from common import from_int, to_int
from kernel import BAD_DATA, BAD_LENGTH, BAD_PARAMETER, OK, Kernel
from parities import parities

LOG_BITS = json.loads(os.environ["QKDPP_PARAMETERS"]).get("LogBits", 14)
LONGEST = 1 << LOG_BITS
SMALL = LOG_BITS < 10
FRAMES = 256


def transposed(words: list[int], columns: int) -> list[int]:
    """Bit j of word i becomes bit i of word j."""
    rows = [from_int(word, columns) for word in words]
    return [to_int(list(column)) for column in zip(*rows)]


def index_beats(pi: list[int]) -> list[int]:
    return [sum(index << (16 * i) for i, index in enumerate(pi[at : at + 16])) for at in range(0, len(pi), 16)]


class Case:
    """Groups of rows under a permutation."""

    def __init__(self, rng: random.Random, n: int, groups: int):
        self.n = n
        self.pi = rng.sample(range(n), n)
        self.groups = [[rng.getrandbits(FRAMES) for _ in range(n)] for _ in range(groups)]

    def job(self) -> tuple[list[int], list[int]]:
        rows = [row for group in self.groups for row in group]
        return [self.n, len(self.groups)], index_beats(self.pi) + rows

    def expected(self) -> list[int]:
        beats = []
        for rows in self.groups:
            frames = [from_int(frame, self.n) for frame in transposed(rows, FRAMES)]
            beats += transposed([to_int(frame) for frame in parities(self.pi, frames)], self.n)
        return beats


def sizes() -> list[tuple[int, int]]:
    """(bits, groups), the longest frames included."""
    small = [(1, 1), (1, 3), (2, 2), (15, 1), (16, 2), (17, 1), (31, 2), (32, 4)]
    return small + ([(33, 3), (100, 2), (255, 1), (256, 3)] if LOG_BITS >= 8 else [])


async def check(kernel: Kernel, cases: list[Case]) -> None:
    """Runs the cases back to back."""
    for case in cases:
        kernel.submit(*case.job())
    for case in cases:
        result = await kernel.finish()
        what = f"{len(case.groups)} groups of {case.n} bits"
        assert (result.status, result.r0, result.r1) == (OK, 0, 0), what
        assert result.output == case.expected(), what


def memories(dut):
    return [(dut.gen_bank[b].u_bank.u_rows.mem, LONGEST) for b in range(2)]


async def check_wiped(kernel: Kernel) -> None:
    await kernel.idle(4 * LONGEST + 100)
    for memory, depth in memories(kernel.dut):
        for address in range(depth):
            assert int(memory[address].value) == 0, f"row {address} is not scrubbed"
    for register in (kernel.dut.row_data_q, kernel.dut.sum_q, kernel.dut.out_data_o, kernel.dut.u_load.row_q):
        assert int(register.value) == 0, f"{register._name} is not wiped"


@cocotb.test()
async def known_answer(dut):
    """Frame 0 is 1 0 1, frame 5 is 0 1 1; y = x[2], x[0], x[1]."""
    kernel = await Kernel.start(dut)
    result = await kernel.job([3, 1], [2 | 0 << 16 | 1 << 32, 1, 1 << 5, 1 | 1 << 5])
    assert result.status == OK
    assert result.output == [1 | 1 << 5, 1 << 5, 0]


@cocotb.test()
async def edge_sizes(dut):
    kernel = await Kernel.start(dut)
    rng = random.Random(1)
    await check(kernel, [Case(rng, *size) for size in sizes()])
    if SMALL:
        await check_wiped(kernel)


@cocotb.test()
async def edge_sizes_with_stalls(dut):
    kernel = await Kernel.start(dut, stall=0.4, seed=2)
    rng = random.Random(2)
    await check(kernel, [Case(rng, *size) for size in sizes()])
    if SMALL:
        await check_wiped(kernel)


@cocotb.test()
async def random_sizes(dut):
    kernel = await Kernel.start(dut, stall=0.1, seed=3)
    rng = random.Random(3)
    await check(kernel, [Case(rng, rng.randint(1, min(LONGEST, 80)), rng.randint(1, 4)) for _ in range(20)])


@cocotb.test()
async def one_row_a_cycle(dut):
    """Groups of one job, and jobs of one group: one row out a cycle, but for the permutations and a handful of cycles."""
    kernel = await Kernel.start(dut)
    rng = random.Random(4)
    n = min(LONGEST, 256)
    case = Case(rng, n, 6)
    result = await kernel.job(*case.job())
    assert result.output == case.expected()
    dut._log.info(f"6 groups of {n} bits: {result.cycles} cycles")
    assert result.cycles <= n // 16 + 7 * n + 8 * 7

    cases = [Case(rng, n, 1) for _ in range(6)]
    for case in cases:
        kernel.submit(*case.job())
    began = kernel.output.cycle
    for case in cases:
        result = await kernel.finish()
        assert result.output == case.expected()
    cycles = kernel.output.cycle - began
    dut._log.info(f"6 jobs of a group of {n} bits: {cycles} cycles")
    assert cycles <= 7 * (n + n // 16) + 16 * 7


@cocotb.test(skip=SMALL)
async def longest_frames(dut):
    """Two groups: the sum of all rows is the last row out, and a row out differs from the one before by the row fetched."""
    kernel = await Kernel.start(dut)
    case = Case(random.Random(7), LONGEST, 2)
    result = await kernel.job(*case.job())
    assert result.status == OK
    dut._log.info(f"2 groups of {LONGEST} bits: {result.cycles} cycles")
    assert result.cycles <= LONGEST // 16 + 3 * LONGEST + 50
    for number, rows in enumerate(case.groups):
        sums = result.output[LONGEST * number : LONGEST * (number + 1)]
        running = 0
        for position, index in enumerate(case.pi):
            running ^= rows[index]
            assert sums[position] == running, f"group {number}, row {position}"


@cocotb.test()
async def malformed_jobs(dut):
    """Each is answered with its status, and the jobs after it are not disturbed."""
    rng = random.Random(5)
    kernel = await Kernel.start(dut, stall=0.2, seed=5)
    good = Case(rng, 20, 2)
    params, beats = good.job()
    outside = index_beats([*good.pi[:19], 20]) + beats[2:]
    behind = [beats[0], beats[1] | 20 << 240, *beats[2:]]
    twice = index_beats([good.pi[5], *good.pi[1:]]) + beats[2:]
    bad = [
        ([0, 2], beats, BAD_PARAMETER),
        ([LONGEST + 1, 2], beats, BAD_PARAMETER),
        ([1 << 31, 2], beats[:1], BAD_PARAMETER),
        ([20, 0], beats, BAD_PARAMETER),
        ([20, (1 << 16) + 1], beats, BAD_PARAMETER),
        ([20, 2, 1], beats, BAD_PARAMETER),
        ([20, 2, 0, 0, 0, 0, 0, 1], beats, BAD_PARAMETER),
        (params, beats[:1], BAD_LENGTH),
        (params, beats[:2], BAD_LENGTH),
        (params, beats[:3], BAD_LENGTH),
        (params, beats[:22], BAD_LENGTH),
        (params, beats[:-1], BAD_LENGTH),
        (params, [*beats, 0], BAD_LENGTH),
        (params, beats + beats, BAD_LENGTH),
        ([20, 1 << 16], beats, BAD_LENGTH),
        (params, outside, BAD_DATA),
        (params, outside[:-1], BAD_DATA),
        (params, behind, BAD_DATA),
        (params, twice, BAD_DATA),
        (params, twice[:-1], BAD_LENGTH),
    ]
    for bad_params, bad_beats, _ in bad:
        kernel.submit(bad_params, bad_beats)
        kernel.submit(params, beats)
    for number, (bad_params, bad_beats, status) in enumerate(bad):
        what = f"case {number}: {bad_params} with {len(bad_beats)} beats"
        result = await kernel.finish()
        assert result.status == status, f"{what}: {result.status}"
        assert status != BAD_PARAMETER or not result.output, what
        result = await kernel.finish()
        assert (result.status, result.output) == (OK, good.expected()), f"after {what}"
    if SMALL:
        await check_wiped(kernel)


@cocotb.test(skip=not SMALL)
async def clear_at_any_time(dut):
    kernel = await Kernel.start(dut, stall=0.2, seed=6)
    case = Case(random.Random(6), 30, 3)
    for after in [1, 2, 3, 5, 8, 13, 25, 40, 60, 75, 90, 110, 130, 150, 180, 210]:
        for _ in range(3):
            kernel.submit(*case.job())
        await ClockCycles(dut.clk_i, after)
        await kernel.clear(4 * LONGEST + 100)
        await check_wiped(kernel)
        await check(kernel, [case])


@cocotb.test(skip=not SMALL)
async def a_flipped_bit_is_noticed(dut):
    """A row that changes in its memory raises parity_error_o, until the kernel is cleared."""
    kernel = await Kernel.start(dut)
    case = Case(random.Random(8), 30, 1)
    kernel.submit(*case.job())
    while not int(dut.full_q[0].value):
        await RisingEdge(dut.clk_i)
    row = dut.gen_bank[0].u_bank.u_rows.mem[case.pi[20]]
    row.value = int(row.value) ^ 1 << 77
    await kernel.finish()
    assert int(dut.parity_error_o.value)
    await kernel.clear(4 * LONGEST + 100)
    assert not int(dut.parity_error_o.value)
    await check(kernel, [case])
