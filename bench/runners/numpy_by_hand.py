"""NumPy as its documentation recommends: whole-array expressions, written by hand for each workload.

In place where that pays, and with the masks and shifts that an expert writes for powers of two.
"""

from bench.runners.by_hand import ByHand, primes_up_to, refined, repeated_walk, year_by_year

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

    def collatz(n):
        return np.where(n & 1, 3 * n + 1, n >> 1)

    def great_circle(lat1, lon1, lat2, lon2):
        p1, p2 = np.radians(lat1), np.radians(lat2)
        # float_power is libm's pow, as Python's ** is; power, and NumPy's own **, multiply where the exponent is a 2.
        # On CPUs with AVX-512 NumPy has its own sines, whose last bits are others all the same.
        north, east = np.sin((p2 - p1) / 2), np.sin(np.radians(lon2 - lon1) / 2)
        h = np.float_power(north, 2) + np.cos(p1) * np.cos(p2) * np.float_power(east, 2)
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

    def newton_step(a, x):
        square = x * x
        new = x - (square * x - a) / (3.0 * x * x)
        return new, np.abs(new - x) <= 1e-15 * np.abs(new)

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

    def add_year(balance):
        earned = np.zeros_like(balance)
        for _ in range(12):
            interest = balance * np.where(balance >= 10000.0, 0.04, 0.025)
            interest /= 12
            earned += interest
            balance += interest
            balance -= np.where(balance < 1000.0, 1.5, 0.0)
        balance -= np.where(earned > 800.0, 0.25 * (earned - 800.0), 0.0)

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
        "count_primes": lambda n: primes_up_to(np, n, lambda left, d: left % d != 0),
        "heavy_collatz": lambda n: repeated_walk(np, n, collatz),
        "mandelbrot_iters": mandelbrot_iters,
        "julia": julia,
        "medium_compute": medium_compute,
        "quick_collatz": collatz,
        "float_math": lambda x: x * 1.5 + 0.5,
        "great_circle": great_circle,
        "monte_carlo_pi": monte_carlo_pi,
        "newton_root": lambda a, x: refined(np, a, x, newton_step),
        "logistic_map": logistic_map,
        "digit_sum": digit_sum,
        "totient": totient,
        "compound_interest": lambda principal, years: year_by_year(np, principal, years, add_year),
        "checked_root": checked_root,
    }


class NumPy(ByHand):
    requires = ("numpy",)
    kinds = ("list", "numpy", "arrow")
    why_kinds = ""
    absent = ABSENT

    def start(self):
        import numpy

        self.formulas = _formulas(numpy)


RUNNERS = {"NumPy by hand": NumPy}
