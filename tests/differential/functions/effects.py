"""Functions with side effects: they happen in order and exactly once for each element.

Each entry makes the function afresh and returns it with a way to look at what it did.
"""

import random

from tests.differential.cases import effect
from tests.differential.values import floats, ints

COUNTER = 0


@effect(ints(0, 40))
def appends_to_a_list():
    log = []

    def f(x):
        log.append(x)
        return x * 2

    return f, lambda: log


@effect(ints(0, 40))
def counts_in_a_global():
    global COUNTER
    COUNTER = 0

    def f(x):
        global COUNTER
        COUNTER += 1
        return COUNTER * x

    return f, lambda: COUNTER


@effect(ints(0, 40))
def counts_in_a_cell():
    calls = 0

    def f(x):
        nonlocal calls
        calls += 1
        return x - calls

    return f, lambda: calls


@effect(ints(0, 40))
def writes_to_a_dict():
    seen = {}

    def f(x):
        seen[x % 7] = seen.get(x % 7, 0) + x
        return seen[x % 7]

    return f, lambda: list(seen.items())


@effect(ints(0, 40))
def writes_an_attribute():
    class Box:
        total = 0

    box = Box()

    def f(x):
        box.total += x
        return box.total

    return f, lambda: box.total


@effect(ints(0, 40))
def method_with_state():
    class Average:
        def __init__(self):
            self.n = 0
            self.sum = 0.0

        def update(self, x):
            self.n += 1
            self.sum += x
            return self.sum / self.n

    average = Average()
    return average.update, lambda: (average.n, average.sum)


@effect(ints(0, 40))
def callable_object_with_state():
    class Previous:
        last = 0

        def __call__(self, x):
            before, self.last = self.last, x
            return x - before

    previous = Previous()
    return previous, lambda: previous.last


@effect(ints(0, 40))
def random_numbers():
    source = random.Random(7)

    def f(x):
        return source.random() * x

    return f, source.getstate


@effect(ints(0, 40))
def module_random():
    random.seed(11)

    def f(x):
        return random.randint(0, 9) + x

    return f, random.getstate


@effect(ints(0, 40))
def consumes_an_iterator():
    source = iter(range(1000))

    def f(x):
        return next(source) * x

    return f, lambda: next(source)


@effect(ints(0, 40))
def writes_in_a_helper():
    log = []

    def note(x):
        if x % 10 == 0:
            log.append(x)
        return x

    def f(x):
        return note(x) + 1

    return f, lambda: log


@effect(ints(0, 40))
def writes_then_raises():
    log = []

    def f(x):
        log.append(x)
        return 100 // (20 - x)

    return f, lambda: log


@effect(ints(0, 40))
def default_argument_as_memory():
    def f(x, memory=[]):
        memory.append(x)
        return len(memory)

    return f, lambda: f.__defaults__


@effect(ints(0, 40))
def prints():
    lines = []

    class Out:
        def write(self, text):
            lines.append(text)

    out = Out()

    def f(x):
        print("element", x, file=out)
        return x

    return f, lambda: lines


@effect(floats(0, 4))
def replaces_a_global_it_reads():
    names = {"level": 1.0}
    exec("def f(x):\n    global level\n    level = level * 0.5 + x\n    return level\n", names)
    return names["f"], lambda: names["level"]


@effect(ints(0, 40))
def deletes_from_a_list():
    stack = list(range(100))

    def f(x):
        return stack.pop() + x

    return f, lambda: stack


@effect(ints(0, 20), floats(0, 3))
def two_columns_logged():
    log = []

    def f(a, b):
        log.append((a, b))
        return a + b

    return f, lambda: log


@effect(ints(0, 40))
def sets_a_function_attribute():
    def f(x):
        f.calls += 1
        return f.calls

    f.calls = 0
    return f, lambda: f.calls


@effect(ints(0, 40))
def effect_behind_a_compare():
    compared = []

    class Limit:
        def __gt__(self, other):
            compared.append(other)
            return other < 20

    limit = Limit()

    def f(x):
        return 1 if x < limit else 0

    return f, lambda: compared
