"""What is made of runs: the verdict of a comparison, and a report that cannot keep silent. The runs are made up."""

import copy
import html
import html.parser
import itertools
import json
import math
import random
import re
import shutil
import statistics
import subprocess

import pytest

from bench import stored
from bench.report import compare, figures, markdown, noise, page, reasons, sections, svg, units


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


def verdicts(old, new):
    return [row[3] for row in compare.compare(old, new)]


@pytest.mark.parametrize(
    "ours, verdict", [(1.0, "same"), (1.04, "same"), (1.3, "slower"), (0.96, "same"), (0.7, "faster")]
)
def test_verdicts(ours, verdict):
    assert verdicts(made_up(), made_up(ours=ours)) == [verdict]


def test_noise_keeps_the_verdict_back():
    old, new = made_up(), made_up(ours=1.3)
    for run in (old, new):
        run["cells"][0]["runners"]["gilmap"] = runner(run["cells"][0]["runners"]["gilmap"]["seconds"][2], noise=0.2)
    assert verdicts(old, new) == ["same"]


def many(count, ours=lambda k, rng: 1.0, sigma=0.05, seed=0):
    """A run of `count` cells, whose repeats scatter; `ours` is gilmap's time in each."""
    rng, run = random.Random(seed), made_up()
    cell = run["cells"].pop()
    for k in range(count):
        runners = {}
        for name, base in (("map", 10.0), ("Numba njit", 2.0), ("gilmap", ours(k, rng))):
            shift = math.exp(rng.gauss(0, sigma))  # of this cell in this run
            runners[name] = runner(1.0, seconds=[base * shift * math.exp(rng.gauss(0, sigma)) for _ in range(5)])
        run["cells"].append(copy.deepcopy(cell) | {"size": k, "runners": runners})
    return run


def test_no_change_gives_no_verdict_in_nineteen_of_twenty_runs():
    """Though every cell has noise of its own in each run, which its repeats do not show."""
    bad = 0
    for seed in range(40):
        said = set(verdicts(many(60, seed=2 * seed), many(60, seed=2 * seed + 1)))
        bad += bool(said & {"slower", "faster"})
    assert bad <= 5  # 2 are expected; 6 or more come once in 70 times, and the seeds are fixed


def test_what_is_slower_is_found_among_many():
    new = many(60, lambda k, rng: 2.0 if k == 7 else 1.0, seed=1)
    rows = compare.compare(many(60), new)
    assert [row[0][2] for row in rows if row[3] == "slower"] == [7]
    assert compare.text(many(60), new)[1]


def test_one_repeat_gives_no_verdict():
    old, new = made_up(), made_up(ours=3.0)
    del new["cells"][0]["runners"]["gilmap"]["seconds"][1:]
    assert verdicts(old, new) == ["no verdict: one repeat"]


@pytest.mark.parametrize(
    "change, said",
    [
        (lambda run: run["cells"][0]["runners"].pop("gilmap"), "1 missing"),
        (lambda run: run["cells"][0].update(size=77), "no cell in common"),
        (lambda run: run["cells"].clear(), "0 cells are in both runs, of 1 then and 0 now"),
        (lambda run: run["cells"][0]["runners"]["gilmap"].update(failed="crashed"), "1 no longer right"),
    ],
)
def test_what_is_missing_fails_the_comparison(change, said):
    new = made_up()
    change(new)
    text, bad = compare.text(made_up(), new)
    assert bad and said in text


def test_cells_of_workloads_that_were_not_asked_for_are_not_missing():
    old, new = made_up(), made_up()
    old["cells"].append(copy.deepcopy(old["cells"][0]) | {"workload": "julia"})
    assert compare.text(old, new)[1]
    said, bad = compare.text(old, new | {"workloads": ["float_math"]})
    assert not bad and said.startswith("1 cells are in both runs, of 2 then and 1 now")


@pytest.mark.parametrize("t, freedom, p", [(0.0, 4, 1.0), (2.776445, 4, 0.05), (12.7062, 1, 0.05), (3.355387, 8, 0.01)])
def test_students_tail(t, freedom, p):
    """Against tables of the distribution."""
    assert noise.student(t, freedom) == noise.student(-t, freedom) == pytest.approx(p, rel=1e-4)


@pytest.mark.parametrize(
    "a, b", [((1, 2, 3), (4, 5)), ((1, 5, 9, 2), (3, 3, 3)), ((1, 1), (1, 1, 1)), ((4, 2, 2), (2, 9, 1))]
)
def test_the_rank_test_counts_all_ways(a, b):
    values = sorted([*a, *b])
    rank = {v: statistics.mean(k for k, w in enumerate(values, start=1) if w == v) for v in values}
    middle = len(a) * (len(values) + 1) / 2
    far = abs(sum(rank[v] for v in a) - middle)
    ways = [abs(sum(rank[values[k]] for k in ks) - middle) for ks in itertools.combinations(range(len(values)), len(a))]
    assert noise.rank_sum(a, b) == pytest.approx(sum(w >= far - 1e-9 for w in ways) / len(ways))


@pytest.mark.parametrize("draw", [lambda rng: rng.gauss(1, 0.1), lambda rng: rng.paretovariate(1.5)])
def test_equal_runners_differ_for_certain_in_one_of_twenty_at_most(draw):
    rng = random.Random(3)
    certain = sum(
        noise.doubt([draw(rng) for _ in range(5)], [draw(rng) for _ in range(5)]) is None for _ in range(4000)
    )
    assert certain / 4000 < 0.05


def test_a_slower_machine_is_no_slower_gilmap():
    assert verdicts(made_up(), made_up(ours=1.5, plain=15.0)) == ["same"]
    assert verdicts(made_up(), made_up(ours=1.0, plain=15.0)) == ["faster"]


def test_a_result_that_became_wrong():
    new = made_up()
    new["cells"][0]["runners"]["gilmap"]["wrong"] = "element 0"
    assert verdicts(made_up(), new) == ["no longer right"]
    said, worse = compare.text(made_up(), new)
    assert worse and "1 no longer right" in said


def test_losses():
    assert figures.losses(made_up()) == []
    assert figures.losses(made_up(peer=0.97)) == []
    (loss,) = figures.losses(made_up(peer=0.5))
    assert loss[1:] == ("Numba njit", 2.0)
    assert figures.losses(made_up(peer=0.5, wrong="element 0: …")) == []
    assert figures.losses(made_up(peer=0.5, failed="timeout")) == []


def test_own_backends_are_no_peers_that_gilmap_loses_to():
    run = made_up(ours=1.0, peer=2.0)
    run["cells"][0]["runners"] |= {"gilmap jit": runner(0.5), "gilmap inline": runner(0.8)}
    run["cells"][0]["runners"]["gilmap"]["remark"] = "explain: inline"
    assert figures.losses(run) == [] and sections.losses(run)[1] == []
    said, rows = sections.choices(run)
    assert rows == [("float_math, numpy, 1,000", "inline", "jit", "2.00", "500 ms", "")]
    assert "more than 5 % quicker than gilmap by itself once." in said
    for text in (html.unescape(page.write(run)), markdown.full(run)):
        assert sections.CHOICES in text and "2.00" in text and "500 ms" in text
    run["cells"][0]["runners"]["gilmap jit"] = runner(0.5, wrong="element 0")
    assert sections.choices(run)[1][0][2] == "inline"


def times(median, sigma, count=5):
    return [median + sigma * k / (count // 2) for k in range(-(count // 2), count - count // 2)]


@pytest.mark.parametrize(
    "ours, theirs, certain",
    [
        (times(1.1, 0.01), times(1.0, 0.01), True),
        (times(1.1, 0.20), times(1.0, 0.01), False),
        (times(1.1, 0.01), times(1.0, 0.20), False),
        (times(1.1, 0.20, 50), times(1.0, 0.20, 50), True),  # many repeats make up for noise
        (times(1.1, 0.01, 3), times(1.0, 0.01, 3), False),  # and too few make none certain
        ([12e-6] * 5, [10e-6] * 5, False),  # 2 µs are nothing
        ([15e-6] * 5, [10e-6] * 5, True),
        ([1.1, 1.11, 1.12, 1.13, 9.0], [1.0, 1.01, 1.02, 1.03, 1.04], True),  # a disturbed repeat is but one
    ],
)
def test_what_is_certain(ours, theirs, certain):
    assert (noise.doubt(ours, theirs) is None) == certain
    assert (noise.doubt(theirs, ours) is None) == certain


@pytest.mark.parametrize("ours", [runner(1.1, noise=0.2), runner(1.1, seconds=[1.1] * 4), runner(1.1, seconds=[1.1])])
def test_noise_and_few_repeats_are_a_remark_and_excuse_no_loss(ours):
    run = made_up(ours=1.1, peer=1.0)
    run["cells"][0]["runners"]["gilmap"] = ours
    if len(ours["seconds"]) == 4:
        run["cells"][0]["runners"]["Numba njit"] = runner(1.0, noise=0.2)
    said, rows = sections.losses(run)
    assert said.startswith("In 1 of 1 cells some right-answering peer's median") and "that is once." in said
    assert "Of these, 1 may be noise; they count all the same." in said
    assert "of CPU an element" in rows[0][3] and rows[0][4].startswith("may be noise: ")
    assert "gilmap loses in 1 of 1 cells" in markdown.short(run)
    assert sections.overview(run)[0][6].endswith(" ≈")


def test_a_certain_loss_has_no_such_remark():
    said, rows = sections.losses(made_up(ours=1.1, peer=1.0))
    assert "noise" not in said and rows[0][4] == ""


def test_wins_within_the_noise_are_marked_as_well():
    run = made_up(ours=1.0, peer=1.1)
    assert sections.overview(run)[0][6] == "1.10"
    run["cells"][0]["runners"]["Numba njit"] = runner(1.1, noise=0.3)
    assert sections.overview(run)[0][6] == "1.10 ≈" and "≈: the difference may be noise" in markdown.short(run)


def test_cells_and_peers_are_counted():
    run = made_up(ours=1.0, peer=0.5)
    run["cells"][0]["runners"]["C++"] = runner(0.4)
    run["cells"].append(made_up()["cells"][0] | {"size": 3})
    assert sections.losses(run)[0].startswith("In 1 of 2 cells some") and "that is 2 times." in sections.losses(run)[0]
    assert sections.lost_cells(run) == 1
    run["cells"][1]["runners"]["gilmap"]["wrong"] = "element 0"
    assert sections.lost_cells(run) == 2


def test_reasons_are_what_the_figures_say():
    def why(name="Numba njit", ours=None, theirs=None, workload="float_math", size=1000):
        cell = made_up()["cells"][0] | {"workload": workload, "size": size}
        cell["runners"] = {"gilmap": runner(1.0, **ours or {}), name: runner(0.5, **theirs or {})}
        return reasons.reason(cell, name)

    assert why(ours={"cpu": [2.0] * 5}, theirs={"cpu": [1.0] * 5}) == "2 ms of CPU an element against 1 ms"
    assert why(ours={"cpu": [1.0] * 5}, theirs={"cpu": [1.0] * 5}).startswith("1.0 CPUs at work against 2.0, 1 ms of")
    assert why(ours={"cpu": [1.5] * 5}, theirs={"cpu": [1.0] * 5}).endswith(", and 1.5 CPUs at work against 2.0")
    assert why("C++", theirs={"remark": "plain loops"}).endswith("; written with plain loops")
    assert "looks for negative elements before" in why("NumPy by hand", workload="checked_root")
    assert why(theirs={"cpu": [0.0] * 5}) == "no CPU times were measured"
    cell = made_up()["cells"][0]
    cell["runners"] |= {"gilmap": runner(40e-6), "Numba njit": runner(10e-6)}
    assert reasons.reason(cell, "Numba njit") == "fixed costs of a short call: 30 µs more"
    cell["runners"] |= {"gilmap": runner(100e-6), "Numba njit": runner(10e-6)}
    assert reasons.reason(cell, "Numba njit") == "90 µs more than a call of 10 µs"


def test_short_calls_are_marked():
    run = made_up(ours=40e-6, peer=80e-6, plain=1e-3)
    assert sections.overview(run)[0][3] == "40 µs †"
    assert "fixed costs dominate" in sections.cell_text(run["cells"][0])
    assert sections.overview(made_up(ours=60e-6))[0][3] == "60 µs"
    assert "fixed costs" not in sections.cell_text(made_up(ours=60e-6)["cells"][0])


def test_what_was_not_run_is_named():
    run = made_up() | {
        "not_run": [
            ["julia", "list", 1000],
            ["julia", "list", 10000],
            *(["totient", "arrow", n] for n in (1000, 100, 10000)),
        ]
    }
    run["broken"] = [["digit_sum", "numpy", 1000, "OSError: full"]]
    for text in (page.write(run), markdown.full(run)):
        assert "5 cells (julia list of 1,000 and 10,000; totient arrow)" in text
        assert "digit_sum, numpy, 1,000" in text and "OSError: full" in text


def test_the_overview_has_the_middle_size_and_the_others_follow():
    run = made_up()
    cell = run["cells"][0]
    run["cells"] = [cell | {"size": size} for size in (10**4, 10**5, 10**6, 2 * 10**7)]
    assert [row[2] for row in sections.overview(run)] == ["100,000"]
    assert [row[2] for row in sections.other_sizes(run)] == ["10,000", "1,000,000", "20,000,000"]
    run["cells"] = run["cells"][:1]
    assert [row[2] for row in sections.overview(run)] == ["10,000"]


def test_the_limit_says_how_the_cpp_is_written():
    from bench import limits

    cell = made_up()["cells"][0]
    cell["runners"]["C++"] = runner(0.25, remark="SIMD by hand")
    limit = limits.limit_of(cell, 1)
    assert limit["what"] == "C++, SIMD by hand" and limit["seconds"] == 0.25 and limit["copy"] > 0
    cell["limit"] = limit
    assert sections.cell_text(cell).startswith(
        "gilmap reaches 25% of C++, SIMD by hand, 250 ms. A copy of the same bytes"
    )
    assert sections.held_against({"what": "C++, plain loops", "seconds": 8.0}, 2.0) == "4 × C++, plain loops"
    cell["runners"]["C++"]["wrong"] = "element 0"
    assert limits.limit_of(cell, 1)["what"] == "copy of the same bytes"
    assert limits.limit_of(cell | {"kind": "list"}, 1) is None


SCALING = {
    "title": "Time <against> n",
    "x": "elements",
    "y": "seconds",
    "spreads": {"gilmap": [[1, 0.02]]},
    "series": {"gilmap": [[1, 1e-6], [10**8, 0.1]], "map": [[1, 1e-6], [10**7, 0.11]], "other": [[10**8, 0.1]]},
    "left_out": ["map, 100,000,000: no time"],
    "notes": ["wrong: element 3"],
}


def test_scaling_is_drawn_and_says_what_is_left_out():
    run = made_up() | {"scaling": [SCALING]}
    written = page.write(run)
    for text in (written, markdown.full(run)):
        assert "Left out: map, 100,000,000: no time." in text and "wrong: element 3." in text
    assert "Time &lt;against&gt; n" in written and written.count('class="line s') == 2 * 3  # and in the legend
    assert "10^8" in written and "both logarithmic" in written
    assert "| 10^8 | 100 ms |  | 100 ms |" in markdown.full(run)
    assert "| 1 | 1 µs ± 2% | 1 µs |  |" in markdown.full(run)


def test_a_zero_on_an_axis_is_a_zero():
    chart = SCALING | {"series": {"a": [[0, 1.0], [1, 2.0], [100, 3.0]]}, "x": "percent"}
    drawn = svg.lines(chart["series"], "percent", "seconds")
    places = [
        float(x) for x in re.search('d="M([^"]*)"', drawn[drawn.index("line s0") :])[1].replace("L", " ").split()[::2]
    ]
    assert svg.AXIS == places[0] < places[1] < places[2]
    assert ">0</text>" in drawn and sections.scaling(made_up() | {"scaling": [chart]})[0][2][0] == ("0", "1 s")


def test_names_of_lines_do_not_lie_upon_each_other():
    drawn = svg.lines(SCALING["series"], "x", "y")
    heights = [float(y) for y in re.findall(r'<text class="s\d" x="[\d.]+" y="([\d.]+)"', drawn)]
    assert len(heights) == 3
    assert all(abs(a - b) >= svg.LINE for a, b in itertools.combinations(heights, 2))


@pytest.mark.parametrize("low, high", [(1, 2), (1, 1e8), (0.1, 100), (3e-6, 3.1e-6), (0.9, 64)])
def test_every_axis_has_two_ticks_within(low, high):
    found = svg.ticks(low, high)
    assert len(found) >= 2 and all(low * 0.99 <= v <= high * 1.01 for v in found)


def test_the_report_says_so_where_there_are_no_losses():
    text = page.write(made_up())
    assert sections.LOSSES in text and "None in the 1 cells of this run" in text


def test_gilmap_without_a_right_result_is_a_loss():
    run = made_up()
    run["cells"][0]["runners"]["gilmap"]["wrong"] = "element 0"
    assert sections.losses(run)[1][0][2] == "no right result"


def asked(monkeypatch, write, run):
    """What a writer shows to the one who may refuse it."""
    silence = []
    with monkeypatch.context() as patched:
        patched.setattr(sections, "refuse_silence", lambda written, run: silence.append(written))
        write(run)
    (written,) = silence
    return written


@pytest.mark.parametrize("write", [page.write, markdown.full])
@pytest.mark.parametrize("removed", [sections.LOSSES, sections.WRONG, "Numba njit", "float_math, numpy, 1,000"])
def test_the_report_refuses_to_keep_silent(monkeypatch, removed, write):
    run = made_up(peer=0.5)
    written = asked(monkeypatch, write, run)
    sections.refuse_silence(written, run)
    with pytest.raises(sections.Refused):
        sections.refuse_silence(written.replace(removed, ""), run)


@pytest.mark.parametrize("write", [page.write, markdown.full])
@pytest.mark.parametrize("ours", [1.0, 5.0])
def test_an_empty_section_of_losses_is_refused(monkeypatch, write, ours):
    monkeypatch.setattr(sections, "losses", lambda run: ("", []))
    with pytest.raises(sections.Refused):
        write(made_up(ours=ours))


@pytest.mark.parametrize("write", [page.write, markdown.full, markdown.short])
def test_there_is_no_report_without_cells_or_without_gilmap(write):
    with pytest.raises(sections.Refused, match="without cells"):
        write(made_up() | {"cells": []})
    run = made_up()
    del run["cells"][0]["runners"]["gilmap"]
    with pytest.raises(sections.Refused, match="without gilmap's own measurements"):
        write(run)


def test_a_cell_that_lacks_gilmap_is_a_loss():
    run = made_up()
    run["cells"].append(copy.deepcopy(run["cells"][0]) | {"size": 5})
    del run["cells"][1]["runners"]["gilmap"]
    assert sections.losses(run)[1] == [("float_math, numpy, 5", "map", "no right result", "no result", "")]
    assert "gilmap loses in 1 of 2 cells" in markdown.short(run)


def test_a_busy_machine_is_a_visible_note():
    run = made_up()
    for text in (page.write(run), markdown.full(run), markdown.short(run)):
        assert "not idle" not in text
    run["cells"][0]["before"] = {"load": 1.0, "busy": 0.5}
    note = (
        "Measured on a machine that was not idle: other programs used up to 50% of the CPUs just before 1 of the cells."
    )
    for text in (page.write(run), markdown.full(run), markdown.short(run)):
        assert note in text
    run = made_up()
    run["machine"]["load"] = [1.0, 0, 0]
    assert "the load was 0.50 per CPU when it began" in markdown.full(run)


def test_the_parts_of_a_resumed_run_are_named():
    part = {"commit": "abc", "time": "noon", "load": [0.5, 0, 0], "load_after": [1, 0, 0], "took": 60.0, "cells": 1}
    said = sections.machine(made_up() | {"parts": [part, part | {"time": "night", "cells": 2}]})
    assert "noon; load 0.5 before and 1.0 after; 1 minutes (1 cells); then commit abc; night" in said


def test_the_markdown_has_every_runner_of_every_cell():
    run = made_up(wrong="element 3: 1 <b> (int)", remark="")
    run["cells"][0]["runners"]["numexpr"] = {"none": "it has no loops"}
    text = markdown.full(run)
    details = text[text.index("<details><summary>float_math") :]
    assert "| gilmap | 1 s | 1% of 5 | 10 | 1 s | 1.0 | 2 s |  |  |" in details
    assert "| map | 10 s | 1% of 5 | 1 | 10 s | 1.0 | 20 s | 100 ms |  |" in details
    assert "| Numba njit | ~~2 s~~ | ~~1% of 5~~ | ~~5~~ | 2 s |" in details and "&lt;b>" in details
    assert "Without a time: numexpr: it has no loops." in details and details.count("</details>") == 1


def test_what_map_took_once_says_when():
    run = made_up()
    cell = run["cells"][0]
    cell["runners"]["map"] = {"skipped": "too slow here"}
    cell["map_measured"] = {"time": "noon", "load": 0.25}
    assert sections.overview(run)[0][4] == "10 (map once)"
    assert "map over the list took 10 s, once, on noon at a load of 0.2." in markdown.full(run)


def test_runs_are_stored_and_packed(tmp_path):
    run, path = made_up(), tmp_path / "run.json"
    stored.write(path, run)
    packed = tmp_path / "run.json.xz"
    packed.write_bytes(stored.packed(run))
    assert stored.read(path, "") == stored.read(packed, "") == json.loads(json.dumps(run))
    packed.write_bytes(stored.packed(run)[:-20])
    with pytest.raises(stored.Unusable, match="no whole JSON: make one"):
        stored.read(packed, "make one")
    rng = random.Random(0)
    assert stored.packed({"noise": [rng.random() for _ in range(10**5)]}) is None


def test_a_wrong_time_is_struck_out():
    text = page.write(made_up(wrong="element 3: 1 (int)"))
    assert re.search(r"<td>Numba njit</td><td><s>2 s</s>", text)
    assert "element 3: 1 (int)" in text


class Strict(html.parser.HTMLParser):
    """Every tag is closed, in order."""

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attrs):
        if tag != "meta":
            self.open.append(tag)
        self.seen.append((tag, dict(attrs)))

    def handle_startendtag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_well_formed_and_self_contained():
    parser = Strict()
    text = page.write(made_up(peer=0.5) | {"scaling": [SCALING]})
    parser.feed(text)
    assert parser.open == []
    for _, attrs in parser.seen:
        assert not {"src", "href", "onclick"} & attrs.keys()
    assert "http" not in text and "@import" not in text and "url(" not in text
    assert "&lt;CPU&gt;" in text and "<CPU>" not in text
    assert "prefers-color-scheme:dark" in text


BROWSERS = ("chromium-headless-shell", "chromium", "google-chrome", "chrome-headless-shell")
BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)

# Runs in the page: what its box is, what is beyond it, and how large the smallest text is on the screen.
PROBE = """
<script>
document.querySelectorAll('details').forEach(d => d.open = true);
const beyond = [...document.querySelectorAll('body *')].filter(e => !e.closest('.scroll, svg') &&
  (e.getBoundingClientRect().right > document.documentElement.clientWidth + 1 || e.getBoundingClientRect().left < -1)).length;
let smallest = 1e9, cut = [];
for (const e of document.querySelectorAll('body *')) {
  if (![...e.childNodes].some(n => n.nodeType == 3 && n.data.trim()) || e.closest('script')) continue;
  const svg = e.closest('svg');
  const scale = svg ? svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : 1;
  smallest = Math.min(smallest, parseFloat(getComputedStyle(e).fontSize) * scale);
  if (svg && (e.getBoundingClientRect().right > svg.getBoundingClientRect().right + 1 ||
    e.getBoundingClientRect().left < svg.getBoundingClientRect().left - 1)) cut.push(e.textContent);
}
for (const box of document.querySelectorAll('.scroll')) box.scrollLeft = 1e6;
const first = [...document.querySelectorAll('.scroll td:first-child')].every(
  e => Math.abs(e.getBoundingClientRect().left - e.closest('.scroll').getBoundingClientRect().left) < 2);
const widths = [...document.querySelectorAll('.scroll td:first-child')].map(e => e.getBoundingClientRect().width);
parent.postMessage(JSON.stringify({narrowest: Math.min(...widths), widest: Math.max(...widths), width: innerWidth, overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth, beyond,
  smallest, cut, first, bar: document.querySelector('rect.ours').getBoundingClientRect().width,
  back: getComputedStyle(document.body).backgroundColor}), '*');
</script></body>"""


def in_browser(tmp_path, text, width, *options):
    """What the probe finds in a frame of that width: a window has 500 pixels at least."""
    inner, outer = tmp_path / "page.html", tmp_path / "frame.html"
    inner.write_text(text.replace("</body>", PROBE))
    outer.write_text(
        "<!DOCTYPE html><script>onmessage = e => document.title = e.data</script>"
        f'<iframe style="border:0;width:{width}px;height:800px" src="{inner.name}"></iframe>'
    )
    run = subprocess.run(
        [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/profile", *options]
        + [f"--window-size={width + 200},900", "--virtual-time-budget=3000", "--dump-dom", outer.as_uri()],
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    return json.loads(html.unescape(re.search("<title>(.*?)</title>", run.stdout)[1]))


def crowded():
    """A run with the longest names and texts that there are."""
    from bench.runners import FILES

    run = made_up(peer=0.5, wrong="element 3: " + "1" * 300)
    run["cells"][0]["runners"] |= {
        name: runner(0.4 + k, remark="a remark of some words") for k, name in enumerate(FILES)
    }
    run["cells"][0]["runners"]["PyPy"] = runner(123.456e-6, noise=0.3)
    run["cells"][0]["workload"] = "compound_interest"
    run["machine"]["load"] = [9.0, 0, 0]
    long = {
        "gilmap, list": [[10**k, 1e-6 * 3**k] for k in range(9)],
        "as many times as threads": [[1, 1.0], [10**8, 0.1]],
    }
    return run | {"scaling": [SCALING, SCALING | {"series": long}, SCALING | {"series": {"a": [[0, 1.0], [100, 0.2]]}}]}


@pytest.mark.skipif(BROWSER is None, reason=f"none of {', '.join(BROWSERS)} is installed")
@pytest.mark.parametrize("width", [320, 360, 1200])
def test_the_page_in_a_browser(tmp_path, width):
    """Nothing but the tables' own boxes scrolls sideways, their first column stays, and all text can be read."""
    found = in_browser(tmp_path, page.write(crowded()), width)
    assert found["width"] == width
    assert found["overflow"] <= 0 and found["beyond"] == 0 and found["cut"] == [], found
    assert found["smallest"] >= (11 if width >= 360 else 10)
    assert found["first"] and found["bar"] > 0
    assert 100 <= found["narrowest"] <= found["widest"] <= 160  # no letters below each other, and room for the rest


@pytest.mark.skipif(BROWSER is None, reason=f"none of {', '.join(BROWSERS)} is installed")
def test_the_page_is_dark_where_the_system_is(tmp_path):
    light = in_browser(tmp_path, page.write(made_up()), 360)["back"]
    dark = in_browser(tmp_path, page.write(made_up()), 360, "--blink-settings=preferredColorScheme=0")["back"]
    assert (light, dark) == ("rgb(255, 255, 255)", "rgb(20, 23, 26)")


def test_markers():
    document = f"a\n{markdown.BEGIN}\nold\n{markdown.END}\nb"
    assert markdown.between_markers(document, "new") == f"a\n{markdown.BEGIN}\nnew\n{markdown.END}\nb"
    with pytest.raises(ValueError):
        markdown.between_markers("a", "new")


def test_the_reports_of_a_changed_run_differ():
    run = made_up()
    other = copy.deepcopy(run)
    other["cells"][0]["runners"]["gilmap"] = runner(0.1)
    assert markdown.short(run) != markdown.short(other)


@pytest.mark.parametrize(
    "seconds, text",
    [
        (None, ""),
        (2, "2 s"),
        (0.99999, "1 s"),
        (0.5, "500 ms"),
        (1.5e-6, "1.5 µs"),
        (2.34e-8, "23.4 ns"),
        (0.0, "0 ns"),
    ],
)
def test_seconds(seconds, text):
    assert units.seconds_text(seconds) == text


@pytest.mark.parametrize(
    "wrong, shown",
    [
        ("raises TypeError('no'), map returns [1, 2, …]", "raises TypeError('no'), map returns [1, 2, …]"),
        (
            "raises ValueError('a\\n/home/traceback'), map raises ValueError('a')",
            "raises ValueError('a …, map raises ValueError('a')",
        ),
        ("element 0: 1, map has 2 (1 of 9 differ)", "element 0: 1, map has 2 (1 of 9 differ)"),
        ("returns ndarray, not a list", "returns ndarray, not a list"),
    ],
)
def test_who_raises_where_map_does_not_is_wrong_too(wrong, shown):
    run = made_up(wrong=wrong)
    assert sections.wrongs(run)[1] == [("Numba njit", "float_math, numpy, 1,000", shown)]
    assert [row[0] for row in sections.failures(run)[1]] == ["PyPy"]  # which is not there
    assert figures.losses(made_up(peer=0.1, wrong=wrong)) == []
