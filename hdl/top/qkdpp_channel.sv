// What stands between one kernel, the queues and the bus: takes checked jobs, reads their input,
// feeds the kernel, writes its output and puts the completion together once the last write has been
// answered.
//
// Holds up to JobsPerKernel jobs: one being written, one at the kernel and the next ones' input
// being read at the same time. Throughput: one beat a cycle both ways.
module qkdpp_channel
  import qkdpp_pkg::*;
  import qkdpp_top_pkg::*;
#(
  parameter int unsigned Depth = 512,
  parameter int unsigned MaxBurst = 64,
  parameter int unsigned MaxPending = 32
) (
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic        clear_i,              // held until scrubbed_o
  output logic        scrubbed_o,           // no word is left in the FIFOs
  output logic        busy_o,               // there are jobs
  input  now_t        now_i,

  input  logic        job_valid_i,
  output logic        job_ready_o,
  input  job_t        job_i,
  output logic        completion_valid_o,
  input  logic        completion_ready_i,
  output completion_t completion_o,
  output logic        fault_valid_o,
  output fault_t      fault_o,

  // Bus.
  output logic        read_request_valid_o,
  input  logic        read_request_ready_i,
  output addr_t       read_request_addr_o,
  output burst_t      read_request_beats_o,
  input  logic        read_data_valid_i,
  input  beat_t       read_data_i,
  input  logic        read_data_error_i,
  input  logic        read_timeout_i,
  output logic        write_request_valid_o,
  input  logic        write_request_ready_i,
  output addr_t       write_request_addr_o,
  output burst_t      write_request_beats_o,
  output logic        write_data_valid_o,
  input  logic        write_data_ready_i,
  output beat_t       write_data_o,
  input  logic        write_response_valid_i,
  input  logic        write_response_error_i,
  input  logic        write_timeout_i,

  // Kernel: KERNELS.md.
  input  logic        kernel_parity_error_i,
  output logic        kernel_job_valid_o,
  input  logic        kernel_job_ready_i,
  output params_t     kernel_job_params_o,
  output logic        kernel_in_valid_o,
  input  logic        kernel_in_ready_i,
  output beat_t       kernel_in_data_o,
  output logic        kernel_in_last_o,
  input  logic        kernel_out_valid_i,
  output logic        kernel_out_ready_o,
  input  beat_t       kernel_out_data_i,
  input  logic        kernel_done_valid_i,
  output logic        kernel_done_ready_o,
  input  result_t     kernel_done_result_i,

  // Events for the counters.
  output logic        starved_o,
  output logic        blocked_o,
  output logic        finished_o
);

  localparam int unsigned CountBits = $clog2(JobsPerKernel) + 1;

  logic        accept;
  logic        in_scrubbed, out_scrubbed, in_parity_error, out_parity_error;
  logic [31:0] read_tag, write_tag, tag, submission_crc;
  addr_t       read_addr, write_addr;
  logic        tag_valid;
  logic        first, crc_in_push, crc_out_push, result_push, result_bad;
  logic [31:0] crc_in_new, crc_out_new;
  result_t     result_new;
  length_t     beats_new;
  logic        finished_valid;

  assign accept = job_valid_i && job_ready_o;
  assign scrubbed_o = in_scrubbed && out_scrubbed;
  assign busy_o = tag_valid;

  qkdpp_channel_input #(
    .Depth   (Depth),
    .MaxBurst(MaxBurst)
  ) u_input (
    .clk_i,
    .rst_ni,
    .clear_i,
    .scrubbed_o         (in_scrubbed),
    .parity_error_o     (in_parity_error),
    .job_valid_i        (accept && !job_i.bad),
    .job_crc_i          (job_i.crc),
    .job_tag_i          (job_i.tag),
    .job_buffer_i       (job_i.in),
    .job_params_i       (job_i.params),
    .request_valid_o    (read_request_valid_o),
    .request_ready_i    (read_request_ready_i),
    .request_addr_o     (read_request_addr_o),
    .request_beats_o    (read_request_beats_o),
    .data_valid_i       (read_data_valid_i),
    .data_i             (read_data_i),
    .data_tag_o         (read_tag),
    .data_addr_o        (read_addr),
    .kernel_job_valid_o (kernel_job_valid_o),
    .kernel_job_ready_i (kernel_job_ready_i),
    .kernel_job_params_o(kernel_job_params_o),
    .kernel_valid_o     (kernel_in_valid_o),
    .kernel_ready_i     (kernel_in_ready_i),
    .kernel_data_o      (kernel_in_data_o),
    .kernel_last_o      (kernel_in_last_o),
    .kernel_first_o     (first),
    .starved_o          (starved_o),
    .crc_valid_o        (crc_in_push),
    .crc_o              (crc_in_new)
  );

  qkdpp_channel_output #(
    .Depth     (Depth),
    .MaxBurst  (MaxBurst),
    .MaxPending(MaxPending)
  ) u_output (
    .clk_i,
    .rst_ni,
    .clear_i,
    .scrubbed_o         (out_scrubbed),
    .parity_error_o     (out_parity_error),
    .job_valid_i        (accept),
    .job_bad_i          (job_i.bad),
    .job_tag_i          (job_i.tag),
    .job_buffer_i       (job_i.out),
    .kernel_valid_i     (kernel_out_valid_i),
    .kernel_ready_o     (kernel_out_ready_o),
    .kernel_data_i      (kernel_out_data_i),
    .kernel_done_valid_i(kernel_done_valid_i),
    .kernel_done_ready_o(kernel_done_ready_o),
    .kernel_result_i    (kernel_done_result_i),
    .blocked_o          (blocked_o),
    .request_valid_o    (write_request_valid_o),
    .request_ready_i    (write_request_ready_i),
    .request_addr_o     (write_request_addr_o),
    .request_beats_o    (write_request_beats_o),
    .data_valid_o       (write_data_valid_o),
    .data_ready_i       (write_data_ready_i),
    .data_o             (write_data_o),
    .response_valid_i   (write_response_valid_i),
    .response_tag_o     (write_tag),
    .response_addr_o    (write_addr),
    .result_valid_o     (result_push),
    .result_o           (result_new),
    .result_beats_o     (beats_new),
    .result_bad_o       (result_bad),
    .crc_valid_o        (crc_out_push),
    .crc_o              (crc_out_new),
    .finished_valid_o   (finished_valid),
    .finished_ready_i   (finished_o)
  );

  qkdpp_fault u_fault (
    .clk_i,
    .rst_ni,
    .clear_i,
    .read_error_i   (read_data_valid_i && read_data_error_i),
    .read_timeout_i (read_timeout_i),
    .read_tag_i     (read_tag),
    .read_addr_i    (read_addr),
    .write_error_i  (write_response_valid_i && write_response_error_i),
    .write_timeout_i(write_timeout_i),
    .write_tag_i    (write_tag),
    .write_addr_i   (write_addr),
    .parity_error_i (in_parity_error || out_parity_error || kernel_parity_error_i),
    .parity_tag_i   (tag),
    .fault_valid_o  (fault_valid_o),
    .fault_o        (fault_o)
  );

  // ---- What the completion is made of, each kept in the order of the jobs ----
  logic [CountBits-1:0] unused_tag_count;

  // Nothing but the submission was read of a bad job.
  qkdpp_fifo #(
    .Width(64),
    .Depth(JobsPerKernel)
  ) u_tags (
    .clk_i,
    .rst_ni,
    .clear_i,
    .in_valid_i (job_valid_i),
    .in_ready_o (job_ready_o),
    .in_data_i  ({job_i.crc, job_i.tag}),
    .out_valid_o(tag_valid),
    .out_ready_i(finished_o),
    .out_data_o ({submission_crc, tag}),
    .count_o    (unused_tag_count)
  );

  // When the kernel took the first beat, and how long it took from there.
  logic                 unused_start_valid, unused_start_ready;
  now_t                 start, elapsed;
  logic [31:0]          cycles;
  logic [CountBits-1:0] unused_start_count;

  qkdpp_fifo #(
    .Width($bits(now_t)),
    .Depth(JobsPerKernel)
  ) u_starts (
    .clk_i,
    .rst_ni,
    .clear_i,
    .in_valid_i (first),
    .in_ready_o (unused_start_ready),
    .in_data_i  (now_i),
    .out_valid_o(unused_start_valid),
    .out_ready_i(result_push && !result_bad),
    .out_data_o (start),
    .count_o    (unused_start_count)
  );

  assign elapsed = now_i - start;
  assign cycles = result_bad ? '0 : (|elapsed[$bits(now_t)-1:32] ? '1 : elapsed[31:0]);

  logic                 result_valid, result_is_bad, unused_result_ready;
  result_t              result;
  length_t              result_beats;
  logic [31:0]          result_cycles;
  logic [CountBits-1:0] unused_result_count;

  qkdpp_fifo #(
    .Width(1 + $bits(result_t) + LengthBits + 32),
    .Depth(JobsPerKernel)
  ) u_results (
    .clk_i,
    .rst_ni,
    .clear_i,
    .in_valid_i (result_push),
    .in_ready_o (unused_result_ready),
    .in_data_i  ({result_bad, result_new, beats_new, cycles}),
    .out_valid_o(result_valid),
    .out_ready_i(finished_o),
    .out_data_o ({result_is_bad, result, result_beats, result_cycles}),
    .count_o    (unused_result_count)
  );

  logic                 crc_in_valid, crc_out_valid, unused_crc_in_ready, unused_crc_out_ready;
  logic [31:0]          crc_in, crc_out;
  logic [CountBits-1:0] unused_crc_in_count, unused_crc_out_count;

  qkdpp_fifo #(
    .Width(32),
    .Depth(JobsPerKernel)
  ) u_crcs_in (
    .clk_i,
    .rst_ni,
    .clear_i,
    .in_valid_i (crc_in_push),
    .in_ready_o (unused_crc_in_ready),
    .in_data_i  (crc_in_new),
    .out_valid_o(crc_in_valid),
    .out_ready_i(finished_o && !result_is_bad),
    .out_data_o (crc_in),
    .count_o    (unused_crc_in_count)
  );

  qkdpp_fifo #(
    .Width(32),
    .Depth(JobsPerKernel)
  ) u_crcs_out (
    .clk_i,
    .rst_ni,
    .clear_i,
    .in_valid_i (crc_out_push),
    .in_ready_o (unused_crc_out_ready),
    .in_data_i  (crc_out_new),
    .out_valid_o(crc_out_valid),
    .out_ready_i(finished_o),
    .out_data_o (crc_out),
    .count_o    (unused_crc_out_count)
  );

  // Nothing is completed after an error.
  assign completion_valid_o = finished_valid && result_valid && crc_out_valid
      && (crc_in_valid || result_is_bad) && !fault_valid_o;
  assign finished_o = completion_valid_o && completion_ready_i;

  assign completion_o = '{
    status: result.status,
    cycles: result_cycles,
    r1: result.r1,
    r0: result.r0,
    crc_out: crc_out,
    crc_in: result_is_bad ? submission_crc : crc_in,
    out_beats: result_beats,
    tag: tag
  };

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
      result_push && !result_bad |-> unused_start_valid);
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i) finished_valid |-> tag_valid);
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
      completion_valid_o && !completion_ready_i
      |=> (completion_valid_o && $stable(completion_o)) || fault_valid_o);
`endif

endmodule
