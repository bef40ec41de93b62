"""qkdpp_echo: what comes out is what goes in, whatever the parameters, with stalls on both sides and after a clear."""

import random

import cocotb
from cocotb.triggers import ClockCycles
from kernel import OK, Kernel


def random_job(rng: random.Random) -> tuple[list[int], list[int]]:
    """Parameters, which do not matter, and beats."""
    return [rng.getrandbits(32) for _ in range(8)], [rng.getrandbits(256) for _ in range(rng.choice((1, 2, 3, 40)))]


async def check(kernel: Kernel, rng: random.Random, count: int) -> None:
    """Runs jobs back to back."""
    jobs = [random_job(rng) for _ in range(count)]
    for params, beats in jobs:
        kernel.submit(params, beats)
    for _, beats in jobs:
        result = await kernel.finish()
        assert (result.status, result.r0, result.r1, result.output) == (OK, 0, 0, beats)


@cocotb.test()
async def jobs(dut):
    await check(await Kernel.start(dut), random.Random(1), 30)


@cocotb.test()
async def jobs_with_stalls(dut):
    await check(await Kernel.start(dut, stall=0.4, seed=2), random.Random(2), 60)


@cocotb.test()
async def one_beat_a_cycle(dut):
    rng = random.Random(3)
    kernel = await Kernel.start(dut)
    beats = [rng.getrandbits(256) for _ in range(200)]
    result = await kernel.job([], beats)
    assert result.output == beats and result.cycles == len(beats) + 1


@cocotb.test()
async def clear_at_any_time(dut):
    rng = random.Random(4)
    kernel = await Kernel.start(dut, stall=0.3, seed=4)
    for after in range(1, 60, 3):
        for _ in range(3):
            kernel.submit(*random_job(rng))
        await ClockCycles(dut.clk_i, after)
        await kernel.clear(10)
        assert not int(dut.out_valid_o.value) and not int(dut.done_valid_o.value)
        await check(kernel, rng, 2)
