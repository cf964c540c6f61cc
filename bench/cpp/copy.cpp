// What moving the data of a call takes at least. Each thread has memory of its own, which it has written to before,
// and copies it again and again without asking anyone: no page is new, and neither the start of the threads nor the
// handing out of work is in the time of a round. Data that fits in a cache stays there, as a peer's does from call to
// call.

#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <thread>
#include <vector>

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace {

using Word = uint64_t;
using Clock = std::chrono::steady_clock;

struct Free {
  void operator()(Word* words) const { std::free(words); }
};

// Written to once. On large pages where the system has them, as NumPy asks for them.
std::unique_ptr<Word[], Free> words(int64_t count) {
  constexpr size_t kPage = size_t{2} << 20;
  const size_t bytes = static_cast<size_t>(std::max<int64_t>(count, 1)) * sizeof(Word);
  const bool large = bytes >= 2 * kPage;
  void* at = large ? std::aligned_alloc(kPage, (bytes + kPage - 1) / kPage * kPage) : std::malloc(bytes);
  if (at == nullptr) std::abort();
#ifdef __linux__
  if (large) madvise(at, bytes, MADV_HUGEPAGE);
#endif
  std::memset(at, 1, bytes);
  return std::unique_ptr<Word[], Free>(static_cast<Word*>(at));
}

// All that is written is written once, from as much of the input; what else there is of the input is read.
void move(const Word* in, int64_t words_in, Word* out, int64_t words_out, bool by_library) {
  const int64_t both = std::min(words_in, words_out);
  if (by_library) {
    std::memcpy(out, in, static_cast<size_t>(both) * sizeof(Word));
  } else {
    for (int64_t i = 0; i < both; ++i) out[i] = in[i] + 1;  // a plain copy would become the library's
  }
  Word sum = 0;
  for (int64_t i = both; i < words_in; ++i) sum += in[i];
  asm volatile("" : : "r"(out), "r"(sum) : "memory");  // each round counts
}

}  // namespace

// Seconds of a round, the least of `repeats` times `rounds` of them, by the library's copy or by a loop.
extern "C" double copy_seconds(int64_t words_in, int64_t words_out, int threads, int64_t rounds, int repeats,
                               bool by_library) {
  std::barrier together(threads);
  std::vector<Clock::time_point> begins(threads), ends(threads);
  double least = std::numeric_limits<double>::infinity();
  const auto work = [&](int k) {
    const auto part = [&](int64_t all) { return all * (k + 1) / threads - all * k / threads; };
    const int64_t own_in = part(words_in), own_out = part(words_out);
    const auto in = words(own_in), out = words(own_out);
    for (int r = 0; r < repeats; ++r) {
      together.arrive_and_wait();
      begins[k] = Clock::now();
      for (int64_t round = 0; round < rounds; ++round) move(in.get(), own_in, out.get(), own_out, by_library);
      ends[k] = Clock::now();
      together.arrive_and_wait();
      if (k != 0) continue;
      const auto took = *std::max_element(ends.begin(), ends.end()) - *std::min_element(begins.begin(), begins.end());
      least = std::min(least, std::chrono::duration<double>(took).count() / static_cast<double>(rounds));
    }
  };
  std::vector<std::thread> others;
  for (int k = 1; k < threads; ++k) others.emplace_back(work, k);
  work(0);
  for (std::thread& other : others) other.join();
  return least;
}
