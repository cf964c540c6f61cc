"""Runs that nobody measured, for the tests of what is made of runs."""


def runner(median, noise=0.01, **more):
    seconds = [median * (1 + noise * k) for k in (-2, -1, 0, 1, 2)]
    return {"seconds": seconds, "cpu": seconds, "first": median * 2, "peak": 2**20, "wrong": None, **more}


def made_up(ours=1.0, peer=2.0, plain=10.0, **peer_more):
    cell = {"workload": "float_math", "kind": "numpy", "size": 1000, "map_once": plain, "limit": None}
    cell["runners"] = {"map": runner(plain), "gilmap": runner(ours), "Numba njit": runner(peer, **peer_more)}
    cell["limit"] = {"what": "C++", "seconds": 0.5}
    described = {"cpu": "<CPU>", "family_model": "m", "vector": "avx2", "cpus": 2, "memory_gib": 8, "python": "3.12"}
    described |= {"versions": {"numba": "1"}, "commit": "abc", "changed": False, "load": [0, 0, 0], "time": "now"}
    return {
        "machine": described,
        "repeats": 5,
        "cells": [cell],
        "skipped": {"PyPy": "not there"},
        "startup": {"map": 0.1},
        "not_run": [],
    }


SCALING = {
    "title": "Time <against> n",
    "x": "elements",
    "y": "seconds",
    "spreads": {"gilmap": [[1, 0.02]]},
    "series": {"gilmap": [[1, 1e-6], [10**8, 0.1]], "map": [[1, 1e-6], [10**7, 0.11]], "other": [[10**8, 0.1]]},
    "left_out": ["map, 100,000,000: no time"],
    "notes": ["wrong: element 3"],
}
