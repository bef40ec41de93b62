// From the core's AXI4 master to two ports of a LitePCIe crossbar of 128 bits, one that reads and
// one that writes; what it does is in the two halves' modules.
//
// bus_master_i: Bus Master Enable of the function. max_read_i and max_payload_i: the sizes that the
// host has set, in bytes, 128 to 512.
module qkdpp_litepcie_bridge #(
  parameter int unsigned IdBits = 4
) (
  input  logic              clk_i,
  input  logic              rst_ni,

  input  logic              bus_master_i,
  input  logic [9:0]        max_read_i,
  input  logic [9:0]        max_payload_i,

  input  logic              s_axi_awvalid_i,
  output logic              s_axi_awready_o,
  input  logic [IdBits-1:0] s_axi_awid_i,
  input  logic [63:0]       s_axi_awaddr_i,
  input  logic [7:0]        s_axi_awlen_i,
  input  logic [2:0]        s_axi_awsize_i,
  input  logic [1:0]        s_axi_awburst_i,
  input  logic              s_axi_wvalid_i,
  output logic              s_axi_wready_o,
  input  logic [255:0]      s_axi_wdata_i,
  input  logic [31:0]       s_axi_wstrb_i,
  input  logic              s_axi_wlast_i,
  output logic              s_axi_bvalid_o,
  input  logic              s_axi_bready_i,
  output logic [IdBits-1:0] s_axi_bid_o,
  output logic [1:0]        s_axi_bresp_o,
  input  logic              s_axi_arvalid_i,
  output logic              s_axi_arready_o,
  input  logic [IdBits-1:0] s_axi_arid_i,
  input  logic [63:0]       s_axi_araddr_i,
  input  logic [7:0]        s_axi_arlen_i,
  input  logic [2:0]        s_axi_arsize_i,
  input  logic [1:0]        s_axi_arburst_i,
  output logic              s_axi_rvalid_o,
  input  logic              s_axi_rready_i,
  output logic [IdBits-1:0] s_axi_rid_o,
  output logic [255:0]      s_axi_rdata_o,
  output logic [1:0]        s_axi_rresp_o,
  output logic              s_axi_rlast_o,

  output logic              write_valid_o,
  input  logic              write_ready_i,
  output logic              write_first_o,
  output logic              write_last_o,
  output logic [63:0]       write_adr_o,
  output logic [9:0]        write_len_o,
  output logic [127:0]      write_dat_o,

  output logic              read_valid_o,
  input  logic              read_ready_i,
  output logic [63:0]       read_adr_o,
  output logic [9:0]        read_len_o,
  input  logic              completion_valid_i,
  output logic              completion_ready_o,
  input  logic              completion_last_i,
  input  logic              completion_end_i,
  input  logic              completion_err_i,
  input  logic [127:0]      completion_dat_i
);

  qkdpp_litepcie_read #(
    .IdBits(IdBits)
  ) u_read (
    .clk_i,
    .rst_ni,
    .enable_i       (bus_master_i),
    .max_bytes_i    (max_read_i),
    .s_axi_arvalid_i,
    .s_axi_arready_o,
    .s_axi_arid_i,
    .s_axi_araddr_i,
    .s_axi_arlen_i,
    .s_axi_rvalid_o,
    .s_axi_rready_i,
    .s_axi_rid_o,
    .s_axi_rdata_o,
    .s_axi_rresp_o,
    .s_axi_rlast_o,
    .request_valid_o(read_valid_o),
    .request_ready_i(read_ready_i),
    .request_adr_o  (read_adr_o),
    .request_len_o  (read_len_o),
    .completion_valid_i,
    .completion_ready_o,
    .completion_last_i,
    .completion_end_i,
    .completion_err_i,
    .completion_dat_i
  );

  qkdpp_litepcie_write #(
    .IdBits(IdBits)
  ) u_write (
    .clk_i,
    .rst_ni,
    .enable_i       (bus_master_i),
    .max_bytes_i    (max_payload_i),
    .s_axi_awvalid_i,
    .s_axi_awready_o,
    .s_axi_awid_i,
    .s_axi_awaddr_i,
    .s_axi_awlen_i,
    .s_axi_wvalid_i,
    .s_axi_wready_o,
    .s_axi_wdata_i,
    .s_axi_wlast_i,
    .s_axi_bvalid_o,
    .s_axi_bready_i,
    .s_axi_bid_o,
    .s_axi_bresp_o,
    .request_valid_o(write_valid_o),
    .request_ready_i(write_ready_i),
    .request_first_o(write_first_o),
    .request_last_o (write_last_o),
    .request_adr_o  (write_adr_o),
    .request_len_o  (write_len_o),
    .request_dat_o  (write_dat_o)
  );

  // The core sends nothing but whole words in incrementing bursts.
  logic unused_kind;
  assign unused_kind = ^{s_axi_awsize_i, s_axi_awburst_i, s_axi_arsize_i, s_axi_arburst_i, s_axi_wstrb_i};

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni)
      s_axi_arvalid_i |-> s_axi_arsize_i == 3'd5 && s_axi_arburst_i == 2'b01);
  assert property (@(posedge clk_i) disable iff (!rst_ni)
      s_axi_awvalid_i |-> s_axi_awsize_i == 3'd5 && s_axi_awburst_i == 2'b01);
  assert property (@(posedge clk_i) disable iff (!rst_ni) s_axi_wvalid_i |-> &s_axi_wstrb_i);
`endif

endmodule
