// The LDPC kernel (kernels/SPEC.md §5): syndromes and layered decoding for codes that are loaded at run time. Its jobs and
// tables are those of TABLES.md.
//
//              ┌───────── code ─────────┐  tables
//   job ─▶ unpack ─▶ loader ─▶ decoder ─┼▶ check ─▶ pack ─▶ output
//                     │          ▲ iterations │ decisions, convergence
//                     └ target ──┴────────────┘
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
  localparam int unsigned Totals = Banks == 1 ? 512 : 256;
  // Columns that come or go at once.
  localparam int unsigned Group = Banks * Lanes > BeatBits ? BeatBits / Lanes : Banks;
  localparam int unsigned GroupsPerColumn = Banks / Group;
  localparam int unsigned TargetGroups = Rows / Group;

  localparam int unsigned ShiftBits = $clog2(Lanes);
  localparam int unsigned ColumnBits = $clog2(BankColumns);
  localparam int unsigned PlaceBits = ColumnBits - 1;
  localparam int unsigned EntryBits = $clog2(Entries);
  localparam int unsigned RowBits = $clog2(Rows);
  localparam int unsigned TargetBits = $clog2(TargetGroups);

  typedef enum logic [31:0] {
    OperationLoad     = 32'd0,
    OperationSyndrome = 32'd1,
    OperationDecode   = 32'd2
  } operation_e;

  typedef enum logic [3:0] {
    StIdle,
    StHeader,
    StTable,
    StTarget,
    StColumns,
    StSettle,     // what has been loaded reaches the decisions
    StCheck,
    StIterate,
    StOutput,
    StDiscard,    // what is left of a bad job
    StDrain,      // pipelines run empty before they are cleared
    StWipe,       // the decisions
    StFinish,
    StCleared
  } state_e;

  state_e state_d, state_q;
  logic   clearing_q;            // all memories are being scrubbed
  logic   finished_q, done_q;

  params_t params_q;
  logic    decode, load;
  assign decode = params_q[0] == OperationDecode;
  assign load = params_q[0] == OperationLoad;

  status_e     status_d, status_q;
  logic        code_valid_q;
  logic [31:0] iterations_q;
  logic        converged_q;
  logic [31:0] frames_left_q;
  logic [3:0]  wait_q;
  logic        waited;
  localparam int unsigned WaitCycles = 15;
  assign waited = 32'(wait_q) == WaitCycles;

  // Input.
  logic  unit_valid, unit_ready, next_beat, unit_last, ended, accept_job;
  beat_t unit_data;
  logic [3:0] unit_size;
  logic       check_next;

  always_comb begin
    if (state_q == StHeader && load) begin
      unit_size = 4'd8;
    end else if (state_q == StTable) begin
      unit_size = check_next ? 4'($clog2(64 * Banks)) : 4'($clog2(32 * Banks));
    end else begin
      unit_size = 4'($clog2(Group * Lanes));
    end
  end

  qkdpp_ldpc_unpack u_unpack (
    .clk_i,
    .rst_ni,
    .clear_i     (clear_i || clearing_q),
    .start_i     (accept_job),
    .discard_i   (state_q == StDiscard),
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

  // Code.
  logic                              header, entry, table_final, code_final, code_wrong;
  logic [EntryBits:0]                gather_count, scatter_count;
  logic [$clog2(Rows+1)-1:0]         rows;
  logic [ColumnBits:0]               columns;
  logic                              decode_restart, check_restart, stop;
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
    .header_i         (header),
    .entry_i          (entry),
    .data_i           (unit_data),
    .table_final_o    (table_final),
    .code_final_o     (code_final),
    .check_next_o     (check_next),
    .wrong_o          (code_wrong),
    .gather_count_o   (gather_count),
    .scatter_count_o  (scatter_count),
    .rows_o           (rows),
    .columns_o        (columns),
    .decode_restart_i (decode_restart),
    .check_restart_i  (check_restart),
    .stop_i           (stop),
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

  // Counters of what is loaded and handed out: target words by groups; columns by address and group.
  logic [TargetBits:0]  target_count_q;
  logic                 target_final;
  logic [ColumnBits:0]  column_q;
  logic [2:0]           group_q;
  logic                 group_final, column_final;
  logic                 known_next_q;  // the unit expected is the known mask of the columns before
  logic                 step;          // one group of columns

  assign target_final = (32'(target_count_q) + 1) * Group >= 32'(rows);
  assign group_final = 32'(group_q) == GroupsPerColumn - 1;
  assign column_final = group_final && (ColumnBits + 1)'(column_q + 1'b1) == columns;

  logic taking, take, final_unit;  // of the job
  assign taking = (state_q == StHeader && load) || state_q inside {StTable, StTarget, StColumns};
  assign unit_ready = taking;
  assign take = unit_valid && unit_ready;

  always_comb begin
    header = state_q == StHeader && load && unit_valid;
    entry = state_q == StTable && unit_valid;
    step = 1'b0;
    next_beat = 1'b0;
    final_unit = 1'b0;
    unique case (state_q)
      StHeader: next_beat = 1'b1;
      StTable: begin
        next_beat = table_final;
        final_unit = unit_valid && code_final;
      end
      StTarget: next_beat = target_final;
      StColumns: begin
        step = unit_valid && (!params_q[3][0] || known_next_q);
        next_beat = step && column_final;
        final_unit = step && column_final && frames_left_q == 32'd1;
      end
      default: ;
    endcase
  end

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
        load_valid_q[bank] <= step && bank / Group == 32'(group_q);
      end
    end
  end

  always_ff @(posedge clk_i) begin
    load_column_q <= column_q[ColumnBits-1:0];
    if (state_q == StColumns) begin
      if (!known_next_q) load_bits_q <= unit_data[Group*Lanes-1:0];
      load_known_q <= known_next_q ? unit_data[Group*Lanes-1:0] : '0;
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
  logic                 scrub_start, scrub_quick, scrub_idle;
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
    .start_i     (scrub_start),
    .all_i       (clearing_q),
    .messages_i  (gather_count),
    .quick_o     (scrub_quick),
    .idle_o      (scrub_idle),
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
    .write_i      ((state_q == StTarget && take) || scrub_target),
    .write_group_i(scrub_target ? TargetBits'(scrub_addr) : target_count_q[TargetBits-1:0]),
    .write_data_i (scrub_target ? '0 : unit_data[Group*Lanes-1:0]),
    .read_i       (target_read_decoder || (target_read_check && decode) || scrub_target),
    .read_row_i   (state_q == StIterate ? target_row_decoder : target_row_check_q),
    .read_data_o  (target),
    .error_o      (error[1])
  );

  // Decoder.
  logic                             iterate_start, iterate_done, stuck;
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
    .stop_i            (stop),
    .start_i           (iterate_start),
    .first_i           (iterations_q == '0),
    .done_o            (iterate_done),
    .stuck_o           (stuck),
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
    .load_posteriors_i (decode),
    .load_column_i     (load_column_q),
    .load_bits_i       (load_bits),
    .load_known_i      (load_known),
    .load_channel_i    (params_q[2][MagnitudeBits-1:0]),
    .decision_valid_o  (decision_valid),
    .decision_column_o (decision_column),
    .decision_o        (decision),
    .scrub_addr_i      (scrub_addr),
    .scrub_posteriors_i(scrub_posteriors),
    .scrub_totals_i    (scrub_totals),
    .scrub_messages_i  (scrub_messages),
    .error_o           (error[2])
  );

  // Decisions, their syndrome, and the way out: read is asked one cycle before its words come.
  logic                        check_start, check_done, check_match;
  logic                        row_valid, row_final, pack_ready;
  logic [Lanes-1:0]            row;
  logic                        read, read_valid_q, read_final_q, read_last;
  logic [2:0]                  read_group_q;
  logic [Banks-1:0][Lanes-1:0] read_data;
  logic [Group-1:0][Lanes-1:0] read_words;
  logic                        wipe_read;

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
    .read_i         (read || wipe_read),
    .wipe_i         (wipe_read || group_final),
    .read_column_i  (column_q[ColumnBits-1:0]),
    .read_data_o    (read_data),
    .start_i        (check_start),
    .stop_i         (stop),
    .compare_i      (decode),
    .rows_i         (rows),
    .entry_valid_i  (check_valid),
    .entry_ready_o  (check_ready),
    .entry_last_i   (check_last),
    .entry_present_i(check_present),
    .entry_place_i  (check_place),
    .entry_shift_i  (check_shift),
    .target_read_o  (target_read_check),
    .target_i       (target),
    .row_valid_o    (row_valid),
    .row_ready_i    (pack_ready),
    .row_o          (row),
    .row_final_o    (row_final),
    .done_o         (check_done),
    .match_o        (check_match),
    .error_o        (error[3])
  );

  assign read_last = state_q == StOutput && (32'(column_q) == 32'(columns));
  assign read = state_q == StOutput && !read_last && (!read_valid_q || pack_ready);
  for (genvar i = 0; i < Group; i++) begin : gen_out
    assign read_words[i] = read_data[(32'(read_group_q)*Group+i)%Banks];
  end

  logic [Group-1:0][Lanes-1:0] row_word;
  assign row_word = (Group * Lanes)'(row);

  qkdpp_ldpc_pack #(
    .Lanes(Lanes),
    .Group(Group)
  ) u_pack (
    .clk_i,
    .rst_ni,
    .clear_i   (clear_i || clearing_q),
    .in_valid_i(read_valid_q || row_valid),
    .in_ready_o(pack_ready),
    .in_group_i(read_valid_q),
    .in_final_i(read_valid_q ? read_final_q : row_final),
    .in_data_i (read_valid_q ? read_words : row_word),
    .out_valid_o,
    .out_ready_i,
    .out_data_o
  );

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      read_valid_q <= 1'b0;
      read_final_q <= 1'b0;
      read_group_q <= '0;
    end else if (clear_i) begin
      read_valid_q <= 1'b0;
    end else if (read) begin
      read_valid_q <= 1'b1;
      read_final_q <= column_final;
      read_group_q <= group_q;
    end else if (pack_ready) begin
      read_valid_q <= 1'b0;
    end
  end

  // What a job must look like.
  logic parameters_good;
  always_comb begin
    unique case (params_q[0])
      OperationLoad: parameters_good = params_q[7:1] == '0;
      OperationSyndrome: parameters_good = code_valid_q && params_q[1] != '0 && params_q[7:2] == '0;
      OperationDecode: begin
        parameters_good = code_valid_q && params_q[2] != '0 && params_q[2] <= 32'd127 && params_q[3] <= 32'd1 &&
            params_q[7:4] == '0;
      end
      default: parameters_good = 1'b0;
    endcase
  end

  // What happens next.
  logic finish, scrub_after;
  assign scrub_after = clearing_q || (decode && code_valid_q);

  always_comb begin
    state_d = state_q;
    status_d = status_q;
    decode_restart = 1'b0;
    check_start = 1'b0;
    iterate_start = 1'b0;
    scrub_start = 1'b0;
    wipe_read = 1'b0;
    finish = 1'b0;
    stop = 1'b0;
    unique case (state_q)
      StIdle: begin
        if (accept_job) begin
          state_d = StHeader;
          status_d = StatusOk;
        end
      end
      StHeader: begin
        if (!parameters_good) begin
          status_d = StatusBadParameter;
          state_d = StDiscard;
        end else if (decode) begin
          state_d = StTarget;
        end else if (!load) begin
          state_d = StColumns;
        end else if (header) begin
          status_d = code_wrong ? StatusBadData : StatusOk;
          state_d = code_wrong ? StDiscard : StTable;
        end
      end
      StTable: begin
        if (entry && code_wrong) begin
          status_d = StatusBadData;
          state_d = StDiscard;
        end else if (final_unit) begin
          state_d = StFinish;
        end
      end
      StTarget: begin
        if (take && target_final) state_d = StColumns;
      end
      StColumns: begin
        if (step && column_final) state_d = StSettle;
      end
      StSettle: begin
        if (waited && (scrub_idle || !decode)) begin
          check_start = 1'b1;
          decode_restart = decode;
          state_d = StCheck;
        end
      end
      StCheck: begin
        if (check_done && !decode) begin
          state_d = frames_left_q == 32'd1 ? StDrain : StColumns;
        end else if (check_done && (check_match || iterations_q == params_q[1])) begin
          scrub_start = 1'b1;
          state_d = StOutput;
        end else if (check_done) begin
          iterate_start = 1'b1;
          state_d = StIterate;
        end
      end
      StIterate: begin
        if (stuck) begin
          status_d = StatusBadData;
          state_d = StDiscard;
        end else if (iterate_done) begin
          check_start = 1'b1;
          decode_restart = 1'b1;
          state_d = StCheck;
        end
      end
      StOutput: begin
        if (read_last && !read_valid_q && !out_valid_o && scrub_quick) state_d = StFinish;
      end
      StDiscard: begin
        stop = 1'b1;
        if (ended) state_d = StDrain;
      end
      StDrain: begin
        if (waited && (clearing_q || scrub_idle)) begin
          scrub_start = scrub_after;
          state_d = StWipe;
        end
      end
      StWipe: begin
        wipe_read = 1'b1;
        if (32'(column_q) == BankColumns - 1) state_d = StFinish;
      end
      StFinish: begin
        if (clearing_q) begin
          if (scrub_idle) state_d = StCleared;
        end else if (scrub_quick && !finished_q && !done_q && !out_valid_o) begin
          finish = 1'b1;
          state_d = StIdle;
        end
      end
      StCleared: begin
        if (!clear_i) state_d = StIdle;
      end
      default: state_d = StDrain;
    endcase

    // The input ends too soon, or goes on.
    if (taking && state_d != StDiscard && (ended || (take && final_unit && !unit_last))) begin
      status_d = StatusBadLength;
      state_d = StDiscard;
    end
    if (clear_i && !clearing_q && state_q != StCleared) begin
      stop = 1'b1;
      state_d = StDrain;
    end
  end
  assign check_restart = check_start;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q <= StDrain;
      clearing_q <= 1'b1;
      status_q <= StatusOk;
      code_valid_q <= 1'b0;
      wait_q <= '0;
      target_count_q <= '0;
      column_q <= '0;
      group_q <= '0;
      known_next_q <= 1'b0;
      frames_left_q <= '0;
      iterations_q <= '0;
      converged_q <= 1'b0;
      target_row_check_q <= '0;
    end else begin
      state_q <= state_d;
      status_q <= status_d;
      if (state_d == StCleared) begin
        clearing_q <= 1'b0;
      end else if (clear_i && state_q != StCleared) begin
        clearing_q <= 1'b1;
      end

      if (clear_i || header) begin
        code_valid_q <= 1'b0;
      end else if (finish && load && status_q == StatusOk) begin
        code_valid_q <= 1'b1;
      end

      // Counters start anew in each state.
      if (state_d != state_q) begin
        wait_q <= '0;
        target_count_q <= '0;
        column_q <= '0;
        group_q <= '0;
        known_next_q <= 1'b0;
      end else begin
        if (!waited) wait_q <= wait_q + 1'b1;
        if (take && state_q == StTarget) target_count_q <= target_count_q + 1'b1;
        if (take && state_q == StColumns && params_q[3][0]) known_next_q <= !known_next_q;
        if (step || read) group_q <= group_final ? '0 : group_q + 1'b1;
        if (((step || read) && group_final) || wipe_read) column_q <= column_q + 1'b1;
      end

      if (accept_job) begin
        frames_left_q <= job_params_i[0] == OperationSyndrome ? job_params_i[1] : 32'd1;
        iterations_q <= '0;
        converged_q <= 1'b0;
      end else begin
        if (check_done && !decode) frames_left_q <= frames_left_q - 1'b1;
        if (check_done && decode) converged_q <= check_match;
        if (iterate_done) iterations_q <= iterations_q + 1'b1;
      end
      if (check_start) begin
        target_row_check_q <= '0;
      end else if (target_read_check) begin
        target_row_check_q <= target_row_check_q + 1'b1;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (accept_job) params_q <= job_params_i;
  end

  // A finished job, until its messages are overwritten and its result is taken.
  result_t result_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      finished_q <= 1'b0;
      done_q <= 1'b0;
      result_q <= '0;
    end else if (clear_i || clearing_q) begin
      finished_q <= 1'b0;
      done_q <= 1'b0;
    end else begin
      if (finish) begin
        finished_q <= 1'b1;
        result_q <= '{
            status: status_q,
            r1: decode && status_q == StatusOk ? 32'(converged_q) : '0,
            r0: decode && status_q == StatusOk ? iterations_q : '0};
      end else if (finished_q && scrub_idle) begin
        finished_q <= 1'b0;
        done_q <= 1'b1;
      end
      if (done_q && done_ready_i) done_q <= 1'b0;
    end
  end

  logic parity_error_q;
  logic was_clearing_q;  // an error of the last word that a scrub read comes after it
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      parity_error_q <= 1'b0;
      was_clearing_q <= 1'b0;
    end else begin
      parity_error_q <= !(clear_i || clearing_q || was_clearing_q) && (parity_error_q || error != '0);
      was_clearing_q <= clear_i || clearing_q;
    end
  end

  assign job_ready_o = state_q == StIdle && !clear_i;
  assign accept_job = job_valid_i && job_ready_o;
  assign done_valid_o = done_q;
  assign done_result_o = result_q;
  assign parity_error_o = parity_error_q;
  assign idle_o = (state_q == StCleared || (state_q == StIdle && !clear_i)) && !finished_q && !done_q && scrub_idle;

`ifndef SYNTHESIS
  if (Lanes < 8 || Lanes > 256 || 2 ** ShiftBits != Lanes) begin : gen_lanes
    $error("Lanes is no power of two from 8 to 256");
  end
  if (!(EdgesPerCycle inside {1, 2, 4})) begin : gen_edges
    $error("EdgesPerCycle is none of 1, 2, 4");
  end
  if (2 ** EntryBits != Entries || Entries < Totals || Entries < BankColumns || Entries > 16384) begin : gen_entries
    $error("Entries is no power of two from max(Totals, columns of a bank) to 16384");
  end
  if (2 ** RowBits != Rows || TargetGroups < 2 || Rows > Entries) begin : gen_rows
    $error("Rows is no power of two up to Entries");
  end
  if (2 ** $clog2(Columns) != Columns || BankColumns < 4) begin : gen_columns
    $error("Columns is no power of two of at least four a bank");
  end

  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
      out_valid_o && !out_ready_i |=> out_valid_o && $stable(out_data_o));
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
      done_valid_o && !done_ready_i |=> done_valid_o && $stable(done_result_o));
  assert property (@(posedge clk_i) disable iff (!rst_ni) done_valid_o |-> scrub_idle && !out_valid_o
      || state_q != StIdle);
  assert property (@(posedge clk_i) disable iff (!rst_ni) idle_o |-> !out_valid_o && !parity_error_o);
`endif

endmodule
