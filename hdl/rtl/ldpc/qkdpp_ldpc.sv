// The LDPC kernel (kernels/SPEC.md §5): syndromes and layered decoding for codes that are loaded at run time. Its jobs and
// tables are those of TABLES.md.
//
//              ┌───────── code ─────────┐  tables
//   job ─▶ unpack ─▶ control ─▶ decoder ┼▶ check ─▶ output
//             │                    ▲ iterations │ decisions, convergence
//             └ columns, target ───┴────────────┘
//
// EdgesPerCycle banks of Lanes lanes each work on one edge of the base matrix a cycle. An iteration takes as many cycles as
// its longer table has entries, and a few dozen; a check at most as many as the check table has entries, and stops at the
// first row that differs. Columns are loaded and handed out 256 bits a cycle, as far as EdgesPerCycle · Lanes allows.
//
// The messages of a finished job are overwritten while the next job is loaded; done_valid_o waits for that.
module qkdpp_ldpc
  import qkdpp_pkg::*;
  import qkdpp_ldpc_pkg::*;
#(
  parameter int unsigned Lanes = 128,         // a power of two, 8 to 256
  parameter int unsigned EdgesPerCycle = 2,   // 1, 2 or 4
  parameter int unsigned Columns = 512,       // base columns, a power of two
  parameter int unsigned Entries = 2048,      // of each table, a power of two up to 16384
  parameter int unsigned Rows = 512           // base rows, a power of two
) (
  input  logic    clk_i,
  input  logic    rst_ni,
  input  logic    clear_i,
  output logic    idle_o,
  output logic    parity_error_o,

  input  logic    job_valid_i,
  output logic    job_ready_o,
  input  params_t job_params_i,

  input  logic    in_valid_i,
  output logic    in_ready_o,
  input  beat_t   in_data_i,
  input  logic    in_last_i,

  output logic    out_valid_o,
  input  logic    out_ready_i,
  output beat_t   out_data_o,

  output logic    done_valid_o,
  input  logic    done_ready_i,
  output result_t done_result_o
);

  localparam int unsigned Banks = EdgesPerCycle;
  localparam int unsigned BankColumns = Columns / Banks;
  // Columns that come or go at once.
  localparam int unsigned Group = Banks * Lanes > BeatBits ? BeatBits / Lanes : Banks;
  localparam int unsigned TargetBits = $clog2(Rows / Group);
  localparam int unsigned ColumnBits = $clog2(BankColumns);

  logic clearing, error;

  // Input.
  logic       accept_job, discard, unit_valid, unit_ready, next_beat, unit_last, ended;
  logic [3:0] unit_size;
  beat_t      unit_data;

  qkdpp_ldpc_unpack u_unpack (
    .clk_i,
    .rst_ni,
    .clear_i     (clear_i || clearing),
    .start_i     (accept_job),
    .discard_i   (discard),
    .in_valid_i,
    .in_ready_o,
    .in_data_i,
    .in_last_i,
    .size_i      (unit_size),
    .unit_valid_o(unit_valid),
    .unit_ready_i(unit_ready),
    .next_beat_i (next_beat),
    .unit_data_o (unit_data),
    .last_o      (unit_last),
    .ended_o     (ended)
  );

  // Jobs.
  logic                      header, entry, table_final, code_final, check_next, code_wrong;
  logic [$clog2(Rows+1)-1:0] rows;
  logic [ColumnBits:0]       columns, column;
  logic                      target_write, loading, known, step, group_final, column_final;
  logic [TargetBits-1:0]     target_group;
  logic [2:0]                group;
  logic                      decode, first, stop, decode_restart, check_start, check_done, check_match;
  logic [ChannelBits-1:0]    channel;
  logic                      iterate_start, iterate, iterate_done, stuck, stalled;
  logic                      scrub_start, scrub_quick, scrub_idle, wipe;
  logic                      output_active, read, output_done;
  logic                      result_valid, result_free;
  result_t                   result;

  qkdpp_ldpc_control #(
    .Lanes  (Lanes),
    .Banks  (Banks),
    .Columns(BankColumns),
    .Rows   (Rows),
    .Group  (Group)
  ) u_control (
    .clk_i,
    .rst_ni,
    .clear_i,
    .clearing_o      (clearing),
    .idle_o,
    .job_valid_i,
    .job_ready_o,
    .job_params_i,
    .result_valid_o  (result_valid),
    .result_o        (result),
    .result_free_i   (result_free),
    .accept_job_o    (accept_job),
    .discard_o       (discard),
    .unit_size_o     (unit_size),
    .unit_valid_i    (unit_valid),
    .unit_ready_o    (unit_ready),
    .next_beat_o     (next_beat),
    .unit_last_i     (unit_last),
    .ended_i         (ended),
    .header_o        (header),
    .entry_o         (entry),
    .table_final_i   (table_final),
    .code_final_i    (code_final),
    .check_next_i    (check_next),
    .code_wrong_i    (code_wrong),
    .rows_i          (rows),
    .columns_i       (columns),
    .target_write_o  (target_write),
    .target_group_o  (target_group),
    .loading_o       (loading),
    .known_o         (known),
    .step_o          (step),
    .column_o        (column),
    .group_o         (group),
    .group_final_o   (group_final),
    .column_final_o  (column_final),
    .decode_o        (decode),
    .first_o         (first),
    .channel_o       (channel),
    .stop_o          (stop),
    .decode_restart_o(decode_restart),
    .check_start_o   (check_start),
    .check_done_i    (check_done),
    .check_match_i   (check_match),
    .iterate_start_o (iterate_start),
    .iterate_o       (iterate),
    .iterate_done_i  (iterate_done),
    .stuck_i         (stuck),
    .stalled_i       (stalled),
    .scrub_start_o   (scrub_start),
    .scrub_quick_i   (scrub_quick),
    .scrub_idle_i    (scrub_idle),
    .wipe_o          (wipe),
    .output_o        (output_active),
    .read_i          (read),
    .output_done_i   (output_done),
    .out_valid_i     (out_valid_o)
  );

  qkdpp_ldpc_result u_result (
    .clk_i,
    .rst_ni,
    .clear_i       (clear_i || clearing),
    .valid_i       (result_valid),
    .result_i      (result),
    .free_o        (result_free),
    .scrub_idle_i  (scrub_idle),
    .done_valid_o,
    .done_ready_i,
    .done_result_o,
    .error_i       (error),
    .parity_error_o
  );

  // Work.
  logic [Banks-1:0][Lanes-1:0] words;
  logic                        row_valid, row_ready, row_final;
  logic [Lanes-1:0]            row;

  qkdpp_ldpc_engine #(
    .Lanes      (Lanes),
    .Banks      (Banks),
    .BankColumns(BankColumns),
    .Entries    (Entries),
    .Rows       (Rows),
    .Group      (Group)
  ) u_engine (
    .clk_i,
    .rst_ni,
    .clearing_i      (clearing),
    .stop_i          (stop),
    .data_i          (unit_data),
    .header_i        (header),
    .entry_i         (entry),
    .table_final_o   (table_final),
    .code_final_o    (code_final),
    .check_next_o    (check_next),
    .code_wrong_o    (code_wrong),
    .rows_o          (rows),
    .columns_o       (columns),
    .target_write_i  (target_write),
    .target_group_i  (target_group),
    .loading_i       (loading),
    .known_i         (known),
    .step_i          (step),
    .column_i        (column[ColumnBits-1:0]),
    .group_i         (group),
    .group_final_i   (group_final),
    .decode_i        (decode),
    .first_i         (first),
    .channel_i       (channel),
    .decode_restart_i(decode_restart),
    .check_start_i   (check_start),
    .check_done_o    (check_done),
    .check_match_o   (check_match),
    .iterate_start_i (iterate_start),
    .iterate_i       (iterate),
    .iterate_done_o  (iterate_done),
    .stuck_o         (stuck),
    .stalled_o       (stalled),
    .scrub_start_i   (scrub_start),
    .scrub_quick_o   (scrub_quick),
    .scrub_idle_o    (scrub_idle),
    .read_i          (read),
    .wipe_i          (wipe),
    .words_o         (words),
    .row_valid_o     (row_valid),
    .row_ready_i     (row_ready),
    .row_o           (row),
    .row_final_o     (row_final),
    .error_o         (error)
  );

  qkdpp_ldpc_output #(
    .Lanes(Lanes),
    .Banks(Banks),
    .Group(Group)
  ) u_output (
    .clk_i,
    .rst_ni,
    .clear_i,
    .wipe_i     (clearing),
    .active_i   (output_active),
    .finished_i (column == columns),
    .read_o     (read),
    .done_o     (output_done),
    .group_i    (group),
    .final_i    (column_final),
    .words_i    (words),
    .row_valid_i(row_valid),
    .row_ready_o(row_ready),
    .row_i      (row),
    .row_final_i(row_final),
    .out_valid_o,
    .out_ready_i,
    .out_data_o
  );

`ifndef SYNTHESIS
  if (Lanes < 8 || Lanes > 256 || 2 ** $clog2(Lanes) != Lanes) begin : gen_lanes
    $error("Lanes is no power of two from 8 to 256");
  end
  if (!(EdgesPerCycle inside {1, 2, 4})) begin : gen_edges
    $error("EdgesPerCycle is none of 1, 2, 4");
  end
  if (2 ** $clog2(Entries) != Entries || Entries < (Banks == 1 ? 512 : 256) || Entries < BankColumns || Entries > 16384)
  begin : gen_entries
    $error("Entries is no power of two from 256 (512 with one bank) or the columns of a bank to 16384");
  end
  if (2 ** $clog2(Rows) != Rows || Rows / Group < 2 || Rows > Entries) begin : gen_rows
    $error("Rows is no power of two up to Entries");
  end
  if (2 ** $clog2(Columns) != Columns || BankColumns < 4) begin : gen_columns
    $error("Columns is no power of two of at least four a bank");
  end

  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
      out_valid_o && !out_ready_i |=> out_valid_o && $stable(out_data_o));
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
      done_valid_o && !done_ready_i |=> done_valid_o && $stable(done_result_o));
  assert property (@(posedge clk_i) disable iff (!rst_ni) done_valid_o && job_ready_o |-> scrub_idle && !out_valid_o);
  assert property (@(posedge clk_i) disable iff (!rst_ni) idle_o |-> !out_valid_o && !parity_error_o);
`endif

endmodule
