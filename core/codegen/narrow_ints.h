#pragma once
// Which integers of a lane function can be held and computed in 32 bits: a vector has twice as many lanes of those.

#include <vector>

#include "ir/function.h"

namespace gilmap::codegen {

class NarrowInts {
 public:
  NarrowInts() = default;  // there are none
  explicit NarrowInts(const ir::Function& lanes);

  // An i64 that lies within 32 bits, signed, in all lanes that matter.
  bool fits(ir::ValueId v) const { return v < fits_.size() && fits_[v]; }
  // An operation of which the lower 32 bits of the operands, where they are i64, give the result; that fits, if it is
  // an i64.
  bool computes(ir::ValueId v) const { return v < computes_.size() && computes_[v]; }

 private:
  std::vector<bool> fits_, computes_;
};

}  // namespace gilmap::codegen
