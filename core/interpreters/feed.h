#pragma once
// Cuts the rows of a call into chunks and packs their arguments.

#include <Python.h>

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "columns/columns.h"
#include "interpreters/task.h"
#include "support/py_ref.h"

namespace gilmap::interpreters {

// Rows for a chunk of about `ns_per_row` each, when `left` rows are left: some milliseconds' work, and less towards the
// end, so that all workers end together.
int64_t rows_for_chunk(double ns_per_row, int64_t left, int workers);

class Feed {
 public:
  // With `strict`, rows go only if their arguments arrive as they are: of builtin types, immutable all through. An
  // argument of any other type may change, by what its operators do, what rows behind it see: they end there.
  Feed(std::span<const std::unique_ptr<columns::Input>> inputs, int64_t begin, int64_t end, bool strict, Ref dumps)
      : inputs_(inputs), next_(begin), end_(end), strict_(strict), dumps_(std::move(dumps)) {}

  int64_t next() const { return next_; }
  bool finished() const { return next_ >= end_; }
  // With `strict`: there are rows behind end, which are to run in the calling interpreter when all others are done.
  bool has_rest() const { return has_rest_; }
  // Takes `count` rows from next() on, or a few less. Those for the calling interpreter are appended to `mine`, Arrow
  // nulls to `nulls`. The chunk has no rows if all of them are such. nullopt with an exception set.
  std::optional<Chunk> take(int64_t count, std::vector<int64_t>& mine, std::vector<int64_t>& nulls);

 private:
  bool pack_numbers(columns::Input& input, int64_t begin, int64_t end, Packed& out) const;
  bool pack_objects(const std::vector<int64_t>& positions, Rows& rows, std::vector<int64_t>& mine);

  std::span<const std::unique_ptr<columns::Input>> inputs_;
  int64_t next_, end_;
  bool strict_;
  bool has_rest_ = false;
  Ref dumps_;
};

}  // namespace gilmap::interpreters
