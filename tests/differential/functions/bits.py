"""Bit tricks: shifts, masks, parity, Gray codes, hashes."""

from tests.differential.cases import case
from tests.differential.values import INT_EDGES, cross, floats, ints

MASK32 = 0xFFFFFFFF
MASK64 = (1 << 64) - 1


@case(ints(0, 5000), huge=True)
@case(INT_EDGES)
def popcount(n):
    count = 0
    n = abs(n)
    while n:
        n &= n - 1
        count += 1
    return count


@case(INT_EDGES, huge=True)
def popcount_method(n):
    return n.bit_count() * 100 + n.bit_length()


@case(INT_EDGES, huge=True)
def is_power_of_two(n):
    return n > 0 and n & (n - 1) == 0


@case(INT_EDGES, huge=True)
def lowest_set_bit(n):
    return n & -n


@case(ints(0, 70000))
def next_power_of_two(n):
    p = 1
    while p < n:
        p <<= 1
    return p


@case(INT_EDGES, huge=True)
def gray_code(n):
    return n ^ (n >> 1)


@case(ints(0, 10**6))
def gray_decode(g):
    n = 0
    while g > 0:
        n ^= g
        g >>= 1
    return n


@case(ints(0, MASK32))
@case(INT_EDGES)
def reverse_bits_32(n):
    result = 0
    for i in range(32):
        result = (result << 1) | ((n >> i) & 1)
    return result


@case(ints(0, MASK32), ints(0, 31))
@case(*cross([1, 2**31, MASK32, -1], [0, 1, 31, 32, 63, 64, 65, -1]))
def rotate_left_32(x, k):
    return ((x << k) | (x >> (32 - k))) & MASK32


@case(INT_EDGES, INT_EDGES[::-1], huge=True)
def hamming_distance(a, b):
    return (a ^ b).bit_count()


@case(ints(0, 10**9), huge=True)
def swap_adjacent_bits(n):
    return ((n & 0x55555555) << 1) | ((n >> 1) & 0x55555555)


@case(ints(0, 10**9), ints(0, 40), ints(0, 1))
def set_bit(n, position, value):
    if value:
        return n | (1 << position)
    return n & ~(1 << position)


@case(ints(0, 1023), ints(0, 1023))
def morton_code(x, y):
    z = 0
    for i in range(10):
        z |= (x >> i & 1) << (2 * i) | (y >> i & 1) << (2 * i + 1)
    return z


@case(ints(0, 2**31))
def xorshift_32(state):
    state ^= (state << 13) & MASK32
    state ^= state >> 17
    state ^= (state << 5) & MASK32
    return state


@case(ints(0, 2**40), compiled=None)
@case(INT_EDGES, compiled=None)
def mix_64(x):
    """A 64-bit finaliser: the products leave 64 bits before the mask brings them back."""
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 & MASK64
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB & MASK64
    return x ^ (x >> 31)


@case(ints(0, 2**32 - 1))
def fnv1a_of_bytes(value):
    digest = 2166136261
    for shift in range(0, 32, 8):
        digest ^= value >> shift & 0xFF
        digest = digest * 16777619 & MASK32
    return digest


@case(ints(0, 255))
def crc8(byte):
    crc = byte
    for _ in range(8):
        crc = (crc << 1) ^ 0x07 if crc & 0x80 else crc << 1
        crc &= 0xFF
    return crc


@case(ints(0, 2**20))
def parity(n):
    even = True
    while n:
        if n & 1:
            even = not even
        n >>= 1
    return even


@case(ints(-(2**31), 2**32))
def to_signed_32(n):
    n &= MASK32
    return n - 2**32 if n & 0x80000000 else n


@case(INT_EDGES, INT_EDGES[3:] + INT_EDGES[:3], huge=True)
def sign_and_masks(a, b):
    return (~a & b) | (a & ~b) if (a ^ b) < 0 else a | b


@case(ints(0, 200), ints(0, 200))
def add_without_plus(a, b):
    while b:
        carry = (a & b) << 1
        a = a ^ b
        b = carry
    return a


@case([True, False, True, False], [True, True, False, False])
def bool_algebra(p, q):
    return (p & q) ^ (p | q) if p != q else p ^ q


@case([True, False, True, False], [True, True, False, False])
def bools_as_numbers(p, q):
    return p + q * 2 - (p << 3) + (not q)


@case(ints(0, 50), ints(-3, 70))
def shift_there_and_back(n, k):
    return (n << k) >> k


@case(floats(0, 255))
def quantise_to_nibble(x):
    level = int(x) >> 4
    return (level << 4 | level) & 0xFF
