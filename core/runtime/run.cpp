#include "runtime/run.h"

#include <algorithm>
#include <cstring>

#include "runtime/clock.h"
#include "runtime/pool.h"
#include "support/check.h"

namespace gilmap::runtime {

namespace {

constexpr int64_t max_block_rows = 8192;
constexpr int64_t min_block_rows = 512;
constexpr int max_misses = 4;                  // of a chunk: then its blocks are not swept any more
constexpr int64_t scratch_bytes = 256 * 1024;  // stays within the second-level cache, beside the kernel's own data

// Bytes per row of what the kernel writes to `payload`.
int kernel_width(const codegen::Kernel& kernel) {
  if (kernel.result_types.size() > 1) return 8;
  switch (kernel.result_types[0]) {
    case ir::Type::I64:
    case ir::Type::F64:
      return 8;
    case ir::Type::Bool:
      return 1;
    case ir::Type::Void:
      return 0;
  }
  GILMAP_UNREACHABLE();
}

bool writes_tags(const codegen::Kernel& kernel) { return kernel.result_types.size() > 1; }

bool same_width(const JobSpec& spec) {
  const int width = kernel_width(*spec.kernel);
  return width == 0 || width == spec.payload_width;
}

constexpr int64_t few_of_job = 8;  // rows: the job has as many times more

template <typename T>
T* at_least(std::vector<T>& scratch, int64_t size) {
  // Not less than 256: the sizes of short calls differ, and each growth costs an allocation.
  if (static_cast<int64_t>(scratch.size()) < size) scratch.resize(std::max<int64_t>(size, 256));
  return scratch.data();
}

}  // namespace

int64_t block_rows(const JobSpec& spec) {
  int64_t bytes_per_row = 0;
  for (const columns::View& view : spec.group->views) {
    if (!columns::is_canonical(view)) bytes_per_row += 8;
  }
  if (!spec.group->positions.empty() || !same_width(spec)) bytes_per_row += 9;
  if (bytes_per_row == 0) return max_block_rows;
  return std::clamp(scratch_bytes / bytes_per_row / min_block_rows * min_block_rows, min_block_rows, max_block_rows);
}

void Run::claim(const JobSpec& spec, int64_t begin_row, int64_t end_row, Way chosen, int64_t now_ns) {
  begin = begin_row;
  end = end_row;
  started_ns = split_ns = now_ns;
  way = chosen;
  give_back = alone = disturbed = fills_tables_ = false;
  lane_rows = patience_ns = 0;
  alone_end_ = INT64_MIN;
  deopts.clear();
  deopt_count = 0;
  misses_ = 0;
  open(spec, begin_row, begin_row);  // so that nobody sees the chunk before
}

void Run::open(const JobSpec& spec, int64_t begin, int64_t end) {
  spec_ = &spec;
  base_ = settled_ = begin;
  rows_ = (begin < alone_end_ ? std::min(end, alone_end_) : end) - begin;
  taken_ = 0;
  args_.deopt_count = 0;
  scattered_ = false;
  if (way == Way::Lanes) opened_ns_ = now_ns();
}

int64_t Run::execute(const std::atomic<uint8_t>* cancel) {
  load_inputs();
  prepare_outputs();
  args_.deopts = at_least(deopt_rows_, rows_);
  args_.deopt_reasons = at_least(deopt_reasons_, rows_);
  args_.cancel = cancel;
  args_.depth_budget = std::min(spec_->depth_budget, max_depth);
  const codegen::Kernel& kernel = kernel_of_block();
  args_.tables = tables_.of(kernel, spec_->number, &fills_tables_);
  // Publishes what stands above, as the kernel's own stores do later; ThreadSanitizer knows nothing of those.
  __atomic_store_n(&args_.deopt_count, 0, __ATOMIC_RELEASE);
  int64_t done = kernel.run(&args_, 0, rows_);
  if (kernel.checks_inputs && args_.outside != 0) {
    ++misses_;
    args_.tables = tables_.of(*spec_->kernel, spec_->number, &fills_tables_);
    done = spec_->kernel->run(&args_, 0, rows_);
  } else if (kernel.lanes > 1) {
    lane_rows += done;
  }
  return base_ + done;
}

Way Run::went() const { return lane_rows * 8 >= (settled_ - begin) * 7 && lane_rows > 0 ? Way::Lanes : Way::General; }

void Run::tell(KernelChoice& choice, int64_t ns) const {
  const bool missed = way == Way::Lanes && went() == Way::General && misses_ > 0;
  if (missed) choice.missed(ns);
  // Rows that had to fill tables say nothing of the many that will find them full.
  if (fills_tables_ && (settled_ - begin) * few_of_job < spec_->end - spec_->begin) return;
  choice.learn(went(), settled_ - begin, ns);
}

// A block that lies within the second kernel's bounds is swept while it comes into the cache, which it would anyway;
// but a kernel that checks its inputs finds out itself.
const codegen::Kernel& Run::kernel_of_block() {
  const codegen::Kernel& general = *spec_->kernel;
  // Acquire: pairs with the release of the thread that compiled it.
  if (spec_->second == nullptr || misses_ >= max_misses || !spec_->second->ready.load(std::memory_order_acquire)) {
    return general;
  }
  const codegen::Kernel* chosen = spec_->second->kernel.get();
  if (chosen->lanes > 1) {
    if (base_ < alone_end_) return general;
    const bool few =
        rows_ * 4 < chosen->lanes && !lanes_only();  // most of what the group computes would be for nothing
    if (way == Way::General || few) {
      if (!spec_->second->single_ready.load(std::memory_order_acquire)) return general;  // acquire: as above
      chosen = spec_->second->single.get();
    }
  }
  const codegen::Kernel& second = *chosen;
  if (second.checks_inputs) return second;
  for (size_t k = 0; k < second.arg_ranges.size(); ++k) {
    if (second.param_types[k] != ir::Type::I64 || second.arg_ranges[k] == ir::IntRange{}) continue;
    if (!columns::all_within(inputs_[k], rows_, second.arg_ranges[k])) {
      ++misses_;
      return general;
    }
  }
  return second;
}

void Run::load_inputs() {
  const codegen::Kernel& kernel = *spec_->kernel;
  const std::vector<columns::View>& views = spec_->group->views;
  GILMAP_CHECK(kernel.param_types.size() == views.size());
  inputs_.resize(views.size());
  if (columns_.size() < views.size()) columns_.resize(views.size());
  for (size_t k = 0; k < views.size(); ++k) {
    if (columns::is_canonical(views[k])) {
      const int64_t width = kernel.param_types[k] == ir::Type::Bool ? 1 : 8;
      inputs_[k] = views[k].data + base_ * width;
    } else {
      int64_t* column = at_least(columns_[k], rows_);
      columns::load(views[k], base_, rows_, column);
      inputs_[k] = column;
    }
  }
  args_.inputs = inputs_.data();
}

// The calling thread reads what is written here only once it has seen a deopt of this block or the end of it.
void Run::prepare_outputs() {
  const columns::Group& group = *spec_->group;
  const codegen::Kernel& kernel = *spec_->kernel;
  const int64_t position = group.position(base_);
  // A list with a None here and there still has long stretches without one.
  const bool adjoining = group.position(base_ + rows_ - 1) - position == rows_ - 1;
  scattered_ = !adjoining || !same_width(*spec_);
  args_.tags = nullptr;
  if (scattered_) {
    args_.payload = at_least(payload_, rows_);
    if (writes_tags(kernel)) args_.tags = at_least(tags_, rows_);
    return;
  }
  args_.payload = kernel_width(kernel) == 0 ? nullptr : spec_->payload + position * spec_->payload_width;
  if (writes_tags(kernel)) {
    args_.tags = spec_->tags + position;
  } else if (spec_->tags != nullptr) {
    // Before the kernel: a row that it leaves to CPython may get another tag from the calling thread at any time.
    std::memset(spec_->tags + position, static_cast<int>(codegen::tag_of(kernel.result_types[0])),
                static_cast<size_t>(rows_));
  }
}

void Run::settle(int64_t row) { settle(row, args_.deopt_count); }

int64_t Run::settle_published() {
  // The kernel stores the count with release after it has written the entry and all results before it.
  const int64_t count = __atomic_load_n(&args_.deopt_count, __ATOMIC_ACQUIRE);
  if (count > taken_) settle(base_ + args_.deopts[count - 1] + 1, count);
  return settled_;
}

void Run::settle(int64_t row, int64_t published) {
  deopt_count += published - taken_;
  for (; taken_ < published; ++taken_) {
    const int64_t deopt = base_ + args_.deopts[taken_];
    if (scattered_) scatter(settled_, deopt);
    deopts.push_back({deopt, static_cast<ir::DeoptReason>(args_.deopt_reasons[taken_])});
    settled_ = deopt + 1;
  }
  if (scattered_) scatter(settled_, row);
  settled_ = std::max(settled_, row);
}

void Run::scatter(int64_t from, int64_t to) {
  const columns::Group& group = *spec_->group;
  const codegen::Kernel& kernel = *spec_->kernel;
  const int width = kernel_width(kernel);
  GILMAP_CHECK(width <= spec_->payload_width);
  const auto each_row = [&](auto write) {
    for (int64_t row = from; row < to; ++row) write(row - base_, group.position(row));
  };
  if (width == 8) {
    each_row([&](int64_t i, int64_t position) { std::memcpy(spec_->payload + position * 8, &payload_[i], 8); });
  } else if (width == 1) {
    const auto* bytes = reinterpret_cast<const uint8_t*>(payload_.data());
    each_row([&](int64_t i, int64_t position) {
      if (spec_->payload_width == 1) {
        spec_->payload[position] = static_cast<char>(bytes[i]);
      } else {
        const int64_t wide = bytes[i];
        std::memcpy(spec_->payload + position * 8, &wide, 8);
      }
    });
  }
  if (spec_->tags == nullptr) return;
  if (writes_tags(kernel)) {
    each_row([&](int64_t i, int64_t position) { spec_->tags[position] = tags_[i]; });
  } else {
    const auto tag = static_cast<uint8_t>(codegen::tag_of(kernel.result_types[0]));
    each_row([&](int64_t, int64_t position) { spec_->tags[position] = tag; });
  }
}

}  // namespace gilmap::runtime
