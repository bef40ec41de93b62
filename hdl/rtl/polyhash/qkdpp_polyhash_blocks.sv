// Which block of a job comes next, for qkdpp_polyhash: its place in segment and beat, and what is done with it.
//
// A step a cycle. bad_o is right in the cycle after job_i, all else from the third cycle of start_i and after a step.
module qkdpp_polyhash_blocks #(
  parameter int unsigned Turns = 7
) (
  input  logic           clk_i,
  input  logic           rst_ni,

  input  logic           job_i,           // the next three are a job's
  input  logic [31:0]    segments_i,
  input  logic [31:0]    full_bits_i,     // of each segment but the last
  input  logic [31:0]    last_bits_i,
  output logic           bad_o,           // that is no job
  input  logic           start_i,         // go to the first block
  input  logic           next_i,          // go to the next one

  output logic           length_o,        // it is a length block,
  output logic [31:0]    length_bits_o,   // with this value;
  output logic           high_o,          // otherwise the high half of a beat
  output logic           pops_o,          // and the last one in its beat
  output logic           first_o,         // of its segment
  output logic           last_data_o,     // the last block before the length block
  output logic           last_segment_o,
  output logic           looped_o,        // Turns blocks of its segment came before
  output logic           again_o,         // more than Turns blocks of its segment are left, with this one
  output logic [Turns:1] power_o          // which power is its factor
);

  localparam int unsigned TurnBits = $clog2(Turns + 1);
  // Blocks of the longest segment: 2^25 and the length block.
  localparam int unsigned BlockBits = 26;

  logic [31:0] segments_q;              // segments left, the current one included
  logic [31:0] full_bits_q, last_bits_q;
  logic [BlockBits-1:0] full_blocks_q, last_blocks_q;
  logic full_short_q, last_short_q;     // one block of data and the length block
  logic only_q, next_last_q;            // segments_q is 1, 2
  logic [BlockBits-1:0] left_q;         // blocks of the segment that have not come yet
  logic length_q;                       // left_q is 1
  logic last_data_q;                    // left_q is 2
  logic last_segment_q;                 // segments_q is 1
  logic [TurnBits-1:0] age_q;           // blocks of the segment that have come, at most Turns
  logic high_q;

  // Blocks of a segment of that many bits, its length block included.
  function automatic logic [BlockBits-1:0] blocks_of(input logic [31:0] bits);
    return BlockBits'(bits[31:7]) + BlockBits'(bits[6:0] != '0) + BlockBits'(1);
  endfunction

  always_ff @(posedge clk_i) begin
    if (job_i) begin
      full_bits_q <= full_bits_i;
      last_bits_q <= last_bits_i;
    end
    full_blocks_q <= blocks_of(full_bits_q);
    last_blocks_q <= blocks_of(last_bits_q);
    full_short_q <= full_blocks_q == BlockBits'(2);
    last_short_q <= last_blocks_q == BlockBits'(2);
    // A cycle late, which is early enough: a segment has two blocks at least.
    only_q <= segments_q == 32'd1;
    next_last_q <= segments_q == 32'd2;
  end

  always_ff @(posedge clk_i) begin
    if (job_i) begin
      segments_q <= segments_i;
    end else if (next_i && length_q) begin
      segments_q <= segments_q - 32'd1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (start_i) begin
      left_q <= only_q ? last_blocks_q : full_blocks_q;
    end else if (next_i) begin
      left_q <= length_q ? (next_last_q ? last_blocks_q : full_blocks_q) : left_q - BlockBits'(1);
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      length_q <= 1'b0;
      last_data_q <= 1'b0;
      last_segment_q <= 1'b0;
      age_q <= '0;
      high_q <= 1'b0;
    end else if (start_i) begin
      length_q <= 1'b0;
      last_data_q <= only_q ? last_short_q : full_short_q;
      last_segment_q <= only_q;
      age_q <= '0;
      high_q <= 1'b0;
    end else if (next_i) begin
      length_q <= last_data_q;
      last_data_q <= left_q == BlockBits'(3);
      if (age_q != TurnBits'(Turns)) age_q <= age_q + TurnBits'(1);
      high_q <= !length_q && !pops_o;
      if (length_q) begin
        last_data_q <= next_last_q ? last_short_q : full_short_q;
        last_segment_q <= next_last_q;
        age_q <= '0;
      end
    end
  end

  always_comb begin
    for (int unsigned i = 1; i < Turns; i++) begin
      power_o[i] = left_q == BlockBits'(i);
    end
    power_o[Turns] = left_q >= BlockBits'(Turns);
  end

  assign bad_o = segments_q == '0 || segments_q > 32'h8000_0000 || last_bits_q == '0 || last_bits_q > full_bits_q;
  assign length_o = length_q;
  assign length_bits_o = last_segment_q ? last_bits_q : full_bits_q;
  assign high_o = high_q;
  assign pops_o = !length_q && (high_q || last_data_q);
  assign first_o = age_q == '0;
  assign last_data_o = last_data_q;
  assign last_segment_o = last_segment_q;
  assign looped_o = age_q == TurnBits'(Turns);
  assign again_o = left_q > BlockBits'(Turns);

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni) next_i |-> !start_i && !job_i && left_q != '0);
  assert property (@(posedge clk_i) disable iff (!rst_ni) next_i |-> length_q == (left_q == BlockBits'(1)));
  assert property (@(posedge clk_i) disable iff (!rst_ni) next_i |-> last_data_q == (left_q == BlockBits'(2)));
  assert property (@(posedge clk_i) disable iff (!rst_ni) next_i |-> last_segment_q == (segments_q == 32'd1));
`endif

endmodule
