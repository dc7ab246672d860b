"""The simulated disk: the real vault on a real SQLite file, whose commits go wrong when told to.

The faults are where they happen, under SQLAlchemy, at the driver's COMMIT. A process that dies
leaves its connections to be closed by the system, which rolls back what was not committed.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any
from unittest.mock import patch

from sqlalchemy import Engine

from domain.commits import BeforeCommit
from domain.ports import UnitOfWork
from tests.simulation.clock import SimClock
from vault.engine import open_engine, sqlite_module
from vault.store import SqlVault


class Crash(BaseException):
    """The process dies here; no handler of ours may see it."""


class Fault(StrEnum):
    """What becomes of a commit."""

    REFUSED = "refused"  # An error, and nothing is stored.
    UNANSWERED = "unanswered"  # An error, but all of it is stored.
    CRASH_BEFORE = "crash_before"  # The process dies, and nothing is stored.
    CRASH_AFTER = "crash_after"  # The process dies, and all of it is stored.


class FaultyDisk:
    """When the next commits go wrong, and how. Lives as long as the history."""

    def __init__(self) -> None:
        self._due: list[tuple[int, Fault]] = []  # Commits from now until it happens.
        self.on_commit: Callable[[], None] = lambda: None

    def arm(self, commits: int, fault: Fault) -> None:
        """The commit after so many good ones goes wrong."""
        self._due.append((commits, fault))

    def heal(self) -> None:
        """Nothing goes wrong any more."""
        self._due.clear()

    def commit(self, really: Callable[[], None]) -> None:
        """One COMMIT."""
        now = [fault for commits, fault in self._due if commits == 0]
        self._due = [(commits - 1, fault) for commits, fault in self._due if commits > 0]
        error = sqlite_module().OperationalError("disk I/O error")
        if Fault.CRASH_BEFORE in now:
            raise Crash("before a commit")
        if Fault.REFUSED in now:
            raise error
        really()
        self.on_commit()
        if Fault.CRASH_AFTER in now:
            raise Crash("after a commit")
        if Fault.UNANSWERED in now:
            raise error


class Engines:
    """One pair of SQLAlchemy engines for all lives of all histories: compiling takes long.

    A history's lives share their connections too, as opening one reads the whole schema. What a
    dead process had begun is rolled back, as the system does it, and nothing else is kept there.
    """

    def __init__(self) -> None:
        self.disk = FaultyDisk()  # Of the history that is being played.
        self._engines: dict[tuple[str, bool], Engine] = {}

    def open(self, url: str, *, read_only: bool = False) -> Engine:
        if (url, read_only) not in self._engines:
            self._engines[url, read_only] = made = open_engine(url, read_only=read_only)
            if not read_only:
                self._watch(made)
        # An engine of its own for each vault's listeners, on the same connections and cache.
        return self._engines[url, read_only].execution_options()

    @contextmanager
    def stand_in(self) -> Iterator[None]:
        """Every vault that is opened inside uses them; the template's schema is the right one."""
        trusted = patch("vault.store.migrate.require_current")
        with patch("vault.store.open_engine", self.open), trusted:
            yield

    def rolled_back(self) -> None:
        """A process has died: no transaction of it may go on."""
        for engine in self._engines.values():
            assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # QueuePool's.

    def close(self) -> None:
        """A history is over, and its file goes."""
        for engine in self._engines.values():
            engine.dispose()

    def _watch(self, engine: Engine) -> None:
        do_commit = engine.dialect.do_commit

        def commit(connection: Any) -> None:
            self.disk.commit(lambda: do_commit(connection))

        engine.dialect.do_commit = commit


class SimVault:
    """`domain.ports.Vault`: the real one, with other threads let in where they could come in."""

    def __init__(
        self, path: Path, clock: SimClock, engines: Engines, let_others: Callable[[], None]
    ) -> None:
        """`let_others`: another thread of the process may run now."""
        self._engines = engines
        self.real = SqlVault(
            f"sqlite:///{path}", clock=clock, holder="sim", anchor_path=path.parent / "anchor"
        )
        self._let_others = let_others

    @contextmanager
    def write(self, *, takes_along: bool = False) -> Iterator[UnitOfWork]:
        with self.real.write(takes_along=takes_along) as uow:
            yield uow
        self._let_others()

    def join(self) -> AbstractContextManager[UnitOfWork]:
        return self.write()

    @contextmanager
    def read(self) -> Iterator[UnitOfWork]:
        with self.real.read() as uow:
            self._let_others()
            yield uow

    def accompany(self, before_commit: BeforeCommit) -> None:
        self.real.accompany(before_commit)

    def is_awaited(self) -> bool:
        return self.real.is_awaited()

    def may_wait(self, venue: str) -> bool:
        return self.real.may_wait(venue)

    def die(self) -> None:
        """The system ends a dead process's transactions and gives back its locks."""
        self._engines.rolled_back()
        self.real._lease.drop()
