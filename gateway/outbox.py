"""The outbox: what is committed is sent, at most once each.

A message is marked as handed over, and its order as sent, in a transaction
that commits before the engine sees it. From then on it is never sent again:
whatever goes wrong after the mark leaves the order in doubt, unless it is
certain that the engine did not take it.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from structlog.typing import FilteringBoundLogger

from domain.orders import Alarm, OrderIntent
from domain.ports import Clock, OutboxMessage, UnitOfWork, Vault
from gateway.alarms import tell
from gateway.claims import (
    Claim,
    Parcel,
    declare_unsent,
    encoded,
    mark_sent,
    order_of,
    urgent_first,
    withdraw,
)
from gateway.gate import Throttle, Verdict, judge
from gateway.ports import FixEngine, Monotonic
from gateway.questions import Questions
from gateway.settings import VenueProfile

_BATCH = 100
_WINDOW = 2 * _BATCH
_EVERYTHING = 100_000


class Outbox:
    """Between the database and the engine. One thread calls `step`."""

    def __init__(
        self,
        *,
        vault: Vault,
        clock: Clock,
        monotonic: Monotonic,
        engine: FixEngine,
        questions: Questions,
        profiles: Sequence[VenueProfile],
        throttles: Mapping[str, Throttle],
        log: FilteringBoundLogger,
    ) -> None:
        self._vault = vault
        self._clock = clock
        self._monotonic = monotonic
        self._engine = engine
        self._questions = questions
        self._mass_status = questions.mass_status
        self._profiles = tuple(profiles)
        self._throttles = throttles
        self._log = log
        self._limbo: list[Parcel] = []
        self._is_halted = False

    def step(self) -> bool:
        """Send what may go, to every venue, and ask about silence.

        False when something failed: wait a while. What failed is tried again at the next step,
        but what was marked and not sent is in doubt.
        """
        acts: list[Callable[[], None]] = [partial(self._serve, one) for one in self._profiles]
        outcomes = [self._tried(act) for act in (*acts, self._questions.ask_the_silent)]
        return all(outcomes)

    def halt(self) -> None:
        """Send nothing more after what is being sent."""
        self._is_halted = True

    def _tried(self, act: Callable[[], None]) -> bool:
        """A database that is away stops the sending, not the thread."""
        try:
            act()
        except Exception as error:  # noqa: BLE001 - it is tried again; what was marked is in doubt
            self._log.error("outbox_failed", error=f"{type(error).__name__}: {error}")
            return False
        return True

    def _serve(self, profile: VenueProfile) -> None:
        self._settle_limbo()
        while not self._is_halted and self._engine.is_logged_on(profile.session.name):
            self._questions.ask_after_logon(profile)
            allowed = self._throttles[profile.venue].available(self._monotonic())
            with self._vault.read() as uow:
                idle = not uow.outbox.waiting(profile.venue, 1)
                if idle or not allowed:
                    self._questions.count_doubts(uow, profile.venue)
                    return
            if not self._pass_on(profile, min(allowed, _BATCH)):
                return

    def _pass_on(self, profile: VenueProfile, limit: int) -> bool:
        """Commit what may go, then send it; whether anything moved."""
        claim = Claim()
        try:
            with self._vault.write() as uow:
                self._claim(uow, profile, limit, claim)
        except BaseException:
            self._limbo += claim.parcels  # Committed or not, the engine never saw them.
            raise
        tell(self._log, claim.alarms)
        self._send(profile, claim.parcels)
        return claim.has_moved()

    def _claim(self, uow: UnitOfWork, profile: VenueProfile, limit: int, claim: Claim) -> None:
        """Mark what may go now, and take back what may never go."""
        venue = profile.venue
        are_all_asked = self._mass_status.is_awaited(venue)
        hold = self._questions.hold(uow, venue)
        kills = uow.kills.active()
        for message in self._waiting(uow, venue, hold):
            if len(claim.parcels) == limit:
                break
            order, at = order_of(uow, message.body), self._clock.now()
            if self._mass_status.has_settled(venue, message.body, order):
                claim.settled.append(message.number)
                continue
            judgement, text = (
                judge(message.body, order, kills, hold, are_all_asked=are_all_asked),
                "",
            )
            if judgement.verdict is Verdict.SEND:
                judgement, text = encoded(message.body, order, profile, at)
            if judgement.verdict is Verdict.SEND:
                claim.numbers.append(message.number)
                claim.parcels.append(Parcel(message.body, text))
                claim.alarms += mark_sent(uow, message.body, order, at)
            if judgement.verdict is Verdict.WITHDRAW:
                claim.withdrawn += 1
                claim.alarms += withdraw(uow, message.body, order, judgement, at)
        uow.outbox.mark_handed(claim.numbers, self._clock.now())
        uow.outbox.retract(claim.settled, self._clock.now())

    def _waiting(self, uow: UnitOfWork, venue: str, hold: str) -> list[OutboxMessage]:
        window = uow.outbox.waiting(venue, _WINDOW)
        if hold and len(window) == _WINDOW:
            window = uow.outbox.waiting(venue, _EVERYTHING)  # Cancels behind held orders.
        return urgent_first(window)

    def _send(self, profile: VenueProfile, parcels: Sequence[Parcel]) -> None:
        """Hand over each once. Those that the engine provably refused are declared unsent."""
        refused: list[Parcel] = []
        self._questions.expect_answers(
            one.body.cl_ord_id for one in parcels if isinstance(one.body, OrderIntent)
        )
        for parcel in parcels:
            try:
                taken = self._engine.send(profile.session.name, parcel.text)
            except Exception as error:  # noqa: BLE001 - the order is in doubt; the rest still goes
                self._log.error("send_failed", order=parcel.body.cl_ord_id, error=str(error))
                self._questions.doubt(parcel.body.cl_ord_id, f"sending failed: {error}")
                continue
            if not taken:
                refused.append(parcel)
        self._throttles[profile.venue].spend(len(parcels) - len(refused))
        if refused:
            self._settle_refused(refused)

    def _settle_refused(self, refused: Sequence[Parcel]) -> None:
        alarms: list[Alarm] = []
        why = "the session was lost before the engine took it"
        with self._vault.write() as uow:
            for parcel in refused:
                name = parcel.body.cl_ord_id
                if isinstance(parcel.body, OrderIntent):
                    alarms += declare_unsent(uow, name, why, self._clock.now(), accidental=True)
                alarms.append(Alarm(kind="message_not_sent", cl_ord_id=name, message=why))
        self._questions.expect_none(parcel.body.cl_ord_id for parcel in refused)
        tell(self._log, alarms)

    def _settle_limbo(self) -> None:
        """After a commit of unknown outcome: what was marked but never sent is declared unsent."""
        if not self._limbo:
            return
        alarms: list[Alarm] = []
        why = "the commit that marked it failed, and the engine never saw it"
        with self._vault.write() as uow:
            for parcel in self._limbo:
                order = order_of(uow, parcel.body)
                if isinstance(parcel.body, OrderIntent) and order is not None and order.sent:
                    name = parcel.body.cl_ord_id
                    alarms += declare_unsent(uow, name, why, self._clock.now(), accidental=True)
        self._limbo = []
        tell(self._log, alarms)
