"""qkdpp_polyhash against the oracle (SPEC §6): segments of all sizes, stalls on both sides, malformed jobs, wiping."""

import functools
import random

import cocotb
from cocotb.triggers import ClockCycles
from common import from_int
from kernel import BAD_LENGTH, BAD_PARAMETER, OK, Kernel
from polyhash import polyhash

INTERNAL = ("block_q", "product", "beat_q", "out_data_o", "u_powers.powers_q", "u_loop.operand_q",
            "u_loop.power_operand_q", "u_hashes.sum_q", "u_hashes.new_hash_q", "u_hashes.hash_q", "u_hashes.half_q")
QUEUES = ("u_loop.feedback_mem", "u_hashes.u_queue.mem")


def ceil_div(a: int, b: int) -> int:
    return -(-a // b)


def make_job(key: int, message: int, length: int, segment: int) -> tuple[list[int], list[int]]:
    """Parameters and input."""
    pieces = [(message >> at & (1 << min(segment, length - at)) - 1, min(segment, length - at))
              for at in range(0, length, segment)]
    beats = [key]
    for piece, bits in pieces:
        beats += [piece >> (256 * i) & (1 << 256) - 1 for i in range(ceil_div(bits, 256))]
    return [len(pieces), segment, pieces[-1][1]], beats


def expected(key: int, message: int, length: int, segment: int) -> list[int]:
    hashes = polyhash(key, from_int(message, length), segment)
    hashes += [0] * (len(hashes) % 2)
    return [low | high << 128 for low, high in zip(hashes[::2], hashes[1::2])]


def random_case(rng: random.Random, length: int, segment: int) -> tuple[int, int, int, int]:
    return rng.getrandbits(128), rng.getrandbits(length), length, segment


def edge_cases(rng: random.Random) -> list[tuple[int, int, int, int]]:
    sizes = [(1, 1), (7, 1), (128, 128), (129, 128), (256, 256), (257, 256), (1000, 127), (1500, 129), (3000, 255),
             (4096, 128), (4000, 257), (2048, 513), (6000, 6000), (5000, 1300), (640, 640), (768, 768), (896, 896),
             (1024, 1024), (20_000, 1100)]
    return [random_case(rng, *size) for size in sizes] + [(0, 5, 300, 100), (1, 0, 1000, 1000), (2**128 - 1, 1, 1, 9)]


async def check(kernel: Kernel, cases) -> None:
    """Runs the cases back to back."""
    for case in cases:
        kernel.submit(*make_job(*case))
    for case in cases:
        result = await kernel.finish()
        assert result.status == OK, case[2:]
        assert result.output == expected(*case), f"{case[2]} bits in segments of {case[3]}"


def inside(dut, path: str):
    """The signal of that path below the module."""
    return functools.reduce(getattr, path.split("."), dut)


async def check_wiped(kernel: Kernel) -> None:
    await kernel.idle(100)
    for name in INTERNAL:
        assert int(inside(kernel.dut, name).value) == 0, f"{name} is not wiped"
    for name in QUEUES:
        assert all(int(inside(kernel.dut, name)[i].value) == 0 for i in range(8)), f"{name} is not wiped"


@cocotb.test()
async def known_answer(dut):
    """One block under the key x: (B·k ⊕ 128)·k = B·x² ⊕ x^8."""
    kernel = await Kernel.start(dut)
    result = await kernel.job(*make_job(2, 0b101, 128, 128))
    assert result.output == [0b10100 ^ 1 << 8]


@cocotb.test()
async def edge_sizes(dut):
    kernel = await Kernel.start(dut)
    await check(kernel, edge_cases(random.Random(1)))
    await check_wiped(kernel)


@cocotb.test()
async def edge_sizes_with_stalls(dut):
    kernel = await Kernel.start(dut, stall=0.4, seed=2)
    for seed in range(4):
        await check(kernel, edge_cases(random.Random(seed)))


@cocotb.test()
async def random_sizes(dut):
    rng = random.Random(3)
    kernel = await Kernel.start(dut, stall=0.1, seed=3)
    cases = []
    for _ in range(40):
        length = rng.randrange(1, 1 << rng.randrange(1, 13))
        # A segment longer than the message is sent as one of the message's length.
        segment = min(length, rng.randrange(max(1, length // 40), 2 * length + 1))
        cases.append(random_case(rng, length, segment))
    await check(kernel, cases)


@cocotb.test()
async def one_block_a_cycle(dut):
    """w blocks of data and a length block take w + 1 cycles, without a gap between segments."""
    kernel = await Kernel.start(dut)
    rng = random.Random(4)
    for length, segment in [(128 * 512, 128 * 512), (128 * 120, 128), (128 * 120, 256), (128 * 512, 128 * 64)]:
        case = random_case(rng, length, segment)
        result = await kernel.job(*make_job(*case))
        assert result.output == expected(*case)
        segments = length // segment
        blocks = segments * (segment // 128 + 1)
        turns = len(dut.u_powers.powers_q) // 128
        dut._log.info(f"{segments} segments of {segment} bits: {blocks} blocks, {result.cycles} cycles")
        assert blocks <= result.cycles <= blocks + turns * turns + 4 * turns + 8


@cocotb.test()
async def malformed_jobs(dut):
    """Each is answered with its status, and the job after it is not disturbed."""
    rng = random.Random(5)
    kernel = await Kernel.start(dut, stall=0.2, seed=5)
    good = random_case(rng, 2000, 300)
    params, beats = make_job(*good)
    count, segment, last = params
    bad = [
        ([0, segment, last], beats, BAD_PARAMETER),
        ([(1 << 31) + 1, segment, last], beats, BAD_PARAMETER),
        ([count, 0, 0], beats[:1], BAD_PARAMETER),
        ([count, segment, 0], beats, BAD_PARAMETER),
        ([count, segment, segment + 1], beats, BAD_PARAMETER),
        ([count, segment, last, 1], beats, BAD_PARAMETER),
        ([count, segment, last, 0, 0, 0, 0, 1], beats, BAD_PARAMETER),
        (params, beats[:1], BAD_LENGTH),
        (params, beats[:2], BAD_LENGTH),
        (params, beats[:-1], BAD_LENGTH),
        (params, [*beats, 0], BAD_LENGTH),
        (params, beats + beats, BAD_LENGTH),
        ([count, 128, 128], beats, BAD_LENGTH),
        ([count + 1, segment, last], beats, BAD_LENGTH),
        ([1, 0xFFFFFFFF, 0xFFFFFFFF], beats, BAD_LENGTH),
    ]
    for _ in range(16):
        longest = rng.getrandbits(32) | 1 << 16
        bad.append(([rng.getrandbits(31) | 1 << 12, longest, rng.randint(1 << 15, longest)], beats, BAD_LENGTH))
    for bad_params, bad_beats, _ in bad:
        kernel.submit(bad_params, bad_beats)
        kernel.submit(params, beats)
    for bad_params, bad_beats, status in bad:
        what = f"{bad_params} with {len(bad_beats)} beats"
        result = await kernel.finish()
        assert result.status == status, f"{what}: {result.status}"
        assert status != BAD_PARAMETER or not result.output, what
        result = await kernel.finish()
        assert result.status == OK and result.output == expected(*good), f"after {what}"
    await check_wiped(kernel)


@cocotb.test()
async def clear_at_any_time(dut):
    kernel = await Kernel.start(dut, stall=0.2, seed=6)
    case = random_case(random.Random(6), 3000, 400)
    for after in [1, 2, 3, 5, 8, 20, 40, 50, 57, 60, 63, 70, 90, 150]:
        for _ in range(3):
            kernel.submit(*make_job(*case))
        await ClockCycles(dut.clk_i, after)
        await kernel.clear(100)
        await check_wiped(kernel)
        await check(kernel, [case])
