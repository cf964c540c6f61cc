"""Root finding, quadrature, differential equations, series, continued fractions."""

import math

from tests.differential.cases import case
from tests.differential.values import floats, ints


@case(floats(0, 1e6), huge=False)
def newton_sqrt(a):
    if a < 0:
        raise ValueError("negative")
    if a == 0:
        return a
    x = a
    for _ in range(60):
        better = 0.5 * (x + a / x)
        if better == x:
            break
        x = better
    return x


@case(floats(-50, 50))
def cube_root_bisection(a):
    low, high = -100.0, 100.0
    for _ in range(80):
        middle = (low + high) / 2
        if middle**3 < a:
            low = middle
        else:
            high = middle
    return high


@case(floats(0.1, 5))
def secant_root(c):
    x0, x1 = 0.5, 1.0
    n = 0
    while abs(x1 - x0) > 1e-12 and n < 40:
        f0, f1 = math.exp(x0) - c, math.exp(x1) - c
        if f1 == f0:
            return x1
        x0, x1 = x1, x1 - f1 * (x1 - x0) / (f1 - f0)
        n += 1
    return x1


@case(floats(0, 3), ints(1, 20))
def simpson(upper, n):
    h = upper / (2 * n)
    total = math.sin(0) + math.sin(upper)
    for k in range(1, 2 * n):
        total += (4 if k % 2 else 2) * math.sin(k * h)
    return total * h / 3


@case(floats(-3, 3))
def trapezoid_gaussian(b):
    n = 50
    h = (b + 3) / n
    return h * sum(math.exp(-((-3 + (k + 0.5) * h) ** 2)) for k in range(n))


@case(floats(0, 2), floats(-2, 2))
def runge_kutta(t_end, y):
    def slope(t, y):
        return t - y * y

    n = 20
    h = t_end / n
    t = 0.0
    for _ in range(n):
        k1 = slope(t, y)
        k2 = slope(t + h / 2, y + h / 2 * k1)
        k3 = slope(t + h / 2, y + h / 2 * k2)
        k4 = slope(t + h, y + h * k3)
        y += h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        t += h
    return y


def _field(x, y):
    return x - x * x * x / 3 - y + 0.5


@case(floats(-2, 2), floats(-1, 2))
def heun_van_der_pol(x, y):
    h = 0.05
    for _ in range(60):
        fx, fy = _field(x, y), 0.08 * (x + 0.7 - 0.8 * y)
        px, py = x + h * fx, y + h * fy
        gx, gy = _field(px, py), 0.08 * (px + 0.7 - 0.8 * py)
        x, y = x + h / 2 * (fx + gx), y + h / 2 * (fy + gy)
    return x


@case(floats(-20, 20), huge=True)
def exp_series(x):
    term = total = 1.0
    for n in range(1, 60):
        term *= x / n
        total += term
    return total


@case(floats(-1, 1))
def arctan_series(x):
    if abs(x) > 1:
        return None
    total, power, n = 0.0, x, 1
    while n < 200:
        total += power / n if n % 4 == 1 else -power / n
        power *= x * x
        n += 2
    return total


@case(floats(0.1, 10))
def digamma(x):
    result = 0.0
    while x < 6:
        result -= 1 / x
        x += 1
        if x > 1e6:
            return None
    f = 1 / (x * x)
    return result + math.log(x) - 0.5 / x - f * (1 / 12 - f * (1 / 120 - f / 252))


@case(floats(-3, 3), floats(-3, 3), floats(-3, 3), huge=True)
def quadratic_roots_sum_of_squares(a, b, c):
    if a == 0:
        return None if b == 0 else (c / b) ** 2
    d = b * b - 4 * a * c
    if d < 0:
        return None
    q = -0.5 * (b + math.copysign(math.sqrt(d), b))
    r1 = q / a
    r2 = c / q if q else 0.0
    return r1 * r1 + r2 * r2


@case(floats(-2, 2), floats(-2, 2), floats(-2, 2), floats(-2, 2))
def cramer(a, b, c, d):
    det = a * d - b * c
    return (3 * d - 5 * b) / det


@case(floats(-3, 3), ints(0, 12))
def chebyshev(x, n):
    if n == 0:
        return 1
    previous, current = 1, x
    for _ in range(n - 1):
        previous, current = current, 2 * x * current - previous
    return current


@case(floats(-1, 1), ints(0, 10))
def legendre(x, n):
    if n == 0:
        return 1.0
    if n == 1:
        return x
    return ((2 * n - 1) * x * legendre(x, n - 1) - (n - 1) * legendre(x, n - 2)) / n


@case(floats(-10, 10))
def horner(x):
    return ((((2 * x - 3) * x + 0.5) * x - 7) * x + 1) * x


@case(floats(0, 2))
def lambert_w(x):
    w = math.log1p(x)
    for _ in range(20):
        e = math.exp(w)
        step = (w * e - x) / (e * (w + 1))
        w -= step
        if abs(step) <= 1e-15 * abs(w):
            break
    return w


@case(floats(0.1, 9), floats(0.1, 9), odd=False)
def arithmetic_geometric_mean(a, g):
    for _ in range(10):
        a, g = (a + g) / 2, math.sqrt(a * g)
        if a == g:
            break
    return a


@case(floats(0, 10))
def bessel_j0(x):
    term = total = 1.0
    k = 1
    while abs(term) > 1e-17 and k < 60:
        term *= -(x * x) / (4 * k * k)
        total += term
        k += 1
    return total


@case(ints(1, 40))
def continued_fraction_e(depth):
    value = 0.0
    for k in range(depth, 0, -1):
        a = 2 * (k + 1) // 3 if k % 3 == 2 else 1
        value = 1 / (a + value)
    return 2 + value


@case(floats(-5, 5))
def golden_section(shift):
    low, high = -10.0, 10.0
    ratio = (math.sqrt(5) - 1) / 2
    while high - low > 1e-9:
        a = high - ratio * (high - low)
        b = low + ratio * (high - low)
        if (a - shift) ** 2 < (b - shift) ** 2:
            high = b
        else:
            low = a
    return (low + high) / 2


@case(floats(-2, 2))
def central_difference(x):
    h = 1e-5
    return (math.sin(x + h) ** 3 - math.sin(x - h) ** 3) / (2 * h)


@case(ints(1, 60))
def kahan_sum(n):
    total = compensation = 0.0
    for k in range(1, n + 1):
        y = 1 / k - compensation
        t = total + y
        compensation = (t - total) - y
        total = t
    return total
