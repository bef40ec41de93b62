// Product in GF(2^128) modulo x^128 + x^7 + x^2 + x + 1; bit i of an operand is its coefficient of x^i (SPEC §6).
//
// Three levels of Karatsuba leave 27 products of 16 bits instead of 64. One product a cycle, `Stages` cycles after its
// operands. No reset: what comes out in the first `Stages` cycles is arbitrary.
module qkdpp_gf128_mul #(
  parameter int unsigned Stages = 5  // 1 to 5 register stages, the last at the output
) (
  input  logic         clk_i,
  input  logic [127:0] a_i,
  input  logic [127:0] b_i,
  output logic [127:0] product_o
);

  // The operands of the 27 small products, numbered in base 3 with the most significant half first: a digit takes the
  // low half (0), the high half (1) or their sum (2).
  typedef logic [26:0][15:0] operands_t;

  // Whether half `half` belongs to digit `digit`.
  function automatic logic takes(input int digit, input int half);
    return digit == 2 || digit == half;
  endfunction

  function automatic operands_t spread(input logic [127:0] element);
    operands_t operands;
    operands = '0;
    for (int index = 0; index < 27; index++) begin
      for (int word = 0; word < 8; word++) begin
        if (takes(index / 9, word / 4) && takes(index / 3 % 3, word / 2 % 2) && takes(index % 3, word % 2)) begin
          operands[index] = operands[index] ^ element[16*word+:16];
        end
      end
    end
    return operands;
  endfunction

  function automatic logic [30:0] multiply(input logic [15:0] a, input logic [15:0] b);
    logic [30:0] product;
    product = '0;
    for (int i = 0; i < 16; i++) begin
      product = product ^ (a[i] ? 31'(b) << i : 31'd0);
    end
    return product;
  endfunction

  // Karatsuba's joins: products of the low halves, the high halves and the sums of both halves.
  function automatic logic [62:0] join_16(input logic [2:0][30:0] part);
    logic [30:0] middle_part;
    middle_part = part[0] ^ part[1] ^ part[2];
    return 63'(part[0]) ^ (63'(middle_part) << 16) ^ (63'(part[1]) << 32);
  endfunction

  function automatic logic [126:0] join_32(input logic [2:0][62:0] part);
    logic [62:0] middle_part;
    middle_part = part[0] ^ part[1] ^ part[2];
    return 127'(part[0]) ^ (127'(middle_part) << 32) ^ (127'(part[1]) << 64);
  endfunction

  function automatic logic [254:0] join_64(input logic [2:0][126:0] part);
    logic [126:0] middle_part;
    middle_part = part[0] ^ part[1] ^ part[2];
    return 255'(part[0]) ^ (255'(middle_part) << 64) ^ (255'(part[1]) << 128);
  endfunction

  // x^128 = x^7 + x^2 + x + 1: the high half comes down four times, and what that shifts out again.
  function automatic logic [127:0] reduce(input logic [254:0] product);
    logic [127:0] high;
    high = {1'b0, product[254:128]};
    high = high ^ {121'd0, high[127:121]} ^ {126'd0, high[127:126]} ^ {127'd0, high[127]};
    return product[127:0] ^ high ^ (high << 1) ^ (high << 2) ^ (high << 7);
  endfunction

  // Where the registers are: after the spreading, the small products, two joins, the last join.
  localparam bit RegisterSpread = Stages >= 4;
  localparam bit RegisterProducts = Stages >= 2;
  localparam bit RegisterMiddle = Stages >= 3;
  localparam bit RegisterWhole = Stages >= 5;

  operands_t a_spread, b_spread, a_spread_d, b_spread_d;
  logic [26:0][30:0] products, products_d;
  logic [2:0][126:0] middle, middle_d;
  logic [254:0] whole, whole_d;

  assign a_spread_d = spread(a_i);
  assign b_spread_d = spread(b_i);
  assign whole_d = join_64(middle);

  always_comb begin
    for (int index = 0; index < 27; index++) begin
      products_d[index] = multiply(a_spread[index], b_spread[index]);
    end
    for (int third = 0; third < 3; third++) begin
      middle_d[third] = join_32({join_16(products[9*third+6+:3]), join_16(products[9*third+3+:3]),
                                 join_16(products[9*third+:3])});
    end
  end

  if (RegisterSpread) begin : gen_spread
    always_ff @(posedge clk_i) begin
      {a_spread, b_spread} <= {a_spread_d, b_spread_d};
    end
  end else begin : gen_no_spread
    assign {a_spread, b_spread} = {a_spread_d, b_spread_d};
  end

  if (RegisterProducts) begin : gen_products
    always_ff @(posedge clk_i) begin
      products <= products_d;
    end
  end else begin : gen_no_products
    assign products = products_d;
  end

  if (RegisterMiddle) begin : gen_middle
    always_ff @(posedge clk_i) begin
      middle <= middle_d;
    end
  end else begin : gen_no_middle
    assign middle = middle_d;
  end

  if (RegisterWhole) begin : gen_whole
    always_ff @(posedge clk_i) begin
      whole <= whole_d;
    end
  end else begin : gen_no_whole
    assign whole = whole_d;
  end

  always_ff @(posedge clk_i) begin
    product_o <= reduce(whole);
  end

`ifndef SYNTHESIS
  if (Stages < 1 || Stages > 5) begin : gen_bad_stages
    $error("Stages must be 1 to 5");
  end
`endif

endmodule
