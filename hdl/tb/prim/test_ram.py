"""qkdpp_ram against a list: read and write at once, held output, parity of every bit."""

import random

import cocotb
from cocotb.triggers import ClockCycles, RisingEdge

from stream import PARAMETERS, start

WIDTH, DEPTH = PARAMETERS["Width"], PARAMETERS["Depth"]
PARITY_BITS = PARAMETERS.get("ParityBits", 64)
GROUPS = -(-WIDTH // PARITY_BITS)


async def bench(dut):
    """No access yet."""
    dut.write_i.value = 0
    dut.read_i.value = 0
    await start(dut)


async def write(dut, address, word):
    """Writes one word."""
    dut.write_i.value, dut.write_addr_i.value, dut.write_data_i.value = 1, address, word
    await RisingEdge(dut.clk_i)
    dut.write_i.value = 0


async def read(dut, address):
    """Reads one word; returns it and error_o, which comes a cycle later."""
    dut.read_i.value, dut.read_addr_i.value = 1, address
    await RisingEdge(dut.clk_i)
    dut.read_i.value = 0
    await RisingEdge(dut.clk_i)
    word = int(dut.read_data_o.value)
    assert not int(dut.error_o.value)
    await RisingEdge(dut.clk_i)
    return word, int(dut.error_o.value)


@cocotb.test()
async def behaves_like_a_list(dut):
    await bench(dut)
    words = [random.getrandbits(WIDTH) for _ in range(DEPTH)]
    for address, word in enumerate(words):
        await write(dut, address, word)
    expected = None
    for _ in range(3000):
        reads, writes = random.random() < 0.6, random.random() < 0.6
        read_address, write_address = random.randrange(DEPTH), random.randrange(DEPTH)
        if random.random() < 0.4:
            read_address = write_address
        word = random.getrandbits(WIDTH)
        dut.read_i.value, dut.read_addr_i.value = int(reads), read_address
        dut.write_i.value, dut.write_addr_i.value, dut.write_data_i.value = int(writes), write_address, word
        await RisingEdge(dut.clk_i)
        # What is visible at this edge came from the accesses at the edge before.
        if expected is not None:
            assert int(dut.read_data_o.value) == expected and not int(dut.error_o.value)
        if reads:
            expected = words[read_address]
        if writes:
            words[write_address] = word


@cocotb.test()
async def every_flipped_bit_is_an_error(dut):
    await bench(dut)
    address = DEPTH - 1
    for bit in range(WIDTH + GROUPS):
        word = random.getrandbits(WIDTH)
        await write(dut, address, word)
        assert await read(dut, address) == (word, 0)
        dut.mem[address].value = int(dut.mem[address].value) ^ (1 << bit)
        await RisingEdge(dut.clk_i)
        assert await read(dut, address) == ((word ^ (1 << bit)) & ((1 << WIDTH) - 1), 1)
        await RisingEdge(dut.clk_i)
        assert not int(dut.error_o.value), "an error is reported once"


@cocotb.test()
async def each_group_has_its_parity(dut):
    await bench(dut)
    for group in range(GROUPS):
        for other in range(group):
            await write(dut, 0, 0)
            await ClockCycles(dut.clk_i, 1)
            dut.mem[0].value = 1 << group * PARITY_BITS | 1 << other * PARITY_BITS
            await RisingEdge(dut.clk_i)
            assert (await read(dut, 0))[1] == 1
