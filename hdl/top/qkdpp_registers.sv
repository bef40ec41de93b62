// What the host sees of the core but for its memory: registers, interrupts, counters.
//
// A register answers within a few cycles, one access at a time.
module qkdpp_registers
  import qkdpp_pkg::*;
  import qkdpp_top_pkg::*;
#(
  // Bit k: kernel k is there.
  parameter logic [NumKernels-1:0] Kernels = '1,
  // First 32 bits of the hash of the sources.
  parameter logic [31:0] Build = '0,
  // Sizes of the kernels, see their modules.
  parameter int unsigned SiftPlanes = 4,
  parameter int unsigned ParitiesLogBits = 14,
  parameter int unsigned LdpcLanes = 128,
  parameter int unsigned LdpcEdgesPerCycle = 2,
  parameter int unsigned LdpcColumns = 512,
  parameter int unsigned LdpcEntries = 2048,
  parameter int unsigned LdpcRows = 512,
  parameter int unsigned ToeplitzTile = 512,
  parameter int unsigned ToeplitzLogSeedBlocks = 12,
  parameter int unsigned ToeplitzLogOutBlocks = 10
) (
  input  logic                    clk_i,
  input  logic                    rst_ni,

  input  logic                    s_axil_awvalid_i,
  output logic                    s_axil_awready_o,
  input  logic   [11:0]           s_axil_awaddr_i,
  input  logic   [2:0]            s_axil_awprot_i,
  input  logic                    s_axil_wvalid_i,
  output logic                    s_axil_wready_o,
  input  logic   [31:0]           s_axil_wdata_i,
  input  logic   [3:0]            s_axil_wstrb_i,
  output logic                    s_axil_bvalid_o,
  input  logic                    s_axil_bready_i,
  output logic   [1:0]            s_axil_bresp_o,
  input  logic                    s_axil_arvalid_i,
  output logic                    s_axil_arready_o,
  input  logic   [11:0]           s_axil_araddr_i,
  input  logic   [2:0]            s_axil_arprot_i,
  output logic                    s_axil_rvalid_o,
  input  logic                    s_axil_rready_i,
  output logic   [31:0]           s_axil_rdata_o,
  output logic   [1:0]            s_axil_rresp_o,

  input  logic                    clear_i,
  input  logic                    ready_i,
  input  logic                    run_i,
  input  logic                    halted_i,
  input  logic                    draining_i,
  input  logic                    idle_i,
  input  logic                    locked_i,          // the queues cannot be moved
  input  logic                    error_i,           // high for one cycle when the core halts
  input  fault_t                  fault_i,
  input  logic   [7:0]            fault_kernel_i,
  output logic                    reset_o,
  output logic                    enable_o,
  output logic   [31:0]           bus_timeout_o,

  output addr_t                   sq_base_o,
  output logic   [11:0]           sq_mask_o,         // entries - 1
  output logic   [11:0]           sq_tail_o,
  input  logic   [11:0]           sq_head_i,
  output addr_t                   cq_base_o,
  output logic   [11:0]           cq_mask_o,         // entries - 1
  output logic   [11:0]           cq_head_o,
  input  logic   [11:0]           cq_tail_i,
  input  logic                    posted_i,          // a completion has been written

  output now_t                    now_o,
  input  logic   [NumKernels-1:0] busy_i,
  input  logic   [NumKernels-1:0] starved_i,
  input  logic   [NumKernels-1:0] blocked_i,
  input  logic   [NumKernels-1:0] finished_i,
  input  logic                    read_beat_i,
  input  logic                    write_beat_i,

  output logic   [1:0]            irq_o              // completions, error
);

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

  assign sq_base_o = {sw.SQ_BASE_HI.base.value, sw.SQ_BASE_LO.base.value, 1'b0};
  assign cq_base_o = {sw.CQ_BASE_HI.base.value, sw.CQ_BASE_LO.base.value};
  assign sq_mask_o = mask(sw.SQ_SIZE.log2.value);
  assign cq_mask_o = mask(sw.CQ_SIZE.log2.value);
  assign sq_tail_o = sw.SQ_TAIL.index.value;
  assign cq_head_o = sw.CQ_HEAD.index.value;
  assign bus_timeout_o = sw.BUS_TIMEOUT.cycles.value;
  assign reset_o = sw.CONTROL.reset.value;
  assign enable_o = sw.CONTROL.enable.value;

  logic interrupt_set;

  qkdpp_interrupt u_interrupt (
    .clk_i,
    .rst_ni,
    .clear_i  (clear_i),
    .count_i  (sw.IRQ_COUNT.count.value),
    .time_i   (sw.IRQ_TIME.cycles.value),
    .posted_i (posted_i),
    .waiting_i(cq_tail_i != (cq_head_o & cq_mask_o)),
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
    .Kernels(Kernels)
  ) u_counters (
    .clk_i,
    .rst_ni,
    .now_o,
    .busy_i,
    .starved_i,
    .blocked_i,
    .finished_i,
    .read_beat_i,
    .write_beat_i,
    .select_i    (sw.COUNTER_SELECT.counter.swmod),
    .counter_i   (sw.COUNTER_SELECT.counter.value),
    .value_o     (counter)
  );

  // ---- What the registers show ----
  function automatic logic [31:0] capability(input kernel_e kernel, input int unsigned value);
    return Kernels[kernel] ? value : '0;
  endfunction

  assign hw.locked = locked_i;
  assign hw.BUILD.value.next = Build;
  assign hw.CAP_KERNELS.value.next = 32'(Kernels);
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
  assign hw.CONTROL.enable.hwclr = !ready_i;
  assign hw.STATUS.ready.next = ready_i;
  assign hw.STATUS.enabled.next = run_i;
  assign hw.STATUS.halted.next = halted_i;
  assign hw.STATUS.draining.next = draining_i;
  assign hw.STATUS.idle.next = idle_i;
  assign hw.ERROR.code.next = fault_i.code;
  assign hw.ERROR.kernel.next = fault_kernel_i;
  assign hw.ERROR_TAG.value.next = fault_i.tag;
  assign hw.ERROR_ADDR_LO.value.next = {fault_i.addr[26:0], 5'd0};
  assign hw.ERROR_ADDR_HI.value.next = fault_i.addr[58:27];
  assign hw.SQ_TAIL.index.hwclr = clear_i;
  assign hw.SQ_HEAD.index.next = sq_head_i;
  assign hw.CQ_HEAD.index.hwclr = clear_i;
  assign hw.CQ_TAIL.index.next = cq_tail_i;
  assign hw.IRQ_STATUS.completion.hwset = interrupt_set && !clear_i;
  assign hw.IRQ_STATUS.completion.hwclr = clear_i;
  assign hw.IRQ_STATUS.error.hwset = error_i;
  assign hw.IRQ_STATUS.error.hwclr = clear_i;
  assign hw.COUNTER_LO.value.next = counter[31:0];
  assign hw.COUNTER_HI.value.next = counter[63:32];

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni)
      locked_i |=> $stable({sq_base_o, sq_mask_o, cq_base_o, cq_mask_o}));
`endif

endmodule
