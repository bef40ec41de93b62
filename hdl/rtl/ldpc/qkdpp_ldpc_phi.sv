// φ of a total: magnitude limited to 127, then PHI of kernels/SPEC.md §5.4, and the sign; nothing for an absent edge.
//
// Throughput: one total a cycle. Latency: one cycle: the magnitude before the register, the table behind it.
//
// A magnitude below 64 is the address of a table. Those from 64 on stand as 63, whose φ is 3, and these two bits are masked:
// φ is 3 at 64, 2 up to 68, 1 up to 77 and 0 beyond. Bits 8 to 13 are 0 from 32 on, so they have an address of their own of
// five bits, which leaves an adder behind it room in the same LUT.
module qkdpp_ldpc_phi
  import qkdpp_ldpc_pkg::*;
(
  input  logic                 clk_i,
  input  logic                 present_i,
  input  logic [TotalBits-1:0] total_i,
  input  logic                 large_i,   // is_large(total_i)
  output logic [PhiBits-1:0]   phi_o,
  output logic                 negative_o
);

  localparam int unsigned UpperAt = 8;

  logic                 negative, below_q, tail_q;
  logic [TotalBits-2:4] ones;  // complement of one: the magnitude, less one if negative
  logic [5:0]           magnitude, inverted_q, address;
  logic [4:0]           upper_inverted_q, upper_address;
  logic [3:0]           low_q, ones_low;
  logic [1:0]           tail_mask, mask;
  logic                 negative_q;

  assign negative = total_i[TotalBits-1];
  assign ones = total_i[TotalBits-2:4] ^ {(TotalBits - 5){negative}};

  // A bit of the magnitude is inverted if the total is negative and not all bits below are 0.
  always_comb begin
    magnitude[0] = total_i[0];
    for (int unsigned i = 1; i < 6; i++) begin
      magnitude[i] = total_i[i] ^ (negative && (total_i[5:0] & 6'((1 << i) - 1)) != '0);
    end
  end

  // Bit b of φ from 64 to 80, by sign and low bits of the complement of one.
  function automatic logic [31:0] tail_column(input int unsigned b);
    for (int unsigned i = 0; i < 32; i++) tail_column[i] = 1'(Phi[64+i%16+i/16] >> b);
  endfunction
  localparam logic [31:0] Tail0 = tail_column(0);
  localparam logic [31:0] Tail1 = tail_column(1);

  always_ff @(posedge clk_i) begin
    inverted_q <= present_i && !large_i ? ~magnitude : '0;
    upper_inverted_q <= present_i && !large_i && !magnitude[5] ? ~magnitude[4:0] : '0;
    below_q <= present_i && ones[TotalBits-2:6] == '0;
    tail_q <= present_i && ones[TotalBits-2:7] == '0 && ones[6:4] == 3'b100;
    low_q <= total_i[3:0];
    negative_q <= present_i && negative;
  end

  assign ones_low = low_q ^ {4{negative_q}};
  assign tail_mask = {Tail1[{negative_q, ones_low}], Tail0[{negative_q, ones_low}]};
  assign mask = {2{below_q}} | ({2{tail_q}} & tail_mask);

  // The registers hold the inverse, so that synthesis does not take the table for a memory with a registered address, and move
  // the registers behind it.
  assign address = ~inverted_q;
  assign upper_address = ~upper_inverted_q;

  function automatic logic [63:0] column(input int unsigned b);
    for (int unsigned i = 0; i < 64; i++) column[i] = 1'(Phi[i] >> b);
  endfunction

  for (genvar b = 0; b < PhiBits; b++) begin : gen_bits
    localparam logic [63:0] Column = column(b);
    if (b < 2) begin : gen_masked
      assign phi_o[b] = Column[address] && mask[b];
    end else if (b < UpperAt || b == PhiBits - 1) begin : gen_lower
      assign phi_o[b] = Column[address];
    end else begin : gen_upper
      assign phi_o[b] = Column[{1'b0, upper_address}];
    end
  end

  assign negative_o = negative_q;

`ifndef SYNTHESIS
  if (Phi[31] >> UpperAt != '0 || Phi[63] != 15'd3 || Phi[127] != '0) begin : gen_table
    $error("the table has no room for the way it is looked up");
  end

  logic [TotalBits-1:0] total_q, absolute;
  logic [PhiBits-1:0]   expected;
  logic                 present_q, sound_q;
  always_ff @(posedge clk_i) begin
    total_q <= total_i;
    present_q <= present_i;
    sound_q <= !present_i || large_i == is_large(total_i);
  end
  assign absolute = total_q[TotalBits-1] ? -total_q : total_q;
  assign expected = !present_q || absolute > TotalBits'(127) ? '0 : Phi[absolute[6:0]];
  assert property (@(posedge clk_i) 1'b1 |=> !sound_q || phi_o == expected);
  assert property (@(posedge clk_i) 1'b1 |=> negative_o == (present_q && total_q[TotalBits-1]));
`endif

endmodule
