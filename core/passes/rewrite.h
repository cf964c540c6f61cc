#pragma once
// Tools that passes share: values that stand for others, constants, and a hash table of values.

#include <bit>
#include <vector>

#include "ir/function.h"

namespace gilmap::passes {

using ir::BlockId;
using ir::Function;
using ir::no_value;
using ir::Op;
using ir::ValueId;

// Which values are replaced by which. Chains are followed and shortened, so that any order of replacing works.
class Replacements {
 public:
  explicit Replacements(const Function& f);

  void replace(ValueId from, ValueId by);
  ValueId operator()(ValueId v) {
    // Values made after the table stand for themselves.
    while (v < to_.size() && to_[v] != v) {
      ValueId next = to_[v];
      if (next < to_.size()) to_[v] = to_[next];
      v = next;
    }
    return v;
  }
  bool any() const { return any_; }
  // Rewrites every operand in the function. False if none changed.
  bool apply(Function& f);

 private:
  std::vector<ValueId> to_;
  bool any_ = false;
};

// An open hash table of values, for at most `capacity` of them. What equality means is the caller's.
class ValueTable {
 public:
  explicit ValueTable(size_t capacity) : slots_(std::bit_ceil(2 * capacity + 2), no_value) {}

  // The slot of the value that `same` accepts, or the empty slot (no_value) where it belongs.
  template <class Same>
  ValueId& slot(uint64_t hash, Same same) {
    size_t mask = slots_.size() - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
      if (slots_[i] == no_value || same(slots_[i])) return slots_[i];
    }
  }

 private:
  std::vector<ValueId> slots_;
};

constexpr uint64_t mix(uint64_t hash, uint64_t x) {
  hash = (hash ^ x) * 0x9e3779b97f4a7c15;
  return hash ^ (hash >> 32);
}

// The constants of a function, each once, at the front of the entry block, where they dominate everything.
// Holds for a function after pool_constants(); others may have further constants elsewhere.
class ConstantPool {
 public:
  explicit ConstantPool(Function& f);

  // May append to f.values, which ends the life of references into it.
  ValueId get(Op op, int64_t imm);
  ValueId integer(int64_t i) { return get(Op::IConst, i); }
  ValueId floating(double x) { return get(Op::FConst, std::bit_cast<int64_t>(x)); }
  ValueId boolean(bool b) { return get(Op::BConst, b); }

  // Puts new constants into the entry block. To be called at the end.
  void place();

 private:
  ValueId& slot(Op op, int64_t imm);
  Function& f_;
  ValueTable table_;
  std::vector<ValueId> added_;
};

// Calls visit(ValueId&) for each operand of a terminator, those of its edges included.
template <class Visit>
void for_each_operand(ir::Terminator& end, Visit visit) {
  for (ValueId& v : end.values) visit(v);
  for (ir::Edge& edge : end.edges) {
    for (ValueId& v : edge.args) visit(v);
  }
}

}  // namespace gilmap::passes
