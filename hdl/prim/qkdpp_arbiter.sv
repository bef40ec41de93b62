// Round-robin arbiter.
//
// grant_o is combinational: one-hot among the requesters, zero if there are none. A grant stays
// with its requester until accept_i, if the request does; accept_i then gives this requester the
// lowest priority. So a requester waits for at most N - 1 accepted grants of others.
module qkdpp_arbiter #(
  parameter int unsigned N = 2
) (
  input  logic         clk_i,
  input  logic         rst_ni,
  input  logic         clear_i,

  input  logic [N-1:0] request_i,
  output logic [N-1:0] grant_o,
  input  logic         accept_i
);

  // Requesters that go first: all from one on.
  logic [N-1:0] first_q, first_d;
  logic [N-1:0] preferred;
  logic [N-1:0] from_grant;

  assign preferred = |(request_i & first_q) ? request_i & first_q : request_i;

  always_comb begin
    logic found;
    found = 1'b0;
    for (int unsigned i = 0; i < N; i++) begin
      grant_o[i] = preferred[i] && !found;
      found = found || preferred[i];
      from_grant[i] = found;
    end
  end

  always_comb begin
    first_d = first_q;
    if (|request_i) begin
      first_d = accept_i ? from_grant & ~grant_o : from_grant;
    end
    if (clear_i) begin
      first_d = '1;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      first_q <= '1;
    end else begin
      first_q <= first_d;
    end
  end

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni) $onehot0(grant_o));
  assert property (@(posedge clk_i) disable iff (!rst_ni) (grant_o & ~request_i) == '0);
  assert property (@(posedge clk_i) disable iff (!rst_ni) |request_i |-> |grant_o);
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
      |grant_o && !accept_i |=> (request_i & $past(grant_o)) == '0 || $stable(grant_o));
`endif

endmodule
