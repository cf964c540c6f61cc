// Paths, block versions and activations. See lift.h for the method.
//
// Invariant: an SSA value in a state is defined in a block that dominates the block being written. States meet
// only at joins, where every leaf of the state becomes a block parameter; everywhere else a path has a block of its
// own. While a call is lifted in place its caller's state rests in the Context, untouched, and is valid again at the
// return.

#include "lift/lifter.h"

#include <algorithm>

#include "lift/left_paths.h"

namespace gilmap::lift {
namespace {

// Limits of what is worth compiling; real functions stay far below them.
constexpr size_t max_versions = 24;    // of one instruction in one activation
constexpr size_t max_values = 60'000;  // IR values of one function
constexpr int max_inline_depth = 60;
constexpr int max_attempts = 24;

uint64_t mix(uint64_t h, uint64_t x) {
  h ^= x + 0x9e3779b97f4a7c15ull + (h << 6) + (h >> 2);
  return h * 0xff51afd7ed558ccdull;
}

}  // namespace

// ---------------------------------------------------------------- module

CodeInfo* ModuleLifter::info(PyCodeObject* code) {
  auto& slot = infos_[code];
  if (!slot) {
    keep(reinterpret_cast<PyObject*>(code));
    slot = std::make_unique<CodeInfo>(code);
  }
  return slot.get();
}

PyObject* ModuleLifter::guarded(int parent, Guards::Source source, PyObject* name, int index, int* node) {
  Ref value;
  *node = guards_.add(parent, source, name, index, callable_, &value);
  return value ? keep(value.get()) : nullptr;
}

Lifted ModuleLifter::lift(std::span<const ir::Type> arg_types) {
  for (int attempt = 0; attempt < max_attempts; ++attempt) {
    module_ = {};
    guards_ = {};
    foreign_ = {};
    left_paths_seen_.clear();
    contexts_.clear();
    specs_.clear();
    results_changed_ = false;
    try {
      module_.functions.reserve(max_functions);  // builders keep references
      module_.functions.emplace_back();
      FunctionLifter(*this, 0).lift_element(arg_types);
      for (size_t i = 0; i < specs_.size(); ++i) FunctionLifter(*this, specs_[i].index).lift_spec(specs_[i]);
    } catch (const RecursionFound& found) {
      outlined_.insert(found.code);
      continue;
    }
    if (results_changed_) continue;
    if (module_.result_types.empty()) {
      Unsupported why;
      why.what = "no path of this function returns: each raises, or never ends";
      throw LiftError{why};
    }
    return {std::move(module_), std::move(guards_), foreign_};
  }
  Unsupported why;
  why.what = "the result types of the recursive calls do not settle";
  throw LiftError{why};
}

// ---------------------------------------------------------------- function

FunctionLifter::FunctionLifter(ModuleLifter& module, int index)
    : m_(module), index_(index), b_(module.module_.functions[static_cast<size_t>(index)]) {}

void FunctionLifter::unsupported(const std::string& what, bool side_effect) {
  Unsupported why;
  if (c_) why.where = c_->info->position(i_);
  why.what = what;
  why.side_effect = side_effect;
  throw LiftError{std::move(why)};
}

Context* FunctionLifter::new_context(CodeInfo* info, int function_node, PyObject* globals, PyObject* builtins) {
  LeftPaths(m_).check(*info, function_node);
  m_.contexts_.emplace_back();
  Context& c = m_.contexts_.back();
  c.info = info;
  c.function_node = function_node;
  c.globals = globals;
  c.builtins = builtins;
  c.generator = (info->code->co_flags & CO_GENERATOR) != 0;
  c.id = mix(mix(c_ ? c_->id : static_cast<uint64_t>(index_), static_cast<uint64_t>(i_)),
             reinterpret_cast<uintptr_t>(info->code));
  return &c;
}

void FunctionLifter::lift_element(std::span<const ir::Type> arg_types) {
  ir::BlockId entry = b_.new_block();
  fn().name = "element";
  Arguments args;
  for (ir::Type t : arg_types) args.positional.push_back(Value::number(kind_of(t), b_.add_param(entry, t)));
  b_.at(entry);
  Value callee = Value::object(m_.callable_, Guards::root);
  m_.keep(m_.callable_);
  Step step = call(callee, std::move(args));
  if (step == Step::Next) step = return_value(pop());
  if (step == Step::Moved) {
    Work work{c_, i_, std::move(s_), entry, false};
    worklist_.push_back(std::move(work));
  }
  run_worklist();
}

void FunctionLifter::lift_spec(const Spec& spec) {
  spec_ = &spec;
  ir::BlockId entry = b_.new_block();
  const char* name = PyUnicode_AsUTF8(spec.info->code->co_name);
  fn().name = name ? name : "f";
  PyErr_Clear();
  auto param = [&](ir::Type t) { return b_.add_param(entry, t); };
  State s;
  for (const Value& v : spec.locals) s.locals.push_back(replace_leaves(v, param));
  for (const auto& [cell, content] : spec.captured) captured_.emplace_back(cell, replace_leaves(content, param));
  c_ = new_context(spec.info, spec.function_node, spec.globals, spec.builtins);
  c_->id = mix(0, std::hash<std::string>()(spec.key));
  const auto& shapes = m_.result_shapes_[spec.key];
  std::vector<ir::Type> results;
  if (shapes.size() > 1) results.push_back(ir::Type::I64);
  for (const Value& shape : shapes) {
    replace_leaves(shape, [&](ir::Type t) {
      results.push_back(t);
      return ir::ValueId{0};
    });
  }
  fn().result_types = results;
  worklist_.push_back({c_, 0, std::move(s), entry, false});
  run_worklist();
}

void FunctionLifter::run_worklist() {
  while (!worklist_.empty()) {
    Work work = std::move(worklist_.back());
    worklist_.pop_back();
    run(std::move(work));
  }
}

void FunctionLifter::run(Work work) {
  c_ = work.context;
  s_ = std::move(work.state);
  i_ = work.instr;
  b_.at(work.block);
  bool at_version = work.is_version;
  for (;;) {
    const CodeInfo& info = *c_->info;
    if (i_ >= static_cast<int>(info.instrs.size())) unsupported("the bytecode ends unexpectedly");
    if (info.must_raise[static_cast<size_t>(i_)]) {
      b_.deopt(Reason::Raise);
      return;
    }
    if (!at_version && info.join[static_cast<size_t>(i_)]) {
      // Entered from above: no back edge, so no poll.
      ir::Edge e = edge(c_, std::exchange(i_, -1), std::move(s_));
      b_.jump(e.block, std::move(e.args));
      return;
    }
    at_version = false;
    if (fn().values.size() > max_values) unsupported("the function is too large to compile");
    const Instr& in = info.instrs[static_cast<size_t>(i_)];
    b_.set_line(info.line(i_));
    switch (step(in)) {
      case Step::Next:
        ++i_;
        break;
      case Step::Moved:
        break;
      case Step::Ended:
        return;
    }
  }
}

// ---------------------------------------------------------------- blocks

// A number whose value is known becomes one that is not: what is a constant on this path differs on others.
Value FunctionLifter::widen(const Value& v) {
  Value r = v;
  if (v.is_number() && v.known) {
    if (v.kind == Kind::Int) r = integer(b_.iconst(v.bits));
    if (v.kind == Kind::Float) r = floating(b_.emit(Op::FConst, {}, v.bits));
    if (v.kind == Kind::Bool) r = boolean(b_.bconst(v.bits != 0));
    return r;
  }
  // The parts of a tuple that is being iterated and the step of a range never change.
  if (!v.items || v.kind == Kind::TupleIter) return r;
  std::vector<Value> items;
  items.reserve(v.items->size());
  for (size_t k = 0; k < v.items->size(); ++k) {
    bool step = (v.kind == Kind::RangeIter || v.kind == Kind::Range) && k == 2;
    items.push_back(step ? v[k] : widen(v[k]));
  }
  r.items = std::make_shared<const std::vector<Value>>(std::move(items));
  return r;
}

void FunctionLifter::widen_for(const CodeInfo& info, int instr, State& s) {
  int end = info.loop_end[static_cast<size_t>(instr)];
  for (size_t k = 0; k < s.locals.size(); ++k) {
    bool fixed = end >= 0 ? !info.stored_between(static_cast<int>(k), instr, end) : info.stores[k] <= 1;
    if (!fixed) s.locals[k] = widen(s.locals[k]);
  }
  for (Value& v : s.stack) v = widen(v);
  s.reduction = widen(s.reduction);
}

// A local that is not read again must not keep versions apart.
void FunctionLifter::forget_dead(const CodeInfo& info, int instr, State& s) {
  for (size_t k = 0; k < s.locals.size(); ++k) {
    if (s.locals[k].kind != Kind::Cell && !info.is_live(instr, static_cast<int>(k))) s.locals[k] = Value();
  }
}

ir::Edge FunctionLifter::edge(Context* context, int instr, State s) {
  const CodeInfo& info = *context->info;
  if (context == c_ && instr <= i_ && info.loop_end[static_cast<size_t>(instr)] >= i_) b_.poll();
  forget_dead(info, instr, s);
  if (!info.join[static_cast<size_t>(instr)]) {
    ir::BlockId block = b_.new_block();
    worklist_.push_back({context, instr, std::move(s), block, false});
    return {block, {}};
  }
  widen_for(info, instr, s);
  std::string key;
  for (const Value& v : s.locals) append_shape(v, key);
  key.push_back('|');
  for (const Value& v : s.stack) append_shape(v, key);
  key.push_back('|');
  append_shape(s.reduction, key);
  if (s.arg_count) key += std::to_string(*s.arg_count);
  if (s.kw_names) key.append(reinterpret_cast<const char*>(&s.kw_names), sizeof s.kw_names);

  std::vector<ValueId> leaves;
  for (const Value& v : s.locals) append_leaves(v, leaves);
  for (const Value& v : s.stack) append_leaves(v, leaves);
  append_leaves(s.reduction, leaves);

  auto& versions = context->versions[instr];
  auto it = versions.find(key);
  if (it == versions.end()) {
    if (versions.size() >= max_versions) {
      unsupported("the types or lengths of variables change too often in this loop");
    }
    ir::BlockId block = b_.new_block();
    auto param = [&](ir::Type t) { return b_.add_param(block, t); };
    State inner = s;
    for (Value& v : inner.locals) v = replace_leaves(v, param);
    for (Value& v : inner.stack) v = replace_leaves(v, param);
    inner.reduction = replace_leaves(s.reduction, param);
    it = versions.emplace(std::move(key), block).first;
    worklist_.push_back({context, instr, std::move(inner), block, true});
  }
  return {it->second, std::move(leaves)};
}

Step FunctionLifter::go(int instr) {
  if (!c_->info->join[static_cast<size_t>(instr)]) {
    i_ = instr;
    return Step::Moved;
  }
  ir::Edge e = edge(c_, instr, std::move(s_));
  b_.jump(e.block, std::move(e.args));
  return Step::Ended;
}

Step FunctionLifter::fork(ValueId cond, State yes, State no, int yes_instr, int no_instr) {
  if (!c_) unsupported("the type of the result depends on the values");
  ir::Edge to_yes = edge(c_, yes_instr, std::move(yes));
  ir::Edge to_no = edge(c_, no_instr, std::move(no));
  b_.branch(cond, std::move(to_yes), std::move(to_no));
  return Step::Ended;
}

Step FunctionLifter::branch_on(const Value& cond, int if_true, int if_false) {
  if (cond.known) return go(cond.bits ? if_true : if_false);
  const auto& raises = c_->info->must_raise;
  if (raises[static_cast<size_t>(if_true)]) {
    deopt_if(cond.ssa, Reason::Raise);
    return go(if_false);
  }
  if (raises[static_cast<size_t>(if_false)]) {
    deopt_if(emit(Op::BNot, {cond.ssa}), Reason::Raise);
    return go(if_true);
  }
  State copy = s_;
  return fork(cond.ssa, std::move(copy), std::move(s_), if_true, if_false);
}

Step FunctionLifter::give_up(Reason why) {
  b_.deopt(why);
  return Step::Ended;
}

// ---------------------------------------------------------------- returns

// Cells of an activation that ends travel on by value.
Value FunctionLifter::detach_cells(const Value& v, const Context& dying) {
  Value r = v;
  if (v.kind == Kind::CellRef && static_cast<uint64_t>(v.bits) == dying.id) {
    Value content = cell_content(v);
    if (content.kind == Kind::Function)
      unsupported("a function that is returned refers to itself or to another local function");
    return Value::of_items(Kind::Cell, {content}, 1);
  }
  if (v.items) {
    std::vector<Value> items;
    for (const Value& i : *v.items) items.push_back(detach_cells(i, dying));
    r.items = std::make_shared<const std::vector<Value>>(std::move(items));
  }
  return r;
}

Step FunctionLifter::return_value(Value v) {
  if (c_) v = detach_cells(v, *c_);
  if (c_ && c_->parent) return resume_caller(std::move(v));

  if (!spec_) {  // the element's result
    if (!v.is_number() && v.kind != Kind::None) unsupported("it returns " + describe(v));
    ir::Type type = type_of(v.kind);
    auto& types = m_.module_.result_types;
    if (std::find(types.begin(), types.end(), type) == types.end()) types.push_back(type);
    if (v.kind == Kind::None) {
      b_.ret({});
    } else {
      b_.ret({widen(v).ssa});
    }
    return Step::Ended;
  }

  v = widen(v);
  auto& shapes = m_.result_shapes_[spec_->key];
  std::string key;
  append_shape(v, key);
  std::vector<ValueId> results;
  bool found = false;
  if (shapes.size() > 1) results.push_back(ir::no_value);
  for (size_t k = 0; k < shapes.size(); ++k) {
    std::string other;
    append_shape(shapes[k], other);
    if (other == key) {
      found = true;
      if (shapes.size() > 1) results[0] = b_.iconst(static_cast<int64_t>(k));
      append_leaves(v, results);
    } else {
      replace_leaves(shapes[k], [&](ir::Type t) {
        ValueId zero = t == ir::Type::I64 ? b_.iconst(0) : t == ir::Type::F64 ? b_.fconst(0) : b_.bconst(false);
        results.push_back(zero);
        return zero;
      });
    }
  }
  if (!found) {
    // Callers were lifted without knowing this result: everything is lifted once more.
    if (shapes.size() >= 6) unsupported("a recursive function returns too many different types");
    shapes.push_back(v);
    m_.results_changed_ = true;
    return give_up(Reason::Other);
  }
  b_.ret(std::move(results));
  return Step::Ended;
}

Step FunctionLifter::return_either(ValueId cond, const Value& yes, const Value& no) {
  ir::BlockId if_yes = b_.new_block();
  ir::BlockId if_no = b_.new_block();
  b_.branch(cond, {if_yes, {}}, {if_no, {}});
  b_.at(if_yes);
  return_value(yes);
  b_.at(if_no);
  return return_value(no);
}

Step FunctionLifter::resume_caller(Value v) {
  Context* callee = c_;
  v = widen(v);
  std::string key;
  append_shape(v, key);
  std::vector<ValueId> leaves;
  append_leaves(v, leaves);
  auto it = callee->returns.find(key);
  if (it == callee->returns.end()) {
    ir::BlockId block = b_.new_block();
    Value inner = replace_leaves(v, [&](ir::Type t) { return b_.add_param(block, t); });
    State s = callee->at_call;
    s.stack.push_back(std::move(inner));
    it = callee->returns.emplace(std::move(key), block).first;
    worklist_.push_back({callee->parent, callee->return_to, std::move(s), block, false});
  }
  b_.jump(it->second, std::move(leaves));
  return Step::Ended;
}

// ---------------------------------------------------------------- entry

std::expected<Lifted, Unsupported> lift(PyObject* callable, std::span<const ir::Type> arg_types) {
  try {
    Lifted lifted = ModuleLifter(callable).lift(arg_types);
    PyErr_Clear();
    return lifted;
  } catch (LiftError& e) {
    PyErr_Clear();
    return std::unexpected(std::move(e.why));
  }
}

PyObject* cache_owner(PyObject* callable) {
  for (int hops = 0; hops < 16; ++hops) {
    if (PyFunction_Check(callable)) return PyFunction_GET_CODE(callable);
    if (PyMethod_Check(callable)) {
      callable = PyMethod_GET_FUNCTION(callable);
      continue;
    }
    if (PyCFunction_Check(callable) || PyType_Check(callable)) return callable;
    return callable;
  }
  return nullptr;
}

}  // namespace gilmap::lift
