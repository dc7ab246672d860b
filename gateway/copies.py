"""Drop copies: the venue's second account of what it did, compared with what we booked.

A copy is never booked, and what is booked should have one. Copies are read from the
durable inbox, not from the engine, and marks in the audit trail say how far they are
compared; so a restart goes on where the last mark stands, and no copy is counted twice.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from structlog.typing import FilteringBoundLogger

from domain.errors import TrimtabError
from domain.order_table import FILLS
from domain.orders import Alarm, ExecutionReport, Order
from domain.ports import Clock, UnitOfWork, Vault
from domain.postings import Break
from gateway import doubts, reports
from gateway.alarms import tell
from gateway.comparison import contradiction, missing, uncopied
from gateway.copy_marks import COMPARED, Verdict, marks
from gateway.settings import Connection, VenueProfile
from gateway.uncopied import Key, Uncopied

_MARK_SECONDS = 60.0
_BATCH = 500
_REMEMBERED = 20_000  # Orders that the copies spoke of.
_ACTOR = "gateway"

Place = tuple[int, int]  # Epoch and sequence number.


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
    uncopied: list[Key] = field(default_factory=list)
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
        copies_up_since: Callable[[], float | None],
        on_question: Callable[[], None],
        log: FilteringBoundLogger,
    ) -> None:
        self._venue = profile.venue
        self._session = copies.session.name
        self._seconds = profile.drop_copy_seconds
        self._vault = vault
        self._clock = clock
        self._orders_up_since = orders_up_since
        self._copies_up_since = copies_up_since
        self._on_question = on_question
        self._log = log
        self._place: Place = (0, 0)
        self._waiting: list[_Waiting] = []
        self._unmarked: list[_Concluded] = []
        self._uncopied = Uncopied(profile.venue)
        self._marked_through = -1  # Of what is booked; nothing is marked yet.
        self._marked_at = 0.0
        self._spoken_of: OrderedDict[str, str] = OrderedDict()  # ClOrdID -> ExecID of a copy.
        self._noted: set[str] = set()
        self._looked_at: tuple[int, Place] = (0, self._place)

    def start(self, now: float) -> None:
        """Go on after the last mark; `now` is seconds of a monotonic clock, here and below."""
        with self._vault.read() as view:
            through, waiting = view.orders.last_execution(), []
            for _, mark in marks(view, self._session):
                self._place = (mark["epoch"], mark["sequence"])
                if "booked" in mark:
                    through, waiting = mark["booked"], mark["uncopied"]
                    self._marked_through = through
            self._uncopied.start_at(view, through, waiting, now)
        self.mark(now)

    def review(self, now: float) -> None:
        """Take what has come, and compare what waits."""
        with self._vault.read() as view:
            self._take(view, now)
            self._uncopied.follow(view, now)
            news = self._compare(view, now)
            self._find_uncopied(view, now, news)
            news.looked_at = (doubts.unresolved(view, self._venue), self._place)
            if news.looked_at[0] and news.looked_at != self._looked_at:
                news.sightings = list(self._sightings(view))
        if news.must_be_written():
            with self._vault.write() as uow:
                self._write(uow, news)
        self._believe(news)
        is_due = now - self._marked_at >= _MARK_SECONDS
        if news.breaks or (is_due and self._has_moved()):
            self.mark(now)

    def _has_moved(self) -> bool:
        return bool(self._unmarked) or self._uncopied.through != self._marked_through

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
        booked = self._uncopied.through
        self._marked_at = now
        if not covered and booked == self._marked_through:
            return
        with self._vault.write() as uow:
            uow.audit.append(
                at=self._clock.now(),
                actor=_ACTOR,
                kind=COMPARED,
                subject=self._session,
                body={
                    "epoch": through[0],
                    "sequence": through[1],
                    "days": _days(covered),
                    "booked": booked,
                    "uncopied": self._uncopied.ranges(),
                },
            )
        self._unmarked = [one for one in self._unmarked if one.place > through]
        self._marked_through = booked

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
        self._uncopied.copied((booked.trade_date, booked.exec_id))
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
            self._uncopied.told_before((one.copy.trade_date, one.copy.exec_id))
            self._add_break(view, one.copy, found, news)

    def _find_uncopied(self, view: UnitOfWork, now: float, news: _News) -> None:
        """What has no copy, although the session for copies was up for long enough."""
        up_since = self._copies_up_since()
        if up_since is None or now - up_since < self._seconds:
            return
        for key in self._uncopied.overdue(now - self._seconds):
            booked = view.orders.execution(self._venue, *key)
            assert booked is not None
            found = uncopied(booked, self._seconds)
            news.uncopied.append(key)
            self._add_break(view, booked, found, news)
            alarm = Alarm(kind=found.kind, cl_ord_id=booked.cl_ord_id, message=found.message)
            news.alarms.append(alarm)

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
        for key in news.uncopied:
            self._uncopied.copied(key)
        self._looked_at = news.looked_at
        self._noted |= {order.intent.cl_ord_id for order, _ in news.sightings}
        tell(self._log, news.alarms)
        if news.sightings:
            self._on_question()


def _days(concluded: Iterable[_Concluded]) -> dict[str, dict[str, int]]:
    days: dict[str, Counter[str]] = {}
    for one in concluded:
        days.setdefault(one.trade_date.isoformat(), Counter())[one.verdict.value] += 1
    return {day: dict(counts) for day, counts in sorted(days.items())}
