"""qkdpp_fifo and qkdpp_fifo_ram: order, count, capacity, throughput, and that words that left are overwritten."""

import random

import cocotb
from cocotb.triggers import ClockCycles, ReadOnly, RisingEdge

from stream import PARAMETERS, StreamSink, StreamSource, start

WIDTH, DEPTH = PARAMETERS["Width"], PARAMETERS["Depth"]


async def bench(dut, stall_in=0.0, stall_out=0.0, seed=1):
    """A source and a sink; waits until what was in the memory before the reset is overwritten."""
    dut.clear_i.value = 0
    if in_ram(dut):
        dut.scrub_i.value = 0
    source = StreamSource(dut, "in", stall=stall_in, seed=seed)
    sink = StreamSink(dut, "out", stall=stall_out, seed=seed)
    await start(dut)
    return source, sink


def in_ram(dut):
    """Whether this is the one with block RAM."""
    return hasattr(dut, "scrub_i")


def memory(dut):
    """All words of the memory, with their parity bits."""
    mem = dut.u_ram.mem if in_ram(dut) else dut.mem
    return [int(mem[address].value) for address in range(DEPTH)]


def noise(count):
    """Random words, none of them zero."""
    return [random.getrandbits(WIDTH) | 1 for _ in range(count)]


def stall_always(sink):
    """Makes a sink take nothing; returns what makes it go on."""
    stall = sink.stalls.stall
    sink.stalls.stall = lambda: True
    return lambda: setattr(sink.stalls, "stall", stall)


@cocotb.test()
@cocotb.parametrize(stall_in=[0.0, 0.3, 0.8], stall_out=[0.0, 0.3, 0.8])
async def keeps_every_word_in_order(dut, stall_in, stall_out):
    source, sink = await bench(dut, stall_in, stall_out)
    words = noise(1000)
    source.put(words)
    most = 0
    for _ in range(20000):
        await RisingEdge(dut.clk_i)
        await ReadOnly()
        held = len(source.cycles) - len(sink.cycles)
        # The source and the sink have noted the transfers of this edge, unless they run after us.
        assert int(dut.count_o.value) in range(max(0, held - 1), held + 2)
        most = max(most, int(dut.count_o.value))
        if len(sink.words) == 1000:
            break
    assert sink.words == words and most <= DEPTH
    if stall_out > stall_in:
        assert most == DEPTH
    if in_ram(dut):
        assert not int(dut.error_o.value)


@cocotb.test()
async def takes_a_word_every_cycle(dut):
    source, sink = await bench(dut)
    source.put(noise(300))
    await sink.take(300)
    latency = 2 if in_ram(dut) else 1
    first = source.cycles[0]
    if in_ram(dut) and DEPTH == 2:
        # Two words do not cover the latency of two cycles and that of the full flag.
        assert sink.cycles[-1] - sink.cycles[0] <= 2 * 300
        return
    assert sink.cycles == list(range(first + latency, first + latency + 300))


@cocotb.test()
async def holds_depth_words(dut):
    source, sink = await bench(dut)
    go_on = stall_always(sink)
    await RisingEdge(dut.clk_i)
    words = noise(DEPTH + 5)
    source.put(words)
    await ClockCycles(dut.clk_i, 2 * DEPTH + 10)
    assert source.waiting == 5 and not int(dut.in_ready_o.value)
    assert int(dut.count_o.value) == DEPTH
    go_on()
    assert await sink.take(DEPTH + 5) == words


@cocotb.test()
async def overwrites_words_that_left(dut):
    source, sink = await bench(dut, stall_in=0.3, stall_out=0.3)
    for count in (1, DEPTH - 1, DEPTH, DEPTH + 1, 3 * DEPTH):
        source.put(noise(count))
        await sink.take(count)
        await ClockCycles(dut.clk_i, DEPTH + 3)
        assert not any(memory(dut)), "words left in the memory"
        if in_ram(dut):
            assert int(dut.scrubbed_o.value) and int(dut.out_data_o.value) == 0


@cocotb.test()
async def clear_and_reset_lead_to_a_clean_memory(dut):
    source, sink = await bench(dut, stall_in=0.2, stall_out=0.5)
    for attempt in range(30):
        source.put(noise(3 * DEPTH))
        await ClockCycles(dut.clk_i, random.randint(1, 3 * DEPTH))
        signal, active = (dut.clear_i, 1) if attempt % 2 else (dut.rst_ni, 0)
        signal.value = active
        source.flush()
        await RisingEdge(dut.clk_i)
        signal.value = 1 - active
        await RisingEdge(dut.clk_i)
        sink.flush()
        assert not int(dut.out_valid_o.value) and int(dut.count_o.value) == 0
        if attempt % 3:
            # New words at once, among stale ones.
            words = noise(2 * DEPTH)
            source.put(words)
            assert await sink.take(2 * DEPTH) == words
        await ClockCycles(dut.clk_i, DEPTH + 3)
        assert not any(memory(dut)), "words left in the memory"


@cocotb.test(skip=PARAMETERS["Width"] not in (65, 256))
async def scrub_takes_no_longer_than_promised(dut):
    source, sink = await bench(dut, stall_out=0.7)
    for _ in range(30):
        source.put(noise(3 * DEPTH))
        await ClockCycles(dut.clk_i, random.randint(1, 5 * DEPTH))
        dut.scrub_i.value = 1
        taken = 0
        await RisingEdge(dut.clk_i)
        while not int(dut.scrubbed_o.value):
            await RisingEdge(dut.clk_i)
            taken += 1
            assert not int(dut.in_ready_o.value)
        assert taken <= DEPTH + 2
        assert not any(memory(dut)) and int(dut.out_data_o.value) == 0
        source.flush()
        await RisingEdge(dut.clk_i)
        dut.scrub_i.value = 0
        sink.flush()
        words = noise(DEPTH)
        source.put(words)
        assert await sink.take(DEPTH) == words


@cocotb.test(skip=PARAMETERS["Width"] not in (65, 256))
async def a_flipped_bit_is_reported(dut):
    source, sink = await bench(dut)
    go_on = stall_always(sink)
    await RisingEdge(dut.clk_i)
    source.put(noise(2))
    await ClockCycles(dut.clk_i, DEPTH + 8)
    second = next(a for a, word in enumerate(memory(dut)) if word and word & ((1 << WIDTH) - 1) != int(dut.out_data_o.value))
    for bit in (0, WIDTH - 1):
        dut.u_ram.mem[second].value = memory(dut)[second] ^ (1 << bit)
        await ClockCycles(dut.clk_i, 1)
        if bit:
            dut.u_ram.mem[second].value = memory(dut)[second] ^ 1
            await ClockCycles(dut.clk_i, 1)
    go_on()
    seen = 0
    for _ in range(10):
        await RisingEdge(dut.clk_i)
        seen += int(dut.error_o.value)
    assert len(sink.words) == 2 and seen == 1
