// Of the six workloads that all benchmarks share, and of the roots, what gains from SIMD by hand; as in users.cpp, the
// work is the same and so are the bits. heavy_collatz, of which one could see that it repeats itself, is not here.

#include <cmath>
#include <limits>

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

// Primes among `size` numbers from `first` on, by trial division; survivors are packed after each round of divisors.
int64_t primes_among(float first, int size) {
  constexpr int kRoom = 512, kWidth = 2 * kLanes, kRound = 8;
  float numbers[kRoom + kWidth] = {};
  for (int k = 0; k < size; ++k) numbers[k] = first + static_cast<float>(k);
  int64_t count = 0;
  for (int divisor = 2; size != 0; divisor += kRound) {
    const float next = static_cast<float>(divisor + kRound);
    int left = 0;
    for (int at = 0; at < size; at += kWidth) {
      ShortFloats i;
      std::memcpy(&i, numbers + at, sizeof i);
      ShortInts composite{};
      for (int k = 0; k < kRound; ++k) {
        const float d = static_cast<float>(divisor + k);
        composite |= divides(d, 1.0f / d, i) & (i >= d * d);
      }
      for (int k = 0; k < kWidth && at + k < size; ++k) {
        const bool prime = composite[k] == 0 && numbers[at + k] < next * next;
        count += prime;
        numbers[left] = i[k];
        left += composite[k] == 0 && !prime;
      }
    }
    size = left;
  }
  return count;
}

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
      for (int64_t i = 0; i < size_; ++i) {
        out[at_[i]] = x_[i];
        if (state_[i] == kFailed) failed = std::min(failed, at_[i]);
        a_[left] = a_[i], x_[left] = x_[i], at_[left] = at_[i];
        left += state_[i] == 0;
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

PEER(count_primes) {
  return for_all(size, threads, [in = INTS(0), out = static_cast<int64_t*>(result)](int64_t e) {
    if (in[e] >= 1 << 22) return false;
    int64_t count = 0;
    for (int64_t first = 2; first <= in[e]; first += 512) {
      count += primes_among(static_cast<float>(first), static_cast<int>(std::min<int64_t>(512, in[e] - first + 1)));
    }
    out[e] = count;
    return true;
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

// n may as well be its remainder, and remainders may be negative until the end: sums stay within 2^28, so that all is
// exact in floats. To add and subtract 1.5 * 2^52 rounds to the nearest integer.
PEER(medium_compute) {
  constexpr int kFlight = 4, kWidth = kFlight * kLanes;
  constexpr double kModulus = 1'000'003.0, kRounder = 0x1.8p52;
  return in_blocks(size, threads, kWidth, [in = INTS(0), out = static_cast<int64_t*>(result)](int64_t i, int64_t end) {
    Floats n[kFlight], term[kFlight], acc[kFlight];
    each<kFlight>([&](auto k) {
      const Ints whole = load<Ints>(in, i + k * kLanes, end);
      n[k] = Floats{};
      for (int lane = 0; lane < kLanes; ++lane) n[k][lane] = static_cast<double>(floor_mod(whole[lane], 1'000'003));
      term[k] = acc[k] = Floats{};
    });
    for (int j = 0; j < 200; ++j) {
      each<kFlight>([&](auto k) {
        const Floats sum = acc[k] + term[k];
        const Floats quotient = sum * (1.0 / kModulus) + kRounder - kRounder;
        acc[k] = sum - quotient * kModulus;
        term[k] += n[k];
      });
    }
    each<kFlight>([&](auto k) {
      const Floats remainder = acc[k] < 0.0 ? acc[k] + kModulus : acc[k];
      store(__builtin_convertvector(remainder, Ints), out, i + k * kLanes, end);
    });
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
