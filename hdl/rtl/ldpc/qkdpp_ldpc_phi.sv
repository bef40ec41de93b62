// φ of a total: magnitude limited to 127, then PHI of kernels/SPEC.md §5.4, and the sign. Combinational.
//
// The table is cut so that its bits are functions of six bits: what is 256 or more belongs to magnitudes below 32, what is
// 4 or more to magnitudes below 64.
module qkdpp_ldpc_phi
  import qkdpp_ldpc_pkg::*;
(
  input  logic [TotalBits-1:0] total_i,
  output logic [PhiBits-1:0]   phi_o,
  output logic                 negative_o
);

  logic [7:0] magnitude;
  logic       beyond, above_31;

  assign negative_o = total_i[TotalBits-1];
  // The carry into bit 0 completes the negation; −128 gives 128.
  assign magnitude = 8'(({1'b0, total_i[6:0] ^ {7{negative_o}}, negative_o} + 9'd1) >> 1);
  assign beyond = magnitude[7] || total_i[TotalBits-2:7] != {(TotalBits - 8) {negative_o}};
  assign above_31 = beyond || magnitude[6] || magnitude[5];

  function automatic logic [63:0] column(input int unsigned from, input int unsigned b);
    for (int unsigned i = 0; i < 64; i++) column[i] = 1'(Phi[7'(from+i)] >> b);
  endfunction

  for (genvar b = 0; b < PhiBits; b++) begin : gen_bits
    localparam logic [63:0] Low = column(0, b);
    localparam logic [63:0] High = column(64, b);
    if (b >= 8) begin : gen_steep
      assign phi_o[b] = Low[{above_31, magnitude[4:0]}];
    end else if (b >= 2) begin : gen_middle
      assign phi_o[b] = Low[magnitude[5:0]] && !magnitude[6] && !beyond;
    end else begin : gen_tail
      assign phi_o[b] = (magnitude[6] ? High[magnitude[5:0]] : Low[magnitude[5:0]]) && !beyond;
    end
  end

`ifndef SYNTHESIS
  always_comb begin
    assert (phi_o == (beyond ? '0 : Phi[magnitude[6:0]]));
  end
`endif

endmodule
