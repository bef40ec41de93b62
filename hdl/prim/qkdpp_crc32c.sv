// CRC-32C of a word, combinational: crc_o is the state after the bits of data_i, bit 0 first, from
// the state crc_i.
//
// The state is the reflected register; initial value and final XOR are the parent's. Each output
// bit is one XOR of those inputs that it depends on, worked out at elaboration (about (Width + 32)
// / 2 of them). State and data enter linearly: crc_o(crc, data) = crc_o(crc, 0) XOR crc_o(0, data),
// so that a parent can pipeline the data's part.
module qkdpp_crc32c #(
  parameter int unsigned Width = 256
) (
  input  logic [31:0]      crc_i,
  input  logic [Width-1:0] data_i,
  output logic [31:0]      crc_o
);

  localparam logic [31:0] Polynomial = 32'h82F63B78;

  // For each bit of the state after all data: the bits of {data_i, crc_i} whose XOR it is.
  typedef logic [31:0][Width+31:0] dependencies_t;
  function automatic dependencies_t dependencies();
    dependencies_t state;
    logic [Width+31:0] feedback;
    for (int unsigned b = 0; b < 32; b++) begin
      state[b] = (Width + 32)'(1) << b;
    end
    for (int unsigned d = 0; d < Width; d++) begin
      feedback = state[0] ^ ((Width + 32)'(1) << (32 + d));
      for (int unsigned b = 0; b < 31; b++) begin
        state[b] = state[b+1];
      end
      state[31] = '0;
      for (int unsigned b = 0; b < 32; b++) begin
        if (Polynomial[b]) begin
          state[b] ^= feedback;
        end
      end
    end
    return state;
  endfunction

  localparam dependencies_t Dependencies = dependencies();

  for (genvar b = 0; b < 32; b++) begin : g_bit
    assign crc_o[b] = ^(Dependencies[b] & {data_i, crc_i});
  end

endmodule
