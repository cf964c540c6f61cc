"""numexpr with its threads: expressions over arrays, in a Python loop where the function has one.

What an expression cannot do, such as dropping the elements that are finished, NumPy does. Divisors that are no powers
of two are variables: numexpr would multiply by the reciprocal of a constant, which gives other last bits. So is the
exponent of a power that Python takes by libm's pow, as numexpr then does: by a constant, it multiplies.
"""

from bench.runners.by_hand import ByHand, primes_up_to, refined, repeated_walk, year_by_year
from bench.runners.chunks import CPUS

ABSENT = {
    "black_scholes": "it has no erf",
    "totient": "it has no gcd",
    "n_queens": "recursion of another shape for each element",
    "initials": "its strings have no case and no words",
}
RADIAN = "0.017453292519943295"
GREAT_CIRCLE = (
    f"12742.0176 * arcsin(sqrt(sin((c * {RADIAN} - a * {RADIAN}) / 2) ** two"
    f" + cos(a * {RADIAN}) * cos(c * {RADIAN}) * sin((d - b) * {RADIAN} / 2) ** two))"
)


def _formulas(np, ne):
    compiled = {}
    kinds = {"i": np.int64, "f": np.float64}  # not a dtype's own type: it makes long longs, which it does not know

    def evaluate(text, out=None, **names):
        """An expression is compiled once, as numexpr's own cache does, which takes longer to look it up."""
        values = [np.asarray(value) for value in names.values()]
        if text not in compiled:
            compiled[text] = ne.NumExpr(text, [(n, kinds[v.dtype.kind]) for n, v in zip(names, values)])
        return compiled[text](*values, out=out, ex_uses_vml=False)

    def escape(re, im, cr, ci, limit):
        counts, alive = np.full(re.shape, limit), np.arange(re.size)
        for i in range(limit):
            out = evaluate("re * re + im * im > 4.0", re=re, im=im)
            if out.any():
                counts[alive[out]] = i
                within = ~out
                alive, re, im = alive[within], re[within], im[within]
                cr, ci = (c[within] if isinstance(c, np.ndarray) else c for c in (cr, ci))
                if not alive.size:
                    break
            re, im = (
                evaluate("re * re - im * im + cr", re=re, im=im, cr=cr),
                evaluate("2.0 * re * im + ci", re=re, im=im, ci=ci),
            )
        return counts

    def mandelbrot_iters(x):
        zero = np.zeros_like(x)
        return escape(zero, zero, x / 1000.0 - 0.5, x / 1500.0, 800)

    def collatz(x):
        return evaluate("where((x & 1) == 0, x >> 1, 3 * x + 1)", x=x)

    def indivisible(left, d):
        return evaluate("left % d != 0", left=left, d=d)

    def medium_compute(n):
        acc = np.zeros_like(n)
        for i in range(200):
            evaluate("(acc + i * n) % 1000003", out=acc, acc=acc, n=n, i=i)
        return acc

    def monte_carlo_pi(seed):
        state, hits = seed, np.zeros_like(seed)
        draw = "(state * 1103515245 + 12345) & 2147483647"
        for _ in range(500):
            x = evaluate(draw, state=state)
            state = evaluate(draw, state=x)
            inside = "hits + where((x * k) * (x * k) + (y * k) * (y * k) <= 1.0, 1, 0)"
            evaluate(inside, out=hits, hits=hits, x=x, y=state, k=1 / 2147483648)
        return 4 * hits / 500

    def newton_step(a, x):
        new = evaluate("x - (x * x * x - a) / (3.0 * x * x)", x=x, a=a)
        return new, evaluate("abs(new - x) <= 1e-15 * abs(new)", new=new, x=x)

    def logistic_map(r):
        x = np.full_like(r, 0.5)
        for _ in range(300):
            evaluate("r * x * (1.0 - x)", out=x, r=r, x=x)
        return x

    def digit_sum(n):
        n = np.maximum(n, 0)
        total = np.zeros_like(n)
        while n.any():
            evaluate("total + n % 10", out=total, total=total, n=n)
            n = evaluate("n // 10", n=n)
        return total

    def add_year(b):
        e = np.zeros_like(b)
        for _ in range(12):
            i = evaluate("b * where(b >= 10000.0, 0.04, 0.025) / twelve", b=b, twelve=12.0)
            evaluate("e + i", out=e, e=e, i=i)
            evaluate("b + i - where(b + i < 1000.0, 1.5, 0.0)", out=b, b=b, i=i)
        evaluate("where(e > 800.0, b - 0.25 * (e - 800.0), b)", out=b, b=b, e=e)

    def checked_root(x):
        if (x < 0).any():
            raise ValueError("math domain error")
        y, root = evaluate("x * 0.5 + 1.0", x=x), evaluate("sqrt(x)", x=x)
        for _ in range(20):
            evaluate("0.5 * (y + root / (y + 1.0))", out=y, y=y, root=root)
        return y

    return {
        "count_primes": lambda n: primes_up_to(np, n, indivisible),
        "heavy_collatz": lambda n: repeated_walk(np, n, collatz),
        "mandelbrot_iters": mandelbrot_iters,
        "julia": lambda re, im: escape(re, im, -0.8, 0.156, 200),
        "medium_compute": medium_compute,
        "quick_collatz": collatz,
        "float_math": lambda x: evaluate("x * 1.5 + 0.5", x=x),
        "great_circle": lambda a, b, c, d: evaluate(GREAT_CIRCLE, a=a, b=b, c=c, d=d, two=2.0),
        "monte_carlo_pi": monte_carlo_pi,
        "newton_root": lambda a, x: refined(np, a, x, newton_step),
        "logistic_map": logistic_map,
        "digit_sum": digit_sum,
        "compound_interest": lambda principal, years: year_by_year(np, principal, years, add_year),
        "checked_root": checked_root,
    }


class Numexpr(ByHand):
    requires = ("numexpr", "numpy")
    kinds = ("list", "numpy", "arrow")
    why_kinds = ""
    absent = ABSENT

    def start(self):
        import numexpr
        import numpy

        numexpr.set_num_threads(CPUS)
        self.formulas = _formulas(numpy, numexpr)


RUNNERS = {"numexpr": Numexpr}
