// Lists, tuples, ranges and other iterables in; lists out.

#include "columns/columns.h"
#include "columns/output.h"
#include "unit/columns_probe.h"

using gilmap::columns::probe::run;

TEST(ColumnsList, GivesBackWhatItWasGiven) {
  run(R"(
ints = [0, 1, -1, 255, 256, 257, -5, -6, 2**30 - 1, 2**30, -2**30, 2**31, 2**59, 2**60 - 1, 2**60, -2**60, 2**62,
        2**63 - 1, -2**63, -2**63 + 1]
floats = [0.0, -0.0, 1.5, math.inf, -math.inf, math.nan, 5e-324, 1.7976931348623157e308]
bools = [True, False, True]
big = [2**63, -2**63 - 1, 2**64, 10**30, -10**30, 2**90 - 1]
class Int(int): pass
class Float(float): pass
rest = [None, 'x', Int(3), Float(2.5), (1, 2), 1j, b'']
lists = [[], ints, floats, bools, big, rest, ints + floats, floats + bools + ints, bools + big, ints + big, big + ints,
         rest + floats, bools + rest, [x for t in zip(ints, floats, big, rest, bools) for x in t],
         (ints + floats + big + rest + bools) * 50]
for xs in lists:
    for piece in (0, 1, 7, 64, 1000):
        for types in ('', 'ifb', 'n', 'b'):
            same(identity(xs, piece=piece, types=types), xs)
            same(identity(tuple(xs), piece=piece, types=types), xs)
            same(identity((x for x in xs), piece=piece), xs)
    assert all(a is b for a, b in zip(probe.items(xs)[0], xs))
)");
}

TEST(ColumnsList, TellsTypesApart) {
  run(R"(
assert describe([1, 2, 3]) == ([('i', None, 0, [[1, 2, 3]])], [], [])
assert describe([1.0, 2.0], begin=1) == ([('f', None, 1, [[2.0]])], [], [])
groups, others, nulls = describe([1, 2.5, True, 2**70, 4, None, 3.5])
assert groups == [('i', [0, 4], 0, [[1, 4]]), ('f', [1, 6], 1, [[2.5, 3.5]]), ('b', None, 2, [[True]])], groups
assert others == [3, 5] and nulls == []
# A run of one type is dense, also between others.
groups, others, _ = describe([None, 1, 2, 3, 'a', 0.5, 1.5])
assert groups == [('i', None, 1, [[1, 2, 3]]), ('f', None, 5, [[0.5, 1.5]])] and others == [0, 4]
assert describe(['a', 'b']) == ([], [0, 1], [])
assert describe([]) == ([], [], [])
)");
}

TEST(ColumnsList, CombinesColumns) {
  run(R"(
assert describe([1, 2], [0.5, 1.5]) == ([('if', None, 0, [[1, 2], [0.5, 1.5]])], [], [])
groups, others, _ = describe([1, 2.0, 3, 4.0, 'x', 6], [True, True, 2, True, 1, None], range(6))
assert groups == [('ibi', None, 0, [[1], [True], [0]]), ('fbi', [1, 3], 1, [[2.0, 4.0], [True, True], [1, 3]]),
                  ('iii', None, 2, [[3], [2], [2]])], groups
assert others == [4, 5]
# Over the cap, the types that come later are left to the interpreter.
xs = [1, 1.0, True] * 3
groups, others, _ = describe(xs, max_groups=2)
assert [g[0] for g in groups] == ['i', 'f'] and others == [2, 5, 8]
groups, others, _ = describe(xs, max_groups=0)
assert groups == [] and others == list(range(9))
# Many columns have more combinations than there are ids.
import random
random.seed(1)
cols = [[random.choice((1, 1.5, True)) for _ in range(2000)] for _ in range(9)]
groups, others, _ = describe(*cols, max_groups=100)
assert len(groups) == 100
rows = sorted([p for g in groups for p in (g[1] or range(g[2], g[2] + len(g[3][0])))] + others)
assert rows == list(range(2000))
for types, positions, first, columns in groups:
    for k, column in enumerate(columns):
        same(column, [cols[k][p] for p in (positions or [first])])
)");
}

TEST(ColumnsList, RangesAreComputed) {
  run(R"(
for r in (range(0), range(1), range(10), range(5, 50, 7), range(10, -10, -3), range(2**63 - 5, 2**63),
          range(-2**63, -2**63 + 3), range(-2**63, 2**63 - 1, 2**61), range(2**62, -2**63, -2**61),
          range(2**63, 2**63 + 4), range(2**63 - 2, 2**63 + 2), range(3000), range(-2**63, -2**63 - 3, -1)):
    for piece in (0, 1, 3):
        same(identity(r, piece=piece), r)
    same(probe.items(r)[0], r)
assert describe(range(10**12), begin=10**11, end=10**11 + 2) == ([('i', None, 10**11, [[10**11, 10**11 + 1]])], [], [])
assert describe(range(10**17, 10**18, 10**9), [1.5, 2.5, 'a', 4.5])[0][0][3][0] == [10**17, 10**17 + 10**9, 10**17 + 3 * 10**9]
assert probe.common_types((range(5),), 0, 0) == 'i'
)");
}

TEST(ColumnsList, ReadsIterables) {
  run(R"(
import itertools
for make in (lambda: {1, 2, 3}, lambda: {1: 2, 3: 4}, lambda: {1: 2}.values(), lambda: iter([1, 2.5]), lambda: map(abs, [1, -2]),
             lambda: 'abc', lambda: frozenset([1.5]), lambda: (i * i for i in range(100)), lambda: enumerate([1, 2])):
    same(identity(make()), list(make()))
class L(list):
    def __iter__(self): return iter([7, 8])
class T(tuple): pass
same(identity(L([1, 2, 3])), [7, 8])
same(identity(T([1, 2, 3])), [1, 2, 3])
class Old:
    def __getitem__(self, i):
        if i == 3: raise IndexError
        return i * 0.5
same(identity(Old()), [0.0, 0.5, 1.0])
for bad in (5, None, 1.5, object()):
    e = raises(TypeError, 'not iterable', identity, bad)
def broken():
    yield 1
    raise KeyError('mine')
raises(KeyError, 'mine', identity, broken())
raises(KeyError, 'mine', identity, [1, 2, 3], broken())
)");
}

TEST(ColumnsList, ReadsNoFurtherThanMapDoes) {
  run(R"(
import itertools
def left_over(n_inputs, order):
    its = []
    def build():
        its.clear()
        made = []
        for kind in order:
            if kind == 'l': made.append([1, 2, 3])
            elif kind == 'r': made.append(range(5))
            else:
                it = itertools.count() if kind == 'c' else iter(range(int(kind)))
                its.append(it); made.append(it)
        return made
    want = list(map(lambda *a: a[0], *build()))
    rest_map = [next(it, None) for it in its]
    got = identity(*build())
    rest = [next(it, None) for it in its]
    assert got == want and rest == rest_map, (order, got, want, rest, rest_map)
for order in itertools.product('lrc249', repeat=3):
    if set(order) <= {'c'}: continue
    left_over(3, order)
for order in itertools.product('lrc249', repeat=2):
    if set(order) <= {'c'}: continue
    left_over(2, order)
same(identity([1, 2, 3], itertools.repeat(5)), [1, 2, 3])
same(identity([1, 2, 3], range(10**30)), [1, 2, 3])
)");
}

TEST(ColumnsList, SamplesTypes) {
  run(R"(
c = probe.common_types
assert c(([1, 2],), 0, 2) == 'i' and c(([1.5],), 0, 1) == 'f' and c(([True],), 0, 1) == 'b'
assert c(([1, 2.0],), 0, 2) is None and c(([1, 2.0],), 0, 1) == 'i' and c(([1, 2**63],), 0, 2) is None
assert c((['a'],), 0, 1) is None and c(([],), 0, 0) is None and c(([None],), 0, 1) is None
assert c(([1, 2], [0.5, 1.5], range(2)), 0, 2) == 'ifi'
)");
}

// What happens to a list while a call reads it.
TEST(ColumnsList, SurvivesChanges) {
  using namespace gilmap;
  using namespace gilmap::columns;
  Ref globals = Ref::steal(PyDict_New());
  Ref done =
      Ref::steal(PyRun_String("xs = [10**6 + i for i in range(50)] + ['a' * 3 + str(i) for i in range(50)] + [1.5]\n"
                              "keep = list(xs)",
                              Py_file_input, globals.get(), globals.get()));
  PyObject* xs = PyDict_GetItemString(globals.get(), "xs");
  PyObject* keep = PyDict_GetItemString(globals.get(), "keep");
  PyObject* one[] = {xs};
  auto inputs = open_all(one);
  ASSERT_EQ(inputs.size(), 1u);
  const Partition p = partition(inputs, 0, 100);
  EXPECT_EQ(p.others.size(), 50u);
  Ref changed = Ref::steal(PyRun_String("xs[:] = [0] * 3", Py_file_input, globals.get(), globals.get()));
  for (int64_t i = 0; i < 100; ++i) {
    Ref item = inputs[0]->item(i);
    EXPECT_EQ(PyObject_RichCompareBool(item.get(), PyList_GET_ITEM(keep, i), Py_EQ), 1);
  }
  EXPECT_FALSE(inputs[0]->item(100));  // was not looked at before it went
  EXPECT_TRUE(PyErr_ExceptionMatches(PyExc_StopIteration));
  PyErr_Clear();
  const Partition late = partition(inputs, 100, 101);
  EXPECT_EQ(late.others.size(), 1u);
  EXPECT_FALSE(inputs[0]->item(100));
  PyErr_Clear();
}

// An output that is given up half way frees what it holds, and nothing else.
TEST(ColumnsList, AbandonedOutputFreesObjects) {
  using namespace gilmap;
  using namespace gilmap::columns;
  Ref list = Ref::steal(PyList_New(0));
  PyObject* one[] = {list.get()};
  auto inputs = open_all(one);
  Ref object = Ref::steal(PyTuple_Pack(1, Py_None));
  const ir::Type types[] = {ir::Type::I64};
  {
    auto out = Output::create(*inputs[0], 300, types);
    auto* payload = reinterpret_cast<int64_t*>(out->payload());
    for (int64_t i = 0; i < 300; ++i) {
      payload[i] = i * 12345;
    }
    for (int64_t i : {0, 63, 64, 150, 299}) {
      EXPECT_TRUE(out->set(i, object));
    }
    EXPECT_EQ(Py_REFCNT(object.get()), 6);
    EXPECT_TRUE(out->complete(0, 70));
    EXPECT_TRUE(out->complete(70, 80));
    EXPECT_TRUE(out->complete(100, 200));
  }
  EXPECT_EQ(Py_REFCNT(object.get()), 1);
}

// Large enough for the arenas on huge pages: values, memory and the allocator afterwards.
TEST(ColumnsList, LargeResults) {
  PyObjectArenaAllocator before;
  PyObjectArenaAllocator after;
  PyObject_GetArenaAllocator(&before);
  run(R"(
n = 300_000
for xs in ([i * 0.5 for i in range(n)], [i * 7919 for i in range(n)], [i << 31 for i in range(n)], [True] * n,
           [x for i in range(n // 2) for x in (i * 1001, i * 0.25)]):
    for piece in (0, 4096, 65536):
        assert [1 for a, b in zip(identity(xs, piece=piece), xs) if a != b or type(a) is not type(b)] == []
)");
  PyObject_GetArenaAllocator(&after);
  EXPECT_EQ(before.alloc, after.alloc);
  EXPECT_EQ(before.free, after.free);
  EXPECT_EQ(before.ctx, after.ctx);
}
