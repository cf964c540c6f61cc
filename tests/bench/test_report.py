"""What is made of runs: the verdict of a comparison, and a report that cannot keep silent. The runs are made up."""

import copy
import html.parser
import re
import shutil
import subprocess

import pytest

from bench.report import compare, figures, markdown, page, sections


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
    text = page.write(made_up(peer=0.5))
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
    file.write_text(page.write(made_up(peer=0.5)).replace("</body>", probe))
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


def test_a_peer_that_refuses_is_no_liar():
    run = made_up(wrong="raises TypeError('no'), map returns a result")
    assert sections.wrongs(run)[1] == []
    assert ("Numba njit", "float_math, numpy, 1,000", "raises TypeError('no'), map returns a result") in (
        sections.failures(run)[1]
    )
    run = made_up(wrong="raises ValueError('a\\n/home/traceback'), map raises ValueError('a')")
    assert sections.wrongs(run)[1] == [("Numba njit", "float_math, numpy, 1,000", "raises ValueError('a")]
