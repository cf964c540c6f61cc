#pragma once
// Appends blocks and instructions to a Function. No folding here: that is a pass.

#include <bit>
#include <initializer_list>

#include "ir/function.h"

namespace gilmap::ir {

class Builder {
 public:
  explicit Builder(Function& f) : f_(&f) {}

  Function& function() { return *f_; }
  BlockId new_block();
  ValueId add_param(BlockId block, Type type);
  void at(BlockId block) { block_ = block; }
  BlockId block() const { return block_; }
  void set_line(int line) { line_ = line; }
  bool terminated() const { return f_->blocks[block_].end.kind != Terminator::Kind::None; }

  // The result type follows from the table; for T it is the type of the last operand, or `type`.
  ValueId emit(Op op, std::vector<ValueId> args, int64_t imm = 0, Type type = Type::Void);

  ValueId iconst(int64_t v) { return emit(Op::IConst, {}, v); }
  ValueId fconst(double v) { return emit(Op::FConst, {}, std::bit_cast<int64_t>(v)); }
  ValueId bconst(bool v) { return emit(Op::BConst, {}, v); }
  void deopt_if(ValueId cond, DeoptReason why) { emit(Op::DeoptIf, {cond}, static_cast<int64_t>(why)); }
  void poll() { emit(Op::Poll, {}); }

  void jump(BlockId to, std::vector<ValueId> args = {});
  void branch(ValueId cond, Edge yes, Edge no, int unlikely = -1);
  void ret(std::vector<ValueId> values);
  void deopt(DeoptReason why);

 private:
  Function* f_;
  BlockId block_ = 0;
  int line_ = 0;
};

}  // namespace gilmap::ir
