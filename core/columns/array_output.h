#pragma once
// What the results of NumPy and Arrow arrays have in common: one column that must come down to one type.

#include <Python.h>

#include <string>

#include "codegen/kernel.h"
#include "columns/output.h"

namespace gilmap::columns {

// Results lie in the array that is returned, as the type that the kernels give. Whatever else turns up is told by tags
// beside them, which are made when the first such result comes, unless kernels write tags anyway. At the end the tags
// are looked through once, ascending, and the column becomes float64 in place, or bools, or an error.
class ArrayOutput : public Output {
 public:
  char* payload() override { return payload_; }
  int payload_width() const override { return width_; }
  uint8_t* tags() override { return kernels_tag_ ? tag_data() : nullptr; }
  bool set(int64_t position, Ref value) override;
  void set_null(int64_t position) override;
  bool complete(int64_t, int64_t) override { return true; }

 protected:
  ArrayOutput(int64_t n, std::span<const ir::Type> types, bool takes_none);
  void use_payload(char* payload) { payload_ = payload; }

  // Makes the whole column one type: Int and Float lie in 8 bytes each, Bool in as many as settled_width(), with a tag
  // None where the result is null. None: there is no result, or all are null. nullopt with an exception set.
  std::optional<codegen::Tag> settle();
  // The type to give if no result says one: that of the kernels if they have just one.
  codegen::Tag type_if_empty() const { return if_empty_; }
  bool type_is_known() const { return known_; }

  int64_t size() const { return n_; }
  bool is_none(int64_t i) const { return tags_ && tags_.get()[i] == static_cast<char>(codegen::Tag::None); }
  // The column after settle(): bytes of bools if the width is 1. It is the payload, or memory of ours.
  const char* settled() const { return settled_; }
  const std::shared_ptr<char>& wide() const { return wide_; }
  int settled_width() const { return settled_width_; }
  bool has_none() const { return has_none_; }

 private:
  // Beside codegen's tags: a result that no array can hold.
  static constexpr uint8_t bad = 4;

  uint8_t* tag_data() { return reinterpret_cast<uint8_t*>(tags_.get()); }
  void need_tags();
  void put(int64_t position, codegen::Tag tag, const void* value);
  void refuse(int64_t position, PyObject* value, bool overflow);
  void fail(int64_t position, uint8_t tag, codegen::Tag others) const;
  bool check(unsigned present, codegen::Tag result);

  int64_t n_;
  bool takes_none_;
  bool kernels_tag_;
  bool known_ = false;                          // whether kernels give one type only, and
  codegen::Tag planned_ = codegen::Tag::Float;  // which
  codegen::Tag if_empty_ = codegen::Tag::Float;
  int width_ = 8;
  char* payload_ = nullptr;
  std::shared_ptr<char> tags_;
  std::shared_ptr<char> wide_;  // 8 bytes each, for ints and floats where bools in one byte were planned
  char* settled_ = nullptr;
  int settled_width_ = 8;
  bool has_none_ = false;

  int64_t bad_position_ = INT64_MAX;  // the first of the bad ones
  std::string bad_type_;
  bool bad_overflow_ = false;
};

}  // namespace gilmap::columns
