// What the jobs of the LDPC kernel work with: the code's tables, the target, the decoder, the decisions and their syndrome,
// and the walk that overwrites it all.
//
// EdgesPerCycle banks of Lanes lanes each work on one edge of the base matrix a cycle. An iteration takes as many cycles as
// its longer table has entries, and a few dozen; a check at most as many as the check table has entries, and stops at the
// first row that differs.
module qkdpp_ldpc_engine
  import qkdpp_pkg::*;
  import qkdpp_ldpc_pkg::*;
#(
  parameter int unsigned Lanes = 128,
  parameter int unsigned Banks = 2,
  parameter int unsigned BankColumns = 256,
  parameter int unsigned Entries = 2048,
  parameter int unsigned Rows = 512,
  parameter int unsigned Group = 2,
  localparam int unsigned TargetGroups = Rows / Group,
  localparam int unsigned ColumnBits = $clog2(BankColumns),
  localparam int unsigned TargetBits = $clog2(TargetGroups)
) (
  input  logic                        clk_i,
  input  logic                        rst_ni,
  input  logic                        clearing_i,      // scrubbing is of everything
  input  logic                        stop_i,

  // A unit of the input, and what it is: a code's header or entry, target words, columns or their known bits.
  input  beat_t                       data_i,
  input  logic                        header_i,
  input  logic                        entry_i,
  output logic                        table_final_o,
  output logic                        code_final_o,
  output logic                        check_next_o,
  output logic                        code_wrong_o,
  output logic [$clog2(Rows+1)-1:0]   rows_o,
  output logic [ColumnBits:0]         columns_o,
  input  logic                        target_write_i,
  input  logic [TargetBits-1:0]       target_group_i,
  input  logic                        loading_i,
  input  logic                        known_i,
  input  logic                        step_i,          // this group of columns is complete
  input  logic [ColumnBits-1:0]       column_i,
  input  logic [2:0]                  group_i,
  input  logic                        group_final_i,

  input  logic                        decode_i,        // or else syndromes are computed
  input  logic                        first_i,         // first iteration
  input  logic [ChannelBits-1:0]      channel_i,       // at least 1

  input  logic                        decode_restart_i,
  input  logic                        check_start_i,
  output logic                        check_done_o,
  output logic                        check_match_o,
  input  logic                        iterate_start_i,
  input  logic                        iterate_i,
  output logic                        iterate_done_o,
  output logic                        stuck_o,
  output logic                        stalled_o,
  input  logic                        scrub_start_i,
  output logic                        scrub_quick_o,
  output logic                        scrub_idle_o,

  // Decisions, one cycle after read_i; wipe_i overwrites them. Rows of a syndrome.
  input  logic                        read_i,
  input  logic                        wipe_i,
  output logic [Banks-1:0][Lanes-1:0] words_o,
  output logic                        row_valid_o,
  input  logic                        row_ready_i,
  output logic [Lanes-1:0]            row_o,
  output logic                        row_final_o,
  output logic                        error_o
);

  localparam int unsigned Totals = Banks == 1 ? 512 : 256;
  localparam int unsigned ShiftBits = $clog2(Lanes);
  localparam int unsigned PlaceBits = ColumnBits - 1;
  localparam int unsigned EntryBits = $clog2(Entries);
  localparam int unsigned RowBits = $clog2(Rows);

  // Code.
  logic [EntryBits:0]                gather_count, scatter_count;
  logic                              gather_valid, gather_ready, gather_last;
  logic [Banks-1:0]                  gather_present;
  logic [Banks-1:0][ColumnBits-1:0]  gather_column;
  logic [Banks-1:0][ShiftBits-1:0]   gather_shift;
  logic                              scatter_valid, scatter_ready, scatter_last;
  logic [Banks-1:0]                  scatter_present;
  logic [Banks-1:0][ColumnBits-1:0]  scatter_column;
  logic [Banks-1:0][EntryBits-1:0]   scatter_entry;
  logic                              check_valid, check_ready, check_last;
  logic [2*Banks-1:0]                check_present;
  logic [2*Banks-1:0][PlaceBits-1:0] check_place;
  logic [2*Banks-1:0][ShiftBits-1:0] check_shift;
  logic [3:0]                        error;

  qkdpp_ldpc_code #(
    .Lanes  (Lanes),
    .Banks  (Banks),
    .Columns(BankColumns),
    .Entries(Entries),
    .Rows   (Rows)
  ) u_code (
    .clk_i,
    .rst_ni,
    .header_i,
    .entry_i,
    .data_i,
    .table_final_o,
    .code_final_o,
    .check_next_o,
    .wrong_o          (code_wrong_o),
    .gather_count_o   (gather_count),
    .scatter_count_o  (scatter_count),
    .rows_o,
    .columns_o,
    .decode_restart_i,
    .check_restart_i  (check_start_i),
    .stop_i,
    .gather_valid_o   (gather_valid),
    .gather_ready_i   (gather_ready),
    .gather_last_o    (gather_last),
    .gather_present_o (gather_present),
    .gather_column_o  (gather_column),
    .gather_shift_o   (gather_shift),
    .scatter_valid_o  (scatter_valid),
    .scatter_ready_i  (scatter_ready),
    .scatter_last_o   (scatter_last),
    .scatter_present_o(scatter_present),
    .scatter_column_o (scatter_column),
    .scatter_entry_o  (scatter_entry),
    .check_valid_o    (check_valid),
    .check_ready_i    (check_ready),
    .check_last_o     (check_last),
    .check_present_o  (check_present),
    .check_place_o    (check_place),
    .check_shift_o    (check_shift),
    .error_o          (error[0])
  );

  // The received word: a register between the input and the banks.
  logic [Banks-1:0]            load_valid_q;
  logic [ColumnBits-1:0]       load_column_q;
  logic [Group-1:0][Lanes-1:0] load_bits_q, load_known_q;
  logic [Banks-1:0][Lanes-1:0] load_bits, load_known;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      load_valid_q <= '0;
    end else begin
      for (int unsigned bank = 0; bank < Banks; bank++) begin
        load_valid_q[bank] <= step_i && bank / Group == 32'(group_i);
      end
    end
  end

  always_ff @(posedge clk_i) begin
    load_column_q <= column_i;
    if (loading_i) begin
      if (!known_i) load_bits_q <= data_i[Group*Lanes-1:0];
      load_known_q <= known_i ? data_i[Group*Lanes-1:0] : '0;
    end else begin
      load_bits_q <= '0;
      load_known_q <= '0;
    end
  end

  for (genvar bank = 0; bank < Banks; bank++) begin : gen_load
    assign load_bits[bank] = load_bits_q[bank%Group];
    assign load_known[bank] = load_known_q[bank%Group];
  end

  // Scrubbing.
  logic [EntryBits-1:0] scrub_addr;
  logic                 scrub_posteriors, scrub_totals, scrub_target, scrub_messages;

  qkdpp_ldpc_scrub #(
    .Columns(BankColumns),
    .Entries(Entries),
    .Groups (TargetGroups),
    .Totals (Totals)
  ) u_scrub (
    .clk_i,
    .rst_ni,
    .start_i     (scrub_start_i),
    .all_i       (clearing_i),
    .messages_i  (gather_count),
    .quick_o     (scrub_quick_o),
    .idle_o      (scrub_idle_o),
    .addr_o      (scrub_addr),
    .posteriors_o(scrub_posteriors),
    .totals_o    (scrub_totals),
    .target_o    (scrub_target),
    .messages_o  (scrub_messages)
  );

  // Target.
  logic               target_read_decoder, target_read_check;
  logic [RowBits-1:0] target_row_decoder, target_row_check_q;
  logic [Lanes-1:0]   target;

  qkdpp_ldpc_target #(
    .Lanes(Lanes),
    .Group(Group),
    .Rows (Rows)
  ) u_target (
    .clk_i,
    .rst_ni,
    .write_i      (target_write_i || scrub_target),
    .write_group_i(scrub_target ? TargetBits'(scrub_addr) : target_group_i),
    .write_data_i (scrub_target ? '0 : data_i[Group*Lanes-1:0]),
    .read_i       (target_read_decoder || (target_read_check && decode_i) || scrub_target),
    .read_row_i   (iterate_i ? target_row_decoder : target_row_check_q),
    .read_data_o  (target),
    .error_o      (error[1])
  );

  // Decoder.
  logic [Banks-1:0]                 decision_valid;
  logic [Banks-1:0][ColumnBits-1:0] decision_column;
  logic [Banks-1:0][Lanes-1:0]      decision;

  qkdpp_ldpc_decoder #(
    .Lanes  (Lanes),
    .Banks  (Banks),
    .Columns(BankColumns),
    .Entries(Entries),
    .Rows   (Rows),
    .Totals (Totals)
  ) u_decoder (
    .clk_i,
    .rst_ni,
    .stop_i,
    .start_i           (iterate_start_i),
    .first_i,
    .done_o            (iterate_done_o),
    .stuck_o,
    .clear_i           (scrub_start_i),
    .stalled_o,
    .gather_valid_i    (gather_valid),
    .gather_ready_o    (gather_ready),
    .gather_last_i     (gather_last),
    .gather_present_i  (gather_present),
    .gather_column_i   (gather_column),
    .gather_shift_i    (gather_shift),
    .scatter_valid_i   (scatter_valid),
    .scatter_ready_o   (scatter_ready),
    .scatter_last_i    (scatter_last),
    .scatter_present_i (scatter_present),
    .scatter_column_i  (scatter_column),
    .scatter_entry_i   (scatter_entry),
    .scatter_count_i   (scatter_count),
    .target_read_o     (target_read_decoder),
    .target_row_o      (target_row_decoder),
    .target_i          (target),
    .load_valid_i      (load_valid_q),
    .load_posteriors_i (decode_i),
    .load_column_i     (load_column_q),
    .load_bits_i       (load_bits),
    .load_known_i      (load_known),
    .load_channel_i    (channel_i),
    .decision_valid_o  (decision_valid),
    .decision_column_o (decision_column),
    .decision_o        (decision),
    .scrub_addr_i      (scrub_addr),
    .scrub_posteriors_i(scrub_posteriors),
    .scrub_totals_i    (scrub_totals),
    .scrub_messages_i  (scrub_messages),
    .error_o           (error[2])
  );

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      target_row_check_q <= '0;
    end else if (check_start_i) begin
      target_row_check_q <= '0;
    end else if (target_read_check) begin
      target_row_check_q <= target_row_check_q + 1'b1;
    end
  end

  // Decisions and their syndrome.
  qkdpp_ldpc_check #(
    .Lanes  (Lanes),
    .Banks  (Banks),
    .Columns(BankColumns),
    .RowBits($clog2(Rows + 1))
  ) u_check (
    .clk_i,
    .rst_ni,
    .write_i        (decision_valid),
    .write_column_i (decision_column),
    .write_data_i   (decision),
    .read_i         (read_i || wipe_i),
    .wipe_i         (wipe_i || group_final_i),
    .read_column_i  (column_i),
    .read_data_o    (words_o),
    .start_i        (check_start_i),
    .stop_i,
    .compare_i      (decode_i),
    .rows_i         (rows_o),
    .entry_valid_i  (check_valid),
    .entry_ready_o  (check_ready),
    .entry_last_i   (check_last),
    .entry_present_i(check_present),
    .entry_place_i  (check_place),
    .entry_shift_i  (check_shift),
    .target_read_o  (target_read_check),
    .target_i       (target),
    .row_valid_o,
    .row_ready_i,
    .row_o,
    .row_final_o,
    .done_o         (check_done_o),
    .match_o        (check_match_o),
    .error_o        (error[3])
  );

  assign error_o = error != '0;

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni) step_i |-> loading_i);
  assert property (@(posedge clk_i) disable iff (!rst_ni) iterate_start_i |-> scrub_idle_o);
`endif

endmodule
