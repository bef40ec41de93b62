// qkdpp_complete: the host that follows the phase bit sees each completion once, in order, and
// nothing else; no entry is overwritten before it has been consumed, and none outside the queue is
// written.
//
// The queue has 2, 4 or 8 entries. Bus and host are free but for the protocol: a write is answered
// after its address and its data were taken, and the host consumes what tail_o says is there. The
// queue's memory is modelled by its phase bits.
module complete_proof
  import qkdpp_pkg::*;
  import qkdpp_top_pkg::*;
#(
  parameter int unsigned Sources = 2
) (
  input logic                      clk_i,
  input logic                      rst_ni,
  input logic                      stop_i,
  input logic        [1:0]         size_i,             // the queue has 2^(size + 1) entries
  input logic        [Sources-1:0] completion_valid_i,
  input completion_t [Sources-1:0] completion_i,
  input logic                      halt_valid_i,
  input completion_t               halt_i,
  input logic                      request_ready_i,
  input logic                      data_ready_i,
  input logic                      answer_i,
  input logic                      consume_i
);

  typedef logic [4:0] number_t;                         // of a completion, modulo 32

  logic        past_q = 1'b0;
  logic [1:0]  size_q;
  number_t     asked_q, sent_q, answered_q, consumed_q;
  logic [7:0]  phase_q;                                 // in the queue's memory
  logic [31:0] sent_phase_q;                            // of the beats sent, by number

  logic [11:0] mask_i, head_i, tail_o;
  logic        full_o, busy_o, posted_o, halt_ready_o;
  logic        request_valid_o, data_valid_o, response_valid_i;
  logic [Sources-1:0] completion_ready_o;
  addr_t       request_addr_o, response_addr_o;
  burst_t      request_beats_o;
  beat_t       data_o;

  assign mask_i = {9'd0, size_q == 2'd2, size_q != 2'd0, 1'b1};
  assign head_i = 12'(consumed_q) & mask_i;
  assign response_valid_i = answer_i && answered_q != asked_q && answered_q != sent_q;

  qkdpp_complete #(
    .Sources(Sources)
  ) u_dut (
    .clear_i(1'b0),
    .base_i ('0),
    .*
  );

  logic asked, sent, consumed;
  assign asked = request_valid_o && request_ready_i;
  assign sent = data_valid_o && data_ready_i;
  assign consumed = consume_i && head_i != tail_o;

  always_ff @(posedge clk_i) begin
    past_q <= 1'b1;
    if (!past_q) begin
      size_q <= size_i;
    end
    if (!rst_ni) begin
      asked_q <= '0;
      sent_q <= '0;
      answered_q <= '0;
      consumed_q <= '0;
      phase_q <= '0;
    end else begin
      asked_q <= asked_q + number_t'(asked);
      sent_q <= sent_q + number_t'(sent);
      answered_q <= answered_q + number_t'(response_valid_i);
      consumed_q <= consumed_q + number_t'(consumed);
      if (sent) begin
        sent_phase_q[sent_q] <= data_o[255];
      end
      if (response_valid_i) begin
        phase_q[3'(tail_o)] <= sent_phase_q[answered_q];
      end
    end
  end

  // Where the host looks, and the phase that it waits for: 1 on the first pass, then alternating.
  function automatic logic phase(input number_t number);
    return !number[3'(size_q) + 3'd1];
  endfunction
  function automatic logic [11:0] entry(input number_t number);
    return 12'(number) & mask_i;
  endfunction

  // Numbers of completions, counted from the oldest that the host has not consumed: taken, ready to
  // be sent, asked for, sent, answered.
  number_t accepted, held, ready, ahead_asked, ahead_sent, ahead_answered;
  assign accepted = asked_q + number_t'(u_dut.asking_q) + number_t'(u_dut.summing_q);
  assign ready = accepted - number_t'(u_dut.summing_q) - consumed_q;
  assign held = accepted - consumed_q;
  assign ahead_asked = asked_q - consumed_q;
  assign ahead_sent = sent_q - consumed_q;
  assign ahead_answered = answered_q - consumed_q;

  // Phases of the last pass over the queue, and of what was sent and not answered.
  logic memory_right, sent_right;

  always_comb begin
    if (!past_q) begin
      assume (!rst_ni);
    end
    assume (size_i != 2'd3);
    assume (!past_q || size_q != 2'd3);
    if (past_q && rst_ni) begin
      // What the host relies on.
      a_phase: assert ((phase_q[3'(head_i)] == phase(consumed_q)) == (answered_q != consumed_q));
      a_tail: assert (tail_o == entry(answered_q));
      a_not_overwritten: assert (12'(held) <= mask_i);
      a_address: assert (!request_valid_o || request_addr_o == addr_t'(entry(asked_q)));
      a_one_beat: assert (request_beats_o == 8'd1);
      a_answer_address: assert (ahead_answered == held ||
          response_addr_o == addr_t'(entry(answered_q)));
      a_one_taken: assert ((completion_ready_o & (completion_ready_o - 1'b1)) == '0);
      a_stopped: assert (!stop_i || completion_ready_o == '0);
      // Why it is so.
      a_order: assert (ahead_answered <= ahead_sent && ahead_sent <= ready && ready <= held &&
          ahead_answered <= ahead_asked && ahead_asked <= ready);
      a_one_step: assert (!(u_dut.summing_q && u_dut.asking_q));
      a_summing: assert (!u_dut.summing_q || (u_dut.addr_q == addr_t'(entry(asked_q)) &&
          u_dut.entry_phase_q == phase(asked_q)));
      a_next: assert (u_dut.next_q == entry(accepted) && u_dut.phase_q == phase(accepted));
      a_memory: assert (memory_right);
      a_sent: assert (sent_right);
    end
  end

  always_comb begin
    number_t number;
    memory_right = 1'b1;
    sent_right = 1'b1;
    for (int unsigned d = 1; d <= 8; d++) begin
      number = answered_q - number_t'(d);
      memory_right &= 12'(d) > mask_i + 12'd1 || phase_q[3'(entry(number))] == phase(number);
    end
    for (int unsigned d = 0; d < 8; d++) begin
      number = answered_q + number_t'(d);
      sent_right &= ahead_answered + number_t'(d) >= ahead_sent ||
          sent_phase_q[number] == phase(number);
    end
  end

  for (genvar a = 0; a < 8; a++) begin : g_fifo
    // The number of the completion that is at this address of the FIFO, if any.
    number_t data_offset, addr_offset;
    assign data_offset = {2'd0, 3'(a) - sent_q[2:0]};
    assign addr_offset = {2'd0, 3'(a) - answered_q[2:0]};
    always_comb begin
      if (past_q && rst_ni) begin
        a_fifo_phase: assert (ahead_sent + data_offset >= ready ||
            u_dut.u_data.mem[a][255] == phase(sent_q + data_offset));
        a_fifo_addr: assert (ahead_answered + addr_offset >= held ||
            u_dut.u_addresses.mem[a] == addr_t'(entry(answered_q + addr_offset)));
      end
    end
  end

  fifo_invariant u_data (
    .check_i(past_q && rst_ni),
    .erase_i(u_dut.u_data.u_pointers.erase_q),
    .read_i (u_dut.u_data.u_pointers.read_q),
    .write_i(u_dut.u_data.u_pointers.write_q),
    .stale_i(u_dut.u_data.u_pointers.stale_q),
    .live_i (u_dut.u_data.u_pointers.live_q),
    .first_i(sent_q[2:0]),
    .count_i(4'(ready - ahead_sent))
  );

  fifo_invariant u_addresses (
    .check_i(past_q && rst_ni),
    .erase_i(u_dut.u_addresses.u_pointers.erase_q),
    .read_i (u_dut.u_addresses.u_pointers.read_q),
    .write_i(u_dut.u_addresses.u_pointers.write_q),
    .stale_i(u_dut.u_addresses.u_pointers.stale_q),
    .live_i (u_dut.u_addresses.u_pointers.live_q),
    .first_i(answered_q[2:0]),
    .count_i(4'(held - ahead_answered))
  );

endmodule
