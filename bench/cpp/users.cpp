// Peers of the functions that users run (bench/workloads/users.py) as an expert writes them for speed: SIMD by hand
// where that keeps the bits, the same operations in the same order, and libm's functions one element at a time, since
// vector versions of them give other last bits. Nobody replaces the work by other work: gcds are computed, not factors.

#include <array>
#include <bit>
#include <cmath>
#include <numeric>

#include "escape.h"
#include "lanes.h"
#include "loops.h"

namespace {

ShortFloats magnitude(ShortFloats v) {
  return reinterpret_cast<ShortFloats>(reinterpret_cast<ShortInts>(v) & 0x7fffffff);
}

double radians(double degrees) { return degrees * (3.141592653589793 / 180.0); }

// x ** 2 in Python is libm's pow, which is not x * x to the last bit, as compilers take it to be.
double squared(double x) {
  static const volatile double two = 2.0;
  return std::pow(x, two);
}

// Accounts, taken a year at a time and packed together after each, as escape.h does: some have ten years, others one.
class Accounts {
 public:
  static constexpr int64_t kRoom = 512;

  void add(double principal, int64_t years, int64_t at) {
    balance_[size_] = principal, years_[size_] = years, at_[size_++] = at;
  }

  void run(double* out) {
    pack(out);
    while (size_ != 0) {
      for (int64_t i = 0; i < size_; i += kFlight * kLanes) one_year(i);
      for (int64_t i = 0; i < size_; ++i) --years_[i];
      pack(out);
    }
  }

 private:
  static constexpr int kFlight = 4;

  void one_year(int64_t first) {
    Floats balance[kFlight], earned[kFlight];
    each<kFlight>(
        [&](auto k) { balance[k] = load<Floats>(balance_, first + k * kLanes, size_), earned[k] = Floats{}; });
    for (int month = 0; month < 12; ++month) {
      each<kFlight>([&](auto k) {
        const Floats high = Floats{} + 0.04, low = Floats{} + 0.025;
        const Floats interest = balance[k] * (balance[k] >= 10000.0 ? high : low) / 12.0;
        earned[k] += interest;
        balance[k] += interest;
        balance[k] = balance[k] < 1000.0 ? balance[k] - 1.5 : balance[k];
      });
    }
    each<kFlight>([&](auto k) {
      balance[k] = earned[k] > 800.0 ? balance[k] - 0.25 * (earned[k] - 800.0) : balance[k];
      store(balance[k], balance_, first + k * kLanes, size_);
    });
  }

  void pack(double* out) {
    int64_t left = 0;
    for (int64_t i = 0; i < size_; ++i) {
      out[at_[i]] = balance_[i];
      balance_[left] = balance_[i], years_[left] = years_[i], at_[left] = at_[i];
      left += years_[i] > 0;
    }
    size_ = left;
  }

  double balance_[kRoom];
  int64_t years_[kRoom], at_[kRoom], size_ = 0;
};

constexpr int64_t kTable = 10'000;
constexpr auto kDigitSums = [] {
  std::array<uint8_t, kTable> sums{};
  for (int64_t n = 0; n < kTable; ++n) sums[n] = n % 10 + n / 10 % 10 + n / 100 % 10 + n / 1000;
  return sums;
}();

// About a / b for b < 2^12, so near that its nearest integer is off by less than a half and one.
template <bool Small>
ShortFloats ratio(ShortFloats a, ShortFloats b) {
#ifdef __AVX512F__
  if constexpr (Small) return a * reinterpret_cast<ShortFloats>(_mm512_rcp14_ps(reinterpret_cast<__m512>(b)));
#endif
  return a / b;
}

// How many of 1 to n are coprime to n < 2^22: Euclid's algorithm with the nearest quotient, which leaves at most half
// of the divisor, in single precision. Any integer would do for a quotient, as products and differences below 2^24 are
// exact; small numbers need no division, since their reciprocals are good to 14 bits (Small: n < 2^12).
template <bool Small>
int64_t coprimes(int64_t n) {
  constexpr int kFlight = 2, kWidth = 2 * kLanes;
  ShortFloats lane;
  for (int k = 0; k < kWidth; ++k) lane[k] = static_cast<float>(k + 1);
  const float last = static_cast<float>(n);
  ShortInts count{};
  for (int64_t first = 0; first < n; first += kFlight * kWidth) {
    ShortFloats a[kFlight], b[kFlight];
    ShortInts within[kFlight], busy{};
    each<kFlight>([&](auto k) {
      b[k] = lane + static_cast<float>(first + k * kWidth);
      within[k] = b[k] <= last;
      a[k] = ShortFloats{} + last;
    });
    do {
      busy = ShortInts{};
      each<kFlight>([&](auto k) {
        const ShortInts more = b[k] != 0.0f;
        const ShortFloats divisor = more ? b[k] : ShortFloats{} + 1.0f;
        constexpr float kRounder = 0x1.8p23f;  // to add and subtract it rounds to the nearest integer
        const ShortFloats quotient = ratio<Small>(a[k], divisor) + kRounder - kRounder;
        const ShortFloats rest = magnitude(a[k] - quotient * divisor);
        a[k] = more ? divisor : a[k];
        b[k] = more ? rest : b[k];
        busy |= b[k] != 0.0f;
      });
    } while (any(busy));
    each<kFlight>([&](auto k) { count -= within[k] & (a[k] == 1.0f); });
  }
  int64_t total = 0;
  for (int k = 0; k < kWidth; ++k) total += count[k];
  return total;
}

int64_t place_queens(uint64_t full, uint64_t columns, uint64_t left, uint64_t right) {
  if (columns == full) return 1;
  int64_t count = 0;
  for (uint64_t free = full & ~(columns | left | right); free != 0; free &= free - 1) {
    const uint64_t queen = free & -free;
    count += place_queens(full, columns | queen, (left | queen) << 1, (right | queen) >> 1);
  }
  return count;
}

}  // namespace

PEER(great_circle) {
  return for_all(size, threads,
                 [lat1 = FLOATS(0), lon1 = FLOATS(1), lat2 = FLOATS(2), lon2 = FLOATS(3),
                  out = static_cast<double*>(result)](int64_t e) {
                   const double p1 = radians(lat1[e]), p2 = radians(lat2[e]);
                   const double north = (p2 - p1) / 2, east = radians(lon2[e] - lon1[e]) / 2;
                   if (std::isinf(north) || std::isinf(east)) return false;
                   const double h = squared(std::sin(north)) + std::cos(p1) * std::cos(p2) * squared(std::sin(east));
                   if (h < 0) return false;
                   const double root = std::sqrt(h);
                   out[e] = 2 * 6371.0088 * std::asin(root < 1.0 ? root : 1.0);
                   return true;
                 });
}

// Only the lower 31 bits of a product count, so it may wrap around at 32. Coordinates stay integers below 2^31: squares
// and sums of floats round alike at any power of two, and 1.0 becomes 2^62.
PEER(monte_carlo_pi) {
  constexpr int kFlight = 4;
  using Words = uint32_t __attribute__((vector_size(kBytes / 2)));
  return in_blocks(size, threads, kFlight * kLanes,
                   [in = INTS(0), out = static_cast<double*>(result)](int64_t i, int64_t end) {
                     Words state[kFlight];
                     Ints hits[kFlight];
                     const auto draw = [&](int k) {
                       state[k] = (state[k] * 1103515245u + 12345u) & 0x7fffffffu;
                       return __builtin_convertvector(reinterpret_cast<HalfInts>(state[k]), Floats);
                     };
                     each<kFlight>([&](auto k) {
                       state[k] = __builtin_convertvector(load<Ints>(in, i + k * kLanes, end), Words);
                       hits[k] = Ints{};
                     });
                     for (int n = 0; n < 500; ++n) {
                       each<kFlight>([&](auto k) {
                         const Floats x = draw(k), y = draw(k);
                         hits[k] -= x * x + y * y <= 0x1p62;
                       });
                     }
                     each<kFlight>([&](auto k) {
                       const Floats share = __builtin_convertvector(4 * hits[k], Floats) / 500.0;
                       store(share, out, i + k * kLanes, end);
                     });
                   });
}

PEER(julia) {
  return in_chunks(size, threads, 64,
                   [re = FLOATS(0), im = FLOATS(1), out = static_cast<int64_t*>(result)](int64_t begin, int64_t end) {
                     Orbits orbits;
                     for (int64_t i = begin; i < end;) {
                       const int64_t stop = std::min(i + Orbits::kRoom, end);
                       for (; i < stop; ++i) orbits.add(re[i], im[i], -0.8, 0.156, i);
                       orbits.run(200, out);
                     }
                     return end;
                   });
}

PEER(logistic_map) {
  constexpr int kFlight = kBytes == 64 ? 8 : 4;  // two registers each
  return in_blocks(size, threads, kFlight * kLanes,
                   [in = FLOATS(0), out = static_cast<double*>(result)](int64_t i, int64_t end) {
                     Floats r[kFlight], x[kFlight];
                     each<kFlight>([&](auto k) {
                       r[k] = load<Floats>(in, i + k * kLanes, end);
                       x[k] = Floats{} + 0.5;
                     });
                     for (int n = 0; n < 300; ++n) {
                       each<kFlight>([&](auto k) { x[k] = r[k] * x[k] * (1.0 - x[k]); });
                     }
                     each<kFlight>([&](auto k) { store(x[k], out, i + k * kLanes, end); });
                   });
}

PEER(digit_sum) {
  return for_all(size, threads, [in = INTS(0), out = static_cast<int64_t*>(result)](int64_t e) {
    int64_t total = 0;
    for (uint64_t n = std::max<int64_t>(in[e], 0); n != 0; n /= kTable) total += kDigitSums[n % kTable];
    out[e] = total;
    return true;
  });
}

PEER(totient) {
  return for_all(size, threads, [in = INTS(0), out = static_cast<int64_t*>(result)](int64_t e) {
    const int64_t n = in[e];
    if (n < 1 << 22) {
      out[e] = n < 1 << 12 ? coprimes<true>(n) : coprimes<false>(n);
    } else {
      int64_t count = 0;
      for (int64_t k = 1; k <= n; ++k) count += std::gcd(k, n) == 1;
      out[e] = count;
    }
    return true;
  });
}

// Masks of at most 48 bits: a first queen further out is beyond what this one computes.
PEER(n_queens) {
  return for_all(size, threads, [in = INTS(0), out = static_cast<int64_t*>(result)](int64_t e) {
    if (in[e] < 0 || in[e] / 8 > 40) return false;
    const uint64_t a = uint64_t{1} << (in[e] / 8), b = uint64_t{1} << (in[e] % 8);
    const uint64_t left = a << 1, right = a >> 1;
    out[e] = (b & (a | left | right)) != 0 ? 0 : place_queens(255, a | b, (left | b) << 1, (right | b) >> 1);
    return true;
  });
}

PEER(compound_interest) {
  return in_chunks(
      size, threads, 64,
      [principal = FLOATS(0), years = INTS(1), out = static_cast<double*>(result)](int64_t begin, int64_t end) {
        Accounts accounts;
        for (int64_t i = begin; i < end;) {
          const int64_t stop = std::min(i + Accounts::kRoom, end);
          for (; i < stop; ++i) accounts.add(principal[i], years[i], i);
          accounts.run(out);
        }
        return end;
      });
}

PEER(checked_root) {
  constexpr int kFlight = 4, kWidth = kFlight * kLanes;
  return in_chunks(size, threads, kWidth,
                   [in = FLOATS(0), out = static_cast<double*>(result)](int64_t begin, int64_t end) {
                     for (int64_t i = begin; i < end; i += kWidth) {
                       const int64_t stop = std::min(i + kWidth, end);
                       Floats root[kFlight], y[kFlight];
                       Ints negative{};
                       each<kFlight>([&](auto k) {
                         const Floats x = load<Floats>(in, i + k * kLanes, stop);
                         negative |= x < 0.0;
                         root[k] = square_root(x);
                         y[k] = x * 0.5 + 1.0;
                       });
                       if (any(negative)) return std::find_if(in + i, in + stop, [](double x) { return x < 0; }) - in;
                       for (int n = 0; n < 20; ++n) {
                         each<kFlight>([&](auto k) { y[k] = 0.5 * (y[k] + root[k] / (y[k] + 1.0)); });
                       }
                       each<kFlight>([&](auto k) { store(y[k], out, i + k * kLanes, stop); });
                     }
                     return end;
                   });
}
