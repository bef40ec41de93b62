"""Compiles a code to the tables of rtl/ldpc/TABLES.md, and words to and from columns, in the simplest way: orders are random,
so that the hardware has to wait wherever that is possible.
"""

import random
from dataclasses import dataclass

PRESENT, LAST = 1 << 31, 1 << 30


@dataclass
class Split:
    """A code whose blocks have been cut down to z: what variable or check stands where."""

    z: int
    rows: list[dict[int, int]]
    """Shift by column, of each base row."""
    variables: list[list[int]]
    checks: list[list[int]]


def split(z: int, base: list[list[int]], lanes: int) -> Split:
    """A block of 2z with shift 2h + p is four blocks of z, by the last bits of check and variable."""
    rows = [{c: s for c, s in enumerate(row) if s >= 0} for row in base]
    variables = [[c * z + i for i in range(z)] for c in range(len(base[0]))]
    checks = [[r * z + i for i in range(z)] for r in range(len(base))]
    while z > lanes:
        halves = []
        for row in rows:
            even = {2 * c + s % 2: s // 2 for c, s in row.items()}
            odd = {2 * c + (s + 1) % 2: (s + 1) // 2 % (z // 2) for c, s in row.items()}
            halves += [even, odd]
        rows = halves
        variables = [column[p::2] for column in variables for p in range(2)]
        checks = [row[p::2] for row in checks for p in range(2)]
        z //= 2
    return Split(z, rows, variables, checks)


def entries(slots: dict[int, list[int]], width: int, idle: int = 0) -> list[list[int]]:
    """Entries of `width` words from the words of each slot, then `idle` empty ones, the last one flagged."""
    count = max(len(words) for words in slots.values()) + idle
    table = [[slots[s][i] if s in slots and i < len(slots[s]) else 0 for s in range(width)] for i in range(count)]
    table[-1][0] |= LAST
    return table


def pack(words: list[int], width: int) -> list[int]:
    """Beats from words of `width` bits."""
    per_beat = 256 // width
    return [sum(word << (width * i) for i, word in enumerate(words[at:at + per_beat]))
            for at in range(0, len(words), per_beat)]


def unpack(beats: list[int], width: int, count: int) -> list[int]:
    per_beat = 256 // width
    return [beats[i // per_beat] >> (width * (i % per_beat)) & ((1 << width) - 1) for i in range(count)]


class Compiled:
    """A code for a kernel of `lanes` lanes and `banks` edges a cycle."""

    def __init__(self, z: int, base: list[list[int]], lanes: int, banks: int, rng: random.Random,
                 *, reorder: bool = True, idle: int = 0):
        self.lanes, self.banks = lanes, banks
        self.idle = idle  # empty entries at the end of each row of the scatter table
        self.group = min(banks, 256 // lanes)
        self.code = split(z, base, lanes)
        self.order = self.row_order(rng) if reorder else list(range(len(self.code.rows)))
        columns = len(self.code.variables)
        places = rng.sample(range(columns + rng.randrange(3)), columns)
        self.place = {c: (p % banks, p // banks) for c, p in enumerate(places)}
        self.depth = max(address for _, address in self.place.values()) + 1
        self.final = {c: s for r in self.order for c, s in self.code.rows[r].items()}
        self.compile(rng)

    def row_order(self, rng: random.Random) -> list[int]:
        """Any order in which rows with a common column keep theirs."""
        left, order = list(range(len(self.code.rows))), []
        while left:
            free = [r for i, r in enumerate(left) if not any(self.code.rows[r].keys() & self.code.rows[q].keys() for q in left[:i])]
            order.append(rng.choice(free))
            left.remove(order[-1])
        return order

    def compile(self, rng: random.Random) -> None:
        self.gather, self.scatter, self.check = [], [], []
        current = dict(self.final)
        for r in self.order:
            row = self.code.rows[r]
            gathered = {}
            slots: dict[int, list[int]] = {}
            for c in rng.sample(list(row), len(row)):
                bank, address = self.place[c]
                words = slots.setdefault(bank, [])
                gathered[c] = len(self.gather) + len(words)
                words.append(PRESENT | (row[c] - current[c]) % self.code.z << 16 | address)
                current[c] = row[c]
            self.gather += entries(slots, self.banks)
            slots = {}
            for c in rng.sample(list(row), len(row)):
                bank, address = self.place[c]
                slots.setdefault(bank, []).append(PRESENT | gathered[c] << 16 | address)
            self.scatter += entries(slots, self.banks, self.idle)
            slots = {}
            for c in rng.sample(list(row), len(row)):
                bank, address = self.place[c]
                word = PRESENT | (row[c] - self.final[c]) % self.code.z << 16 | address // 2
                slots.setdefault(2 * bank + address % 2, []).append(word)
            self.check += entries(slots, 2 * self.banks)

    def load(self) -> list[int]:
        """Input of the load job."""
        header = [len(self.gather), len(self.scatter), len(self.check), len(self.order), self.depth]
        beats = pack(header, 32)
        for table in (self.gather, self.scatter, self.check):
            beats += pack([word for entry in table for word in entry], 32)
        return beats

    def columns(self, bits: list[int]) -> list[int]:
        """A word of each column, in the order of memory."""
        words = [0] * (self.depth * self.banks)
        for c, variables in enumerate(self.code.variables):
            bank, address = self.place[c]
            words[address * self.banks + bank] = sum(
                bits[variables[(i + self.final[c]) % self.code.z]] << i for i in range(self.lanes))
        return words

    def bits(self, words: list[int]) -> list[int]:
        """Inverse of `columns`."""
        bits = [0] * (len(self.code.variables) * self.code.z)
        for c, variables in enumerate(self.code.variables):
            bank, address = self.place[c]
            for i in range(self.code.z):
                bits[variables[(i + self.final[c]) % self.code.z]] = words[address * self.banks + bank] >> i & 1
        return bits

    def decode_input(self, word, target, known) -> list[int]:
        rows = [sum(target[self.code.checks[r][i % self.code.z]] << i for i in range(self.lanes)) for r in self.order]
        words = self.columns(word)
        if known is not None:
            masks = self.columns(known)
            groups = range(0, len(words), self.group)
            words = [w for g in groups for w in words[g:g + self.group] + masks[g:g + self.group]]
        return pack(rows, self.lanes) + pack(words, self.lanes)

    def syndrome_input(self, frames) -> list[int]:
        return [beat for frame in frames for beat in pack(self.columns(frame), self.lanes)]

    def word(self, beats: list[int]) -> list[int]:
        """The decoded word."""
        return self.bits(unpack(beats, self.lanes, self.depth * self.banks))

    def syndrome(self, beats: list[int]) -> list[int]:
        """The syndrome of one frame."""
        bits = [0] * (len(self.order) * self.code.z)
        for r, word in zip(self.order, unpack(beats, self.lanes, len(self.order)), strict=True):
            for i in range(self.code.z):
                bits[self.code.checks[r][i]] = word >> i & 1
        return bits
