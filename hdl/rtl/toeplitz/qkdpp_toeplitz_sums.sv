// Accumulators: adds each product to a word of a memory, word after word, cyclically.
//
// Throughput: one sum a cycle, as long as a word's turn comes again after at least three cycles: a sum is written two
// cycles after its word was read. The memory is all zero when a job begins, and again when it has been read out (erase)
// or scrubbed.
module qkdpp_toeplitz_sums #(
  parameter int unsigned Tile = 512,
  parameter int unsigned LogDepth = 10
) (
  input  logic                clk_i,
  input  logic                rst_ni,
  input  logic                wipe_i,          // drop sums under way, start at word 0

  input  logic [LogDepth-1:0] last_i,          // words in use, less one
  input  logic                product_next_i,  // product_i is valid in the next cycle
  input  logic [Tile-1:0]     product_i,
  output logic                busy_o,          // a product has not been written yet

  input  logic                write_i,         // from outside; comes before a sum
  input  logic [LogDepth-1:0] write_addr_i,
  input  logic [Tile-1:0]     write_data_i,
  input  logic                read_i,          // from outside; not while busy_o
  input  logic [LogDepth-1:0] read_addr_i,
  output logic [Tile-1:0]     read_data_o,
  output logic                error_o
);

  logic [LogDepth-1:0] word_q, read_word_q, sum_word_q;
  logic read_valid_q, sum_valid_q;
  logic [Tile-1:0] sum_q;

  qkdpp_ram #(
    .Width(Tile),
    .Depth(2 ** LogDepth)
  ) u_sums (
    .clk_i,
    .rst_ni,
    .write_i(write_i || sum_valid_q),
    .write_addr_i(write_i ? write_addr_i : sum_word_q),
    .write_data_i(write_i ? write_data_i : sum_q),
    .read_i(read_i || product_next_i),
    .read_addr_i(product_next_i ? word_q : read_addr_i),
    .read_data_o,
    .error_o
  );

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      word_q <= '0;
      read_valid_q <= 1'b0;
      sum_valid_q <= 1'b0;
    end else if (wipe_i) begin
      word_q <= '0;
      read_valid_q <= 1'b0;
      sum_valid_q <= 1'b0;
    end else begin
      if (product_next_i) begin
        word_q <= word_q == last_i ? '0 : word_q + 1'b1;
      end
      read_valid_q <= product_next_i;
      sum_valid_q <= read_valid_q;
    end
  end

  always_ff @(posedge clk_i) begin
    read_word_q <= word_q;
    sum_word_q <= read_word_q;
    sum_q <= wipe_i ? '0 : read_data_o ^ product_i;
  end

  assign busy_o = product_next_i || read_valid_q || sum_valid_q;

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni)
      !wipe_i && (read_i || write_i) |-> !busy_o);
  assert property (@(posedge clk_i) disable iff (!rst_ni)
      !wipe_i && product_next_i |-> !(read_valid_q && read_word_q == word_q) && !(sum_valid_q && sum_word_q == word_q));
  assert property (@(posedge clk_i) disable iff (!rst_ni) !wipe_i && product_next_i |-> word_q <= last_i);
`endif

endmodule
