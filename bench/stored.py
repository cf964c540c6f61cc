"""Runs as files: JSON, or the same under xz, as the one beside docs/benchmarks.md."""

import errno
import json
import lzma
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
    cells = run.get("cells") if isinstance(run, dict) else None
    whole = isinstance(cells, list) and all({"workload", "kind", "size", "runners"} <= set(c) for c in cells)
    if not whole or not isinstance(run.get("machine"), dict):
        raise Unusable(f"{path} is no run of `./dev bench peers`: {hint}")
    return run


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
