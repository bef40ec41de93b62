// The reading half of the AXI4 master: bursts of all clients in round-robin order, the data handed
// to their clients by ID.
//
// Data are never held back: a client asks only for what it has room for. Beats that nobody asked
// for are dropped. Throughput: one burst request and one beat a cycle. Latency added: one cycle for
// a request, one for a beat. stop_i keeps new requests off the bus; what has been granted goes out
// and is answered.
module qkdpp_dma_read
  import qkdpp_pkg::*;
  import qkdpp_top_pkg::*;
#(
  // Most beats that one client has under way.
  parameter int unsigned MaxPending = 512
) (
  input  logic                     clk_i,
  input  logic                     rst_ni,
  input  logic                     stop_i,

  input  logic    [NumClients-1:0] request_valid_i,
  output logic    [NumClients-1:0] request_ready_o,
  input  addr_t   [NumClients-1:0] request_addr_i,
  input  burst_t  [NumClients-1:0] request_beats_i,

  output logic    [NumClients-1:0] data_valid_o,
  output beat_t                    data_o,
  output logic                     data_error_o,

  output logic    [NumClients-1:0] pending_o,    // beats are under way

  output logic                     m_axi_arvalid_o,
  input  logic                     m_axi_arready_i,
  output logic    [IdBits-1:0]     m_axi_arid_o,
  output logic    [63:0]           m_axi_araddr_o,
  output logic    [7:0]            m_axi_arlen_o,
  input  logic                     m_axi_rvalid_i,
  output logic                     m_axi_rready_o,
  input  logic    [IdBits-1:0]     m_axi_rid_i,
  input  beat_t                    m_axi_rdata_i,
  input  logic    [1:0]            m_axi_rresp_i
);

  localparam int unsigned PendingBits = $clog2(MaxPending + 1);
  typedef logic [PendingBits-1:0] pending_t;

  // ---- Requests ----
  logic [NumClients-1:0] grant;
  logic                  slot_ready;
  logic [IdBits-1:0]     id;
  addr_t                 addr, out_addr;
  burst_t                beats;

  qkdpp_arbiter #(
    .N(NumClients)
  ) u_arbiter (
    .clk_i,
    .rst_ni,
    .clear_i  (1'b0),
    .request_i(request_valid_i & {NumClients{!stop_i}}),
    .grant_o  (grant),
    .accept_i (slot_ready)
  );

  always_comb begin
    id = '0;
    addr = '0;
    beats = '0;
    for (int unsigned c = 0; c < NumClients; c++) begin
      id |= grant[c] ? IdBits'(c) : '0;
      addr |= grant[c] ? request_addr_i[c] : '0;
      beats |= grant[c] ? request_beats_i[c] : '0;
    end
  end

  assign request_ready_o = grant & {NumClients{slot_ready}};

  qkdpp_skid #(
    .Width(IdBits + AddrBits + 8)
  ) u_address (
    .clk_i,
    .rst_ni,
    .clear_i    (1'b0),
    .in_valid_i (|grant),
    .in_ready_o (slot_ready),
    .in_data_i  ({id, addr, beats - 8'd1}),
    .out_valid_o(m_axi_arvalid_o),
    .out_ready_i(m_axi_arready_i),
    .out_data_o ({m_axi_arid_o, out_addr, m_axi_arlen_o})
  );

  assign m_axi_araddr_o = {out_addr, ($clog2(BeatBytes))'(0)};

  // ---- Data ----
  logic              r_valid_q;
  logic [IdBits-1:0] r_id_q;
  logic              r_error_q;
  beat_t             r_data_q;

  assign m_axi_rready_o = 1'b1;

  logic unused_exclusive;
  assign unused_exclusive = m_axi_rresp_i[0];

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      r_valid_q <= 1'b0;
    end else begin
      r_valid_q <= m_axi_rvalid_i;
    end
  end

  always_ff @(posedge clk_i) begin
    r_id_q <= m_axi_rid_i;
    r_error_q <= m_axi_rresp_i[1];
    r_data_q <= m_axi_rvalid_i ? m_axi_rdata_i : '0;
  end

  assign data_o = r_data_q;
  assign data_error_o = r_error_q;

  for (genvar c = 0; c < NumClients; c++) begin : g_client
    pending_t pending_q;
    logic     wanted;

    assign wanted = pending_q != '0;
    assign data_valid_o[c] = r_valid_q && r_id_q == IdBits'(c) && wanted;
    assign pending_o[c] = wanted;

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) begin
        pending_q <= '0;
      end else begin
        pending_q <= pending_q - pending_t'(data_valid_o[c])
            + (request_valid_i[c] && request_ready_o[c] ? pending_t'(request_beats_i[c]) : '0);
      end
    end

`ifndef SYNTHESIS
    assert property (@(posedge clk_i) disable iff (!rst_ni) 32'(pending_q) <= MaxPending);
    assert property (@(posedge clk_i) disable iff (!rst_ni)
        request_valid_i[c] && request_ready_o[c]
        |-> 32'(request_addr_i[c][6:0]) + 32'(request_beats_i[c]) <= 128);
`endif
  end

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni)
      m_axi_arvalid_o && !m_axi_arready_i
      |=> m_axi_arvalid_o && $stable({m_axi_arid_o, out_addr, m_axi_arlen_o}));
`endif

endmodule
