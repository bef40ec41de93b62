// Compaction by a mask: the kept slots of a word move down to its low end, in their order; zeros follow (SPEC §2).
//
// Width slots a cycle, mask and data side by side. Latency log2(Width) cycles, and one more for each level that joins
// groups of 16 slots or more (12 cycles for 256), counting the cycles with `advance_i`; everything holds while it is
// low. A tag travels with each word. Where in_valid_i is low zeros go in, so that nothing of a word stays behind it.
//
//   slots    a b c d e f g h      mask 1 0 1 1 0 0 1 0
//   level 1  a . c d . . g .      groups of 2, each with its count
//   level 2  a c d . g . . .      groups of 4: the upper pair moves down
//   level 3  a c d g . . . .
module qkdpp_compact #(
  parameter int unsigned Width = 256,  // a power of two
  parameter int unsigned TagBits = 1
) (
  input  logic                   clk_i,
  input  logic                   rst_ni,
  input  logic                   clear_i,
  input  logic                   advance_i,

  input  logic                   in_valid_i,
  input  logic [Width-1:0]       in_mask_i,
  input  logic [Width-1:0]       in_data_i,
  input  logic [TagBits-1:0]     in_tag_i,

  output logic                   out_valid_o,
  output logic [$clog2(Width):0] out_count_o,
  output logic [Width-1:0]       out_data_o,
  output logic [TagBits-1:0]     out_tag_o
);

  localparam int unsigned Levels = $clog2(Width);
  localparam int unsigned SplitLevels = Levels > 4 ? Levels - 4 : 0;
  localparam int unsigned Latency = Levels + SplitLevels;

  logic [Width-1:0] mask;
  assign mask = in_valid_i ? in_mask_i : '0;

  for (genvar l = 0; l < Levels; l++) begin : gen_level
    localparam int unsigned Half = 1 << l;
    localparam int unsigned Groups = Width / Half / 2;

    logic [2*Groups-1:0][l:0] count_in;
    logic [2*Groups-1:0][Half-1:0] data_in;
    logic [Groups-1:0][l+1:0] count;
    logic [Groups-1:0][2*Half-1:0] data;

    if (l == 0) begin : gen_first
      assign count_in = mask;
      assign data_in = in_data_i & mask;
    end else begin : gen_next
      assign count_in = gen_level[l-1].count;
      assign data_in = gen_level[l-1].data;
    end

    qkdpp_compact_level #(
      .Width(Width),
      .Half (Half)
    ) u_level (
      .clk_i,
      .advance_i,
      .count_i(count_in),
      .data_i (data_in),
      .count_o(count),
      .data_o (data)
    );
  end

  logic [Latency-1:0] valid_q;
  logic [Latency-1:0][TagBits-1:0] tag_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      valid_q <= '0;
    end else if (clear_i) begin
      valid_q <= '0;
    end else if (advance_i) begin
      valid_q <= {valid_q[Latency-2:0], in_valid_i};
    end
  end

  always_ff @(posedge clk_i) begin
    if (advance_i) tag_q <= {tag_q[Latency-2:0], in_tag_i};
  end

  assign out_valid_o = valid_q[Latency-1];
  assign out_count_o = gen_level[Levels-1].count;
  assign out_data_o = gen_level[Levels-1].data;
  assign out_tag_o = tag_q[Latency-1];

`ifndef SYNTHESIS
  if (Width < 4 || Width != 1 << Levels) begin : gen_bad_width
    $error("Width must be a power of two, at least 4");
  end

  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
    !advance_i |=> $stable(out_valid_o) && $stable(out_data_o) && $stable(out_count_o));
  // Behind the kept slots there are zeros.
  assert property (@(posedge clk_i) disable iff (!rst_ni) out_valid_o |-> (out_data_o >> out_count_o) == '0);
`endif

endmodule
