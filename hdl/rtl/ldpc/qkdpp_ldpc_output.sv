// The way out: decisions, read a group of columns a cycle, or the rows of a syndrome, packed to beats.
//
// Throughput: one group or row a cycle. Latency: two cycles from read_o to the beat.
module qkdpp_ldpc_output
  import qkdpp_pkg::*;
#(
  parameter int unsigned Lanes = 128,
  parameter int unsigned Banks = 2,
  parameter int unsigned Group = 2
) (
  input  logic                        clk_i,
  input  logic                        rst_ni,
  input  logic                        clear_i,   // drop what is under way
  input  logic                        wipe_i,    // while the memories are scrubbed

  // Decisions: read_o is asked one cycle before its words come.
  input  logic                        active_i,
  input  logic                        finished_i,  // all columns have been read
  output logic                        read_o,
  output logic                        done_o,      // and handed out
  input  logic [2:0]                  group_i,
  input  logic                        final_i,     // the last group
  input  logic [Banks-1:0][Lanes-1:0] words_i,

  input  logic                        row_valid_i,
  output logic                        row_ready_o,
  input  logic [Lanes-1:0]            row_i,
  input  logic                        row_final_i,

  output logic                        out_valid_o,
  input  logic                        out_ready_i,
  output beat_t                       out_data_o
);

  logic                        read_valid_q, read_final_q, pack_ready;
  logic [2:0]                  read_group_q;
  logic [Group-1:0][Lanes-1:0] read_words, row_word;

  assign read_o = active_i && !finished_i && (!read_valid_q || pack_ready);
  assign done_o = active_i && finished_i && !read_valid_q && !out_valid_o;
  assign row_ready_o = pack_ready;

  for (genvar i = 0; i < Group; i++) begin : gen_out
    assign read_words[i] = words_i[(32'(read_group_q)*Group+i)%Banks];
  end
  assign row_word = (Group * Lanes)'(row_i);

  qkdpp_ldpc_pack #(
    .Lanes(Lanes),
    .Group(Group)
  ) u_pack (
    .clk_i,
    .rst_ni,
    .clear_i   (clear_i || wipe_i),
    .in_valid_i(read_valid_q || row_valid_i),
    .in_ready_o(pack_ready),
    .in_group_i(read_valid_q),
    .in_final_i(read_valid_q ? read_final_q : row_final_i),
    .in_data_i (read_valid_q ? read_words : row_word),
    .out_valid_o,
    .out_ready_i,
    .out_data_o
  );

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      read_valid_q <= 1'b0;
      read_final_q <= 1'b0;
      read_group_q <= '0;
    end else if (clear_i) begin
      read_valid_q <= 1'b0;
    end else if (read_o) begin
      read_valid_q <= 1'b1;
      read_final_q <= final_i;
      read_group_q <= group_i;
    end else if (pack_ready) begin
      read_valid_q <= 1'b0;
    end
  end

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i) !(read_valid_q && row_valid_i));
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
      out_valid_o && !out_ready_i |=> out_valid_o && $stable(out_data_o));
`endif

endmodule
