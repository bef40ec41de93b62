// C face of the Verilated core: make, free, and a loop over clock cycles that stops when the core wants attention.
// The model must neither print nor end the process: both end up in `Model::complaint`. Nothing is thrown across this face
// (`noexcept` ends the process first): Rust must not be unwound through.
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>

#include "Vqkdpp_core.h"
#include "ports.h"
#include "verilated.h"

namespace {

struct Model {
  VerilatedContext context;
  std::unique_ptr<Vqkdpp_core> core;
  std::string complaint;
  bool stopped = false;
  uint32_t irq = 0;  // as last reported
};

// The model this thread is in; Verilator's hooks carry no pointer of ours.
thread_local Model* running = nullptr;

// Verilator's library keeps the context that was named last, of any thread, in a plain global. Nobody reads it, since every
// thread names its own first, but it must not be written by two at once.
std::mutex last_context;

// Names the model for the hooks while one of its functions runs. What is left behind is named anew before it is used.
struct Enter {
  explicit Enter(Model* model) {
    running = model;
    const std::lock_guard<std::mutex> guard(last_context);
    Verilated::threadContextp(&model->context);
  }
  ~Enter() { running = nullptr; }
};

constexpr size_t kLongestComplaint = 4096;

void complain(const char* text) {
  if (running && running->complaint.size() < kLongestComplaint) running->complaint += text;
}

void stop(const char* file, int line, const char* text) {
  if (!running) return;
  complain((std::string(file) + ":" + std::to_string(line) + ": " + text + "\n").c_str());
  running->stopped = true;
}

// The low bits of `value`. The model relies on inputs that are no wider than their ports and may index arrays with them.
constexpr uint32_t low(uint32_t value, int bits) { return value & ((1u << bits) - 1); }

void put(Vqkdpp_core& core, const Drive& drive) {
  core.rst_ni = !drive.reset;
  core.s_axil_awvalid_i = drive.s_awvalid != 0;
  core.s_axil_awaddr_i = low(drive.s_awaddr, 12);
  core.s_axil_awprot_i = 0;
  core.s_axil_wvalid_i = drive.s_wvalid != 0;
  core.s_axil_wdata_i = drive.s_wdata;
  core.s_axil_wstrb_i = 0xf;
  core.s_axil_bready_i = drive.s_bready != 0;
  core.s_axil_arvalid_i = drive.s_arvalid != 0;
  core.s_axil_araddr_i = low(drive.s_araddr, 12);
  core.s_axil_arprot_i = 0;
  core.s_axil_rready_i = drive.s_rready != 0;
  core.m_axi_awready_i = drive.m_awready != 0;
  core.m_axi_wready_i = drive.m_wready != 0;
  core.m_axi_bvalid_i = drive.m_bvalid != 0;
  core.m_axi_bid_i = low(drive.m_bid, 4);
  core.m_axi_bresp_i = low(drive.m_bresp, 2);
  core.m_axi_arready_i = drive.m_arready != 0;
  core.m_axi_rvalid_i = drive.m_rvalid != 0;
  core.m_axi_rid_i = low(drive.m_rid, 4);
  core.m_axi_rresp_i = low(drive.m_rresp, 2);
  core.m_axi_rlast_i = drive.m_rlast != 0;
  for (int i = 0; i < kBeatWords; i++) core.m_axi_rdata_i[i] = drive.m_rdata[i];
}

void get(const Vqkdpp_core& core, Sense& sense) {
  sense.s_awready = core.s_axil_awready_o;
  sense.s_wready = core.s_axil_wready_o;
  sense.s_bvalid = core.s_axil_bvalid_o;
  sense.s_bresp = core.s_axil_bresp_o;
  sense.s_arready = core.s_axil_arready_o;
  sense.s_rvalid = core.s_axil_rvalid_o;
  sense.s_rdata = core.s_axil_rdata_o;
  sense.s_rresp = core.s_axil_rresp_o;
  sense.m_awvalid = core.m_axi_awvalid_o;
  sense.m_awid = core.m_axi_awid_o;
  sense.m_awlen = core.m_axi_awlen_o;
  sense.m_awsize = core.m_axi_awsize_o;
  sense.m_awburst = core.m_axi_awburst_o;
  sense.m_awaddr = core.m_axi_awaddr_o;
  sense.m_wvalid = core.m_axi_wvalid_o;
  sense.m_wlast = core.m_axi_wlast_o;
  sense.m_wstrb = core.m_axi_wstrb_o;
  for (int i = 0; i < kBeatWords; i++) sense.m_wdata[i] = core.m_axi_wdata_o[i];
  sense.m_bready = core.m_axi_bready_o;
  sense.m_arvalid = core.m_axi_arvalid_o;
  sense.m_arid = core.m_axi_arid_o;
  sense.m_arlen = core.m_axi_arlen_o;
  sense.m_arsize = core.m_axi_arsize_o;
  sense.m_arburst = core.m_axi_arburst_o;
  sense.m_araddr = core.m_axi_araddr_o;
  sense.m_rready = core.m_axi_rready_o;
  sense.irq = core.irq_o;
}

// Whether anything happens that whoever drives the ports must see before the next cycle.
bool wants_attention(const Vqkdpp_core& core, uint32_t irq) {
  return core.m_axi_awvalid_o || core.m_axi_wvalid_o || core.m_axi_arvalid_o || core.irq_o != irq;
}

}  // namespace

// Replaces what Verilator does on a failed assertion, $stop and $fatal: end the process.
void vl_stop(const char* file, int line, const char*) { stop(file, line, "assertion failed or $stop"); }

// An error of Verilator's library itself, which relies on this not to return.
void vl_fatal(const char* file, int line, const char*, const char* text) {
  fprintf(stderr, "%s:%d: %s\n", file, line, text);
  abort();
}

void vl_finish(const char* file, int line, const char*) { stop(file, line, "$finish"); }

extern "C" {

int qkdpp_rtl_print(const char* format, ...) {
  char text[1024] = "";
  va_list arguments;
  va_start(arguments, format);
  const int length = vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  complain(text);
  return length;
}

// Every bit that the RTL does not initialise comes from `seed`.
Model* qkdpp_rtl_new(int32_t seed) noexcept {
  std::unique_ptr<Model> model;
  {
    const std::lock_guard<std::mutex> guard(last_context);
    model = std::make_unique<Model>();
  }
  Enter enter(model.get());
  model->context.randReset(2);
  model->context.randSeed(seed);
  model->core = std::make_unique<Vqkdpp_core>(&model->context, "core");
  put(*model->core, Drive{});
  model->core->clk_i = 0;
  model->core->rst_ni = 0;
  model->core->eval();
  return model.release();
}

void qkdpp_rtl_free(Model* model) noexcept {
  Enter enter(model);
  model->core->final();
  model->core.reset();
  delete model;
}

// Runs at least one cycle and at most `most`; ends early after a cycle that wants attention. Returns the number of
// cycles run; with its top bit set if the model stopped, and then it must not be run again.
uint32_t qkdpp_rtl_advance(Model* model, const Drive* drive, uint32_t most, Sense* sense) noexcept {
  Enter enter(model);
  Vqkdpp_core& core = *model->core;
  put(core, *drive);
  uint32_t cycles = 0;
  bool attention = false;
  do {
    core.clk_i = 0;
    core.eval();
    attention = wants_attention(core, model->irq) || cycles + 1 >= most;
    if (attention) {
      get(core, *sense);
      model->irq = sense->irq;
    }
    core.clk_i = 1;
    core.eval();
    cycles++;
  } while (!attention && !model->stopped);
  return cycles | (model->stopped ? 1u << 31 : 0);
}

// Fails as an assertion does.
void qkdpp_rtl_stop(Model* model) noexcept {
  Enter enter(model);
  vl_stop(__FILE__, __LINE__, "core");
}

// Copies what the model said before it stopped, as a C string cut to `size`, which is not 0.
void qkdpp_rtl_complaint(const Model* model, char* text, uint32_t size) noexcept {
  snprintf(text, size, "%s", model->complaint.c_str());
}

}  // extern "C"
