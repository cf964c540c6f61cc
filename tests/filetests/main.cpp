// gilmap-filetest [--update] PATH...: runs the test files at the paths, which may be folders. See filetest.h.

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "filetest.h"

namespace fs = std::filesystem;
using namespace gilmap::filetests;

namespace {

// A file that takes this long hangs: compiled code lost the poll of an endless loop, say.
constexpr unsigned time_limit = 60;  // seconds
const char* current = "";

extern "C" void too_long(int) {
  for (const char* text : {current, ": takes too long; the files behind it were not run\n"}) {
    if (write(STDOUT_FILENO, text, std::strlen(text)) < 0) break;
  }
  _exit(1);
}

}  // namespace

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
  std::signal(SIGALRM, too_long);
  for (const std::string& path : paths) {
    current = path.c_str();
    alarm(time_limit);
    TestFile file;
    std::vector<std::string> failures;
    if (std::string error; read(path, &file, &error)) {
      failures = check(file, update);
      if (update) std::ofstream(path) << file.text();
    } else {
      failures = {error};
    }
    for (const std::string& failure : failures) std::printf("%s: %s\n", path.c_str(), failure.c_str());
    std::fflush(stdout);
    failed += !failures.empty();
  }
  std::printf("%zu passed, %zu failed\n", paths.size() - failed, failed);
  return failed ? 1 : 0;
}
