#pragma once
// The contract between generated code and the runtime. Knows nothing of LLVM or Python.

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "codegen/tables.h"
#include "ir/function.h"

namespace gilmap::codegen {

using ir::Tag;
using ir::tag_of;
using ir::type_of;

// What one run of a kernel over elements begin .. end-1 reads and writes. Element i of parameter k is
// inputs[k][i]: int64_t for i64, double for f64, uint8_t for bool. Element i of the result goes to
// payload[i]: 8 bytes (int64_t, double, or 0/1), but one byte where bool is the only result type; nothing is written
// where void is. Inputs may lie at any address; what is written overlaps neither the inputs nor each other.
struct KernelArgs {
  const void* const* inputs = nullptr;
  void* payload = nullptr;
  uint8_t* tags = nullptr;                       // null unless the module has several result types
  int64_t* deopts = nullptr;                     // indices of elements left to CPython, ascending; room for end - begin
  uint8_t* deopt_reasons = nullptr;              // the DeoptReason of each
  int64_t deopt_count = 0;                       // the kernel appends and counts up
  uint64_t outside = 0;                          // set by kernels that check their inputs
  const std::atomic<uint8_t>* cancel = nullptr;  // polled in loops
  void* tables = nullptr;                        // see Kernel::tables
  int64_t depth_budget = 0;                      // Python frames that may still be entered; recursion deopts beyond
};

// Returns end, or the index of the element (of several lanes: of the first of the group) in which it saw the cancel
// flag: that element and those after it are not done, the ones before it are. Several lanes may write to elements that
// they leave to CPython, but not once they have listed them.
using KernelFn = int64_t (*)(KernelArgs*, int64_t begin, int64_t end);

// Compiled code; the destructor frees it, so it must outlive every run.
class Kernel {
 public:
  virtual ~Kernel() = default;
  KernelFn run = nullptr;
  std::vector<ir::Type> param_types;
  std::vector<ir::Type> result_types;
  std::vector<ir::IntRange> arg_ranges;  // what it takes for granted of its inputs; empty: nothing
  // It finds out by itself, without another pass over the inputs: args.outside is 0 if all of them were within.
  // Otherwise what it wrote to payload and tags means nothing, and it has published no deopt.
  bool checks_inputs = false;

  // What elements share with those that come later: memory for this kernel alone, cleared before its first run for a
  // call and kept from run to run.
  Tables tables;

  bool may_deopt = false;  // some deopt_if or call remains
  bool recursive = false;
  // Bytes of stack for each Python frame that may be entered; of a recursive kernel.
  int64_t stack_per_frame = 0;
  bool unbounded = false;  // has loops or recursion: one element may take arbitrarily long
  int lanes = 1;           // elements that it computes at once
  bool refills = false;    // a lane that is done takes the next element
  size_t code_bytes = 0;
  double compile_ms = 0;
};

// Instruction sets that lane functions are compiled for. Best is that of the environment variable GILMAP_SIMD (off,
// sse, avx2, avx512), or else the widest that the CPU has. A narrower one than that also bounds scalar kernels; off,
// which is also what a CPU without any gets, refuses lane functions and leaves scalar kernels as they are.
enum class Simd : uint8_t {
  Best,
  Off,
  Sse,     // up to SSE4.2: 2 lanes in a vector
  Neon,    // 2 lanes
  Avx2,    // 4 lanes
  Avx512,  // with F, DQ, BW and VL: 8 lanes
};

struct CompileOptions {
  int opt_level = 2;       // 0: fastest compile; 2: the short pass list
  bool dump = false;       // LLVM IR to stderr
  Simd simd = Simd::Best;  // which the CPU must have
  int lane_bits = 0;       // of a lane function: 32 or 64, for tests; 0: what is likely to be faster
};

// Compiles the module for the running CPU. Needs no GIL and may be called from any thread. Null, and `error` says why,
// only if the instruction set cannot be had, or LLVM itself refuses, which is a bug of ours.
std::shared_ptr<Kernel> compile(const ir::Module& module, const CompileOptions& options, std::string* error);

// For tests, and for looking into what became of a function.
enum class Listing : uint8_t { LlvmIr, OptimisedLlvmIr, Assembly };
std::string listing(const ir::Module& module, Listing what, const CompileOptions& options = {});

// What the kernel of a lane function is like. Nothing, and `error` says why, where there would be none. Compiles
// nothing.
struct LaneFacts {
  int lanes = 1;                        // of a vector
  int vectors = 1;                      // in flight
  bool refills = false;                 // a lane that is done takes the next element
  std::vector<std::string> one_by_one;  // what is done for one lane after the other: numeric functions, wide divisions
};
std::optional<LaneFacts> lane_facts(const ir::Module& module, std::string* error);

// What this library is and uses, for `python -m gilmap info`.
struct Description {
  std::string llvm_version;
  std::string cpu;       // LLVM's name of the running CPU
  std::string simd;      // the instruction set in use, or why there is none
  bool compiles = true;  // false where GILMAP_SIMD names a set that the CPU lacks
};
Description describe();

// Starts LLVM's one-time set-up (about 4 ms); harmless to call again, from any thread.
void warm_up();

}  // namespace gilmap::codegen
