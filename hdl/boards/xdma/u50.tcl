# The core on an AMD Alveo U50 (xcu50-fsvh2104-2-e, PCI Express Gen3 x8) behind AMD's DMA/Bridge Subsystem for PCIe: makes the
# project and its block design, and with -build the bitstream.
#
#   vivado -mode batch -source hdl/boards/xdma/u50.tcl -tclargs [-clock MHZ] [-output FOLDER] [-build]
#
#   PCIe ── xdma ─ M_AXI_B ─▶ SmartConnect ─▶ s_axi_lite ┐
#            ▲ ▲                                        core
#            │ └─ S_AXI_B ◀─ clock converter ◀─ m_axi ───┤
#            └─── usr_irq_req ◀─ synchroniser ◀─── irq ──┘
#
# The bridge runs at 250 MHz, the core at its own clock, made from the bridge's.

set clock 150
set output [file join target hdl u50]
set build 0
for {set at 0} {$at < [llength $argv]} {incr at} {
  switch -- [lindex $argv $at] {
    -clock { set clock [lindex $argv [incr at]] }
    -output { set output [lindex $argv [incr at]] }
    -build { set build 1 }
    default { error "what is [lindex $argv $at]?" }
  }
}

set here [file dirname [file normalize [info script]]]
set hdl [file dirname [file dirname $here]]

# ---- Project, sources ----
create_project -force -part xcu50-fsvh2104-2-e qkdpp_u50 $output
foreach folder {regs prim rtl rtl/* top} {
  add_files [lsort [glob -directory $hdl -- $folder/*.sv]]
}
add_files [file join $here qkdpp_xdma.v]
add_files -fileset constrs_1 [file join $here u50.xdc]
update_compile_order -fileset sources_1

# ---- Block design: cells ----
create_bd_design bridge

set refclk [create_bd_intf_port -mode Slave -vlnv xilinx.com:interface:diff_clock_rtl:1.0 pcie_refclk]
set_property CONFIG.FREQ_HZ 100000000 $refclk
create_bd_intf_port -mode Master -vlnv xilinx.com:interface:pcie_7x_mgt_rtl:1.0 pcie_mgt
create_bd_port -dir I -type rst pcie_perst_n
set_property CONFIG.POLARITY ACTIVE_LOW [get_bd_ports pcie_perst_n]
create_bd_port -dir O hbm_cattrip

create_bd_cell -type ip -vlnv xilinx.com:ip:util_ds_buf refclk_buffer
set_property CONFIG.C_BUF_TYPE IBUFDSGTE [get_bd_cells refclk_buffer]

# The settings of README.md. Quad and block: lanes 0 to 7 of the card's connector.
create_bd_cell -type ip -vlnv xilinx.com:ip:xdma xdma
set_property -dict [list \
  CONFIG.functional_mode AXI_Bridge \
  CONFIG.mode_selection Advanced \
  CONFIG.device_port_type PCI_Express_Endpoint_device \
  CONFIG.en_gt_selection true \
  CONFIG.select_quad GTY_Quad_227 \
  CONFIG.pcie_blk_locn PCIE4C_X1Y0 \
  CONFIG.plltype QPLL1 \
  CONFIG.pl_link_cap_max_link_width X8 \
  CONFIG.pl_link_cap_max_link_speed 8.0_GT/s \
  CONFIG.ref_clk_freq 100_MHz \
  CONFIG.axi_addr_width 64 \
  CONFIG.axi_data_width 256_bit \
  CONFIG.axisten_freq 250 \
  CONFIG.dma_reset_source_sel User_Reset \
  CONFIG.en_axi_slave_if true \
  CONFIG.c_s_axi_supports_narrow_burst false \
  CONFIG.axibar_num 1 \
  CONFIG.axibar2pciebar_0 0x0000000000000000 \
  CONFIG.pf0_bar0_64bit false \
  CONFIG.pf0_bar0_prefetchable false \
  CONFIG.pf0_bar0_scale Kilobytes \
  CONFIG.pf0_bar0_size 64 \
  CONFIG.pciebar2axibar_0 0x0000000000000000 \
  CONFIG.pf0_msi_enabled false \
  CONFIG.pf0_msix_enabled true \
  CONFIG.pf0_msix_cap_table_size 001 \
  CONFIG.pf0_msix_cap_table_bir BAR_0 \
  CONFIG.pf0_msix_cap_table_offset 00008000 \
  CONFIG.pf0_msix_cap_pba_bir BAR_0 \
  CONFIG.pf0_msix_cap_pba_offset 00008FE0 \
  CONFIG.pf0_interrupt_pin NONE \
  CONFIG.xdma_num_usr_irq 2 \
  CONFIG.pf0_base_class_menu Processing_accelerators \
] [get_bd_cells xdma]

create_bd_cell -type module -reference qkdpp_xdma core

create_bd_cell -type ip -vlnv xilinx.com:ip:clk_wiz core_clock
set_property -dict [list \
  CONFIG.PRIM_SOURCE No_buffer \
  CONFIG.CLKOUT1_REQUESTED_OUT_FREQ $clock \
  CONFIG.USE_LOCKED true \
  CONFIG.USE_RESET true \
  CONFIG.RESET_TYPE ACTIVE_LOW \
] [get_bd_cells core_clock]
create_bd_cell -type ip -vlnv xilinx.com:ip:proc_sys_reset core_reset

create_bd_cell -type ip -vlnv xilinx.com:ip:smartconnect registers
set_property -dict [list CONFIG.NUM_SI 1 CONFIG.NUM_MI 1 CONFIG.NUM_CLKS 2] [get_bd_cells registers]
create_bd_cell -type ip -vlnv xilinx.com:ip:axi_clock_converter memory
create_bd_cell -type ip -vlnv xilinx.com:ip:xpm_cdc_gen interrupts
set_property -dict [list CONFIG.CDC_TYPE xpm_cdc_array_single CONFIG.WIDTH 2] [get_bd_cells interrupts]
# Nobody uses the card's HBM; its alarm must not float.
create_bd_cell -type ip -vlnv xilinx.com:ip:xlconstant zero
set_property CONFIG.CONST_VAL 0 [get_bd_cells zero]

# ---- Block design: connections ----
proc wire {from args} {
  foreach to $args { connect_bd_net [get_bd_pins $from] [get_bd_pins $to] }
}
proc bus {from to} {
  connect_bd_intf_net [get_bd_intf_pins $from] [get_bd_intf_pins $to]
}

connect_bd_intf_net [get_bd_intf_ports pcie_refclk] [get_bd_intf_pins refclk_buffer/CLK_IN_D]
connect_bd_intf_net [get_bd_intf_ports pcie_mgt] [get_bd_intf_pins xdma/pcie_mgt]
connect_bd_net [get_bd_ports pcie_perst_n] [get_bd_pins xdma/sys_rst_n]
connect_bd_net [get_bd_ports hbm_cattrip] [get_bd_pins zero/dout]
wire refclk_buffer/IBUF_OUT xdma/sys_clk_gt
wire refclk_buffer/IBUF_DS_ODIV2 xdma/sys_clk

wire xdma/axi_aclk core_clock/clk_in1 registers/aclk memory/m_axi_aclk interrupts/dest_clk
wire xdma/axi_aresetn core_clock/resetn core_reset/ext_reset_in registers/aresetn memory/m_axi_aresetn
wire core_clock/clk_out1 core/axi_aclk core_reset/slowest_sync_clk registers/aclk1 memory/s_axi_aclk interrupts/src_clk
wire core_clock/locked core_reset/dcm_locked
wire core_reset/peripheral_aresetn core/axi_aresetn memory/s_axi_aresetn
wire core/irq interrupts/src_in
wire interrupts/dest_out xdma/usr_irq_req

bus xdma/M_AXI_B registers/S00_AXI
bus registers/M00_AXI core/s_axi_lite
bus core/m_axi memory/S_AXI
bus memory/M_AXI xdma/S_AXI_B

# ---- Addresses: registers at 0 of BAR 0, all of the I/O address space for the core ----
assign_bd_address -force -offset 0x0 -range 0x1000 \
  -target_address_space [get_bd_addr_spaces xdma/M_AXI_B] [get_bd_addr_segs core/s_axi_lite/reg0]
assign_bd_address -force -offset 0x0 -range 0x10000000000000000 \
  -target_address_space [get_bd_addr_spaces core/m_axi] [get_bd_addr_segs xdma/S_AXI_B/BAR0]

validate_bd_design
save_bd_design
add_files [make_wrapper -files [get_files bridge.bd] -top]
set_property top bridge_wrapper [current_fileset]

# ---- Bitstream ----
if {$build} {
  launch_runs impl_1 -to_step write_bitstream -jobs 4
  wait_on_run impl_1
  open_run impl_1
  report_timing_summary -file [file join $output timing.rpt]
  report_utilization -file [file join $output utilization.rpt]
}
