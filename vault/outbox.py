"""The outbox: messages committed before they are sent.

What became of a message (handed to the engine, or withdrawn) is one fact with
the message's number as its key, so that nothing is handed over twice.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import get_args

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select

from domain.codec import decode, encode
from domain.errors import InvariantError
from domain.orders import CancelRequest, ListCancelRequest
from domain.ports import OutboxBody, OutboxMessage, StatusRequest
from vault.schema import outbox_message, outbox_outcome, outbox_waiting

_KINDS: dict[str, type[OutboxBody]] = {kind.__name__: kind for kind in get_args(OutboxBody)}
_STATUS = StatusRequest.__name__
_CANCELS = (CancelRequest.__name__, ListCancelRequest.__name__)


class SqlOutbox:
    """`Outbox` on one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def queue(self, venue: str, body: OutboxBody, at: datetime) -> None:
        """Raises `InvariantError` for a ClOrdID queued before; only a status is asked again."""
        kind = type(body).__name__
        if kind != _STATUS and self._is_used(body.cl_ord_id):
            raise InvariantError(f"ClOrdID {body.cl_ord_id} was queued before")
        number = self._connection.execute(
            insert(outbox_message)
            .returning(outbox_message.c.number)
            .values(venue=venue, cl_ord_id=body.cl_ord_id, kind=kind, at=at, value=encode(body))
        ).scalar_one()
        self._connection.execute(insert(outbox_waiting).values(number=number, venue=venue))

    def waiting(self, venue: str, limit: int) -> tuple[OutboxMessage, ...]:
        """Oldest first."""
        return self._waiting(outbox_waiting.c.venue == venue, limit)

    def cancels_waiting(self, venue: str, limit: int) -> tuple[OutboxMessage, ...]:
        """The cancels among them, oldest first, however much waits before them."""
        wanted = (outbox_waiting.c.venue == venue) & outbox_message.c.kind.in_(_CANCELS)
        return self._waiting(wanted, limit)

    def _waiting(self, wanted: ColumnElement[bool], limit: int) -> tuple[OutboxMessage, ...]:
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
        queued = select(outbox_message.c.at).order_by(outbox_message.c.number.desc())
        newest = queued.limit(most).subquery()
        query = select(func.count()).where(newest.c.at >= at)
        count: int = self._connection.execute(query).scalar_one()
        return count

    def mark_handed(self, numbers: Sequence[int], at: datetime) -> None:
        """Raises `InvariantError` when one of them is not waiting."""
        if numbers:
            self._settle(numbers, "handed", at)

    def withdraw(self, cl_ord_id: str, at: datetime) -> bool:
        """Take back what is still waiting; False when it was handed over or is not known."""
        query = (
            select(outbox_message.c.number)
            .join(outbox_waiting, outbox_waiting.c.number == outbox_message.c.number)
            .where(outbox_message.c.cl_ord_id == cl_ord_id, outbox_message.c.kind != _STATUS)
        )
        numbers = self._connection.execute(query).scalars().all()
        if not numbers:
            return False
        self._settle(numbers, "withdrawn", at)
        return True

    def retract(self, numbers: Sequence[int], at: datetime) -> None:
        """Take these messages back; each must still wait."""
        if numbers:
            self._settle(numbers, "withdrawn", at)

    def _settle(self, numbers: Sequence[int], outcome: str, at: datetime) -> None:
        statement = delete(outbox_waiting).where(outbox_waiting.c.number.in_(numbers))
        if self._connection.execute(statement).rowcount != len(numbers):
            raise InvariantError(f"messages {list(numbers)} are not all waiting to be {outcome}")
        self._connection.execute(
            insert(outbox_outcome),
            [{"number": number, "outcome": outcome, "at": at} for number in numbers],
        )

    def _is_used(self, cl_ord_id: str) -> bool:
        query = select(outbox_message.c.number).where(
            outbox_message.c.cl_ord_id == cl_ord_id, outbox_message.c.kind != _STATUS
        )
        return self._connection.execute(query).first() is not None
