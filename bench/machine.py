"""What a figure depends on beside the code: machine, versions, commit, load."""

import importlib.metadata
import os
import pathlib
import platform
import subprocess
import time

from bench.measure import ROOT

ENGINE = ("core", "bindings", "python")
PACKAGES = ("numpy", "numba", "numexpr", "pyarrow", "joblib", "ray", "dask")


def _output(*command):
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):  # no such program, or no repository
        return ""


def _version(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def describe():
    info = pathlib.Path("/proc/cpuinfo").read_text() if os.path.exists("/proc/cpuinfo") else ""
    fields = dict(line.split(":", 1) for line in info.split("\n\n")[0].splitlines() if ":" in line)
    fields = {k.strip(): v.strip() for k, v in fields.items()}
    flags = fields.get("flags", "").split()
    return {
        "cpu": fields.get("model name", platform.processor()),
        "family_model": f"family {fields.get('cpu family', '?')}, model {fields.get('model', '?')}",
        "vector": next((f for f in ("avx512f", "avx2", "sse4_2") if f in flags), "other"),
        "cpus": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {p: v for p in PACKAGES if (v := _version(p))},
        "commit": _output("git", "rev-parse", "--short=10", "HEAD"),
        # What is measured, whatever else a commit has.
        "engine": " ".join(_output("git", "rev-parse", *(f"HEAD:{folder}" for folder in ENGINE)).split()),
        "changed": bool(_output("git", "status", "--porcelain", "--", "core", "python", "bindings", "bench")),
        "load": os.getloadavg(),
        "time": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
    }
