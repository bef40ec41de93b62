// Deep first-word fall-through FIFO in block RAM, with parity and scrubbing.
//
// Throughput: one word a cycle in and out. Latency: two cycles. Holds Depth words (a power of two,
// at least 2), the one at the output included. clear_i drops what is held and what is offered in
// that cycle. scrub_i does so too and takes no input; held, it leads to scrubbed_o: no word is left
// in the memory or at the output. Words that have left are overwritten with zeros in cycles without
// a push, so this takes at most Depth + 2 cycles, and none if the FIFO has been idle for long.
// error_o is high in the first cycle of a word at the output that contradicts its parity.
module qkdpp_fifo_ram #(
  parameter int unsigned Width = 256,
  parameter int unsigned Depth = 512,
  parameter int unsigned ParityBits = 64,
  localparam int unsigned AddrBits = $clog2(Depth)
) (
  input  logic              clk_i,
  input  logic              rst_ni,
  input  logic              clear_i,
  input  logic              scrub_i,
  output logic              scrubbed_o,
  output logic              error_o,

  input  logic              in_valid_i,
  output logic              in_ready_o,
  input  logic [Width-1:0]  in_data_i,

  output logic              out_valid_o,
  input  logic              out_ready_i,
  output logic [Width-1:0]  out_data_o,

  output logic [AddrBits:0] count_o
);

  logic                drop;
  logic                push, fetch, wipe;
  logic                write, erase, clean;
  logic [AddrBits-1:0] write_addr, read_addr;
  logic [AddrBits:0]   stored;
  logic                valid_q, valid_d;
  logic                dirty_q, dirty_d;
  logic [AddrBits:0]   count_q, count_d;

  assign drop = clear_i || scrub_i;
  assign push = in_valid_i && in_ready_o && !drop;
  // The memory's output register is the output: the next word is fetched into it when the present
  // one leaves.
  assign fetch = stored != '0 && (!valid_q || out_ready_i) && !drop;
  // Once all words have left and been overwritten, a read of a zero overwrites the output register
  // too.
  assign wipe = clean && stored == '0 && !valid_q && dirty_q;

  qkdpp_fifo_pointers #(
    .Depth(Depth)
  ) u_pointers (
    .clk_i,
    .rst_ni,
    .clear_i     (drop),
    .push_i      (push),
    .pop_i       (fetch),
    .write_o     (write),
    .erase_o     (erase),
    .write_addr_o(write_addr),
    .read_addr_o (read_addr),
    .count_o     (stored),
    .clean_o     (clean)
  );

  qkdpp_ram #(
    .Width     (Width),
    .Depth     (Depth),
    .ParityBits(ParityBits)
  ) u_ram (
    .clk_i,
    .rst_ni,
    .write_i     (write),
    .write_addr_i(write_addr),
    .write_data_i(erase ? '0 : in_data_i),
    .read_i      (fetch || wipe),
    .read_addr_i (read_addr),
    .read_data_o (out_data_o),
    .error_o     (error_o)
  );

  always_comb begin
    valid_d = fetch || (valid_q && !out_ready_i);
    dirty_d = fetch || (dirty_q && !wipe);
    count_d = count_q;
    if (push && !(valid_q && out_ready_i)) begin
      count_d = count_q + 1'b1;
    end else if (!push && valid_q && out_ready_i) begin
      count_d = count_q - 1'b1;
    end
    if (drop) begin
      valid_d = 1'b0;
      count_d = '0;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      valid_q <= 1'b0;
      dirty_q <= 1'b1;
      count_q <= '0;
    end else begin
      valid_q <= valid_d;
      dirty_q <= dirty_d;
      count_q <= count_d;
    end
  end

  assign in_ready_o = !count_q[AddrBits] && !scrub_i;
  assign out_valid_o = valid_q;
  assign count_o = count_q;
  assign scrubbed_o = clean && stored == '0 && !valid_q && !dirty_q;

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni || drop)
      out_valid_o && !out_ready_i |=> out_valid_o && $stable(out_data_o));
  assert property (@(posedge clk_i) disable iff (!rst_ni)
      32'(count_q) == 32'(stored) + 32'(valid_q));
`endif

endmodule
