#pragma once
// Whether a value depends on its own value in an earlier turn of a loop (or in an outer activation). What does is
// bound by the latency of its operations, what does not by their throughput: a division has two ways to be done.

#include <vector>

#include "ir/function.h"

namespace gilmap::codegen {

class Dependence {
 public:
  explicit Dependence(const ir::Function& function) : function_(function) {}
  bool is_recurrent(ir::ValueId v);

 private:
  void build();
  const ir::Function& function_;
  std::vector<std::vector<ir::ValueId>> users_;  // block parameters use the arguments of edges
  std::vector<bool> escapes_;                    // is an argument of a call in a recursive function
};

}  // namespace gilmap::codegen
