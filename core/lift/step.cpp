// One instruction of the normal set.

#include <algorithm>

#include "lift/lifter.h"

namespace gilmap::lift {
namespace {

std::string text_of(PyObject* name) {
  const char* s = name ? PyUnicode_AsUTF8(name) : nullptr;
  if (!s) PyErr_Clear();
  return s ? s : "?";
}

}  // namespace

Value FunctionLifter::cell_content(const Value& cell) {
  if (cell.kind == Kind::Cell) return cell[0];
  if (cell.kind != Kind::CellRef) unsupported("a closure cell is used in an unusual way");
  auto id = static_cast<uint64_t>(cell.bits);
  auto index = static_cast<size_t>(cell.aux);
  const State* at = &s_;
  for (const Context* c = c_; c; at = &c->at_call, c = c->parent) {
    if (c->id == id) return at->locals[index].kind == Kind::Cell ? at->locals[index][0] : at->locals[index];
  }
  for (const auto& [ref, content] : captured_) {
    if (ref.bits == cell.bits && ref.aux == cell.aux) return content;
  }
  unsupported("a closure cell of a function that has returned is not compiled");
}

Value FunctionLifter::load_local(int local) {
  const Value& v = s_.locals[static_cast<size_t>(local)];
  if (v.kind == Kind::Cell) {  // from 3.13 on LOAD_FAST also loads cells, for closures
    Value ref = Value::of(Kind::CellRef);
    ref.bits = static_cast<int64_t>(c_->id);
    ref.aux = local;
    return ref;
  }
  return v;
}

Step FunctionLifter::load_global(const Instr& in) {
  if (c_->function_node < 0) unsupported("the globals of this function cannot be followed");
  int node = -1;
  PyObject* value = m_.guarded(c_->function_node, Guards::Source::Global, in.obj, 0, &node);
  node = m_.guards_.expect(node, value);
  if (!value) return give_up(Reason::Unbound);  // CPython raises NameError
  Value v = from_object(value, node);
#if PY_VERSION_HEX < 0x030D0000
  if (in.flag) push(Value::of(Kind::Null));
  push(std::move(v));
#else
  push(std::move(v));
  if (in.flag) push(Value::of(Kind::Null));
#endif
  return Step::Next;
}

Step FunctionLifter::make_function(const Instr& in) {
  Value code = pop();
  if (code.kind != Kind::Object || !PyCode_Check(code.obj)) unsupported("a function is made in an unusual way");
  Value f = Value::of(Kind::Function);
  f.obj = code.obj;
  f.node = c_->function_node;
  std::vector<Value> closure;
  std::vector<Value> extra(2);
#if PY_VERSION_HEX < 0x030D0000
  if (in.arg & 8) {
    Value cells = pop();
    for (size_t k = 0; k < cells.size(); ++k) closure.push_back(cells[k]);
  }
  if (in.arg & 4) pop();  // annotations
  if (in.arg & 2) extra[1] = pop();
  if (in.arg & 1) extra[0] = pop();
#else
  (void)in;
#endif
  f.items = std::make_shared<const std::vector<Value>>(std::move(closure));
  f.extra = std::make_shared<const std::vector<Value>>(std::move(extra));
  return result(std::move(f));
}

Step FunctionLifter::contains(bool negate) {
  Value container = pop();
  Value item = pop();
  Value found = Value::boolean(false);
  if (container.kind == Kind::Object && PyFrozenSet_CheckExact(container.obj)) {
    std::vector<Value> items;
    Ref list = Ref::steal(PySequence_List(container.obj));
    for (Py_ssize_t k = 0; list && k < PyList_GET_SIZE(list.get()); ++k) {
      items.push_back(from_object(PyList_GET_ITEM(list.get(), k), -1));
    }
    container = Value::of_items(Kind::Tuple, std::move(items));
  }
  if (container.kind == Kind::Tuple) {
    for (size_t k = 0; k < container.size(); ++k) found = logic(Op::BOr, found, same_or_equal(item, container[k]));
  } else if (container.kind == Kind::Range) {
    found = range_contains(container, item);
  } else if (container.kind == Kind::Object && PyUnicode_Check(container.obj) && item.kind == Kind::Object &&
             PyUnicode_Check(item.obj)) {
    int r = PySequence_Contains(container.obj, item.obj);
    found = Value::boolean(r == 1);
  } else {
    unsupported("`in` over " + describe(container) + " is not compiled");
  }
  return result(negate ? negation(found) : found);
}

Step FunctionLifter::subscript(const Value& base, const Value& index) {
  if (base.kind == Kind::Tuple && index.is_integral()) {
    auto n = static_cast<int64_t>(base.size());
    if (index.known) {
      int64_t k = index.bits < 0 ? index.bits + n : index.bits;
      if (k < 0 || k >= n) return give_up(Reason::Raise);
      return result(base[static_cast<size_t>(k)]);
    }
    // A small table becomes a chain of selects.
    bool same = n > 0;
    for (int64_t k = 0; k < n; ++k) {
      same = same && base[static_cast<size_t>(k)].is_number() && base[static_cast<size_t>(k)].kind == base[0].kind;
    }
    if (same && n <= 64) {
      ValueId i = as_i64(index);
      ValueId outside = emit(Op::BOr, {emit(Op::ILt, {i, b_.iconst(-n)}), emit(Op::IGe, {i, b_.iconst(n)})});
      deopt_if(outside, Reason::Raise);
      ValueId wrapped = emit(Op::Select, {emit(Op::ILt, {i, b_.iconst(0)}), emit(Op::IAdd, {i, b_.iconst(n)}), i});
      Value r = widen(base[static_cast<size_t>(n - 1)]);
      for (int64_t k = n - 1; k-- > 0;) {
        ValueId here = emit(Op::IEq, {wrapped, b_.iconst(k)});
        r.ssa = emit(Op::Select, {here, widen(base[static_cast<size_t>(k)]).ssa, r.ssa});
      }
      return result(r);
    }
    unsupported("a tuple is indexed with a variable");
  }
  if (base.is_number() || base.kind == Kind::None) return give_up(Reason::Type);
  unsupported("`[…]` of " + describe(base) + " is not compiled");
}

Step FunctionLifter::unpack(int count) {
  Value v = pop();
  if (v.kind == Kind::Tuple) {
    if (static_cast<int>(v.size()) != count) return give_up(Reason::Raise);
    for (int k = count; k-- > 0;) push(v[static_cast<size_t>(k)]);
    return Step::Next;
  }
  if (v.is_number() || v.kind == Kind::None) return give_up(Reason::Type);
  unsupported("unpacking " + describe(v) + " is not compiled");
}

namespace {

// What a Python programmer wrote where the compiler of CPython put this instruction.
std::string construct(const std::string& opcode) {
  struct Row {
    const char* prefix;
    const char* words;
  };
  static const Row rows[] = {
      {"BEFORE_WITH", "`with`"},
      {"BEFORE_ASYNC_WITH", "`async with`"},
      {"LOAD_SPECIAL", "`with`"},
      {"MATCH_", "`match` with a pattern that is no plain value"},
      {"GET_LEN", "`match` with a pattern that is no plain value"},
      {"LOAD_BUILD_CLASS", "a class definition inside the function"},
      {"BUILD_SET", "a set"},
      {"SET_", "a set"},
      {"BUILD_MAP", "a dict"},
      {"MAP_ADD", "a dict"},
      {"BUILD_CONST_KEY_MAP", "a dict"},
      {"BUILD_SLICE", "a slice"},
      {"BINARY_SLICE", "a slice"},
      {"DELETE_SUBSCR", "`del x[…]`"},
      {"DELETE_ATTR", "`del` of an attribute"},
      {"DELETE_GLOBAL", "`del` of a global"},
      {"DELETE_DEREF", "`del` of a variable that an inner function uses"},
      {"LOAD_SUPER_ATTR", "`super()`"},
      {"UNPACK_EX", "unpacking with `*`"},
      {"SEND", "`yield from` or `await`"},
      {"GET_AWAITABLE", "`await`"},
      {"GET_YIELD_FROM_ITER", "`yield from`"},
      {"GET_AITER", "`async for`"},
      {"IMPORT_STAR", "`from … import *`"},
  };
  for (const Row& row : rows) {
    if (opcode.starts_with(row.prefix)) return row.words;
  }
  return "this construct (" + opcode + ")";
}

}  // namespace

Step FunctionLifter::step(const Instr& in) {
  auto& stack = s_.stack;
  auto at = [&](int depth) -> Value& {
    if (depth < 1 || static_cast<size_t>(depth) > stack.size()) unsupported("the bytecode reaches below its stack");
    return stack[stack.size() - static_cast<size_t>(depth)];
  };
  switch (in.code) {
    case Code::Nop:
      return Step::Next;
    case Code::Unknown:
      unsupported(construct(opcode_name(in.arg)) + " is not compiled");

    case Code::LoadFast: {
      Value v = load_local(in.arg);
      if (v.kind == Kind::Unbound) return give_up(Reason::Unbound);  // UnboundLocalError
      return result(std::move(v));
    }
    case Code::LoadFastAndClear: {
      Value v = s_.locals[static_cast<size_t>(in.arg)];
      s_.locals[static_cast<size_t>(in.arg)] = Value();
      return result(std::move(v));
    }
    case Code::StoreFast: {
      Value v = pop();
      if (v.kind == Kind::Reduction) unsupported("a list that is kept in a variable is not compiled");
      s_.locals[static_cast<size_t>(in.arg)] = std::move(v);
      return Step::Next;
    }
    case Code::DeleteFast:
      s_.locals[static_cast<size_t>(in.arg)] = Value();
      return Step::Next;
    case Code::LoadConst:
      return result(from_object(in.obj, -1));
    case Code::LoadSmallInt:
      return result(Value::integer(in.arg));
    case Code::LoadGlobal:
      return load_global(in);
    case Code::LoadAttr: {
      Value base = pop();
      return load_attribute(base, in.obj, in.flag);
    }

    case Code::MakeCell: {
      Value& v = s_.locals[static_cast<size_t>(in.arg)];
      v = Value::of_items(Kind::Cell, {v});
      return Step::Next;
    }
    case Code::CopyFreeVars:
      return Step::Next;  // enter() has put them in place
    case Code::LoadClosure: {
      const Value& v = s_.locals[static_cast<size_t>(in.arg)];
      return result(v.kind == Kind::Cell ? load_local(in.arg) : v);
    }
    case Code::LoadDeref: {
      Value v = cell_content(s_.locals[static_cast<size_t>(in.arg)]);
      if (v.kind == Kind::Unbound) return give_up(Reason::Unbound);
      return result(std::move(v));
    }
    case Code::StoreDeref: {
      const Value& cell = s_.locals[static_cast<size_t>(in.arg)];
      if (cell.kind != Kind::Cell || cell.aux == 1) {
        unsupported(
            "`nonlocal " + c_->info->local_name(in.arg) + "` is assigned: it writes to a variable of another function",
            true);
      }
      Value v = pop();
      s_.locals[static_cast<size_t>(in.arg)] = Value::of_items(Kind::Cell, {std::move(v)});
      return Step::Next;
    }

    case Code::Pop:
      pop();
      return Step::Next;
    case Code::Copy: {
      Value v = at(in.arg);
      return result(std::move(v));
    }
    case Code::Swap:
      std::swap(at(1), at(in.arg));
      return Step::Next;
    case Code::PushNull:
      return result(Value::of(Kind::Null));

    case Code::UnaryNegative: {
      Value v = pop();
      return negate(v);
    }
    case Code::UnaryPositive:
      return positive(pop());
    case Code::UnaryNot: {
      Value v = pop();
      return result(negation(truth(v)));
    }
    case Code::UnaryInvert:
      return invert(pop());
    case Code::ToBool: {
      Value v = pop();
      return result(truth(v));
    }
    case Code::Binary: {
      Value b = pop();
      Value a = pop();
      auto kind = static_cast<BinaryKind>(in.arg);
      return kind == BinaryKind::Subscript ? subscript(a, b) : binary(kind, a, b);
    }
    case Code::Compare: {
      Value b = pop();
      Value a = pop();
      auto kind = static_cast<CompareKind>(in.arg);
      bool ordered = kind != CompareKind::Eq && kind != CompareKind::Ne;
      if (ordered && (a.kind == Kind::None || b.kind == Kind::None)) return give_up(Reason::Type);
      return result(compare(kind, a, b));
    }
    case Code::IsOp: {
      Value b = pop();
      Value a = pop();
      Value same = identical(a, b);
      return result(in.flag ? negation(same) : same);
    }
    case Code::ContainsOp:
      return contains(in.flag);

    case Code::BuildTuple:
    case Code::BuildList: {
      if (static_cast<size_t>(in.arg) > stack.size()) unsupported("the bytecode pops more than it pushed");
      if (in.code == Code::BuildList && in.arg == 0) {
        // The list of a comprehension goes straight into the builtin that waits for it below on the stack.
        for (size_t k = stack.size(); k-- > 0;) {
          if (stack[k].kind != Kind::Object) continue;
          if (auto consumer = consumer_of(stack[k])) {
            bool called =
                (k > 0 && stack[k - 1].kind == Kind::Null) || (k + 1 < stack.size() && stack[k + 1].kind == Kind::Null);
            const auto& code = c_->info->instrs;
            bool literal =
                static_cast<size_t>(i_) + 1 < code.size() && code[static_cast<size_t>(i_) + 1].code == Code::LoadConst;
            if (called && !literal) return result(reduction_start(*consumer));
          }
          break;
        }
      }
      std::vector<Value> items(stack.end() - in.arg, stack.end());
      stack.resize(stack.size() - static_cast<size_t>(in.arg));
      for (const Value& v : items) {
        if (v.kind == Kind::Reduction) unsupported("a list inside a tuple or list is not compiled");
      }
      return result(Value::of_items(Kind::Tuple, std::move(items), in.code == Code::BuildList));
    }
    case Code::BuildMap: {
      if (static_cast<size_t>(2 * in.arg) > stack.size()) unsupported("the bytecode pops more than it pushed");
      if (in.arg != 0) unsupported("a dict is not compiled");
      return result(Value::of_items(Kind::Dict, {}));
    }
    case Code::DictMerge: {
      Value update = pop();
      Value& dict = at(in.arg);
      if (update.kind != Kind::Dict || dict.kind != Kind::Dict)
        unsupported("`**` of " + describe(update) + " is not compiled");
      std::vector<Value> items(*dict.items);
      items.insert(items.end(), update.items->begin(), update.items->end());
      dict = Value::of_items(Kind::Dict, std::move(items));
      return Step::Next;
    }
    case Code::ListAppend: {
      Value item = pop();
      return append(item, in.arg);
    }
    case Code::ListExtend: {
      Value more = pop();
      Value& list = at(in.arg);
      if (list.kind != Kind::Tuple || more.kind != Kind::Tuple)
        unsupported("unpacking " + describe(more.kind == Kind::Tuple ? list : more) + " with `*` is not compiled");
      std::vector<Value> items(*list.items);
      items.insert(items.end(), more.items->begin(), more.items->end());
      list = Value::of_items(Kind::Tuple, std::move(items), list.aux);
      return Step::Next;
    }
    case Code::ListToTuple: {
      Value v = pop();
      v.aux = 0;
      return result(std::move(v));
    }
    case Code::UnpackSequence:
      return unpack(in.arg);

    case Code::Jump:
      return go(in.target);
    case Code::JumpIfTrue: {
      Value v = pop();
      return branch_on(truth(v), in.target, i_ + 1);
    }
    case Code::JumpIfFalse: {
      Value v = pop();
      return branch_on(truth(v), i_ + 1, in.target);
    }
    case Code::JumpIfNone: {
      Value v = pop();
      return go(v.kind == Kind::None ? in.target : i_ + 1);
    }
    case Code::JumpIfNotNone: {
      Value v = pop();
      return go(v.kind == Kind::None ? i_ + 1 : in.target);
    }
    case Code::GetIter: {
      Value v = pop();
      if (v.kind == Kind::RangeIter || v.kind == Kind::TupleIter || v.kind == Kind::Enumerate || v.kind == Kind::Zip) {
        return result(std::move(v));  // iter() of an iterator; a second GET_ITER stands in 3.13.5
      }
      if (v.is_number() || v.kind == Kind::None) return give_up(Reason::Type);
      return result(iterate(v));
    }
    case Code::ForIter:
      return for_iter(in);

    case Code::KwNames:
      s_.kw_names = in.obj;
      return Step::Next;
    case Code::Call:
    case Code::CallKw: {
      int count = s_.arg_count.value_or(in.arg);
      s_.arg_count.reset();
      PyObject* names = std::exchange(s_.kw_names, nullptr);
      if (in.code == Code::CallKw) {
        // The names stay a constant tuple: look at the instruction's own constant.
        Value v = pop();
        if (v.kind != Kind::Tuple) unsupported("a call with unusual keywords");
        Ref tuple = Ref::steal(PyTuple_New(static_cast<Py_ssize_t>(v.size())));
        for (size_t k = 0; k < v.size(); ++k) {
          PyTuple_SET_ITEM(tuple.get(), static_cast<Py_ssize_t>(k), Py_NewRef(v[k].obj));
        }
        names = m_.keep(tuple.get());
      }
      Py_ssize_t keywords = names ? PyTuple_GET_SIZE(names) : 0;
      Arguments args;
      std::vector<Value> values;
      for (int k = 0; k < count; ++k) values.push_back(pop());
      std::reverse(values.begin(), values.end());
      size_t positional = values.size() - static_cast<size_t>(keywords);
      args.positional.assign(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(positional));
      for (Py_ssize_t k = 0; k < keywords; ++k) {
        args.keyword.emplace_back(PyTuple_GET_ITEM(names, k), values[positional + static_cast<size_t>(k)]);
      }
      Value upper = pop();
      Value lower = pop();
      // 3.12 has NULL, callable or method, self; 3.13 callable, NULL or self.
      if (lower.kind == Kind::Null) return call(upper, std::move(args));
      if (upper.kind != Kind::Null) args.positional.insert(args.positional.begin(), upper);
      return call(lower, std::move(args));
    }
    case Code::CallFunctionEx: {
      Arguments args;
#if PY_VERSION_HEX >= 0x030E0000
      {
        Value mapping = pop();  // or NULL
        if (mapping.kind == Kind::Dict) {
          for (size_t k = 0; k + 1 < mapping.size(); k += 2) args.keyword.emplace_back(mapping[k].obj, mapping[k + 1]);
        } else if (mapping.kind != Kind::Null) {
          unsupported("`**` of " + describe(mapping) + " is not compiled");
        }
      }
#else
      if (in.flag) {
        Value mapping = pop();
        if (mapping.kind != Kind::Dict) unsupported("`**` of " + describe(mapping) + " is not compiled");
        for (size_t k = 0; k + 1 < mapping.size(); k += 2) args.keyword.emplace_back(mapping[k].obj, mapping[k + 1]);
      }
#endif
      Value rest = pop();
      if (rest.kind != Kind::Tuple) unsupported("`*` of " + describe(rest) + " is not compiled");
      args.positional = *rest.items;
      Value upper = pop();
      Value lower = pop();
      return call(lower.kind == Kind::Null ? upper : lower, std::move(args));
    }
    case Code::MakeFunction:
      return make_function(in);
    case Code::SetFunctionAttribute: {
      Value f = pop();
      Value v = pop();
      if (in.arg == 8) f.items = v.items ? v.items : f.items;
      if (in.arg == 1 || in.arg == 2) {
        std::vector<Value> extra(*f.extra);
        extra[in.arg == 1 ? 0 : 1] = v;
        f.extra = std::make_shared<const std::vector<Value>>(std::move(extra));
      }
      return result(std::move(f));
    }

    case Code::ReturnValue:
    case Code::ReturnConst: {
      Value v = in.code == Code::ReturnConst ? from_object(in.obj, -1) : pop();
      if (c_->generator) return finish_reduction(s_.reduction, &FunctionLifter::resume_caller);
      return return_value(std::move(v));
    }
    case Code::ReturnGenerator:
      return result(Value::of(Kind::None));  // what POP_TOP takes when it is resumed
    case Code::YieldValue: {
      Value v = pop();
      push(Value::of(Kind::None));  // what send() would give
      return yield(v);
    }
    case Code::Raise:
      return give_up(Reason::Raise);
    case Code::LoadAssertionError:
      return result(Value::object(m_.keep(PyExc_AssertionError)));

    case Code::ImportName: {
      pop();
      pop();
      int node = -1;
      PyObject* module = m_.guarded(Guards::root, Guards::Source::Module, in.obj, 0, &node);
      if (!module || !PyModule_CheckExact(module))
        unsupported("import " + text_of(in.obj) + ": it is not imported yet");
      m_.guards_.expect(node, module);
      return result(Value::object(module, node));
    }
    case Code::ImportFrom: {
      Value module = at(1);
      return load_attribute(module, in.obj, false);
    }
    case Code::StoreShared:
      unsupported("`" + text_of(in.obj) + " = …` writes to something that other calls can see", true);
    case Code::StoreSubscr:
      unsupported("`x[…] = …`: containers that change are not compiled", true);
    case Code::FormatValue:
    case Code::BuildString:
      unsupported("strings are not compiled");
  }
  GILMAP_UNREACHABLE();
}

}  // namespace gilmap::lift
