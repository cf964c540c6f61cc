"""gilmap as it chooses, and each backend by itself. Each cell has a new function, of which nothing is known."""

from bench.runners import NotExpressible, Runner


class Gilmap(Runner):
    requires = ("gilmap",)
    kinds = ("list", "numpy", "arrow")
    why_kinds = ""
    backend = None

    def start(self):
        import gilmap

        self._map = gilmap.map

    def prepare(self, workload, columns, kind):
        from bench.latency import never_seen

        f = never_seen(workload.function)
        if self.backend == "jit":
            import gilmap

            if gilmap.explain(f, *columns)["backend"] != "jit":
                raise NotExpressible("not compiled: " + gilmap.explain(f, *columns)["reason"])
        self._called = f, columns
        return lambda: self._map(f, *columns, backend=self.backend)

    def describe(self):
        """What it would choose by itself, now that it knows the function."""
        import gilmap

        f, columns = self._called
        return f"explain: {gilmap.explain(f, *columns)['backend']}" if self.backend is None else ""

    def stop(self):
        import gilmap

        gilmap.shutdown_workers()


def _forced(name):
    # An own class each; `interprets` of these is true, since CPython runs the elements.
    return type(name.title(), (Gilmap,), {"backend": name, "interprets": name != "jit"})


RUNNERS = {"gilmap": Gilmap} | {f"gilmap {b}": _forced(b) for b in ("jit", "subinterp", "inline")}
