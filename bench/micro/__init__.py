"""Micro-benchmarks of the engine's steps with Google Benchmark, built by CMake as gilmap-micro."""

import pathlib
import subprocess
import sys

import gilmap


def run(quick):
    """Builds and runs the program of the build that this gilmap comes from."""
    build = next(p for p in pathlib.Path(gilmap._gilmap.__file__).parents if (p / "build.ninja").exists())
    subprocess.run(["cmake", "-DGILMAP_MICRO=ON", str(build)], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", str(build), "gilmap-micro"], check=True, stdout=sys.stderr)
    seconds = "0.05" if quick else "0.5"
    subprocess.run([str(build / "gilmap-micro"), f"--benchmark_min_time={seconds}"], check=True)
