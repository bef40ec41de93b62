// The kernels, each behind its channel, in the order of their numbers. Of an absent one all outputs
// are zero.
//
// A number in brackets is that of the kernel; what is not there is shared by all. Throughput: one
// beat a cycle each way, of each kernel.
module qkdpp_channels
  import qkdpp_pkg::*;
  import qkdpp_top_pkg::*;
#(
  // Bit k: kernel k is there.
  parameter logic [NumKernels-1:0] Kernels = '1,
  parameter int unsigned MaxBurst = 64,
  parameter int unsigned FifoDepth = 512,
  // Sizes of the kernels, see their modules.
  parameter int unsigned SiftPlanes = 4,
  parameter int unsigned ParitiesLogBits = 14,
  parameter int unsigned LdpcLanes = 128,
  parameter int unsigned LdpcEdgesPerCycle = 2,
  parameter int unsigned LdpcColumns = 512,
  parameter int unsigned LdpcEntries = 2048,
  parameter int unsigned LdpcRows = 512,
  parameter int unsigned PolyhashMulStages = 5,
  parameter int unsigned ToeplitzTile = 512,
  parameter int unsigned ToeplitzLogSeedBlocks = 12,
  parameter int unsigned ToeplitzLogOutBlocks = 10,
  parameter int unsigned ToeplitzLeafBits = 16
) (
  input  logic                         clk_i,
  input  logic                         rst_ni,
  input  logic                         clear_i,                 // held until scrubbed_o
  output logic                         scrubbed_o,              // no word is left in FIFOs and kernels
  output logic        [NumKernels-1:0] busy_o,                  // there are jobs
  input  now_t                         now_i,

  input  logic        [NumKernels-1:0] job_valid_i,
  output logic        [NumKernels-1:0] job_ready_o,
  input  job_t                         job_i,
  output logic        [NumKernels-1:0] completion_valid_o,
  input  logic        [NumKernels-1:0] completion_ready_i,
  output completion_t [NumKernels-1:0] completion_o,
  output logic        [NumKernels-1:0] fault_valid_o,
  output fault_t      [NumKernels-1:0] fault_o,

  output logic        [NumKernels-1:0] read_request_valid_o,
  input  logic        [NumKernels-1:0] read_request_ready_i,
  output addr_t       [NumKernels-1:0] read_request_addr_o,
  output burst_t      [NumKernels-1:0] read_request_beats_o,
  input  logic        [NumKernels-1:0] read_data_valid_i,
  input  beat_t                        read_data_i,
  input  logic                         read_data_error_i,
  input  logic        [NumKernels-1:0] read_timeout_i,
  output logic        [NumKernels-1:0] write_request_valid_o,
  input  logic        [NumKernels-1:0] write_request_ready_i,
  output addr_t       [NumKernels-1:0] write_request_addr_o,
  output burst_t      [NumKernels-1:0] write_request_beats_o,
  output logic        [NumKernels-1:0] write_data_valid_o,
  input  logic        [NumKernels-1:0] write_data_ready_i,
  output beat_t       [NumKernels-1:0] write_data_o,
  input  logic        [NumKernels-1:0] write_response_valid_i,
  input  logic                         write_response_error_i,
  input  logic        [NumKernels-1:0] write_timeout_i,

  output logic        [NumKernels-1:0] starved_o,
  output logic        [NumKernels-1:0] blocked_o,
  output logic        [NumKernels-1:0] finished_o
);

  logic    [NumKernels-1:0] k_idle, k_parity_error, k_job_valid, k_job_ready;
  logic    [NumKernels-1:0] k_in_valid, k_in_ready, k_in_last;
  logic    [NumKernels-1:0] k_out_valid, k_out_ready, k_done_valid, k_done_ready;
  params_t [NumKernels-1:0] k_job_params;
  beat_t   [NumKernels-1:0] k_in_data, k_out_data;
  result_t [NumKernels-1:0] k_done_result;
  logic    [NumKernels-1:0] scrubbed;

  assign scrubbed_o = &scrubbed && &k_idle;

  qkdpp_kernels #(
    .Kernels              (Kernels),
    .SiftPlanes           (SiftPlanes),
    .ParitiesLogBits      (ParitiesLogBits),
    .LdpcLanes            (LdpcLanes),
    .LdpcEdgesPerCycle    (LdpcEdgesPerCycle),
    .LdpcColumns          (LdpcColumns),
    .LdpcEntries          (LdpcEntries),
    .LdpcRows             (LdpcRows),
    .PolyhashMulStages    (PolyhashMulStages),
    .ToeplitzTile         (ToeplitzTile),
    .ToeplitzLogSeedBlocks(ToeplitzLogSeedBlocks),
    .ToeplitzLogOutBlocks (ToeplitzLogOutBlocks),
    .ToeplitzLeafBits     (ToeplitzLeafBits)
  ) u_kernels (
    .clk_i,
    .rst_ni,
    .clear_i       (clear_i),
    .idle_o        (k_idle),
    .parity_error_o(k_parity_error),
    .job_valid_i   (k_job_valid),
    .job_ready_o   (k_job_ready),
    .job_params_i  (k_job_params),
    .in_valid_i    (k_in_valid),
    .in_ready_o    (k_in_ready),
    .in_data_i     (k_in_data),
    .in_last_i     (k_in_last),
    .out_valid_o   (k_out_valid),
    .out_ready_i   (k_out_ready),
    .out_data_o    (k_out_data),
    .done_valid_o  (k_done_valid),
    .done_ready_i  (k_done_ready),
    .done_result_o (k_done_result)
  );

  for (genvar k = 0; k < NumKernels; k++) begin : g_kernel
    if (Kernels[k]) begin : g_there
      qkdpp_channel #(
        .Depth   (FifoDepth),
        .MaxBurst(MaxBurst)
      ) u_channel (
        .clk_i,
        .rst_ni,
        .clear_i               (clear_i),
        .scrubbed_o            (scrubbed[k]),
        .busy_o                (busy_o[k]),
        .now_i                 (now_i),
        .job_valid_i           (job_valid_i[k]),
        .job_ready_o           (job_ready_o[k]),
        .job_i                 (job_i),
        .completion_valid_o    (completion_valid_o[k]),
        .completion_ready_i    (completion_ready_i[k]),
        .completion_o          (completion_o[k]),
        .fault_valid_o         (fault_valid_o[k]),
        .fault_o               (fault_o[k]),
        .read_request_valid_o  (read_request_valid_o[k]),
        .read_request_ready_i  (read_request_ready_i[k]),
        .read_request_addr_o   (read_request_addr_o[k]),
        .read_request_beats_o  (read_request_beats_o[k]),
        .read_data_valid_i     (read_data_valid_i[k]),
        .read_data_i           (read_data_i),
        .read_data_error_i     (read_data_error_i),
        .read_timeout_i        (read_timeout_i[k]),
        .write_request_valid_o (write_request_valid_o[k]),
        .write_request_ready_i (write_request_ready_i[k]),
        .write_request_addr_o  (write_request_addr_o[k]),
        .write_request_beats_o (write_request_beats_o[k]),
        .write_data_valid_o    (write_data_valid_o[k]),
        .write_data_ready_i    (write_data_ready_i[k]),
        .write_data_o          (write_data_o[k]),
        .write_response_valid_i(write_response_valid_i[k]),
        .write_response_error_i(write_response_error_i),
        .write_timeout_i       (write_timeout_i[k]),
        .kernel_parity_error_i (k_parity_error[k]),
        .kernel_job_valid_o    (k_job_valid[k]),
        .kernel_job_ready_i    (k_job_ready[k]),
        .kernel_job_params_o   (k_job_params[k]),
        .kernel_in_valid_o     (k_in_valid[k]),
        .kernel_in_ready_i     (k_in_ready[k]),
        .kernel_in_data_o      (k_in_data[k]),
        .kernel_in_last_o      (k_in_last[k]),
        .kernel_out_valid_i    (k_out_valid[k]),
        .kernel_out_ready_o    (k_out_ready[k]),
        .kernel_out_data_i     (k_out_data[k]),
        .kernel_done_valid_i   (k_done_valid[k]),
        .kernel_done_ready_o   (k_done_ready[k]),
        .kernel_done_result_i  (k_done_result[k]),
        .starved_o             (starved_o[k]),
        .blocked_o             (blocked_o[k]),
        .finished_o            (finished_o[k])
      );
    end else begin : g_absent
      assign scrubbed[k] = 1'b1;
      assign busy_o[k] = 1'b0;
      assign job_ready_o[k] = 1'b0;
      assign completion_valid_o[k] = 1'b0;
      assign completion_o[k] = '0;
      assign fault_valid_o[k] = 1'b0;
      assign fault_o[k] = '0;
      assign read_request_valid_o[k] = 1'b0;
      assign read_request_addr_o[k] = '0;
      assign read_request_beats_o[k] = '0;
      assign write_request_valid_o[k] = 1'b0;
      assign write_request_addr_o[k] = '0;
      assign write_request_beats_o[k] = '0;
      assign write_data_valid_o[k] = 1'b0;
      assign write_data_o[k] = '0;
      assign k_job_valid[k] = 1'b0;
      assign k_job_params[k] = '0;
      assign k_in_valid[k] = 1'b0;
      assign k_in_data[k] = '0;
      assign k_in_last[k] = 1'b0;
      assign k_out_ready[k] = 1'b0;
      assign k_done_ready[k] = 1'b0;
      assign starved_o[k] = 1'b0;
      assign blocked_o[k] = 1'b0;
      assign finished_o[k] = 1'b0;
      logic unused_absent;
      assign unused_absent = ^{job_valid_i[k], completion_ready_i[k], read_request_ready_i[k],
                               read_data_valid_i[k], read_timeout_i[k], write_request_ready_i[k],
                               write_data_ready_i[k], write_response_valid_i[k], write_timeout_i[k],
                               k_parity_error[k], k_job_ready[k], k_in_ready[k], k_out_valid[k],
                               k_out_data[k], k_done_valid[k], k_done_result[k]};
    end
  end

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni) $onehot0(job_valid_i));
  assert property (@(posedge clk_i) disable iff (!rst_ni)
      ((job_ready_o | busy_o | completion_valid_o | read_request_valid_o | write_request_valid_o)
       & ~Kernels) == '0);
`endif

endmodule
