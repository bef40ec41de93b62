// Rotates a word of Lanes elements: lane i of the result is lane i + shift_i (modulo Lanes) of data_i.
//
// Throughput: one word a cycle. Latency: two cycles, of cycles with enable_i. A level of multiplexers does two bits of the
// shift.
module qkdpp_ldpc_rotate #(
  parameter int unsigned Lanes = 128,
  parameter int unsigned Width = 16,
  localparam int unsigned ShiftBits = $clog2(Lanes)
) (
  input  logic                   clk_i,
  input  logic                   enable_i,
  input  logic [Lanes*Width-1:0] data_i,
  input  logic [ShiftBits-1:0]   shift_i,
  output logic [Lanes*Width-1:0] data_o
);

  typedef logic [Lanes*Width-1:0] word_t;
  localparam int unsigned Levels = (ShiftBits + 1) / 2;
  localparam int unsigned FirstLevels = (Levels + 1) / 2;

  function automatic word_t rotate(input word_t word, input int unsigned lanes);
    return lanes % Lanes == 0 ? word : (word >> (lanes * Width)) | (word << ((Lanes - lanes) * Width));
  endfunction

  function automatic word_t level_of(input word_t word, input logic [2*Levels-1:0] shift, input int unsigned level);
    unique case (shift[2*level+:2])
      2'd0: return word;
      2'd1: return rotate(word, 1 << (2 * level));
      2'd2: return rotate(word, (2 << (2 * level)) % Lanes);
      default: return rotate(word, (3 << (2 * level)) % Lanes);
    endcase
  endfunction

  word_t first_q, last_q;
  logic [2*Levels-1:0] shift, shift_q;
  assign shift = (2 * Levels)'(shift_i);

  word_t first_d, last_d;
  always_comb begin
    first_d = data_i;
    for (int unsigned level = 0; level < FirstLevels; level++) first_d = level_of(first_d, shift, level);
    last_d = first_q;
    for (int unsigned level = FirstLevels; level < Levels; level++) last_d = level_of(last_d, shift_q, level);
  end

  always_ff @(posedge clk_i) begin
    if (enable_i) begin
      first_q <= first_d;
      shift_q <= shift;
      last_q <= last_d;
    end
  end

  assign data_o = last_q;

endmodule
