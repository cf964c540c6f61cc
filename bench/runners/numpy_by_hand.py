"""NumPy as its documentation recommends: whole-array expressions, written by hand for each workload.

In place where that pays, and with the masks and shifts that an expert writes for powers of two.
"""

from bench.runners import NotExpressible, Runner

ABSENT = {
    "black_scholes": "it has no erf",
    "n_queens": "recursion of another shape for each element",
    "initials": "texts of several words each, which its string functions give as Python lists",
}


def _formulas(np):
    def escape(zr, zi, cr, ci, limit):
        """The usual loop over those that have not escaped."""
        counts = np.full(zr.shape, limit)
        alive = np.arange(zr.size)
        cr, ci = np.broadcast_to(cr, zr.shape), np.broadcast_to(ci, zr.shape)
        for i in range(limit):
            rr, ii = zr * zr, zi * zi
            out = rr + ii > 4.0
            if out.any():
                counts[alive[out]] = i
                within = ~out
                alive, zr, zi, cr, ci, rr, ii = (a[within] for a in (alive, zr, zi, cr, ci, rr, ii))
                if not alive.size:
                    break
            zi = 2.0 * zr * zi
            zi += ci
            rr -= ii
            rr += cr
            zr = rr
        return counts

    def mandelbrot_iters(x):
        return escape(np.zeros_like(x), np.zeros_like(x), x / 1000.0 - 0.5, x / 1500.0, 800)

    def julia(re, im):
        return escape(re, im, -0.8, 0.156, 200)

    def medium_compute(n):
        acc, term = np.zeros_like(n), np.zeros_like(n)
        for _ in range(200):
            acc += term
            acc %= 1_000_003
            term += n
        return acc

    def count_primes(n):
        """Trial division of all numbers up to the largest element, each once."""
        most = max(1, int(n.max()))
        left, prime, d = np.arange(2, most + 1), np.zeros(most + 1, np.int64), 2
        while left.size:
            decided = np.searchsorted(left, d * d)
            prime[left[:decided]] = 1
            left = left[decided:]
            left = left[left % d != 0]
            d += 1
        return prime.cumsum()[np.maximum(n, 0)]

    def heavy_collatz(n):
        """The walk is the same a thousand times, and is made once."""
        total, alive = np.zeros_like(n), np.flatnonzero(n != 1)
        x, steps = n[alive], 0
        while x.size:
            x = np.where(x & 1, 3 * x + 1, x >> 1)
            steps += 1
            walking = x != 1
            if not walking.all():
                total[alive[~walking]] = 1000 * steps
                x, alive = x[walking], alive[walking]
        return total

    def great_circle(lat1, lon1, lat2, lon2):
        p1, p2 = np.radians(lat1), np.radians(lat2)
        h = np.sin((p2 - p1) / 2) ** 2 + np.cos(p1) * np.cos(p2) * np.sin(np.radians(lon2 - lon1) / 2) ** 2
        return 2 * 6371.0088 * np.arcsin(np.minimum(1.0, np.sqrt(h)))

    def monte_carlo_pi(seed):
        state, hits = seed.copy(), np.zeros_like(seed)
        x, y = np.empty(seed.shape), np.empty(seed.shape)
        for _ in range(500):
            for coordinate in (x, y):
                state *= 1103515245
                state += 12345
                state &= 2147483647
                np.multiply(state, 1 / 2147483648, out=coordinate)  # a power of two: the quotient to the bit
                coordinate *= coordinate
            x += y
            hits += x <= 1.0
        return 4 * hits / 500

    def newton_root(a, start):
        x, result, alive = start, np.empty_like(a), np.arange(a.size)
        for _ in range(100):
            square = x * x
            new = x - (square * x - a) / (3.0 * x * x)
            done = np.abs(new - x) <= 1e-15 * np.abs(new)
            x = new
            if done.any():
                result[alive[done]] = new[done]
                busy = ~done
                x, a, alive = new[busy], a[busy], alive[busy]
                if not alive.size:
                    break
        result[alive] = x
        return result

    def logistic_map(r):
        x, rest = np.full_like(r, 0.5), np.empty_like(r)
        for _ in range(300):
            np.subtract(1.0, x, out=rest)
            x *= r
            x *= rest
        return x

    def digit_sum(n):
        total, n = np.zeros_like(n), np.maximum(n, 0)
        while n.any():
            quotient = n // 10
            n -= 10 * quotient
            total += n
            n = quotient
        return total

    def totient(n):
        ks = np.arange(1, n.max() + 1)
        return np.array([np.count_nonzero(np.gcd(ks[:m], m) == 1) for m in n.tolist()])

    def compound_interest(principal, years):
        """Accounts in the order of their years, so that those that are at their end are a tail."""
        order = np.argsort(-years, kind="stable")
        result, left = principal[order], years[order]
        for year in range(int(max(0, left[0]))):
            balance = result[: np.searchsorted(-left, -year)]  # those of more years than this, in place
            earned = np.zeros_like(balance)
            for _ in range(12):
                interest = balance * np.where(balance >= 10000.0, 0.04, 0.025)
                interest /= 12
                earned += interest
                balance += interest
                balance -= np.where(balance < 1000.0, 1.5, 0.0)
            balance -= np.where(earned > 800.0, 0.25 * (earned - 800.0), 0.0)
        out = np.empty_like(result)
        out[order] = result
        return out

    def checked_root(x):
        if (x < 0).any():
            raise ValueError("math domain error")
        y, root, below = x * 0.5 + 1.0, np.sqrt(x), np.empty_like(x)
        for _ in range(20):
            np.add(y, 1.0, out=below)
            np.divide(root, below, out=below)
            y += below
            y *= 0.5
        return y

    return {
        "count_primes": count_primes,
        "heavy_collatz": heavy_collatz,
        "mandelbrot_iters": mandelbrot_iters,
        "julia": julia,
        "medium_compute": medium_compute,
        "quick_collatz": lambda n: np.where(n & 1, 3 * n + 1, n >> 1),
        "float_math": lambda x: x * 1.5 + 0.5,
        "great_circle": great_circle,
        "monte_carlo_pi": monte_carlo_pi,
        "newton_root": newton_root,
        "logistic_map": logistic_map,
        "digit_sum": digit_sum,
        "totient": totient,
        "compound_interest": compound_interest,
        "checked_root": checked_root,
    }


def through_arrays(kind, loop):
    """A list goes through NumPy and back; that is what its user pays."""
    import numpy as np

    if kind == "list":
        return lambda *columns: loop(*map(np.array, columns)).tolist()
    return loop


class NumPy(Runner):
    requires = ("numpy",)
    kinds = ("list", "numpy")

    def start(self):
        import numpy

        self._formulas = _formulas(numpy)

    def prepare(self, workload, columns, kind):
        if workload.name in ABSENT:
            raise NotExpressible(ABSENT[workload.name])
        run = through_arrays(kind, self._formulas[workload.name])
        return lambda: run(*columns)


RUNNERS = {"NumPy by hand": NumPy}
