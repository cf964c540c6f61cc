#pragma once
// The characters of the IR's text form, with the position for messages. Used by the parser only.

#include <charconv>
#include <string>
#include <string_view>

#include "ir/parser.h"

namespace gilmap::ir {

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) { skip(); }

  // Where the next token stands, as an offset into the text.
  size_t here() const { return at_; }
  bool at_end() const { return at_ == text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[at_]; }

  // Takes the text if it comes next.
  bool accept(std::string_view token) {
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    skip();
    return true;
  }

  // Letters, digits and underscores; empty if none come next.
  std::string_view word() {
    return take([](char c) { return alphanumeric(c); });
  }

  // What a number may consist of: also `-nan`, `inf` and `nan:0x7ff4000000000000`.
  std::string_view number() {
    return take([](char c) { return alphanumeric(c) || c == '+' || c == '-' || c == '.' || c == ':'; });
  }

  // A function name behind its %: plain characters, or quoted.
  bool name(std::string* out) {
    out->clear();
    if (peek() != '"') {
      *out = take([](char c) { return alphanumeric(c) || c == '.' || c == '<' || c == '>'; });
      return !out->empty();
    }
    for (++at_; !at_end() && text_[at_] != '"'; ++at_) {
      char c = text_[at_];
      if (c == '\\' && at_ + 1 < text_.size()) {
        c = text_[++at_];
        if (c == 'n') c = '\n';
      }
      *out += c;
    }
    return accept("\"");
  }

  ParseError error(size_t where, std::string message) const {
    int line = 1, column = 1;
    for (size_t i = 0; i < where && i < text_.size(); ++i) {
      if (text_[i] == '\n') {
        ++line;
        column = 1;
      } else {
        ++column;
      }
    }
    return {line, column, std::move(message)};
  }

 private:
  static bool alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  }

  template <class Predicate>
  std::string_view take(Predicate wanted) {
    size_t start = at_;
    while (!at_end() && wanted(text_[at_])) ++at_;
    std::string_view taken = text_.substr(start, at_ - start);
    skip();
    return taken;
  }

  void skip() {  // white space and comments
    for (; !at_end(); ++at_) {
      char c = text_[at_];
      if (c == ';') {
        while (!at_end() && text_[at_] != '\n') ++at_;
        if (at_end()) return;
      } else if (c != ' ' && c != '\n' && c != '\t' && c != '\r') {
        return;
      }
    }
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace gilmap::ir
