// Toeplitz hashing by tiles, DEVICE.md §6.5: Tile × Tile bit products a cycle.
//
//   in ── skid ── blocks ─┬─► seed memory ─► window ─┐
//                         ├─► key register ──────────┴─► product ─► sums (memory) ─► drain ── skid ── out
//                         └─► addend ───────────────────────────────►┘
//
// A job loads the first B blocks of the seed and the addend, then makes A rows of B products; a row's block of seed and
// block of key are taken while the row before it runs. The sums are read out, and all memories erased, at the end.
//
// Throughput: a job takes N·(2·B + D + 2) + (A − 1)·max(B, 4, N + 3, 2·N) + B + 13 + 2·⌊log2(Tile / LeafBits) / 2⌋
// cycles from its first input beat to its last output beat, where a block has N beats and D = B with an addend, else 0.
// One job at a time.
module qkdpp_toeplitz
  import qkdpp_pkg::*;
#(
  parameter int unsigned Tile = 512,          // T, a power of two, at least 128
  parameter int unsigned LogSeedBlocks = 12,  // A + B ≤ 2^LogSeedBlocks
  parameter int unsigned LogOutBlocks = 10,   // B ≤ 2^LogOutBlocks: the depth of both memories
  parameter int unsigned LeafBits = 16        // where Karatsuba's recursion ends
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

  localparam int unsigned LogTile = $clog2(Tile);
  localparam int unsigned ProductLatency = 2 * ($clog2(Tile / LeafBits) / 2) + 2;

  if (Tile < 128 || Tile != 2 ** LogTile || LeafBits > Tile || LeafBits != 2 ** $clog2(LeafBits)) begin : gen_bad_tile
    $error("Tile and LeafBits must be powers of two, Tile at least 128 and at least LeafBits");
  end
  if (LogOutBlocks < 1 || LogSeedBlocks < LogOutBlocks || LogSeedBlocks + LogTile > 31) begin : gen_bad_depth
    $error("LogOutBlocks must be in 1..LogSeedBlocks, and a job below 2^31 bits");
  end

  typedef enum logic [3:0] {
    StScrub,    // zero both memories
    StIdle,
    StCheck,
    StSeed,     // take the first B blocks of the seed
    StAddend,
    StRows,
    StDrain,
    StDiscard,  // take what is left of the input
    StReport
  } state_e;

  state_e state_q, state_d;
  status_e status_q, status_d;
  logic report_q, report_d;               // StScrub belongs to a job that has to be reported
  logic [LogOutBlocks-1:0] sweep_q;       // block to load, word to scrub

  // Parameters.
  logic [31:0] key_blocks_q, out_blocks_q, out_bits_q;
  logic with_addend_q, flags_valid_q;
  logic [32:0] seed_blocks_q;             // A + B
  logic [31:0] last_bit_q, last_block_q;  // ℓ − 1, B − 1
  logic params_valid_q;
  logic [1:0] checked_q;                  // the pipeline of the check has been passed
  logic [LogOutBlocks-1:0] last;          // B − 1

  // Input, block by block.
  logic block_taken, is_key, input_ended, input_wrong;
  logic [Tile-1:0] block;                 // the one that was taken in the cycle before, and where it goes:
  logic head_write_q, seed_write_q, key_write_q, addend_write_q;
  logic [LogOutBlocks-1:0] block_addr_q;

  // Memories and rows.
  logic wipe_q, refresh_q, scrub;
  logic seed_room, key_room, read, first, rows_finished, sums_busy, drain_finished, drain_read, drain_spent, erase;
  logic [LogOutBlocks-1:0] row_seed_addr, read_addr, drain_addr, erase_addr;
  logic [ProductLatency-1:0] product_coming_q;
  logic [2*Tile-2:0] matrix;
  logic [Tile-1:0] vector, product, sums_data;
  logic seed_error, sums_error, parity_error_q;
  logic [1:0] was_clear_q;  // an error of a word that was read before comes after it

  // ---- Input ----

  qkdpp_toeplitz_input #(
    .Tile(Tile),
    .LogRows(LogSeedBlocks)
  ) u_input (
    .clk_i,
    .rst_ni,
    .clear_i,
    .wipe_i(wipe_q),
    .in_valid_i,
    .in_ready_o,
    .in_data_i,
    .in_last_i,
    .open_i(job_valid_i && job_ready_o),
    .start_i(state_q == StCheck),
    .keys_i(key_blocks_q[LogSeedBlocks-1:0]),
    .take_i(state_q inside {StSeed, StAddend}),
    .take_rows_i(state_q == StRows),
    .discard_i(state_q == StDiscard),
    .seed_room_i(seed_room),
    .key_room_i(key_room),
    .block_taken_o(block_taken),
    .is_key_o(is_key),
    .ended_o(input_ended),
    .wrong_o(input_wrong),
    .block_o(block)
  );

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      {head_write_q, seed_write_q, key_write_q, addend_write_q} <= '0;
    end else begin
      head_write_q <= block_taken && state_q == StSeed && sweep_q == '0;
      seed_write_q <= block_taken && ((state_q == StSeed && sweep_q != '0) || (state_q == StRows && !is_key));
      key_write_q <= block_taken && state_q == StRows && is_key;
      addend_write_q <= block_taken && state_q == StAddend;
    end
  end

  always_ff @(posedge clk_i) begin
    block_addr_q <= state_q == StRows ? row_seed_addr : sweep_q;
  end

  // ---- Parameters and states ----

  always_ff @(posedge clk_i) begin
    if (job_valid_i && job_ready_o) begin
      key_blocks_q <= job_params_i[0];
      out_blocks_q <= job_params_i[1];
      with_addend_q <= job_params_i[2][0];
      flags_valid_q <= job_params_i[2][31:1] == '0 && job_params_i[7:4] == '0;
      out_bits_q <= job_params_i[3];
    end
  end

  // In two steps, as each has a chain of 32 bits.
  always_ff @(posedge clk_i) begin
    seed_blocks_q <= 33'(key_blocks_q) + 33'(out_blocks_q);
    last_bit_q <= out_bits_q - 32'd1;
    last_block_q <= out_blocks_q - 32'd1;
    params_valid_q <= key_blocks_q != '0 && flags_valid_q && out_bits_q != '0
        && last_block_q < 32'(2 ** LogOutBlocks) && last_bit_q >> LogTile == last_block_q
        && seed_blocks_q <= 33'(2 ** LogSeedBlocks);
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      checked_q <= '0;
    end else begin
      checked_q <= state_q == StCheck ? {checked_q[0], 1'b1} : '0;
    end
  end

  assign last = last_block_q[LogOutBlocks-1:0];

  always_comb begin
    state_d = state_q;
    status_d = status_q;
    report_d = report_q;
    unique case (state_q)
      StScrub: begin
        if (sweep_q == '1) begin
          state_d = report_q ? StReport : StIdle;
        end
      end
      StIdle: begin
        status_d = StatusOk;
        report_d = 1'b1;
        if (job_valid_i) begin
          state_d = StCheck;
        end
      end
      StCheck: begin
        if (checked_q[1]) begin
          state_d = params_valid_q ? StSeed : StDiscard;
          status_d = params_valid_q ? StatusOk : StatusBadParameter;
        end
      end
      StSeed: begin
        if (block_taken && sweep_q == last) begin
          state_d = with_addend_q ? StAddend : StRows;
        end
      end
      StAddend: begin
        if (block_taken && sweep_q == last) begin
          state_d = StRows;
        end
      end
      StRows: begin
        if (rows_finished && !sums_busy && product_coming_q == '0) begin
          state_d = StDrain;
        end
      end
      StDrain: begin
        if (drain_finished) begin
          state_d = StReport;
        end
      end
      StDiscard: begin
        if (input_ended) begin
          state_d = StScrub;
        end
      end
      StReport: begin
        if (done_ready_i) begin
          state_d = StIdle;
        end
      end
      default: state_d = StScrub;
    endcase
    if (state_q inside {StSeed, StAddend, StRows} && input_wrong) begin
      state_d = input_ended ? StScrub : StDiscard;
      status_d = StatusBadLength;
    end
    if (clear_i) begin
      report_d = 1'b0;
      unique case (state_q)
        StIdle: state_d = StIdle;
        StScrub: state_d = sweep_q == '1 ? StIdle : StScrub;
        default: state_d = StScrub;
      endcase
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q <= StScrub;
      status_q <= StatusOk;
      report_q <= 1'b0;
      wipe_q <= 1'b1;
      sweep_q <= '0;
      parity_error_q <= 1'b0;
      was_clear_q <= '0;
    end else begin
      state_q <= state_d;
      status_q <= status_d;
      report_q <= report_d;
      wipe_q <= !(state_d inside {StCheck, StSeed, StAddend, StRows});
      if (state_d != state_q) begin
        sweep_q <= '0;
      end else if (block_taken || state_q == StScrub) begin
        sweep_q <= sweep_q + 1'b1;
      end
      parity_error_q <= !(clear_i || was_clear_q != '0) && (parity_error_q || seed_error || sums_error);
      was_clear_q <= {was_clear_q[0], clear_i};
    end
  end

  // ---- Rows ----

  qkdpp_toeplitz_rows #(
    .LogRows(LogSeedBlocks),
    .LogDepth(LogOutBlocks)
  ) u_rows (
    .clk_i,
    .rst_ni,
    .run_i(state_q == StRows),
    .rows_i(key_blocks_q[LogSeedBlocks-1:0]),
    .last_i(last),
    .seed_taken_i(state_q == StRows && block_taken && !is_key),
    .seed_room_o(seed_room),
    .seed_addr_o(row_seed_addr),
    .key_taken_i(state_q == StRows && block_taken && is_key),
    .key_room_o(key_room),
    .read_o(read),
    .first_o(first),
    .read_addr_o(read_addr),
    .finished_o(rows_finished)
  );

  assign scrub = state_q == StScrub;
  // A scrubbed word is read at the end, so that the output registers of the memories hold no job data either.
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      refresh_q <= 1'b0;
    end else begin
      refresh_q <= (scrub && sweep_q[LogOutBlocks-1:2] == '1) || drain_spent;
    end
  end

  qkdpp_toeplitz_operands #(
    .Tile(Tile),
    .LogDepth(LogOutBlocks)
  ) u_operands (
    .clk_i,
    .rst_ni,
    .wipe_i(wipe_q),
    .head_write_i(head_write_q && !wipe_q),
    .seed_write_i(scrub || erase || (seed_write_q && !wipe_q)),
    .seed_addr_i(scrub ? sweep_q : erase ? erase_addr : block_addr_q),
    .key_write_i(key_write_q && !wipe_q),
    .block_i(block),
    .read_i(read || refresh_q),
    .first_i(first),
    .read_addr_i(refresh_q ? '0 : read_addr),
    .matrix_o(matrix),
    .vector_o(vector),
    .error_o(seed_error)
  );

  qkdpp_toeplitz_product #(
    .Bits(Tile),
    .LeafBits(LeafBits)
  ) u_product (
    .clk_i,
    .matrix_i(matrix),
    .vector_i(vector),
    .product_o(product)
  );

  // Products from the reading of their operands to two cycles before their sum.
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      product_coming_q <= '0;
    end else if (wipe_q) begin
      product_coming_q <= '0;
    end else begin
      product_coming_q <= {product_coming_q[ProductLatency-2:0], read};
    end
  end

  qkdpp_toeplitz_sums #(
    .Tile(Tile),
    .LogDepth(LogOutBlocks)
  ) u_sums (
    .clk_i,
    .rst_ni,
    .wipe_i(wipe_q),
    .last_i(last),
    .product_soon_i(product_coming_q[ProductLatency-1]),
    .product_i(product),
    .busy_o(sums_busy),
    .write_i(scrub || erase || (addend_write_q && !wipe_q)),
    .write_addr_i(scrub ? sweep_q : erase ? erase_addr : block_addr_q),
    .write_data_i(addend_write_q && !wipe_q ? block : '0),
    .read_i(drain_read || refresh_q),
    .read_addr_i(refresh_q ? '0 : drain_addr),
    .read_data_o(sums_data),
    .error_o(sums_error)
  );

  // ---- Output ----

  qkdpp_toeplitz_drain #(
    .Tile(Tile),
    .LogDepth(LogOutBlocks)
  ) u_drain (
    .clk_i,
    .rst_ni,
    .clear_i,
    .run_i(state_q == StDrain),
    .last_i(last),
    .bits_i(out_bits_q[LogOutBlocks+LogTile:0]),
    .finished_o(drain_finished),
    .spent_o(drain_spent),
    .read_o(drain_read),
    .read_addr_o(drain_addr),
    .read_data_i(sums_data),
    .erase_o(erase),
    .erase_addr_o(erase_addr),
    .out_valid_o,
    .out_ready_i,
    .out_data_o
  );

  assign idle_o = state_q == StIdle;
  assign parity_error_o = parity_error_q;
  assign job_ready_o = state_q == StIdle && !clear_i;
  assign done_valid_o = state_q == StReport;
  assign done_result_o = '{status: status_q, r1: '0, r0: '0};

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni)
      out_valid_o && !out_ready_i && !clear_i |=> out_valid_o && $stable(out_data_o));
  assert property (@(posedge clk_i) disable iff (!rst_ni)
      done_valid_o && !done_ready_i && !clear_i |=> done_valid_o && $stable(done_result_o));
  assert property (@(posedge clk_i) disable iff (!rst_ni) done_valid_o |-> !out_valid_o && !in_ready_o);
  assert property (@(posedge clk_i) disable iff (!rst_ni) clear_i |=> !done_valid_o && !out_valid_o);
  assert property (@(posedge clk_i) disable iff (!rst_ni)
      out_valid_o |-> state_q == StDrain && status_q == StatusOk);
  assert property (@(posedge clk_i) disable iff (!rst_ni) idle_o |-> vector == '0 && product_coming_q == '0);
`endif

endmodule
