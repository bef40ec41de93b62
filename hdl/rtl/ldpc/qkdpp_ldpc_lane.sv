// One lane of one bank: the arithmetic of one edge of one check each cycle, twice over. Memories, rotation and the last
// addition lie outside.
//
//   gather:   P, −R  ─▶ [T = P − R]  (to memory)  ─▶ [|T|] ─▶ φ, sign  (to the sum)
//   scatter:  T (from memory)  ─▶ [|T|] ─▶ [S − φ] ─▶ [inverse] ─▶ [−R], [T]  (to P = T + R and to memory)
//
// [·] is a register, so the gather half takes two cycles and the scatter half four. load_i puts the first posterior of a
// variable where R and T stand at the end: R = ±channel and T = 0, or ±8192 for a known bit, which is as good as the ±8191 of
// the specification since only its sign is ever seen. The clear input zeroes what goes to the memories.
(* keep_hierarchy *)
module qkdpp_ldpc_lane
  import qkdpp_ldpc_pkg::*;
(
  input  logic                     clk_i,
  input  logic                     clear_totals_i,

  // Gather. The last level of the rotation is done here: it shares its LUTs with the addition.
  input  logic [TotalBits-1:0]     gather_near_i,
  input  logic [TotalBits-1:0]     gather_far_i,
  input  logic                     gather_turn_i,
  input  logic [MessageBits-1:0]   gather_message_i,  // a cycle before the posterior
  input  logic                     gather_first_i,    // with it: take 0 instead
  output logic [TotalWordBits-1:0] gather_total_o,
  input  logic                     gather_present_i,  // one cycle after the posterior
  output logic [PhiBits-1:0]       gather_phi_o,
  output logic                     gather_negative_o,

  // Scatter. The sum and the sign wanted of all edges together come one cycle after the total.
  input  logic [TotalWordBits-1:0] scatter_total_i,
  input  logic [SumBits-1:0]       scatter_sum_i,
  input  logic                     scatter_parity_i,
  input  logic                     load_i,  // three cycles after a total would have come
  input  logic                     load_bit_i,
  input  logic                     load_known_i,
  input  logic [MagnitudeBits-1:0] load_channel_i,
  output logic [TotalBits-1:0]     scatter_total_o,
  output logic [MessageBits-1:0]   scatter_message_o
);

  // Gather.
  logic [MessageBits-1:0] message_q;
  logic [TotalBits-1:0]   gather_posterior, gather_total_q;
  logic                   gather_large;

  assign gather_posterior = gather_turn_i ? gather_far_i : gather_near_i;

  always_ff @(posedge clk_i) begin
    message_q <= gather_first_i ? '0 : gather_message_i;
    if (clear_totals_i) begin
      gather_total_q <= '0;
    end else begin
      gather_total_q <= TotalBits'($signed(message_q)) + gather_posterior;
    end
  end

  qkdpp_ldpc_phi u_gather_phi (
    .clk_i,
    .present_i (gather_present_i),
    .total_i   (gather_total_q),
    .large_i   (gather_large),
    .phi_o     (gather_phi_o),
    .negative_o(gather_negative_o)
  );

  assign gather_large = is_large(gather_total_q);
  assign gather_total_o = {gather_large, gather_total_q};

  // Scatter: the index is the number of registers passed.
  logic [PhiBits-1:0]     phi_1;
  logic                   negative_1, negative_2, negative_3;
  logic [SumBits-1:0]     others_2;
  logic [TotalBits-1:0]   total_1, total_2, total_3, total_4;
  logic [MessageBits-1:0] message, message_4;

  qkdpp_ldpc_phi u_scatter_phi (
    .clk_i,
    .present_i (1'b1),
    .total_i   (scatter_total_i[TotalBits-1:0]),
    .large_i   (scatter_total_i[TotalBits]),
    .phi_o     (phi_1),
    .negative_o(negative_1)
  );

  // −R is positive where R is negative.
  qkdpp_ldpc_inverse u_inverse (
    .clk_i,
    .sum_i      (others_2),
    .negate_i   (!(load_i ? load_bit_i : negative_3)),
    .given_i    (load_i),
    .magnitude_i(load_channel_i),
    .message_o  (message)
  );

  always_ff @(posedge clk_i) begin
    // Once 32768 has been reached, it stays so: no φ reaches 16384 but that of 0.
    others_2 <= {scatter_sum_i[SumBits-1], PhiBits'(scatter_sum_i[PhiBits-1:0] - phi_1)};
    negative_2 <= negative_1 ^ scatter_parity_i;
    negative_3 <= negative_2;
    message_4 <= message;
    total_1 <= scatter_total_i[TotalBits-1:0];
    total_3 <= total_2;
  end

  always_ff @(posedge clk_i) begin
    if (clear_totals_i) begin
      total_2 <= '0;
    end else begin
      total_2 <= total_1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (load_i) begin
      total_4 <= {load_known_i && load_bit_i, load_known_i, (TotalBits - 2)'(0)};
    end else begin
      total_4 <= total_3;
    end
  end

  assign scatter_total_o = total_4;
  assign scatter_message_o = message_4;

endmodule
