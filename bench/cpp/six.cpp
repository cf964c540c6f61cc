// Of the six workloads that all benchmarks share, and of the roots, what gains from SIMD by hand; as in users.cpp, the
// work is the same and so are the bits. Work that is the same for several elements, or in each turn of a loop, is done
// once, as gilmap does it: the divisors of count_primes, and the walk that heavy_collatz repeats.

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "escape.h"
#include "lanes.h"
#include "loops.h"

namespace {

// Whether d divides i, for integers in single precision below 2^22: if it does, the product with the reciprocal is off
// by less than a half and rounds to the quotient; if it does not, no integer times d is i.
ShortInts divides(float d, float reciprocal, ShortFloats i) {
  const auto quotient = __builtin_convertvector(i * reciprocal + 0.5f, ShortInts);
  return __builtin_convertvector(quotient, ShortFloats) * d == i;
}

// Which of up to kRoom numbers from `first` on are primes, by trial division: bit k of `primes` stands for first + k.
// Those that are still undecided are packed together after each round of divisors.
class Trial {
 public:
  static constexpr int kRoom = 512;

  void run(int64_t first, int size, uint64_t* primes) {
    for (int k = 0; k < size; ++k) numbers_[k] = static_cast<float>(first + k);
    for (int divisor = 2; size != 0; divisor += kRound) {
      const float next = static_cast<float>(divisor + kRound), square = next * next;
      int left = 0;
      for (int at = 0; at < size; at += kWidth) {
        ShortFloats i;
        std::memcpy(&i, numbers_ + at, sizeof i);
        ShortInts composite{};
        for (int k = 0; k < kRound; ++k) {
          const float d = static_cast<float>(divisor + k);
          composite |= divides(d, 1.0f / d, i) & (i >= d * d);
        }
        left += keep(i, ~composite & (i >= square), std::min(kWidth, size - at), numbers_ + left);
        // Numbers grow, so the decided primes are mostly in the first vectors.
        const ShortInts prime = ~composite & (i < square);
        if (!any(prime)) continue;
        for (int k = 0; k < kWidth && at + k < size; ++k) {
          const int64_t bit = static_cast<int64_t>(i[k]) - first;
          if (prime[k] != 0) primes[bit / 64] |= uint64_t{1} << bit % 64;
        }
      }
      size = left;
    }
  }

 private:
  static constexpr int kWidth = 2 * kLanes, kRound = 8;

  float numbers_[kRoom + kWidth] = {};
};

// How long the walks to 1 are, in 32 bits; a walk that leaves them is done in 64 afterwards. They differ in length, so
// walks that are not at their end are packed together after some steps.
class Walks {
 public:
  static constexpr int64_t kRoom = 512;

  void add(int64_t start, int64_t at) {
    x_[size_] = static_cast<int32_t>(std::clamp<int64_t>(start, 0, kMost + 1)), at_[size_++] = static_cast<int32_t>(at);
  }

  // Writes the lengths to lengths[at], -1 if the walk left 32 bits, and is empty then.
  void run(int64_t* lengths) {
    for (int64_t done = 0; size_ != 0; done += kRound) {
      for (int64_t i = 0; i < size_; i += kFlight * kWidth) advance(i);
      int64_t left = 0;
      for (int64_t i = 0; i < size_; ++i) {
        lengths[at_[i]] = steps_[i] < 0 ? -1 : done + steps_[i];
        x_[left] = x_[i], at_[left] = at_[i];
        left += steps_[i] == kRound;
      }
      size_ = left;
    }
  }

 private:
  using Words = uint32_t __attribute__((vector_size(kBytes)));
  static constexpr int kFlight = 4, kWidth = 2 * kLanes, kRound = 16;
  static constexpr int32_t kMost = (std::numeric_limits<int32_t>::max() - 1) / 3;

  // A lane at its end goes round 1, 4, 2, and is not looked at again.
  void advance(int64_t first) {
    ShortInts x[kFlight], walking[kFlight], beyond[kFlight], steps[kFlight];
    each<kFlight>([&](auto k) {
      std::memcpy(&x[k], x_ + first + k * kWidth, sizeof x[k]);
      walking[k] = ShortInts{} - 1, beyond[k] = steps[k] = ShortInts{};
    });
    for (int step = 0; step < kRound; ++step) {
      each<kFlight>([&](auto k) {
        walking[k] &= x[k] != 1;
        beyond[k] |= walking[k] & ((x[k] > kMost) | (x[k] < 1));
        steps[k] -= walking[k];
        const auto up = reinterpret_cast<Words>(x[k]) * 3u + 1u;  // may wrap around where nobody looks
        x[k] = (x[k] & 1) != 0 ? reinterpret_cast<ShortInts>(up) : x[k] >> 1;
      });
    }
    each<kFlight>([&](auto k) {
      const ShortInts said = steps[k] | beyond[k];
      std::memcpy(x_ + first + k * kWidth, &x[k], sizeof x[k]);
      std::memcpy(steps_ + first + k * kWidth, &said, sizeof said);
    });
  }

  int32_t x_[kRoom + kFlight * kWidth] = {}, at_[kRoom], steps_[kRoom + kFlight * kWidth];
  int64_t size_ = 0;
};

// Newton's method for cube roots. Starts differ in their number of steps, so elements that are still at work are packed
// together after a few, as escape.h does.
class Roots {
 public:
  static constexpr int64_t kRoom = 512;

  void add(double a, double start, int64_t at) { a_[size_] = a, x_[size_] = start, at_[size_++] = at; }

  // The first element that divides by zero, or `end`.
  int64_t run(double* out, int64_t end) {
    int64_t failed = end;
    for (int done = 0; size_ != 0 && done < 100; done += kRound) {
      for (int64_t i = 0; i < size_; i += kFlight * kLanes) advance(i);
      int64_t left = 0;
      for (int64_t i = 0; i < size_; i += kLanes) {
        const Floats a = whole<Floats>(a_, i), x = whole<Floats>(x_, i);
        const Ints at = whole<Ints>(at_, i), state = whole<Ints>(state_, i), busy = state == 0;
        if (any(state == kFailed)) {
          for (int64_t k = i; k < std::min(i + kLanes, size_); ++k) {
            if (state_[k] == kFailed) failed = std::min(failed, at_[k]);
          }
        }
        scatter(x, at, done + kRound < 100 ? ~busy : Ints{} - 1, size_ - i, out);
        keep(a, busy, size_ - i, a_ + left), keep(x, busy, size_ - i, x_ + left);
        left += keep(at, busy, size_ - i, at_ + left);
      }
      size_ = left;
    }
    size_ = 0;
    return failed;
  }

 private:
  static constexpr int kFlight = 4, kRound = 4;
  static constexpr int64_t kDone = 1, kFailed = 2;

  void advance(int64_t first) {
    Floats a[kFlight], x[kFlight];
    Ints state[kFlight];
    each<kFlight>([&](auto k) {
      const int64_t at = first + k * kLanes;
      a[k] = load<Floats>(a_, at, size_), x[k] = load<Floats>(x_, at, size_), state[k] = Ints{};
    });
    for (int step = 0; step < kRound; ++step) {
      each<kFlight>([&](auto k) {
        const Floats slope = 3.0 * x[k] * x[k];
        const Floats next = x[k] - (x[k] * x[k] * x[k] - a[k]) / slope;
        const Ints busy = state[k] == 0, zero = slope == 0.0;
        const Ints close = magnitude(next - x[k]) <= 1e-15 * magnitude(next);
        state[k] |= busy & ((zero & kFailed) | (~zero & close & kDone));
        x[k] = busy ? next : x[k];
      });
    }
    each<kFlight>([&](auto k) {
      const int64_t at = first + k * kLanes;
      store(x[k], x_, at, size_), store(state[k], state_, at, size_);
    });
  }

  static Floats magnitude(Floats v) {
    return reinterpret_cast<Floats>(reinterpret_cast<Ints>(v) & std::numeric_limits<int64_t>::max());
  }

  double a_[kRoom], x_[kRoom];
  int64_t at_[kRoom], state_[kRoom], size_ = 0;
};

}  // namespace

// All elements count the same numbers from 2 on: each is tried once, up to the largest element, by all threads.
PEER(count_primes) {
  constexpr int64_t kMost = 1 << 22, kRoom = Trial::kRoom;
  const int64_t* in = INTS(0);
  const int64_t most = size == 0 ? 0 : std::max<int64_t>(0, *std::max_element(in, in + size));
  if (most >= kMost) return std::find_if(in, in + size, [](int64_t n) { return n >= kMost; }) - in + 1;
  const int64_t blocks = most / kRoom + 1;
  std::vector<uint64_t> primes(static_cast<size_t>(blocks * (kRoom / 64)));
  // The highest numbers take longest, and are begun first.
  in_chunks(blocks, threads, 1, [&](int64_t begin, int64_t end) {
    Trial trial;
    for (int64_t b = begin; b < end; ++b) {
      const int64_t first = (blocks - 1 - b) * kRoom, size = std::min(kRoom, most + 1 - first);
      const int64_t skip = first == 0 ? std::min<int64_t>(2, size) : 0;
      if (skip == size) continue;
      uint64_t bits[kRoom / 64 + 1] = {};
      trial.run(first + skip, static_cast<int>(size - skip), bits);
      uint64_t* to = &primes[static_cast<size_t>(first / 64)];
      for (int64_t w = kRoom / 64 - 1; w >= 0; --w) {
        to[w] = skip == 0 ? bits[w] : bits[w] << skip | (w == 0 ? 0 : bits[w - 1] >> (64 - skip));
      }
    }
    return end;
  });
  std::vector<int64_t> before(primes.size() + 1);
  for (size_t w = 0; w < primes.size(); ++w) before[w + 1] = before[w] + std::popcount(primes[w]);
  for (int64_t e = 0; e < size; ++e) {
    const auto n = static_cast<uint64_t>(std::max<int64_t>(in[e], 0)), w = n / 64;
    static_cast<int64_t*>(result)[e] = before[w] + std::popcount(primes[w] & ~uint64_t{0} >> (63 - n % 64));
  }
  return 0;
}

PEER(heavy_collatz) {
  return in_chunks(size, threads, 256, [in = INTS(0), out = static_cast<int64_t*>(result)](int64_t begin, int64_t end) {
    Walks walks;
    for (int64_t i = begin; i < end; i += Walks::kRoom) {
      const int64_t stop = std::min(i + Walks::kRoom, end);
      for (int64_t k = i; k < stop; ++k) walks.add(in[k], k - i);
      walks.run(out + i);
    }
    for (int64_t e = begin; e < end; ++e) {
      int64_t steps = out[e];
      if (steps < 0) {
        steps = 0;
        for (int64_t x = in[e]; x != 1; ++steps) {
          if (x % 2 == 0) {
            x >>= 1;
          } else if (__builtin_mul_overflow(x, 3, &x) || __builtin_add_overflow(x, 1, &x)) {
            return e;
          }
        }
      }
      out[e] = 1000 * steps;
    }
    return end;
  });
}

PEER(mandelbrot_iters) {
  return in_chunks(size, threads, 64,
                   [in = FLOATS(0), out = static_cast<int64_t*>(result)](int64_t begin, int64_t end) {
                     Orbits orbits;
                     for (int64_t i = begin; i < end;) {
                       const int64_t stop = std::min(i + Orbits::kRoom, end);
                       for (; i < stop; ++i) orbits.add(0.0, 0.0, in[i] / 1000.0 - 0.5, in[i] / 1500.0, i);
                       orbits.run(800, out);
                     }
                     return end;
                   });
}

// n may as well be its remainder, and so may i * n, which grows by n: then the remainder of a sum of two is that sum or
// less by one modulus, whichever is smaller without a sign. All of it fits 32 bits.
PEER(medium_compute) {
  using Words = uint32_t __attribute__((vector_size(kBytes)));
  constexpr int kFlight = 4, kWidth = 2 * kLanes, kBlock = kFlight * kWidth;
  constexpr int64_t kModulus = 1'000'003;
  return in_blocks(size, threads, kBlock, [in = INTS(0), out = static_cast<int64_t*>(result)](int64_t i, int64_t end) {
    const auto reduced = [](Words sum) {
      const Words less = sum - static_cast<uint32_t>(kModulus);
      return less < sum ? less : sum;
    };
    uint32_t rests[kBlock] = {};
    for (int64_t k = 0; k < end - i; ++k) rests[k] = static_cast<uint32_t>(floor_mod(in[i + k], kModulus));
    Words n[kFlight], term[kFlight], acc[kFlight];
    each<kFlight>([&](auto k) {
      std::memcpy(&n[k], rests + k * kWidth, sizeof n[k]);
      term[k] = acc[k] = Words{};
    });
    for (int j = 0; j < 200; ++j) {
      each<kFlight>([&](auto k) {
        acc[k] = reduced(acc[k] + term[k]);
        term[k] = reduced(term[k] + n[k]);
      });
    }
    each<kFlight>([&](auto k) { std::memcpy(rests + k * kWidth, &acc[k], sizeof acc[k]); });
    for (int64_t k = 0; k < end - i; ++k) out[i + k] = rests[k];
  });
}

PEER(quick_collatz) {
  return in_chunks(
      size, threads, kLanes, [in = INTS(0), out = static_cast<int64_t*>(result)](int64_t begin, int64_t end) {
        constexpr int64_t kMost = std::numeric_limits<int64_t>::max() / 3 - 1;
        for (int64_t i = begin; i < end; i += kLanes) {
          const Ints x = load<Ints>(in, i, end);
          const Ints odd = -(x & 1);
          if (any(odd & ((x > kMost) | (x < -kMost)))) {
            for (; i < end; ++i) {
              if (in[i] % 2 == 0) {
                out[i] = in[i] >> 1;
              } else if (__builtin_mul_overflow(in[i], 3, &out[i]) || __builtin_add_overflow(out[i], 1, &out[i])) {
                return i;
              }
            }
            return end;
          }
          store(odd != 0 ? x * 3 + 1 : x >> 1, out, i, end);
        }
        return end;
      });
}

PEER(newton_root) {
  return in_chunks(size, threads, 64,
                   [a = FLOATS(0), start = FLOATS(1), out = static_cast<double*>(result)](int64_t begin, int64_t end) {
                     Roots roots;
                     for (int64_t i = begin; i < end;) {
                       const int64_t stop = std::min(i + Roots::kRoom, end);
                       for (; i < stop; ++i) roots.add(a[i], start[i], i);
                       const int64_t failed = roots.run(out, end);
                       if (failed != end) return failed;
                     }
                     return end;
                   });
}
