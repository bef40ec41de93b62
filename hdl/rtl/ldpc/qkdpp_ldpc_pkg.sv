// What the modules of the LDPC kernel share: widths of its numbers and the tables of the check rule, kernels/SPEC.md §5.
package qkdpp_ldpc_pkg;

  // A posterior P in two's complement.
  localparam int unsigned PosteriorBits = 8;
  // A posterior without an edge's message, P − R, before it is limited to a total T of ±127. It is computed and kept as its
  // complement, ~P + R: nothing has to be negated for that, and the message goes into the adder as it is.
  localparam int unsigned RestBits = PosteriorBits + 1;
  // The magnitude of the channel, and that of a message, which is at most 40.
  localparam int unsigned ChannelBits = 7;
  localparam int unsigned MagnitudeBits = 6;
  // A message R as it is kept: sign and magnitude, with the magnitude inverted if the sign is 1.
  localparam int unsigned MessageBits = MagnitudeBits + 1;
  // The grade of a total is what φ is looked up by: its magnitude, but for those that share their φ with others. That saves a bit,
  // and with it the LUTs of a look-up: an address of five bits leaves an adder behind it room in the same LUT.
  //   magnitude  0..29  30  31..34  35..
  //   grade      0..29  29      30    31
  localparam int unsigned GradeBits = 5;
  localparam int unsigned PhiBits = 13;
  // A sum of φ: up to 8191 as it is; else the top bit is set, whatever the others say, and stays so. A u from a sum as it is, is
  // exact. Else the true sum S is at least 8192 and u = S − PHI[a] ≥ 8192 − PHI[0] = 4096, above all thresholds, so that the top
  // bit alone says that the answer is 0. That holds for any number of edges: a row may have as many as it likes. One bit less
  // would not do: with PHI[a] = 2868, sums up to 6675 have a u below the largest threshold, 3808.
  localparam int unsigned SumBits = PhiBits + 1;

  // Rows of a table whose sums are kept at a time, waiting to be scattered.
  localparam int unsigned RowSlots = 16;

  // Cycles from the issue of a row's last gather entry to the first possible issue of a scatter entry of that row, and from
  // the issue of a scatter entry to the write of what it computes.
  localparam int unsigned GatherLatency = 4;
  localparam int unsigned ScatterLatency = 5;
  // Cycles from an iteration's last row of parities to its comparison with earlier ones; the last scatter takes longer.
  localparam int unsigned StallLatency = 5;

  // PHI of SPEC §5.4, by grade.
  localparam logic [PhiBits-1:0] Phi [2**GradeBits] = '{
    13'd4096, 13'd2868, 13'd1936, 13'd1412, 13'd1062, 13'd811, 13'd625, 13'd483, 13'd375, 13'd291,
    13'd226, 13'd176, 13'd137, 13'd107, 13'd83, 13'd65, 13'd50, 13'd39, 13'd31, 13'd24,
    13'd19, 13'd14, 13'd11, 13'd9, 13'd7, 13'd5, 13'd4, 13'd3, 13'd3, 13'd2,
    13'd1, 13'd0
  };

  // THR of SPEC §5.4, from m = 1.
  localparam int unsigned Thresholds = 40;
  localparam logic [11:0] Threshold [Thresholds] = '{
    12'd3808, 12'd2304, 12'd1632, 12'd1216, 12'd928, 12'd704, 12'd544, 12'd416, 12'd320, 12'd256,
    12'd192, 12'd160, 12'd128, 12'd96, 12'd64, 12'd57, 12'd44, 12'd35, 12'd27, 12'd21,
    12'd16, 12'd13, 12'd10, 12'd8, 12'd6, 12'd5, 12'd4, 12'd3, 12'd2, 12'd2,
    12'd1, 12'd1, 12'd1, 12'd1, 12'd1, 12'd1, 12'd1, 12'd1, 12'd1, 12'd1
  };

  // value + R. The carry that completes an inverted magnitude comes from a bit below both.
  function automatic logic [RestBits-1:0] plus(input logic [MessageBits-1:0] message, input logic [RestBits-1:0] value);
    logic carry;
    carry = message[MessageBits-1];
    return RestBits'(({RestBits'($signed(message)), carry} + {value, carry}) >> 1);
  endfunction

endpackage
