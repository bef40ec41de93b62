// The inverse of φ: the number of thresholds (THR of kernels/SPEC.md §5.4) above a sum, 0 to 78.
//
// A sum below 64 is looked up. The others are sorted into cells by the place of their leading one (6 to 13) and the three
// bits below it: a cell holds at most one threshold, so a second table gives that threshold's low bits and one comparison
// decides. Sums of 16384 or more have no threshold above them.
//
// Throughput: one sum a cycle. Latency: one cycle, with a combinational half on either side of the register.
module qkdpp_ldpc_inverse
  import qkdpp_ldpc_pkg::*;
(
  input  logic                     clk_i,
  input  logic [SumBits-1:0]       sum_i,
  output logic [MagnitudeBits-1:0] magnitude_o
);

  localparam int unsigned LowBits = 10;  // of a sum below its leading one and three more bits, at most

  typedef logic [5:0] cell_t;

  // Number of thresholds above u.
  function automatic logic [MagnitudeBits-1:0] count_above(input int unsigned u);
    count_above = '0;
    for (int unsigned m = 0; m < Thresholds; m++) begin
      if (u < 32'(Threshold[m])) count_above++;
    end
  endfunction

  // The smallest sum of a cell: 8 cells for each leading one.
  function automatic int unsigned first_of(input int unsigned index);
    first_of = (8 + index % 8) << (3 + index / 8);
  endfunction

  logic  high_d, high_q;
  cell_t cell_d, cell_q;
  logic [LowBits-1:0] low_q;

  always_comb begin
    high_d = 1'b0;
    cell_d = sum_i[5:0];
    for (int unsigned lead = 6; lead < 14; lead++) begin
      if (sum_i[lead]) begin
        high_d = 1'b1;
        cell_d = {3'(lead - 6), sum_i[lead-1-:3]};
      end
    end
    if (|sum_i[SumBits-1:14]) begin
      high_d = 1'b1;
      cell_d = '1;
    end
  end

  always_ff @(posedge clk_i) begin
    high_q <= high_d;
    cell_q <= cell_d;
    low_q <= sum_i[LowBits-1:0];
  end

  // Constant tables, a bit of each at a time: the answer at the end of each cell, that below 64, the threshold in a cell.
  logic [MagnitudeBits-1:0] at_end, small_sum;
  logic [LowBits-1:0]       limit;

  function automatic logic [MagnitudeBits-1:0] end_of(input int unsigned index);
    return count_above(first_of(index) + (1 << (3 + index / 8)) - 1);
  endfunction

  // A threshold at the very start of a cell lies above no sum of it.
  function automatic logic [LowBits-1:0] limit_of(input int unsigned index);
    return count_above(first_of(index)) == end_of(index) ? '0 : LowBits'(Threshold[end_of(index)]);
  endfunction

  function automatic logic [63:0] ends(input int unsigned b);
    for (int unsigned i = 0; i < 64; i++) ends[i] = 1'(end_of(i) >> b);
  endfunction

  function automatic logic [63:0] smalls(input int unsigned b);
    for (int unsigned i = 0; i < 64; i++) smalls[i] = 1'(count_above(i) >> b);
  endfunction

  function automatic logic [63:0] limits(input int unsigned b);
    for (int unsigned i = 0; i < 64; i++) limits[i] = 1'(limit_of(i) >> b);
  endfunction

  for (genvar b = 0; b < MagnitudeBits; b++) begin : gen_answers
    localparam logic [63:0] Ends = ends(b);
    localparam logic [63:0] Smalls = smalls(b);
    assign at_end[b] = Ends[cell_q];
    assign small_sum[b] = Smalls[cell_q];
  end

  for (genvar b = 0; b < LowBits; b++) begin : gen_limits
    localparam logic [63:0] Limits = limits(b);
    assign limit[b] = Limits[cell_q];
  end

  logic below;
  assign below = low_q < limit;
  assign magnitude_o = high_q ? at_end + MagnitudeBits'(below) : small_sum;

endmodule
