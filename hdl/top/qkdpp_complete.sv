// The completion queue: writes the completions of all sources, round robin, each as one beat, with
// its phase and the checksum of output and entry.
//
// An entry is written only while it is free (CQ_HEAD has passed it, and one stays unused). Several
// may be under way; tail_o follows the bus's answers. stop_i keeps new completions out; those taken
// before are written. halt_valid_i then adds the one of the job that stopped the core. Throughput:
// one completion in three cycles.
module qkdpp_complete
  import qkdpp_pkg::*;
  import qkdpp_top_pkg::*;
#(
  parameter int unsigned Sources = NumKernels + 1
) (
  input  logic                      clk_i,
  input  logic                      rst_ni,
  input  logic                      clear_i,
  input  logic                      stop_i,

  input  addr_t                     base_i,
  input  logic        [11:0]        mask_i,    // entries - 1
  input  logic        [11:0]        head_i,
  output logic        [11:0]        tail_o,
  output logic                      full_o,
  output logic                      busy_o,    // a completion is being written
  output logic                      posted_o,  // a completion has been written

  input  logic        [Sources-1:0] completion_valid_i,
  output logic        [Sources-1:0] completion_ready_o,
  input  completion_t [Sources-1:0] completion_i,
  input  logic                      halt_valid_i,
  output logic                      halt_ready_o,
  input  completion_t               halt_i,

  output logic                      request_valid_o,
  input  logic                      request_ready_i,
  output addr_t                     request_addr_o,
  output burst_t                    request_beats_o,
  output logic                      data_valid_o,
  input  logic                      data_ready_i,
  output beat_t                     data_o,
  input  logic                      response_valid_i,
  output addr_t                     response_addr_o    // of the entry that is to be answered next
);

  localparam int unsigned Pending = 8;
  localparam int unsigned PendingBits = $clog2(Pending) + 1;

  // ---- Choosing ----
  logic [Sources-1:0] grant;
  logic               slot_free, take_halt, accept;
  completion_t        chosen;

  qkdpp_arbiter #(
    .N(Sources)
  ) u_arbiter (
    .clk_i,
    .rst_ni,
    .clear_i,
    .request_i(completion_valid_i & {Sources{!stop_i}}),
    .grant_o  (grant),
    .accept_i (slot_free)
  );

  always_comb begin
    chosen = halt_valid_i ? halt_i : '0;
    for (int unsigned s = 0; s < Sources; s++) begin
      chosen |= grant[s] ? completion_i[s] : '0;
    end
  end

  assign completion_ready_o = grant & {Sources{slot_free}};
  assign halt_ready_o = slot_free && stop_i;
  assign take_halt = halt_valid_i && halt_ready_o;
  assign accept = |completion_ready_o || take_halt;

  // ---- Writing ----
  logic [11:0] next_q, next_d, after;   // the entry to write
  logic [11:0] tail_q, tail_d;          // the entry whose answer is to come
  logic        phase_q, phase_d;
  logic        summing_q, summing_d;    // the checksum of what was taken is worked out
  logic        asking_q, asking_d;
  addr_t       addr_q;
  logic        data_ready, addr_ready, answer_valid;
  logic [PendingBits-1:0] unused_data_count, unused_addr_count;

  assign after = (next_q + 1'b1) & mask_i;
  assign full_o = after == (head_i & mask_i);
  assign slot_free = !full_o && !summing_q && !asking_q && data_ready && addr_ready;

  always_comb begin
    summing_d = accept;
    asking_d = summing_q || (asking_q && !request_ready_i);
    next_d = next_q;
    phase_d = phase_q;
    tail_d = response_valid_i ? (tail_q + 1'b1) & mask_i : tail_q;
    if (accept) begin
      next_d = after;
      phase_d = phase_q ^ (after == '0);
    end
    if (clear_i) begin
      summing_d = 1'b0;
      asking_d = 1'b0;
      next_d = '0;
      phase_d = 1'b1;
      tail_d = '0;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      summing_q <= 1'b0;
      asking_q <= 1'b0;
      next_q <= '0;
      phase_q <= 1'b1;
      tail_q <= '0;
    end else begin
      summing_q <= summing_d;
      asking_q <= asking_d;
      next_q <= next_d;
      phase_q <= phase_d;
      tail_q <= tail_d;
    end
  end

  addr_t       entry_addr;
  logic        entry_phase_q;
  completion_t entry_q;
  beat_t       covered;
  logic [31:0] crc;

  assign entry_addr = base_i + addr_t'(next_q);

  always_ff @(posedge clk_i) begin
    entry_q <= chosen;
    entry_phase_q <= phase_q;
    if (accept) begin
      addr_q <= entry_addr;
    end
  end

  // Word 3 goes on from the checksum of the output: see qkdpp_crc_stream.
  assign covered = {28'd0, entry_q.status, entry_q.cycles, entry_q.r1, entry_q.r0, 32'd0,
                    entry_q.crc_in, entry_q.out_beats, 5'd0, entry_q.tag ^ entry_q.crc_out};

  qkdpp_crc32c #(
    .Width(BeatBits)
  ) u_crc (
    .crc_i ('1),
    .data_i(covered),
    .crc_o (crc)
  );

  qkdpp_fifo #(
    .Width(BeatBits),
    .Depth(Pending)
  ) u_data (
    .clk_i,
    .rst_ni,
    .clear_i,
    .in_valid_i (summing_q),
    .in_ready_o (data_ready),
    .in_data_i  ({entry_phase_q, 27'd0, entry_q.status, entry_q.cycles, entry_q.r1, entry_q.r0,
                  ~crc, entry_q.crc_in, entry_q.out_beats, 5'd0, entry_q.tag}),
    .out_valid_o(data_valid_o),
    .out_ready_i(data_ready_i),
    .out_data_o (data_o),
    .count_o    (unused_data_count)
  );

  qkdpp_fifo #(
    .Width(AddrBits),
    .Depth(Pending)
  ) u_addresses (
    .clk_i,
    .rst_ni,
    .clear_i,
    .in_valid_i (accept),
    .in_ready_o (addr_ready),
    .in_data_i  (entry_addr),
    .out_valid_o(answer_valid),
    .out_ready_i(response_valid_i),
    .out_data_o (response_addr_o),
    .count_o    (unused_addr_count)
  );

  assign request_valid_o = asking_q;
  assign request_addr_o = addr_q;
  assign request_beats_o = 8'd1;
  assign tail_o = tail_q;
  assign busy_o = answer_valid;
  assign posted_o = response_valid_i;

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
      response_valid_i |-> answer_valid);
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
      accept |-> after != (head_i & mask_i));
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i) summing_q |-> data_ready);
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
      $onehot0({grant, halt_valid_i && stop_i}));
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
      request_valid_o && !request_ready_i |=> request_valid_o && $stable(request_addr_o));
`endif

endmodule
