"""All plays of a floor: by the ids they used, by what they listen for, by when they are due."""

import heapq
from collections import deque
from collections.abc import Iterator
from datetime import datetime

from simulator.scenarios.expecting import OrderRequest
from simulator.scenarios.play import Play
from simulator.values.requests import AskStatus

_MOST_ENDED = 1000
_MOST_OPEN = 10_000


class Plays:
    """Open ones, and the latest of those that have ended."""

    def __init__(self) -> None:
        self.count = 0
        self.ended: deque[Play] = deque()
        self._open: dict[int, Play] = {}
        self._by_id: dict[tuple[str, str], Play] = {}
        self._listening: dict[tuple[str, str], dict[int, Play]] = {}  # By client and symbol.
        self._due: list[tuple[datetime, int]] = []  # A heap; stale entries are skipped.

    @property
    def are_too_many(self) -> bool:
        """No more may begin until some have ended."""
        return len(self._open) >= _MOST_OPEN

    def open(self) -> list[Play]:
        """Those that go on, the oldest first."""
        return list(self._open.values())

    def __iter__(self) -> Iterator[Play]:
        """Ended ones, then open ones."""
        yield from self.ended
        yield from self._open.values()

    def begin(self, play: Play) -> None:
        """A new one; its number is the next."""
        self.count = play.number
        self._open[play.number] = play

    def took(self, play: Play, request: OrderRequest) -> None:
        """The play has used up the request's ClOrdID."""
        if not isinstance(request, AskStatus):
            self._by_id[request.client, request.cl_ord_id] = play

    def of(self, request: OrderRequest) -> Play | None:
        """By the order that it names; else the oldest play that waits for just this."""
        origin = getattr(request, "orig_cl_ord_id", request.cl_ord_id)
        named = self._by_id.get((request.client, origin))
        if named is not None:
            return named
        listening = self._listening.get((request.client, request.symbol), {})
        return next((one for one in listening.values() if one.awaited(request)), None)

    def next(self) -> Play | None:
        """The one whose step is due first."""
        while self._due:
            due, number = self._due[0]
            play = self._open.get(number)
            if play is not None and play.due == due:
                return play
            heapq.heappop(self._due)
        return None

    def settle(self, play: Play) -> None:
        """After every change: when it is due, what it listens for, whether it is over."""
        if play.due is not None:
            heapq.heappush(self._due, (play.due, play.number))
        door = (play.cast.client, play.cast.symbol)
        if play.listens:
            self._listening.setdefault(door, {})[play.number] = play
        elif door in self._listening:
            self._listening[door].pop(play.number, None)
            if not self._listening[door]:
                del self._listening[door]
        if play.ended is not None and self._open.pop(play.number, None) is not None:
            self._keep(play)

    def _keep(self, play: Play) -> None:
        """An ended play is kept for a while, with the ids that it used."""
        self.ended.append(play)
        if len(self.ended) > _MOST_ENDED:
            gone = self.ended.popleft()
            for name in gone.cast.ids.values():
                if self._by_id.get((gone.cast.client, name)) is gone:
                    del self._by_id[gone.cast.client, name]
