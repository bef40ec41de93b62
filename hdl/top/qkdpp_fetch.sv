// The submission queue: reads entries in order, checks them and hands each to its kernel's channel.
//
// Several entries are read ahead, each by one burst of two beats. An entry waits until its channel
// takes it and holds up those behind it. One that names no kernel of this device is rejected:
// completed as BAD_DESCRIPTOR without a channel; other malformed ones go to their channel marked as
// bad, so that completions of a kernel keep their order. Each goes on with the checksum of its two
// beats as they came. Throughput: one entry in three cycles.
module qkdpp_fetch
  import qkdpp_pkg::*;
  import qkdpp_top_pkg::*;
#(
  // Bit k: kernel k is there.
  parameter logic [NumKernels-1:0] Kernels = '1,
  // Entries read ahead, a power of two.
  parameter int unsigned Ahead = 16
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,
  input  logic                  clear_i,

  input  logic                  enable_i,
  input  addr_t                 base_i,
  input  logic [11:0]           mask_i,       // entries - 1
  input  logic [11:0]           tail_i,
  output logic [11:0]           head_o,       // the entries before it have been read
  output logic                  busy_o,       // entries are being read or wait

  output logic                  request_valid_o,
  input  logic                  request_ready_i,
  output addr_t                 request_addr_o,
  output burst_t                request_beats_o,
  input  logic                  data_valid_i,
  input  beat_t                 data_i,

  output logic [NumKernels-1:0] job_valid_o,
  input  logic [NumKernels-1:0] job_ready_i,
  output job_t                  job_o,
  output logic                  reject_valid_o,
  input  logic                  reject_ready_i
);

  localparam int unsigned AheadBits = $clog2(Ahead) + 1;
  typedef logic [AheadBits-1:0] ahead_t;

  // ---- Reading ----
  logic [11:0] next_q, next_d;       // the next entry to ask for
  logic [11:0] head_q, head_d;       // the next entry to arrive
  logic        second_q, second_d;   // its second beat
  ahead_t      held_q, held_d;       // entries asked for and not yet checked
  logic        entry_pop;
  addr_t       addr_q;
  logic        asking_q, asking_d;

  always_comb begin
    asking_d = asking_q && !request_ready_i;
    next_d = next_q;
    held_d = held_q - ahead_t'(entry_pop);
    if (enable_i && !asking_q && next_q != (tail_i & mask_i) && held_q != ahead_t'(Ahead)) begin
      asking_d = 1'b1;
      next_d = (next_q + 1'b1) & mask_i;
      held_d = held_d + 1'b1;
    end
    second_d = second_q ^ data_valid_i;
    head_d = data_valid_i && second_q ? (head_q + 1'b1) & mask_i : head_q;
    if (clear_i) begin
      asking_d = 1'b0;
      next_d = '0;
      held_d = '0;
      second_d = 1'b0;
      head_d = '0;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      asking_q <= 1'b0;
      next_q <= '0;
      held_q <= '0;
      second_q <= 1'b0;
      head_q <= '0;
    end else begin
      asking_q <= asking_d;
      next_q <= next_d;
      held_q <= held_d;
      second_q <= second_d;
      head_q <= head_d;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!asking_q) begin
      addr_q <= base_i + addr_t'({next_q, 1'b0});
    end
  end

  assign request_valid_o = asking_q;
  assign request_addr_o = addr_q;
  assign request_beats_o = 8'd2;
  assign head_o = head_q;

  // ---- Checking ----
  logic  beat_valid, beat_ready, unused_beat_ready;
  beat_t beat;
  logic [AheadBits:0] unused_beat_count;

  logic        crc_valid, sum_valid, unused_sum_ready;
  logic [31:0] crc, sum;
  ahead_t      unused_sum_count;

  qkdpp_fifo #(
    .Width(BeatBits),
    .Depth(2 * Ahead)
  ) u_entries (
    .clk_i,
    .rst_ni,
    .clear_i,
    .in_valid_i (data_valid_i),
    .in_ready_o (unused_beat_ready),
    .in_data_i  (data_i),
    .out_valid_o(beat_valid),
    .out_ready_i(beat_ready),
    .out_data_o (beat),
    .count_o    (unused_beat_count)
  );

  qkdpp_crc_stream u_crc (
    .clk_i,
    .rst_ni,
    .clear_i,
    .valid_i    (data_valid_i),
    .data_i,
    .last_i     (data_valid_i && second_q),
    .crc_valid_o(crc_valid),
    .crc_o      (crc)
  );

  qkdpp_fifo #(
    .Width(32),
    .Depth(Ahead)
  ) u_sums (
    .clk_i,
    .rst_ni,
    .clear_i,
    .in_valid_i (crc_valid),
    .in_ready_o (unused_sum_ready),
    .in_data_i  (crc),
    .out_valid_o(sum_valid),
    .out_ready_i(entry_pop),
    .out_data_o (sum),
    .count_o    (unused_sum_count)
  );

  // Words 0 to 7 are in the first beat, the parameters in the second.
  logic                  job_busy_q, job_busy_d;
  logic                  parameters_q, parameters_d;
  logic                  first_pop;
  logic [NumKernels-1:0] kernel_q, kernel;
  job_t                  job_q, job;
  logic [7:0][31:0]      word;
  buffer_t               in, out;
  logic                  in_carry, out_carry;
  addr_t                 unused_in_end, unused_out_end;

  assign word = beat;
  assign in = '{addr: {word[3], word[2][31:5]}, beats: word[4][31:5]};
  assign out = '{addr: {word[7], word[6][31:5]}, beats: word[5][31:5]};
  assign {in_carry, unused_in_end} = {1'b0, in.addr} + (AddrBits + 1)'(in.beats);
  assign {out_carry, unused_out_end} = {1'b0, out.addr} + (AddrBits + 1)'(out.beats);

  always_comb begin
    for (int unsigned k = 0; k < NumKernels; k++) begin
      kernel[k] = Kernels[k] && word[0][7:0] == 8'(k);
    end
    job.crc = '0;
    job.tag = word[1];
    job.in = in;
    job.out = out;
    job.params = beat;
    job.bad = word[0][31:8] != '0
        || (word[2][4:0] | word[4][4:0] | word[5][4:0] | word[6][4:0]) != '0
        || in.beats == '0 || in_carry || out_carry;
  end

  // The first beat is taken when the last entry has gone, the second, with the checksum, one cycle or
  // more later.
  assign first_pop = beat_valid && !job_busy_q && !parameters_q;
  assign entry_pop = beat_valid && parameters_q && sum_valid;
  assign beat_ready = first_pop || entry_pop;

  always_comb begin
    job_busy_d = job_busy_q;
    parameters_d = parameters_q;
    if (first_pop) begin
      parameters_d = 1'b1;
    end
    if (entry_pop) begin
      parameters_d = 1'b0;
      job_busy_d = 1'b1;
    end
    if (|(job_valid_o & job_ready_i) || (reject_valid_o && reject_ready_i)) begin
      job_busy_d = 1'b0;
    end
    if (clear_i) begin
      job_busy_d = 1'b0;
      parameters_d = 1'b0;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      job_busy_q <= 1'b0;
      parameters_q <= 1'b0;
    end else begin
      job_busy_q <= job_busy_d;
      parameters_q <= parameters_d;
    end
  end

  always_ff @(posedge clk_i) begin
    if (first_pop) begin
      kernel_q <= kernel;
      job_q <= job;
    end
    if (entry_pop) begin
      job_q.params <= beat;
      job_q.crc <= sum;
    end
  end

  assign job_valid_o = kernel_q & {NumKernels{job_busy_q}};
  assign reject_valid_o = job_busy_q && kernel_q == '0;
  assign job_o = job_q;
  assign busy_o = held_q != '0 || job_busy_q || (enable_i && next_q != (tail_i & mask_i));

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni) $onehot0(job_valid_o));
  assert property (@(posedge clk_i) disable iff (!rst_ni) 32'(held_q) <= Ahead);
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i) (next_q & ~mask_i) == '0);
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
      request_valid_o && !request_ready_i |=> request_valid_o && $stable(request_addr_o));
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
      |job_valid_o && (job_valid_o & job_ready_i) == '0
      |=> $stable(job_valid_o) && $stable(job_o));
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
      data_valid_i |-> unused_beat_ready);
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i) crc_valid |-> unused_sum_ready);
`endif

endmodule
