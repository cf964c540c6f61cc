// The file tests leave nothing out: each operation is run, and each pass has tests of its own.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "ir/function.h"
#include "passes/pipeline.h"

namespace gilmap::ir {
namespace {

namespace fs = std::filesystem;

const fs::path folder = fs::path(GILMAP_SOURCE_DIR) / "tests" / "filetests";

std::string text_of(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(FileTests, RunEveryOperation) {
  std::string all;
  for (const auto& entry : fs::directory_iterator(folder / "run")) all += text_of(entry.path());
  for (int i = 0; i < static_cast<int>(Op::Param); ++i) {
    const std::string name = info(static_cast<Op>(i)).text;
    const bool found = all.find("= " + name + " ") != std::string::npos ||  // an operation with a result,
                       all.find("= " + name + ".") != std::string::npos ||  // of a type that is written,
                       all.find("\n  " + name) != std::string::npos;        // or without one
    EXPECT_TRUE(found) << name << " stands in no file of tests/filetests/run";
  }
}

TEST(FileTests, EveryPassHasAFolder) {
  for (std::string_view pass : passes::pass_names()) {
    size_t files = 0;
    if (fs::is_directory(folder / pass)) {
      for (const auto& entry : fs::directory_iterator(folder / pass)) {
        files += text_of(entry.path()).starts_with("; test: " + std::string(pass));
      }
    }
    EXPECT_GT(files, 0u) << "tests/filetests/" << pass << " has no test of that pass";
  }
}

}  // namespace
}  // namespace gilmap::ir
