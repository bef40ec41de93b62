// One level of qkdpp_compact: joins pairs of compacted groups of `Half` slots to compacted groups of 2·Half slots.
//
// The upper group moves down to the end of the lower one's kept slots: a shift by what the lower group lacks, common to
// the whole group. Large shifts take two cycles. One word a cycle, latency 1 cycle for Half < 16, otherwise 2, counting
// the cycles with `advance_i`. No reset: words come out as they went in.
module qkdpp_compact_level #(
  parameter int unsigned Width = 256,
  parameter int unsigned Half = 1,
  localparam int unsigned CountBits = $clog2(Half) + 1,  // of a group that comes in
  localparam int unsigned Groups = Width / Half / 2      // that go out
) (
  input  logic                                    clk_i,
  input  logic                                    advance_i,
  input  logic [2*Groups-1:0][CountBits-1:0]      count_i,
  input  logic [2*Groups-1:0][Half-1:0]           data_i,
  output logic [Groups-1:0][CountBits:0]          count_o,
  output logic [Groups-1:0][2*Half-1:0]           data_o
);

  localparam bit Split = Half >= 16;
  // The lower digits of a shift are done in the first cycle of two.
  localparam int unsigned FineBits = Split ? CountBits / 2 : 0;
  localparam int unsigned FineMask = (1 << FineBits) - 1;

  for (genvar g = 0; g < Groups; g++) begin : gen_group
    logic [Half-1:0] low;
    logic [2*Half-1:0] high;
    logic [CountBits-1:0] coarse;
    logic [CountBits:0] count;

    if (Split) begin : gen_split
      always_ff @(posedge clk_i) begin
        if (advance_i) begin
          low <= data_i[2*g];
          high <= {{Half{1'b0}}, data_i[2*g+1]} << (count_i[2*g] & CountBits'(FineMask));
          coarse <= count_i[2*g] & ~CountBits'(FineMask);
          count <= {1'b0, count_i[2*g]} + {1'b0, count_i[2*g+1]};
        end
      end
    end else begin : gen_whole
      assign low = data_i[2*g];
      assign high = {{Half{1'b0}}, data_i[2*g+1]};
      assign coarse = count_i[2*g];
      assign count = {1'b0, count_i[2*g]} + {1'b0, count_i[2*g+1]};
    end

    always_ff @(posedge clk_i) begin
      if (advance_i) begin
        data_o[g] <= {{Half{1'b0}}, low} | (high << coarse);
        count_o[g] <= count;
      end
    end
  end

endmodule
