// AXI4 reads as read requests of a LitePCIe crossbar port, whose completions come in the order of
// the requests (LitePCIe's controller puts them so and limits how many are under way).
//
// A word in whose completion there is an error is answered with SLVERR, and so are the words of a
// request that are missing when its last completion ends: a completion with an error has no data.
// While enable_i is low nothing is requested and every word is answered with SLVERR. All answers
// come in the order of the bursts. Throughput: one request a cycle, one word every two cycles, which
// is what 128 bits of completions carry. Latency added: one cycle for a request, one for a word.
module qkdpp_litepcie_read #(
  parameter int unsigned IdBits = 4,
  // Most requests under way, refused ones included: a power of two, at least what LitePCIe allows.
  parameter int unsigned MaxRequests = 32
) (
  input  logic              clk_i,
  input  logic              rst_ni,

  input  logic              enable_i,
  input  logic [9:0]        max_bytes_i,

  input  logic              s_axi_arvalid_i,
  output logic              s_axi_arready_o,
  input  logic [IdBits-1:0] s_axi_arid_i,
  input  logic [63:0]       s_axi_araddr_i,
  input  logic [7:0]        s_axi_arlen_i,
  output logic              s_axi_rvalid_o,
  input  logic              s_axi_rready_i,
  output logic [IdBits-1:0] s_axi_rid_o,
  output logic [255:0]      s_axi_rdata_o,
  output logic [1:0]        s_axi_rresp_o,
  output logic              s_axi_rlast_o,

  output logic              request_valid_o,
  input  logic              request_ready_i,
  output logic [63:0]       request_adr_o,
  output logic [9:0]        request_len_o,     // in units of 4 bytes

  input  logic              completion_valid_i,
  output logic              completion_ready_o,
  input  logic              completion_last_i, // of one completion
  input  logic              completion_end_i,  // the completion is the last one of its request
  input  logic              completion_err_i,
  input  logic [127:0]      completion_dat_i
);

  typedef struct packed {
    logic [IdBits-1:0] id;
    logic [4:0]        words;
    logic              last;
    logic              refused;
  } request_t;

  // ---- Requests ----
  logic     piece_valid, piece_ready, order_ready;
  request_t piece;

  qkdpp_litepcie_split #(
    .IdBits(IdBits)
  ) u_split (
    .clk_i,
    .rst_ni,
    .enable_i,
    .max_bytes_i,
    .burst_valid_i  (s_axi_arvalid_i),
    .burst_ready_o  (s_axi_arready_o),
    .burst_id_i     (s_axi_arid_i),
    .burst_addr_i   (s_axi_araddr_i),
    .burst_len_i    (s_axi_arlen_i),
    .piece_valid_o  (piece_valid),
    .piece_ready_i  (piece_ready),
    .piece_id_o     (piece.id),
    .piece_addr_o   (request_adr_o),
    .piece_words_o  (piece.words),
    .piece_last_o   (piece.last),
    .piece_refused_o(piece.refused)
  );

  assign request_valid_o = piece_valid && !piece.refused && order_ready;
  assign request_len_o = {2'd0, piece.words, 3'd0};
  assign piece_ready = order_ready && (piece.refused || request_ready_i);

  // ---- What is under way ----
  logic                         head_valid, head_done;
  request_t                     head;
  logic [$clog2(MaxRequests):0] unused_count;

  qkdpp_fifo #(
    .Width($bits(request_t)),
    .Depth(MaxRequests)
  ) u_order (
    .clk_i,
    .rst_ni,
    .clear_i    (1'b0),
    .in_valid_i (piece_valid && piece_ready),
    .in_ready_o (order_ready),
    .in_data_i  (piece),
    .out_valid_o(head_valid),
    .out_ready_i(head_done),
    .out_data_o (head),
    .count_o    (unused_count)
  );

  // ---- Completions: two beats make a word, both of one completion ----
  logic         half_q, half_d;        // the lower half is there
  logic [127:0] low_q, low_d;
  logic [4:0]   count_q, count_d;      // words of this request that have been answered
  logic         ended_q, ended_d;      // no more completions come for this request
  logic         without, taken, word_valid, word_ready, word_sent, word_last, word_err;

  assign without = head.refused || ended_q;
  assign word_last = count_q == head.words - 5'd1;
  assign word_valid = head_valid && (without || (half_q && completion_valid_i));
  assign word_err = without || completion_err_i;
  assign word_sent = word_valid && word_ready;
  assign head_done = word_sent && word_last;
  assign completion_ready_o = head_valid && !without && (!half_q || word_ready);
  assign taken = completion_valid_i && completion_ready_o;

  always_comb begin
    half_d = half_q;
    low_d = low_q;
    count_d = count_q;
    ended_d = ended_q;
    if (taken) begin
      half_d = !half_q;
      // No data stay behind.
      low_d = half_q ? '0 : completion_dat_i;
      if (completion_last_i && completion_end_i) begin
        half_d = 1'b0;
        low_d = '0;
        ended_d = 1'b1;
      end
    end
    if (word_sent) begin
      count_d = count_q + 5'd1;
    end
    if (head_done) begin
      count_d = '0;
      ended_d = 1'b0;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      half_q <= 1'b0;
      low_q <= '0;
      count_q <= '0;
      ended_q <= 1'b0;
    end else begin
      half_q <= half_d;
      low_q <= low_d;
      count_q <= count_d;
      ended_q <= ended_d;
    end
  end

  qkdpp_skid #(
    .Width(IdBits + 1 + 1 + 256)
  ) u_word (
    .clk_i,
    .rst_ni,
    .clear_i    (1'b0),
    .in_valid_i (word_valid),
    .in_ready_o (word_ready),
    .in_data_i  ({head.id, word_err, head.last && word_last, completion_dat_i, low_q}),
    .out_valid_o(s_axi_rvalid_o),
    .out_ready_i(s_axi_rready_i),
    .out_data_o ({s_axi_rid_o, s_axi_rresp_o[1], s_axi_rlast_o, s_axi_rdata_o})
  );

  assign s_axi_rresp_o[0] = 1'b0;

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni)
      request_valid_o && !request_ready_i
      |=> request_valid_o && $stable({request_adr_o, request_len_o}));
  assert property (@(posedge clk_i) disable iff (!rst_ni)
      request_valid_o |-> 32'(request_adr_o[11:0]) + 4 * 32'(request_len_o) <= 4096);
  // Of the bus: completions end with a word, which is so where they end at multiples of 64 bytes,
  // and the data of a request end with it.
  assert property (@(posedge clk_i) disable iff (!rst_ni)
      taken && completion_last_i && !completion_err_i |-> half_q);
  assert property (@(posedge clk_i) disable iff (!rst_ni)
      taken && half_q && word_last |-> completion_last_i && completion_end_i);
  assert property (@(posedge clk_i) disable iff (!rst_ni)
      taken && completion_last_i && completion_end_i && !completion_err_i |-> half_q && word_last);
  assert property (@(posedge clk_i) disable iff (!rst_ni) head_valid |-> count_q < head.words);
`endif

endmodule
