"""Densities, distribution functions, moments of generated data, streaming estimates."""

import math

from tests.differential.cases import case
from tests.differential.values import floats, ints


@case(floats(-5, 5), floats(-2, 2), floats(0.1, 3), huge=True)
def normal_density(x, mean, deviation):
    z = (x - mean) / deviation
    return math.exp(-0.5 * z * z) / (deviation * math.sqrt(2 * math.pi))


@case(floats(0.001, 0.999), odd=False)
def normal_quantile(p):
    """By bisection on erfc."""
    low, high = -10.0, 10.0
    while high - low > 1e-12:
        middle = (low + high) / 2
        if 0.5 * math.erfc(-middle / math.sqrt(2)) < p:
            low = middle
        else:
            high = middle
    return low


@case(ints(0, 30), floats(0, 20))
def poisson_mass(k, rate):
    return math.exp(-rate) * rate**k / math.factorial(k)


@case(ints(0, 60), floats(0.1, 30))
def poisson_log_mass(k, rate):
    return k * math.log(rate) - rate - math.lgamma(k + 1)


@case(ints(0, 20), ints(0, 20), floats(0, 1))
def binomial_tail(n, k, p):
    return sum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1))


@case(floats(0.1, 20), floats(0.5, 9))
def gamma_density(x, shape):
    return x ** (shape - 1) * math.exp(-x) / math.gamma(shape)


@case(floats(0, 10), floats(0.5, 5), odd=False)  # two NaNs of different signs meet: docs/semantics.md
def incomplete_gamma(x, a):
    if x <= 0:
        return 0.0
    term = total = 1 / a
    n = 0
    while abs(term) > abs(total) * 1e-15 and n < 500:
        n += 1
        term *= x / (a + n)
        total += term
    return total * math.exp(-x + a * math.log(x) - math.lgamma(a))


@case(floats(0, 30), ints(1, 15))
def chi_square_survival_even(x, half_df):
    """For an even number of degrees of freedom the survival function is a finite sum."""
    term, total = 1.0, 1.0
    for k in range(1, half_df):
        term *= x / 2 / k
        total += term
    return math.exp(-x / 2) * total


@case(ints(1, 50))
def mean_and_spread(n):
    total = squares = 0
    for k in range(n):
        value = (k * 37 + 11) % 101
        total += value
        squares += value * value
    mean = total / n
    return math.sqrt(squares / n - mean * mean)


@case(ints(0, 60))
def welford_variance(n):
    mean = 0.0
    m2 = 0.0
    for count in range(1, n + 1):
        x = ((count * 7919) % 1000) / 10
        delta = x - mean
        mean += delta / count
        m2 += delta * (x - mean)
    if n < 2:
        return None
    return m2 / (n - 1)


@case(ints(2, 40))
def slope_of_line(n):
    sx = sy = sxx = sxy = 0.0
    for i in range(n):
        x = float(i)
        y = 3 * x + ((i * 29) % 7)
        sx += x
        sy += y
        sxx += x * x
        sxy += x * y
    return (n * sxy - sx * sy) / (n * sxx - sx * sx)


@case(floats(-1, 1), ints(3, 200))
def correlation_t_value(r, n):
    if abs(r) == 1:
        return math.copysign(math.inf, r)
    return r * math.sqrt((n - 2) / (1 - r * r))


@case(floats(-0.99, 0.99), huge=True)
def fisher_z(r):
    return math.atanh(r)


@case(floats(0, 1), floats(0, 1))
def binary_entropy(p, floor):
    p = max(p, floor)
    if p in (0, 1):
        return 0.0
    return -p * math.log2(p) - (1 - p) * math.log2(1 - p)


@case(floats(-700, 700), huge=True)
def logistic(x):
    if x >= 0:
        return 1 / (1 + math.exp(-x))
    z = math.exp(x)
    return z / (1 + z)


@case(floats(-50, 50), floats(-50, 50), floats(-50, 50), huge=True)
def log_sum_exp(a, b, c):
    top = max(a, b, c)
    return top + math.log(math.exp(a - top) + math.exp(b - top) + math.exp(c - top))


@case(floats(0, 100), floats(0, 100), floats(0, 100), huge=True)
def median_of_three(a, b, c):
    return max(min(a, b), min(max(a, b), c))


@case(floats(0, 1), floats(0.01, 0.2))
def wilson_lower(p, n_inverse):
    n = 1 / n_inverse
    z = 1.96
    centre = p + z * z / (2 * n)
    margin = z * math.sqrt((p * (1 - p) + z * z / (4 * n)) / n)
    return (centre - margin) / (1 + z * z / n)


@case(floats(0, 4), floats(0.5, 3))
def weibull_survival(x, shape):
    return math.exp(-(x**shape)) if x > 0 else 1


@case(ints(1, 30), ints(1, 30))
def harmonic_difference(n, m):
    return sum(1 / k for k in range(1, n + 1)) - sum([1 / k for k in range(1, m + 1)])
