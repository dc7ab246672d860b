"""The outbox: what is committed is sent, at most once each.

A message is marked as handed over, and its order as sent, in a transaction
that commits before the engine sees it. From then on it is never sent again:
whatever goes wrong after the mark leaves the order in doubt, unless it is
certain that the engine did not take it.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from structlog.typing import FilteringBoundLogger

from domain.kills import in_words
from domain.orders import ReplaceRequest
from domain.ports import Clock, Kinds, OutboxMessage, StatusRequest, UnitOfWork, Vault
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
from gateway.ports import FixEngine, Monotonic
from gateway.questions import Questions
from gateway.right_of_way import RightOfWay
from gateway.settings import VenueProfile

_BATCH = 100
_CANCELS = 500  # In one commit: they are few, and must not wait.
_WINDOW = 2 * _BATCH
_EVERYTHING = 100_000
_IN_LIMBO = "the commit that marked it failed, and the engine never saw it"
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
        log: FilteringBoundLogger,
    ) -> None:
        self._vault = vault
        self._clock = clock
        self._monotonic = monotonic
        self._engine = engine
        self._questions = questions
        self._profiles = tuple(profiles)
        self._throttles = throttles
        self._last_look = last_look
        self._right_of_way = right_of_way
        self._log = log
        self._lost: list[Lost] = []
        self._stops: dict[str, Stops] = {}  # By venue: under which all that is held was judged.
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
        return Room(
            cancels=min(throttle.available_to_cancels(now), _CANCELS),
            others=min(throttle.available(now), _BATCH),
        )

    def _pass_on(self, profile: VenueProfile, room: Room) -> bool:
        """Commit what may go, then send it; whether anything moved."""
        claim = Claim(seen=self._last_look.seen())
        try:
            with self._vault.write() as uow:
                self._claim(uow, profile, room, claim)
        except BaseException:
            venue = profile.venue
            self._stops.pop(venue, None)
            self._lost += (
                Lost(venue, body, _IN_LIMBO, is_claimed=False) for body in claim.bodies()
            )
            raise
        tell(self._log, claim.alarms)
        self._send(profile, claim)
        return claim.has_moved()

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
