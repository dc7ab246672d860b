"""The outbox: what is committed is sent, at most once each.

A message is marked as handed over, and its order as sent, in a transaction
that commits before the engine sees it. From then on it is never sent again:
whatever goes wrong after the mark leaves the order in doubt, unless it is
certain that the engine did not take it.

Where nothing waits and the gate is open, that is the transaction that queues it
(`accompany`): then it need not wait for another one.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from structlog.typing import FilteringBoundLogger

from domain.commits import AfterCommit
from domain.kills import in_words
from domain.orders import CancelRequest, OrderIntent, ReplaceRequest
from domain.ports import (
    Clock,
    Kinds,
    OutboxMessage,
    StatusRequest,
    UnitOfWork,
    Vault,
)
from gateway.alarms import tell
from gateway.beginnings import members_of
from gateway.claims import (
    Claim,
    Parcel,
    Room,
    encoded,
    exposed_by,
    is_cancel,
    mark_sent,
    order_of,
    urgent_first,
    withdraw,
)
from gateway.gate import HELD, Stops, Throttle, Verdict, judge
from gateway.handover import Handover
from gateway.last_look import LastLook
from gateway.list_claims import Listed, goes_in_a_list, is_of_a_list
from gateway.lost import Lost, settle
from gateway.on_the_way import Departure, OnTheWay
from gateway.ports import FixEngine, Monotonic
from gateway.questions import Questions
from gateway.right_of_way import RightOfWay
from gateway.settings import VenueProfile

_BATCH = 100
_CANCELS = 500  # In one commit: they are few, and must not wait.
_WINDOW = 2 * _BATCH
_EVERYTHING = 100_000
_WISHES = (OrderIntent, CancelRequest, ReplaceRequest)
_IN_LIMBO = "the commit that marked it failed, and the engine never saw it"
_LATE_SECONDS = 10.0  # Between a claim and the engine: mostly milliseconds, unless we were stopped.
_REFUSED = "the session was lost before the engine took it"


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
        last_look: LastLook,
        right_of_way: RightOfWay,
        up_since: Callable[[str], float | None],
        wake: Callable[[], None],
        log: FilteringBoundLogger,
    ) -> None:
        """`up_since` says when a session came up, by the monotonic clock; `wake`: call `step`."""
        self._vault = vault
        self._clock = clock
        self._monotonic = monotonic
        self._engine = engine
        self._questions = questions
        self._profiles = tuple(profiles)
        self._throttles = throttles
        self._last_look = last_look
        self._right_of_way = right_of_way
        self._up_since = up_since
        self._wake = wake
        self._log = log
        self._on_the_way = OnTheWay()
        self._lost: list[Lost] = []
        self._is_well = True
        self._stops: dict[str, Stops] = {}  # By venue: under which all that is held was judged.
        self._is_halted = False

    def step(self) -> bool:
        """Send what may go, to every venue, and ask about silence.

        False when something failed: wait a while. What failed is tried again at the next step,
        but what was marked and not sent is in doubt.
        """
        acts: list[Callable[[], None]] = [partial(self._serve, one) for one in self._profiles]
        outcomes = [
            self._tried(act) for act in (self._depart_first, *acts, self._questions.ask_the_silent)
        ]
        self._is_well = all(outcomes)
        return self._is_well

    def accompany(self, uow: UnitOfWork) -> AfterCommit | None:
        """Claim what any thread's transaction has queued, before it commits.

        What cannot be claimed now waits for `step`.
        """
        if self._is_halted or not self._is_well or self._is_any_lost():
            return None
        begun = [one for profile in self._profiles if (one := self._departing(uow, profile))]
        if not begun:
            return None
        for one in begun:
            self._on_the_way.begin(one)
        return partial(self._decided, begun)

    def _is_any_lost(self) -> bool:
        """Nothing is claimed then: a name that was lost may be given again, and would seem sent."""
        return bool(self._lost) or self._on_the_way.has_failed()

    def _departing(self, uow: UnitOfWork, profile: VenueProfile) -> Departure | None:
        """Nothing when something waited before, or waits for the gate, or fails.

        Questions are no wishes: `step` knows whether an answer makes them needless.
        """
        venue = profile.venue
        if self._vault.may_wait(venue):
            return None
        queued = uow.outbox.waiting(venue, _WINDOW)
        if not queued or not all(isinstance(one.body, _WISHES) for one in queued):
            return None
        if self._on_the_way.messages(venue) >= _WINDOW or not self._is_open(uow, profile):
            return None
        claim = Claim(seen=self._last_look.seen())
        try:
            with uow.savepoint():
                self._claim(uow, profile, self._room(venue), claim)
        except Exception as error:  # noqa: BLE001 - the transaction is another's; it is tried again
            self._log.error("outbox_failed", error=f"{type(error).__name__}: {error}")
            return None
        return Departure(profile, claim, self._monotonic()) if claim.has_moved() else None

    def _is_open(self, uow: UnitOfWork, profile: VenueProfile) -> bool:
        venue = profile.venue
        is_up = self._engine.is_logged_on(profile.session.name)
        return (
            is_up and self._questions.is_gate_open(venue) and not self._questions.hold(uow, venue)
        )

    def _decided(self, begun: Sequence[Departure], stands: bool) -> None:
        self._on_the_way.decided(begun, stands=stands)
        self._wake()

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

    def _depart_first(self) -> None:
        """What others have claimed goes before anything is asked or claimed here."""
        if self._on_the_way.first() is not None:
            with self._right_of_way.taken():
                self._depart()

    def _depart(self, until: Departure | None = None) -> None:
        """Send what was claimed, in the order of the commits; with `until` that one at least."""
        while (departure := self._on_the_way.first(until)) is not None:
            try:
                if departure.stands and not self._is_late(departure):
                    tell(self._log, departure.claim.alarms)
                    self._send(departure.profile, departure.claim)
                else:
                    self._lose(departure)
            finally:  # Whatever failed: nothing is handed over twice.
                self._on_the_way.gone(departure)
        self._settle_lost()

    def _is_late(self, departure: Departure) -> bool:
        """It was kept from leaving: what held when it was claimed may hold no longer."""
        age_seconds = self._monotonic() - departure.since
        began = self._up_since(departure.profile.session.name)
        has_begun_anew = began is not None and began > departure.since
        return self._is_halted or has_begun_anew or age_seconds > _LATE_SECONDS

    def _lose(self, departure: Departure) -> None:
        """Its messages never reach the engine."""
        why = _REFUSED if departure.stands else _IN_LIMBO
        self._lost += (
            Lost(departure.profile.venue, body, why, is_claimed=bool(departure.stands))
            for body in departure.claim.bodies()
        )

    def _serve(self, profile: VenueProfile) -> None:
        self._settle_lost()
        while not self._is_halted and self._engine.is_logged_on(profile.session.name):
            self._questions.ask_after_logon(profile)
            self._questions.ask_about_lists(profile)
            room = self._room(profile.venue)
            if not self._may_move(profile.venue, room):
                break
            with self._right_of_way.taken():
                has_moved = self._pass_on(profile, room)
            if not has_moved:
                return
        self._questions.look_again(profile.venue)

    def _may_move(self, venue: str, room: Room) -> bool:
        """False only when nothing waits that there is room for."""
        if not self._vault.may_wait(venue):
            return False
        if room.others:
            return True
        with self._vault.read() as view:
            return bool(room.cancels and view.outbox.cancels_waiting(venue, 1))

    def _room(self, venue: str) -> Room:
        throttle, now = self._throttles[venue], self._monotonic()
        under_way = self._on_the_way.messages(venue)
        return Room(
            cancels=min(throttle.available_to_cancels(now) - under_way, _CANCELS),
            others=min(throttle.available(now) - under_way, _BATCH),
        )

    def _pass_on(self, profile: VenueProfile, room: Room) -> bool:
        """Commit what may go, then send it; whether anything moved."""
        claim = Claim(seen=self._last_look.seen())
        departure = Departure(profile, claim, self._monotonic())
        try:
            with self._vault.join() as uow:
                if not self._is_any_lost():
                    self._claim(uow, profile, room, claim)
                    self._on_the_way.begin(departure)
        except BaseException:
            self._stops.pop(profile.venue, None)
            self._on_the_way.decided([departure], stands=False)
            raise
        self._on_the_way.decided([departure], stands=True)
        self._depart(departure)
        return claim.has_moved()  # If not as another claim was lost: its transaction wakes us.

    def _claim(self, uow: UnitOfWork, profile: VenueProfile, room: Room, claim: Claim) -> None:
        """Mark what may go now, and take back what may never go."""
        venue = profile.venue
        are_all_asked = self._questions.is_one_for_many_awaited(venue)
        hold = self._questions.hold(uow, venue)
        kills, bars = stops = uow.kills.active(), uow.snapshots.bars(self._clock.now())
        if hold:
            self._take_back(uow, venue, hold, claim, stops=stops)
        listed = Listed()
        for message in self._waiting(uow, venue, hold, are_all_asked=are_all_asked):
            if not (room.has_left(message.body) or listed.has(message.body)):
                continue
            order, at = order_of(uow, message.body), self._clock.now()
            if self._questions.has_settled(venue, message.body, order):
                claim.settled.append(message.number)
                continue
            members, text = members_of(uow, message.body), ""
            judgement = judge(
                message.body,
                order,
                kills,
                hold,
                bars=bars,
                are_all_asked=are_all_asked,
                members=members,
            )
            if judgement.verdict is Verdict.SEND:
                judgement, text = encoded(message.body, order, profile, at)
            if judgement.verdict is Verdict.SEND and goes_in_a_list(message.body, profile):
                listed.add(message)
            elif judgement.verdict is Verdict.SEND:
                room.take(message.body)
                claim.numbers.append(message.number)
                claim.parcels.append(
                    Parcel(message.body, text, exposed_by(message.body, order, members))
                )
                claim.alarms += mark_sent(uow, message.body, order, at)
            if judgement.verdict is Verdict.WITHDRAW:
                claim.withdrawn += 1
                claim.alarms += withdraw(uow, message.body, order, judgement, at)
        listed.mark(uow, profile, claim, self._clock.now())
        uow.outbox.mark_handed(claim.numbers, self._clock.now())
        uow.outbox.retract(claim.settled, self._clock.now())

    def _take_back(
        self, uow: UnitOfWork, venue: str, hold: str, claim: Claim, *, stops: Stops
    ) -> None:
        """Of all that a shut gate keeps back, what a new switch or restriction stops dies now."""
        if self._stops.get(venue) == stops:
            return
        kills, bars = stops
        for message in uow.outbox.waiting(venue, _EVERYTHING):
            if not isinstance(message.body, HELD):
                continue
            order = order_of(uow, message.body)
            judgement = judge(message.body, order, kills, hold, bars=bars)
            if judgement.verdict is Verdict.WITHDRAW:
                claim.withdrawn += 1
                claim.alarms += withdraw(uow, message.body, order, judgement, self._clock.now())
        self._stops[venue] = stops

    def _waiting(
        self, uow: UnitOfWork, venue: str, hold: str, *, are_all_asked: bool
    ) -> list[OutboxMessage]:
        """The next that a shut gate and an awaited answer do not keep back, urgent ones first."""
        kept_back: Kinds = (*(HELD if hold else ()), *((StatusRequest,) if are_all_asked else ()))
        window = uow.outbox.waiting(venue, _WINDOW, kept_back)
        if len(window) == _WINDOW and (
            is_of_a_list(window[-1].body) or (hold and any(map(_may_be_held, window)))
        ):
            window = uow.outbox.waiting(venue, _EVERYTHING, kept_back)
        cancels = uow.outbox.cancels_waiting(venue, _CANCELS)
        others = (one for one in window if not is_cancel(one.body))
        return [*cancels, *urgent_first(others)]

    def _send(self, profile: VenueProfile, claim: Claim) -> None:
        """Hand over each once. Those that the engine provably never took are declared unsent."""
        handover = Handover(
            profile.session.name,
            engine=self._engine,
            last_look=self._last_look,
            questions=self._questions,
            log=self._log,
        )
        with self._right_of_way.handing_over():
            handover.give(claim)
        self._throttles[profile.venue].spend(handover.sent)
        self._lost += (Lost(profile.venue, body, _REFUSED) for body in handover.refused)
        self._lost += (
            Lost(
                profile.venue,
                body,
                f"kill switch on {in_words(kill)}: {kill.why}",
                alarm="message_withdrawn",
                is_wanted=False,
            )
            for body, kill in handover.stopped
        )
        self._settle_lost()

    def _settle_lost(self) -> None:
        """Write down what never reached the engine; a database that is away is tried again."""
        if not self._lost:
            return
        self._questions.expect_none(one.body.cl_ord_id for one in self._lost)
        with self._vault.write() as uow:
            alarms = settle(uow, self._lost, self._clock.now())
        self._lost = []
        tell(self._log, alarms)


def _may_be_held(message: OutboxMessage) -> bool:
    """It waits for its order while what is behind it may go."""
    return isinstance(message.body, ReplaceRequest)
