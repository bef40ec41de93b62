// The message of an edge: the number of thresholds (THR of kernels/SPEC.md §5.4) above a sum, 0 to 78, with its sign. Or
// else a given magnitude.
//
// A sum below 64 is looked up. The others are sorted into cells by the place of their leading one (6 to 13) and the three
// bits below it: a cell holds at most one threshold, so a second table gives that threshold's low bits and one comparison
// decides. Sums of 16384 or more have no threshold above them.
//
// Throughput: one sum a cycle. Latency: one cycle, with a combinational half on either side of the register. The inputs but
// the sum belong to the second half.
module qkdpp_ldpc_inverse
  import qkdpp_ldpc_pkg::*;
(
  input  logic                     clk_i,
  input  logic [SumBits-1:0]       sum_i,
  input  logic                     negate_i,
  input  logic                     given_i,
  input  logic [MagnitudeBits-1:0] magnitude_i,
  output logic [MessageBits-1:0]   message_o  // in two's complement
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
  cell_t cell_d, inverted_q, cell_at;
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
    inverted_q <= ~cell_d;
    low_q <= high_d ? sum_i[LowBits-1:0] : '1;  // above any threshold
  end

  // The inverse is kept for the reason given in qkdpp_ldpc_phi.
  assign cell_at = ~inverted_q;

  // Constant tables: the answer of a sum below 64 or at the end of a cell, the threshold in a cell.
  typedef logic [63:0][LowBits-1:0] table_t;

  function automatic logic [MagnitudeBits-1:0] end_of(input int unsigned index);
    return count_above(first_of(index) + (1 << (3 + index / 8)) - 1);
  endfunction

  // A threshold at the very start of a cell lies above no sum of it.
  function automatic logic [LowBits-1:0] limit_of(input int unsigned index);
    logic [MagnitudeBits-1:0] last;
    last = end_of(index);
    return count_above(first_of(index)) == last ? '0 : LowBits'(Threshold[last]);
  endfunction

  function automatic table_t smalls();
    for (int unsigned i = 0; i < 64; i++) smalls[i] = LowBits'(count_above(i));
  endfunction

  function automatic table_t ends();
    for (int unsigned i = 0; i < 64; i++) ends[i] = LowBits'(end_of(i));
  endfunction

  function automatic table_t limits();
    for (int unsigned i = 0; i < 64; i++) limits[i] = limit_of(i);
  endfunction

  localparam table_t Smalls = smalls();
  localparam table_t Ends = ends();
  localparam table_t Limits = limits();

  // They are looked up a bit at a time.
  function automatic logic [63:0] column(input table_t words, input int unsigned b);
    for (int unsigned i = 0; i < 64; i++) column[i] = 1'(words[i] >> b);
  endfunction

  logic [MagnitudeBits-1:0] answer;
  logic [LowBits-1:0]       limit;

  for (genvar b = 0; b < MagnitudeBits; b++) begin : gen_answers
    localparam logic [63:0] Small = column(Smalls, b);
    localparam logic [63:0] End = column(Ends, b);
    assign answer[b] = high_q ? End[cell_at] : Small[cell_at];
  end

  for (genvar b = 0; b < LowBits; b++) begin : gen_limits
    localparam logic [63:0] Limit = column(Limits, b);
    assign limit[b] = Limit[cell_at];
  end

  // ±(answer + below): the carry into bit 0 is either the one more or what completes the negation.
  logic                   below, carry;
  logic [MessageBits-1:0] ones;
  assign below = low_q < limit && !given_i;
  assign carry = below ^ negate_i;
  assign ones = {1'b0, given_i ? magnitude_i : answer} ^ {MessageBits{negate_i}};
  assign message_o = MessageBits'(carry) + ones;

endmodule
