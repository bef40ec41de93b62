// qkdpp_skid: order_checker; holds two words; valid and ready tell what it holds; empty registers
// are zero.
module skid_proof #(
  parameter int unsigned Width = 2
) (
  input logic             clk_i,
  input logic             rst_ni,
  input logic             clear_i,
  input logic             watch_i,
  input logic             in_valid_i,
  input logic [Width-1:0] in_data_i,
  input logic             out_ready_i
);

  logic             in_ready_o;
  logic             out_valid_o;
  logic [Width-1:0] out_data_o;

  qkdpp_skid #(.Width(Width)) u_dut (.*);

  logic [1:0]       held;
  logic             watching;
  logic [1:0]       first;
  logic [Width-1:0] watched;

  order_checker #(
    .Width   (Width),
    .Capacity(2)
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
    .watching_o (watching),
    .before_o   (first),
    .watched_o  (watched)
  );

  logic running_q = 1'b0;
  always_ff @(posedge clk_i) begin
    running_q <= rst_ni;
  end

  // running_q: what is offered during a reset is in the data register after it, without being
  // valid.
  always_comb begin
    if (rst_ni && u_order.past_q) begin
      a_valid: assert (out_valid_o == (held != '0));
      a_ready: assert (in_ready_o == (held != 2'd2));
      a_erased: assert (!running_q || out_valid_o || out_data_o == '0);
      a_spare_erased: assert (!running_q || !in_ready_o || u_dut.spare_q == '0 || out_valid_o);
      a_second: assert (!(watching && first == 2'd1) || u_dut.spare_q == watched);
    end
  end

endmodule
