// Polynomial hash over GF(2^128) of segments under one key (DEVICE.md §6.4, SPEC §6).
//
// One block of 128 bits a cycle, the length block of each segment included, without a gap between segments; half a beat
// of input a cycle. A job costs about Turns² + 4·Turns cycles more, for the powers of the key and for draining and
// wiping the pipeline. Latency from the last block of a segment to its hash: Turns + 5 cycles.
//
// Horner's rule h = (h ⊕ B)·k would have to wait for the multiplier. With a loop of Turns = MulStages + 2 cycles, block
// t of a segment of N blocks (the length block is the last) is added to the product of block t − Turns and multiplied
// by k^Turns; the last Turns blocks are multiplied by k^(N−t) instead, and the sum of these products is the hash:
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
  // Queues of products and of hashes.
  localparam int unsigned QueueDepth = 8;
  // Cycles until the last block is a product, or a hash in its queue; then those until the queues are erased.
  localparam int unsigned DrainCycles = MulStages + 5;
  localparam int unsigned WipeCycles = DrainCycles + QueueDepth + 2;
  localparam int unsigned WipeBits = $clog2(WipeCycles + 1);

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

  logic reserved_q;  // a parameter that must be zero is not
  logic job_taken, bad_parameter;

  assign job_ready_o = state_q == StateIdle && !clear_i;
  assign job_taken = job_valid_i && job_ready_o;

  always_ff @(posedge clk_i) begin
    if (job_taken) reserved_q <= job_params_i[7:3] != '0;
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

  logic block_valid_q;    // the head of the pipeline holds a block
  logic issue;            // it enters the pipeline
  logic free, pick;       // a block goes to the head of the pipeline: it may, it does
  logic length, high, pops, first, last_data, last_segment, looped, again;  // the next one, see qkdpp_polyhash_blocks
  logic [31:0] length_bits;
  logic [Turns:1] power_is;

  assign free = !block_valid_q || issue;
  assign pick = free && state_q == StateRun && (length || beat_valid_q);

  qkdpp_polyhash_blocks #(
    .Turns(Turns)
  ) u_blocks (
    .clk_i,
    .rst_ni,
    .job_i         (job_taken),
    .segments_i    (job_params_i[0]),
    .full_bits_i   (job_params_i[1]),
    .last_bits_i   (job_params_i[2]),
    .bad_o         (bad_parameter),
    .start_i       (state_q == StatePowers),
    .next_i        (pick),
    .length_o      (length),
    .length_bits_o (length_bits),
    .high_o        (high),
    .pops_o        (pops),
    .first_o       (first),
    .last_data_o   (last_data),
    .last_segment_o(last_segment),
    .looped_o      (looped),
    .again_o       (again),
    .power_o       (power_is)
  );

  // -- Powers of the key -----------------------------------------------------------------------------------------

  logic [127:0] product, power, key;
  logic [Turns:1] power_is_q, power_is_d, highest_power;  // which power: for block_q, the highest there is
  logic powers_made;

  qkdpp_polyhash_powers #(
    .Turns(Turns)
  ) u_powers (
    .clk_i,
    .rst_ni,
    // The last length block still needs its power in the first step of the wiping.
    .wipe_i   (state_q == StateIdle || (state_q == StateWipe && wiped_q != '0)),
    .load_i   (state_q == StateKey),
    .key_i    (beat_q[127:0]),
    .make_i   (state_q == StatePowers),
    .product_i(product),
    .highest_o(highest_power),
    .made_o   (powers_made),
    .key_o    (key),
    .select_i (power_is_q),
    .power_o  (power)
  );

  // -- The pipeline ----------------------------------------------------------------------------------------------

  typedef struct packed {
    logic again;  // the product goes round
    logic adds;   // one of the last blocks: its product is a part of the hash
    logic clear;  // nothing is to be left in the sum
    logic hash;   // the length block: its product completes the hash
    logic last;   // of the job
  } mark_t;

  logic [127:0] block_q, block_d;
  logic first_q, first_d;                  // of the segment
  logic looped_q, looped_d;                // block_q is added to the oldest product of the queue
  mark_t mark_q, mark_d;                   // of block_q
  mark_t [MulStages:0] stage_mark_q;       // of the operand, the multiplier's stages
  mark_t mark;                             // of the product
  logic room;                              // for one more hash
  logic hashes_waiting;

  // The product of an earlier block of the segment is always there: it was issued Turns cycles ago or earlier.
  assign issue = block_valid_q && (!first_q || room);

  always_comb begin
    block_d = '0;
    power_is_d = '0;
    first_d = 1'b0;
    looped_d = 1'b0;
    mark_d = '0;
    if (state_q == StatePowers) begin
      // k times the highest power there is.
      block_d = key;
      power_is_d = highest_power;
    end else if (pick) begin
      if (length) begin
        block_d[31:0] = length_bits;
      end else begin
        block_d = high ? beat_q[255:128] : beat_q[127:0];
      end
      power_is_d = power_is;
      first_d = first;
      looped_d = looped;
      mark_d.again = again;
      mark_d.adds = !again && !length;
      mark_d.clear = length;
      mark_d.hash = length;
      mark_d.last = length && last_segment;
    end
  end

  // What goes along without a block.
  mark_t no_mark;

  always_comb begin
    no_mark = '0;
    no_mark.clear = state_q == StateWipe;
  end

  always_ff @(posedge clk_i) begin
    if (free) begin
      block_q <= block_d;
      power_is_q <= power_is_d;
      first_q <= first_d;
      looped_q <= looped_d;
      mark_q <= mark_d;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      block_valid_q <= 1'b0;
      stage_mark_q <= '0;
    end else if (drop_q) begin
      block_valid_q <= 1'b0;
      stage_mark_q <= {(MulStages + 1) {no_mark}};
    end else begin
      if (free) block_valid_q <= pick || state_q == StatePowers;
      stage_mark_q <= {stage_mark_q[MulStages-1:0], issue ? mark_q : no_mark};
    end
  end

  qkdpp_polyhash_loop #(
    .MulStages (MulStages),
    .QueueDepth(QueueDepth)
  ) u_loop (
    .clk_i,
    .rst_ni,
    .restart_i(state_q inside {StateIdle, StateDone}),
    .wipe_i   (state_q == StateWipe && wiped_q >= WipeBits'(DrainCycles)),
    .block_i  (block_q),
    .power_i  (power),
    .looped_i (looped_q),
    .get_i    (issue && looped_q),
    .product_o(product),
    .again_i  (mark.again)
  );

  assign mark = stage_mark_q[MulStages];

  // -- Hashes ----------------------------------------------------------------------------------------------------

  qkdpp_polyhash_hashes #(
    .QueueDepth(QueueDepth)
  ) u_hashes (
    .clk_i,
    .rst_ni,
    .clear_i  (drop_q),
    .restart_i(state_q == StateDone),
    .begin_i  (issue && first_q),
    .room_o   (room),
    .product_i(product),
    .adds_i   (mark.adds),
    .empty_i  (mark.clear),
    .hash_i   (mark.hash),
    .last_i   (mark.last),
    .waiting_o(hashes_waiting),
    .out_valid_o,
    .out_ready_i,
    .out_data_o
  );

  // -- Control ---------------------------------------------------------------------------------------------------

  always_comb begin
    state_d = state_q;
    status_d = status_q;
    drop_d = drop_q;
    wiped_d = wiped_q;
    beat_pop = 1'b0;

    unique case (state_q)
      StateIdle: begin
        drop_d = 1'b0;
        wiped_d = '0;
        status_d = StatusOk;
        if (job_taken) state_d = StateCheck;
      end

      StateCheck: begin
        status_d = bad_parameter || reserved_q ? StatusBadParameter : StatusOk;
        state_d = bad_parameter || reserved_q ? StateDiscard : StateKey;
      end

      StateKey: begin
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
          beat_pop = pops;
          if (pops && beat_last_q != (last_data && last_segment)) begin
            status_d = StatusBadLength;
            state_d = beat_last_q ? StateWipe : StateDiscard;
          end
          if (length && last_segment) state_d = StateWipe;
        end
      end

      StateDiscard: begin
        beat_pop = beat_valid_q;
        if (beat_valid_q && beat_last_q) state_d = StateWipe;
      end

      StateWipe: begin
        // Hashes that wait for the output stop the count.
        if (wiped_q != WipeBits'(DrainCycles) || !hashes_waiting) wiped_d = wiped_q + WipeBits'(1);
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
  assert property (@(posedge clk_i) disable iff (!rst_ni) idle_o |-> {block_q, product, beat_q, out_data_o} == '0);
`endif

endmodule
