// The last step of an edge, for all lanes of a bank: P = T + R, and what the memories are given.
//
// Throughput: one edge a cycle. Latency: one cycle. Two lanes share a DSP block where there are such; the clear inputs zero
// what goes to the memories.
(* keep_hierarchy *)
module qkdpp_ldpc_posterior
  import qkdpp_ldpc_pkg::*;
#(
  parameter int unsigned Lanes = 128
) (
  input  logic                              clk_i,
  input  logic                              clear_posteriors_i,
  input  logic                              clear_messages_i,
  input  logic [Lanes-1:0][TotalBits-1:0]   total_i,
  input  logic [Lanes-1:0][MessageBits-1:0] message_i,  // −R
  output logic [Lanes-1:0][TotalBits-1:0]   posterior_o,
  output logic [Lanes-1:0][MessageBits-1:0] message_o,
  input  logic [Lanes-1:0]                  received_i,  // one cycle later: decides where P is 0
  output logic [Lanes-1:0]                  decision_o
);

  for (genvar lane = 0; lane < Lanes; lane++) begin : gen_lanes
    (* use_dsp = "simd" *) logic [TotalBits-1:0] posterior_d;
    logic [TotalBits-1:0]   posterior_q;
    logic [MessageBits-1:0] message_q;

    assign posterior_d = total_i[lane] - TotalBits'($signed(message_i[lane]));

    always_ff @(posedge clk_i) begin
      if (clear_posteriors_i) begin
        posterior_q <= '0;
      end else begin
        posterior_q <= posterior_d;
      end
    end

    always_ff @(posedge clk_i) begin
      if (clear_messages_i) begin
        message_q <= '0;
      end else begin
        message_q <= message_i[lane];
      end
    end

    assign posterior_o[lane] = posterior_q;
    assign message_o[lane] = message_q;
    assign decision_o[lane] = posterior_q[TotalBits-1] || (posterior_q == '0 && received_i[lane]);
  end

endmodule
