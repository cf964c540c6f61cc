"""How an explanation is shown: as text in a terminal, as tables in a notebook."""

import html
from collections.abc import Iterator
from typing import Any


class Explanation(dict[str, Any]):
    """The answer of explain(): a dict that prints as text in a terminal, and as tables in a notebook."""

    def __str__(self) -> str:
        return "\n".join(_lines(self))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return _html(self)


def _engines(e: Explanation) -> str:
    return e["backend"] if e["then"] == e["backend"] else f"{e['backend']}, then {e['then']}"


def _result(row: dict[str, Any]) -> str:
    return " or ".join(row["results"]) if row["compiled"] else "not compiled"


def _notes(row: dict[str, Any]) -> list[str]:
    if not row["compiled"]:
        return []
    simd = _words_of_simd(row["simd"])
    if row["shared_lines"] and row["simd"]["possible"]:
        simd = f"or, where that is quicker, each element runs them: {simd}"  # lanes share nothing
    return [*map(_words_of_check, row["checks"]), *_words_of_sharing(row["shared_lines"]), simd]


def _words_of_check(check: dict[str, Any]) -> str:
    where = f", {_lines_of_source(check['lines'])}" if check["lines"] else ""
    return f"left to CPython if {check['what']} ({check['count']}×{where})"


def _words_of_sharing(lines: list[int]) -> list[str]:
    return [f"rounds that are the same for all elements are run once, {_lines_of_source(lines)}"] if lines else []


def _lines_of_source(lines: list[int]) -> str:
    return f"line{'s' if len(lines) > 1 else ''} {', '.join(map(str, lines))}"


def _words_of_simd(simd: dict[str, Any]) -> str:
    if not simd["possible"]:
        return f"one element at a time: {simd['reason']}"
    words = f"{simd['lanes'] * simd['vectors']} elements at once"
    if simd["vectors"] > 1:
        words += f", in {simd['vectors']} vectors of {simd['lanes']} lanes"
    if simd["refill"]:
        words += "; a lane that is done takes the next element"
    if simd["one_by_one"]:
        words += f"; one lane after the other: {', '.join(simd['one_by_one'])}"
    return words


def _place(blocker: dict[str, Any]) -> str:
    place: str = blocker["file"]
    for part in (blocker["line"], blocker["column"]):
        place += f":{part}" if part else ""
    return place


def _lines(e: Explanation) -> Iterator[str]:
    yield f"{e['function']}: {_engines(e)}"
    yield f"  {e['reason']}"
    for row in e["columns"]:
        given = ", ".join(row["columns"])
        yield f"  {given} -> {_result(row)}" if row["compiled"] else f"  {given}: not compiled"
        for note in _notes(row):
            yield f"    {note}"
    for b in e["blockers"]:
        place = _place(b)
        yield f"  {place}: {b['what']}" if place else f"  {b['what']}"
        if b["source"]:
            yield f"    {b['source']}"
            if b["mark"]:
                yield f"    {' ' * b['mark'][0]}{'^' * b['mark'][1]}"
        yield f"    Instead: {b['instead']}"
    if e["hint"]:
        yield f"  Hint: {e['hint']}"


def _html(e: Explanation) -> str:
    def cell(text: str, tag: str = "td") -> str:
        return f'<{tag} style="text-align:left;vertical-align:top">{text}</{tag}>'

    def code(text: str) -> str:
        return f'<code style="white-space:pre-wrap">{html.escape(text)}</code>'

    def table(head: list[str], rows: list[list[str]]) -> str:
        top = "".join(cell(h, "th") for h in head)
        body = "".join(f"<tr>{''.join(map(cell, row))}</tr>" for row in rows)
        return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>" if rows else ""

    columns = [
        [
            html.escape(", ".join(row["columns"])),
            html.escape(_result(row)),
            "<br>".join(map(html.escape, _notes(row))),
        ]
        for row in e["columns"]
    ]
    blockers = [
        [code(_place(b)), html.escape(b["what"]), code(b["source"]), html.escape(b["instead"])] for b in e["blockers"]
    ]
    hint = f"<p><b>Hint:</b> {html.escape(e['hint'])}</p>" if e["hint"] else ""
    return (
        f"<p>{code(e['function'])}: <b>{html.escape(_engines(e))}</b>. {html.escape(e['reason'])}</p>"
        + table(["Columns", "Results", "How"], columns)
        + table(["Where", "Obstacle", "Source", "Instead"], blockers)
        + hint
    )
