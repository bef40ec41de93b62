// Decides when completions make an interrupt: DEVICE.md section 5.
//
// set_o is high for one cycle when IRQ_STATUS.completion is to be set: count_i completions have
// been posted, or time_i cycles have passed since the first. Clearing the bit while completions
// wait counts as a new first one; when all have been consumed, counting starts afresh.
module qkdpp_interrupt (
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic        clear_i,

  input  logic [11:0] count_i,    // 0 is taken as 1
  input  logic [31:0] time_i,
  input  logic        posted_i,   // a completion has been posted
  input  logic        waiting_i,  // completions have not been consumed
  input  logic        status_i,   // IRQ_STATUS.completion
  output logic        set_o
);

  logic [11:0] posted_q, posted_d;   // since the bit was last clear
  logic [31:0] timer_q, timer_d;     // cycles since the first of them
  logic        status_q, cleared;

  assign cleared = status_q && !status_i;
  assign set_o = !status_i && posted_q != '0 && (posted_q >= count_i || timer_q >= time_i);

  always_comb begin
    posted_d = posted_q;
    timer_d = timer_q;
    if (posted_q != '0 && timer_q != '1) begin
      timer_d = timer_q + 1'b1;
    end
    // Nothing is counted while the bit is set, or once nothing waits.
    if (cleared || status_i || set_o || !waiting_i) begin
      posted_d = {11'd0, cleared && waiting_i};
      timer_d = '0;
    end
    if (posted_i && !status_i && posted_d != '1) begin
      posted_d = posted_d + 1'b1;
    end
    if (clear_i) begin
      posted_d = '0;
      timer_d = '0;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      posted_q <= '0;
      timer_q <= '0;
      status_q <= 1'b0;
    end else begin
      posted_q <= posted_d;
      timer_q <= timer_d;
      status_q <= status_i && !clear_i;
    end
  end

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni) set_o |-> !status_i);
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
      cleared && waiting_i |=> posted_q != '0);
`endif

endmodule
