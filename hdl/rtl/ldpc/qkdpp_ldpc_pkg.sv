// What the modules of the LDPC kernel share: widths of its numbers and the tables of the check rule, kernels/SPEC.md §5.
package qkdpp_ldpc_pkg;

  // A posterior P or total T in two's complement: at most 13461 in magnitude.
  localparam int unsigned TotalBits = 15;
  // What is kept of a total beside it: whether its magnitude is 64 or more.
  localparam int unsigned TotalWordBits = TotalBits + 1;
  // A message, as it is kept: −R in two's complement. The magnitude of R is at most 78, that of the channel 127.
  localparam int unsigned MagnitudeBits = 7;
  localparam int unsigned MessageBits = MagnitudeBits + 1;
  // φ of a message. Bit 14 alone stands for φ(0): any such edge brings the others' sums to 16384 or more, where all
  // answers are 0.
  localparam int unsigned PhiBits = 15;
  // A sum of φ: one more bit that says 32768 or more, whatever else was added.
  localparam int unsigned SumBits = PhiBits + 1;

  // Rows of a table whose sums are kept at a time, waiting to be scattered.
  localparam int unsigned RowSlots = 16;

  // Cycles from the issue of a row's last gather entry to the first possible issue of a scatter entry of that row, and from
  // the issue of a scatter entry to the write of what it computes.
  localparam int unsigned GatherLatency = 5;
  localparam int unsigned ScatterLatency = 6;
  // Cycles from an iteration's last row of parities to its comparison with earlier ones; the last scatter takes longer.
  localparam int unsigned StallLatency = 5;

  // PHI of SPEC §5.4; PHI[0] as said above.
  localparam logic [PhiBits-1:0] Phi [128] = '{
    15'd16384, 15'd11362, 15'd8539, 15'd6904, 15'd5762, 15'd4895, 15'd4203, 15'd3636, 15'd3162, 15'd2759,
    15'd2415, 15'd2117, 15'd1859, 15'd1634, 15'd1438, 15'd1266, 15'd1116, 15'd983, 15'd867, 15'd764,
    15'd674, 15'd594, 15'd524, 15'd463, 15'd408, 15'd360, 15'd318, 15'd280, 15'd247, 15'd218,
    15'd193, 15'd170, 15'd150, 15'd132, 15'd117, 15'd103, 15'd91, 15'd80, 15'd71, 15'd63,
    15'd55, 15'd49, 15'd43, 15'd38, 15'd33, 15'd30, 15'd26, 15'd23, 15'd20, 15'd18,
    15'd16, 15'd14, 15'd12, 15'd11, 15'd10, 15'd8, 15'd7, 15'd7, 15'd6, 15'd5,
    15'd5, 15'd4, 15'd4, 15'd3, 15'd3, 15'd2, 15'd2, 15'd2, 15'd2, 15'd1,
    15'd1, 15'd1, 15'd1, 15'd1, 15'd1, 15'd1, 15'd1, 15'd1, 15'd0, 15'd0,
    15'd0, 15'd0, 15'd0, 15'd0, 15'd0, 15'd0, 15'd0, 15'd0, 15'd0, 15'd0,
    15'd0, 15'd0, 15'd0, 15'd0, 15'd0, 15'd0, 15'd0, 15'd0, 15'd0, 15'd0,
    15'd0, 15'd0, 15'd0, 15'd0, 15'd0, 15'd0, 15'd0, 15'd0, 15'd0, 15'd0,
    15'd0, 15'd0, 15'd0, 15'd0, 15'd0, 15'd0, 15'd0, 15'd0, 15'd0, 15'd0,
    15'd0, 15'd0, 15'd0, 15'd0, 15'd0, 15'd0, 15'd0, 15'd0
  };

  // THR of SPEC §5.4, from m = 1.
  localparam int unsigned Thresholds = 78;
  localparam logic [13:0] Threshold [Thresholds] = '{
    14'd14197, 14'd9708, 14'd7637, 14'd6290, 14'd5302, 14'd4531, 14'd3907, 14'd3389, 14'd2953, 14'd2581,
    14'd2261, 14'd1984, 14'd1743, 14'd1533, 14'd1349, 14'd1188, 14'd1047, 14'd923, 14'd814, 14'd718,
    14'd633, 14'd558, 14'd493, 14'd435, 14'd383, 14'd338, 14'd299, 14'd263, 14'd232, 14'd205,
    14'd181, 14'd160, 14'd141, 14'd124, 14'd110, 14'd97, 14'd85, 14'd75, 14'd67, 14'd59,
    14'd52, 14'd46, 14'd40, 14'd36, 14'd31, 14'd28, 14'd24, 14'd22, 14'd19, 14'd17,
    14'd15, 14'd13, 14'd12, 14'd10, 14'd9, 14'd8, 14'd7, 14'd6, 14'd5, 14'd5,
    14'd4, 14'd4, 14'd3, 14'd3, 14'd3, 14'd2, 14'd2, 14'd2, 14'd2, 14'd1,
    14'd1, 14'd1, 14'd1, 14'd1, 14'd1, 14'd1, 14'd1, 14'd1
  };

  function automatic logic is_large(input logic [TotalBits-1:0] total);
    logic [TotalBits-2:0] ones;  // the magnitude, less one if negative
    ones = total[TotalBits-2:0] ^ {(TotalBits - 1){total[TotalBits-1]}};
    return ones[TotalBits-2:6] != '0 || (total[TotalBits-1] && ones[5:0] == '1);
  endfunction

endpackage
