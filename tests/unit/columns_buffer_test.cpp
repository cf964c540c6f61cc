// NumPy arrays and other buffers in; NumPy arrays out.

#include "columns/columns.h"
#include "columns/output.h"
#include "unit/columns_probe.h"

using gilmap::columns::probe::run;

TEST(ColumnsBuffer, EveryDtypeAndLayout) {
  GILMAP_NEEDS("numpy");
  run(R"(
import numpy as np, itertools
ints = [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64, np.intc, np.longlong, np.intp]
rng = np.random.default_rng(1)
def check(a):
    want = a.ravel().tolist()
    for piece in (0, 1, 17):
        got = identity(a, piece=piece)
        assert type(got) is np.ndarray and got.shape == a.shape, (a.dtype, a.shape, got.shape)
        kind = {'b': 'bool', 'f': 'float64'}.get(a.dtype.kind, 'int64')
        assert got.dtype == np.dtype(kind) or a.size == 0, (a.dtype, got.dtype)
        same(got.ravel().tolist(), want)
    same(probe.items(a)[0], want)
def layouts(base):
    yield base
    yield base[::2]
    yield base[::-1]
    yield base[5:-3:-1]
    yield base[:0]
    yield base[3:4]
    yield np.broadcast_to(base[:1], (7,))
    cut = base[: len(base) // 12 * 12]
    for shape in ((4, -1), (-1, 6), (2, 3, -1), (2, 1, 3, -1)):
        b = cut.reshape(shape)
        yield b
        yield b.T
        yield b[::-1]
        yield b[..., ::2]
        yield b[..., ::-1]
        yield b[1:, :1]
        yield b[:, None]
        yield b[:0]
        yield np.asfortranarray(b)
        yield np.broadcast_to(b[:1], b.shape)
for dtype in ints:
    info = np.iinfo(dtype)
    top = min(info.max, 2**63 - 1)
    base = np.array([0, 1, 2, info.min, top, top - 1] + [int(x) for x in rng.integers(info.min, top, 90, dtype=dtype)], dtype)
    for a in layouts(base): check(a)
    for a in layouts(base.astype(base.dtype.newbyteorder())): check(a)
specials = [0.0, -0.0, 1.5, -2.25, math.inf, -math.inf, math.nan, 6e-8, -6e-8, 5.96e-8, 6.1e-5, 65504.0, 1/3]
for dtype in (np.float16, np.float32, np.float64):
    with np.errstate(all='ignore'):
        base = np.array(specials + list(rng.normal(size=83)), dtype)
    for a in layouts(base): check(a)
    for a in layouts(base.astype(base.dtype.newbyteorder())): check(a)
for a in layouts(rng.integers(0, 2, 96).astype(bool)): check(a)
every_half = np.arange(65536, dtype=np.uint16).view(np.float16)
check(every_half[~np.isnan(every_half)])
assert np.isnan(identity(every_half[np.isnan(every_half)])).all()
assert identity(np.array([0, 1, 2, 255], np.uint8).view(bool)).tolist() == [False, True, True, True]
packed = np.zeros(20, np.dtype([('x', 'i1'), ('y', '<f8'), ('z', '<i4')]))
packed['y'] = rng.normal(size=20); packed['z'] = range(20)
check(packed['y']); check(packed['z'])   # not aligned
a = np.arange(5.0); a.flags.writeable = False
check(a)
)");
}

TEST(ColumnsBuffer, LargeUint64GoesToTheInterpreter) {
  GILMAP_NEEDS("numpy");
  run(R"(
import numpy as np
a = np.array([1, 2**63, 3, 2**64 - 1, 2**63 - 1], np.uint64)
for x in (a, a.astype('>u8'), np.repeat(a, 2)[::2], np.stack([a, a], 1)[:, 0]):
    groups, others, _ = describe(x)
    assert groups == [('i', [0, 2, 4], 0, [[1, 3, 2**63 - 1]])] and others == [1, 3]
    assert probe.items(x)[0] == a.tolist()
    e = raises(OverflowError, 'result 1 is an int that does not fit int64', identity, x)
two = np.stack([a, a], 1)[::-1].T[:, 1:]
assert describe(two)[1] == [0, 2, 4, 6] and describe(two)[0][0][3][0] == [3, 1, 3, 1]
assert describe(np.array([2**63], np.uint64)) == ([], [0], [])
c = probe.common_types
assert c((a,), 0, 1) == 'i' and c((a,), 0, 2) is None and c((np.zeros(0),), 0, 0) == 'f'
big = np.zeros(5000, np.uint64); big[4321] = 2**63
assert describe(big)[1] == [4321]
)");
}

TEST(ColumnsBuffer, OtherBuffers) {
  GILMAP_NEEDS("numpy");
  run(R"(
import numpy as np, array, ctypes, mmap
for code in 'bBhHiIlLqQfd':
    got = identity(array.array(code, [1, 2, 3]))
    assert type(got) is np.ndarray and got.tolist() == [1, 2, 3]
same(identity(array.array('u', 'abc')), 'abc')
assert type(identity(memoryview(b'abc'))) is np.ndarray
same(identity(memoryview(b'abc')).tolist(), b'abc')
same(identity(memoryview(np.arange(6.0).reshape(2, 3))).ravel().tolist(), [float(i) for i in range(6)])
same(identity(b'abc'), [97, 98, 99]); assert type(identity(b'abc')) is list
same(identity(bytearray(b'abc')), [97, 98, 99]); assert type(identity(bytearray(b'abc'))) is list
assert identity(b'') == [] and type(identity(memoryview(b''))) is np.ndarray
same(identity((ctypes.c_int * 3)(1, 2, 3)).tolist(), [1, 2, 3])
same(identity(((ctypes.c_short * 3) * 2)((1, 2, 3), (4, 5, 6))).ravel().tolist(), [1, 2, 3, 4, 5, 6])
same(identity((ctypes.c_char * 3)(b'a', b'b', b'c')), [b'a', b'b', b'c'])
m = mmap.mmap(-1, 4); same(identity(m), [b'\0'] * 4)
assert np.memmap is not None
b = bytearray(b'xyz'); identity(b); b.append(1)          # nothing holds the buffer any more
same(identity([1, 2, 3], np.arange(9).reshape(3, 3)), [1, 2, 3])
)");
}

TEST(ColumnsBuffer, RefusesWhatIsNoNumber) {
  GILMAP_NEEDS("numpy");
  run(R"(
import numpy as np
for a, name in ((np.array(['a']), '<U1'), (np.array([b'a']), '|S1'), (np.array([1, None]), 'object'), (np.array([1j]), 'complex128'),
                (np.array(['2020-01-01'], 'M8[D]'), 'datetime64[D]'), (np.array([1], 'm8[s]'), 'timedelta64[s]'),
                (np.zeros(2, [('a', int), ('b', float)]), "[('a', '<i8'), ('b', '<f8')]"), (np.zeros(2, np.longdouble), 'float128')):
    e = raises(TypeError, 'dtype ' + name, identity, a)
    assert 'xs.tolist()' in str(e)
assert 'ravel' in str(raises(TypeError, 'dtype object', identity, np.array([[1, None]])))
raises(TypeError, 'masked', identity, np.ma.array([1, 2], mask=[0, 1]))
for zero in (np.array(5), np.array(None), np.array('x')):
    assert str(raises(TypeError, '0-d', identity, zero)) == str(raises(TypeError, '0-d', lambda: list(map(abs, zero))))
raises(TypeError, 'not iterable', identity, np.float64(3))
class Quantity(np.ndarray): pass
q = np.arange(3.0).view(Quantity)
assert type(identity(q)) is list
)");
}

TEST(ColumnsBuffer, Shapes) {
  GILMAP_NEEDS("numpy");
  run(R"(
import numpy as np
a = np.arange(6).reshape(2, 3)
assert identity(a, a * 0.5).shape == (2, 3)
assert identity(a, range(100)).shape == (2, 3)
assert identity(np.arange(5), [1, 2]).tolist() == [0, 1]
for other in (a.T, np.arange(6), np.zeros((2, 3, 1))):
    raises(ValueError, '(2, 3) with', identity, a, other)
raises(ValueError, '(6,) with (2, 3)', identity, np.arange(6), a)
raises(ValueError, 'only 5 elements', identity, a, range(5))
same(identity(range(100), a), range(6))
assert identity(np.zeros((0, 3))).shape == (0, 3) and identity(np.zeros((3, 0)), types='i').dtype == np.int64
)");
}

TEST(ColumnsBuffer, OneTypeForTheResult) {
  GILMAP_NEEDS("numpy");
  run(R"(
import numpy as np, decimal, enum
like = np.zeros(4)
def collect(types, native, others={}):
    return probe.collect(like, types, native, others)
def gives(result, values, dtype):
    assert result.dtype == dtype, (result.dtype, dtype)
    same(result.tolist(), values)
L = ...
gives(collect('i', [1, 2, 3]), [1, 2, 3], 'int64')
gives(collect('f', [1.5, -0.0]), [1.5, -0.0], 'float64')
gives(collect('b', [True, False]), [True, False], 'bool')
gives(collect('', [L, L], {0: 1, 1: 2}), [1, 2], 'int64')
gives(collect('', [L, L], {0: 1.0, 1: 2}), [1.0, 2.0], 'float64')
gives(collect('', [L, L], {0: True, 1: False}), [True, False], 'bool')
gives(collect('if', [1, 2.5, 3]), [1.0, 2.5, 3.0], 'float64')
gives(collect('if', [1, 2, 3]), [1, 2, 3], 'int64')
gives(collect('if', [1.5, L]  , {1: 2**53}), [1.5, 2.0**53], 'float64')
gives(collect('fib', [True, False]), [True, False], 'bool')
gives(collect('bi', [3, 4]), [3, 4], 'int64')
gives(collect('i', [1, L, 3], {1: 0.5}), [1.0, 0.5, 3.0], 'float64')
gives(collect('f', [1.5, L, 3.5], {1: 2}), [1.5, 2.0, 3.5], 'float64')
gives(collect('f', [L, L], {0: 1, 1: 2}), [1, 2], 'int64')
gives(collect('b', [L, L], {0: 1, 1: 2}), [1, 2], 'int64')
gives(collect('b', [L, L], {0: 1, 1: 2.5}), [1.0, 2.5], 'float64')
gives(collect('i', [L, L], {0: True, 1: False}), [True, False], 'bool')
gives(collect('n', [L], {0: 4}), [4], 'int64')
# Empty: what kernels give, if that is one type.
for types, dtype in (('i', 'int64'), ('f', 'float64'), ('b', 'bool'), ('', 'float64'), ('if', 'float64'), ('n', 'float64')):
    gives(collect(types, []), [], dtype)
# Subclasses and NumPy's scalars count by their value.
class E(enum.IntEnum): A = 5
gives(collect('', [L] * 3, {0: np.float64(1.5), 1: np.float32(0.1), 2: np.int16(3)}), [1.5, float(np.float32(0.1)), 3.0], 'float64')
gives(collect('i', [L, 2], {0: E.A}), [5, 2], 'int64')
gives(collect('i', [L, L], {0: np.bool_(True), 1: True}), [True, True], 'bool')

def fails(kind, words, *args):
    e = raises(kind, words, collect, *args)
    assert 'A list takes everything: pass xs.tolist()' in str(e)
fails(OverflowError, 'result 1 is an int that does not fit int64', 'i', [1, L, L], {1: 2**63, 2: 2**70})
fails(OverflowError, 'result 1 is an int', 'i', [1, L, L], {2: 'a', 1: -2**70})
fails(TypeError, 'result 1 is of type str', 'i', [1, L, L], {1: 'a', 2: 2**70})
fails(TypeError, 'result 2 is None', 'n', [1, 2, L][:0] + [L, L, None], {0: 1, 1: 2})
fails(TypeError, 'result 1 is None', 'f', [1.0, L], {1: None})
fails(TypeError, 'result 0 is None', 'fn', [None, 1.0])
fails(TypeError, 'result 2 is of type tuple', '', [L] * 3, {0: 1, 1: 2, 2: (1,)})
fails(TypeError, 'result 0 is of type decimal.Decimal', 'f', [L, 1.0], {0: decimal.Decimal(1)})
fails(TypeError, 'result 0 is of type numpy.ndarray', 'f', [L, 1.0], {0: np.array([1.5])})
fails(TypeError, 'result 0 is of type numpy.longdouble', 'f', [L, 1.0], {0: np.longdouble(1)})
fails(TypeError, 'result 2 is a bool and earlier ones are ints', 'ib', [1, 2, True, 2.5])
fails(TypeError, 'result 1 is an int and earlier ones are bools', 'b', [True, L], {1: 1})
fails(TypeError, 'result 1 is a float and earlier ones are bools', 'b', [True, L], {1: 1.0})
fails(TypeError, 'result 1 is a bool and earlier ones are floats', 'f', [1.0, L], {1: True})
fails(TypeError, 'result 0 is the int 9007199254740993, which a float64 does not hold exactly', 'if', [2**53 + 1, 1.5])
fails(TypeError, 'result 1 is the int', 'f', [1.0, L, L], {1: 2**63 - 1, 2: 'a'})
fails(TypeError, 'result 1 is the int -9', 'i', [1, -2**63 + 1, L], {2: 0.5})
gives(collect('if', [2**62, -2**63, 1.5, 2**53 + 2]), [2.0**62, -2.0**63, 1.5, 2.0**53 + 2], 'float64')
)");
}

TEST(ColumnsBuffer, LargeArrays) {
  GILMAP_NEEDS("numpy");
  run(R"(
import numpy as np
a = np.arange(300_000)
for x in (a, a * 0.5, a % 3 == 0, a.astype(np.int32), a.reshape(300, 1000).T, (a * 0.5).astype(np.float16)):
    with np.errstate(all='ignore'):
        got = identity(x, piece=10_000)
    assert (got == x).all() and got.shape == x.shape and got.base is None
)");
}
