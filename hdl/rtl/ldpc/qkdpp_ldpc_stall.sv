// Whether decoding has stalled: counts the checks that an iteration finds unsatisfied, beside its work, and compares.
//
// Where a code's z is below Lanes a check stands in several lanes and is counted as often, which makes no difference to the
// rule (SPEC §5.3).
//
// Throughput: a row a cycle. Latency: StallLatency cycles from an iteration's last row to its end, at which stalled_o follows a
// cycle later.
module qkdpp_ldpc_stall
  import qkdpp_ldpc_pkg::*;
#(
  parameter int unsigned Lanes = 128,
  parameter int unsigned Rows = 512
) (
  input  logic             clk_i,
  input  logic             rst_ni,
  input  logic             clear_i,  // the decoding is over

  input  logic             start_i,  // an iteration begins
  input  logic             first_i,  // it is the first one, stable while it runs
  input  logic             row_valid_i,
  input  logic [Lanes-1:0] row_i,    // the unsatisfied checks of a row
  input  logic             done_i,   // the iteration ends
  output logic             stalled_o
);

  localparam int unsigned Patience = 12;
  // Lanes of a group, and groups of a part.
  localparam int unsigned Group = 8;
  localparam int unsigned Groups = Lanes / Group;
  localparam int unsigned Part = Groups < 4 ? Groups : 4;
  localparam int unsigned Parts = Groups / Part;
  localparam int unsigned GroupBits = $clog2(Group + 1);
  localparam int unsigned PartBits = $clog2(Part * Group + 1);
  localparam int unsigned CountBits = $clog2(Rows * Lanes + 1);
  localparam int unsigned BoundBits = CountBits + 6;

  // The row, the number of its checks in groups and in parts of lanes, and the sum over all rows.
  logic [3:1]                       valid_q;
  logic [Lanes-1:0]                 row_q;
  logic [Groups-1:0][GroupBits-1:0] groups_d, groups_q;
  logic [Parts-1:0][PartBits-1:0]   parts_d, parts_q;
  logic [CountBits-1:0]             row_count, count_q;

  for (genvar group = 0; group < Groups; group++) begin : gen_groups
    assign groups_d[group] = GroupBits'($countones(row_q[Group*group+:Group]));
  end

  always_comb begin
    for (int unsigned part = 0; part < Parts; part++) begin
      parts_d[part] = '0;
      for (int unsigned i = 0; i < Part; i++) parts_d[part] += PartBits'(groups_q[Part*part+i]);
    end
    row_count = '0;
    for (int unsigned part = 0; part < Parts; part++) row_count += CountBits'(parts_q[part]);
  end

  always_ff @(posedge clk_i) begin
    row_q <= row_valid_i ? row_i : '0;
    groups_q <= groups_d;
    parts_q <= parts_d;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      valid_q <= '0;
      count_q <= '0;
    end else begin
      valid_q <= {valid_q[2:1], row_valid_i};
      if (start_i || clear_i) begin
        count_q <= '0;
      end else if (valid_q[3]) begin
        count_q <= count_q + row_count;
      end
    end
  end

  // A new least count is below 63/64 of the one before.
  logic [CountBits-1:0] least_q;
  logic [BoundBits-1:0] bound_q;
  logic                 below_q;
  logic [3:0]           age_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      least_q <= '0;
      bound_q <= '0;
      below_q <= 1'b0;
      age_q <= '0;
    end else begin
      bound_q <= {least_q, 6'd0} - BoundBits'(least_q);
      below_q <= {count_q, 6'd0} < bound_q;
      if (clear_i) begin
        least_q <= '0;
        age_q <= '0;
      end else if (done_i && (first_i || below_q)) begin
        least_q <= count_q;
        age_q <= '0;
      end else if (done_i) begin
        age_q <= age_q + 1'b1;
      end
    end
  end

  assign stalled_o = age_q == 4'(Patience);

`ifndef SYNTHESIS
  logic [StallLatency:1] counting_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) counting_q <= '0;
    else counting_q <= {counting_q[StallLatency-1:1], row_valid_i};
  end

  assert property (@(posedge clk_i) disable iff (!rst_ni) done_i |-> counting_q == '0);
  assert property (@(posedge clk_i) disable iff (!rst_ni) !(done_i && clear_i));
`endif

endmodule
