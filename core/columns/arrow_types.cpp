#include "columns/arrow_types.h"

#include <array>
#include <string_view>

namespace gilmap::columns {

namespace {

// The value of a key of a schema's metadata: a count, then for each key and value a length and the bytes, all lengths
// int32 in the machine's order.
std::string_view metadata_value(const char* metadata, std::string_view key) {
  if (!metadata) {
    return {};
  }
  const auto number = [&metadata] {
    int32_t n;
    std::memcpy(&n, metadata, sizeof n);
    metadata += sizeof n;
    return n;
  };
  const auto string = [&] {
    const auto length = static_cast<size_t>(number());
    const std::string_view s(metadata, length);
    metadata += length;
    return s;
  };
  for (int32_t left = number(); left > 0; --left) {
    const std::string_view k = string();
    const std::string_view v = string();
    if (k == key) {
      return v;
    }
  }
  return {};
}

// An extension type means something else by its numbers.
std::string_view extension_name(const ArrowSchema& schema) {
  return metadata_value(schema.metadata, "ARROW:extension:name");
}

struct Name {
  std::string_view prefix;
  std::string_view name;
};

// By the beginning of the format string; longer beginnings first.
constexpr std::array names = {
    Name{"n", "null"},
    Name{"b", "bool"},
    Name{"c", "int8"},
    Name{"C", "uint8"},
    Name{"s", "int16"},
    Name{"S", "uint16"},
    Name{"i", "int32"},
    Name{"I", "uint32"},
    Name{"l", "int64"},
    Name{"L", "uint64"},
    Name{"e", "halffloat"},
    Name{"f", "float"},
    Name{"g", "double"},
    Name{"u", "string"},
    Name{"U", "large_string"},
    Name{"vu", "string_view"},
    Name{"z", "binary"},
    Name{"Z", "large_binary"},
    Name{"vz", "binary_view"},
    Name{"w:", "fixed_size_binary"},
    Name{"d:", "decimal"},
    Name{"tdD", "date32"},
    Name{"tdm", "date64"},
    Name{"tt", "time"},
    Name{"ts", "timestamp"},
    Name{"tD", "duration"},
    Name{"ti", "interval"},
    Name{"+l", "list"},
    Name{"+L", "large_list"},
    Name{"+vl", "list_view"},
    Name{"+vL", "large_list_view"},
    Name{"+w", "fixed_size_list"},
    Name{"+s", "struct"},
    Name{"+m", "map"},
    Name{"+u", "union"},
    Name{"+r", "run_end_encoded"},
};

}  // namespace

std::optional<Stored> stored_type(const ArrowSchema& schema) {
  if (schema.dictionary || !extension_name(schema).empty() || std::strlen(schema.format) != 1) {
    return std::nullopt;
  }
  switch (schema.format[0]) {
    case 'b':
      return Stored::Bit;
    case 'c':
      return Stored::I8;
    case 'C':
      return Stored::U8;
    case 's':
      return Stored::I16;
    case 'S':
      return Stored::U16;
    case 'i':
      return Stored::I32;
    case 'I':
      return Stored::U32;
    case 'l':
      return Stored::I64;
    case 'L':
      return Stored::U64;
    case 'e':
      return Stored::F16;
    case 'f':
      return Stored::F32;
    case 'g':
      return Stored::F64;
    default:
      return std::nullopt;  // NOLINT: the language of formats is open
  }
}

bool is_null_type(const ArrowSchema& schema) {
  return std::string_view(schema.format) == "n" && extension_name(schema).empty() && !schema.dictionary;
}

std::string arrow_type_name(const ArrowSchema& schema) {
  if (const std::string_view extension = extension_name(schema); !extension.empty()) {
    return "extension<" + std::string(extension) + ">";
  }
  if (schema.dictionary) {
    return "dictionary<" + arrow_type_name(*schema.dictionary) + ">";
  }
  const std::string_view format = schema.format;
  for (const Name& n : names) {
    if (format.starts_with(n.prefix)) {
      return std::string(n.name);
    }
  }
  return "'" + std::string(format) + "'";
}

}  // namespace gilmap::columns
