// qkdpp_burst: the bursts of a range cover it in order, without gap or overlap, and nothing else;
// none is empty, has more than MaxBurst beats, or crosses 4 KiB.
//
// Addresses are of beats of 32 bytes, so that 4 KiB are 128 beats.
module burst_proof
  import qkdpp_top_pkg::*;
#(
  parameter int unsigned MaxBurst = 64
) (
  input logic    clk_i,
  input logic    rst_ni,
  input logic    clear_i,
  input logic    range_valid_i,
  input addr_t   range_addr_i,
  input length_t range_beats_i,
  input logic    burst_ready_i
);

  logic   range_ready_o;
  logic   burst_valid_o;
  addr_t  burst_addr_o;
  burst_t burst_beats_o;

  qkdpp_burst #(.MaxBurst(MaxBurst)) u_dut (.*);

  // What is still to be covered of the range at the output, and the range behind it.
  logic    past_q = 1'b0;
  addr_t   addr_q, next_addr_q;
  length_t left_q, next_left_q;
  logic    next_q;
  logic    offered_q;
  addr_t   offer_addr_q;
  burst_t  offer_beats_q;

  logic accept, take, finished;
  assign accept = range_valid_i && range_ready_o;
  assign take = burst_valid_o && burst_ready_i;
  assign finished = left_q == (take ? length_t'(burst_beats_o) : '0);

  always_ff @(posedge clk_i) begin
    past_q <= 1'b1;
    offered_q <= burst_valid_o && !burst_ready_i;
    offer_addr_q <= burst_addr_o;
    offer_beats_q <= burst_beats_o;
    if (take) begin
      addr_q <= addr_q + addr_t'(burst_beats_o);
      left_q <= left_q - length_t'(burst_beats_o);
    end
    if (finished && next_q) begin
      addr_q <= next_addr_q;
      left_q <= next_left_q;
      next_q <= 1'b0;
    end
    if (accept && finished) begin
      addr_q <= range_addr_i;
      left_q <= range_beats_i;
    end else if (accept) begin
      next_addr_q <= range_addr_i;
      next_left_q <= range_beats_i;
      next_q <= range_beats_i != '0;
    end
    if (!rst_ni || clear_i) begin
      left_q <= '0;
      next_q <= 1'b0;
      offered_q <= 1'b0;
    end
  end

  // What the module has still to split: all but what it offers.
  addr_t   split_addr;
  length_t split_left;
  always_comb begin
    split_addr = next_q ? next_addr_q : burst_valid_o ? addr_q + addr_t'(burst_beats_o) : addr_q;
    split_left = next_q ? next_left_q : burst_valid_o ? left_q - length_t'(burst_beats_o) : left_q;
  end

  always_comb begin
    if (!past_q) begin
      assume (!rst_ni);
    end
    // qkdpp_fetch rejects buffers that reach the end of the address space.
    assume (addr_t'(range_addr_i + addr_t'(range_beats_i)) >= range_addr_i);
    if (past_q && rst_ni) begin
      a_in_order: assert (!burst_valid_o || burst_addr_o == addr_q);
      a_in_range: assert (!burst_valid_o || length_t'(burst_beats_o) <= left_q);
      a_not_empty: assert (!burst_valid_o || burst_beats_o != '0);
      a_length: assert (!burst_valid_o || 32'(burst_beats_o) <= MaxBurst);
      a_4_kib: assert (!burst_valid_o || 32'(burst_addr_o[6:0]) + 32'(burst_beats_o) <= 128);
      a_stable: assert (!offered_q ||
          (burst_valid_o && burst_addr_o == offer_addr_q && burst_beats_o == offer_beats_q));
      // Nothing is forgotten: while anything is left the module works on it.
      a_complete: assert (left_q == '0 || burst_valid_o || u_dut.busy_q);
      a_ready: assert (!next_q || !accept);
      a_split: assert (u_dut.busy_q == (split_left != '0));
      a_split_addr: assert (!u_dut.busy_q || u_dut.addr_q == split_addr);
      a_split_left: assert (!u_dut.busy_q || u_dut.left_q == split_left);
      a_one_behind: assert (!next_q ||
          (next_left_q != '0 && burst_valid_o && left_q == length_t'(burst_beats_o)));
    end
  end

endmodule
