"""qkdpp_arbiter against a list of requesters in the order of their turns."""

import random

import cocotb
from cocotb.triggers import ClockCycles, ReadOnly, RisingEdge

from stream import PARAMETERS, start

N = PARAMETERS["N"]


async def bench(dut):
    """Nobody requests yet."""
    dut.clear_i.value = 0
    dut.request_i.value = 0
    dut.accept_i.value = 0
    await start(dut)


@cocotb.test()
@cocotb.parametrize(busy=[0.2, 0.6, 1.0], accept=[0.3, 1.0])
async def grants_in_turn(dut, busy, accept):
    await bench(dut)
    first = 0
    for _ in range(2000):
        request = [random.random() < busy for _ in range(N)]
        accepted = random.random() < accept
        cleared = random.random() < 0.01
        dut.request_i.value = sum(r << i for i, r in enumerate(request))
        dut.accept_i.value = int(accepted)
        dut.clear_i.value = int(cleared)
        await ReadOnly()
        turns = [i % N for i in range(first, first + N)]
        granted = next((i for i in turns if request[i]), None)
        assert int(dut.grant_o.value) == (0 if granted is None else 1 << granted)
        if cleared:
            first = 0
        elif granted is not None:
            first = granted + 1 if accepted else granted
            if first == N and not any(request[:0]):
                first = 0
        await RisingEdge(dut.clk_i)


@cocotb.test()
async def nobody_waits_for_more_than_all_others(dut):
    await bench(dut)
    waited = [0] * N
    dut.accept_i.value = 1
    pending = [False] * N
    for _ in range(2000):
        pending = [p or random.random() < 0.5 for p in pending]
        dut.request_i.value = sum(p << i for i, p in enumerate(pending))
        await ReadOnly()
        grant = int(dut.grant_o.value)
        for i in range(N):
            if grant >> i & 1:
                pending[i], waited[i] = False, 0
            elif pending[i]:
                waited[i] += 1
                assert waited[i] <= N - 1
        await RisingEdge(dut.clk_i)


@cocotb.test()
async def a_grant_stays_until_accepted(dut):
    await bench(dut)
    dut.request_i.value = 1 << (N - 1)
    await ClockCycles(dut.clk_i, 3)
    dut.request_i.value = (1 << N) - 1
    for _ in range(5):
        await ReadOnly()
        assert int(dut.grant_o.value) == 1 << (N - 1)
        await RisingEdge(dut.clk_i)
