"""Chances and expectations: dice, birthdays, Markov chains, gambler's ruin."""

import math

from tests.differential.cases import case
from tests.differential.values import floats, ints


@case(ints(0, 400))
def birthday(people):
    if people > 365:
        return 1
    different = 1.0
    for k in range(people):
        different *= (365 - k) / 365
    return 1 - different


@case(ints(0, 13), ints(1, 6))
def two_dice(total, threshold):
    hits = 0
    for a in range(1, 7):
        for b in range(1, 7):
            if a + b == total and max(a, b) >= threshold:
                hits += 1
    return hits / 36


@case(ints(1, 60))
def coupon_collector(n):
    return n * sum(1.0 / k for k in range(1, n + 1))


@case(ints(0, 20), ints(1, 20), floats(0, 1))
def gamblers_ruin(stake, goal, p):
    if stake >= goal:
        return 1.0
    if p == 0.5:
        return stake / goal
    if p == 0:
        return 0
    ratio = (1 - p) / p
    if ratio == 1:
        return None
    return (1 - ratio**stake) / (1 - ratio**goal)


@case(floats(0, 1), floats(0, 1), floats(0, 1))
def bayes(prior, sensitivity, specificity):
    positive = prior * sensitivity + (1 - prior) * (1 - specificity)
    return prior * sensitivity / positive


@case(floats(0, 1), floats(0, 1), ints(0, 100))
def weather_chain(stay_sunny, stay_rainy, days):
    sunny = 1.0
    for _ in range(days):
        sunny = sunny * stay_sunny + (1 - sunny) * (1 - stay_rainy)
    return sunny


@case(ints(1, 20), ints(0, 20))
def hypergeometric(draws, hits):
    if hits > min(draws, 13):
        return 0.0
    return math.comb(13, hits) * math.comb(39, draws - hits) / math.comb(52, draws)


@case(floats(0.01, 1), ints(1, 30))
def geometric_survival(p, trials):
    survived = 1.0
    while trials > 0:
        survived *= 1 - p
        trials -= 1
    return survived


@case(floats(0, 1), ints(0, 12))
def at_least_one(p, n):
    return 1 - (1 - p) ** n


@case(ints(2, 60))
def secretary_success(n):
    best = 0.0
    for skip in range(1, n):
        chance = skip / n * sum(1 / (k - 1) for k in range(skip + 1, n + 1))
        best = max(best, chance)
    return best


@case(floats(0, 1), ints(1, 7))
def best_of_series(p, wins):
    total = 0.0
    for losses in range(wins):
        total += math.comb(wins - 1 + losses, losses) * p**wins * (1 - p) ** losses
    return total


@case(floats(0, 5), floats(0, 5))
def exponential_race(a, b):
    return a / (a + b) if a + b else math.nan


@case(floats(0, 0.999), floats(0, 4))
def queue_length(load, scv):
    if not 0 <= load < 1:
        raise ValueError("unstable queue: load " + "must be below one")
    return load + load**2 * (1 + scv) / (2 * (1 - load))


@case(ints(1, 10), floats(0.1, 9.9))
def erlang_b(servers, offered):
    blocking = 1.0
    for k in range(1, servers + 1):
        blocking = offered * blocking / (k + offered * blocking)
    return blocking


@case(ints(0, 300))
def random_walk_return(steps):
    if steps % 2:
        return 0
    chance = 1.0
    for k in range(1, steps // 2 + 1):
        chance *= (2 * k - 1) / (2 * k)
    return chance


@case(floats(0.01, 0.99), ints(0, 50))
def branching_extinction(p, generations):
    q = 0.0
    for _ in range(generations):
        q = (1 - p) + p * q * q
    return q
