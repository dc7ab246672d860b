"""Intake: one arrival taken into an open transaction, with everything that follows from it.

An arrival that cannot be applied is kept raw with an alarm. What is raised from here undoes the
whole transaction: then nothing of it was taken in.
"""

from collections.abc import Sequence

from domain.errors import TrimtabError, TryAgainError
from domain.order_table import FILLS
from domain.orders import Alarm, CancelReject, ExecutionReport, OrdStatus
from domain.ports import Clock, ExecutionSink, SessionKind, UnitOfWork
from gateway import changes, doubts, list_answers, mass_status, notices, reports
from gateway.arrivals import NEW_DAY, Arrival, ArrivalKind
from gateway.beginnings import open_members
from gateway.coming import coming_fills
from gateway.sequence import SequenceTracker
from gateway.settings import Connection
from gateway.wiretext import redact, storable, value_of

_ACTOR = "gateway"
_REFUSALS = frozenset({"3", "j"})  # Reject, BusinessMessageReject.
_ORDERS = frozenset({"D", "E"})
_CHANGES = frozenset({"F", "G"})
_BEGINNING, _REPLACE = "L", "G"
_UNUSABLE = (ArithmeticError, AssertionError, LookupError, TypeError, ValueError)


class Desk:
    """What the intake knows for good: the sink, the clock, and what each session is for."""

    def __init__(
        self, sink: ExecutionSink, clock: Clock, connections: Sequence[Connection]
    ) -> None:
        self.sink = sink
        self.clock = clock
        self.venues = {one.session.name: one.venue for one in connections}
        self.accounts = {
            one.session.name: {theirs: ours for ours, theirs in one.accounts.items()}
            for one in connections
        }
        self.lists_wait = {one.session.name: one.lists_wait for one in connections}
        self.copies = frozenset(
            one.session.name for one in connections if one.kind is SessionKind.DROP_COPY
        )


class Intake:
    """One transaction's arrivals; `alarms` and `doubted` (sessions) count once it is committed."""

    def __init__(self, desk: Desk, uow: UnitOfWork) -> None:
        self.alarms: list[Alarm] = []
        self.doubted: set[str] = set()
        self._desk = desk
        self._uow = uow

    def foresee(self, arrivals: Sequence[Arrival]) -> None:
        """These come next."""
        ours = (one for one in arrivals if one.session not in self._desk.copies)
        self._uow.foresee(fills=coming_fills(ours, self._desk.venues))

    def take(self, tracker: SequenceTracker, arrival: Arrival, *, keep_raw: bool) -> None:
        """Take in one arrival; with `keep_raw` it is not applied but kept for a person."""
        match arrival.kind:
            case ArrivalKind.ADMIN | ArrivalKind.GAP_FILL:
                count(tracker, arrival)
            case ArrivalKind.RESET:
                self._reset(tracker, arrival)
            case ArrivalKind.APPLICATION:
                self._application(tracker, arrival, keep_raw=keep_raw)
            case ArrivalKind.UNREADABLE:
                tracker.seen(arrival.sequence)
                self._unreadable(arrival)
            case ArrivalKind.REFUSED:
                tracker.seen(arrival.sequence)
                self._quarantine(arrival, f"the venue refused our message: {arrival.note}")
                self._refused(arrival, arrival.order, arrival.note)
            case ArrivalKind.NOT_RESENT:
                self._not_resent(arrival)
            case ArrivalKind.RECEIVED:
                at = self._desk.clock.now()
                changes.note_received(self._uow, arrival.order.split(), arrival.until, at)

    def _application(self, tracker: SequenceTracker, arrival: Arrival, *, keep_raw: bool) -> None:
        for missing in tracker.holes_before(arrival.sequence):
            self._hole(tracker, arrival.session, missing)
        raw = storable(redact(arrival.raw))
        self._uow.inbox.record(arrival.session, arrival.sequence, raw, self._desk.clock.now())
        tracker.seen(arrival.sequence)
        if keep_raw:
            self._quarantine(arrival, "it could not be applied")
            return
        venue = self._desk.venues[arrival.session]
        kind = value_of(arrival.raw, 35)
        if kind in notices.KINDS and arrival.session not in self._desk.copies:
            self._notice(arrival, venue)
            return
        if kind in _REFUSALS and self._is_of_no_list(arrival):
            return
        match reports.decode(arrival.raw, venue=venue):
            case reports.Readable() if arrival.session in self._desk.copies:
                pass  # Never booked; `copies` reads it from the database.
            case reports.Readable() | reports.Unreadable() if mass_status.is_empty(arrival.raw):
                pass  # It speaks of no order.
            case reports.Readable(message=message, notes=notes):
                self._apply(arrival, message, notes)
            case reports.Unreadable(why=why, may_be_fill=may_be_fill):
                self._quarantine(arrival, f"FILL NOT BOOKED: {why}" if may_be_fill else why)
                if kind in _REFUSALS:
                    names = f"{value_of(arrival.raw, 379) or ''} {arrival.order}"
                    self._refused(arrival, names, why)

    def _is_of_no_list(self, arrival: Arrival) -> bool:
        """Whether it refuses what we said of a whole list: its orders are asked about alone."""
        if list_id := list_answers.denied(arrival.raw):
            self._doubt_list(arrival.session, list_id, "the venue does not know its list")
            return True
        return list_answers.refuses(arrival.raw)

    def _unreadable(self, arrival: Arrival) -> None:
        """What the engine refused; a fill that we can read is booked all the same."""
        why = f"the engine refused it: {arrival.note}"
        found = reports.decode(arrival.raw, venue=self._desk.venues[arrival.session])
        match found:
            case reports.Readable(message=ExecutionReport(exec_type=kind) as fill, notes=notes) if (
                kind in FILLS and arrival.session not in self._desk.copies
            ):
                self._apply(arrival, fill, (*notes, why))
            case reports.Unreadable(may_be_fill=True):
                self._quarantine(arrival, f"FILL NOT BOOKED: {why}")
            case _:
                self._quarantine(arrival, why)

    def _apply(
        self,
        arrival: Arrival,
        message: ExecutionReport | CancelReject,
        notes: tuple[str, ...],
    ) -> None:
        at = self._desk.clock.now()
        try:
            with self._uow.savepoint():
                alarms = self._desk.sink.apply(self._uow, message, at)
                if isinstance(message, ExecutionReport):
                    alarms += doubts.settle_unknown(self._uow, message, at)
                    alarms += changes.settle_unknown(self._uow, message, at)
        except TryAgainError:
            raise
        except _UNUSABLE as error:
            self._quarantine(arrival, _why(error))
            return
        if isinstance(message, CancelReject) or message.ord_status is OrdStatus.REJECTED:
            self.doubted.add(arrival.session)  # "Unknown order" and the like may have left doubt.
        self.alarms += alarms
        self.alarms += [
            Alarm(kind="message_odd", cl_ord_id=message.cl_ord_id, message=note) for note in notes
        ]

    def _notice(self, arrival: Arrival, venue: str) -> None:
        """What is no report on one order, taken in like one."""
        at = self._desk.clock.now()
        try:
            with self._uow.savepoint():
                taken = notices.take(
                    self._uow,
                    arrival.raw,
                    venue,
                    self._desk.sink,
                    at=at,
                    accounts=self._desk.accounts[arrival.session],
                    lists_wait=self._desk.lists_wait[arrival.session],
                )
        except TryAgainError:
            raise
        except _UNUSABLE as error:
            self._quarantine(arrival, _why(error))
            return
        self.alarms += taken.alarms
        if taken.has_doubted:
            self.doubted.add(arrival.session)

    def _quarantine(self, arrival: Arrival, why: str) -> None:
        at = self._desk.clock.now()
        reason = storable(why)
        raw = storable(redact(arrival.raw))
        self._uow.inbox.quarantine(arrival.session, arrival.sequence, raw, reason, at)
        self._uow.audit.append(
            at=at,
            actor=_ACTOR,
            kind="message_quarantined",
            subject=arrival.session,
            body={"sequence": arrival.sequence, "why": reason},
        )
        order = storable(value_of(arrival.raw, 11) or "")
        self.alarms.append(Alarm(kind="message_quarantined", cl_ord_id=order, message=reason))

    def _hole(self, tracker: SequenceTracker, session: str, sequence: int) -> None:
        """The engine counted a message that we never saw: say so, and ask about every order."""
        lost = Arrival(kind=ArrivalKind.UNREADABLE, session=session, sequence=sequence)
        self._quarantine(lost, "the engine counted it without showing it")
        tracker.seen(sequence)
        self._doubt_all(session, f"inbound message {sequence} was lost in the engine")

    def _reset(self, tracker: SequenceTracker, arrival: Arrival) -> None:
        """The venue counts anew: what it said in between is unknown, so ask about every order.

        The engine refuses to count backwards, but for a Logon; with nothing counted it is no news.
        """
        is_backwards = arrival.sequence > 0 and arrival.until <= tracker.contiguous + 1
        if is_backwards or arrival.until - 1 == tracker.contiguous == 0:
            return
        at = self._desk.clock.now()
        contiguous = max(arrival.until - 1, 0)
        self._uow.inbox.reset_sequence(arrival.session, contiguous, at)
        tracker.reset(contiguous)
        self._uow.audit.append(
            at=at,
            actor=_ACTOR,
            kind="sequence_reset",
            subject=arrival.session,
            body={"next": contiguous + 1},
        )
        text = arrival.note or f"the venue reset its sequence number to {contiguous + 1}"
        if arrival.note == NEW_DAY:
            told = Alarm(kind="session_began_anew", cl_ord_id="", message=text)
        else:
            told = Alarm(kind="sequence_reset", cl_ord_id="", message=text)
        self.alarms.append(told)
        self._doubt_all(arrival.session, text)

    def _not_resent(self, arrival: Arrival) -> None:
        """Keep the evidence that the venue had not received an order, and never will."""
        text = "the venue asked for it again; nothing is sent twice, it got a gap fill"
        at = self._desk.clock.now()
        for name in arrival.order.split() if arrival.note in _ORDERS else ():
            self._uow.audit.append(
                at=at,
                actor=_ACTOR,
                kind=doubts.RESEND_REFUSED,
                subject=name,
                body={"session": arrival.session},
            )
        if arrival.note in _CHANGES:
            changes.note_resend_refused(self._uow, arrival.order, arrival.session, at)
        if arrival.note == "J":
            self.alarms += notices.doubt(self._uow, arrival.order, text, at)
        if arrival.note == _BEGINNING:
            self._doubt_list(arrival.session, arrival.order, text)
        self.alarms.append(Alarm(kind="not_resent", cl_ord_id=arrival.order, message=text))

    def _doubt_list(self, session: str, list_id: str, why: str) -> None:
        """Nobody knows whether a list has begun."""
        members = open_members(self._uow, list_id)
        self.alarms += doubts.raise_doubts(self._uow, members, why, self._desk.clock.now())
        self.doubted.add(session)

    def _refused(self, arrival: Arrival, names: str, why: str) -> None:
        """The venue refused a message of ours: what it was about, orders or an instruction."""
        at, venue = self._desk.clock.now(), self._desk.venues[arrival.session]
        if value_of(arrival.raw, 372) == _BEGINNING:  # It is not asked to begin it once more.
            list_id = names.split(maxsplit=1)[0] if names.strip() else ""
            text = f"{venue} did not begin list {list_id}: {why}"
            self.alarms.append(Alarm(kind="list_refused", cl_ord_id=list_id, message=text))
        for name in dict.fromkeys(names.split()):
            order = self._uow.orders.get(name)
            if order is not None:
                if value_of(arrival.raw, 372) == _REPLACE:
                    self.alarms += changes.refused(self._uow, name, why, at)
                    order = self._uow.orders.get(name) or order
                refusal = "the venue refused the message"
                self.alarms += doubts.raise_doubts(self._uow, [order], refusal, at)
                self.doubted.add(arrival.session)
            elif self._uow.allocations.order_of(name) is not None:
                self.alarms += notices.refused(self._uow, venue, name, why, at)

    def _doubt_all(self, session: str, why: str) -> None:
        if session in self._desk.copies:
            return  # What was lost there was only a copy.
        venue = self._desk.venues[session]
        orders = [order for order in self._uow.orders.open() if order.intent.venue == venue]
        self.doubted.add(session)
        self.alarms += doubts.raise_doubts(self._uow, orders, why, self._desk.clock.now())


def count(tracker: SequenceTracker, arrival: Arrival) -> None:
    """A session message: only its number matters."""
    if arrival.kind is ArrivalKind.GAP_FILL:
        tracker.gap_filled(arrival.sequence, arrival.until)
    else:
        tracker.seen(arrival.sequence)


def _why(error: Exception) -> str:
    """An error of ours is a sentence; of any other its class is needed, too."""
    said = str(error) if isinstance(error, TrimtabError) else repr(error)
    return f"it could not be applied: {said}"
