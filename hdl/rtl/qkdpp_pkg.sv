// Types and numbers of the device contract (../DEVICE.md) that all modules share.
package qkdpp_pkg;

  // Width of a beat: of every stream between the DMA engine and the kernels, and of the AXI4 data bus.
  localparam int unsigned BeatBits = 256;
  localparam int unsigned BeatBytes = BeatBits / 8;
  typedef logic [BeatBits-1:0] beat_t;

  localparam int unsigned NumKernels = 6;
  typedef enum logic [2:0] {
    KernelEcho     = 3'd0,
    KernelSift     = 3'd1,
    KernelParities = 3'd2,
    KernelLdpc     = 3'd3,
    KernelPolyhash = 3'd4,
    KernelToeplitz = 3'd5
  } kernel_e;

  typedef enum logic [3:0] {
    StatusOk             = 4'd0,
    StatusBadDescriptor  = 4'd1,
    StatusBadParameter   = 4'd2,
    StatusBadLength      = 4'd3,
    StatusOutputOverflow = 4'd4,
    StatusBadData        = 4'd5,
    StatusReadError      = 4'd6,
    StatusWriteError     = 4'd7,
    StatusTimeout        = 4'd8,
    StatusParity         = 4'd9
  } status_e;

  // What a kernel is told of a job: p7 down to p0.
  typedef logic [7:0][31:0] params_t;

  // What a kernel says when a job is done.
  typedef struct packed {
    status_e     status;
    logic [31:0] r1;
    logic [31:0] r0;
  } result_t;

endpackage
