"""qkdpp_core at the ends of its ranges: every bit of the registers, counters of 64 bits and timers of 32 without waiting for
them (they are set from outside to where something happens), the longest buffers, the largest queues.
"""

import re

import cocotb
from cocotb import start_soon
from cocotb.triggers import ClockCycles
from cocotbext.axi import AxiProt
from host import BAD_DESCRIPTOR, ECHO, ENABLE, HALTED, IDLE, OK, READY, REGISTERS, RESET, TABLE, TIMEOUT, Host
from memory import BEAT

CYCLES = 64


def writable():
    """Address and mask of the registers that hold what is written to them."""
    masks = {}
    for line in TABLE.splitlines():
        row = re.match(r"\| (0x\w+)? *\| \w* *\| (\d+)(?::(\d+))? \| (\w+) \| ([^|]+) \|", line)
        if row:
            at = int(row[1], 16) if row[1] else at
            if row[5] == "read, write" and at != REGISTERS["CONTROL"]:
                low = row[3] or row[2]
                masks[at] = masks.get(at, 0) | (1 << int(row[2]) + 1) - (1 << int(low))
    return masks


@cocotb.test()
async def every_bit(dut):
    """What is written is read, byte by byte too, at any protection; nothing else changes, and nothing is behind the registers."""
    host = await Host.start(dut, seed=61, enable=False)
    registers = writable()
    assert len(registers) > 10
    held = dict.fromkeys(registers)
    for _ in range(6):
        for at in host.random.sample(list(registers), len(registers)):
            value = host.random.getrandbits(32)
            await host.bus.write(at, value.to_bytes(4, "little"), prot=AxiProt(host.random.randrange(8)))
            held[at] = value & registers[at]
        for at in registers:
            byte, value = host.random.randrange(4), host.random.getrandbits(8)
            await host.bus.write(at + byte, bytes([value]))
            held[at] = held[at] & ~(0xFF << 8 * byte) | value << 8 * byte & registers[at]
        for bit in range(9, 12):
            await host.bus.write(1 << bit | 4 * host.random.randrange(128), host.random.randbytes(4))
        for at, value in held.items():
            read = await host.bus.read(at, 4, prot=AxiProt(host.random.randrange(8)))
            assert int.from_bytes(read.data, "little") == value, hex(at)
            byte = host.random.randrange(4)
            assert (await host.bus.read(at + byte, 1)).data[0] == value >> 8 * byte & 0xFF
    for at in (1 << 11 | 0x100, 0x200, 0xFFC):
        assert (await host.bus.read(at, 4)).data == bytes(4)


@cocotb.test()
async def crowded_registers(dut):
    """Many accesses at once, whose answers are not taken for a while: none is lost or answered twice."""
    host = await Host.start(dut, seed=62, enable=False)
    registers = [REGISTERS[name] for name in ("IRQ_TIME", "BUS_TIMEOUT", "SQ_BASE_HI", "CQ_BASE_HI")]
    for _ in range(10):
        values = [host.random.randbytes(4) for _ in registers]
        for channel in (host.bus.write_if.b_channel, host.bus.read_if.r_channel):
            channel.pause = True
        writes = [start_soon(host.bus.write(at, value)) for at, value in zip(registers, values, strict=True)]
        reads = [start_soon(host.bus.read(REGISTERS["ID"], 16)) for _ in range(3)]
        await ClockCycles(dut.clk_i, host.random.randint(5, 60))
        for channel in (host.bus.write_if.b_channel, host.bus.read_if.r_channel):
            channel.pause = False
        for task in writes:
            await task
        for task in reads:
            assert (await task).data[:4] == b"PDKQ"
        assert [(await host.bus.read(at, 4)).data for at in registers] == values


@cocotb.test()
async def wide_counters(dut):
    """Each counter has 64 bits, and carries into all of them."""
    host = await Host.start(dut, seed=63)
    counters = dut.u_registers.u_counters
    present = await host.get("CAP_KERNELS")
    for step in range(4):
        for kernel in (k for k in range(6) if present >> k & 1):
            values = [host.random.getrandbits(64) for _ in range(4)]
            counters.g_kernel[kernel].g_there.count_q.value = sum(v << 64 * n for n, v in enumerate(values))
            await ClockCycles(dut.clk_i, 2)
            assert [await host.counter(4 * kernel + n) for n in range(4)] == values
        start = (1 << 32 + 8 * step) - 50
        counters.core_count_q.value = sum(start << 64 * n for n in range(3))
        host.submit(ECHO, [], bytes(BEAT * 100))
        await host.ring()
        assert (await host.next()).status == OK
        assert await host.counter(CYCLES + 1) == start + 102
        assert await host.counter(CYCLES + 2) == start + 101
        assert start + 200 < await host.counter(CYCLES) < start + 2000
    for _ in range(6):
        values = [host.random.getrandbits(64) for _ in range(3)]
        counters.core_count_q.value = sum(v << 64 * n for n, v in enumerate(values))
        await ClockCycles(dut.clk_i, 2)
        assert [await host.counter(CYCLES + n) for n in (1, 2)] == values[1:]
        assert (await host.counter(CYCLES) - values[0]) % 2**64 < 500
    assert await host.counter(100) == 0
    host.check()


@cocotb.test()
async def long_jobs(dut):
    """A completion's cycles are right where the clock wraps, up to 32 bits, and saturate there."""
    host = await Host.start(dut, seed=64)
    clock = dut.u_registers.u_counters.core_count_q
    for longer in (0, 0, 1 << 20, 0xA5A5_0000, 0x5A5A_0000, 0xFFFF_0000, 1 << 32, 0xFF_0000_0000, 0x55_0000_0000):
        clock.value = host.random.getrandbits(40) if longer else (1 << 40) - 300
        data = host.random.randbytes(BEAT * 1200)
        host.submit(ECHO, [], data)
        await host.ring()
        # The first beat is at the kernel, the last one is not.
        await ClockCycles(dut.clk_i, 300)
        clock.value = (int(clock.value) + longer) % 2**64
        done = await host.next()
        assert (done.status, done.output) == (OK, data)
        if longer >= 1 << 32:
            assert done.cycles == 0xFFFFFFFF
        else:
            assert 1200 <= done.cycles - longer < 4000
    host.check()


@cocotb.test()
async def long_interrupt_time(dut):
    """IRQ_TIME is of 32 bits."""
    host = await Host.start(dut, seed=65)
    await host.put("IRQ_ENABLE", 1)
    await host.put("IRQ_COUNT", 0xFFF)
    timer = dut.u_registers.u_interrupt.timer_q
    for limit in (0xFFFF_FFF0, 0xAAAA_AAAA, 0x5555_5555):
        await host.put("IRQ_TIME", limit)
        host.submit(ECHO, [], bytes(BEAT))
        await host.ring()
        await host.next(consume=False)
        await ClockCycles(dut.clk_i, 50)
        timer.value = limit - 200
        await ClockCycles(dut.clk_i, 150)
        assert int(dut.irq_o.value) == 0
        await ClockCycles(dut.clk_i, 100)
        assert int(dut.irq_o.value) == 1
        await host.put("CQ_HEAD", host.head)
        await host.put("IRQ_STATUS", 1)
    # The timer stays at its end, and does not begin again.
    await host.put("IRQ_TIME", 0xFFFF_FFFF)
    host.submit(ECHO, [], bytes(BEAT))
    await host.ring()
    await host.next(consume=False)
    await ClockCycles(dut.clk_i, 50)
    timer.value = 0xFFFF_FFF0
    await ClockCycles(dut.clk_i, 100)
    assert int(dut.irq_o.value) == 1
    host.check()


@cocotb.test()
async def long_time_out(dut):
    """BUS_TIMEOUT is of 32 bits: for the bus, and for the wait of a core that halts."""
    host = await Host.start(dut, seed=66)
    ticks, waited = dut.u_watch.timer_q, dut.u_control.timer_q
    for limit in (0xFFFF_FFFC, 0xAAAA_AAA8, 0x5555_5554):
        await host.put("BUS_TIMEOUT", limit)
        tag = host.submit(ECHO, [], bytes(BEAT * 2))
        host.memory.lose_reads = {host.jobs[tag].source}
        await host.ring()
        await ClockCycles(dut.clk_i, 200)
        for _ in range(5):
            assert await host.get("STATUS") & READY
            ticks.value = (limit >> 2) - 20
            await ClockCycles(dut.clk_i, 40)
        assert not await host.get("STATUS") & (READY | HALTED), "it waits for the bus once more"
        waited.value = limit - 60
        await ClockCycles(dut.clk_i, 20)
        assert not await host.get("STATUS") & HALTED
        await host.status(HALTED, HALTED, limit=50)
        assert await host.get("ERROR") & 15 == TIMEOUT
        host.memory.find_reads()
        await host.reset()
    host.check()


@cocotb.test()
async def longest_buffers(dut):
    """Room for up to 4 GiB of output, of which little is used; a reset in the middle of as much input."""
    host = await Host.start(dut, seed=67)
    for room in [2**27 - 1, 2**26, 2**26 - 1, *(host.random.getrandbits(27) for _ in range(8))]:
        data = host.random.randbytes(BEAT * host.random.randint(1, 200))
        tag = host.submit(ECHO, [], data, room)
        await host.ring()
        done = await host.next()
        assert (done.tag, done.status, done.output) == (tag, OK, data)
    for length in [2**27 - 1, 2**26, *(host.random.getrandbits(27) for _ in range(6))]:
        source = host.memory.map(length, readable=True)
        low, high = source & 0xFFFFFFFF, source >> 32
        tag = host.submit(ECHO, [], bytes(BEAT), room=150, change={2: low, 3: high, 4: length * BEAT})
        await host.ring()
        await ClockCycles(dut.clk_i, 400)
        inside = [at for at, _, _ in host.memory.reads if source <= at < source + length * BEAT]
        assert inside == sorted(inside) and len(inside) > 3 and inside[0] == source
        await host.reset()
        await host.status(IDLE, IDLE)
        host.scrubbed()
    data = host.random.randbytes(BEAT * 9000)
    host.submit(ECHO, [], data)
    await host.ring()
    done = await host.next(limit=60_000)
    assert (done.status, done.output) == (OK, data)
    host.check()


@cocotb.test()
async def largest_queues(dut):
    """Queues of 4096 entries, once round and more, whose completions are taken all at once; queues of all other sizes."""
    host = await Host.start(dut, seed=68, sq_log2=12, cq_log2=12)
    await host.put("IRQ_ENABLE", 1)
    await host.put("IRQ_COUNT", 4000)
    await host.put("IRQ_TIME", 0xFFFF_FFFF)
    for jobs, interrupt in ((3999, 0), (96, 1), (300, 0)):
        tags = [host.submit(ECHO, [], bytes(BEAT), change={4: 1}) for _ in range(jobs)]
        await host.ring()
        for tag in tags:
            done = await host.next(consume=False)
            assert (done.tag, done.status) == (tag, BAD_DESCRIPTOR)
        await ClockCycles(dut.clk_i, 50)
        assert await host.get("IRQ_STATUS") == interrupt
        if interrupt:
            await host.put("CQ_HEAD", host.head)
            await host.put("IRQ_STATUS", 1)
    assert await host.get("SQ_HEAD") == host.tail == 299
    host.check()


@cocotb.test()
async def sizes_of_queues(dut):
    """Of 2^k entries; a k that is none of 1 to 12 is taken as the nearest of them."""
    host = await Host.start(dut, seed=69)
    for written in range(16):
        log2 = min(max(written, 1), 12)
        await host.put("CONTROL", RESET)
        await host.ready()
        await host.queues(log2, log2, enable=False)
        for queue in ("SQ", "CQ"):
            await host.put(f"{queue}_SIZE", written)
        await host.put("CONTROL", ENABLE)
        for _ in range(5 if log2 < 4 else 1):
            tag = host.submit(ECHO, [], bytes(BEAT))
            await host.ring()
            done = await host.next()
            assert (done.tag, done.status) == (tag, OK), written
        assert await host.get("SQ_HEAD") == host.tail and await host.get("CQ_TAIL") == host.head
    host.check()
