"""Host memory behind the core's AXI4 master: cocotbext-axi's slave, with latency, reordering and faults in front of it.

Every access is checked: inside one buffer that was mapped for it, whole beats, not across 4 KiB. Where it is not, the access is
recorded in `violations`, which the host looks at after each test.
"""

import random
from dataclasses import dataclass

from cocotb import start_soon
from cocotb.triggers import RisingEdge
from cocotbext.axi import AxiBus, AxiSlaveRead, AxiSlaveWrite

BEAT = 32
OKAY, SLVERR, DECERR = 0, 2, 3


class Ports:
    """The ports of the device under test under their names without _i and _o, as cocotbext-axi wants them."""

    def __init__(self, dut, prefix):
        self._name = dut._name
        self._log = dut._log
        names = [name for name in dir(dut) if name.startswith(prefix) and name[-2:] in ("_i", "_o")]
        self._ports = {name[:-2]: getattr(dut, name) for name in names}

    def __dir__(self):
        return list(self._ports)

    def __getattr__(self, name):
        try:
            return self._ports[name]
        except KeyError:
            raise AttributeError(name) from None


@dataclass
class Buffer:
    """Where the core may read or write."""

    start: int
    end: int
    readable: bool
    writable: bool


class Delayed:
    """Stands before a channel of the slave: items come out `latency` cycles later, at most one a cycle, those of one ID in order,
    those of several at random if `shuffle`. `admit` may drop an item."""

    def __init__(self, memory, channel, identity, admit):
        self.memory = memory
        self.channel = channel
        self.identity = identity
        self.admit = admit
        self.waiting = []
        start_soon(self._fill())

    async def _fill(self):
        while True:
            item = await self.channel.recv()
            if self.admit(item):
                self.waiting.append((self.memory.cycle + self.memory.delay(), item))

    async def recv(self):
        while True:
            due = {}
            for index, (time, item) in enumerate(self.waiting):
                due.setdefault(self.identity(item), (index, time))
            ready = [index for index, time in due.values() if time <= self.memory.cycle]
            if ready:
                index = self.memory.random.choice(ready) if self.memory.shuffle else min(ready)
                return self.waiting.pop(index)[1]
            await RisingEdge(self.memory.clock)

    def __getattr__(self, name):
        return getattr(self.channel, name)


class Answers:
    """Stands behind the slave: passes its answers on, after a latency, with the error response of the day."""

    def __init__(self, memory, channel, field, identity):
        self.memory = memory
        self.channel = channel
        self.field = field
        self.identity = identity

    async def send(self, item):
        if getattr(item, self.field) != OKAY:
            setattr(item, self.field, self.memory.error_response)
        await self.channel.send(item)

    def __getattr__(self, name):
        return getattr(self.channel, name)


class Memory:
    """Host memory, by beats."""

    def __init__(self, dut, seed):
        self.dut = dut
        self.clock = dut.clk_i
        self.random = random.Random(seed)
        self.beats = {}
        self.buffers = []
        self.violations = []
        self.cycle = 0
        self.latency = (4, 4)
        self.shuffle = False
        self.error_response = SLVERR
        self.fail_reads = set()
        self.fail_writes = set()
        self.lose_reads = set()
        self.lose_writes = set()
        self.lost_reads = []
        self.lost_writes = []
        self.reads = []
        self.writes = []
        bus = AxiBus.from_prefix(Ports(dut, "m_axi"), "m_axi")
        self.read_slave = AxiSlaveRead(bus.read, dut.clk_i, dut.rst_ni, _Target(self), reset_active_level=False)
        self.write_slave = AxiSlaveWrite(bus.write, dut.clk_i, dut.rst_ni, _Target(self), reset_active_level=False)
        for slave in (self.read_slave, self.write_slave):
            slave.log.setLevel("ERROR")
        slave = self.read_slave
        slave.ar_channel = Delayed(self, slave.ar_channel, lambda item: int(item.arid), self._admit_read)
        slave.r_channel = Answers(self, slave.r_channel, "rresp", "rid")
        slave = self.write_slave
        slave.aw_channel = _Checked(slave.aw_channel, self._admit_write)
        slave.b_channel = _LateAnswers(self, slave.b_channel)
        start_soon(self._count())

    async def _count(self):
        while True:
            await RisingEdge(self.clock)
            self.cycle += 1

    def delay(self):
        """Cycles that the next access takes."""
        return self.random.randint(*self.latency)

    def stall(self, rate):
        """Makes each channel pause at random in that share of cycles."""
        channels = [self.read_slave.ar_channel, self.read_slave.r_channel, self.write_slave.aw_channel,
                    self.write_slave.w_channel, self.write_slave.b_channel]
        for channel in channels:
            inner = getattr(channel, "channel", channel)
            if rate:
                inner.set_pause_generator(self._pauses(rate))
            else:
                inner.clear_pause_generator()
                inner.pause = False

    def _pauses(self, rate):
        while True:
            yield self.random.random() < rate

    def map(self, beats, readable=False, writable=False, near_page=False):
        """A new buffer anywhere in the address space, not next to another one; returns its address."""
        while True:
            start = self.random.getrandbits(59) * BEAT
            if near_page:
                start = (start | 0xFFF) + 1 - BEAT * self.random.randint(1, 3)
            end = start + max(beats, 1) * BEAT
            if end + 8192 <= 1 << 64 and all(end + 8192 <= b.start or b.end + 8192 <= start for b in self.buffers):
                self.buffers.append(Buffer(start, start + beats * BEAT, readable, writable))
                return start

    def unmap(self, address):
        """Accesses to this buffer are violations from now on."""
        self.buffers = [b for b in self.buffers if b.start != address]

    def load(self, address, data):
        """The host writes."""
        assert address % BEAT == 0 and len(data) % BEAT == 0
        for at in range(0, len(data), BEAT):
            self.beats[(address + at) // BEAT] = data[at : at + BEAT]

    def dump(self, address, length):
        """The host reads."""
        return b"".join(self.beats.get(at // BEAT, bytes(BEAT)) for at in range(address, address + length, BEAT))

    def _check(self, kind, address, beats, allowed):
        if not any(b.start <= address and address + beats * BEAT <= b.end and allowed(b) for b in self.buffers):
            self.violations.append(f"{kind} of {beats} beats at {address:#x} is outside the buffers")
        if address % 4096 + beats * BEAT > 4096:
            self.violations.append(f"{kind} of {beats} beats at {address:#x} crosses 4 KiB")
        if address % BEAT:
            self.violations.append(f"{kind} at {address:#x} is not aligned")

    def _admit_read(self, item):
        address, beats = int(item.araddr), int(item.arlen) + 1
        self.reads.append((address, beats, int(item.arid)))
        self._check("read", address, beats, lambda b: b.readable)
        if self.lose_reads & set(range(address, address + beats * BEAT, BEAT)):
            self.lost_reads.append(item)
            return False
        return True

    def _admit_write(self, item):
        address, beats = int(item.awaddr), int(item.awlen) + 1
        self.writes.append((address, beats, int(item.awid)))
        self._check("write", address, beats, lambda b: b.writable)

    def find_reads(self):
        """Lets the reads through that were lost so far."""
        self.lose_reads.clear()
        self.read_slave.ar_channel.waiting.extend((self.cycle, item) for item in self.lost_reads)
        self.lost_reads.clear()

    def find_writes(self):
        """Answers the writes whose answers were lost so far."""
        self.lose_writes.clear()
        self.write_slave.b_channel.waiting.extend((self.cycle, item) for item in self.lost_writes)
        self.lost_writes.clear()


class _Checked:
    """Stands before a channel and shows each item to `check`."""

    def __init__(self, channel, check):
        self.channel = channel
        self.check = check

    async def recv(self):
        item = await self.channel.recv()
        self.check(item)
        return item

    def __getattr__(self, name):
        return getattr(self.channel, name)


class _LateAnswers:
    """Answers to writes: each comes after the memory's latency, in order; some are lost."""

    def __init__(self, memory, channel):
        self.memory = memory
        self.channel = channel
        self.waiting = []
        start_soon(self._pump())

    async def send(self, item):
        address, beats, _ = self.memory.writes[-1]
        if item.bresp != OKAY:
            item.bresp = self.memory.error_response
        if self.memory.lose_writes & set(range(address, address + beats * BEAT, BEAT)):
            self.memory.lost_writes.append(item)
            return
        self.waiting.append((self.memory.cycle + self.memory.delay(), item))

    async def _pump(self):
        while True:
            await RisingEdge(self.memory.clock)
            while self.waiting and self.waiting[0][0] <= self.memory.cycle:
                await self.channel.send(self.waiting.pop(0)[1])

    def __getattr__(self, name):
        return getattr(self.channel, name)


class _Target:
    """What the slaves read and write."""

    def __init__(self, memory):
        self.memory = memory

    async def read(self, address, length):
        if address in self.memory.fail_reads:
            raise OSError("refused")
        return self.memory.dump(address, length)

    async def write(self, address, data):
        if address in self.memory.fail_writes:
            raise OSError("refused")
        assert len(data) == BEAT, "the core writes whole beats"
        self.memory.beats[address // BEAT] = bytes(data)
