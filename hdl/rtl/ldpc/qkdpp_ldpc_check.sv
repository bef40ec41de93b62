// The decisions, and the unit that computes their syndrome: row by row, a word of Lanes checks at a time.
//
// A table entry names up to two base columns of each bank, in even and in odd places; the words are rotated and added. While
// decoding, each row is compared with the target and the first that differs ends the run; otherwise the rows are handed out.
//
// Throughput: one entry a cycle, unless a row waits to be taken. Latency: four cycles from an entry to its row's word.
module qkdpp_ldpc_check #(
  parameter int unsigned Lanes = 128,
  parameter int unsigned Banks = 2,
  parameter int unsigned Columns = 256,  // of a bank, at least 4
  parameter int unsigned RowBits = 10,
  localparam int unsigned Words = 2 * Banks,
  localparam int unsigned ShiftBits = $clog2(Lanes),
  localparam int unsigned ColumnBits = $clog2(Columns),
  localparam int unsigned PlaceBits = ColumnBits - 1
) (
  input  logic                             clk_i,
  input  logic                             rst_ni,

  input  logic [Banks-1:0]                 write_i,
  input  logic [Banks-1:0][ColumnBits-1:0] write_column_i,
  input  logic [Banks-1:0][Lanes-1:0]      write_data_i,

  // The words of one column address in all banks, one cycle later; wipe_i zeroes what it reads.
  input  logic                             read_i,
  input  logic                             wipe_i,
  input  logic [ColumnBits-1:0]            read_column_i,
  output logic [Banks-1:0][Lanes-1:0]      read_data_o,

  input  logic                             start_i,
  input  logic                             stop_i,
  input  logic                             compare_i,  // stable while running
  input  logic [RowBits-1:0]               rows_i,
  input  logic                             entry_valid_i,
  output logic                             entry_ready_o,
  input  logic                             entry_last_i,
  input  logic [Words-1:0]                 entry_present_i,
  input  logic [Words-1:0][PlaceBits-1:0]  entry_place_i,
  input  logic [Words-1:0][ShiftBits-1:0]  entry_shift_i,

  output logic                             target_read_o,  // the next row's, one cycle later
  input  logic [Lanes-1:0]                 target_i,

  output logic                             row_valid_o,
  input  logic                             row_ready_i,
  output logic [Lanes-1:0]                 row_o,
  output logic                             row_final_o,

  output logic                             done_o,
  output logic                             match_o,
  output logic                             error_o
);

  typedef logic [PlaceBits-1:0] place_t;

  logic running_q, enable, issue;
  logic [3:1] valid_q, last_q;
  logic [Words-1:0] present_q [1:2];
  logic [Words-1:0][Lanes-1:0] word, rotated;
  logic [Words-1:0] error;

  assign issue = running_q && entry_valid_i && enable;
  assign entry_ready_o = issue;
  assign error_o = |error;

  // Memories: word 2·bank + parity of the column address.
  logic read_parity_q;
  for (genvar w = 0; w < Words; w++) begin : gen_words
    localparam int unsigned Bank = w / 2;
    localparam logic Parity = 1'(w % 2);
    logic wipe, write, read_here;
    assign read_here = read_i && read_column_i[0] == Parity;
    assign wipe = read_here && wipe_i;
    assign write = write_i[Bank] && write_column_i[Bank][0] == Parity;

    qkdpp_ram #(
      .Width(Lanes),
      .Depth(Columns / 2)
    ) u_decisions (
      .clk_i,
      .rst_ni,
      .write_i     (write || wipe),
      .write_addr_i(wipe ? place_t'(read_column_i >> 1) : place_t'(write_column_i[Bank] >> 1)),
      .write_data_i(wipe ? '0 : write_data_i[Bank]),
      .read_i      ((issue && entry_present_i[w]) || read_here),
      .read_addr_i (running_q ? entry_place_i[w] : place_t'(read_column_i >> 1)),
      .read_data_o (word[w]),
      .error_o     (error[w])
    );

    qkdpp_ldpc_rotate #(
      .Lanes(Lanes),
      .Width(1),
      .Bits (ShiftBits)
    ) u_rotate (
      .clk_i,
      .enable_i(enable),
      .shift_i (entry_shift_i[w]),
      .data_i  (word[w]),
      .data_o  (rotated[w])
    );
  end

  for (genvar bank = 0; bank < Banks; bank++) begin : gen_read
    assign read_data_o[bank] = word[2*bank+32'(read_parity_q)];
  end

  // Rows.
  logic [Lanes-1:0]   sum_d, sum_q;
  logic               row_start_q;
  logic [RowBits-1:0] rows_left_q;
  logic               row_done;

  always_comb begin
    sum_d = row_start_q ? '0 : sum_q;
    for (int unsigned w = 0; w < Words; w++) begin
      sum_d ^= rotated[w] & {Lanes{present_q[2][w]}};
    end
  end

  // A finished row stands in sum_q while valid_q[3] and last_q[3].
  assign row_valid_o = valid_q[3] && last_q[3] && !compare_i;
  assign row_o = sum_q;
  assign row_final_o = rows_left_q == RowBits'(1);
  assign enable = !row_valid_o || row_ready_i;
  assign target_read_o = valid_q[2] && last_q[2] && enable;
  assign row_done = running_q && valid_q[3] && last_q[3] && (compare_i || row_ready_i);

  // The comparison is one stage on: rows 8 lanes at a time, then all.
  logic                   compared_q, final_q;
  logic [(Lanes+7)/8-1:0] differs_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      running_q <= 1'b0;
      valid_q <= '0;
      row_start_q <= 1'b1;
      rows_left_q <= '0;
      compared_q <= 1'b0;
      final_q <= 1'b0;
    end else if (start_i || stop_i) begin
      running_q <= start_i;
      valid_q <= '0;
      row_start_q <= 1'b1;
      rows_left_q <= rows_i;
      compared_q <= 1'b0;
      final_q <= 1'b0;
    end else begin
      if (enable) begin
        valid_q <= {valid_q[2:1], issue};
        if (valid_q[2]) row_start_q <= last_q[2];
      end
      if (row_done) rows_left_q <= rows_left_q - 1'b1;
      compared_q <= row_done;
      final_q <= row_done && row_final_o;
      if (done_o) begin
        running_q <= 1'b0;
        valid_q <= '0;
        compared_q <= 1'b0;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (enable) begin
      last_q <= {last_q[2:1], entry_last_i};
      present_q[1] <= entry_present_i;
      present_q[2] <= present_q[1];
      sum_q <= sum_d;
    end
    for (int unsigned i = 0; i < (Lanes + 7) / 8; i++) begin
      differs_q[i] <= sum_q[8*i+:8] != target_i[8*i+:8];
    end
    if (read_i) read_parity_q <= read_column_i[0];
  end

  logic differs;
  assign differs = compare_i && compared_q && differs_q != '0;
  assign done_o = running_q && (differs || final_q);
  assign match_o = !differs;

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni || start_i || stop_i)
      row_valid_o && !row_ready_i |=> row_valid_o && $stable(row_o));
  assert property (@(posedge clk_i) disable iff (!rst_ni) running_q |-> !read_i);
  assert property (@(posedge clk_i) disable iff (!rst_ni) read_i && wipe_i |-> write_i == '0);
`endif

endmodule
