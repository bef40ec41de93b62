// Sums a row's φ and signs over its gather entries, for every check of the row, and keeps the sums until the row has been
// scattered.
//
// Throughput: one entry a cycle. Latency: the edges of all banks are added in one cycle, then to the row's sum, which can
// be read in the third cycle. RowSlots rows fit, which the schedule sees to.
module qkdpp_ldpc_sum
  import qkdpp_ldpc_pkg::*;
#(
  parameter int unsigned Lanes = 128,
  parameter int unsigned Banks = 2
) (
  input  logic                                       clk_i,
  input  logic                                       rst_ni,
  input  logic                                       restart_i,  // an iteration begins
  input  logic                                       clear_i,    // zero one slot a cycle, from the second on

  // An entry's edges; one cycle later, if the entry is the first of its row, the wanted parities.
  input  logic                                       valid_i,
  input  logic                                       first_i,
  input  logic                                       last_i,
  input  logic [Banks-1:0][Lanes-1:0][PhiBits-1:0]   phi_i,
  input  logic [Banks-1:0][Lanes-1:0]                negative_i,
  input  logic [Lanes-1:0]                           target_i,

  // A row is complete: the checks whose messages do not have the wanted parity.
  output logic                                       row_valid_o,
  output logic [Lanes-1:0]                           row_o,

  // The oldest row that has not been scattered.
  input  logic                                       pop_i,
  output logic [Lanes-1:0][SumBits-1:0]              sum_o,
  output logic [Lanes-1:0]                           parity_o
);

  localparam int unsigned SlotBits = $clog2(RowSlots);
  localparam int unsigned EntryBits = PhiBits + $clog2(Banks);
  localparam int unsigned WideBits = EntryBits + 1;

  logic                valid_q, first_q, last_q;
  logic [SlotBits-1:0] write_slot_q, read_slot_q;
  logic                write;
  assign write = clear_i || row_valid_o;
  assign row_valid_o = valid_q && last_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      valid_q <= 1'b0;
      first_q <= 1'b0;
      last_q <= 1'b0;
      write_slot_q <= '0;
      read_slot_q <= '0;
    end else begin
      valid_q <= valid_i;
      first_q <= first_i;
      last_q <= last_i;
      if (restart_i) begin
        write_slot_q <= '0;
        read_slot_q <= '0;
      end else begin
        write_slot_q <= write_slot_q + SlotBits'(write);
        read_slot_q <= read_slot_q + SlotBits'(pop_i);
      end
    end
  end

  for (genvar lane = 0; lane < Lanes; lane++) begin : gen_lanes
    logic [EntryBits-1:0] entry_d, entry_q;
    logic [Banks-1:0]     negative;
    logic                 negative_q;
    logic [SumBits-1:0]   sum_d, sum_q;
    logic                 parity_d, parity_q;
    logic [SumBits:0]     slots [RowSlots];

    for (genvar bank = 0; bank < Banks; bank++) begin : gen_negative
      assign negative[bank] = negative_i[bank][lane];
    end

    // Two lanes share a DSP block for the sum of a pair, where there are such and there is more than one pair.
    if (Banks == 4) begin : gen_pairs
      (* use_dsp = "simd" *) logic [PhiBits:0] first_pair, second_pair;
      assign first_pair = (PhiBits + 1)'(phi_i[0][lane]) + (PhiBits + 1)'(phi_i[1][lane]);
      assign second_pair = (PhiBits + 1)'(phi_i[2][lane]) + (PhiBits + 1)'(phi_i[3][lane]);
      assign entry_d = EntryBits'(first_pair) + EntryBits'(second_pair);
    end else if (Banks == 2) begin : gen_pair
      assign entry_d = EntryBits'(phi_i[0][lane]) + EntryBits'(phi_i[1][lane]);
    end else begin : gen_single
      assign entry_d = phi_i[0][lane];
    end

    // What goes beyond 15 bits sticks in the top bit.
    logic [WideBits-1:0] wide;
    assign wide = WideBits'(entry_q) + (first_q ? '0 : WideBits'(sum_q[PhiBits-1:0]));
    assign sum_d = {|wide[WideBits-1:PhiBits] || (!first_q && sum_q[SumBits-1]), wide[PhiBits-1:0]};
    assign parity_d = negative_q ^ (first_q ? target_i[lane] : parity_q);
    assign row_o[lane] = parity_d;

    always_ff @(posedge clk_i) begin
      if (clear_i) begin
        entry_q <= '0;
        negative_q <= 1'b0;
        sum_q <= '0;
        parity_q <= 1'b0;
      end else begin
        entry_q <= entry_d;
        negative_q <= ^negative;
        if (valid_q) begin
          sum_q <= sum_d;
          parity_q <= parity_d;
        end
      end
    end

    always_ff @(posedge clk_i) begin
      if (write) begin
        slots[write_slot_q] <= {parity_d, sum_d};
      end
    end

    assign {parity_o[lane], sum_o[lane]} = slots[read_slot_q];
  end

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni) pop_i && !restart_i |=> $changed(read_slot_q));
`endif

endmodule
