"""concurrent.futures.InterpreterPoolExecutor, which came with Python 3.14."""

import sys

from bench.runners.process_executor import Executor


class InterpreterExecutor(Executor):
    executor_class = "InterpreterPoolExecutor"
    missing = None if sys.version_info >= (3, 14) else f"needs Python 3.14, this is {sys.version.split()[0]}"


RUNNERS = {"InterpreterPoolExecutor": InterpreterExecutor}
