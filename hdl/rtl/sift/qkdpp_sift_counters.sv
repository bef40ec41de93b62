// Counts the kept slots by the values of their first three planes (DEVICE.md §6.1).
//
// One plane of 256 slots a cycle, in order, each with the chunk's mask. The counters are right 4 cycles after a plane.
// Counter c is that of the slots with (plane 2, plane 1, plane 0) = c; absent planes are zero. Planes from the third
// on are ignored. clear_i zeroes the counters and forgets the planes.
module qkdpp_sift_counters
  import qkdpp_pkg::*;
(
  input  logic             clk_i,
  input  logic             rst_ni,
  input  logic             clear_i,

  input  logic             valid_i,
  input  logic [31:0]      plane_i,   // its number
  input  logic             single_i,  // there is only one plane
  input  beat_t            mask_i,
  input  beat_t            data_i,

  output logic [7:0][31:0] count_o
);

  localparam int unsigned CountBits = $clog2(BeatBits) + 1;
  localparam int unsigned Delay = 3;  // of qkdpp_popcount

  // Planes 0 and 1 of this chunk. The four classes of slots by these two are counted when both are known, and counted
  // again where plane 2 is one: these go from counter c to counter 4 + c.
  beat_t first_q, second_q;
  beat_t first, second, among;
  logic counts, moves;
  logic [Delay-1:0] counts_q, moves_q;
  logic [3:0][CountBits-1:0] class_count;
  logic [7:0][31:0] count_q;

  assign counts = valid_i && (plane_i == 32'd1 || (plane_i == 32'd0 && single_i));
  assign moves = valid_i && plane_i == 32'd2;
  assign first = plane_i == 32'd0 ? data_i : first_q;
  assign second = plane_i == 32'd0 ? '0 : plane_i == 32'd1 ? data_i : second_q;
  assign among = moves ? mask_i & data_i : counts ? mask_i : '0;

  always_ff @(posedge clk_i) begin
    if (clear_i) begin
      first_q <= '0;
      second_q <= '0;
    end else if (valid_i) begin
      if (plane_i == 32'd0) first_q <= data_i;
      if (plane_i == 32'd1) second_q <= data_i;
    end
  end

  for (genvar c = 0; c < 4; c++) begin : gen_class
    localparam bit [1:0] Class = c;

    qkdpp_popcount #(
      .Width(BeatBits)
    ) u_count (
      .clk_i,
      .data_i (among & (Class[0] ? first : ~first) & (Class[1] ? second : ~second)),
      .count_o(class_count[c])
    );
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      counts_q <= '0;
      moves_q <= '0;
    end else if (clear_i) begin
      counts_q <= '0;
      moves_q <= '0;
    end else begin
      counts_q <= {counts_q[Delay-2:0], counts};
      moves_q <= {moves_q[Delay-2:0], moves};
    end
  end

  always_ff @(posedge clk_i) begin
    for (int unsigned c = 0; c < 4; c++) begin
      if (clear_i) begin
        count_q[c] <= '0;
        count_q[4+c] <= '0;
      end else if (counts_q[Delay-1]) begin
        count_q[c] <= count_q[c] + 32'(class_count[c]);
      end else if (moves_q[Delay-1]) begin
        count_q[c] <= count_q[c] - 32'(class_count[c]);
        count_q[4+c] <= count_q[4+c] + 32'(class_count[c]);
      end
    end
  end

  assign count_o = count_q;

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni) clear_i |=> count_o == '0);
  assert property (@(posedge clk_i) disable iff (!rst_ni) !(counts_q[Delay-1] && moves_q[Delay-1]));
`endif

endmodule
