// The ports of qkdpp_core as two plain structures, which src/ffi.rs declares again field by field. Both sides check the sizes
// at the end of this file.
#pragma once
#include <cstddef>
#include <cstdint>

constexpr int kBeatWords = 8;

// What the world drives, held through the cycles of one call.
struct Drive {
  uint32_t reset;  // 1: rst_ni low
  // AXI4-Lite master: registers
  uint32_t s_awvalid, s_awaddr;
  uint32_t s_wvalid, s_wdata;
  uint32_t s_bready;
  uint32_t s_arvalid, s_araddr;
  uint32_t s_rready;
  // AXI4 slave: host memory
  uint32_t m_awready, m_wready;
  uint32_t m_bvalid, m_bid, m_bresp;
  uint32_t m_arready;
  uint32_t m_rvalid, m_rid, m_rresp, m_rlast;
  uint32_t m_rdata[kBeatWords];
};

// What the core drives, as it stood before the clock edge that ended the last cycle.
struct Sense {
  uint32_t s_awready, s_wready;
  uint32_t s_bvalid, s_bresp;
  uint32_t s_arready;
  uint32_t s_rvalid, s_rdata, s_rresp;
  uint32_t m_awvalid, m_awid, m_awlen, m_awsize, m_awburst;
  uint32_t m_wvalid, m_wlast, m_wstrb;
  uint32_t m_wdata[kBeatWords];
  uint32_t m_bready;
  uint32_t m_arvalid, m_arid, m_arlen, m_arsize, m_arburst;
  uint32_t m_rready;
  uint32_t irq;
  uint64_t m_awaddr, m_araddr;
};

static_assert(sizeof(Drive) == 108 && offsetof(Drive, m_rdata) == 76, "src/ffi.rs has the same numbers");
static_assert(sizeof(Sense) == 144 && offsetof(Sense, m_wdata) == 64 && offsetof(Sense, m_awaddr) == 128,
              "src/ffi.rs has the same numbers");
