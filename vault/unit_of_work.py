"""One transaction over everything: the stores of `domain.ports` on one connection."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from vault.allocations import SqlAllocations
from vault.approvals import SqlApprovals
from vault.audit import SqlAudit
from vault.cases import SqlCases
from vault.custody import SqlCustody
from vault.entries import SqlEntries
from vault.faults import translated
from vault.findings import SqlFindings
from vault.inbox import SqlInbox
from vault.kills import SqlKills
from vault.ledger import SqlLedger
from vault.order_cache import OrderCache, OrderChanges
from vault.orders import SqlOrders
from vault.outbox import SqlOutbox
from vault.overrides import SqlOverrides
from vault.rule_sets import SqlRuleSets
from vault.runs import SqlRuns, SqlTriggers
from vault.snapshot_store import SqlSnapshots


class SqlUnitOfWork:
    """`UnitOfWork`; `connection` is for the vault's own rooms (ingest, rebuild, export)."""

    def __init__(self, connection: Connection, orders: OrderCache | None = None) -> None:
        """`orders` are those that the one writer knows; without it all are read."""
        self.connection = connection
        self._known = None if orders is None else OrderChanges(orders)
        self.runs = SqlRuns(connection)
        self.triggers = SqlTriggers(connection)
        self.snapshots = SqlSnapshots(connection)
        self.orders = SqlOrders(connection, self._known)
        self.outbox = SqlOutbox(connection)
        self.inbox = SqlInbox(connection)
        self.allocations = SqlAllocations(connection)
        self.ledger = SqlLedger(connection)
        self.audit = SqlAudit(connection)
        self.approvals = SqlApprovals(connection)
        self.entries = SqlEntries(connection)
        self.kills = SqlKills(connection)
        self.rule_sets = SqlRuleSets(connection)
        self.findings = SqlFindings(connection)
        self.cases = SqlCases(connection)
        self.overrides = SqlOverrides(connection)
        self.custody = SqlCustody(connection)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo only what happens inside when it raises; the transaction lives on."""
        with translated():
            try:
                with self.connection.begin_nested():
                    yield
            except BaseException as error:
                if self._known is not None:
                    self._known.forget()
                if isinstance(error, DBAPIError):
                    self._stop_if_lost()
                raise

    def committed(self) -> None:
        """The transaction stands: what it knows of orders is so."""
        if self._known is not None:
            self._known.commit()

    def _stop_if_lost(self) -> None:
        """SQLite rolls everything back on a full disk: what follows must not commit by itself."""
        driver = self.connection.connection.dbapi_connection
        if self.connection.dialect.name == "sqlite" and not getattr(driver, "in_transaction", True):
            self.connection.invalidate()
