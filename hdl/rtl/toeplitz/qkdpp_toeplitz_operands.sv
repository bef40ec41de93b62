// Operands of the products: the seed memory and the two registers before qkdpp_toeplitz_product.
//
// A row of products is one block of key by one window of two consecutive blocks of seed after the other. The seed
// memory is read one block a cycle; the window is the block just read and the one before it. The oldest block of a row
// is not read again: the first block that a row reads is kept in head_q, where the next row finds it.
//
// Throughput: one product a cycle. Latency: matrix_o and vector_o are valid two cycles after read_i.
// wipe_i zeroes all registers but the output register of the memory, which takes a read of a scrubbed address.
module qkdpp_toeplitz_operands #(
  parameter int unsigned Tile = 512,
  parameter int unsigned LogDepth = 10
) (
  input  logic                clk_i,
  input  logic                rst_ni,
  input  logic                wipe_i,

  input  logic                head_write_i,  // block_i is the first block of the seed
  input  logic                seed_write_i,  // block_i goes to the seed memory
  input  logic [LogDepth-1:0] seed_addr_i,
  input  logic                key_write_i,   // block_i is the next block of the key
  input  logic [Tile-1:0]     block_i,

  input  logic                read_i,
  input  logic                first_i,       // with read_i: a new row begins, the next block of the key is in use
  input  logic [LogDepth-1:0] read_addr_i,

  output logic [2*Tile-2:0]   matrix_o,
  output logic [Tile-1:0]     vector_o,
  output logic                error_o
);

  logic first_q;
  logic [Tile-1:0] read_data;
  logic [Tile-1:0] head_q, low_q, high_q, next_key_q, key_q;

  qkdpp_ram #(
    .Width(Tile),
    .Depth(2 ** LogDepth)
  ) u_seed (
    .clk_i,
    .rst_ni,
    .write_i(seed_write_i),
    .write_addr_i(seed_addr_i),
    .write_data_i(seed_write_i && !wipe_i ? block_i : '0),
    .read_i,
    .read_addr_i,
    .read_data_o(read_data),
    .error_o
  );

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      first_q <= 1'b0;
    end else begin
      first_q <= read_i && first_i;
    end
  end

  always_ff @(posedge clk_i) begin
    high_q <= read_data;
    low_q <= first_q ? head_q : high_q;
    if (head_write_i) begin
      head_q <= block_i;
    end else if (first_q) begin
      head_q <= read_data;
    end
    if (key_write_i) begin
      next_key_q <= block_i;
    end
    if (first_q) begin
      key_q <= next_key_q;
    end
    if (wipe_i) begin
      {head_q, low_q, high_q, next_key_q, key_q} <= '0;
    end
  end

  // y[i] = ⊕_j t[i − j + T − 1]·x[j] is a Hankel matrix times the reversed key.
  always_comb begin
    for (int unsigned bit_index = 0; bit_index < Tile; bit_index++) begin
      vector_o[bit_index] = key_q[Tile-1-bit_index];
    end
  end

  assign matrix_o = {high_q[Tile-2:0], low_q};

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni)
      !wipe_i && seed_write_i && read_i |-> seed_addr_i != read_addr_i);
  assert property (@(posedge clk_i) disable iff (!rst_ni) !wipe_i && key_write_i |-> !(read_i && first_i));
  assert property (@(posedge clk_i) disable iff (!rst_ni) $onehot0({head_write_i, seed_write_i, key_write_i}));
  assert property (@(posedge clk_i) disable iff (!rst_ni) wipe_i |=> vector_o == '0 && matrix_o == '0);
`endif

endmodule
