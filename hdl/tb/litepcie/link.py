"""Host memory behind two ports of a LitePCIe crossbar: what is beyond the bridge's ports, by the rules of PCI Express.

Requests are checked as they come: sizes, boundaries, packets held together. Read requests are answered in order, each after a
latency, in completions that end at random multiples of 64 bytes, some with errors.
"""

import random

from cocotb import start_soon
from cocotb.triggers import RisingEdge

from stream import Stalls

READ_BOUNDARY = 64


class Link:
    """Both ports."""

    def __init__(self, dut, seed, stall=0.0, max_read=512, max_payload=256, requests=8):
        self.dut = dut
        self.random = random.Random(f"link {seed}")
        self.stall_requests = Stalls(stall, f"requests {seed}")
        self.stall_writes = Stalls(stall, f"writes {seed}")
        self.stall_completions = Stalls(stall, f"completions {seed}")
        self.max_read, self.max_payload, self.requests = max_read, max_payload, requests
        self.latency = (10, 60)
        self.memory = {}
        self.fail = {}
        """By address of a beat of 16 bytes: "refused", a completion without data, or "poisoned", data with an error."""
        self.reads = []
        self.writes = []
        self.written_beats = self.completed_beats = 0
        self.write_cycles, self.completion_cycles = [], []
        self.cycle = 0
        self._waiting = []
        dut.max_read_i.value = max_read
        dut.max_payload_i.value = max_payload
        dut.bus_master_i.value = 1
        for name in ("write_ready_i", "read_ready_i", "completion_valid_i", "completion_last_i", "completion_end_i",
                     "completion_err_i", "completion_dat_i"):
            getattr(dut, name).value = 0
        for run in (self._take_writes, self._take_reads, self._complete):
            start_soon(run())

    def load(self, address, data):
        """The host writes."""
        for at in range(0, len(data), 16):
            self.memory[address + at] = bytes(data[at : at + 16])

    def dump(self, address, length):
        """The host reads."""
        return b"".join(self.memory.get(at, bytes(16)) for at in range(address, address + length, 16))

    def _check(self, address, length, most):
        assert length and length % 32 == 0 and address % 32 == 0, f"{length} bytes at {address:#x}"
        assert length <= most, f"{length} bytes where {most} are allowed"
        assert address // most == (address + length - 1) // most, f"{length} bytes at {address:#x} cross a boundary"
        assert address % 4096 + length <= 4096, f"{length} bytes at {address:#x} cross 4 KiB"

    async def _take_writes(self):
        dut = self.dut
        packet, ready = None, False
        while True:
            await RisingEdge(dut.clk_i)
            self.cycle += 1
            if int(dut.write_valid_o.value) and ready:
                address, length = int(dut.write_adr_o.value), 4 * int(dut.write_len_o.value)
                first, last = int(dut.write_first_o.value), int(dut.write_last_o.value)
                assert first == (packet is None)
                if first:
                    self._check(address, length, self.max_payload)
                    self.writes.append((address, length))
                    packet = (address, length, 0)
                assert packet[:2] == (address, length)
                done = packet[2]
                self.memory[address + done] = int(dut.write_dat_o.value).to_bytes(16, "little")
                packet = (address, length, done + 16)
                assert last == (done + 16 == length), f"beat {done // 16} of {length // 16}: last is {last}"
                if last:
                    packet = None
                self.written_beats += 1
                self.write_cycles.append(self.cycle)
            ready = not self.stall_writes.stall()
            dut.write_ready_i.value = int(ready)

    async def _take_reads(self):
        dut = self.dut
        ready = False
        while True:
            await RisingEdge(dut.clk_i)
            if int(dut.read_valid_o.value) and ready:
                address, length = int(dut.read_adr_o.value), 4 * int(dut.read_len_o.value)
                self._check(address, length, self.max_read)
                self.reads.append((address, length))
                self._waiting.append((self.cycle + self.random.randint(*self.latency), address, length))
            ready = len(self._waiting) < self.requests and not self.stall_requests.stall()
            dut.read_ready_i.value = int(ready)

    def _beats(self, address, length):
        """(data, last, end, err) of all completions of a request."""
        end = address + length
        while address < end:
            boundary = (address // READ_BOUNDARY + self.random.randint(1, 8)) * READ_BOUNDARY
            stop = min(end, boundary)
            failing = [at for at in range(address, stop, 16) if self.fail.get(at) == "refused"]
            if failing:
                # Whatever came before in this request has come; this completion has no data, and none follow.
                yield self.random.getrandbits(128), 1, 1, 1
                return
            poisoned = any(self.fail.get(at) == "poisoned" for at in range(address, stop, 16))
            for at in range(address, stop, 16):
                data = int.from_bytes(self.dump(at, 16), "little")
                yield data, int(at + 16 == stop), int(stop == end), int(poisoned)
            address = stop

    async def _complete(self):
        dut = self.dut
        while True:
            await RisingEdge(dut.clk_i)
            while self._waiting and self._waiting[0][0] <= self.cycle:
                _, address, length = self._waiting[0]
                for data, last, end, err in self._beats(address, length):
                    while self.stall_completions.stall():
                        dut.completion_dat_i.value = self.random.getrandbits(128)
                        await RisingEdge(dut.clk_i)
                    dut.completion_valid_i.value = 1
                    dut.completion_dat_i.value = data
                    dut.completion_last_i.value = last
                    dut.completion_end_i.value = end
                    dut.completion_err_i.value = err
                    await RisingEdge(dut.clk_i)
                    while not int(dut.completion_ready_o.value):
                        await RisingEdge(dut.clk_i)
                    self.completed_beats += 1
                    self.completion_cycles.append(self.cycle)
                    dut.completion_valid_i.value = 0
                self._waiting.pop(0)
