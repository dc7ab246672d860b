"""On the way: claims between their commit and the engine, in the order of their commits.

What queues an order may claim it in the same transaction. Whoever commits says whether it stands;
the one thread that sends takes them in turn, so that no cancel overtakes its order.
"""

import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from gateway.claims import Claim
from gateway.settings import VenueProfile


@dataclass(slots=True, eq=False)
class Departure:
    """A claim whose transaction commits now; `stands` None: nobody knows yet whether it did."""

    profile: VenueProfile
    claim: Claim
    since: float  # Seconds of the monotonic clock.
    stands: bool | None = None


class OnTheWay:
    """The claims of all venues. Thread-safe."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._departures: deque[Departure] = deque()

    def begin(self, departure: Departure) -> None:
        """Its transaction is about to commit; call it in the order of commits."""
        with self._changed:
            self._departures.append(departure)

    def decided(self, departures: Iterable[Departure], *, stands: bool) -> None:
        """Their transaction has ended, and was acknowledged, or not."""
        with self._changed:
            for departure in departures:
                departure.stands = stands
            self._changed.notify_all()

    def first(self, until: Departure | None = None) -> Departure | None:
        """The first, once it is known whether it stands; None when nobody knows yet.

        As long as `until` has not gone, that is waited for.
        """
        with self._changed:
            if until in self._departures:
                self._changed.wait_for(lambda: self._departures[0].stands is not None)
            first = self._departures[0] if self._departures else None
            return None if first is None or first.stands is None else first

    def has_failed(self) -> bool:
        """Whether one of them has not stood, and what becomes of its messages is not settled."""
        with self._changed:
            return any(one.stands is False for one in self._departures)

    def gone(self, departure: Departure) -> None:
        """It was handed to the engine, or never will be."""
        with self._changed:
            self._departures.remove(departure)

    def messages(self, venue: str) -> int:
        """How many messages to a venue are on the way."""
        with self._changed:
            ours = (one.claim for one in self._departures if one.profile.venue == venue)
            return sum(len(claim.numbers) for claim in ours)
