// Splits AXI4 bursts of 32-byte words into pieces that one PCI Express packet can carry.
//
// No piece has more than max_bytes_i or crosses a multiple of it, hence none crosses 4 KiB.
// max_bytes_i is 128, 256 or 512 and changes only while there is no burst. A piece that begins
// while enable_i is low is marked as refused. Throughput: one piece a cycle, also from one burst to
// the next. Latency: one cycle.
module qkdpp_litepcie_split #(
  parameter int unsigned IdBits = 4
) (
  input  logic              clk_i,
  input  logic              rst_ni,

  input  logic              enable_i,
  input  logic [9:0]        max_bytes_i,

  input  logic              burst_valid_i,
  output logic              burst_ready_o,
  input  logic [IdBits-1:0] burst_id_i,
  input  logic [63:0]       burst_addr_i,
  input  logic [7:0]        burst_len_i,

  output logic              piece_valid_o,
  input  logic              piece_ready_i,
  output logic [IdBits-1:0] piece_id_o,
  output logic [63:0]       piece_addr_o,
  output logic [4:0]        piece_words_o,   // 1 to 16
  output logic              piece_last_o,    // of its burst
  output logic              piece_refused_o
);

  // What is left of the burst, in words.
  logic              busy_q, busy_d;
  logic [IdBits-1:0] id_q, id_d;
  logic [58:0]       addr_q, addr_d;
  logic [7:0]        left_q, left_d;
  logic              refused_q, refused_d;

  logic [4:0] max_words, room;
  logic       next, taken;

  assign max_words = max_bytes_i[9:5];
  assign room = max_words - {1'b0, addr_q[3:0] & 4'(max_words - 5'd1)};
  assign piece_last_o = left_q <= 8'(room);
  assign piece_words_o = piece_last_o ? left_q[4:0] : room;

  assign piece_valid_o = busy_q;
  assign piece_id_o = id_q;
  assign piece_addr_o = {addr_q, 5'd0};
  assign piece_refused_o = refused_q;

  assign next = busy_q && piece_ready_i;
  assign burst_ready_o = !busy_q || (piece_ready_i && piece_last_o);
  assign taken = burst_valid_i && burst_ready_o;

  always_comb begin
    busy_d = busy_q && !(next && piece_last_o);
    id_d = id_q;
    addr_d = next ? addr_q + 59'(piece_words_o) : addr_q;
    left_d = next ? left_q - 8'(piece_words_o) : left_q;
    refused_d = next ? !enable_i : refused_q;
    if (taken) begin
      busy_d = 1'b1;
      id_d = burst_id_i;
      addr_d = burst_addr_i[63:5];
      left_d = burst_len_i + 8'd1;
      refused_d = !enable_i;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      busy_q <= 1'b0;
    end else begin
      busy_q <= busy_d;
    end
  end

  always_ff @(posedge clk_i) begin
    id_q <= id_d;
    addr_q <= addr_d;
    left_q <= left_d;
    refused_q <= refused_d;
  end

  logic unused_addr;
  assign unused_addr = |burst_addr_i[4:0];
  logic unused_max;
  assign unused_max = |max_bytes_i[4:0];

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni)
      burst_valid_i |-> burst_addr_i[4:0] == '0
      && 32'(burst_addr_i[11:5]) + 32'(burst_len_i) < 128);
  assert property (@(posedge clk_i) disable iff (!rst_ni)
      piece_valid_o |-> max_bytes_i == 10'd128 || max_bytes_i == 10'd256 || max_bytes_i == 10'd512);
  assert property (@(posedge clk_i) disable iff (!rst_ni)
      piece_valid_o |-> piece_words_o != '0 && piece_words_o <= max_words);
  assert property (@(posedge clk_i) disable iff (!rst_ni)
      piece_valid_o && !piece_ready_i
      |=> piece_valid_o && $stable({piece_id_o, piece_addr_o, piece_words_o, piece_last_o, piece_refused_o}));
`endif

endmodule
