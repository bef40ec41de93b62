// How the pointers of a qkdpp_fifo of 8 words hang together, and with the words that its parent
// counts.
module fifo_invariant (
  input logic       check_i,
  input logic [2:0] erase_i,
  input logic [2:0] read_i,
  input logic [2:0] write_i,
  input logic [3:0] stale_i,
  input logic [3:0] live_i,
  input logic [2:0] first_i,   // the oldest word by the parent's count
  input logic [3:0] count_i    // words by the parent's count
);

  always_comb begin
    if (check_i) begin
      a_first: assert (read_i == first_i);
      a_count: assert (live_i == count_i);
      a_stale: assert (read_i == 3'(erase_i + 3'(stale_i)));
      a_live: assert (write_i == 3'(read_i + 3'(live_i)));
      a_room: assert (5'(stale_i) + 5'(live_i) <= 5'd8);
    end
  end

endmodule
