"""Windows, filters, transforms of synthetic signals, companding, codes."""

import cmath
import math

from tests.differential.cases import case
from tests.differential.values import floats, ints


@case(ints(0, 64), ints(2, 65))
def hann(n, size):
    return 0.5 - 0.5 * math.cos(2 * math.pi * n / (size - 1))


@case(ints(0, 63))
def blackman(n):
    a = 2 * math.pi * n / 63
    return 0.42 - 0.5 * math.cos(a) + 0.08 * math.cos(2 * a)


@case(floats(-10, 10), huge=True)
def sinc(x):
    return math.sin(math.pi * x) / (math.pi * x) if x else 1.0


@case(floats(-5, 5), ints(1, 5))
def lanczos(x, a):
    if x == 0:
        return 1.0
    if -a < x < a:
        px = math.pi * x
        return a * math.sin(px) * math.sin(px / a) / (px * px)
    return 0.0


@case(ints(0, 32))
def goertzel_power(k):
    coefficient = 2 * math.cos(2 * math.pi * k / 64)
    s1 = s2 = 0.0
    for n in range(64):
        sample = math.sin(2 * math.pi * 5 * n / 64) + 0.5 * math.sin(2 * math.pi * 12 * n / 64)
        s1, s2 = sample + coefficient * s1 - s2, s1
    return s1 * s1 + s2 * s2 - coefficient * s1 * s2


@case(ints(0, 16), ints(1, 33))
def dft_magnitude(k, size):
    re = im = 0.0
    for n in range(size):
        x = 1.0 if n % 8 < 4 else -1.0
        angle = -2 * math.pi * k * n / size
        re += x * math.cos(angle)
        im += x * math.sin(angle)
    return math.sqrt(re**2 + im**2)


@case(floats(0, 1), ints(0, 60))
def low_pass_step(alpha, n):
    y = 0.0
    for _ in range(n):
        y += alpha * (1.0 - y)
    return y


@case(floats(0.01, 0.5), ints(0, 60))
def biquad_response(f, n):
    w = 2 * math.pi * f
    a = math.sin(w) / (2 * 0.7071)
    b0, b1 = (1 - math.cos(w)) / 2, 1 - math.cos(w)
    a0, a1, a2 = 1 + a, -2 * math.cos(w), 1 - a
    x1 = x2 = y1 = y2 = 0.0
    for i in range(n):
        x = 1.0 if i == 0 else 0.0
        y = (b0 * x + b1 * x1 + b0 * x2 - a1 * y1 - a2 * y2) / a0
        x2, x1 = x1, x
        y2, y1 = y1, y
    return y1


@case(floats(-1, 1), huge=True)
def mu_law(x):
    mu = 255
    return math.copysign(math.log1p(mu * abs(x)) / math.log1p(mu), x)


@case(floats(-1.5, 1.5))
def clip_and_quantise(x):
    x = max(-1.0, min(1.0, x))
    return round(x * 127)


@case(floats(0, 1e6))
def decibels(power):
    if power <= 0:
        return -math.inf
    return 10 * math.log10(power)


@case(floats(1e-3, 20000))
def midi_note(frequency):
    return round(69 + 12 * math.log2(frequency / 440))


@case(ints(0, 127))
def note_frequency(note):
    return 440.0 * 2 ** ((note - 69) / 12)


@case(floats(0, 8), floats(0.1, 4))
def triangle_wave(t, period):
    return 2 * abs(2 * (t / period - math.floor(t / period + 0.5))) - 1


@case(floats(-20, 20), floats(0.5, 5), huge=True)
def phase_wrap(phase, period):
    return phase - period * math.floor(phase / period)


@case(floats(0, 1), floats(0, 1), floats(0, 1))
def luminance(r, g, b):
    def linear(c):
        return c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4

    return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)


@case(floats(0, 360), floats(0, 1), floats(0, 1))
def hsv_red(h, s, v):
    h = h / 60 % 6
    i = int(h)
    f = h - i
    p, q, t = v * (1 - s), v * (1 - s * f), v * (1 - s * (1 - f))
    if i == 0 or i == 5:
        return v
    if i == 1:
        return q
    if i in (2, 3):
        return p
    return t


@case(floats(0.01, 3), compiled=None)
def transfer_function(w):
    return abs(1 / complex(1, w)) + cmath.phase(1j * w)


@case(ints(0, 15))
def hamming_encode(data):
    d1, d2, d3, d4 = data >> 3 & 1, data >> 2 & 1, data >> 1 & 1, data & 1
    p1, p2, p3 = d1 ^ d2 ^ d4, d1 ^ d3 ^ d4, d2 ^ d3 ^ d4
    return p1 << 6 | p2 << 5 | d1 << 4 | p3 << 3 | d2 << 2 | d3 << 1 | d4
