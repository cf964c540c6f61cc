// The text form of random modules, and the dominators of random graphs.

#include <gtest/gtest.h>

#include "filetests/random_module.h"
#include "ir/dominators.h"
#include "ir/parser.h"
#include "ir/printer.h"
#include "ir/verifier.h"

namespace gilmap::ir {
namespace {

TEST(RoundTrip, RandomModulesPrintTheSameTwice) {
  for (uint64_t seed = 1; seed <= 500; ++seed) {
    Module module = filetests::RandomModule(seed).make();
    for (const std::string& mistake : verify(module)) FAIL() << "seed " << seed << ": " << mistake;
    std::string text = print(module, {.lines = true});
    auto again = parse(text);
    ASSERT_TRUE(again) << "seed " << seed << ": " << again.error().text();
    ASSERT_TRUE(verify(*again).empty()) << "seed " << seed;
    ASSERT_EQ(text, print(*again, {.lines = true})) << "seed " << seed;
  }
}

TEST(RoundTrip, DoublesKeepTheirBits) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 100'000; ++i) {
    uint64_t bits = random();
    if (i % 3 == 0) bits |= 0x7ff0000000000000;  // NaNs with payloads
    double x = 0;
    std::string text = print_double(std::bit_cast<double>(bits));
    ASSERT_TRUE(parse_double(text, &x)) << text;
    ASSERT_EQ(std::bit_cast<uint64_t>(x), bits) << text;
  }
}

// A text that is cut anywhere, or in which a character is changed, gives an error or a module, never a crash.
TEST(RoundTrip, BrokenTextIsRejectedCleanly) {
  std::mt19937_64 random(1);
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    std::string text = print(filetests::RandomModule(seed).make());
    for (int i = 0; i < 50; ++i) {
      std::string broken = text.substr(0, random() % text.size());
      if (i % 2) {
        broken = text;
        broken[random() % text.size()] = "v0(){}:,.;\"%-=@[\n"[random() % 17];
      }
      auto module = parse(broken);
      if (module) (void)verify(*module);
    }
  }
}

Function random_graph(std::mt19937_64& random) {
  Function f;
  f.blocks.resize(1 + random() % 12);
  auto target = [&] { return Edge{static_cast<BlockId>(1 + random() % (f.blocks.size() - 1)), {}}; };
  for (Block& block : f.blocks) {
    if (f.blocks.size() == 1 || random() % 5 == 0) continue;
    block.end.edges = {target()};
    if (random() % 2) block.end.edges.push_back(target());
  }
  return f;
}

// What can be reached from the entry without passing through `avoid`.
std::vector<bool> reachable(const Function& f, BlockId avoid) {
  std::vector<bool> seen(f.blocks.size());
  std::vector<BlockId> work;
  auto visit = [&](BlockId b) {
    if (b == avoid || seen[b]) return;
    seen[b] = true;
    work.push_back(b);
  };
  visit(0);
  while (!work.empty()) {
    BlockId b = work.back();
    work.pop_back();
    for (const Edge& e : f.blocks[b].end.edges) visit(e.block);
  }
  return seen;
}

TEST(Dominators, AgreeWithTheirDefinition) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 2000; ++i) {
    Function f = random_graph(random);
    Dominators dom(f);
    std::vector<bool> all = reachable(f, no_block);
    std::vector<uint32_t> position(f.blocks.size());
    for (uint32_t p = 0; p < dom.order().size(); ++p) position[dom.order()[p]] = p;
    for (BlockId a = 0; a < f.blocks.size(); ++a) {
      ASSERT_EQ(dom.reachable(a), all[a]);
      if (!all[a]) continue;
      std::vector<bool> without_a = reachable(f, a);
      for (BlockId b = 0; b < f.blocks.size(); ++b) {
        if (!all[b]) continue;
        ASSERT_EQ(dom.dominates(a, b), !without_a[b]);
        if (a != b && dom.dominates(a, b)) {
          ASSERT_LT(position[a], position[b]);
          ASSERT_TRUE(dom.idom(b) == a || dom.dominates(a, dom.idom(b)));
        }
      }
      for (const Edge& e : f.blocks[a].end.edges) {
        ASSERT_EQ(dom.retreating(a, e.block), position[e.block] <= position[a]);
        // A block comes after those it is reached from, unless a loop leads back to it.
        if (dom.retreating(a, e.block)) {
          ASSERT_TRUE(e.block == a || reachable(f, no_block)[a]);
        }
      }
    }
  }
}

}  // namespace
}  // namespace gilmap::ir
