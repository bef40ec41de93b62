// Small first-word fall-through FIFO in registers or LUT RAM.
//
// Throughput: one word a cycle in and out. Latency: one cycle. Depth is a power of two, at least 2.
// clear_i drops what is held and what is offered in that cycle. Words that have left are
// overwritten with zeros in cycles without a push: Depth such cycles after the last pop, clear_i or
// reset, nothing is left of them. A memory of more than a few dozen words should be a
// qkdpp_fifo_ram.
module qkdpp_fifo #(
  parameter int unsigned Width = 32,
  parameter int unsigned Depth = 4,
  localparam int unsigned AddrBits = $clog2(Depth)
) (
  input  logic              clk_i,
  input  logic              rst_ni,
  input  logic              clear_i,

  input  logic              in_valid_i,
  output logic              in_ready_o,
  input  logic [Width-1:0]  in_data_i,

  output logic              out_valid_o,
  input  logic              out_ready_i,
  output logic [Width-1:0]  out_data_o,

  output logic [AddrBits:0] count_o
);

  logic [Width-1:0]    mem [Depth];
  logic                write, erase;
  logic [AddrBits-1:0] write_addr, read_addr;
  logic                unused_clean;

  qkdpp_fifo_pointers #(
    .Depth(Depth)
  ) u_pointers (
    .clk_i,
    .rst_ni,
    .clear_i,
    .push_i      (in_valid_i && in_ready_o),
    .pop_i       (out_valid_o && out_ready_i),
    .write_o     (write),
    .erase_o     (erase),
    .write_addr_o(write_addr),
    .read_addr_o (read_addr),
    .count_o     (count_o),
    .clean_o     (unused_clean)
  );

  always_ff @(posedge clk_i) begin
    if (write) begin
      mem[write_addr] <= erase ? '0 : in_data_i;
    end
  end

  assign in_ready_o = !count_o[AddrBits];
  assign out_valid_o = count_o != '0;
  assign out_data_o = mem[read_addr];

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
      out_valid_o && !out_ready_i |=> out_valid_o && $stable(out_data_o));
`endif

endmodule
