# Alveo U50. Pins: AMD's alveo-u50-xdc.xdc, and the same in github.com/corundum/corundum, fpga/mqnic/AU50. The transceivers' places
# follow from the quad that u50.tcl sets.
#
# The crossings between the bridge's clock and the core's are constrained by the cells that make them (SmartConnect, clock converter,
# xpm_cdc), the core's clock by its clock wizard.

# Reference clock of the slot, for lanes 0 to 7; PERST#.
set_property PACKAGE_PIN AB9 [get_ports pcie_refclk_clk_p]
set_property PACKAGE_PIN AB8 [get_ports pcie_refclk_clk_n]
create_clock -name pcie_refclk -period 10.000 [get_ports pcie_refclk_clk_p]
set_property -dict {PACKAGE_PIN AW27 IOSTANDARD LVCMOS18 PULLUP true} [get_ports pcie_perst_n]
set_false_path -from [get_ports pcie_perst_n]

# High would make the card's controller cut the power.
set_property -dict {PACKAGE_PIN J18 IOSTANDARD LVCMOS18 PULLDOWN true} [get_ports hbm_cattrip]
set_false_path -to [get_ports hbm_cattrip]

# Configuration flash, power.
set_property CONFIG_VOLTAGE 1.8 [current_design]
set_property CONFIG_MODE SPIx4 [current_design]
set_property BITSTREAM.CONFIG.SPI_BUSWIDTH 4 [current_design]
set_property BITSTREAM.CONFIG.SPI_32BIT_ADDR YES [current_design]
set_property BITSTREAM.CONFIG.CONFIGRATE 85.0 [current_design]
set_property BITSTREAM.GENERAL.COMPRESS TRUE [current_design]
set_operating_conditions -design_power_budget 63
