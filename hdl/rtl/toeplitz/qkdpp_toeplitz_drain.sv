// Reads the accumulators out as beats, clears the bits from ℓ on, and has each word erased after its reading.
//
// Throughput: a word in two cycles, that is one beat a cycle from tiles of 512 bits on. Latency: five cycles from run_i to
// the first beat.
module qkdpp_toeplitz_drain
  import qkdpp_pkg::*;
#(
  parameter int unsigned Tile = 512,
  parameter int unsigned LogDepth = 10,
  localparam int unsigned LengthBits = LogDepth + $clog2(Tile) + 1
) (
  input  logic                clk_i,
  input  logic                rst_ni,
  input  logic                clear_i,

  input  logic                  run_i,        // high until finished_o
  input  logic [LogDepth-1:0]   last_i,       // words to read, less one
  input  logic [LengthBits-1:0] bits_i,       // ℓ
  output logic                  finished_o,   // all beats have been taken

  output logic                  spent_o,      // the last word has been taken
  output logic                  read_o,
  output logic [LogDepth-1:0]   read_addr_o,
  input  logic [Tile-1:0]       read_data_i,  // two cycles after read_o
  output logic                  erase_o,
  output logic [LogDepth-1:0]   erase_addr_o,

  output logic                  out_valid_o,
  input  logic                  out_ready_i,
  output beat_t                 out_data_o
);

  localparam int unsigned BlockBeats = (Tile + BeatBits - 1) / BeatBits;
  localparam int unsigned UsedBits = Tile < BeatBits ? Tile : BeatBits;
  localparam int unsigned LogUsed = $clog2(UsedBits);

  logic [LogDepth:0] next_q;            // word to read; after the last one: last_i + 1
  logic reading_q;                      // read_data_i is a new word in the next cycle
  logic fetched_q;                      // read_data_i is a word that has not been taken into block_q
  logic [Tile-1:0] block_q;
  logic [$clog2(BlockBeats+1)-1:0] beats_q;
  logic [LengthBits-1:LogUsed] whole_q; // beats that are wholly below ℓ, from block_q's first bit on,
  logic some_whole_q;                   // whether there are any,
  logic [LogUsed-1:0] tail_q;           // and the bits below ℓ in the beat after them
  logic [LogDepth-1:0] erase_addr_q;
  logic erase_q;
  logic read, take, load, beat_ready;
  beat_t mask;

  assign read = run_i && next_q <= {1'b0, last_i} && !reading_q && (!fetched_q || load);
  assign take = beats_q != '0 && beat_ready;
  assign load = fetched_q && (beats_q == '0 || (take && beats_q == 1));

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      next_q <= '0;
      {reading_q, fetched_q} <= '0;
      beats_q <= '0;
      whole_q <= '0;
      some_whole_q <= 1'b0;
      tail_q <= '0;
      erase_q <= 1'b0;
    end else if (!run_i) begin
      next_q <= '0;
      {reading_q, fetched_q} <= '0;
      beats_q <= '0;
      {whole_q, tail_q} <= bits_i;
      some_whole_q <= bits_i[LengthBits-1:LogUsed] != '0;
      erase_q <= 1'b0;
    end else begin
      if (read) begin
        next_q <= next_q + 1'b1;
      end
      reading_q <= read;
      fetched_q <= reading_q || (fetched_q && !load);
      if (load) begin
        beats_q <= $bits(beats_q)'(BlockBeats);
      end else if (take) begin
        beats_q <= beats_q - 1'b1;
      end
      if (take && some_whole_q) begin
        whole_q <= whole_q - 1'b1;
        some_whole_q <= whole_q[LengthBits-1:LogUsed+1] != '0;
      end else if (take) begin
        tail_q <= '0;
      end
      erase_q <= read;
    end
  end

  always_ff @(posedge clk_i) begin
    erase_addr_q <= next_q[LogDepth-1:0];
    if (!run_i) begin
      block_q <= '0;
    end else if (load) begin
      block_q <= read_data_i;
    end else if (take) begin
      block_q <= block_q >> UsedBits;
    end
  end

  always_comb begin
    for (int unsigned bit_index = 0; bit_index < BeatBits; bit_index++) begin
      mask[bit_index] = some_whole_q || 32'(tail_q) > bit_index;
    end
  end

  qkdpp_skid #(
    .Width(BeatBits)
  ) u_skid (
    .clk_i,
    .rst_ni,
    .clear_i,
    .in_valid_i(beats_q != '0),
    .in_ready_o(beat_ready),
    .in_data_i(BeatBits'(block_q[UsedBits-1:0]) & mask),
    .out_valid_o,
    .out_ready_i,
    .out_data_o
  );

  assign read_o = read;
  assign read_addr_o = next_q[LogDepth-1:0];
  assign erase_o = erase_q;
  assign erase_addr_o = erase_addr_q;
  assign spent_o = run_i && next_q > {1'b0, last_i} && !reading_q && !fetched_q;
  assign finished_o = spent_o && beats_q == '0 && !out_valid_o;

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni) read_o |=> erase_o && erase_addr_o == $past(read_addr_o));
  assert property (@(posedge clk_i) disable iff (!rst_ni)
      out_valid_o && !out_ready_i && !clear_i |=> out_valid_o && $stable(out_data_o));
  assert property (@(posedge clk_i) disable iff (!rst_ni) out_valid_o |-> run_i);
  assert property (@(posedge clk_i) disable iff (!rst_ni) some_whole_q == (whole_q != '0));
`endif

endmodule
