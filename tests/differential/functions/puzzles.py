"""Interview puzzles without strings and lists."""

from tests.differential.cases import case
from tests.differential.values import INT_EDGES, ints

EVERY_FOURTH = range(3, 50, 4)
NONE = range(5, 5)


@case(ints(-3, 60))
def in_a_range_of_the_module(n):
    return (n in EVERY_FOURTH) + 2 * (n in NONE) + len(EVERY_FOURTH)


@case(ints(-3, 60))
def over_a_range_of_the_module(n):
    total = 0
    for k in EVERY_FOURTH:
        total += k * n
    return total


@case(ints(-200, 2000))
@case(INT_EDGES)
def reverse_integer(x):
    sign = -1 if x < 0 else 1
    x = abs(x)
    result = 0
    while x > 0:
        x, digit = divmod(x, 10)
        result = result * 10 + digit
    result *= sign
    if not -(2**31) <= result <= 2**31 - 1:
        return 0
    return result


@case(ints(-100, 12321))
def is_palindrome_number(x):
    if x < 0 or (x % 10 == 0 and x != 0):
        return False
    half = 0
    while x > half:
        half = half * 10 + x % 10
        x //= 10
    return x == half or x == half // 10


@case(ints(0, 10**6, 60))
def integer_square_root(x):
    low, high = 0, x
    while low <= high:
        middle = (low + high) // 2
        if middle * middle <= x < (middle + 1) * (middle + 1):
            return middle
        elif x < middle * middle:
            high = middle - 1
        else:
            low = middle + 1
    return None


@case(ints(0, 2000, 60))
def trailing_zeroes(n):
    zeroes = 0
    while n >= 5:
        n //= 5
        zeroes += n
    return zeroes


@case(ints(-10, 1000))
def is_ugly(n):
    if n <= 0:
        return False
    for factor in range(2, 6):
        if factor == 4:
            continue
        while n % factor == 0:
            n //= factor
    return n == 1


@case(ints(-(2**31), 2**31 - 1), ints(-50, 50))
def divide_two_integers(dividend, divisor):
    negative = (dividend < 0) != (divisor < 0)
    a, b = abs(dividend), abs(divisor)
    if b == 0:
        raise ZeroDivisionError("no")
    quotient = 0
    while a >= b:
        shifted, power = b, 1
        while a >= shifted << 1:
            shifted <<= 1
            power <<= 1
        a -= shifted
        quotient += power
    return -quotient if negative else quotient


@case(ints(0, 500))
def add_digits_alternating(n):
    total, sign = 0, 1
    while n > 0:
        total += sign * (n % 10)
        sign = -sign
        n //= 10
    return total


@case(ints(1, 40), ints(0, 60))
def water_bottles(full, exchange):
    if exchange < 2:
        return -1
    drunk = full
    while full >= exchange:
        full, rest = divmod(full, exchange)
        drunk += full
        full += rest
    return drunk


@case(ints(0, 1000))
def arrange_coins(n):
    row = 0
    while n > row:
        row += 1
        n -= row
    return row


@case(ints(0, 200))
def count_bits_up_to(n):
    return sum(k.bit_count() for k in range(n + 1))


@case(ints(1, 3000, 60))
def steps_to_one_by_three_rules(n):
    steps = 0
    while n > 1:
        if n % 3 == 0:
            n //= 3
        elif n % 2 == 0:
            n //= 2
        else:
            n -= 1
        steps += 1
    return steps


@case(ints(0, 10**6))
def nth_digit_of_naturals(n):
    if n < 1:
        return 0
    width, first, count = 1, 1, 9
    while n > width * count:
        n -= width * count
        width += 1
        first *= 10
        count *= 10
    number = first + (n - 1) // width
    for _ in range(width - 1 - (n - 1) % width):
        number //= 10
    return number % 10


@case(ints(0, 60), ints(0, 60), ints(0, 60), odd=False)
def can_measure(a, b, target):
    if a + b < target:
        return False
    x, y = a, b
    while y:
        x, y = y, x % y
    return target == 0 if x == 0 else target % x == 0


@case(ints(0, 100))
def consecutive_sums(n):
    """In how many ways is n a sum of consecutive positive ints?"""
    ways = 0
    length = 1
    while length * (length - 1) // 2 < n:
        if (n - length * (length - 1) // 2) % length == 0:
            ways += 1
        length += 1
    return ways


@case(ints(0, 100), ints(0, 100))
def bitwise_and_of_range(low, high):
    shift = 0
    while low < high:
        low >>= 1
        high >>= 1
        shift += 1
    return low << shift


@case(ints(0, 3000))
def self_dividing(n):
    m = n
    while m > 0:
        if (digit := m % 10) == 0 or n % digit:
            return False
        m //= 10
    return True


@case(ints(1, 300))
def bulbs_left_on(n):
    lit = 0
    for bulb in range(1, n + 1):
        on = False
        for step in range(1, bulb + 1):
            if bulb % step == 0:
                on = not on
        lit += on
    return lit


@case(ints(-50, 50), ints(-12, 12))
def fast_power(x, n):
    if n < 0:
        if x == 0:
            return None
        return 1 / fast_power(x, -n)
    result = 1
    while n:
        if n & 1:
            result *= x
        x *= x
        n >>= 1
    return result


@case(ints(0, 20000, 60))
def largest_swap(n):
    """The largest number that one swap of two digits gives."""
    best = n
    a = 1
    while a <= n:
        b = a * 10
        while b <= n:
            high, low = n // b % 10, n // a % 10
            best = max(best, n + (low - high) * b + (high - low) * a)
            b *= 10
        a *= 10
    return best


@case(ints(0, 9999))
def minutes_between(clock):
    hours, minutes = divmod(clock, 100)
    if minutes >= 60:
        return -1
    return (24 * 60 - (hours % 24 * 60 + minutes)) % (24 * 60)


@case(ints(1, 60), ints(1, 20))
def josephus(n, k):
    survivor = 0
    for size in range(2, n + 1):
        survivor = (survivor + k) % size
    return survivor + 1


@case(ints(0, 400))
def fizz_buzz_code(n):
    if n % 15 == 0:
        return 3
    elif n % 5 == 0:
        return 2
    elif n % 3 == 0:
        return 1
    return None
