"""qkdpp_litepcie_bridge: the AXI4 master of cocotbext-axi on one side, host memory behind LitePCIe's ports on the other."""

import random
import sys
from pathlib import Path

import cocotb
from cocotb import start_soon
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge
from cocotbext.axi import AxiBus, AxiMaster, AxiResp
from link import Link

sys.path.append(str(Path(__file__).resolve().parents[1] / "core"))
from memory import Ports  # noqa: E402

WORD = 32
MOST = 64 * WORD


class Bench:
    """Master, link, and the order of answers."""

    def __init__(self, dut, seed, stall, **sizes):
        self.dut = dut
        self.random = random.Random(seed)
        self.link = Link(dut, seed, stall, **sizes)
        self.master = AxiMaster(AxiBus.from_prefix(Ports(dut, "s_axi"), "s_axi"), dut.clk_i, dut.rst_ni, False, max_burst_len=64)
        for half in (self.master.read_if, self.master.write_if):
            half.log.setLevel("ERROR")
        if stall:
            write, read = self.master.write_if, self.master.read_if
            for channel in (write.aw_channel, write.w_channel, write.b_channel, read.ar_channel, read.r_channel):
                channel.set_pause_generator(self._pauses(stall))
        start_soon(self._watch_answers())

    def _pauses(self, rate):
        while True:
            yield self.random.random() < rate

    @classmethod
    async def start(cls, dut, seed, stall=0.0, **sizes):
        """After a reset."""
        start_soon(Clock(dut.clk_i, 10, "ns").start())
        dut.rst_ni.value = 0
        bench = cls(dut, seed, stall, **sizes)
        await ClockCycles(dut.clk_i, 4)
        dut.rst_ni.value = 1
        await ClockCycles(dut.clk_i, 2)
        return bench

    async def _watch_answers(self):
        """No write is answered with OKAY before its last beat has been handed to the link."""
        dut = self.dut
        bursts, sent = [], 0
        while True:
            await RisingEdge(dut.clk_i)
            if int(dut.s_axi_bvalid_o.value) and int(dut.s_axi_bready_i.value):
                beats = 2 * bursts.pop(0)
                if int(dut.s_axi_bresp_o.value) == AxiResp.OKAY:
                    sent += beats
                    assert self.link.written_beats >= sent, "answered before it was sent"
            if int(dut.s_axi_awvalid_i.value) and int(dut.s_axi_awready_o.value):
                bursts.append(int(dut.s_axi_awlen_i.value) + 1)

    def place(self, index):
        """A range of whole words inside a page of its own, up to a burst long; below and above 4 GiB."""
        words = self.random.choice((1, 2, 3, self.random.randint(1, 64), 64))
        offset = self.random.randrange(0, 4096 - words * WORD + 1, WORD)
        base = self.random.choice((0, 1 << 32, (1 << 63) + (5 << 40)))
        return base + 4096 * (index + 1) + offset, words * WORD


async def finished(tasks):
    """Waits for all of them."""
    for task in tasks:
        await task


@cocotb.test()
@cocotb.parametrize((("max_read", "max_payload"), [(128, 128), (512, 256), (256, 512)]), stall=[0.0, 0.5])
async def carries_all_data(dut, max_read, max_payload, stall):
    bench = await Bench.start(dut, max_read + max_payload, stall, max_read=max_read, max_payload=max_payload)
    reads, writes = [], []
    for index in range(40):
        address, length = bench.place(2 * index)
        data = bench.random.randbytes(length)
        bench.link.load(address, data)
        reads.append((start_soon(bench.master.read(address, length)), data))
        address, length = bench.place(2 * index + 1)
        data = bench.random.randbytes(length)
        writes.append((start_soon(bench.master.write(address, data)), address, data))
    await finished(task for task, *_ in reads + writes)
    for task, data in reads:
        assert task.result().resp == AxiResp.OKAY and task.result().data == data
    for task, address, data in writes:
        assert task.result().resp == AxiResp.OKAY and bench.link.dump(address, len(data)) == data
    # No smaller pieces than needed.
    assert sum(length for _, length in bench.link.reads) == sum(len(data) for _, data in reads)
    for pieces, ranges, most in (
        (bench.link.reads, [(task.result().address, len(data)) for task, data in reads], max_read),
        (bench.link.writes, [(address, len(data)) for _, address, data in writes], max_payload),
    ):
        assert len(pieces) == sum((a + n - 1) // most - a // most + 1 for a, n in ranges)


@cocotb.test()
@cocotb.parametrize(stall=[0.0, 0.5])
async def errors_come_back_where_they_belong(dut, stall):
    bench = await Bench.start(dut, 7, stall)
    kinds = {"good": 0, "refused": 0, "poisoned": 0}
    tasks = []
    for index in range(60):
        address, length = bench.place(index)
        data = bench.random.randbytes(length)
        bench.link.load(address, data)
        kind = bench.random.choice(("good", "good", "refused", "poisoned"))
        if kind != "good":
            bench.link.fail[address + bench.random.randrange(0, length, 16)] = kind
        kinds[kind] += 1
        tasks.append((kind, data, start_soon(bench.master.read(address, length))))
    await finished(task for *_, task in tasks)
    for kind, data, task in tasks:
        assert task.result().resp == (AxiResp.OKAY if kind == "good" else AxiResp.SLVERR), kind
        assert kind == "refused" or task.result().data == data
    assert min(kinds.values()) > 5


@cocotb.test()
@cocotb.parametrize(stall=[0.0, 0.5])
async def asks_nothing_without_bus_mastering(dut, stall):
    bench = await Bench.start(dut, 8, stall)
    for attempt in range(6):
        allowed = attempt % 2
        dut.bus_master_i.value = allowed
        await RisingEdge(dut.clk_i)
        bench.link.reads.clear()
        bench.link.writes.clear()
        tasks = []
        for index in range(5):
            address, length = bench.place(2 * index)
            tasks.append(start_soon(bench.master.read(address, length)))
            address, length = bench.place(2 * index + 1)
            tasks.append(start_soon(bench.master.write(address, bench.random.randbytes(length))))
        await finished(tasks)
        want = AxiResp.OKAY if allowed else AxiResp.SLVERR
        assert all(task.result().resp == want for task in tasks)
        assert bool(bench.link.reads) == bool(bench.link.writes) == bool(allowed)


@cocotb.test()
async def bus_mastering_lost_in_mid_burst(dut):
    """What has been asked for is answered, the rest refused; a burst that is partly refused has failed, also if it ends well."""
    bench = await Bench.start(dut, 9, max_read=128, max_payload=128)
    read_from, write_to = 1 << 20, 1 << 24
    partly = 0
    for attempt in range(20):
        data = bench.random.randbytes(MOST)
        bench.link.load(read_from, data)
        bench.link.reads.clear()
        bench.link.writes.clear()
        read = start_soon(bench.master.read(read_from, MOST))
        write = start_soon(bench.master.write(write_to, data))
        await ClockCycles(dut.clk_i, 12 + 4 * attempt)
        dut.bus_master_i.value = 0
        await ClockCycles(dut.clk_i, 30)
        dut.bus_master_i.value = 1
        await finished((read, write))
        for task, pieces in ((read, bench.link.reads), (write, bench.link.writes)):
            whole = len(pieces) == MOST // 128
            partly += 0 < len(pieces) < MOST // 128
            assert task.result().resp == (AxiResp.OKAY if whole else AxiResp.SLVERR)
        for address, length in bench.link.reads:
            at = address - read_from
            assert read.result().data[at : at + length] == data[at : at + length]
        for address, length in bench.link.writes:
            at = address - write_to
            assert bench.link.dump(address, length) == data[at : at + length]
    assert partly > 10


@cocotb.test()
async def keeps_the_link_busy(dut):
    """A beat of the link in at least 95 % of the cycles, both ways at once, at a latency of 60 cycles."""
    bench = await Bench.start(dut, 10)
    bench.link.latency = (60, 60)
    tasks = []
    for index in range(12):
        tasks.append(start_soon(bench.master.read(index * MOST, MOST)))
        tasks.append(start_soon(bench.master.write((index + 100) * MOST, bytes(MOST))))
    await finished(tasks)
    for cycles in (bench.link.write_cycles, bench.link.completion_cycles):
        assert len(cycles) == 12 * MOST // 16
        rate = (len(cycles) - 1) / (cycles[-1] - cycles[0])
        dut._log.info(f"{rate:.3f} beats a cycle")
        assert rate >= 0.95
