// The writing half of the AXI4 master: bursts of all clients in round-robin order, their data in
// the same order.
//
// A client asks for a burst once it has all its data, so that a burst never waits in the middle.
// Several bursts are under way at once. Throughput: one burst request and one beat a cycle. Latency
// added: one cycle for a request, two for its first beat. stop_i keeps new requests of these
// clients off the bus; what has been granted is written and answered.
module qkdpp_dma_write
  import qkdpp_pkg::*;
  import qkdpp_top_pkg::*;
#(
  // Most bursts that one client has under way.
  parameter int unsigned MaxPending = 32
) (
  input  logic                     clk_i,
  input  logic                     rst_ni,
  input  logic    [NumClients-1:0] stop_i,

  input  logic    [NumClients-1:0] request_valid_i,
  output logic    [NumClients-1:0] request_ready_o,
  input  addr_t   [NumClients-1:0] request_addr_i,
  input  burst_t  [NumClients-1:0] request_beats_i,

  input  logic    [NumClients-1:0] data_valid_i,
  output logic    [NumClients-1:0] data_ready_o,
  input  beat_t   [NumClients-1:0] data_i,

  output logic    [NumClients-1:0] response_valid_o,
  output logic                     response_error_o,

  output logic    [NumClients-1:0] pending_o,    // bursts are under way

  output logic                     m_axi_awvalid_o,
  input  logic                     m_axi_awready_i,
  output logic    [IdBits-1:0]     m_axi_awid_o,
  output logic    [63:0]           m_axi_awaddr_o,
  output logic    [7:0]            m_axi_awlen_o,
  output logic                     m_axi_wvalid_o,
  input  logic                     m_axi_wready_i,
  output beat_t                    m_axi_wdata_o,
  output logic                     m_axi_wlast_o,
  input  logic                     m_axi_bvalid_i,
  output logic                     m_axi_bready_o,
  input  logic    [IdBits-1:0]     m_axi_bid_i,
  input  logic    [1:0]            m_axi_bresp_i
);

  localparam int unsigned PendingBits = $clog2(MaxPending + 1);
  typedef logic [PendingBits-1:0] pending_t;

  // ---- Requests ----
  logic [NumClients-1:0] grant;
  logic                  address_ready, order_ready, accept;
  logic [IdBits-1:0]     id;
  addr_t                 addr, out_addr;
  burst_t                beats;

  qkdpp_arbiter #(
    .N(NumClients)
  ) u_arbiter (
    .clk_i,
    .rst_ni,
    .clear_i  (1'b0),
    .request_i(request_valid_i & ~stop_i),
    .grant_o  (grant),
    .accept_i (accept)
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

  assign accept = address_ready && order_ready;
  assign request_ready_o = grant & {NumClients{accept}};

  qkdpp_skid #(
    .Width(IdBits + AddrBits + 8)
  ) u_address (
    .clk_i,
    .rst_ni,
    .clear_i    (1'b0),
    .in_valid_i (|grant && order_ready),
    .in_ready_o (address_ready),
    .in_data_i  ({id, addr, beats - 8'd1}),
    .out_valid_o(m_axi_awvalid_o),
    .out_ready_i(m_axi_awready_i),
    .out_data_o ({m_axi_awid_o, out_addr, m_axi_awlen_o})
  );

  assign m_axi_awaddr_o = {out_addr, ($clog2(BeatBytes))'(0)};

  // ---- Data, in the order of the requests ----
  logic                  next_valid, next_ready;
  logic [NumClients-1:0] next_client;
  burst_t                next_beats;
  logic [4:0]            unused_count;

  qkdpp_fifo #(
    .Width(NumClients + 8),
    .Depth(16)
  ) u_order (
    .clk_i,
    .rst_ni,
    .clear_i    (1'b0),
    .in_valid_i (|grant && address_ready),
    .in_ready_o (order_ready),
    .in_data_i  ({grant, beats}),
    .out_valid_o(next_valid),
    .out_ready_i(next_ready),
    .out_data_o ({next_client, next_beats}),
    .count_o    (unused_count)
  );

  // The client whose beats are being sent, none if zero, and how many are left.
  logic [NumClients-1:0] client_q, client_d;
  burst_t                left_q, left_d;
  logic                  slot_ready, beat_valid, beat_sent, last;
  beat_t                 beat;

  assign beat_valid = |(client_q & data_valid_i);
  assign beat_sent = beat_valid && slot_ready;
  assign last = left_q == 8'd1;
  assign next_ready = client_q == '0 || (beat_sent && last);
  assign data_ready_o = client_q & {NumClients{slot_ready}};

  always_comb begin
    beat = '0;
    for (int unsigned c = 0; c < NumClients; c++) begin
      beat |= client_q[c] ? data_i[c] : '0;
    end
  end

  always_comb begin
    client_d = client_q;
    left_d = left_q - burst_t'(beat_sent);
    if (next_ready) begin
      client_d = next_valid ? next_client : '0;
      left_d = next_beats;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      client_q <= '0;
      left_q <= '0;
    end else begin
      client_q <= client_d;
      left_q <= left_d;
    end
  end

  qkdpp_skid #(
    .Width(BeatBits + 1)
  ) u_data (
    .clk_i,
    .rst_ni,
    .clear_i    (1'b0),
    .in_valid_i (beat_valid),
    .in_ready_o (slot_ready),
    .in_data_i  ({last, beat}),
    .out_valid_o(m_axi_wvalid_o),
    .out_ready_i(m_axi_wready_i),
    .out_data_o ({m_axi_wlast_o, m_axi_wdata_o})
  );

  // ---- Responses ----
  logic              b_valid_q;
  logic [IdBits-1:0] b_id_q;
  logic              b_error_q;

  assign m_axi_bready_o = 1'b1;

  logic unused_exclusive;
  assign unused_exclusive = m_axi_bresp_i[0];

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      b_valid_q <= 1'b0;
      b_id_q <= '0;
      b_error_q <= 1'b0;
    end else begin
      b_valid_q <= m_axi_bvalid_i;
      b_id_q <= m_axi_bid_i;
      b_error_q <= m_axi_bresp_i[1];
    end
  end

  assign response_error_o = b_error_q;

  for (genvar c = 0; c < NumClients; c++) begin : g_client
    pending_t pending_q;
    logic     wanted;

    assign wanted = pending_q != '0;
    assign response_valid_o[c] = b_valid_q && b_id_q == IdBits'(c) && wanted;
    assign pending_o[c] = wanted;

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) begin
        pending_q <= '0;
      end else begin
        pending_q <= pending_q + pending_t'(request_valid_i[c] && request_ready_o[c])
            - pending_t'(response_valid_o[c]);
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
      m_axi_awvalid_o && !m_axi_awready_i
      |=> m_axi_awvalid_o && $stable({m_axi_awid_o, out_addr, m_axi_awlen_o}));
  assert property (@(posedge clk_i) disable iff (!rst_ni)
      m_axi_wvalid_o && !m_axi_wready_i
      |=> m_axi_wvalid_o && $stable({m_axi_wlast_o, m_axi_wdata_o}));
  assert property (@(posedge clk_i) disable iff (!rst_ni) $onehot0(client_q));
  assert property (@(posedge clk_i) disable iff (!rst_ni) client_q != '0 |-> left_q != '0);
`endif

endmodule
