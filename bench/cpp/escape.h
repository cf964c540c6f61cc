// Escape-time fractals: how many steps z → z² + c takes until |z|² > 4.
//
// Elements differ in their number of steps by a factor of hundreds, so lanes that wait for the slowest of theirs would
// idle. Elements are taken in rounds of a few steps, and those that are still at work are packed together after each.

#pragma once

#include "lanes.h"

namespace {

class Orbits {
 public:
  static constexpr int64_t kRoom = 512;  // 24 KB, within the first cache
  static constexpr int64_t kRound = 20;  // steps; less in the first rounds, in which many escape

  void add(double re, double im, double cr, double ci, int64_t at) {
    re_[size_] = re, im_[size_] = im, cr_[size_] = cr, ci_[size_] = ci, at_[size_++] = at;
  }

  // Writes the numbers of steps to out[at], and is empty then. `limit` is a multiple of kRound.
  void run(int64_t limit, int64_t* out) {
    for (int64_t done = 0; size_ != 0 && done < limit;) {
      const int64_t steps = done == 0 ? 4 : done == 4 ? kRound - 4 : kRound;
      for (int64_t i = 0; i < size_; i += kFlight * kLanes) advance(i, steps);
      pack(done, steps, out);
      done += steps;
    }
    for (int64_t i = 0; i < size_; ++i) out[at_[i]] = limit;
    size_ = 0;
  }

 private:
  static constexpr int kFlight = 4;

  // As Python does, the test is first: an element that is beyond 4 before step i has made i steps. A lane that has
  // escaped goes on to infinities, and is not looked at again.
  void advance(int64_t first, int64_t round) {
    Floats re[kFlight], im[kFlight], cr[kFlight], ci[kFlight];
    Ints inside[kFlight], steps[kFlight];
    each<kFlight>([&](auto k) {
      const int64_t at = first + k * kLanes;
      re[k] = load<Floats>(re_, at, size_), im[k] = load<Floats>(im_, at, size_);
      cr[k] = load<Floats>(cr_, at, size_), ci[k] = load<Floats>(ci_, at, size_);
      inside[k] = Ints{} - 1, steps[k] = Ints{};
    });
    for (int64_t i = 0; i < round; ++i) {
      each<kFlight>([&](auto k) {
        const Floats rr = re[k] * re[k], ii = im[k] * im[k];
        inside[k] &= ~(rr + ii > 4.0);  // a NaN is not beyond 4
        steps[k] -= inside[k];
        im[k] = 2.0 * re[k] * im[k] + ci[k];
        re[k] = rr - ii + cr[k];
      });
    }
    each<kFlight>([&](auto k) {
      const int64_t at = first + k * kLanes;
      store(re[k], re_, at, size_), store(im[k], im_, at, size_), store(steps[k], steps_, at, size_);
    });
  }

  void pack(int64_t done, int64_t round, int64_t* out) {
    int64_t left = 0;
    for (int64_t i = 0; i < size_; i += kLanes) {
      const Floats re = whole<Floats>(re_, i), im = whole<Floats>(im_, i);
      const Floats cr = whole<Floats>(cr_, i), ci = whole<Floats>(ci_, i);
      const Ints at = whole<Ints>(at_, i), steps = whole<Ints>(steps_, i), inside = steps == round;
      scatter(done + steps, at, ~inside, size_ - i, out);
      keep(re, inside, size_ - i, re_ + left), keep(im, inside, size_ - i, im_ + left);
      keep(cr, inside, size_ - i, cr_ + left), keep(ci, inside, size_ - i, ci_ + left);
      left += keep(at, inside, size_ - i, at_ + left);
    }
    size_ = left;
  }

  double re_[kRoom], im_[kRoom], cr_[kRoom], ci_[kRoom];
  int64_t at_[kRoom], steps_[kRoom], size_ = 0;
};

}  // namespace
