// Number of ones in a word.
//
// One word a cycle, latency 3 cycles. A word of zeros counts nothing, so no valid bit travels along.
module qkdpp_popcount #(
  parameter int unsigned Width = 256,  // a power of two, at least 64
  localparam int unsigned CountBits = $clog2(Width) + 1
) (
  input  logic                 clk_i,
  input  logic [Width-1:0]     data_i,
  output logic [CountBits-1:0] count_o
);

  localparam int unsigned Groups = Width / 16;
  localparam int unsigned Quarters = Groups / 4;

  logic [Groups-1:0][4:0] group_q, group_d;
  logic [Quarters-1:0][6:0] quarter_q, quarter_d;
  logic [CountBits-1:0] count_d;

  always_comb begin
    for (int unsigned g = 0; g < Groups; g++) begin
      group_d[g] = '0;
      for (int unsigned i = 0; i < 16; i++) begin
        group_d[g] = group_d[g] + 5'(data_i[16*g+i]);
      end
    end
    for (int unsigned q = 0; q < Quarters; q++) begin
      quarter_d[q] = (7'(group_q[4*q]) + 7'(group_q[4*q+1])) + (7'(group_q[4*q+2]) + 7'(group_q[4*q+3]));
    end
    count_d = '0;
    for (int unsigned q = 0; q < Quarters; q++) begin
      count_d = count_d + CountBits'(quarter_q[q]);
    end
  end

  always_ff @(posedge clk_i) begin
    group_q <= group_d;
    quarter_q <= quarter_d;
    count_o <= count_d;
  end

`ifndef SYNTHESIS
  if (Width < 64 || Width != 1 << $clog2(Width)) begin : gen_bad_width
    $error("Width must be a power of two, at least 64");
  end
`endif

endmodule
