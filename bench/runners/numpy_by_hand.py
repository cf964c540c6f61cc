"""NumPy as its documentation recommends: whole-array expressions, written by hand for each workload."""

from bench.runners import NotExpressible, Runner


def _formulas(np):
    def escape(zr, zi, cr, ci, limit):
        """The usual loop over those that have not escaped."""
        counts = np.full(zr.shape, limit)
        alive = np.arange(zr.size)
        cr, ci = np.broadcast_to(cr, zr.shape), np.broadcast_to(ci, zr.shape)
        for i in range(limit):
            out = zr * zr + zi * zi > 4.0
            if out.any():
                counts[alive[out]] = i
                alive, zr, zi, cr, ci = (a[~out] for a in (alive, zr, zi, cr, ci))
            zr, zi = zr * zr - zi * zi + cr, 2.0 * zr * zi + ci
        return counts

    def mandelbrot_iters(x):
        return escape(np.zeros_like(x), np.zeros_like(x), x / 1000.0 - 0.5, x / 1500.0, 800)

    def julia(re, im):
        return escape(re, im, -0.8, 0.156, 200)

    def medium_compute(n):
        acc = np.zeros_like(n)
        for i in range(200):
            acc = (acc + i * n) % 1_000_003
        return acc

    def great_circle(lat1, lon1, lat2, lon2):
        p1, p2 = np.radians(lat1), np.radians(lat2)
        h = np.sin((p2 - p1) / 2) ** 2 + np.cos(p1) * np.cos(p2) * np.sin(np.radians(lon2 - lon1) / 2) ** 2
        return 2 * 6371.0088 * np.arcsin(np.minimum(1.0, np.sqrt(h)))

    def monte_carlo_pi(seed):
        state, hits = seed, np.zeros_like(seed)
        for _ in range(500):
            state = (state * 1103515245 + 12345) % 2147483648
            x = state / 2147483648
            state = (state * 1103515245 + 12345) % 2147483648
            y = state / 2147483648
            hits += x * x + y * y <= 1.0
        return 4 * hits / 500

    def newton_root(a, start):
        x, result, alive = start, np.empty_like(a), np.arange(a.size)
        for _ in range(100):
            new = x - (x * x * x - a) / (3.0 * x * x)
            done = np.abs(new - x) <= 1e-15 * np.abs(new)
            result[alive[done]] = new[done]
            x, a, alive = new[~done], a[~done], alive[~done]
            if not alive.size:
                break
        result[alive] = x
        return result

    def logistic_map(r):
        x = np.full_like(r, 0.5)
        for _ in range(300):
            x = r * x * (1.0 - x)
        return x

    def digit_sum(n):
        total, n = np.zeros_like(n), n.copy()
        while n.any():
            total += n % 10
            n //= 10
        return total

    def totient(n):
        ks = np.arange(1, n.max() + 1)
        return np.array([(np.gcd(ks[:m], m) == 1).sum() for m in n.tolist()])

    def checked_root(x):
        if (x < 0).any():
            raise ValueError("math domain error")
        y, root = x * 0.5 + 1.0, np.sqrt(x)
        for _ in range(20):
            y = 0.5 * (y + root / (y + 1.0))
        return y

    return {
        "mandelbrot_iters": mandelbrot_iters,
        "julia": julia,
        "medium_compute": medium_compute,
        "quick_collatz": lambda n: np.where(n % 2 == 0, n // 2, 3 * n + 1),
        "float_math": lambda x: x * 1.5 + 0.5,
        "great_circle": great_circle,
        "monte_carlo_pi": monte_carlo_pi,
        "newton_root": newton_root,
        "logistic_map": logistic_map,
        "digit_sum": digit_sum,
        "totient": totient,
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
        formula = self._formulas.get(workload.name)
        if formula is None:
            raise NotExpressible("no whole-array form (loops of varying length, recursion, erf or strings)")
        run = through_arrays(kind, formula)
        return lambda: run(*columns)


RUNNERS = {"NumPy by hand": NumPy}
