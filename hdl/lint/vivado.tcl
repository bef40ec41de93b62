# Runs a board's script for Vivado without Vivado: tclsh vivado.tcl SCRIPT. Of Vivado's commands it knows the names only, and that pins
# and interfaces belong to cells that have been made; every other unknown command is an error. Prints the files that the script adds, one
# a line, and runs those with constraints as well. What Vivado says to properties and connections, it does not know.
set cells {}

foreach command {
  create_project update_compile_order set_property current_design current_fileset
  create_bd_design create_bd_port create_bd_intf_port connect_bd_net connect_bd_intf_net
  get_bd_ports get_bd_intf_ports get_bd_cells get_bd_addr_spaces get_bd_addr_segs assign_bd_address
  validate_bd_design save_bd_design make_wrapper get_files
  launch_runs wait_on_run open_run report_timing_summary report_utilization
  create_clock set_false_path set_operating_conditions get_ports
} {
  proc $command {args} { return {} }
}

proc create_bd_cell {args} {
  lappend ::cells [lindex $args end]
}

proc pin {path} {
  if {[lindex [split $path /] 0] ni $::cells} { error "no such cell: $path" }
}
interp alias {} get_bd_pins {} pin
interp alias {} get_bd_intf_pins {} pin

proc add_files {args} {
  foreach file [concat {*}$args] {
    if {![file exists $file]} { continue }
    puts $file
    if {[file extension $file] eq ".xdc"} { source $file }
  }
}

set script [lindex $argv 0]
set argv {-build}
source $script
