// Watches that something under way gets on: timeout_o[n] is set once pending_i[n] has lasted for
// limit_i cycles without progress_i[n], at most a quarter (and ten cycles) later, and stays until
// there is progress or nothing is pending. A limit of zero is none.
//
// One timer ticks four times within the limit; each watched thing counts ticks only.
module qkdpp_watch #(
  parameter int unsigned N = 1
) (
  input  logic         clk_i,
  input  logic         rst_ni,
  input  logic [31:0]  limit_i,
  input  logic [N-1:0] pending_i,
  input  logic [N-1:0] progress_i,
  output logic [N-1:0] timeout_o
);

  localparam int unsigned Ticks = 5;

  logic [29:0] timer_q, timer_d;
  logic        tick_q, tick_d;

  always_comb begin
    tick_d = limit_i != '0 && timer_q >= limit_i[31:2];
    timer_d = tick_d || limit_i == '0 ? '0 : timer_q + 1'b1;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      timer_q <= '0;
      tick_q <= 1'b0;
    end else begin
      timer_q <= timer_d;
      tick_q <= tick_d;
    end
  end

  for (genvar n = 0; n < N; n++) begin : g_watched
    logic [2:0] age_q, age_d;

    always_comb begin
      age_d = age_q;
      if (tick_q && age_q != 3'(Ticks)) begin
        age_d = age_q + 1'b1;
      end
      if (!pending_i[n] || progress_i[n]) begin
        age_d = '0;
      end
    end

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) begin
        age_q <= '0;
      end else begin
        age_q <= age_d;
      end
    end

    assign timeout_o[n] = age_q == 3'(Ticks);

`ifndef SYNTHESIS
    assert property (@(posedge clk_i) disable iff (!rst_ni) !pending_i[n] |=> !timeout_o[n]);
`endif
  end

endmodule
