// qkdpp_fetch: reads the entries up to the doorbell and no further, each once, in order; hands each
// on once, in order, to one channel or to none; a job that is not marked bad has buffers that do
// not leave the address space.
//
// The queue has 2, 4 or 8 entries. Bus and host are free but for the protocol: data come for what
// was asked for, and the host submits what head_o says there is room for. An entry is known by its
// tag.
module fetch_proof
  import qkdpp_pkg::*;
  import qkdpp_top_pkg::*;
#(
  parameter int unsigned Ahead = 4,
  parameter logic [NumKernels-1:0] Kernels = 6'b101101
) (
  input logic                  clk_i,
  input logic                  rst_ni,
  input logic                  enable_i,
  input logic [1:0]            size_i,        // the queue has 2^(size + 1) entries
  input logic                  submit_i,
  input logic                  request_ready_i,
  input logic                  arrive_i,
  input beat_t                 data_i,
  input logic [NumKernels-1:0] job_ready_i,
  input logic                  reject_ready_i
);

  typedef logic [4:0] number_t;               // of an entry, modulo 32
  typedef logic [5:0] beat_number_t;          // of a beat, two for each entry

  logic         past_q = 1'b0;
  logic [1:0]   size_q;
  number_t      submitted_q, asked_q, handed_q;
  beat_number_t arrived_q, checked_q;
  logic [7:0][31:0] tag_q;                    // of the entries that have arrived, by number

  logic [11:0] mask_i, tail_i, head_o;
  logic        busy_o, request_valid_o, data_valid_i, reject_valid_o;
  addr_t       request_addr_o;
  burst_t      request_beats_o;
  logic [NumKernels-1:0] job_valid_o;
  job_t        job_o;

  assign mask_i = {9'd0, size_q == 2'd2, size_q != 2'd0, 1'b1};
  assign tail_i = 12'(submitted_q) & mask_i;
  assign data_valid_i = arrive_i && arrived_q != {asked_q, 1'b0};

  qkdpp_fetch #(
    .Kernels(Kernels),
    .Ahead  (Ahead)
  ) u_dut (
    .clear_i(1'b0),
    .base_i ('0),
    .*
  );

  logic taken;
  assign taken = (job_valid_o & job_ready_i) != '0 || (reject_valid_o && reject_ready_i);

  always_ff @(posedge clk_i) begin
    past_q <= 1'b1;
    if (!past_q) begin
      size_q <= size_i;
    end
    if (!rst_ni) begin
      submitted_q <= '0;
      asked_q <= '0;
      handed_q <= '0;
      arrived_q <= '0;
      checked_q <= '0;
    end else begin
      submitted_q <= submitted_q + number_t'(submit_i && ((tail_i + 12'd1) & mask_i) != head_o);
      asked_q <= asked_q + number_t'(request_valid_o && request_ready_i);
      handed_q <= handed_q + number_t'(taken);
      arrived_q <= arrived_q + beat_number_t'(data_valid_i);
      checked_q <= checked_q + beat_number_t'(u_dut.beat_valid && u_dut.beat_ready);
      if (data_valid_i && !arrived_q[0]) begin
        tag_q[arrived_q[3:1]] <= data_i[63:32];
      end
    end
  end

  // Numbers of entries, counted from the oldest that has not been handed on.
  number_t accepted, unread, ahead_submitted, ahead_asked, ahead_arrived, ahead_checked, reading;
  beat_number_t coming, waiting;
  assign accepted = asked_q + number_t'(u_dut.asking_q);
  assign reading = accepted - checked_q[5:1];
  assign unread = submitted_q - arrived_q[5:1];
  assign ahead_submitted = submitted_q - handed_q;
  assign ahead_asked = asked_q - handed_q;
  assign ahead_arrived = arrived_q[5:1] - handed_q;
  assign ahead_checked = checked_q[5:1] - handed_q;
  assign coming = {asked_q, 1'b0} - arrived_q;
  assign waiting = arrived_q - checked_q;

  logic in_carry, out_carry;
  addr_t unused_in_end, unused_out_end;
  assign {in_carry, unused_in_end} = {1'b0, job_o.in.addr} + (AddrBits + 1)'(job_o.in.beats);
  assign {out_carry, unused_out_end} = {1'b0, job_o.out.addr} + (AddrBits + 1)'(job_o.out.beats);

  logic loaded;
  assign loaded = u_dut.job_busy_q || u_dut.parameters_q;

  always_comb begin
    if (!past_q) begin
      assume (!rst_ni);
    end
    assume (size_i != 2'd3);
    assume (!past_q || size_q != 2'd3);
    if (past_q && rst_ni) begin
      // What the host relies on.
      a_doorbell: assert (ahead_submitted >= accepted - handed_q);
      a_address: assert (!request_valid_o ||
          request_addr_o == addr_t'({12'(asked_q) & mask_i, 1'b0}));
      a_two_beats: assert (request_beats_o == 8'd2);
      a_head: assert (head_o == (12'(arrived_q[5:1]) & mask_i));
      a_fifo_room: assert (!data_valid_i || u_dut.unused_beat_ready);
      a_tag: assert (!(job_valid_o != '0 || reject_valid_o) || job_o.tag == tag_q[handed_q[2:0]]);
      a_handed_after: assert (!(job_valid_o != '0 || reject_valid_o) || ahead_checked == 5'd1);
      a_one_channel: assert ((job_valid_o & (job_valid_o - 1'b1)) == '0);
      a_present: assert ((job_valid_o & ~Kernels) == '0);
      a_not_both: assert (!reject_valid_o || job_valid_o == '0);
      a_buffers: assert (!loaded || job_o.bad || (!in_carry && !out_carry && job_o.in.beats != '0));
      // Why it is so.
      a_order: assert (ahead_checked <= ahead_arrived && ahead_arrived <= ahead_asked &&
          ahead_asked <= accepted - handed_q && reading <= 5'(Ahead));
      a_arrived: assert (coming <= 6'(2 * Ahead) && waiting <= 6'(2 * Ahead) &&
          coming + waiting <= 6'(2 * Ahead));
      a_queue: assert (12'(unread) <= mask_i);
      a_next: assert (u_dut.next_q == (12'(accepted) & mask_i));
      a_beat: assert (u_dut.second_q == arrived_q[0] && u_dut.parameters_q == checked_q[0]);
      a_held: assert (5'(u_dut.held_q) == reading);
      a_busy: assert (ahead_checked == 5'(u_dut.job_busy_q) &&
          !(u_dut.job_busy_q && u_dut.parameters_q));
      a_loaded: assert (!loaded || (u_dut.job_q.tag == tag_q[handed_q[2:0]] &&
          (u_dut.kernel_q & (u_dut.kernel_q - 1'b1)) == '0 && (u_dut.kernel_q & ~Kernels) == '0));
    end
  end

  for (genvar a = 0; a < 8; a++) begin : g_fifo
    // The number of the beat that is at this address of the FIFO, if any.
    beat_number_t offset, number;
    assign offset = {3'd0, 3'(a) - checked_q[2:0]};
    assign number = checked_q + offset;
    always_comb begin
      if (past_q && rst_ni) begin
        a_fifo_tag: assert (offset >= waiting || number[0] ||
            u_dut.u_entries.mem[a][63:32] == tag_q[number[3:1]]);
      end
    end
  end

  fifo_invariant u_entries (
    .check_i(past_q && rst_ni),
    .erase_i(u_dut.u_entries.u_pointers.erase_q),
    .read_i (u_dut.u_entries.u_pointers.read_q),
    .write_i(u_dut.u_entries.u_pointers.write_q),
    .stale_i(u_dut.u_entries.u_pointers.stale_q),
    .live_i (u_dut.u_entries.u_pointers.live_q),
    .first_i(checked_q[2:0]),
    .count_i(4'(waiting))
  );

endmodule
