"""The host's side of the core for the benches: registers over AXI4-Lite, queues and buffers in memory.

    host = await Host.start(dut)
    tag = host.submit(ECHO, [], beats)
    await host.ring()
    done = await host.complete(tag)
"""

import re
import struct
from dataclasses import dataclass, field
from pathlib import Path

from cocotb import start_soon
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge
from cocotbext.axi import AxiLiteBus, AxiLiteMaster

from memory import BEAT, Memory, Ports

ECHO, SIFT, PARITIES, LDPC, POLYHASH, TOEPLITZ = range(6)
OK, BAD_DESCRIPTOR, BAD_PARAMETER, BAD_LENGTH, OUTPUT_OVERFLOW, BAD_DATA = range(6)
READ_ERROR, WRITE_ERROR, TIMEOUT, PARITY = range(6, 10)
READY, ENABLED, HALTED, DRAINING, IDLE = (1 << bit for bit in range(5))
ENABLE, RESET = 1, 2

TABLE = (Path(__file__).resolve().parents[2] / "regs" / "REGISTERS.md").read_text()
REGISTERS = {name: int(at, 16) for at, name in re.findall(r"^\| (0x[0-9A-F]{3}) \| (\w+) ", TABLE, re.M)}


def _crc_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


_CRC = _crc_table()


def crc32c(data, before=0):
    """RFC 3720; goes on from the checksum of what comes before."""
    state = before ^ 0xFFFFFFFF
    for byte in data:
        state = state >> 8 ^ _CRC[(state ^ byte) & 0xFF]
    return state ^ 0xFFFFFFFF


@dataclass
class Job:
    """A submission and its buffers."""

    tag: int
    kernel: int
    entry: bytes
    data: bytes
    source: int
    room: int
    target: int


@dataclass
class Done:
    """A completion, and what the job's output buffer holds."""

    tag: int
    length: int
    crc_in: int
    crc_out: int
    results: tuple
    cycles: int
    status: int
    output: bytes = field(repr=False, default=b"")


class Host:
    """A driver, as plain as can be."""

    def __init__(self, dut, seed):
        self.dut = dut
        self.memory = Memory(dut, seed)
        self.random = self.memory.random
        self.bus = AxiLiteMaster(AxiLiteBus.from_prefix(Ports(dut, "s_axil"), "s_axil"), dut.clk_i, dut.rst_ni, False)
        for half in (self.bus.read_if, self.bus.write_if):
            half.log.setLevel("ERROR")
        self.jobs = {}

    @classmethod
    async def start(cls, dut, seed=1, sq_log2=6, cq_log2=6, enable=True):
        """Resets the core by its reset pin, waits until it is ready, gives it queues."""
        start_soon(Clock(dut.clk_i, 10, "ns").start())
        dut.rst_ni.value = 0
        host = cls(dut, seed)
        await ClockCycles(dut.clk_i, 5)
        dut.rst_ni.value = 1
        await ClockCycles(dut.clk_i, 2)
        await host.ready()
        await host.queues(sq_log2, cq_log2, enable)
        return host

    async def get(self, name):
        """Reads a register."""
        return int.from_bytes((await self.bus.read(REGISTERS[name], 4)).data, "little")

    async def put(self, name, value):
        """Writes a register."""
        await self.bus.write(REGISTERS[name], value.to_bytes(4, "little"))

    async def counter(self, index):
        """Reads a counter."""
        await self.put("COUNTER_SELECT", index)
        return await self.get("COUNTER_LO") | await self.get("COUNTER_HI") << 32

    async def status(self, mask, value, limit=5000):
        """Waits until STATUS & mask is value."""
        for _ in range(limit):
            if await self.get("STATUS") & mask == value:
                return
        raise AssertionError(f"STATUS is {await self.get('STATUS'):#x}")

    async def ready(self):
        """Waits for the end of a reset."""
        await self.status(READY | DRAINING, READY)

    async def queues(self, sq_log2, cq_log2, enable=True):
        """Fresh queues, then CONTROL.enable."""
        self.sq_size, self.cq_size = 1 << sq_log2, 1 << cq_log2
        self.sq = self.memory.map(2 * self.sq_size, readable=True) & ~63
        self.memory.buffers[-1].start = self.sq
        self.cq = self.memory.map(self.cq_size, writable=True)
        self.memory.load(self.cq, bytes(self.cq_size * BEAT))
        self.tail = self.head = 0
        self.phase = 1
        for prefix, base, log2 in (("SQ", self.sq, sq_log2), ("CQ", self.cq, cq_log2)):
            await self.put(f"{prefix}_BASE_LO", base & 0xFFFFFFFF)
            await self.put(f"{prefix}_BASE_HI", base >> 32)
            await self.put(f"{prefix}_SIZE", log2)
        if enable:
            await self.put("CONTROL", ENABLE)

    async def reset(self, sq_log2=6, cq_log2=6):
        """Resets the core and starts it again; all jobs are forgotten."""
        await self.put("CONTROL", RESET)
        await self.ready()
        self.memory.buffers.clear()
        self.jobs.clear()
        await self.queues(sq_log2, cq_log2)

    def push(self, entry):
        """Writes a submission entry."""
        self.memory.load(self.sq + 64 * self.tail, entry)
        self.tail = (self.tail + 1) % self.sq_size

    def submit(self, kernel, params, data, room=None, near_page=False, change=None):
        """Writes the entry of a job with fresh buffers; room in beats. `change` maps words of the entry to other values."""
        room = len(data) // BEAT if room is None else room
        tag = next(tag for tag in iter(lambda: self.random.getrandbits(32), None) if tag not in self.jobs)
        source = self.memory.map(len(data) // BEAT, readable=True, near_page=near_page)
        target = self.memory.map(room, writable=True, near_page=near_page)
        self.memory.load(source, data)
        low, high = (lambda x: x & 0xFFFFFFFF), (lambda x: x >> 32)
        words = [kernel, tag, low(source), high(source), len(data), room * BEAT, low(target), high(target)]
        words += [*params, *[0] * (8 - len(params))]
        for index, value in (change or {}).items():
            words[index] = value
        entry = struct.pack("<16I", *words)
        self.jobs[tag] = Job(tag, kernel, entry, data, source, room, target)
        self.push(entry)
        return tag

    async def ring(self):
        """The doorbell."""
        await self.put("SQ_TAIL", self.tail)

    def take(self):
        """The next completion, or None. Its buffers are taken back: the core must not touch them any more."""
        entry = self.memory.dump(self.cq + self.head * BEAT, BEAT)
        *words, last = struct.unpack("<8I", entry)
        if last >> 31 != self.phase:
            return None
        assert last & 0x7FFFFF00 == 0
        self.head = (self.head + 1) % self.cq_size
        self.phase ^= self.head == 0
        tag, length, crc_in, crc_out, r0, r1, cycles = words
        done = Done(tag, length, crc_in, crc_out, (r0, r1), cycles, last & 0xFF)
        job = self.jobs.pop(tag)
        done.output = self.memory.dump(job.target, length)
        self.memory.unmap(job.source)
        self.memory.unmap(job.target)
        assert length <= job.room * BEAT
        covered = struct.pack("<8I", tag, length, crc_in, 0, r0, r1, cycles, done.status)
        assert crc_out == crc32c(covered, crc32c(done.output)), "checksum of output and completion"
        if done.status < READ_ERROR:
            read = b"" if done.status == BAD_DESCRIPTOR else job.data
            assert crc_in == crc32c(read, crc32c(job.entry)), "checksum of submission and input"
        else:
            assert (length, crc_in, r0, r1, cycles) == (0, 0, 0, 0, 0)
        return done

    async def next(self, limit=20000, consume=True):
        """Waits for the next completion."""
        for _ in range(limit):
            done = self.take()
            if done:
                if consume:
                    await self.put("CQ_HEAD", self.head)
                return done
            await RisingEdge(self.dut.clk_i)
        raise AssertionError(f"no completion in {limit} cycles, STATUS {await self.get('STATUS'):#x}")

    async def quiet(self, cycles):
        """Nothing completes for so long."""
        await ClockCycles(self.dut.clk_i, cycles)
        assert self.take() is None

    def check(self):
        """To be called at the end of each test."""
        assert not self.memory.violations, self.memory.violations[:5]

    def scrubbed(self):
        """No memory of the channels holds anything but zeros."""
        for k in range(6):
            try:
                channel = self.dut.u_channels.g_kernel[k].g_there.u_channel
            except (AttributeError, IndexError):
                continue
            for fifo in (channel.u_input.u_fifo, channel.u_output.u_fifo):
                memory = fifo.u_ram.mem
                words = [int(memory[index].value) for index in range(len(memory))]
                assert not any(words), f"kernel {k}: {sum(map(bool, words))} words are left in {fifo._path}"
