// The life of the core: clear and scrub, ready, halt after an error, drain before a reset
// (DEVICE.md sections 3 and 4).
//
//   power-up -> Clear -> Ready -> Halting -> Posting -> Halted
//                 ^        |         |          |          |
//                 +- Drain <---------+----------+----------+   CONTROL.reset
//
// Halting waits until all that is under way has been answered, then Posting lets the completion of
// the job concerned be written, if there is such a job and room for it; both give up after a bus
// time-out and halt anyway.
module qkdpp_control
  import qkdpp_pkg::*;
  import qkdpp_top_pkg::*;
(
  input  logic                    clk_i,
  input  logic                    rst_ni,

  input  logic                    reset_i,      // CONTROL.reset
  input  logic                    enable_i,     // CONTROL.enable
  input  logic [31:0]             limit_i,      // BUS_TIMEOUT

  input  logic                    bus_pending_i,
  input  logic                    jobs_busy_i,
  input  logic                    scrubbed_i,   // every memory is scrubbed and no kernel has a job
  input  logic   [NumClients-1:0] fault_valid_i,
  input  fault_t [NumClients-1:0] fault_i,

  output logic                    clear_o,
  output logic                    stop_o,       // start nothing new
  output logic                    run_o,        // fetch entries
  output logic                    halt_valid_o,
  input  logic                    halt_ready_i,
  output completion_t             halt_o,
  input  logic                    halt_room_i,  // the completion queue has room

  output logic                    ready_o,
  output logic                    halted_o,
  output logic                    draining_o,
  output logic                    idle_o,
  output logic                    error_o,      // high for one cycle when the core halts
  output fault_t                  fault_o,
  output logic   [7:0]            fault_kernel_o
);

  // Cycles that a clear lasts at least, so that whoever is to be cleared has left idle.
  localparam int unsigned ClearCycles = 8;

  typedef enum logic [2:0] {Clear, Ready, Halting, Posting, Halted, Drain} state_e;
  state_e state_q, state_d;

  logic [31:0] timer_q, timer_d;     // cycles in this state
  logic        late, faulty, posted_q, posted_d;
  fault_t      first_fault, fault_q;
  logic [7:0]  first_kernel, kernel_q;

  assign faulty = |fault_valid_i;
  assign late = limit_i != '0 && timer_q >= limit_i;

  always_comb begin
    first_fault = '0;
    first_kernel = '0;
    for (int unsigned c = NumClients; c > 0; c--) begin
      if (fault_valid_i[c-1]) begin
        first_fault = fault_i[c-1];
        first_kernel = c - 1 == ClientQueue ? 8'hFF : 8'(c - 1);
      end
    end
  end

  always_comb begin
    state_d = state_q;
    posted_d = posted_q;
    unique case (state_q)
      Clear: if (timer_q >= ClearCycles && scrubbed_i) state_d = Ready;
      Ready: if (faulty) state_d = Halting;
      Halting: begin
        posted_d = 1'b0;
        if (late) begin
          state_d = Halted;
        end else if (!bus_pending_i) begin
          state_d = kernel_q == 8'hFF || !halt_room_i ? Halted : Posting;
        end
      end
      Posting: begin
        if (halt_valid_o && halt_ready_i) begin
          posted_d = 1'b1;
        end
        if (late || (posted_q && !bus_pending_i)) begin
          state_d = Halted;
        end
      end
      Halted: state_d = Halted;
      Drain: if (!bus_pending_i) state_d = Clear;
      default: state_d = Clear;
    endcase
    if (reset_i && state_q != Clear) begin
      state_d = Drain;
    end
    timer_d = state_d != state_q ? '0 : (timer_q == '1 ? timer_q : timer_q + 1'b1);
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q <= Clear;
      timer_q <= '0;
      posted_q <= 1'b0;
    end else begin
      state_q <= state_d;
      timer_q <= timer_d;
      posted_q <= posted_d;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      fault_q <= '0;
      kernel_q <= '0;
    end else if (state_q == Clear) begin
      fault_q <= '0;
      kernel_q <= '0;
    end else if (state_q == Ready && faulty) begin
      fault_q <= first_fault;
      kernel_q <= first_kernel;
    end
  end

  assign clear_o = state_q == Clear;
  assign stop_o = state_q != Ready;
  assign run_o = state_q == Ready && enable_i;
  assign halt_valid_o = state_q == Posting && !posted_q;
  assign ready_o = state_q == Ready;
  assign halted_o = state_q == Halted;
  assign draining_o = state_q == Drain;
  assign idle_o = (state_q == Ready || state_q == Halted)
      && !bus_pending_i && !jobs_busy_i && scrubbed_i;
  assign error_o = state_q != Halted && state_d == Halted;
  assign fault_o = fault_q;
  assign fault_kernel_o = kernel_q;

  always_comb begin
    halt_o = '0;
    halt_o.status = fault_q.code;
    halt_o.tag = fault_q.tag;
  end

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni)
      halted_o && !reset_i |=> halted_o && $stable(fault_o));
  assert property (@(posedge clk_i) disable iff (!rst_ni) clear_o |-> !bus_pending_i);
  assert property (@(posedge clk_i) disable iff (!rst_ni) run_o |-> ready_o);
`endif

endmodule
