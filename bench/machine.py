"""What a figure depends on beside the code: machine, versions, commit, load."""

import hashlib
import importlib.metadata
import os
import pathlib
import platform
import shutil
import subprocess
import time

from bench.measure import ROOT

ENGINE = ("core", "bindings", "python")
MEASURED = (*ENGINE, "bench", ":!bench/report")  # what a figure can depend on
BUSY = 0.3  # CPUs that others use, for each there is, above which figures are to be doubted
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


def compiler():
    """Of C++, for its runner."""
    return os.environ.get("CXX") or shutil.which("clang++-22") or shutil.which("g++") or "c++"


def _tools():
    """Versions of what is no package of this Python."""
    from bench import runners

    found = {}
    try:
        from gilmap import _gilmap

        found["LLVM"] = _gilmap.describe_codegen()["llvm"]
    except (ImportError, AttributeError, KeyError):  # another build of it
        pass
    if said := _output(compiler(), "--version"):
        found["C++"] = said.splitlines()[0]
    pypy = runners.find("PyPy").executable
    if pypy and (said := _output(pypy, "--version")):
        found["PyPy"] = said.replace("\n", " ").strip("[] ")
    return found


def _changes():
    """A short name of what is changed and not committed; empty where nothing is."""
    said = _output("git", "diff", "HEAD", "--binary", "--", *MEASURED)
    for name in _output("git", "ls-files", "--others", "--exclude-standard", "--", *MEASURED).splitlines():
        said += name + hashlib.sha256((pathlib.Path(ROOT) / name).read_bytes()).hexdigest()
    return hashlib.sha256(said.encode()).hexdigest()[:16] if said else ""


def _benchmark():
    """A short name of the committed benchmark without its report, on which no figure depends."""
    lines = _output("git", "ls-tree", "-r", "HEAD", "--", "bench").splitlines()
    said = "\n".join(line for line in lines if "\tbench/report/" not in line)
    return hashlib.sha256(said.encode()).hexdigest()[:16] if said else ""


def _jiffies():
    """(busy, all) of all CPUs since the start; None where the system does not tell."""
    try:
        with open("/proc/stat") as file:
            counts = [int(x) for x in file.readline().split()[1:9]]  # the rest is counted among these
    except (OSError, ValueError):
        return None
    return sum(counts) - counts[3] - counts[4], sum(counts)


def busy(seconds=0.2):
    """The share of all CPUs that others use while this process sleeps; 1 stands for all. None if nobody tells."""
    before = _jiffies()
    time.sleep(seconds)
    after = _jiffies()
    if before is None or after is None or after[1] <= before[1]:
        return None
    return (after[0] - before[0]) / (after[1] - before[1])


def describe():
    changes = _changes()
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
        "versions": {p: v for p in PACKAGES if (v := _version(p))} | _tools(),
        "commit": _output("git", "rev-parse", "--short=10", "HEAD"),
        # What is measured, whatever else a commit has.
        "engine": " ".join(_output("git", "rev-parse", *(f"HEAD:{folder}" for folder in ENGINE)).split()),
        "benchmark": _benchmark(),
        "changed": bool(changes),
        "changes": changes,
        "load": os.getloadavg(),
        "time": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
    }
