"""Making a failing program small: delete statements, unwrap blocks, put parts in place of wholes, drop rows.

Greedy: every change that keeps the failure is kept, until none does or the time is over.
"""

import ast
import copy
import time
from dataclasses import replace


def shrink(program, still_fails, seconds=60.0):
    """The smallest program found for which still_fails(program) is true."""
    deadline = time.monotonic() + seconds
    changed = True
    while changed and time.monotonic() < deadline:
        changed = False
        for candidates in (_fewer_rows, _fewer_statements, _simpler_expressions):
            found = True
            while found and time.monotonic() < deadline:
                found = False
                for candidate in candidates(program):
                    if time.monotonic() >= deadline:
                        break
                    if still_fails(candidate):
                        program, found, changed = candidate, True, True
                        break
    return program


def _fewer_rows(program):
    rows = list(zip(*program.columns))
    if len(rows) > 2:
        for k in range(len(rows)):
            yield replace(program, columns=[list(column) for column in zip(rows[k])])
        for part in (rows[: len(rows) // 2], rows[len(rows) // 2 :]):
            yield replace(program, columns=[list(column) for column in zip(*part)])
    if len(rows) > 1:
        for k in range(len(rows)):
            yield replace(program, columns=[list(column) for column in zip(*rows[:k], *rows[k + 1 :])])


def _blocks(tree):
    for node in ast.walk(tree):
        for name in ("body", "orelse"):
            block = getattr(node, name, None)
            if isinstance(block, list):
                yield block


def _variants(program, sites):
    """One candidate for each change: `sites(tree)` gives functions that change the tree, the same ones each time."""
    count = len(list(sites(ast.parse(program.source))))
    for k in range(count):
        tree = ast.parse(program.source)
        list(sites(tree))[k]()
        try:
            source = ast.unparse(ast.fix_missing_locations(tree))
            compile(source, "<candidate>", "exec")
        except (SyntaxError, ValueError, TypeError):
            continue
        if source != program.source:
            yield replace(program, source=source + "\n")


def _fewer_statements(program):
    def sites(tree):
        for block in list(_blocks(tree)):
            for k, statement in enumerate(block):
                yield lambda block=block, k=k: _delete(block, k)
                for inner in ("body", "orelse"):
                    if getattr(statement, inner, None) and not isinstance(statement, ast.FunctionDef):
                        yield lambda block=block, k=k, inner=inner: _unwrap(block, k, inner)

    return _variants(program, sites)


def _delete(block, k):
    is_body = len(block) == 1
    block[k : k + 1] = [ast.Pass()] if is_body else []


def _unwrap(block, k, inner):
    block[k : k + 1] = getattr(block[k], inner)


def _simpler_expressions(program):
    def sites(tree):
        for node in ast.walk(tree):
            for name, value in ast.iter_fields(node):
                for put, expression in _places(node, name, value):
                    if isinstance(expression, (ast.Name, ast.Constant)):
                        continue
                    for part in ast.iter_child_nodes(expression):
                        if isinstance(part, ast.expr) and isinstance(getattr(part, "ctx", ast.Load()), ast.Load):
                            yield lambda put=put, part=part: put(copy.deepcopy(part))
                    for constant in (0, 1, 0.5):
                        yield lambda put=put, constant=constant: put(ast.Constant(constant))

    return _variants(program, sites)


def _places(node, name, value):
    """(setter, expression) for each expression directly under a field of a node that is read, not assigned to."""
    if isinstance(value, ast.expr) and isinstance(getattr(value, "ctx", ast.Load()), ast.Load):
        yield (lambda new: setattr(node, name, new)), value
    elif isinstance(value, list):
        for k, item in enumerate(value):
            if isinstance(item, ast.expr) and isinstance(getattr(item, "ctx", ast.Load()), ast.Load):
                yield (lambda new, k=k: value.__setitem__(k, new)), item
