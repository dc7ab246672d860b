"""One transaction over everything: the stores of `domain.ports` on one connection."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from domain.ports import ComingFill
from vault.allocations import SqlAllocations
from vault.approvals import SqlApprovals
from vault.audit import SqlAudit
from vault.bars import KnownBars
from vault.cases import SqlCases
from vault.custody import SqlCustody
from vault.entries import SqlEntries
from vault.findings import SqlFindings
from vault.inbox import SqlInbox
from vault.kills import SqlKills
from vault.ledger import SqlLedger
from vault.lookup import forget_foreseen
from vault.memory import Memory
from vault.orders import SqlOrders
from vault.outbox import SqlOutbox
from vault.overrides import SqlOverrides
from vault.rule_sets import SqlRuleSets
from vault.runs import SqlRuns, SqlTriggers
from vault.savepoint import Savepoint
from vault.shared import shared
from vault.snapshot_store import SqlSnapshots
from vault.writes import attach, detach


class SqlUnitOfWork:
    """`UnitOfWork`; `connection` is for the vault's own rooms (ingest, rebuild, export)."""

    def __init__(
        self, connection: Connection, memory: Memory | None = None, bars: KnownBars | None = None
    ) -> None:
        """`memory` is what the one writer knows, without which all is read; `bars` all may know."""
        self.connection = connection
        common = shared(connection, memory)
        _, self._writes, self._memory = common
        self.runs = SqlRuns(connection)
        self.triggers = SqlTriggers(connection)
        self.snapshots = SqlSnapshots(connection, bars)
        self.orders = SqlOrders(common)
        self.outbox = SqlOutbox(common)
        self.inbox = SqlInbox(common)
        self.allocations = SqlAllocations(common)
        self.ledger = SqlLedger(common)
        self.audit = SqlAudit(common)
        self.approvals = SqlApprovals(connection)
        self.entries = SqlEntries(common)
        self.kills = SqlKills(common)
        self.rule_sets = SqlRuleSets(connection)
        self.findings = SqlFindings(connection)
        self.cases = SqlCases(connection)
        self.overrides = SqlOverrides(connection)
        self.custody = SqlCustody(connection)

    def savepoint(self) -> Savepoint:
        """Undo only what happens inside when it raises; the transaction lives on."""
        return Savepoint(self.connection, self._writes, self._memory.journal)

    def foresee(self, *, orders: Iterable[str] = (), fills: Iterable[ComingFill] = ()) -> None:
        """What is asked about them is asked at once, of a database that is a journey away."""
        if self.connection.dialect.name == "sqlite":
            return
        names, told = tuple(orders), tuple(fills)
        self.orders.foresee(names)
        self.outbox.foresee(names)
        self.ledger.foresee(self.orders.foresee_fills(told))

    @contextmanager
    def statements_wait(self) -> Iterator[None]:
        """What is written waits until something reads, or the block ends."""
        attach(self.connection, self._writes)
        try:
            yield
            self._writes.flush()
        finally:
            detach(self.connection)
            forget_foreseen(self.connection)

    def committed(self) -> None:
        """The transaction stands: what it knows is so."""
        self._memory.commit()

    def forget(self) -> None:
        """The tables were written past the stores: what is known of them is read again."""
        self._memory.forget()
