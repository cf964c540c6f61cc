"""Control flow: loop else, break, continue, negative steps, chained comparison, walrus, match, while True."""

from tests.differential.cases import case
from tests.differential.values import floats, ints


@case(ints(-3, 60))
def for_else(n):
    for d in range(2, n):
        if n % d == 0:
            break
    else:
        return n
    return -d


@case(ints(0, 60))
def while_else(n):
    k = 0
    while k < 10:
        if k * 7 % 11 == n:
            break
        k += 1
    else:
        k = -1
    return k


@case(ints(-12, 12), ints(-12, 12), ints(-4, 4))
def range_three(start, stop, step):
    total = 0
    for i in range(start, stop, step):
        total = total * 3 + i
    return total


@case(ints(-3, 30))
def counts_down(n):
    s = 0
    for i in range(n, 0, -1):
        s = s * 2 - i
    return s


@case(ints(-3, 30))
def steps_of_minus_three(n):
    last = None
    for i in range(n, -n, -3):
        last = i
    return last


@case(ints(0, 30))
def loop_variable_survives(n):
    i = -7
    for i in range(n):
        pass
    return i


@case(ints(0, 30))
def loop_variable_overwritten(n):
    s = 0
    for i in range(n):
        i *= 2
        s += i
    return s + i if n else s


@case(ints(0, 30))
def range_bound_changes(n):
    s = 0
    for i in range(n):
        n = n // 2
        s += n + i
    return s


@case(ints(0, 40))
def skips_with_continue(n):
    s = 0
    for i in range(n):
        if i % 3 == 0:
            continue
        if i % 5 == 0:
            continue
        s += i
    return s


@case(ints(0, 15))
def nested_break(n):
    found = 0
    for i in range(n):
        for j in range(n):
            if i * j > n:
                break
            if (i + j) % 4 == 3:
                continue
            found += 1
        else:
            found += 1000
    return found


@case(ints(0, 25), odd=False)
def while_true(n):
    steps = 0
    while True:
        n = n * n % 1009 + 1
        steps += 1
        if n % 17 == 0 or steps > 50:
            return steps


@case(floats(-5, 15), huge=True)
def chained(x):
    if 0 <= x < 10:
        return 1
    if -1 < x < 0 or 10 == x != 3:
        return 2
    return 0 > x > -3


@case(ints(-5, 15), ints(-5, 15), ints(-5, 15), huge=True)
def long_chain(a, b, c):
    return a < b <= c != a


@case(ints(0, 50))
def walrus_in_while(n):
    total = 0
    while (half := n // 2) > 0:
        total += half
        n = half
    return total


@case(ints(0, 50))
def walrus_in_condition(n):
    if (r := n % 7) > 3 and (q := n // 7) > 1:
        return r * q
    return r


@case(ints(0, 50), compiled=None)
def walrus_in_generator(n):
    return sum(y for x in range(n) if (y := x * x % 10) > 5)


@case(ints(-5, 50), huge=True)
def in_constant_tuple(n):
    return n in (1, 4, 9, 16, 25) or n not in (0, 2, 3.0, True)


@case(ints(-5, 50), ints(0, 30))
def in_range(n, k):
    return (n in range(k)) + (n in range(0, k, 3)) * 2 + (n not in range(k, -k, -2)) * 4


@case(floats(-5, 50))
def float_in_range(x):
    return x in range(0, 50, 5)


@case(ints(-5, 50), compiled=None)
def in_constant_set(n):
    return n in {1, 4, 9, 16, 25}


@case(ints(-5, 20), compiled=None)
def match_numbers(n):
    match n:
        case 0:
            return 100
        case 1 | 2 | 3:
            return 200
        case k if k < 0:
            return -k
        case _:
            return 300.5


@case(ints(-5, 20))
def elif_ladder(n):
    if n < 0:
        result = -1
    elif n == 0:
        result = 0
    elif n < 5:
        result = 1.5
    elif n < 10:
        result = None
    else:
        result = True
    return result


@case(ints(-5, 20), ints(-5, 20), huge=True)
def short_circuits(a, b):
    return (b != 0 and a // b > 2) or (a == 0 and b == 0)


@case(ints(-5, 20), huge=True)
def conditional_expressions(n):
    return (1 if n > 0 else 2) + (3 if n % 2 else (4 if n % 3 else 5.0))


@case(ints(0, 12))
def triple_loop(n):
    c = 0
    for i in range(n):
        for j in range(i):
            for k in range(j):
                if i * i == j * j + k * k:
                    c += 1
                c += (i ^ j ^ k) & 1
    return c


@case(ints(0, 30))
def empty_loops(n):
    for _ in range(n):
        pass
    while n > 3:
        n -= 1
    return n


@case(ints(0, 30))
def pass_and_ellipsis(n):
    if n > 5:
        pass
    else:
        ...
    return n


@case(ints(-3, 10))
def ranges_at_the_edge(n):
    """Ranges whose ends are at the limits of 64 bits."""
    top = 2**63 - 1
    s = 0
    for i in range(top - n, top):
        s ^= i
    for i in range(-(2**63), -(2**63) + n):
        s ^= i
    return s


@case(floats(0, 1), odd=False)
def float_loop(x):
    n = 0
    while x < 1.0:
        x += 0.1
        n += 1
    return n


@case(floats(-2, 12))
def nest_whose_sum_turns_float(y):
    """The first round is another version, so that both loops have one header."""
    total = 1
    done = 0
    while done < y:
        done += 1
        for _ in range(10):
            total -= y
    return total


@case(floats(-2, 9), floats(-2, 9))
def nest_whose_sum_turns_float_and_that_may_return(x, y):
    done = 0
    total = 1
    while done < 3 and x > y:
        done += 1
        if done > 2 + x:
            return None
        for _ in range(2):
            total -= y
    return total


@case(ints(1, 60), ints(-5, 200), odd=False)
def continue_in_front_of_the_only_way_out(n, least):
    i = 0
    while True:
        i += 1
        if i % n:
            continue
        if i > least:
            break
    return i
