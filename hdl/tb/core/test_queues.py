"""qkdpp_core: queues, phases, several kernels in flight, descriptors, interrupts."""

import json
import os

import cocotb
from cocotb.triggers import ClockCycles
from common import from_int
from host import (BAD_DATA, BAD_DESCRIPTOR, BAD_LENGTH, BAD_PARAMETER, ECHO, ENABLE, ENABLED, IDLE, OK, OUTPUT_OVERFLOW,
                  PARITIES, POLYHASH, READY, REGISTERS, Host)
from memory import BEAT
from polyhash import polyhash

PARAMETERS = json.loads(os.environ["QKDPP_PARAMETERS"])
KERNELS = PARAMETERS["Kernels"]


def hash_job(host, bits):
    """Parameters, input and expected output of a polyhash job of one segment."""
    key, message = host.random.getrandbits(128), host.random.getrandbits(bits)
    data = key.to_bytes(BEAT, "little") + message.to_bytes(-(-bits // 256) * BEAT, "little")
    expected = polyhash(key, from_int(message, bits), bits)[0].to_bytes(BEAT, "little")
    return [1, bits, bits], data, expected


@cocotb.test()
async def identification(dut):
    host = await Host.start(dut, enable=False)
    assert await host.get("ID") == 0x514B4450
    assert await host.get("VERSION") == 1 << 16 | 3
    assert await host.get("CAP_KERNELS") == KERNELS
    assert await host.get("CAP_PARITIES_BITS") == (1 << PARAMETERS["ParitiesLogBits"] if KERNELS >> PARITIES & 1 else 0)
    assert await host.get("CAP_LDPC_LANES") == await host.get("CAP_TOEPLITZ_TILE") == 0
    assert await host.get("STATUS") == READY | IDLE
    # Nothing between and behind the registers.
    for at in range(0, 4096, 4):
        if at not in REGISTERS.values() and (at < 0x200 or at % 0x100 == 0):
            assert (await host.bus.read(at, 4)).data == bytes(4), hex(at)
    # Queues are found where they were put, and stay there while the core is enabled.
    assert await host.get("SQ_BASE_LO") == host.sq & 0xFFFFFFFF
    await host.put("CONTROL", ENABLE)
    assert await host.get("STATUS") == READY | IDLE | ENABLED
    await host.put("SQ_BASE_LO", 0)
    await host.put("CQ_SIZE", 9)
    assert await host.get("SQ_BASE_LO") == host.sq & 0xFFFFFFFF
    assert await host.get("CQ_SIZE") == 6
    host.check()


@cocotb.test()
async def wrap_around(dut):
    """Queues of 4 and 2 entries, passed many times: order, phases, data, checksums (which the host checks)."""
    host = await Host.start(dut, seed=2, sq_log2=2, cq_log2=1)
    waiting = []
    for step in range(30):
        data = host.random.randbytes(BEAT * host.random.choice((1, 2, 3, 63, 64, 65, 130)))
        waiting.append((host.submit(ECHO, [], data, near_page=step % 2 == 0), data))
        await host.ring()
        if len(waiting) == 3:
            tag, data = waiting.pop(0)
            done = await host.next()
            assert (done.tag, done.status, done.output) == (tag, OK, data)
    for tag, data in waiting:
        done = await host.next()
        assert (done.tag, done.status, done.output) == (tag, OK, data)
    assert await host.get("SQ_HEAD") == host.tail
    assert await host.get("CQ_TAIL") == host.head
    assert await host.counter(3) == 30
    await host.status(IDLE, IDLE)
    host.scrubbed()
    host.check()


async def mixed(dut, seed, latency, stall, jobs):
    """Jobs of two kernels in flight at once: each kernel's completions in order, all right."""
    host = await Host.start(dut, seed=seed, sq_log2=4, cq_log2=5)
    host.memory.latency = latency
    host.memory.shuffle = True
    host.memory.stall(stall)
    expected = {ECHO: [], POLYHASH: []}
    left, flying = jobs, 0
    while left or flying:
        while left and flying < 12:
            kernel = host.random.choice((ECHO, POLYHASH))
            if kernel == ECHO:
                data = host.random.randbytes(BEAT * host.random.randint(1, 200))
                params, output = [host.random.getrandbits(32) for _ in range(8)], data
            else:
                params, data, output = hash_job(host, host.random.randint(1, 20000))
            spare = host.random.randint(0, 3)
            near = host.random.random() < 0.3
            tag = host.submit(kernel, params, data, len(output) // BEAT + spare, near)
            expected[kernel].append((tag, output))
            left, flying = left - 1, flying + 1
        await host.ring()
        done = await host.next()
        kernel = next(k for k in expected if expected[k] and expected[k][0][0] == done.tag)
        _, output = expected[kernel].pop(0)
        assert done.status == OK and done.output == output
        flying -= 1
    await host.status(IDLE, IDLE)
    host.scrubbed()
    host.check()


@cocotb.test()
async def two_kernels(dut):
    await mixed(dut, seed=3, latency=(1, 30), stall=0, jobs=40)


@cocotb.test()
async def two_kernels_stalled(dut):
    await mixed(dut, seed=4, latency=(1, 200), stall=0.5, jobs=25)


@cocotb.test()
async def out_of_order(dut):
    """A short job overtakes a long one of another kernel; a full kernel holds up only what is behind it."""
    host = await Host.start(dut, seed=5)
    long = [host.submit(ECHO, [], host.random.randbytes(BEAT * 400)) for _ in range(2)]
    params, data, output = hash_job(host, 100)
    short = host.submit(POLYHASH, params, data, 1)
    await host.ring()
    done = await host.next()
    assert done.tag == short and done.output == output
    assert [(await host.next()).tag for _ in long] == long
    host.check()


@cocotb.test()
async def malformed(dut):
    """Each malformed descriptor ends with its status, touches nothing, and leaves the next jobs alone."""
    host = await Host.start(dut, seed=6)
    data = host.random.randbytes(BEAT * 5)
    top = 0xFFFFFFFF
    bad = [
        {0: 6}, {0: 255}, {0: 1}, {0: 5},                  # no such kernel, absent kernels
        {0: 1 << 8}, {0: 1 << 31},                          # reserved bits
        {2: 16}, {2: 1}, {6: 8},                            # addresses that are not aligned
        {4: 33}, {4: 0}, {5: 31},                           # lengths that are not, an empty input
        {2: top & ~31, 3: top}, {6: top & ~31, 7: top},     # beyond the end of the address space
    ]
    before = len(host.memory.reads), len(host.memory.writes)
    for change in bad:
        tag = host.submit(ECHO, [], data, change=change)
        await host.ring()
        done = await host.next()
        assert (done.tag, done.status, done.length) == (tag, BAD_DESCRIPTOR, 0), change
    reads = [read for read in host.memory.reads[before[0]:] if read[2] != 6]
    writes = [write for write in host.memory.writes[before[1]:] if write[2] != 6]
    assert not reads and not writes
    # Between good ones of the same kernel, in order.
    tags = []
    for step in range(9):
        change = {4: 3} if step % 3 == 1 else {}
        tags.append((host.submit(ECHO, [], data, change=change), BAD_DESCRIPTOR if change else OK))
    await host.ring()
    for expected in tags:
        done = await host.next()
        assert (done.tag, done.status) == expected
        assert done.output == (data if done.status == OK else b"")
    host.check()


@cocotb.test()
async def refused(dut):
    """Bad parameters, bad lengths, outputs that do not fit; good jobs in between."""
    host = await Host.start(dut, seed=7)
    params, data, output = hash_job(host, 3000)
    for params_now, data_now, room, status in [
        ([0, 1, 1], data, 1, BAD_PARAMETER),
        (params, data, 1, OK),
        (params, data + bytes(BEAT), 1, BAD_LENGTH),
        (params, data[:-BEAT], 1, BAD_LENGTH),
        (params, data, 0, OUTPUT_OVERFLOW),
        (params, data, 1, OK),
    ]:
        tag = host.submit(POLYHASH, params_now, data_now, room)
        await host.ring()
        done = await host.next()
        assert (done.tag, done.status) == (tag, status)
        assert status != OK or done.output == output
        assert status not in (BAD_PARAMETER, OUTPUT_OVERFLOW) or done.length == 0
    for beats, room in [(1, 0), (2, 1), (300, 299), (300, 17), (300, 128), (700, 0), (64, 64), (65, 64)]:
        data = host.random.randbytes(BEAT * beats)
        host.submit(ECHO, [], data, room, near_page=True)
        await host.ring()
        done = await host.next()
        assert done.status == (OK if room >= beats else OUTPUT_OVERFLOW)
        assert done.output == data[: room * BEAT]
    host.check()


@cocotb.test(skip=not KERNELS >> PARITIES & 1)
async def contradiction(dut):
    """An index out of range in a permutation: BAD_DATA, between good jobs."""
    host = await Host.start(dut, seed=11)
    rows = host.random.randbytes(BEAT * 16)
    for wrong, status in ((None, OK), (16, BAD_DATA), (None, OK)):
        indices = [15 - i for i in range(16)]
        indices[7] = indices[7] if wrong is None else wrong
        data = b"".join(i.to_bytes(2, "little") for i in indices) + rows
        tag = host.submit(PARITIES, [16, 1], data, 16)
        await host.ring()
        done = await host.next()
        assert (done.tag, done.status) == (tag, status)
        if status == OK:
            # The last output row is the parity of all rows.
            total = 0
            for at in range(0, len(rows), BEAT):
                total ^= int.from_bytes(rows[at : at + BEAT], "little")
            assert int.from_bytes(done.output[-BEAT:], "little") == total
    host.check()


@cocotb.test()
async def completion_queue_full(dut):
    """The core waits for room and overwrites nothing."""
    host = await Host.start(dut, seed=8, cq_log2=2)
    jobs = [host.random.randbytes(BEAT) for _ in range(10)]
    tags = [host.submit(ECHO, [], data) for data in jobs]
    await host.ring()
    await ClockCycles(dut.clk_i, 3000)
    assert await host.get("CQ_TAIL") == 3
    done = []
    for _ in range(3):
        done.append(await host.next(consume=False))
    await host.quiet(1000)
    while len(done) < 10:
        await host.put("CQ_HEAD", host.head)
        await ClockCycles(dut.clk_i, 400)
        while (now := host.take()) is not None:
            done.append(now)
    assert [d.tag for d in done] == tags and [d.output for d in done] == jobs
    host.check()


@cocotb.test()
async def interrupts(dut):
    """By count, by time, clearing with completions left, consuming without interrupt."""
    host = await Host.start(dut, seed=9)
    await host.put("IRQ_ENABLE", 3)
    await host.put("IRQ_COUNT", 3)
    await host.put("IRQ_TIME", 0xFFFFFFFF)

    async def run(jobs):
        for _ in range(jobs):
            host.submit(ECHO, [], bytes(BEAT))
        await host.ring()
        for _ in range(jobs):
            await host.next(consume=False)
        await ClockCycles(dut.clk_i, 60)

    async def line():
        assert await host.get("IRQ_STATUS") & 1 == int(dut.irq_o.value) & 1
        return int(dut.irq_o.value)

    await run(2)
    assert await line() == 0
    await run(1)
    assert await line() == 1
    # Cleared while three wait: one is counted, so two more make an interrupt.
    await host.put("IRQ_STATUS", 1)
    await run(1)
    assert await line() == 0
    await run(1)
    assert await line() == 1
    # Cleared with all consumed: counting starts afresh.
    await host.put("CQ_HEAD", host.head)
    await host.put("IRQ_STATUS", 1)
    await run(2)
    assert await line() == 0
    await host.put("CQ_HEAD", host.head)
    await run(2)
    assert await line() == 0
    await host.put("CQ_HEAD", host.head)
    # By time.
    await host.put("IRQ_TIME", 500)
    await run(1)
    assert await line() == 0
    await ClockCycles(dut.clk_i, 600)
    assert await line() == 1
    # Cleared, not consumed: comes again after the time; not enabled: not seen.
    await host.put("IRQ_STATUS", 1)
    await ClockCycles(dut.clk_i, 300)
    assert await line() == 0
    await ClockCycles(dut.clk_i, 300)
    assert await line() == 1
    await host.put("IRQ_ENABLE", 2)
    await ClockCycles(dut.clk_i, 2)
    assert int(dut.irq_o.value) == 0
    host.check()


@cocotb.test()
async def disable(dut):
    """Without CONTROL.enable no entry is read; jobs under way finish."""
    host = await Host.start(dut, seed=10)
    host.submit(ECHO, [], host.random.randbytes(BEAT * 600))
    await host.ring()
    await ClockCycles(dut.clk_i, 100)
    await host.put("CONTROL", 0)
    host.submit(ECHO, [], bytes(BEAT))
    await host.ring()
    assert (await host.next()).status == OK
    await host.quiet(300)
    assert await host.get("SQ_HEAD") == 1
    await host.put("CONTROL", ENABLE)
    assert (await host.next()).status == OK
    host.check()
