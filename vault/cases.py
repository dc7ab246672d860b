"""The breach register at rest: every step of every case; the newest of a case is what stands."""

from collections.abc import Sequence

from sqlalchemy import Connection, func, insert, select

from domain.cases import Case, CaseEntry
from vault.schema import case_event


class SqlCases:
    """`CaseStore` on one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(self, entries: Sequence[CaseEntry]) -> None:
        rows = [
            {
                "case_id": entry.step.case.case_id,
                "what": entry.step.what.value,
                "at": entry.at,
                "value": entry,
            }
            for entry in entries
        ]
        if rows:
            self._connection.execute(insert(case_event), rows)

    def standing(self) -> tuple[Case, ...]:
        """Every case as it stands, closed ones too, in the order of their last steps."""
        newest = select(func.max(case_event.c.number)).group_by(case_event.c.case_id)
        query = select(case_event.c.value).where(case_event.c.number.in_(newest))
        rows = self._connection.execute(query.order_by(case_event.c.number)).scalars()
        return tuple(entry.step.case for entry in rows)

    def history(self, case_id: str) -> tuple[CaseEntry, ...]:
        """What happened to one case, oldest first; empty when there is none."""
        query = select(case_event.c.value).where(case_event.c.case_id == case_id)
        return tuple(self._connection.execute(query.order_by(case_event.c.number)).scalars())
