"""The inbox: whatever a venue sent, committed with its sequence number, booked once.

Everything that is queued is taken at once and committed together. A message
that cannot be applied is kept raw with an alarm, in a transaction of its own
that commits: a sick database can delay a fill but never turn it into a
quarantined one.
"""

import queue
import threading
from collections.abc import Callable, Sequence
from copy import deepcopy

from structlog.typing import FilteringBoundLogger

from domain.errors import TryAgainError
from domain.orders import Alarm, CancelReject, ExecutionReport, OrdStatus
from domain.ports import Clock, ExecutionSink, SessionKind, UnitOfWork, Vault
from gateway import doubts, mass_status, reports
from gateway.arrivals import Arrival, ArrivalKind
from gateway.sequence import SequenceTracker
from gateway.settings import Connection
from gateway.wiretext import redact, storable, value_of

_BATCH = 500
_FAILURES = 5
_PAUSE_SECONDS = 0.2
_ACTOR = "gateway"
_COUNTED_ONLY = frozenset({ArrivalKind.ADMIN, ArrivalKind.GAP_FILL})
_REFUSALS = frozenset({"3", "j"})  # Reject, BusinessMessageReject.
_ORDERS = frozenset({"D"})


class Inbox:
    """One thread between the engine and the database."""

    def __init__(
        self,
        *,
        vault: Vault,
        sink: ExecutionSink,
        clock: Clock,
        connections: Sequence[Connection],
        on_booked: Callable[[Sequence[str]], None],
        on_doubt: Callable[[str], None],
        on_mass_status: Callable[[str], None],
        log: FilteringBoundLogger,
        fatal: Callable[[str], None],
        limit: int,
        patience_seconds: float,
    ) -> None:
        self._vault = vault
        self._sink = sink
        self._clock = clock
        self._venues = {one.session.name: one.venue for one in connections}
        self._copies = {
            one.session.name for one in connections if one.kind is SessionKind.DROP_COPY
        }
        self._on_booked = on_booked
        self._on_doubt = on_doubt
        self._on_mass_status = on_mass_status
        self._log = log
        self._fatal = fatal
        self._patience_seconds = patience_seconds
        self._queue: queue.Queue[Arrival | None] = queue.Queue(maxsize=limit)
        self._trackers: dict[str, SequenceTracker] = {}
        self._alarms: list[Alarm] = []
        self._doubted: set[str] = set()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="fix-inbox")

    def start(self, durable: dict[str, int]) -> None:
        """Begin after the last committed number of each session."""
        self._trackers = {session: SequenceTracker(number) for session, number in durable.items()}
        self._thread.start()

    def stop(self) -> None:
        """Book what is queued, then end; the engine has stopped before."""
        self._stopping.set()
        while self._thread.is_alive():
            try:
                self._queue.put(None, timeout=_PAUSE_SECONDS)
                break
            except queue.Full:
                continue
        self._thread.join()

    def deliver(self, arrival: Arrival) -> None:
        """Called on the engine's thread. Blocks while full; a queue that stays full ends us.

        The engine counts a message as seen when this returns, so there is no
        third way: it is queued, or the process ends and the next start asks again.
        """
        try:
            self._queue.put(arrival, timeout=self._patience_seconds)
        except queue.Full:
            self._log.critical("inbox_overrun", session=arrival.session, sequence=arrival.sequence)
            self._fatal("the database did not keep up with the venues; the inbox is full")

    def depth(self) -> int:
        """How many arrivals wait for the database."""
        return self._queue.qsize()

    def durable(self, session: str) -> int:
        """The last inbound number up to which everything is accounted for."""
        tracker = self._trackers.get(session)
        return tracker.contiguous if tracker else 0

    def _run(self) -> None:
        try:
            while (batch := self._next_batch()) is not None and self._book(batch):
                pass
        except BaseException as error:  # noqa: BLE001 - a dead inbox under a live engine loses fills
            self._log.critical("inbox_failed", exc_info=error)
            self._fatal(f"the inbox failed: {error!r}")

    def _next_batch(self) -> list[Arrival] | None:
        """Everything that is queued, up to a limit; None at the end."""
        first = self._queue.get()
        if first is None:
            return None
        batch = [first]
        while len(batch) < _BATCH:
            try:
                arrival = self._queue.get_nowait()
            except queue.Empty:
                break
            if arrival is None:
                self._queue.put(None)  # The end comes after what was queued before it.
                break
            batch.append(arrival)
        return batch

    def _book(self, batch: list[Arrival]) -> bool:
        """False when we are stopping and the database is away: nothing after it may be booked."""
        try:
            self._commit(batch)
        except Exception as error:  # noqa: BLE001 - each message is tried alone before it is judged
            self._log.error("inbox_commit_failed", messages=len(batch), error=str(error))
            return all(map(self._book_alone, batch))
        return True

    def _book_alone(self, arrival: Arrival) -> bool:
        """One message, one transaction; kept raw only when it fails again and again by itself."""
        attempt = failures = 0
        while True:
            attempt += 1
            try:
                self._commit([arrival], keep_raw=failures >= _FAILURES)
            except Exception as error:  # noqa: BLE001 - the message waits until the database is back
                failures += not isinstance(error, TryAgainError)
                self._log.error(
                    "inbox_commit_failed",
                    session=arrival.session,
                    sequence=arrival.sequence,
                    attempt=attempt,
                    error=str(error),
                )
                if self._stopping.wait(min(_PAUSE_SECONDS * attempt, 5.0)):
                    return False  # Not durable, so the next start asks the venue for it again.
            else:
                return True

    def _commit(self, batch: list[Arrival], *, keep_raw: bool = False) -> None:
        trackers = deepcopy(self._trackers)
        self._alarms = []
        self._doubted = set()
        if all(arrival.kind in _COUNTED_ONLY for arrival in batch):
            for arrival in batch:
                _count(trackers[arrival.session], arrival)
        else:
            with self._vault.write() as uow:
                for arrival in batch:
                    self._take(uow, trackers[arrival.session], arrival, keep_raw=keep_raw)
        self._trackers = trackers
        for alarm in self._alarms:
            self._log.warning(
                "alarm_raised", kind=alarm.kind, order=alarm.cl_ord_id, detail=alarm.message
            )
        for session in self._doubted:
            self._on_doubt(session)
        for arrival in batch:
            if mass_status.ends(arrival.raw):
                self._on_mass_status(arrival.session)
        told = [arrival.raw for arrival in batch if arrival.session not in self._copies]
        self._on_booked([order for raw in told if (order := value_of(raw, 11))])

    def _take(
        self, uow: UnitOfWork, tracker: SequenceTracker, arrival: Arrival, *, keep_raw: bool
    ) -> None:
        match arrival.kind:
            case ArrivalKind.ADMIN | ArrivalKind.GAP_FILL:
                _count(tracker, arrival)
            case ArrivalKind.RESET:
                self._reset(uow, tracker, arrival)
            case ArrivalKind.APPLICATION:
                self._application(uow, tracker, arrival, keep_raw=keep_raw)
            case ArrivalKind.UNREADABLE:
                tracker.seen(arrival.sequence)
                self._quarantine(uow, arrival, f"the engine refused it: {arrival.note}")
            case ArrivalKind.REFUSED:
                tracker.seen(arrival.sequence)
                self._quarantine(uow, arrival, f"the venue refused our message: {arrival.note}")
                self._doubt(uow, arrival.session, arrival.order, "the venue refused the message")
            case ArrivalKind.NOT_RESENT:
                self._not_resent(uow, arrival)

    def _application(
        self, uow: UnitOfWork, tracker: SequenceTracker, arrival: Arrival, *, keep_raw: bool
    ) -> None:
        for missing in tracker.holes_before(arrival.sequence):
            self._hole(uow, tracker, arrival.session, missing)
        raw = storable(redact(arrival.raw))
        uow.inbox.record(arrival.session, arrival.sequence, raw, self._clock.now())
        tracker.seen(arrival.sequence)
        if keep_raw:
            self._quarantine(uow, arrival, "it could not be applied")
            return
        venue = self._venues[arrival.session]
        match reports.decode(arrival.raw, venue=venue):
            case reports.Readable() if arrival.session in self._copies:
                pass  # Never booked; `copies` reads it from the database.
            case reports.Readable() | reports.Unreadable() if mass_status.is_empty(arrival.raw):
                pass  # It speaks of no order.
            case reports.Readable(message=message, notes=notes):
                self._apply(uow, arrival, message, notes)
            case reports.Unreadable(why=why, may_be_fill=may_be_fill):
                self._quarantine(uow, arrival, f"FILL NOT BOOKED: {why}" if may_be_fill else why)
                if value_of(arrival.raw, 35) in _REFUSALS:
                    order = value_of(arrival.raw, 379) or arrival.order
                    self._doubt(uow, arrival.session, order, "the venue refused the message")

    def _apply(
        self,
        uow: UnitOfWork,
        arrival: Arrival,
        message: ExecutionReport | CancelReject,
        notes: tuple[str, ...],
    ) -> None:
        at = self._clock.now()
        try:
            with uow.savepoint():
                alarms = self._sink.apply(uow, message, at)
                if isinstance(message, ExecutionReport):
                    alarms += doubts.settle_unknown(uow, message, at)
        except TryAgainError:
            raise
        except (ArithmeticError, AssertionError, LookupError, TypeError, ValueError) as error:
            self._quarantine(uow, arrival, f"it could not be applied: {error!r}")
            return
        if isinstance(message, CancelReject) or message.ord_status is OrdStatus.REJECTED:
            self._doubted.add(arrival.session)  # "Unknown order" and the like may have left doubt.
        self._alarms += alarms
        self._alarms += [
            Alarm(kind="message_odd", cl_ord_id=message.cl_ord_id, message=note) for note in notes
        ]

    def _quarantine(self, uow: UnitOfWork, arrival: Arrival, why: str) -> None:
        at = self._clock.now()
        reason = storable(why)
        raw = storable(redact(arrival.raw))
        uow.inbox.quarantine(arrival.session, arrival.sequence, raw, reason, at)
        uow.audit.append(
            at=at,
            actor=_ACTOR,
            kind="message_quarantined",
            subject=arrival.session,
            body={"sequence": arrival.sequence, "why": reason},
        )
        order = storable(value_of(arrival.raw, 11) or "")
        self._alarms.append(Alarm(kind="message_quarantined", cl_ord_id=order, message=reason))

    def _hole(self, uow: UnitOfWork, tracker: SequenceTracker, session: str, sequence: int) -> None:
        """The engine counted a message that we never saw: say so, and ask about every order."""
        lost = Arrival(kind=ArrivalKind.UNREADABLE, session=session, sequence=sequence)
        self._quarantine(uow, lost, "the engine counted it without showing it")
        tracker.seen(sequence)
        self._doubt_all(uow, session, f"inbound message {sequence} was lost in the engine")

    def _reset(self, uow: UnitOfWork, tracker: SequenceTracker, arrival: Arrival) -> None:
        """The venue counts anew: what it said in between is unknown, so ask about every order."""
        at = self._clock.now()
        contiguous = max(arrival.until - 1, 0)
        uow.inbox.reset_sequence(arrival.session, contiguous, at)
        tracker.reset(contiguous)
        uow.audit.append(
            at=at,
            actor=_ACTOR,
            kind="sequence_reset",
            subject=arrival.session,
            body={"next": contiguous + 1},
        )
        text = f"the venue reset its sequence number to {contiguous + 1}"
        self._alarms.append(Alarm(kind="sequence_reset", cl_ord_id="", message=text))
        self._doubt_all(uow, arrival.session, text)

    def _not_resent(self, uow: UnitOfWork, arrival: Arrival) -> None:
        """Keep the evidence that the venue had not received an order, and never will."""
        text = "the venue asked for it again; nothing is sent twice, it got a gap fill"
        if arrival.note in _ORDERS:
            uow.audit.append(
                at=self._clock.now(),
                actor=_ACTOR,
                kind=doubts.RESEND_REFUSED,
                subject=arrival.order,
                body={"session": arrival.session},
            )
        self._alarms.append(Alarm(kind="not_resent", cl_ord_id=arrival.order, message=text))

    def _doubt(self, uow: UnitOfWork, session: str, cl_ord_id: str, why: str) -> None:
        order = uow.orders.get(cl_ord_id) if cl_ord_id else None
        if order is not None:
            self._alarms += doubts.raise_doubts(uow, [order], why, self._clock.now())
            self._doubted.add(session)

    def _doubt_all(self, uow: UnitOfWork, session: str, why: str) -> None:
        if session in self._copies:
            return  # What was lost there was only a copy.
        venue = self._venues[session]
        orders = [order for order in uow.orders.open() if order.intent.venue == venue]
        self._doubted.add(session)
        self._alarms += doubts.raise_doubts(uow, orders, why, self._clock.now())


def _count(tracker: SequenceTracker, arrival: Arrival) -> None:
    if arrival.kind is ArrivalKind.GAP_FILL:
        tracker.gap_filled(arrival.sequence, arrival.until)
    else:
        tracker.seen(arrival.sequence)
