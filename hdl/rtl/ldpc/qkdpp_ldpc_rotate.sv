// Rotates a word of Lanes elements: lane i of the result is lane i + shift_i (modulo Lanes) of data_i.
//
// Throughput: one word a cycle. Latency: two cycles, of cycles with enable_i; shift_i comes in the cycle before data_i, as
// the read of a memory does, so that each of several rotators beside each other has a register of its own for it. Bits is
// how many bits of a shift there are; a level of multiplexers does two of them.
(* keep_hierarchy *)
module qkdpp_ldpc_rotate #(
  parameter int unsigned Lanes = 128,
  parameter int unsigned Width = 5,
  parameter int unsigned Bits = 7
) (
  input  logic                   clk_i,
  input  logic                   enable_i,
  input  logic [Bits-1:0]        shift_i,
  input  logic [Lanes*Width-1:0] data_i,
  output logic [Lanes*Width-1:0] data_o
);

  typedef logic [Lanes*Width-1:0] word_t;
  localparam int unsigned Levels = (Bits + 1) / 2;
  localparam int unsigned FirstLevels = (Levels + 1) / 2;

  word_t           word [Levels+1];  // before each level
  word_t           first, first_q, last_q;
  logic [Bits-1:0] shift_q;

  for (genvar level = 0; level < Levels; level++) begin : gen_levels
    localparam int unsigned Choices = 2 * level + 2 <= Bits ? 4 : 2;
    localparam int unsigned SelectBits = $clog2(Choices);
    logic [SelectBits-1:0] select;
    word_t                 level_in;

    if (level < FirstLevels) begin : gen_at_once
      assign select = shift_q[2*level+:SelectBits];
      assign level_in = word[level];
    end else begin : gen_later
      always_ff @(posedge clk_i) begin
        if (enable_i) select <= shift_q[2*level+:SelectBits];
      end
      assign level_in = level == FirstLevels ? first_q : word[level];
    end

    qkdpp_ldpc_rotate_level #(
      .Lanes  (Lanes),
      .Width  (Width),
      .Step   (4 ** level),
      .Choices(Choices)
    ) u_level (
      .data_i  (level_in),
      .select_i(select),
      .data_o  (word[level+1])
    );
  end

  assign word[0] = data_i;
  assign first = word[FirstLevels];

  always_ff @(posedge clk_i) begin
    if (enable_i) begin
      shift_q <= shift_i;
      first_q <= first;
      last_q <= Levels > FirstLevels ? word[Levels] : first_q;
    end
  end

  assign data_o = last_q;

endmodule
