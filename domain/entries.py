"""Entries: what was committed to go to the wire, as the risk limits count it.

An entry counts in full, whatever becomes of its order, unless the order provably
never left: a limit on a day's entries is not lifted by orders that did not fill.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryPart:
    """One account's part of an entry; `strategy` is the account's model."""

    account_id: str
    strategy: str
    notional: Decimal  # Dollars.


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One order on its way out. Two of one `likeness` are the same order said twice."""

    cl_ord_id: str
    at: datetime
    trade_date: date
    likeness: str
    parts: tuple[EntryPart, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeEntry:
    """What a replace may take beyond everything that its order had entered before."""

    cl_ord_id: str  # The replace's own.
    intent_id: str  # The ClOrdID of its order's intent.
    trade_date: date
    parts: tuple[EntryPart, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent:
    """An earlier entry, as far as a repetition is known by it."""

    cl_ord_id: str
    at: datetime
    likeness: str


class Lately(Protocol):
    """The orders that were entered since some instant, however many they are."""

    def count_after(self, at: datetime) -> int:
        """How many were entered after `at`."""
        ...

    def twin(self, likeness: str, after: datetime) -> str | None:
        """The ClOrdID of the newest of this likeness that was entered after an instant."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DayUse:
    """Dollars entered on one trade date so far: as they stand, not a copy."""

    by_account: Mapping[str, Decimal]
    by_strategy: Mapping[str, Decimal]
    firm: Decimal  # All of it.

    @classmethod
    def summed(
        cls, by_account: Mapping[str, Decimal], by_strategy: Mapping[str, Decimal]
    ) -> "DayUse":
        """The firm's is the sum over its accounts."""
        firm = sum(by_account.values(), Decimal(0))
        return cls(by_account=by_account, by_strategy=by_strategy, firm=firm)
