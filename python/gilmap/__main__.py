"""python -m gilmap explain module:function, and python -m gilmap info."""

import importlib
import platform
import sys

import gilmap
from gilmap import _gilmap

_USAGE = "usage: python -m gilmap explain MODULE:FUNCTION | python -m gilmap info"


def main(arguments: list[str]) -> int:
    if arguments == ["info"]:
        print(f"gilmap {gilmap.__version__}, {platform.python_implementation()} {platform.python_version()}")
        print(f"{platform.machine()}, {_gilmap.available_cpus()} threads")
        return 0
    if len(arguments) == 2 and arguments[0] == "explain" and ":" in arguments[1]:
        module, _, path = arguments[1].partition(":")
        target = importlib.import_module(module)
        for name in path.split("."):
            target = getattr(target, name)
        print(gilmap.explain(target))  # type: ignore[arg-type]
        return 0
    print(_USAGE, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
