// The wanted syndrome, in words of Lanes bits: written Group words at a time, read one at a time.
//
// Throughput: one read and one write a cycle. Latency: one cycle.
module qkdpp_ldpc_target #(
  parameter int unsigned Lanes = 128,
  parameter int unsigned Group = 2,
  parameter int unsigned Rows = 512,
  localparam int unsigned RowBits = $clog2(Rows),
  localparam int unsigned Groups = Rows / Group,
  localparam int unsigned GroupBits = $clog2(Groups)
) (
  input  logic                        clk_i,
  input  logic                        rst_ni,
  input  logic                        write_i,
  input  logic [GroupBits-1:0]        write_group_i,
  input  logic [Group-1:0][Lanes-1:0] write_data_i,
  input  logic                        read_i,
  input  logic [RowBits-1:0]          read_row_i,
  output logic [Lanes-1:0]            read_data_o,
  output logic                        error_o
);

  logic [Group-1:0][Lanes-1:0] words;

  qkdpp_ram #(
    .Width(Group * Lanes),
    .Depth(Groups)
  ) u_words (
    .clk_i,
    .rst_ni,
    .write_i,
    .write_addr_i(write_group_i),
    .write_data_i,
    .read_i,
    .read_addr_i (GroupBits'(32'(read_row_i) / Group)),
    .read_data_o (words),
    .error_o
  );

  if (Group == 1) begin : gen_single
    assign read_data_o = words[0];
  end else begin : gen_select
    logic [$clog2(Group)-1:0] select_q;
    always_ff @(posedge clk_i) begin
      if (read_i) select_q <= read_row_i[$clog2(Group)-1:0];
    end
    assign read_data_o = words[select_q];
  end

endmodule
