// Types and numbers that the modules of the core share with each other, not with the kernels.
package qkdpp_top_pkg;

  import qkdpp_pkg::*;

  // Who uses the bus: one client for each kernel, and the queues (fetching entries, writing
  // completions). A client's number is the AXI ID of all its transactions.
  localparam int unsigned NumClients = NumKernels + 1;
  localparam int unsigned ClientQueue = NumKernels;
  localparam int unsigned IdBits = 4;

  // Host memory is addressed by the beat: 59 bits of address, 27 bits of length.
  localparam int unsigned AddrBits = 64 - $clog2(BeatBytes);
  localparam int unsigned LengthBits = 32 - $clog2(BeatBytes);
  typedef logic [AddrBits-1:0] addr_t;
  typedef logic [LengthBits-1:0] length_t;

  // Beats of one burst: 1 to 128.
  typedef logic [7:0] burst_t;

  // Jobs that a channel holds: waiting, running and being written.
  localparam int unsigned JobsPerKernel = 8;

  // Free-running time, wide enough that a difference of 32 bits saturates instead of wrapping.
  typedef logic [39:0] now_t;

  // A buffer in host memory.
  typedef struct packed {
    addr_t   addr;
    length_t beats;
  } buffer_t;

  // A checked submission. Nothing is read or written for a bad one.
  typedef struct packed {
    logic        bad;
    logic [31:0] crc;      // of the entry
    logic [31:0] tag;
    buffer_t     in;
    buffer_t     out;
    params_t     params;
  } job_t;

  // A completion without its phase bit, in the order of the words of the entry. crc_out is that of
  // the output alone.
  typedef struct packed {
    status_e     status;
    logic [31:0] cycles;
    logic [31:0] r1;
    logic [31:0] r0;
    logic [31:0] crc_out;
    logic [31:0] crc_in;
    length_t     out_beats;
    logic [31:0] tag;
  } completion_t;

  // The first thing that went wrong at one client.
  typedef struct packed {
    status_e     code;
    logic [31:0] tag;
    addr_t       addr;
  } fault_t;

endpackage
