// The multiplier of qkdpp_polyhash and the queue of its products that go round.
//
// One product (block_i ⊕ product of the queue)·power_i a cycle, latency MulStages + 1 cycles. Products of a segment are
// needed again MulStages + 2 cycles after their blocks or later, in order. wipe_i, for QueueDepth cycles in which
// the product is zero, leaves nothing in the queue; then restart_i.
module qkdpp_polyhash_loop #(
  parameter int unsigned MulStages = 5,
  parameter int unsigned QueueDepth = 8  // a power of two, more than MulStages + 2
) (
  input  logic         clk_i,
  input  logic         rst_ni,
  input  logic         restart_i,  // the queue is empty
  input  logic         wipe_i,

  input  logic [127:0] block_i,
  input  logic [127:0] power_i,
  input  logic         looped_i,   // the oldest product of the queue is added to block_i
  input  logic         get_i,      // and leaves the queue

  output logic [127:0] product_o,
  input  logic         again_i     // product_o goes to the queue
);

  localparam int unsigned QueueBits = $clog2(QueueDepth);

  logic [127:0] operand_q, power_operand_q, feedback;
  logic [QueueBits-1:0] put_q, get_q;

  // What comes out of the multiplier is written in every cycle, behind the last product that is needed again; wiping
  // writes the zeros that come at the end to every address.
  logic [127:0] feedback_mem[QueueDepth];

  assign feedback = feedback_mem[get_q];

  always_ff @(posedge clk_i) feedback_mem[put_q] <= product_o;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      put_q <= '0;
      get_q <= '0;
    end else if (restart_i) begin
      put_q <= '0;
      get_q <= '0;
    end else begin
      if (again_i || wipe_i) put_q <= put_q + QueueBits'(1);
      if (get_i) get_q <= get_q + QueueBits'(1);
    end
  end

  always_ff @(posedge clk_i) begin
    operand_q <= block_i ^ (looped_i ? feedback : '0);
    power_operand_q <= power_i;
  end

  qkdpp_gf128_mul #(
    .Stages(MulStages)
  ) u_mul (
    .clk_i,
    .a_i(operand_q),
    .b_i(power_operand_q),
    .product_o
  );

`ifndef SYNTHESIS
  if (QueueDepth != 1 << QueueBits || QueueDepth <= MulStages + 2) begin : gen_bad_depth
    $error("QueueDepth must be a power of two and more than MulStages + 2");
  end

  // The queue runs neither empty nor over.
  assert property (@(posedge clk_i) disable iff (!rst_ni) get_i |-> get_q != put_q);
  assert property (@(posedge clk_i) disable iff (!rst_ni) again_i && !wipe_i && !restart_i |=> get_q != put_q);
  assert property (@(posedge clk_i) disable iff (!rst_ni) wipe_i |->
    {operand_q, power_operand_q, product_o} == '0);
`endif

endmodule
