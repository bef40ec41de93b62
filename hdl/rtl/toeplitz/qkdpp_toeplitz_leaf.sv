// Product of a small Hankel matrix with a vector over GF(2), by the definition: y[i] = ⊕_j matrix[i + j]·vector[j].
//
// The leaf of qkdpp_toeplitz_product. Sums of three products, then sums of these: each of the former fits one LUT of
// six inputs, as does the sum of six of them, so that 16 bits cost seven LUTs in two levels for each output bit.
//
// Throughput: one product a cycle. Latency: 2 cycles.
module qkdpp_toeplitz_leaf #(
  parameter int unsigned Bits = 16
) (
  input  logic                clk_i,
  input  logic [2*Bits-2:0]   matrix_i,
  input  logic [Bits-1:0]     vector_i,
  output logic [Bits-1:0]     product_o
);

  /* verilator no_inline_module */

  localparam int unsigned Terms = 3;
  localparam int unsigned Groups = (Bits + Terms - 1) / Terms;

  logic [2*Bits-2:0] matrix_q;
  logic [Bits-1:0] vector_q;
  logic [Bits-1:0] product_d, product_q;

  always_comb begin
    product_d = '0;
    for (int unsigned group = 0; group < Groups; group++) begin
      logic [Bits-1:0] sum;
      sum = '0;
      for (int unsigned term = Terms * group; term < Terms * (group + 1) && term < Bits; term++) begin
        sum ^= matrix_q[term+:Bits] & {Bits{vector_q[term]}};
      end
      product_d ^= sum;
    end
  end

  always_ff @(posedge clk_i) begin
    matrix_q <= matrix_i;
    vector_q <= vector_i;
    product_q <= product_d;
  end

  assign product_o = product_q;

`ifndef SYNTHESIS
  // The first and the last row in another way.
  assert property (@(posedge clk_i) product_d[0] == ^(matrix_q[Bits-1:0] & vector_q));
  assert property (@(posedge clk_i) product_d[Bits-1] == ^(matrix_q[2*Bits-2:Bits-1] & vector_q));
`endif

endmodule
