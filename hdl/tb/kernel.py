"""Drives a kernel through the ports of KERNELS.md: jobs in, results and output out.

    kernel = await Kernel.start(dut, stall=0.3, seed=1)
    result = await kernel.job([n, planes], beats)
    assert result.status == OK and result.output == [...]
"""

from dataclasses import dataclass

from cocotb.triggers import RisingEdge

from stream import StreamSink, StreamSource, start

OK, BAD_DESCRIPTOR, BAD_PARAMETER, BAD_LENGTH, OUTPUT_OVERFLOW, BAD_DATA = range(6)


@dataclass
class Result:
    """What came of a job."""

    status: int
    r0: int
    r1: int
    output: list
    cycles: int
    """From the first input beat to the last output beat (or input beat, if there is no output), of a job alone."""


class Kernel:
    """A kernel with sources and sinks on all its streams."""

    def __init__(self, dut, stall, seed):
        self.dut = dut
        dut.clear_i.value = 0
        self.jobs = StreamSource(dut, "job", payload="params", stall=stall, seed=seed)
        self.input = StreamSource(dut, "in", stall=stall, seed=seed)
        self.output = StreamSink(dut, "out", stall=stall, seed=seed)
        self.done = StreamSink(dut, "done", payload="result", stall=stall, seed=seed)

    @classmethod
    async def start(cls, dut, stall=0.0, seed=0):
        """Starts the clock, resets the kernel and waits until it is idle."""
        kernel = cls(dut, stall, seed)
        await start(dut)
        await kernel.idle()
        return kernel

    def submit(self, params, beats):
        """Queues a job: params from p0 on, beats as integers."""
        self.jobs.put([sum(p << (32 * i) for i, p in enumerate(params))])
        self.input.put(beats)

    async def finish(self, limit=1_000_000):
        """Waits for the next result; the output is what came since the result before."""
        word = (await self.done.take(1, limit))[0]
        taken = self.input.cycles or [0]
        cycles = (self.output.cycles or taken)[-1] - taken[0] + 1
        result = Result(word >> 64, word & 0xFFFFFFFF, word >> 32 & 0xFFFFFFFF, self.output.words[:], cycles)
        self.output.flush()
        self.input.cycles.clear()
        return result

    async def job(self, params, beats, limit=1_000_000):
        """One job alone."""
        self.submit(params, beats)
        return await self.finish(limit)

    async def idle(self, limit=100_000):
        """Waits for idle_o."""
        for _ in range(limit):
            if int(self.dut.idle_o.value):
                return
            await RisingEdge(self.dut.clk_i)
        raise AssertionError(f"not idle in {limit} cycles")

    async def clear(self, limit=100_000):
        """Drops the job as the core does (KERNELS.md, rule 4)."""
        self.dut.clear_i.value = 1
        self.jobs.flush()
        self.input.flush()
        for _ in range(3):
            await RisingEdge(self.dut.clk_i)
        await self.idle(limit)
        self.dut.clear_i.value = 0
        self.output.flush()
        self.done.flush()
        await RisingEdge(self.dut.clk_i)
