"""Distances, areas, intersections, rotations in the plane and in space."""

import math

from tests.differential.cases import case
from tests.differential.values import FLOAT_EDGES, floats, ints


@case(floats(-10, 10), floats(-10, 10), floats(-10, 10), floats(-10, 10), huge=True)
def distance(x1, y1, x2, y2):
    return math.sqrt((x2 - x1) ** 2 + (y2 - y1) ** 2)


@case(floats(-10, 10), floats(-10, 10), huge=True)
@case(FLOAT_EDGES, FLOAT_EDGES[5:] + FLOAT_EDGES[:5])
def distance_by_dist(x, y):
    return math.dist((x, y), (1.5, -2)) + math.hypot(x, y, 1.0)


@case(floats(0, 10), floats(0, 10), floats(0, 10), huge=True)
def heron(a, b, c):
    if a + b < c or b + c < a or a + c < b:
        raise ValueError("no such triangle")
    s = (a + b + c) / 2
    return math.sqrt(max(0, s * (s - a) * (s - b) * (s - c)))


@case(floats(-5, 5), floats(-5, 5), floats(-5, 5), floats(-5, 5), floats(-5, 5), floats(-5, 5), huge=True)
def orientation(ax, ay, bx, by, cx, cy):
    """1 counter-clockwise, -1 clockwise, 0 on one line."""
    turn = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    if turn > 0:
        return 1
    if turn < 0:
        return -1
    return 0


@case(floats(-2, 2), floats(-2, 2))
def in_unit_triangle(x, y):
    return 0 <= x <= 1 and 0 <= y <= 1 and x + y <= 1


@case(ints(-10, 10), ints(-10, 10), ints(0, 12), huge=True)
def in_circle(x, y, radius):
    return x * x + y * y <= radius * radius


@case(floats(-6, 6), floats(-6, 6))
def polar_angle(x, y):
    return math.degrees(math.atan2(y, x)) % 360


@case(floats(-5, 5), floats(-5, 5), floats(-720, 720))
def rotate_x(x, y, degrees):
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return x * c - y * s


@case(ints(3, 40), floats(0, 10))
def polygon_area(sides, radius):
    assert sides > 2
    area = 0.0
    for k in range(sides):
        a = 2 * math.pi * k / sides
        b = 2 * math.pi * ((k + 1) % sides) / sides
        area += radius * math.cos(a) * radius * math.sin(b) - radius * math.cos(b) * radius * math.sin(a)
    return abs(area) / 2


@case(floats(-5, 5), floats(-5, 5), floats(0, 5))
def circle_overlap(x, y, r):
    """Area shared with the unit circle."""
    d = math.hypot(x, y)
    if d >= 1 + r:
        return 0.0
    if d <= abs(1 - r):
        return math.pi * min(1, r) ** 2
    a = (1 + d * d - r * r) / (2 * d)
    b = d - a
    return math.acos(a) - a * math.sqrt(1 - a * a) + r * r * math.acos(b / r) - b * math.sqrt(r * r - b * b)


@case(floats(0, 10), floats(0, 10))
def cone_surface(radius, height):
    return math.pi * radius * (radius + math.hypot(radius, height))


@case(floats(-3, 3), floats(-3, 3), floats(-3, 3))
def ray_hits_sphere(ox, oy, oz):
    """The distance along a ray from (ox, oy, oz) along z to the unit sphere, or None."""
    b = 2 * oz
    c = ox**2 + oy**2 + oz**2 - 1
    discriminant = b * b - 4 * c
    if discriminant < 0:
        return None
    root = math.sqrt(discriminant)
    near, far = (-b - root) / 2, (-b + root) / 2
    return near if near >= 0 else far if far >= 0 else None


@case(floats(0, 10), floats(0, 10), floats(0.1, 5), floats(0.1, 5))
def overlap_of_boxes(x, y, width, height):
    dx = min(x + width, 5.0) - max(x, 2.0)
    dy = min(y + height, 6.0) - max(y, 3.0)
    return dx * dy if dx > 0 and dy > 0 else 0


@case(floats(-4, 4), floats(-4, 4))
def signed_distance_to_box(x, y):
    qx, qy = abs(x) - 2, abs(y) - 1
    outside = math.hypot(max(qx, 0.0), max(qy, 0.0))
    return outside + min(max(qx, qy), 0)


@case(ints(-20, 20), ints(-20, 20))
def lattice_points_on_segment(dx, dy):
    return math.gcd(dx, dy) + 1


@case(ints(0, 25))
def gauss_circle(radius):
    inside = 0
    for x in range(-radius, radius + 1):
        inside += 2 * math.isqrt(radius * radius - x * x) + 1
    return inside


@case(floats(-2, 2), floats(-2, 2), floats(0, 1))
def bezier(p1, p2, t):
    u = 1 - t
    return 3 * u * u * t * p1 + 3 * u * t * t * p2 + t**3


@case(floats(-3, 3), floats(-3, 3), floats(-3, 3))
def vector_angle(x, y, z):
    length = math.sqrt(x * x + y * y + z * z)
    if not length:
        return math.nan
    return math.acos(max(-1.0, min(1.0, z / length)))


@case(ints(-8, 8), ints(-8, 8), ints(-8, 8))
def hex_distance(q, r, s):
    return (abs(q) + abs(r) + abs(s)) // 2 if q + r + s == 0 else max(abs(q), abs(r), abs(s))
