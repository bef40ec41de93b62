// The accelerator (DEVICE.md): registers behind an AXI4-Lite slave, queues and data in host memory
// behind an AXI4 master, two level interrupts, one clock.
//
//   AXI4-Lite -> qkdpp_registers <-> qkdpp_control
//                    |
//   qkdpp_fetch -> qkdpp_channels: [ channel <-> kernel ] for each kernel -> qkdpp_complete
//        |               |       |                                              |
//   qkdpp_dma_read ------+       +----------- qkdpp_dma_write ------------------+   -> AXI4
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
  // Sizes of the kernels, see their modules. With the defaults each of them fits xc7a200t, not all
  // together; other sets are in configs.toml.
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
  logic                  clear, stop, run, reset, enable, ready, halted, draining, idle, error;
  logic                  bus_pending, jobs_busy, posted;
  fault_t                error_fault;
  logic [7:0]            error_kernel;
  logic [31:0]           bus_timeout;
  addr_t                 sq_base, cq_base;
  logic [11:0]           sq_mask, sq_tail, sq_head, cq_mask, cq_head, cq_tail;
  now_t                  now;
  logic [NumKernels-1:0] busy, starved, blocked, finished;

  qkdpp_registers #(
    .Kernels              (Present),
    .Build                (Build),
    .SiftPlanes           (SiftPlanes),
    .ParitiesLogBits      (ParitiesLogBits),
    .LdpcLanes            (LdpcLanes),
    .LdpcEdgesPerCycle    (LdpcEdgesPerCycle),
    .LdpcColumns          (LdpcColumns),
    .LdpcEntries          (LdpcEntries),
    .LdpcRows             (LdpcRows),
    .ToeplitzTile         (ToeplitzTile),
    .ToeplitzLogSeedBlocks(ToeplitzLogSeedBlocks),
    .ToeplitzLogOutBlocks (ToeplitzLogOutBlocks)
  ) u_registers (
    .clk_i,
    .rst_ni,
    .s_axil_awvalid_i,
    .s_axil_awready_o,
    .s_axil_awaddr_i,
    .s_axil_awprot_i,
    .s_axil_wvalid_i,
    .s_axil_wready_o,
    .s_axil_wdata_i,
    .s_axil_wstrb_i,
    .s_axil_bvalid_o,
    .s_axil_bready_i,
    .s_axil_bresp_o,
    .s_axil_arvalid_i,
    .s_axil_arready_o,
    .s_axil_araddr_i,
    .s_axil_arprot_i,
    .s_axil_rvalid_o,
    .s_axil_rready_i,
    .s_axil_rdata_o,
    .s_axil_rresp_o,
    .clear_i       (clear),
    .ready_i       (ready),
    .run_i         (run),
    .halted_i      (halted),
    .draining_i    (draining),
    .idle_i        (idle),
    .locked_i      (enable || jobs_busy || bus_pending),
    .error_i       (error),
    .fault_i       (error_fault),
    .fault_kernel_i(error_kernel),
    .reset_o       (reset),
    .enable_o      (enable),
    .bus_timeout_o (bus_timeout),
    .sq_base_o     (sq_base),
    .sq_mask_o     (sq_mask),
    .sq_tail_o     (sq_tail),
    .sq_head_i     (sq_head),
    .cq_base_o     (cq_base),
    .cq_mask_o     (cq_mask),
    .cq_head_o     (cq_head),
    .cq_tail_i     (cq_tail),
    .posted_i      (posted),
    .now_o         (now),
    .busy_i        (busy),
    .starved_i     (starved),
    .blocked_i     (blocked),
    .finished_i    (finished),
    .read_beat_i   (m_axi_rvalid_i && m_axi_rready_o),
    .write_beat_i  (m_axi_wvalid_o && m_axi_wready_i),
    .irq_o
  );

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
  logic                         reject_valid, reject_ready, fetch_busy, complete_busy, full;
  logic        [NumKernels:0]   completion_valid, completion_ready;
  completion_t [NumKernels:0]   completion;
  logic                         halt_valid, halt_ready;
  completion_t                  halt;
  addr_t                        cq_answer_addr;
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
    .tail_i         (sq_tail),
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
    .head_i            (cq_head),
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
  logic scrubbed;

  qkdpp_channels #(
    .Kernels              (Present),
    .MaxBurst             (MaxBurst),
    .FifoDepth            (FifoDepth),
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
  ) u_channels (
    .clk_i,
    .rst_ni,
    .clear_i               (clear),
    .scrubbed_o            (scrubbed),
    .busy_o                (busy),
    .now_i                 (now),
    .job_valid_i           (job_valid),
    .job_ready_o           (job_ready),
    .job_i                 (job),
    .completion_valid_o    (completion_valid[NumKernels-1:0]),
    .completion_ready_i    (completion_ready[NumKernels-1:0]),
    .completion_o          (completion[NumKernels-1:0]),
    .fault_valid_o         (fault_valid[NumKernels-1:0]),
    .fault_o               (fault[NumKernels-1:0]),
    .read_request_valid_o  (rd_valid[NumKernels-1:0]),
    .read_request_ready_i  (rd_ready[NumKernels-1:0]),
    .read_request_addr_o   (rd_addr[NumKernels-1:0]),
    .read_request_beats_o  (rd_beats[NumKernels-1:0]),
    .read_data_valid_i     (rd_data_valid[NumKernels-1:0]),
    .read_data_i           (rd_data),
    .read_data_error_i     (rd_error),
    .read_timeout_i        (rd_timeout[NumKernels-1:0]),
    .write_request_valid_o (wr_valid[NumKernels-1:0]),
    .write_request_ready_i (wr_ready[NumKernels-1:0]),
    .write_request_addr_o  (wr_addr[NumKernels-1:0]),
    .write_request_beats_o (wr_beats[NumKernels-1:0]),
    .write_data_valid_o    (wr_data_valid[NumKernels-1:0]),
    .write_data_ready_i    (wr_data_ready[NumKernels-1:0]),
    .write_data_o          (wr_data[NumKernels-1:0]),
    .write_response_valid_i(wr_answer[NumKernels-1:0]),
    .write_response_error_i(wr_error),
    .write_timeout_i       (wr_timeout[NumKernels-1:0]),
    .starved_o             (starved),
    .blocked_o             (blocked),
    .finished_o            (finished)
  );

  // ---- Control ----
  assign bus_pending = |rd_pending || |wr_pending || complete_busy;
  assign jobs_busy = |busy || fetch_busy;

  qkdpp_control u_control (
    .clk_i,
    .rst_ni,
    .reset_i       (reset),
    .enable_i      (enable),
    .limit_i       (bus_timeout),
    .bus_pending_i (bus_pending),
    .jobs_busy_i   (jobs_busy),
    .scrubbed_i    (scrubbed),
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
