// Many compilations: memory stays level, and several threads can compile at once.
// GILMAP_COMPILES sets how many kernels are made.

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <thread>

#include "codegen_programs.h"

namespace gilmap::codegen_tests {
namespace {

int64_t resident_kilobytes() {
  long pages = 0, resident = 0;
  if (FILE* f = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(f, "%ld %ld", &pages, &resident) != 2) resident = 0;
    std::fclose(f);
  }
  return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

int mappings() {
  int lines = 0;
  if (FILE* f = std::fopen("/proc/self/maps", "r")) {
    for (int c = std::fgetc(f); c != EOF; c = std::fgetc(f)) lines += c == '\n';
    std::fclose(f);
  }
  return lines;
}

TEST(Memory, StaysLevel) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers keep what is freed";
#endif
  const char* count = std::getenv("GILMAP_COMPILES");
  const int n = count ? std::atoi(count) : 1000;
  const std::vector<ir::Module> modules{parse(programs::float_math), parse(programs::collatz), parse(programs::fib)};
  auto compile_some = [&](int how_many) {
    for (int i = 0; i < how_many; ++i) {
      const auto kernel = compile(modules[static_cast<size_t>(i) % 3], {.opt_level = i % 10 == 0 ? 2 : 0});
      if (i % 100 == 0) {
        ASSERT_EQ(run(*kernel, {ints({1})}).stopped_at, 1);
      }
    }
  };
  compile_some(200);  // what LLVM sets up once
  const int64_t before = resident_kilobytes();
  const int mapped = mappings();
  compile_some(n);
  EXPECT_LT(resident_kilobytes() - before, 4096);
  EXPECT_LT(mappings() - mapped, 20);
}

TEST(Threads, CompileAtOnce) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < 12; ++i) {
        const auto kernel = compile((t + i) % 2 ? programs::collatz : programs::fib, {.opt_level = i % 3 ? 2 : 0});
        const Ran ran = run(*kernel, {ints({27, 5})});
        EXPECT_TRUE(ran.rows.empty());
        EXPECT_EQ(ran.ints()[1], 5);
        EXPECT_EQ(ran.ints()[0], (t + i) % 2 ? 111 : 196418);
      }
    });
  }
  for (std::thread& t : threads) t.join();
}

TEST(Threads, WarmUpAtOnce) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) threads.emplace_back([] { codegen::warm_up(); });
  for (std::thread& t : threads) t.join();
}

TEST(Kernels, OutliveWhatMadeThem) {
  std::shared_ptr<Kernel> kernel;
  std::thread([&] { kernel = compile(programs::collatz); }).join();
  EXPECT_EQ(run(*kernel, {ints({27})}).ints()[0], 111);
}

}  // namespace
}  // namespace gilmap::codegen_tests
