// The message of an edge: the number of thresholds (THR of kernels/SPEC.md §5.4) above a sum, 0 to 40, with its sign.
// Combinational.
//
// Sums below 64 and multiples of 32 are looked up; none has a threshold above it from 4096 on.
module qkdpp_ldpc_inverse
  import qkdpp_ldpc_pkg::*;
(
  input  logic [SumBits-1:0]     sum_i,
  input  logic                   zero_i,    // 0 instead
  input  logic                   negate_i,
  output logic [MessageBits-1:0] message_o
);

  localparam int unsigned LowBits = 6;
  localparam int unsigned HighBits = 7;
  localparam int unsigned Step = 32;

  // Number of thresholds above u that are at least `least`.
  function automatic logic [MagnitudeBits-1:0] count_above(input int unsigned u, input int unsigned least);
    count_above = '0;
    for (int unsigned m = 0; m < Thresholds; m++) begin
      if (u < 32'(Threshold[m]) && 32'(Threshold[m]) >= least) count_above++;
    end
  endfunction

  // Bit b of the answers.
  function automatic logic [2**LowBits-1:0] low_column(input int unsigned b);
    for (int unsigned i = 0; i < 2 ** LowBits; i++) low_column[i] = 1'(count_above(i, 0) >> b);
  endfunction

  function automatic logic [2**HighBits-1:0] high_column(input int unsigned b);
    for (int unsigned i = 0; i < 2 ** HighBits; i++) high_column[i] = 1'(count_above(Step * i, 2 ** LowBits) >> b);
  endfunction

  logic is_low, zero;
  assign is_low = sum_i[PhiBits-2:LowBits] == '0;
  assign zero = zero_i || sum_i[SumBits-1:PhiBits-1] != '0;

  logic [MagnitudeBits-1:0] low, high, magnitude;
  for (genvar b = 0; b < MagnitudeBits; b++) begin : gen_bits
    localparam logic [2**LowBits-1:0] LowColumn = low_column(b);
    localparam logic [2**HighBits-1:0] HighColumn = high_column(b);
    assign low[b] = LowColumn[sum_i[LowBits-1:0]];
    assign high[b] = HighColumn[sum_i[PhiBits-2:$clog2(Step)]];
  end

  assign magnitude = zero ? '0 : is_low ? low : high;
  assign message_o = {negate_i, magnitude ^ {MagnitudeBits{negate_i}}};

`ifndef SYNTHESIS
  for (genvar m = 0; m < Thresholds; m++) begin : gen_thresholds
    if (32'(Threshold[m]) >= 2 ** LowBits && 32'(Threshold[m]) % Step != 0) begin : gen_step
      $error("a threshold is no multiple of the step");
    end
  end

  logic [MagnitudeBits-1:0] expected;
  always_comb begin
    expected = zero_i ? '0 : count_above(32'(sum_i), 0);
    assert (plus(message_o, '0) == (negate_i ? -RestBits'(expected) : RestBits'(expected)));
  end
`endif

endmodule
