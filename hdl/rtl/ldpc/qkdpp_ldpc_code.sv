// The code: its sizes and three tables, as a load job brings them (TABLES.md), and what each table reader offers.
//
// While loading, a unit is a table entry: a word of 32 bits for each bank (gather, scatter) or two (check). Every field is
// compared with its limit, so that no entry names what is not there.
module qkdpp_ldpc_code #(
  parameter int unsigned Lanes = 128,
  parameter int unsigned Banks = 2,
  parameter int unsigned Columns = 256,  // of a bank
  parameter int unsigned Entries = 2048,
  parameter int unsigned Rows = 512,
  localparam int unsigned ShiftBits = $clog2(Lanes),
  localparam int unsigned ColumnBits = $clog2(Columns),
  localparam int unsigned PlaceBits = ColumnBits - 1,
  localparam int unsigned EntryBits = $clog2(Entries),
  localparam int unsigned RowBits = $clog2(Rows + 1)
) (
  input  logic                             clk_i,
  input  logic                             rst_ni,

  // Loading: one header, then one entry after the other, each in the cycle it is offered.
  input  logic                             header_i,
  input  logic                             entry_i,
  input  logic [255:0]                     data_i,
  output logic                             table_final_o,  // the entry in data_i is the last of its table
  output logic                             code_final_o,   // and of the last table
  output logic                             check_next_o,   // the next entry is one of the check table
  output logic                             wrong_o,        // header or entry is not acceptable

  output logic [EntryBits:0]               gather_count_o,
  output logic [EntryBits:0]               scatter_count_o,
  output logic [RowBits-1:0]               rows_o,
  output logic [ColumnBits:0]              columns_o,      // of each bank

  input  logic                             decode_restart_i,
  input  logic                             check_restart_i,
  input  logic                             stop_i,

  output logic                             gather_valid_o,
  input  logic                             gather_ready_i,
  output logic                             gather_last_o,
  output logic [Banks-1:0]                 gather_present_o,
  output logic [Banks-1:0][ColumnBits-1:0] gather_column_o,
  output logic [Banks-1:0][ShiftBits-1:0]  gather_shift_o,

  output logic                             scatter_valid_o,
  input  logic                             scatter_ready_i,
  output logic                             scatter_last_o,
  output logic [Banks-1:0]                 scatter_present_o,
  output logic [Banks-1:0][ColumnBits-1:0] scatter_column_o,
  output logic [Banks-1:0][EntryBits-1:0]  scatter_entry_o,

  output logic                             check_valid_o,
  input  logic                             check_ready_i,
  output logic                             check_last_o,
  output logic [2*Banks-1:0]                check_present_o,
  output logic [2*Banks-1:0][PlaceBits-1:0] check_place_o,
  output logic [2*Banks-1:0][ShiftBits-1:0] check_shift_o,

  output logic                             error_o
);

  typedef logic [EntryBits:0] count_t;

  // Fields of a slot, the same in all tables.
  localparam int unsigned PresentAt = 31;
  localparam int unsigned LastAt = 30;
  localparam int unsigned OtherAt = 16;  // shift, or gather entry
  localparam int unsigned OtherWidth = 14;

  localparam int unsigned GatherBits = 1 + ColumnBits + ShiftBits;
  localparam int unsigned ScatterBits = 1 + ColumnBits + EntryBits;
  localparam int unsigned CheckBits = 1 + PlaceBits + ShiftBits;

  count_t              count_q [3];
  logic [RowBits-1:0]  rows_q;
  logic [ColumnBits:0] columns_q;
  logic [1:0]          table_q;
  count_t              index_q;
  logic [RowBits-1:0]  lasts_q;
  logic                last, table_final;
  logic [RowBits-1:0]  lasts_now;

  assign last = data_i[LastAt];
  assign lasts_now = lasts_q + RowBits'(last);
  assign table_final = count_t'(index_q + 1'b1) == count_q[table_q];
  assign table_final_o = table_final;
  assign code_final_o = table_final && table_q == 2'd2;
  assign check_next_o = table_q == 2'd2 || (table_q == 2'd1 && table_final && entry_i);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      table_q <= '0;
      index_q <= '0;
      lasts_q <= '0;
    end else if (header_i) begin
      table_q <= '0;
      index_q <= '0;
      lasts_q <= '0;
    end else if (entry_i) begin
      index_q <= table_final ? '0 : index_q + 1'b1;
      lasts_q <= table_final ? '0 : lasts_now;
      if (table_final) table_q <= table_q + 1'b1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (header_i) begin
      for (int unsigned i = 0; i < 3; i++) count_q[i] <= count_t'(data_i[32*i+:32]);
      rows_q <= RowBits'(data_i[32*3+:32]);
      columns_q <= (ColumnBits + 1)'(data_i[32*4+:32]);
    end
  end

  // Limits.
  logic header_wrong, entry_wrong;

  function automatic logic outside(input logic [31:0] value, input int unsigned most);
    return value == '0 || value > most;
  endfunction

  always_comb begin
    header_wrong = outside(data_i[32*3+:32], Rows) || outside(data_i[32*4+:32], Columns) || data_i[255:32*5] != '0;
    for (int unsigned i = 0; i < 3; i++) header_wrong |= outside(data_i[32*i+:32], Entries);
  end

  logic [ColumnBits:0] places;
  assign places = (columns_q + 1'b1) >> 1;

  always_comb begin
    entry_wrong = (table_final && (!last || lasts_now != rows_q)) || (last && lasts_q == rows_q);
    for (int unsigned slot = 0; slot < 2 * Banks; slot++) begin
      logic [31:0]           word;
      logic [15:0]           column;
      logic [OtherWidth-1:0] other;
      word = data_i[32*slot+:32];
      column = word[15:0];
      other = word[OtherAt+:OtherWidth];
      if (slot < Banks || table_q == 2'd2) begin
        if (!word[PresentAt]) begin
          entry_wrong |= word[LastAt-1:0] != '0;
        end else begin
          entry_wrong |= 32'(column) >= (table_q == 2'd2 ? 32'(places) : 32'(columns_q));
          entry_wrong |= 32'(other) >= (table_q == 2'd1 ? 32'(count_q[0]) : Lanes);
        end
        entry_wrong |= slot != 0 && word[LastAt];
      end
    end
  end

  assign wrong_o = (header_i && header_wrong) || (entry_i && entry_wrong);
  assign gather_count_o = count_q[0];
  assign scatter_count_o = count_q[1];
  assign rows_o = rows_q;
  assign columns_o = columns_q;

  // Tables.
  logic [Banks-1:0][GatherBits-1:0]    gather_in, gather_out;
  logic [Banks-1:0][ScatterBits-1:0]   scatter_in, scatter_out;
  logic [2*Banks-1:0][CheckBits-1:0]   check_in, check_out;

  for (genvar slot = 0; slot < 2 * Banks; slot++) begin : gen_slots
    logic [31:0] word;
    assign word = data_i[32*slot+:32];
    assign check_in[slot] = {word[PresentAt], word[PlaceBits-1:0], word[OtherAt+:ShiftBits]};
    assign {check_present_o[slot], check_place_o[slot], check_shift_o[slot]} = check_out[slot];
    if (slot < Banks) begin : gen_decode
      assign gather_in[slot] = {word[PresentAt], word[ColumnBits-1:0], word[OtherAt+:ShiftBits]};
      assign scatter_in[slot] = {word[PresentAt], word[ColumnBits-1:0], word[OtherAt+:EntryBits]};
      assign {gather_present_o[slot], gather_column_o[slot], gather_shift_o[slot]} = gather_out[slot];
      assign {scatter_present_o[slot], scatter_column_o[slot], scatter_entry_o[slot]} = scatter_out[slot];
    end
  end

  // A reader that has reached the end of the old code must not go on when the new one's count is longer.
  logic stop_readers;
  assign stop_readers = stop_i || header_i;

  logic [2:0] error;
  assign error_o = |error;

  qkdpp_ldpc_table #(
    .Width  (1 + Banks * GatherBits),
    .Entries(Entries)
  ) u_gather (
    .clk_i,
    .rst_ni,
    .write_i     (entry_i && table_q == 2'd0),
    .write_addr_i(index_q[EntryBits-1:0]),
    .write_data_i({last, gather_in}),
    .restart_i   (decode_restart_i),
    .stop_i      (stop_readers),
    .count_i     (count_q[0]),
    .valid_o     (gather_valid_o),
    .ready_i     (gather_ready_i),
    .data_o      ({gather_last_o, gather_out}),
    .error_o     (error[0])
  );

  qkdpp_ldpc_table #(
    .Width  (1 + Banks * ScatterBits),
    .Entries(Entries)
  ) u_scatter (
    .clk_i,
    .rst_ni,
    .write_i     (entry_i && table_q == 2'd1),
    .write_addr_i(index_q[EntryBits-1:0]),
    .write_data_i({last, scatter_in}),
    .restart_i   (decode_restart_i),
    .stop_i      (stop_readers),
    .count_i     (count_q[1]),
    .valid_o     (scatter_valid_o),
    .ready_i     (scatter_ready_i),
    .data_o      ({scatter_last_o, scatter_out}),
    .error_o     (error[1])
  );

  qkdpp_ldpc_table #(
    .Width  (1 + 2 * Banks * CheckBits),
    .Entries(Entries)
  ) u_check (
    .clk_i,
    .rst_ni,
    .write_i     (entry_i && table_q == 2'd2),
    .write_addr_i(index_q[EntryBits-1:0]),
    .write_data_i({last, check_in}),
    .restart_i   (check_restart_i),
    .stop_i      (stop_readers),
    .count_i     (count_q[2]),
    .valid_o     (check_valid_o),
    .ready_i     (check_ready_i),
    .data_o      ({check_last_o, check_out}),
    .error_o     (error[2])
  );

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni) !(header_i && entry_i));
  assert property (@(posedge clk_i) disable iff (!rst_ni) entry_i |-> table_q != 2'd3);
`endif

endmodule
