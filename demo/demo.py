"""What gilmap does, on real data: one table, and a picture.

Each row runs list(map(f, ...)) and gilmap.map(f, ...) on the same inputs and compares every value, type and bit.
"""

import math
import pathlib
import struct
import sys
import time
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import airportsdata
import gilmap

from bench.workloads import WORKLOADS, identical

EARTH_RADIUS_KM = 6371.0088


def distance_km(lat1, lon1, lat2, lon2):
    """Great-circle distance, by the haversine formula."""
    p1, p2 = math.radians(lat1), math.radians(lat2)
    h = math.sin((p2 - p1) / 2) ** 2 + math.cos(p1) * math.cos(p2) * math.sin(math.radians(lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(h)))


def bearing_deg(lat1, lon1, lat2, lon2):
    """Initial bearing of the great circle, 0 to 360 degrees from north."""
    p1, p2, d = math.radians(lat1), math.radians(lat2), math.radians(lon2 - lon1)
    y = math.sin(d) * math.cos(p2)
    x = math.cos(p1) * math.sin(p2) - math.sin(p1) * math.cos(p2) * math.cos(d)
    return math.degrees(math.atan2(y, x)) % 360.0


def escape_time(cr, ci):
    zr = zi = 0.0
    for i in range(255):
        if zr * zr + zi * zi > 4.0:
            return i
        zr, zi = zr * zr - zi * zi + cr, 2.0 * zr * zi + ci
    return 255


def timed(run):
    start = time.perf_counter()
    result = run()
    return time.perf_counter() - start, result


def row(name, f, *columns):
    """One line of the table; true if the results are identical."""
    plain, want = timed(lambda: list(map(f, *columns)))
    first, got = timed(lambda: gilmap.map(f, *columns))
    again, got_again = timed(lambda: gilmap.map(f, *columns))
    same = identical(want, got) and identical(want, got_again)
    print(
        f"{name:<28}{len(want):>10,}{plain * 1e3:>12.1f}{first * 1e3:>12.1f}{again * 1e3:>12.2f}"
        f"{plain / again:>9.0f}x   {'yes' if same else 'NO'}",
        flush=True,
    )
    return same


def write_png(path, width, height, grey):
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    lines = b"".join(b"\0" + bytes(grey[y * width : (y + 1) * width]) for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
    )


def main():
    print("Loading the airports of the airportsdata package ...")
    airports = [(a["lat"], a["lon"]) for a in airportsdata.load().values()]
    following = airports[1:] + airports[:1]
    legs = [[a[k] for a in airports] for k in (0, 1)] + [[a[k] for a in following] for k in (0, 1)]

    print(f"\nTimes in ms; {gilmap.__name__} {gilmap.__version__}, the first call includes compiling.\n")
    heads = f"{'function':<28}{'elements':>10}{'list(map)':>12}{'first call':>12}{'warm call':>12}{'ratio':>10}"
    print(heads + "   identical")
    ok = row("airport distances (4 columns)", distance_km, *legs)
    ok &= row("airport bearings (4 columns)", bearing_deg, *legs)
    for name, (f, xs, count) in WORKLOADS.items():
        ok &= row(name, f, xs[:count])
    width, height = 640, 480
    real = [-2.2 + 3.2 * x / width for _ in range(height) for x in range(width)]
    imaginary = [-1.2 + 2.4 * y / height for y in range(height) for _ in range(width)]
    ok &= row("Mandelbrot picture", escape_time, real, imaginary)

    out = pathlib.Path(__file__).resolve().parent / "out"
    out.mkdir(exist_ok=True)
    write_png(out / "mandelbrot.png", width, height, gilmap.map(escape_time, real, imaginary))
    print("\nWrote demo/out/mandelbrot.png")
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
