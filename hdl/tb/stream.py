"""Valid/ready streams for the benches: a source, a sink, and the protocol checks, with random stalls on either side.

A stream named `in` of a module is in_valid_i, in_ready_o, in_data_i and maybe in_last_i; one named `out` has the directions
exchanged. `payload` names the data: job_params_i is the payload `params` of the stream `job`.

Everything random comes from the seed given. Signals are read at the rising edge, as a register would see them.
"""

import json
import os
import random

from cocotb import start_soon
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge

PARAMETERS = json.loads(os.environ.get("QKDPP_PARAMETERS", "{}"))
"""The module's parameters in the configuration that is run (those that the bench.toml gives)."""


class Stalls:
    """Decides for each cycle whether to stall, in phases of random length and kind; `rate` is the share of stalled cycles
    in the mixed phases, 0 means never."""

    def __init__(self, rate, seed):
        self.rate = rate
        self._random = random.Random(seed)
        self._left = 0
        self._now = 0.0

    def stall(self):
        """Whether to stall in this cycle."""
        if not self.rate:
            return False
        if not self._left:
            self._left = self._random.randint(1, 40)
            self._now = self._random.choice((0.0, 0.95, self.rate, self.rate))
        self._left -= 1
        return self._random.random() < self._now


class StreamSource:
    """Drives a stream into the device under test. Construct it before the first await, `put` at any time."""

    def __init__(self, dut, prefix="in", *, payload="data", stall=0.0, seed=0):
        self.name = prefix
        self._clock = dut.clk_i
        self._reset = dut.rst_ni
        self._valid = getattr(dut, f"{prefix}_valid_i")
        self._ready = getattr(dut, f"{prefix}_ready_o")
        self._data = getattr(dut, f"{prefix}_{payload}_i")
        self._last = getattr(dut, f"{prefix}_last_i", None)
        self.stalls = Stalls(stall, f"source {prefix} {seed}")
        self._noise = random.Random(f"noise {prefix} {seed}")
        self._queue = []
        self.cycle = 0
        self.cycles = []
        """The cycle in which each word was taken."""
        self._valid.value = 0
        self._data.value = 0
        if self._last is not None:
            self._last.value = 0
        start_soon(self._run())

    def put(self, words, *, last=True):
        """Queues words (integers), the final one with the last flag if `last`."""
        words = list(words)
        for index, word in enumerate(words):
            self._queue.append((word, last and index + 1 == len(words)))

    def flush(self):
        """Forgets what is queued and drops valid: for a clear in mid-job."""
        self._queue.clear()
        self._valid.value = 0
        self._offered = False

    @property
    def waiting(self):
        """Words not taken yet."""
        return len(self._queue)

    async def drained(self, limit=1_000_000):
        """Waits until all words are taken."""
        for _ in range(limit):
            if not self._queue:
                return
            await RisingEdge(self._clock)
        raise AssertionError(f"{self.name}: {len(self._queue)} words not taken in {limit} cycles")

    async def _run(self):
        self._offered = False
        width = len(self._data)
        while True:
            await RisingEdge(self._clock)
            self.cycle += 1
            if not int(self._reset.value):
                self._offered = False
                self._valid.value = 0
                continue
            if self._offered and int(self._ready.value):
                self._queue.pop(0)
                self.cycles.append(self.cycle)
                self._offered = False
            if not self._offered:
                self._offered = bool(self._queue) and not self.stalls.stall()
                self._valid.value = int(self._offered)
                if self._offered:
                    word, last = self._queue[0]
                    self._data.value = word
                    if self._last is not None:
                        self._last.value = int(last)
                elif self.stalls.rate:
                    # Whoever looks at the data without looking at valid shall be found out.
                    self._data.value = self._noise.getrandbits(width)
                    if self._last is not None:
                        self._last.value = self._noise.getrandbits(1)


class StreamSink:
    """Takes a stream out of the device under test and checks it: valid is not dropped and data do not change before ready,
    but while clear_i is high or in reset."""

    def __init__(self, dut, prefix="out", *, payload="data", stall=0.0, seed=0):
        self.name = prefix
        self._clock = dut.clk_i
        self._reset = dut.rst_ni
        self._clears = [h for h in (getattr(dut, n, None) for n in ("clear_i", "scrub_i")) if h is not None]
        self._valid = getattr(dut, f"{prefix}_valid_o")
        self._ready = getattr(dut, f"{prefix}_ready_i")
        self._data = getattr(dut, f"{prefix}_{payload}_o")
        self._last = getattr(dut, f"{prefix}_last_o", None)
        self.stalls = Stalls(stall, f"sink {prefix} {seed}")
        self.words = []
        """Words taken, in order."""
        self.lasts = []
        """Their last flags, if the stream has one."""
        self.cycle = 0
        self.cycles = []
        """The cycle in which each word was taken."""
        self._ready.value = 0
        start_soon(self._run())

    def flush(self):
        """Forgets what has been taken."""
        self.words.clear()
        self.lasts.clear()
        self.cycles.clear()

    async def take(self, count, limit=1_000_000):
        """Waits for `count` words, removes and returns them."""
        for _ in range(limit):
            if len(self.words) >= count:
                taken = self.words[:count]
                del self.words[:count], self.lasts[:count]
                return taken
            await RisingEdge(self._clock)
        raise AssertionError(f"{self.name}: {len(self.words)} of {count} words in {limit} cycles")

    async def _run(self):
        pending = None
        ready = False
        while True:
            await RisingEdge(self._clock)
            self.cycle += 1
            if not int(self._reset.value) or any(int(clear.value) for clear in self._clears):
                pending = None
            elif int(self._valid.value):
                last = int(self._last.value) if self._last is not None else None
                word = (int(self._data.value), last)
                assert pending in (None, word), f"{self.name}: data changed before ready"
                pending = None if ready else word
                if ready:
                    self.words.append(word[0])
                    self.lasts.append(last)
                    self.cycles.append(self.cycle)
            else:
                assert pending is None, f"{self.name}: valid dropped before ready"
            ready = not self.stalls.stall()
            self._ready.value = int(ready)


async def start(dut):
    """Starts the clock, of 10 ns, and resets: once in each test."""
    start_soon(Clock(dut.clk_i, 10, unit="ns").start())
    await reset(dut)


async def reset(dut, cycles=4):
    """Resets, in mid-job too."""
    dut.rst_ni.value = 0
    for _ in range(cycles):
        await RisingEdge(dut.clk_i)
    dut.rst_ni.value = 1
    await RisingEdge(dut.clk_i)
