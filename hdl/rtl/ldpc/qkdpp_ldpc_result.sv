// The result of a finished job, kept until its messages are overwritten and it is taken; and the parity error, which sticks.
//
// error_i of the last word that a scrub read comes one cycle after clearing_i.
module qkdpp_ldpc_result
  import qkdpp_pkg::*;
(
  input  logic    clk_i,
  input  logic    rst_ni,
  input  logic    clear_i,

  input  logic    valid_i,
  input  result_t result_i,
  output logic    free_o,
  input  logic    scrub_idle_i,

  output logic    done_valid_o,
  input  logic    done_ready_i,
  output result_t done_result_o,

  input  logic    error_i,
  output logic    parity_error_o
);

  logic    finished_q, done_q;
  result_t result_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      finished_q <= 1'b0;
      done_q <= 1'b0;
      result_q <= '0;
    end else if (clear_i) begin
      finished_q <= 1'b0;
      done_q <= 1'b0;
    end else begin
      if (valid_i) begin
        finished_q <= 1'b1;
        result_q <= result_i;
      end else if (finished_q && scrub_idle_i) begin
        finished_q <= 1'b0;
        done_q <= 1'b1;
      end
      if (done_q && done_ready_i) done_q <= 1'b0;
    end
  end

  logic parity_error_q, was_clear_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      parity_error_q <= 1'b0;
      was_clear_q <= 1'b0;
    end else begin
      parity_error_q <= !(clear_i || was_clear_q) && (parity_error_q || error_i);
      was_clear_q <= clear_i;
    end
  end

  assign free_o = !finished_q && !done_q;
  assign done_valid_o = done_q;
  assign done_result_o = result_q;
  assign parity_error_o = parity_error_q;

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i) valid_i |-> free_o);
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
      done_valid_o && !done_ready_i |=> done_valid_o && $stable(done_result_o));
`endif

endmodule
