"""What is made of runs: a report that cannot keep silent. The runs are made up."""

import copy
import html
import html.parser
import json
import random

import pytest

from bench import stored
from bench.report import figures, markdown, noise, page, reasons, sections, units
from tests.bench.made_up import made_up, runner


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


def why(name="Numba njit", ours=None, theirs=None, workload="float_math"):
    run = made_up()
    cell = run["cells"][0] | {"workload": workload}
    cell["runners"] = {"gilmap": runner(1.0, **ours or {}), name: runner(0.5, **theirs or {})}
    run["cells"] = [cell]
    return reasons.reason(run, cell, name)


def cpu(seconds):
    return {"cpu": [seconds] * 5}


def test_reasons_are_what_the_figures_say():
    assert why(ours=cpu(2.0), theirs=cpu(1.0)) == "2 ms of CPU an element against 1 ms"
    assert why(ours=cpu(1.0), theirs=cpu(1.0)) == (
        "1.0 CPUs at work against 2.0: gilmap left a CPU idle for a while (1 ms of CPU an element against 1 ms)"
    )
    both = why(ours=cpu(1.5), theirs=cpu(1.0))
    assert both.startswith(
        "1.5 ms of CPU an element against 1 ms; 1.5 CPUs at work against 2.0: gilmap left a CPU idle"
    )
    assert why(theirs=cpu(0.0)) == "no CPU times were measured"
    assert why(theirs=cpu(9.0)).startswith("1.0 CPUs at work against 2.0: ")  # there are no more than two


def test_reasons_say_what_a_peer_does_otherwise():
    slow = {"ours": cpu(2.0), "theirs": cpu(1.0)}
    assert why("C++", cpu(2.0), cpu(1.0) | {"remark": "plain loops"}).endswith("1 ms: written with plain loops")
    assert why("C++", workload="digit_sum", **slow).endswith(
        "1 ms: a table of the sums of four digits, for a quarter of the divisions"
    )
    assert why("Numba njit", workload="digit_sum", **slow).endswith("1 ms: its ints wrap around unnoticed")
    assert "table" not in why("C++", cpu(1.0), cpu(1.0), "digit_sum")  # what it does otherwise saves it nothing
    for name in ("NumPy by hand", "numexpr", "pyarrow.compute"):
        assert why(name, workload="checked_root").startswith("it looks for negative elements before it computes any")
    assert "leaves strings to CPython" in why("PyPy", workload="initials")


def test_every_workload_of_the_cpp_has_its_reason():
    from bench.report.known import OTHERWISE
    from bench.runners import FILES
    from bench.workloads import ALL

    assert set(OTHERWISE) <= set(FILES) and set(OTHERWISE["C++"]) == set(ALL) - {"float_math", "initials"}
    assert all(set(said) <= set(ALL) for said in OTHERWISE.values())


def sizes(*times, work=lambda size: size, cores=1.0):
    """A run of one workload; times: (size, gilmap's time, and half of it is the peer's)."""
    run = made_up()
    base = run["cells"].pop()
    for size, ours in times:
        runners = {"gilmap": runner(ours, **cpu(ours * cores)), "Numba njit": runner(ours / 2)}
        run["cells"].append(base | {"size": size, "map_once": work(size), "runners": runners})
    return run


def test_fixed_costs_are_what_the_next_smaller_size_has_as_well():
    run = sizes((100, 40e-6), (1000, 49e-6))
    assert reasons.reason(run, run["cells"][1], "Numba njit") == (
        "fixed costs: 39 µs of gilmap's 49 µs do not grow with the elements (100 take 40 µs)"
    )
    assert reasons.reason(run, run["cells"][0], "Numba njit") == (
        "most of it does not grow with the elements: 1,000 take gilmap 49 µs, these 40 µs"
    )
    assert [row[3] for row in sections.overview(run)] == ["49 µs †"]
    assert [row[3] for row in sections.other_sizes(run)] == ["40 µs"]  # there is no smaller size
    assert "Fixed costs are 39 µs of gilmap's call" in sections.cell_text(run, run["cells"][1])
    assert "†: most of the call is fixed costs" in markdown.short(run)


def test_other_code_in_short_calls_is_no_fixed_cost():
    run = sizes((100, 90e-6), (1000, 40e-6))
    said = reasons.reason(run, run["cells"][0], "Numba njit")
    assert said == "longer calls are quicker: 1,000 take gilmap 40 µs, these 90 µs"


@pytest.mark.parametrize(
    "run",
    [
        sizes((1000, 40e-6)),  # however short
        sizes((100, 4e-6), (1000, 40e-6)),
        sizes((100, 20e-6), (1000, 40e-6), work=lambda size: 5 + size / 1000),  # to map they are no equals
        sizes((100, 90e-6), (1000, 99e-6)),  # too long for fixed costs
        sizes((100, 60e-6), (1000, 40e-6)),  # another code
    ],
)
def test_what_grows_with_the_work_is_no_fixed_cost(run):
    cell = run["cells"][-1]
    assert "fixed" not in reasons.reason(run, cell, "Numba njit")
    assert "†" not in sections.overview(run)[0][3] and "Fixed" not in sections.cell_text(run, cell)


def test_a_short_call_on_one_cpu_is_too_short_to_share():
    run = sizes((1000, 40e-6))
    run["cells"][0]["runners"]["Numba njit"] |= cpu(40e-6)
    said = reasons.reason(run, run["cells"][0], "Numba njit")
    assert said.startswith("1.0 CPUs at work against 2.0: gilmap's call is too short to share between threads")


def test_the_short_table_says_of_what_it_is():
    run = made_up()
    assert "Measured of commit abc on <CPU>, 2 CPUs." in markdown.short(run) and "‡" not in markdown.short(run)
    run["machine"]["changed"] = True
    run["parts"] = [run["machine"] | {"commit": name, "cells": 1} for name in ("abc", "def", "def")]
    assert "commits abc, def with changes" in markdown.short(run)
    run["cells"][0]["workload"] = "heavy_collatz"
    assert sections.overview(run)[0][4] == "10 ‡"
    assert "‡: the function repeats the same walk a thousand times; gilmap walks it once." in markdown.short(run)


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
    assert sections.cell_text(made_up(), cell).startswith(
        "gilmap reaches 25% of C++, SIMD by hand, 250 ms. A copy of the same bytes"
    )
    assert sections.held_against({"what": "C++, plain loops", "seconds": 8.0}, 2.0) == "4 × C++, plain loops"
    cell["runners"]["C++"]["wrong"] = "element 0"
    assert limits.limit_of(cell, 1)["what"] == sections.COPY
    assert limits.limit_of(cell | {"kind": "list"}, 1) is None


def test_who_beats_the_cpp_is_the_limit():
    limit = {"what": "Numba njit, quicker than C++, plain loops", "limit_by": "Numba njit", "seconds": 0.5, "cpp": 0.6}
    assert sections.held_against(limit, 1.0) == "50% of Numba njit, quicker than C++, plain loops"
    limit |= {"what": "gilmap itself, quicker than C++, SIMD by hand", "limit_by": "gilmap", "seconds": 0.5}
    assert sections.held_against(limit, 0.5) == "gilmap is the quickest, 1.2 × C++, SIMD by hand"
    run = made_up(ours=0.5)
    run["cells"][0]["limit"] = limit
    assert sections.cell_text(run, run["cells"][0]) == "gilmap is the quickest, 1.2 × C++, SIMD by hand."


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


@pytest.mark.parametrize(
    "change, fault",
    [
        ({"seconds": "abc"}, "its seconds are not all positive numbers"),
        ({"seconds": [1.0, "abc"]}, "its seconds are not all positive numbers"),
        ({"seconds": [0.0] * 5}, "its seconds are not all positive numbers"),
        ({"seconds": [-1.0] * 5}, "its seconds are not all positive numbers"),
        ({"seconds": [float("nan")] * 5}, "its seconds are not all positive numbers"),
        ({"seconds": []}, "it has no seconds"),
        ({"cpu": []}, "its CPU seconds are not as many numbers"),
        ({"cpu": None}, "its CPU seconds are not as many numbers"),
        ({"peak": "much"}, "no first call, or no peak"),
    ],
)
def test_a_run_with_values_that_nobody_measured_is_refused(tmp_path, change, fault):
    run, path = made_up(), tmp_path / "run.json"
    run["cells"][0]["runners"]["Numba njit"] |= change
    stored.write(path, run)
    with pytest.raises(stored.Unusable) as refused:
        stored.read(path, "make one")
    assert f"(float_math, numpy, 1000, Numba njit: {fault}): make one" in str(refused.value)


@pytest.mark.parametrize(
    "change",
    [
        {"cells": [1]},
        {"cells": {}},
        {"machine": {"cpus": 0}},
        {"machine": {"cpu": "a", "cpus": 1}},
        *({"cells": [made_up()["cells"][0] | more]} for more in ({"runners": [1]}, {"size": "1"}, {"map_once": 0})),
        {"cells": [made_up()["cells"][0] | {"runners": {"map": 1}}]},
    ],
)
def test_a_run_that_is_none_is_refused(tmp_path, change):
    path = tmp_path / "run.json"
    stored.write(path, made_up() | change)
    with pytest.raises(stored.Unusable, match="is no run of"):
        stored.read(path, "make one")


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


def test_who_is_wrong_says_in_how_many_cells():
    run = made_up(wrong="element 3")
    cell = run["cells"][0]
    for size, more in ((5, {"wrong": "element 4"}), (6, {}), (7, {"failed": "crashed", "seconds": []})):
        run["cells"].append(cell | {"size": size, "runners": cell["runners"] | {"Numba njit": runner(2.0, **more)}})
    run["cells"].append(run["cells"][2] | {"workload": "julia"})
    assert [row[:3] for row in sections.wrongs(run)[1]] == [
        ("Numba njit", "float_math, numpy, 1,000", "2 wrong, 1 right")
    ]
    assert "2 wrong, 1 right" in page.write(run) and "| 2 wrong, 1 right |" in markdown.full(run)


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
    assert sections.wrongs(run)[1] == [("Numba njit", "float_math, numpy, 1,000", "1 wrong, 0 right", shown)]
    assert [row[0] for row in sections.failures(run)[1]] == ["PyPy"]  # which is not there
    assert figures.losses(made_up(peer=0.1, wrong=wrong)) == []
