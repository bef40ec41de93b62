// φ of a total: magnitude limited to 127, then PHI of kernels/SPEC.md §5.4, and the sign. Combinational.
//
// Magnitudes below 64 are looked up, each bit a function of six. Those from 64 on are taken for 63, whose φ is 3, and
// these two bits are then masked: φ is 3 at 64, 2 up to 68, 1 up to 77 and 0 beyond.
module qkdpp_ldpc_phi
  import qkdpp_ldpc_pkg::*;
(
  input  logic [TotalBits-1:0] total_i,
  output logic [PhiBits-1:0]   phi_o,
  output logic                 negative_o
);

  localparam int unsigned TopBits = TotalBits - 7;

  logic               negative, below_64, below_128;
  logic [TopBits-1:0] top;  // equal to the sign where the magnitude is below 64
  logic [5:0]         low, magnitude;
  logic [1:0]         tail;

  assign negative = total_i[TotalBits-1];
  assign top = total_i[TotalBits-2:6] ^ {TopBits{negative}};
  assign low = total_i[5:0];
  assign below_64 = top == '0 && !(negative && low == '0);
  assign below_128 = top == TopBits'(1);

  // The carry into bit 0 completes the negation.
  assign magnitude = 6'(({(low ^ {6{negative}}) | {6{!below_64}}, 1'b1} + 7'(negative && below_64)) >> 1);

  function automatic logic [63:0] column(input int unsigned b);
    for (int unsigned i = 0; i < 64; i++) column[i] = 1'(Phi[i] >> b);
  endfunction

  // Bit b of φ from 64 to 127, by the low bits of the total.
  function automatic logic [63:0] tail_column(input logic sign, input int unsigned b);
    for (int unsigned i = 0; i < 64; i++) tail_column[i] = 1'(Phi[sign ? (128 - i) % 128 : 64 + i] >> b);
  endfunction

  for (genvar b = 0; b < PhiBits; b++) begin : gen_bits
    localparam logic [63:0] Column = column(b);
    if (b >= 2) begin : gen_upper
      assign phi_o[b] = Column[magnitude];
    end else begin : gen_tail
      localparam logic [63:0] Positive = tail_column(1'b0, b);
      localparam logic [63:0] Negative = tail_column(1'b1, b) & ~64'd1;
      assign tail[b] = (below_128 && (negative ? Negative[low] : Positive[low])) ||
          (top == '0 && negative && low == '0);
      assign phi_o[b] = Column[magnitude] && (below_64 || tail[b]);
    end
  end

  assign negative_o = negative;

`ifndef SYNTHESIS
  logic [TotalBits-1:0] absolute;
  assign absolute = negative ? -total_i : total_i;
  always_comb begin
    assert (phi_o == Phi[absolute > TotalBits'(127) ? 7'd127 : absolute[6:0]]);
  end
`endif

endmodule
