// The input of qkdpp_toeplitz: gathers beats to blocks, knows which block is next and where the input has to end.
//
// Throughput: one beat a cycle, as long as there is room for its block. Latency: a block is in block_o in the cycle
// after block_taken_o, two cycles after its last beat came at the earliest.
module qkdpp_toeplitz_input
  import qkdpp_pkg::*;
#(
  parameter int unsigned Tile = 512,
  parameter int unsigned LogRows = 12
) (
  input  logic               clk_i,
  input  logic               rst_ni,
  input  logic               clear_i,
  input  logic               wipe_i,         // zero the registers behind the first one

  input  logic               in_valid_i,
  output logic               in_ready_o,
  input  beat_t              in_data_i,
  input  logic               in_last_i,

  input  logic               open_i,         // a job was taken: its input may come
  input  logic               start_i,        // to the first block of a job
  input  logic [LogRows-1:0] keys_i,         // key blocks of the job
  input  logic               take_i,         // take blocks whatever they are,
  input  logic               take_rows_i,    // or pairs of a seed block and a key block, as there is room for them,
  input  logic               discard_i,      // or beats that are no blocks any more
  input  logic               seed_room_i,
  input  logic               key_room_i,

  output logic               block_taken_o,
  output logic               is_key_o,       // of a pair, the block that is taken
  output logic               ended_o,        // the last beat was taken
  output logic               wrong_o,        // it was not the last one where it should have been, or the other way
  output logic [Tile-1:0]    block_o         // the block that was taken in the cycle before
);

  localparam int unsigned BlockBeats = (Tile + BeatBits - 1) / BeatBits;
  localparam int unsigned IndexBits = $clog2(BlockBeats + 1);

  logic open_q;                     // the last beat of the job has not been taken into the skid buffer
  logic skid_ready, beat_valid, beat_ready, beat_last, beat_taken;
  beat_t beat;
  logic [IndexBits-1:0] index_q;    // of the beat in its block
  logic ends_q;                     // it is the last one
  logic want_key_q;
  logic [LogRows-1:0] keys_left_q;  // key blocks to take,
  logic more_q, last_key_q;         // which are some, one
  logic [Tile-1:0] block, block_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      open_q <= 1'b0;
    end else if (clear_i) begin
      open_q <= 1'b0;
    end else if (open_i) begin
      open_q <= 1'b1;
    end else if (in_valid_i && in_ready_o && in_last_i) begin
      open_q <= 1'b0;
    end
  end

  assign in_ready_o = skid_ready && open_q;

  qkdpp_skid #(
    .Width(BeatBits + 1)
  ) u_skid (
    .clk_i,
    .rst_ni,
    .clear_i,
    .in_valid_i (in_valid_i && open_q),
    .in_ready_o (skid_ready),
    .in_data_i  ({in_last_i, in_data_i}),
    .out_valid_o(beat_valid),
    .out_ready_i(beat_ready),
    .out_data_o ({beat_last, beat})
  );

  if (BlockBeats > 1) begin : gen_gather
    logic [Tile-BeatBits-1:0] earlier_q;

    always_ff @(posedge clk_i) begin
      if (wipe_i) begin
        earlier_q <= '0;
      end else if (beat_taken) begin
        earlier_q <= block[Tile-1:BeatBits];
      end
    end

    assign block = {beat, earlier_q};
  end else begin : gen_direct
    assign block = beat[Tile-1:0];
    if (Tile < BeatBits) begin : gen_padding
      logic unused_padding;
      assign unused_padding = ^beat[BeatBits-1:Tile];
    end
  end

  // The memories compute a parity of what they write: the block has a register of its own before them.
  always_ff @(posedge clk_i) begin
    if (wipe_i) begin
      block_q <= '0;
    end else begin
      block_q <= block;
    end
  end

  assign beat_ready = take_i || discard_i ||
      (take_rows_i && more_q && (!ends_q || (want_key_q ? key_room_i : seed_room_i)));
  assign beat_taken = beat_valid && beat_ready;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      index_q <= '0;
      ends_q <= 1'b0;
      want_key_q <= 1'b0;
      keys_left_q <= '0;
      more_q <= 1'b0;
      last_key_q <= 1'b0;
    end else if (start_i) begin
      index_q <= '0;
      ends_q <= BlockBeats == 1;
      want_key_q <= 1'b0;
      keys_left_q <= keys_i;
      more_q <= keys_i != '0;
      last_key_q <= keys_i == LogRows'(1);
    end else if (beat_taken) begin
      index_q <= ends_q ? '0 : index_q + 1'b1;
      ends_q <= BlockBeats == 1 || (!ends_q && index_q + 1'b1 == IndexBits'(BlockBeats - 1));
      if (ends_q && take_rows_i) begin
        want_key_q <= !want_key_q;
        if (want_key_q) begin
          keys_left_q <= keys_left_q - 1'b1;
          more_q <= !last_key_q;
          last_key_q <= keys_left_q == LogRows'(2);
        end
      end
    end
  end

  assign block_taken_o = beat_taken && ends_q;
  assign is_key_o = want_key_q;
  assign ended_o = beat_taken && beat_last;
  assign wrong_o = beat_taken && beat_last != (ends_q && want_key_q && last_key_q);
  assign block_o = block_q;

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni) $onehot0({take_i, take_rows_i, discard_i}));
  assert property (@(posedge clk_i) disable iff (!rst_ni)
      beat_taken |-> ends_q == (index_q == IndexBits'(BlockBeats - 1)));
  assert property (@(posedge clk_i) disable iff (!rst_ni) more_q == (keys_left_q != '0));
  assert property (@(posedge clk_i) disable iff (!rst_ni) last_key_q == (keys_left_q == LogRows'(1)));
  assert property (@(posedge clk_i) wipe_i |=> block_o == '0);
`endif

endmodule
