// Addresses and counts of a FIFO memory, and the overwriting of words that have left it.
//
// An address is free, live (holds a word) or stale (held one: left by a pop or a clear, or before
// the reset). The write port writes pushed words, and zeros over stale ones in cycles without a
// push. The parent guarantees push_i only if there is room, and pop_i only if count_o is not zero.
// clear_i makes every live word stale and ignores push_i and pop_i.
module qkdpp_fifo_pointers #(
  parameter int unsigned Depth = 4,
  localparam int unsigned AddrBits = $clog2(Depth)
) (
  input  logic                clk_i,
  input  logic                rst_ni,
  input  logic                clear_i,

  input  logic                push_i,
  input  logic                pop_i,

  output logic                write_o,       // write at write_addr_o: the pushed word,
  output logic                erase_o,       // or zeros
  output logic [AddrBits-1:0] write_addr_o,
  output logic [AddrBits-1:0] read_addr_o,   // the oldest live word
  output logic [AddrBits:0]   count_o,       // live words
  output logic                clean_o        // no stale words
);

  if (Depth < 2 || Depth != 2 ** AddrBits) begin : g_bad_depth
    $error("Depth must be a power of two, at least 2");
  end

  typedef logic [AddrBits:0] count_t;

  // In the order of addresses: stale from erase_q on, live from read_q on, free from write_q on.
  logic [AddrBits-1:0] erase_q, read_q, write_q;
  count_t              stale_q, stale_d;
  count_t              live_q, live_d;

  logic push, pop, erase, advance;
  assign push = push_i && !clear_i;
  assign pop = pop_i && !clear_i;
  assign erase = !push && stale_q != '0;
  // A push into a memory without a free address overwrites the oldest stale one.
  assign advance = erase || (push && stale_q != '0 && write_q == erase_q);

  always_comb begin
    stale_d = stale_q + count_t'(pop) - count_t'(advance);
    live_d = live_q + count_t'(push) - count_t'(pop);
    if (clear_i) begin
      stale_d = stale_q + live_q - count_t'(advance);
      live_d = '0;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      erase_q <= '0;
      read_q <= '0;
      write_q <= '0;
      stale_q <= count_t'(Depth);
      live_q <= '0;
    end else begin
      erase_q <= erase_q + AddrBits'(advance);
      read_q <= clear_i ? write_q : read_q + AddrBits'(pop);
      write_q <= write_q + AddrBits'(push);
      stale_q <= stale_d;
      live_q <= live_d;
    end
  end

  assign write_o = push || erase;
  assign erase_o = erase;
  assign write_addr_o = erase ? erase_q : write_q;
  assign read_addr_o = read_q;
  assign count_o = live_q;
  assign clean_o = stale_q == '0;

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni) 32'(live_q) + 32'(stale_q) <= Depth);
  assert property (@(posedge clk_i) disable iff (!rst_ni) push_i |-> 32'(live_q) < Depth);
  assert property (@(posedge clk_i) disable iff (!rst_ni) pop_i |-> live_q != '0);
`endif

endmodule
