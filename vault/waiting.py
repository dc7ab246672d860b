"""What waits in the outbox, as the one writer knows it: all of it, or nothing at all."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from domain.ports import OutboxMessage, StatusRequest
from vault.journal import Journal

_Load = Callable[[], Iterable[OutboxMessage]]


class Waiting:
    """What is committed and waits; `is_known` False until it was read once."""

    def __init__(self) -> None:
        self.is_known = False
        self.by_venue: dict[str, dict[int, OutboxMessage]] = {}
        self.by_name: dict[str, dict[int, OutboxMessage]] = {}

    def clear(self) -> None:
        """Read everything again."""
        self.is_known = False
        self.by_venue.clear()
        self.by_name.clear()

    def may_have(self, venue: str) -> bool:
        """False only when nothing waits; any thread may ask."""
        return not self.is_known or bool(self.by_venue.get(venue))

    def add(self, message: OutboxMessage) -> None:
        """One more, newer than all before."""
        self.by_venue.setdefault(message.venue, {})[message.number] = message
        self.by_name.setdefault(message.body.cl_ord_id, {})[message.number] = message

    def remove(self, message: OutboxMessage) -> None:
        """It waits no longer."""
        del self.by_venue[message.venue][message.number]
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
        for part in (self._waiting, self._added):
            for number, message in part.by_venue.get(venue, {}).items():
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
