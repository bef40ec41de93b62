// One bank: the posteriors of its base columns, the messages and totals of their edges, and the lanes that work on them.
//
// Each cycle it can gather one edge of the base matrix and scatter one; Lanes checks each. A column's posteriors lie as its
// last edge left them, lane by lane of the checks, so an edge is rotated by the difference of the two shifts.
//
//   cycle of an issue   0        1       2       3        4             5         6
//   gather              read P   rotate  rotate  T=P−R    write T, |T|  φ, sum    sum
//   scatter             read T   |T|     S−φ     inverse  R             P=T+R     write P, R
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
  output logic [Lanes-1:0][PhiBits-1:0]   gather_phi_o,    // in cycle 5
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
  input  logic [MagnitudeBits-1:0]        load_channel_i,     // at least 1

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
  logic [4:1] gather_valid_q;
  logic [2:1] gather_first_q;
  entry_t     gather_entry_q [1:4];
  logic [6:1] scatter_valid_q;
  logic [6:5] load_q;
  column_t    scatter_column_q [1:6];
  entry_t     scatter_entry_q [1:6];

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      gather_valid_q <= '0;
      scatter_valid_q <= '0;
      load_q <= '0;
    end else begin
      gather_valid_q <= {gather_valid_q[3:1], gather_valid_i};
      scatter_valid_q <= {scatter_valid_q[5:1], scatter_valid_i};
      load_q <= {load_q[5], load_valid_i};
    end
  end

  logic load_posteriors_5, load_posteriors_6;
  always_ff @(posedge clk_i) begin
    gather_first_q <= {gather_first_q[1], gather_first_i};
    gather_entry_q[1] <= gather_entry_i;
    for (int unsigned i = 2; i <= 4; i++) gather_entry_q[i] <= gather_entry_q[i-1];
    scatter_column_q[1] <= scatter_column_i;
    scatter_entry_q[1] <= scatter_entry_i;
    for (int unsigned i = 2; i <= 6; i++) begin
      scatter_column_q[i] <= scatter_column_q[i-1];
      scatter_entry_q[i] <= scatter_entry_q[i-1];
    end
    if (load_valid_i) scatter_column_q[5] <= load_column_i;
    load_posteriors_5 <= load_posteriors_i;
    load_posteriors_6 <= load_posteriors_5;
  end

  logic [3:0] error;
  assign error_o = |error;

  // Posteriors.
  logic                            posterior_write;
  column_t                         posterior_addr;
  logic [Lanes-1:0][TotalBits-1:0] posterior_in, posterior_out, posterior_turned;

  assign posterior_write = scatter_valid_q[6] || (load_q[6] && load_posteriors_6) || scrub_posteriors_i;
  assign posterior_addr = scrub_posteriors_i ? column_t'(scrub_addr_i) : scatter_column_q[6];

  qkdpp_ram #(
    .Width(Lanes * TotalBits),
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
  localparam int unsigned SliceBits = 5;  // of each lane, one rotator's share
  logic [3:1] gather_turn_q;
  always_ff @(posedge clk_i) begin
    gather_turn_q <= {gather_turn_q[2:1], gather_shift_i[ShiftBits-1]};
  end

  for (genvar slice = 0; slice < TotalBits / SliceBits; slice++) begin : gen_slices
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

  assign message_write = scatter_valid_q[6] || scrub_messages_i;
  assign message_addr = scrub_messages_i ? scrub_addr_i : scatter_entry_q[6];

  qkdpp_ram #(
    .Width(Lanes * MessageBits),
    .Depth(Entries)
  ) u_messages (
    .clk_i,
    .rst_ni,
    .write_i     (message_write),
    .write_addr_i(message_addr),
    .write_data_i(message_in),
    .read_i      ((gather_valid_q[1] && !gather_first_q[1]) || scrub_messages_i),
    .read_addr_i (scrub_messages_i ? '0 : gather_entry_q[1]),
    .read_data_o (message_out),
    .error_o     (error[1])
  );

  // Totals between gather and scatter: a ring.
  logic                                total_write;
  logic [TotalAddrBits-1:0]            total_addr;
  logic [Lanes-1:0][TotalWordBits-1:0] total_in, total_out;

  assign total_write = gather_valid_q[4] || scrub_totals_i;
  assign total_addr = scrub_totals_i ? TotalAddrBits'(scrub_addr_i) : TotalAddrBits'(gather_entry_q[4]);

  qkdpp_ram #(
    .Width(Lanes * TotalWordBits),
    .Depth(Totals)
  ) u_totals (
    .clk_i,
    .rst_ni,
    .write_i     (total_write),
    .write_addr_i(total_addr),
    .write_data_i(total_in),
    .read_i      (scatter_valid_i || scrub_totals_i),
    .read_addr_i (scrub_totals_i ? '0 : TotalAddrBits'(scatter_entry_i)),
    .read_data_o (total_out),
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
    .read_i      (scatter_valid_q[5] || scrub_posteriors_i),
    .read_addr_i (scrub_posteriors_i ? '0 : scatter_column_q[5]),
    .read_data_o (received),
    .error_o     (error[3])
  );

  logic [Lanes-1:0][TotalBits-1:0]   scatter_total;
  logic [Lanes-1:0][MessageBits-1:0] scatter_message;
  logic [Lanes-1:0]                  decision;

  for (genvar lane = 0; lane < Lanes; lane++) begin : gen_lanes
    qkdpp_ldpc_lane u_lane (
      .clk_i,
      .clear_totals_i   (scrub_posteriors_i || scrub_totals_i),
      .gather_near_i    (posterior_turned[lane]),
      .gather_far_i     (posterior_turned[(lane+Lanes/2)%Lanes]),
      .gather_turn_i    (gather_turn_q[3]),
      .gather_message_i (message_out[lane]),
      .gather_first_i   (gather_first_q[2]),
      .gather_total_o   (total_in[lane]),
      .gather_present_i (gather_valid_q[4]),
      .gather_phi_o     (gather_phi_o[lane]),
      .gather_negative_o(gather_negative_o[lane]),
      .scatter_total_i  (total_out[lane]),
      .scatter_sum_i    (scatter_sum_i[lane]),
      .scatter_parity_i (scatter_parity_i[lane]),
      .load_i           (load_valid_i),
      .load_bit_i       (load_bits_i[lane]),
      .load_known_i     (load_known_i[lane]),
      .load_channel_i,
      .scatter_total_o  (scatter_total[lane]),
      .scatter_message_o(scatter_message[lane])
    );
  end

  qkdpp_ldpc_posterior #(
    .Lanes(Lanes)
  ) u_posterior (
    .clk_i,
    .clear_posteriors_i(scrub_posteriors_i || scrub_totals_i),
    .clear_messages_i  (scrub_messages_i),
    .total_i           (scatter_total),
    .message_i         (scatter_message),
    .posterior_o       (posterior_in),
    .message_o         (message_in),
    .received_i        (received),
    .decision_o        (decision)
  );

  assign written_o = scatter_valid_q[6];
  assign written_column_o = scatter_column_q[6];

  logic             decision_valid_q;
  column_t          decision_column_q;
  logic [Lanes-1:0] decision_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      decision_valid_q <= 1'b0;
    end else begin
      decision_valid_q <= scatter_valid_q[6] || load_q[6];
    end
  end
  always_ff @(posedge clk_i) begin
    decision_column_q <= scatter_column_q[6];
    decision_q <= decision;
  end
  assign decision_valid_o = decision_valid_q;
  assign decision_column_o = decision_column_q;
  assign decision_o = decision_q;

`ifndef SYNTHESIS
  if (TotalBits % SliceBits != 0) begin : gen_slice_bits
    $error("SliceBits does not divide TotalBits");
  end

  assert property (@(posedge clk_i) disable iff (!rst_ni) !(scatter_valid_q[4] && load_valid_i));
  assert property (@(posedge clk_i) disable iff (!rst_ni) load_valid_i |-> load_channel_i != '0);
  assert property (@(posedge clk_i) disable iff (!rst_ni) scrub_posteriors_i |-> load_bits_i == '0);
  assert property (@(posedge clk_i) disable iff (!rst_ni)
      scrub_posteriors_i || scrub_totals_i || scrub_messages_i |-> !scatter_valid_i && !gather_valid_i);
`endif

endmodule
