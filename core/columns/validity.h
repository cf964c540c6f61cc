#pragma once
// Arrow's bitmap of valid elements: bit set, element not null.

#include <cstdint>

namespace gilmap::columns {

inline bool is_valid(const uint8_t* validity, int64_t bit) { return validity[bit >> 3] >> (bit & 7) & 1; }

int64_t count_valid(const uint8_t* validity, int64_t first_bit, int64_t count);

}  // namespace gilmap::columns
