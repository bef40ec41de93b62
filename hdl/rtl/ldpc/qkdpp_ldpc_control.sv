// The jobs of the LDPC kernel, one after the other: what is expected of the input, what the engine does when, and the result.
//
// A job goes through the states of its operation; each state counts from 0. The messages of a finished job are overwritten
// while the next job is loaded; its result waits for that.
module qkdpp_ldpc_control
  import qkdpp_pkg::*;
  import qkdpp_ldpc_pkg::*;
#(
  parameter int unsigned Lanes = 128,
  parameter int unsigned Banks = 2,
  parameter int unsigned Columns = 256,  // of a bank
  parameter int unsigned Rows = 512,
  parameter int unsigned Group = 2,      // columns that come or go at once
  localparam int unsigned ColumnBits = $clog2(Columns),
  localparam int unsigned TargetBits = $clog2(Rows / Group),
  localparam int unsigned RowBits = $clog2(Rows + 1)
) (
  input  logic                     clk_i,
  input  logic                     rst_ni,
  input  logic                     clear_i,
  output logic                     clearing_o,   // all memories are being scrubbed
  output logic                     idle_o,

  input  logic                     job_valid_i,
  output logic                     job_ready_o,
  input  params_t                  job_params_i,

  // A result, which is kept elsewhere until it may be given.
  output logic                     result_valid_o,
  output result_t                  result_o,
  input  logic                     result_free_i,

  // The input, in units.
  output logic                     accept_job_o,
  output logic                     discard_o,
  output logic [3:0]               unit_size_o,
  input  logic                     unit_valid_i,
  output logic                     unit_ready_o,
  output logic                     next_beat_o,
  input  logic                     unit_last_i,
  input  logic                     ended_i,

  // What the unit is: a code's header or entry, target words, columns or their known bits.
  output logic                     header_o,
  output logic                     entry_o,
  input  logic                     table_final_i,
  input  logic                     code_final_i,
  input  logic                     check_next_i,
  input  logic                     code_wrong_i,
  input  logic [RowBits-1:0]       rows_i,
  input  logic [ColumnBits:0]      columns_i,
  output logic                     target_write_o,
  output logic [TargetBits-1:0]    target_group_o,
  output logic                     loading_o,    // columns are expected
  output logic                     known_o,      // the known bits of the columns before
  output logic                     step_o,       // these columns are complete
  output logic [ColumnBits:0]      column_o,
  output logic [2:0]               group_o,
  output logic                     group_final_o,
  output logic                     column_final_o,

  output logic                     decode_o,
  output logic                     first_o,      // first iteration
  output logic [ChannelBits-1:0]   channel_o,

  // The engine.
  output logic                     stop_o,
  output logic                     decode_restart_o,
  output logic                     check_start_o,
  input  logic                     check_done_i,
  input  logic                     check_match_i,
  output logic                     iterate_start_o,
  output logic                     iterate_o,
  input  logic                     iterate_done_i,
  input  logic                     stuck_i,
  input  logic                     stalled_i,
  output logic                     scrub_start_o,
  input  logic                     scrub_quick_i,
  input  logic                     scrub_idle_i,
  output logic                     wipe_o,       // the decisions, a column a cycle

  // The output.
  output logic                     output_o,     // hand out the decisions
  input  logic                     read_i,       // of one group of columns
  input  logic                     output_done_i,
  input  logic                     out_valid_i
);

  localparam int unsigned GroupsPerColumn = Banks / Group;
  localparam int unsigned WaitCycles = 15;

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
  logic   clearing_q;
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
  logic        waited, accept_job;
  assign waited = 32'(wait_q) == WaitCycles;

  // In a table, one word for each bank or two; then columns.
  assign unit_size_o = state_q == StHeader && load ? 4'd8
      : state_q == StTable ? 4'($clog2(32 * Banks)) + 4'(check_next_i) : 4'($clog2(Group * Lanes));

  // Counters of what is loaded and handed out: target words by groups; columns by address and group.
  logic [TargetBits:0] target_count_q;
  logic                target_final;
  logic [ColumnBits:0] column_q;
  logic [2:0]          group_q;
  logic                group_final, column_final;
  logic                known_next_q;  // the unit expected is the known mask of the columns before
  logic                step;          // one group of columns

  assign target_final = (32'(target_count_q) + 1) * Group >= 32'(rows_i);
  assign group_final = 32'(group_q) == GroupsPerColumn - 1;
  assign column_final = group_final && (ColumnBits + 1)'(column_q + 1'b1) == columns_i;

  logic taking, take, header, entry, final_unit;  // of the job
  assign taking = (state_q == StHeader && load) || state_q inside {StTable, StTarget, StColumns};
  assign take = unit_valid_i && taking;

  always_comb begin
    header = state_q == StHeader && load && unit_valid_i;
    entry = state_q == StTable && unit_valid_i;
    step = 1'b0;
    next_beat_o = 1'b0;
    final_unit = 1'b0;
    unique case (state_q)
      StHeader: next_beat_o = 1'b1;
      StTable: begin
        next_beat_o = table_final_i;
        final_unit = unit_valid_i && code_final_i;
      end
      StTarget: next_beat_o = target_final;
      StColumns: begin
        step = unit_valid_i && (!params_q[3][0] || known_next_q);
        next_beat_o = step && column_final;
        final_unit = step && column_final && frames_left_q == 32'd1;
      end
      default: ;
    endcase
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
    decode_restart_o = 1'b0;
    check_start_o = 1'b0;
    iterate_start_o = 1'b0;
    scrub_start_o = 1'b0;
    wipe_o = 1'b0;
    finish = 1'b0;
    stop_o = 1'b0;
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
          status_d = code_wrong_i ? StatusBadData : StatusOk;
          state_d = code_wrong_i ? StDiscard : StTable;
        end
      end
      StTable: begin
        if (entry && code_wrong_i) begin
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
        if (waited && (scrub_idle_i || !decode)) begin
          check_start_o = 1'b1;
          decode_restart_o = decode;
          state_d = StCheck;
        end
      end
      StCheck: begin
        if (check_done_i && !decode) begin
          state_d = frames_left_q == 32'd1 ? StDrain : StColumns;
        end else if (check_done_i && (check_match_i || stalled_i || iterations_q == params_q[1])) begin
          scrub_start_o = 1'b1;
          state_d = StOutput;
        end else if (check_done_i) begin
          iterate_start_o = 1'b1;
          state_d = StIterate;
        end
      end
      StIterate: begin
        if (stuck_i) begin
          status_d = StatusBadData;
          state_d = StDiscard;
        end else if (iterate_done_i) begin
          check_start_o = 1'b1;
          decode_restart_o = 1'b1;
          state_d = StCheck;
        end
      end
      StOutput: begin
        if (output_done_i && scrub_quick_i) state_d = StFinish;
      end
      StDiscard: begin
        stop_o = 1'b1;
        if (ended_i) state_d = StDrain;
      end
      StDrain: begin
        if (waited && (clearing_q || scrub_idle_i)) begin
          scrub_start_o = scrub_after;
          state_d = StWipe;
        end
      end
      StWipe: begin
        wipe_o = 1'b1;
        if (32'(column_q) == Columns - 1) state_d = StFinish;
      end
      StFinish: begin
        if (clearing_q) begin
          if (scrub_idle_i) state_d = StCleared;
        end else if (scrub_quick_i && result_free_i && !out_valid_i) begin
          finish = 1'b1;
          state_d = StIdle;
        end
      end
      StCleared: if (!clear_i) state_d = StIdle;
      default: state_d = StDrain;
    endcase

    // The input ends too soon, or goes on.
    if (taking && state_d != StDiscard && (ended_i || (take && final_unit && !unit_last_i))) begin
      status_d = StatusBadLength;
      state_d = StDiscard;
    end
    if (clear_i && !clearing_q && state_q != StCleared) begin
      stop_o = 1'b1;
      state_d = StDrain;
    end
  end
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
        if (step || read_i) group_q <= group_final ? '0 : group_q + 1'b1;
        if (((step || read_i) && group_final) || wipe_o) column_q <= column_q + 1'b1;
      end

      if (accept_job) begin
        frames_left_q <= job_params_i[0] == OperationSyndrome ? job_params_i[1] : 32'd1;
        iterations_q <= '0;
        converged_q <= 1'b0;
      end else begin
        if (check_done_i && !decode) frames_left_q <= frames_left_q - 1'b1;
        if (check_done_i && decode) converged_q <= check_match_i;
        if (iterate_done_i) iterations_q <= iterations_q + 1'b1;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (accept_job) params_q <= job_params_i;
  end

  assign job_ready_o = state_q == StIdle && !clear_i;
  assign accept_job = job_valid_i && job_ready_o;
  assign accept_job_o = accept_job;
  assign clearing_o = clearing_q;
  assign idle_o = (state_q == StCleared || (state_q == StIdle && !clear_i)) && result_free_i && scrub_idle_i;

  assign result_valid_o = finish;
  assign result_o = '{
      status: status_q,
      r1: decode && status_q == StatusOk ? 32'(converged_q) : '0,
      r0: decode && status_q == StatusOk ? iterations_q : '0};

  assign discard_o = state_q == StDiscard;
  assign unit_ready_o = taking;
  assign header_o = header;
  assign entry_o = entry;
  assign target_write_o = state_q == StTarget && take;
  assign target_group_o = target_count_q[TargetBits-1:0];
  assign loading_o = state_q == StColumns;
  assign known_o = known_next_q;
  assign step_o = step;
  assign column_o = column_q;
  assign group_o = group_q;
  assign group_final_o = group_final;
  assign column_final_o = column_final;
  assign decode_o = decode;
  assign first_o = iterations_q == '0;
  assign channel_o = decode ? params_q[2][ChannelBits-1:0] : ChannelBits'(1);
  assign iterate_o = state_q == StIterate;
  assign output_o = state_q == StOutput;

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni) result_valid_o |-> result_free_i);
  assert property (@(posedge clk_i) disable iff (!rst_ni) iterate_start_o |-> scrub_idle_i);
`endif

endmodule
