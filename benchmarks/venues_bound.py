"""The bound on matching: venues_bound.c, compiled when the benchmark runs."""

import ctypes
import shutil
import subprocess
import tempfile
import time
from array import array
from collections.abc import Sequence
from pathlib import Path

from benchmarks.venues_stream import SYMBOLS, Operation

_SOURCE = Path(__file__).with_name("venues_bound.c")
_FLAGS = ("-O2", "-shared", "-fPIC", "-std=c99")


class NoCompilerError(Exception):
    """Nothing here compiles C."""


class Bound:
    """The compiled engine. Raises NoCompilerError."""

    def __init__(self) -> None:
        compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
        if compiler is None:
            raise NoCompilerError("no C compiler; install gcc for the bound")
        with tempfile.TemporaryDirectory() as folder:
            library = Path(folder) / "bound.so"
            subprocess.run([compiler, *_FLAGS, "-o", library, _SOURCE], check=True)
            self._run = ctypes.CDLL(str(library)).run
        self._run.restype = ctypes.c_int64
        self._run.argtypes = [ctypes.c_void_p, ctypes.c_int64] + 3 * [ctypes.c_int32]

    def measure(self, operations: Sequence[Operation]) -> tuple[float, int]:
        """Processor seconds for the whole stream, and the shares that traded."""
        rows = array("i", (field for operation in operations for field in operation))
        numbers = max(operation.number for operation in operations)
        prices = max(operation.price for operation in operations) + 1
        began = time.process_time()
        traded = self._run(rows.buffer_info()[0], len(operations), SYMBOLS, numbers, prices)
        return time.process_time() - began, int(traded)
