"""What the one writer remembers between its transactions, so that an order costs no reading.

Everything here is what the database says, under the lease's promise of one writer. It
is forgotten when the lease is taken anew, and after a transaction that failed:
whether its commit was kept may then be unknown.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from domain.audit import Anchor
from domain.lots import TaxLot
from domain.orders import Order
from domain.postings import Transaction
from domain.runs import Kill
from vault.entered import DayUses, RecentOrders, Timeline
from vault.journal import Journal
from vault.known import Changes, Known
from vault.waiting import Waiting, WaitingChanges

_ORDERS = 20_000
_BALANCES = 100_000
_FEW = 1_000
Lots = Mapping[str, TaxLot]  # By lot id.


class Standing(NamedTuple):
    """An order as it stands, and its number among the intents."""

    order: Order
    number: int


class Position(NamedTuple):
    """Where a session stands."""

    epoch: int
    sequence: int


class Block(NamedTuple):
    """Numbers that were reserved, and how many of them are used."""

    numbers: Sequence[int]
    used: int


class Memory:
    """What is committed."""

    def __init__(self) -> None:
        self.orders = Known[str, Standing](_ORDERS)  # Open ones, by the intent's ClOrdID.
        self.names = Known[str, str](2 * _ORDERS)  # The intent's, by any ClOrdID of theirs.
        self.booked = Known[str, tuple[Transaction, ...]](_ORDERS)  # Of open orders.
        self.balances = Known[tuple[str, str], Decimal](_BALANCES)
        self.lots = Known[tuple[str, str], Lots](_BALANCES)  # By account and security.
        self.positions = Known[str, Position](_FEW)  # By session.
        self.numbers = Known[str, Block](_FEW)  # By table.
        self.head = Known[str, Anchor](_FEW)  # Of the audit chain, under one key.
        self.kills = Known[str, tuple[Kill, ...]](_FEW)  # Those that are set, under one key.
        self.reporting = Known[str, bool](_FEW)  # Venues: whether they report allocations.
        self.waiting = Waiting()
        self.entered = RecentOrders()
        self.queued = Timeline[None]()  # Messages of any kind.
        self.day_uses = DayUses()

    def clear(self) -> None:
        """Read everything again when it is needed."""
        for one in vars(self).values():
            one.clear()


class UnitMemory:
    """One transaction's view of it."""

    def __init__(self, memory: Memory) -> None:
        self.journal = Journal()
        self._memory = memory
        self._is_forgotten = False
        self.orders = Changes(memory.orders, self.journal)
        self.names = Changes(memory.names, self.journal)
        self.booked = Changes(memory.booked, self.journal)
        self.balances = Changes(memory.balances, self.journal)
        self.lots = Changes(memory.lots, self.journal)
        self.positions = Changes(memory.positions, self.journal)
        self.numbers = Changes(memory.numbers, self.journal)
        self.head = Changes(memory.head, self.journal)
        self.kills = Changes(memory.kills, self.journal)
        self.reporting = Changes(memory.reporting, self.journal)
        self.waiting = WaitingChanges(memory.waiting, self.journal)
        self.entered, self.queued, self.day_uses = memory.entered, memory.queued, memory.day_uses
        self._all = (
            self.orders, self.names, self.booked, self.balances, self.lots, self.positions,
            self.numbers, self.head, self.kills, self.reporting, self.waiting,
        )  # fmt: skip

    def forget_entered(self) -> None:
        """What was entered may be other than what is known: it is read again."""
        for one in (self.entered, self.queued, self.day_uses):
            one.clear()

    def forget(self) -> None:
        """What is known may be wrong: read it again from the next transaction on."""
        self._is_forgotten = True

    def commit(self) -> None:
        """The transaction stands: what it knows is so, of orders as long as they are open."""
        self._let_closed_go()
        self._let_empty_books_go()
        for one in self._all:
            one.commit()
        if self._is_forgotten:
            self._memory.clear()

    def _let_closed_go(self) -> None:
        for name, standing in self.orders.changed().items():
            if standing is not None and standing.order.is_closed:
                self.orders.put(name, None)
                self.booked.put(name, None)
                for known in standing.order.chain:
                    self.names.put(known, None)

    def _let_empty_books_go(self) -> None:
        """A block's book is empty once it is given out, and hardly moves again."""
        for key, quantity in self.balances.changed().items():
            if quantity == 0:
                self.balances.put(key, None)
