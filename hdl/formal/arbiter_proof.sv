// qkdpp_arbiter: grants one requester if there is any, keeps a grant until it is accepted, and lets
// nobody wait for more than N - 1 accepted grants of others.
module arbiter_proof #(
  parameter int unsigned N = 4,
  localparam int unsigned IndexBits = $clog2(N)
) (
  input logic                 clk_i,
  input logic                 rst_ni,
  input logic                 clear_i,
  input logic [N-1:0]         request_i,
  input logic                 accept_i,
  input logic [IndexBits-1:0] watched_i
);

  logic [N-1:0] grant_o;

  qkdpp_arbiter #(.N(N)) u_dut (.*);

  logic                 past_q = 1'b0;
  // A requester, any one, and accepted grants of others since it has been requesting without pause.
  logic [IndexBits-1:0] watched_q;
  logic [IndexBits:0]   others_q;
  logic                 kept_q;
  logic [N-1:0]         grant_q;

  always_ff @(posedge clk_i) begin
    past_q <= 1'b1;
    watched_q <= past_q ? watched_q : watched_i;
    grant_q <= grant_o;
    kept_q <= rst_ni && !clear_i && !accept_i && grant_o != '0;
    if (!rst_ni || clear_i || !request_i[watched_q] || (accept_i && grant_o[watched_q])) begin
      others_q <= '0;
    end else if (accept_i) begin
      others_q <= others_q + 1'b1;
    end
  end

  // How many go before the watched one: the grants still to be accepted before its turn are at most
  // as many.
  int unsigned ahead;
  always_comb begin
    ahead = 0;
    for (int unsigned i = 0; i < N; i++) begin
      if (u_dut.first_q[watched_q] ? (u_dut.first_q[i] && i < 32'(watched_q))
                                   : (u_dut.first_q[i] || i < 32'(watched_q))) begin
        ahead++;
      end
    end
  end

  always_comb begin
    if (!past_q) begin
      assume (!rst_ni);
    end
    assume (!past_q || 32'(watched_q) < N);
    if (past_q && rst_ni) begin
      a_onehot: assert ((grant_o & (grant_o - 1'b1)) == '0);
      a_requester: assert ((grant_o & ~request_i) == '0);
      a_any: assert ((grant_o != '0) == (request_i != '0));
      a_kept: assert (!kept_q || (request_i & grant_q) == '0 || grant_o == grant_q);
      a_fair: assert (32'(others_q) <= N - 1);
      a_turn: assert (32'(others_q) + ahead <= N - 1);
      a_state: assert ((u_dut.first_q & (~u_dut.first_q >> 1)) == '0);
    end
  end

endmodule
