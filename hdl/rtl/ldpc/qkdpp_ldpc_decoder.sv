// The decoder's data path: the banks, their sums, and the schedule that drives them. One start_i is one iteration.
module qkdpp_ldpc_decoder
  import qkdpp_ldpc_pkg::*;
#(
  parameter int unsigned Lanes = 128,
  parameter int unsigned Banks = 2,
  parameter int unsigned Columns = 256,  // of a bank
  parameter int unsigned Entries = 2048,
  parameter int unsigned Rows = 512,
  parameter int unsigned Totals = 256,
  localparam int unsigned ShiftBits = $clog2(Lanes),
  localparam int unsigned ColumnBits = $clog2(Columns),
  localparam int unsigned EntryBits = $clog2(Entries),
  localparam int unsigned RowBits = $clog2(Rows)
) (
  input  logic                             clk_i,
  input  logic                             rst_ni,
  input  logic                             stop_i,

  input  logic                             start_i,
  input  logic                             first_i,   // first iteration, stable while running
  output logic                             done_o,
  output logic                             stuck_o,
  input  logic                             clear_i,   // the decoding is over
  output logic                             stalled_o, // it should be, after this iteration

  input  logic                             gather_valid_i,
  output logic                             gather_ready_o,
  input  logic                             gather_last_i,
  input  logic [Banks-1:0]                 gather_present_i,
  input  logic [Banks-1:0][ColumnBits-1:0] gather_column_i,
  input  logic [Banks-1:0][ShiftBits-1:0]  gather_shift_i,
  input  logic                             scatter_valid_i,
  output logic                             scatter_ready_o,
  input  logic                             scatter_last_i,
  input  logic [Banks-1:0]                 scatter_present_i,
  input  logic [Banks-1:0][ColumnBits-1:0] scatter_column_i,
  input  logic [Banks-1:0][EntryBits-1:0]  scatter_entry_i,
  input  logic [EntryBits:0]               scatter_count_i,

  output logic                             target_read_o,
  output logic [RowBits-1:0]               target_row_o,
  input  logic [Lanes-1:0]                 target_i,

  input  logic [Banks-1:0]                 load_valid_i,
  input  logic                             load_posteriors_i,
  input  logic [ColumnBits-1:0]            load_column_i,
  input  logic [Banks-1:0][Lanes-1:0]      load_bits_i,
  input  logic [Banks-1:0][Lanes-1:0]      load_known_i,
  input  logic [ChannelBits-1:0]           load_channel_i,

  output logic [Banks-1:0]                 decision_valid_o,
  output logic [Banks-1:0][ColumnBits-1:0] decision_column_o,
  output logic [Banks-1:0][Lanes-1:0]      decision_o,

  input  logic [EntryBits-1:0]             scrub_addr_i,
  input  logic                             scrub_posteriors_i,
  input  logic                             scrub_totals_i,
  input  logic                             scrub_messages_i,
  output logic                             error_o
);

  logic                             gather_issue, scatter_issue, row_start;
  logic [EntryBits-1:0]             gather_entry;
  logic [Banks-1:0]                 written;
  logic [Banks-1:0][ColumnBits-1:0] written_column;

  qkdpp_ldpc_schedule #(
    .Banks  (Banks),
    .Columns(Columns),
    .Entries(Entries),
    .Totals (Totals)
  ) u_schedule (
    .clk_i,
    .rst_ni,
    .start_i,
    .stop_i,
    .done_o,
    .stuck_o,
    .gather_valid_i,
    .gather_ready_o,
    .gather_last_i,
    .gather_present_i,
    .gather_column_i,
    .scatter_valid_i,
    .scatter_ready_o,
    .scatter_last_i,
    .scatter_count_i,
    .gather_issue_o    (gather_issue),
    .gather_row_start_o(row_start),
    .gather_entry_o    (gather_entry),
    .scatter_issue_o   (scatter_issue),
    .written_i         (written),
    .written_column_i  (written_column)
  );

  // The sum is told of an entry four cycles after its issue, and asked for a row two cycles after that of its scatter.
  logic [GatherLatency:1] issued_q, row_start_q, row_last_q;
  logic [2:1]             scattered_q;
  logic [RowBits-1:0]     row_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      issued_q <= '0;
      row_start_q <= '0;
      row_last_q <= '0;
      scattered_q <= '0;
      row_q <= '0;
    end else begin
      issued_q <= {issued_q[GatherLatency-1:1], gather_issue};
      row_start_q <= {row_start_q[GatherLatency-1:1], row_start};
      row_last_q <= {row_last_q[GatherLatency-1:1], gather_last_i};
      scattered_q <= {scattered_q[1], scatter_issue && scatter_last_i};
      if (start_i) begin
        row_q <= '0;
      end else if (target_read_o) begin
        row_q <= row_q + 1'b1;
      end
    end
  end

  assign target_read_o = issued_q[GatherLatency] && row_start_q[GatherLatency];
  assign target_row_o = row_q;

  logic [Banks-1:0][Lanes-1:0][GradeBits-1:0] grade;
  logic [Banks-1:0][Lanes-1:0]                negative;
  logic [Lanes-1:0][SumBits-1:0]              sum;
  logic [Lanes-1:0]                           parity, row;
  logic                                       row_valid;
  logic [Banks-1:0]                           error;
  assign error_o = |error;

  qkdpp_ldpc_sum #(
    .Lanes(Lanes),
    .Banks(Banks)
  ) u_sum (
    .clk_i,
    .rst_ni,
    .restart_i  (start_i),
    .clear_i    (scrub_totals_i),
    .valid_i    (issued_q[GatherLatency]),
    .first_i    (row_start_q[GatherLatency]),
    .last_i     (row_last_q[GatherLatency]),
    .grade_i    (grade),
    .negative_i (negative),
    .target_i,
    .row_valid_o(row_valid),
    .row_o      (row),
    .pop_i      (scattered_q[2]),
    .sum_o      (sum),
    .parity_o   (parity)
  );

  qkdpp_ldpc_stall #(
    .Lanes(Lanes),
    .Rows (Rows)
  ) u_stall (
    .clk_i,
    .rst_ni,
    .clear_i,
    .start_i,
    .first_i,
    .row_valid_i(row_valid),
    .row_i      (row),
    .done_i     (done_o),
    .stalled_o
  );

  for (genvar bank = 0; bank < Banks; bank++) begin : gen_banks
    qkdpp_ldpc_bank #(
      .Lanes  (Lanes),
      .Columns(Columns),
      .Entries(Entries),
      .Totals (Totals)
    ) u_bank (
      .clk_i,
      .rst_ni,
      .scrub_addr_i,
      .scrub_posteriors_i,
      .scrub_totals_i,
      .scrub_messages_i,
      .gather_valid_i    (gather_issue && gather_present_i[bank]),
      .gather_first_i    (first_i),
      .gather_column_i   (gather_column_i[bank]),
      .gather_shift_i    (gather_shift_i[bank]),
      .gather_entry_i    (gather_entry),
      .gather_grade_o    (grade[bank]),
      .gather_negative_o (negative[bank]),
      .scatter_valid_i   (scatter_issue && scatter_present_i[bank]),
      .scatter_column_i  (scatter_column_i[bank]),
      .scatter_entry_i   (scatter_entry_i[bank]),
      .scatter_sum_i     (sum),
      .scatter_parity_i  (parity),
      .load_valid_i      (load_valid_i[bank]),
      .load_posteriors_i,
      .load_column_i,
      .load_bits_i       (load_bits_i[bank]),
      .load_known_i      (load_known_i[bank]),
      .load_channel_i,
      .written_o         (written[bank]),
      .written_column_o  (written_column[bank]),
      .decision_valid_o  (decision_valid_o[bank]),
      .decision_column_o (decision_column_o[bank]),
      .decision_o        (decision_o[bank]),
      .error_o           (error[bank])
    );
  end

endmodule
