// Order of the products: when a row begins, which seed blocks it reads, where the next seed block goes.
//
// With B output blocks, block k of the seed lies at word k mod B. Row r reads the B blocks from r + 1 on. The block
// that the next row needs in addition replaces the first one that this row has read, once it has read it; it and the
// next block of the key are taken while this row runs. A row of fewer than MinSlots products is filled up with idle
// cycles, so that each accumulator has been written before it is read again.
//
// Throughput: one product a cycle; a row begins in the cycle after the one before it has ended, if its key block is
// there.
module qkdpp_toeplitz_rows #(
  parameter int unsigned LogRows = 12,
  parameter int unsigned LogDepth = 10,
  localparam int unsigned MinSlots = 3
) (
  input  logic                clk_i,
  input  logic                rst_ni,

  input  logic                run_i,        // low: back to the first row
  input  logic [LogRows-1:0]  rows_i,       // A
  input  logic [LogDepth-1:0] last_i,       // B − 1

  input  logic                seed_taken_i, // the seed block of a row is written in the next cycle
  output logic                seed_room_o,
  output logic [LogDepth-1:0] seed_addr_o,
  input  logic                key_taken_i,  // the key block of a row is written in the next cycle
  output logic                key_room_o,

  output logic                read_o,       // one product begins
  output logic                first_o,      // the first of a row
  output logic [LogDepth-1:0] read_addr_o,
  output logic                finished_o    // all rows have been read
);

  localparam int unsigned SlotBits = LogDepth > 2 ? LogDepth : 2;

  logic [LogRows-1:0] rows_left_q;
  logic [SlotBits-1:0] slot_q, last_slot_q;
  logic running_q, reading_q, first_q, begin_row, row_ends;
  logic seed_room_q, key_full_q, first_read_q;
  logic [LogDepth-1:0] start_q, read_addr_q, seed_addr_q;

  function automatic logic [LogDepth-1:0] following(input logic [LogDepth-1:0] word, input logic [LogDepth-1:0] last);
    return word == last ? '0 : word + 1'b1;
  endfunction

  assign row_ends = running_q && slot_q == last_slot_q;
  assign begin_row = run_i && key_full_q && !first_read_q && !first_q && (!running_q || row_ends);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      rows_left_q <= '0;
      slot_q <= '0;
      last_slot_q <= '0;
      running_q <= 1'b0;
      reading_q <= 1'b0;
      first_q <= 1'b0;
      seed_room_q <= 1'b0;
      key_full_q <= 1'b0;
      first_read_q <= 1'b0;
      start_q <= '0;
      read_addr_q <= '0;
      seed_addr_q <= '0;
    end else if (!run_i) begin
      rows_left_q <= rows_i;
      slot_q <= '0;
      last_slot_q <= SlotBits'(last_i) < SlotBits'(MinSlots - 1) ? SlotBits'(MinSlots - 1) : SlotBits'(last_i);
      running_q <= 1'b0;
      reading_q <= 1'b0;
      first_q <= 1'b0;
      seed_room_q <= 1'b1;
      key_full_q <= 1'b0;
      first_read_q <= 1'b0;
      start_q <= following('0, last_i);
      read_addr_q <= '0;
      seed_addr_q <= '0;
    end else begin
      if (begin_row) begin
        rows_left_q <= rows_left_q - 1'b1;
        running_q <= 1'b1;
        slot_q <= '0;
        read_addr_q <= start_q;
        start_q <= following(start_q, last_i);
      end else if (row_ends) begin
        running_q <= 1'b0;
      end else if (running_q) begin
        slot_q <= slot_q + 1'b1;
        read_addr_q <= following(read_addr_q, last_i);
      end
      first_q <= begin_row;
      reading_q <= begin_row || (reading_q && slot_q != SlotBits'(last_i));
      first_read_q <= first_q;
      if (seed_taken_i) begin
        seed_room_q <= 1'b0;
        seed_addr_q <= following(seed_addr_q, last_i);
      end else if (first_q) begin
        seed_room_q <= 1'b1;
      end
      if (key_taken_i) begin
        key_full_q <= 1'b1;
      end else if (first_read_q) begin
        key_full_q <= 1'b0;
      end
    end
  end

  assign seed_room_o = seed_room_q;
  assign seed_addr_o = seed_addr_q;
  assign key_room_o = !key_full_q;
  assign read_o = reading_q;
  assign first_o = first_q;
  assign read_addr_o = read_addr_q;
  assign finished_o = rows_left_q == '0 && !running_q;

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni) seed_taken_i |-> seed_room_o);
  assert property (@(posedge clk_i) disable iff (!rst_ni) key_taken_i |-> key_room_o && !seed_room_o);
  assert property (@(posedge clk_i) disable iff (!rst_ni) begin_row |-> rows_left_q != '0 && !seed_room_q);
  assert property (@(posedge clk_i) disable iff (!rst_ni) run_i && first_read_q |=> key_room_o);
  assert property (@(posedge clk_i) disable iff (!rst_ni) reading_q == (running_q && slot_q <= SlotBits'(last_i)));
  assert property (@(posedge clk_i) disable iff (!rst_ni) first_q == (running_q && slot_q == '0));
  assert property (@(posedge clk_i) disable iff (!rst_ni) run_i && read_o |-> read_addr_o <= last_i);
`endif

endmodule
