"""qkdpp_core with all kernels: each at its place, all of them in flight at once, and errors at each one's channel."""

import cocotb
from cocotb.triggers import ClockCycles
from host import (ECHO, HALTED, IDLE, LDPC, OK, PARITIES, PARITY, POLYHASH, READ_ERROR, READY, SIFT, TIMEOUT, TOEPLITZ, WRITE_ERROR,
                  Host)
from jobs import Jobs
from memory import BEAT

KERNELS = range(6)


def submit(host, kernel, job):
    """With exactly the room that the output needs."""
    return host.submit(kernel, job.params, job.data, len(job.output) // BEAT)


async def start(dut, seed):
    """The core, jobs for it, and a code in the LDPC kernel."""
    host = await Host.start(dut, seed=seed)
    await host.put("IRQ_ENABLE", 3)
    jobs = Jobs(host.random)
    await load(host, jobs)
    return host, jobs


async def load(host, jobs):
    submit(host, LDPC, jobs.load())
    await host.ring()
    assert (await host.next()).status == OK


async def works(host, jobs):
    """After a reset: a job of each kernel."""
    await host.put("BUS_TIMEOUT", 0)
    await load(host, jobs)
    for kernel in KERNELS:
        job = jobs.make(kernel)
        submit(host, kernel, job)
        await host.ring()
        done = await host.next()
        assert (done.status, done.output) == (OK, job.output), kernel


async def halted(host, code, kernel, tag):
    """The core has halted, and says why."""
    await host.status(HALTED, HALTED)
    error = await host.get("ERROR")
    assert (error & 15, error >> 8) == (code, kernel)
    assert await host.get("ERROR_TAG") == tag
    assert int(host.dut.irq_o.value) & 2


@cocotb.test()
async def all_in_flight(dut):
    """Jobs of all kernels, in any order, over a bus that stalls and reorders: all right, each kernel's in order."""
    host, jobs = await start(dut, 51)
    for latency, stall in (((1, 20), 0), ((1, 200), 0.4)):
        host.memory.latency, host.memory.shuffle = latency, True
        host.memory.stall(stall)
        expected = {kernel: [] for kernel in KERNELS}
        for kernel in host.random.sample(list(KERNELS) * 5, 30):
            job = jobs.make(kernel)
            expected[kernel].append((submit(host, kernel, job), job))
        await host.ring()
        for _ in range(30):
            done = await host.next()
            kernel = next(k for k in KERNELS if expected[k] and expected[k][0][0] == done.tag)
            _, job = expected[kernel].pop(0)
            assert (done.status, done.output, done.results) == (OK, job.output, job.results), kernel
    host.memory.stall(0)
    await host.status(IDLE, IDLE)
    host.scrubbed()
    for kernel in KERNELS:
        assert await host.counter(4 * kernel + 3) == 10 + (kernel == LDPC)
    host.check()


@cocotb.test()
async def wide_results(dut):
    """All 32 bits of a result word reach the completion: the count of a sift job is changed while it waits for input."""
    host, jobs = await start(dut, 56)
    kept = dut.u_channels.u_kernels.g_sift.u_sift.kept_q
    for _ in range(8):
        job = max((jobs.make(SIFT) for _ in range(20)), key=lambda job: len(job.data))
        host.memory.latency = (60, 60)
        tag = submit(host, SIFT, job)
        host.memory.lose_reads = {host.jobs[tag].source + len(job.data) - BEAT}
        await host.ring()
        await ClockCycles(dut.clk_i, 300)
        more = host.random.getrandbits(32)
        kept.value = (int(kept.value) + more) % 2**32
        host.memory.find_reads()
        done = await host.next()
        assert (done.tag, done.status, done.output) == (tag, OK, job.output)
        assert done.results == ((job.results[0] + more) % 2**32, 0)
    host.check()


@cocotb.test()
async def full_output(dut):
    """Memory that takes no data: each kernel whose output is long enough has to wait, and loses nothing."""
    host, jobs = await start(dut, 52)
    host.memory.write_slave.w_channel.pause = True
    expected = {}
    for _ in range(8):
        for kernel in (ECHO, SIFT, PARITIES):
            if kernel == PARITIES:
                one = jobs.make(kernel)
                indices, rows = one.data[:BEAT], one.data[BEAT:]
                job = type(one)([16, 20], indices + 20 * rows, 20 * one.output)
            else:
                job = max((jobs.make(kernel) for _ in range(6)), key=lambda job: len(job.output))
            expected[submit(host, kernel, job)] = job
    await host.ring()
    await ClockCycles(dut.clk_i, 4000)
    host.memory.write_slave.w_channel.pause = False
    for _ in range(len(expected)):
        done = await host.next()
        assert (done.status, done.output) == (OK, expected[done.tag].output)
    assert await host.counter(4 * PARITIES + 2) > 100
    host.check()


@cocotb.test()
async def bus_errors(dut):
    """An error answer to a read and to a write of each kernel."""
    host, jobs = await start(dut, 53)
    for kernel in KERNELS:
        for code in (READ_ERROR, WRITE_ERROR):
            job = jobs.make(kernel)
            tag = submit(host, kernel, job)
            host.memory.fail_reads = {host.jobs[tag].source} if code == READ_ERROR else set()
            host.memory.fail_writes = {host.jobs[tag].target} if code == WRITE_ERROR else set()
            await host.ring()
            await halted(host, code, kernel, tag)
            assert [(d.tag, d.status) for d in iter(host.take, None)] == [(tag, code)]
            host.memory.fail_reads, host.memory.fail_writes = set(), set()
            await host.reset()
            await load(host, jobs)
    await works(host, jobs)
    host.check()


@cocotb.test()
async def silence(dut):
    """A read and a write of each kernel, and of each queue, that is not answered."""
    host, jobs = await start(dut, 54)
    for kernel in (*KERNELS, 255):
        for lost, find in ((host.memory.lose_reads, host.memory.find_reads), (host.memory.lose_writes, host.memory.find_writes)):
            await host.put("BUS_TIMEOUT", 300)
            reads = lost is host.memory.lose_reads
            if kernel == 255:
                tag, job = 0, jobs.make(POLYHASH)
                lost.add(host.sq + 64 * host.tail if reads else host.cq + BEAT * host.head)
                submit(host, POLYHASH, job)
            else:
                tag = submit(host, kernel, jobs.make(kernel))
                lost.add(host.jobs[tag].source if reads else host.jobs[tag].target)
            await host.ring()
            await halted(host, TIMEOUT, kernel, tag)
            find()
            await host.reset()
            await load(host, jobs)
    await works(host, jobs)
    host.check()


@cocotb.test()
async def parity_errors(dut):
    """A kernel that reports a parity error stops the core; its own bench flips bits of its memories."""
    host, jobs = await start(dut, 55)
    kernels = dut.u_channels.u_kernels
    for kernel, alarm in (
        (PARITIES, kernels.g_parities.u_parities.parity_error_q),
        (LDPC, kernels.g_ldpc.u_ldpc.u_result.parity_error_q),
        (TOEPLITZ, kernels.g_toeplitz.u_toeplitz.parity_error_q),
    ):
        tag = host.submit(kernel, jobs.make(kernel).params, host.random.randbytes(BEAT * 900), 0)
        await host.ring()
        await ClockCycles(dut.clk_i, 120)
        assert await host.get("STATUS") & (READY | HALTED) == READY
        alarm.value = 1
        await halted(host, PARITY, kernel, tag)
        await host.reset()
        await load(host, jobs)
    await works(host, jobs)
    host.check()
