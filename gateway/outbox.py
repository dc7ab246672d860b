"""The outbox: one thread that sends what is committed, at most once each.

A message is marked as handed over, and its order as sent, in a transaction
that commits before the engine sees it. From then on it is never sent again:
whatever goes wrong after the mark leaves the order in doubt, unless it is
certain that the engine did not take it.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from structlog.typing import FilteringBoundLogger

from domain.errors import BadInputError
from domain.order_states import apply
from domain.orders import Alarm, NeverSent, Order, OrderIntent, OrdStatus, Sent
from domain.ports import Clock, OutboxBody, OutboxMessage, StatusRequest, UnitOfWork, Vault
from gateway import codec, doubts
from gateway.engine import Engine
from gateway.gate import Judgement, Throttle, Verdict, judge
from gateway.mass_status import MassStatus
from gateway.settings import VenueProfile

_POLL_SECONDS = 0.25
_PAUSE_SECONDS = 1.0
_SETTLE_SECONDS = 0.3
_BATCH = 100
_WINDOW = 2 * _BATCH
_EVERYTHING = 100_000
_ACTOR = "gateway"


@dataclass(frozen=True, slots=True)
class _Parcel:
    """A message as text, marked and ready to go."""

    body: OutboxBody
    text: str


@dataclass(slots=True)
class _Claim:
    """What one transaction marked and took back."""

    parcels: list[_Parcel] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)
    withdrawn: int = 0


class Outbox:
    """One thread between the database and the engine."""

    def __init__(
        self,
        *,
        vault: Vault,
        clock: Clock,
        engine: Engine,
        profiles: Sequence[VenueProfile],
        acknowledgement_seconds: float,
        log: FilteringBoundLogger,
    ) -> None:
        self._vault = vault
        self._clock = clock
        self._engine = engine
        self._profiles = tuple(profiles)
        self._acknowledgement_seconds = acknowledgement_seconds
        self._log = log
        self._mass_status = MassStatus(acknowledgement_seconds, time.monotonic)
        self._throttles = {p.venue: Throttle(p.throttle) for p in profiles}
        self._lock = threading.Lock()
        self._unasked = {p.venue for p in profiles}  # Logged on, but not yet asked about doubts.
        self._in_doubt: Counter[str] = Counter()
        self._logon_at: dict[str, float] = {}
        self._unanswered: dict[str, float] = {}  # ClOrdID -> monotonic time of sending.
        self._limbo: list[_Parcel] = []
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="fix-outbox")

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """Send nothing more; what is committed and unsent waits for the next start."""
        self._stopping = True
        self._wake.set()
        self._thread.join()

    def wake(self) -> None:
        """There is something to do."""
        self._wake.set()

    def logged_on(self, venue: str) -> None:
        """A session came up: its open questions are asked before anything new is sent."""
        with self._lock:
            self._unasked.add(venue)
            self._logon_at[venue] = time.monotonic()
        self._wake.set()

    def booked(self, cl_ord_ids: Iterable[str]) -> None:
        """The venue spoke of these orders, so doubts may be gone."""
        with self._lock:
            for cl_ord_id in cl_ord_ids:
                self._unanswered.pop(cl_ord_id, None)
        self._wake.set()

    def is_gate_open(self, venue: str) -> bool:
        """Whether a new order for `venue` would be sent, kill switches aside."""
        with self._lock:
            is_sure = venue not in self._unasked and self._in_doubt[venue] == 0
        return is_sure and not self._mass_status.is_awaited(venue)

    def _run(self) -> None:
        while not self._stopping:
            self._wake.wait(_POLL_SECONDS)
            self._wake.clear()
            for profile in self._profiles:
                self._guarded(lambda profile=profile: self._serve(profile))  # type: ignore[misc]  # mypy does not infer a lambda's default.
            self._guarded(self._question_silence)

    def _guarded(self, act: Callable[[], None]) -> None:
        """A database that is away stops the sending, not the thread."""
        try:
            act()
        except Exception as error:  # noqa: BLE001 - it is tried again; what was marked is in doubt
            self._log.error("outbox_failed", error=f"{type(error).__name__}: {error}")
            time.sleep(_PAUSE_SECONDS)

    def _serve(self, profile: VenueProfile) -> None:
        self._settle_limbo()
        while not self._stopping and self._engine.is_logged_on(profile.session.name):
            self._ask_open_questions(profile)
            allowed = self._throttles[profile.venue].available(time.monotonic())
            with self._vault.read() as uow:
                idle = not uow.outbox.waiting(profile.venue, 1)
                if idle or not allowed:
                    self._count_doubts(uow, profile.venue)
                    return
            if not self._pass_on(profile, min(allowed, _BATCH)):
                return

    def _ask_open_questions(self, profile: VenueProfile) -> None:
        venue = profile.venue
        with self._lock:
            if venue not in self._unasked:
                return
        with self._vault.write() as uow:
            alarms = doubts.after_logon(uow, venue, self._clock.now())
            in_doubt = doubts.unresolved(uow, venue)
        with self._lock:
            self._unasked.discard(venue)
            self._in_doubt[venue] = in_doubt
        if profile.mass_status:
            self._ask_for_all(profile)
        self._raise(alarms)

    def _ask_for_all(self, profile: VenueProfile) -> None:
        """One question instead of many; where it cannot be asked, the many are asked."""
        with self._vault.read() as view:
            orders = [one for one in view.orders.open() if one.intent.venue == profile.venue]
        if not any(order.sent for order in orders):
            return
        at = self._clock.now()
        self._mass_status.asked(profile.venue, at)
        if self._engine.send(profile.session.name, codec.encode_mass_status(at)):
            self._throttles[profile.venue].spend(1)
            self._log.info("mass_status_asked", venue=profile.venue, open_orders=len(orders))
        else:
            self._mass_status.answered(profile.venue)

    def mass_status_ended(self, venue: str) -> None:
        """The venue has told of all its open orders."""
        self._mass_status.answered(venue)
        self._wake.set()

    def _pass_on(self, profile: VenueProfile, limit: int) -> bool:
        """Commit what may go, then send it; whether anything moved."""
        claim = _Claim()
        try:
            with self._vault.write() as uow:
                self._claim(uow, profile, limit, claim)
        except BaseException:
            self._limbo += claim.parcels  # Committed or not, the engine never saw them.
            raise
        self._raise(claim.alarms)
        self._send(profile, claim.parcels)
        return bool(claim.parcels or claim.withdrawn)

    def _claim(self, uow: UnitOfWork, profile: VenueProfile, limit: int, claim: "_Claim") -> None:
        """Mark what may go now, and take back what may never go."""
        are_all_asked = self._mass_status.is_awaited(profile.venue)
        hold = self._hold(uow, profile.venue)
        kills = uow.kills.active()
        window = uow.outbox.waiting(profile.venue, _WINDOW)
        if hold and len(window) == _WINDOW:
            window = uow.outbox.waiting(profile.venue, _EVERYTHING)  # Cancels behind held orders.
        numbers: list[int] = []
        settled: list[int] = []
        for message in _urgent_first(window):
            if len(claim.parcels) == limit:
                break
            order = _order_of(uow, message.body)
            if self._mass_status.has_settled(profile.venue, message.body, order):
                settled.append(message.number)
                continue
            judgement = judge(message.body, order, kills, hold, are_all_asked=are_all_asked)
            if judgement.verdict is Verdict.SEND:
                judgement, text = self._encoded(profile, message.body, order)
                if text is not None:
                    numbers.append(message.number)
                    claim.parcels.append(_Parcel(message.body, text))
                    claim.alarms += self._mark_sent(uow, message.body, order)
            if judgement.verdict is Verdict.WITHDRAW:
                claim.withdrawn += 1
                claim.alarms += self._withdraw(uow, message.body, order, judgement)
        uow.outbox.mark_handed(numbers, self._clock.now())
        uow.outbox.retract(settled, self._clock.now())
        claim.withdrawn += len(settled)

    def _hold(self, uow: UnitOfWork, venue: str) -> str:
        """Why new orders wait, empty when they do not.

        Right after a logon the venue asks for what it missed; an order sent in between falls
        into that range, and would be gap-filled away.
        """
        if self._mass_status.is_awaited(venue):
            return "the venue is being asked for all its orders"
        if in_doubt := self._count_doubts(uow, venue):
            return f"{in_doubt} orders of the venue are in doubt"
        if time.monotonic() < self._logon_at.get(venue, 0.0) + _SETTLE_SECONDS:
            return "the venue may still ask for what it missed"
        return ""

    def _settle_limbo(self) -> None:
        """After a commit of unknown outcome: what was marked but never sent is declared unsent."""
        if not self._limbo:
            return
        alarms: list[Alarm] = []
        why = "the commit that marked it failed, and the engine never saw it"
        with self._vault.write() as uow:
            for parcel in self._limbo:
                order = _order_of(uow, parcel.body)
                if isinstance(parcel.body, OrderIntent) and order is not None and order.sent:
                    alarms += self._declare_unsent(uow, parcel.body.cl_ord_id, why, accidental=True)
        self._limbo = []
        self._raise(alarms)

    def _encoded(
        self, profile: VenueProfile, body: OutboxBody, order: Order | None
    ) -> tuple[Judgement, str | None]:
        try:
            text = codec.encode(body, order, account=profile.account, at=self._clock.now())
        except BadInputError as error:
            return Judgement(Verdict.WITHDRAW, f"it cannot go on the wire: {error}"), None
        return Judgement(Verdict.SEND), text

    def _mark_sent(
        self, uow: UnitOfWork, body: OutboxBody, order: Order | None
    ) -> tuple[Alarm, ...]:
        if not isinstance(body, OrderIntent) or order is None:
            return ()
        sent = Sent(cl_ord_id=body.cl_ord_id, sent_at=self._clock.now())
        marked, alarms = apply(order, sent)
        uow.orders.append(marked, sent, sent.sent_at)
        return alarms

    def _withdraw(
        self, uow: UnitOfWork, body: OutboxBody, order: Order | None, judgement: Judgement
    ) -> tuple[Alarm, ...]:
        """Take the message back for good, and the order with it when it can never be sent."""
        at = self._clock.now()
        if not uow.outbox.withdraw(body.cl_ord_id, at):
            return ()
        uow.audit.append(
            at=at,
            actor=_ACTOR,
            kind="message_withdrawn",
            subject=body.cl_ord_id,
            body={"message": type(body).__name__, "why": judgement.why},
        )
        alarm = Alarm(kind="message_withdrawn", cl_ord_id=body.cl_ord_id, message=judgement.why)
        if order is None or not (isinstance(body, OrderIntent) or judgement.order_too):
            return (alarm,)
        if judgement.order_too and not uow.outbox.withdraw(order.intent.cl_ord_id, at):
            return (alarm,)
        return (alarm, *self._declare_unsent(uow, order.intent.cl_ord_id, judgement.why))

    def _declare_unsent(
        self, uow: UnitOfWork, cl_ord_id: str, why: str, *, accidental: bool = False
    ) -> tuple[Alarm, ...]:
        order = uow.orders.get(cl_ord_id)
        assert order is not None
        at = self._clock.now()
        never = NeverSent(cl_ord_id=cl_ord_id, at=at, why=why, accidental=accidental)
        dead, alarms = apply(order, never)
        uow.orders.append(dead, never, never.at)
        return alarms

    def _send(self, profile: VenueProfile, parcels: Sequence[_Parcel]) -> None:
        """Hand over each once. Those that the engine provably refused are declared unsent."""
        refused: list[_Parcel] = []
        self._expect_answers(parcels)
        for parcel in parcels:
            try:
                taken = self._engine.send(profile.session.name, parcel.text)
            except Exception as error:  # noqa: BLE001 - the order is in doubt; the rest still goes
                self._log.error("send_failed", order=parcel.body.cl_ord_id, error=str(error))
                self._doubt(parcel.body.cl_ord_id, f"sending failed: {error}")
                continue
            if not taken:
                refused.append(parcel)
        self._throttles[profile.venue].spend(len(parcels) - len(refused))
        if refused:
            self._settle_refused(refused)

    def _settle_refused(self, refused: Sequence[_Parcel]) -> None:
        alarms: list[Alarm] = []
        why = "the session was lost before the engine took it"
        with self._vault.write() as uow:
            for parcel in refused:
                name = parcel.body.cl_ord_id
                if isinstance(parcel.body, OrderIntent):
                    alarms += self._declare_unsent(uow, name, why, accidental=True)
                alarms.append(Alarm(kind="message_not_sent", cl_ord_id=name, message=why))
        with self._lock:
            for parcel in refused:
                self._unanswered.pop(parcel.body.cl_ord_id, None)
        self._raise(alarms)

    def _question_silence(self) -> None:
        """Ask about orders that the venue has not answered in time."""
        limit = time.monotonic() - self._acknowledgement_seconds
        with self._lock:
            silent = [name for name, sent_at in self._unanswered.items() if sent_at < limit]
        for cl_ord_id in silent:
            self._doubt(cl_ord_id, f"no answer in {self._acknowledgement_seconds:g} s")

    def _doubt(self, cl_ord_id: str, why: str) -> None:
        with self._vault.write() as uow:
            order = uow.orders.get(cl_ord_id)
            alarms: tuple[Alarm, ...] = ()
            if order is not None and order.status is OrdStatus.INTENDED:
                alarms = doubts.raise_doubts(uow, [order], why, self._clock.now())
                self._count_doubts(uow, order.intent.venue, even_if_none=True)
        with self._lock:
            self._unanswered.pop(cl_ord_id, None)
        self._raise(alarms)
        self._wake.set()

    def _count_doubts(self, uow: UnitOfWork, venue: str, *, even_if_none: bool = False) -> int:
        """How many orders are in doubt; the database is only asked while there may be some."""
        with self._lock:
            known = self._in_doubt[venue]
        if known == 0 and not even_if_none:
            return 0
        count = doubts.unresolved(uow, venue)
        with self._lock:
            self._in_doubt[venue] = count
        return count

    def recount(self, venue: str) -> None:
        """Somebody else put orders of `venue` in doubt: the gate shuts until they are counted."""
        with self._lock:
            self._in_doubt[venue] += 1
        self._wake.set()

    def _expect_answers(self, parcels: Iterable[_Parcel]) -> None:
        now = time.monotonic()
        with self._lock:
            for parcel in parcels:
                if isinstance(parcel.body, OrderIntent):
                    self._unanswered[parcel.body.cl_ord_id] = now

    def _raise(self, alarms: Iterable[Alarm]) -> None:
        for alarm in alarms:
            self._log.warning(
                "alarm_raised", kind=alarm.kind, order=alarm.cl_ord_id, detail=alarm.message
            )


def _order_of(uow: UnitOfWork, body: OutboxBody) -> Order | None:
    if isinstance(body, OrderIntent | StatusRequest):
        return uow.orders.get(body.cl_ord_id)
    return uow.orders.get(body.orig_cl_ord_id)


def _urgent_first(messages: Iterable[OutboxMessage]) -> list[OutboxMessage]:
    """Cancels, replaces and questions before new orders; each kind in the order it was queued."""
    return sorted(messages, key=lambda message: isinstance(message.body, OrderIntent))
