"""Positions on the Earth: great circles, bearings, map projections, geohashes."""

import math
from math import asin, atan, atan2, cos, degrees, log, pi, radians, sin, sqrt, tan

from tests.differential.cases import case
from tests.differential.values import floats, ints

EARTH_RADIUS_KM = 6371.0088
WGS84_A = 6378137.0
WGS84_F = 1 / 298.257223563

LATITUDES = floats(-90, 90)
LONGITUDES = floats(-180, 180)


@case(LATITUDES, LONGITUDES, LATITUDES[::-1], LONGITUDES[::-1])
def haversine(lat1, lon1, lat2, lon2):
    lat1, lon1, lat2, lon2 = radians(lat1), radians(lon1), radians(lat2), radians(lon2)
    h = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(sqrt(h))


@case(LATITUDES, LONGITUDES, LATITUDES[::-1], LONGITUDES[::-1])
def initial_bearing(lat1, lon1, lat2, lon2):
    phi1, phi2 = radians(lat1), radians(lat2)
    delta = radians(lon2 - lon1)
    y = sin(delta) * cos(phi2)
    x = cos(phi1) * sin(phi2) - sin(phi1) * cos(phi2) * cos(delta)
    return (degrees(atan2(y, x)) + 360) % 360


@case(LATITUDES)
def mercator_y(latitude):
    if abs(latitude) >= 90:
        raise ValueError(f"the pole at {latitude} is infinitely far")
    return log(tan(pi / 4 + radians(latitude) / 2))


@case(floats(-4, 4))
def inverse_mercator(y):
    return degrees(2 * atan(math.exp(y)) - pi / 2)


@case(LONGITUDES, ints(0, 18))
def tile_column(longitude, zoom):
    return int((longitude + 180.0) / 360.0 * (1 << zoom))


@case(LATITUDES, ints(0, 18))
def tile_row(latitude, zoom):
    n = 2.0**zoom
    lat = radians(latitude)
    return math.floor((1.0 - math.asinh(tan(lat)) / pi) / 2.0 * n)


@case(LONGITUDES)
def utm_zone(longitude):
    return int((longitude + 180) // 6) % 60 + 1


@case(floats(-1000, 1000), huge=True)
def wrap_longitude(longitude):
    return (longitude + 180) % 360 - 180


@case(LATITUDES)
def meridian_radius(latitude):
    e2 = WGS84_F * (2 - WGS84_F)
    s = sin(radians(latitude))
    return WGS84_A * (1 - e2) / (1 - e2 * s * s) ** 1.5


@case(LATITUDES, LONGITUDES, LATITUDES[::-1], LONGITUDES[::-1])
def vincenty(lat1, lon1, lat2, lon2):
    """Distance on the ellipsoid in metres; None where the iteration does not converge."""
    u1 = atan((1 - WGS84_F) * tan(radians(lat1)))
    u2 = atan((1 - WGS84_F) * tan(radians(lat2)))
    difference = radians(lon2 - lon1)
    lam = difference
    b = WGS84_A * (1 - WGS84_F)
    for _ in range(100):
        s = sqrt((cos(u2) * sin(lam)) ** 2 + (cos(u1) * sin(u2) - sin(u1) * cos(u2) * cos(lam)) ** 2)
        if s == 0:
            return 0.0
        c = sin(u1) * sin(u2) + cos(u1) * cos(u2) * cos(lam)
        sigma = atan2(s, c)
        sin_alpha = cos(u1) * cos(u2) * sin(lam) / s
        cos2_alpha = 1 - sin_alpha**2
        middle = c - 2 * sin(u1) * sin(u2) / cos2_alpha if cos2_alpha else 0.0
        k = WGS84_F / 16 * cos2_alpha * (4 + WGS84_F * (4 - 3 * cos2_alpha))
        before = lam
        lam = difference + (1 - k) * WGS84_F * sin_alpha * (
            sigma + k * s * (middle + k * c * (2 * middle * middle - 1))
        )
        if abs(lam - before) < 1e-12:
            w = cos2_alpha * (WGS84_A**2 - b**2) / b**2
            a = 1 + w / 16384 * (4096 + w * (-768 + w * (320 - 175 * w)))
            return b * a * sigma
    return None


@case(LATITUDES, LONGITUDES)
def geohash_number(latitude, longitude):
    """Thirty bits of a geohash, as an int."""
    low_lat, high_lat = -90.0, 90.0
    low_lon, high_lon = -180.0, 180.0
    bits = 0
    for k in range(30):
        if k % 2 == 0:
            middle = (low_lon + high_lon) / 2
            if longitude >= middle:
                bits = bits * 2 + 1
                low_lon = middle
            else:
                bits *= 2
                high_lon = middle
        else:
            middle = (low_lat + high_lat) / 2
            if latitude >= middle:
                bits = bits * 2 + 1
                low_lat = middle
            else:
                bits *= 2
                high_lat = middle
    return bits


@case(ints(1, 366), LATITUDES)
def day_length_hours(day, latitude):
    declination = -0.40928 * cos(2 * pi / 365 * (day + 10))
    x = -tan(radians(latitude)) * tan(declination)
    if x >= 1:
        return 0
    if x <= -1:
        return 24
    return 24 / pi * math.acos(x)


@case(floats(-180, 180), ints(-5, 5), ints(0, 59))
def from_degrees_minutes(value, extra_degrees, minutes):
    sign = -1 if value < 0 else 1
    return sign * (abs(int(value)) + extra_degrees + minutes / 60)


@case(LATITUDES, LONGITUDES)
def sinusoidal_area_cell(latitude, longitude):
    x = longitude * cos(radians(latitude))
    column, row = int(x // 10), int(latitude // 10)
    return column * 18 + row
