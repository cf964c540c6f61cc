#pragma once
// The abstract interpreter behind lift(): one ModuleLifter for a call of lift(), one FunctionLifter for each IR
// function.
//
// Inside this folder an obstacle is thrown as LiftError and becomes lift()'s `Unsupported` value: the interpreter is
// a deep recursion over families of instructions, and threading std::expected through all of them would hide the
// semantics that the code is about. Nothing is thrown across the folder's edge.

#include <Python.h>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ir/builder.h"
#include "lift/code_info.h"
#include "lift/lift.h"
#include "lift/value.h"
#include "numeric/functions.h"

namespace gilmap::lift {

struct LiftError {
  Unsupported why;
};

// A recursive function was met in place; lifting starts again with it out of line.
struct RecursionFound {
  PyCodeObject* code;
};

// Functions of a module at most; their storage must not move while they are written.
constexpr size_t max_functions = 64;

enum class Consumer : uint8_t { Sum, Any, All, Min, Max, Prod, Len, Tuple };

struct State {
  std::vector<Value> locals;
  std::vector<Value> stack;
  Value reduction;               // of a generator that is consumed: the consumer's state
  PyObject* kw_names = nullptr;  // between KW_NAMES and CALL
  std::optional<int> arg_count;  // replaces a call's count of arguments after a fork at that call
};

// One activation of a Python function that is lifted in place.
class Context {
 public:
  Context* parent = nullptr;
  CodeInfo* info = nullptr;
  uint64_t id = 0;         // the same in every attempt: from the parent's, the place and the code
  int function_node = -1;  // guard path of the function, whose globals the code uses
  PyObject* globals = nullptr;
  PyObject* builtins = nullptr;
  State at_call;      // the parent's state, the call's operands popped
  int return_to = 0;  // instruction of the parent that comes next
  int depth = 1;      // Python frames, this one counted
  bool generator = false;
  std::map<int, std::unordered_map<std::string, ir::BlockId>> versions;
  std::unordered_map<std::string, ir::BlockId> returns;
};

// A recursive function, specialised on the shapes of its locals at entry.
struct Spec {
  std::string key;
  int index = 0;  // in the module
  CodeInfo* info = nullptr;
  int function_node = -1;
  PyObject* globals = nullptr;
  PyObject* builtins = nullptr;
  std::vector<Value> locals;                      // shapes; leaves belong to the caller
  std::vector<std::pair<Value, Value>> captured;  // closure cells of activations around it
};

class ModuleLifter {
 public:
  explicit ModuleLifter(PyObject* callable) : callable_(callable) {}
  Lifted lift(std::span<const ir::Type> arg_types);

 private:
  friend class FunctionLifter;
  friend class LeftPaths;

  PyObject* keep(PyObject* o) {  // borrowed in, borrowed out, alive until the lifter is gone
    kept_.push_back(Ref::borrow(o));
    return o;
  }
  CodeInfo* info(PyCodeObject* code);
  // The value at the end of a guarded path; null if there is none.
  PyObject* guarded(int parent, Guards::Source source, PyObject* name, int index, int* node);

  PyObject* callable_;
  ir::Module module_;
  Guards guards_;
  ForeignCallable foreign_;
  std::vector<Ref> kept_;
  std::map<PyCodeObject*, std::unique_ptr<CodeInfo>> infos_;
  std::deque<Context> contexts_;
  std::set<PyCodeObject*> outlined_;
  std::set<std::pair<PyCodeObject*, int>> left_paths_seen_;  // with the function's node
  std::deque<Spec> specs_;
  std::map<std::string, std::vector<Value>> result_shapes_;  // of a spec's key: what it was seen to return
  bool results_changed_ = false;
};

enum class Step : uint8_t { Next, Moved, Ended };

class FunctionLifter {
 public:
  FunctionLifter(ModuleLifter& module, int index);
  void lift_element(std::span<const ir::Type> arg_types);
  void lift_spec(const Spec& spec);

 private:
  using ValueId = ir::ValueId;
  using Op = ir::Op;
  using Reason = ir::DeoptReason;
  using Fn = numeric::NumericFn;

  struct Work {
    Context* context;
    int instr;
    State state;
    ir::BlockId block;
    bool is_version;  // the block is the version for this very state
  };

  // ---- lifter.cpp: paths and blocks
  ir::Function& fn() { return m_.module_.functions[static_cast<size_t>(index_)]; }
  void run_worklist();
  void run(Work work);
  Context* new_context(CodeInfo* info, int function_node, PyObject* globals, PyObject* builtins);
  void widen_for(const CodeInfo& info, int instr, State& s);
  Value widen(const Value& v);
  void forget_dead(const CodeInfo& info, int instr, State& s);
  ir::Edge edge(Context* context, int instr, State s);
  Step go(int instr);  // ends the block with a jump there, in the present activation
  Step fork(ValueId cond, State yes, State no, int yes_instr, int no_instr);
  Step branch_on(const Value& cond, int if_true, int if_false);
  Step give_up(Reason why);  // the element is left to CPython here
  Step return_value(Value v);
  // Of what is mapped directly: returns the one value, or the other.
  Step return_either(ValueId cond, const Value& yes, const Value& no);
  Step resume_caller(Value v);
  Value detach_cells(const Value& v, const Context& dying);
  [[noreturn]] void unsupported(const std::string& what, bool side_effect = false);

  // ---- step.cpp: one instruction
  Step step(const Instr& in);
  Step load_global(const Instr& in);
  Step make_function(const Instr& in);
  Step contains(bool negate);
  Step subscript(const Value& base, const Value& index);
  Step unpack(int count);
  Value load_local(int local);
  Value cell_content(const Value& cell);

  // ---- values.cpp: conversions and small helpers
  Value pop();
  void push(Value v) { s_.stack.push_back(std::move(v)); }
  Step result(Value v) {
    push(std::move(v));
    return Step::Next;
  }
  Value from_object(PyObject* o, int node);
  ValueId as_i64(const Value& v);   // of an Int or Bool
  ValueId as_f64(const Value& v);   // of a number
  ValueId as_bool(const Value& v);  // of a Bool
  Value truth(const Value& v);      // a Bool
  ValueId emit(Op op, std::initializer_list<ValueId> args, int64_t imm = 0);
  Value integer(ValueId v) { return Value::number(Kind::Int, v); }
  Value floating(ValueId v) { return Value::number(Kind::Float, v); }
  Value boolean(ValueId v) { return Value::number(Kind::Bool, v); }
  void deopt_if(ValueId cond, Reason why) { b_.deopt_if(cond, why); }
  ValueId call_numeric(Fn f, std::vector<ValueId> args, Reason why = Reason::Domain);
  Value numeric_value(Fn f, std::vector<ValueId> args, Reason why = Reason::Domain);

  // ---- arithmetic.cpp, compare.cpp
  Step binary(BinaryKind kind, const Value& a, const Value& b);
  Step binary_big(BinaryKind kind, const Value& a, const Value& b);
  Value int_binary(BinaryKind kind, const Value& a, const Value& b);
  Value float_binary(BinaryKind kind, const Value& a, const Value& b);
  Value bool_binary(BinaryKind kind, const Value& a, const Value& b);
  Value true_divide(const Value& a, const Value& b);
  Step power(const Value& a, const Value& b);
  Value int_power(const Value& a, int64_t exponent);
  Value shift(bool left, const Value& a, const Value& b);
  Value checked(Op overflows, Op op, ValueId a, ValueId b);
  Value add(const Value& a, const Value& b);  // of numbers
  Value multiply(const Value& a, const Value& b);
  Step negate(const Value& v);
  Value compare(CompareKind kind, const Value& a, const Value& b);
  Value compare_numbers(CompareKind kind, const Value& a, const Value& b);
  Value compare_int_float(CompareKind kind, const Value& i, const Value& f);
  Value identical(const Value& a, const Value& b);
  Value equal(const Value& a, const Value& b) { return compare(CompareKind::Eq, a, b); }
  Value same_or_equal(const Value& a, const Value& b);  // `a is b or a == b`, as containers compare
  Value logic(Op op, const Value& a, const Value& b);   // BAnd, BOr of Bools, folded
  Value negation(const Value& v);
  Value select(const Value& cond, const Value& a, const Value& b);  // of numbers of one kind

  // ---- calls.cpp: Python functions
  struct Arguments {
    std::vector<Value> positional;
    std::vector<std::pair<PyObject*, Value>> keyword;
  };
  Step call(const Value& callee, Arguments args);
  Step call_python(const Value& callee, Arguments args);
  Step call_object(const Value& callee, Arguments args);
  Step enter(CodeInfo* info, int function_node, PyObject* globals, PyObject* builtins, std::vector<Value> locals);
  Step call_spec(CodeInfo* info, int function_node, PyObject* globals, PyObject* builtins, std::vector<Value> locals);
  Step unpack_spec_results(ValueId call, const std::vector<Value>& shapes);
  // Null if the arguments do not fit, for which CPython raises TypeError.
  std::optional<std::vector<Value>> bind(CodeInfo* info, const Value& callee, Arguments args);
  void capture(const Value& v, std::vector<std::pair<Value, Value>>& out);
  Step load_attribute(const Value& base, PyObject* name, bool method);
  bool object_attribute(const Value& base, PyObject* name, Value* out);

  // ---- builtins.cpp
  Step call_builtin(PyObject* f, Arguments args);
  Step call_type(PyTypeObject* type, Arguments args);
  Step call_method(const Value& self, const char* name, Arguments args);
  Step call_round(Arguments args);
  Step call_min_max(bool max, Arguments args);
  Step call_pow(const std::vector<Value>& args);
  Step call_divmod(const Value& a, const Value& b);
  Step call_isinstance(const Value& v, const Value& type);
  Value type_object(const Value& v);
  bool instance_of(const Value& v, PyObject* type);
  Value to_int(const Value& v);
  Value float_to_int(ValueId f, Op rounding);
  Value absolute(const Value& v);

  // ---- operator_calls.cpp
  Step call_operator(const std::string& name, Arguments args);
  Step positive(const Value& v);
  Step invert(const Value& v);

  // ---- ufunc_calls.cpp
  Step call_ufunc(PyObject* f, const Arguments& args);
  Value without_flags(Op op, ValueId a, ValueId b);

  // ---- foreign_calls.cpp: functions of other compilers
  Step call_foreign(const Value& callee, Arguments args);
  ir::Foreign find_foreign(const Value& callee, const std::vector<Value>& args, bool* pure);
  void guard_paths(const Value& callee, PyObject* paths);
  ValueId foreign_argument(const ir::Foreign& f, ir::ForeignType type, const Value& v);

  // ---- math_calls.cpp
  bool is_math_function(PyObject* f);
  Step call_math(const std::string& name, Arguments args);

  // ---- iterate.cpp: ranges, iterators, reductions
  Step make_range(const std::vector<Value>& args);
  Value range_count(const Value& range);
  Value range_contains(const Value& range, const Value& item);
  Value iterate(const Value& v);  // iter(v)
  struct Advance {
    Value item;
    Value rest;
  };
  Value has_item(const Value& iterator);  // a Bool
  Advance advance(const Value& iterator);
  Step for_iter(const Instr& in);
  std::optional<Consumer> consumer_of(const Value& callee);
  Step reduce(Consumer c, Arguments args);
  Step reduce_generator(Consumer c, const Value& generator, Value initial);
  Value reduction_start(Consumer c);
  Value reduction_add(const Value& r, const Value& item);  // types that fit; else fork_reduction
  bool needs_fork(const Value& r, const Value& item);
  Step yield(const Value& item);
  Step append(const Value& item, int depth);
  Step finish_reduction(const Value& r, Step (FunctionLifter::*then)(Value));
  Value sum_range(Consumer c, const Value& range);

  ModuleLifter& m_;
  int index_;
  const Spec* spec_ = nullptr;
  ir::Builder b_;
  std::vector<Work> worklist_;
  std::vector<std::pair<Value, Value>> captured_;  // of a spec

  // where we are
  Context* c_ = nullptr;
  State s_;
  int i_ = 0;
};

}  // namespace gilmap::lift
