"""A small job of each kernel with its right answer, by the oracle: for the core with all kernels in it. What a kernel does
with jobs of all sizes is its own bench's business.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from common import from_int, to_int
from host import ECHO, LDPC, PARITIES, POLYHASH, SIFT, TOEPLITZ
from ldpc import Code, decode, syndrome
from memory import BEAT
from parities import parities
from polyhash import polyhash
from sift import sift
from toeplitz import product

sys.path.append(str(Path(__file__).resolve().parents[1] / "ldpc"))
from tables import Compiled  # noqa: E402

LOAD, SYNDROME, DECODE = range(3)
TILE = 128


@dataclass
class Job:
    """Parameters, input, and what has to come."""

    params: list
    data: bytes
    output: bytes
    results: tuple = (0, 0)


def packed(beats):
    """Bytes of beats."""
    return b"".join(beat.to_bytes(BEAT, "little") for beat in beats)


def echo(random):
    """Its parameters do not matter."""
    data = random.randbytes(BEAT * random.randint(1, 200))
    return Job([random.getrandbits(32) for _ in range(8)], data, data)


def sift_job(random):
    """Slots of two planes."""
    slots = random.randint(1, 2000)
    words = [random.getrandbits(slots) for _ in range(3)]
    kept = sift(from_int(words[0], slots), [from_int(word, slots) for word in words[1:]])
    count = len(kept[0])
    beats = [to_int(plane[at : at + 256]) for at in range(0, count, 256) for plane in kept]
    classes = [low + 2 * high for low, high in zip(*kept, strict=True)]
    beats.append(sum(classes.count(c) << 32 * c for c in range(4)))
    data = [word >> at & (1 << 256) - 1 for at in range(0, slots, 256) for word in words]
    return Job([slots, 2], packed(data), packed(beats), (count, 0))


def parities_job(random):
    """One group of frames of 16 bits."""
    pi = random.sample(range(16), 16)
    rows = [random.getrandbits(256) for _ in range(16)]
    frames = parities(pi, [[row >> f & 1 for row in rows] for f in range(256)])
    beats = [to_int([frame[j] for frame in frames]) for j in range(16)]
    return Job([16, 1], packed([sum(index << 16 * i for i, index in enumerate(pi)), *rows]), packed(beats))


def polyhash_job(random):
    """One segment."""
    bits = random.randint(1, 5000)
    key, message = random.getrandbits(128), random.getrandbits(bits)
    data = key.to_bytes(BEAT, "little") + message.to_bytes(-(-bits // 256) * BEAT, "little")
    return Job([1, bits, bits], data, packed(polyhash(key, from_int(message, bits), bits)))


def toeplitz_job(random):
    """Three blocks of key to two of output."""
    key_blocks, out_blocks = 3, 2
    out_bits = random.randint(TILE + 1, 2 * TILE)
    seed, key = random.getrandbits((key_blocks + out_blocks) * TILE), random.getrandbits(key_blocks * TILE)
    block = lambda value, index: value >> TILE * index & (1 << TILE) - 1  # noqa: E731
    order = [block(seed, index) for index in range(out_blocks)]
    for row in range(key_blocks):
        order += [block(seed, out_blocks + row), block(key, key_blocks - 1 - row)]
    length = key_blocks * TILE
    hashed = to_int(product(from_int(seed, length + out_bits - 1), from_int(key, length), out_bits))
    beats = [block(hashed, index) for index in range(out_blocks)]
    return Job([key_blocks, out_blocks, 0, out_bits], packed(order), packed(beats))


class LdpcCode:
    """A code for lanes of 8 and one edge a cycle, with its load job and decodings."""

    def __init__(self, random):
        base = [[-1] * 12 for _ in range(4)]
        for column in range(12):
            for row in random.sample(range(4), 3):
                base[row][column] = random.randrange(8)
        self.code = Code(8, base)
        self.compiled = Compiled(8, base, 8, 1, random)

    def load(self):
        """The job that gives the code to the kernel."""
        return Job([LOAD], packed(self.compiled.load()), b"")

    def job(self, random):
        """A decoding."""
        sent = [random.getrandbits(1) for _ in range(self.code.n)]
        word = [bit ^ (random.random() < 0.03) for bit in sent]
        target = syndrome(self.code.checks(), sent)
        right, iterations, converged = decode(self.code, word, target, [0] * self.code.n, 20, 9)
        beats = self.beats(self.compiled.columns(right))
        data = self.compiled.decode_input(word, target, None)
        return Job([DECODE, 9, 20], packed(data), beats, (iterations, int(converged)))

    def beats(self, columns):
        """Columns of 8 bits, as the kernel gives them."""
        words = b"".join(column.to_bytes(1, "little") for column in columns)
        return words + bytes(-len(words) % BEAT)


JOBS = {ECHO: echo, SIFT: sift_job, PARITIES: parities_job, POLYHASH: polyhash_job, TOEPLITZ: toeplitz_job}


class Jobs:
    """Jobs of all kernels."""

    def __init__(self, random):
        self.random = random
        self.code = LdpcCode(random)

    def load(self):
        """The job that has to come before those of ldpc, after a reset too."""
        return self.code.load()

    def make(self, kernel):
        """A job of that kernel."""
        return self.code.job(self.random) if kernel == LDPC else JOBS[kernel](self.random)
