// Words leave a queue in the order in which they came; none is lost, none is made up; an offer
// stands until it is taken.
//
// One word is watched, any one: that pushed when watch_i is high, which is free. By symmetry it
// stands for all.
module order_checker #(
  parameter int unsigned Width = 1,
  parameter int unsigned Capacity = 2,
  localparam int unsigned CountBits = $clog2(Capacity) + 1
) (
  input  logic                 clk_i,
  input  logic                 rst_ni,
  input  logic                 drop_i,       // whatever is held or offered now is lost
  input  logic                 watch_i,
  input  logic                 in_valid_i,
  input  logic                 in_ready_i,
  input  logic [Width-1:0]     in_data_i,
  input  logic                 out_valid_i,
  input  logic                 out_ready_i,
  input  logic [Width-1:0]     out_data_i,
  output logic [CountBits-1:0] held_o,       // words inside
  output logic                 watching_o,
  output logic [CountBits-1:0] before_o,     // words that leave before the watched one
  output logic [Width-1:0]     watched_o
);

  logic             past_q = 1'b0;
  logic             offered_q;
  logic [Width-1:0] offer_q;

  logic push, pop;
  assign push = in_valid_i && in_ready_i;
  assign pop = out_valid_i && out_ready_i;

  always_ff @(posedge clk_i) begin
    past_q <= 1'b1;
    offer_q <= out_data_i;
    if (!rst_ni || drop_i) begin
      held_o <= '0;
      watching_o <= 1'b0;
      offered_q <= 1'b0;
    end else begin
      held_o <= held_o + CountBits'(push) - CountBits'(pop);
      offered_q <= out_valid_i && !out_ready_i;
      if (!watching_o && watch_i && push) begin
        watching_o <= 1'b1;
        watched_o <= in_data_i;
        before_o <= held_o - CountBits'(pop);
      end else if (watching_o && pop) begin
        before_o <= before_o - 1'b1;
        watching_o <= before_o != '0;
      end
    end
  end

  always_comb begin
    if (!past_q) begin
      assume (!rst_ni);
    end
    if (past_q && rst_ni) begin
      a_capacity: assert (32'(held_o) <= Capacity);
      a_nothing_made_up: assert (!out_valid_i || held_o != '0);
      a_within: assert (!watching_o || before_o < held_o);
      a_order: assert (!(watching_o && before_o == '0 && out_valid_i) || out_data_i == watched_o);
      a_stable: assert (!offered_q || (out_valid_i && out_data_i == offer_q));
    end
  end

endmodule
