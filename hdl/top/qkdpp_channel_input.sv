// The input side of a channel: reads jobs' input from host memory ahead of the kernel and feeds it,
// job after job.
//
// The next jobs' input is read while the kernel works on an earlier one, as far as the FIFO has
// room: a burst is asked for only when there is room for all of it, so that data from the bus never
// wait. Throughput: one beat a cycle; between jobs two cycles without a beat. The CRC goes on from
// that of the submission with the beats as the kernel takes them, so that it covers the FIFO too.
module qkdpp_channel_input
  import qkdpp_pkg::*;
  import qkdpp_top_pkg::*;
#(
  parameter int unsigned Depth = 512,
  parameter int unsigned MaxBurst = 64
) (
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic        clear_i,         // held until scrubbed_o
  output logic        scrubbed_o,
  output logic        parity_error_o,

  // A job; the parent never gives more than JobsPerKernel at once.
  input  logic        job_valid_i,
  input  logic [31:0] job_crc_i,       // of the submission
  input  logic [31:0] job_tag_i,
  input  buffer_t     job_buffer_i,
  input  params_t     job_params_i,

  output logic        request_valid_o,
  input  logic        request_ready_i,
  output addr_t       request_addr_o,
  output burst_t      request_beats_o,
  input  logic        data_valid_i,
  input  beat_t       data_i,
  output logic [31:0] data_tag_o,      // the job that the next beat from the bus belongs to,
  output addr_t       data_addr_o,     // and where that beat comes from

  output logic        kernel_job_valid_o,
  input  logic        kernel_job_ready_i,
  output params_t     kernel_job_params_o,
  output logic        kernel_valid_o,
  input  logic        kernel_ready_i,
  output beat_t       kernel_data_o,
  output logic        kernel_last_o,
  output logic        kernel_first_o,  // the kernel takes the first beat of a job
  output logic        starved_o,       // the kernel could take a beat, and there is none

  output logic        crc_valid_o,     // the input of a job has been taken
  output logic [31:0] crc_o            // of submission and input
);

  localparam int unsigned CreditBits = $clog2(Depth + 1);
  typedef logic [CreditBits-1:0] credit_t;
  localparam int unsigned CountBits = $clog2(JobsPerKernel) + 1;

  // ---- Bursts ----
  logic    range_valid, range_ready;
  addr_t   range_addr;
  length_t range_beats;
  logic    burst_valid;
  burst_t  burst_beats;
  credit_t credit_q, credit_d;
  logic    reserved_q, reserved_d;
  logic    fifo_pop;
  logic                 unused_range_ready;
  logic [CountBits-1:0] unused_range_count;

  qkdpp_fifo #(
    .Width($bits(buffer_t)),
    .Depth(JobsPerKernel)
  ) u_ranges (
    .clk_i,
    .rst_ni,
    .clear_i,
    .in_valid_i (job_valid_i),
    .in_ready_o (unused_range_ready),
    .in_data_i  (job_buffer_i),
    .out_valid_o(range_valid),
    .out_ready_i(range_ready),
    .out_data_o ({range_addr, range_beats}),
    .count_o    (unused_range_count)
  );

  qkdpp_burst #(
    .MaxBurst(MaxBurst)
  ) u_burst (
    .clk_i,
    .rst_ni,
    .clear_i,
    .range_valid_i(range_valid),
    .range_ready_o(range_ready),
    .range_addr_i (range_addr),
    .range_beats_i(range_beats),
    .burst_valid_o(burst_valid),
    .burst_ready_i(request_valid_o && request_ready_i),
    .burst_addr_o (request_addr_o),
    .burst_beats_o(burst_beats)
  );

  assign request_beats_o = burst_beats;
  assign request_valid_o = reserved_q;

  // Room in the FIFO that is neither used nor promised to a burst.
  always_comb begin
    credit_d = credit_q + credit_t'(fifo_pop);
    reserved_d = reserved_q && !request_ready_i;
    if (burst_valid && !reserved_q && credit_q >= credit_t'(burst_beats)) begin
      reserved_d = 1'b1;
      credit_d = credit_d - credit_t'(burst_beats);
    end
    if (clear_i) begin
      credit_d = credit_t'(Depth);
      reserved_d = 1'b0;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      credit_q <= credit_t'(Depth);
      reserved_q <= 1'b0;
    end else begin
      credit_q <= credit_d;
      reserved_q <= reserved_d;
    end
  end

  // ---- Whose data are coming ----
  logic    unused_expected_valid, expected_last;
  addr_t   expected_addr;
  length_t expected_beats, arrived_q;
  logic                 unused_expected_ready;
  logic [CountBits-1:0] unused_expected_count;

  qkdpp_fifo #(
    .Width(32 + $bits(buffer_t)),
    .Depth(JobsPerKernel)
  ) u_expected (
    .clk_i,
    .rst_ni,
    .clear_i,
    .in_valid_i (job_valid_i),
    .in_ready_o (unused_expected_ready),
    .in_data_i  ({job_tag_i, job_buffer_i}),
    .out_valid_o(unused_expected_valid),
    .out_ready_i(data_valid_i && expected_last),
    .out_data_o ({data_tag_o, expected_addr, expected_beats}),
    .count_o    (unused_expected_count)
  );

  assign expected_last = arrived_q + 1'b1 == expected_beats;
  assign data_addr_o = expected_addr + addr_t'(arrived_q);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      arrived_q <= '0;
    end else if (clear_i) begin
      arrived_q <= '0;
    end else if (data_valid_i) begin
      arrived_q <= expected_last ? '0 : arrived_q + 1'b1;
    end
  end

  // ---- FIFO ----
  logic  unused_fifo_ready, fifo_valid, fifo_out_ready;
  beat_t fifo_data;
  logic [$clog2(Depth):0] unused_fifo_count;

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
    .in_valid_i (data_valid_i),
    .in_ready_o (unused_fifo_ready),
    .in_data_i  (data_i),
    .out_valid_o(fifo_valid),
    .out_ready_i(fifo_out_ready),
    .out_data_o (fifo_data),
    .count_o    (unused_fifo_count)
  );

  assign fifo_pop = fifo_valid && fifo_out_ready;

  // ---- Feeding ----
  logic    given_valid, given_pop;
  length_t given_beats;
  logic    feeding_q, feeding_d;
  length_t left_q, left_d;
  logic    slot_ready, slot_last, first_q, first_d;
  logic                 unused_given_ready;
  logic [CountBits-1:0] unused_given_count;

  qkdpp_fifo #(
    .Width(LengthBits + $bits(params_t)),
    .Depth(JobsPerKernel)
  ) u_given (
    .clk_i,
    .rst_ni,
    .clear_i,
    .in_valid_i (job_valid_i),
    .in_ready_o (unused_given_ready),
    .in_data_i  ({job_buffer_i.beats, job_params_i}),
    .out_valid_o(given_valid),
    .out_ready_i(given_pop),
    .out_data_o ({given_beats, kernel_job_params_o}),
    .count_o    (unused_given_count)
  );

  // A job is given to the kernel first, then its beats.
  assign kernel_job_valid_o = given_valid && !feeding_q;
  assign given_pop = kernel_job_valid_o && kernel_job_ready_i;
  assign slot_last = left_q == length_t'(1);
  assign fifo_out_ready = feeding_q && slot_ready;

  always_comb begin
    feeding_d = feeding_q;
    left_d = left_q - length_t'(fifo_pop);
    if (fifo_pop && slot_last) begin
      feeding_d = 1'b0;
    end
    if (given_pop) begin
      feeding_d = 1'b1;
      left_d = given_beats;
    end
    if (clear_i) begin
      feeding_d = 1'b0;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      feeding_q <= 1'b0;
    end else begin
      feeding_q <= feeding_d;
    end
  end

  always_ff @(posedge clk_i) begin
    left_q <= left_d;
  end

  qkdpp_skid #(
    .Width(BeatBits + 1)
  ) u_slot (
    .clk_i,
    .rst_ni,
    .clear_i,
    .in_valid_i (fifo_valid && feeding_q),
    .in_ready_o (slot_ready),
    .in_data_i  ({slot_last, fifo_data}),
    .out_valid_o(kernel_valid_o),
    .out_ready_i(kernel_ready_i),
    .out_data_o ({kernel_last_o, kernel_data_o})
  );

  logic taken;
  assign taken = kernel_valid_o && kernel_ready_i;
  assign kernel_first_o = taken && first_q;
  assign starved_o = feeding_q && kernel_ready_i && !kernel_valid_o;
  assign first_d = clear_i || (taken ? kernel_last_o : first_q);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      first_q <= 1'b1;
    end else begin
      first_q <= first_d;
    end
  end

  logic                 submission_valid, unused_submission_ready;
  logic [31:0]          submission_crc;
  beat_t                covered;
  logic [CountBits-1:0] unused_submission_count;

  qkdpp_fifo #(
    .Width(32),
    .Depth(JobsPerKernel)
  ) u_submission_crcs (
    .clk_i,
    .rst_ni,
    .clear_i,
    .in_valid_i (job_valid_i),
    .in_ready_o (unused_submission_ready),
    .in_data_i  (job_crc_i),
    .out_valid_o(submission_valid),
    .out_ready_i(kernel_first_o),
    .out_data_o (submission_crc),
    .count_o    (unused_submission_count)
  );

  assign covered = kernel_data_o ^ (first_q ? beat_t'(submission_crc) : '0);

  qkdpp_crc_stream u_crc (
    .clk_i,
    .rst_ni,
    .clear_i,
    .valid_i    (taken),
    .data_i     (covered),
    .last_i     (taken && kernel_last_o),
    .crc_valid_o(crc_valid_o),
    .crc_o      (crc_o)
  );

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
      data_valid_i |-> unused_fifo_ready && unused_expected_valid);
  assert property (@(posedge clk_i) disable iff (!rst_ni) 32'(credit_q) <= Depth);
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
      kernel_first_o |-> submission_valid);
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
      kernel_job_valid_o && !kernel_job_ready_i
      |=> kernel_job_valid_o && $stable(kernel_job_params_o));
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
      request_valid_o && !request_ready_i |=> request_valid_o && $stable(request_addr_o));
`endif

endmodule
