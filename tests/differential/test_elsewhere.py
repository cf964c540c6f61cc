"""Every hand-written function in worker interpreters."""

import gilmap
import pytest

from tests.differential.cases import load

CASES, _ = load()

# What they return cannot be copied, or is compared by identity.
NOT_THERE = {"interpreted.returns_a_function"}


@pytest.mark.parametrize("item", [c for c in CASES if c.name not in NOT_THERE], ids=lambda item: item.name)
def test_function_in_worker_interpreters(item):
    item.check_elsewhere()


def test_what_cannot_come_back_is_named():
    (item,) = (c for c in CASES if c.name == "interpreted.returns_a_function")
    with pytest.raises(ValueError, match="cannot send back the result of element 0"):
        gilmap.map(item.function, *item.columns, backend="subinterp")
