// Splits a range of beats into bursts.
//
// The bursts cover the range in order, without gap or overlap. None has more than MaxBurst beats
// and none crosses a multiple of MaxBurst beats, hence none crosses a 4 KiB boundary. An empty
// range gives no burst. clear_i drops the rest of the range. Throughput: one burst a cycle, one
// more cycle between ranges. Latency: two cycles.
module qkdpp_burst
  import qkdpp_top_pkg::*;
#(
  parameter int unsigned MaxBurst = 64
) (
  input  logic    clk_i,
  input  logic    rst_ni,
  input  logic    clear_i,

  input  logic    range_valid_i,
  output logic    range_ready_o,
  input  addr_t   range_addr_i,
  input  length_t range_beats_i,

  output logic    burst_valid_o,
  input  logic    burst_ready_i,
  output addr_t   burst_addr_o,
  output burst_t  burst_beats_o
);

  localparam int unsigned OffsetBits = $clog2(MaxBurst);

  if (MaxBurst < 2 || MaxBurst > 128 || MaxBurst != 2 ** OffsetBits) begin : g_bad_burst
    $error("MaxBurst must be a power of two from 2 to 128");
  end

  // What is left of the range.
  logic    busy_q, busy_d;
  addr_t   addr_q, addr_d;
  length_t left_q, left_d;
  // The burst at the output.
  logic    valid_q, valid_d;
  addr_t   burst_addr_q;
  burst_t  burst_beats_q;

  burst_t room, beats;
  logic   last, advance;

  assign room = burst_t'(MaxBurst) - burst_t'(addr_q[OffsetBits-1:0]);
  assign last = left_q <= length_t'(room);
  assign beats = last ? burst_t'(left_q) : room;
  assign advance = busy_q && (!valid_q || burst_ready_i);

  always_comb begin
    busy_d = busy_q;
    addr_d = addr_q;
    left_d = left_q;
    valid_d = valid_q && !burst_ready_i;
    if (advance) begin
      // Only the last burst ends anywhere but at a multiple of MaxBurst.
      addr_d = {addr_q[AddrBits-1:OffsetBits] + 1'b1, OffsetBits'(0)};
      left_d = left_q - length_t'(beats);
      busy_d = !last;
      valid_d = 1'b1;
    end
    if (range_valid_i && range_ready_o) begin
      addr_d = range_addr_i;
      left_d = range_beats_i;
      busy_d = range_beats_i != '0;
    end
    if (clear_i) begin
      busy_d = 1'b0;
      valid_d = 1'b0;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      busy_q <= 1'b0;
      valid_q <= 1'b0;
    end else begin
      busy_q <= busy_d;
      valid_q <= valid_d;
    end
  end

  always_ff @(posedge clk_i) begin
    addr_q <= addr_d;
    left_q <= left_d;
    if (advance) begin
      burst_addr_q <= addr_q;
      burst_beats_q <= beats;
    end
  end

  assign range_ready_o = !busy_q;
  assign burst_valid_o = valid_q;
  assign burst_addr_o = burst_addr_q;
  assign burst_beats_o = burst_beats_q;

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
      burst_valid_o && !burst_ready_i
      |=> burst_valid_o && $stable(burst_addr_o) && $stable(burst_beats_o));
  assert property (@(posedge clk_i) disable iff (!rst_ni)
      burst_valid_o |-> burst_beats_o != '0 && 32'(burst_beats_o) <= MaxBurst);
  assert property (@(posedge clk_i) disable iff (!rst_ni)
      burst_valid_o |-> 32'(burst_addr_o[6:0]) + 32'(burst_beats_o) <= 128);
  assert property (@(posedge clk_i) disable iff (!rst_ni) busy_q |-> left_q != '0);
`endif

endmodule
