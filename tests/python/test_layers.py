"""Every #include in core/ and bindings/ follows cmake/layers.txt: dependencies point one way,
LLVM stays in codegen, and Python.h stays where the table allows it."""

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Headers outside the python layers that exist for those layers: they may include Python.h,
# but then nothing outside the python layers may include them.
PYTHON_HEADERS = {"support/py_ref.h"}

INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"(?P<ours>[^"]+)"|<(?P<system>[^>]+)>)', re.MULTILINE)


def read_table():
    """The rows of layers.txt: {folder: (set of folders it may include, flags)}."""
    rows = {}
    for line in (ROOT / "cmake/layers.txt").read_text().splitlines():
        line = line.partition("#")[0].strip()
        if not line:
            continue
        layer, _, words = line.partition(":")
        words = words.split()
        flags = {w for w in words if w in ("python", "llvm")}
        allowed = {layer.strip()}
        for below in words:
            if below not in flags:
                allowed |= {below} | rows[below][0]
        rows[layer.strip()] = (allowed, flags)
    return rows


LAYERS = read_table()


def path_of(name):
    """The file that `#include "name"` means."""
    return ROOT / name if name.startswith("bindings/") else ROOT / "core" / name


def name_of(path):
    """The name under which a file of ours is included."""
    return str(path.relative_to(ROOT)).removeprefix("core/")


SOURCES = sorted(
    name_of(path)
    for folder in ("core", "bindings")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in (".h", ".cpp", ".def", ".inc")
)


@cache
def includes(name):
    """(our files, system headers) that a file includes directly, ours as "folder/file"."""
    ours, system = [], []
    for match in INCLUDE.finditer(path_of(name).read_text()):
        if match["system"]:
            system.append(match["system"])
        elif "/" in match["ours"]:
            ours.append(match["ours"])
        else:  # "file.h": beside this file
            ours.append(f"{name.rpartition('/')[0]}/{match['ours']}")
    return ours, system


@cache
def everything_below(name):
    """All files of ours that including this one brings in, itself included."""
    seen, todo = set(), [name]
    while todo:
        here = todo.pop()
        if here not in seen and path_of(here).is_file():
            seen.add(here)
            todo += includes(here)[0]
    return frozenset(seen)


def test_there_is_something_to_check():
    assert SOURCES
    folders = {name.partition("/")[0] for name in SOURCES}
    assert folders <= LAYERS.keys(), "a folder of core/ has no row in cmake/layers.txt"


@pytest.mark.parametrize("name", SOURCES)
def test_file(name):
    layer = name.partition("/")[0]
    allowed, flags = LAYERS[layer]
    ours, system = includes(name)

    for included in ours:
        assert path_of(included).is_file(), f"{name} includes {included}, which is not there"
        assert included.partition("/")[0] in allowed, f"{name} ({layer}) may not include {included}"

    for header in system:
        if "llvm" not in flags:
            assert not re.match(r"(llvm|llvm-c|clang)/", header), f"{name}: LLVM belongs in codegen"
        if layer != "bindings":
            assert not header.startswith("nanobind/"), f"{name}: nanobind belongs in bindings"

    if "python" not in flags and name not in PYTHON_HEADERS:
        for below in everything_below(name):
            assert "Python.h" not in includes(below)[1], f"{name} gets Python.h through {below}"
