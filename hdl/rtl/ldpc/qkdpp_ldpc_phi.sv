// φ of a grade: PHI of kernels/SPEC.md §5.4. Combinational.
module qkdpp_ldpc_phi
  import qkdpp_ldpc_pkg::*;
(
  input  logic [GradeBits-1:0] grade_i,
  output logic [PhiBits-1:0]   phi_o
);

  // Looked up a bit at a time, so that synthesis does not take the table for a memory.
  function automatic logic [2**GradeBits-1:0] column(input int unsigned b);
    for (int unsigned i = 0; i < 2 ** GradeBits; i++) column[i] = 1'(Phi[i] >> b);
  endfunction

  for (genvar b = 0; b < PhiBits; b++) begin : gen_bits
    localparam logic [2**GradeBits-1:0] Column = column(b);
    assign phi_o[b] = Column[grade_i];
  end

endmodule
