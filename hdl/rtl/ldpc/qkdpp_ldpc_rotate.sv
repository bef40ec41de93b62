// Rotates a word of Lanes elements: lane i of the result is lane i + shift_i (modulo Lanes) of data_i.
//
// Throughput: one word a cycle. Latency: one cycle, of cycles with enable_i, with a combinational half on either side of the
// register; shift_i comes in the cycle before data_i, as the read of a memory does, so that each of several rotators beside
// each other has a register of its own for it. Bits is how many bits of a shift there are; a level of multiplexers does two
// of them.
(* keep_hierarchy *)
module qkdpp_ldpc_rotate #(
  parameter int unsigned Lanes = 128,
  parameter int unsigned Width = 4,
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

  word_t           first, first_q;
  logic [Bits-1:0] shift_q;

  for (genvar level = 0; level < Levels; level++) begin : gen_levels
    localparam int unsigned Choices = 2 * level + 2 <= Bits ? 4 : 2;
    localparam int unsigned SelectBits = $clog2(Choices);
    logic [SelectBits-1:0] select;
    word_t                 level_in, level_out;

    if (level < FirstLevels) begin : gen_at_once
      assign select = shift_q[2*level+:SelectBits];
    end else begin : gen_later
      always_ff @(posedge clk_i) begin
        if (enable_i) select <= shift_q[2*level+:SelectBits];
      end
    end

    if (level == 0) begin : gen_data
      assign level_in = data_i;
    end else if (level == FirstLevels) begin : gen_register
      assign level_in = first_q;
    end else begin : gen_level
      assign level_in = gen_levels[level-1].level_out;
    end

    qkdpp_ldpc_rotate_level #(
      .Lanes  (Lanes),
      .Width  (Width),
      .Step   (4 ** level),
      .Choices(Choices)
    ) u_level (
      .data_i  (level_in),
      .select_i(select),
      .data_o  (level_out)
    );
  end

  assign first = gen_levels[FirstLevels-1].level_out;

  always_ff @(posedge clk_i) begin
    if (enable_i) begin
      shift_q <= shift_i;
      first_q <= first;
    end
  end

  if (Levels > FirstLevels) begin : gen_two_halves
    assign data_o = gen_levels[Levels-1].level_out;
  end else begin : gen_one_half
    assign data_o = first_q;
  end

endmodule
