#pragma once
// Operations on pairs and triples of edge values, and with each edge value as a constant operand, against ir::evaluate.

#include <cmath>
#include <limits>

#include "codegen_programs.h"
#include "ir/builder.h"
#include "ir/evaluate.h"
#include "ir/printer.h"

namespace gilmap::codegen_tests {
using ir::Op;
using ir::Type;

inline const std::vector<int64_t> int_edges = {0,
                                               1,
                                               -1,
                                               2,
                                               -2,
                                               3,
                                               -3,
                                               5,
                                               7,
                                               -7,
                                               9,
                                               10,
                                               -10,
                                               63,
                                               64,
                                               255,
                                               1000,
                                               -1000,
                                               1000003,
                                               INT32_MAX,
                                               INT32_MIN,
                                               UINT32_MAX,
                                               int64_t{1} << 32,
                                               -(int64_t{1} << 32),
                                               (int64_t{1} << 53) - 1,
                                               int64_t{1} << 53,
                                               (int64_t{1} << 53) + 1,
                                               -(int64_t{1} << 53),
                                               -(int64_t{1} << 53) - 1,
                                               INT64_MAX / 3,
                                               INT64_MAX / 3 + 1,
                                               INT64_MIN / 3,
                                               INT64_MIN / 3 - 1,
                                               int64_t{1} << 61,
                                               int64_t{1} << 62,
                                               -(int64_t{1} << 62),
                                               3037000499,
                                               3037000500,
                                               INT64_MAX - 1,
                                               INT64_MAX,
                                               INT64_MIN + 1,
                                               INT64_MIN};

inline const std::vector<double> float_edges = {0.0,
                                                -0.0,
                                                1.0,
                                                -1.0,
                                                0.5,
                                                -0.5,
                                                1.5,
                                                -1.5,
                                                2.5,
                                                3.0,
                                                -3.0,
                                                0.1,
                                                7.3,
                                                -7.3,
                                                1e-300,
                                                -1e-300,
                                                5e-324,
                                                -0x0.8p-1022,
                                                1e300,
                                                -1e300,
                                                0x1p52 + 0.5,
                                                0x1p53,
                                                0x1p53 + 2,
                                                -0x1p62,
                                                0x1p63,
                                                -0x1p63,
                                                0x1.fffffffffffffp62,
                                                1.7976931348623157e308,
                                                std::numeric_limits<double>::infinity(),
                                                -std::numeric_limits<double>::infinity(),
                                                std::numeric_limits<double>::quiet_NaN(),
                                                -std::numeric_limits<double>::quiet_NaN()};

inline Column edges(Type t) {
  switch (t) {
    case Type::I64:
      return ints(int_edges);
    case Type::F64:
      return floats(float_edges);
    case Type::Bool:
      return {0, 1};
    case Type::Void:
      break;
  }
  return {};
}

inline bool is_plain(Op op) {
  return op != Op::CallNumeric && op != Op::CallFailed && op != Op::Call && op != Op::CallResult && op != Op::DeoptIf &&
         op != Op::CallForeign && op != Op::ForeignFailed && op != Op::Param &&
         ir::info(op).effect != ir::Effect::Poll && ir::info(op).effect != ir::Effect::Element &&
         ir::info(op).effect != ir::Effect::Table;
}

struct Case {
  Op op;
  int64_t imm = 0;
  std::vector<Type> types;    // of the operands
  int constant_operand = -1;  // which one is a constant
  uint64_t constant = 0;
  std::vector<ir::IntRange> ranges;  // of the operands that are no constant
};

inline ir::Module module_of(const Case& c, Type* result) {
  ir::Module module;
  ir::Function& f = module.functions.emplace_back();
  ir::Builder b(f);
  b.new_block();
  std::vector<ir::ValueId> operands;
  for (size_t k = 0; k < c.types.size(); ++k)
    if (static_cast<int>(k) != c.constant_operand) operands.push_back(b.add_param(0, c.types[k]));
  if (c.constant_operand >= 0) {
    auto imm = static_cast<int64_t>(c.constant);
    Type t = c.types[static_cast<size_t>(c.constant_operand)];
    Op op = t == Type::I64 ? Op::IConst : t == Type::F64 ? Op::FConst : Op::BConst;
    operands.insert(operands.begin() + c.constant_operand, b.emit(op, {}, imm));
  }
  ir::ValueId v = b.emit(c.op, operands, c.imm);
  b.ret({v});
  *result = f.type(v);
  module.result_types = {*result};
  f.arg_ranges = c.ranges;
  return module;
}

// All tuples of the operands' values.
inline std::vector<std::vector<uint64_t>> tuples(const Case& c) {
  std::vector<std::vector<uint64_t>> all{{}};
  for (size_t k = 0, param = 0; k < c.types.size(); ++k) {
    const bool constant = static_cast<int>(k) == c.constant_operand;
    Column values = constant ? Column{c.constant} : edges(c.types[k]);
    if (!constant && !c.ranges.empty()) {
      const ir::IntRange r = c.ranges[param];
      std::erase_if(values,
                    [&](uint64_t v) { return static_cast<int64_t>(v) < r.lo || static_cast<int64_t>(v) > r.hi; });
      for (int64_t v : {r.lo, r.lo + (r.lo < INT64_MAX), r.hi - (r.hi > INT64_MIN), r.hi})
        values.push_back(static_cast<uint64_t>(v));
    }
    if (!constant) ++param;
    std::vector<std::vector<uint64_t>> longer;
    for (const auto& tuple : all)
      for (uint64_t v : values) {
        longer.push_back(tuple);
        longer.back().push_back(v);
      }
    all = std::move(longer);
  }
  return all;
}

// Two NaN operands: which one's payload and sign survive is up to the instruction that the compiler chooses, here and
// in CPython.
inline bool same(const Case& c, Type result, const std::vector<uint64_t>& row, uint64_t a, uint64_t b) {
  auto is_nan = [](uint64_t bits) { return std::isnan(std::bit_cast<double>(bits)); };
  size_t nans = 0;
  for (size_t k = 0; k < row.size(); ++k) nans += c.types[k] == Type::F64 && is_nan(row[k]);
  if (result == Type::F64 && nans > 1) return is_nan(a) && is_nan(b);
  return a == b;
}

inline std::string text(const Case& c, const std::vector<uint64_t>& row) {
  std::string all = ir::info(c.op).text;
  for (size_t k = 0; k < row.size(); ++k) {
    all += static_cast<int>(k) == c.constant_operand ? " constant " : " ";
    all += c.types[k] == Type::F64 ? ir::print_double(std::bit_cast<double>(row[k]))
                                   : std::to_string(static_cast<int64_t>(row[k]));
  }
  return all;
}

// `make` compiles the module of the case.
// Operands for which the operation is not defined may give anything if they are tried at all.
template <class Make>
void check(const Case& c, bool try_undefined, Make make) {
  Type result = Type::Void;
  const ir::Module module = module_of(c, &result);
  const std::shared_ptr<Kernel> kernel = make(module);
  ASSERT_TRUE(kernel);
  auto rows = tuples(c);
  if (!try_undefined) std::erase_if(rows, [&](const auto& row) { return !ir::evaluate(c.op, c.imm, row); });
  if (rows.empty()) return;
  std::vector<Column> columns(kernel->param_types.size());
  for (const auto& row : rows)
    for (size_t k = 0, param = 0; k < row.size(); ++k)
      if (static_cast<int>(k) != c.constant_operand) columns[param++].push_back(row[k]);
  const Ran ran = run(*kernel, columns);
  ASSERT_TRUE(ran.rows.empty());
  for (size_t i = 0; i < ran.bits.size(); ++i) {
    const auto expected = ir::evaluate(c.op, c.imm, rows[i]);
    if (!expected || same(c, result, rows[i], ran.bits[i], *expected)) continue;
    ASSERT_EQ(ran.bits[i], *expected) << text(c, rows[i]);
  }
}

// The operand types of an operation; T is each of the types in turn.
inline std::vector<std::vector<Type>> signatures(Op op) {
  std::vector<std::vector<Type>> all;
  for (Type any : {Type::I64, Type::F64, Type::Bool}) {
    std::vector<Type> types;
    bool generic = false;
    for (const char* s = ir::info(op).signature + 2; *s; ++s) {
      if (*s == 'i') types.push_back(Type::I64);
      if (*s == 'f') types.push_back(Type::F64);
      if (*s == 'b') types.push_back(Type::Bool);
      if (*s == 'T') types.push_back(any), generic = true;
    }
    if (generic || any == Type::I64) all.push_back(types);
  }
  return all;
}

}  // namespace gilmap::codegen_tests
