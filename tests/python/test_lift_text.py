"""What the lifter makes of small Python functions, as text: one function per file of tests/filetests/lift.

Such a file holds the function behind `; |`, its argument types behind `; types:`, the lifted IR, and behind `; expect:`
what the passes make of it. gilmap-filetest runs the IR of these files; here it is compared with what this interpreter's
bytecode gives, and the `; run:` lines with what CPython computes. A file x.3.13.ir stands for x.ir on CPython 3.13,
where its bytecode gives another text.

GILMAP_UPDATE=1 writes what came out into the files instead.
"""

import ast
import difflib
import os
import pathlib
import re
import struct
import sys

import pytest
from gilmap import _gilmap

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "tests" / "filetests" / "lift"
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
BASE_VERSION = "3.12"  # of the files without a version in their name
RAISES = {"zero_division", "domain", "raise", "assert", "unbound", "empty", "type"}  # CPython does, for these deopts
UPDATE = os.environ.get("GILMAP_UPDATE") == "1"

FILES = sorted(p for p in FOLDER.glob("*.ir") if "." not in p.stem)
NUMERIC_NAMES = re.findall(r"^X\((\w+),", (ROOT / "core/numeric/functions.def").read_text(), re.MULTILINE)


def head_of(path):
    """The comment lines at the top of the file."""
    lines = path.read_text().splitlines(keepends=True)
    end = next((i for i, line in enumerate(lines) if not line.startswith(";") or line == "; expect:\n"), len(lines))
    return lines[:end]


def function_of(head):
    """The last function that the source defines."""
    source = "".join(line[4:] or "\n" for line in head if line.startswith("; |"))
    namespace = {"__name__": "lifted"}
    exec(source, namespace)
    return next(v for v in reversed(namespace.values()) if callable(v))


def types_of(head):
    (line,) = [line for line in head if line.startswith("; types:")]
    return [word.strip() for word in line.removeprefix("; types:").split(",") if word.strip()]


def ir_text(function, types, optimised):
    text = _gilmap.ir_text(function, types, optimised=optimised)
    # Functions of core/numeric by their names, should the engine print numbers.
    return re.sub(r"(call_numeric\.\w+ )(\d+)\(", lambda m: f"{m[1]}{NUMERIC_NAMES[int(m[2])]}(", text)


def actual_text(head):
    function, types = function_of(head), types_of(head)
    lifted, optimised = (ir_text(function, types, optimised) for optimised in (False, True))
    return "".join(head) + lifted + "; expect:\n" + optimised


def update(base, variant, actual):
    if VERSION == BASE_VERSION:
        base.write_text(actual)
    elif actual != base.read_text():
        variant.write_text(actual)
    else:
        variant.unlink(missing_ok=True)


@pytest.mark.parametrize("base", FILES, ids=lambda path: path.stem)
def test_lifted_text(base):
    variant = base.with_suffix(f".{VERSION}.ir")
    actual = actual_text(head_of(base))
    if UPDATE:
        update(base, variant, actual)
    path = variant if variant.exists() else base
    expected = path.read_text()
    if actual != expected:
        diff = difflib.unified_diff(
            expected.splitlines(), actual.splitlines(), path.name, "lifted now", lineterm="", n=8
        )
        pytest.fail("\n".join(diff) + "\n(GILMAP_UPDATE=1 takes this over)", pytrace=False)


def value_of(word):
    word = word.strip()
    if word in ("true", "false"):
        return word == "true"
    if word.lstrip("-") in ("nan", "inf"):
        return float(word)
    return ast.literal_eval(word)


def same(a, b):
    if type(a) is not type(b):
        return False
    return struct.pack("d", a) == struct.pack("d", b) if isinstance(a, float) else a == b


@pytest.mark.parametrize("base", FILES, ids=lambda path: path.stem)
def test_runs_are_what_cpython_computes(base):
    head = head_of(base)
    function = function_of(head)
    runs = [re.fullmatch(r"; run: %element\((.*)\) == (.*)\n", line) for line in head if line.startswith("; run:")]
    assert runs
    for call, expected in (run.groups() for run in runs):
        args = [value_of(word) for word in call.split(",")]
        if expected.removeprefix("deopt ") in RAISES:
            with pytest.raises(Exception):
                function(*args)
        elif expected != "endless" and not expected.startswith("deopt"):
            result = function(*args)
            assert same(result, None if expected == "none" else value_of(expected)), (call, result)
