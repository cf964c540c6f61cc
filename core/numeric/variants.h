// Functions that replace the one of the table on an older CPython; the suffix names the last version they belong to.
// select_version() in functions.cpp says which replaces which.
#pragma once

#include "numeric/functions.h"

namespace gilmap::numeric {

extern "C" F64 gilmap_float_sum_step_int_lo_313(F64 sum, F64 c, I64 i);
extern "C" F64 gilmap_math_atan2_313(F64 y, F64 x);

}  // namespace gilmap::numeric
