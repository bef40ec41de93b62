// qkdpp_channel_output: nothing is written outside the output buffer of the job that is being
// written, whatever the kernel gives; no burst crosses 4 KiB; a burst that waits does not change.
//
// Whose buffer it is: u_buffers hands the jobs on in their order (proof fifo). qkdpp_fetch rejects
// buffers that reach the end of the address space, which is assumed here of the buffer that leaves
// u_buffers.
module output_proof
  import qkdpp_pkg::*;
  import qkdpp_top_pkg::*;
#(
  parameter int unsigned Depth = 8,
  parameter int unsigned MaxBurst = 4,
  parameter int unsigned MaxPending = 2
) (
  input logic        clk_i,
  input logic        rst_ni,
  input logic        clear_i,
  input logic        job_valid_i,
  input logic        job_bad_i,
  input logic [31:0] job_tag_i,
  input buffer_t     job_buffer_i,
  input logic        kernel_valid_i,
  input beat_t       kernel_data_i,
  input logic        kernel_done_valid_i,
  input result_t     kernel_result_i,
  input logic        request_ready_i,
  input logic        data_ready_i,
  input logic        response_valid_i,
  input logic        finished_ready_i
);

  logic        scrubbed_o, parity_error_o, kernel_ready_o, kernel_done_ready_o, blocked_o;
  logic        request_valid_o, data_valid_o;
  addr_t       request_addr_o, response_addr_o;
  burst_t      request_beats_o;
  beat_t       data_o;
  logic [31:0] response_tag_o, crc_o;
  logic        result_valid_o, result_bad_o, crc_valid_o, finished_valid_o;
  result_t     result_o;
  length_t     result_beats_o;

  qkdpp_channel_output #(
    .Depth     (Depth),
    .MaxBurst  (MaxBurst),
    .MaxPending(MaxPending)
  ) u_dut (
    .*
  );

  typedef logic [AddrBits:0] end_t;

  logic    past_q = 1'b0;
  buffer_t buffer_q;            // of the job that is being written
  logic    offered_q;
  addr_t   offer_addr_q;
  burst_t  offer_beats_q;

  always_ff @(posedge clk_i) begin
    past_q <= 1'b1;
    offered_q <= rst_ni && !clear_i && request_valid_o && !request_ready_i;
    offer_addr_q <= request_addr_o;
    offer_beats_q <= request_beats_o;
    if (u_dut.buffer_pop) begin
      buffer_q <= '{addr: u_dut.buffer_addr, beats: u_dut.buffer_beats};
    end
  end

  end_t buffer_end, request_end, burst_end;
  assign buffer_end = {1'b0, buffer_q.addr} + end_t'(buffer_q.beats);
  assign request_end = {1'b0, request_addr_o} + end_t'(request_beats_o);
  assign burst_end = {1'b0, u_dut.u_burst.burst_addr_q} + end_t'(u_dut.u_burst.burst_beats_q);

  // The values of u_dut's state_e, which read_slang does not find by their hierarchical names.
  localparam logic [1:0] Idle = 2'd0;
  localparam logic [1:0] Request = 2'd3;
  logic writing, splitting;
  assign writing = u_dut.state_q != Idle;
  assign splitting = u_dut.u_burst.busy_q;

  always_comb begin
    if (!past_q) begin
      assume (!rst_ni);
    end
    assume ({1'b0, u_dut.buffer_addr} + end_t'(u_dut.buffer_beats) < end_t'(1) << AddrBits);
    if (past_q && rst_ni) begin
      // What memory relies on.
      a_in_buffer: assert (!request_valid_o ||
          (request_addr_o >= buffer_q.addr && request_end <= buffer_end));
      a_not_empty: assert (!request_valid_o || request_beats_o != '0);
      a_length: assert (!request_valid_o || 32'(request_beats_o) <= MaxBurst);
      a_4_kib: assert (!request_valid_o || 32'(request_addr_o[6:0]) + 32'(request_beats_o) <= 128);
      a_stable: assert (!offered_q ||
          (request_valid_o && request_addr_o == offer_addr_q && request_beats_o == offer_beats_q));
      // Why it is so.
      a_idle: assert (writing || (!splitting && !u_dut.u_burst.valid_q));
      a_cut: assert (u_dut.state_q != Request || (u_dut.u_burst.valid_q && u_dut.beats_q != '0 &&
          u_dut.beats_q <= u_dut.u_burst.burst_beats_q));
      a_end: assert (!writing || buffer_end < end_t'(1) << AddrBits);
      a_burst: assert (!u_dut.u_burst.valid_q || (u_dut.u_burst.burst_addr_q >= buffer_q.addr &&
          burst_end == (splitting ? {1'b0, u_dut.u_burst.addr_q} : buffer_end)));
      a_burst_length: assert (!u_dut.u_burst.valid_q || (u_dut.u_burst.burst_beats_q != '0 &&
          32'(u_dut.u_burst.burst_addr_q[6:0] & 7'(MaxBurst - 1))
              + 32'(u_dut.u_burst.burst_beats_q) <= MaxBurst));
      a_rest: assert (!splitting || (u_dut.u_burst.left_q != '0 &&
          u_dut.u_burst.addr_q >= buffer_q.addr &&
          {1'b0, u_dut.u_burst.addr_q} + end_t'(u_dut.u_burst.left_q) == buffer_end));
    end
  end

endmodule
