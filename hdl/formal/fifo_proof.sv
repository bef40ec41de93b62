// qkdpp_fifo: order_checker; count_o and ready are right; addresses that hold no word are zero
// after Depth cycles without a push.
module fifo_proof #(
  parameter int unsigned Width = 1,
  parameter int unsigned Depth = 4,
  localparam int unsigned AddrBits = $clog2(Depth)
) (
  input logic             clk_i,
  input logic             rst_ni,
  input logic             clear_i,
  input logic             watch_i,
  input logic             in_valid_i,
  input logic [Width-1:0] in_data_i,
  input logic             out_ready_i
);

  logic              in_ready_o;
  logic              out_valid_o;
  logic [Width-1:0]  out_data_o;
  logic [AddrBits:0] count_o;

  qkdpp_fifo #(
    .Width(Width),
    .Depth(Depth)
  ) u_dut (
    .*
  );

  logic [AddrBits:0] held;
  logic              unused_watching;
  logic [AddrBits:0] unused_before;
  logic [Width-1:0]  unused_watched;

  order_checker #(
    .Width   (Width),
    .Capacity(Depth)
  ) u_order (
    .clk_i,
    .rst_ni,
    .drop_i     (clear_i),
    .watch_i,
    .in_valid_i,
    .in_ready_i (in_ready_o),
    .in_data_i,
    .out_valid_i(out_valid_o),
    .out_ready_i,
    .out_data_i (out_data_o),
    .held_o     (held),
    .watching_o (unused_watching),
    .before_o   (unused_before),
    .watched_o  (unused_watched)
  );

  // Cycles with nothing held and nothing pushed.
  logic [AddrBits:0] quiet_q = '0;
  logic [Depth-1:0]  zero;
  always_ff @(posedge clk_i) begin
    if (!rst_ni || in_valid_i || out_valid_o) begin
      quiet_q <= '0;
    end else if (32'(quiet_q) < Depth) begin
      quiet_q <= quiet_q + 1'b1;
    end
  end
  for (genvar a = 0; a < Depth; a++) begin : g_zero
    assign zero[a] = u_dut.mem[a] == '0;
  end

  always_comb begin
    if (rst_ni && u_order.past_q) begin
      a_count: assert (count_o == held);
      a_valid: assert (out_valid_o == (held != '0));
      a_ready: assert (in_ready_o == (32'(held) != Depth));
      a_erased: assert (32'(quiet_q) < Depth || (&zero));
    end
  end

endmodule
