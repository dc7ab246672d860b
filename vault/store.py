"""The vault's door: one transaction at a time to write, consistent views to read.

A write checks the lease in its own transaction, commits, and then puts the
audit chain's new head into the anchor file; only then is it acknowledged. The
next one may begin meanwhile, and is acknowledged after it.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine

from domain.audit import GENESIS, Anchor, AuditEntry
from domain.commits import BeforeCommit
from domain.errors import InvariantError, TrimtabError
from domain.ports import Clock
from vault import lease, migrate
from vault.accompanied import Accompanied
from vault.anchor import last_anchor, lost_anchor
from vault.anchoring import Anchoring
from vault.audit import SqlAudit
from vault.bars import KnownBars
from vault.engine import open_engine
from vault.faults import StorageUnavailableError, translated
from vault.guests import Guest, Hosting
from vault.memory import Memory
from vault.presence import presence_at
from vault.shared import shared
from vault.turns import Turns
from vault.unit_of_work import SqlUnitOfWork
from vault.writes import see_own_writes


class SqlVault:
    """Everything that is stored, on SQLite or PostgreSQL. Threads may share it.

    `clock` is real time: it only times the lease. `holder` names this process to
    whoever is refused. Reading needs no lease and works beside any writer.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Clock,
        holder: str,
        anchor_path: str | Path,
        lease_duration: timedelta = lease.DURATION,
        on_committed: Callable[[Sequence[AuditEntry]], None] = lambda _entries: None,
    ) -> None:
        """`on_committed` is told what every commit added to the audit trail, in its order."""
        self._url = url
        self._clock = clock
        self._anchor_path = Path(anchor_path)
        self._turns = Turns()
        self._writing_thread: int | None = None
        self._is_closed = False
        self._anchoring = Anchoring(self._anchor_path, on_committed)
        self._before_commit: BeforeCommit = lambda _uow: None
        self._memory = Memory()
        self._bars = KnownBars()
        self._reader = _reader(url)
        self._writer = open_engine(url)
        see_own_writes(self._writer)
        self._lease = lease.Lease(
            holder=holder, presence=presence_at(url, self._writer), duration=lease_duration
        )

    @property
    def url(self) -> str:
        """Where the database is."""
        return self._url

    @property
    def anchor_path(self) -> Path:
        """The file that the audit chain's head is kept in."""
        return self._anchor_path

    @contextmanager
    def write(self, *, takes_along: bool = False) -> Iterator[SqlUnitOfWork]:
        """One transaction, by one thread at a time; see `domain.ports.Vault.write`.

        Raises `LeaseHeldError` or `FencedError` when the lease is another's, and `TryAgainError`
        when the database cannot be reached, is locked or full. Nothing is stored then.
        """
        self._refuse_nesting()
        self._turns.take()
        with self._own(takes_along=takes_along) as uow:
            yield uow

    @contextmanager
    def join(self) -> Iterator[SqlUnitOfWork]:
        """Like `write`, or part of another's transaction; see `domain.ports.Vault.join`."""
        self._refuse_nesting()
        guest = Guest()
        self._turns.take(guest)
        if guest.uow is None:
            with self._own() as uow:
                yield uow
            return
        self._writing_thread = threading.get_ident()
        try:
            with translated(), guest.uow.savepoint():
                yield guest.uow
        finally:
            self._writing_thread = None
            guest.leave()
        self._settle(guest.outcome())

    @contextmanager
    def _own(self, *, takes_along: bool = False) -> Iterator[SqlUnitOfWork]:
        """It is our turn."""
        with Accompanied(self._before_commit) as accompanied:
            with self._held(), Hosting(self._turns) as hosting:
                self._acquire()
                with (
                    accompanied.commit(),
                    translated(),
                    self._known_or_forgotten(),
                    self._writer.begin() as connection,
                ):
                    self._lease.check(connection, self._clock.now())
                    uow = SqlUnitOfWork(connection, self._memory, self._bars)
                    with uow.statements_wait():
                        yield uow
                        if takes_along:
                            hosting.welcome(uow)
                            self._writing_thread = threading.get_ident()
                        accompanied.about_to_commit(uow)
                    appended = uow.audit.appended()
                uow.committed()
                self._lease.committed()
                if appended:
                    head = Anchor(appended[-1].sequence, appended[-1].hash)
                    self._anchoring.add(head, appended)
                behind_us = self._anchoring.added
                hosting.committed(behind_us)
            self._settle(behind_us)

    def accompany(self, before_commit: BeforeCommit) -> None:
        """What is called at the end of each transaction; see `domain.commits`."""
        self._before_commit = before_commit

    @contextmanager
    def _known_or_forgotten(self) -> Iterator[None]:
        """A commit that failed may stand all the same: what is known is read again."""
        try:
            yield
        except BaseException:
            self._memory.clear()
            raise

    @contextmanager
    def read(self) -> Iterator[SqlUnitOfWork]:
        """A consistent, read-only view; writing through it raises `InvariantError`."""
        with translated(read_only=True), self._reader.begin() as connection:
            yield SqlUnitOfWork(connection, bars=self._bars)

    def may_wait(self, venue: str) -> bool:
        """False only when no message waits to be sent to the venue; asks no database."""
        return self._memory.waiting.may_have(venue)

    def is_awaited(self) -> bool:
        """Whether another thread waits to write."""
        return self._turns.is_awaited()

    def acquire(self) -> None:
        """Become the writer now rather than at the first write; raises `LeaseHeldError`."""
        with self._exclusive():
            self._acquire()

    def renew(self) -> None:
        """Keep the lease while there is nothing to write; call it every few seconds."""
        with self.write():
            pass

    def close(self) -> None:
        """Give the lease back and close every connection; nothing can be written afterwards."""
        if self._is_closed:
            return
        with self._exclusive():
            self._is_closed = True
            try:
                if self._lease.epoch is not None:
                    with translated(), self._writer.begin() as connection:
                        self._lease.release(connection)
            finally:
                self._lease.drop()
                self._reader.dispose()
                self._writer.dispose()  # Last: only a writer may empty and remove SQLite's WAL.

    def _acquire(self) -> None:
        if self._is_closed:
            raise InvariantError("the vault was closed: open another")
        if self._lease.epoch is not None:
            return
        with translated(), self._writer.begin() as connection:
            epoch = self._lease.acquire(connection, self._clock.now())
            head = self._check_anchors(connection)
        self._memory.clear()
        self._lease.epoch = epoch
        if head is not None:
            self._anchoring.add(head)
            self._settle(self._anchoring.added)

    def _settle(self, upto: int) -> None:
        try:
            self._anchoring.settle(upto)
        except OSError as error:
            raise StorageUnavailableError(
                f"the audit head cannot be written to {self._anchor_path}: {error.strerror};"
                " what was committed stays, and nothing may be sent until this works"
            ) from error

    def _check_anchors(self, connection: Connection) -> Anchor | None:
        """The head, where a crash left it without its anchor; of an empty chain its beginning.

        Raises `InvariantError` when the chain does not pass through the last anchor.
        """
        audit = SqlAudit(shared(connection))
        head, anchor = audit.head(), last_anchor(self._anchor_path)
        if anchor is not None and audit.hash_at(anchor.sequence) != anchor.hash:
            raise InvariantError(
                f"the audit trail does not pass through entry {anchor.sequence} as anchored in"
                f" {self._anchor_path}: the database was changed, cut off, or is an old copy;"
                " run 'trimtab audit verify'"
            )
        if head and (why := lost_anchor(self._anchor_path, anchor, head.sequence)):
            raise InvariantError(f"the audit trail cannot be trusted: {why}")
        if anchor is None and head is None:
            return Anchor(0, GENESIS)  # So that no first transaction, however long, stands alone.
        return None if anchor == head else head

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        self._refuse_nesting()
        self._turns.take()
        with self._held():
            yield

    def _refuse_nesting(self) -> None:
        if self._writing_thread == threading.get_ident():
            raise InvariantError("a write inside a write: use the unit of work that is open")

    @contextmanager
    def _held(self) -> Iterator[None]:
        self._writing_thread = threading.get_ident()
        try:
            yield
        finally:
            self._writing_thread = None
            self._turns.pass_on()


def _reader(url: str) -> Engine:
    engine = open_engine(url, read_only=True)
    try:
        with translated(), engine.connect() as connection:
            migrate.require_current(connection)
    except TrimtabError:
        engine.dispose()
        raise
    return engine
