"""Facts about allocations at rest, by block and by the name of what they speak of."""

from datetime import datetime
from typing import Any, get_args

from sqlalchemy import bindparam, insert, select

from domain.allocations import (
    AllocationAck,
    AllocationAnswer,
    AllocationDoubted,
    AllocationFact,
    AllocationInstruction,
    AllocationLost,
    AllocationReport,
    AllocationSent,
)
from domain.codec import decode, encode
from vault.prepared import Prepared
from vault.schema import allocation_fact
from vault.shared import Shared

_KINDS: dict[str, type[AllocationFact]] = {kind.__name__: kind for kind in get_args(AllocationFact)}
_SETTLING = tuple(kind.__name__ for kind in (AllocationAck, AllocationLost, AllocationDoubted))
_OF_ORDER = Prepared(
    select(allocation_fact.c.kind, allocation_fact.c.value)
    .where(allocation_fact.c.order_id == bindparam("order_id"))
    .order_by(allocation_fact.c.number)
)


class SqlAllocations:
    """`AllocationStore` on one transaction."""

    def __init__(self, shared: Shared) -> None:
        self._connection, self._reporting = shared.connection, shared.memory.reporting

    def append(self, cl_ord_id: str, fact: AllocationFact, at: datetime) -> None:
        """Keep a fact; `cl_ord_id` is its block's intent, empty where no block is known."""
        self._connection.execute(
            insert(allocation_fact).values(
                order_id=cl_ord_id,
                name=_name_of(fact),
                venue=getattr(fact, "venue", None),
                kind=type(fact).__name__,
                at=at,
                value=encode(fact),
            )
        )
        if isinstance(fact, AllocationReport):
            self._reporting.put(fact.venue, True)

    def of_order(self, cl_ord_id: str) -> tuple[AllocationFact, ...]:
        """Everything about one block, oldest first."""
        found = _OF_ORDER.rows(self._connection, order_id=cl_ord_id)
        return tuple(decode(_KINDS[kind], value) for kind, value in found)

    def order_of(self, alloc_id: str) -> str | None:
        """The intent's ClOrdID of the block that an instruction of ours speaks of."""
        table = allocation_fact.c
        query = select(table.order_id).where(
            table.name == alloc_id, table.kind == AllocationInstruction.__name__
        )
        found: str | None = self._connection.execute(query).scalar_one_or_none()
        return found

    def report(self, venue: str, report_id: str) -> AllocationReport | None:
        """The report with this AllocReportID, if it has come."""
        table = allocation_fact.c
        query = select(table.kind, table.value).where(
            table.name == report_id,
            table.kind == AllocationReport.__name__,
            table.venue == venue,
        )
        found = self._facts(query)
        assert all(isinstance(fact, AllocationReport) for fact in found)
        return found[0] if found else None  # type: ignore[return-value]  # By the line above.

    def has_reports(self, venue: str) -> bool:
        """Whether this venue has ever reported an allocation; the one writer remembers it."""
        known = self._reporting.find(venue)
        if known is None:
            table = allocation_fact.c
            of_it = (table.kind == AllocationReport.__name__) & (table.venue == venue)
            query = select(table.number).where(of_it).limit(1)
            known = self._connection.execute(query).first() is not None
            self._reporting.put(venue, known)
        return known

    def unanswered(self, venue: str, before: datetime) -> tuple[AllocationSent, ...]:
        """What was sent before that time, has no answer at all, and is not in doubt."""
        table = allocation_fact.c
        later = allocation_fact.alias().c
        settled = select(later.number).where(later.name == table.name, later.kind.in_(_SETTLING))
        query = select(table.kind, table.value).where(
            table.kind == AllocationSent.__name__,
            table.venue == venue,
            table.at < before,
            ~settled.exists(),
        )
        found = self._facts(query.order_by(table.number))
        return tuple(fact for fact in found if isinstance(fact, AllocationSent))

    def _facts(self, query: Any) -> tuple[AllocationFact, ...]:
        rows = self._connection.execute(query)
        return tuple(decode(_KINDS[row.kind], row.value) for row in rows)


def _name_of(fact: AllocationFact) -> str:
    if isinstance(fact, AllocationReport | AllocationAnswer):
        return fact.report_id
    return fact.alloc_id
