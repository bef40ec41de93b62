"""Line and toggle coverage of the benches, from the coverage.dat files that Verilated models write.

A point counts as covered if any bench in any configuration reached it. Line points are statements' blocks and branches
(Verilator's pages v_line and v_branch); toggle points are both directions of each bit of each signal.
"""

import tomllib
from collections import defaultdict
from pathlib import Path

KINDS = {"v_line": "line", "v_branch": "line", "v_toggle": "toggle"}


def points(file):
    """Of one coverage.dat: (source file, kind, the point's identity, hits)."""
    for entry in file.read_text(errors="replace").splitlines():
        if not entry.startswith("C '"):
            continue
        body, hits = entry[3:].rsplit("' ", 1)
        keys = dict(part.split("\x02", 1) for part in body.split("\x01") if part)
        kind = KINDS.get(keys["page"].split("/")[0])
        if kind:
            yield keys["f"], kind, (int(keys["l"]), keys["n"], keys.get("o", "")), int(hits)


def merge(files):
    """Hits by (source file, kind) and point, over all files."""
    merged = defaultdict(lambda: defaultdict(int))
    for file in files:
        for source, kind, point, hits in points(file):
            merged[source, kind][point] += hits
    return merged


def report(files, hdl):
    """Prints a table of all modules but generated ones, and what is not covered in those below their threshold; returns whether there are none.

    Thresholds are in tb/coverage.toml: [default], and a table for a module of which something cannot be reached.
    """
    thresholds = tomllib.loads((hdl / "tb" / "coverage.toml").read_text())
    merged = merge(file for file in files if file.exists())
    print(f"{'module':28} {'line':>12} {'%':>6} {'toggle':>14} {'%':>6}")
    good = bool(merged)
    ours = [hdl / folder for folder in ("prim", "rtl", "top")]
    for source in sorted({source for source, _ in merged if any(Path(source).is_relative_to(f) for f in ours)}):
        module = Path(source).stem
        limits = {**thresholds["default"], **thresholds.get(module, {})}
        row, low = f"{module:28}", []
        for kind, width in (("line", 12), ("toggle", 14)):
            hits = merged[source, kind].values()
            covered = sum(count > 0 for count in hits)
            share = 100 * covered / len(hits) if hits else 100.0
            row += f" {f'{covered}/{len(hits)}':>{width}} {share:6.1f}"
            if share < limits[kind]:
                low.append(kind)
        print(row + "".join(f"  {kind} below {limits[kind]} %" for kind in low))
        for kind in low:
            good = False
            missed = sorted(point for point, count in merged[source, kind].items() if not count)
            for line, _, what in missed[:20]:
                print(f"    {Path(source).name}:{line}: {kind} {what}")
            if len(missed) > 20:
                print(f"    and {len(missed) - 20} more")
    return good
