"""What benches there are.

A bench is an entry of a tb/*/bench.toml:

    [[bench]]
    top = "qkdpp_sift"                  # module under test; also the bench's name
    test = "test_sift"                  # Python module beside the bench.toml
    library = ["rtl/sift"]              # folders below hdl with its modules, the top's first; rtl and prim are always there
    args = ["-Wno-WIDTHTRUNC"]          # optional: further arguments for Verilator
    long = ["512"]                      # optional: configurations that take minutes to build, left out by --short
    [bench.configuration]               # at least one; each is built and run
    "256" = {}
    "512" = { Slots = 512 }
"""

import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

HDL = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Bench:
    """One bench in one configuration."""

    folder: Path
    top: str
    test: str
    library: tuple
    args: tuple
    configuration: str
    parameters: tuple
    long: bool

    @property
    def name(self):
        """As printed."""
        return f"{self.top.removeprefix('qkdpp_')}[{self.configuration}]"

    def sources(self):
        """Packages and the top; Verilator finds the other modules by their names."""
        folders = ["rtl", *self.library]
        packages = [path for folder in folders for path in sorted((HDL / folder).glob("*_pkg.sv"))]
        tops = [HDL / folder / f"{self.top}.sv" for folder in (*self.library, "prim", "top")]
        found = [path for path in tops if path.exists()]
        if not found:
            raise FileNotFoundError(f"{self.top}.sv is in none of {', '.join(self.library)}")
        return [HDL / "lint" / "verilator.vlt", *dict.fromkeys(packages), found[0]]


def declared():
    """All benches in all configurations."""
    for file in sorted((HDL / "tb").glob("*/bench.toml")):
        for entry in tomllib.loads(file.read_text())["bench"]:
            for configuration, parameters in entry["configuration"].items():
                yield Bench(
                    file.parent,
                    entry["top"],
                    entry["test"],
                    tuple(entry.get("library", ())),
                    tuple(entry.get("args", ())),
                    configuration,
                    tuple(parameters.items()),
                    configuration in entry.get("long", ()),
                )


def benches(wanted):
    """All of them, or those named."""
    found = list(declared())
    names = {bench.top for bench in found} | {bench.folder.name for bench in found}
    wanted = [name if name in names else f"qkdpp_{name}" for name in wanted]
    unknown = [name for name in wanted if name not in names]
    if unknown:
        sys.exit(f"no such bench: {', '.join(unknown)}")
    return [bench for bench in found if not wanted or bench.top in wanted or bench.folder.name in wanted]
