"""qkdpp_sift against the oracle (SPEC §2, DEVICE.md §6.1): sizes, stalls on both sides, counters, malformed jobs, wiping."""

import json
import os
import random

import cocotb
from cocotb.triggers import ClockCycles
from common import from_int, to_int
from kernel import BAD_LENGTH, BAD_PARAMETER, OK, Kernel
from sift import sift

PLANES = json.loads(os.environ["QKDPP_PARAMETERS"]).get("Planes", 4)
FULL = (1 << 256) - 1


def make_job(slots: int, mask: int, planes: list[int], noise: int = 0) -> tuple[list[int], list[int]]:
    """Parameters and input; `noise` goes to the mask behind the last slot, where it must not matter."""
    mask |= noise >> slots % 256 << slots if slots % 256 else 0
    beats = []
    for at in range(0, slots, 256):
        beats += [word >> at & FULL for word in (mask, *planes)]
    return [slots, len(planes)], beats


def expected(slots: int, mask: int, planes: list[int]) -> tuple[int, list[int]]:
    """Number of kept slots, beats of output."""
    kept = sift(from_int(mask, slots), [from_int(plane & (1 << slots) - 1, slots) for plane in planes])
    count = len(kept[0])
    beats = [to_int(plane[at : at + 256]) for at in range(0, count, 256) for plane in kept]
    classes = [sum(bit << number for number, bit in enumerate(bits)) for bits in zip(*kept[:3])]
    return count, [*beats, sum(classes.count(c) << (32 * c) for c in range(8))]


def random_case(rng: random.Random, slots: int, planes: int, density: float | None = None):
    density = rng.choice([0.02, 0.3, 0.5, 0.9, 1.0]) if density is None else density
    mask = sum((rng.random() < density) << i for i in range(slots))
    return slots, mask, [rng.getrandbits(slots) for _ in range(planes)]


async def check(kernel: Kernel, cases, rng: random.Random) -> None:
    """Runs the cases back to back."""
    for case in cases:
        kernel.submit(*make_job(*case, noise=rng.getrandbits(256)))
    for case in cases:
        result = await kernel.finish()
        count, output = expected(*case)
        what = f"{case[0]} slots of {len(case[2])} planes, {count} kept"
        assert result.status == OK and result.r0 == count and result.r1 == 0, what
        assert result.output == output, what


async def check_wiped(kernel: Kernel) -> None:
    await kernel.idle(200)
    dut = kernel.dut
    for handle in (dut.mask_q, dut.data_q, dut.compact_data, dut.append_data, dut.out_data_o, dut.counters, dut.kept_q,
                   dut.u_append.residue_q, dut.u_append.fine_q, dut.u_counters.first_q, dut.u_counters.second_q):
        assert int(handle.value) == 0, f"{handle._name} is not wiped"


@cocotb.test()
async def known_answer(dut):
    kernel = await Kernel.start(dut)
    result = await kernel.job(*make_job(7, 0b0010110, [0b0110101]))
    assert (result.status, result.r0) == (OK, 3)
    assert result.output == [0b110, 1 | 2 << 32]


async def check_edges(kernel: Kernel) -> None:
    rng = random.Random(1)
    cases = [random_case(rng, slots, rng.randint(1, PLANES))
             for slots in (1, 2, 255, 256, 257, 511, 512, 513, 700, 1024, 3000)]
    cases += [random_case(rng, 1024, PLANES, density) for density in (0.0, 1.0)]
    # The kept slots fill one beat exactly.
    cases += [(slots, FULL, [rng.getrandbits(slots)]) for slots in (256, 512)]
    await check(kernel, cases, rng)
    await check_wiped(kernel)


@cocotb.test()
async def edge_sizes(dut):
    await check_edges(await Kernel.start(dut))


@cocotb.test()
async def edge_sizes_with_stalls(dut):
    await check_edges(await Kernel.start(dut, stall=0.4, seed=1))


@cocotb.test()
async def random_sizes(dut):
    rng = random.Random(2)
    kernel = await Kernel.start(dut, stall=0.2, seed=2)
    cases = [random_case(rng, rng.randrange(1, 1 << rng.randrange(1, 13)), rng.randint(1, PLANES)) for _ in range(25)]
    await check(kernel, cases, rng)


@cocotb.test()
async def the_input_never_stalls(dut):
    """256 slots a cycle: of random masks, every beat is taken in the cycle after the one before."""
    rng = random.Random(3)
    kernel = await Kernel.start(dut)
    for planes in range(1, PLANES + 1):
        for density in (0.1, 0.5, 1.0):
            slots = 256 * 60
            case = random_case(rng, slots, planes, density)
            params, beats = make_job(*case)
            kernel.submit(params, beats)
            await kernel.input.drained()
            taken = kernel.input.cycles[:]
            assert taken[-1] - taken[0] == len(beats) - 1, "the input stalled"
            result = await kernel.finish()
            assert result.output == expected(*case)[1]
            dut._log.info(f"{planes} planes, density {density}: {len(beats)} beats, {result.cycles} cycles")
            assert result.cycles <= len(beats) + 24


@cocotb.test()
async def malformed_jobs(dut):
    """Each is answered with its status, and the job after it is not disturbed."""
    rng = random.Random(4)
    kernel = await Kernel.start(dut, stall=0.2, seed=4)
    good = random_case(rng, 1000, PLANES, 0.6)
    params, beats = make_job(*good)
    bad = [
        ([0, 1], beats, BAD_PARAMETER),
        ([(1 << 31) + 1, 1], beats, BAD_PARAMETER),
        ([1000, 0], beats, BAD_PARAMETER),
        ([1000, PLANES + 1], beats, BAD_PARAMETER),
        ([1000, 1 << 31], beats[:1], BAD_PARAMETER),
        ([*params, 1], beats, BAD_PARAMETER),
        ([*params, 0, 0, 0, 0, 0, 1], beats, BAD_PARAMETER),
        (params, beats[:1], BAD_LENGTH),
        (params, beats[:2], BAD_LENGTH),
        (params, beats[:-1], BAD_LENGTH),
        (params, [*beats, 0], BAD_LENGTH),
        (params, beats + beats, BAD_LENGTH),
        ([1 << 31, PLANES], beats, BAD_LENGTH),
        ([768, PLANES], beats, BAD_LENGTH),
    ]
    for _ in range(12):
        bad.append(([rng.getrandbits(31) | 1 << 20, PLANES], beats, BAD_LENGTH))
        bad.append(([rng.getrandbits(32), rng.getrandbits(32) | 1 << 16], beats, BAD_PARAMETER))
    for bad_params, bad_beats, _ in bad:
        kernel.submit(bad_params, bad_beats)
        kernel.submit(params, beats)
    for bad_params, bad_beats, status in bad:
        what = f"{bad_params} with {len(bad_beats)} beats"
        result = await kernel.finish()
        assert result.status == status, f"{what}: {result.status}"
        assert status != BAD_PARAMETER or not result.output, what
        result = await kernel.finish()
        count, output = expected(*good)
        assert (result.status, result.r0, result.output) == (OK, count, output), f"after {what}"
    await check_wiped(kernel)


@cocotb.test()
async def counts_of_32_bits(dut):
    """Counters carry into all their bits: between two halves of a job they are set to any value."""
    rng = random.Random(6)
    kernel = await Kernel.start(dut)
    planes = min(PLANES, 3)
    for _ in range(8):
        case = random_case(rng, 2048, planes, 0.5)
        params, beats = make_job(*case)
        half = len(beats) // 2
        kernel.jobs.put([sum(p << 32 * i for i, p in enumerate(params))])
        kernel.input.put(beats[:half], last=False)
        await kernel.input.drained()
        await ClockCycles(dut.clk_i, 40)
        more = [rng.getrandbits(32) if c < 1 << planes else 0 for c in range(8)]
        counters = int(dut.u_counters.count_q.value)
        counts = [(counters >> 32 * c) + more[c] & 0xFFFFFFFF for c in range(8)]
        dut.u_counters.count_q.value = sum(count << 32 * c for c, count in enumerate(counts))
        kept_more = rng.getrandbits(32)
        dut.kept_q.value = int(dut.kept_q.value) + kept_more & 0xFFFFFFFF
        kernel.input.put(beats[half:])
        result = await kernel.finish()
        count, output = expected(*case)
        assert (result.status, result.r0) == (OK, count + kept_more & 0xFFFFFFFF)
        totals = [(output[-1] >> 32 * c) + more[c] & 0xFFFFFFFF for c in range(8)]
        assert result.output == [*output[:-1], sum(total << 32 * c for c, total in enumerate(totals))]


@cocotb.test()
async def clear_at_any_time(dut):
    rng = random.Random(5)
    kernel = await Kernel.start(dut, stall=0.2, seed=5)
    case = random_case(rng, 2500, PLANES, 0.6)
    for after in [1, 2, 3, 5, 8, 13, 20, 30, 45, 60, 70, 80, 90, 120]:
        for _ in range(3):
            kernel.submit(*make_job(*case))
        await ClockCycles(dut.clk_i, after)
        await kernel.clear(200)
        await check_wiped(kernel)
        await check(kernel, [case], rng)
