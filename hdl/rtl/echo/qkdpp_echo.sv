// Kernel 0: output = input (DEVICE.md 6.0). For bring-up, tests of the bus and measurement.
//
// Throughput: one beat a cycle; between jobs two cycles without a beat. Latency: one cycle. It
// holds no memory.
module qkdpp_echo
  import qkdpp_pkg::*;
(
  input  logic    clk_i,
  input  logic    rst_ni,
  input  logic    clear_i,
  output logic    idle_o,
  output logic    parity_error_o,

  input  logic    job_valid_i,
  output logic    job_ready_o,
  input  params_t job_params_i,

  input  logic    in_valid_i,
  output logic    in_ready_o,
  input  beat_t   in_data_i,
  input  logic    in_last_i,

  output logic    out_valid_o,
  input  logic    out_ready_i,
  output beat_t   out_data_o,

  output logic    done_valid_o,
  input  logic    done_ready_i,
  output result_t done_result_o
);

  // Copy: beats are taken. Flush: the last one has been taken. Done: it has been given.
  typedef enum logic [1:0] {Idle, Copy, Flush, Done} state_e;
  state_e state_q, state_d;
  logic   slot_ready, slot_last, sent;

  qkdpp_skid #(
    .Width(BeatBits + 1)
  ) u_beat (
    .clk_i,
    .rst_ni,
    .clear_i,
    .in_valid_i (in_valid_i && state_q == Copy),
    .in_ready_o (slot_ready),
    .in_data_i  ({in_last_i, in_data_i}),
    .out_valid_o(out_valid_o),
    .out_ready_i(out_ready_i),
    .out_data_o ({slot_last, out_data_o})
  );

  assign sent = out_valid_o && out_ready_i && slot_last;

  always_comb begin
    state_d = state_q;
    unique case (state_q)
      Idle: if (job_valid_i) state_d = Copy;
      Copy: if (in_valid_i && in_ready_o && in_last_i) state_d = Flush;
      Flush: if (sent) state_d = Done;
      Done: if (done_ready_i) state_d = Idle;
      default: state_d = Idle;
    endcase
    if (clear_i) begin
      state_d = Idle;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q <= Idle;
    end else begin
      state_q <= state_d;
    end
  end

  assign job_ready_o = state_q == Idle;
  assign in_ready_o = state_q == Copy && slot_ready;
  assign done_valid_o = state_q == Done;
  assign done_result_o = '{status: StatusOk, r1: '0, r0: '0};
  assign idle_o = state_q == Idle;
  assign parity_error_o = 1'b0;

  logic unused_params;
  assign unused_params = ^job_params_i;

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
      out_valid_o && !out_ready_i |=> out_valid_o && $stable(out_data_o));
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
      done_valid_o && !done_ready_i |=> done_valid_o && $stable(done_result_o));
  assert property (@(posedge clk_i) disable iff (!rst_ni) done_valid_o |-> !out_valid_o);
`endif

endmodule
