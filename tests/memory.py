"""A vault in memory: `domain/ports.py` to the letter, without a database.

For tests of rooms that need a store but not its durability. A transaction
works on a copy that replaces the state when it commits, so a rollback is
honest; the facts are the same values that the real vault keeps.
"""

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

from domain.ports import ComingFill, CustodyPosition
from domain.postings import Transaction
from tests.memory_parts.books import Custody, Ledger, Snapshots
from tests.memory_parts.decisions import (
    Approvals,
    AuditPart,
    Cases,
    Findings,
    Overrides,
    RuleSets,
    Runs,
    Triggers,
)
from tests.memory_parts.orders import AllocationsPart, Entries, InboxPart, Kills, Orders, OutboxPart
from tests.memory_parts.state import State


class MemoryUnit:
    """One transaction: a branch of the state."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.runs = Runs(self)
        self.triggers = Triggers(self)
        self.snapshots = Snapshots(self)
        self.orders = Orders(self)
        self.outbox = OutboxPart(self)
        self.inbox = InboxPart(self)
        self.allocations = AllocationsPart(self)
        self.ledger = Ledger(self)
        self.audit = AuditPart(self)
        self.approvals = Approvals(self)
        self.entries = Entries(self)
        self.kills = Kills(self)
        self.rule_sets = RuleSets(self)
        self.findings = Findings(self)
        self.cases = Cases(self)
        self.overrides = Overrides(self)
        self.custody = Custody(self)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        before = self.state.branch()
        try:
            yield
        except BaseException:
            self.state = before
            raise

    def foresee(self, *, orders: Iterable[str] = (), fills: Iterable[ComingFill] = ()) -> None:
        """Nothing is far away here."""


class MemoryVault:
    """The door. `custody` and `flows` are what custodians say; a test may set them."""

    def __init__(
        self, custody: Sequence[CustodyPosition] = (), flows: Sequence[Transaction] = ()
    ) -> None:
        self._lock = threading.RLock()
        self._state = replace(State(), custody=list(custody), flows=list(flows))

    @contextmanager
    def write(self, *, takes_along: bool = False) -> Iterator[MemoryUnit]:
        with self._lock:
            unit = MemoryUnit(self._state.branch())
            yield unit
            self._state = unit.state

    def join(self) -> AbstractContextManager[MemoryUnit]:
        return self.write()

    @contextmanager
    def read(self) -> Iterator[MemoryUnit]:
        with self._lock:
            unit = MemoryUnit(self._state.branch().frozen())
        yield unit
