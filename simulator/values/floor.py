"""A floor: the inside of a venue. Exchange, dark pool, broker and scenarios are floors.

Pure and deterministic: what a floor says is a function of its configuration, its seed, and the
requests with their times. It owns no thread, no clock, no file; so a venue that restarts
is rebuilt by asking it everything again. It must be picklable (checkpoints).
"""

from datetime import datetime
from typing import Protocol

from simulator.values.messages import Message
from simulator.values.requests import Request


class Refused(Exception):  # noqa: N818  Not an error of the program: the operator is told.
    """An operation that a floor does not do; the text says why and what to do instead."""


class Floor(Protocol):
    """Every call first lets happen what is due until `now`, at its own time, then answers."""

    def handle(self, request: Request, now: datetime) -> list[Message]:
        """Answer one request."""
        ...

    def wake(self, now: datetime) -> list[Message]:
        """Let happen what is due until `now`; later calls never go back before it."""
        ...

    def next_due(self) -> datetime | None:
        """When something will next happen by itself; None when nothing will."""
        ...

    def operate(
        self, name: str, arguments: dict[str, object], now: datetime
    ) -> tuple[dict[str, object], list[Message]]:
        """Do what an operator asks (halt, bust, ...): the answer as JSON, and what is said.

        Raises Refused.
        """
        ...

    def view(self, path: tuple[str, ...]) -> dict[str, object]:
        """Read-only JSON: ("orders",), ("books", SYMBOL), ("phase",), ... Raises Refused."""
        ...
