// Sifting: keeps the slots of bit planes that a mask selects, and counts them (DEVICE.md §6.1, SPEC §2).
//
// One beat a cycle, the masks' beats included: P planes of 256 slots take P + 1 cycles. The input never waits but for
// the output. A job costs about 30 cycles more, for the pipeline, the residues and the counters.
//
//   mask ──┐
//   plane ─┴► qkdpp_compact ──► qkdpp_sift_append ──► output
//        └──► qkdpp_sift_counters ─────────────────────┘ (last beat)
module qkdpp_sift
  import qkdpp_pkg::*;
#(
  parameter int unsigned Planes = 4
) (
  input  logic    clk_i,
  input  logic    rst_ni,
  input  logic    clear_i,
  output logic    idle_o,
  output logic    parity_error_o,

  input  logic    job_valid_i,
  output logic    job_ready_o,
  input  params_t job_params_i,

  input  logic    in_valid_i,
  output logic    in_ready_o,
  input  beat_t   in_data_i,
  input  logic    in_last_i,

  output logic    out_valid_o,
  input  logic    out_ready_i,
  output beat_t   out_data_o,

  output logic    done_valid_o,
  input  logic    done_ready_i,
  output result_t done_result_o
);

  localparam int unsigned SlotBits = $clog2(BeatBits);
  localparam int unsigned ChunkBits = 32 - SlotBits;
  localparam int unsigned PlaneBits = Planes > 1 ? $clog2(Planes) : 1;
  // Steps after which nothing of a job is left in the pipeline.
  localparam int unsigned WipeSteps = 2 * SlotBits + 5;
  localparam int unsigned WipeBits = $clog2(WipeSteps + 1);

  typedef enum logic [3:0] {
    StateIdle,     // no job, nothing left of any
    StateCheck,    // looks at the parameters
    StateMask,     // takes the mask of a chunk
    StatePlane,    // takes its planes
    StateFlush,    // sends the residues behind the last chunk, plane by plane
    StateCount,    // sends the counters
    StateDiscard,  // takes the rest of a bad input
    StateWipe,     // waits until the pipeline is empty
    StateDone      // offers the result
  } state_e;

  // What travels with a chunk.
  typedef struct packed {
    logic                 count;  // no chunk: the counters' turn
    logic                 flush;
    logic                 last;   // plane of the chunk
    logic                 first;
    logic [PlaneBits-1:0] plane;
  } tag_t;

  state_e state_q, state_d;
  status_e status_q, status_d;
  logic drop_q, drop_d;  // a job to be dropped: no output and no result any more
  logic [WipeBits-1:0] wiped_q, wiped_d;

  // -- The job ---------------------------------------------------------------------------------------------------

  logic [31:0] slots_q, planes_q;
  logic reserved_q;  // a parameter that must be zero is not
  logic [ChunkBits-1:0] left_q, left_d;  // chunks behind the current one
  logic [PlaneBits-1:0] plane_q, plane_d;
  logic job_taken, bad_parameter;
  logic last_plane, last_chunk;
  beat_t valid_slots_q;  // of the last chunk

  assign job_ready_o = state_q == StateIdle && !clear_i;
  assign job_taken = job_valid_i && job_ready_o;
  assign bad_parameter = slots_q == '0 || slots_q > 32'h8000_0000 || planes_q == '0 || planes_q > Planes || reserved_q;
  assign last_plane = 32'(plane_q) + 32'd1 == planes_q;
  assign last_chunk = left_q == '0;

  always_ff @(posedge clk_i) begin
    if (job_taken) begin
      slots_q <= job_params_i[0];
      planes_q <= job_params_i[1];
      reserved_q <= job_params_i[7:2] != '0;
    end
    for (int unsigned i = 0; i < BeatBits; i++) begin
      valid_slots_q[i] <= i < 32'(slots_q[SlotBits-1:0]) || slots_q[SlotBits-1:0] == '0;
    end
  end

  // -- The pipeline ----------------------------------------------------------------------------------------------

  logic advance, taken, plane_taken;
  logic push, out_ready;
  beat_t mask_q;
  beat_t data_q;        // what enters u_compact
  logic slot_valid_q;   // it is a plane, a flush or the counters' turn
  logic plane_valid_q;  // it is a plane
  tag_t tag_q, tag;
  logic compact_valid;
  logic [SlotBits:0] compact_count;
  beat_t compact_data, append_data;
  logic append_valid;
  logic [7:0][31:0] counters;
  logic [31:0] kept_q;
  logic [1:0] count_q;  // the counters' turn, beside the two cycles of u_append
  logic clear_job;

  assign in_ready_o = advance && state_q inside {StateMask, StatePlane, StateDiscard} && !clear_i;
  assign taken = in_valid_i && in_ready_o;
  assign plane_taken = taken && state_q == StatePlane;
  assign clear_job = drop_q || state_q inside {StateIdle, StateDone};

  always_ff @(posedge clk_i) begin
    if (clear_job) begin
      mask_q <= '0;
    end else if (taken && state_q == StateMask) begin
      mask_q <= last_chunk ? in_data_i & valid_slots_q : in_data_i;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      slot_valid_q <= 1'b0;
      plane_valid_q <= 1'b0;
    end else if (clear_job) begin
      slot_valid_q <= 1'b0;
      plane_valid_q <= 1'b0;
    end else if (advance) begin
      slot_valid_q <= plane_taken || state_q inside {StateFlush, StateCount};
      plane_valid_q <= plane_taken;
    end
  end

  always_ff @(posedge clk_i) begin
    if (advance || clear_job) begin
      data_q <= plane_taken ? in_data_i : '0;
      tag_q <= '{
          count: state_q == StateCount,
          flush: state_q == StateFlush,
          last : last_plane,
          first: plane_q == '0,
          plane: plane_q
      };
    end
  end

  qkdpp_compact #(
    .Width  (BeatBits),
    .TagBits($bits(tag_t))
  ) u_compact (
    .clk_i,
    .rst_ni,
    .clear_i    (drop_q),
    .advance_i  (advance),
    .in_valid_i (slot_valid_q),
    .in_mask_i  (plane_valid_q ? mask_q : '0),
    .in_data_i  (data_q),
    .in_tag_i   (tag_q),
    .out_valid_o(compact_valid),
    .out_count_o(compact_count),
    .out_data_o (compact_data),
    .out_tag_o  (tag)
  );

  qkdpp_sift_append #(
    .Planes(Planes)
  ) u_append (
    .clk_i,
    .rst_ni,
    .clear_i    (clear_job),
    .advance_i  (advance),
    .in_valid_i (compact_valid && !tag.count),
    .in_flush_i (tag.flush),
    .in_last_i  (tag.last),
    .in_plane_i (tag.plane),
    .in_count_i (compact_count),
    .in_data_i  (compact_data),
    .out_valid_o(append_valid),
    .out_data_o (append_data)
  );

  qkdpp_sift_counters u_counters (
    .clk_i,
    .rst_ni,
    .clear_i (clear_job),
    .valid_i (plane_valid_q && advance),
    .plane_i (32'(tag_q.plane)),
    .single_i(planes_q == 32'd1),
    .mask_i  (mask_q),
    .data_i  (data_q),
    .count_o (counters)
  );

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      count_q <= '0;
      kept_q <= '0;
    end else if (drop_q || (state_q == StateDone && done_ready_i)) begin
      count_q <= '0;
      kept_q <= '0;
    end else if (advance) begin
      count_q <= {count_q[0], compact_valid && tag.count};
      if (compact_valid && tag.first) kept_q <= kept_q + 32'(compact_count);
    end
  end

  // -- Output ----------------------------------------------------------------------------------------------------

  assign push = append_valid || count_q[1];
  assign advance = !push || out_ready;

  qkdpp_skid #(
    .Width(BeatBits)
  ) u_out (
    .clk_i,
    .rst_ni,
    .clear_i    (drop_q),
    .in_valid_i (push),
    .in_ready_o (out_ready),
    .in_data_i  (count_q[1] ? counters : append_data),
    .out_valid_o,
    .out_ready_i,
    .out_data_o
  );

  // -- Control ---------------------------------------------------------------------------------------------------

  always_comb begin
    state_d = state_q;
    status_d = status_q;
    drop_d = drop_q;
    left_d = left_q;
    plane_d = plane_q;
    wiped_d = wiped_q;

    unique case (state_q)
      StateIdle: begin
        drop_d = 1'b0;
        wiped_d = '0;
        plane_d = '0;
        status_d = StatusOk;
        if (job_taken) state_d = StateCheck;
      end

      StateCheck: begin
        left_d = ChunkBits'((slots_q - 32'd1) >> SlotBits);
        status_d = bad_parameter ? StatusBadParameter : StatusOk;
        state_d = bad_parameter ? StateDiscard : StateMask;
      end

      StateMask: begin
        if (taken) begin
          state_d = in_last_i ? StateWipe : StatePlane;
          if (in_last_i) status_d = StatusBadLength;
        end
      end

      StatePlane: begin
        if (taken) begin
          plane_d = last_plane ? '0 : plane_q + PlaneBits'(1);
          if (last_plane) begin
            left_d = left_q - ChunkBits'(1);
            state_d = last_chunk ? StateFlush : StateMask;
          end
          if (in_last_i != (last_plane && last_chunk)) begin
            status_d = StatusBadLength;
            state_d = in_last_i ? StateWipe : StateDiscard;
          end
        end
      end

      StateFlush: begin
        if (advance) begin
          plane_d = last_plane ? '0 : plane_q + PlaneBits'(1);
          if (last_plane) state_d = StateCount;
        end
      end

      StateCount: begin
        if (advance) state_d = StateWipe;
      end

      StateDiscard: begin
        if (taken && in_last_i) state_d = StateWipe;
      end

      StateWipe: begin
        if (advance && wiped_q != WipeBits'(WipeSteps)) wiped_d = wiped_q + WipeBits'(1);
        if (wiped_q == WipeBits'(WipeSteps) && !out_valid_o) state_d = drop_q ? StateIdle : StateDone;
      end

      StateDone: begin
        if (done_ready_i) state_d = StateIdle;
      end

      default: state_d = StateWipe;
    endcase

    if (clear_i && !drop_q && state_q != StateIdle) begin
      state_d = StateWipe;
      drop_d = 1'b1;
      wiped_d = '0;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q <= StateWipe;
      status_q <= StatusOk;
      drop_q <= 1'b1;
      wiped_q <= '0;
    end else begin
      state_q <= state_d;
      status_q <= status_d;
      drop_q <= drop_d;
      wiped_q <= wiped_d;
    end
  end

  always_ff @(posedge clk_i) begin
    left_q <= left_d;
    plane_q <= plane_d;
  end

  assign idle_o = state_q == StateIdle;
  assign parity_error_o = 1'b0;
  assign done_valid_o = state_q == StateDone;
  assign done_result_o = '{status: status_q, r1: '0, r0: status_q == StatusOk ? kept_q : '0};

`ifndef SYNTHESIS
  if (Planes < 1 || Planes > 16) begin : gen_bad_planes
    $error("Planes must be 1 to 16");
  end

  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
    out_valid_o && !out_ready_i |=> out_valid_o && $stable(out_data_o));
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
    done_valid_o && !done_ready_i |=> done_valid_o && $stable(done_result_o));
  assert property (@(posedge clk_i) disable iff (!rst_ni) done_valid_o |-> !out_valid_o);
  assert property (@(posedge clk_i) disable iff (!rst_ni)
      idle_o |-> {data_q, compact_data, append_data, out_data_o} == '0);
  // The input waits for nothing but the output.
  assert property (@(posedge clk_i) disable iff (!rst_ni || clear_i)
    state_q inside {StateMask, StatePlane} && out_ready |-> in_ready_o);
`endif

endmodule
