"""qkdpp_compact against the oracle (SPEC §2): a word a cycle, holding still at random."""

import random

import cocotb
from cocotb.triggers import FallingEdge
from common import from_int, to_int
from sift import sift
from stream import start


def expected(mask: int, data: int, width: int) -> tuple[int, int]:
    [kept] = sift(from_int(mask, width), [from_int(data, width)])
    return len(kept), to_int(kept)


def words(rng: random.Random, width: int, count: int) -> list[tuple[int, int]]:
    """Masks of all densities, and the regular ones, each with random data."""
    full = (1 << width) - 1
    masks = [0, full, 1, 1 << (width - 1), full // 3, full // 3 * 2, full >> 1, full ^ 1, full >> width // 2]
    for _ in range(count):
        mask = rng.getrandbits(width)
        for _ in range(rng.randrange(4)):
            mask = rng.choice([mask & rng.getrandbits(width), mask | rng.getrandbits(width)])
        masks.append(mask)
    return [(mask, rng.choice([full, rng.getrandbits(width)])) for mask in masks]


async def run(dut, inputs, advance_rate: float, valid_rate: float, rng: random.Random):
    """Feeds all words; returns the outputs and the cycles it took."""
    outputs, at, cycles = [], 0, 0
    width = len(dut.in_mask_i)
    while len(outputs) < len(inputs):
        await FallingEdge(dut.clk_i)
        # What the output is before the next rising edge is taken at it.
        advance = rng.random() < advance_rate
        valid = at < len(inputs) and rng.random() < valid_rate
        dut.advance_i.value = int(advance)
        dut.in_valid_i.value = int(valid)
        mask, data = inputs[at] if valid else (rng.getrandbits(width), rng.getrandbits(width))
        dut.in_mask_i.value = mask
        dut.in_data_i.value = data
        dut.in_tag_i.value = at % 256
        if advance:
            at += valid
            if int(dut.out_valid_o.value):
                assert int(dut.out_tag_o.value) == len(outputs) % 256
                outputs.append((int(dut.out_count_o.value), int(dut.out_data_o.value)))
        cycles += 1
        assert cycles < 100 * (len(inputs) + 100), "words do not come out"
    return outputs, cycles


async def begin(dut) -> int:
    for name in ("clear_i", "advance_i", "in_valid_i"):
        getattr(dut, name).value = 0
    await start(dut)
    return len(dut.in_mask_i)


@cocotb.test()
async def every_word(dut):
    """One word a cycle: as many cycles as words, and the latency."""
    width = await begin(dut)
    rng = random.Random(1)
    inputs = words(rng, width, 400)
    outputs, cycles = await run(dut, inputs, 1.0, 1.0, rng)
    assert outputs == [expected(*word, width) for word in inputs]
    levels = width.bit_length() - 1
    assert cycles == len(inputs) + levels + max(levels - 4, 0)


@cocotb.test()
async def holding_still(dut):
    width = await begin(dut)
    for seed, (advance, valid) in enumerate([(0.5, 1.0), (1.0, 0.5), (0.3, 0.3)]):
        rng = random.Random(seed)
        inputs = words(rng, width, 100)
        outputs, _ = await run(dut, inputs, advance, valid, rng)
        assert outputs == [expected(*word, width) for word in inputs]


@cocotb.test()
async def nothing_stays(dut):
    """After a clear no word comes out, and words without valid are zeros."""
    width = await begin(dut)
    rng = random.Random(3)
    dut.advance_i.value = 1
    for mask, data in words(rng, width, 20):
        dut.in_valid_i.value, dut.in_mask_i.value, dut.in_data_i.value = 1, mask, data
        await FallingEdge(dut.clk_i)
    dut.clear_i.value, dut.in_valid_i.value = 1, 0
    await FallingEdge(dut.clk_i)
    dut.clear_i.value = 0
    for _ in range(20):
        assert not int(dut.out_valid_o.value)
        await FallingEdge(dut.clk_i)
    assert int(dut.out_data_o.value) == 0 and int(dut.out_count_o.value) == 0
