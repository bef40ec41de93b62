// Sign and grade of a total. An absent edge has the grade of a magnitude that is large, and the sign 0.
//
// Throughput: one total a cycle. Latency: one cycle.
//
// Up to 30 the sign and the five low bits say it all. From there on the registers are forced: four to 1 from 31 on, the last,
// which tells the grades 30 and 31 apart, from 35 on.
module qkdpp_ldpc_grade
  import qkdpp_ldpc_pkg::*;
(
  input  logic                 clk_i,
  input  logic                 present_i,
  input  logic [RestBits-1:0]  rest_i,      // the complement of P − R
  output logic [GradeBits-1:0] grade_o,
  output logic                 negative_o
);

  localparam int unsigned Choices = 2 ** GradeBits;

  // The grade of a magnitude.
  function automatic logic [GradeBits-1:0] grade_of(input int unsigned magnitude);
    if (magnitude < 30) grade_of = GradeBits'(magnitude);
    else if (magnitude == 30) grade_of = GradeBits'(29);
    else if (magnitude < 35) grade_of = GradeBits'(30);
    else grade_of = GradeBits'(31);
  endfunction

  // Bit b of the grade by the low bits: of −1, −2.. −32, and then of 31, 30.. 0.
  function automatic logic [2*Choices-1:0] column(input int unsigned b);
    for (int unsigned i = 0; i < Choices; i++) begin
      column[i] = 1'(grade_of(i + 1) >> b);
      column[Choices+i] = 1'(grade_of(Choices - 1 - i) >> b);
    end
  endfunction

  // Which of those have a magnitude of `least` or more. With 32 added to all magnitudes the low bits are the same.
  function automatic logic [2*Choices-1:0] from(input int unsigned least);
    for (int unsigned i = 0; i < Choices; i++) begin
      from[i] = i + 1 >= least;
      from[Choices+i] = Choices - 1 - i >= least;
    end
  endfunction

  localparam logic [2*Choices-1:0] From31 = from(31);
  localparam logic [2*Choices-1:0] From35 = from(35 - Choices);

  logic                 negative, negative_q;
  logic [GradeBits:0]   low;
  logic [2:0]           high;  // the magnitude, less one if it is negative, in units of 32
  logic                 from_31, from_35;
  logic [GradeBits-1:0] grade, grade_q;
  assign negative = !rest_i[RestBits-1];
  assign low = {!negative, rest_i[GradeBits-1:0]};
  assign high = rest_i[RestBits-2:GradeBits] ^ {3{!negative}};
  assign from_31 = high != '0 || From31[low];
  assign from_35 = high > 3'd1 || (high == 3'd1 && From35[low]);

  for (genvar b = 0; b < GradeBits; b++) begin : gen_bits
    localparam logic [2*Choices-1:0] Column = column(b);
    assign grade[b] = Column[low];
  end

  always_ff @(posedge clk_i) begin
    if (!present_i || from_31) begin
      grade_q[GradeBits-1:1] <= '1;
    end else begin
      grade_q[GradeBits-1:1] <= grade[GradeBits-1:1];
    end
  end

  always_ff @(posedge clk_i) begin
    if (!present_i || from_35) begin
      grade_q[0] <= 1'b1;
    end else begin
      grade_q[0] <= grade[0] && !from_31;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!present_i) begin
      negative_q <= 1'b0;
    end else begin
      negative_q <= negative;
    end
  end

  assign grade_o = grade_q;
  assign negative_o = negative_q;

`ifndef SYNTHESIS
  // φ of the grade is φ of the magnitude, by §5.4's formula.
  function automatic int phi_of(input int magnitude);
    real power;
    power = $exp(real'(magnitude) / 4.0);
    return magnitude == 0 ? 4096 : $rtoi($floor(1376.0 * $ln((power + 1.0) / (power - 1.0)) + 0.5));
  endfunction

  initial begin
    for (int unsigned magnitude = 0; magnitude <= 2 ** (RestBits - 1); magnitude++) begin
      assert (32'(Phi[grade_of(magnitude)]) == phi_of(magnitude));
    end
  end

  int   total_q;
  logic present_q;
  always_ff @(posedge clk_i) begin
    total_q <= -1 - 32'($signed(rest_i));
    present_q <= present_i;
  end

  assert property (@(posedge clk_i) 1'b1 |=>
      grade_o == (present_q ? grade_of(total_q < 0 ? -total_q : total_q) : '1));
  assert property (@(posedge clk_i) 1'b1 |=> negative_o == (present_q && total_q < 0));
`endif

endmodule
