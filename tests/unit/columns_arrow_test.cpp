// Arrow arrays in and out.

#include "columns/columns.h"
#include "columns/output.h"
#include "unit/columns_probe.h"

using gilmap::columns::probe::run;

TEST(ColumnsArrow, EveryTypeSliceAndChunk) {
  GILMAP_NEEDS("pyarrow");
  run(R"(
import pyarrow as pa, random
random.seed(1)
def check(a):
    want = [float(x) if type(x).__name__ == 'float16' else x for x in a.to_pylist()]   # before pyarrow 20 or so
    for piece in (0, 1, 17):
        got = identity(a, piece=piece)
        got.validate(full=True)
        assert isinstance(got, pa.ChunkedArray) == isinstance(a, pa.ChunkedArray)
        if isinstance(a, pa.ChunkedArray):
            assert [len(c) for c in got.chunks] == [len(c) for c in a.chunks]
        if any(x is not None for x in want):
            assert got.type == (pa.int64() if pa.types.is_integer(a.type) else pa.bool_() if pa.types.is_boolean(a.type) else pa.float64())
        assert got.null_count == a.null_count
        same(got.to_pylist(), want)
    same(probe.items(a)[0], want)
types = [pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64(), pa.float16(), pa.float32(),
         pa.float64(), pa.bool_()]
for t in types:
    make = ((lambda: random.random() < 0.5) if t == pa.bool_() else (lambda: random.randrange(100)) if pa.types.is_integer(t)
            else (lambda: float(random.choice([0.0, -0.0, 1.5, 6e-8, math.inf, -2.0]))))
    plain = [make() for _ in range(150)]
    holes = [None if random.random() < 0.3 else x for x in plain]
    few = list(plain); few[77] = None
    for values in (plain, holes, few, [None] * 20, []):
        if t == pa.float16():
            import numpy as np
            a = pa.array([None if v is None else np.float16(v) for v in values], t)
        else:
            a = pa.array(values, t)
        for s in (a, a[3:], a[9:70], a[8:72], a[5:5], a[1:2]):
            check(s)
        check(pa.chunked_array([a[:11], a[3:3], a[20:90], a[100:]], type=t))
        check(pa.chunked_array([a[i:i + 7] for i in range(0, 150, 7)], type=t))
        check(pa.chunked_array([], type=t))
check(pa.nulls(5)); check(pa.chunked_array([pa.nulls(2), pa.nulls(3)])); check(pa.nulls(0))
check(pa.chunked_array([pa.nulls(1)] * 9))
)");
}

TEST(ColumnsArrow, NullsAreNotPassedOn) {
  GILMAP_NEEDS("pyarrow");
  run(R"(
import pyarrow as pa
a = pa.array([1, None, 3, None, None, 6])
assert describe(a) == ([('i', [0, 2, 5], 0, [[1, 3, 6]])], [], [1, 3, 4])
assert describe(a[:1]) == ([('i', None, 0, [[1]])], [], [])
assert describe(a[3:5]) == ([], [], [0, 1])
assert describe(pa.array([None, None, 1, 2, None])) == ([('i', None, 2, [[1, 2]])], [], [0, 1, 4])
# A null in any column, even beside what is left to the interpreter.
groups, others, nulls = describe(a, [1, 'x', 'x', 4, 5, 0.5], [True] * 6)
assert groups == [('iib', None, 0, [[1], [1], [True]]), ('ifb', None, 5, [[6], [0.5], [True]])] and others == [2] and nulls == [1, 3, 4]
assert describe(['x'] * 6, a)[2] == [1, 3, 4] and describe(['x'] * 6, a)[1] == [0, 2, 5]
assert describe(a, pa.nulls(6))[2] == list(range(6))
same(identity([1, 2, 3, 4, 5, 6], a), [1, None, 3, None, None, 6])
c = probe.common_types
assert c((a,), 0, 6) == 'i' and c((pa.nulls(3),), 0, 3) is None
big = pa.array([1, 2**63, None, 5, 2**64 - 1], pa.uint64())
assert describe(big) == ([('i', [0, 3], 0, [[1, 5]])], [1, 4], [2])
assert probe.items(big)[0] == big.to_pylist()
assert c((big,), 0, 1) == 'i' and c((big,), 0, 2) is None
raises(OverflowError, 'result 1', identity, big)
)");
}

TEST(ColumnsArrow, ChunksAreGroups) {
  GILMAP_NEEDS("pyarrow");
  run(R"(
import pyarrow as pa
a = pa.chunked_array([[1, 2], [3, None, 5], [6]])
groups, others, nulls = describe(a)
assert groups == [('i', None, 0, [[1, 2]]), ('i', [2, 4], 2, [[3, 5]]), ('i', None, 5, [[6]])] and nulls == [3], groups
b = pa.chunked_array([[0.5], [1.5, 2.5, 3.5, 4.5, 5.5]])
assert [(g[0], g[2], len(g[3][0])) for g in describe(a, b)[0]] == [('if', 0, 1), ('if', 1, 1), ('if', 2, 2), ('if', 5, 1)]
assert len(describe(a, max_groups=1)[0]) == 3           # the same types
# Many short ones are put together.
many = pa.chunked_array([[i, i + 1] for i in range(100)])
assert len(describe(many)[0]) == 1
assert identity(many).num_chunks == 100
got = identity(a, [1, 2, 3, 4])                          # stops at the shortest
assert [len(c) for c in got.chunks] == [2, 2, 0] and got.to_pylist() == [1, 2, 3, None]
assert identity(pa.array([1, 2, 3]), [1]).to_pylist() == [1]
)");
}

TEST(ColumnsArrow, AnythingWithTheInterface) {
  GILMAP_NEEDS("pyarrow");
  run(R"(
import pyarrow as pa
class A:
    def __init__(self, a): self.a = a
    def __arrow_c_array__(self, requested_schema=None): return self.a.__arrow_c_array__(requested_schema)
class S:
    def __init__(self, a): self.a = a
    def __arrow_c_stream__(self, requested_schema=None): return self.a.__arrow_c_stream__(requested_schema)
assert identity(A(pa.array([1, 2]))).equals(pa.array([1, 2]))
if hasattr(pa.ChunkedArray, '__arrow_c_stream__'):                 # from pyarrow 16
    assert identity(S(pa.chunked_array([[1], [2]]))).equals(pa.chunked_array([[1], [2]]))
class Failing:
    def __arrow_c_array__(self, requested_schema=None): raise KeyError('mine')
raises(KeyError, 'mine', identity, Failing())
class Nonsense:
    def __arrow_c_array__(self, requested_schema=None): return 5
raises((TypeError, SystemError), '', identity, Nonsense())
class Wrong:
    def __arrow_c_stream__(self, requested_schema=None): return 'x'
raises(ValueError, 'PyCapsule', identity, Wrong())
import unittest.mock
m = unittest.mock.MagicMock(); m.__iter__.return_value = iter([1, 2])
same(identity(m), [1, 2])
if hasattr(pa.Table, '__arrow_c_stream__'):
    raises(TypeError, 'struct', identity, pa.table({'x': [1]}))
raises(TypeError, 'struct', identity, pa.RecordBatch.from_pydict({'x': [1]}))
class Late:                                              # an error in the middle of a stream
    def __arrow_c_stream__(self, requested_schema=None):
        def batches():
            yield pa.RecordBatch.from_pydict({'x': [1]})
            raise ValueError('late')
        r = pa.RecordBatchReader.from_batches(pa.schema({'x': pa.int64()}), batches())
        return r.__arrow_c_stream__()
raises(TypeError, 'struct', identity, Late())
)");
}

TEST(ColumnsArrow, Polars) {
  GILMAP_NEEDS("polars");
  GILMAP_NEEDS("pyarrow");
  run(R"(
import polars as pl
for s in (pl.Series([1, 2, None]), pl.Series([1.5, None]), pl.Series([True, None, False]), pl.Series([1, 2], dtype=pl.UInt8)):
    got = identity(s)
    same(got.to_pylist(), s.to_list())
raises(TypeError, 'string', identity, pl.Series(['a']))
)");
}

TEST(ColumnsArrow, RefusesOtherTypes) {
  GILMAP_NEEDS("pyarrow");
  run(R"(
import pyarrow as pa, datetime, decimal
day = datetime.date(2020, 1, 1)
cases = [(pa.array(['a']), 'type string'), (pa.array(['a'], pa.large_string()), 'large_string'), (pa.array([b'a']), 'type binary'),
         (pa.array([day]), 'date32'), (pa.array([day], pa.date64()), 'date64'), (pa.array([1], pa.timestamp('us', 'UTC')), 'timestamp'),
         (pa.array([1], pa.time32('s')), 'time'), (pa.array([1], pa.duration('s')), 'duration'), (pa.array([decimal.Decimal(1)]), 'decimal'),
         (pa.array([[1]]), 'type list'), (pa.array([{'a': 1}]), 'type struct'), (pa.array([1, 1]).dictionary_encode(), 'dictionary<int64>'),
         (pa.array([b'ab'], pa.binary(2)), 'fixed_size_binary'), (pa.array([[1]], pa.list_(pa.int8(), 1)), 'fixed_size_list'),
         (pa.array([[(1, 2)]], pa.map_(pa.int8(), pa.int8())), 'map'),
         (pa.RunEndEncodedArray.from_arrays([2], [1]), 'run_end_encoded')]
for a, words in cases:
    e = raises(TypeError, words, identity, a)
    assert 'to_pylist()' in str(e), e
    raises(TypeError, words, identity, pa.chunked_array([a]))
assert 'dictionary_decode' in str(raises(TypeError, 'dictionary', identity, pa.array(['a']).dictionary_encode()))
if hasattr(pa, 'bool8'):
    raises(TypeError, 'extension<arrow.bool8>', identity, pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1, 0], pa.int8())))
)");
}

TEST(ColumnsArrow, OneTypeForTheResult) {
  GILMAP_NEEDS("pyarrow");
  run(R"(
import pyarrow as pa
like = pa.array([0, 1, 2])
L = ...
def gives(types, native, others, values, kind):
    got = probe.collect(like, types, native, others)
    got.validate(full=True)
    assert got.type == kind, (got.type, kind)
    same(got.to_pylist(), values)
gives('i', [1, 2], {}, [1, 2], pa.int64())
gives('b', [True, False] * 20, {}, [True, False] * 20, pa.bool_())
gives('if', [1, 2.5], {}, [1.0, 2.5], pa.float64())
gives('i', [1, L, 3], {1: None}, [1, None, 3], pa.int64())
gives('fn', [1.5, None, 3.5], {}, [1.5, None, 3.5], pa.float64())
gives('b', [True, L, False], {1: None}, [True, None, False], pa.bool_())
gives('bn', [True, None, False], {}, [True, None, False], pa.bool_())
gives('b', [L, L, L], {0: 1, 1: None, 2: 3}, [1, None, 3], pa.int64())
gives('b', [L, L, L], {0: 1, 1: None, 2: 3.5}, [1.0, None, 3.5], pa.float64())
gives('i', [L, L], {0: None, 1: None}, [None, None], pa.int64())
gives('', [L, L], {0: None, 1: None}, [None, None], pa.null())
gives('n', [None, None], {}, [None, None], pa.null())
gives('in', [None, None], {}, [None, None], pa.null())
gives('', [], {}, [], pa.float64())
gives('b', [], {}, [], pa.bool_())
gives('i', [1, L], {1: 0.25}, [1.0, 0.25], pa.float64())
e = raises(OverflowError, 'result 1 is an int', probe.collect, like, 'i', [1, L], {1: 2**63})
assert 'xs.to_pylist()' in str(e)
raises(TypeError, 'result 1 is of type str, which an Arrow array cannot hold', probe.collect, like, 'i', [1, L], {1: 'a'})
raises(TypeError, 'result 2 is a bool and earlier ones are ints', probe.collect, like, 'in', [1, None, L], {2: True})
)");
}

TEST(ColumnsArrow, MemoryIsSharedAndFreed) {
  GILMAP_NEEDS("pyarrow");
  run(R"(
import pyarrow as pa, gc
before = pa.total_allocated_bytes()
a = pa.chunked_array([pa.array(range(20_000)), pa.array(range(30_000))])
got = identity(a)
assert pa.total_allocated_bytes() - before < 500_000     # the result lies in our memory
assert got.equals(a)
part = got.chunk(1).slice(100, 5)
del got, a; gc.collect()
assert part.to_pylist() == [100, 101, 102, 103, 104]
del part
gc.collect()
assert pa.total_allocated_bytes() <= before, pa.total_allocated_bytes() - before
)");
}
