#include "router/specialise.h"

#include <algorithm>
#include <array>

#include "ir/loops.h"
#include "loader/loader.h"
#include "passes/pipeline.h"
#include "passes/resume_loops.h"
#include "router/background.h"
#include "spmd/lanes.h"

namespace gilmap::router {
namespace {

// Data of more classes than this is as good as random.
constexpr int64_t max_classes = 3;
// Rows that are looked at: some in each of so many places, a cache line of 64-bit values.
constexpr int64_t sample_places = 64, sample_rows = 8;

// Bits of the classes. Within 52 sums and products with small numbers cannot overflow, and a double holds the value.
// Lanes of 32 bits hold what is smaller, and what loops make of it, the more so the smaller it is; below 24 bits they
// divide in floats. Without a loop it is memory that counts.
constexpr std::array<int, 5> classes = {20, 24, 30, 31, 52};
constexpr size_t first_usual = 3;

ir::IntRange class_of(ir::IntRange values, size_t first) {
  for (size_t k = first; k < classes.size(); ++k) {
    const int64_t end = int64_t{1} << classes[k];
    const int64_t lo = values.lo >= 0 ? 0 : -end;
    if (values.lo >= lo && values.hi < end) return {lo, end - 1};
  }
  return {};
}

// The usual one for values that a sample missed, and which may be of the other sign.
ir::IntRange next_class(ir::IntRange r) {
  if (r == ir::IntRange{}) return r;
  return class_of({-r.hi - 2, r.hi + 1}, first_usual);
}

bool lie_within(const std::vector<ir::IntRange>& inner, const std::vector<ir::IntRange>& outer) {
  return std::ranges::equal(inner, outer, [](ir::IntRange a, ir::IntRange b) { return a.lo >= b.lo && a.hi <= b.hi; });
}

ir::IntRange sample(const columns::View& view, int64_t rows) {
  const int64_t places = std::min(sample_places, std::max<int64_t>(1, rows / sample_rows));
  ir::IntRange all{INT64_MAX, INT64_MIN};
  for (int64_t place = 0; place < places; ++place) {
    const int64_t begin = places == 1 ? 0 : (rows - sample_rows) / (places - 1) * place;
    const ir::IntRange some = columns::int_range(view, begin, std::min(rows - begin, sample_rows));
    all = {std::min(all.lo, some.lo), std::max(all.hi, some.hi)};
  }
  return all;
}

// What bounds on the inputs may save: the checks and polls of the module.
int burdens(const ir::Module& module) {
  int count = 0;
  for (const ir::Function& f : module.functions) {
    for (const ir::Block& block : f.blocks) {
      for (ir::ValueId v : block.body) count += f[v].op == ir::Op::DeoptIf || f[v].op == ir::Op::Poll;
    }
  }
  return count;
}

void compile(runtime::SecondKernel& second, ir::Module module, const std::vector<ir::IntRange>& ranges) {
  const int before = burdens(module);
  module.functions[0].arg_ranges = ranges;
  passes::run_pipeline(module);
  const bool saves = burdens(module) < before;
  ir::Module shares = module;
  passes::share_rounds(shares);
  std::string error;  // of no interest: the general kernel goes on
  // Lanes share nothing, so they do not pay where everything that takes time is shared.
  if (runtime::lanes_only() || !passes::resumes_all_loops(shares.functions[0])) {
    if (const auto lanes = spmd::to_lanes(module, &error)) second.kernel = loader::compile(*lanes, {}, &error);
  }
  if (!second.kernel && saves) second.kernel = loader::compile(shares, {}, &error);
  if (!second.kernel) return;
  second.ready.store(true, std::memory_order_release);
  if (second.kernel->lanes == 1 || !saves) return;
  // Without it, lanes would be compared with a kernel that has more to do than one of the same bounds.
  second.single = loader::compile(shares, {}, &error);
  if (!second.single) return;
  second.single_ready.store(true, std::memory_order_release);
  second.choice.compare_anew();
}

// Of the usual classes and of the small ones there are so many each.
bool has_room(const Variant& variant, const std::vector<ir::IntRange>& ranges) {
  const auto is_usual = [](const std::vector<ir::IntRange>& all) {
    return std::ranges::all_of(all, [](ir::IntRange r) { return r == class_of(r, first_usual); });
  };
  const auto alike = [&](const Specialised& known) { return is_usual(known.ranges) == is_usual(ranges); };
  return std::ranges::count_if(variant.specialised, alike) < max_classes;
}

// Of those that take all these values, and do not miss others often; or null.
Specialised* narrowest_around(Variant& variant, const std::vector<ir::IntRange>& ranges) {
  Specialised* found = nullptr;
  for (Specialised& known : variant.specialised) {
    if (!lie_within(ranges, known.ranges) || known.kernel->choice.is_missed_often()) continue;
    if (!found || lie_within(known.ranges, found->ranges)) found = &known;
  }
  return found;
}

}  // namespace

std::vector<ir::IntRange> classes_of(const columns::Group& group) {
  std::vector<ir::IntRange> ranges;
  for (const columns::View& view : group.views) {
    const bool is_int = columns::type_of(view) == ir::Type::I64;
    ranges.push_back(is_int ? class_of(sample(view, group.count), 0) : ir::IntRange{});
  }
  return ranges;
}

void use_usual_classes(std::vector<ir::IntRange>& ranges, const ir::Function& f) {
  if (ir::has_loops(f)) return;
  for (ir::IntRange& r : ranges) r = class_of(r, first_usual);
}

Specialised* specialised_for(Variant& variant, const columns::Group& group) {
  std::vector<ir::IntRange> ranges = classes_of(group);
  use_usual_classes(ranges, variant.code->module.functions[0]);
  Specialised* missing = nullptr;  // for want of a better one
  for (size_t step = 0; step <= classes.size(); ++step) {
    const auto known = std::ranges::find(variant.specialised, ranges, &Specialised::ranges);
    if (known == variant.specialised.end()) break;
    if (!known->kernel->choice.is_missed_often()) return &*known;
    missing = &*known;
    for (ir::IntRange& r : ranges) r = next_class(r);
  }
  if (has_room(variant, ranges)) return &variant.specialised.emplace_back(std::move(ranges));
  if (Specialised* known = narrowest_around(variant, ranges)) return known;
  for (ir::IntRange& r : ranges) r = class_of(r, first_usual);
  if (has_room(variant, ranges)) return &variant.specialised.emplace_back(std::move(ranges));
  return missing;
}

void request(Specialised& specialised, const Variant& variant) {
  if (specialised.requested) return;
  specialised.requested = true;
  // Nothing of Python's goes along: this thread may be the last to let go of it.
  in_background([kernel = specialised.kernel, code = variant.code, ranges = specialised.ranges] {
    compile(*kernel, code->module, ranges);
  });
}

void make_now(Specialised& specialised, const Variant& variant) {
  if (specialised.requested) return;
  specialised.requested = true;
  PyThreadState* saved = PyEval_SaveThread();
  compile(*specialised.kernel, variant.code->module, specialised.ranges);
  take_gil_back(saved);
}

}  // namespace gilmap::router
