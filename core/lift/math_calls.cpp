// The math module: which operation or function of core/numeric each of its functions is.

#include <algorithm>
#include <cstring>
#include <map>

#include "lift/lifter.h"

namespace gilmap::lift {
namespace {

using Fn = numeric::NumericFn;

struct Row {
  const char* name;
  Fn fn;
};

// Functions of floats, by their number of arguments.
constexpr Row of_one[] = {
    {"sin", Fn::math_sin},   {"cos", Fn::math_cos},         {"tan", Fn::math_tan},         {"asin", Fn::math_asin},
    {"acos", Fn::math_acos}, {"atan", Fn::math_atan},       {"sinh", Fn::math_sinh},       {"cosh", Fn::math_cosh},
    {"tanh", Fn::math_tanh}, {"asinh", Fn::math_asinh},     {"acosh", Fn::math_acosh},     {"atanh", Fn::math_atanh},
    {"exp", Fn::math_exp},   {"exp2", Fn::math_exp2},       {"expm1", Fn::math_expm1},     {"log", Fn::math_log},
    {"log2", Fn::math_log2}, {"log10", Fn::math_log10},     {"log1p", Fn::math_log1p},     {"cbrt", Fn::math_cbrt},
    {"erf", Fn::math_erf},   {"erfc", Fn::math_erfc},       {"gamma", Fn::math_gamma},     {"lgamma", Fn::math_lgamma},
    {"ulp", Fn::math_ulp},   {"degrees", Fn::math_degrees}, {"radians", Fn::math_radians},
};
constexpr Row of_two[] = {
    {"atan2", Fn::math_atan2},         {"fmod", Fn::math_fmod},           {"pow", Fn::math_pow},
    {"remainder", Fn::math_remainder}, {"nextafter", Fn::math_nextafter}, {"log", Fn::math_log_base},
};
// Functions of ints.
constexpr Row of_ints[] = {
    {"isqrt", Fn::int_isqrt},
    {"factorial", Fn::int_factorial},
    {"comb", Fn::int_comb},
    {"perm", Fn::int_perm},
};

template <size_t n>
const Row* find(const Row (&rows)[n], const std::string& name) {
  for (const Row& r : rows) {
    if (name == r.name) return &r;
  }
  return nullptr;
}

}  // namespace

Step FunctionLifter::call_math(const std::string& name, Arguments args) {
  auto a = args.positional;
  size_t n = a.size();
  auto refuse = [&]() -> void { unsupported("this form of math." + name + "() is not compiled"); };

  if (name == "prod") {
    return reduce(Consumer::Prod, std::move(args));
  }
  if (name == "isclose" && n == 2) {
    Value rel = Value::floating(1e-09);
    Value abs = Value::floating(0.0);
    for (const auto& [kw, v] : args.keyword) {
      if (PyUnicode_CompareWithASCIIString(kw, "rel_tol") == 0)
        rel = v;
      else if (PyUnicode_CompareWithASCIIString(kw, "abs_tol") == 0)
        abs = v;
      else
        refuse();
    }
    if (!a[0].is_number() || !a[1].is_number() || !rel.is_number() || !abs.is_number()) refuse();
    return result(numeric_value(Fn::math_isclose, {as_f64(a[0]), as_f64(a[1]), as_f64(rel), as_f64(abs)}));
  }
  if (!args.keyword.empty()) refuse();
  if (name == "dist" && n == 2) {
    if (a[0].kind != Kind::Tuple || a[1].kind != Kind::Tuple || a[0].size() != a[1].size()) refuse();
    std::vector<ValueId> coordinates;
    for (const Value* p : {&a[0], &a[1]}) {
      for (size_t k = 0; k < p->size(); ++k) {
        if (!(*p)[k].is_number()) refuse();
        coordinates.push_back(as_f64((*p)[k]));
      }
    }
    if (a[0].size() == 2) return result(numeric_value(Fn::math_dist_2, coordinates));
    if (a[0].size() == 3) return result(numeric_value(Fn::math_dist_3, coordinates));
    refuse();
  }
  for (const Value& v : a) {
    if (v.kind == Kind::None) return give_up(Reason::Type);
    if (!v.is_number()) unsupported("math." + name + "() of " + describe(v) + " is not compiled");
  }

  if (n == 1) {
    const Value& x = a[0];
    if (name == "sqrt") {
      ValueId f = as_f64(x);
      deopt_if(emit(Op::FLt, {f, b_.fconst(0.0)}), Reason::Domain);
      return result(floating(emit(Op::FSqrt, {f})));
    }
    if (name == "fabs") return result(floating(emit(Op::FAbs, {as_f64(x)})));
    if (name == "floor" || name == "ceil" || name == "trunc") {
      if (x.is_integral()) return result(to_int(x));
      Op rounding = name == "floor" ? Op::FFloor : name == "ceil" ? Op::FCeil : Op::FToI;
      return result(float_to_int(as_f64(x), rounding));
    }
    if (name == "isnan") return result(boolean(emit(Op::FIsNan, {as_f64(x)})));
    if (name == "isinf") return result(boolean(emit(Op::FIsInf, {as_f64(x)})));
    if (name == "isfinite") return result(boolean(emit(Op::FIsFinite, {as_f64(x)})));
    if (name == "modf") {
      ValueId f = as_f64(x);
      return result(Value::of_items(Kind::Tuple,
                                    {numeric_value(Fn::math_modf_frac, {f}), numeric_value(Fn::math_modf_int, {f})}));
    }
    if (name == "frexp") {
      ValueId f = as_f64(x);
      return result(Value::of_items(
          Kind::Tuple, {numeric_value(Fn::math_frexp_mantissa, {f}), numeric_value(Fn::math_frexp_exponent, {f})}));
    }
    if (const Row* r = find(of_one, name)) return result(numeric_value(r->fn, {as_f64(x)}));
  }
  if (n == 2) {
    if (name == "copysign") return result(floating(emit(Op::FCopysign, {as_f64(a[0]), as_f64(a[1])})));
    if (name == "ldexp") {
      if (!a[1].is_integral()) return give_up(Reason::Type);
      return result(numeric_value(Fn::math_ldexp, {as_f64(a[0]), as_i64(a[1])}));
    }
    if (const Row* r = find(of_two, name)) return result(numeric_value(r->fn, {as_f64(a[0]), as_f64(a[1])}));
  }
  if (name == "hypot" && n == 0) return result(Value::floating(0.0));
  if (name == "hypot" && n <= 4) {
    std::vector<ValueId> x;
    for (const Value& v : a) x.push_back(as_f64(v));
    if (n == 1) return result(floating(emit(Op::FAbs, {x[0]})));
    return result(numeric_value(n == 2 ? Fn::math_hypot_2 : n == 3 ? Fn::math_hypot_3 : Fn::math_hypot_4, x));
  }
#if PY_VERSION_HEX >= 0x030D0000
  if (name == "fma" && n == 3) {
    return result(numeric_value(Fn::math_fma, {as_f64(a[0]), as_f64(a[1]), as_f64(a[2])}));
  }
#endif
  bool ints = std::all_of(a.begin(), a.end(), [](const Value& v) { return v.is_integral(); });
  if (name == "gcd" || name == "lcm") {
    if (!ints) return give_up(Reason::Type);
    bool gcd = name == "gcd";
    Value r = n == 0 ? Value::integer(gcd ? 0 : 1) : absolute(a[0]);
    for (size_t k = 1; k < n; ++k)
      r = numeric_value(gcd ? Fn::int_gcd : Fn::int_lcm, {as_i64(r), as_i64(a[k])}, Reason::Overflow);
    return result(r);
  }
  if (const Row* r = find(of_ints, name)) {
    if (!ints) return give_up(Reason::Type);
    if (name == "perm" && n == 1) return result(numeric_value(Fn::int_factorial, {as_i64(a[0])}, Reason::Overflow));
    size_t wanted = name == "comb" || name == "perm" ? 2 : 1;
    if (n != wanted) return give_up(Reason::Type);
    std::vector<ValueId> x;
    for (const Value& v : a) x.push_back(as_i64(v));
    return result(numeric_value(r->fn, x, Reason::Overflow));
  }
  refuse();
  return Step::Ended;
}

}  // namespace gilmap::lift
