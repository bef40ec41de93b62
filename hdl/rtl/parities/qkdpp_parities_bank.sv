// Rows of one group of frames, each taken out once: one of the two memories of qkdpp_parities.
//
// A row is written, then taken: it is read and in the same cycle overwritten with zeros, so that a group leaves nothing
// behind when all its rows have been taken. A row that is taken twice comes out as not fresh the second time. A scrub
// overwrites everything.
//
// One write and one take a cycle, but not on the same bank; latency of a take: one cycle, and its data stay until the
// next. A scrub takes 2^LogBits cycles; no writes and takes meanwhile.
module qkdpp_parities_bank
  import qkdpp_pkg::*;
#(
  parameter int unsigned LogBits = 14
) (
  input  logic               clk_i,
  input  logic               rst_ni,

  input  logic               write_i,
  input  logic [LogBits-1:0] write_addr_i,
  input  beat_t              write_data_i,

  input  logic               take_i,
  input  logic [LogBits-1:0] take_addr_i,
  output beat_t              row_o,
  output logic               fresh_o,
  output logic               error_o,

  input  logic               scrub_i,      // starts a scrub, again if there is one
  output logic               scrubbing_o
);

  logic               scrubbing_q;
  logic [LogBits-1:0] scrub_addr_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      scrubbing_q <= 1'b0;
      scrub_addr_q <= '0;
    end else if (scrub_i) begin
      scrubbing_q <= 1'b1;
      scrub_addr_q <= '0;
    end else if (scrubbing_q) begin
      scrubbing_q <= scrub_addr_q != '1;
      scrub_addr_q <= scrub_addr_q + LogBits'(1);
    end
  end

  // A parity bit for each 65 bits, so that there are four.
  qkdpp_ram #(
    .Width     (BeatBits + 1),
    .Depth     (1 << LogBits),
    .ParityBits(65)
  ) u_rows (
    .clk_i,
    .rst_ni,
    .write_i     (write_i || take_i || scrubbing_q),
    .write_addr_i(scrubbing_q ? scrub_addr_q : take_i ? take_addr_i : write_addr_i),
    .write_data_i(scrubbing_q || take_i ? '0 : {1'b1, write_data_i}),
    .read_i      (take_i),
    .read_addr_i (take_addr_i),
    .read_data_o ({fresh_o, row_o}),
    .error_o
  );

  assign scrubbing_o = scrubbing_q;

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni) !(write_i && take_i));
  assert property (@(posedge clk_i) disable iff (!rst_ni) scrubbing_q && !scrub_i |-> !write_i && !take_i);
`endif

endmodule
