// Opcode numbers move with every CPython version, names hardly do. So the numbers and cache sizes come from the
// running interpreter's own `opcode` module, and one table of names says what each instruction means. Where
// a version gives a name another meaning, `Rule` has a way of its own and the comment says which version.

#include "lift/decode.h"

#include <array>
#include <string>
#include <string_view>
#include <unordered_map>

#include "support/py_ref.h"

namespace gilmap::lift {
namespace {

enum class Rule : uint8_t {
  Skip,        // no effect on values
  Plain,       // arg as it is
  Const,       // obj = consts[arg]
  Name,        // obj = names[arg]
  Global,      // obj = names[arg >> 1], flag = arg & 1
  Attr,        // the same
  Binary,      // 3.12 on: 0-12, +13 in place; 3.14: 26 is []
  Compare312,  // operator in arg >> 4
  Compare313,  // operator in arg >> 5, bit 16 asks for a bool
  Flag,        // flag = arg & 1
  Forward,     // target = next + arg
  Backward,    // target = next - arg
  ForIter,
  TwoLoads,  // LOAD_FAST_LOAD_FAST and its borrowing twin
  StoreLoad,
  TwoStores,
  Intrinsic1,
  CommonConstant,
  Subscript,  // BINARY_SUBSCR, until 3.13
};

struct Row {
  const char* name;
  Code code;
  Rule rule;
};

constexpr Row rows[] = {
    {"CACHE", Code::Nop, Rule::Skip},
    {"NOP", Code::Nop, Rule::Skip},
    {"RESUME", Code::Nop, Rule::Skip},
    {"EXTENDED_ARG", Code::Nop, Rule::Skip},
    {"NOT_TAKEN", Code::Nop, Rule::Skip},  // 3.14
    {"LOAD_FAST", Code::LoadFast, Rule::Plain},
    {"LOAD_FAST_CHECK", Code::LoadFast, Rule::Plain},
    {"LOAD_FAST_BORROW", Code::LoadFast, Rule::Plain},  // 3.14
    {"LOAD_FAST_AND_CLEAR", Code::LoadFastAndClear, Rule::Plain},
    {"LOAD_FAST_LOAD_FAST", Code::LoadFast, Rule::TwoLoads},                // 3.13
    {"LOAD_FAST_BORROW_LOAD_FAST_BORROW", Code::LoadFast, Rule::TwoLoads},  // 3.14
    {"STORE_FAST", Code::StoreFast, Rule::Plain},
    {"STORE_FAST_MAYBE_NULL", Code::StoreFast, Rule::Plain},
    {"STORE_FAST_LOAD_FAST", Code::StoreFast, Rule::StoreLoad},   // 3.13
    {"STORE_FAST_STORE_FAST", Code::StoreFast, Rule::TwoStores},  // 3.13
    {"DELETE_FAST", Code::DeleteFast, Rule::Plain},
    {"LOAD_CONST", Code::LoadConst, Rule::Const},
    {"LOAD_CONST_IMMORTAL", Code::LoadConst, Rule::Const},
    {"LOAD_SMALL_INT", Code::LoadSmallInt, Rule::Plain},            // 3.14
    {"LOAD_COMMON_CONSTANT", Code::Unknown, Rule::CommonConstant},  // 3.14
    {"LOAD_GLOBAL", Code::LoadGlobal, Rule::Global},
    {"LOAD_ATTR", Code::LoadAttr, Rule::Attr},
    {"LOAD_DEREF", Code::LoadDeref, Rule::Plain},
    {"STORE_DEREF", Code::StoreDeref, Rule::Plain},
    {"LOAD_CLOSURE", Code::LoadClosure, Rule::Plain},  // until 3.12; then LOAD_FAST of a cell
    {"MAKE_CELL", Code::MakeCell, Rule::Plain},
    {"COPY_FREE_VARS", Code::CopyFreeVars, Rule::Plain},
    {"POP_TOP", Code::Pop, Rule::Plain},
    {"COPY", Code::Copy, Rule::Plain},
    {"SWAP", Code::Swap, Rule::Plain},
    {"PUSH_NULL", Code::PushNull, Rule::Plain},
    {"UNARY_NEGATIVE", Code::UnaryNegative, Rule::Plain},
    {"UNARY_NOT", Code::UnaryNot, Rule::Plain},
    {"UNARY_INVERT", Code::UnaryInvert, Rule::Plain},
    {"TO_BOOL", Code::ToBool, Rule::Plain},  // 3.13
    {"BINARY_OP", Code::Binary, Rule::Binary},
    {"BINARY_SUBSCR", Code::Binary, Rule::Subscript},  // until 3.13
    {"COMPARE_OP", Code::Compare, Rule::Compare313},   // 3.12 is recognised in decode()
    {"IS_OP", Code::IsOp, Rule::Flag},
    {"CONTAINS_OP", Code::ContainsOp, Rule::Flag},
    {"BUILD_TUPLE", Code::BuildTuple, Rule::Plain},
    {"BUILD_LIST", Code::BuildList, Rule::Plain},
    {"BUILD_MAP", Code::BuildMap, Rule::Plain},
    {"DICT_MERGE", Code::DictMerge, Rule::Plain},
    {"LIST_APPEND", Code::ListAppend, Rule::Plain},
    {"LIST_EXTEND", Code::ListExtend, Rule::Plain},
    {"UNPACK_SEQUENCE", Code::UnpackSequence, Rule::Plain},
    {"JUMP_FORWARD", Code::Jump, Rule::Forward},
    {"JUMP_BACKWARD", Code::Jump, Rule::Backward},
    {"JUMP_BACKWARD_NO_INTERRUPT", Code::Jump, Rule::Backward},
    {"POP_JUMP_IF_TRUE", Code::JumpIfTrue, Rule::Forward},
    {"POP_JUMP_IF_FALSE", Code::JumpIfFalse, Rule::Forward},
    {"POP_JUMP_IF_NONE", Code::JumpIfNone, Rule::Forward},
    {"POP_JUMP_IF_NOT_NONE", Code::JumpIfNotNone, Rule::Forward},
    {"GET_ITER", Code::GetIter, Rule::Plain},
    {"FOR_ITER", Code::ForIter, Rule::ForIter},
    {"END_FOR", Code::Pop, Rule::Plain},   // skipped by ForIter; reached only by code we do not know
    {"POP_ITER", Code::Pop, Rule::Plain},  // 3.14
    {"CALL", Code::Call, Rule::Plain},
    {"KW_NAMES", Code::KwNames, Rule::Const},  // 3.12
    {"CALL_KW", Code::CallKw, Rule::Plain},    // 3.13
    {"CALL_FUNCTION_EX", Code::CallFunctionEx, Rule::Flag},
    {"CALL_INTRINSIC_1", Code::Unknown, Rule::Intrinsic1},
    {"MAKE_FUNCTION", Code::MakeFunction, Rule::Plain},
    {"SET_FUNCTION_ATTRIBUTE", Code::SetFunctionAttribute, Rule::Plain},  // 3.13
    {"RETURN_VALUE", Code::ReturnValue, Rule::Plain},
    {"RETURN_CONST", Code::ReturnConst, Rule::Const},  // 3.12, 3.13
    {"RETURN_GENERATOR", Code::ReturnGenerator, Rule::Plain},
    {"YIELD_VALUE", Code::YieldValue, Rule::Plain},
    {"RAISE_VARARGS", Code::Raise, Rule::Plain},
    {"RERAISE", Code::Raise, Rule::Plain},
    {"LOAD_ASSERTION_ERROR", Code::LoadAssertionError, Rule::Plain},
    {"IMPORT_NAME", Code::ImportName, Rule::Name},
    {"IMPORT_FROM", Code::ImportFrom, Rule::Name},
    {"STORE_GLOBAL", Code::StoreShared, Rule::Name},
    {"DELETE_GLOBAL", Code::StoreShared, Rule::Name},
    {"STORE_NAME", Code::StoreShared, Rule::Name},
    {"STORE_ATTR", Code::StoreShared, Rule::Name},
    {"DELETE_ATTR", Code::StoreShared, Rule::Name},
    {"STORE_SUBSCR", Code::StoreSubscr, Rule::Plain},
    {"DELETE_SUBSCR", Code::StoreSubscr, Rule::Plain},
    {"FORMAT_VALUE", Code::FormatValue, Rule::Plain},      // 3.12
    {"FORMAT_SIMPLE", Code::FormatValue, Rule::Plain},     // 3.13
    {"FORMAT_WITH_SPEC", Code::FormatValue, Rule::Plain},  // 3.13
    {"CONVERT_VALUE", Code::FormatValue, Rule::Plain},     // 3.13
    {"BUILD_STRING", Code::BuildString, Rule::Plain},
};

struct OpcodeRow {
  const Row* row = nullptr;  // null: not known
  int caches = 0;
  std::string name;
};

// What the running interpreter calls each opcode number.
struct OpcodeTable {
  std::array<OpcodeRow, 256> ops;
  bool compare_312 = false;  // COMPARE_OP has its operator in arg >> 4
  bool pop_after_end_for = false;

  OpcodeTable() {
    std::unordered_map<std::string_view, const Row*> by_name;
    for (const Row& row : rows) by_name.emplace(row.name, &row);
    Ref module = Ref::steal(PyImport_ImportModule("opcode"));
    Ref map = module ? Ref::steal(PyObject_GetAttrString(module.get(), "opmap")) : Ref();
    Ref caches = module ? Ref::steal(PyObject_GetAttrString(module.get(), "_inline_cache_entries")) : Ref();
    Ref items = map ? Ref::steal(PyMapping_Items(map.get())) : Ref();
    if (items) {
      for (Py_ssize_t i = 0; i < PyList_GET_SIZE(items.get()); ++i) {
        PyObject* pair = PyList_GET_ITEM(items.get(), i);
        const char* name = PyUnicode_AsUTF8(PyTuple_GET_ITEM(pair, 0));
        long number = PyLong_AsLong(PyTuple_GET_ITEM(pair, 1));
        if (!name || number < 0 || number > 255) continue;
        OpcodeRow& op = ops[static_cast<size_t>(number)];
        op.name = name;
        auto it = by_name.find(op.name);
        op.row = it == by_name.end() ? nullptr : it->second;
        // A list indexed by number on 3.12, a mapping by name later.
        Ref entry;
        if (caches && PyList_Check(caches.get())) {
          entry = Ref::borrow(PyList_GetItem(caches.get(), number));
        } else if (caches) {
          entry = Ref::steal(PyObject_GetItem(caches.get(), PyTuple_GET_ITEM(pair, 0)));
        }
        if (entry) op.caches = static_cast<int>(PyLong_AsLong(entry.get()));
        PyErr_Clear();
      }
    }
    PyErr_Clear();
#if PY_VERSION_HEX < 0x030D0000
    compare_312 = true;
#else
    pop_after_end_for = true;
#endif
  }
};

const OpcodeTable& opcodes() {
  static const OpcodeTable table;
  return table;
}

}  // namespace

const char* opcode_name(int opcode) {
  return opcode >= 0 && opcode < 256 ? opcodes().ops[static_cast<size_t>(opcode)].name.c_str() : "?";
}

std::vector<Instr> decode(PyCodeObject* code) {
  const OpcodeTable& table = opcodes();
  Ref bytes = Ref::steal(PyCode_GetCode(code));  // never the quickened form
  std::vector<Instr> out;
  if (!bytes) {
    PyErr_Clear();
    return out;
  }
  const auto* raw = reinterpret_cast<const unsigned char*>(PyBytes_AS_STRING(bytes.get()));
  int size = static_cast<int>(PyBytes_GET_SIZE(bytes.get()) / 2);
  std::vector<int> index_of(static_cast<size_t>(size) + 1, -1);  // code unit → index of its instruction
  std::vector<std::string_view> names;

  int extended = 0;
  int pending_start = -1;  // an EXTENDED_ARG is the place that jumps name
  for (int unit = 0; unit < size;) {
    int number = raw[2 * unit];
    int arg = raw[2 * unit + 1] | (extended << 8);
    const OpcodeRow& op = table.ops[static_cast<size_t>(number)];
    int start = pending_start >= 0 ? pending_start : unit;
    if (op.name == "EXTENDED_ARG") {
      extended = arg;
      pending_start = start;
      ++unit;
      continue;
    }
    extended = 0;
    pending_start = -1;
    int next = unit + 1 + op.caches;
    auto index = static_cast<int>(out.size());
    for (int u = start; u < next && u <= size; ++u) index_of[static_cast<size_t>(u)] = index;

    Instr in;
    in.offset = 2 * unit;
    in.arg = arg;
    Instr second;
    bool two = false;
    if (!op.row) {
      in.code = Code::Unknown;
      in.arg = number;
    } else {
      in.code = op.row->code;
      switch (op.row->rule) {
        case Rule::Skip:
          in.code = Code::Nop;
          break;
        case Rule::Plain:
          break;
        case Rule::Const:
          in.obj = PyTuple_GET_ITEM(code->co_consts, arg);
          break;
        case Rule::Name:
          in.obj = PyTuple_GET_ITEM(code->co_names, arg);
          in.flag = op.name == "STORE_ATTR";
          break;
        case Rule::Global:
        case Rule::Attr:
          in.obj = PyTuple_GET_ITEM(code->co_names, arg >> 1);
          in.flag = arg & 1;
          break;
        case Rule::Binary:
          if (arg == 26) {
            in.arg = static_cast<int>(BinaryKind::Subscript);
          } else {
            in.flag = arg >= 13;
            in.arg = arg % 13;
          }
          break;
        case Rule::Subscript:
          in.arg = static_cast<int>(BinaryKind::Subscript);
          break;
        case Rule::Compare312:
        case Rule::Compare313:
          in.arg = table.compare_312 ? arg >> 4 : arg >> 5;
          in.flag = !table.compare_312 && (arg & 16);
          break;
        case Rule::Flag:
          in.flag = arg & 1;
          break;
        case Rule::Forward:
          in.target = next + arg;
          break;
        case Rule::Backward:
          in.target = next - arg;
          break;
        case Rule::ForIter:
          in.target = next + arg;
          break;
        case Rule::TwoLoads:
        case Rule::StoreLoad:
        case Rule::TwoStores:
          two = true;
          second = in;
          second.code = op.row->rule == Rule::TwoStores ? Code::StoreFast : Code::LoadFast;
          in.arg = arg >> 4;
          second.arg = arg & 15;
          break;
        case Rule::Intrinsic1:
          if (arg == 5)
            in.code = Code::UnaryPositive;
          else if (arg == 6)
            in.code = Code::ListToTuple;
          else if (arg == 3)
            in.code = Code::Raise;  // StopIteration becomes RuntimeError: always followed by a raise
          else
            in.arg = number;
          break;
        case Rule::CommonConstant:
          if (arg == 0)
            in.code = Code::LoadAssertionError;
          else
            in.arg = number;
          break;
      }
    }
    out.push_back(in);
    if (two) out.push_back(second);
    unit = next;
  }

  // Jump targets become indices. An exhausted loop pops its iterator and goes on behind END_FOR and what
  // pops the iterator there on 3.13 (POP_TOP) and 3.14 (POP_ITER).
  for (Instr& in : out) {
    if (in.target < 0) continue;
    int unit = in.target;
    int index = unit >= 0 && unit < size ? index_of[static_cast<size_t>(unit)] : -1;
    if (in.code == Code::ForIter && index >= 0) index += table.pop_after_end_for ? 2 : 1;
    in.target = index;
    if (index < 0) in.code = Code::Unknown;
  }
  return out;
}

}  // namespace gilmap::lift
