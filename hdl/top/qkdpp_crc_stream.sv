// CRC-32C of a stream of beats, job after job.
//
// A job ends with last_i, in the cycle of its last beat or in a later one without a beat.
// crc_valid_o is high for one cycle, three cycles after last_i. Throughput: one beat a cycle, also
// across jobs. The data's part of the sum is worked out one stage ahead of the state's, so that the
// loop is short. To go on from the sum of what came before, XOR it into the first 32 bits.
module qkdpp_crc_stream
  import qkdpp_pkg::*;
(
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic        clear_i,

  input  logic        valid_i,
  input  beat_t       data_i,
  input  logic        last_i,

  output logic        crc_valid_o,
  output logic [31:0] crc_o
);

  // A beat, zero if there is none; its part of the sum; the state.
  logic        beat_valid_q, beat_last_q;
  beat_t       beat_q;
  logic        part_valid_q, part_last_q;
  logic [31:0] part_q, part;
  logic        done_q;
  logic [31:0] state_q, state_d, stepped, crc_q;

  qkdpp_crc32c #(
    .Width(BeatBits)
  ) u_part (
    .crc_i ('0),
    .data_i(beat_q),
    .crc_o (part)
  );

  qkdpp_crc32c #(
    .Width(BeatBits)
  ) u_step (
    .crc_i (state_q),
    .data_i('0),
    .crc_o (stepped)
  );

  assign state_d = part_valid_q ? stepped ^ part_q : state_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      beat_valid_q <= 1'b0;
      beat_last_q <= 1'b0;
      part_valid_q <= 1'b0;
      part_last_q <= 1'b0;
      done_q <= 1'b0;
      state_q <= '1;
    end else begin
      beat_valid_q <= valid_i && !clear_i;
      beat_last_q <= last_i && !clear_i;
      part_valid_q <= beat_valid_q && !clear_i;
      part_last_q <= beat_last_q && !clear_i;
      done_q <= part_last_q && !clear_i;
      state_q <= part_last_q || clear_i ? '1 : state_d;
    end
  end

  always_ff @(posedge clk_i) begin
    beat_q <= valid_i ? data_i : '0;
    part_q <= part;
    crc_q <= ~state_d;
  end

  assign crc_valid_o = done_q;
  assign crc_o = crc_q;

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i) part_last_q |=> crc_valid_o);
  assert property (@(posedge clk_i) disable iff (!rst_ni) !valid_i |=> beat_q == '0);
`endif

endmodule
