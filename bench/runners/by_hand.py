"""What peers written by hand have in common: a formula for each workload, and loops of those over NumPy arrays."""

from bench.runners import NotExpressible, Runner


class ByHand(Runner):
    """`formulas`, made at the start, takes whole columns, for each workload; `absent` says why there is none."""

    absent = {}
    formulas = {}

    def prepare(self, workload, columns, kind):
        if workload.name in self.absent:
            raise NotExpressible(self.absent[workload.name])
        run = through_arrays(kind, self.formulas[workload.name])
        return lambda: run(*columns)


def through_arrays(kind, loop):
    """A list goes through NumPy and back; that is what its user pays."""
    if kind != "list":
        return loop
    import numpy as np

    return lambda *columns: loop(*map(np.array, columns)).tolist()


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
