// The input side of qkdpp_parities: takes jobs, checks and stores their permutation, fills the banks with their rows.
//
// One beat a cycle: 16 indices of a permutation, or a row. Two jobs may be known, each in a *slot*: one whose groups
// are being loaded, and the one before it, whose groups are still being read out. For each slot loaded_o counts the
// groups in the banks so far, ended_o says that no more will come. A group that ends too early is scrubbed from its
// bank before that.
module qkdpp_parities_load
  import qkdpp_pkg::*;
#(
  parameter int unsigned LogBits = 14,
  localparam int unsigned CountBits = 17  // of groups
) (
  input  logic                          clk_i,
  input  logic                          rst_ni,
  input  logic                          clear_i,
  output logic                          idle_o,

  input  logic                          job_valid_i,
  output logic                          job_ready_o,
  input  params_t                       job_params_i,

  input  logic                          in_valid_i,
  output logic                          in_ready_o,
  input  beat_t                         in_data_i,
  input  logic                          in_last_i,

  // Slots.
  output logic    [1:0]                 used_o,
  output logic    [1:0][LogBits-1:0]    last_row_o,  // n − 1
  output logic    [1:0][CountBits-1:0]  loaded_o,
  output logic    [1:0]                 ended_o,
  output status_e [1:0]                 status_o,    // once ended
  input  logic    [1:0]                 release_i,   // the job is done

  // Memory of permutations: 16 indices a word, a half for each slot.
  output logic                          index_write_o,
  output logic [LogBits-4:0]            index_addr_o,
  output logic [16*LogBits-1:0]         index_data_o,

  // Banks.
  input  logic [1:0]                    bank_free_i,
  output logic [1:0]                    bank_filled_o,
  output logic [1:0]                    bank_scrub_o,
  output logic [1:0]                    row_write_o,
  output logic [LogBits-1:0]            row_addr_o,
  output beat_t                         row_data_o
);

  typedef enum logic [3:0] {
    StateIdle,     // waits for a job, with a slot for it
    StateCheck,    // looks at the parameters
    StateIndices,  // takes the permutation
    StateSettle,   // waits for the check of its last beat
    StateRows,     // takes rows
    StateDiscard,  // takes the rest of a bad input
    StateScrub,    // removes a group that was not finished
    StateEnd       // closes the slot
  } state_e;

  state_e state_q, state_d;
  status_e status_q, status_d;
  logic slot_q, slot_d, bank_q, bank_d;
  logic [LogBits-1:0] at_q, at_d;  // beat of the permutation, row of the group
  logic [CountBits-1:0] left_q, left_d;  // groups, the current one included
  logic [1:0] settle_q, settle_d;
  logic [31:0] bits_q, groups_q;
  logic reserved_q;  // a parameter that must be zero is not
  logic [LogBits-1:0] last_row, last_index;
  logic job_taken, taken, bad_parameter, group_loaded, unfinished_q, unfinished_d;

  assign job_ready_o = state_q == StateIdle && !used_o[slot_q] && !clear_i;
  assign job_taken = job_valid_i && job_ready_o;
  assign bad_parameter = bits_q == '0 || bits_q > 32'(1 << LogBits) || groups_q == '0 || groups_q > 32'h1_0000 ||
      reserved_q;
  assign last_row = last_row_o[slot_q];
  assign last_index = last_row >> 4;

  assign in_ready_o = !clear_i && (state_q inside {StateIndices, StateDiscard} ||
      (state_q == StateRows && bank_free_i[bank_q]));
  assign taken = in_valid_i && in_ready_o;

  always_ff @(posedge clk_i) begin
    if (job_taken) begin
      bits_q <= job_params_i[0];
      groups_q <= job_params_i[1];
      reserved_q <= job_params_i[7:2] != '0;
    end
  end

  // -- Permutation: stored and checked a cycle after it came -------------------------------------------------------

  logic index_valid_q;
  logic [LogBits-4:0] index_addr_q;
  logic [15:0][15:0] index_q;
  logic [15:0] outside;
  logic bad_index_q;

  always_comb begin
    for (int unsigned i = 0; i < 16; i++) begin
      outside[i] = 32'(index_q[i]) > 32'(last_row);
      index_data_o[LogBits*i+:LogBits] = index_q[i][LogBits-1:0];
    end
  end

  always_ff @(posedge clk_i) begin
    index_q <= in_data_i;
    index_addr_q <= {slot_q, at_q[LogBits-5:0]};
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      index_valid_q <= 1'b0;
      bad_index_q <= 1'b0;
    end else begin
      index_valid_q <= taken && state_q == StateIndices;
      bad_index_q <= (bad_index_q || (index_valid_q && outside != '0)) && state_q != StateIdle;
    end
  end

  assign index_write_o = index_valid_q;
  assign index_addr_o = index_addr_q;

  // -- Rows: stored a cycle after they came ------------------------------------------------------------------------

  logic [1:0] row_write_q;
  logic [LogBits-1:0] row_addr_q;
  beat_t row_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      row_write_q <= '0;
    end else begin
      row_write_q <= {2{taken && state_q == StateRows}} & {bank_q, !bank_q};
    end
  end

  always_ff @(posedge clk_i) begin
    row_addr_q <= at_q;
    row_q <= taken && state_q == StateRows ? in_data_i : '0;
  end

  assign row_write_o = row_write_q;
  assign row_addr_o = row_addr_q;
  assign row_data_o = row_q;

  // -- Slots -------------------------------------------------------------------------------------------------------

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      used_o <= '0;
      ended_o <= '0;
    end else if (clear_i) begin
      used_o <= '0;
      ended_o <= '0;
    end else begin
      for (int unsigned s = 0; s < 2; s++) begin
        if (job_taken && slot_q == s[0]) begin
          used_o[s] <= 1'b1;
        end else if (release_i[s]) begin
          used_o[s] <= 1'b0;
        end
        if (state_q == StateEnd && slot_q == s[0]) begin
          ended_o[s] <= 1'b1;
        end else if (release_i[s]) begin
          ended_o[s] <= 1'b0;
        end
      end
    end
  end

  always_ff @(posedge clk_i) begin
    for (int unsigned s = 0; s < 2; s++) begin
      if (slot_q == s[0]) begin
        if (job_taken) begin
          last_row_o[s] <= LogBits'(job_params_i[0] - 32'd1);
          loaded_o[s] <= '0;
        end else if (group_loaded) begin
          loaded_o[s] <= loaded_o[s] + CountBits'(1);
        end
        if (state_q == StateEnd) status_o[s] <= status_q;
      end
    end
  end

  // -- Control -----------------------------------------------------------------------------------------------------

  assign bank_filled_o = {2{group_loaded}} & {bank_q, !bank_q};
  assign bank_scrub_o = {2{state_q == StateScrub && unfinished_q}} & {bank_q, !bank_q};

  always_comb begin
    state_d = state_q;
    status_d = status_q;
    slot_d = slot_q;
    bank_d = bank_q;
    at_d = at_q;
    left_d = left_q;
    settle_d = '0;
    unfinished_d = unfinished_q;
    group_loaded = 1'b0;

    unique case (state_q)
      StateIdle: begin
        at_d = '0;
        status_d = StatusOk;
        unfinished_d = 1'b0;
        if (job_taken) state_d = StateCheck;
      end

      StateCheck: begin
        left_d = groups_q[CountBits-1:0];
        status_d = bad_parameter ? StatusBadParameter : StatusOk;
        state_d = bad_parameter ? StateDiscard : StateIndices;
      end

      StateIndices: begin
        if (taken) begin
          at_d = at_q == last_index ? '0 : at_q + LogBits'(1);
          if (at_q == last_index) state_d = StateSettle;
          if (in_last_i) begin
            status_d = StatusBadLength;
            state_d = StateEnd;
          end
        end
      end

      StateSettle: begin
        settle_d = settle_q + 2'd1;
        if (settle_q == 2'd2) begin
          status_d = bad_index_q ? StatusBadData : StatusOk;
          state_d = bad_index_q ? StateDiscard : StateRows;
        end
      end

      StateRows: begin
        if (taken) begin
          unfinished_d = at_q != last_row;
          at_d = at_q == last_row ? '0 : at_q + LogBits'(1);
          if (at_q == last_row) begin
            group_loaded = 1'b1;
            bank_d = !bank_q;
            left_d = left_q - CountBits'(1);
          end
          if (in_last_i) begin
            state_d = at_q == last_row ? StateEnd : StateScrub;
            if (at_q != last_row || left_q != CountBits'(1)) status_d = StatusBadLength;
          end else if (at_q == last_row && left_q == CountBits'(1)) begin
            status_d = StatusBadLength;
            state_d = StateDiscard;
          end
        end
      end

      StateDiscard: begin
        if (taken && in_last_i) state_d = StateEnd;
      end

      StateScrub: begin
        // The first cycle starts the scrub, in the second the bank says that it is not free.
        unfinished_d = 1'b0;
        settle_d = settle_q == 2'd2 ? settle_q : settle_q + 2'd1;
        if (settle_q == 2'd2 && bank_free_i[bank_q]) state_d = StateEnd;
      end

      StateEnd: begin
        slot_d = !slot_q;
        state_d = StateIdle;
      end

      default: state_d = StateIdle;
    endcase

    if (clear_i) begin
      state_d = StateIdle;
      slot_d = 1'b0;
      bank_d = 1'b0;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q <= StateIdle;
      status_q <= StatusOk;
      slot_q <= 1'b0;
      bank_q <= 1'b0;
      settle_q <= '0;
      unfinished_q <= 1'b0;
    end else begin
      state_q <= state_d;
      status_q <= status_d;
      slot_q <= slot_d;
      bank_q <= bank_d;
      settle_q <= settle_d;
      unfinished_q <= unfinished_d;
    end
  end

  always_ff @(posedge clk_i) begin
    at_q <= at_d;
    left_q <= left_d;
  end

  assign idle_o = state_q == StateIdle && used_o == '0 && !index_valid_q && row_write_q == '0;

`ifndef SYNTHESIS
  if (LogBits < 5 || LogBits > 16) begin : gen_bad_bits
    $error("LogBits must be 5 to 16");
  end

  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i) (release_i & ~ended_o) == '0);
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i) (bank_filled_o & ~bank_free_i) == '0);
`endif

endmodule
