#include "columns/output.h"

#include "columns/arrow_output.h"
#include "columns/list_output.h"
#include "columns/numpy_output.h"

namespace gilmap::columns {

std::unique_ptr<Output> Output::create(const Input& first, int64_t n, std::span<const ir::Type> types) {
  switch (first.container()) {
    case Container::List:
      return ListOutput::create(n, types);
    case Container::Numpy:
      return NumpyOutput::create(first, n, types);
    case Container::Arrow:
      return ArrowOutput::create(first, n, types);
  }
  return nullptr;
}

}  // namespace gilmap::columns
