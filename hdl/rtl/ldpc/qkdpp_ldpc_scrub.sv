// Walks over the decoder's memories after a job, or over all of them after a reset.
//
// start_i begins a walk over the addresses that a job with the given sizes can have written. quick_o is high when only
// messages are left, which the next job does not touch before its first iteration; idle_o when nothing is left.
module qkdpp_ldpc_scrub #(
  parameter int unsigned Columns = 256,  // of a bank
  parameter int unsigned Entries = 2048,
  parameter int unsigned Groups = 256,   // of target words
  parameter int unsigned Totals = 256,
  localparam int unsigned EntryBits = $clog2(Entries)
) (
  input  logic                 clk_i,
  input  logic                 rst_ni,
  input  logic                 start_i,
  input  logic                 all_i,
  input  logic [EntryBits:0]   messages_i,  // written by the job
  output logic                 quick_o,
  output logic                 idle_o,

  output logic [EntryBits-1:0] addr_o,
  output logic                 posteriors_o,
  output logic                 totals_o,
  output logic                 target_o,
  output logic                 messages_o
);

  logic               active_q;
  logic               first_q;  // what is written is zero from the second cycle on
  logic [EntryBits:0] addr_q, messages_q;
  logic               quick;

  assign posteriors_o = active_q && 32'(addr_q) < Columns;
  assign totals_o = active_q && 32'(addr_q) < Totals;
  assign target_o = active_q && 32'(addr_q) < Groups;
  assign messages_o = active_q && addr_q < messages_q;
  assign quick = !posteriors_o && !totals_o && !target_o;
  assign quick_o = quick;
  assign idle_o = !active_q;
  assign addr_o = addr_q[EntryBits-1:0];

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      active_q <= 1'b0;
      first_q <= 1'b0;
      addr_q <= '0;
      messages_q <= '0;
    end else if (start_i) begin
      active_q <= 1'b1;
      first_q <= 1'b1;
      addr_q <= '0;
      messages_q <= all_i ? (EntryBits + 1)'(Entries) : messages_i;
    end else if (active_q) begin
      active_q <= !quick || messages_o;
      first_q <= 1'b0;
      if (!first_q) addr_q <= addr_q + 1'b1;
    end
  end

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni) start_i && !all_i |-> idle_o);
`endif

endmodule
