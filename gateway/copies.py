"""Drop copies: the venue's second account of what it did, compared with what we booked.

A copy is never booked. Copies are read from the durable inbox, not from the engine,
and marks in the audit trail say how far they are compared; so a restart goes on
where the last mark stands, and no copy is counted twice.
"""

import json
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from structlog.typing import FilteringBoundLogger

from domain.errors import TrimtabError
from domain.order_states import FILLS
from domain.orders import Alarm, ExecutionReport, Order
from domain.ports import Clock, UnitOfWork, Vault
from domain.postings import Break
from gateway import doubts, reports
from gateway.alarms import tell
from gateway.comparison import contradiction, missing
from gateway.settings import Connection, VenueProfile

COMPARED = "drop_copy_compared"  # Audit: how far, and what came of it by trade date.
_MARK_SECONDS = 60.0
_BATCH = 500
_REMEMBERED = 20_000  # Orders that the copies spoke of.
_ACTOR = "gateway"

Place = tuple[int, int]  # Epoch and sequence number.


class Verdict(StrEnum):
    """What the comparison of one copy found."""

    SAME = "same"
    DIFFERENT = "different"
    UNMATCHED = "unmatched"


@dataclass(slots=True)
class _Waiting:
    """An execution of which we have a copy, and perhaps not yet the original."""

    place: Place
    copy: ExecutionReport
    since: float
    told: bool = False


@dataclass(frozen=True, slots=True)
class _Concluded:
    place: Place
    trade_date: date
    verdict: Verdict


@dataclass(slots=True)
class _News:
    """What one review found; it is written in one transaction, then believed."""

    concluded: list[_Concluded] = field(default_factory=list)
    told: list[_Waiting] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)
    breaks: list[tuple[UUID | None, Break]] = field(default_factory=list)
    sightings: list[tuple[Order, str]] = field(default_factory=list)  # With the copy's ExecID.
    looked_at: tuple[int, Place] = (0, (0, 0))  # Orders in doubt, and the last copy.

    def must_be_written(self) -> bool:
        return bool(self.alarms or self.breaks or self.sightings)


class Copies:
    """The drop copy of one venue. One thread reviews, and nobody else calls."""

    def __init__(
        self,
        profile: VenueProfile,
        copies: Connection,
        *,
        vault: Vault,
        clock: Clock,
        orders_up_since: Callable[[], float | None],
        on_question: Callable[[], None],
        log: FilteringBoundLogger,
    ) -> None:
        self._venue = profile.venue
        self._session = copies.session.name
        self._seconds = profile.drop_copy_seconds
        self._vault = vault
        self._clock = clock
        self._orders_up_since = orders_up_since
        self._on_question = on_question
        self._log = log
        self._place: Place = (0, 0)
        self._waiting: list[_Waiting] = []
        self._unmarked: list[_Concluded] = []
        self._marked_at = 0.0
        self._spoken_of: OrderedDict[str, str] = OrderedDict()  # ClOrdID -> ExecID of a copy.
        self._noted: set[str] = set()
        self._looked_at: tuple[int, Place] = (0, self._place)

    def start(self, now: float) -> None:
        """Go on after the last mark; `now` is seconds of a monotonic clock, here and below."""
        self._marked_at = now
        with self._vault.read() as view:
            for mark in _marks(view, self._session):
                self._place = (mark["epoch"], mark["sequence"])

    def review(self, now: float) -> None:
        """Take what has come, and compare what waits."""
        with self._vault.read() as view:
            self._take(view, now)
            news = self._compare(view, now)
            news.looked_at = (doubts.unresolved(view, self._venue), self._place)
            if news.looked_at[0] and news.looked_at != self._looked_at:
                news.sightings = list(self._sightings(view))
        if news.must_be_written():
            with self._vault.write() as uow:
                self._write(uow, news)
        self._believe(news)
        if self._unmarked and now - self._marked_at >= _MARK_SECONDS:
            self.mark(now)

    def finish(self, now: float) -> None:
        """At the end: compare what came last. Without the mark the next start compares again."""
        try:
            self.review(now)
            self.mark(now)
        except TrimtabError as error:
            self._log.error("drop_copy_not_marked", session=self._session, error=str(error))

    def mark(self, now: float) -> None:
        """Write down how far everything is compared, and what came of it."""
        through = self._place
        if self._waiting:
            epoch, sequence = self._waiting[0].place
            through = (epoch, sequence - 1)
        covered = [one for one in self._unmarked if one.place <= through]
        if not covered:
            return
        with self._vault.write() as uow:
            uow.audit.append(
                at=self._clock.now(),
                actor=_ACTOR,
                kind=COMPARED,
                subject=self._session,
                body={"epoch": through[0], "sequence": through[1], "days": _days(covered)},
            )
        self._unmarked = [one for one in self._unmarked if one.place > through]
        self._marked_at = now

    def _take(self, view: UnitOfWork, now: float) -> None:
        while taken := view.inbox.after(self._session, *self._place, _BATCH):
            for one in taken:
                match reports.decode(one.raw, venue=self._venue):
                    case reports.Readable(message=ExecutionReport() as copy):
                        self._remember(copy)
                        if copy.exec_type in FILLS:
                            place = (one.epoch, one.sequence)
                            self._waiting.append(_Waiting(place, copy, now))
                self._place = (one.epoch, one.sequence)

    def _remember(self, copy: ExecutionReport) -> None:
        if copy.cl_ord_id:
            self._spoken_of[copy.cl_ord_id] = copy.exec_id
        if len(self._spoken_of) > _REMEMBERED:
            self._spoken_of.popitem(last=False)

    def _compare(self, view: UnitOfWork, now: float) -> _News:
        news = _News()
        for one in self._waiting:
            copy = one.copy
            booked = view.orders.execution(copy.venue, copy.trade_date, copy.exec_id)
            if booked is not None:
                self._judge(view, one, booked, news)
            elif now - one.since >= self._seconds:
                self._miss(view, one, now, news)
        return news

    def _judge(self, view: UnitOfWork, one: _Waiting, booked: ExecutionReport, news: _News) -> None:
        found = contradiction(one.copy, booked)
        verdict = Verdict.SAME if found is None else Verdict.DIFFERENT
        news.concluded.append(_Concluded(one.place, one.copy.trade_date, verdict))
        if found is not None:
            self._add_break(view, one.copy, found, news)
            alarm = Alarm(kind=found.kind, cl_ord_id=one.copy.cl_ord_id, message=found.message)
            news.alarms.append(alarm)

    def _miss(self, view: UnitOfWork, one: _Waiting, now: float, news: _News) -> None:
        """An alarm at once; a break when the session for orders was up and did not bring it."""
        up_since = self._orders_up_since()
        found = missing(one.copy, self._seconds)
        if not one.told:
            news.told.append(one)
            hint = "; the session for orders is down" if up_since is None else ""
            alarm = Alarm(
                kind=found.kind, cl_ord_id=one.copy.cl_ord_id, message=found.message + hint
            )
            news.alarms.append(alarm)
        if up_since is not None and now - up_since >= self._seconds:
            news.concluded.append(_Concluded(one.place, one.copy.trade_date, Verdict.UNMATCHED))
            self._add_break(view, one.copy, found, news)

    def _add_break(
        self, view: UnitOfWork, copy: ExecutionReport, found: Break, news: _News
    ) -> None:
        order = view.orders.get(copy.cl_ord_id) if copy.cl_ord_id else None
        news.breaks.append((None if order is None else order.intent.run_id, found))

    def _sightings(self, view: UnitOfWork) -> Iterator[tuple[Order, str]]:
        """Orders in doubt that the copies spoke of: the venue has them."""
        for order in view.orders.open():
            seen = self._spoken_of.get(order.current) or self._spoken_of.get(order.intent.cl_ord_id)
            is_ours = order.in_doubt and order.intent.venue == self._venue
            if seen is not None and is_ours and order.intent.cl_ord_id not in self._noted:
                yield order, seen

    def _write(self, uow: UnitOfWork, news: _News) -> None:
        at = self._clock.now()
        for run_id, found in news.breaks:
            uow.findings.add_breaks(run_id, [found], at)
        for alarm in news.alarms:
            uow.audit.append(
                at=at, actor=_ACTOR, kind="alarm_raised", subject=alarm.cl_ord_id, body=alarm
            )
        for order, exec_id in news.sightings:
            doubts.note_copy(uow, order, exec_id, at)

    def _believe(self, news: _News) -> None:
        """After the commit: what is concluded waits no more."""
        for waiting in news.told:
            waiting.told = True
        done = {one.place for one in news.concluded}
        self._waiting = [one for one in self._waiting if one.place not in done]
        self._unmarked += news.concluded
        self._looked_at = news.looked_at
        self._noted |= {order.intent.cl_ord_id for order, _ in news.sightings}
        tell(self._log, news.alarms)
        if news.sightings:
            self._on_question()


def copied(view: UnitOfWork, session: str) -> Mapping[date, int]:
    """How many booked executions of each trade date the session has told of, by its marks."""
    counts: Counter[date] = Counter()
    for mark in _marks(view, session):
        for day, verdicts in mark["days"].items():
            known = verdicts.get(Verdict.SAME, 0) + verdicts.get(Verdict.DIFFERENT, 0)
            counts[date.fromisoformat(day)] += known
    return counts


def _marks(view: UnitOfWork, session: str) -> Iterable[dict[str, Any]]:
    return (json.loads(entry.body) for entry in view.audit.about(session) if entry.kind == COMPARED)


def _days(concluded: Iterable[_Concluded]) -> dict[str, dict[str, int]]:
    days: dict[str, Counter[str]] = {}
    for one in concluded:
        days.setdefault(one.trade_date.isoformat(), Counter())[one.verdict.value] += 1
    return {day: dict(counts) for day, counts in sorted(days.items())}
