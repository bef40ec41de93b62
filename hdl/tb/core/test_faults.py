"""qkdpp_core: errors and silence of the bus, parity, reset at any time. After each of them the core works again."""

import cocotb
from cocotb.triggers import ClockCycles, RisingEdge
from host import (DRAINING, ECHO, ENABLE, ENABLED, HALTED, IDLE, OK, PARITY, POLYHASH, READ_ERROR, READY, RESET, TIMEOUT,
                  WRITE_ERROR, Host)
from memory import BEAT, DECERR, SLVERR

QUEUE = 255


async def halted(host, code, kernel, tag, address):
    """The core halts, says why, and does nothing more."""
    await host.status(HALTED | ENABLED | READY, HALTED)
    error = await host.get("ERROR")
    assert (error & 15, error >> 8) == (code, kernel)
    assert await host.get("ERROR_TAG") == tag
    assert await host.get("ERROR_ADDR_LO") | await host.get("ERROR_ADDR_HI") << 32 == address
    assert await host.get("IRQ_STATUS") & 2
    assert int(host.dut.irq_o.value) & 2
    accesses = len(host.memory.reads), len(host.memory.writes)
    host.submit(ECHO, [], bytes(BEAT))
    await host.ring()
    await host.put("CONTROL", ENABLE)
    await ClockCycles(host.dut.clk_i, 300)
    assert (len(host.memory.reads), len(host.memory.writes)) == accesses
    assert await host.get("STATUS") & (HALTED | ENABLED) == HALTED


async def works(host):
    """After a reset: nothing left, everything works."""
    assert await host.get("STATUS") & (READY | HALTED | DRAINING) == READY
    assert await host.get("ERROR") == 0
    assert await host.get("IRQ_STATUS") == 0
    for _ in range(3):
        data = host.random.randbytes(BEAT * host.random.randint(1, 100))
        tag = host.submit(ECHO, [], data)
        await host.ring()
        done = await host.next()
        assert (done.tag, done.status, done.output) == (tag, OK, data)


async def started(dut, seed):
    host = await Host.start(dut, seed=seed)
    await host.put("IRQ_ENABLE", 3)
    await host.put("BUS_TIMEOUT", 800)
    return host


@cocotb.test()
async def read_errors(dut):
    """SLVERR and DECERR in the middle of a job's input, with other jobs in flight."""
    host = await started(dut, 21)
    for response in (SLVERR, DECERR):
        host.memory.error_response = response
        good = host.submit(ECHO, [], host.random.randbytes(BEAT * 10))
        bad = host.submit(ECHO, [], host.random.randbytes(BEAT * 200))
        address = host.jobs[bad].source + BEAT * host.random.randrange(200)
        host.memory.fail_reads = {address}
        host.submit(ECHO, [], host.random.randbytes(BEAT * 50))
        host.submit(POLYHASH, [1, 256, 256], host.random.randbytes(BEAT * 2), 1)
        await host.ring()
        await host.status(HALTED, HALTED)
        done = {d.tag: d.status for d in iter(host.take, None)}
        assert done.pop(bad) == READ_ERROR
        assert done.pop(good, OK) == OK and set(done.values()) <= {OK}
        await halted(host, READ_ERROR, 0, bad, address)
        host.memory.fail_reads = set()
        await host.reset()
        host.scrubbed()
        await works(host)
    host.check()


@cocotb.test()
async def write_errors(dut):
    """SLVERR and DECERR to an output burst: the address is the burst's."""
    host = await started(dut, 22)
    for response in (SLVERR, DECERR):
        host.memory.error_response = response
        bad = host.submit(ECHO, [], host.random.randbytes(BEAT * 300))
        beat = host.jobs[bad].target + BEAT * host.random.randrange(300)
        host.memory.fail_writes = {beat}
        host.submit(ECHO, [], host.random.randbytes(BEAT * 50))
        await host.ring()
        await host.status(HALTED, HALTED)
        burst = next(at for at, beats, _ in host.memory.writes if at <= beat < at + beats * BEAT)
        assert [(d.tag, d.status) for d in iter(host.take, None)] == [(bad, WRITE_ERROR)]
        await halted(host, WRITE_ERROR, 0, bad, burst)
        host.memory.fail_writes = set()
        await host.reset()
        host.scrubbed()
        await works(host)
    host.check()


@cocotb.test()
async def queue_errors(dut):
    """Errors at the queues themselves: no completion, ERROR.kernel = 255."""
    host = await started(dut, 23)
    host.memory.fail_reads = {host.sq + BEAT}
    host.submit(ECHO, [], bytes(BEAT))
    await host.ring()
    await host.status(HALTED, HALTED)
    assert host.take() is None
    await halted(host, READ_ERROR, QUEUE, 0, host.sq)
    host.memory.fail_reads = set()
    await host.reset()
    await works(host)
    address = host.cq + BEAT * host.head
    host.memory.fail_writes = {address}
    host.submit(ECHO, [], bytes(BEAT))
    await host.ring()
    await host.status(HALTED, HALTED)
    await halted(host, WRITE_ERROR, QUEUE, 0, address)
    host.memory.fail_writes = set()
    await host.reset()
    await works(host)
    host.check()


@cocotb.test()
async def error_without_room(dut):
    """The completion queue is full when an error arises: the core halts without a completion."""
    host = await started(dut, 24)
    await host.reset(cq_log2=1)
    host.submit(ECHO, [], bytes(BEAT))
    await host.ring()
    assert (await host.next(consume=False)).status == OK
    bad = host.submit(ECHO, [], bytes(BEAT * 20))
    host.memory.fail_reads = {host.jobs[bad].source + BEAT * 7}
    await host.ring()
    await host.status(HALTED, HALTED)
    assert host.take() is None
    await halted(host, READ_ERROR, 0, bad, host.jobs[bad].source + BEAT * 7)
    host.memory.fail_reads = set()
    await host.reset()
    await works(host)
    host.check()


async def silence(host, lose, find, address):
    """The bus does not answer: TIMEOUT; a reset waits until it has, or for ever."""
    before = host.memory.cycle
    tag = lose()
    await host.ring()
    await host.status(HALTED, HALTED)
    assert 800 < host.memory.cycle - before < 4000
    assert host.take() is None
    await halted(host, TIMEOUT, 0, tag, address(tag))
    await host.put("CONTROL", RESET)
    await ClockCycles(host.dut.clk_i, 2000)
    assert await host.get("STATUS") == DRAINING
    find()
    await host.ready()
    await host.reset()
    host.scrubbed()
    await works(host)


@cocotb.test()
async def silent_reads(dut):
    host = await started(dut, 25)

    def lose():
        tag = host.submit(ECHO, [], host.random.randbytes(BEAT * 100))
        host.memory.lose_reads = {host.jobs[tag].source + BEAT * 99}
        return tag

    def address(tag):
        job = host.jobs[tag]
        return max(at for at, _, _ in host.memory.reads if job.source <= at < job.source + len(job.data))

    await silence(host, lose, host.memory.find_reads, address)
    host.check()


@cocotb.test()
async def silent_writes(dut):
    host = await started(dut, 26)

    def lose():
        tag = host.submit(ECHO, [], host.random.randbytes(BEAT * 100))
        host.memory.lose_writes = {host.jobs[tag].target + BEAT * 99}
        return tag

    def address(tag):
        job = host.jobs[tag]
        return max(at for at, _, _ in host.memory.writes if job.target <= at < job.target + len(job.data))

    await silence(host, lose, host.memory.find_writes, address)
    host.check()


@cocotb.test()
async def stuck_channels(dut):
    """A channel that takes nothing at all: address of reads, address and data of writes."""
    host = await started(dut, 27)
    for channel in (host.memory.read_slave.ar_channel.channel, host.memory.write_slave.aw_channel.channel,
                    host.memory.write_slave.w_channel):
        host.submit(ECHO, [], host.random.randbytes(BEAT * 1200))
        await host.ring()
        await ClockCycles(dut.clk_i, 100)
        channel.pause = True
        await host.status(HALTED, HALTED)
        assert await host.get("ERROR") & 15 == TIMEOUT
        await host.put("CONTROL", RESET)
        await ClockCycles(dut.clk_i, 1000)
        assert await host.get("STATUS") == DRAINING
        channel.pause = False
        await host.ready()
        await host.reset()
        await works(host)
    host.check()


@cocotb.test()
async def slow_bus(dut):
    """A bus that is slow but not silent does not time out; no limit, no time-out."""
    host = await started(dut, 28)
    host.memory.latency = (600, 700)
    await works(host)
    await host.put("BUS_TIMEOUT", 0)
    host.memory.latency = (3000, 3100)
    data = host.random.randbytes(BEAT)
    host.submit(ECHO, [], data)
    await host.ring()
    assert (await host.next(limit=40000)).output == data
    host.check()


@cocotb.test()
async def parity(dut):
    """A flipped bit in a FIFO stops the core before the beat is completed."""
    host = await started(dut, 29)
    await host.put("BUS_TIMEOUT", 0)
    channel = dut.u_channels.g_kernel[0].g_there.u_channel
    for fifo, paused in ((channel.u_output.u_fifo, host.memory.write_slave.w_channel),
                         (channel.u_input.u_fifo, host.memory.write_slave.w_channel)):
        tag = host.submit(ECHO, [], host.random.randbytes(BEAT * 900))
        await host.ring()
        paused.pause = True
        await ClockCycles(dut.clk_i, 1500)
        # Both FIFOs are full now; the words behind the one at the output wait in the memory.
        at = (int(fifo.u_pointers.read_addr_o.value) + 5) % 512
        word = fifo.u_ram.mem[at]
        word.value = int(word.value) ^ 1 << host.random.randrange(256)
        await RisingEdge(dut.clk_i)
        paused.pause = False
        await host.status(HALTED, HALTED)
        assert [(d.tag, d.status) for d in iter(host.take, None)] == [(tag, PARITY)]
        await halted(host, PARITY, 0, tag, 0)
        await host.reset()
        host.scrubbed()
        await works(host)
    host.check()


@cocotb.test()
async def reset_at_any_time(dut):
    """Resets while jobs are in every stage: nothing of them remains or arrives later."""
    host = await started(dut, 30)
    for step in range(14):
        host.memory.latency = (1, host.random.choice((5, 100, 300)))
        host.memory.stall(host.random.choice((0, 0.4)))
        for _ in range(host.random.randint(1, 6)):
            beats = host.random.randint(2, 300)
            data = host.random.randbytes(BEAT * beats)
            if host.random.random() < 0.6:
                host.submit(ECHO, [], data)
            else:
                host.submit(POLYHASH, [1, 256 * (beats - 1), 256 * (beats - 1)], data, 1)
        await host.ring()
        await ClockCycles(dut.clk_i, host.random.randint(1, 900))
        await host.reset()
        if step % 4 == 0:
            host.scrubbed()
        host.memory.stall(0)
        await works(host)
        await host.status(IDLE, IDLE)
    host.check()
