#pragma once
// The one form of the IR: typed SSA over basic blocks with block parameters in place of phis.
//
// A Function is one Python function specialised on argument types; what it calls is inlined, except
// recursive functions, which are further Functions of the Module. Function 0 is the element function:
// it computes one element, and `ret` with no operand is Python's None. All storage is by index, so
// that a Function can be copied.
//
// A lane function (spmd/ makes it of an element function) computes many elements at once, one per lane, however many
// lanes code generation gives it. A value is varying, one for each lane, or uniform, one for all. Operations work lane
// by lane; a uniform operand or edge argument stands for the same in every lane. Control flow is uniform. Parameters of
// the entry are varying. What is computed for lanes that do not matter at that place is arbitrary: where the
// precondition of an operation does not hold, its result is any value, and nothing else happens. There is no deopt_if,
// deopt, call or table: `ret` has the results and, behind them, a mask for each of `deopts`: the lanes left to CPython.
// The results are one value, or none if that is None; where the module has several result types, a payload (an i64, an
// f64's bits, a bool's 0 or 1) and the Tag of its type, an i64 too.
//
// A lane function that refills computes all elements of its call: a lane that is done with one (`finish`) takes another
// (`take_next`). The parameters of its entry are there for their types only, and its `ret` has no operands.

#include <cstdint>
#include <string>
#include <vector>

#include "ir/foreign.h"
#include "ir/types.h"
#include "support/check.h"

namespace gilmap::ir {

enum class Op : uint8_t {
#define OP(name, text, signature, effects, doc) name,
#include "ir/ops.def"
#undef OP
  Param,  // a block parameter; not a row of the table because it stands in no block's body
};

enum class Effect : uint8_t { Pure, Deopt, Poll, Element, Foreign, Table };

struct OpInfo {
  const char* text;
  const char* signature;
  Effect effect;
  const char* doc;
};

const OpInfo& info(Op op);

enum class DeoptReason : uint8_t {
#define REASON(name, text, words) name,
#include "ir/deopt_reasons.def"
#undef REASON
};

const char* text(DeoptReason reason);   // the word in the IR's text form
const char* words(DeoptReason reason);  // the words for a user

constexpr int max_tables = 8;  // of an element function, and as many values of all of them

using ValueId = uint32_t;
using BlockId = uint32_t;
constexpr ValueId no_value = ~0u;

// Inclusive bounds of an i64.
struct IntRange {
  int64_t lo = INT64_MIN;
  int64_t hi = INT64_MAX;
  bool operator==(const IntRange&) const = default;
};

// An instruction or a block parameter; its index is the value it defines.
struct Inst {
  Op op = Op::Param;
  Type type = Type::Void;
  int line = 0;  // of the Python source, 0 if none
  int64_t imm = 0;
  std::vector<ValueId> args;
  bool varying = false;  // of a lane function
  // Of a lane function: bounds of an i64 in the lanes that matter. Of a table_value: bounds of what is written.
  IntRange range = {};
};

struct Edge {
  BlockId block = 0;
  std::vector<ValueId> args;  // one for each parameter of the block
};

struct Terminator {
  enum class Kind : uint8_t {
    None,    // not written yet
    Jump,    // to edges[0]
    Branch,  // to edges[0] if values[0] is true, else to edges[1]
    Ret,     // with values
    Deopt,   // leaves the element to CPython
  };
  Kind kind = Kind::None;
  DeoptReason reason = DeoptReason::Other;  // of a Deopt
  // Which edge of a Branch is seldom taken: 0, 1, or -1 if nothing is known.
  int8_t unlikely = -1;
  std::vector<ValueId> values;
  std::vector<Edge> edges;
};

struct Block {
  std::vector<ValueId> params;
  std::vector<ValueId> body;
  Terminator end;
};

struct Function {
  std::string name;
  std::vector<Inst> values;
  std::vector<Block> blocks;         // blocks[0] is the entry; its params are the arguments
  std::vector<Type> result_types;    // of each `ret`; for function 0 see Module::result_types
  std::vector<IntRange> arg_ranges;  // what is known of each argument, an i64; or empty
  bool lanes = false;                // a lane function
  bool refills = false;              // a lane function that takes its elements itself
  std::vector<DeoptReason> deopts;   // of a lane function
  int depth = 1;                     // Python frames that one activation stands for, inlined calls included

  const Inst& operator[](ValueId v) const { return values[v]; }
  Inst& operator[](ValueId v) { return values[v]; }
  Type type(ValueId v) const { return values[v].type; }
};

// Whether an instruction of a lane function is varying, by its operands.
bool is_varying(const Function& f, const Inst& inst);
// Makes it so of all, by what the block parameters are.
void derive_varying(Function& f);

struct Module {
  std::vector<Function> functions;  // functions[0] is the element function
  // Types that the element function returns, each once, in order of first appearance; Void is None.
  // With more than one the kernel writes a tag beside each payload.
  std::vector<Type> result_types;
  std::vector<Foreign> foreign;  // of its call_foreign
};

}  // namespace gilmap::ir
