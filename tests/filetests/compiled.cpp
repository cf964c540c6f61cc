// The file tests' access to compiled code. Linked in or not, as one likes: it registers itself.

#include <atomic>
#include <cstring>

#include "codegen/kernel.h"
#include "filetest.h"

namespace gilmap::filetests {
namespace {

ir::Outcome run_compiled(const ir::Module& module, std::span<const uint64_t> args) {
  ir::Outcome outcome;
  std::shared_ptr<codegen::Kernel> kernel = codegen::compile(module, {}, &outcome.what);
  if (!kernel) {
    outcome.kind = ir::Outcome::Kind::Broken;
    return outcome;
  }
  std::vector<const void*> inputs;
  std::vector<uint8_t> bools(args.begin(), args.end());  // the low byte is a bool's
  for (size_t k = 0; k < args.size(); ++k) {
    inputs.push_back(kernel->param_types[k] == ir::Type::Bool ? static_cast<const void*>(&bools[k]) : &args[k]);
  }
  const std::atomic<uint8_t> cancel{0};
  uint64_t payload = 0;
  uint8_t tag = 0, reason = 0;
  int64_t deopted = 0;
  codegen::KernelArgs call;
  call.inputs = inputs.data();
  call.payload = &payload;
  call.tags = kernel->result_types.size() > 1 ? &tag : nullptr;
  call.deopts = &deopted;
  call.deopt_reasons = &reason;
  call.cancel = &cancel;
  call.depth_budget = ir::InterpreterOptions{}.depth_budget;
  kernel->run(&call, 0, 1);
  if (call.deopt_count) {
    outcome.kind = ir::Outcome::Kind::Deopt;
    outcome.reason = static_cast<ir::DeoptReason>(reason);
    return outcome;
  }
  for (ir::Type t : kernel->result_types) {
    if (t == ir::Type::Void || (call.tags && static_cast<uint8_t>(codegen::tag_of(t)) != tag)) continue;
    outcome.types = {t};
    outcome.bits = {payload};
  }
  return outcome;
}

const bool registered = [] {
  compiled_run() = run_compiled;
  return true;
}();

}  // namespace
}  // namespace gilmap::filetests
