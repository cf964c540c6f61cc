"""A few hundred random programs in bounded time. `python -m tests.fuzz` looks for longer, and makes failures small."""

import os
import time

import pytest

from tests.differential.harness import Mismatch, check, native_rows, why_not_compiled
from tests.fuzz.generator import program_of
from tests.fuzz.shrink import shrink

FIRST_SEED = int(os.environ.get("GILMAP_FUZZ_SEED", "1000000"))
BATCHES, BATCH, BUDGET = 10, 30, 2.0  # seconds for each batch


@pytest.mark.parametrize("batch", range(BATCHES))
def test_random_programs(batch):
    deadline = time.monotonic() + BUDGET
    for seed in range(FIRST_SEED + batch * BATCH, FIRST_SEED + (batch + 1) * BATCH):
        if time.monotonic() > deadline:
            break
        program = program_of(seed)
        try:
            check(program.function(), *program.columns, nan="any")
        except Exception as error:
            raise Mismatch(
                f"seed {seed} (python -m tests.fuzz --seed {seed} --count 1)\n{program.source}\n{error}"
            ) from error


def test_most_programs_are_compiled():
    """Else the fuzzer compares the interpreter with itself."""
    compiled = total = 0
    for seed in range(FIRST_SEED, FIRST_SEED + 40):
        program = program_of(seed)
        rows = list(zip(*program.columns))
        picks = max(native_rows(rows).values(), key=len)
        total += 1
        compiled += (
            why_not_compiled(program.function(), *([rows[k][j] for k in picks] for j in range(len(rows[0])))) is None
        )
    assert compiled >= 0.6 * total, f"{compiled} of {total}"


def test_programs_are_repeatable():
    assert program_of(5) == program_of(5) != program_of(6)


def test_programs_end_and_mostly_return():
    returned = total = 0
    for seed in range(150):
        program = program_of(seed)
        f = program.function()
        for row in zip(*program.columns):
            total += 1
            try:
                f(*row)
                returned += 1
            except Exception:
                pass
    assert returned > 0.6 * total


def test_shrinking():
    """A made-up failure: the program contains a modulo of x0 and some row has a negative x0."""

    def fails(program):
        try:
            program.function()
        except Exception:
            return False
        return "% 7" in program.source and any(type(row[0]) is int and row[0] < 0 for row in zip(*program.columns))

    seed = next(seed for seed in range(1000) if fails(program_of(seed)))
    before = program_of(seed)
    after = shrink(before, fails, seconds=5)
    assert fails(after)
    assert len(after.source) < len(before.source) / 2 and len(after.columns[0]) == 1
