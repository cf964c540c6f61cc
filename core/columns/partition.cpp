// Problem: sort rows by the types of their elements, in as many columns as there are inputs, without a hash table.
// Method: every row has a one-byte id, at first the same for all. Each column refines the ids: (id, kind of the row's
// element) becomes a new id. After the last column an id stands for one combination of types. Columns of one type cost
// nothing, so the common call is over after asking each input. Chunked arrays are done run by run of rows that cross no
// chunk.
// Invariant: an id below `other_id` indexes `combinations`.
// Cost: one byte and about 1 ns per row and mixed column; then 8 bytes for the position of each row of a group that is
// no contiguous run.

#include <algorithm>
#include <array>
#include <cstring>

#include "columns/columns.h"
#include "columns/scan.h"

namespace gilmap::columns {

namespace {

constexpr uint8_t null_id = 255;  // wins over the others: a row with a null is not passed to f
constexpr uint8_t other_id = 254;
constexpr uint8_t new_id = 253;  // in the table: not met yet

using Kinds = std::vector<Kind>;

struct Rows {
  int64_t count = 0;
  int64_t first = 0;
  int64_t last = 0;
};

// The rows begin .. end-1, which lie in one segment of each input.
class Segment {
 public:
  Segment(std::span<const std::unique_ptr<Input>> inputs, int64_t begin, int64_t end) : begin_(begin), end_(end) {
    for (const auto& input : inputs) {
      scans_.push_back(input->scan(begin, end));
    }
  }

  // `known` are the combinations of all segments so far.
  void partition(Partition& out, std::vector<Kinds>& known, size_t max_groups) {
    const auto any = [this](Kind kind) {
      return std::ranges::any_of(scans_, [kind](const Scan& s) { return !s.kinds && s.kind == kind; });
    };
    if (any(Kind::Null)) {
      append_all(out.nulls);
    } else if (std::ranges::none_of(scans_, [](const Scan& s) { return s.kinds != nullptr; })) {
      Kinds kinds;
      for (const Scan& s : scans_) {
        kinds.push_back(s.kind);
      }
      if (any(Kind::Other) || !admit(known, kinds, max_groups)) {
        append_all(out.others);
      } else {
        add_group(out, kinds, {end_ - begin_, begin_, end_ - 1}, {});
      }
    } else {
      refine_all();
      collect(out, known, max_groups);
    }
  }

 private:
  static bool admit(std::vector<Kinds>& known, const Kinds& kinds, size_t max_groups) {
    if (std::ranges::find(known, kinds) != known.end()) {
      return true;
    }
    if (known.size() >= max_groups) {
      return false;
    }
    known.push_back(kinds);
    return true;
  }

  void append_all(std::vector<int64_t>& to) const {
    for (int64_t i = begin_; i < end_; ++i) {
      to.push_back(i);
    }
  }

  void refine_all() {
    ids_.assign(static_cast<size_t>(end_ - begin_), 0);
    combinations_.assign(1, {});
    for (const Scan& s : scans_) {
      if (s.kinds) {
        refine(s.kinds.get());
      } else if (is_number(s.kind)) {
        for (Kinds& c : combinations_) {
          c.push_back(s.kind);
        }
      } else {
        std::ranges::replace_if(ids_, [](uint8_t id) { return id != null_id; }, other_id);
      }
    }
  }

  void refine(const uint8_t* kinds) {
    std::array<std::array<uint8_t, kind_count>, 256> table;
    for (auto& row : table) {
      row.fill(new_id);
      row[static_cast<int>(Kind::Other)] = other_id;
      row[static_cast<int>(Kind::Null)] = null_id;
    }
    table[null_id].fill(null_id);
    table[other_id].fill(other_id);
    table[other_id][static_cast<int>(Kind::Null)] = null_id;

    std::vector<Kinds> refined;
    for (size_t i = 0; i < ids_.size(); ++i) {
      uint8_t& next = table[ids_[i]][kinds[i]];
      if (next == new_id) [[unlikely]] {
        if (refined.size() == new_id) {
          next = other_id;
        } else {
          next = static_cast<uint8_t>(refined.size());
          refined.push_back(combinations_[ids_[i]]);
          refined.back().push_back(static_cast<Kind>(kinds[i]));
        }
      }
      ids_[i] = next;
    }
    combinations_ = std::move(refined);
  }

  // Ids are numbered by first appearance, so the groups come out in that order.
  void collect(Partition& out, std::vector<Kinds>& known, size_t max_groups) {
    std::array<Rows, 256> rows;
    for (int64_t i = 0; i < end_ - begin_; ++i) {
      Rows& r = rows[ids_[i]];
      if (r.count++ == 0) {
        r.first = begin_ + i;
      }
      r.last = begin_ + i;
    }
    std::array<bool, 256> to_others{};
    to_others[other_id] = true;
    std::array<int64_t*, 256> write{};  // where the next position of a group that is no contiguous run goes
    for (size_t id = 0; id < combinations_.size(); ++id) {
      if (rows[id].count == 0) {
        continue;
      }
      if (!admit(known, combinations_[id], max_groups)) {
        to_others[id] = true;
        continue;
      }
      std::vector<int64_t> positions;
      if (rows[id].last - rows[id].first + 1 != rows[id].count) {
        positions.resize(static_cast<size_t>(rows[id].count));
        write[id] = positions.data();
      }
      add_group(out, combinations_[id], rows[id], std::move(positions));
    }
    for (int64_t i = 0; i < end_ - begin_; ++i) {
      const uint8_t id = ids_[i];
      if (write[id]) {
        *write[id]++ = begin_ + i;
      } else if (to_others[id]) {
        out.others.push_back(begin_ + i);
      } else if (id == null_id) {
        out.nulls.push_back(begin_ + i);
      }
    }
  }

  void add_group(Partition& out, const Kinds& kinds, Rows rows, std::vector<int64_t> positions) const {
    Group group;
    group.count = rows.count;
    group.first = rows.first;
    group.positions = std::move(positions);
    for (size_t k = 0; k < scans_.size(); ++k) {
      View view = scans_[k].view_of(kinds[k]);
      if (group.positions.empty()) {
        view = skip_elements(view, rows.first - begin_);
      } else {
        view.index = group.positions.data();
        view.index_base = begin_;
      }
      group.types.push_back(type_of(kinds[k]));
      group.views.push_back(view);
      if (scans_[k].storage) {
        group.storage.push_back(scans_[k].storage);
      }
    }
    out.groups.push_back(std::move(group));
  }

  int64_t begin_, end_;
  std::vector<Scan> scans_;
  std::vector<uint8_t> ids_;
  std::vector<Kinds> combinations_;
};

}  // namespace

Partition partition(std::span<const std::unique_ptr<Input>> inputs, int64_t begin, int64_t end, int max_groups) {
  Partition out;
  std::vector<Kinds> known;
  while (begin < end) {
    int64_t stop = end;
    for (const auto& input : inputs) {
      stop = std::min(stop, input->segment_end(begin));
    }
    Segment(inputs, begin, stop).partition(out, known, static_cast<size_t>(max_groups));
    begin = stop;
  }
  return out;
}

std::optional<std::vector<ir::Type>> common_types(std::span<const std::unique_ptr<Input>> inputs, int64_t begin,
                                                  int64_t end) {
  std::vector<ir::Type> types;
  for (const auto& input : inputs) {
    const std::optional<ir::Type> type = input->common_type(begin, end);
    if (!type) {
      return std::nullopt;
    }
    types.push_back(*type);
  }
  return types;
}

bool is_null(std::span<const std::unique_ptr<Input>> inputs, int64_t i) {
  return std::ranges::any_of(inputs, [i](const auto& input) { return input->has_nulls() && input->is_null(i); });
}

bool freeze(std::span<const std::unique_ptr<Input>> inputs) {
  return std::ranges::all_of(inputs, [](const auto& input) { return input->freeze(); });
}

int64_t common_size(std::span<const std::unique_ptr<Input>> inputs) {
  int64_t size = inputs.empty() ? 0 : INT64_MAX;
  for (const auto& input : inputs) {
    size = std::min(size, input->size());
  }
  return size;
}

}  // namespace gilmap::columns
