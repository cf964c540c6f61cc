"""python -m gilmap explain module:function, and python -m gilmap info."""

import importlib
import os
import platform
import sys
from collections.abc import Iterator
from typing import Any

import gilmap
from gilmap import _gilmap

_USAGE = """\
usage: python -m gilmap explain MODULE:FUNCTION   what gilmap.map would do with the function, and why
       python -m gilmap info                      version, CPU, SIMD, threads, LLVM, caches
MODULE is imported, as `import MODULE` does; FUNCTION may have dots: shapes:Circle.area"""


class _NotFoundError(Exception):
    """What was named on the command line is not there; the text says what and why."""


def _find(name: str) -> Any:
    """The callable that MODULE:FUNCTION names."""
    module_name, _, path = name.partition(":")
    if not module_name or not path:
        raise _NotFoundError(f"{name!r} is not MODULE:FUNCTION, as in math:sqrt")
    if not all(part.isidentifier() for part in module_name.split(".")):
        raise _NotFoundError(
            f"{module_name!r} is not the name of a module (write my.module:function, not a file's path)"
        )
    target: Any = _import(module_name)
    so_far = module_name
    for part in path.split("."):
        if not hasattr(target, part):
            kind = "module" if so_far == module_name else "object"
            raise _NotFoundError(f"{kind} {so_far!r} has no attribute {part!r}")
        target = getattr(target, part)
        so_far += f".{part}"
    if not callable(target):
        raise _NotFoundError(f"{so_far!r} is not callable: it is {_with_article(type(target).__name__)}")
    return target


def _import(name: str) -> Any:
    """The module. What it raises itself goes on to the user, with its traceback."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if name != missing and not name.startswith(f"{missing}."):
            raise  # a module that it imports
        raise _NotFoundError(f"no module named {missing!r} on sys.path") from None


def _with_article(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiouAEIOU' else 'a'} {kind}"


def _info() -> Iterator[str]:
    facts = _gilmap.describe_codegen()
    yield f"gilmap:   {gilmap.__version__}, {os.path.dirname(gilmap.__file__)}"
    yield f"Python:   {platform.python_implementation()} {platform.python_version()}, {platform.platform(terse=True)}"
    yield f"CPU:      {facts.get('cpu', 'unknown')}, {platform.machine()}"
    yield f"SIMD:     {facts.get('simd', facts.get('error'))}{_from_environment('GILMAP_SIMD')}"
    yield f"threads:  {_gilmap.available_cpus()}{_from_environment('GILMAP_NUM_THREADS')}"
    yield f"LLVM:     {facts.get('llvm', facts.get('error'))}"
    yield "caches:   compiled functions are kept in memory, as long as the process lives; none on disk"
    for package in ("numpy", "pyarrow"):
        yield f"{package + ':':<9} {_version(package)}"


def _from_environment(name: str) -> str:
    value = os.environ.get(name, "")
    return f" ({name}={value})" if value else ""


def _version(package: str) -> str:
    from importlib import metadata

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def main(arguments: list[str]) -> int:
    """Exit status: 0, 1 if what was named is not there, 2 for a wrong command line."""
    match arguments:
        case ["info"]:
            print("\n".join(_info()))
            return 0
        case ["explain", name]:
            try:
                target = _find(name)
            except _NotFoundError as error:
                print(f"gilmap explain: {error}", file=sys.stderr)
                return 1
            print(gilmap.explain(target))
            return 0
        case ["-h" | "--help"]:
            print(_USAGE)
            return 0
    print(_USAGE, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
