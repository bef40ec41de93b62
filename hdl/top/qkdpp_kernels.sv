// The kernels: those of the bitmap Kernels, each with its ports at its index (KERNELS.md); an absent one is idle and takes
// nothing.
module qkdpp_kernels
  import qkdpp_pkg::*;
#(
  parameter logic [NumKernels-1:0] Kernels = '1,
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
  input  logic                     clk_i,
  input  logic                     rst_ni,
  input  logic                     clear_i,
  output logic    [NumKernels-1:0] idle_o,
  output logic    [NumKernels-1:0] parity_error_o,

  input  logic    [NumKernels-1:0] job_valid_i,
  output logic    [NumKernels-1:0] job_ready_o,
  input  params_t [NumKernels-1:0] job_params_i,

  input  logic    [NumKernels-1:0] in_valid_i,
  output logic    [NumKernels-1:0] in_ready_o,
  input  beat_t   [NumKernels-1:0] in_data_i,
  input  logic    [NumKernels-1:0] in_last_i,

  output logic    [NumKernels-1:0] out_valid_o,
  input  logic    [NumKernels-1:0] out_ready_i,
  output beat_t   [NumKernels-1:0] out_data_o,

  output logic    [NumKernels-1:0] done_valid_o,
  input  logic    [NumKernels-1:0] done_ready_i,
  output result_t [NumKernels-1:0] done_result_o
);

  if (Kernels[KernelEcho]) begin : g_echo
    qkdpp_echo u_echo (
      .clk_i,
      .rst_ni,
      .clear_i,
      .idle_o        (idle_o[KernelEcho]),
      .parity_error_o(parity_error_o[KernelEcho]),
      .job_valid_i   (job_valid_i[KernelEcho]),
      .job_ready_o   (job_ready_o[KernelEcho]),
      .job_params_i  (job_params_i[KernelEcho]),
      .in_valid_i    (in_valid_i[KernelEcho]),
      .in_ready_o    (in_ready_o[KernelEcho]),
      .in_data_i     (in_data_i[KernelEcho]),
      .in_last_i     (in_last_i[KernelEcho]),
      .out_valid_o   (out_valid_o[KernelEcho]),
      .out_ready_i   (out_ready_i[KernelEcho]),
      .out_data_o    (out_data_o[KernelEcho]),
      .done_valid_o  (done_valid_o[KernelEcho]),
      .done_ready_i  (done_ready_i[KernelEcho]),
      .done_result_o (done_result_o[KernelEcho])
    );
  end else begin : g_no_echo
    assign idle_o[KernelEcho] = 1'b1;
    assign parity_error_o[KernelEcho] = 1'b0;
    assign job_ready_o[KernelEcho] = 1'b0;
    assign in_ready_o[KernelEcho] = 1'b0;
    assign out_valid_o[KernelEcho] = 1'b0;
    assign out_data_o[KernelEcho] = '0;
    assign done_valid_o[KernelEcho] = 1'b0;
    assign done_result_o[KernelEcho] = '0;
    logic unused_echo;
    assign unused_echo = ^{
        job_valid_i[KernelEcho], job_params_i[KernelEcho],
        in_valid_i[KernelEcho], in_data_i[KernelEcho], in_last_i[KernelEcho],
        out_ready_i[KernelEcho], done_ready_i[KernelEcho]};
  end

  if (Kernels[KernelSift]) begin : g_sift
    qkdpp_sift #(
      .Planes(SiftPlanes)
    ) u_sift (
      .clk_i,
      .rst_ni,
      .clear_i,
      .idle_o        (idle_o[KernelSift]),
      .parity_error_o(parity_error_o[KernelSift]),
      .job_valid_i   (job_valid_i[KernelSift]),
      .job_ready_o   (job_ready_o[KernelSift]),
      .job_params_i  (job_params_i[KernelSift]),
      .in_valid_i    (in_valid_i[KernelSift]),
      .in_ready_o    (in_ready_o[KernelSift]),
      .in_data_i     (in_data_i[KernelSift]),
      .in_last_i     (in_last_i[KernelSift]),
      .out_valid_o   (out_valid_o[KernelSift]),
      .out_ready_i   (out_ready_i[KernelSift]),
      .out_data_o    (out_data_o[KernelSift]),
      .done_valid_o  (done_valid_o[KernelSift]),
      .done_ready_i  (done_ready_i[KernelSift]),
      .done_result_o (done_result_o[KernelSift])
    );
  end else begin : g_no_sift
    assign idle_o[KernelSift] = 1'b1;
    assign parity_error_o[KernelSift] = 1'b0;
    assign job_ready_o[KernelSift] = 1'b0;
    assign in_ready_o[KernelSift] = 1'b0;
    assign out_valid_o[KernelSift] = 1'b0;
    assign out_data_o[KernelSift] = '0;
    assign done_valid_o[KernelSift] = 1'b0;
    assign done_result_o[KernelSift] = '0;
    logic unused_sift;
    assign unused_sift = ^{
        job_valid_i[KernelSift], job_params_i[KernelSift],
        in_valid_i[KernelSift], in_data_i[KernelSift], in_last_i[KernelSift],
        out_ready_i[KernelSift], done_ready_i[KernelSift]};
  end

  if (Kernels[KernelParities]) begin : g_parities
    qkdpp_parities #(
      .LogBits(ParitiesLogBits)
    ) u_parities (
      .clk_i,
      .rst_ni,
      .clear_i,
      .idle_o        (idle_o[KernelParities]),
      .parity_error_o(parity_error_o[KernelParities]),
      .job_valid_i   (job_valid_i[KernelParities]),
      .job_ready_o   (job_ready_o[KernelParities]),
      .job_params_i  (job_params_i[KernelParities]),
      .in_valid_i    (in_valid_i[KernelParities]),
      .in_ready_o    (in_ready_o[KernelParities]),
      .in_data_i     (in_data_i[KernelParities]),
      .in_last_i     (in_last_i[KernelParities]),
      .out_valid_o   (out_valid_o[KernelParities]),
      .out_ready_i   (out_ready_i[KernelParities]),
      .out_data_o    (out_data_o[KernelParities]),
      .done_valid_o  (done_valid_o[KernelParities]),
      .done_ready_i  (done_ready_i[KernelParities]),
      .done_result_o (done_result_o[KernelParities])
    );
  end else begin : g_no_parities
    assign idle_o[KernelParities] = 1'b1;
    assign parity_error_o[KernelParities] = 1'b0;
    assign job_ready_o[KernelParities] = 1'b0;
    assign in_ready_o[KernelParities] = 1'b0;
    assign out_valid_o[KernelParities] = 1'b0;
    assign out_data_o[KernelParities] = '0;
    assign done_valid_o[KernelParities] = 1'b0;
    assign done_result_o[KernelParities] = '0;
    logic unused_parities;
    assign unused_parities = ^{
        job_valid_i[KernelParities], job_params_i[KernelParities],
        in_valid_i[KernelParities], in_data_i[KernelParities], in_last_i[KernelParities],
        out_ready_i[KernelParities], done_ready_i[KernelParities]};
  end

  if (Kernels[KernelLdpc]) begin : g_ldpc
    qkdpp_ldpc #(
      .Lanes        (LdpcLanes),
      .EdgesPerCycle(LdpcEdgesPerCycle),
      .Columns      (LdpcColumns),
      .Entries      (LdpcEntries),
      .Rows         (LdpcRows)
    ) u_ldpc (
      .clk_i,
      .rst_ni,
      .clear_i,
      .idle_o        (idle_o[KernelLdpc]),
      .parity_error_o(parity_error_o[KernelLdpc]),
      .job_valid_i   (job_valid_i[KernelLdpc]),
      .job_ready_o   (job_ready_o[KernelLdpc]),
      .job_params_i  (job_params_i[KernelLdpc]),
      .in_valid_i    (in_valid_i[KernelLdpc]),
      .in_ready_o    (in_ready_o[KernelLdpc]),
      .in_data_i     (in_data_i[KernelLdpc]),
      .in_last_i     (in_last_i[KernelLdpc]),
      .out_valid_o   (out_valid_o[KernelLdpc]),
      .out_ready_i   (out_ready_i[KernelLdpc]),
      .out_data_o    (out_data_o[KernelLdpc]),
      .done_valid_o  (done_valid_o[KernelLdpc]),
      .done_ready_i  (done_ready_i[KernelLdpc]),
      .done_result_o (done_result_o[KernelLdpc])
    );
  end else begin : g_no_ldpc
    assign idle_o[KernelLdpc] = 1'b1;
    assign parity_error_o[KernelLdpc] = 1'b0;
    assign job_ready_o[KernelLdpc] = 1'b0;
    assign in_ready_o[KernelLdpc] = 1'b0;
    assign out_valid_o[KernelLdpc] = 1'b0;
    assign out_data_o[KernelLdpc] = '0;
    assign done_valid_o[KernelLdpc] = 1'b0;
    assign done_result_o[KernelLdpc] = '0;
    logic unused_ldpc;
    assign unused_ldpc = ^{
        job_valid_i[KernelLdpc], job_params_i[KernelLdpc],
        in_valid_i[KernelLdpc], in_data_i[KernelLdpc], in_last_i[KernelLdpc],
        out_ready_i[KernelLdpc], done_ready_i[KernelLdpc]};
  end

  if (Kernels[KernelPolyhash]) begin : g_polyhash
    qkdpp_polyhash #(
      .MulStages(PolyhashMulStages)
    ) u_polyhash (
      .clk_i,
      .rst_ni,
      .clear_i,
      .idle_o        (idle_o[KernelPolyhash]),
      .parity_error_o(parity_error_o[KernelPolyhash]),
      .job_valid_i   (job_valid_i[KernelPolyhash]),
      .job_ready_o   (job_ready_o[KernelPolyhash]),
      .job_params_i  (job_params_i[KernelPolyhash]),
      .in_valid_i    (in_valid_i[KernelPolyhash]),
      .in_ready_o    (in_ready_o[KernelPolyhash]),
      .in_data_i     (in_data_i[KernelPolyhash]),
      .in_last_i     (in_last_i[KernelPolyhash]),
      .out_valid_o   (out_valid_o[KernelPolyhash]),
      .out_ready_i   (out_ready_i[KernelPolyhash]),
      .out_data_o    (out_data_o[KernelPolyhash]),
      .done_valid_o  (done_valid_o[KernelPolyhash]),
      .done_ready_i  (done_ready_i[KernelPolyhash]),
      .done_result_o (done_result_o[KernelPolyhash])
    );
  end else begin : g_no_polyhash
    assign idle_o[KernelPolyhash] = 1'b1;
    assign parity_error_o[KernelPolyhash] = 1'b0;
    assign job_ready_o[KernelPolyhash] = 1'b0;
    assign in_ready_o[KernelPolyhash] = 1'b0;
    assign out_valid_o[KernelPolyhash] = 1'b0;
    assign out_data_o[KernelPolyhash] = '0;
    assign done_valid_o[KernelPolyhash] = 1'b0;
    assign done_result_o[KernelPolyhash] = '0;
    logic unused_polyhash;
    assign unused_polyhash = ^{
        job_valid_i[KernelPolyhash], job_params_i[KernelPolyhash],
        in_valid_i[KernelPolyhash], in_data_i[KernelPolyhash], in_last_i[KernelPolyhash],
        out_ready_i[KernelPolyhash], done_ready_i[KernelPolyhash]};
  end

  if (Kernels[KernelToeplitz]) begin : g_toeplitz
    qkdpp_toeplitz #(
      .Tile         (ToeplitzTile),
      .LogSeedBlocks(ToeplitzLogSeedBlocks),
      .LogOutBlocks (ToeplitzLogOutBlocks),
      .LeafBits     (ToeplitzLeafBits)
    ) u_toeplitz (
      .clk_i,
      .rst_ni,
      .clear_i,
      .idle_o        (idle_o[KernelToeplitz]),
      .parity_error_o(parity_error_o[KernelToeplitz]),
      .job_valid_i   (job_valid_i[KernelToeplitz]),
      .job_ready_o   (job_ready_o[KernelToeplitz]),
      .job_params_i  (job_params_i[KernelToeplitz]),
      .in_valid_i    (in_valid_i[KernelToeplitz]),
      .in_ready_o    (in_ready_o[KernelToeplitz]),
      .in_data_i     (in_data_i[KernelToeplitz]),
      .in_last_i     (in_last_i[KernelToeplitz]),
      .out_valid_o   (out_valid_o[KernelToeplitz]),
      .out_ready_i   (out_ready_i[KernelToeplitz]),
      .out_data_o    (out_data_o[KernelToeplitz]),
      .done_valid_o  (done_valid_o[KernelToeplitz]),
      .done_ready_i  (done_ready_i[KernelToeplitz]),
      .done_result_o (done_result_o[KernelToeplitz])
    );
  end else begin : g_no_toeplitz
    assign idle_o[KernelToeplitz] = 1'b1;
    assign parity_error_o[KernelToeplitz] = 1'b0;
    assign job_ready_o[KernelToeplitz] = 1'b0;
    assign in_ready_o[KernelToeplitz] = 1'b0;
    assign out_valid_o[KernelToeplitz] = 1'b0;
    assign out_data_o[KernelToeplitz] = '0;
    assign done_valid_o[KernelToeplitz] = 1'b0;
    assign done_result_o[KernelToeplitz] = '0;
    logic unused_toeplitz;
    assign unused_toeplitz = ^{
        job_valid_i[KernelToeplitz], job_params_i[KernelToeplitz],
        in_valid_i[KernelToeplitz], in_data_i[KernelToeplitz], in_last_i[KernelToeplitz],
        out_ready_i[KernelToeplitz], done_ready_i[KernelToeplitz]};
  end

`ifndef SYNTHESIS
  for (genvar k = 0; k < NumKernels; k++) begin : g_check
    assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
        out_valid_o[k] && !out_ready_i[k] |=> out_valid_o[k] && $stable(out_data_o[k]));
    assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
        done_valid_o[k] && !done_ready_i[k] |=> done_valid_o[k] && $stable(done_result_o[k]));
    assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
        idle_o[k] |-> !out_valid_o[k]);
  end
`endif

endmodule
