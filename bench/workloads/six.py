"""The six workloads that the demo and all benchmarks share.

Annotated, because one of the peers reads annotations.
"""


def count_primes(n: int) -> int:
    count = 0
    for i in range(2, n + 1):
        d = 2
        while d * d <= i:
            if i % d == 0:
                break
            d += 1
        else:
            count += 1
    return count


def heavy_collatz(n: int) -> int:
    total = 0
    for _ in range(1000):
        x = n
        while x != 1:
            x = x // 2 if x % 2 == 0 else 3 * x + 1
            total += 1
    return total


def mandelbrot_iters(x: float) -> int:
    cr = x / 1000.0 - 0.5
    ci = x / 1500.0
    zr = zi = 0.0
    for i in range(800):
        if zr * zr + zi * zi > 4.0:
            return i
        zr, zi = zr * zr - zi * zi + cr, 2.0 * zr * zi + ci
    return 800


def medium_compute(n: int) -> int:
    acc = 0
    for i in range(200):
        acc = (acc + i * n) % 1_000_003
    return acc


def quick_collatz(n: int) -> int:
    return n // 2 if n % 2 == 0 else 3 * n + 1


def float_math(x: float) -> float:
    return x * 1.5 + 0.5
