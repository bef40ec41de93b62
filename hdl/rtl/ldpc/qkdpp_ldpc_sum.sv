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
  input  logic [Banks-1:0][Lanes-1:0][GradeBits-1:0] grade_i,
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
  localparam int unsigned Pairs = Banks == 4 ? 2 : 1;
  localparam int unsigned PairBits = PhiBits + 1;
  localparam int unsigned WideBits = PhiBits + 2;

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
    logic [Banks-1:0][PhiBits-1:0]  phi;
    logic [Pairs-1:0][PairBits-1:0] pair_d, pair_q;
    logic [Banks-1:0]               negative;
    logic                           negative_q;
    logic [PhiBits-1:0]             previous;
    logic [WideBits-1:0]            wide;
    logic [SumBits-1:0]             sum_d, sum_q;
    logic                           parity_d, parity_q;
    logic [SumBits:0]               slots [RowSlots];

    for (genvar bank = 0; bank < Banks; bank++) begin : gen_banks
      assign negative[bank] = negative_i[bank][lane];

      qkdpp_ldpc_phi u_phi (
        .grade_i(grade_i[bank][lane]),
        .phi_o  (phi[bank])
      );
    end

    if (Banks == 1) begin : gen_single
      assign pair_d[0] = PairBits'(phi[0]);
    end else begin : gen_pairs
      for (genvar pair = 0; pair < Pairs; pair++) begin : gen_pair
        assign pair_d[pair] = PairBits'(phi[2*pair]) + PairBits'(phi[2*pair+1]);
      end
    end

    // Two pairs and the sum are first made two numbers, the carries apart, so that one carry chain will do.
    assign previous = first_q ? '0 : sum_q[PhiBits-1:0];
    if (Pairs == 2) begin : gen_wide
      logic [PairBits-1:0] third, carries, sums;
      assign third = PairBits'(previous);
      assign carries = (pair_q[0] & pair_q[1]) | (pair_q[0] & third) | (pair_q[1] & third);
      assign sums = pair_q[0] ^ pair_q[1] ^ third;
      assign wide = {carries, 1'b0} + WideBits'(sums);
    end else begin : gen_narrow
      assign wide = WideBits'(pair_q[0]) + WideBits'(previous);
    end

    // What goes beyond 8191 sticks in the top bit.
    assign sum_d = {wide[WideBits-1:PhiBits] != '0 || (!first_q && sum_q[SumBits-1]), wide[PhiBits-1:0]};
    assign parity_d = negative_q ^ (first_q ? target_i[lane] : parity_q);
    assign row_o[lane] = parity_d;

    always_ff @(posedge clk_i) begin
      if (clear_i) begin
        pair_q <= '0;
        negative_q <= 1'b0;
        sum_q <= '0;
        parity_q <= 1'b0;
      end else begin
        pair_q <= pair_d;
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

`ifndef SYNTHESIS
    // The sum as it is.
    int unsigned exact_d, exact_q;
    always_comb begin
      exact_d = first_q ? 0 : exact_q;
      for (int unsigned pair = 0; pair < Pairs; pair++) exact_d += 32'(pair_q[pair]);
    end
    always_ff @(posedge clk_i) begin
      if (clear_i) exact_q <= 0;
      else if (valid_q) exact_q <= exact_d;
    end
    assert property (@(posedge clk_i) disable iff (!rst_ni)
        valid_q |-> (exact_d < 2 ** PhiBits ? 32'(sum_d) == exact_d : sum_d[SumBits-1]));
`endif
  end

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni) pop_i && !restart_i |=> $changed(read_slot_q));
`endif

endmodule
