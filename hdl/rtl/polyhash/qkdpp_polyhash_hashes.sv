// The end of qkdpp_polyhash: adds up the products of a segment's last blocks, queues the hashes, puts two into a beat.
//
// One product a cycle, latency 5 cycles from a segment's last product to a beat. A segment is announced by begin_i when
// it begins, if room_o says that its hash will find room.
module qkdpp_polyhash_hashes
  import qkdpp_pkg::*;
#(
  parameter int unsigned QueueDepth = 8
) (
  input  logic         clk_i,
  input  logic         rst_ni,
  input  logic         clear_i,      // drop everything
  input  logic         restart_i,    // the job is over

  input  logic         begin_i,
  output logic         room_o,

  input  logic [127:0] product_i,
  input  logic         adds_i,       // a part of a hash
  input  logic         empty_i,      // nothing is to be left in the sum
  input  logic         hash_i,       // the last part
  input  logic         last_i,       // of the job

  output logic         waiting_o,    // a hash waits for the output

  output logic         out_valid_o,
  input  logic         out_ready_i,
  output beat_t        out_data_o
);

  localparam int unsigned QueueBits = $clog2(QueueDepth);

  logic [127:0] sum_q, new_hash_q, hash_q, half_q;
  logic new_hash_valid_q, new_hash_last_q, hash_valid_q, hash_last_q, half_full_q;
  logic [128:0] queued;
  logic queued_valid, unused_queue_ready;
  logic [QueueBits:0] unused_queue_count;
  logic hash_pop, out_ready;
  logic pairs;                  // what is in hash_q completes a beat
  logic [QueueBits:0] begun_q;  // segments whose hash has not left its queue
  logic room_q;

  always_ff @(posedge clk_i) begin
    if (adds_i || empty_i) sum_q <= adds_i ? sum_q ^ product_i : '0;
    new_hash_q <= hash_i ? sum_q ^ product_i : '0;
    new_hash_last_q <= last_i;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      new_hash_valid_q <= 1'b0;
    end else begin
      new_hash_valid_q <= hash_i && !clear_i;
    end
  end

  qkdpp_fifo #(
    .Width(129),
    .Depth(QueueDepth)
  ) u_queue (
    .clk_i,
    .rst_ni,
    .clear_i,
    .in_valid_i (new_hash_valid_q),
    .in_ready_o (unused_queue_ready),
    .in_data_i  ({new_hash_last_q, new_hash_q}),
    .out_valid_o(queued_valid),
    .out_ready_i(!hash_valid_q || hash_pop),
    .out_data_o (queued),
    .count_o    (unused_queue_count)
  );

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      hash_valid_q <= 1'b0;
    end else if (clear_i) begin
      hash_valid_q <= 1'b0;
    end else if (!hash_valid_q || hash_pop) begin
      hash_valid_q <= queued_valid;
    end
  end

  always_ff @(posedge clk_i) begin
    if (clear_i) begin
      {hash_last_q, hash_q} <= '0;
    end else if (!hash_valid_q || hash_pop) begin
      {hash_last_q, hash_q} <= queued_valid ? queued : '0;
    end
  end

  // The first of two hashes waits in half_q, the last of a job does not wait.
  assign pairs = half_full_q || hash_last_q;
  assign hash_pop = hash_valid_q && (out_ready || !pairs);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      half_full_q <= 1'b0;
      begun_q <= '0;
      room_q <= 1'b0;
    end else if (clear_i || restart_i) begin
      half_full_q <= 1'b0;
      begun_q <= '0;
      room_q <= 1'b1;
    end else begin
      if (hash_pop) half_full_q <= !pairs;
      begun_q <= begun_q + (QueueBits+1)'(begin_i) - (QueueBits+1)'(hash_pop);
      // One is kept back for the segment that may begin in this cycle.
      room_q <= begun_q < (QueueBits+1)'(QueueDepth - 1);
    end
  end

  always_ff @(posedge clk_i) begin
    if (clear_i || restart_i) begin
      half_q <= '0;
    end else if (hash_pop) begin
      half_q <= pairs ? '0 : hash_q;
    end
  end

  qkdpp_skid #(
    .Width(BeatBits)
  ) u_out (
    .clk_i,
    .rst_ni,
    .clear_i,
    .in_valid_i (hash_valid_q && pairs),
    .in_ready_o (out_ready),
    .in_data_i  (half_full_q ? {hash_q, half_q} : {128'd0, hash_q}),
    .out_valid_o,
    .out_ready_i,
    .out_data_o
  );

  assign room_o = room_q;
  assign waiting_o = queued_valid || hash_valid_q || out_valid_o;

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
    out_valid_o && !out_ready_i |=> out_valid_o && $stable(out_data_o));
  assert property (@(posedge clk_i) disable iff (!rst_ni) !(hash_i && adds_i));
  // Nothing is left of a job when it is over.
  assert property (@(posedge clk_i) disable iff (!rst_ni) restart_i |-> {sum_q, new_hash_q, hash_q, out_data_o} == '0);
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i) new_hash_valid_q |-> unused_queue_ready);
`endif

endmodule
