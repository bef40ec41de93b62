// Performance counters of 64 bits, read one at a time through COUNTER_SELECT: value_o is a copy of
// the selected counter, taken two cycles after select_i.
module qkdpp_counters
  import qkdpp_pkg::*;
  import qkdpp_top_pkg::*;
#(
  // Counters 0 to 3 are kernel 0's (busy, waiting for input, waiting for room, jobs), and so on;
  // absent kernels have none.
  parameter logic [NumKernels-1:0] Kernels = '1
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,
  output now_t                  now_o,

  input  logic [NumKernels-1:0] busy_i,
  input  logic [NumKernels-1:0] starved_i,
  input  logic [NumKernels-1:0] blocked_i,
  input  logic [NumKernels-1:0] finished_i,
  input  logic                  read_beat_i,
  input  logic                  write_beat_i,

  input  logic                  select_i,
  input  logic [6:0]            counter_i,
  output logic [63:0]           value_o
);

  localparam int unsigned KernelCounters = 4 * NumKernels;
  localparam int unsigned CoreCounters = 3;

  logic [KernelCounters-1:0][63:0] kernel_count;
  logic [CoreCounters-1:0][63:0]   core_count_q;

  for (genvar k = 0; k < NumKernels; k++) begin : g_kernel
    if (Kernels[k]) begin : g_there
      logic [3:0]       event_q;
      logic [3:0][63:0] count_q;

      always_ff @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
          event_q <= '0;
          count_q <= '0;
        end else begin
          event_q <= {finished_i[k], blocked_i[k], starved_i[k], busy_i[k]};
          for (int unsigned n = 0; n < 4; n++) begin
            count_q[n] <= count_q[n] + 64'(event_q[n]);
          end
        end
      end

      assign kernel_count[4*k+:4] = count_q;
    end else begin : g_absent
      assign kernel_count[4*k+:4] = '0;
      logic unused_events;
      assign unused_events = ^{finished_i[k], blocked_i[k], starved_i[k], busy_i[k]};
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      core_count_q <= '0;
    end else begin
      core_count_q[0] <= core_count_q[0] + 64'd1;
      core_count_q[1] <= core_count_q[1] + 64'(read_beat_i);
      core_count_q[2] <= core_count_q[2] + 64'(write_beat_i);
    end
  end

  assign now_o = core_count_q[0][$bits(now_t)-1:0];

  // The register follows the write by one cycle.
  logic        select_q;
  logic [63:0] selected, value_q;

  always_comb begin
    selected = '0;
    for (int unsigned n = 0; n < KernelCounters; n++) begin
      selected |= counter_i == 7'(n) ? kernel_count[n] : '0;
    end
    for (int unsigned n = 0; n < CoreCounters; n++) begin
      selected |= counter_i == 7'(64 + n) ? core_count_q[n] : '0;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      select_q <= 1'b0;
      value_q <= '0;
    end else begin
      select_q <= select_i;
      value_q <= select_q ? selected : value_q;
    end
  end

  assign value_o = value_q;

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni) !select_q |=> $stable(value_o));
`endif

endmodule
