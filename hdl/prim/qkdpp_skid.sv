// Register slice of a valid/ready stream: cuts every combinational path, forward and backward.
//
// Throughput: one word a cycle. Latency: one cycle. Holds up to two words. Registers without a
// valid word are zero, so that no job data stay behind. clear_i drops what is held and what is
// offered in that cycle.
module qkdpp_skid #(
  parameter int unsigned Width = 256
) (
  input  logic             clk_i,
  input  logic             rst_ni,
  input  logic             clear_i,

  input  logic             in_valid_i,
  output logic             in_ready_o,
  input  logic [Width-1:0] in_data_i,

  output logic             out_valid_o,
  input  logic             out_ready_i,
  output logic [Width-1:0] out_data_o
);

  logic             ready_q, ready_d;
  logic             valid_q, valid_d;
  logic [Width-1:0] spare_q, spare_d;
  logic [Width-1:0] data_q, data_d;

  // The spare register holds a word exactly while in_ready_o is low.
  always_comb begin
    logic out_free;
    logic taken;
    out_free = out_ready_i || !valid_q;
    taken = in_valid_i && ready_q;

    ready_d = out_free || !(taken || !ready_q);
    valid_d = !out_free || taken || !ready_q;
    spare_d = spare_q;
    data_d = data_q;
    if (out_free) begin
      data_d = ready_q ? (in_valid_i ? in_data_i : '0) : spare_q;
      spare_d = '0;
    end else if (ready_q) begin
      spare_d = in_valid_i ? in_data_i : '0;
    end

    if (clear_i) begin
      ready_d = 1'b1;
      valid_d = 1'b0;
      spare_d = '0;
      data_d = '0;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      ready_q <= 1'b1;
      valid_q <= 1'b0;
    end else begin
      ready_q <= ready_d;
      valid_q <= valid_d;
    end
  end

  always_ff @(posedge clk_i) begin
    spare_q <= spare_d;
    data_q <= data_d;
  end

  assign in_ready_o = ready_q;
  assign out_valid_o = valid_q;
  assign out_data_o = data_q;

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
      out_valid_o && !out_ready_i |=> out_valid_o && $stable(out_data_o));
  assert property (@(posedge clk_i) disable iff (!rst_ni) !in_ready_o |-> out_valid_o);
`endif

endmodule
