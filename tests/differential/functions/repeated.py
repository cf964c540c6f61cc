"""Inner loops that do the same in each round of the loop around them."""

from tests.differential.cases import case
from tests.differential.values import floats, ints


@case(ints(1, 300), odd=False)
def collatz_again_and_again(n):
    total = 0
    for _ in range(50):
        x = n
        while x != 1:
            x = x // 2 if x % 2 == 0 else 3 * x + 1
            total += 1
    return total


@case(ints(-3, 30), ints(-2, 9))
def no_round_no_inner_loop(n, rounds):
    """For n < 1 the inner loop would not end, or raise, but only if there is a round at all."""
    total = 0
    for _ in range(rounds if n > 0 else 0):
        x = n
        while x > 0:
            x //= 2
            total += 3
    return total


@case(ints(-3, 30), ints(-2, 9))
def the_inner_loop_raises_in_the_first_round(n, rounds):
    total = 0
    for r in range(rounds):
        for k in range(n):
            total += 10 // (k - 7)
        total -= r
    return total


@case(ints(0, 60), ints(0, 5))
def the_sum_leaves_64_bits(n, rounds):
    total = 0
    for _ in range(rounds):
        x = n
        while x > 0:
            total += 1 << 57
            x -= 1
    return total


@case(ints(0, 60), ints(0, 5))
def the_sum_comes_back_from_beyond_64_bits(n, rounds):
    total = 2**62
    for _ in range(rounds):
        for k in range(n):
            total += (1 << 58) if k % 2 else -(1 << 58)
        for _ in range(n):
            total += 1 << 57
        for _ in range(n):
            total -= 1 << 57
    return total


@case(floats(0, 3), ints(0, 6))
def a_float_that_is_made_each_time(x, rounds):
    total = 0.0
    for _ in range(rounds):
        y = 1.0
        for k in range(1, 9):
            y = y * x / k
        total = total / 2 + y
    return total


@case(floats(0, 3), ints(0, 6))
def a_float_sum_is_not_taken_apart(x, rounds):
    total = 0.1
    for _ in range(rounds):
        for k in range(7):
            total += x * k
    return total


@case(ints(0, 20), ints(0, 6))
def three_deep(n, rounds):
    total = 0
    for _ in range(rounds):
        for _ in range(n):
            for k in range(n):
                total += k * k % 7
    return total


@case(ints(0, 20), ints(0, 6))
def several_results(n, rounds):
    lowest = highest = 0
    for r in range(rounds):
        a, b = 1, 1
        for _ in range(n):
            a, b = b, (a + b) % 1009
        lowest += a * r
        highest += b
    return lowest * 10_000 + highest


@case(ints(0, 20), ints(0, 6))
def only_in_some_rounds(n, rounds):
    total = 0
    for r in range(rounds):
        if r % 2:
            continue
        for k in range(n):
            total += k
    return total


@case(ints(0, 20), ints(0, 6))
def otherwise_another(n, rounds):
    total = 0
    for r in range(rounds):
        if r % 2:
            for k in range(n):
                total += k * k
        else:
            for k in range(n):
                total -= k
    return total


@case(ints(0, 30), ints(0, 6))
def left_early(n, rounds):
    total = 0
    for r in range(rounds):
        for k in range(n):
            if k * k > 50:
                break
            total += k
        else:
            total += 100
        if total > 400:
            return r
    return total


@case(ints(0, 30), ints(0, 6))
def left_from_within(n, rounds):
    for r in range(rounds):
        for k in range(n):
            if k == 13:
                return r * 100 + k
    return -1


@case(ints(0, 30), ints(0, 6))
def counts_on_across_rounds(n, rounds):
    """Not the same in each round: k goes on where it was."""
    k = total = 0
    for _ in range(rounds):
        while k < n:
            k += 1
            total += k
        k //= 2
    return total


@case(ints(0, 30), ints(0, 6))
def reads_its_own_sum(n, rounds):
    total = 0
    for _ in range(rounds):
        for _ in range(n):
            total += 1 + total % 3
    return total


@case(ints(0, 30), ints(0, 6))
def the_sum_is_subtracted_from(n, rounds):
    total = 5
    for _ in range(rounds):
        for k in range(n):
            total = k - total
    return total


@case(ints(0, 30), ints(0, 6), odd=False)
def while_within_while(n, rounds):
    total = r = 0
    while r < rounds:
        k = n
        while k:
            total += k
            k -= 1
        r += 1
    return total


@case(ints(0, 12), ints(0, 6))
def calls_a_recursive_function(n, rounds):
    def fib(k):
        return k if k < 2 else fib(k - 1) + fib(k - 2)

    total = 0
    for _ in range(rounds):
        for k in range(n):
            total += fib(k)
    return total


# Rounds that do the same, of which one is run: the sums of the others are products.


@case(ints(-5, 30), ints(-3, 40))
def interest_without_compounding(rate, years):
    balance = 1000
    for _ in range(years):
        if rate > 3:
            balance += rate * 7
        else:
            balance -= 2
    return balance


@case(ints(-5, 30), ints(-3, 60))
def every_fourth_day(dose, days):
    taken = 0
    last = None
    for _ in range(3, days, 4):
        taken += dose
        last = dose
    return taken if last is None else taken * 10 + last


@case(ints(-2, 12), ints(-2, 12))
def tiles(rows, columns):
    placed = used = i = 0
    while i < rows:
        for _ in range(columns):
            placed += columns
        used -= rows
        i += 2
    return placed * 1000 + used + i


@case(ints(-(2**62), 2**62), ints(0, 6))
def leaves_64_bits_in_some_round(step, rounds):
    position = 9_223_372_036_854_775_000
    for _ in range(rounds):
        position -= step
    return position


@case(ints(-4, 9), ints(-1, 5))
def ends_in_its_first_round(n, rounds):
    kept = 0
    for i in range(rounds):
        if n % 3 == 0:
            return i - 1
        if n == 5:
            raise ValueError(n)
        kept += n
    return kept


@case(ints(-2, 40))
def two_sums_with_starts_of_their_own(n):
    up = 1
    down = 0
    for _ in range(n):
        up -= 1
        down = n // 3
        for _ in range(100):
            down -= 7
            up += 5
    return up + down
