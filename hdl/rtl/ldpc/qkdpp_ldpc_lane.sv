// One lane of one bank: the arithmetic of one edge of one check each cycle, twice over. Memories, rotation and the sums lie
// outside.
//
//   gather:   P, R  ─▶ [P − R]  (to memory)  ─▶ [|T|, sign]  (to the sum)
//   scatter:  P − R (from memory)  ─▶ [|T|, sign] ─▶ [S − φ] ─▶ [r] ─▶ [T + r]  (limited: P; R = P − T; both to memory)
//
// [·] is a register, so the gather half takes two cycles and the scatter half four; of |T| it is the grade that is kept. load_i
// puts the first posterior of a variable into the last addition, beside an r of 0: ±channel, or ±127 for a known bit.
(* keep_hierarchy *)
module qkdpp_ldpc_lane
  import qkdpp_ldpc_pkg::*;
(
  input  logic                     clk_i,
  input  logic                     clear_totals_i,    // zeroes what goes to the memories
  input  logic                     clear_messages_i,

  // Gather. The last level of the rotation is done here: it shares its LUTs with the addition.
  input  logic [PosteriorBits-1:0] gather_near_i,
  input  logic [PosteriorBits-1:0] gather_far_i,
  input  logic                     gather_turn_i,
  input  logic [MessageBits-1:0]   gather_message_i,  // a cycle before the posterior
  input  logic                     gather_first_i,    // with it: take 0 instead
  output logic [RestBits-1:0]      gather_rest_o,
  input  logic                     gather_present_i,  // one cycle after the posterior
  output logic [GradeBits-1:0]     gather_grade_o,
  output logic                     gather_negative_o,

  // Scatter. The sum and the sign wanted of all edges together come one cycle after the rest.
  input  logic [RestBits-1:0]      scatter_rest_i,
  input  logic [SumBits-1:0]       scatter_sum_i,
  input  logic                     scatter_parity_i,
  input  logic                     load_i,            // two cycles after a rest would have come
  input  logic                     load_bit_i,
  input  logic                     load_known_i,
  input  logic [ChannelBits-1:0]   load_channel_i,    // this and its negative: constant
  input  logic [ChannelBits-1:0]   load_negative_i,
  output logic [PosteriorBits-1:0] scatter_posterior_o,
  output logic [MessageBits-1:0]   scatter_message_o,
  input  logic                     received_i,        // with the posterior: decides where it is 0
  output logic                     decision_o
);

  // Gather.
  logic [PosteriorBits-1:0] gather_posterior;
  logic [MessageBits-1:0]   gather_message_q;
  logic [RestBits-1:0]      gather_rest_q;

  assign gather_posterior = gather_turn_i ? gather_far_i : gather_near_i;

  always_ff @(posedge clk_i) begin
    if (gather_first_i) begin
      gather_message_q <= '0;
    end else begin
      gather_message_q <= gather_message_i;
    end
  end

  always_ff @(posedge clk_i) begin
    if (clear_totals_i) begin
      gather_rest_q <= '0;
    end else begin
      gather_rest_q <= plus(gather_message_q, ~RestBits'($signed(gather_posterior)));
    end
  end

  qkdpp_ldpc_grade u_gather_grade (
    .clk_i,
    .present_i (gather_present_i),
    .rest_i    (gather_rest_q),
    .grade_o   (gather_grade_o),
    .negative_o(gather_negative_o)
  );

  assign gather_rest_o = gather_rest_q;

  // Scatter: the index is the number of registers passed.
  logic [GradeBits-1:0]     grade_1;
  logic                     negative_1, negative_2;
  logic [PhiBits-1:0]       phi_1;
  logic [SumBits-1:0]       others_2;
  logic [MessageBits-1:0]   message, message_3, message_4;
  logic [RestBits-1:0]      rest_1;
  logic [PosteriorBits-1:0] rest_2, rest_3;  // the complement of T
  logic [MagnitudeBits-1:0] rest_4;
  logic                     load_3, known_3;
  logic [RestBits-1:0]      start_3, total_3, posterior_4;

  qkdpp_ldpc_grade u_scatter_grade (
    .clk_i,
    .present_i (1'b1),
    .rest_i    (scatter_rest_i),
    .grade_o   (grade_1),
    .negative_o(negative_1)
  );

  qkdpp_ldpc_phi u_phi (
    .grade_i(grade_1),
    .phi_o  (phi_1)
  );

  qkdpp_ldpc_inverse u_inverse (
    .sum_i    (others_2),
    .zero_i   (load_i),
    .negate_i (load_i ? load_bit_i : negative_2),
    .message_o(message)
  );

  // T is limited above 127 by one register and below −127 by the next: each has one value to be forced to, which takes no LUT
  // a bit.
  always_ff @(posedge clk_i) begin
    if (scatter_rest_i[RestBits-1-:2] == 2'b10) begin
      rest_1 <= {2'b11, (RestBits - 2)'(0)};
    end else begin
      rest_1 <= scatter_rest_i;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!rest_1[RestBits-1] && (rest_1[RestBits-2] || rest_1[RestBits-3:0] == '1)) begin
      rest_2 <= PosteriorBits'(126);
    end else begin
      rest_2 <= rest_1[PosteriorBits-1:0];
    end
  end

  always_ff @(posedge clk_i) begin
    others_2 <= {scatter_sum_i[SumBits-1], PhiBits'(scatter_sum_i[PhiBits-1:0] - phi_1)};
    negative_2 <= negative_1 ^ scatter_parity_i;
    rest_3 <= rest_2;
    rest_4 <= rest_3[MagnitudeBits-1:0];
    message_3 <= message;
    load_3 <= load_i;
    known_3 <= load_known_i;
  end

  // The bits of a start are chosen by those of the message, which are all the same then, so that they need no LUT but the
  // adder's.
  logic [ChannelBits-1:0] signs;
  assign signs = message_3[ChannelBits-1:0];
  assign start_3 = {
    {(RestBits - ChannelBits) {message_3[MessageBits-1]}},
    known_3 ? {~signs[ChannelBits-1:1], 1'b1} : (signs & load_negative_i) | (~signs & load_channel_i)
  };
  assign total_3 = load_3 ? start_3 : ~RestBits'($signed(rest_3));

  always_ff @(posedge clk_i) begin
    if (clear_totals_i) begin
      posterior_4 <= '0;
    end else begin
      posterior_4 <= plus(message_3, total_3);
    end
  end

  always_ff @(posedge clk_i) begin
    if (clear_messages_i) begin
      message_4 <= '0;
    end else begin
      message_4 <= message_3;
    end
  end

  // Where P is limited, R is 127 − T = 128 + ~T or −128 − T = −127 + ~T, and is kept as its sign and the low bits of ~T: of the
  // first these are the magnitude (T is 87 at least); of the second, 128 + T in magnitude, they are that inverted. So neither
  // needs an adder.
  logic negative, over;
  assign negative = posterior_4[RestBits-1];
  assign over = negative != posterior_4[RestBits-2];
  assign scatter_posterior_o = {
    negative, over ? {(PosteriorBits - 1) {!negative}} : posterior_4[PosteriorBits-2:0]
  };
  assign scatter_message_o = over ? {negative, rest_4} : message_4;
  assign decision_o = negative || (posterior_4 == '0 && received_i);

`ifndef SYNTHESIS
  // §5.3 in integers, a register at a time.
  function automatic int value_of(input logic [MessageBits-1:0] kept);
    logic                     sign;
    logic [MagnitudeBits-1:0] magnitude;
    {sign, magnitude} = kept;
    if (sign) magnitude = ~magnitude;
    return sign ? -32'(magnitude) : 32'(magnitude);
  endfunction

  function automatic int limited(input int sum);
    return sum < -128 ? -128 : sum > 127 ? 127 : sum;
  endfunction

  int   rest, rest_of_memory, upper, start, total, sum;
  logic scattered;
  always_ff @(posedge clk_i) begin
    rest <= clear_totals_i ? -1 : 32'($signed(gather_posterior)) - value_of(gather_message_q);
    rest_of_memory <= -1 - 32'($signed(scatter_rest_i));
    upper <= -1 - 32'($signed(rest_1));
    start <= (load_bit_i ? -1 : 1) * (load_known_i ? 127 : 32'(load_channel_i));
    total <= load_3 ? start : -1 - 32'($signed(rest_3));
    sum <= clear_totals_i ? 0 : (load_3 ? start : -1 - 32'($signed(rest_3))) + value_of(message_3);
    scattered <= !load_3 && !clear_totals_i && !clear_messages_i;
  end

  // What the registers hold when power comes is not limited.
  logic [2:0] age;
  logic       settled;
  assign settled = age[2];
  initial age = '0;
  always_ff @(posedge clk_i) begin
    if (!settled) age <= age + 3'd1;
  end

  assert property (@(posedge clk_i) settled |=> -1 - 32'($signed(gather_rest_o)) == rest);
  assert property (@(posedge clk_i) settled |=>
      -1 - 32'($signed(rest_1)) == (rest_of_memory > 127 ? 127 : rest_of_memory));
  assert property (@(posedge clk_i) settled |=> -1 - 32'($signed(rest_2)) == (upper < -127 ? -127 : upper));
  assert property (@(posedge clk_i) settled |=> !load_3 || value_of(message_3) == 0);
  assert property (@(posedge clk_i) settled |=> 32'($signed(scatter_posterior_o)) == limited(sum));
  assert property (@(posedge clk_i) settled |=> !scattered || value_of(scatter_message_o) == limited(sum) - total);
  // Nothing is limited while messages are cleared: T is what is read of the totals' memory then, cleared too, or a start.
  assert property (@(posedge clk_i) settled && clear_messages_i |=> scatter_message_o == '0);
`endif

endmodule
