"""pyarrow.compute: kernels called by hand, in a Python loop where the function has one.

Kernels have no exception of Python's, so what raises is looked for first. Elements that are finished are filtered out,
and put in order at the end. Scalars are Arrow's, made once: to make one of a Python number takes ten times as long as a
call of a kernel.
"""

import functools
import math

from bench.runners.by_hand import ByHand

ABSENT = {
    "black_scholes": "it has no erf",
    "totient": "it has no gcd",
    "n_queens": "recursion of another shape for each element",
}


class Finished:
    """Results of elements as they finish, and their places."""

    def __init__(self, pa, pc):
        self._pa, self._pc = pa, pc
        self._places, self._results = [], []

    def add(self, places, results):
        self._places.append(places)
        self._results.append(results)

    def in_order(self):
        order = self._pc.sort_indices(self._pa.concat_arrays(self._places))
        return self._pa.concat_arrays(self._results).take(order)


def _formulas(pa, pc):
    scalar = functools.lru_cache(maxsize=4096, typed=True)(pa.scalar)

    def kernel(name):
        function = getattr(pc, name)
        return lambda *args: function(*(a if isinstance(a, pa.Array) else scalar(a) for a in args))

    add, sub, mul, div = map(kernel, ("add", "subtract", "multiply", "divide"))
    add_checked, multiply_checked = map(kernel, ("add_checked", "multiply_checked"))
    equal, not_equal, less, less_equal = map(kernel, ("equal", "not_equal", "less", "less_equal"))
    greater, greater_equal = map(kernel, ("greater", "greater_equal"))
    bit_and, shift_right, if_else = map(kernel, ("bit_wise_and", "shift_right", "if_else"))
    smaller, larger, power = map(kernel, ("min_element_wise", "max_element_wise", "power"))

    def constant(value, count):
        return pa.repeat(scalar(value), count)

    def collatz(n):
        odd = equal(bit_and(n, 1), 1)
        return if_else(odd, add_checked(multiply_checked(n, 3), 1), shift_right(n, 1))

    def remainder(n, d):
        return sub(n, mul(div(n, d), d))

    def escape(zr, zi, cr, ci, limit):
        finished, places = Finished(pa, pc), pa.arange(0, len(zr))
        for i in range(limit):
            rr, ii = mul(zr, zr), mul(zi, zi)
            out = greater(add(rr, ii), 4.0)
            if out.true_count:
                within = pc.invert(out)
                gone = places.filter(out)
                finished.add(gone, constant(i, len(gone)))
                places, zr, zi, rr, ii = (a.filter(within) for a in (places, zr, zi, rr, ii))
                cr, ci = (c.filter(within) if isinstance(c, pa.Array) else c for c in (cr, ci))
                if not len(places):
                    break
            zr, zi = add(sub(rr, ii), cr), add(mul(mul(2.0, zr), zi), ci)
        finished.add(places, constant(limit, len(places)))
        return finished.in_order()

    def mandelbrot_iters(x):
        zero = constant(0.0, len(x))
        return escape(zero, zero, sub(div(x, 1000.0), 0.5), div(x, 1500.0), 800)

    def count_primes(n):
        """Trial division of all numbers up to the largest element, each once."""
        most = max(1, pc.max(n).as_py())
        left, primes, d = pa.arange(2, most + 1), [], 2
        while len(left):
            undecided = greater_equal(left, d * d)
            primes.append(left.filter(pc.invert(undecided)))
            left = left.filter(undecided)
            left = left.filter(not_equal(remainder(left, d), 0))
            d += 1
        known = pc.is_in(pa.arange(0, most + 1), value_set=pa.concat_arrays(primes or [left]))
        return pc.cumulative_sum(pc.cast(known, "int64")).take(larger(n, 0))

    def heavy_collatz(n):
        """The walk is the same a thousand times, and is made once."""
        finished, places, steps = Finished(pa, pc), pa.arange(0, len(n)), 0
        while len(n):
            at_end = equal(n, 1)
            if at_end.true_count:
                gone, walking = places.filter(at_end), pc.invert(at_end)
                finished.add(gone, constant(1000 * steps, len(gone)))
                n, places = n.filter(walking), places.filter(walking)
            n = collatz(n)
            steps += 1
        return finished.in_order()

    def medium_compute(n):
        acc = constant(0, len(n))
        for i in range(200):
            acc = remainder(add_checked(acc, multiply_checked(n, i)), 1_000_003)
        return acc

    def great_circle(lat1, lon1, lat2, lon2):
        degree = math.pi / 180
        p1, p2 = mul(lat1, degree), mul(lat2, degree)
        north, east = pc.sin(div(sub(p2, p1), 2.0)), pc.sin(div(mul(sub(lon2, lon1), degree), 2.0))
        # Python's ** is libm's pow, and so is Arrow's; the product of a number with itself has other last bits.
        h = add(power(north, 2.0), mul(mul(pc.cos(p1), pc.cos(p2)), power(east, 2.0)))
        return mul(2 * 6371.0088, pc.asin(smaller(1.0, pc.sqrt(h))))

    def monte_carlo_pi(seed):
        def draw(state):
            state = bit_and(add(mul(state, 1103515245), 12345), 2147483647)
            coordinate = mul(pc.cast(state, "float64"), 1 / 2147483648)
            return state, mul(coordinate, coordinate)

        hits = constant(0, len(seed))
        for _ in range(500):
            seed, xx = draw(seed)
            seed, yy = draw(seed)
            hits = add(hits, pc.cast(less_equal(add(xx, yy), 1.0), "int64"))
        return div(pc.cast(mul(hits, 4), "float64"), 500.0)

    def newton_root(a, x):
        finished, places = Finished(pa, pc), pa.arange(0, len(a))
        for _ in range(100):
            square = mul(x, x)
            new = sub(x, div(sub(mul(square, x), a), mul(mul(3.0, x), x)))
            done = less_equal(pc.abs(sub(new, x)), mul(1e-15, pc.abs(new)))
            x = new
            if done.true_count:
                finished.add(places.filter(done), x.filter(done))
                busy = pc.invert(done)
                a, x, places = a.filter(busy), x.filter(busy), places.filter(busy)
                if not len(places):
                    break
        finished.add(places, x)
        return finished.in_order()

    def logistic_map(r):
        x = constant(0.5, len(r))
        for _ in range(300):
            x = mul(mul(r, x), sub(1.0, x))
        return x

    def digit_sum(n):
        n = larger(n, 0)
        total = constant(0, len(n))
        while pc.max(n).as_py():
            quotient = div(n, 10)
            total, n = add(total, sub(n, mul(quotient, 10))), quotient
        return total

    def compound_interest(balance, years):
        finished, places = Finished(pa, pc), pa.arange(0, len(balance))
        for year in range(max(0, pc.max(years).as_py()) + 1):
            at_end = less_equal(years, year)
            finished.add(places.filter(at_end), balance.filter(at_end))
            others = pc.invert(at_end)
            balance, years, places = balance.filter(others), years.filter(others), places.filter(others)
            earned = constant(0.0, len(balance))
            for _ in range(12):
                interest = div(mul(balance, if_else(greater_equal(balance, 10000.0), 0.04, 0.025)), 12.0)
                earned, balance = add(earned, interest), add(balance, interest)
                balance = sub(balance, if_else(less(balance, 1000.0), 1.5, 0.0))
            tax = mul(0.25, sub(earned, 800.0))
            balance = sub(balance, if_else(greater(earned, 800.0), tax, 0.0))
        return finished.in_order()

    def checked_root(x):
        if pc.any(less(x, 0.0)).as_py():
            raise ValueError("math domain error")
        y, root = add(mul(x, 0.5), 1.0), pc.sqrt(x)
        for _ in range(20):
            y = mul(0.5, add(y, div(root, add(y, 1.0))))
        return y

    return {
        "count_primes": count_primes,
        "heavy_collatz": heavy_collatz,
        "mandelbrot_iters": mandelbrot_iters,
        "julia": lambda re, im: escape(re, im, -0.8, 0.156, 200),
        "medium_compute": medium_compute,
        "quick_collatz": collatz,
        "float_math": lambda x: add(mul(x, 1.5), 0.5),
        "great_circle": great_circle,
        "monte_carlo_pi": monte_carlo_pi,
        "newton_root": newton_root,
        "logistic_map": logistic_map,
        "digit_sum": digit_sum,
        "compound_interest": compound_interest,
        "checked_root": checked_root,
    }


class Arrow(ByHand):
    requires = ("pyarrow",)
    kinds = ("arrow",)
    why_kinds = "Arrow only: its kernels are for those who have Arrow arrays"
    native = "arrow"
    absent = ABSENT

    def start(self):
        import pyarrow
        import pyarrow.compute

        self.formulas = _formulas(pyarrow, pyarrow.compute)


RUNNERS = {"pyarrow.compute": Arrow}
