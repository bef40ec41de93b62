// Running parities of permuted frames, 256 frames side by side (DEVICE.md §6.2, SPEC §4).
//
// One row of 256 frames a cycle, in and out at once: while the rows of a group are read in the permuted order, added up
// and sent, those of the next group (of the same job or the next one) are loaded into the other bank. Between groups a
// bank is handed over in about 8 cycles; loading a permutation takes n/16 cycles. Latency from the last row of a group
// to its first parities: 7 cycles.
//
//             ┌► permutation ────────┐ index
//   input ────┤                      ▼
//             └► bank 0 / bank 1 ──► row ──► running XOR ──► output
//
// A row is overwritten with zeros in the cycle in which it is read, so that the banks are empty at the end of a job.
// Indices that are out of range or occur twice are BAD_DATA; what is left of a group for that reason is scrubbed before
// the result. Permutations come from public seeds; they are scrubbed by clear_i only.
module qkdpp_parities
  import qkdpp_pkg::*;
#(
  parameter int unsigned LogBits = 14  // the longest frame has 2^LogBits bits
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

  localparam int unsigned CountBits = 17;

  // -- Clear: everything is scrubbed, after a reset too ------------------------------------------------------------

  typedef enum logic [1:0] {
    ClearStart,  // starts the scrubs of the banks
    ClearScrub,  // waits for them, scrubs the permutations
    ClearDone,   // waits until clear_i is low again
    ClearNot     // works
  } clear_e;

  clear_e clear_q;
  logic clearing;
  logic [LogBits-4:0] clear_addr_q;
  logic clear_last_q;
  logic [1:0] scrubbing;

  assign clearing = clear_q != ClearNot || clear_i;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      clear_q <= ClearStart;
    end else begin
      unique case (clear_q)
        ClearStart: clear_q <= ClearScrub;
        ClearScrub: if (scrubbing == '0 && clear_last_q) clear_q <= ClearDone;
        ClearDone: if (!clear_i) clear_q <= ClearNot;
        default: if (clear_i) clear_q <= ClearStart;
      endcase
    end
  end

  always_ff @(posedge clk_i) begin
    if (clear_q == ClearStart) begin
      clear_addr_q <= '0;
      clear_last_q <= 1'b0;
    end else if (!clear_last_q) begin
      clear_addr_q <= clear_addr_q + (LogBits-3)'(1);
      clear_last_q <= clear_addr_q == '1;
    end
  end

  // -- Input -------------------------------------------------------------------------------------------------------

  logic load_idle, load_ready, load_in_ready;
  logic [1:0] used, ended, release_slot;
  logic [1:0][LogBits-1:0] last_row;
  logic [1:0][CountBits-1:0] loaded;
  status_e [1:0] slot_status;
  logic index_write;
  logic [LogBits-4:0] index_write_addr;
  logic [16*LogBits-1:0] index_write_data;
  logic [1:0] bank_free, bank_filled, load_scrub, row_write;
  logic [LogBits-1:0] row_write_addr;
  beat_t row_write_data;

  qkdpp_parities_load #(
    .LogBits(LogBits)
  ) u_load (
    .clk_i,
    .rst_ni,
    .clear_i      (clearing),
    .idle_o       (load_idle),
    .job_valid_i  (job_valid_i && !clearing),
    .job_ready_o  (load_ready),
    .job_params_i,
    .in_valid_i   (in_valid_i && !clearing),
    .in_ready_o   (load_in_ready),
    .in_data_i,
    .in_last_i,
    .used_o       (used),
    .last_row_o   (last_row),
    .loaded_o     (loaded),
    .ended_o      (ended),
    .status_o     (slot_status),
    .release_i    (release_slot),
    .index_write_o(index_write),
    .index_addr_o (index_write_addr),
    .index_data_o (index_write_data),
    .bank_free_i  (bank_free),
    .bank_filled_o(bank_filled),
    .bank_scrub_o (load_scrub),
    .row_write_o  (row_write),
    .row_addr_o   (row_write_addr),
    .row_data_o   (row_write_data)
  );

  assign job_ready_o = load_ready && !clearing;
  assign in_ready_o = load_in_ready && !clearing;

  // -- Which row is next -------------------------------------------------------------------------------------------

  typedef enum logic [1:0] {
    StateRead,   // reads groups as they come
    StateDrain,  // waits until the last row is out and nothing is left
    StateDone    // offers the result
  } state_e;

  state_e state_q;
  logic advance;
  logic slot_q, bank_q;            // of the group that is read
  logic [LogBits-1:0] row_q;       // of the permuted frame
  logic [CountBits-1:0] read_q;    // groups whose rows have all been asked for
  logic reads, last, empty;
  logic twice_q;                   // an index occurred twice
  status_e status;

  assign reads = state_q == StateRead && used[slot_q] && read_q != loaded[slot_q];
  assign last = row_q == last_row[slot_q];

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q <= StateRead;
      slot_q <= 1'b0;
      bank_q <= 1'b0;
      row_q <= '0;
      read_q <= '0;
    end else if (clearing) begin
      state_q <= StateRead;
      slot_q <= 1'b0;
      bank_q <= 1'b0;
      row_q <= '0;
      read_q <= '0;
    end else begin
      unique case (state_q)
        StateRead: begin
          if (reads && advance) begin
            row_q <= last ? '0 : row_q + LogBits'(1);
            bank_q <= bank_q ^ last;
            read_q <= read_q + CountBits'(last);
          end
          if (used[slot_q] && ended[slot_q] && !reads) state_q <= StateDrain;
        end
        StateDrain: if (empty) state_q <= StateDone;
        default: begin
          if (done_ready_i) begin
            state_q <= StateRead;
            slot_q <= !slot_q;
            read_q <= '0;
          end
        end
      endcase
    end
  end

  assign release_slot = {2{state_q == StateDone && done_ready_i}} & {slot_q, !slot_q};

  // -- Reading: permutation, its index, the row, the running parity ------------------------------------------------

  // What travels with a row.
  typedef struct packed {
    logic valid;
    logic first;
    logic last;
    logic bank;
  } mark_t;

  mark_t word_mark_q, index_mark_q, row_mark_q;
  logic add_valid_q, add_first_q;  // of row_data_q
  logic sum_valid_q;
  logic [3:0] word_at_q;
  logic [15:0][LogBits-1:0] word;
  logic [LogBits-1:0] index_q;
  logic [1:0] take, fresh, bank_error;
  beat_t [1:0] bank_row;
  beat_t row_data_q, sum_q;
  logic index_error;
  logic [1:0] release_bank, read_scrub, full_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      {word_mark_q, index_mark_q, row_mark_q} <= '0;
      {add_valid_q, add_first_q, sum_valid_q} <= '0;
    end else if (clearing) begin
      {word_mark_q, index_mark_q, row_mark_q} <= '0;
      {add_valid_q, add_first_q, sum_valid_q} <= '0;
    end else if (advance) begin
      word_mark_q <= '{valid: reads, first: row_q == '0, last: last, bank: bank_q};
      index_mark_q <= word_mark_q;
      row_mark_q <= index_mark_q;
      add_valid_q <= row_mark_q.valid;
      add_first_q <= row_mark_q.first;
      sum_valid_q <= add_valid_q;
    end
  end

  qkdpp_ram #(
    .Width(16 * LogBits),
    .Depth(1 << (LogBits - 3))
  ) u_indices (
    .clk_i,
    .rst_ni,
    .write_i     (clearing ? clear_q == ClearScrub : index_write),
    .write_addr_i(clearing ? clear_addr_q : index_write_addr),
    .write_data_i(clearing ? '0 : index_write_data),
    .read_i      (advance && reads),
    .read_addr_i ({slot_q, row_q[LogBits-1:4]}),
    .read_data_o (word),
    .error_o     (index_error)
  );

  always_ff @(posedge clk_i) begin
    if (advance) begin
      word_at_q <= row_q[3:0];
      index_q <= word[word_at_q];
    end
  end

  for (genvar b = 0; b < 2; b++) begin : gen_bank
    assign take[b] = advance && index_mark_q.valid && index_mark_q.bank == b[0] && !clearing;

    qkdpp_parities_bank #(
      .LogBits(LogBits)
    ) u_bank (
      .clk_i,
      .rst_ni,
      .write_i     (row_write[b] && !clearing),
      .write_addr_i(row_write_addr),
      .write_data_i(row_write_data),
      .take_i      (take[b]),
      .take_addr_i (index_q),
      .row_o       (bank_row[b]),
      .fresh_o     (fresh[b]),
      .error_o     (bank_error[b]),
      .scrub_i     (clear_q == ClearStart || load_scrub[b] || read_scrub[b]),
      .scrubbing_o (scrubbing[b])
    );

    // The last row of a group is out of the bank: the bank is free, or to be scrubbed first.
    assign release_bank[b] = advance && row_mark_q.valid && row_mark_q.last && row_mark_q.bank == b[0];
    assign read_scrub[b] = release_bank[b] && (twice_q || !fresh[b]) && !clearing;

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) begin
        full_q[b] <= 1'b0;
      end else if (clearing) begin
        full_q[b] <= 1'b0;
      end else if (bank_filled[b]) begin
        full_q[b] <= 1'b1;
      end else if (release_bank[b]) begin
        full_q[b] <= 1'b0;
      end
    end

    assign bank_free[b] = !full_q[b] && !scrubbing[b];
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      twice_q <= 1'b0;
    end else if (clearing || (state_q == StateDone && done_ready_i)) begin
      twice_q <= 1'b0;
    end else if (advance && row_mark_q.valid && !fresh[row_mark_q.bank]) begin
      twice_q <= 1'b1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (clearing || state_q == StateDone) begin
      row_data_q <= '0;
      sum_q <= '0;
    end else if (advance) begin
      row_data_q <= bank_row[row_mark_q.bank];
      if (add_valid_q) sum_q <= (add_first_q ? '0 : sum_q) ^ row_data_q;
    end
  end

  // -- Output ------------------------------------------------------------------------------------------------------

  logic out_ready;

  assign advance = !sum_valid_q || out_ready;
  assign empty = !word_mark_q.valid && !index_mark_q.valid && !row_mark_q.valid && !add_valid_q && !sum_valid_q &&
      !out_valid_o && read_scrub == '0 && scrubbing == '0;

  qkdpp_skid #(
    .Width(BeatBits)
  ) u_out (
    .clk_i,
    .rst_ni,
    .clear_i    (clearing),
    .in_valid_i (sum_valid_q),
    .in_ready_o (out_ready),
    .in_data_i  (sum_q),
    .out_valid_o,
    .out_ready_i,
    .out_data_o
  );

  // -- Result ------------------------------------------------------------------------------------------------------

  logic parity_error_q;
  logic was_clearing_q;  // an error of the last word that a scrub read comes after it

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      parity_error_q <= 1'b0;
      was_clearing_q <= 1'b0;
    end else begin
      parity_error_q <= (parity_error_q || index_error || bank_error != '0) && !clearing && !was_clearing_q;
      was_clearing_q <= clearing;
    end
  end

  assign status = slot_status[slot_q] == StatusOk && twice_q ? StatusBadData : slot_status[slot_q];
  assign idle_o = (clear_q == ClearNot && load_idle && scrubbing == '0) || clear_q == ClearDone;
  assign parity_error_o = parity_error_q;
  assign done_valid_o = state_q == StateDone;
  assign done_result_o = '{status: status, r1: '0, r0: '0};

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
    out_valid_o && !out_ready_i |=> out_valid_o && $stable(out_data_o));
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
    done_valid_o && !done_ready_i |=> done_valid_o && $stable(done_result_o));
  assert property (@(posedge clk_i) disable iff (!rst_ni) done_valid_o |-> !out_valid_o && scrubbing == '0);
  // What is read has been filled.
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i) (take & ~full_q) == '0);
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i) idle_o |-> full_q == '0 && out_data_o == '0);
`endif

endmodule
