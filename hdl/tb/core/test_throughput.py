"""qkdpp_core: beats used of the bus at a read latency of 250 cycles, and the counters."""

import cocotb
from cocotb import start_soon
from cocotb.triggers import RisingEdge
from host import ECHO, OK, Host
from memory import BEAT

BUSY, STALL_INPUT, STALL_OUTPUT, JOBS = range(4)
CYCLES, READ_BEATS, WRITE_BEATS = 64, 65, 66


class Traffic:
    """Beats of one channel: how many between the first and the last."""

    def __init__(self, dut, valid, ready):
        self.valid, self.ready = getattr(dut, valid), getattr(dut, ready)
        self.beats = self.first = self.last = self.cycle = 0
        start_soon(self._watch(dut.clk_i))

    async def _watch(self, clock):
        while True:
            await RisingEdge(clock)
            self.cycle += 1
            if int(self.valid.value) and int(self.ready.value):
                self.beats += 1
                self.first = self.first or self.cycle
                self.last = self.cycle

    def rate(self):
        return self.beats / (self.last - self.first + 1)


async def measure(dut, jobs, beats, seed):
    host = await Host.start(dut, seed=seed)
    host.memory.latency = (250, 250)
    before = [await host.counter(n) for n in (READ_BEATS, WRITE_BEATS, CYCLES)]
    reads = Traffic(dut, "m_axi_rvalid_i", "m_axi_rready_o")
    writes = Traffic(dut, "m_axi_wvalid_o", "m_axi_wready_i")
    data = host.random.randbytes(BEAT * beats)
    tags = [host.submit(ECHO, [], data) for _ in range(jobs)]
    await host.ring()
    for tag in tags:
        done = await host.next()
        assert (done.tag, done.status) == (tag, OK) and done.output == data
        assert beats < done.cycles < 3 * beats
    after = [await host.counter(n) for n in (READ_BEATS, WRITE_BEATS, CYCLES)]
    read, written, cycles = (b - a for a, b in zip(before, after))
    # Entries are two beats, completions one.
    assert read == reads.beats == jobs * (beats + 2)
    assert written == writes.beats == jobs * (beats + 1)
    assert await host.counter(JOBS) == jobs
    busy = await host.counter(BUSY)
    assert jobs * beats < busy <= cycles
    assert await host.counter(STALL_INPUT) + await host.counter(STALL_OUTPUT) < busy
    dut._log.info(f"{jobs} jobs of {beats} beats: {reads.rate():.3f} of the read beats, {writes.rate():.3f} of the write beats")
    host.check()
    return reads.rate(), writes.rate()


@cocotb.test()
async def long_jobs(dut):
    """At least 90 % of the beats both ways, over several jobs, their ends and beginnings included."""
    reads, writes = await measure(dut, jobs=5, beats=1500, seed=41)
    assert reads >= 0.9 and writes >= 0.9


@cocotb.test()
async def short_jobs(dut):
    """Jobs of 2 KiB: eight in flight cover most of what the latency costs twice over, reading and writing."""
    reads, writes = await measure(dut, jobs=40, beats=64, seed=42)
    assert reads >= 0.7 and writes >= 0.7
