// A table of a code and the reader that walks through it.
//
// Throughput: one entry a cycle. Latency: the first entry is offered two cycles after restart_i. The entries are public; the
// memory is not scrubbed.
module qkdpp_ldpc_table #(
  parameter int unsigned Width = 33,
  parameter int unsigned Entries = 2048,
  localparam int unsigned AddrBits = $clog2(Entries)
) (
  input  logic                clk_i,
  input  logic                rst_ni,

  input  logic                write_i,
  input  logic [AddrBits-1:0] write_addr_i,
  input  logic [Width-1:0]    write_data_i,

  input  logic                restart_i,  // from entry 0 on
  input  logic                stop_i,
  input  logic [AddrBits:0]   count_i,
  output logic                valid_o,
  input  logic                ready_i,
  output logic [Width-1:0]    data_o,
  output logic                error_o
);

  logic                read, fetched_q, valid_q;
  logic [AddrBits:0]   next_q;
  logic                running_q;
  logic                take_fetched;
  logic [Width-1:0]    fetched, data_q;

  assign take_fetched = fetched_q && (!valid_q || ready_i);
  assign read = running_q && next_q != count_i && (!fetched_q || take_fetched);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      running_q <= 1'b0;
      fetched_q <= 1'b0;
      valid_q <= 1'b0;
      next_q <= '0;
    end else if (restart_i || stop_i) begin
      running_q <= restart_i;
      fetched_q <= 1'b0;
      valid_q <= 1'b0;
      next_q <= '0;
    end else begin
      if (read) next_q <= next_q + 1'b1;
      fetched_q <= read || (fetched_q && !take_fetched);
      valid_q <= take_fetched || (valid_q && !ready_i);
    end
  end

  always_ff @(posedge clk_i) begin
    if (take_fetched) data_q <= fetched;
  end

  qkdpp_ram #(
    .Width(Width),
    .Depth(Entries)
  ) u_entries (
    .clk_i,
    .rst_ni,
    .write_i,
    .write_addr_i,
    .write_data_i,
    .read_i      (read),
    .read_addr_i (next_q[AddrBits-1:0]),
    .read_data_o (fetched),
    .error_o
  );

  assign valid_o = valid_q;
  assign data_o = data_q;

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni || restart_i || stop_i)
      valid_o && !ready_i |=> valid_o && $stable(data_o));
`endif

endmodule
