"""Guests: short transactions that end in the commit of another one.

What came in is booked message after message, and may be committed after each. Whoever has an order
to enter meanwhile is let in between the last message and the commit, so that it waits neither for
that commit nor for one of its own. What fails inside a guest is undone by itself; the commit stands
or falls for all.
"""

import threading
from types import TracebackType
from typing import Protocol, Self

from vault.faults import StorageUnavailableError
from vault.unit_of_work import SqlUnitOfWork

_MOST = 8  # In one commit: who came in waits for all of them.


class Guest:
    """Waits like a lock for a turn of its own, or until it is let in. Used once."""

    def __init__(self) -> None:
        self.uow: SqlUnitOfWork | None = None  # The host's, as long as it is inside.
        self.is_expected = False  # It was taken out of the line: a host waits for it.
        self._call = threading.Lock()
        self._left = threading.Event()
        self._told = threading.Event()
        self._behind: int | None = None

    def acquire(self) -> None:
        """Wait for the turn, or the host."""
        self._call.acquire()

    def release(self) -> None:
        """It is its own turn."""
        self._call.release()

    def let_in(self, uow: SqlUnitOfWork) -> None:
        """Called by the host; returns when it has left."""
        self.uow = uow
        self._call.release()
        self._left.wait()

    def leave(self) -> None:
        """The host may go on."""
        self.uow = None
        self._left.set()

    def tell(self, behind: int | None) -> None:
        """Called by the host: how many heads are to be anchored; None when nothing was kept."""
        self._behind = behind
        self._told.set()

    def outcome(self) -> int:
        """Wait for the commit, and say how many heads are to be anchored.

        Raises `StorageUnavailableError` when it failed.
        """
        self._told.wait()
        if self._behind is None:
            raise StorageUnavailableError(
                "the transaction that this one was to be committed with has failed: try again"
            )
        return self._behind


class Line(Protocol):
    """Where guests wait."""

    def next_guest(self) -> Guest | None: ...


class Hosting:
    """One transaction's guests. Use it as a context around the commit, with the turn held."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._guests: list[Guest] = []
        self._behind: int | None = None

    def welcome(self, uow: SqlUnitOfWork) -> None:
        """Let in who waits, one after the other."""
        while len(self._guests) < _MOST and (guest := self._line.next_guest()) is not None:
            self._guests.append(guest)
            guest.let_in(uow)

    def committed(self, behind: int) -> None:
        """It stands; `behind` heads are to be anchored before anybody may say so."""
        self._behind = behind

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        for guest in self._guests:
            guest.tell(self._behind)
