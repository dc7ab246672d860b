"""The outbox: messages committed before they are sent.

What became of a message (handed to the engine, or withdrawn) is one fact with
the message's number as its key, so that nothing is handed over twice.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from itertools import islice
from typing import get_args

from sqlalchemy import ColumnElement, func, select, true

from domain.codec import decode, encode
from domain.errors import InvariantError
from domain.ports import Kinds, OutboxBody, OutboxMessage, StatusRequest
from vault.lookup import Lookup
from vault.numbers import Numbers
from vault.schema import outbox_message, outbox_outcome, outbox_waiting
from vault.shared import Shared
from vault.waiting import CANCELS, WaitingChanges

_KINDS: dict[str, type[OutboxBody]] = {kind.__name__: kind for kind in get_args(OutboxBody)}
_STATUS = StatusRequest.__name__
_CANCELS = tuple(kind.__name__ for kind in CANCELS)
_USED = Lookup(outbox_message.c.number, outbox_message.c.cl_ord_id, beside=f"kind <> '{_STATUS}'")


class SqlOutbox:
    """`Outbox` on one transaction."""

    def __init__(self, shared: Shared) -> None:
        self._connection, self._writes, self._memory = shared
        self._numbers = Numbers(self._connection, outbox_message, self._memory)
        self._queued: set[str] = set()

    def foresee(self, names: Sequence[str]) -> None:
        """Messages that are about to be queued."""
        _USED.foresee(self._connection, [(name,) for name in names])

    def queue(self, venue: str, body: OutboxBody, at: datetime) -> None:
        """Raises `InvariantError` for a ClOrdID queued before; only a status is asked again."""
        kind, name = type(body).__name__, body.cl_ord_id
        if kind != _STATUS:
            if self._is_used(name):
                raise InvariantError(f"ClOrdID {name} was queued before")
            self._queued.add(name)
            self._memory.journal.note(partial(self._queued.discard, name))
        number = self._numbers.next()
        row = {"number": number, "venue": venue, "cl_ord_id": name, "kind": kind, "at": at}
        self._writes.add(outbox_message, {**row, "value": encode(body)})
        waits = {"number": number, "venue": venue}
        self._writes.put(outbox_waiting, (number,), lambda: waits)
        self._memory.waiting.add(OutboxMessage(number=number, venue=venue, body=body))
        self._memory.queued.add(at, None)
        self._memory.journal.note(self._memory.queued.clear)

    def waiting(self, venue: str, limit: int, besides: Kinds = ()) -> tuple[OutboxMessage, ...]:
        """Oldest first, of all kinds but these."""
        if not self._writes.is_patient:  # A view, which knows nothing beforehand.
            wanted = outbox_waiting.c.venue == venue
            if besides:
                wanted &= outbox_message.c.kind.not_in([kind.__name__ for kind in besides])
            return self._read(wanted, limit)
        waiting = self._waiting().of_venue(venue)
        return tuple(islice((one for one in waiting if not isinstance(one.body, besides)), limit))

    def cancels_waiting(self, venue: str, limit: int) -> tuple[OutboxMessage, ...]:
        """The cancels among them, oldest first, however much waits before them."""
        if not self._writes.is_patient:
            wanted = (outbox_waiting.c.venue == venue) & outbox_message.c.kind.in_(_CANCELS)
            return self._read(wanted, limit)
        return tuple(islice(self._waiting().cancels_of(venue), limit))

    def is_asked(self, cl_ord_id: str) -> bool:
        """Whether a question about the order's state waits to be sent."""
        return self._waiting().is_asked(cl_ord_id)

    def is_waiting(self, cl_ord_id: str) -> bool:
        """Whether a message of this name, other than a question, has not been handed over."""
        return any(not _is_question(one) for one in self._waiting().named(cl_ord_id))

    def mark_handed(self, numbers: Sequence[int], at: datetime) -> None:
        """Raises `InvariantError` when one of them is not waiting."""
        self._settle(numbers, "handed", at)

    def withdraw(self, cl_ord_id: str, at: datetime) -> bool:
        """Take back what is still waiting; False when it was handed over or is not known."""
        found = [one for one in self._waiting().named(cl_ord_id) if not _is_question(one)]
        self._settle([message.number for message in found], "withdrawn", at)
        return bool(found)

    def retract(self, numbers: Sequence[int], at: datetime) -> None:
        """Take these messages back; each must still wait."""
        self._settle(numbers, "withdrawn", at)

    def _settle(self, numbers: Sequence[int], outcome: str, at: datetime) -> None:
        waiting = self._waiting()
        for number in numbers:
            message = waiting.numbered(number)
            if message is None:
                raise InvariantError(
                    f"messages {list(numbers)} are not all waiting to be {outcome}"
                )
            waiting.settle(message)
            self._writes.add(outbox_outcome, {"number": number, "outcome": outcome, "at": at})
            self._writes.put(outbox_waiting, (number,), None)

    def _waiting(self) -> WaitingChanges:
        self._memory.waiting.know(lambda: self._read(true(), None))
        return self._memory.waiting

    def _read(self, wanted: ColumnElement[bool], limit: int | None) -> tuple[OutboxMessage, ...]:
        query = (
            select(outbox_message)
            .join(outbox_waiting, outbox_waiting.c.number == outbox_message.c.number)
            .where(wanted)
            .order_by(outbox_message.c.number)
            .limit(limit)
        )
        return tuple(
            OutboxMessage(number=r.number, venue=r.venue, body=decode(_KINDS[r.kind], r.value))
            for r in self._connection.execute(query)
        )

    def queued_since(self, at: datetime, most: int) -> int:
        """Messages of any kind, whatever became of them; no more than `most` are counted."""
        if not self._writes.is_patient:
            newest = select(outbox_message.c.at).order_by(outbox_message.c.number.desc())
            lately = newest.limit(most).subquery()
            query = select(func.count()).where(lately.c.at >= at)
            return int(self._connection.execute(query).scalar_one())
        self._memory.queued.know(at, lambda: self._queued_times(at))
        return min(most, self._memory.queued.count(at))

    def _queued_times(self, at: datetime) -> list[tuple[datetime, None]]:
        table = outbox_message.c
        query = select(table.at).where(table.at >= at).order_by(table.number)
        return [(time, None) for time in self._connection.execute(query).scalars()]

    def _is_used(self, cl_ord_id: str) -> bool:
        return cl_ord_id in self._queued or _USED.value(self._connection, cl_ord_id) is not None


def _is_question(message: OutboxMessage) -> bool:
    return isinstance(message.body, StatusRequest)
