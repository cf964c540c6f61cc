// Peers of the SIMD kernels: what one would write in C++, with the overflow and division checks that Python's integers
// and floats ask for. Each function returns how many elements it could not compute; there are none in the benchmarks.
// Counters that cannot overflow are not checked.

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <thread>
#include <vector>

namespace {

// Calls body(begin, end) for chunks of 0 to n - 1, from several threads, the calling one among them.
template <class Body>
void in_chunks(int64_t n, int threads, Body body) {
  const int64_t chunk = std::max<int64_t>(1, n / (threads * int64_t{32}));
  std::atomic<int64_t> next{0};
  auto work = [&] {
    for (int64_t begin; (begin = next.fetch_add(chunk)) < n;) body(begin, std::min(begin + chunk, n));
  };
  std::vector<std::thread> others;
  for (int k = 1; k < threads; ++k) others.emplace_back(work);
  work();
  for (std::thread& t : others) t.join();
}

// element(i) computes one element, and says whether it could.
template <class Element>
int64_t for_all(int64_t n, int threads, Element element) {
  std::atomic<int64_t> failed{0};
  in_chunks(n, threads, [&](int64_t begin, int64_t end) {
    int64_t count = 0;
    for (int64_t i = begin; i < end; ++i) count += !element(i);
    failed += count;
  });
  return failed;
}

int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a % b < 0) != (b < 0)); }
int64_t floor_mod(int64_t a, int64_t b) {
  const int64_t r = a % b;
  return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

// The next number of Collatz' sequence.
bool step(int64_t& x) {
  if (floor_mod(x, 2) == 0) {
    x = floor_div(x, 2);
    return true;
  }
  return !__builtin_mul_overflow(x, 3, &x) && !__builtin_add_overflow(x, 1, &x);
}

double normal_cdf(double x) { return 0.5 * (1.0 + std::erf(x / std::sqrt(2.0))); }

}  // namespace

#define PEER(name) extern "C" int64_t name(const void* const* columns, void* result, int64_t size, int threads)
#define INTS(k) static_cast<const int64_t*>(columns[k])
#define FLOATS(k) static_cast<const double*>(columns[k])

PEER(count_primes) {
  return for_all(size, threads, [in = INTS(0), out = static_cast<int64_t*>(result)](int64_t e) {
    int64_t end, count = 0;
    if (__builtin_add_overflow(in[e], 1, &end)) return false;
    for (int64_t i = 2; i < end; ++i) {
      int64_t d = 2, square = 4;
      while (square <= i) {
        if (floor_mod(i, d) == 0) break;
        ++d;
        if (__builtin_mul_overflow(d, d, &square)) return false;
      }
      count += square > i;
    }
    out[e] = count;
    return true;
  });
}

PEER(heavy_collatz) {
  return for_all(size, threads, [in = INTS(0), out = static_cast<int64_t*>(result)](int64_t e) {
    int64_t total = 0;
    for (int k = 0; k < 1000; ++k) {
      for (int64_t x = in[e]; x != 1; ++total) {
        if (!step(x)) return false;
      }
    }
    out[e] = total;
    return true;
  });
}

PEER(mandelbrot_iters) {
  return for_all(size, threads, [in = FLOATS(0), out = static_cast<int64_t*>(result)](int64_t e) {
    const double cr = in[e] / 1000.0 - 0.5, ci = in[e] / 1500.0;
    double zr = 0, zi = 0;
    int64_t i = 0;
    for (; i < 800 && !(zr * zr + zi * zi > 4.0); ++i) {
      const double next = zr * zr - zi * zi + cr;
      zi = 2.0 * zr * zi + ci;
      zr = next;
    }
    out[e] = i;
    return true;
  });
}

PEER(medium_compute) {
  return for_all(size, threads, [in = INTS(0), out = static_cast<int64_t*>(result)](int64_t e) {
    int64_t acc = 0;
    for (int64_t i = 0; i < 200; ++i) {
      int64_t term;
      if (__builtin_mul_overflow(i, in[e], &term) || __builtin_add_overflow(acc, term, &acc)) return false;
      acc = floor_mod(acc, 1'000'003);
    }
    out[e] = acc;
    return true;
  });
}

PEER(quick_collatz) {
  return for_all(size, threads, [in = INTS(0), out = static_cast<int64_t*>(result)](int64_t e) {
    int64_t x = in[e];
    const bool done = step(x);
    out[e] = x;
    return done;
  });
}

PEER(float_math) {
  return for_all(size, threads, [in = FLOATS(0), out = static_cast<double*>(result)](int64_t e) {
    out[e] = in[e] * 1.5 + 0.5;
    return true;
  });
}

PEER(collatz_length) {
  return for_all(size, threads, [in = INTS(0), out = static_cast<int64_t*>(result)](int64_t e) {
    int64_t length = 0;
    for (int64_t x = in[e]; x != 1; ++length) {
      if (!step(x)) return false;
    }
    out[e] = length;
    return true;
  });
}

PEER(newton_root) {
  return for_all(size, threads, [a = FLOATS(0), start = FLOATS(1), out = static_cast<double*>(result)](int64_t e) {
    double x = start[e];
    for (int k = 0; k < 100; ++k) {
      const double slope = 3.0 * x * x;
      if (slope == 0) return false;
      const double next = x - (x * x * x - a[e]) / slope;
      const bool close = std::fabs(next - x) <= 1e-15 * std::fabs(next);
      x = next;
      if (close) break;
    }
    out[e] = x;
    return true;
  });
}

PEER(black_scholes) {
  return for_all(size, threads, [s = FLOATS(0), t = FLOATS(1), out = static_cast<double*>(result)](int64_t e) {
    const double spot = s[e], years = t[e], strike = 100.0, rate = 0.03, volatility = 0.25;
    if (years < 0) return false;
    const double deviation = volatility * std::sqrt(years);
    if (spot / strike <= 0 || deviation == 0) return false;
    const double d = (std::log(spot / strike) + (rate + 0.5 * volatility * volatility) * years) / deviation;
    const double discount = std::exp(-rate * years);
    if (std::isinf(discount)) return false;
    out[e] = spot * normal_cdf(d) - strike * discount * normal_cdf(d - deviation);
    return true;
  });
}
