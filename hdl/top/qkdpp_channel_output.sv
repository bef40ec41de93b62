// The output side of a channel: collects what the kernel gives, as far as the job's buffer has
// room, and writes it to host memory.
//
// The writer proposes bursts of the buffer and cuts the last one to what the kernel has given, so
// no burst leaves the buffer. A burst is asked for once all its beats are in the FIFO. Jobs are
// written one after another without waiting for the bus's answers; a job is finished
// (finished_valid_o) when all its bursts have been answered. Throughput: one beat a cycle; between
// jobs one cycle without a beat at the kernel's side, five without a burst at the bus's side.
module qkdpp_channel_output
  import qkdpp_pkg::*;
  import qkdpp_top_pkg::*;
#(
  parameter int unsigned Depth = 512,
  parameter int unsigned MaxBurst = 64,
  parameter int unsigned MaxPending = 32   // bursts under way, a power of two
) (
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic        clear_i,                // held until scrubbed_o
  output logic        scrubbed_o,
  output logic        parity_error_o,

  // A job; the parent never gives more than JobsPerKernel at once. A bad one yields a result
  // without the kernel.
  input  logic        job_valid_i,
  input  logic        job_bad_i,
  input  logic [31:0] job_tag_i,
  input  buffer_t     job_buffer_i,

  input  logic        kernel_valid_i,
  output logic        kernel_ready_o,
  input  beat_t       kernel_data_i,
  input  logic        kernel_done_valid_i,
  output logic        kernel_done_ready_o,
  input  result_t     kernel_result_i,
  output logic        blocked_o,              // the kernel has a beat, and there is no room

  output logic        request_valid_o,
  input  logic        request_ready_i,
  output addr_t       request_addr_o,
  output burst_t      request_beats_o,
  output logic        data_valid_o,
  input  logic        data_ready_i,
  output beat_t       data_o,
  input  logic        response_valid_i,
  output logic [31:0] response_tag_o,         // job and address of the next burst to be answered
  output addr_t       response_addr_o,

  // The kernel is done with a job: result, beats collected, whether it was a bad one.
  output logic        result_valid_o,
  output result_t     result_o,
  output length_t     result_beats_o,
  output logic        result_bad_o,
  // Three cycles later: the CRC of these beats.
  output logic        crc_valid_o,
  output logic [31:0] crc_o,

  // All of a job's output has been written.
  output logic        finished_valid_o,
  input  logic        finished_ready_i
);

  localparam int unsigned CountBits = $clog2(JobsPerKernel) + 1;
  localparam int unsigned FifoBits = $clog2(Depth) + 1;
  typedef logic [FifoBits-1:0] level_t;

  if (Depth < 2 * MaxBurst) begin : g_bad_depth
    $error("the FIFO must have room for two bursts");
  end

  // ---- Collecting ----
  logic    limit_valid, limit_bad, limit_pop;
  length_t limit_beats;
  logic    active_q, active_d, bad_q;
  length_t room_q, room_d, collected_q, collected_d;
  logic    overflow_q, overflow_d;
  logic    fits, taken, kept, done, fifo_ready;
  logic                 unused_limit_ready;
  logic [CountBits-1:0] unused_limit_count;

  qkdpp_fifo #(
    .Width(1 + LengthBits),
    .Depth(JobsPerKernel)
  ) u_limits (
    .clk_i,
    .rst_ni,
    .clear_i,
    .in_valid_i (job_valid_i),
    .in_ready_o (unused_limit_ready),
    .in_data_i  ({job_bad_i, job_buffer_i.beats}),
    .out_valid_o(limit_valid),
    .out_ready_i(limit_pop),
    .out_data_o ({limit_bad, limit_beats}),
    .count_o    (unused_limit_count)
  );

  // A beat that is offered together with a result belongs to the next job: results go first.
  assign limit_pop = limit_valid && !active_q;
  assign fits = room_q != '0;
  assign kernel_ready_o = active_q && !bad_q && !kernel_done_valid_i && (fifo_ready || !fits);
  assign taken = kernel_valid_i && kernel_ready_o;
  assign kept = taken && fits;
  assign kernel_done_ready_o = active_q && !bad_q;
  assign done = active_q && (bad_q || kernel_done_valid_i);
  assign blocked_o = active_q && kernel_valid_i && !kernel_ready_o && !kernel_done_valid_i;

  always_comb begin
    active_d = active_q;
    room_d = room_q - length_t'(kept);
    collected_d = collected_q + length_t'(kept);
    overflow_d = overflow_q || (taken && !fits);
    if (done) begin
      active_d = 1'b0;
    end
    if (limit_pop) begin
      active_d = 1'b1;
      room_d = limit_beats;
      collected_d = '0;
      overflow_d = 1'b0;
    end
    if (clear_i) begin
      active_d = 1'b0;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      active_q <= 1'b0;
      bad_q <= 1'b0;
    end else begin
      active_q <= active_d;
      bad_q <= limit_pop ? limit_bad : bad_q;
    end
  end

  always_ff @(posedge clk_i) begin
    room_q <= room_d;
    collected_q <= collected_d;
    overflow_q <= overflow_d;
  end

  assign result_valid_o = done;
  assign result_beats_o = collected_q;
  assign result_bad_o = bad_q;

  always_comb begin
    result_o = kernel_result_i;
    if (overflow_q && kernel_result_i.status == StatusOk) begin
      result_o.status = StatusOutputOverflow;
    end
    if (bad_q) begin
      result_o = '{status: StatusBadDescriptor, r1: '0, r0: '0};
    end
  end

  qkdpp_crc_stream u_crc (
    .clk_i,
    .rst_ni,
    .clear_i,
    .valid_i    (kept),
    .data_i     (kernel_data_i),
    .last_i     (done),
    .crc_valid_o(crc_valid_o),
    .crc_o      (crc_o)
  );

  level_t unused_fifo_count;

  qkdpp_fifo_ram #(
    .Width(BeatBits),
    .Depth(Depth)
  ) u_fifo (
    .clk_i,
    .rst_ni,
    .clear_i    (1'b0),
    .scrub_i    (clear_i),
    .scrubbed_o (scrubbed_o),
    .error_o    (parity_error_o),
    .in_valid_i (kept),
    .in_ready_o (fifo_ready),
    .in_data_i  (kernel_data_i),
    .out_valid_o(data_valid_o),
    .out_ready_i(data_ready_i),
    .out_data_o (data_o),
    .count_o    (unused_fifo_count)
  );

  // ---- Writing ---- Idle: the next job's buffer is given to u_burst. Fill: the kernel works;
  // whole bursts are written. Finish: the kernel is done; what is left is written. Request: a burst
  // waits for the bus.
  typedef enum logic [1:0] {Idle, Fill, Finish, Request} state_e;
  state_e  state_q, state_d;
  logic    buffer_valid, buffer_pop, range_ready;
  addr_t   buffer_addr;
  length_t buffer_beats;
  logic    total_valid, total_pop;
  length_t total_beats;
  logic    burst_valid, burst_clear;
  burst_t  burst_beats, beats_q, beats_d;
  addr_t   burst_addr;
  length_t issued_q, issued_d, remaining_q, remaining_d;
  level_t  unclaimed_q, unclaimed_d;
  length_t bursts_q, bursts_d;
  logic    finishing_q, finishing_d;
  logic    pending_ready, pending_push, end_push;
  logic [31:0] buffer_tag, tag_q;
  logic                 unused_buffer_ready, unused_total_ready;
  logic [CountBits-1:0] unused_buffer_count, unused_total_count;

  qkdpp_fifo #(
    .Width(32 + $bits(buffer_t)),
    .Depth(JobsPerKernel)
  ) u_buffers (
    .clk_i,
    .rst_ni,
    .clear_i,
    .in_valid_i (job_valid_i),
    .in_ready_o (unused_buffer_ready),
    .in_data_i  ({job_tag_i, job_buffer_i}),
    .out_valid_o(buffer_valid),
    .out_ready_i(buffer_pop),
    .out_data_o ({buffer_tag, buffer_addr, buffer_beats}),
    .count_o    (unused_buffer_count)
  );

  qkdpp_fifo #(
    .Width(LengthBits),
    .Depth(JobsPerKernel)
  ) u_totals (
    .clk_i,
    .rst_ni,
    .clear_i,
    .in_valid_i (done),
    .in_ready_o (unused_total_ready),
    .in_data_i  (collected_q),
    .out_valid_o(total_valid),
    .out_ready_i(total_pop),
    .out_data_o (total_beats),
    .count_o    (unused_total_count)
  );

  qkdpp_burst #(
    .MaxBurst(MaxBurst)
  ) u_burst (
    .clk_i,
    .rst_ni,
    .clear_i      (clear_i || burst_clear),
    .range_valid_i(buffer_pop),
    .range_ready_o(range_ready),
    .range_addr_i (buffer_addr),
    .range_beats_i(buffer_beats),
    .burst_valid_o(burst_valid),
    .burst_ready_i(request_valid_o && request_ready_i),
    .burst_addr_o (burst_addr),
    .burst_beats_o(burst_beats)
  );

  assign request_valid_o = state_q == Request && pending_ready;
  assign request_addr_o = burst_addr;
  assign request_beats_o = beats_q;

  always_comb begin
    state_d = state_q;
    beats_d = beats_q;
    issued_d = issued_q;
    bursts_d = bursts_q;
    remaining_d = remaining_q;
    finishing_d = finishing_q;
    unclaimed_d = unclaimed_q + level_t'(kept);
    buffer_pop = 1'b0;
    total_pop = 1'b0;
    burst_clear = 1'b0;
    pending_push = 1'b0;
    end_push = 1'b0;
    unique case (state_q)
      Idle: begin
        buffer_pop = buffer_valid && range_ready;
        issued_d = '0;
        bursts_d = '0;
        finishing_d = 1'b0;
        if (buffer_pop) begin
          state_d = Fill;
        end
      end
      Fill: begin
        beats_d = burst_beats;
        // Beats of the next job come only after this one's total, so all unclaimed ones are this
        // job's while there is none.
        if (total_valid) begin
          remaining_d = total_beats - issued_q;
          finishing_d = 1'b1;
          state_d = Finish;
        end else if (burst_valid && unclaimed_q >= level_t'(burst_beats)) begin
          state_d = Request;
        end
      end
      Finish: begin
        beats_d = remaining_q < length_t'(burst_beats) ? burst_t'(remaining_q) : burst_beats;
        if (remaining_q == '0) begin
          end_push = 1'b1;
          total_pop = 1'b1;
          burst_clear = 1'b1;
          state_d = Idle;
        end else if (burst_valid) begin
          state_d = Request;
        end
      end
      Request: begin
        if (request_valid_o && request_ready_i) begin
          pending_push = 1'b1;
          issued_d = issued_q + length_t'(beats_q);
          bursts_d = bursts_q + 1'b1;
          remaining_d = remaining_q - length_t'(beats_q);
          unclaimed_d = unclaimed_d - level_t'(beats_q);
          state_d = finishing_q ? Finish : Fill;
        end
      end
      default: state_d = Idle;
    endcase
    if (clear_i) begin
      state_d = Idle;
      unclaimed_d = '0;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q <= Idle;
      unclaimed_q <= '0;
    end else begin
      state_q <= state_d;
      unclaimed_q <= unclaimed_d;
    end
  end

  always_ff @(posedge clk_i) begin
    beats_q <= beats_d;
    issued_q <= issued_d;
    bursts_q <= bursts_d;
    tag_q <= buffer_pop ? buffer_tag : tag_q;
    remaining_q <= remaining_d;
    finishing_q <= finishing_d;
  end

  // ---- Answers ----
  // Bursts that are to be answered.
  logic unused_pending_valid;
  logic [$clog2(MaxPending):0] unused_pending_count;

  qkdpp_fifo #(
    .Width(32 + AddrBits),
    .Depth(MaxPending)
  ) u_pending (
    .clk_i,
    .rst_ni,
    .clear_i,
    .in_valid_i (pending_push),
    .in_ready_o (pending_ready),
    .in_data_i  ({tag_q, burst_addr}),
    .out_valid_o(unused_pending_valid),
    .out_ready_i(response_valid_i),
    .out_data_o ({response_tag_o, response_addr_o}),
    .count_o    (unused_pending_count)
  );

  // Jobs of which all bursts are under way or answered, by the number of their bursts.
  logic    end_valid, unused_end_ready, finish;
  length_t end_bursts, answered_q, answered_d;
  logic [CountBits-1:0] unused_end_count;

  qkdpp_fifo #(
    .Width(LengthBits),
    .Depth(JobsPerKernel)
  ) u_ends (
    .clk_i,
    .rst_ni,
    .clear_i,
    .in_valid_i (end_push),
    .in_ready_o (unused_end_ready),
    .in_data_i  (bursts_q),
    .out_valid_o(end_valid),
    .out_ready_i(finish),
    .out_data_o (end_bursts),
    .count_o    (unused_end_count)
  );

  // Answers come in order; those that are counted belong to the oldest job first.
  assign finished_valid_o = end_valid && answered_q >= end_bursts;
  assign finish = finished_valid_o && finished_ready_i;
  assign answered_d = answered_q + length_t'(response_valid_i) - (finish ? end_bursts : '0);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      answered_q <= '0;
    end else begin
      answered_q <= clear_i ? '0 : answered_d;
    end
  end

`ifndef SYNTHESIS
  // The buffer of the job that is being written.
  addr_t   check_addr_q;
  length_t check_beats_q;
  always_ff @(posedge clk_i) begin
    if (buffer_pop) begin
      check_addr_q <= buffer_addr;
      check_beats_q <= buffer_beats;
    end
  end
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i) request_valid_o |->
      request_addr_o >= check_addr_q &&
      {1'b0, request_addr_o} + (AddrBits + 1)'(request_beats_o)
          <= {1'b0, check_addr_q} + (AddrBits + 1)'(check_beats_q));
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i) request_valid_o |->
      request_beats_o != '0 && request_beats_o <= burst_beats
      && 32'(request_beats_o) <= 32'(unclaimed_q));
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
      request_valid_o && !request_ready_i
      |=> request_valid_o && $stable(request_addr_o) && $stable(request_beats_o));
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
      response_valid_i |-> unused_pending_valid);
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
      finished_valid_o && !finished_ready_i |=> finished_valid_o);
`endif

endmodule
