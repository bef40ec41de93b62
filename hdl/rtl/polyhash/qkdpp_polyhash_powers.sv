// Powers of the key: k to k^Turns, for qkdpp_polyhash.
//
// While make_i is high the multiplier is given the key and the highest power there is in every cycle; Turns cycles
// after a new power it has the next one. One selection a cycle, latency 0.
module qkdpp_polyhash_powers #(
  parameter int unsigned Turns = 7
) (
  input  logic           clk_i,
  input  logic           rst_ni,
  input  logic           wipe_i,

  input  logic           load_i,     // key_i is the key, begin anew
  input  logic [127:0]   key_i,
  input  logic           make_i,
  input  logic [127:0]   product_i,  // Turns cycles after its operands were chosen
  output logic [Turns:1] highest_o,  // the highest power there is
  output logic           made_o,     // the last power: there in two cycles
  output logic [127:0]   key_o,

  input  logic [Turns:1] select_i,   // at most one power
  output logic [127:0]   power_o
);

  localparam int unsigned TurnBits = $clog2(Turns + 1);

  logic [Turns:1][127:0] powers_q;
  logic [TurnBits-1:0] power_q;   // the power that the multiplier makes
  logic [TurnBits-1:0] wait_q;    // cycles until it is made
  logic [Turns:2] write_power_q;
  logic power_made;

  assign power_made = make_i && wait_q == '0;
  assign made_o = power_made && power_q == TurnBits'(Turns);

  always_ff @(posedge clk_i) begin
    if (load_i) begin
      power_q <= TurnBits'(2);
      wait_q <= TurnBits'(Turns);
    end else if (power_made) begin
      power_q <= power_q + TurnBits'(1);
      wait_q <= TurnBits'(Turns);
    end else begin
      wait_q <= wait_q - TurnBits'(1);
    end
  end

  // The product is still the same a cycle later.
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      write_power_q <= '0;
    end else begin
      for (int unsigned i = 2; i <= Turns; i++) begin
        write_power_q[i] <= power_made && power_q == TurnBits'(i);
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (wipe_i) begin
      powers_q <= '0;
    end else if (load_i) begin
      powers_q[1] <= key_i;
    end else begin
      for (int unsigned i = 2; i <= Turns; i++) begin
        if (write_power_q[i]) powers_q[i] <= product_i;
      end
    end
  end

  always_comb begin
    highest_o = '0;
    for (int unsigned i = 1; i < Turns; i++) begin
      highest_o[i] = power_q == TurnBits'(i + 1);
    end
    power_o = '0;
    for (int unsigned i = 1; i <= Turns; i++) begin
      power_o = power_o | (select_i[i] ? powers_q[i] : '0);
    end
  end

  assign key_o = powers_q[1];

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni) wipe_i |=> powers_q == '0);
  assert property (@(posedge clk_i) disable iff (!rst_ni) !(wipe_i && load_i));
  assert property (@(posedge clk_i) disable iff (!rst_ni) $onehot0(write_power_q));
  assert property (@(posedge clk_i) disable iff (!rst_ni) $onehot0(select_i));
`endif

endmodule
