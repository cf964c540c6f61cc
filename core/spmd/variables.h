#pragma once
// SSA construction: variables that are written and read in several blocks of a function under construction become
// values and block parameters.
//
// Blocks are written one after the other, each behind those that dominate it. A read in a block with several
// predecessors makes a parameter there, which finish() supplies from all of them; redundant ones are left to
// passes/simplify_params.
//
// After Braun et al., "Simple and Efficient Construction of Static Single Assignment Form", 2013.

#include <cstdint>
#include <map>
#include <vector>

#include "ir/function.h"

namespace gilmap::spmd {

using ir::BlockId;
using ir::ValueId;

class Variables {
 public:
  using Variable = uint32_t;

  // `f` has its blocks, and no parameters but those of the entry. Predecessors are those of the edges given here.
  Variables(ir::Function& f, std::vector<std::vector<BlockId>> predecessors);

  // `initial` is what it has where nothing was written.
  Variable add(ir::Type type, bool varying, ValueId initial, ir::IntRange range = {});
  void write(Variable x, BlockId b, ValueId v) { now_[b][x] = v; }
  ValueId read(Variable x, BlockId b);
  // Gives the edges the arguments for all parameters that reads have made. To be called once, when all edges stand.
  void finish();

 private:
  struct Kind {
    ir::Type type;
    bool varying;
    ValueId initial;
    ir::IntRange range;
  };

  ir::Function& f_;
  std::vector<std::vector<BlockId>> predecessors_;
  std::vector<Kind> kinds_;
  std::vector<std::map<Variable, ValueId>> now_;   // at the end of each block, as far as it was written
  std::vector<std::vector<Variable>> parameters_;  // of each block, beside those that it had
};

}  // namespace gilmap::spmd
