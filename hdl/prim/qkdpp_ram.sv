// Simple dual port memory with parity: what every memory with job data is built from (block RAM).
//
// One parity bit is stored with each ParityBits data bits; a word of zeros has zero parity, so that
// a memory that was configured or scrubbed to zeros is consistent. A word must have been written
// before it is read.
//
// Throughput: one read and one write a cycle. Latency: read_data_o is valid one cycle after read_i
// and stays until the cycle after the next read_i. A read of an address that is written in the same
// cycle returns the old word. error_o is high for one cycle, the one after that in which
// read_data_o is new, if that word contradicts its parity: the check has a cycle of its own.
module qkdpp_ram #(
  parameter int unsigned Width = 256,
  parameter int unsigned Depth = 512,
  parameter int unsigned ParityBits = 64,
  localparam int unsigned AddrBits = $clog2(Depth)
) (
  input  logic                clk_i,
  input  logic                rst_ni,

  input  logic                write_i,
  input  logic [AddrBits-1:0] write_addr_i,
  input  logic [Width-1:0]    write_data_i,

  input  logic                read_i,
  input  logic [AddrBits-1:0] read_addr_i,
  output logic [Width-1:0]    read_data_o,
  output logic                error_o
);

  localparam int unsigned Groups = (Width + ParityBits - 1) / ParityBits;

  function automatic logic [Groups-1:0] parity(input logic [Width-1:0] data);
    logic [Groups*ParityBits-1:0] padded;
    padded = (Groups * ParityBits)'(data);
    for (int unsigned g = 0; g < Groups; g++) begin
      parity[g] = ^padded[g*ParityBits+:ParityBits];
    end
  endfunction

  logic [Groups+Width-1:0] mem [Depth];
  logic [Groups+Width-1:0] read_q;
  logic                    fresh_q;
  logic [Groups-1:0]       wrong_q;

  always_ff @(posedge clk_i) begin
    if (write_i) begin
      mem[write_addr_i] <= {parity(write_data_i), write_data_i};
    end
  end

  always_ff @(posedge clk_i) begin
    if (read_i) begin
      read_q <= mem[read_addr_i];
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      fresh_q <= 1'b0;
      wrong_q <= '0;
    end else begin
      fresh_q <= read_i;
      wrong_q <= fresh_q ? read_q[Groups+Width-1:Width] ^ parity(read_q[Width-1:0]) : '0;
    end
  end

  assign read_data_o = read_q[Width-1:0];
  assign error_o = wrong_q != '0;

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni) write_i |-> 32'(write_addr_i) < Depth);
  assert property (@(posedge clk_i) disable iff (!rst_ni) read_i |-> 32'(read_addr_i) < Depth);
  assert property (@(posedge clk_i) disable iff (!rst_ni) !read_i |=> $stable(read_data_o));
`endif

endmodule
