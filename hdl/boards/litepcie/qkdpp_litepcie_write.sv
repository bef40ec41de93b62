// AXI4 writes as write requests of a LitePCIe crossbar port.
//
// A burst is answered once LitePCIe has taken its last beat: from there on posted writes stay in
// order. While enable_i is low data are dropped and the answer is SLVERR. Throughput: one word
// every two cycles, which is what 128 bits of requests carry. Latency added: one cycle for a burst,
// none for its data, one for the answer.
module qkdpp_litepcie_write #(
  parameter int unsigned IdBits = 4
) (
  input  logic              clk_i,
  input  logic              rst_ni,

  input  logic              enable_i,
  input  logic [9:0]        max_bytes_i,

  input  logic              s_axi_awvalid_i,
  output logic              s_axi_awready_o,
  input  logic [IdBits-1:0] s_axi_awid_i,
  input  logic [63:0]       s_axi_awaddr_i,
  input  logic [7:0]        s_axi_awlen_i,
  input  logic              s_axi_wvalid_i,
  output logic              s_axi_wready_o,
  input  logic [255:0]      s_axi_wdata_i,
  input  logic              s_axi_wlast_i,
  output logic              s_axi_bvalid_o,
  input  logic              s_axi_bready_i,
  output logic [IdBits-1:0] s_axi_bid_o,
  output logic [1:0]        s_axi_bresp_o,

  output logic              request_valid_o,
  input  logic              request_ready_i,
  output logic              request_first_o,
  output logic              request_last_o,
  output logic [63:0]       request_adr_o,
  output logic [9:0]        request_len_o,     // in units of 4 bytes
  output logic [127:0]      request_dat_o
);

  logic              piece_valid, piece_done, piece_last, refused;
  logic [IdBits-1:0] piece_id;
  logic [4:0]        piece_words;

  qkdpp_litepcie_split #(
    .IdBits(IdBits)
  ) u_split (
    .clk_i,
    .rst_ni,
    .enable_i,
    .max_bytes_i,
    .burst_valid_i  (s_axi_awvalid_i),
    .burst_ready_o  (s_axi_awready_o),
    .burst_id_i     (s_axi_awid_i),
    .burst_addr_i   (s_axi_awaddr_i),
    .burst_len_i    (s_axi_awlen_i),
    .piece_valid_o  (piece_valid),
    .piece_ready_i  (piece_done),
    .piece_id_o     (piece_id),
    .piece_addr_o   (request_adr_o),
    .piece_words_o  (piece_words),
    .piece_last_o   (piece_last),
    .piece_refused_o(refused)
  );

  logic       half_q, half_d;        // the lower half has been sent
  logic [4:0] count_q, count_d;      // words of this piece that have been sent
  logic       failed_q, failed_d;    // a piece of this burst has been refused
  logic       answer_ready, answer, word_sent, word_last;

  assign word_last = count_q == piece_words - 5'd1;
  // There is room for the answer before there is need for it.
  assign request_valid_o = piece_valid && !refused && s_axi_wvalid_i && answer_ready;
  assign request_first_o = !half_q && count_q == '0;
  assign request_last_o = half_q && word_last;
  assign request_len_o = {2'd0, piece_words, 3'd0};
  assign request_dat_o = half_q ? s_axi_wdata_i[255:128] : s_axi_wdata_i[127:0];

  assign s_axi_wready_o = piece_valid && answer_ready && (refused || (half_q && request_ready_i));
  assign word_sent = s_axi_wvalid_i && s_axi_wready_o;
  assign piece_done = word_sent && word_last;
  assign answer = piece_done && piece_last;

  always_comb begin
    half_d = half_q ^ (request_valid_o && request_ready_i);
    count_d = piece_done ? '0 : count_q + 5'(word_sent);
    failed_d = failed_q;
    if (piece_done) begin
      failed_d = !piece_last && (failed_q || refused);
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      half_q <= 1'b0;
      count_q <= '0;
      failed_q <= 1'b0;
    end else begin
      half_q <= half_d;
      count_q <= count_d;
      failed_q <= failed_d;
    end
  end

  qkdpp_skid #(
    .Width(IdBits + 1)
  ) u_answer (
    .clk_i,
    .rst_ni,
    .clear_i    (1'b0),
    .in_valid_i (answer),
    .in_ready_o (answer_ready),
    .in_data_i  ({piece_id, failed_q || refused}),
    .out_valid_o(s_axi_bvalid_o),
    .out_ready_i(s_axi_bready_i),
    .out_data_o ({s_axi_bid_o, s_axi_bresp_o[1]})
  );

  assign s_axi_bresp_o[0] = 1'b0;

  logic unused_last;
  assign unused_last = s_axi_wlast_i;

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni)
      request_valid_o && !request_ready_i |=> request_valid_o
      && $stable({request_first_o, request_last_o, request_adr_o, request_len_o, request_dat_o}));
  assert property (@(posedge clk_i) disable iff (!rst_ni)
      request_valid_o |-> 32'(request_adr_o[11:0]) + 4 * 32'(request_len_o) <= 4096);
  assert property (@(posedge clk_i) disable iff (!rst_ni)
      request_valid_o && request_ready_i && !request_last_o
      |=> $stable({request_adr_o, request_len_o}));
  assert property (@(posedge clk_i) disable iff (!rst_ni)
      word_sent |-> s_axi_wlast_i == (piece_last && word_last));
`endif

endmodule
