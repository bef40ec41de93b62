#!/usr/bin/env python3
"""Makes everything that is derived from qkdpp.rdl: the register block and its package (PeakRDL-regblock), the C header
(PeakRDL-cheader), the constants of the Rust driver and model, and REGISTERS.md.

usage: generate.py [--check]

With --check nothing is written; the exit code is 1 if a committed file differs from what would be written.
Needs systemrdl-compiler, peakrdl-regblock and peakrdl-cheader; another version of them may write other text.
"""

import re
import sys
import tempfile
from pathlib import Path

from peakrdl_cheader.exporter import CHeaderExporter
from peakrdl_regblock import RegblockExporter
from peakrdl_regblock.cpuif.axi4lite import AXI4Lite_Cpuif_flattened
from peakrdl_regblock.udps import ALL_UDPS
from systemrdl import RDLCompiler

HERE = Path(__file__).resolve().parent
RUST = HERE.parents[1] / "host" / "device" / "src" / "regs.rs"
ADDRESS_BITS = 12

# What PeakRDL's style costs in warnings; a list, so that anything new shows.
WAIVED = ["MULTIDRIVEN", "UNUSEDSIGNAL", "UNUSEDPARAM", "DECLFILENAME"]


def compiled():
    """The elaborated register map."""
    compiler = RDLCompiler()
    for udp in ALL_UDPS:
        compiler.register_udp(udp)
    compiler.compile_file(str(HERE / "qkdpp.rdl"))
    return compiler.elaborate().top


def waived(text):
    """`text` between lint directives: what is inside is not ours to change."""
    off = "".join(f"/* verilator lint_off {name} */\n" for name in WAIVED)
    on = "".join(f"/* verilator lint_on {name} */\n" for name in WAIVED)
    return off + text.rstrip() + "\n" + on


def register_block(top):
    """{path: text} of the SystemVerilog files."""
    with tempfile.TemporaryDirectory() as folder:
        RegblockExporter().export(
            top,
            folder,
            cpuif_cls=AXI4Lite_Cpuif_flattened,
            module_name="qkdpp_regs",
            package_name="qkdpp_regs_pkg",
            reuse_hwif_typedefs=False,
            address_width=ADDRESS_BITS,
            default_reset_activelow=True,
            default_reset_async=True,
            retime_read_fanin=True,
        )
        names = ["qkdpp_regs_pkg.sv", "qkdpp_regs.sv"]
        return {HERE / name: waived((Path(folder) / name).read_text()) for name in names}


def c_header(top):
    """{path: text} of the C header."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "qkdpp_regs.h"
        CHeaderExporter().export(top, str(path), reuse_typedefs=False)
        return {HERE / "qkdpp_regs.h": path.read_text()}


def sentence(text):
    """Descriptions on one line, with a full stop."""
    text = re.sub(r"\s+", " ", text).strip()
    return text if text.endswith((".", ":")) else text + "."


def capital(text):
    """`text` with a capital first letter."""
    return text[:1].upper() + text[1:]


def meaning(component):
    """Name and description, as sentences."""
    parts = [component.get_property(name, default=None) for name in ("name", "desc")]
    if parts[0] == component.inst_name:
        parts[0] = None
    return " ".join(capital(sentence(part)) for part in parts if part)


def access(field):
    """How software may touch a field."""
    if field.get_property("onwrite") is not None:
        return "read, write 1 to clear"
    if field.get_property("singlepulse"):
        return "write 1 to act"
    return "read, write" if field.is_sw_writable else "read"


def encodings(top):
    """Every enumeration that a field is encoded by, once."""
    found = {}
    for register in top.registers():
        for field in register.fields():
            encode = field.get_property("encode")
            if encode is not None:
                found[encode.type_name.removesuffix("_e")] = (register, field, encode)
    return found


def rust_hex(value):
    """A literal as clippy wants it: four digits between underscores."""
    digits = f"{value:x}"
    if len(digits) <= 4:
        return f"0x{digits}" if value > 9 else str(value)
    digits = digits.zfill(-(-len(digits) // 4) * 4)
    return "0x" + "_".join(digits[i : i + 4] for i in range(0, len(digits), 4))


def rust_comment(text, indent=""):
    """Doc lines of at most 110 columns."""
    lines, line = [], ""
    for word in text.split():
        if len(indent) + 4 + len(line) + 1 + len(word) > 110:
            lines.append(line)
            line = ""
        line = f"{line} {word}".strip()
    return "".join(f"{indent}/// {line}\n" for line in [*lines, line])


def rust_fields(register):
    """The module of one register's fields; nothing if it is all one number."""
    fields = list(register.fields())
    if len(fields) == 1 and fields[0].low == 0 and fields[0].width > 1:
        return ""
    out = f"\n/// Fields of [`{register.inst_name}`].\npub mod {register.inst_name.lower()} {{\n"
    for field in fields:
        name = field.inst_name.upper()
        text = meaning(field) or meaning(register)
        out += rust_comment(f"{text} Access: {access(field)}.", "    ")
        if field.width == 1:
            out += f"    pub const {name}: u32 = 1 << {field.low};\n"
        else:
            mask = rust_hex((1 << field.width) - 1)
            out += f"    pub const {name}: u32 = {mask}" + (f" << {field.low};\n" if field.low else ";\n")
            if field.low:
                out += f"    /// Lowest bit of [`{name}`].\n    pub const {name}_SHIFT: u32 = {field.low};\n"
    return out + "}\n"


def rust_value_name(register, field):
    """Constants for what a read-only field always reads as."""
    return f"{register.inst_name}_{field.inst_name.upper()}"


def rust(top):
    """{path: text} of the Rust constants."""
    out = (
        "//! Addresses and fields of the device's registers. Generated from hdl/regs/qkdpp.rdl by hdl/regs/generate.py:\n"
        "//! change that, not this.\n"
    )
    for register in top.registers():
        text = meaning(register)
        fields = list(register.fields())
        if len(fields) == 1:
            text += f" {meaning(fields[0])} Access: {access(fields[0])}."
        out += "\n" + rust_comment(text)
        out += f"pub const {register.inst_name}: u32 = {rust_hex(register.address_offset)};\n"
    out += "\n/// Bytes of address space.\n" f"pub const SIZE: u32 = {rust_hex(1 << ADDRESS_BITS)};\n"
    for register in top.registers():
        for field in register.fields():
            if not field.is_hw_writable and not field.is_sw_writable:
                out += f"\n/// What {register.inst_name}.{field.inst_name} reads as.\n"
                out += f"pub const {rust_value_name(register, field)}: u32 = {rust_hex(field.get_property('reset'))};\n"
            elif field.is_sw_writable and field.width > 1 and field.get_property("reset"):
                out += f"\n/// {register.inst_name}.{field.inst_name} after power-up.\n"
                out += f"pub const {register.inst_name}_RESET: u32 = {rust_hex(field.get_property('reset'))};\n"
    for register in top.registers():
        out += rust_fields(register)
    for name, (register, field, encode) in encodings(top).items():
        out += f"\n/// Values of {register.inst_name}.{field.inst_name}.\npub mod {name}_values {{\n"
        for member in encode:
            out += rust_comment(capital(sentence(member.rdl_desc)), "    ")
            out += f"    pub const {member.name}: u32 = {member.value};\n"
        out += "}\n"
    return {RUST: out}


def markdown(top):
    """{path: text} of REGISTERS.md."""
    out = "# Registers\n\nMade from qkdpp.rdl by generate.py: change that, not this. What they do: ../DEVICE.md.\n\n"
    out += sentence(top.get_property("desc")) + "\n\n"
    out += "| address | register | bits | field | access | after power-up | meaning |\n|-|-|-|-|-|-|-|\n"
    for register in top.registers():
        first = True
        for field in register.fields():
            bits = f"{field.high}:{field.low}" if field.width > 1 else f"{field.low}"
            reset = field.get_property("reset")
            reset = "" if reset is None else (f"0x{reset:X}" if reset > 9 else str(reset))
            text = f"{meaning(register)} {meaning(field)}".strip() if first else meaning(field)
            head = f"0x{register.address_offset:03X} | {register.inst_name}" if first else " | "
            out += f"| {head} | {bits} | {field.inst_name} | {access(field)} | {reset} | {text} |\n"
            first = False
    for name, (register, field, encode) in encodings(top).items():
        out += f"\n## Values of {register.inst_name}.{field.inst_name}\n| value | name | meaning |\n|-|-|-|\n"
        for member in encode:
            out += f"| {member.value} | {member.name} | {capital(sentence(member.rdl_desc))} |\n"
    return {HERE / "REGISTERS.md": out}


def main():
    """Writes or compares; returns the exit code."""
    arguments = sys.argv[1:]
    if arguments not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    top = compiled()
    wanted = register_block(top) | c_header(top) | rust(top) | markdown(top)
    if not arguments:
        for path, text in wanted.items():
            path.write_text(text)
        return 0
    stale = [path for path, text in wanted.items() if not path.is_file() or path.read_text() != text]
    for path in stale:
        print(f"{path} is not what generate.py makes of qkdpp.rdl", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
