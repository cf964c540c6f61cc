#include "ir/builder.h"

#include <utility>

namespace gilmap::ir {

BlockId Builder::new_block() {
  f_->blocks.emplace_back();
  return static_cast<BlockId>(f_->blocks.size() - 1);
}

ValueId Builder::add_param(BlockId block, Type type) {
  auto v = static_cast<ValueId>(f_->values.size());
  f_->values.push_back({Op::Param, type, line_, 0, {}});
  f_->blocks[block].params.push_back(v);
  return v;
}

ValueId Builder::emit(Op op, std::vector<ValueId> args, int64_t imm, Type type) {
  switch (info(op).signature[0]) {
    case 'i':
      type = Type::I64;
      break;
    case 'f':
      type = Type::F64;
      break;
    case 'b':
      type = Type::Bool;
      break;
    case 'v':
      type = Type::Void;
      break;
    case 'T':
      if (op == Op::Select) type = f_->type(args.back());
      break;
    default:
      GILMAP_UNREACHABLE();
  }
  GILMAP_CHECK(!terminated());
  auto v = static_cast<ValueId>(f_->values.size());
  f_->values.push_back({op, type, line_, imm, std::move(args)});
  f_->blocks[block_].body.push_back(v);
  return v;
}

void Builder::jump(BlockId to, std::vector<ValueId> args) {
  Terminator& end = f_->blocks[block_].end;
  end.kind = Terminator::Kind::Jump;
  end.edges = {{to, std::move(args)}};
}

void Builder::branch(ValueId cond, Edge yes, Edge no, int unlikely) {
  Terminator& end = f_->blocks[block_].end;
  end.kind = Terminator::Kind::Branch;
  end.unlikely = static_cast<int8_t>(unlikely);
  end.values = {cond};
  end.edges = {std::move(yes), std::move(no)};
}

void Builder::ret(std::vector<ValueId> values) {
  Terminator& end = f_->blocks[block_].end;
  end.kind = Terminator::Kind::Ret;
  end.values = std::move(values);
}

void Builder::deopt(DeoptReason why) {
  Terminator& end = f_->blocks[block_].end;
  end.kind = Terminator::Kind::Deopt;
  end.reason = why;
}

}  // namespace gilmap::ir
