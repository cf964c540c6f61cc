"""The package of the same name in Rust, version 0.1.0 on PyPI, in an environment of its own under build/bench.

Numba is in there as well, since its router makes use of it. After a call that raised, its workers may answer later
calls with what was meant for that one; the contest gives it a new process then, as it does all peers.
"""

import os
import pathlib
import subprocess
import sys

from bench.runners import NotExpressible, Runner

VERSION = "0.1.0"
FOLDER = pathlib.Path(__file__).resolve().parents[2] / "build" / "bench" / f"gilmap-rust-{VERSION}"
READY = FOLDER / "ready-with-numba"


def install():
    """None, or why there is none. Takes a minute once."""
    if READY.exists():
        return None
    pip = [
        str(FOLDER / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "-q",
        "--only-binary=:all:",
        f"gilmap=={VERSION}",
        "numba",
    ]
    try:
        subprocess.run([sys.executable, "-m", "venv", str(FOLDER)], check=True, capture_output=True, text=True)
        subprocess.run(pip, check=True, capture_output=True, text=True, timeout=600)
    except (subprocess.SubprocessError, OSError) as error:
        said = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
        return f"gilmap=={VERSION} could not be installed: {said[-1] if said else error}"
    READY.touch()
    return None


class Rust(Runner):
    executable = os.environ.get("GILMAP_BENCH_RUST") or str(FOLDER / "bin" / "python")
    kinds = ("list", "arrow")
    why_kinds = "no NumPy arrays: it gives lists back for them"

    def start(self):
        import gilmap

        self._gilmap = gilmap

    def prepare(self, workload, columns, kind):
        if len(columns) > 1:
            raise NotExpressible("it takes one argument")
        if isinstance(columns[0][0], str):
            raise NotExpressible("it takes integers and floats only")
        return lambda: self._gilmap.map(workload.function, columns[0])


RUNNERS = {"gilmap 0.1.0 (Rust)": Rust}
