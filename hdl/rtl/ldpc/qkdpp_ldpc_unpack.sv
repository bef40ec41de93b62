// Cuts the beats of a job into units: 256 bits, or a power of two below, the low ones first.
//
// Throughput: one unit a cycle; one cycle is lost after a unit taken with next_beat_i. Latency: one cycle. Beats are taken
// between start_i and the last beat of the job.
module qkdpp_ldpc_unpack
  import qkdpp_pkg::*;
#(
  localparam int unsigned SizeBits = 4
) (
  input  logic                clk_i,
  input  logic                rst_ni,
  input  logic                clear_i,
  input  logic                start_i,
  input  logic                discard_i,    // takes all that is left of the job

  input  logic                in_valid_i,
  output logic                in_ready_o,
  input  beat_t               in_data_i,
  input  logic                in_last_i,

  input  logic [SizeBits-1:0] size_i,       // a unit has 2^size bits, 8 to 256; constant up to next_beat_i
  output logic                unit_valid_o,
  input  logic                unit_ready_i,
  input  logic                next_beat_i,  // the next unit starts at a beat
  output beat_t               unit_data_o,  // the unit in its low bits
  output logic                last_o,       // this unit is of the last beat
  output logic                ended_o       // there are no more units
);

  beat_t      data_q;
  logic [4:0] more_q;  // units after this one
  logic       valid_q, last_q, open_q;
  logic       accept, take, beat_done;

  assign take = valid_q && unit_ready_i;
  assign beat_done = take && (more_q == '0 || next_beat_i);
  assign in_ready_o = open_q && (discard_i || !valid_q || (take && more_q == '0 && !next_beat_i));
  assign accept = in_valid_i && in_ready_o;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      valid_q <= 1'b0;
      last_q <= 1'b0;
      open_q <= 1'b0;
      more_q <= '0;
    end else if (clear_i) begin
      valid_q <= 1'b0;
      last_q <= 1'b0;
      open_q <= 1'b0;
      more_q <= '0;
    end else begin
      if (start_i) begin
        open_q <= 1'b1;
      end else if (accept && in_last_i) begin
        open_q <= 1'b0;
      end
      if (discard_i) begin
        valid_q <= 1'b0;
      end else if (accept) begin
        valid_q <= 1'b1;
        last_q <= in_last_i;
        more_q <= 5'((BeatBits >> size_i) - 1);
      end else if (beat_done) begin
        valid_q <= 1'b0;
      end else if (take) begin
        more_q <= more_q - 1'b1;
      end
    end
  end

  // What has been used is shifted out, so that nothing of a job stays.
  always_ff @(posedge clk_i) begin
    if (clear_i || discard_i) begin
      data_q <= '0;
    end else if (accept) begin
      data_q <= in_data_i;
    end else if (beat_done) begin
      data_q <= '0;
    end else if (take) begin
      data_q <= data_q >> (9'd1 << size_i);
    end
  end

  assign unit_valid_o = valid_q;
  assign unit_data_o = data_q;
  assign last_o = last_q;
  assign ended_o = !valid_q && !open_q;

`ifndef SYNTHESIS
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i || discard_i)
      unit_valid_o && !unit_ready_i |=> unit_valid_o && $stable(unit_data_o));
  assert property (@(posedge clk_i) disable iff (!rst_ni) start_i |-> ended_o);
`endif

endmodule
