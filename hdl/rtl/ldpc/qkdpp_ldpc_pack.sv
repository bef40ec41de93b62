// Joins words of Lanes bits to beats, one word at a time or Group words at once; what is missing at the end is zero.
//
// Throughput: one unit a cycle. Latency: one cycle.
module qkdpp_ldpc_pack
  import qkdpp_pkg::*;
#(
  parameter int unsigned Lanes = 128,
  parameter int unsigned Group = 2
) (
  input  logic                        clk_i,
  input  logic                        rst_ni,
  input  logic                        clear_i,

  input  logic                        in_valid_i,
  output logic                        in_ready_o,
  input  logic                        in_group_i,  // Group words, or else one, which is then in word 0
  input  logic                        in_final_i,  // the beat ends with this
  input  logic [Group-1:0][Lanes-1:0] in_data_i,

  output logic                        out_valid_o,
  input  logic                        out_ready_i,
  output beat_t                       out_data_o
);

  localparam int unsigned Places = BeatBits / Lanes;
  localparam int unsigned PlaceBits = $clog2(Places + 1);

  logic [Places-1:0][Lanes-1:0] data_q;
  logic [PlaceBits-1:0]         place_q, next_place;
  logic                         valid_q, accept, full;

  assign in_ready_o = !valid_q || out_ready_i;
  assign accept = in_valid_i && in_ready_o;
  assign next_place = place_q + (in_group_i ? PlaceBits'(Group) : PlaceBits'(1));
  assign full = in_final_i || next_place == PlaceBits'(Places);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      valid_q <= 1'b0;
      place_q <= '0;
    end else if (clear_i) begin
      valid_q <= 1'b0;
      place_q <= '0;
    end else if (accept) begin
      valid_q <= full;
      place_q <= full ? '0 : next_place;
    end else if (out_ready_i) begin
      valid_q <= 1'b0;
    end
  end

  for (genvar p = 0; p < Places; p++) begin : gen_places
    logic chosen;
    assign chosen = in_group_i ? 32'(place_q) / Group == p / Group : 32'(place_q) == p;
    always_ff @(posedge clk_i) begin
      if (clear_i || (!accept && valid_q && out_ready_i)) begin
        data_q[p] <= '0;
      end else if (accept) begin
        if (chosen) begin
          data_q[p] <= in_group_i ? in_data_i[p%Group] : in_data_i[0];
        end else if (place_q == '0) begin
          data_q[p] <= '0;
        end
      end
    end
  end

  assign out_valid_o = valid_q;
  assign out_data_o = data_q;

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
      out_valid_o && !out_ready_i |=> out_valid_o && $stable(out_data_o));
`endif

endmodule
