"""The words of explain(), recorded for the functions of explained.py in golden/explain.txt.

GILMAP_UPDATE=1 writes what came out into the file instead; read it as a user would before committing it.
A file explain.3.13.txt has what differs on CPython 3.13: the sections of those functions alone.
"""

import difflib
import os
import pathlib
import re
import sys

import gilmap
import pytest
from gilmap import _gilmap
from gilmap._explain import advice

from tests.python import explained

FOLDER = pathlib.Path(__file__).parent / "golden"
ROOT = pathlib.Path(__file__).resolve().parents[2]
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
BASE_VERSION = "3.12"
BASE = FOLDER / "explain.txt"
OF_VERSION = FOLDER / f"explain.{VERSION}.txt"
UPDATE = os.environ.get("GILMAP_UPDATE") == "1"

EXAMPLES = {"int": [1, 2, 3], "float": [0.5, 1.5, 2.5], "bool": [True, False]}
NAMES = [name for name, _, _ in explained.FUNCTIONS]

# What depends on the CPU, and where these files are.
_SIMD = re.compile(r"^ *(one element at a time: |\d+ elements at once).*\n", re.MULTILINE)


def explanation_of(name, monkeypatch):
    monkeypatch.setattr(_gilmap, "available_cpus", lambda: 2)
    monkeypatch.setattr(_gilmap, "is_arrow_kernel_loaded", lambda: False)
    monkeypatch.setattr("gilmap._explain._is_installed", lambda package: True)
    _, function, columns = explained.FUNCTIONS[NAMES.index(name)]
    return gilmap.explain(function, *(EXAMPLES[c] for c in columns))


def text_of(name, monkeypatch):
    text = str(explanation_of(name, monkeypatch)) + "\n"
    return _SIMD.sub("", text).replace(explained.__file__, "explained.py")


def sections(path):
    if not path.exists():
        return {}
    parts = re.split(r"^==== (\w+)\n", path.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def write(path, texts):
    if texts:
        path.write_text("".join(f"==== {name}\n{text}" for name, text in texts.items()))
    else:
        path.unlink(missing_ok=True)


def test_golden_is_complete():
    assert len(NAMES) == len(set(NAMES)) >= 60
    assert UPDATE or set(sections(BASE)) == set(NAMES)


@pytest.mark.skipif(not UPDATE, reason="writes the file anew")
def test_update(monkeypatch):
    texts = {name: text_of(name, monkeypatch) for name in NAMES}
    if VERSION == BASE_VERSION:
        write(BASE, texts)
    else:
        known = sections(BASE)
        write(OF_VERSION, {name: text for name, text in texts.items() if text != known.get(name)})


@pytest.mark.parametrize("name", NAMES)
def test_words(name, monkeypatch):
    expected = (sections(BASE) | (sections(OF_VERSION) if VERSION != BASE_VERSION else {}))[name]
    actual = text_of(name, monkeypatch)
    if actual != expected:
        diff = difflib.unified_diff(expected.splitlines(), actual.splitlines(), "golden", "now", lineterm="", n=20)
        pytest.fail("\n".join(diff) + "\n(GILMAP_UPDATE=1 takes this over)", pytrace=False)


@pytest.mark.parametrize("name", NAMES)
def test_each_blocker_has_a_place_and_advice(name, monkeypatch):
    answer = explanation_of(name, monkeypatch)
    assert (
        answer["has_fast_path"]
        == (answer["then"] in ("jit", "numba_native", "numba_cfunc"))
        == any(row["compiled"] for row in answer["columns"])
    )
    assert len(answer["blockers"]) >= (not answer["has_fast_path"])
    for blocker in answer["blockers"]:
        assert advice.is_known(blocker["what"]), "no row of advice.py matches"
        assert blocker["instead"]
        if blocker["line"]:
            assert blocker["source"] in pathlib.Path(blocker["file"]).read_text()
            assert blocker["column"] >= 1


def words_of(call):
    """What the C++ expression would give, with a plain example for each part that is no literal; None if none is."""
    words = ""
    for part in re.findall(r'(?:"(?:[^"\\]|\\.)*"|[^"+])+', call):
        literals = re.findall(r'"((?:[^"\\]|\\.)*)"', part)
        if "describe(" in part:
            words += "a value of type 'x'"
        elif literals:
            words += literals[0]  # of `a ? "list" : "tuple"` too
        else:
            words += "+" if "symbol(" in part else "name"
    return words if '"' in call and "construct(" not in call else None


def test_every_obstacle_of_the_lifter_has_advice():
    messages = set()
    for path in sorted((ROOT / "core/lift").glob("*.cpp")):
        for call in re.findall(r"(?:unsupported\(|\beffect\(info, i,)\s*([^;]*?)\)?(?:, true)?\);", path.read_text()):
            messages.add(words_of(call))
    assert len(messages) > 80
    unknown = {m for m in messages - {None} if not advice.is_known(m)}
    assert unknown <= {"name() acts on something outside the function"}, "which has a row for each of these builtins"


def test_side_effects_are_told(monkeypatch):
    with_effects = {n for n in NAMES if explanation_of(n, monkeypatch)["side_effects"]}
    assert {"prints", "draws", "assigns_global", "assigns_item", "appends_to_shared_list"} <= with_effects
    assert not with_effects & {"affine", "makes_text", "fills_list", "returns_tuple"}


def test_html_is_a_table_and_escapes(monkeypatch):
    def less(x):
        return "<b>" if x < 1 else "&"

    answer = gilmap.explain(less, [1, 2])
    page = answer._repr_html_()
    assert page.count("<table") == 2 and "&lt;b&gt;" in page and "<b>&quot;" not in page
    assert answer["blockers"][0]["instead"] in page.replace("&#x27;", "'")


def test_hint_for_a_small_change(monkeypatch):
    assert explanation_of("inverts_bool", monkeypatch)["hint"]
    assert explanation_of("makes_text", monkeypatch)["hint"] is None
    assert explanation_of("affine", monkeypatch)["hint"] is None


def test_hint_for_arrays():
    small, large = [1.0, 2.0], [1.0] * 200_000
    assert "array" in gilmap.explain(explained.affine, large)["hint"]
    assert gilmap.explain(explained.affine, small)["hint"] is None
    assert gilmap.explain(explained.steps, [7] * 200_000)["hint"] is None, "computing takes most of the time there"


@pytest.mark.parametrize(
    "instead",
    [
        lambda x: (10, 20, 30)[x % 3],
        lambda x: x in explained.LIMITS,
        lambda x: sum(item * x for item in explained.LIMITS),
        lambda x: x in {1, 2, 3},
        lambda n: sum(abs(k) for k in range(n) if k % 2),
        lambda n: n % 10 + n // 10,
        lambda x: not x > 1,
        lambda x: x if abs(x) <= abs(-x) else -x,
        lambda x: isinstance(x, (int, float)),
    ],
)
def test_what_is_advised_is_compiled(instead):
    assert gilmap.explain(instead, [1, 2])["has_fast_path"]
