"""Generator expressions and comprehensions that are consumed at once."""

import math

from tests.differential.cases import case
from tests.differential.values import floats, ints


@case(ints(-3, 60))
def sum_of_squares(n):
    return sum(i * i for i in range(n))


@case(ints(-3, 60))
def sum_of_list(n):
    return sum([i * i for i in range(n)])


@case(floats(-3, 3), ints(0, 40))
def compensated_float_sum(x, n):
    """The builtin sum of floats is compensated; a loop is not."""
    return sum(x * 0.1 for _ in range(n))


@case(floats(-3, 3), ints(0, 40))
def plain_float_sum(x, n):
    total = 0.0
    for _ in range(n):
        total += x * 0.1
    return total


@case(ints(0, 40))
def sum_turns_float(n):
    return sum(i if i < 20 else i / 7 for i in range(n))


@case(ints(0, 40), floats(-1, 1))
def sum_with_start(n, start):
    return sum((i for i in range(n) if i % 3), start)


@case(ints(0, 70))
def sum_leaves_64_bits(n):
    return sum(2**i for i in range(n))


@case(ints(0, 40), floats(0, 1e16))
def sum_of_mixed_magnitudes(n, big):
    return sum(big if i % 2 else -big + i for i in range(n))


@case(ints(-2, 200))
def all_not_divisible(n):
    return n > 1 and all(n % d != 0 for d in range(2, int(math.sqrt(n)) + 1))


@case(ints(-2, 60))
def any_square_residue(n):
    return any(k * k % 13 == n % 13 for k in range(n))


@case(ints(-2, 60))
def any_without_condition(n):
    return any(range(n)) + all(range(n))


@case(ints(1, 60))
def smallest_remainder(n):
    return min(97 % k for k in range(1, n + 1))


@case(ints(0, 30))
def largest_of_values(n):
    return max(math.sin(k) for k in range(n))


@case(ints(0, 30))
def largest_with_default(n):
    return max((k * k % 11 for k in range(n)), default=-1)


@case(ints(0, 25))
def product(n):
    return math.prod(i for i in range(1, n))


@case(ints(0, 25), floats(0, 2))
def product_of_floats(n, x):
    return math.prod(x + i for i in range(n))


@case(ints(0, 25))
def product_with_start(n):
    return math.prod((k for k in range(1, n, 2)), start=2)


@case(ints(0, 80))
def count_with_len(n):
    return len([k for k in range(n) if k % 7 == 3])


@case(ints(0, 80))
def count_with_list(n):
    return len(list(k for k in range(n) if k & 1))


@case(ints(0, 80))
def count_true(n):
    return sum(k % 3 == 1 for k in range(n))


@case(ints(0, 15), ints(0, 15))
def nested_generators(n, m):
    return sum(i * j for i in range(n) for j in range(m) if i != j)


@case(ints(0, 12))
def generator_in_generator(n):
    return sum(sum(i * j for j in range(i)) for i in range(n))


@case(ints(0, 40))
def over_negative_step(n):
    return sum(i * 10 - n for i in range(n, -n, -3))


@case(ints(0, 20))
def list_max_and_min(n):
    return max([k * 37 % 17 for k in range(n)]) - min([k * 37 % 17 for k in range(n)])


@case(ints(-4, 12))
def sum_range_directly(n):
    return sum(range(n)) + sum(range(3, 3 * n, 4))


@case(ints(-4, 12))
def len_of_range(n):
    return len(range(n)) * 100 + len(range(10, n, -2))


@case(ints(0, 12))
def closure_variable_in_generator(n):
    base = n * 2
    return sum(base - k for k in range(n) if k < base)


@case(ints(0, 8))
def generator_raises(n):
    return sum(100 // (5 - k) for k in range(n))


@case(ints(0, 20), compiled=None)
def set_comprehension(n):
    return len({k * k % 10 for k in range(n)})


@case(ints(0, 20), compiled=None)
def dict_comprehension(n):
    return sum({k: k * k for k in range(n)}.values())


@case(ints(0, 20), compiled=None)
def zip_and_enumerate(n):
    return sum(i * a for i, a in enumerate(range(n, 0, -1))) + sum(a - b for a, b in zip(range(n), range(1, n)))


@case(ints(0, 20), compiled=None)
def sorted_median(n):
    values = sorted(k * 31 % 23 for k in range(n + 1))
    return values[len(values) // 2]


@case(ints(0, 20), compiled=None)
def fsum_and_sumprod(n):
    return math.fsum(0.1 for _ in range(n)) + math.sumprod([1.5] * n, [2.0] * n)
