"""Conversions: one-liners, rounding, clamping, lookup by conditions."""

import math

from tests.differential.cases import case
from tests.differential.values import FLOAT_EDGES, INT_EDGES, floats, ints

INCH = 0.0254
POUND_KG = 0.45359237


@case(floats(-100, 200), huge=True)
@case(ints(-100, 200), huge=True)
def celsius_to_fahrenheit(c):
    return c * 9 / 5 + 32


@case(floats(-100, 400), huge=True)
def fahrenheit_to_kelvin(f):
    return round((f - 32) * 5 / 9 + 273.15, 2)


@case(floats(0, 400), huge=True)
def kelvin_checked(k):
    if k < 0:
        raise ValueError("below absolute zero")
    return k - 273.15


@case(ints(0, 12), floats(0, 12))
def feet_and_inches_to_metres(feet, inches):
    return (feet * 12 + inches) * INCH


@case(floats(0, 200), floats(0.5, 2.5))
def body_mass_index(kg, metres):
    return round(kg / metres**2, 1)


@case(floats(0, 500), huge=True)
def pounds_to_kg(pounds):
    return pounds * POUND_KG


@case(floats(0, 300), huge=True)
def speed_in_knots(kmh):
    return kmh / 1.852


@case(floats(0.1, 60))
def mpg_to_litres(mpg):
    return 235.214583 / mpg


@case(ints(0, 10**13), huge=True)
def bytes_exponent(n):
    if n < 0:
        return None
    exponent = 0
    while n >= 1024 and exponent < 8:
        n /= 1024
        exponent += 1
    return exponent


@case(ints(0, 200_000))
def seconds_to_decimal_hours(seconds):
    return seconds // 3600 + seconds % 3600 / 3600


@case(floats(0, 120))
def beaufort(ms):
    number = 0
    while number < 12 and ms >= 0.836 * (number + 0.5) ** 1.5:
        number += 1
    return number


@case(ints(0, 110))
def letter_grade(points):
    return 1 if points >= 90 else 2 if points >= 80 else 3 if points >= 70 else 4 if points >= 50 else 5


@case(FLOAT_EDGES, huge=True)
def round_half_away(x):
    return math.floor(x + 0.5) if x >= 0 else math.ceil(x - 0.5)


@case(floats(-1000, 1000), ints(-2, 6))
@case(FLOAT_EDGES, [k % 5 for k in range(len(FLOAT_EDGES))])
def round_to(x, digits):
    return round(x, digits)


@case(FLOAT_EDGES, huge=True)
def to_int_and_back(x):
    return float(int(x)) - x


@case(INT_EDGES, huge=True)
def int_to_float_and_back(n):
    return int(float(n)) - n


@case(floats(0, 14))
def ph_to_concentration(ph):
    return 10**-ph


@case(floats(0, 1000), floats(-100, 100), floats(-100, 100), huge=True)
def clamp(x, low, high):
    return max(low, min(x, high))


@case(floats(-10, 10), floats(-10, 10), floats(-10, 10), huge=True)
def smoothstep(edge0, edge1, x):
    t = min(max((x - edge0) / (edge1 - edge0), 0.0), 1.0)
    return t * t * (3 - 2 * t)


@case(floats(-360, 720), huge=True)
def compass_sector(angle):
    return round(angle % 360 / 45) % 8


@case(ints(0, 0xFFFFFF))
def rgb_to_grey(colour):
    r, g, b = colour >> 16 & 255, colour >> 8 & 255, colour & 255
    return (299 * r + 587 * g + 114 * b) // 1000


@case(ints(1, 5), ints(1, 12))
def shoe_size(system, size):
    if system == 1:
        return size
    if system == 2:
        return size + 33
    if system == 3:
        return round(size * 1.5) + 18
    return None
