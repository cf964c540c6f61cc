#include "filetests/foreign.h"

#include <bit>
#include <cmath>
#include <map>
#include <string>

namespace gilmap::filetests {
namespace {

// ---------------------------------------------------------------- as another compiler makes them

int32_t next32(int32_t x) { return static_cast<int32_t>(static_cast<uint32_t>(x) + 1); }
float half32(float x) { return x / 2; }
uint16_t mixed(uint8_t a, int8_t b, bool c) { return static_cast<uint16_t>(c ? a : b); }
uint64_t negated(uint64_t x) { return -x; }
void nothing(int64_t) {}
bool is_odd(int16_t x) { return x % 2 != 0; }

int32_t double_of_positive(int64_t* result, void**, int64_t x) {
  if (x <= 0) return 1;
  *result = 2 * x;
  return 0;
}
int32_t sum32(float* result, void**, float a, double b, uint8_t c) {
  *result = a + static_cast<float>(b) + (c ? 1.0f : 0.0f);
  return 0;
}
int32_t none(void** result, void**, int64_t x) {
  *result = nullptr;
  return x == 7 ? -1 : 0;
}

// ---------------------------------------------------------------- what they give, on the values of the IR

struct Known {
  uint64_t address;
  bool (*call)(std::span<const uint64_t> args, uint64_t* result);
};

template <class Function>
uint64_t address(Function* f) {
  return reinterpret_cast<uint64_t>(reinterpret_cast<void*>(f));
}

double as_double(uint64_t bits) { return std::bit_cast<double>(bits); }
uint64_t bits(double x) { return std::bit_cast<uint64_t>(x); }
// The low bits, with a sign or without.
int64_t low(uint64_t x, int n) { return static_cast<int64_t>(x << (64 - n)) >> (64 - n); }
uint64_t low_unsigned(uint64_t x, int n) { return x << (64 - n) >> (64 - n); }
double rounded(double x) { return static_cast<double>(static_cast<float>(x)); }

using Args = std::span<const uint64_t>;

const std::map<std::string, Known>& known() {
  static const std::map<std::string, Known> all = {
      {"next32",
       {address(next32),
        [](Args a, uint64_t* r) {
          *r = static_cast<uint64_t>(low(a[0] + 1, 32));
          return true;
        }}},
      {"half32",
       {address(half32),
        [](Args a, uint64_t* r) {
          *r = bits(rounded(rounded(as_double(a[0])) / 2));
          return true;
        }}},
      {"mixed",
       {address(mixed),
        [](Args a, uint64_t* r) {
          *r = a[2] ? low_unsigned(a[0], 8) : low_unsigned(static_cast<uint64_t>(low(a[1], 8)), 16);
          return true;
        }}},
      {"negated",
       {address(negated),
        [](Args a, uint64_t* r) {
          *r = 0 - a[0];
          return true;
        }}},
      {"nothing",
       {address(nothing),
        [](Args, uint64_t* r) {
          *r = 0;
          return true;
        }}},
      {"is_odd",
       {address(is_odd),
        [](Args a, uint64_t* r) {
          *r = a[0] & 1;
          return true;
        }}},
      {"double_of_positive",
       {address(double_of_positive),
        [](Args a, uint64_t* r) {
          *r = a[0] << 1;
          return static_cast<int64_t>(a[0]) > 0;
        }}},
      {"sum32",
       {address(sum32),
        [](Args a, uint64_t* r) {
          *r = bits(rounded(rounded(rounded(as_double(a[0])) + rounded(as_double(a[1]))) + (a[2] ? 1.0 : 0.0)));
          return true;
        }}},
      {"none",
       {address(none),
        [](Args a, uint64_t* r) {
          *r = 0;
          return a[0] != 7;
        }}},
  };
  return all;
}

}  // namespace

bool link_foreign(ir::Module& module) {
  for (ir::Foreign& f : module.foreign) {
    auto found = known().find(f.name);
    if (found == known().end()) return false;
    f.address = found->second.address;
  }
  return true;
}

bool call_foreign(const ir::Foreign& f, std::span<const uint64_t> args, uint64_t* result) {
  return known().at(f.name).call(args, result);
}

}  // namespace gilmap::filetests
