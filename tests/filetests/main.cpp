// gilmap-filetest [--update] PATH...: runs the test files at the paths, which may be folders. See filetest.h.

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "filetest.h"

namespace fs = std::filesystem;
using namespace gilmap::filetests;

int main(int argc, char** argv) {
  bool update = false;
  std::vector<std::string> paths;
  for (int i = 1; i < argc; ++i) {
    std::string arg = argv[i];
    if (arg == "--update") {
      update = true;
    } else if (fs::is_directory(arg)) {
      for (const fs::directory_entry& e : fs::recursive_directory_iterator(arg)) {
        if (e.path().extension() == ".ir") paths.push_back(e.path().string());
      }
    } else {
      paths.push_back(arg);
    }
  }
  if (paths.empty()) {
    std::fprintf(stderr, "usage: gilmap-filetest [--update] FILE_OR_FOLDER...\n");
    return 2;
  }
  std::sort(paths.begin(), paths.end());

  size_t failed = 0;
  for (const std::string& path : paths) {
    TestFile file;
    std::vector<std::string> failures;
    if (std::string error; read(path, &file, &error)) {
      failures = check(file, update);
      if (update) std::ofstream(path) << file.text();
    } else {
      failures = {error};
    }
    for (const std::string& failure : failures) std::printf("%s: %s\n", path.c_str(), failure.c_str());
    failed += !failures.empty();
  }
  std::printf("%zu of %zu file tests passed\n", paths.size() - failed, paths.size());
  return failed ? 1 : 0;
}
