"""What peers written by hand have in common: a formula for each workload, and loops of those over NumPy arrays."""

from bench.runners import NotExpressible, Runner


class ByHand(Runner):
    """`formulas`, made at the start, takes whole columns of the kind `native`; `absent` says why there is none."""

    native = "numpy"
    absent = {}
    formulas = {}

    def prepare(self, workload, columns, kind):
        if workload.name in self.absent:
            raise NotExpressible(self.absent[workload.name])
        formula = self.formulas[workload.name]
        run = formula if kind == self.native else through_arrays(kind, formula)
        return lambda: run(*columns)


DTYPES = {int: "int64", float: "float64"}  # of the arrays that lists become


def dtype_of(kind, column):
    return DTYPES[type(column[0] if kind == "list" else column[0].item() if kind == "numpy" else column[0].as_py())]


def through_arrays(kind, loop):
    """A list goes through NumPy and back, an Arrow array shares its memory both ways; that is what its user pays."""
    if kind == "numpy":
        return loop
    if kind == "arrow":
        import pyarrow

        return lambda *columns: pyarrow.array(loop(*(c.to_numpy() for c in columns)))
    import numpy as np

    # With its type and length known, a list is read in half the time that np.array takes.
    array = lambda column: np.fromiter(column, DTYPES[type(column[0])], len(column))
    return lambda *columns: loop(*map(array, columns)).tolist()


def primes_up_to(np, n, indivisible):
    """Trial division of all numbers up to the largest element, each once; `indivisible(numbers, d)` is a mask."""
    most = max(1, int(n.max()))
    left, prime, d = np.arange(2, most + 1), np.zeros(most + 1, np.int64), 2
    while left.size:
        decided = np.searchsorted(left, d * d)
        prime[left[:decided]] = 1
        left = left[decided:]
        left = left[indivisible(left, d)]
        d += 1
    return prime.cumsum()[np.maximum(n, 0)]


def repeated_walk(np, n, step):
    """Steps to 1, a thousand times: the walk is the same each time, and is made once."""
    total, alive = np.zeros_like(n), np.flatnonzero(n != 1)
    x, steps = n[alive], 0
    while x.size:
        x = step(x)
        steps += 1
        walking = x != 1
        if not walking.all():
            total[alive[~walking]] = 1000 * steps
            x, alive = x[walking], alive[walking]
    return total


def refined(np, a, x, step):
    """Up to a hundred steps for those that need them; `step(a, x)` is the next x, and which of them are done."""
    result, alive = np.empty_like(a), np.arange(a.size)
    for _ in range(100):
        x, done = step(a, x)
        if done.any():
            result[alive[done]] = x[done]
            busy = ~done
            x, a, alive = x[busy], a[busy], alive[busy]
            if not alive.size:
                break
    result[alive] = x
    return result


def year_by_year(np, principal, years, add_year):
    """Accounts in the order of their years, so that those that are at their end are a tail; they change in place."""
    order = np.argsort(-years, kind="stable")
    result, left = principal[order], years[order]
    for year in range(int(max(0, left[0]))):
        add_year(result[: np.searchsorted(-left, -year)])  # those of more years than this
    out = np.empty_like(result)
    out[order] = result
    return out
