"""Mechanics, waves, heat, optics, astronomy: formulas with math functions and small integrations."""

import math
from math import cos, exp, pi, sin, sqrt

from tests.differential.cases import case
from tests.differential.values import floats, ints

G = 6.67430e-11
LIGHT = 299_792_458
BOLTZMANN = 1.380649e-23


@case(floats(0, 100), floats(0, 90))
def projectile_range(speed, degrees):
    angle = math.radians(degrees)
    return speed**2 * sin(2 * angle) / 9.81


@case(floats(0, 50), floats(0.01, 0.5))
def projectile_with_drag(speed, drag):
    x, y = 0.0, 0.0
    vx = vy = speed / sqrt(2)
    dt = 0.05
    steps = 0
    while y >= 0 and steps < 400:
        v = sqrt(vx * vx + vy * vy)
        vx -= drag * v * vx * dt
        vy -= (9.81 + drag * v * vy) * dt
        x += vx * dt
        y += vy * dt
        steps += 1
    return x


@case(floats(0, 3e8), huge=True)
def lorentz_factor(velocity):
    beta = velocity / LIGHT
    if beta >= 1:
        raise ValueError("faster than light")
    return 1 / sqrt(1 - beta**2)


@case(floats(0.1, 1e3), floats(1, 1e4), huge=True)
def planck_law(wavelength_um, temperature):
    h = 6.62607015e-34
    wavelength = wavelength_um * 1e-6
    x = h * LIGHT / (wavelength * BOLTZMANN * temperature)
    return 2 * h * LIGHT**2 / wavelength**5 / math.expm1(x)


@case(floats(1e6, 1e12), floats(1e20, 1e31), huge=True)
def orbital_period(radius, mass):
    return 2 * pi * sqrt(radius**3 / (G * mass))


@case(floats(0, 6.3), floats(0, 0.95))
def kepler_eccentric_anomaly(mean, eccentricity):
    e = mean if eccentricity < 0.8 else pi
    for _ in range(50):
        delta = (e - eccentricity * sin(e) - mean) / (1 - eccentricity * cos(e))
        e -= delta
        if abs(delta) < 1e-13:
            break
    return e


@case(floats(0, 3), floats(0, 2))
def pendulum(theta, omega):
    """Semi-implicit Euler for two seconds."""
    for _ in range(200):
        omega -= 9.81 * sin(theta) * 0.01
        theta += omega * 0.01
    return theta


@case(floats(0, 90), floats(1, 2.5), floats(1, 2.5))
def snell(degrees, n1, n2):
    """The angle of refraction, or None for total reflection."""
    s = n1 / n2 * sin(math.radians(degrees))
    if abs(s) > 1:
        return None
    return math.degrees(math.asin(s))


@case(floats(-2, 2), floats(0.1, 3), floats(0, 10))
def damped_oscillator(amplitude, damping, t):
    omega2 = 4.0 - damping * damping
    if omega2 > 0:
        w = sqrt(omega2)
        return amplitude * exp(-damping * t) * cos(w * t)
    elif omega2 == 0:
        return amplitude * (1 + damping * t) * exp(-damping * t)
    w = sqrt(-omega2)
    return amplitude * exp(-damping * t) * math.cosh(w * t)


@case(floats(0, 100), floats(0, 100), floats(1, 20))
def doppler(source_speed, observer_speed, frequency):
    c = 343.0
    if source_speed >= c:
        raise ZeroDivisionError("supersonic source")
    return frequency * (c + observer_speed) / (c - source_speed)


@case(floats(0, 40_000))
def pressure_at_altitude(h):
    if h < 11_000:
        t = 288.15 - 0.0065 * h
        return 101_325 * (t / 288.15) ** 5.25588
    if h < 20_000:
        return 22_632 * exp(-0.000157688 * (h - 11_000))
    return 5_474.9 * (1 + (h - 20_000) / 216_650) ** -34.1632


@case(floats(-40, 50), floats(0, 100))
def dew_point(celsius, humidity):
    if humidity <= 0:
        return None
    a, b = 17.625, 243.04
    gamma = math.log(humidity / 100) + a * celsius / (b + celsius)
    return b * gamma / (a - gamma)


@case(floats(-10, 10), floats(-10, 10), floats(1, 10), floats(1, 10))
def elastic_collision(v1, v2, m1, m2):
    total = m1 + m2
    u1 = ((m1 - m2) * v1 + 2 * m2 * v2) / total
    u2 = ((m2 - m1) * v2 + 2 * m1 * v1) / total
    return m1 * u1 * u1 / 2 + m2 * u2 * u2 / 2


@case(floats(-2, 2), floats(-2, 2))
def gravity_field_of_three(x, y):
    potential = 0.0
    for k in range(3):
        dx = x - cos(2 * pi * k / 3)
        dy = y - sin(2 * pi * k / 3)
        r = math.hypot(dx, dy)
        if r < 1e-9:
            return -math.inf
        potential -= 1 / r
    return potential


@case(floats(0.1, 10), floats(0.1, 10))
def parallel_resistance(r1, r2):
    return 1 / (1 / r1 + 1 / r2)


@case(floats(0, 400), floats(1, 50))
def newton_cooling(initial, minutes):
    temperature = initial
    for _ in range(int(minutes)):
        temperature += 0.05 * (20 - temperature)
    return temperature


@case(floats(0, 5000))
def reynolds_regime(reynolds):
    if reynolds < 2300:
        friction = 64 / reynolds if reynolds else 0
    elif 2300 <= reynolds < 4000:
        friction = None
    else:
        friction = 0.316 / reynolds**0.25
    return friction


@case(ints(1, 30), ints(1, 8))
def hydrogen_transition(upper, lower):
    if upper <= lower:
        return None
    inverse = 10973731.568160 * (1 / lower**2 - 1 / upper**2)
    return 1e9 / inverse


@case(floats(300, 30_000))
def blackbody_peak(temperature):
    return 2.897771955e-3 / temperature * 1e9


@case(floats(0, 20), floats(-3, 3))
def wave_packet(t, x):
    total = 0.0
    for n in range(1, 8):
        k = 0.5 * n
        total += exp(-((k - 2) ** 2)) * cos(k * x - k * k * t / 2)
    return total


@case(ints(1, 60), floats(0, 1))
def heat_rod(steps, alpha):
    """The middle of a three-node rod, explicit scheme."""
    left, middle, right = 100.0, 0.0, 0.0
    for _ in range(steps):
        middle, right = (
            middle + alpha * (left - 2 * middle + right) / 4,
            right + alpha * (middle - right) / 4,
        )
    return middle


@case(floats(0, 3000), floats(0, 3000))
def mixed_units_energy(joules, kilocalories):
    return joules + 4184 * kilocalories if joules > kilocalories else int(joules)


@case(floats(1, 100), floats(0.5, 30))
def terminal_velocity(mass, area):
    v = 0.0
    for step in range(1000):
        a = 9.81 - 0.5 * 1.2 * v * v * area / mass
        if abs(a) < 1e-6:
            return step
        v += a * 0.01
    return -1
