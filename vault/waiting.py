"""What waits in the outbox, as the one writer knows it: all of it, or nothing at all."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from domain.orders import CancelRequest, ListCancelRequest
from domain.ports import OutboxMessage, StatusRequest
from vault.journal import Journal

CANCELS = (CancelRequest, ListCancelRequest)

_Load = Callable[[], Iterable[OutboxMessage]]
_ByNumber = dict[int, OutboxMessage]


class Waiting:
    """What is committed and waits; `is_known` False until it was read once."""

    def __init__(self) -> None:
        self.is_known = False
        self.by_venue: dict[str, _ByNumber] = {}
        self.cancels: dict[str, _ByNumber] = {}  # Of these, by venue: no orders delay them.
        self.by_name: dict[str, _ByNumber] = {}

    def clear(self) -> None:
        """Read everything again."""
        self.is_known = False
        self.by_venue.clear()
        self.cancels.clear()
        self.by_name.clear()

    def may_have(self, venue: str) -> bool:
        """False only when nothing waits; any thread may ask."""
        return not self.is_known or bool(self.by_venue.get(venue))

    def add(self, message: OutboxMessage) -> None:
        """One more, newer than all before."""
        self.by_venue.setdefault(message.venue, {})[message.number] = message
        if isinstance(message.body, CANCELS):
            self.cancels.setdefault(message.venue, {})[message.number] = message
        self.by_name.setdefault(message.body.cl_ord_id, {})[message.number] = message

    def remove(self, message: OutboxMessage) -> None:
        """It waits no longer."""
        del self.by_venue[message.venue][message.number]
        if isinstance(message.body, CANCELS):
            del self.cancels[message.venue][message.number]
        named = self.by_name[message.body.cl_ord_id]
        del named[message.number]
        if not named:
            del self.by_name[message.body.cl_ord_id]


class WaitingChanges:
    """One transaction's view: what it queued, and what it settled."""

    def __init__(self, waiting: Waiting, journal: Journal) -> None:
        self._waiting, self._journal = waiting, journal
        self._added = Waiting()
        self._settled: dict[int, OutboxMessage] = {}

    def know(self, load: _Load) -> None:
        """Read what waits, unless it is known; what this transaction queued is not read again."""
        if self._waiting.is_known:
            return
        ours = {n for messages in self._added.by_venue.values() for n in messages}
        for message in load():
            if message.number not in ours:
                self._waiting.add(message)
        self._waiting.is_known = True

    def add(self, message: OutboxMessage) -> None:
        """It was queued."""
        self._added.add(message)
        self._journal.note(partial(self._added.remove, message))

    def settle(self, message: OutboxMessage) -> None:
        """It was handed over or taken back."""
        self._settled[message.number] = message
        self._journal.note(partial(self._settled.pop, message.number))

    def of_venue(self, venue: str) -> Iterator[OutboxMessage]:
        """Oldest first."""
        yield from self._unsettled(self._waiting.by_venue.get(venue, {}))
        yield from self._unsettled(self._added.by_venue.get(venue, {}))

    def cancels_of(self, venue: str) -> Iterator[OutboxMessage]:
        """The cancels among them, oldest first."""
        yield from self._unsettled(self._waiting.cancels.get(venue, {}))
        yield from self._unsettled(self._added.cancels.get(venue, {}))

    def _unsettled(self, messages: _ByNumber) -> Iterator[OutboxMessage]:
        for number, message in messages.items():
            if number not in self._settled:
                yield message

    def named(self, cl_ord_id: str) -> list[OutboxMessage]:
        """Those that carry this ClOrdID."""
        return [
            message
            for part in (self._waiting, self._added)
            for number, message in part.by_name.get(cl_ord_id, {}).items()
            if number not in self._settled
        ]

    def numbered(self, number: int) -> OutboxMessage | None:
        """The one with this number, if it waits."""
        if number in self._settled:
            return None
        for part in (self._waiting, self._added):
            for messages in part.by_venue.values():
                if number in messages:
                    return messages[number]
        return None

    def is_asked(self, cl_ord_id: str) -> bool:
        """Whether a question about this order waits."""
        return any(isinstance(one.body, StatusRequest) for one in self.named(cl_ord_id))

    def commit(self) -> None:
        """What this transaction has is now what stands."""
        if not self._waiting.is_known:
            return
        for messages in self._added.by_venue.values():
            for message in messages.values():
                self._waiting.add(message)
        for message in self._settled.values():
            self._waiting.remove(message)
