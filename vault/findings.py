"""Compliance answers and reconciliation breaks, by run."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, func, insert, select

from domain.compliance import CheckResult
from domain.postings import Break
from vault.schema import break_found, check_result


class SqlFindings:
    """`FindingStore` on one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_checks(self, run_id: UUID, results: Sequence[CheckResult], at: datetime) -> None:
        """Keep the answers; they replace earlier answers to the same questions."""
        if not results:
            return
        query = select(func.max(check_result.c.batch)).where(check_result.c.run_id == run_id)
        batch = (self._connection.execute(query).scalar_one_or_none() or 0) + 1
        self._connection.execute(
            insert(check_result),
            [
                {
                    "run_id": run_id,
                    "batch": batch,
                    "rule_id": result.rule_id,
                    "verdict": result.verdict.value,
                    "subject": result.subject,
                    "at": at,
                    "value": result,
                }
                for result in results
            ],
        )

    def checks(self, run_id: UUID) -> tuple[CheckResult, ...]:
        """What stands: of each rule, subject and securities the answers of the newest call."""
        query = select(check_result.c.batch, check_result.c.value).where(
            check_result.c.run_id == run_id
        )
        rows = self._connection.execute(query.order_by(check_result.c.number)).all()
        newest: dict[object, int] = {}
        for row in rows:
            newest[_question(row.value)] = row.batch
        return tuple(row.value for row in rows if newest[_question(row.value)] == row.batch)

    def add_breaks(self, run_id: UUID | None, breaks: Sequence[Break], at: datetime) -> None:
        """Keep the breaks; one that stands for this run already is not doubled."""
        known = {_name(found) for found in self._of_run(run_id)}
        new = {_name(found): found for found in breaks if _name(found) not in known}
        if not new:
            return
        self._connection.execute(
            insert(break_found),
            [
                {
                    "run_id": run_id,
                    "kind": found.kind,
                    "subject": found.subject,
                    "at": at,
                    "value": found,
                }
                for found in new.values()
            ],
        )

    def breaks(self, run_id: UUID | None = None) -> tuple[Break, ...]:
        """Those of one run, or all, oldest first."""
        if run_id is not None:
            return self._of_run(run_id)
        query = select(break_found.c.value).order_by(break_found.c.number)
        return tuple(self._connection.execute(query).scalars())

    def _of_run(self, run_id: UUID | None) -> tuple[Break, ...]:
        query = select(break_found.c.value).where(break_found.c.run_id == run_id)
        return tuple(self._connection.execute(query.order_by(break_found.c.number)).scalars())


def _question(result: CheckResult) -> object:
    return result.rule_id, result.subject, result.security_ids


def _name(found: Break) -> object:
    return found.kind, found.subject, found.ours, found.theirs
