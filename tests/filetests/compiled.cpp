// The file tests' access to compiled code. Linked in or not, as one likes: it registers itself.

#include <atomic>
#include <cstring>

#include "codegen/kernel.h"
#include "filetest.h"

namespace gilmap::filetests {
namespace {

// The column of one parameter, in the width that kernels read.
std::vector<uint8_t> column(const Rows& rows, size_t k, ir::Type type) {
  const size_t width = type == ir::Type::Bool ? 1 : 8;
  std::vector<uint8_t> bytes(rows.size() * width);
  for (size_t i = 0; i < rows.size(); ++i) std::memcpy(&bytes[i * width], &rows[i][k], width);
  return bytes;
}

std::vector<ir::Outcome> run_compiled(const ir::Module& module, const Rows& rows, const CompiledOptions& options) {
  std::vector<ir::Outcome> outcomes(rows.size());
  std::string error;
  const auto kernel =
      codegen::compile(module, {.opt_level = options.opt_level, .lane_bits = options.lane_bits}, &error);
  if (!kernel && module.functions[0].lanes) return {};
  if (!kernel) {
    for (ir::Outcome& o : outcomes) o.kind = ir::Outcome::Kind::Broken, o.what = error;
    return outcomes;
  }
  std::vector<std::vector<uint8_t>> columns;
  std::vector<const void*> inputs;
  for (size_t k = 0; k < kernel->param_types.size(); ++k) {
    columns.push_back(column(rows, k, kernel->param_types[k]));
    inputs.push_back(columns.back().data());
  }
  const std::vector<ir::Type>& types = kernel->result_types;
  const size_t width = types == std::vector{ir::Type::Bool} ? 1 : 8;
  std::vector<uint8_t> payload(rows.size() * width), tags(rows.size()), reasons(rows.size());
  std::vector<int64_t> deopts(rows.size());
  const std::atomic<uint8_t> cancel{options.cancelled};
  std::vector<char> tables(kernel->tables.bytes());
  codegen::KernelArgs call;
  call.inputs = inputs.data();
  call.payload = payload.data();
  call.tags = types.size() > 1 ? tags.data() : nullptr;
  call.deopts = deopts.data();
  call.deopt_reasons = reasons.data();
  call.cancel = &cancel;
  call.tables = tables.data();
  call.depth_budget = options.depth_budget;
  const auto done = static_cast<size_t>(kernel->run(&call, 0, static_cast<int64_t>(rows.size())));

  for (size_t i = 0; i < done; ++i) {
    for (ir::Type t : types) {
      if (t == ir::Type::Void || (call.tags && static_cast<uint8_t>(codegen::tag_of(t)) != tags[i])) continue;
      outcomes[i].types = {t};
      outcomes[i].bits = {0};
      std::memcpy(outcomes[i].bits.data(), &payload[i * width], width);
    }
  }
  for (int64_t k = 0; k < call.deopt_count; ++k) {
    ir::Outcome& o = outcomes[static_cast<size_t>(deopts[static_cast<size_t>(k)])];
    o = {};
    o.kind = ir::Outcome::Kind::Deopt;
    o.reason = static_cast<ir::DeoptReason>(reasons[static_cast<size_t>(k)]);
  }
  for (size_t i = done; i < rows.size(); ++i) outcomes[i].kind = ir::Outcome::Kind::OutOfSteps;
  return outcomes;
}

const bool registered = [] {
  compiled_run() = run_compiled;
  return true;
}();

}  // namespace
}  // namespace gilmap::filetests
