"""Progress of the demo on standard error: one line a step, and a live line while it lasts."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.status import Status
from rich.text import Text

from console.wrapping import columns_of, hanging

NAME_WIDTH = 11
_ENDLESS = 10_000  # Columns: a line is never broken.
HEARTBEAT_SECONDS = 3.0  # How often a long step says where it is, when nobody watches live.


class Progress:
    """Says what is happening; live on a terminal, in plain lines elsewhere."""

    def __init__(self, out: TextIO) -> None:
        self._console = Console(file=out, highlight=False)
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since the demo began."""
        return time.monotonic() - self._began

    @contextmanager
    def step(self, name: str) -> Iterator["Step"]:
        """One step: say what it is doing with `now`, what came of it with `done`."""
        step = Step(name, self._console)
        try:
            yield step
        except BaseException:
            step.finish(Text("✗ ", style="red"), "it stopped here", self.seconds)
            raise
        step.finish(Text("✓ ", style="green"), step.result, self.seconds)


class Step:
    """One line of the demo."""

    def __init__(self, name: str, console: Console) -> None:
        self.name, self.result = name, ""
        self._console = console
        self._details: list[str] = []
        self._told_at = time.monotonic()
        self._live: Status | None = None
        if console.is_terminal:
            self._live = console.status(name.ljust(NAME_WIDTH), spinner="dots")
            self._live.start()

    def now(self, what: str) -> None:
        """What is happening inside the step."""
        if self._live is not None:
            self._live.update(f"{self.name.ljust(NAME_WIDTH)} {what}")
        elif time.monotonic() - self._told_at > HEARTBEAT_SECONDS:
            self._told_at = time.monotonic()
            self._console.print(f"… {self.name.ljust(NAME_WIDTH)} {what}", soft_wrap=True)

    def done(self, what: str) -> None:
        """What came of it."""
        self.result = what

    def detail(self, what: str) -> None:
        """A line under the step's own."""
        self._details.append(what)

    def finish(self, mark: Text, result: str, seconds: float) -> None:
        """Write the step's line for good."""
        if self._live is not None:
            self._live.stop()
        first, *rest = self._wrapped(self.name, f"{result}  {seconds:.1f} s")
        self._console.print(Text.assemble(mark, first), soft_wrap=True)
        for line in rest:
            self._console.print(Text(f"  {line}"), soft_wrap=True)
        for detail in self._details:
            for line in self._wrapped("", detail):
                self._console.print(Text(f"  {line}", style="dim"), soft_wrap=True)

    def _wrapped(self, name: str, text: str) -> list[str]:
        """In lines that fit the terminal; one line where nobody watches."""
        width = columns_of(self._console.file) if self._console.is_terminal else _ENDLESS
        return hanging(f"{name.ljust(NAME_WIDTH)} ", text, width - 2)
