"""Bench of qkdpp_toeplitz: DEVICE.md §6.5 against the oracle's definition of Toeplitz hashing."""

import json
import os
import random

import cocotb
import toeplitz as oracle
from cocotb.triggers import RisingEdge
from common import to_int

from kernel import BAD_LENGTH, BAD_PARAMETER, OK, Kernel

PARAMETERS = json.loads(os.environ["QKDPP_PARAMETERS"])
TILE = PARAMETERS["Tile"]
SEED_BLOCKS = 1 << PARAMETERS.get("LogSeedBlocks", 12)
OUT_BLOCKS = 1 << PARAMETERS.get("LogOutBlocks", 10)
BEATS = -(-TILE // 256)
BEAT_MASK = (1 << 256) - 1


def block_beats(value):
    """The beats of one block."""
    return [value >> 256 * beat & BEAT_MASK for beat in range(BEATS)]


def blocks(value, count):
    """An integer cut into blocks."""
    return [value >> TILE * index & ((1 << TILE) - 1) for index in range(count)]


def bits(value, length):
    """An integer as the oracle's list of bits."""
    return [value >> index & 1 for index in range(length)]


class Case:
    """A job: what is sent, and what has to come."""

    def __init__(self, key_blocks, out_bits, seed, key, addend=None):
        self.key_blocks = key_blocks
        self.out_blocks = -(-out_bits // TILE)
        self.out_bits = out_bits
        self.seed, self.key, self.addend = seed, key, addend

    @classmethod
    def random(cls, source, key_blocks, out_bits, with_addend=False):
        """A job of random bits."""
        out_blocks = -(-out_bits // TILE)
        seed = source.getrandbits((key_blocks + out_blocks) * TILE)
        addend = source.getrandbits(out_blocks * TILE) if with_addend else None
        return cls(key_blocks, out_bits, seed, source.getrandbits(key_blocks * TILE), addend)

    @property
    def params(self):
        """p0 to p3."""
        return [self.key_blocks, self.out_blocks, int(self.addend is not None), self.out_bits]

    @property
    def input(self):
        """The beats of the input."""
        seed = blocks(self.seed, self.key_blocks + self.out_blocks)
        key = blocks(self.key, self.key_blocks)
        order = seed[: self.out_blocks]
        if self.addend is not None:
            order += blocks(self.addend, self.out_blocks)
        for row in range(self.key_blocks):
            order += [seed[self.out_blocks + row], key[self.key_blocks - 1 - row]]
        return [beat for block in order for beat in block_beats(block)]

    def expected_bits(self, rows):
        """Output bits by the definition."""
        length = self.key_blocks * TILE
        reversed_key = int(f"{self.key:0{length}b}"[::-1], 2)
        addend = self.addend or 0
        return [((self.seed >> i & reversed_key).bit_count() ^ addend >> i) & 1 for i in rows]

    @property
    def output(self):
        """The beats that have to come, by the oracle."""
        length = self.key_blocks * TILE
        hashed = oracle.product(bits(self.seed, length + self.out_bits - 1), bits(self.key, length), self.out_bits)
        value = (to_int(hashed) ^ (self.addend or 0)) & ((1 << self.out_bits) - 1)
        return [beat for block in blocks(value, self.out_blocks) for beat in block_beats(block)]

    @property
    def cycles(self):
        """What job_cycles says."""
        return job_cycles(self.key_blocks, self.out_blocks, self.addend is not None)


def job_cycles(key_blocks, out_blocks, with_addend=False):
    """From the first input beat to the last output beat, without stalls: the formula of rtl/toeplitz/README.md."""
    row = max(out_blocks, 4, BEATS + 3, 2 * BEATS)
    loads = out_blocks * (2 if with_addend else 1)
    drain = max(BEATS, 2) * (out_blocks - 1) + BEATS
    return BEATS * (loads + 2) + (key_blocks - 1) * row + out_blocks + drain + latency()


def latency():
    """Registers on the way of a job that runs without a stop."""
    levels = (TILE // PARAMETERS.get("LeafBits", 16)).bit_length() - 1
    return 14 + 2 * (levels // 2)


def check(result, case, what):
    """Compares a result with the oracle's."""
    assert result.status == OK and (result.r0, result.r1) == (0, 0), what
    assert result.output == case.output, what


def shapes():
    """Numbers of key blocks and output bits at the edges."""
    for key_blocks in (1, 2, 3, 5):
        for out_bits in (1, TILE - 1, TILE, TILE + 1, 2 * TILE, 2 * TILE + 3, 3 * TILE, 4 * TILE - 200, 5 * TILE - 1):
            yield key_blocks, out_bits


def memories(dut):
    """All memories with job data."""
    return [dut.u_operands.u_seed.mem, dut.u_sums.u_sums.mem]


def assert_scrubbed(dut):
    """No job data left, in the memories' words and output registers and in the operands."""
    for memory in memories(dut):
        for word in memory:
            assert int(word.value) == 0, f"{word._path} is not zero"
    for name in ("low_q", "high_q", "head_q", "next_key_q", "key_q", "read_data"):
        assert int(getattr(dut.u_operands, name).value) == 0, name
    assert int(dut.u_sums.read_data_o.value) == 0 and int(dut.u_drain.block_q.value) == 0


@cocotb.test()
async def known_answers(dut):
    """Both families, padded as the driver does it; the unit tests of kernels/src/toeplitz have the same answers."""
    kernel = await Kernel.start(dut)
    key = [int(c) for c in "1011001110001111"]
    for family, seed, answer in (
        (oracle.toeplitz, "110100111010001011101", "100101"),
        (oracle.modified, "110100111010001", "001101"),
    ):
        seed = [int(c) for c in seed]
        answer = [int(c) for c in answer]
        assert family(key, seed, 6) == answer
        modified = family is oracle.modified
        hashed = key[:10] if modified else key
        addend = to_int(key[10:]) if modified else None
        case = Case(1, 6, to_int(seed) << (TILE - len(hashed)), to_int(hashed), addend)
        result = await kernel.job(case.params, case.input)
        assert result.status == OK and result.output == block_beats(to_int(answer))


@cocotb.test()
async def edge_sizes(dut):
    """All small shapes, one after the other without a pause, with and without an addend."""
    kernel = await Kernel.start(dut)
    source = random.Random(f"edges {cocotb.RANDOM_SEED}")
    cases = [Case.random(source, a, b, (a + b) % 2 == 0) for a, b in shapes()]
    for case in cases:
        kernel.submit(case.params, case.input)
    for case in cases:
        check(await kernel.finish(), case, case.params)


@cocotb.test()
async def stalls(dut):
    """Random shapes while every stream stalls at random."""
    source = random.Random(f"stalls {cocotb.RANDOM_SEED}")
    kernel = await Kernel.start(dut, stall=0.4, seed=source.random())
    cases = []
    for _ in range(12):
        out_bits = source.randint(1, min(OUT_BLOCKS, 9) * TILE)
        cases.append(Case.random(source, source.randint(1, 12), out_bits, source.random() < 0.5))
    for case in cases:
        kernel.submit(case.params, case.input)
    for case in cases:
        check(await kernel.finish(), case, case.params)
    await kernel.idle()
    assert_scrubbed(dut)


@cocotb.test()
async def largest(dut):
    """The most output blocks, the most seed blocks, and many of both."""
    kernel = await Kernel.start(dut)
    source = random.Random(f"largest {cocotb.RANDOM_SEED}")
    largest_out = min(OUT_BLOCKS, 1 << 17 >> TILE.bit_length() - 1)
    largest_key = min(SEED_BLOCKS, 1 << 18 >> TILE.bit_length() - 1)
    for case in (
        Case.random(source, 2, largest_out * TILE, True),
        Case.random(source, largest_key - 1, TILE // 2),
        Case.random(source, largest_key - 5, 5 * TILE - 7, True),
        Case.random(source, 140, min(OUT_BLOCKS, 140) * TILE - 9),
    ):
        result = await kernel.job(case.params, case.input)
        assert result.status == OK
        value = sum(beat << 256 * i for i, beat in enumerate(result.output)) if TILE > 128 else sum(
            beat << 128 * i for i, beat in enumerate(result.output)
        )
        rows = sorted({0, case.out_bits - 1, *(source.randrange(case.out_bits) for _ in range(500))})
        assert [value >> i & 1 for i in rows] == case.expected_bits(rows)
        assert value >> case.out_bits == 0


@cocotb.test()
async def wrong_parameters(dut):
    """Everything that DEVICE.md forbids is refused, after the input was taken, and the next job is done."""
    source = random.Random(f"parameters {cocotb.RANDOM_SEED}")
    kernel = await Kernel.start(dut, stall=0.2, seed=source.random())
    good = Case.random(source, 2, 2 * TILE)
    a, b, flags, out_bits = good.params
    wrong = [
        [0, b, flags, out_bits],
        [a, 0, flags, out_bits],
        [a, 0, flags, 0],
        [SEED_BLOCKS - 1, b, flags, out_bits],
        [2**32 - 1, b, flags, out_bits],
        [1, OUT_BLOCKS + 1, flags, (OUT_BLOCKS + 1) * TILE],
        [a, 2**32 - 1, flags, out_bits],
        [a, b, 2, out_bits],
        [a, b, 0x8000_0000, out_bits],
        [a, b, flags, out_bits + 1],
        [a, b, flags, out_bits - TILE],
        [a, b, flags, 0],
        [a, b, flags, 2**32 - 1],
        [a, b, flags, out_bits, 1],
        [a, b, flags, out_bits, 0, 0, 0, 2**31],
    ]
    for params in wrong:
        for beats in (good.input, good.input[:1]):
            kernel.submit(params, beats)
    kernel.submit(good.params, good.input)
    for params in wrong:
        for _ in range(2):
            result = await kernel.finish()
            assert result.status == BAD_PARAMETER and result.output == [], params
    check(await kernel.finish(), good, "after refusals")


@cocotb.test()
async def wrong_lengths(dut):
    """Inputs that are too short, at every beat, and too long."""
    source = random.Random(f"lengths {cocotb.RANDOM_SEED}")
    kernel = await Kernel.start(dut, stall=0.1, seed=source.random())
    case = Case.random(source, 3, 2 * TILE - 5, True)
    beats = case.input
    lengths = [*range(1, len(beats)), len(beats) + 1, len(beats) + 7]
    if len(lengths) > 12:
        lengths = sorted(source.sample(lengths, 8)) + lengths[-4:]
    for length in lengths:
        longer = beats + [source.getrandbits(256) for _ in range(8)]
        kernel.submit(case.params, longer[:length])
        kernel.submit(case.params, beats)
    for length in lengths:
        assert (await kernel.finish()).status == BAD_LENGTH, length
        check(await kernel.finish(), case, f"after {length} of {len(beats)} beats")
    await kernel.idle()
    assert_scrubbed(dut)


@cocotb.test()
async def clear(dut):
    """A clear at any moment ends idle, with all memories zero, and the next job is right."""
    source = random.Random(f"clear {cocotb.RANDOM_SEED}")
    kernel = await Kernel.start(dut, stall=0.1, seed=source.random())
    case = Case.random(source, 4, 6 * TILE - 5, True)
    for _ in range(10):
        kernel.submit(case.params, case.input)
        kernel.submit(case.params, case.input)
        for _ in range(source.randint(1, 3 * case.cycles // 2)):
            await RisingEdge(dut.clk_i)
        await kernel.clear()
        assert_scrubbed(dut)
        for _ in range(20):
            await RisingEdge(dut.clk_i)
        assert not kernel.output.words and not kernel.done.words
        check(await kernel.job(case.params, case.input), case, "after a clear")


@cocotb.test()
async def parity(dut):
    """A flipped bit of either memory is noticed; clear ends the alarm."""
    source = random.Random(f"parity {cocotb.RANDOM_SEED}")
    kernel = await Kernel.start(dut)
    case = Case.random(source, 40, 4 * TILE)
    for memory in memories(dut):
        kernel.submit(case.params, case.input)
        while not int(dut.u_rows.read_o.value):
            await RisingEdge(dut.clk_i)
        for _ in range(30):
            await RisingEdge(dut.clk_i)
        for word in range(4):
            memory[word].value = int(memory[word].value) ^ 1 << source.randrange(TILE)
        for _ in range(60):
            await RisingEdge(dut.clk_i)
        assert int(dut.parity_error_o.value)
        await kernel.clear()
        assert not int(dut.parity_error_o.value)
    check(await kernel.job(case.params, case.input), case, "after parity errors")
    assert not int(dut.parity_error_o.value)


@cocotb.test()
async def scrubbed_when_done(dut):
    """After a job, nothing is left of it."""
    kernel = await Kernel.start(dut)
    source = random.Random(f"scrub {cocotb.RANDOM_SEED}")
    case = Case.random(source, 3, 5 * TILE, True)
    kernel.submit(case.params, case.input)
    await kernel.done.take(1)
    await kernel.idle()
    for _ in range(4):
        await RisingEdge(dut.clk_i)
    assert_scrubbed(dut)
    assert int(dut.product.value) == 0


@cocotb.test()
async def throughput(dut):
    """The exact number of cycles at many shapes; with enough key blocks, 95 % of them begin a product."""
    kernel = await Kernel.start(dut)
    source = random.Random(f"throughput {cocotb.RANDOM_SEED}")
    wide = min(16, OUT_BLOCKS)
    for a, b in ((1, 1), (9, 1), (7, 3), (10, 4), (20, 5), (16, 8), (9, wide), (min(128, SEED_BLOCKS - wide), wide)):
        for with_addend in (False, True):
            case = Case.random(source, a, b * TILE, with_addend)
            result = await kernel.job(case.params, case.input)
            assert result.cycles == case.cycles, (case.params, result.cycles, case.cycles)
    for share in (0.02, 0.1, 0.25, 0.5):
        a, b = 2**20 // TILE, int(2**20 * share) // TILE + 1
        assert a * b >= 0.95 * job_cycles(a, b), f"n = 2^20, l/n = {share}"


@cocotb.test(skip=TILE < 512)
async def long_job(dut):
    """n = 2^18, ℓ = n/10: the number of cycles, bits at random, and at n = 2^20 300 Mb/s at 150 MHz by the same formula."""
    kernel = await Kernel.start(dut)
    source = random.Random(f"long {cocotb.RANDOM_SEED}")
    key_bits = 1 << 18
    case = Case.random(source, key_bits // TILE, key_bits // 10)
    result = await kernel.job(case.params, case.input)
    value = sum(beat << 256 * i for i, beat in enumerate(result.output))
    rows = sorted({0, case.out_bits - 1, *(source.randrange(case.out_bits) for _ in range(1000))})
    assert [value >> i & 1 for i in rows] == case.expected_bits(rows)
    assert result.cycles == case.cycles and case.key_blocks * case.out_blocks >= 0.95 * result.cycles
    assert TILE * TILE >= 1 << 18
    assert 2**20 / job_cycles(2**20 // TILE, 2**20 // 10 // TILE + 1) * 150e6 >= 300e6
