// One bank: the posteriors of its base columns, the messages and totals of their edges, and the lanes that work on them.
//
// Each cycle it can gather one edge of the base matrix and scatter one; Lanes checks each. A column's posteriors lie as its
// last edge left them, lane by lane of the checks, so an edge is rotated by the difference of the two shifts.
//
//   cycle of an issue   0        1       2            3             4       5
//   gather              read P   rotate  rotate, P−R  write it, |T|  φ, sum  sum
//   scatter             read it  |T|     S−φ          r             T+r     limit it to P, R=P−T, write both
//
// The decision is handed out in the cycle after a posterior was written; where a posterior is 0 the received bit decides. That
// bit lies in a memory of its own, turned as the last edge of its column needs it: the decisions of earlier edges are
// overwritten before anyone reads them. A load goes the way of a scatter; its posteriors are never 0.
module qkdpp_ldpc_bank
  import qkdpp_ldpc_pkg::*;
#(
  parameter int unsigned Lanes = 128,
  parameter int unsigned Columns = 256,   // of this bank
  parameter int unsigned Entries = 2048,
  parameter int unsigned Totals = 256,    // a power of two
  localparam int unsigned ShiftBits = $clog2(Lanes),
  localparam int unsigned ColumnBits = $clog2(Columns),
  localparam int unsigned EntryBits = $clog2(Entries),
  localparam int unsigned TotalAddrBits = $clog2(Totals)
) (
  input  logic                            clk_i,
  input  logic                            rst_ni,

  // Overwrite one address of a memory a cycle, while the schedule rests.
  input  logic [EntryBits-1:0]            scrub_addr_i,
  input  logic                            scrub_posteriors_i,
  input  logic                            scrub_totals_i,
  input  logic                            scrub_messages_i,

  // Issue of an edge to gather.
  input  logic                            gather_valid_i,
  input  logic                            gather_first_i,  // first iteration
  input  logic [ColumnBits-1:0]           gather_column_i,
  input  logic [ShiftBits-1:0]            gather_shift_i,
  input  logic [EntryBits-1:0]            gather_entry_i,
  output logic [Lanes-1:0][GradeBits-1:0] gather_grade_o,  // in cycle 4
  output logic [Lanes-1:0]                gather_negative_o,

  // Issue of an edge to scatter.
  input  logic                            scatter_valid_i,
  input  logic [ColumnBits-1:0]           scatter_column_i,
  input  logic [EntryBits-1:0]            scatter_entry_i,
  input  logic [Lanes-1:0][SumBits-1:0]   scatter_sum_i,   // in cycle 2
  input  logic [Lanes-1:0]                scatter_parity_i,

  // A column of the received word.
  input  logic                            load_valid_i,
  input  logic                            load_posteriors_i,  // or else only the decisions
  input  logic [ColumnBits-1:0]           load_column_i,
  input  logic [Lanes-1:0]                load_bits_i,        // 0 while there is no load
  input  logic [Lanes-1:0]                load_known_i,
  input  logic [ChannelBits-1:0]          load_channel_i,     // at least 1, constant

  // A posterior is written: its column may be gathered in the next cycle.
  output logic                            written_o,
  output logic [ColumnBits-1:0]           written_column_o,

  output logic                            decision_valid_o,
  output logic [ColumnBits-1:0]           decision_column_o,
  output logic [Lanes-1:0]                decision_o,

  output logic                            error_o
);

  typedef logic [ColumnBits-1:0] column_t;
  typedef logic [EntryBits-1:0]  entry_t;

  // Control, cycle by cycle of an issue.
  logic [3:1] gather_valid_q;
  logic       gather_first_q;
  entry_t     gather_entry_q [1:3];
  logic [5:1] scatter_valid_q;
  logic [5:4] load_q;
  column_t    scatter_column_q [1:5];
  entry_t     scatter_entry_q [1:5];

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      gather_valid_q <= '0;
      scatter_valid_q <= '0;
      load_q <= '0;
    end else begin
      gather_valid_q <= {gather_valid_q[2:1], gather_valid_i};
      scatter_valid_q <= {scatter_valid_q[4:1], scatter_valid_i};
      load_q <= {load_q[4], load_valid_i};
    end
  end

  logic load_posteriors_4, load_posteriors_5;
  always_ff @(posedge clk_i) begin
    gather_first_q <= gather_first_i;
    gather_entry_q[1] <= gather_entry_i;
    for (int unsigned i = 2; i <= 3; i++) gather_entry_q[i] <= gather_entry_q[i-1];
    scatter_column_q[1] <= scatter_column_i;
    scatter_entry_q[1] <= scatter_entry_i;
    for (int unsigned i = 2; i <= 5; i++) begin
      scatter_column_q[i] <= scatter_column_q[i-1];
      scatter_entry_q[i] <= scatter_entry_q[i-1];
    end
    if (load_valid_i) scatter_column_q[4] <= load_column_i;
    load_posteriors_4 <= load_posteriors_i;
    load_posteriors_5 <= load_posteriors_4;
  end

  logic [3:0] error;
  assign error_o = |error;

  // Posteriors.
  logic                                posterior_write;
  column_t                             posterior_addr;
  logic [Lanes-1:0][PosteriorBits-1:0] posterior_in, posterior_out, posterior_turned;

  assign posterior_write = scatter_valid_q[5] || (load_q[5] && load_posteriors_5) || scrub_posteriors_i;
  assign posterior_addr = scrub_posteriors_i ? column_t'(scrub_addr_i) : scatter_column_q[5];

  qkdpp_ram #(
    .Width(Lanes * PosteriorBits),
    .Depth(Columns)
  ) u_posteriors (
    .clk_i,
    .rst_ni,
    .write_i     (posterior_write),
    .write_addr_i(posterior_addr),
    .write_data_i(posterior_in),
    .read_i      (gather_valid_i || scrub_posteriors_i),
    .read_addr_i (scrub_posteriors_i ? '0 : gather_column_i),
    .read_data_o (posterior_out),
    .error_o     (error[0])
  );

  // The top bit of the shift is left to the lanes.
  localparam int unsigned SliceBits = 4;  // of each lane, one rotator's share
  logic [2:1] gather_turn_q;
  always_ff @(posedge clk_i) begin
    gather_turn_q <= {gather_turn_q[1], gather_shift_i[ShiftBits-1]};
  end

  for (genvar slice = 0; slice < PosteriorBits / SliceBits; slice++) begin : gen_slices
    logic [Lanes-1:0][SliceBits-1:0] slice_in, slice_out;
    for (genvar lane = 0; lane < Lanes; lane++) begin : gen_lanes
      assign slice_in[lane] = posterior_out[lane][slice*SliceBits+:SliceBits];
      assign posterior_turned[lane][slice*SliceBits+:SliceBits] = slice_out[lane];
    end

    qkdpp_ldpc_rotate #(
      .Lanes(Lanes),
      .Width(SliceBits),
      .Bits (ShiftBits - 1)
    ) u_rotate (
      .clk_i,
      .enable_i(1'b1),
      .shift_i (gather_shift_i[ShiftBits-2:0]),
      .data_i  (slice_in),
      .data_o  (slice_out)
    );
  end

  // Messages, by the gather entry of their edge.
  logic                              message_write;
  entry_t                            message_addr;
  logic [Lanes-1:0][MessageBits-1:0] message_in, message_out;

  assign message_write = scatter_valid_q[5] || scrub_messages_i;
  assign message_addr = scrub_messages_i ? scrub_addr_i : scatter_entry_q[5];

  qkdpp_ram #(
    .Width(Lanes * MessageBits),
    .Depth(Entries)
  ) u_messages (
    .clk_i,
    .rst_ni,
    .write_i     (message_write),
    .write_addr_i(message_addr),
    .write_data_i(message_in),
    .read_i      ((gather_valid_i && !gather_first_i) || scrub_messages_i),
    .read_addr_i (scrub_messages_i ? '0 : gather_entry_i),
    .read_data_o (message_out),
    .error_o     (error[1])
  );

  // What lies between gather and scatter: a ring.
  logic                           total_write;
  logic [TotalAddrBits-1:0]       total_addr;
  logic [Lanes-1:0][RestBits-1:0] rest_in, rest_out;

  assign total_write = gather_valid_q[3] || scrub_totals_i;
  assign total_addr = scrub_totals_i ? TotalAddrBits'(scrub_addr_i) : TotalAddrBits'(gather_entry_q[3]);

  qkdpp_ram #(
    .Width(Lanes * RestBits),
    .Depth(Totals)
  ) u_totals (
    .clk_i,
    .rst_ni,
    .write_i     (total_write),
    .write_addr_i(total_addr),
    .write_data_i(rest_in),
    .read_i      (scatter_valid_i || scrub_totals_i),
    .read_addr_i (scrub_totals_i ? '0 : TotalAddrBits'(scatter_entry_i)),
    .read_data_o (rest_out),
    .error_o     (error[2])
  );

  // Received bits, for the decision.
  logic [Lanes-1:0] received;

  qkdpp_ram #(
    .Width(Lanes),
    .Depth(Columns)
  ) u_received (
    .clk_i,
    .rst_ni,
    .write_i     ((load_valid_i && load_posteriors_i) || scrub_posteriors_i),
    .write_addr_i(scrub_posteriors_i ? column_t'(scrub_addr_i) : load_column_i),
    .write_data_i(load_bits_i),
    .read_i      (scatter_valid_q[4] || scrub_posteriors_i),
    .read_addr_i (scrub_posteriors_i ? '0 : scatter_column_q[4]),
    .read_data_o (received),
    .error_o     (error[3])
  );

  // The start of a posterior.
  logic [ChannelBits-1:0] load_negative_q;
  always_ff @(posedge clk_i) begin
    load_negative_q <= -load_channel_i;
  end

  logic [Lanes-1:0] decision;

  for (genvar lane = 0; lane < Lanes; lane++) begin : gen_lanes
    qkdpp_ldpc_lane u_lane (
      .clk_i,
      .clear_totals_i     (scrub_posteriors_i || scrub_totals_i),
      .clear_messages_i   (scrub_messages_i),
      .gather_near_i      (posterior_turned[lane]),
      .gather_far_i       (posterior_turned[(lane+Lanes/2)%Lanes]),
      .gather_turn_i      (gather_turn_q[2]),
      .gather_message_i   (message_out[lane]),
      .gather_first_i     (gather_first_q),
      .gather_rest_o      (rest_in[lane]),
      .gather_present_i   (gather_valid_q[3]),
      .gather_grade_o     (gather_grade_o[lane]),
      .gather_negative_o  (gather_negative_o[lane]),
      .scatter_rest_i     (rest_out[lane]),
      .scatter_sum_i      (scatter_sum_i[lane]),
      .scatter_parity_i   (scatter_parity_i[lane]),
      .load_i             (load_valid_i),
      .load_bit_i         (load_bits_i[lane]),
      .load_known_i       (load_known_i[lane]),
      .load_channel_i,
      .load_negative_i    (load_negative_q),
      .scatter_posterior_o(posterior_in[lane]),
      .scatter_message_o  (message_in[lane]),
      .received_i         (received[lane]),
      .decision_o         (decision[lane])
    );
  end

  assign written_o = scatter_valid_q[5];
  assign written_column_o = scatter_column_q[5];

  logic             decision_valid_q;
  column_t          decision_column_q;
  logic [Lanes-1:0] decision_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      decision_valid_q <= 1'b0;
    end else begin
      decision_valid_q <= scatter_valid_q[5] || load_q[5];
    end
  end
  always_ff @(posedge clk_i) begin
    decision_column_q <= scatter_column_q[5];
    decision_q <= decision;
  end
  assign decision_valid_o = decision_valid_q;
  assign decision_column_o = decision_column_q;
  assign decision_o = decision_q;

`ifndef SYNTHESIS
  if (PosteriorBits % SliceBits != 0) begin : gen_slice_bits
    $error("SliceBits does not divide PosteriorBits");
  end

  assert property (@(posedge clk_i) disable iff (!rst_ni) !(scatter_valid_q[3] && load_valid_i));
  assert property (@(posedge clk_i) disable iff (!rst_ni) load_valid_i |-> load_channel_i != '0);
  assert property (@(posedge clk_i) disable iff (!rst_ni) scrub_posteriors_i |-> load_bits_i == '0);
  assert property (@(posedge clk_i) disable iff (!rst_ni)
      scrub_posteriors_i || scrub_totals_i || scrub_messages_i |-> !scatter_valid_i && !gather_valid_i);
`endif

endmodule
