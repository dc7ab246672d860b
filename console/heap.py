"""What C's heap holds free, given back to the system.

glibc gives back what is free at a heap's end, and threads have heaps of their own: the pages that a
pile-up of orders took stay, and by the next one others lie between them. `malloc_trim` gives back
whole pages wherever they lie, in about a millisecond; other C libraries do without, and so does
this.
"""

import ctypes
import threading
from collections.abc import Callable

_EVERY_SECONDS = 20.0


def give_back() -> bool:
    """Give back what is free now; False where the C library has no way."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is None:
        return False
    trim(0)
    return True


class HeapTrimmer:
    """A thread that gives back what is free, again and again."""

    def __init__(
        self, trim: Callable[[], bool] = give_back, every_seconds: float = _EVERY_SECONDS
    ) -> None:
        """`trim` says whether there is any use in asking it again."""
        self._trim = trim
        self._every_seconds = every_seconds
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heap", daemon=True)

    def start(self) -> None:
        """From now on."""
        self._thread.start()

    def stop(self) -> None:
        """No more."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(self._every_seconds) and self._trim():
            pass
