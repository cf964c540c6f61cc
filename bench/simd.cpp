// Peers of the SIMD kernels: what one would write in C++, with the overflow and division checks that Python's integers
// and floats ask for, in plain loops. cpp/loops.h says what they return. Counters that cannot overflow are not checked.

#include <cmath>
#include <cstdint>

#include "cpp/loops.h"

namespace {

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
