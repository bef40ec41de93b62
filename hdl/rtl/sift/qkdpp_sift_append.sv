// Makes full beats of compacted chunks, for several planes with a common mask: the last step of qkdpp_sift.
//
// Chunks come plane by plane, all planes of a chunk with the same count. A plane's residue, what does not fill a beat
// yet, is kept; a chunk is rotated to the residue's end and completes the beat or lengthens the residue. A *flush* of a
// plane gives its residue as a beat, if there is any, and leaves none.
//
// One chunk of a plane a cycle, latency 2 cycles of `advance_i` to a beat at the output. Chunks of zeros leave nothing
// behind in the pipeline; flushed residues are zero.
module qkdpp_sift_append
  import qkdpp_pkg::*;
#(
  parameter int unsigned Planes = 4,
  localparam int unsigned PlaneBits = Planes > 1 ? $clog2(Planes) : 1,
  localparam int unsigned FillBits = $clog2(BeatBits)
) (
  input  logic                 clk_i,
  input  logic                 rst_ni,
  input  logic                 clear_i,    // forget the residues
  input  logic                 advance_i,

  input  logic                 in_valid_i,
  input  logic                 in_flush_i,
  input  logic                 in_last_i,  // of the planes of this chunk
  input  logic [PlaneBits-1:0] in_plane_i,
  input  logic [FillBits:0]    in_count_i,
  input  beat_t                in_data_i,

  output logic                 out_valid_o,
  output beat_t                out_data_o
);

  localparam int unsigned FineBits = FillBits / 2;

  typedef struct packed {
    logic                 valid;
    logic                 emit;   // completes a beat
    logic [PlaneBits-1:0] plane;
  } mark_t;

  function automatic beat_t rotate(input beat_t data, input logic [FillBits-1:0] by);
    beat_t rotated;
    rotated = data;
    for (int unsigned k = 0; k < FillBits; k++) begin
      if (by[k]) rotated = (rotated << (1 << k)) | (rotated >> (BeatBits - (1 << k)));
    end
    return rotated;
  endfunction

  // Bits of every residue.
  logic [FillBits-1:0] fill_q;
  logic [FillBits:0] sum;
  beat_t fine_q, data_q, below_q, below, kept_below;
  logic [FillBits-1:0] fine_fill_q;
  mark_t fine_mark_q, mark_q;
  beat_t [Planes-1:0] residue_q;
  beat_t residue, current;

  assign sum = {1'b0, fill_q} + in_count_i;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      fill_q <= '0;
    end else if (clear_i) begin
      fill_q <= '0;
    end else if (advance_i && in_valid_i && in_last_i) begin
      fill_q <= in_flush_i ? '0 : sum[FillBits-1:0];
    end
  end

  // First cycle: rotation by the lower digits of the fill.
  always_ff @(posedge clk_i) begin
    if (advance_i) begin
      fine_q <= rotate(in_data_i, fill_q & FillBits'((1 << FineBits) - 1));
      fine_fill_q <= fill_q;
    end
  end

  // Second cycle: the upper digits, and which bits lie below the fill.
  always_comb begin
    for (int unsigned i = 0; i < BeatBits; i++) begin
      below[i] = i < 32'(fine_fill_q);
    end
  end

  always_ff @(posedge clk_i) begin
    if (advance_i) begin
      data_q <= rotate(fine_q, fine_fill_q & ~FillBits'((1 << FineBits) - 1));
      below_q <= below;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      fine_mark_q <= '0;
      mark_q <= '0;
    end else if (clear_i) begin
      fine_mark_q <= '0;
      mark_q <= '0;
    end else if (advance_i) begin
      fine_mark_q.valid <= in_valid_i;
      fine_mark_q.emit <= in_valid_i && (in_flush_i ? fill_q != '0 : sum[FillBits]);
      fine_mark_q.plane <= in_plane_i;
      mark_q <= fine_mark_q;
    end
  end

  // Third cycle: what was rotated to the fill and above joins the residue; what went round is the next residue.
  always_comb begin
    residue = '0;
    for (int unsigned p = 0; p < Planes; p++) begin
      residue = residue | (mark_q.plane == PlaneBits'(p) ? residue_q[p] : '0);
    end
    current = residue | (data_q & ~below_q);
    kept_below = data_q & below_q;
  end

  always_ff @(posedge clk_i) begin
    for (int unsigned p = 0; p < Planes; p++) begin
      if (clear_i) begin
        residue_q[p] <= '0;
      end else if (advance_i && mark_q.valid && mark_q.plane == PlaneBits'(p)) begin
        residue_q[p] <= mark_q.emit ? kept_below : current;
      end
    end
  end

  assign out_valid_o = mark_q.emit;
  assign out_data_o = current;

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
    !advance_i |=> $stable(out_valid_o) && $stable(out_data_o));
  // A residue has nothing at its end and above.
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i) mark_q.valid |-> (residue & ~below_q) == '0);
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
    in_valid_i && in_flush_i |-> in_count_i == '0);
`endif

endmodule
