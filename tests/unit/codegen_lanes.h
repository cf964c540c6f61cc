#pragma once
// Lane functions made by hand of element functions that are one block.

#include "codegen_programs.h"
#include "ir/builder.h"

namespace gilmap::codegen_tests {

// Every value but constants is varying, and what follows a deopt_if is computed for all.
inline ir::Module lanes_of(ir::Module module) {
  ir::Function& f = module.functions[0];
  f.lanes = true;
  ir::Block& block = f.blocks[0];
  for (size_t k = 0; k < block.params.size(); ++k) {
    f[block.params[k]].varying = true;
    if (k < f.arg_ranges.size()) f[block.params[k]].range = f.arg_ranges[k];
  }
  std::vector<ir::ValueId> body;
  for (ir::ValueId v : block.body) {
    ir::Inst& inst = f[v];
    for (ir::ValueId arg : inst.args) inst.varying |= f[arg].varying;
    if (inst.op == ir::Op::IConst) inst.range = {inst.imm, inst.imm};
    if (inst.op == ir::Op::AnyLane) inst.varying = false;
    if (inst.op != ir::Op::DeoptIf) {
      body.push_back(v);
      continue;
    }
    f.deopts.push_back(static_cast<ir::DeoptReason>(inst.imm));
    block.end.values.push_back(inst.args[0]);
  }
  block.body = std::move(body);
  return module;
}

inline std::vector<codegen::Simd> simd_levels() {
  std::vector<codegen::Simd> all;
  for (codegen::Simd simd : {codegen::Simd::Sse, codegen::Simd::Neon, codegen::Simd::Avx2, codegen::Simd::Avx512}) {
    ir::Module module = lanes_of(parse(programs::float_math));
    if (codegen::compile(module, {.simd = simd}, nullptr)) all.push_back(simd);
  }
  return all;
}

inline std::string simd_name(codegen::Simd simd) {
  switch (simd) {
    case codegen::Simd::Best:
      return "best";
    case codegen::Simd::Off:
      return "off";
    case codegen::Simd::Sse:
      return "sse";
    case codegen::Simd::Neon:
      return "neon";
    case codegen::Simd::Avx2:
      return "avx2";
    case codegen::Simd::Avx512:
      return "avx512";
  }
  return "";
}

}  // namespace gilmap::codegen_tests
