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
    inst.varying = inst.op != ir::Op::IConst && inst.op != ir::Op::FConst && inst.op != ir::Op::BConst;
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

// Marks as varying what depends on the entry's parameters or on `also`.
inline void mark_varying(ir::Function& f, const std::vector<ir::ValueId>& also = {}) {
  f.lanes = true;
  for (ir::ValueId p : f.blocks[0].params) f[p].varying = true;
  for (ir::ValueId v : also) f[v].varying = true;
  for (bool changed = true; changed;) {
    changed = false;
    auto flow = [&](ir::ValueId from, ir::ValueId to) {
      if (!f[from].varying || f[to].varying || f[to].op == ir::Op::AnyLane) return;
      changed = f[to].varying = true;
    };
    for (const ir::Block& block : f.blocks) {
      for (ir::ValueId v : block.body)
        for (ir::ValueId arg : f[v].args) flow(arg, v);
      for (const ir::Edge& edge : block.end.edges)
        for (size_t k = 0; k < edge.args.size(); ++k) flow(edge.args[k], f.blocks[edge.block].params[k]);
    }
  }
}

// programs::mandelbrot, with a mask of the lanes that go on.
inline ir::Module mandelbrot_lanes() {
  using ir::Op;
  using ir::Type;
  ir::Module module;
  ir::Builder b(module.functions.emplace_back());
  const ir::BlockId entry = b.new_block(), head = b.new_block(), body = b.new_block(), end = b.new_block();
  const ir::ValueId x = b.add_param(entry, Type::F64);
  const ir::ValueId live = b.add_param(head, Type::Bool), re = b.add_param(head, Type::F64);
  const ir::ValueId im = b.add_param(head, Type::F64), n = b.add_param(head, Type::I64);
  b.at(entry);
  const ir::ValueId zero = b.fconst(0), one = b.iconst(1);
  b.jump(head, {b.bconst(true), zero, zero, b.iconst(0)});

  b.at(head);
  b.branch(b.emit(Op::AnyLane, {live}), {body, {}}, {end, {}});

  b.at(body);
  b.poll();
  const ir::ValueId re2 = b.emit(Op::FMul, {re, re}), im2 = b.emit(Op::FMul, {im, im});
  const ir::ValueId escaped = b.emit(Op::FGt, {b.emit(Op::FAdd, {re2, im2}), b.fconst(4)});
  const ir::ValueId stays = b.emit(Op::BAnd, {live, b.emit(Op::BNot, {escaped})});
  const ir::ValueId re_next = b.emit(Op::FAdd, {b.emit(Op::FSub, {re2, im2}), x});
  const ir::ValueId twice = b.emit(Op::FMul, {b.fconst(2), re});
  const ir::ValueId im_next = b.emit(Op::FAdd, {b.emit(Op::FMul, {twice, im}), b.fconst(0.5)});
  const ir::ValueId count = b.emit(Op::Select, {stays, b.emit(Op::IAdd, {n, one}), n});
  const ir::ValueId goes_on = b.emit(Op::BAnd, {stays, b.emit(Op::ILt, {count, b.iconst(200)})});
  b.jump(head, {goes_on, re_next, im_next, count});

  b.at(end);
  b.ret({n});
  module.result_types = {Type::I64};
  mark_varying(b.function(), {live, re, im, n});
  return module;
}

// programs::collatz: lanes that overflow leave the loop, to CPython.
inline ir::Module collatz_lanes() {
  using ir::Op;
  using ir::Type;
  ir::Module module;
  ir::Builder b(module.functions.emplace_back());
  const ir::BlockId entry = b.new_block(), head = b.new_block(), body = b.new_block(), end = b.new_block();
  const ir::ValueId x = b.add_param(entry, Type::I64);
  const ir::ValueId live = b.add_param(head, Type::Bool), left = b.add_param(head, Type::Bool);
  const ir::ValueId n = b.add_param(head, Type::I64), steps = b.add_param(head, Type::I64);
  b.at(entry);
  const ir::ValueId zero = b.iconst(0), one = b.iconst(1), two = b.iconst(2), three = b.iconst(3);
  b.jump(head, {b.emit(Op::INe, {x, one}), b.bconst(false), x, zero});

  b.at(head);
  b.branch(b.emit(Op::AnyLane, {live}), {body, {}}, {end, {}});

  b.at(body);
  b.poll();
  const ir::ValueId even = b.emit(Op::IEq, {b.emit(Op::IMod, {n, two}), zero});
  const ir::ValueId odd = b.emit(Op::BAnd, {live, b.emit(Op::BNot, {even})});
  const ir::ValueId product = b.emit(Op::IMul, {three, n});
  const ir::ValueId overflows =
      b.emit(Op::BOr, {b.emit(Op::IMulOverflows, {three, n}), b.emit(Op::IAddOverflows, {product, one})});
  const ir::ValueId leaves = b.emit(Op::BAnd, {odd, overflows});
  const ir::ValueId stays = b.emit(Op::BAnd, {live, b.emit(Op::BNot, {leaves})});
  const ir::ValueId next =
      b.emit(Op::Select, {even, b.emit(Op::IFloorDiv, {n, two}), b.emit(Op::IAdd, {product, one})});
  const ir::ValueId n_next = b.emit(Op::Select, {stays, next, n});
  const ir::ValueId steps_next = b.emit(Op::Select, {stays, b.emit(Op::IAdd, {steps, one}), steps});
  const ir::ValueId goes_on = b.emit(Op::BAnd, {stays, b.emit(Op::INe, {n_next, one})});
  b.jump(head, {goes_on, b.emit(Op::BOr, {left, leaves}), n_next, steps_next});

  b.at(end);
  b.ret({steps, left});
  b.function().deopts = {ir::DeoptReason::Overflow};
  module.result_types = {Type::I64};
  mark_varying(b.function(), {live, left, n, steps});
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

// Of each instruction set lanes of 64 and of 32 bits.
inline std::vector<codegen::CompileOptions> lane_kernel_options() {
  std::vector<codegen::CompileOptions> all;
  for (codegen::Simd simd : simd_levels()) {
    for (int bits : {64, 32}) all.push_back({.simd = simd, .lane_bits = bits});
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

inline std::string name_of(const codegen::CompileOptions& options) {
  return simd_name(options.simd) + ", " + std::to_string(options.lane_bits) + " bits";
}

}  // namespace gilmap::codegen_tests
