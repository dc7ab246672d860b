"""A wave under way: its orders that stand, and the time that each of them has.

Bookkeeping only: who asks and who acts is the releaser.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from domain.orders import OrderIntent
from oms.generations import next_name, root_of
from oms.routing import Attempt
from oms.wave import Ground

LONG_LOOK = timedelta(seconds=60)  # Between two looks at orders that work for hours.


class UnderWay:
    """What became of one wave so far."""

    def __init__(
        self, ground: Ground, barred: Mapping[str, str], now: datetime, timeout: timedelta
    ) -> None:
        """`barred` says of accounts why they leave it.

        `timeout` is what an order has that names no time of its own.
        """
        self.ground, self.barred, self._timeout = ground, barred, timeout
        self.deadline = now + timeout  # Of the wave; what died by accident goes out again up to it.
        self.names: list[str] = []  # What stands, in the order it was sent.
        self.resting: list[str] = []  # It stays at work beyond the run.
        self.unfinished: tuple[str, ...] = ()  # The venue has not said how they ended.
        self.undecided: set[str] = set()  # There is another choice, and they are not judged yet.
        self.unsure: set[str] = set()  # Closed, and not certainly dead.
        self._ends: dict[str, datetime] = {}
        self._patience: dict[str, datetime] = {}
        self._doubts: dict[str, datetime] = {}  # Up to when they may get certain.
        self._long: set[str] = set()  # They may work longer than a wave takes.

    @property
    def waited_for(self) -> frozenset[str]:
        """The orders whose end the wave waits for."""
        return frozenset(self._ends)

    def take_up(self, intents: Iterable[OrderIntent], now: datetime) -> None:
        """These went out, or stand since before."""
        for intent in intents:
            name = intent.cl_ord_id
            attempts = self.ground.routes[root_of(name)].attempts
            tried = intent.routed.choice if intent.routed is not None else 1
            self._replace(intent)
            if attempts[tried - 1].rests:
                self.resting.append(name)
                continue
            self._ends[name] = self._end(intent, attempts[tried - 1], now)
            if tried < len(attempts):
                self.undecided.add(name)
                seconds = attempts[tried - 1].patience_seconds
                if seconds is not None:
                    began = intent.arrived_at or now  # Also for whoever takes it up again.
                    self._patience[name] = began + timedelta(seconds=seconds)

    def is_resumed(self, now: datetime) -> None:
        """Nothing was sent anew: whoever only works for hours is not waited for here."""
        if self._ends.keys() <= self._long:
            self.deadline = now

    def next_mark(self, left: Iterable[str]) -> datetime:
        """When something is to be done about the open orders, if nothing happens before."""
        marks = [self._patience.get(name, self._ends[name]) for name in left]
        return min(*marks, *(self._ends[name] for name in left), self.deadline)

    def impatient(self, left: Iterable[str], now: datetime) -> tuple[str, ...]:
        """Open orders whose rest should go to the next choice."""
        return tuple(sorted(n for n in left if n in self._patience and self._patience[n] <= now))

    def over(self, left: Iterable[str], now: datetime) -> tuple[str, ...]:
        """Open orders that have had their time."""
        return tuple(sorted(name for name in left if self._ends[name] <= now))

    def look_again_at(self, left: frozenset[str], now: datetime) -> datetime | None:
        """When to come back to orders that work for hours; None while the wave has its time."""
        if now < self.deadline or self.unsure or not left <= self._long:
            return None
        marks = (self._patience.get(name, self._ends[name]) for name in left)
        return min(now + LONG_LOOK, *marks, *(self._ends[name] for name in left))

    def asked_back(self, names: Iterable[str]) -> None:
        """A cancel was asked for: their patience does not end twice."""
        for name in names:
            self._patience.pop(name, None)

    def doubt(self, name: str, now: datetime) -> None:
        """It has closed and may trade yet, for all we know: it has a wave's time to get certain."""
        until = self._doubts.setdefault(name, now + self._timeout)
        if now < until:
            self.unsure.add(name)
        else:
            self.unsure.discard(name)

    def judged(self, left: frozenset[str]) -> None:
        """Of what has closed, only what is unsure is looked at again."""
        self.undecided &= left | self.unsure

    def drop(self, names: Iterable[str]) -> None:
        """Nobody waits for them any more."""
        for name in names:
            self._ends.pop(name, None)
            self.undecided.discard(name)

    def _replace(self, intent: OrderIntent) -> None:
        """A generation that goes out as it was takes the place of the one that died unsent."""
        name = intent.cl_ord_id
        follows = intent.routed.follows if intent.routed is not None else None
        for place, known in enumerate(self.names):
            if next_name(known) == name and follows != known:
                self.names[place] = name
                self.drop([known])
                return
        self.names.append(name)

    def _end(self, intent: OrderIntent, attempt: Attempt, now: datetime) -> datetime:
        if attempt.works_until is not None and attempt.works_until > self.deadline:
            self._long.add(intent.cl_ord_id)
            return attempt.works_until
        is_next = intent.routed is not None and intent.routed.choice > 1
        return now + self._timeout if is_next else self.deadline
