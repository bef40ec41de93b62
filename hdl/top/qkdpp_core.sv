// The accelerator (DEVICE.md): registers behind an AXI4-Lite slave, queues and data in host memory
// behind an AXI4 master, two level interrupts, one clock.
//
//   AXI4-Lite -> qkdpp_regs <-> qkdpp_control, qkdpp_interrupt, qkdpp_counters
//                    |
//   qkdpp_fetch -> [ qkdpp_channel <-> kernel ] for each kernel -> qkdpp_complete
//        |               |       |                                    |
//   qkdpp_dma_read ------+       +------ qkdpp_dma_write -------------+   -> AXI4
//
// Throughput: one beat a cycle both ways over all kernels.
module qkdpp_core
  import qkdpp_pkg::*;
  import qkdpp_top_pkg::*;
#(
  // Bit k: kernel k is there.
  parameter int unsigned Kernels = 63,
  // Longest burst, in beats: a power of two from 2 to 128.
  parameter int unsigned MaxBurst = 64,
  // Beats of each kernel's input and output FIFO: a power of two, at least two bursts. To read
  // without a gap it has to cover the latency of the bus and a burst.
  parameter int unsigned FifoDepth = 512,
  // First 32 bits of the hash of the sources.
  parameter logic [31:0] Build = '0,
  // Sizes of the kernels, see their modules. The defaults fit xc7a200t; other sets are in
  // configs.toml.
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
  input  logic              clk_i,
  input  logic              rst_ni,

  // Registers: AXI4-Lite slave.
  input  logic              s_axil_awvalid_i,
  output logic              s_axil_awready_o,
  input  logic [11:0]       s_axil_awaddr_i,
  input  logic [2:0]        s_axil_awprot_i,
  input  logic              s_axil_wvalid_i,
  output logic              s_axil_wready_o,
  input  logic [31:0]       s_axil_wdata_i,
  input  logic [3:0]        s_axil_wstrb_i,
  output logic              s_axil_bvalid_o,
  input  logic              s_axil_bready_i,
  output logic [1:0]        s_axil_bresp_o,
  input  logic              s_axil_arvalid_i,
  output logic              s_axil_arready_o,
  input  logic [11:0]       s_axil_araddr_i,
  input  logic [2:0]        s_axil_arprot_i,
  output logic              s_axil_rvalid_o,
  input  logic              s_axil_rready_i,
  output logic [31:0]       s_axil_rdata_o,
  output logic [1:0]        s_axil_rresp_o,

  // Host memory: AXI4 master.
  output logic              m_axi_awvalid_o,
  input  logic              m_axi_awready_i,
  output logic [IdBits-1:0] m_axi_awid_o,
  output logic [63:0]       m_axi_awaddr_o,
  output logic [7:0]        m_axi_awlen_o,
  output logic [2:0]        m_axi_awsize_o,
  output logic [1:0]        m_axi_awburst_o,
  output logic              m_axi_awlock_o,
  output logic [3:0]        m_axi_awcache_o,
  output logic [2:0]        m_axi_awprot_o,
  output logic [3:0]        m_axi_awqos_o,
  output logic              m_axi_wvalid_o,
  input  logic              m_axi_wready_i,
  output beat_t             m_axi_wdata_o,
  output logic [31:0]       m_axi_wstrb_o,
  output logic              m_axi_wlast_o,
  input  logic              m_axi_bvalid_i,
  output logic              m_axi_bready_o,
  input  logic [IdBits-1:0] m_axi_bid_i,
  input  logic [1:0]        m_axi_bresp_i,
  output logic              m_axi_arvalid_o,
  input  logic              m_axi_arready_i,
  output logic [IdBits-1:0] m_axi_arid_o,
  output logic [63:0]       m_axi_araddr_o,
  output logic [7:0]        m_axi_arlen_o,
  output logic [2:0]        m_axi_arsize_o,
  output logic [1:0]        m_axi_arburst_o,
  output logic              m_axi_arlock_o,
  output logic [3:0]        m_axi_arcache_o,
  output logic [2:0]        m_axi_arprot_o,
  output logic [3:0]        m_axi_arqos_o,
  input  logic              m_axi_rvalid_i,
  output logic              m_axi_rready_o,
  input  logic [IdBits-1:0] m_axi_rid_i,
  input  beat_t             m_axi_rdata_i,
  input  logic [1:0]        m_axi_rresp_i,
  input  logic              m_axi_rlast_i,

  // Completions, error.
  output logic [1:0]        irq_o
);

  localparam logic [NumKernels-1:0] Present = NumKernels'(Kernels);

  // Beats are counted, so the end of a read burst is known without rlast.
  logic unused_rlast;
  assign unused_rlast = m_axi_rlast_i;

  // Whole beats, incrementing, normal, bufferable and modifiable memory.
  assign m_axi_awsize_o = 3'($clog2(BeatBytes));
  assign m_axi_awburst_o = 2'b01;
  assign m_axi_awlock_o = 1'b0;
  assign m_axi_awcache_o = 4'b0011;
  assign m_axi_awprot_o = '0;
  assign m_axi_awqos_o = '0;
  assign m_axi_wstrb_o = '1;
  assign m_axi_arsize_o = 3'($clog2(BeatBytes));
  assign m_axi_arburst_o = 2'b01;
  assign m_axi_arlock_o = 1'b0;
  assign m_axi_arcache_o = 4'b0011;
  assign m_axi_arprot_o = '0;
  assign m_axi_arqos_o = '0;

  // ---- Registers ----
  qkdpp_regs_pkg::qkdpp_regs__in_t  hw;
  qkdpp_regs_pkg::qkdpp_regs__out_t sw;

  qkdpp_regs u_regs (
    .clk           (clk_i),
    .arst_n        (rst_ni),
    .s_axil_awready(s_axil_awready_o),
    .s_axil_awvalid(s_axil_awvalid_i),
    .s_axil_awaddr (s_axil_awaddr_i),
    .s_axil_awprot (s_axil_awprot_i),
    .s_axil_wready (s_axil_wready_o),
    .s_axil_wvalid (s_axil_wvalid_i),
    .s_axil_wdata  (s_axil_wdata_i),
    .s_axil_wstrb  (s_axil_wstrb_i),
    .s_axil_bready (s_axil_bready_i),
    .s_axil_bvalid (s_axil_bvalid_o),
    .s_axil_bresp  (s_axil_bresp_o),
    .s_axil_arready(s_axil_arready_o),
    .s_axil_arvalid(s_axil_arvalid_i),
    .s_axil_araddr (s_axil_araddr_i),
    .s_axil_arprot (s_axil_arprot_i),
    .s_axil_rready (s_axil_rready_i),
    .s_axil_rvalid (s_axil_rvalid_o),
    .s_axil_rdata  (s_axil_rdata_o),
    .s_axil_rresp  (s_axil_rresp_o),
    .hwif_in       (hw),
    .hwif_out      (sw)
  );

  // Queues have 2 to 4096 entries.
  function automatic logic [11:0] mask(input logic [3:0] log2_size);
    logic [3:0] bounded;
    bounded = log2_size < 4'd1 ? 4'd1 : (log2_size > 4'd12 ? 4'd12 : log2_size);
    return 12'((13'd1 << bounded) - 13'd1);
  endfunction

  addr_t       sq_base, cq_base;
  logic [11:0] sq_mask, cq_mask, sq_head, cq_tail;
  logic [31:0] bus_timeout;

  assign sq_base = {sw.SQ_BASE_HI.base.value, sw.SQ_BASE_LO.base.value, 1'b0};
  assign cq_base = {sw.CQ_BASE_HI.base.value, sw.CQ_BASE_LO.base.value};
  assign sq_mask = mask(sw.SQ_SIZE.log2.value);
  assign cq_mask = mask(sw.CQ_SIZE.log2.value);
  assign bus_timeout = sw.BUS_TIMEOUT.cycles.value;

  // ---- Bus ----
  logic    [NumClients-1:0] rd_valid, rd_ready, rd_data_valid, rd_pending, rd_timeout;
  addr_t   [NumClients-1:0] rd_addr;
  burst_t  [NumClients-1:0] rd_beats;
  beat_t                    rd_data;
  logic                     rd_error;
  logic    [NumClients-1:0] wr_valid, wr_ready, wr_data_valid, wr_data_ready;
  logic    [NumClients-1:0] wr_answer, wr_pending, wr_timeout;
  addr_t   [NumClients-1:0] wr_addr;
  burst_t  [NumClients-1:0] wr_beats;
  beat_t   [NumClients-1:0] wr_data;
  logic                     wr_error;
  logic                     stop;

  qkdpp_dma_read #(
    .MaxPending(FifoDepth)
  ) u_dma_read (
    .clk_i,
    .rst_ni,
    .stop_i         (stop),
    .request_valid_i(rd_valid),
    .request_ready_o(rd_ready),
    .request_addr_i (rd_addr),
    .request_beats_i(rd_beats),
    .data_valid_o   (rd_data_valid),
    .data_o         (rd_data),
    .data_error_o   (rd_error),
    .pending_o      (rd_pending),
    .m_axi_arvalid_o,
    .m_axi_arready_i,
    .m_axi_arid_o,
    .m_axi_araddr_o,
    .m_axi_arlen_o,
    .m_axi_rvalid_i,
    .m_axi_rready_o,
    .m_axi_rid_i,
    .m_axi_rdata_i,
    .m_axi_rresp_i
  );

  // The completion queue's client is not stopped here: what it has taken is written.
  qkdpp_dma_write u_dma_write (
    .clk_i,
    .rst_ni,
    .stop_i          ({1'b0, {NumKernels{stop}}}),
    .request_valid_i (wr_valid),
    .request_ready_o (wr_ready),
    .request_addr_i  (wr_addr),
    .request_beats_i (wr_beats),
    .data_valid_i    (wr_data_valid),
    .data_ready_o    (wr_data_ready),
    .data_i          (wr_data),
    .response_valid_o(wr_answer),
    .response_error_o(wr_error),
    .pending_o       (wr_pending),
    .m_axi_awvalid_o,
    .m_axi_awready_i,
    .m_axi_awid_o,
    .m_axi_awaddr_o,
    .m_axi_awlen_o,
    .m_axi_wvalid_o,
    .m_axi_wready_i,
    .m_axi_wdata_o,
    .m_axi_wlast_o,
    .m_axi_bvalid_i,
    .m_axi_bready_o,
    .m_axi_bid_i,
    .m_axi_bresp_i
  );

  qkdpp_watch #(
    .N(2 * NumClients)
  ) u_watch (
    .clk_i,
    .rst_ni,
    .limit_i   (bus_timeout),
    .pending_i ({wr_pending, rd_pending}),
    .progress_i({wr_answer | (wr_data_valid & wr_data_ready), rd_data_valid}),
    .timeout_o ({wr_timeout, rd_timeout})
  );

  // ---- Queues ----
  logic        [NumKernels-1:0] job_valid, job_ready;
  job_t                         job;
  logic                         reject_valid, reject_ready, fetch_busy, complete_busy, full, posted;
  logic        [NumKernels:0]   completion_valid, completion_ready;
  completion_t [NumKernels:0]   completion;
  logic                         halt_valid, halt_ready;
  completion_t                  halt;
  addr_t                        cq_answer_addr;
  logic                         clear, run;
  logic        [NumClients-1:0] fault_valid;
  fault_t      [NumClients-1:0] fault;

  qkdpp_fetch #(
    .Kernels(Present)
  ) u_fetch (
    .clk_i,
    .rst_ni,
    .clear_i        (clear),
    .enable_i       (run),
    .base_i         (sq_base),
    .mask_i         (sq_mask),
    .tail_i         (sw.SQ_TAIL.index.value),
    .head_o         (sq_head),
    .busy_o         (fetch_busy),
    .request_valid_o(rd_valid[ClientQueue]),
    .request_ready_i(rd_ready[ClientQueue]),
    .request_addr_o (rd_addr[ClientQueue]),
    .request_beats_o(rd_beats[ClientQueue]),
    .data_valid_i   (rd_data_valid[ClientQueue]),
    .data_i         (rd_data),
    .job_valid_o    (job_valid),
    .job_ready_i    (job_ready),
    .job_o          (job),
    .reject_valid_o (reject_valid),
    .reject_ready_i (reject_ready)
  );

  always_comb begin
    completion[NumKernels] = '0;
    completion[NumKernels].status = StatusBadDescriptor;
    completion[NumKernels].crc_in = job.crc;
    completion[NumKernels].tag = job.tag;
  end
  assign completion_valid[NumKernels] = reject_valid;
  assign reject_ready = completion_ready[NumKernels];

  qkdpp_complete u_complete (
    .clk_i,
    .rst_ni,
    .clear_i           (clear),
    .stop_i            (stop),
    .base_i            (cq_base),
    .mask_i            (cq_mask),
    .head_i            (sw.CQ_HEAD.index.value),
    .tail_o            (cq_tail),
    .full_o            (full),
    .busy_o            (complete_busy),
    .posted_o          (posted),
    .completion_valid_i(completion_valid),
    .completion_ready_o(completion_ready),
    .completion_i      (completion),
    .halt_valid_i      (halt_valid),
    .halt_ready_o      (halt_ready),
    .halt_i            (halt),
    .request_valid_o   (wr_valid[ClientQueue]),
    .request_ready_i   (wr_ready[ClientQueue]),
    .request_addr_o    (wr_addr[ClientQueue]),
    .request_beats_o   (wr_beats[ClientQueue]),
    .data_valid_o      (wr_data_valid[ClientQueue]),
    .data_ready_i      (wr_data_ready[ClientQueue]),
    .data_o            (wr_data[ClientQueue]),
    .response_valid_i  (wr_answer[ClientQueue]),
    .response_addr_o   (cq_answer_addr)
  );

  // Where in the submission queue the next beat comes from is not told more exactly than by the
  // entry.
  qkdpp_fault u_queue_fault (
    .clk_i,
    .rst_ni,
    .clear_i        (clear),
    .read_error_i   (rd_data_valid[ClientQueue] && rd_error),
    .read_timeout_i (rd_timeout[ClientQueue]),
    .read_tag_i     ('0),
    .read_addr_i    (sq_base + addr_t'({sq_head, 1'b0})),
    .write_error_i  (wr_answer[ClientQueue] && wr_error),
    .write_timeout_i(wr_timeout[ClientQueue]),
    .write_tag_i    ('0),
    .write_addr_i   (cq_answer_addr),
    .parity_error_i (1'b0),
    .parity_tag_i   ('0),
    .fault_valid_o  (fault_valid[ClientQueue]),
    .fault_o        (fault[ClientQueue])
  );

  // ---- Channels and kernels ----
  logic    [NumKernels-1:0] k_idle, k_parity_error, k_job_valid, k_job_ready;
  logic    [NumKernels-1:0] k_in_valid, k_in_ready, k_in_last;
  logic    [NumKernels-1:0] k_out_valid, k_out_ready, k_done_valid, k_done_ready;
  params_t [NumKernels-1:0] k_job_params;
  beat_t   [NumKernels-1:0] k_in_data, k_out_data;
  result_t [NumKernels-1:0] k_done_result;
  logic    [NumKernels-1:0] scrubbed, busy, starved, blocked, finished;
  now_t                     now;

  qkdpp_kernels #(
    .Kernels              (Present),
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
    .clear_i       (clear),
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
    if (Present[k]) begin : g_there
      qkdpp_channel #(
        .Depth   (FifoDepth),
        .MaxBurst(MaxBurst)
      ) u_channel (
        .clk_i,
        .rst_ni,
        .clear_i               (clear),
        .scrubbed_o            (scrubbed[k]),
        .busy_o                (busy[k]),
        .now_i                 (now),
        .job_valid_i           (job_valid[k]),
        .job_ready_o           (job_ready[k]),
        .job_i                 (job),
        .completion_valid_o    (completion_valid[k]),
        .completion_ready_i    (completion_ready[k]),
        .completion_o          (completion[k]),
        .fault_valid_o         (fault_valid[k]),
        .fault_o               (fault[k]),
        .read_request_valid_o  (rd_valid[k]),
        .read_request_ready_i  (rd_ready[k]),
        .read_request_addr_o   (rd_addr[k]),
        .read_request_beats_o  (rd_beats[k]),
        .read_data_valid_i     (rd_data_valid[k]),
        .read_data_i           (rd_data),
        .read_data_error_i     (rd_error),
        .read_timeout_i        (rd_timeout[k]),
        .write_request_valid_o (wr_valid[k]),
        .write_request_ready_i (wr_ready[k]),
        .write_request_addr_o  (wr_addr[k]),
        .write_request_beats_o (wr_beats[k]),
        .write_data_valid_o    (wr_data_valid[k]),
        .write_data_ready_i    (wr_data_ready[k]),
        .write_data_o          (wr_data[k]),
        .write_response_valid_i(wr_answer[k]),
        .write_response_error_i(wr_error),
        .write_timeout_i       (wr_timeout[k]),
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
        .starved_o             (starved[k]),
        .blocked_o             (blocked[k]),
        .finished_o            (finished[k])
      );
    end else begin : g_absent
      assign scrubbed[k] = 1'b1;
      assign busy[k] = 1'b0;
      assign job_ready[k] = 1'b0;
      assign completion_valid[k] = 1'b0;
      assign completion[k] = '0;
      assign fault_valid[k] = 1'b0;
      assign fault[k] = '0;
      assign rd_valid[k] = 1'b0;
      assign rd_addr[k] = '0;
      assign rd_beats[k] = '0;
      assign wr_valid[k] = 1'b0;
      assign wr_addr[k] = '0;
      assign wr_beats[k] = '0;
      assign wr_data_valid[k] = 1'b0;
      assign wr_data[k] = '0;
      assign k_job_valid[k] = 1'b0;
      assign k_job_params[k] = '0;
      assign k_in_valid[k] = 1'b0;
      assign k_in_data[k] = '0;
      assign k_in_last[k] = 1'b0;
      assign k_out_ready[k] = 1'b0;
      assign k_done_ready[k] = 1'b0;
      assign starved[k] = 1'b0;
      assign blocked[k] = 1'b0;
      assign finished[k] = 1'b0;
      logic unused_absent;
      assign unused_absent = ^{job_valid[k], completion_ready[k], rd_ready[k], rd_data_valid[k],
                               rd_timeout[k], wr_ready[k], wr_data_ready[k], wr_answer[k],
                               wr_timeout[k], k_parity_error[k], k_job_ready[k], k_in_ready[k],
                               k_out_valid[k], k_out_data[k], k_done_valid[k], k_done_result[k]};
    end
  end

  // ---- Control ----
  logic        bus_pending, jobs_busy, ready, halted, draining, idle, error;
  fault_t      error_fault;
  logic [7:0]  error_kernel;

  assign bus_pending = |rd_pending || |wr_pending || complete_busy;
  assign jobs_busy = |busy || fetch_busy;

  qkdpp_control u_control (
    .clk_i,
    .rst_ni,
    .reset_i       (sw.CONTROL.reset.value),
    .enable_i      (sw.CONTROL.enable.value),
    .limit_i       (bus_timeout),
    .bus_pending_i (bus_pending),
    .jobs_busy_i   (jobs_busy),
    .scrubbed_i    (&scrubbed && &k_idle),
    .fault_valid_i (fault_valid),
    .fault_i       (fault),
    .clear_o       (clear),
    .stop_o        (stop),
    .run_o         (run),
    .halt_valid_o  (halt_valid),
    .halt_ready_i  (halt_ready),
    .halt_o        (halt),
    .halt_room_i   (!full),
    .ready_o       (ready),
    .halted_o      (halted),
    .draining_o    (draining),
    .idle_o        (idle),
    .error_o       (error),
    .fault_o       (error_fault),
    .fault_kernel_o(error_kernel)
  );

  logic interrupt_set;

  qkdpp_interrupt u_interrupt (
    .clk_i,
    .rst_ni,
    .clear_i  (clear),
    .count_i  (sw.IRQ_COUNT.count.value),
    .time_i   (sw.IRQ_TIME.cycles.value),
    .posted_i (posted),
    .waiting_i(cq_tail != (sw.CQ_HEAD.index.value & cq_mask)),
    .status_i (sw.IRQ_STATUS.completion.value),
    .set_o    (interrupt_set)
  );

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      irq_o <= '0;
    end else begin
      irq_o[0] <= sw.IRQ_STATUS.completion.value && sw.IRQ_ENABLE.completion.value;
      irq_o[1] <= sw.IRQ_STATUS.error.value && sw.IRQ_ENABLE.error.value;
    end
  end

  logic [63:0] counter;

  qkdpp_counters #(
    .Kernels(Present)
  ) u_counters (
    .clk_i,
    .rst_ni,
    .now_o       (now),
    .busy_i      (busy),
    .starved_i   (starved),
    .blocked_i   (blocked),
    .finished_i  (finished),
    .read_beat_i (m_axi_rvalid_i && m_axi_rready_o),
    .write_beat_i(m_axi_wvalid_o && m_axi_wready_i),
    .select_i    (sw.COUNTER_SELECT.counter.swmod),
    .counter_i   (sw.COUNTER_SELECT.counter.value),
    .value_o     (counter)
  );

  // ---- What the registers show ----
  function automatic logic [31:0] capability(input kernel_e kernel, input int unsigned value);
    return Present[kernel] ? value : '0;
  endfunction

  assign hw.locked = sw.CONTROL.enable.value || jobs_busy || bus_pending;
  assign hw.BUILD.value.next = Build;
  assign hw.CAP_KERNELS.value.next = 32'(Present);
  assign hw.CAP_SIFT_PLANES.value.next = capability(KernelSift, SiftPlanes);
  assign hw.CAP_PARITIES_BITS.value.next = capability(KernelParities, 1 << ParitiesLogBits);
  assign hw.CAP_LDPC_LANES.value.next = capability(KernelLdpc, LdpcLanes);
  assign hw.CAP_LDPC_EDGES_PER_CYCLE.value.next = capability(KernelLdpc, LdpcEdgesPerCycle);
  assign hw.CAP_LDPC_COLUMNS.value.next = capability(KernelLdpc, LdpcColumns);
  assign hw.CAP_LDPC_ROWS.value.next = capability(KernelLdpc, LdpcRows);
  assign hw.CAP_LDPC_ENTRIES.value.next = capability(KernelLdpc, LdpcEntries);
  assign hw.CAP_TOEPLITZ_TILE.value.next = capability(KernelToeplitz, ToeplitzTile);
  assign hw.CAP_TOEPLITZ_SEED_BLOCKS.value.next =
      capability(KernelToeplitz, 1 << ToeplitzLogSeedBlocks);
  assign hw.CAP_TOEPLITZ_OUT_BLOCKS.value.next =
      capability(KernelToeplitz, 1 << ToeplitzLogOutBlocks);
  assign hw.CONTROL.enable.hwclr = !ready;
  assign hw.STATUS.ready.next = ready;
  assign hw.STATUS.enabled.next = run;
  assign hw.STATUS.halted.next = halted;
  assign hw.STATUS.draining.next = draining;
  assign hw.STATUS.idle.next = idle;
  assign hw.ERROR.code.next = error_fault.code;
  assign hw.ERROR.kernel.next = error_kernel;
  assign hw.ERROR_TAG.value.next = error_fault.tag;
  assign hw.ERROR_ADDR_LO.value.next = {error_fault.addr[26:0], 5'd0};
  assign hw.ERROR_ADDR_HI.value.next = error_fault.addr[58:27];
  assign hw.SQ_TAIL.index.hwclr = clear;
  assign hw.SQ_HEAD.index.next = sq_head;
  assign hw.CQ_HEAD.index.hwclr = clear;
  assign hw.CQ_TAIL.index.next = cq_tail;
  assign hw.IRQ_STATUS.completion.hwset = interrupt_set && !clear;
  assign hw.IRQ_STATUS.completion.hwclr = clear;
  assign hw.IRQ_STATUS.error.hwset = error;
  assign hw.IRQ_STATUS.error.hwclr = clear;
  assign hw.COUNTER_LO.value.next = counter[31:0];
  assign hw.COUNTER_HI.value.next = counter[63:32];

`ifndef SYNTHESIS
  // The bus: no burst crosses 4 KiB, no request changes before it is taken.
  assert property (@(posedge clk_i) disable iff (!rst_ni)
      m_axi_arvalid_o
      |-> 32'(m_axi_araddr_o[11:5]) + 32'(m_axi_arlen_o) < 128 && m_axi_araddr_o[4:0] == '0);
  assert property (@(posedge clk_i) disable iff (!rst_ni)
      m_axi_awvalid_o
      |-> 32'(m_axi_awaddr_o[11:5]) + 32'(m_axi_awlen_o) < 128 && m_axi_awaddr_o[4:0] == '0);
  // Nothing new starts while the core is being cleared or has halted.
  assert property (@(posedge clk_i) disable iff (!rst_ni)
      clear || halted |-> !(|(rd_valid & rd_ready)));
  assert property (@(posedge clk_i) disable iff (!rst_ni) clear |-> !(|(wr_valid & wr_ready)));
`endif

endmodule
