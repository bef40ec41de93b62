// One lane of one bank: the arithmetic of one edge of one check each cycle, twice over. Memories and rotation lie outside.
//
//   gather:   P, R  ─▶ T = P − R ─▶ [T]  (to memory)  ─▶ φ(T), sign ─▶ [phi]  (to the sum)
//   scatter:  T (from memory) ─▶ [φ(T)] ─▶ [S − φ(T)] ─▶ inverse [·] ─▶ [R] ─▶ [P = T + R]  (both to memory)
//
// [·] is a register, so the gather half takes two cycles and the scatter half five. y passes beside P and T. load_i puts
// the first posterior of a variable where R and T stand before the last addition: R = ±channel and T = 0, or
// ±8192 for a known bit, which is as good as the ±8191 of the specification since only its sign is ever seen. The clear
// inputs zero what goes to the memories.
module qkdpp_ldpc_lane
  import qkdpp_ldpc_pkg::*;
(
  input  logic                     clk_i,
  input  logic                     clear_totals_i,
  input  logic                     clear_messages_i,

  // Gather. The message counts as 0 in the first iteration; an absent edge contributes nothing to the sum.
  input  logic [PosteriorBits-1:0] gather_posterior_i,
  input  logic [MessageBits-1:0]   gather_message_i,
  input  logic                     gather_first_i,
  output logic [PosteriorBits-1:0] gather_total_o,
  input  logic                     gather_present_i,  // one cycle after the posterior
  output logic [PhiBits-1:0]       gather_phi_o,
  output logic                     gather_negative_o,

  // Scatter. The sum and the sign wanted of all edges together come one cycle after the total.
  input  logic [PosteriorBits-1:0] scatter_total_i,
  input  logic [SumBits-1:0]       scatter_sum_i,
  input  logic                     scatter_parity_i,
  input  logic                     load_i,  // three cycles after a total would have come
  input  logic                     load_bit_i,
  input  logic                     load_known_i,
  input  logic [MagnitudeBits-1:0] load_channel_i,
  output logic [PosteriorBits-1:0] scatter_posterior_o,
  output logic [MessageBits-1:0]   scatter_message_o,
  output logic                     scatter_decision_o
);

  // a ± magnitude by one carry chain: the carry into bit 0 completes the negation.
  function automatic logic [TotalBits-1:0] add_signed(
    input logic [TotalBits-1:0] a, input logic negative, input logic [MagnitudeBits-1:0] magnitude
  );
    logic [TotalBits-1:0] b;
    b = TotalBits'(magnitude) ^ {TotalBits{negative}};
    return TotalBits'(({a, 1'b1} + {b, negative}) >> 1);
  endfunction

  // Gather.
  logic [TotalBits-1:0] gather_total_q;
  logic                 gather_bit_q;
  logic [PhiBits-1:0]   gather_phi, gather_phi_q;
  logic                 gather_negative, gather_negative_q;

  qkdpp_ldpc_phi u_gather_phi (
    .total_i   (gather_total_q),
    .phi_o     (gather_phi),
    .negative_o(gather_negative)
  );

  always_ff @(posedge clk_i) begin
    if (clear_totals_i) begin
      gather_total_q <= '0;
      gather_bit_q <= 1'b0;
    end else begin
      gather_total_q <= add_signed(
          gather_posterior_i[TotalBits-1:0],
          !gather_message_i[MagnitudeBits],
          gather_message_i[MagnitudeBits-1:0] & {MagnitudeBits{!gather_first_i}});
      gather_bit_q <= gather_posterior_i[TotalBits];
    end
  end

  always_ff @(posedge clk_i) begin
    if (!gather_present_i) begin
      gather_phi_q <= '0;
      gather_negative_q <= 1'b0;
    end else begin
      gather_phi_q <= gather_phi;
      gather_negative_q <= gather_negative;
    end
  end

  assign gather_total_o = {gather_bit_q, gather_total_q};
  assign gather_phi_o = gather_phi_q;
  assign gather_negative_o = gather_negative_q;

  // Scatter: the index is the number of registers passed.
  logic [PhiBits-1:0]       scatter_phi, phi_1;
  logic                     scatter_negative, negative_1, negative_2, negative_3, negative_4;
  logic [SumBits-1:0]       others_2;
  logic [MagnitudeBits-1:0] magnitude, magnitude_4;
  logic [TotalBits-1:0]     total_1, total_2, total_3, total_4, posterior_5;
  logic                     bit_1, bit_2, bit_3, bit_4, bit_5;
  logic [MessageBits-1:0]   message_5;

  qkdpp_ldpc_phi u_scatter_phi (
    .total_i   (scatter_total_i[TotalBits-1:0]),
    .phi_o     (scatter_phi),
    .negative_o(scatter_negative)
  );

  qkdpp_ldpc_inverse u_inverse (
    .clk_i,
    .sum_i      (others_2),
    .magnitude_o(magnitude)
  );

  always_ff @(posedge clk_i) begin
    phi_1 <= scatter_phi;
    negative_1 <= scatter_negative;
    {bit_1, total_1} <= scatter_total_i;

    // Once 32768 has been reached, it stays so: no φ reaches 16384 but that of 0.
    others_2 <= {scatter_sum_i[SumBits-1], PhiBits'(scatter_sum_i[PhiBits-1:0] - phi_1)};
    negative_2 <= negative_1 ^ scatter_parity_i;

    negative_3 <= negative_2;
    {bit_3, total_3} <= {bit_2, total_2};

    negative_4 <= load_i ? load_bit_i : negative_3;
    magnitude_4 <= load_i ? load_channel_i : magnitude;
    bit_4 <= load_i ? load_bit_i : bit_3;
  end

  always_ff @(posedge clk_i) begin
    if (clear_totals_i) begin
      {bit_2, total_2} <= '0;
    end else begin
      {bit_2, total_2} <= {bit_1, total_1};
    end
  end

  always_ff @(posedge clk_i) begin
    if (load_i) begin
      total_4 <= {load_known_i && load_bit_i, load_known_i, (TotalBits - 2)'(0)};
    end else begin
      total_4 <= total_3;
    end
  end

  always_ff @(posedge clk_i) begin
    if (clear_totals_i) begin
      posterior_5 <= '0;
      bit_5 <= 1'b0;
    end else begin
      posterior_5 <= add_signed(total_4, negative_4, magnitude_4);
      bit_5 <= bit_4;
    end
  end

  always_ff @(posedge clk_i) begin
    if (clear_messages_i) begin
      message_5 <= '0;
    end else begin
      message_5 <= {negative_4, magnitude_4};
    end
  end

  assign scatter_posterior_o = {bit_5, posterior_5};
  assign scatter_message_o = message_5;
  assign scatter_decision_o = posterior_5[TotalBits-1] || (posterior_5 == '0 && bit_5);

endmodule
