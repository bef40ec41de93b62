// Product of a Hankel matrix (a Toeplitz matrix upside down) with a vector over GF(2): y[i] = ⊕_j m[i + j]·v[j].
//
// Karatsuba's method: with halves of h bits, windows of the matrix M(m[k..]) of h × h, and d[i] = m[i] ⊕ m[i + h],
//
//   middle = M(m[h..])·(v0 ⊕ v1)    low = M(d[0..])·v0    high = M(d[h..])·v1
//   y = (middle ⊕ low, middle ⊕ high)
//
// down to leaves of LeafBits. Each other level has registers, before and after its three products, so that there are at
// most two additions between registers; each leaf has two more.
//
// Throughput: one product a cycle. Latency: 2·⌊log2(Bits / LeafBits) / 2⌋ + 2 cycles.
module qkdpp_toeplitz_product #(
  parameter int unsigned Bits = 512,
  parameter int unsigned LeafBits = 16
) (
  input  logic              clk_i,
  input  logic [2*Bits-2:0] matrix_i,
  input  logic [Bits-1:0]   vector_i,
  output logic [Bits-1:0]   product_o
);

  if (Bits <= LeafBits) begin : gen_leaf
    qkdpp_toeplitz_leaf #(
      .Bits(Bits)
    ) u_leaf (
      .clk_i,
      .matrix_i,
      .vector_i,
      .product_o
    );
  end else begin : gen_split
    localparam int unsigned Half = Bits / 2;
    localparam bit Registered = $clog2(Bits / LeafBits) % 2 == 0;

    logic [3*Half-2:0] differences_d, differences;
    logic [Bits-2:0] middle_matrix;
    logic [Half-1:0] both_d, both, low, high;
    logic [Half-1:0] middle_product, low_product, high_product;
    logic [Bits-1:0] product_d;

    assign differences_d = matrix_i[3*Half-2:0] ^ matrix_i[4*Half-2:Half];
    assign both_d = vector_i[Half-1:0] ^ vector_i[Bits-1:Half];
    assign product_d = {middle_product ^ high_product, middle_product ^ low_product};

    if (Registered) begin : gen_registers
      always_ff @(posedge clk_i) begin
        differences <= differences_d;
        middle_matrix <= matrix_i[Half+:Bits-1];
        both <= both_d;
        {high, low} <= vector_i;
        product_o <= product_d;
      end
    end else begin : gen_wires
      assign differences = differences_d;
      assign middle_matrix = matrix_i[Half+:Bits-1];
      assign both = both_d;
      assign {high, low} = vector_i;
      assign product_o = product_d;
    end

    qkdpp_toeplitz_product #(
      .Bits(Half),
      .LeafBits(LeafBits)
    ) u_middle (
      .clk_i,
      .matrix_i(middle_matrix),
      .vector_i(both),
      .product_o(middle_product)
    );

    qkdpp_toeplitz_product #(
      .Bits(Half),
      .LeafBits(LeafBits)
    ) u_low (
      .clk_i,
      .matrix_i(differences[Bits-2:0]),
      .vector_i(low),
      .product_o(low_product)
    );

    qkdpp_toeplitz_product #(
      .Bits(Half),
      .LeafBits(LeafBits)
    ) u_high (
      .clk_i,
      .matrix_i(differences[Half+:Bits-1]),
      .vector_i(high),
      .product_o(high_product)
    );
  end

endmodule
