// Keeps the first thing that went wrong at one client of the bus, until clear_i.
module qkdpp_fault
  import qkdpp_pkg::*;
  import qkdpp_top_pkg::*;
(
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic        clear_i,

  input  logic        read_error_i,
  input  logic        read_timeout_i,
  input  logic [31:0] read_tag_i,      // the job and the address that a read error is about
  input  addr_t       read_addr_i,
  input  logic        write_error_i,
  input  logic        write_timeout_i,
  input  logic [31:0] write_tag_i,
  input  addr_t       write_addr_i,
  input  logic        parity_error_i,
  input  logic [31:0] parity_tag_i,

  output logic        fault_valid_o,
  output fault_t      fault_o
);

  logic   valid_q;
  fault_t fault_q, fault_d;

  // An error tells more than a time-out.
  always_comb begin
    if (read_error_i) begin
      fault_d = '{code: StatusReadError, tag: read_tag_i, addr: read_addr_i};
    end else if (write_error_i) begin
      fault_d = '{code: StatusWriteError, tag: write_tag_i, addr: write_addr_i};
    end else if (parity_error_i) begin
      fault_d = '{code: StatusParity, tag: parity_tag_i, addr: '0};
    end else if (read_timeout_i) begin
      fault_d = '{code: StatusTimeout, tag: read_tag_i, addr: read_addr_i};
    end else begin
      fault_d = '{code: StatusTimeout, tag: write_tag_i, addr: write_addr_i};
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      valid_q <= 1'b0;
    end else if (clear_i) begin
      valid_q <= 1'b0;
    end else if (read_error_i || write_error_i || parity_error_i || read_timeout_i
                 || write_timeout_i) begin
      valid_q <= 1'b1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (!valid_q) begin
      fault_q <= fault_d;
    end
  end

  assign fault_valid_o = valid_q;
  assign fault_o = fault_q;

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
      fault_valid_o |=> fault_valid_o && $stable(fault_o));
`endif

endmodule
