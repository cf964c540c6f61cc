#include "interpreters/feed.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "columns/scan.h"
#include "columns/unbox.h"

namespace gilmap::interpreters {
namespace {

constexpr double target_ns = 2.5e6;
// Handing a chunk over and back costs some 20 µs.
constexpr double least_ns = 0.4e6;
constexpr int64_t first_rows = 32;
constexpr int64_t most_rows = 100'000;

// Is the element surely no number of ours? Asked before a list is scanned for numbers in vain.
bool is_object(columns::Input& input, int64_t i) {
  if (input.container() != columns::Container::List) return false;
  Ref first = input.item(i);
  alignas(8) char value[8];
  return !first || columns::read_number(first.get(), value) == columns::Kind::Other;
}

}  // namespace

int64_t rows_for_chunk(double ns_per_row, int64_t left, int workers) {
  const int64_t share = std::max<int64_t>(1, left / (3 * std::max(1, workers)));
  if (ns_per_row <= 0) return std::clamp<int64_t>(share / 8, 1, first_rows);
  const auto rows = [&](double ns) {
    return static_cast<int64_t>(std::clamp(ns / ns_per_row, 1.0, static_cast<double>(most_rows)));
  };
  return std::min(left, std::min(rows(target_ns), std::max(share, rows(least_ns))));
}

// Numbers of one type, without making objects. False without an exception if these rows are not such.
bool Feed::pack_numbers(columns::Input& input, int64_t begin, int64_t end, Packed& out) const {
  if (is_object(input, begin)) {
    PyErr_Clear();
    return false;
  }
  const columns::Scan scan = input.scan(begin, end);
  if (scan.kinds || !columns::is_number(scan.kind)) return false;
  const int64_t count = end - begin;
  const columns::View view = scan.view_of(scan.kind);
  if (strict_ && scan.kind == columns::Kind::Float) {
    std::vector<double> values(static_cast<size_t>(count));
    columns::load(view, 0, count, values.data());
    if (std::ranges::any_of(values, [](double x) { return std::isnan(x); })) return false;
  }
  out.form = Form::Raw;
  out.count = count;
  out.payload.resize(static_cast<size_t>(count));
  if (scan.kind == columns::Kind::Bool) {
    std::vector<uint8_t> bytes(static_cast<size_t>(count));
    columns::load(view, 0, count, bytes.data());
    std::ranges::copy(bytes, out.payload.begin());
    out.tag = Tag::Bool;
  } else {
    columns::load(view, 0, count, out.payload.data());
    out.tag = scan.kind == columns::Kind::Int ? Tag::Int : Tag::Float;
  }
  return true;
}

// Any objects; with `strict_`, rows that may not go are moved to `mine`. False with an exception set.
bool Feed::pack_objects(const std::vector<int64_t>& positions, Rows& rows, std::vector<int64_t>& mine) {
  const size_t width = inputs_.size();
  std::vector<std::vector<Ref>> items(width);
  std::vector<int64_t> going;
  std::vector<Ref> row(width);
  for (int64_t p : positions) {
    bool may_go = true, plain = true;
    for (size_t k = 0; k < width; ++k) {
      row[k] = inputs_[k]->item(p);
      if (!row[k]) return false;
      if (strict_) {
        const Contents c = contents_of(row[k].get());
        may_go = may_go && c.immutable && c.ordered && c.equal;
        plain = plain && c.plain;
      }
    }
    if (!plain) {
      next_ = end_ = p;
      has_rest_ = true;
      break;
    }
    if (!may_go) {
      mine.push_back(p);
      continue;
    }
    going.push_back(p);
    for (size_t k = 0; k < width; ++k) items[k].push_back(std::move(row[k]));
  }
  rows.count = static_cast<int64_t>(going.size());
  rows.columns.resize(width);
  for (size_t k = 0; k < width; ++k) {
    std::vector<PyObject*> raw;
    raw.reserve(items[k].size());
    for (const Ref& r : items[k]) raw.push_back(r.get());
    int64_t culprit = -1;
    if (!pack(raw.data(), rows.count, dumps_.get(), rows.columns[k], &culprit)) {
      if (culprit >= 0 && !PyErr_ExceptionMatches(PyExc_MemoryError)) {
        PyErr_Clear();
        PyErr_Format(PyExc_ValueError,
                     "gilmap cannot send element %lld, of type %.200s, to another interpreter. Pass what it is made "
                     "from, or use backend=\"inline\"",
                     static_cast<long long>(going[static_cast<size_t>(culprit)]),
                     Py_TYPE(raw[static_cast<size_t>(culprit)])->tp_name);
      }
      return false;
    }
  }
  if (rows.count > 0) {
    rows.first = going.front();
    if (going.back() - going.front() + 1 != rows.count) rows.positions = std::move(going);
  }
  return true;
}

std::optional<Chunk> Feed::take(int64_t count, std::vector<int64_t>& mine, std::vector<int64_t>& nulls) {
  const int64_t begin = next_;
  int64_t end = std::min(end_, begin + count);
  for (const auto& in : inputs_) end = std::min(end, in->segment_end(begin));
  next_ = end;

  auto rows = std::make_shared<Rows>();
  std::vector<int64_t> positions;
  bool dense = true;
  for (const auto& in : inputs_) dense = dense && !in->has_nulls();
  if (dense) {
    rows->columns.resize(inputs_.size());
    bool numbers = true;
    for (size_t k = 0; numbers && k < inputs_.size(); ++k)
      numbers = pack_numbers(*inputs_[k], begin, end, rows->columns[k]);
    if (numbers) {
      rows->count = end - begin;
      rows->first = begin;
      return Chunk{rows, 0, rows->count};
    }
    if (PyErr_Occurred()) return std::nullopt;
  }
  for (int64_t i = begin; i < end; ++i) (columns::is_null(inputs_, i) ? nulls : positions).push_back(i);
  if (!pack_objects(positions, *rows, mine)) return std::nullopt;
  return Chunk{rows, 0, rows->count};
}

}  // namespace gilmap::interpreters
