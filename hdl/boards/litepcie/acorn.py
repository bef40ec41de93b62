"""The core on a SQRL Acorn CLE-215+ (xc7a200t, PCI Express Gen2 x4) behind LitePCIe.

    python hdl/boards/litepcie/acorn.py [--clock MHZ] [--kernels MASK] [--output FOLDER] [--vivado]

Writes Verilog, constraints and the Tcl script for Vivado into FOLDER/gateware; with --vivado runs Vivado on them. Needs migen, litex,
litepcie and litex-boards (requirements.txt).

BAR 0, 128 KiB: the core's registers at 0, LiteX's from 0x10000 on, among them the MSI-X table.
"""

import argparse
from pathlib import Path

from litepcie.core import LitePCIeEndpoint
from litepcie.frontend.wishbone import LitePCIeWishboneMaster
from litepcie.phy.s7pciephy import S7PCIEPHY
from litex.gen import FSM, Cat, ClockDomain, ClockSignal, Constant, If, Instance, LiteXModule, NextState, NextValue, ResetSignal, Signal
from litex.soc.cores.clock import S7PLL
from litex.soc.integration.builder import Builder
from litex.soc.integration.soc import SoCRegion
from litex.soc.integration.soc_core import SoCMini
from litex.soc.interconnect.axi import AXILiteInterface
from litex.soc.interconnect.csr import CSRStatus, CSRStorage
from litex_boards.platforms import sqrl_acorn
from migen.genlib.resetsync import AsyncResetSynchronizer

HDL = Path(__file__).resolve().parents[2]
BAR_BYTES = 128 * 1024
CSR_BASE, CSR_PAGE = 0x10000, 0x800
MSIX_PAGE, MSIX_VECTORS = 1, 4
MSIX = CSR_BASE + MSIX_PAGE * CSR_PAGE
# The core's AXI4 channels: who drives them, and their signals.
CHANNELS = {
    "aw": ("core", {"valid": 1, "id": 4, "addr": 64, "len": 8, "size": 3, "burst": 2}),
    "w": ("core", {"valid": 1, "data": 256, "strb": 32, "last": 1}),
    "b": ("bridge", {"valid": 1, "id": 4, "resp": 2}),
    "ar": ("core", {"valid": 1, "id": 4, "addr": 64, "len": 8, "size": 3, "burst": 2}),
    "r": ("bridge", {"valid": 1, "id": 4, "data": 256, "resp": 2, "last": 1}),
}


def sources():
    """The SystemVerilog of the core and the bridge, packages before those who use them."""
    packages = [file for folder in ("rtl", "regs", "rtl/*", "top") for file in sorted(HDL.glob(f"{folder}/*_pkg.sv"))]
    folders = ("regs", "prim", "rtl", "top", "boards/litepcie")
    modules = [file for folder in folders for file in sorted(HDL.glob(f"{folder}/**/*.sv"))]
    return list(dict.fromkeys(packages + modules))


class Clocks(LiteXModule):
    """One clock for the core, the bridge and LitePCIe. The hard block's reset, which follows PERST# and hot resets, resets them
    all: a secondary bus reset leaves nothing under way."""

    def __init__(self, platform, frequency):
        self.cd_sys = ClockDomain()
        self.pll = S7PLL(speedgrade=-3)
        self.pll.register_clkin(platform.request("clk200"), 200e6)
        self.pll.create_clkout(self.cd_sys, frequency, with_reset=False)
        self.specials += AsyncResetSynchronizer(self.cd_sys, ~self.pll.locked | ResetSignal("pcie"))


class Interrupts(LiteXModule):
    """MSI-X: a message for each rising edge of a line; one that is due while its vector is masked waits.

    Registers: the table, four words a vector, then the pending bits."""

    def __init__(self, endpoint, phy):
        self.lines = Signal(2)
        table = []
        for vector in range(MSIX_VECTORS):
            entry = {name: CSRStorage(32, name=f"vector{vector}_{name}") for name in ("low", "high", "data")}
            entry["mask"] = CSRStorage(1, reset=1, name=f"vector{vector}_mask")
            for name, register in entry.items():
                setattr(self, f"vector{vector}_{name}", register)
            table.append(entry)
        self.pending = CSRStatus(MSIX_VECTORS)

        before, chosen = Signal(2), Signal(MSIX_VECTORS)
        pending = self.pending.status
        self.sync += [before.eq(self.lines), pending.eq((pending & ~chosen) | (self.lines & ~before))]

        port = endpoint.crossbar.get_master_port(write_only=True)
        message = port.source
        self.comb += [
            message.channel.eq(port.channel),
            message.req_id.eq(phy.id),
            message.first.eq(1),
            message.last.eq(1),
            message.we.eq(1),
            message.len.eq(1),
        ]
        self.fsm = fsm = FSM(reset_state="WAIT")
        enabled = phy._msix_enable.status & phy._bus_master_enable.status
        choice = If(0)
        for vector, entry in enumerate(table):
            choice = choice.Elif(enabled & pending[vector] & ~entry["mask"].storage,
                chosen.eq(1 << vector),
                NextValue(message.adr, Cat(entry["low"].storage, entry["high"].storage)),
                NextValue(message.dat, entry["data"].storage),
                NextState("SEND"),
            )
        fsm.act("WAIT", choice)
        fsm.act("SEND", message.valid.eq(1), If(message.ready, NextState("WAIT")))


class Acorn(SoCMini):
    """Everything on the FPGA."""

    mem_map = {**SoCMini.mem_map, "csr": CSR_BASE}
    csr_map = {"pcie_msix": MSIX_PAGE}

    def __init__(self, platform, frequency, kernels):
        self.crg = Clocks(platform, frequency)
        super().__init__(platform, clk_freq=frequency, csr_data_width=32, csr_paging=CSR_PAGE, with_ctrl=False)
        self.comb += platform.request("pcie_clkreq_n").eq(0)
        self.add_phy(platform)
        self.add_endpoint()
        self.add_interrupts()
        self.add_core(platform, kernels)

    def add_phy(self, platform):
        """The 7-series integrated block: Vivado makes it from its IP pcie_7x with these settings."""
        self.pcie_phy = phy = S7PCIEPHY(platform, platform.request("pcie_x4"), data_width=128, bar0_size=BAR_BYTES, msi_type="msi-x")
        phy.update_config({
            "Bar0_Scale": "Kilobytes",
            "Bar0_Size": BAR_BYTES // 1024,
            # Two vectors or three, as one reads the manual; the table has room for four.
            "MSIx_Table_Size": "2",
            "MSIx_Table_Offset": f"{MSIX:X}",
            "MSIx_PBA_Offset": f"{MSIX + 16 * MSIX_VECTORS:X}",
        })
        platform.add_false_path_constraints(self.crg.cd_sys.clk, phy.cd_pcie.clk)

    def add_endpoint(self):
        """LitePCIe's packets and crossbar; BAR 0 as the master of the register bus."""
        phy = self.pcie_phy
        self.pcie_endpoint = endpoint = LitePCIeEndpoint(phy, max_pending_requests=8, address_width=64, endianness=phy.endianness)
        # LitePCIe ends a request when a completion carries all the bytes that were left, but one with an error carries none; it
        # would wait for ever. It also takes poisoned data for good ones.
        completion, sink = endpoint.depacketizer.tlp_cmp, endpoint.crossbar.phy_master.sink
        endpoint.comb += [
            If(completion.status != 0, sink.end.eq(1)),
            If(completion.ep, sink.err.eq(1)),
        ]
        self.pcie_registers = LitePCIeWishboneMaster(endpoint, qword_aligned=phy.qword_aligned)
        self.bus.add_master("pcie", self.pcie_registers.wishbone)

    def add_interrupts(self):
        """MSI-X of our own: LitePCIe's writes a table entry only when its last word is written, the other three being those
        written last to any entry, and loses a message that is due while its vector is masked."""
        self.pcie_msix = Interrupts(self.pcie_endpoint, self.pcie_phy)

    def add_core(self, platform, kernels):
        """The core between the register bus and the bridge."""
        for source in sources():
            platform.add_source(str(source), "systemverilog")
        registers = AXILiteInterface(data_width=32, address_width=32)
        self.bus.add_slave("core", registers, SoCRegion(origin=0, size=0x1000, cached=False))

        clock = {"i_clk_i": ClockSignal("sys"), "i_rst_ni": ~ResetSignal("sys")}
        core, bridge = {**clock, "p_Kernels": Constant(kernels, 32), "o_irq_o": self.pcie_msix.lines}, dict(clock)
        core |= {
            "i_s_axil_awaddr_i": registers.aw.addr[:12], "i_s_axil_awprot_i": Constant(0, 3),
            "i_s_axil_wdata_i": registers.w.data, "i_s_axil_wstrb_i": registers.w.strb, "o_s_axil_bresp_o": registers.b.resp,
            "i_s_axil_araddr_i": registers.ar.addr[:12], "i_s_axil_arprot_i": Constant(0, 3),
            "o_s_axil_rdata_o": registers.r.data, "o_s_axil_rresp_o": registers.r.resp,
        }
        for channel, (driver, signals) in CHANNELS.items():
            endpoint = getattr(registers, channel)
            ours, theirs = ("i", "o") if driver == "core" else ("o", "i")
            core[f"{ours}_s_axil_{channel}valid_{ours}"] = endpoint.valid
            core[f"{theirs}_s_axil_{channel}ready_{theirs}"] = endpoint.ready

            out, back = (core, "m"), (bridge, "s")
            if driver == "bridge":
                out, back = back, out
            for name, width in signals.items():
                wire = Signal(width, name=f"axi_{channel}{name}")
                out[0][f"o_{out[1]}_axi_{channel}{name}_o"] = wire
                back[0][f"i_{back[1]}_axi_{channel}{name}_i"] = wire
            ready = Signal(name=f"axi_{channel}ready")
            back[0][f"o_{back[1]}_axi_{channel}ready_o"] = ready
            out[0][f"i_{out[1]}_axi_{channel}ready_i"] = ready

        self.specials += Instance("qkdpp_core", **core)
        self.specials += Instance("qkdpp_litepcie_bridge", **bridge, **self.link())

    def link(self):
        """The bridge's ports on the side of LitePCIe."""
        phy, crossbar = self.pcie_phy, self.pcie_endpoint.crossbar
        read, write = crossbar.get_master_port(read_only=True), crossbar.get_master_port(write_only=True)
        for port, is_write in ((read, 0), (write, 1)):
            self.comb += [
                port.source.channel.eq(port.channel),
                port.source.req_id.eq(phy.id),
                port.source.we.eq(is_write),
            ]
        self.comb += [read.source.first.eq(1), read.source.last.eq(1)]
        return {
            "i_bus_master_i": phy._bus_master_enable.status,
            "i_max_read_i": phy.max_request_size[:10],
            "i_max_payload_i": phy.max_payload_size[:10],
            "o_write_valid_o": write.source.valid,
            "i_write_ready_i": write.source.ready,
            "o_write_first_o": write.source.first,
            "o_write_last_o": write.source.last,
            "o_write_adr_o": write.source.adr,
            "o_write_len_o": write.source.len,
            "o_write_dat_o": write.source.dat,
            "o_read_valid_o": read.source.valid,
            "i_read_ready_i": read.source.ready,
            "o_read_adr_o": read.source.adr,
            "o_read_len_o": read.source.len,
            "i_completion_valid_i": read.sink.valid,
            "o_completion_ready_o": read.sink.ready,
            "i_completion_last_i": read.sink.last,
            "i_completion_end_i": read.sink.end,
            "i_completion_err_i": read.sink.err,
            "i_completion_dat_i": read.sink.dat,
        }


def generate(output, frequency=100e6, kernels=63, vivado=False):
    """Writes everything, and runs Vivado on it or not."""
    soc = Acorn(sqrl_acorn.Platform(), frequency, kernels)
    builder = Builder(soc, output_dir=str(output), compile_software=False, compile_gateware=vivado)
    builder.build(build_name="qkdpp_acorn", run=vivado)
    assert soc.csr.regions["pcie_msix"].origin == MSIX, "the MSI-X table is not where the hard block expects it"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clock", type=float, default=100, help="the core's clock, MHz")
    parser.add_argument("--kernels", type=int, default=63, help="bit k: kernel k is there; 1 for a first bitstream")
    parser.add_argument("--output", default="target/hdl/acorn")
    parser.add_argument("--vivado", action="store_true", help="run Vivado, up to the bitstream")
    arguments = parser.parse_args()
    generate(arguments.output, arguments.clock * 1e6, arguments.kernels, arguments.vivado)


if __name__ == "__main__":
    main()
