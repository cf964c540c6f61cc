"""The page and its charts, also in a browser."""

import html
import html.parser
import itertools
import json
import re
import shutil
import subprocess

import pytest

from bench.report import markdown, page, sections, svg
from tests.bench.made_up import SCALING, made_up, runner


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
const right = e => e.getBoundingClientRect().right;
const unseen = Math.max(...[...document.querySelectorAll('.overview :is(th, td):nth-child(6)')].map(
  e => right(e) - right(e.closest('.scroll'))));
const torn = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let node; node = texts.nextNode();) {
  if (!node.parentElement.closest('.scroll table')) continue;
  for (const word of node.data.matchAll(/[A-Z]?[a-z]+/g)) {
    const range = document.createRange();
    range.setStart(node, word.index), range.setEnd(node, word.index + word[0].length);
    if (new Set([...range.getClientRects()].map(box => Math.round(box.top))).size > 1) torn.push(word[0]);
  }
}
for (const box of document.querySelectorAll('.scroll')) box.scrollLeft = 1e6;
const first = [...document.querySelectorAll('.scroll td:first-child')].every(
  e => Math.abs(e.getBoundingClientRect().left - e.closest('.scroll').getBoundingClientRect().left) < 2);
const widths = [...document.querySelectorAll('.scroll td:first-child')].map(e => e.getBoundingClientRect().width);
parent.postMessage(JSON.stringify({narrowest: Math.min(...widths), widest: Math.max(...widths), width: innerWidth, overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth, beyond,
  smallest, cut, first, unseen, torn, bar: document.querySelector('rect.ours').getBoundingClientRect().width,
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
    run["cells"].append(made_up()["cells"][0] | {"size": 100_000, "workload": "mandelbrot_iters", "kind": "list"})
    pool = {"multiprocessing.Pool": runner(123.4e-6), "gilmap": runner(234.5e-6), "map": runner(3.0)}
    run["cells"][1]["runners"] = pool
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
    assert found["first"] and found["bar"] > 0 and found["torn"] == []
    assert width < 360 or found["unseen"] <= 0  # workload, input, size, gilmap, × map and best peer need no scrolling
    assert 100 <= found["narrowest"] <= found["widest"] <= 160  # no letters below each other, and room for the rest


@pytest.mark.skipif(BROWSER is None, reason=f"none of {', '.join(BROWSERS)} is installed")
def test_the_page_is_dark_where_the_system_is(tmp_path):
    light = in_browser(tmp_path, page.write(made_up()), 360)["back"]
    dark = in_browser(tmp_path, page.write(made_up()), 360, "--blink-settings=preferredColorScheme=0")["back"]
    assert (light, dark) == ("rgb(255, 255, 255)", "rgb(20, 23, 26)")
