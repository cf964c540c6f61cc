"""What a peer does otherwise than compiled Python code, where that follows from what stands in its file.

A report says it only of a peer that is quicker. Who changes bench/cpp or bench/runners changes it here, too.
"""

LOOKS_FIRST = (
    "it looks for negative elements before it computes any, and raises; gilmap computes those before the first"
)
_WRAPS = "its ints wrap around unnoticed"
_ONCE = "each number is tried once for all elements"
_PACKED = "elements that are not finished are packed together every few steps"
_LIBM = "it calls the same functions of libm, with nothing around them but the checks that lead to exceptions"
_NUMBA = {
    "n_queens": f"{_WRAPS}, and nobody counts the depth of its calls",
    "black_scholes": "it does not check the domains of logarithms and roots",
    "checked_root": "it does not check the domain of roots",
} | dict.fromkeys(
    ("quick_collatz", "heavy_collatz", "count_primes", "medium_compute", "monte_carlo_pi", "digit_sum", "totient"),
    _WRAPS,
)

OTHERWISE = {
    "C++": {
        "black_scholes": _LIBM,
        "checked_root": "one root for all twenty steps, and several vectors under way at a time",
        "compound_interest": "a year at a time, which needs no remainder of months",
        "count_primes": _ONCE,
        "digit_sum": "a table of the sums of four digits, for a quarter of the divisions",
        "great_circle": _LIBM,
        "heavy_collatz": f"walks in 32 bits; {_PACKED}",
        "julia": _PACKED,
        "logistic_map": "several vectors are under way at a time, so that none waits for its last product",
        "mandelbrot_iters": _PACKED,
        "medium_compute": "additions and comparisons in place of products and remainders, in 32 bits",
        "monte_carlo_pi": "states of 32 bits, and coordinates that nobody divides",
        "n_queens": "no checks of overflow nor of the depth of its calls",
        "newton_root": _PACKED,
        "quick_collatz": "one look at each vector for what might overflow",
        "totient": "Euclid's steps with the nearest quotient, in single precision",
    },
    "NumPy by hand": {"count_primes": _ONCE},
    "numexpr": {"count_primes": _ONCE},
    "pyarrow.compute": {"count_primes": _ONCE},
    "Numba njit": _NUMBA,
    "Numba vectorize": _NUMBA,
    "PyPy": {"initials": "it compiles what is done with strings"},
}
# These look for what raises before they compute anything.
AT_ONCE = {("checked_root", name) for name in ("NumPy by hand", "numexpr", "pyarrow.compute")}
OURS = {"initials": "gilmap leaves strings to CPython"}
