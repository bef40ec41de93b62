"""qkdpp_skid: nothing lost, order kept, one word a cycle, nothing left behind."""

import random

import cocotb
from cocotb.triggers import ClockCycles, RisingEdge

from stream import PARAMETERS, StreamSink, StreamSource, start

WIDTH = PARAMETERS["Width"]


async def bench(dut, stall_in=0.0, stall_out=0.0, seed=1):
    """A source and a sink."""
    dut.clear_i.value = 0
    source = StreamSource(dut, "in", stall=stall_in, seed=seed)
    sink = StreamSink(dut, "out", stall=stall_out, seed=seed)
    await start(dut)
    return source, sink


def noise(count):
    """Random words."""
    return [random.getrandbits(WIDTH) for _ in range(count)]


@cocotb.test()
@cocotb.parametrize(stall_in=[0.0, 0.3, 0.8], stall_out=[0.0, 0.3, 0.8])
async def keeps_every_word_in_order(dut, stall_in, stall_out):
    source, sink = await bench(dut, stall_in, stall_out)
    words = noise(1000)
    source.put(words)
    assert await sink.take(1000) == words
    await ClockCycles(dut.clk_i, 3)
    assert not sink.words


@cocotb.test()
async def takes_a_word_every_cycle(dut):
    source, sink = await bench(dut)
    source.put(noise(300))
    await sink.take(300)
    assert sink.cycles == list(range(source.cycles[0] + 1, source.cycles[0] + 301))


@cocotb.test()
async def takes_two_words_while_the_output_stalls(dut):
    source, sink = await bench(dut, stall_out=1.0)
    sink.stalls.stall = lambda: True
    source.put(noise(5))
    await ClockCycles(dut.clk_i, 10)
    assert source.waiting == 3 and not int(dut.in_ready_o.value)


@cocotb.test()
async def leaves_nothing_behind(dut):
    source, sink = await bench(dut, stall_out=0.5)
    for _ in range(20):
        source.put(noise(10))
        await sink.take(10)
        await ClockCycles(dut.clk_i, 2)
        assert int(dut.data_q.value) == 0 and int(dut.spare_q.value) == 0


@cocotb.test()
async def clear_drops_everything(dut):
    source, sink = await bench(dut, stall_out=0.6)
    for _ in range(50):
        source.put(noise(20))
        await ClockCycles(dut.clk_i, random.randint(1, 15))
        dut.clear_i.value = 1
        source.flush()
        await RisingEdge(dut.clk_i)
        dut.clear_i.value = 0
        await RisingEdge(dut.clk_i)
        sink.flush()
        assert not int(dut.out_valid_o.value) and int(dut.in_ready_o.value)
        assert int(dut.data_q.value) == 0 and int(dut.spare_q.value) == 0
        words = noise(5)
        source.put(words)
        assert await sink.take(5) == words
