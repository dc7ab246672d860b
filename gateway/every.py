"""A thread that takes one step again and again."""

import threading
from collections.abc import Callable

Step = Callable[[], bool | None]  # False: there is no use in another one.


class Every:
    """Takes the step whenever so many seconds have passed since it ended; what it raises ends all.

    A step that is under way when we stop is finished. A process that ends without stopping
    waits for none.
    """

    def __init__(self, name: str, seconds: float, step: Step) -> None:
        """`name` is the thread's."""
        self._seconds, self._step = seconds, step
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Wait for the first step."""
        self._thread.start()

    def stop(self) -> None:
        """Take no more steps; also what never started may be stopped."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(self._seconds):
            if self._step() is False:
                return
