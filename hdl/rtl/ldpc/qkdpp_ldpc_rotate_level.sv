// One level of a rotation: lane i of the result is lane i + select_i · Step (modulo Lanes) of data_i. Combinational.
//
// Four choices are one LUT6 a bit. Levels are to be kept apart in synthesis: a mapper that aims at speed merges two into more
// LUTs than two levels have.
(* keep_hierarchy *)
module qkdpp_ldpc_rotate_level #(
  parameter int unsigned Lanes = 128,
  parameter int unsigned Width = 4,
  parameter int unsigned Step = 1,
  parameter int unsigned Choices = 4,  // 2 or 4
  localparam int unsigned SelectBits = $clog2(Choices)
) (
  input  logic [Lanes*Width-1:0] data_i,
  input  logic [SelectBits-1:0]  select_i,
  output logic [Lanes*Width-1:0] data_o
);

  logic [Choices-1:0][Lanes*Width-1:0] turned;
  for (genvar choice = 0; choice < Choices; choice++) begin : gen_choices
    localparam int unsigned Turn = (choice * Step) % Lanes;
    if (Turn == 0) begin : gen_same
      assign turned[choice] = data_i;
    end else begin : gen_turned
      assign turned[choice] = {data_i[0+:Turn*Width], data_i[Turn*Width+:(Lanes-Turn)*Width]};
    end
  end

  if (Choices == 4) begin : gen_four
    always_comb begin
      unique case (select_i)
        2'd0: data_o = turned[0];
        2'd1: data_o = turned[1];
        2'd2: data_o = turned[2];
        default: data_o = turned[3];
      endcase
    end
  end else begin : gen_two
    assign data_o = select_i[0] ? turned[1] : turned[0];
  end

endmodule
