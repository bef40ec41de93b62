// qkdpp_fifo_ram: order_checker; count_o and ready are right; scrubbed_o means that neither memory
// nor output hold a word, and comes at most Depth + 2 cycles after scrub_i; no parity error is
// reported.
module fifo_ram_proof #(
  parameter int unsigned Width = 1,
  parameter int unsigned Depth = 4,
  localparam int unsigned AddrBits = $clog2(Depth)
) (
  input logic             clk_i,
  input logic             rst_ni,
  input logic             clear_i,
  input logic             scrub_i,
  input logic             watch_i,
  input logic             in_valid_i,
  input logic [Width-1:0] in_data_i,
  input logic             out_ready_i
);

  logic              scrubbed_o;
  logic              error_o;
  logic              in_ready_o;
  logic              out_valid_o;
  logic [Width-1:0]  out_data_o;
  logic [AddrBits:0] count_o;

  qkdpp_fifo_ram #(
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
    .drop_i     (clear_i || scrub_i),
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

  // Cycles that scrub_i has been high, and that a word has been held without being offered.
  logic [AddrBits+1:0] scrubbing_q = '0;
  logic [1:0]          hidden_q = '0;
  logic [Depth-1:0]    zero;
  always_ff @(posedge clk_i) begin
    if (!rst_ni || !scrub_i) begin
      scrubbing_q <= '0;
    end else if (32'(scrubbing_q) < Depth + 2) begin
      scrubbing_q <= scrubbing_q + 1'b1;
    end
    hidden_q <= rst_ni && !clear_i && !scrub_i && held != '0 && !out_valid_o ? hidden_q + 1'b1 : '0;
  end
  for (genvar a = 0; a < Depth; a++) begin : g_zero
    assign zero[a] = u_dut.u_ram.mem[a] == '0;
  end

  always_comb begin
    if (rst_ni && u_order.past_q) begin
      a_count: assert (count_o == held);
      a_ready: assert (in_ready_o == (32'(held) != Depth && !scrub_i));
      a_latency: assert (hidden_q <= 2'd1);
      a_scrubbed: assert (!scrubbed_o || ((&zero) && out_data_o == '0 && held == '0));
      a_scrub_ends: assert (32'(scrubbing_q) < Depth + 2 || scrubbed_o);
      a_parity: assert (!error_o);
    end
  end

endmodule
