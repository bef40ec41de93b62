"""Line and toggle coverage of the benches, from the coverage.dat files that Verilated models write.

A point counts as covered if any bench in any configuration reached it: the points of all instances of a module, in all
sizes, are merged by line and name. Line points are statements' blocks and branches (Verilator's pages v_line and v_branch);
toggle points are both directions of each bit of each signal. What cannot be reached is named, with its reason, in
exclusions.toml and counts neither way; a named point that is reached, or that is none, is an error.
"""

import re
import tomllib
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

TB = Path(__file__).resolve().parent
HDL = TB.parent
KINDS = {"v_line": "line", "v_branch": "line", "v_toggle": "toggle"}
OURS = [HDL / folder for folder in ("prim", "rtl", "top")]
SHOWN = 20


@dataclass(frozen=True, order=True)
class Point:
    """One of a module's points."""

    line: int
    column: str
    what: str
    """Of a line point the kind of branch, of a toggle point signal, bit and direction: `left_q[3]:0->1`."""


def points(file):
    """Of one coverage.dat: (source file, kind, point, hits)."""
    for entry in file.read_text(errors="replace").splitlines():
        if not entry.startswith("C '"):
            continue
        body, hits = entry[3:].rsplit("' ", 1)
        keys = dict(part.split("\x02", 1) for part in body.split("\x01") if part)
        kind = KINDS.get(keys["page"].split("/")[0])
        if kind:
            yield keys["f"], kind, Point(int(keys["l"]), keys["n"], keys.get("o", "")), int(hits)


def merge(files):
    """Hits by source file, kind and point, over all files; of our modules only, not of generated ones."""
    merged = defaultdict(lambda: {"line": defaultdict(int), "toggle": defaultdict(int)})
    for file in files:
        for source, kind, point, hits in points(file):
            merged[source][kind][point] += hits
    return {Path(s): m for s, m in merged.items() if any(Path(s).is_relative_to(folder) for folder in OURS)}


class Exclusions:
    """The entries of exclusions.toml that concern one module, against its points."""

    def __init__(self, entries, source, hits):
        self.source = source
        self.text = source.read_text().splitlines()
        self.hits = hits
        self.points = {"line": set(), "toggle": set()}
        self.errors = []
        self.absent = []
        for entry in entries:
            for written in entry.get("toggle", ()):
                for pattern in patterns(written):
                    self._add("toggle", written, lambda point, p=pattern: p.fullmatch(point.what))
            for written in entry.get("line", ()):
                branch, text = written.split(": ", 1)
                self._add("line", written, lambda p, b=branch, t=text: p.what == b and t in self.text[p.line - 1])
            for name in entry.get("function", ()):
                self._add("line", name, lambda p, lines=self._function(name): p.line in lines)

    def _function(self, name):
        """The lines of a function."""
        begin = next((i for i, text in enumerate(self.text, 1) if re.search(rf"\bfunction\b.*\b{name}\(", text)), None)
        if begin is None:
            return range(0)
        return range(begin, 1 + next(i for i, text in enumerate(self.text, 1) if i > begin and "endfunction" in text))

    def _add(self, kind, written, matches):
        found = {point for point in self.hits[kind] if matches(point)}
        reached = [point.what for point in found if self.hits[kind][point]]
        if reached:
            self.errors.append(f"excluded, but covered: {written} ({min(reached)})")
        elif not found:
            self.absent.append(f"excluded, but there is no such point: {written}")
        self.points[kind] |= found


def patterns(written):
    """Regular expressions of the points that a toggle exclusion names, one for each bit."""
    signal, edge = re.fullmatch(r"(.*?)(?::(0->1|1->0))?", written).groups()
    expressions = [re.escape(signal).replace(r"\[\*\]", r"\[\d+\]")]
    for low, high in re.findall(r"\[(\d+):(\d+)\]", signal):
        bits = range(int(low), int(high) + 1)
        old = re.escape(f"[{low}:{high}]")
        expressions = [expression.replace(old, rf"\[{bit}\]", 1) for expression in expressions for bit in bits]
    return [re.compile(rf"{expression}(\[\d+\])*:{edge or '.*'}") for expression in expressions]


@dataclass
class Row:
    """The result of one module."""

    module: str
    covered: dict
    total: dict
    excluded: int
    complaints: list

    def share(self, kind):
        """Percent."""
        return 100 * self.covered[kind] / self.total[kind] if self.total[kind] else 100.0

    def cells(self):
        """Of the table."""
        fractions = [f"{self.covered[k]}/{self.total[k]}" for k in ("line", "toggle")]
        shares = [f"{self.share(k):.1f}" for k in ("line", "toggle")]
        return [self.module, fractions[0], shares[0], fractions[1], shares[1], str(self.excluded or "")]


def measure(source, hits, entries, thresholds, whole):
    """The row of one module."""
    exclusions = Exclusions(entries, source, hits)
    complaints = exclusions.errors + (exclusions.absent if whole else [])
    counted = {kind: {p: n for p, n in hits[kind].items() if p not in exclusions.points[kind]} for kind in hits}
    covered = {kind: sum(n > 0 for n in counted[kind].values()) for kind in counted}
    total = {kind: len(counted[kind]) for kind in counted}
    row = Row(source.stem, covered, total, sum(map(len, exclusions.points.values())), complaints)
    for kind, threshold in thresholds.items():
        if row.share(kind) < threshold:
            missed = sorted(point for point, n in counted[kind].items() if not n)
            complaints.append(f"{kind}: {row.share(kind):.1f} %, and {threshold} % are wanted")
            complaints += [f"  {source.name}:{p.line}: {p.what}" for p in missed[:SHOWN]]
            complaints += [f"  and {len(missed) - SHOWN} more"] if len(missed) > SHOWN else []
    return row


def report(files, whole):
    """Prints a table of all modules, and what is wrong; returns the table, and whether nothing is wrong.

    `whole` says that all benches have run in all configurations, so that each exclusion has to name a point.
    """
    settings = tomllib.loads((TB / "exclusions.toml").read_text())
    merged = merge(file for file in files if file.exists())
    rows = []
    for source in sorted(merged):
        entries = [entry for entry in settings["exclude"] if source.stem in entry["module"]]
        rows.append(measure(source, merged[source], entries, settings["threshold"], whole))
    complaints = [f"{row.module}: {text}" for row in rows for text in row.complaints]
    for name in sorted({name for entry in settings["exclude"] for name in entry["module"]}):
        if whole and name not in {row.module for row in rows}:
            complaints.append(f"{name}: excluded, but there is no such module")
    cells = [["module", "lines", "%", "toggles", "%", "excluded"], *(row.cells() for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["| " + " | ".join(f"{c:{w}}" for c, w in zip(r, widths, strict=True)) + " |" for r in cells]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    print("\n".join([*lines, *complaints]))
    return "\n".join(lines), bool(rows) and not complaints


def page(table):
    """COVERAGE.md."""
    return f"""# Coverage of the benches

Made by `python hdl/tb/run.py --coverage --write`: what the benches reach of lines (blocks and branches) and toggles (both directions of
each bit), merged over all configurations. *excluded*: points that cannot be reached, each with its reason in exclusions.toml.

{table}
"""
