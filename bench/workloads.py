"""The six workloads that the demo and the benchmarks share: functions and their inputs."""


def count_primes(n):
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


def heavy_collatz(n):
    total = 0
    for _ in range(1000):
        x = n
        while x != 1:
            x = x // 2 if x % 2 == 0 else 3 * x + 1
            total += 1
    return total


def mandelbrot_iters(x):
    cr = x / 1000.0 - 0.5
    ci = x / 1500.0
    zr = zi = 0.0
    for i in range(800):
        if zr * zr + zi * zi > 4.0:
            return i
        zr, zi = zr * zr - zi * zi + cr, 2.0 * zr * zi + ci
    return 800


def medium_compute(n):
    acc = 0
    for i in range(200):
        acc = (acc + i * n) % 1_000_003
    return acc


def quick_collatz(n):
    return n // 2 if n % 2 == 0 else 3 * n + 1


def float_math(x):
    return x * 1.5 + 0.5


# Function, inputs, and how many of them the plain interpreter can do in a second or two.
WORKLOADS = {
    "count_primes": (count_primes, [5000 + 73 * i for i in range(512)], 16),
    "heavy_collatz": (heavy_collatz, [1000 + i for i in range(512)], 64),
    "mandelbrot_iters": (mandelbrot_iters, [float(i) for i in range(25_000)], 25_000),
    "medium_compute": (medium_compute, [31 * i % 100_003 for i in range(100_000)], 50_000),
    "quick_collatz": (quick_collatz, list(range(1, 1_000_001)), 1_000_000),
    "float_math": (float_math, [float(i) for i in range(1_000_000)], 1_000_000),
}


def identical(a, b):
    """Equal in length, types and bits."""
    import struct

    def key(x):
        return struct.pack("<d", x) if type(x) is float else x

    return len(a) == len(b) and all(type(x) is type(y) and key(x) == key(y) for x, y in zip(a, b, strict=True))
