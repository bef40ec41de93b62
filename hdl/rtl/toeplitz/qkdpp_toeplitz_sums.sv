// Accumulators: adds each product to a word of a memory, word after word, cyclically.
//
// Throughput: one sum a cycle, as long as a word's turn comes again after at least three cycles: a sum is written two
// cycles after its word was read. The memory is all zero when a job begins, and again when it has been read out (erase)
// or scrubbed. Accesses from outside take place in the cycle after they were asked for: the memory's addresses go far.
module qkdpp_toeplitz_sums #(
  parameter int unsigned Tile = 512,
  parameter int unsigned LogDepth = 10
) (
  input  logic                clk_i,
  input  logic                rst_ni,
  input  logic                wipe_i,          // drop sums under way, start at word 0

  input  logic [LogDepth-1:0] last_i,          // words in use, less one
  input  logic                product_soon_i,  // product_i is valid two cycles later
  input  logic [Tile-1:0]     product_i,
  output logic                busy_o,          // a product has not been written yet

  input  logic                write_i,         // from outside; comes before a sum
  input  logic [LogDepth-1:0] write_addr_i,
  input  logic [Tile-1:0]     write_data_i,
  input  logic                read_i,          // from outside; not while busy_o
  input  logic [LogDepth-1:0] read_addr_i,
  output logic [Tile-1:0]     read_data_o,     // two cycles after read_i
  output logic                error_o          // three cycles after it
);

  logic [LogDepth-1:0] word_q, fetch_addr_q, read_word_q, write_addr_q;
  logic fetch_q, next_q, read_valid_q, sum_valid_q, write_q;
  logic [Tile-1:0] write_data_q;

  qkdpp_ram #(
    .Width(Tile),
    .Depth(2 ** LogDepth)
  ) u_sums (
    .clk_i,
    .rst_ni,
    .write_i(write_q),
    .write_addr_i(write_addr_q),
    .write_data_i(write_data_q),
    .read_i(fetch_q),
    .read_addr_i(fetch_addr_q),
    .read_data_o,
    .error_o
  );

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      {fetch_q, write_q} <= '0;
    end else begin
      fetch_q <= read_i || product_soon_i;
      write_q <= write_i || (read_valid_q && !wipe_i);
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      word_q <= '0;
      {next_q, read_valid_q, sum_valid_q} <= '0;
    end else if (wipe_i) begin
      word_q <= '0;
      {next_q, read_valid_q, sum_valid_q} <= '0;
    end else begin
      if (product_soon_i) begin
        word_q <= word_q == last_i ? '0 : word_q + 1'b1;
      end
      next_q <= product_soon_i;
      read_valid_q <= next_q;
      sum_valid_q <= read_valid_q;
    end
  end

  always_ff @(posedge clk_i) begin
    fetch_addr_q <= product_soon_i ? word_q : read_addr_i;
    read_word_q <= fetch_addr_q;
    write_addr_q <= write_i ? write_addr_i : read_word_q;
    write_data_q <= wipe_i ? '0 : write_i ? write_data_i : read_data_o ^ product_i;
  end

  assign busy_o = product_soon_i || next_q || read_valid_q || sum_valid_q;

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni)
      !wipe_i && (read_i || write_i) |-> !busy_o);
  assert property (@(posedge clk_i) disable iff (!rst_ni) !wipe_i && next_q |->
      !(read_valid_q && read_word_q == fetch_addr_q) && !(sum_valid_q && write_addr_q == fetch_addr_q));
  assert property (@(posedge clk_i) disable iff (!rst_ni) !wipe_i && product_soon_i |-> word_q <= last_i);
`endif

endmodule
