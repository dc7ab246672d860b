"""Marks of drop copies: how far the audit trail says they are compared, and what follows."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from domain.copies import CopyCount
from domain.order_table import FILLS
from domain.orders import ExecutionReport
from domain.ports import UnitOfWork
from gateway import reports
from gateway.settings import VenueProfile
from gateway.uncopied import Key, keys

COMPARED = "drop_copy_compared"  # Audit: how far, and what came of it by trade date.
_BATCH = 500


class Verdict(StrEnum):
    """What the comparison of one copy found."""

    SAME = "same"
    DIFFERENT = "different"
    UNMATCHED = "unmatched"


def marks(view: UnitOfWork, session: str) -> Iterator[tuple[datetime, dict[str, Any]]]:
    """Each mark of a session with its instant, oldest first."""
    for entry in view.audit.about(session):
        if entry.kind == COMPARED:
            yield entry.at, json.loads(entry.body)


def copied(view: UnitOfWork, session: str) -> Mapping[date, int]:
    """How many booked executions of each trade date the session has told of, by its marks."""
    counts: Counter[date] = Counter()
    for _, mark in marks(view, session):
        for day, verdicts in mark["days"].items():
            known = verdicts.get(Verdict.SAME, 0) + verdicts.get(Verdict.DIFFERENT, 0)
            counts[date.fromisoformat(day)] += known
    return counts


def count(
    view: UnitOfWork,
    profiles: Sequence[VenueProfile],
    executions: Sequence[ExecutionReport],
    since: datetime,
) -> CopyCount | None:
    """How many of `executions`, all booked after `since`, the drop copies have told of.

    None when no venue has a drop copy.
    """
    sessions = {p.venue: p.copies.session.name for p in profiles if p.copies is not None}
    if not sessions:
        return None
    due = told = 0
    for venue, session in sessions.items():
        wanted = keys(one for one in executions if one.venue == venue and one.exec_type in FILLS)
        due += len(wanted)
        if wanted:
            told += len(wanted & set(_taken_in(view, venue, session, since)))
    return CopyCount(due=due, told=told)


def _taken_in(view: UnitOfWork, venue: str, session: str, since: datetime) -> Iterator[Key]:
    """What the copies spoke of from the last mark before `since` on."""
    place = (0, 0)
    for at, mark in marks(view, session):
        if at < since:
            place = (mark["epoch"], mark["sequence"])
    while taken := view.inbox.after(session, *place, _BATCH):
        for one in taken:
            place = (one.epoch, one.sequence)
            match reports.decode(one.raw, venue=venue):
                case reports.Readable(message=ExecutionReport() as copy):
                    yield copy.trade_date, copy.exec_id
