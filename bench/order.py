"""The order of the cells of a run that may be cut short."""

from bench.workloads import KINDS


def in_turns(cells):
    """Workloads and containers take turns: after as many cells as there are workloads, each workload was met and each
    container a third of the times. Sizes keep their order, so that each workload's principal one comes first.

    cells: (workload, kind, size).
    """
    numbers, sizes = {}, {}
    for workload, _, size in cells:
        number = numbers.setdefault(workload.name, len(numbers))
        sizes.setdefault(number, {}).setdefault(size, len(sizes[number]))

    def place(cell):
        workload, kind, size = cell
        number = numbers[workload.name]
        return sizes[number][size], (KINDS.index(kind) - number) % len(KINDS), number

    return sorted(cells, key=place)
