"""qkdpp_ldpc against the oracle (SPEC §5): codes of several sizes in random orders of edges, stalls, malformed jobs and
tables, scrubbing."""

import random

import cocotb
from cocotb import start_soon
from cocotb.triggers import ClockCycles, RisingEdge
from decodings import (BANKS, DECODE, LANES, LOAD, SYNDROME, Decoding, codes, decode_all, load, random_bits, random_code,
                       random_decodings)
from kernel import BAD_DATA, BAD_LENGTH, BAD_PARAMETER, OK, Kernel
from ldpc import Code, syndrome
from stream import PARAMETERS
from tables import LAST, PRESENT, Compiled


@cocotb.test()
async def syndromes(dut):
    rng = random.Random(1)
    kernel = await Kernel.start(dut)
    for code in codes(rng):
        compiled = await load(kernel, rng, code)
        for count in (1, 3):
            frames = [random_bits(rng, code.n) for _ in range(count)]
            result = await kernel.job([SYNDROME, count], compiled.syndrome_input(frames))
            assert result.status == OK
            beats = len(result.output) // count
            for i, frame in enumerate(frames):
                assert compiled.syndrome(result.output[i * beats:(i + 1) * beats]) == syndrome(code.checks(), frame)


@cocotb.test()
async def decoding(dut):
    rng = random.Random(2)
    kernel = await Kernel.start(dut)
    for code in codes(rng):
        await decode_all(kernel, rng, code, random_decodings(rng, code))


@cocotb.test()
async def decoding_with_stalls(dut):
    rng = random.Random(3)
    kernel = await Kernel.start(dut, stall=0.4, seed=3)
    for code in codes(rng):
        await decode_all(kernel, rng, code, random_decodings(rng, code)[:6])
        compiled = await load(kernel, rng, code)
        frames = [random_bits(rng, code.n) for _ in range(2)]
        result = await kernel.job([SYNDROME, 2], compiled.syndrome_input(frames))
        beats = len(result.output) // 2
        for i, frame in enumerate(frames):
            assert compiled.syndrome(result.output[i * beats:(i + 1) * beats]) == syndrome(code.checks(), frame)


@cocotb.test()
async def stalled_decodings(dut):
    """Words that are given up, and words right after them that are not: nothing of the counts may be left."""
    rng = random.Random(16)
    kernel = await Kernel.start(dut, stall=0.1, seed=16)
    ended = set()
    for code in codes(rng):
        compiled = await load(kernel, rng, code)
        cases = [Decoding(rng, code, limit=100, channel=channel, error_rate=0.12) for channel in (9, 22, 31)]
        cases += [Decoding(rng, code, limit=14, solvable=False), Decoding(rng, code, limit=0, solvable=False),
                  Decoding(rng, code, limit=100, solvable=False, with_known=True), Decoding(rng, code)]
        for case in cases:
            case.submit(kernel, compiled)
        for case in cases:
            result = await kernel.finish()
            case.check(result, compiled)
            if not result.r1 and result.r0 < case.limit:
                ended.add(result.r0)
    assert min(ended) == 13 and len(ended) > 3, ended


def long_rows(rng) -> Code:
    """Rows of up to 200 edges, and columns of one edge up to as many as there are rows."""
    base = [[rng.randrange(LANES) if rng.random() < 0.9 else -1 for _ in range(min(60, PARAMETERS["Columns"] - 4))]
            for _ in range(3)]
    base[0] = [max(shift, 1) for shift in base[0]]
    return Code(LANES, base)


@cocotb.test()
async def long_and_crowded_rows(dut):
    """Every column is in almost every row, so that each row waits for the one before."""
    rng = random.Random(4)
    kernel = await Kernel.start(dut, stall=0.1, seed=4)
    code = long_rows(rng)
    cases = [Decoding(rng, code, limit=3, error_rate=0.01), Decoding(rng, code, limit=3, with_known=True)]
    await decode_all(kernel, rng, code, cases)


@cocotb.test()
async def many_rows(dut):
    """As many rows as there is room for: short ones that share no column with those next to them, so that many are under
    way at once, and as many as may be if writing back is slow; and long ones, for as many entries as there is room for."""
    rng = random.Random(14)
    kernel = await Kernel.start(dut)
    rows, columns = PARAMETERS["Rows"], PARAMETERS["Columns"] - 2
    room = PARAMETERS["Entries"] // rows
    most = 0

    async def watch():
        nonlocal most
        while True:
            await RisingEdge(dut.clk_i)
            most = max(most, int(dut.u_engine.u_decoder.u_schedule.rows_q.value))

    start_soon(watch())
    for degree, idle in ((2, 0), (2, min(room - 2, 4)), (room if BANKS == 1 else room - 2, 0)):
        base = [[-1] * columns for _ in range(rows)]
        for r in range(rows):
            for i in range(degree):
                base[r][(r * degree + i) % columns] = rng.randrange(LANES)
        code = Code(LANES, base)
        cases = [Decoding(rng, code, limit=2, solvable=False), Decoding(rng, code, limit=3, error_rate=0.005)]
        for reorder in (False, True):
            compiled = await load(kernel, rng, code, reorder=reorder, idle=idle)
            for case in cases:
                case.submit(kernel, compiled)
            for case in cases:
                case.check(await kernel.finish(), compiled)
    assert most == 16 or BANKS > 1


@cocotb.test()
async def many_iterations(dut):
    """The limit is of 32 bits, and so is their number, which is set to shortly before the limit."""
    rng = random.Random(15)
    kernel = await Kernel.start(dut)
    code = random_code(rng, 4, 14, LANES)
    for _ in range(6):
        compiled = await load(kernel, rng, code)
        case = Decoding(rng, code, solvable=False, limit=5)
        limit = rng.getrandbits(32) | 1 << 12
        kernel.submit([DECODE, limit, case.channel], compiled.decode_input(case.word, case.target, None))
        iterations = dut.u_control.iterations_q
        while int(iterations.value) < 3:
            await RisingEdge(dut.clk_i)
        iterations.value = limit - 2
        result = await kernel.finish()
        assert result.r0 == limit
        result.r0 = case.limit
        case.check(result, compiled)


@cocotb.test()
async def undecided_bits(dut):
    """Few bits and a weak channel, so that many posteriors become 0 and the received bit decides."""
    rng = random.Random(5)
    kernel = await Kernel.start(dut)
    code = random_code(rng, 3, 6, 8, 2)
    cases = [Decoding(rng, code, channel=channel, limit=limit, solvable=False)
             for channel in (1, 2, 3) for limit in (1, 2, 3, 5, 9)]
    await decode_all(kernel, rng, code, cases)


@cocotb.test()
async def limited_posteriors(dut):
    """Strong channels and many known bits, so that posteriors and totals reach their limits and messages are cut."""
    rng = random.Random(17)
    kernel = await Kernel.start(dut, stall=0.2, seed=17)
    for code in codes(rng)[:3]:
        cases = [Decoding(rng, code, channel=channel, limit=limit, solvable=channel < 127, with_known=with_known,
                          error_rate=0.06)
                 for channel in (90, 119, 126, 127) for limit in (2, 20) for with_known in (False, True)]
        await decode_all(kernel, rng, code, cases)


@cocotb.test()
async def bad_parameters(dut):
    rng = random.Random(6)
    kernel = await Kernel.start(dut, stall=0.2, seed=6)
    code = random_code(rng, 4, 10, LANES)
    case = Decoding(rng, code)

    async def refused(params, beats):
        result = await kernel.job(params, beats)
        assert (result.status, result.output) == (BAD_PARAMETER, []), params

    await refused([DECODE, 3, 20], [1, 2, 3])
    await refused([SYNDROME, 1], [1])
    compiled = await load(kernel, rng, code)
    beats = compiled.decode_input(case.word, case.target, None)
    for params in ([3], [LOAD, 1], [SYNDROME], [SYNDROME, 1, 1], [DECODE, 3], [DECODE, 3, 128], [DECODE, 3, 20, 2],
                   [DECODE, 3, 20, 0, 1], [DECODE, 3, 20, 0, 0, 0, 0, 1], [1 << 31]):
        await refused(params, beats)
    for _ in range(40):
        await refused([rng.getrandbits(32) | 4, *(rng.getrandbits(32) for _ in range(7))], beats)
        await refused([rng.randrange(3), *(rng.getrandbits(32) for _ in range(5)), 1, 1], beats)
    await decode_all(kernel, rng, code, [case])


@cocotb.test()
async def bad_lengths(dut):
    rng = random.Random(7)
    kernel = await Kernel.start(dut, stall=0.2, seed=7)
    code = random_code(rng, 4, 30, LANES)
    compiled = await load(kernel, rng, code)
    frame = random_bits(rng, code.n)
    case = Decoding(rng, code, limit=2, with_known=True)
    good = [
        ([LOAD], compiled.load()),
        ([SYNDROME, 2], compiled.syndrome_input([frame, frame])),
        ([DECODE, 2, 20, 1], compiled.decode_input(case.word, case.target, case.known)),
    ]
    for _ in range(8):
        compiled = await load(kernel, rng, code)
        count = rng.getrandbits(32) | 1 << 8
        result = await kernel.job([SYNDROME, count], compiled.syndrome_input([frame] * 3))
        assert result.status == BAD_LENGTH
    for params, beats in good:
        if params != [LOAD]:
            await load(kernel, rng, code)
        for wrong in (beats[:1], beats[:len(beats) // 2], beats[:-1], beats + [5], beats + [0] * 40):
            if params != [LOAD]:
                compiled = Compiled(code.z, code.base, LANES, BANKS, random.Random(1))
                await kernel.job([LOAD], compiled.load())
            if len(wrong) == len(beats) or not wrong:
                continue
            result = await kernel.job(params, wrong)
            assert result.status == BAD_LENGTH, (params, len(wrong), len(beats))
    result = await kernel.job([LOAD], compiled.load() + [1])
    assert result.status == BAD_LENGTH
    assert (await kernel.job([SYNDROME, 1], [0])).status == BAD_PARAMETER, "no code is held after a bad load"


@cocotb.test()
async def malformed_tables(dut):
    """Numbers that are out of range are refused; tables that only make no sense end with any result."""
    rng = random.Random(8)
    kernel = await Kernel.start(dut)
    code = random_code(rng, 4, 12, 8)
    compiled = Compiled(code.z, code.base, LANES, BANKS, rng)
    good = compiled.load()

    async def refused(beats):
        result = await kernel.job([LOAD], beats)
        assert (result.status, result.output) == (BAD_DATA, [])
        assert (await kernel.job([SYNDROME, 1], [0])).status == BAD_PARAMETER

    for word in range(8):
        await refused([good[0] ^ 1 << (32 * word + 25)] + good[1:])
    for word in range(5):
        await refused([good[0] & ~(0xFFFFFFFF << (32 * word))] + good[1:])
    for table, at in (("gather", 0), ("scatter", 0), ("check", 0)):
        for change in (LAST, 0xFFFF, 0x3FFF << 16):
            bad = Compiled(code.z, code.base, LANES, BANKS, random.Random(9))
            entry = next(e for e in getattr(bad, table)[at:] if e[0] & PRESENT)
            entry[0] = entry[0] ^ LAST if change == LAST else entry[0] | change
            await refused(bad.load())

    case = Decoding(rng, code, limit=3, with_known=True)
    ended = set()
    for seed in range(40):
        bad = Compiled(code.z, code.base, LANES, BANKS, random.Random(seed))
        rng = random.Random(seed)
        for _ in range(rng.choice((1, 1, 3, 20))):
            entry = rng.choice(rng.choice((bad.gather, bad.gather, bad.scatter, bad.check)))
            slot = rng.randrange(len(entry))
            if entry[slot] & PRESENT:
                entry[slot] ^= 1 << rng.choice((0, 1, 2, 16, 17, 18))
        if (await kernel.job([LOAD], bad.load())).status == OK:
            beats = bad.decode_input(case.word, case.target, case.known)
            result = await kernel.job([DECODE, 3, 20, 1], beats, limit=20_000)
            assert result.status in (OK, BAD_DATA)
            ended.add(result.status)
    assert ended == {OK, BAD_DATA}
    await decode_all(kernel, rng, code, [case])


def job_data_left(dut) -> list[str]:
    """Names of memories that are not all zero: posteriors, received bits, messages, totals, sums, target,
    decisions."""
    left = []

    def look(name, ram, depth):
        # The stored parity of zeros is zero.
        if any(int(ram[i].value) for i in range(depth)):
            left.append(name)

    columns = PARAMETERS["Columns"] // BANKS
    for bank in range(BANKS):
        unit = dut.u_engine.u_decoder.gen_banks[bank].u_bank
        look(f"posteriors {bank}", unit.u_posteriors.mem, columns)
        look(f"messages {bank}", unit.u_messages.mem, PARAMETERS["Entries"])
        look(f"received bits {bank}", unit.u_received.mem, columns)
        look(f"totals {bank}", unit.u_totals.mem, 512 if BANKS == 1 else 256)
    for word in range(2 * BANKS):
        look(f"decisions {word}", dut.u_engine.u_check.gen_words[word].u_decisions.mem, columns // 2)
    for lane in (0, LANES - 1):
        look(f"sums {lane}", dut.u_engine.u_decoder.u_sum.gen_lanes[lane].slots, 16)
    look("target", dut.u_engine.u_target.u_words.mem, PARAMETERS["Rows"] // min(BANKS, 256 // LANES))
    for name in ("u_unpack.data_q", "u_output.u_pack.data_q", "u_engine.load_bits_q", "u_engine.load_known_q",
                 "u_engine.u_decoder.u_stall.row_q", "u_engine.u_decoder.u_stall.groups_q",
                 "u_engine.u_decoder.u_stall.parts_q", "u_engine.u_decoder.u_stall.count_q",
                 "u_engine.u_decoder.u_stall.least_q", "u_engine.u_decoder.u_stall.bound_q"):
        handle = dut
        for part in name.split("."):
            handle = getattr(handle, part)
        if int(handle.value):
            left.append(name)
    return left


@cocotb.test()
async def memories_are_scrubbed(dut):
    rng = random.Random(10)
    kernel = await Kernel.start(dut)
    assert not job_data_left(dut), "after reset"
    code = random_code(rng, 4, 14, LANES)
    compiled = await load(kernel, rng, code)
    for case in (Decoding(rng, code, limit=2, solvable=False), Decoding(rng, code, error_rate=0.0),
                 Decoding(rng, code, limit=3, with_known=True)):
        case.submit(kernel, compiled)
        case.check(await kernel.finish(), compiled)
        await kernel.idle(10)
        assert not job_data_left(dut)
    await kernel.job([SYNDROME, 1], compiled.syndrome_input([[1] * code.n]))
    await kernel.idle(10)
    assert not job_data_left(dut)
    await kernel.job([DECODE, 3, 20], compiled.decode_input([1] * code.n, [1] * code.m, None)[:-1])
    await kernel.idle(10)
    assert not job_data_left(dut)


@cocotb.test()
async def clear_in_mid_job(dut):
    rng = random.Random(11)
    kernel = await Kernel.start(dut, stall=0.2, seed=11)
    code = random_code(rng, 4, 14, LANES)
    case = Decoding(rng, code, limit=40, solvable=False)
    frame = random_bits(rng, code.n)
    for cycles in (1, 30, 120, 260, 500, 900):
        compiled = await load(kernel, rng, code)
        kernel.submit([SYNDROME, 1], compiled.syndrome_input([frame]))
        case.submit(kernel, compiled)
        case.submit(kernel, compiled)
        await ClockCycles(dut.clk_i, cycles)
        await kernel.clear()
        assert not job_data_left(dut)
        await ClockCycles(dut.clk_i, 50)
        assert not kernel.done.words and not kernel.output.words
        assert (await kernel.job([SYNDROME, 1], [0])).status == BAD_PARAMETER, "the code is forgotten"
    await decode_all(kernel, rng, code, [Decoding(rng, code)])


@cocotb.test()
async def a_flipped_bit_is_noticed(dut):
    """Parity: a message changed between two iterations."""
    rng = random.Random(12)
    kernel = await Kernel.start(dut)
    code = random_code(rng, 4, 14, LANES)
    compiled = await load(kernel, rng, code)
    case = Decoding(rng, code, limit=30, solvable=False)
    case.submit(kernel, compiled)
    while int(dut.u_control.iterations_q.value) < 3:
        await RisingEdge(dut.clk_i)
    assert not int(dut.parity_error_o.value)
    word = dut.u_engine.u_decoder.gen_banks[0].u_bank.u_messages.mem[0]
    word.value = int(word.value) ^ 4
    await ClockCycles(dut.clk_i, 400)
    assert int(dut.parity_error_o.value)
    await kernel.clear()
    assert not int(dut.parity_error_o.value)


@cocotb.test()
async def cycles(dut):
    """A syndrome takes one cycle for each check entry. So does an iteration for each gather entry, where rows share no
    column with the two before them."""
    rng = random.Random(13)
    kernel = await Kernel.start(dut)
    width, rows = PARAMETERS["Columns"] // 4, 9
    base = [[-1] * (3 * width) for _ in range(rows)]
    for r in range(rows):
        for c in range(width):
            base[r][(r % 3) * width + c] = rng.randrange(LANES)
    code = Code(LANES, base)
    compiled = await load(kernel, rng, code, reorder=False)
    frame = random_bits(rng, code.n)
    result = await kernel.job([SYNDROME, 1], compiled.syndrome_input([frame]))
    assert result.cycles <= compiled.depth * BANKS // compiled.group + len(compiled.check) + 40

    case = Decoding(rng, code, limit=4, solvable=False)
    case.submit(kernel, compiled)
    began = {}
    cycle = 0
    while not kernel.done.words:
        await RisingEdge(dut.clk_i)
        cycle += 1
        began.setdefault(int(dut.u_control.iterations_q.value), cycle)
    case.check(await kernel.finish(), compiled)
    # Rows of few entries are over before the columns of the third row before are back.
    waits = rows * max(0, 20 - 2 * width // BANKS)
    for iteration in (1, 2, 3):
        entries = max(len(compiled.gather), len(compiled.scatter))
        assert began[iteration + 1] - began[iteration] <= entries + waits + 60
