"""Runs as files: JSON, or the same under xz, as the one beside docs/benchmarks.md."""

import errno
import json
import lzma
import math
import os
import pathlib


class Unusable(Exception):
    """There is no run in a file; the text says what to do."""


def read(path, hint):
    """Raises Unusable, which ends with `hint`."""
    path = pathlib.Path(path)
    try:
        data = path.read_bytes()
        run = json.loads(lzma.decompress(data) if path.suffix == ".xz" else data)
    except FileNotFoundError:
        raise Unusable(f"there is no {path}: {hint}") from None
    except OSError as error:
        raise Unusable(f"{path} cannot be read ({error.strerror}): {hint}") from None
    except (ValueError, lzma.LZMAError, EOFError):
        raise Unusable(f"{path} is {'empty' if not data else 'no whole JSON'}: {hint}") from None
    if fault := _fault(run):
        raise Unusable(f"{path} is no run of `./dev bench peers` ({fault}): {hint}")
    return run


def _fault(run):
    """What in a file is not as a run has it, or nothing: files of other versions, and those that somebody changed."""
    if not isinstance(run, dict):
        return "no object"
    cells, machine = run.get("cells"), run.get("machine")
    if not isinstance(cells, list) or not isinstance(machine, dict):
        return "it has no cells, or no machine"
    if cells and not (isinstance(machine.get("cpu"), str) and _is_number(machine.get("cpus"), above=0)):
        return "its machine has no CPU"
    if cells and not isinstance(machine.get("versions"), dict):
        return "its machine has no versions"
    return next(filter(None, map(_fault_of_cell, cells)), None)


def _fault_of_cell(cell):
    if not isinstance(cell, dict) or not {"workload", "kind", "size", "runners"} <= set(cell):
        return "a cell has no workload, kind, size or runners"
    where = f"{cell['workload']}, {cell['kind']}, {cell['size']}"
    if not isinstance(cell["size"], int) or not isinstance(cell["workload"], str) or not isinstance(cell["kind"], str):
        return f"{where}: no names and a number"
    if not _is_number(cell.get("map_once"), above=0):
        return f"{where}: no time of map"
    runners = cell["runners"]
    if not isinstance(runners, dict) or not all(isinstance(result, dict) for result in runners.values()):
        return f"{where}: no results"
    for name, result in runners.items():
        if what := _fault_of_result(result):
            return f"{where}, {name}: {what}"
    return None


def _fault_of_result(result):
    seconds, cpu = result.get("seconds", []), result.get("cpu", [])
    if not isinstance(seconds, list) or not all(_is_number(x, above=0) for x in seconds):
        return "its seconds are not all positive numbers"
    if not seconds:
        return "it has no seconds" if "seconds" in result and not result.get("failed") else None
    if not isinstance(cpu, list) or len(cpu) != len(seconds) or not all(map(_is_number, cpu)):
        return "its CPU seconds are not as many numbers"
    return None if _is_number(result.get("first")) and _is_number(result.get("peak")) else "no first call, or no peak"


def _is_number(x, above=None):
    number = isinstance(x, (int, float)) and not isinstance(x, bool) and math.isfinite(x) and x >= 0
    return number and (above is None or x > above)


def write(path, run):
    """In one step, so that a run that is ended in the midst of it leaves the last one."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(run) + "\n")
    os.replace(part, path)


def refuse_unwritable(path):
    """Raises Unusable where write() could not write; leaves what is there as it is."""
    path = pathlib.Path(path)
    part = path.with_name(path.name + ".part")
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        path.parent.mkdir(parents=True, exist_ok=True)
        part.touch()
        part.unlink()
    except OSError as error:
        raise Unusable(f"{path} cannot be written ({error.strerror})") from None


MOST = 400_000  # bytes: what a repository can bear at each published run


def packed(run):
    """The bytes of a .json.xz, or None where they would be too many."""
    data = lzma.compress(json.dumps(run, separators=(",", ":")).encode(), preset=9)
    return data if len(data) <= MOST else None
