"""What is made of runs: the verdict of a comparison, and a report that cannot keep silent. The runs are made up."""

import copy
import html
import html.parser
import itertools
import re
import shutil
import subprocess

import pytest

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
        run["cells"][0]["runners"]["gilmap"] = runner(run["cells"][0]["runners"]["gilmap"]["seconds"][2], noise=0.15)
    assert verdicts(old, new) == ["same"]


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
    assert rows == [("float_math, numpy, 1,000", "inline", "jit", "2.00", "yes: 500 ms more")]
    assert "more than 5 % quicker than gilmap by itself once." in said
    for text in (html.unescape(page.write(run)), markdown.full(run)):
        assert sections.CHOICES in text and "500 ms more" in text
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
        (times(1.1, 0.20, 500), times(1.0, 0.20, 500), True),  # many repeats make up for noise
        (times(1.1, 0.01, 3), times(1.0, 0.01, 5), False),  # and too few make none certain
        ([12e-6] * 5, [10e-6] * 5, False),  # 2 µs are nothing
        ([15e-6] * 5, [10e-6] * 5, True),
        ([1.1, 1.1, 1.1, 1.1, 9.0], [1.0, 1.0, 1.0, 1.0, 9.0], True),  # a disturbed repeat is no noise of the others
    ],
)
def test_what_is_certain(ours, theirs, certain):
    assert (noise.doubt(ours, theirs) is None) == certain
    assert (noise.doubt(theirs, ours) is None) == certain


def test_noise_is_listed_as_noise_and_not_counted_as_a_loss():
    run = made_up(ours=1.1, peer=1.0)
    assert sections.certain_losses(run) == 1
    run["cells"][0]["runners"]["gilmap"] = runner(1.1, noise=0.2)
    said, rows = sections.losses(run)
    assert sections.certain_losses(run) == 0
    assert "5 % quicker never, and once where that may be noise." in said
    assert rows[0][3].startswith("within the noise: 100 ms apart, ± ")
    assert "loses 0 times in 1 cells" in markdown.short(run)


def test_certain_losses_come_first():
    run = made_up(ours=1.0, peer=0.8)
    noisy = copy.deepcopy(run["cells"][0])
    noisy["size"] = 2000
    noisy["runners"]["Numba njit"] = runner(0.5, noise=0.9)
    run["cells"].insert(0, noisy)
    assert [row[0][-5:] for row in sections.losses(run)[1]] == ["1,000", "2,000"]


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
    "series": {"gilmap": [[1, 1e-6], [10**8, 0.1]], "map": [[1, 1e-6], [10**7, 0.11]], "other": [[10**8, 0.1]]},
    "left_out": ["map, 100,000,000: no time"],
    "notes": ["wrong: element 3"],
}


def test_scaling_is_drawn_and_says_what_is_left_out():
    run = made_up() | {"scaling": [SCALING]}
    written = page.write(run)
    for text in (written, markdown.full(run)):
        assert "Left out: map, 100,000,000: no time." in text and "wrong: element 3." in text
    assert "Time &lt;against&gt; n" in written and written.count('class="line s') == 3
    assert "10^8" in written and "both logarithmic" in written
    assert "| 10^8 | 100 ms |  | 100 ms |" in markdown.full(run)


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


@pytest.mark.parametrize("section", ["LOSSES", "WRONG"])
@pytest.mark.parametrize("write", [page.write, markdown.full])
def test_the_report_refuses_to_keep_silent(monkeypatch, section, write):
    monkeypatch.setattr(sections, "refuse_silence", lambda written: silence.append(written))
    silence = []
    write(made_up(peer=0.5))
    monkeypatch.undo()
    (written,) = silence  # both writers ask before they return
    with pytest.raises(sections.Refused):
        sections.refuse_silence(written.replace(getattr(sections, section), ""))
    sections.refuse_silence(written)


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


CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


@pytest.mark.skipif(CHROMIUM is None, reason="no headless browser is installed")
@pytest.mark.parametrize("width", [360, 1200])
def test_the_page_in_a_browser(tmp_path, width):
    """Nothing but the tables' own boxes scrolls sideways, and the chart is drawn."""
    probe = (
        "<script>document.querySelectorAll('details').forEach(d => d.open = true);"
        "document.title = [document.documentElement.scrollWidth <= innerWidth,"
        "document.querySelector('rect.ours').getBoundingClientRect().width > 0].join()</script></body>"
    )
    file = tmp_path / "page.html"
    run = made_up(peer=0.5) | {"scaling": [SCALING]}
    file.write_text(page.write(run).replace("</body>", probe))
    run = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}/profile"]
        + [f"--window-size={width},800", "--dump-dom", file.as_uri()],
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    assert "<title>true,true</title>" in run.stdout


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


def test_a_wrong_result_is_shown_though_the_peer_refused_another_cell():
    run = made_up(wrong="raises TypeError('no'), map returns a result")
    run["cells"].append(copy.deepcopy(run["cells"][0]))
    run["cells"][1]["runners"]["Numba njit"]["wrong"] = "element 0: 1, map has 2"
    assert [row[2] for row in sections.wrongs(run)[1]] == ["element 0: 1, map has 2"]
    assert len(sections.failures(run)[1]) == 2  # that, and PyPy, which is not there


def test_a_peer_that_refuses_is_no_liar():
    run = made_up(wrong="raises TypeError('no'), map returns a result")
    assert sections.wrongs(run)[1] == []
    assert ("Numba njit", "float_math, numpy, 1,000", "raises TypeError('no'), map returns a result") in (
        sections.failures(run)[1]
    )
    run = made_up(wrong="raises ValueError('a\\n/home/traceback'), map raises ValueError('a')")
    assert sections.wrongs(run)[1] == [("Numba njit", "float_math, numpy, 1,000", "raises ValueError('a")]
