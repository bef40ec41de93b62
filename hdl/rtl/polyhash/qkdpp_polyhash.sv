// Polynomial hash over GF(2^128) of segments under one key (DEVICE.md §6.4, SPEC §6).
//
// One block of 128 bits a cycle, the length block of each segment included, without a gap between segments; half a beat
// of input a cycle. A job costs about Turns² + 4·Turns cycles more, for the powers of the key and for draining and
// wiping the pipeline. Latency from the last block of a segment to its hash: Turns + 3 cycles.
//
// Horner's rule h = (h ⊕ B)·k would have to wait for the multiplier. With a loop of Turns = MulStages + 2 cycles, block
// t of a segment of N blocks (the length block is the last) is added to the product of block t − Turns and multiplied by
// k^Turns; the last Turns blocks are multiplied by k^(N−t) instead, and the sum of these products is the hash:
//
//   block ──► ⊕ ──► operand ──► multiplier ──┬──► sum ──► hashes ──► beats
//             ▲                              │
//             └───────── feedback ───────────┘
//
// Products that are needed again are queued in `feedback`, so that the multiplier never stands still: when there is no
// block, nothing valid goes through it. A segment is begun only if there is room for its hash. Between jobs zeros go
// through the pipeline, so that it holds nothing of a job after its end.
module qkdpp_polyhash
  import qkdpp_pkg::*;
#(
  parameter int unsigned MulStages = 5
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

  localparam int unsigned Turns = MulStages + 2;
  localparam int unsigned TurnBits = $clog2(Turns + 1);
  // Queues of products and of hashes.
  localparam int unsigned QueueDepth = 8;
  localparam int unsigned QueueBits = $clog2(QueueDepth) + 1;
  // Cycles until the last block is a product, or a hash in its queue; then those until the queues are erased.
  localparam int unsigned DrainCycles = MulStages + 4;
  localparam int unsigned WipeCycles = DrainCycles + QueueDepth + 2;
  localparam int unsigned WipeBits = $clog2(WipeCycles + 1);
  // Blocks of the longest segment: 2^25 and the length block.
  localparam int unsigned BlockBits = 26;

  typedef enum logic [2:0] {
    StateIdle,     // no job, nothing left of any
    StateCheck,    // looks at the parameters
    StateKey,      // waits for the key
    StatePowers,   // multiplies its powers
    StateRun,
    StateDiscard,  // takes the rest of a bad input
    StateWipe,     // sends zeros through the pipeline
    StateDone      // offers the result
  } state_e;

  state_e state_q, state_d;
  status_e status_q, status_d;
  // A job to be dropped: no output and no result any more.
  logic drop_q, drop_d;
  logic [WipeBits-1:0] wiped_q, wiped_d;  // cycles of wiping that are over

  // -- The job ---------------------------------------------------------------------------------------------------

  logic [31:0] segments_q, segments_d;  // segments left, the current one included
  logic [31:0] full_bits_q, last_bits_q;
  logic [BlockBits-1:0] full_blocks_q, last_blocks_q;
  logic reserved_q;  // a parameter that must be zero is not
  logic job_taken;
  logic bad_parameter;

  assign job_ready_o = state_q == StateIdle && !clear_i;
  assign job_taken = job_valid_i && job_ready_o;
  assign bad_parameter = segments_q == '0 || segments_q > 32'h8000_0000 || last_bits_q == '0 ||
      last_bits_q > full_bits_q || reserved_q;

  // Blocks of a segment of that many bits, its length block included.
  function automatic logic [BlockBits-1:0] blocks_of(input logic [31:0] bits);
    return BlockBits'(bits[31:7]) + BlockBits'(bits[6:0] != '0) + BlockBits'(1);
  endfunction

  always_ff @(posedge clk_i) begin
    if (job_taken) begin
      full_bits_q <= job_params_i[1];
      last_bits_q <= job_params_i[2];
      reserved_q <= job_params_i[7:3] != '0;
    end
    full_blocks_q <= blocks_of(full_bits_q);
    last_blocks_q <= blocks_of(last_bits_q);
  end

  // -- Input beats -----------------------------------------------------------------------------------------------

  beat_t beat_q;
  logic beat_last_q, beat_valid_q;
  logic beat_pop, beat_taken;
  logic open_q;  // the last beat of the job has not been taken yet

  assign in_ready_o = open_q && (!beat_valid_q || beat_pop) && !clear_i;
  assign beat_taken = in_valid_i && in_ready_o;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      beat_valid_q <= 1'b0;
      open_q <= 1'b0;
    end else if (clear_i) begin
      beat_valid_q <= 1'b0;
      open_q <= 1'b0;
    end else begin
      if (!beat_valid_q || beat_pop) beat_valid_q <= beat_taken;
      if (job_taken) begin
        open_q <= 1'b1;
      end else if (beat_taken && in_last_i) begin
        open_q <= 1'b0;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (!beat_valid_q || beat_pop || clear_i) begin
      beat_q <= beat_taken ? in_data_i : '0;
      beat_last_q <= in_last_i;
    end
  end

  // -- Which block is next ---------------------------------------------------------------------------------------

  logic block_valid_q;                   // the head of the pipeline holds a block
  logic issue;                           // it enters the pipeline
  logic pick;                            // a block goes to the head of the pipeline
  logic [BlockBits-1:0] left_q, left_d;  // blocks of the segment that have not
  logic length_q, length_d;              // left_q = 1
  logic last_data_q, last_data_d;        // left_q = 2
  logic last_segment_q, last_segment_d;  // segments_q = 1
  logic [TurnBits-1:0] age_q, age_d;     // blocks of the segment that have, at most Turns
  logic high_q, high_d;                  // the low half of the beat is used
  logic pops;                            // this block is the last one in its beat

  assign pick = (!block_valid_q || issue) &&
      (state_q == StatePowers || (state_q == StateRun && (length_q || beat_valid_q)));
  assign pops = !length_q && (high_q || last_data_q);

  // -- Powers of the key -----------------------------------------------------------------------------------------

  logic [Turns:1][127:0] powers_q;
  logic [TurnBits-1:0] power_q;   // the power that the multiplier makes
  logic [TurnBits-1:0] wait_q;    // cycles until it is made
  logic [127:0] product;
  logic power_made, powers_made;

  assign power_made = state_q == StatePowers && wait_q == '0;
  assign powers_made = power_made && power_q == TurnBits'(Turns);

  always_ff @(posedge clk_i) begin
    // The last length block still needs its power in the first step of the wiping.
    if (state_q == StateIdle || (state_q == StateWipe && wiped_q != '0)) begin
      powers_q <= '0;
    end else if (state_q == StateKey) begin
      powers_q[1] <= beat_q[127:0];
    end else if (power_made) begin
      for (int unsigned i = 2; i <= Turns; i++) begin
        if (power_q == TurnBits'(i)) powers_q[i] <= product;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (state_q == StateKey) begin
      power_q <= TurnBits'(2);
      wait_q <= TurnBits'(Turns);
    end else if (power_made) begin
      power_q <= power_q + TurnBits'(1);
      wait_q <= TurnBits'(Turns);
    end else begin
      wait_q <= wait_q - TurnBits'(1);
    end
  end

  // -- The pipeline ----------------------------------------------------------------------------------------------

  typedef struct packed {
    logic valid;
    logic summed;  // one of the last blocks: its product is a part of the hash
    logic hash;    // the length block: its product completes the hash
    logic last;    // of the job
  } mark_t;

  logic [127:0] block_q, block_d, power, operand_q, power_operand_q, feedback;
  logic [TurnBits-1:0] index_q, index_d;  // exponent of the power for block_q; 0: none
  logic first_q, first_d;                 // of the segment
  logic looped_q, looped_d;               // block_q is added to the oldest product of the queue
  mark_t mark_q, mark_d;                  // of block_q
  mark_t [MulStages:0] stage_mark_q;      // of the operand, the multiplier's stages
  mark_t mark;                            // of the product
  logic feedback_valid, unused_feedback_ready;
  logic [QueueBits-1:0] unused_feedback_count;
  logic [QueueBits-1:0] begun_q;          // segments whose hash has not left its queue
  logic room_q;                           // for one more
  logic hash_valid, hash_pop, hash_last;

  // The product of an earlier block of the segment is always there: it was issued Turns cycles ago or earlier.
  assign issue = block_valid_q && (!first_q || room_q);

  always_comb begin
    block_d = '0;
    index_d = '0;
    first_d = 1'b0;
    looped_d = 1'b0;
    mark_d = '0;
    if (state_q == StatePowers) begin
      // k times the highest power there is.
      block_d = powers_q[1];
      index_d = power_q - TurnBits'(1);
    end else if (pick) begin
      if (length_q) begin
        block_d[31:0] = last_segment_q ? last_bits_q : full_bits_q;
      end else begin
        block_d = high_q ? beat_q[255:128] : beat_q[127:0];
      end
      index_d = left_q < BlockBits'(Turns) ? TurnBits'(left_q) : TurnBits'(Turns);
      first_d = age_q == '0;
      looped_d = age_q == TurnBits'(Turns);
      mark_d.valid = 1'b1;
      mark_d.summed = left_q <= BlockBits'(Turns);
      mark_d.hash = length_q;
      mark_d.last = length_q && last_segment_q;
    end
  end

  always_comb begin
    power = '0;
    for (int unsigned i = 1; i <= Turns; i++) begin
      power = power | (index_q == TurnBits'(i) ? powers_q[i] : '0);
    end
  end

  always_ff @(posedge clk_i) begin
    if (!block_valid_q || issue) begin
      block_q <= block_d;
      index_q <= index_d;
      first_q <= first_d;
      looped_q <= looped_d;
      mark_q <= mark_d;
    end
    operand_q <= block_q ^ (looped_q ? feedback : '0);
    power_operand_q <= power;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      block_valid_q <= 1'b0;
      stage_mark_q <= '0;
    end else if (drop_q) begin
      block_valid_q <= 1'b0;
      stage_mark_q <= '0;
    end else begin
      if (!block_valid_q || issue) block_valid_q <= pick;
      stage_mark_q <= {stage_mark_q[MulStages-1:0], issue ? mark_q : mark_t'('0)};
    end
  end

  qkdpp_gf128_mul #(
    .Stages(MulStages)
  ) u_mul (
    .clk_i,
    .a_i      (operand_q),
    .b_i      (power_operand_q),
    .product_o(product)
  );

  assign mark = stage_mark_q[MulStages];

  qkdpp_fifo #(
    .Width(128),
    .Depth(QueueDepth)
  ) u_feedback (
    .clk_i,
    .rst_ni,
    // A job that ends too early leaves products.
    .clear_i    (drop_q || wiped_q >= WipeBits'(DrainCycles)),
    .in_valid_i (mark.valid && !mark.summed),
    .in_ready_o (unused_feedback_ready),
    .in_data_i  (product),
    .out_valid_o(feedback_valid),
    .out_ready_i(issue && looped_q),
    .out_data_o (feedback),
    .count_o    (unused_feedback_count)
  );

  // -- Hashes ----------------------------------------------------------------------------------------------------

  logic [127:0] sum_q, hash, half_q;
  logic half_full_q;
  logic out_ready, unused_hash_ready;
  logic [QueueBits-1:0] unused_hash_count;

  always_ff @(posedge clk_i) begin
    if (mark.valid) begin
      sum_q <= mark.summed && !mark.hash ? sum_q ^ product : '0;
    end else if (drop_q || state_q == StateDone) begin
      sum_q <= '0;
    end
  end

  qkdpp_fifo #(
    .Width(129),
    .Depth(QueueDepth)
  ) u_hashes (
    .clk_i,
    .rst_ni,
    .clear_i    (drop_q),
    .in_valid_i (mark.hash),
    .in_ready_o (unused_hash_ready),
    .in_data_i  ({mark.last, sum_q ^ product}),
    .out_valid_o(hash_valid),
    .out_ready_i(hash_pop),
    .out_data_o ({hash_last, hash}),
    .count_o    (unused_hash_count)
  );

  // The first of two hashes waits in half_q, the last of a job does not wait.
  logic pairs;
  assign pairs = half_full_q || hash_last;
  assign hash_pop = hash_valid && (out_ready || !pairs);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      half_full_q <= 1'b0;
      begun_q <= '0;
      room_q <= 1'b0;
    end else if (drop_q || state_q == StateDone) begin
      half_full_q <= 1'b0;
      begun_q <= '0;
      room_q <= 1'b1;
    end else begin
      if (hash_pop) half_full_q <= !pairs;
      begun_q <= begun_q + QueueBits'(issue && mark_q.valid && first_q) - QueueBits'(hash_pop);
      // One is kept back for the segment that may begin in this cycle.
      room_q <= begun_q < QueueBits'(QueueDepth - 1);
    end
  end

  always_ff @(posedge clk_i) begin
    if (drop_q || state_q == StateDone) begin
      half_q <= '0;
    end else if (hash_pop) begin
      half_q <= pairs ? '0 : hash;
    end
  end

  qkdpp_skid #(
    .Width(BeatBits)
  ) u_out (
    .clk_i,
    .rst_ni,
    .clear_i    (drop_q),
    .in_valid_i (hash_valid && pairs),
    .in_ready_o (out_ready),
    .in_data_i  (half_full_q ? {hash, half_q} : {128'd0, hash}),
    .out_valid_o,
    .out_ready_i,
    .out_data_o
  );

  // -- Control ---------------------------------------------------------------------------------------------------

  always_comb begin
    state_d = state_q;
    status_d = status_q;
    drop_d = drop_q;
    segments_d = segments_q;
    left_d = left_q;
    length_d = length_q;
    last_data_d = last_data_q;
    last_segment_d = last_segment_q;
    age_d = age_q;
    high_d = high_q;
    wiped_d = wiped_q;
    beat_pop = 1'b0;

    unique case (state_q)
      StateIdle: begin
        drop_d = 1'b0;
        wiped_d = '0;
        status_d = StatusOk;
        segments_d = job_params_i[0];
        if (job_taken) state_d = StateCheck;
      end

      StateCheck: begin
        status_d = bad_parameter ? StatusBadParameter : StatusOk;
        state_d = bad_parameter ? StateDiscard : StateKey;
      end

      StateKey: begin
        left_d = segments_q == 32'd1 ? last_blocks_q : full_blocks_q;
        length_d = 1'b0;
        last_data_d = left_d == BlockBits'(2);
        last_segment_d = segments_q == 32'd1;
        age_d = '0;
        high_d = 1'b0;
        beat_pop = beat_valid_q;
        if (beat_valid_q) begin
          state_d = beat_last_q ? StateWipe : StatePowers;
          if (beat_last_q) status_d = StatusBadLength;
        end
      end

      StatePowers: begin
        if (powers_made) state_d = StateRun;
      end

      StateRun: begin
        if (pick) begin
          left_d = left_q - BlockBits'(1);
          length_d = last_data_q;
          last_data_d = left_q == BlockBits'(3);
          if (age_q != TurnBits'(Turns)) age_d = age_q + TurnBits'(1);
          high_d = !length_q && !pops;
          beat_pop = pops;
          if (pops && beat_last_q != (last_data_q && last_segment_q)) begin
            status_d = StatusBadLength;
            state_d = beat_last_q ? StateWipe : StateDiscard;
          end
          if (length_q) begin
            segments_d = segments_q - 32'd1;
            last_segment_d = segments_q == 32'd2;
            left_d = segments_q == 32'd2 ? last_blocks_q : full_blocks_q;
            last_data_d = left_d == BlockBits'(2);
            age_d = '0;
            if (last_segment_q) state_d = StateWipe;
          end
        end
      end

      StateDiscard: begin
        beat_pop = beat_valid_q;
        if (beat_valid_q && beat_last_q) state_d = StateWipe;
      end

      StateWipe: begin
        // Hashes that wait for the output stop the count.
        if (wiped_q != WipeBits'(DrainCycles) || (!hash_valid && !out_valid_o)) wiped_d = wiped_q + WipeBits'(1);
        if (wiped_q == WipeBits'(WipeCycles)) begin
          wiped_d = '0;
          state_d = drop_q ? StateIdle : StateDone;
        end
      end

      StateDone: begin
        if (done_ready_i) state_d = StateIdle;
      end

      default: state_d = StateWipe;
    endcase

    if (clear_i && !drop_q && state_q != StateIdle) begin
      state_d = StateWipe;
      drop_d = 1'b1;
      wiped_d = '0;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q <= StateWipe;
      status_q <= StatusOk;
      drop_q <= 1'b1;
      wiped_q <= '0;
    end else begin
      state_q <= state_d;
      status_q <= status_d;
      drop_q <= drop_d;
      wiped_q <= wiped_d;
    end
  end

  always_ff @(posedge clk_i) begin
    segments_q <= segments_d;
    left_q <= left_d;
    length_q <= length_d;
    last_data_q <= last_data_d;
    last_segment_q <= last_segment_d;
    age_q <= age_d;
    high_q <= high_d;
  end

  assign idle_o = state_q == StateIdle;
  assign parity_error_o = 1'b0;
  assign done_valid_o = state_q == StateDone;
  assign done_result_o = '{status: status_q, r1: '0, r0: '0};

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
    out_valid_o && !out_ready_i |=> out_valid_o && $stable(out_data_o));
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
    done_valid_o && !done_ready_i |=> done_valid_o && $stable(done_result_o));
  assert property (@(posedge clk_i) disable iff (!rst_ni) done_valid_o |-> !out_valid_o);
  // Nothing is left of a job when the kernel is idle.
  assert property (@(posedge clk_i) disable iff (!rst_ni) idle_o |->
    {block_q, operand_q, power_operand_q, product, sum_q, half_q, beat_q, out_data_o} == '0 && powers_q == '0);
  assert property (@(posedge clk_i) disable iff (!rst_ni) mark.hash |-> mark.valid && mark.summed);
  // The queues neither run empty nor over.
  assert property (@(posedge clk_i) disable iff (!rst_ni || drop_q) issue && looped_q |-> feedback_valid);
  assert property (@(posedge clk_i) disable iff (!rst_ni || drop_q)
    mark.valid && !mark.summed |-> unused_feedback_ready);
  assert property (@(posedge clk_i) disable iff (!rst_ni || drop_q) mark.hash |-> unused_hash_ready);
`endif

endmodule
