// Issues the entries of the gather and the scatter table of one iteration as fast as they are safe.
//
// Gather entries run ahead of scatter entries: those of row r are scattered while later rows are gathered. An entry waits
// while a column of it has been gathered but not yet written back (one flag a column), while RowSlots rows are under way,
// or while its totals would overwrite some that are needed. A row is scattered from the cycle on in which its sums are
// complete. So any table gives the result of its order; a good order does not wait.
//
// A table that waits for itself makes no progress for StuckCycles cycles and is given up: stuck_o, for one cycle.
// Throughput: one entry of each table a cycle.
module qkdpp_ldpc_schedule
  import qkdpp_ldpc_pkg::*;
#(
  parameter int unsigned Banks = 2,
  parameter int unsigned Columns = 256,  // of a bank
  parameter int unsigned Entries = 2048,
  parameter int unsigned Totals = 256,
  localparam int unsigned ColumnBits = $clog2(Columns),
  localparam int unsigned EntryBits = $clog2(Entries)
) (
  input  logic                             clk_i,
  input  logic                             rst_ni,
  input  logic                             start_i,
  input  logic                             stop_i,
  output logic                             done_o,   // all is written back
  output logic                             stuck_o,

  // Entries, from the tables.
  input  logic                             gather_valid_i,
  output logic                             gather_ready_o,
  input  logic                             gather_last_i,
  input  logic [Banks-1:0]                 gather_present_i,
  input  logic [Banks-1:0][ColumnBits-1:0] gather_column_i,
  input  logic                             scatter_valid_i,
  output logic                             scatter_ready_o,
  input  logic                             scatter_last_i,
  input  logic [EntryBits:0]               scatter_count_i,

  // What is issued; a row's sums are to be there GatherLatency + 2 cycles after its last gather entry.
  output logic                             gather_issue_o,
  output logic                             gather_row_start_o,
  output logic [EntryBits-1:0]             gather_entry_o,
  output logic                             scatter_issue_o,

  input  logic [Banks-1:0]                 written_i,
  input  logic [Banks-1:0][ColumnBits-1:0] written_column_i
);

  localparam int unsigned SlotBits = $clog2(RowSlots);
  localparam int unsigned StuckCycles = 256;
  localparam int unsigned StuckBits = $clog2(StuckCycles);

  logic running_q;

  // Columns that are under way.
  logic [Columns-1:0] pending_q [Banks];
  logic [Banks-1:0]   hazard;

  for (genvar bank = 0; bank < Banks; bank++) begin : gen_pending
    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) begin
        pending_q[bank] <= '0;
      end else if (start_i) begin
        pending_q[bank] <= '0;
      end else begin
        if (written_i[bank]) pending_q[bank][written_column_i[bank]] <= 1'b0;
        if (gather_issue_o && gather_present_i[bank]) pending_q[bank][gather_column_i[bank]] <= 1'b1;
      end
    end
    assign hazard[bank] = gather_present_i[bank] && pending_q[bank][gather_column_i[bank]];
  end

  // Rows under way: the ends of their totals, oldest first.
  logic [EntryBits:0]  row_end [RowSlots];
  logic [SlotBits-1:0] new_slot_q, old_slot_q;
  logic [SlotBits:0]   rows_q;       // last gather entry issued, last scatter entry not
  logic [SlotBits:0]   rows_ready_q; // of these, those that may be scattered
  logic [EntryBits:0]  entry_q, oldest_q;
  logic                row_start_q;
  logic                gather_last, scatter_last;
  logic [GatherLatency-1:1] complete_q;

  assign gather_issue_o = running_q && gather_valid_i && hazard == '0 && !rows_q[SlotBits] &&
      (EntryBits + 1)'(entry_q - oldest_q) < (EntryBits + 1)'(Totals);
  assign scatter_issue_o = running_q && scatter_valid_i && rows_ready_q != '0;
  assign gather_ready_o = gather_issue_o;
  assign scatter_ready_o = scatter_issue_o;
  assign gather_last = gather_issue_o && gather_last_i;
  assign scatter_last = scatter_issue_o && scatter_last_i;
  assign gather_row_start_o = row_start_q;
  assign gather_entry_o = entry_q[EntryBits-1:0];

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      new_slot_q <= '0;
      old_slot_q <= '0;
      rows_q <= '0;
      rows_ready_q <= '0;
      entry_q <= '0;
      oldest_q <= '0;
      row_start_q <= 1'b1;
      complete_q <= '0;
    end else if (start_i) begin
      new_slot_q <= '0;
      old_slot_q <= '0;
      rows_q <= '0;
      rows_ready_q <= '0;
      entry_q <= '0;
      oldest_q <= '0;
      row_start_q <= 1'b1;
      complete_q <= '0;
    end else begin
      if (gather_issue_o) begin
        entry_q <= entry_q + 1'b1;
        row_start_q <= gather_last_i;
      end
      if (gather_last) new_slot_q <= new_slot_q + 1'b1;
      if (scatter_last) begin
        old_slot_q <= old_slot_q + 1'b1;
        oldest_q <= row_end[old_slot_q];
      end
      rows_q <= rows_q + (SlotBits + 1)'(gather_last) - (SlotBits + 1)'(scatter_last);
      complete_q <= {complete_q[GatherLatency-2:1], gather_last};
      rows_ready_q <= rows_ready_q + (SlotBits + 1)'(complete_q[GatherLatency-1]) - (SlotBits + 1)'(scatter_last);
    end
  end

  always_ff @(posedge clk_i) begin
    if (gather_last) row_end[new_slot_q] <= entry_q + 1'b1;
  end

  // The end of the iteration, or of hope.
  logic [EntryBits:0]   scattered_q;
  logic [StuckBits-1:0] idle_q;
  logic [2:0]           drain_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      running_q <= 1'b0;
      scattered_q <= '0;
      idle_q <= '0;
      drain_q <= '0;
    end else if (start_i) begin
      running_q <= 1'b1;
      scattered_q <= '0;
      idle_q <= '0;
      drain_q <= '0;
    end else begin
      if (done_o || stuck_o || stop_i) running_q <= 1'b0;
      scattered_q <= scattered_q + (EntryBits + 1)'(scatter_issue_o);
      idle_q <= gather_issue_o || scatter_issue_o ? '0 : idle_q + 1'b1;
      if (running_q && scattered_q == scatter_count_i) drain_q <= drain_q + 1'b1;
    end
  end

  assign done_o = running_q && drain_q == 3'(ScatterLatency + 1);
  assign stuck_o = running_q && idle_q == '1 && !done_o;

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni) rows_ready_q <= rows_q);
  assert property (@(posedge clk_i) disable iff (!rst_ni) 32'(rows_q) <= RowSlots);
  assert property (@(posedge clk_i) disable iff (!rst_ni) done_o |=> !running_q);
`endif

endmodule
