// Ranges, iterators, and the builtins that consume what a comprehension or generator makes.
//
// No list is built: the consumer's state (a running sum, the best so far) takes the list's place on the stack, and each
// LIST_APPEND or yield updates it. sum() of floats keeps CPython's compensation.

#include <algorithm>

#include "lift/lifter.h"

namespace gilmap::lift {

// ---------------------------------------------------------------- ranges

Step FunctionLifter::make_range(const std::vector<Value>& args) {
  if (args.empty() || args.size() > 3) return give_up(Reason::Type);
  for (const Value& v : args) {
    if (v.kind == Kind::Float || v.kind == Kind::None) return give_up(Reason::Type);
    if (!v.is_integral()) unsupported("range() of " + describe(v) + " is not compiled");
  }
  auto whole = [&](const Value& v) { return to_int(v); };
  Value start = args.size() > 1 ? whole(args[0]) : Value::integer(0);
  Value stop = whole(args.size() > 1 ? args[1] : args[0]);
  Value step = args.size() > 2 ? whole(args[2]) : Value::integer(1);
  if (step.known && step.bits == 0) return give_up(Reason::Raise);
  if (!step.known) deopt_if(emit(Op::IEq, {step.ssa, b_.iconst(0)}), Reason::Raise);
  return result(Value::of_items(Kind::Range, {start, stop, step}));
}

Value FunctionLifter::range_count(const Value& range) {
  const Value& start = range[0];
  const Value& stop = range[1];
  const Value& step = range[2];
  if (start.known && stop.known && step.known && step.bits != INT64_MIN) {
    __int128 lo = step.bits > 0 ? start.bits : stop.bits;
    __int128 hi = step.bits > 0 ? stop.bits : start.bits;
    __int128 width = step.bits > 0 ? step.bits : -step.bits;
    __int128 n = lo < hi ? (hi - lo - 1) / width + 1 : 0;
    if (n <= INT64_MAX) return Value::integer(static_cast<int64_t>(n));
  }
  ValueId zero = b_.iconst(0);
  ValueId first = as_i64(start);
  ValueId end = as_i64(stop);
  ValueId lo = first;
  ValueId hi = end;
  ValueId width;
  if (step.known) {
    if (step.bits < 0) std::swap(lo, hi);
    if (step.bits == INT64_MIN) deopt_if(b_.bconst(true), Reason::Overflow);
    width = b_.iconst(step.bits < 0 && step.bits != INT64_MIN ? -step.bits : step.bits);
  } else {
    ValueId up = emit(Op::IGt, {step.ssa, zero});
    lo = emit(Op::Select, {up, first, end});
    hi = emit(Op::Select, {up, end, first});
    deopt_if(emit(Op::IEq, {step.ssa, b_.iconst(INT64_MIN)}), Reason::Overflow);
    width = emit(Op::Select, {up, step.ssa, emit(Op::ISub, {zero, step.ssa})});
  }
  ValueId some = emit(Op::ILt, {lo, hi});
  deopt_if(emit(Op::BAnd, {some, emit(Op::ISubOverflows, {hi, lo})}), Reason::Overflow);
  ValueId span = emit(Op::Select, {some, emit(Op::ISub, {hi, lo}), zero});
  if (step.known && (step.bits == 1 || step.bits == -1)) return integer(span);
  // (span - 1) // width + 1 for span > 0, which cannot leave 64 bits
  ValueId one = b_.iconst(1);
  ValueId full = emit(Op::IAdd, {emit(Op::IFloorDiv, {emit(Op::ISub, {span, one}), width}), one});
  return integer(emit(Op::Select, {some, full, zero}));
}

// lo <= x < hi and x on the grid; a step of 1 needs no grid. What is no int is compared with each item by ==, so a
// float counts if it is integral.
Value FunctionLifter::range_contains(const Value& range, const Value& item) {
  const Value& start = range[0];
  const Value& stop = range[1];
  const Value& step = range[2];
  if (item.kind == Kind::None || item.kind == Kind::Tuple) return Value::boolean(false);
  if (!item.is_number()) unsupported("`in` over a range is compiled for numbers only");
  if (!step.known || step.bits == INT64_MIN) {
    unsupported("`in` over a range whose step is not a constant is not compiled");
  }
  if (item.kind == Kind::Float) {
    ValueId f = as_f64(item);
    Value inside = boolean(emit(Op::BAnd, {emit(Op::FGe, {f, b_.fconst(-9223372036854775808.0)}),
                                           emit(Op::FLt, {f, b_.fconst(9223372036854775808.0)})}));
    Value whole = logic(Op::BAnd, inside, boolean(emit(Op::FEq, {emit(Op::FTrunc, {f}), f})));
    ValueId as_int = emit(Op::FToI, {emit(Op::Select, {whole.ssa, f, b_.fconst(0.0)})});
    return logic(Op::BAnd, whole, range_contains(range, integer(as_int)));
  }
  bool up = step.bits > 0;
  Value found = logic(Op::BAnd, compare(up ? CompareKind::Ge : CompareKind::Le, item, start),
                      compare(up ? CompareKind::Lt : CompareKind::Gt, item, stop));
  if (step.bits == 1 || step.bits == -1) return found;
  // Congruence survives wrapping only within 64 bits, so the rare distance beyond is left to CPython.
  ValueId d = checked(Op::ISubOverflows, Op::ISub, as_i64(item), as_i64(start)).ssa;
  ValueId r = emit(Op::IMod, {d, b_.iconst(step.bits)});
  return logic(Op::BAnd, found, boolean(emit(Op::IEq, {r, b_.iconst(0)})));
}

Value FunctionLifter::iterate(const Value& v) {
  switch (v.kind) {
    case Kind::Range: {
      if (v[2].is_known_int(1)) return Value::of_items(Kind::RangeIter, {v[0], v[1], v[2]}, 1);
      Value n = range_count(v);
      return Value::of_items(Kind::RangeIter, {v[0], n, v[2]}, 0);
    }
    case Kind::Tuple: {
      Value it = v;
      it.kind = Kind::TupleIter;
      it.aux = 0;
      return it;
    }
    case Kind::RangeIter:
    case Kind::TupleIter:
    case Kind::Enumerate:
    case Kind::Zip:
      return v;
    case Kind::Generator:
      unsupported("a loop over a generator is not compiled");
    default:
      unsupported("a loop over " + describe(v) + " is not compiled");
  }
}

// Is there another item? The step itself stands behind the branch on this, where the range of a counter is known.
Value FunctionLifter::has_item(const Value& it) {
  switch (it.kind) {
    case Kind::RangeIter:
      if (it.aux == 1) return compare_numbers(CompareKind::Lt, it[0], it[1]);
      return compare_numbers(CompareKind::Gt, it[1], Value::integer(0));
    case Kind::TupleIter:
      return Value::boolean(static_cast<size_t>(it.aux) < it.size());
    case Kind::Enumerate:
      return has_item(it[1]);
    case Kind::Zip: {
      Value all = Value::boolean(true);
      for (size_t k = 0; k < it.size(); ++k) all = logic(Op::BAnd, all, has_item(it[k]));
      return all;
    }
    default:
      unsupported("a loop over " + describe(it) + " is not compiled");
  }
}

// The next item, which has_item() has told to be there.
FunctionLifter::Advance FunctionLifter::advance(const Value& it) {
  switch (it.kind) {
    case Kind::RangeIter: {
      if (it.aux == 1) {
        // Below stop, so the sum stays within 64 bits.
        Value next = it[0].known ? Value::integer(it[0].bits + (it[0].bits < INT64_MAX))
                                 : integer(emit(Op::IAdd, {it[0].ssa, b_.iconst(1)}));
        return {it[0], Value::of_items(Kind::RangeIter, {next, it[1], it[2]}, 1)};
      }
      // May wrap behind the last item, where nobody looks.
      Value next = integer(emit(Op::IAdd, {as_i64(it[0]), as_i64(it[2])}));
      Value left = integer(emit(Op::ISub, {as_i64(it[1]), b_.iconst(1)}));
      return {it[0], Value::of_items(Kind::RangeIter, {next, left, it[2]}, 0)};
    }
    case Kind::TupleIter: {
      Advance r{it[static_cast<size_t>(it.aux)], it};
      ++r.rest.aux;
      return r;
    }
    case Kind::Enumerate: {
      Advance inner = advance(it[1]);
      // The count overflows only after 2^63 items.
      Value count =
          it[0].known ? Value::integer(it[0].bits + 1) : integer(emit(Op::IAdd, {as_i64(it[0]), b_.iconst(1)}));
      return {Value::of_items(Kind::Tuple, {it[0], inner.item}), Value::of_items(Kind::Enumerate, {count, inner.rest})};
    }
    case Kind::Zip: {
      std::vector<Value> items, rest;
      for (size_t k = 0; k < it.size(); ++k) {
        Advance inner = advance(it[k]);
        items.push_back(inner.item);
        rest.push_back(inner.rest);
      }
      return {Value::of_items(Kind::Tuple, std::move(items)), Value::of_items(Kind::Zip, std::move(rest))};
    }
    default:
      unsupported("a loop over " + describe(it) + " is not compiled");
  }
}

Step FunctionLifter::for_iter(const Instr& in) {
  Value it = pop();
  if (it.kind == Kind::Range || it.kind == Kind::Tuple) it = iterate(it);
  Value more = has_item(it);
  if (more.known && !more.bits) return go(in.target);
  if (!more.known) {
    ir::BlockId body = b_.new_block();
    ir::Edge done = edge(c_, in.target, s_);
    b_.branch(more.ssa, {body, {}}, std::move(done));
    b_.at(body);
  }
  Advance a = advance(it);
  push(a.rest);
  push(a.item);
  return Step::Next;
}

// ---------------------------------------------------------------- reductions

std::optional<Consumer> FunctionLifter::consumer_of(const Value& callee) {
  if (callee.kind != Kind::Object) return std::nullopt;
  if (!PyCFunction_Check(callee.obj)) return std::nullopt;
  auto* f = reinterpret_cast<PyCFunctionObject*>(callee.obj);
  std::string name = f->m_ml->ml_name;
  const char* module = f->m_module && PyUnicode_Check(f->m_module) ? PyUnicode_AsUTF8(f->m_module) : nullptr;
  if (!module) return std::nullopt;
  std::string from = module;
  if (from == "math" && name == "prod") return Consumer::Prod;
  if (from != "builtins") return std::nullopt;
  if (name == "sum") return Consumer::Sum;
  if (name == "any") return Consumer::Any;
  if (name == "all") return Consumer::All;
  if (name == "min") return Consumer::Min;
  if (name == "max") return Consumer::Max;
  if (name == "len") return Consumer::Len;
  return std::nullopt;
}

Value FunctionLifter::reduction_start(Consumer c) {
  std::vector<Value> state;
  switch (c) {
    case Consumer::Sum:
    case Consumer::Len:
      state = {Value::integer(0)};
      break;
    case Consumer::Prod:
      state = {Value::integer(1)};
      break;
    case Consumer::Any:
      state = {Value::boolean(false)};
      break;
    case Consumer::All:
      state = {Value::boolean(true)};
      break;
    case Consumer::Min:
    case Consumer::Max:
    case Consumer::Tuple:
      break;  // nothing yet
  }
  return Value::of_items(Kind::Reduction, std::move(state), static_cast<int>(c));
}

bool FunctionLifter::needs_fork(const Value& r, const Value& item) {
  auto c = static_cast<Consumer>(r.aux);
  return (c == Consumer::Min || c == Consumer::Max) && r.size() == 1 && r[0].kind != item.kind && item.is_number();
}

Value FunctionLifter::reduction_add(const Value& r, const Value& item) {
  auto c = static_cast<Consumer>(r.aux);
  auto state = [&](std::vector<Value> items) {
    Value v = Value::of_items(Kind::Reduction, std::move(items), r.aux);
    v.in_float = r.in_float;
    return v;
  };
  switch (c) {
    case Consumer::Len:
      return state({int_binary(BinaryKind::Add, r[0], Value::integer(1))});
    case Consumer::Any:
      return state({logic(Op::BOr, r[0], truth(item))});
    case Consumer::All:
      return state({logic(Op::BAnd, r[0], truth(item))});
    default:
      break;
  }
  if (!item.is_number()) unsupported("adding up or comparing " + describe(item) + " is not compiled");
  switch (c) {
    case Consumer::Sum: {
      if (!r.in_float && item.is_integral()) return state({int_binary(BinaryKind::Add, r[0], item)});
      if (!r.in_float) {
        // The first float: the int sum so far is added to it, uncompensated, and the float mode begins.
        Value v = state({float_binary(BinaryKind::Add, r[0], item), Value::floating(0.0)});
        v.in_float = true;
        return v;
      }
      ValueId s = as_f64(r[0]);
      ValueId e = as_f64(r[1]);
      if (item.is_integral()) {
        ValueId i = as_i64(item);
        return state(
            {numeric_value(Fn::float_sum_step_int_hi, {s, e, i}), numeric_value(Fn::float_sum_step_int_lo, {s, e, i})});
      }
      // Neumaier's step: what the larger operand loses goes into the correction.
      ValueId x = as_f64(item);
      ValueId t = emit(Op::FAdd, {s, x});
      ValueId larger = emit(Op::FGe, {emit(Op::FAbs, {s}), emit(Op::FAbs, {x})});
      ValueId lost_x = emit(Op::FAdd, {emit(Op::FSub, {s, t}), x});
      ValueId lost_s = emit(Op::FAdd, {emit(Op::FSub, {x, t}), s});
      ValueId lost = emit(Op::Select, {larger, lost_x, lost_s});
      return state({floating(t), floating(emit(Op::FAdd, {e, lost}))});
    }
    case Consumer::Prod:
      return state({multiply(r[0], item)});
    case Consumer::Min:
    case Consumer::Max: {
      if (r.size() == 0) return state({item});
      Value wins = compare_numbers(c == Consumer::Max ? CompareKind::Gt : CompareKind::Lt, item, r[0]);
      return state({select(wins, item, r[0])});
    }
    default:
      unsupported("this use of a list is not compiled");
  }
}

// Hands the value of a finished reduction to `then`, or pushes it if that is null.
Step FunctionLifter::finish_reduction(const Value& r, Step (FunctionLifter::*then)(Value)) {
  Value v;
  auto c = static_cast<Consumer>(r.aux);
  if (c == Consumer::Sum && r.in_float) {
    v = numeric_value(Fn::float_sum_result, {as_f64(r[0]), as_f64(r[1])});
  } else if (r.size() == 0 && r.extra) {
    v = (*r.extra)[0];  // default=
  } else if (r.size() == 0) {
    return give_up(Reason::Empty);
  } else {
    v = r[0];
  }
  if (then) return (this->*then)(std::move(v));
  return result(std::move(v));
}

Step FunctionLifter::reduce(Consumer c, Arguments args) {
  std::optional<Value> initial;   // start=
  std::optional<Value> fallback;  // default=
  for (const auto& [kw, v] : args.keyword) {
    if (PyUnicode_CompareWithASCIIString(kw, "start") == 0 && (c == Consumer::Sum || c == Consumer::Prod)) {
      initial = v;
    } else if (PyUnicode_CompareWithASCIIString(kw, "default") == 0 && (c == Consumer::Min || c == Consumer::Max)) {
      fallback = v;
    } else {
      unsupported("key= is not compiled");
    }
  }
  auto& a = args.positional;
  if (a.size() == 2 && c == Consumer::Sum) {
    initial = a[1];
    a.pop_back();
  }
  if (a.size() != 1) return give_up(Reason::Type);
  Value source = a[0];
  Value r = reduction_start(c);
  if (initial) {
    // A bool as the start switches CPython's compensation off.
    if (!initial->is_number() || initial->kind == Kind::Bool) {
      unsupported("a start value that is no int or float is not compiled");
    }
    if (initial->kind == Kind::Float) {
      if (c == Consumer::Sum) {
        r = Value::of_items(Kind::Reduction, {*initial, Value::floating(0.0)}, r.aux);
        r.in_float = true;
      } else {
        r = Value::of_items(Kind::Reduction, {*initial}, r.aux);
      }
    } else {
      r = Value::of_items(Kind::Reduction, {to_int(*initial)}, r.aux);
    }
    if (source.kind == Kind::Reduction) {
      // The list's sum began at 0 before the start was known: for ints the order is free.
      if (source.in_float || initial->kind == Kind::Float)
        unsupported("sum() of a list of floats with a start value is not compiled");
      return result(c == Consumer::Sum ? add(source[0], *initial) : multiply(source[0], *initial));
    }
  }
  if (fallback) {
    r.extra = std::make_shared<const std::vector<Value>>(std::vector<Value>{*fallback});
    if (source.kind == Kind::Reduction) source.extra = r.extra;
    if (source.kind == Kind::Range) unsupported("default= for a range is not compiled");
  }
  switch (source.kind) {
    case Kind::Reduction:
      return finish_reduction(source, nullptr);
    case Kind::Generator:
      return reduce_generator(c, source, r);
    case Kind::Tuple: {
      for (size_t k = 0; k < source.size(); ++k) {
        if (needs_fork(r, source[k])) {
          Arguments rest;
          rest.positional = *source.items;
          return call_min_max(c == Consumer::Max, std::move(rest));
        }
        r = reduction_add(r, source[k]);
      }
      return finish_reduction(r, nullptr);
    }
    case Kind::Range: {
      if (c == Consumer::Min || c == Consumer::Max) {
        if (!source[2].known) unsupported("min() and max() of a range whose step varies are not compiled");
        Value n = range_count(source);
        Value none = compare_numbers(CompareKind::Eq, n, Value::integer(0));
        if (none.known && none.bits) return give_up(Reason::Empty);
        if (!none.known) deopt_if(none.ssa, Reason::Empty);
        bool first = (source[2].bits > 0) == (c == Consumer::Min);
        if (first) return result(source[0]);
        Value last = int_binary(BinaryKind::Mul, int_binary(BinaryKind::Sub, n, Value::integer(1)), source[2]);
        return result(int_binary(BinaryKind::Add, source[0], last));
      }
      if (c == Consumer::All) return result(negation(range_contains(source, Value::integer(0))));
      if (c == Consumer::Any) {  // some item other than 0
        Value n = range_count(source);
        Value several = compare_numbers(CompareKind::Gt, n, Value::integer(1));
        Value one = compare_numbers(CompareKind::Eq, n, Value::integer(1));
        return result(logic(Op::BOr, several, logic(Op::BAnd, one, truth(source[0]))));
      }
      if (initial || (c != Consumer::Sum && c != Consumer::Prod))
        unsupported("this builtin over a range is not compiled");
      return result(sum_range(c, source));
    }
    case Kind::RangeIter:
    case Kind::Enumerate:
    case Kind::Zip:
      unsupported("this builtin over an iterator is not compiled");
    case Kind::None:
    case Kind::Int:
    case Kind::Float:
    case Kind::Bool:
      return give_up(Reason::Type);
    default:
      unsupported("this builtin over " + describe(source) + " is not compiled");
  }
}

// A loop of its own: the sum or product of a range.
Value FunctionLifter::sum_range(Consumer c, const Value& range) {
  Value it = widen(iterate(range));
  Value total = widen(c == Consumer::Sum ? Value::integer(0) : Value::integer(1));
  ir::BlockId head = b_.new_block();
  ir::BlockId body = b_.new_block();
  ir::BlockId exit = b_.new_block();
  std::vector<ValueId> start;
  append_leaves(it, start);
  start.push_back(total.ssa);
  b_.jump(head, std::move(start));
  Value inner = replace_leaves(it, [&](ir::Type t) { return b_.add_param(head, t); });
  ValueId sum = b_.add_param(head, ir::Type::I64);
  b_.at(head);
  b_.branch(widen(has_item(inner)).ssa, {body, {}}, {exit, {}});
  b_.at(body);
  Advance a = advance(inner);
  Value next = c == Consumer::Sum ? int_binary(BinaryKind::Add, integer(sum), a.item)
                                  : int_binary(BinaryKind::Mul, integer(sum), a.item);
  b_.poll();
  std::vector<ValueId> again;
  append_leaves(a.rest, again);
  again.push_back(next.ssa);
  b_.jump(head, std::move(again));
  b_.at(exit);
  return integer(sum);
}

Step FunctionLifter::reduce_generator(Consumer c, const Value& generator, Value initial) {
  const Value& callee = generator[0];
  PyCodeObject* code = nullptr;
  PyObject *globals = nullptr, *builtins = nullptr;
  if (callee.kind == Kind::Function) {
    code = reinterpret_cast<PyCodeObject*>(callee.obj);
    globals = c_->globals;
    builtins = c_->builtins;
  } else {
    auto* f = reinterpret_cast<PyFunctionObject*>(callee.obj);
    code = reinterpret_cast<PyCodeObject*>(f->func_code);
    globals = f->func_globals;
    builtins = f->func_builtins;
  }
  if (!c_) unsupported("a generator is not compiled here");
  std::vector<Value> locals(generator.items->begin() + 1, generator.items->end());
  Context* inner = new_context(m_.info(code), callee.node, globals, builtins);
  inner->generator = true;
  inner->depth = c_->depth + 1;
  fn().depth = std::max(fn().depth, inner->depth);
  inner->parent = c_;
  inner->at_call = std::move(s_);
  inner->return_to = i_ + 1;
  (void)c;
  c_ = inner;
  s_ = State();
  s_.locals = std::move(locals);
  s_.reduction = std::move(initial);
  i_ = 0;
  return Step::Moved;
}

// One item from a generator into its consumer.
Step FunctionLifter::yield(const Value& item) {
  Value& r = s_.reduction;
  if (r.kind != Kind::Reduction) unsupported("a generator that is not consumed at once is not compiled");
  auto c = static_cast<Consumer>(r.aux);
  if (c == Consumer::Any || c == Consumer::All) {
    Value t = truth(item);
    Value stops = c == Consumer::Any ? t : negation(t);
    Value verdict = Value::boolean(c == Consumer::Any);
    if (stops.known && stops.bits) return resume_caller(verdict);
    if (stops.known) return Step::Next;
    ir::BlockId stop = b_.new_block();
    ir::BlockId on = b_.new_block();
    b_.branch(stops.ssa, {stop, {}}, {on, {}});
    b_.at(stop);
    resume_caller(verdict);
    b_.at(on);
    return Step::Next;
  }
  if (needs_fork(r, item)) {
    Value wins = compare_numbers(c == Consumer::Max ? CompareKind::Gt : CompareKind::Lt, item, r[0]);
    State yes = s_;
    yes.reduction = Value::of_items(Kind::Reduction, {item}, r.aux);
    if (wins.known) {
      if (wins.bits) s_ = std::move(yes);
      return Step::Next;
    }
    return fork(wins.ssa, std::move(yes), std::move(s_), i_ + 1, i_ + 1);
  }
  r = reduction_add(r, item);
  return Step::Next;
}

Step FunctionLifter::append(const Value& item, int depth) {
  if (static_cast<size_t>(depth) > s_.stack.size()) unsupported("the bytecode reaches below its stack");
  Value& list = s_.stack[s_.stack.size() - static_cast<size_t>(depth)];
  if (list.kind == Kind::Tuple) {  // unrolled: its length is part of the block version
    std::vector<Value> items(*list.items);
    if (s_.stack.back().kind != Kind::TupleIter || items.size() >= 64)
      unsupported("a list of variable length is not compiled");
    items.push_back(item);
    list = Value::of_items(Kind::Tuple, std::move(items), list.aux);
    return Step::Next;
  }
  if (list.kind != Kind::Reduction) unsupported("a list that grows in a loop is not compiled");
  if (needs_fork(list, item)) {
    auto c = static_cast<Consumer>(list.aux);
    Value wins = compare_numbers(c == Consumer::Max ? CompareKind::Gt : CompareKind::Lt, item, list[0]);
    State yes = s_;
    yes.stack[yes.stack.size() - static_cast<size_t>(depth)] = Value::of_items(Kind::Reduction, {item}, list.aux);
    if (wins.known) {
      if (wins.bits) s_ = std::move(yes);
      return Step::Next;
    }
    return fork(wins.ssa, std::move(yes), std::move(s_), i_ + 1, i_ + 1);
  }
  list = reduction_add(list, item);
  return Step::Next;
}

}  // namespace gilmap::lift
