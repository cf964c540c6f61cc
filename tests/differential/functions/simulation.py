"""Generators of pseudo-random numbers and what is simulated with them, seeded by the element."""

import math

from tests.differential.cases import case
from tests.differential.values import floats, ints

MODULUS = 2147483647


def lehmer(state):
    return state * 48271 % MODULUS


@case(ints(1, 10**6), ints(0, 40))
def lehmer_nth(seed, n):
    for _ in range(n):
        seed = lehmer(seed)
    return seed


@case(ints(0, 10**6))
def lcg_32(seed):
    for _ in range(20):
        seed = (1664525 * seed + 1013904223) % 2**32
    return seed


@case(ints(0, 10**6))
def lcg_64(seed):
    """The classic 64-bit generator: every step leaves 64 bits before the mask."""
    state = seed
    for _ in range(5):
        state = (state * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
    return state >> 33


@case(ints(1, 10**5))
def estimate_pi(seed):
    inside = 0
    trials = 200
    for _ in range(trials):
        seed = lehmer(seed)
        x = seed / MODULUS
        seed = lehmer(seed)
        y = seed / MODULUS
        if x * x + y * y <= 1.0:
            inside += 1
    return 4 * inside / trials


@case(ints(1, 10**5), ints(0, 100))
def random_walk(seed, steps):
    position = 0
    for _ in range(steps):
        seed = lehmer(seed)
        position += 1 if seed & 4 else -1
    return position


@case(ints(1, 10**5))
def random_walk_exit_time(seed):
    x = y = 0
    for step in range(500):
        seed = lehmer(seed)
        direction = seed % 4
        if direction == 0:
            x += 1
        elif direction == 1:
            x -= 1
        elif direction == 2:
            y += 1
        else:
            y -= 1
        if abs(x) + abs(y) > 8:
            return step
    return None


@case(ints(1, 10**5))
def box_muller(seed):
    seed = lehmer(seed)
    u = seed / MODULUS
    seed = lehmer(seed)
    v = seed / MODULUS
    return math.sqrt(-2 * math.log(u)) * math.cos(2 * math.pi * v)


@case(ints(1, 10**5), floats(0.1, 2))
def exponential_waiting(seed, rate):
    t = 0.0
    arrivals = 0
    while t < 10 and arrivals < 100:
        seed = lehmer(seed)
        t -= math.log(1 - seed / MODULUS) / rate
        arrivals += 1
    return arrivals


@case(ints(1, 10**5), ints(1, 6))
def roll_until(seed, face):
    rolls = 0
    while rolls < 1000:
        seed = lehmer(seed)
        rolls += 1
        if seed % 6 + 1 == face:
            break
    else:
        return -1
    return rolls


@case(ints(1, 10**5), ints(1, 50), nan="any")
def single_server_queue(seed, customers):
    clock = free_at = waited = 0.0
    for _ in range(customers):
        seed = lehmer(seed)
        clock += -math.log(seed / MODULUS)
        start = clock if clock > free_at else free_at
        waited += start - clock
        seed = lehmer(seed)
        free_at = start - 0.8 * math.log(seed / MODULUS)
    return waited / customers


@case(floats(0, 4), floats(0.01, 0.99))
def logistic_map(r, x):
    for _ in range(100):
        x = r * x * (1 - x)
    return x


@case(floats(-2, 1), floats(-1.2, 1.2))
def mandelbrot(cr, ci):
    zr = zi = 0.0
    for k in range(80):
        zr2, zi2 = zr * zr, zi * zi
        if zr2 + zi2 > 4.0:
            return k
        zi = 2 * zr * zi + ci
        zr = zr2 - zi2 + cr
    return 80


@case(floats(-1.5, 1.5), floats(-1.5, 1.5))
def julia(x, y):
    n = 0
    while x * x + y * y <= 4 and n < 60:
        x, y = x * x - y * y - 0.7, 2 * x * y + 0.27015
        n += 1
    return n


@case(floats(0, 1), floats(0, 1))
def predator_prey(prey, predators):
    for _ in range(100):
        prey, predators = (
            prey + 0.05 * (1.1 * prey - 0.4 * prey * predators),
            predators + 0.05 * (0.1 * prey * predators - 0.4 * predators),
        )
    return prey


@case(floats(0, 0.01), floats(0.1, 3), ints(0, 100))
def epidemic_peak_day(infected, contact, days):
    susceptible = 1 - infected
    peak, peak_day = infected, 0
    for day in range(days):
        new = contact * susceptible * infected
        susceptible -= new
        infected += new - 0.25 * infected
        if infected > peak:
            peak, peak_day = infected, day
    return peak_day


@case(ints(1, 10**5))
def mean_of_max_of_dice(seed):
    total = 0
    for _ in range(30):
        best = 0
        for _ in range(3):
            seed = lehmer(seed)
            best = max(best, seed % 20 + 1)
        total += best
    return total / 30


@case(floats(0.2, 5), ints(1, 10**4))
def metropolis(temperature, seed):
    x, energy = 0, 0
    for _ in range(60):
        seed = lehmer(seed)
        candidate = x + (1 if seed & 1 else -1)
        proposed = candidate * candidate
        seed = lehmer(seed)
        if proposed <= energy or seed / MODULUS < math.exp((energy - proposed) / temperature):
            x, energy = candidate, proposed
    return x


@case(ints(0, 255))
def middle_square(seed):
    seed = seed * 39 + 1111
    for _ in range(20):
        seed = seed * seed // 100 % 10000
    return seed
