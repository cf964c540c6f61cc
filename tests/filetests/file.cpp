// Reading and writing test files, and showing differences.

#include <algorithm>
#include <fstream>
#include <sstream>

#include "filetest.h"

namespace gilmap::filetests {
namespace {

constexpr const char* expect_marker = "; expect:";

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

}  // namespace

bool read(const std::string& path, TestFile* file, std::string* error) {
  std::ifstream in(path);
  if (!in) {
    *error = "cannot be read";
    return false;
  }
  file->path = path;
  for (std::string line; std::getline(in, line);) {
    if (file->has_expectation) {
      file->expected += line + "\n";
    } else if (line == expect_marker) {
      file->has_expectation = true;
    } else {
      if (line.starts_with("; test:")) {
        std::string list = line.substr(7);
        std::replace(list.begin(), list.end(), ',', ' ');
        std::istringstream words(list);
        for (std::string word; words >> word;) file->tests.push_back(word);
      } else if (line.starts_with("; run:")) {
        size_t middle = std::min(line.find(" =="), line.size());
        Run run{file->head.size(), line.substr(6, middle - 6), ""};
        if (middle + 4 < line.size()) run.expected = line.substr(middle + 4);
        file->runs.push_back(run);
      } else if (line.starts_with("; depth:")) {
        file->depth_budget = std::stoll(line.substr(8));
      }
      file->head.push_back(line);
    }
  }
  if (file->tests.empty()) {
    *error = "has no `; test:` line";
    return false;
  }
  return true;
}

std::string TestFile::text() const {
  std::string all;
  for (const std::string& line : head) all += line + "\n";
  if (has_expectation) all += std::string(expect_marker) + "\n" + expected;
  return all;
}

std::string diff(const std::string& expected, const std::string& actual) {
  std::vector<std::string> a = lines_of(expected), b = lines_of(actual);
  // The longest common subsequence of what follows each pair of lines. Test files are short.
  std::vector<std::vector<size_t>> common(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = a.size(); i-- > 0;) {
    for (size_t j = b.size(); j-- > 0;) {
      common[i][j] = a[i] == b[j] ? common[i + 1][j + 1] + 1 : std::max(common[i + 1][j], common[i][j + 1]);
    }
  }
  std::string out;
  for (size_t i = 0, j = 0; i < a.size() || j < b.size();) {
    if (i < a.size() && j < b.size() && a[i] == b[j]) {
      out += "    " + a[i] + "\n";
      ++i, ++j;
    } else if (j == b.size() || (i < a.size() && common[i + 1][j] >= common[i][j + 1])) {
      out += "  - " + a[i++] + "\n";
    } else {
      out += "  + " + b[j++] + "\n";
    }
  }
  return out;
}

}  // namespace gilmap::filetests
