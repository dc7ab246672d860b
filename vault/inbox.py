"""The inbox: raw inbound messages, each once per session, epoch and sequence number.

An epoch ends when the venue resets its numbers downwards, so that message 7 of
today is not taken for message 7 of yesterday. The durable number is the highest
one kept: the engine hands messages over in order, so none below it is missing.
"""

from datetime import datetime
from functools import partial

from sqlalchemy import and_, bindparam, or_, select

from domain.ports import InboundMessage
from vault.memory import Position
from vault.prepared import Prepared
from vault.schema import inbox_message, inbox_position, inbox_quarantine, inbox_reset
from vault.shared import Shared

_START = Position(0, 0)
_MESSAGE = inbox_message.c
_AFTER = Prepared(
    select(_MESSAGE.epoch, _MESSAGE.sequence, _MESSAGE.raw)
    .where(
        _MESSAGE.session == bindparam("of_session"),
        or_(
            _MESSAGE.epoch > bindparam("in_epoch"),
            and_(_MESSAGE.epoch == bindparam("in_epoch"), _MESSAGE.sequence > bindparam("last")),
        ),
    )
    .order_by(_MESSAGE.epoch, _MESSAGE.sequence)
    .limit(bindparam("most"))
)
_NEWEST = Prepared(
    select(_MESSAGE.at)
    .where(_MESSAGE.session == bindparam("of_session"))
    .order_by(_MESSAGE.epoch.desc(), _MESSAGE.sequence.desc())
    .limit(1)
)
_POSITION = Prepared(
    select(inbox_position.c.epoch, inbox_position.c.sequence).where(
        inbox_position.c.session == bindparam("of_session")
    )
)


class SqlInbox:
    """`Inbox` on one transaction."""

    def __init__(self, shared: Shared) -> None:
        self._connection, self._writes, self._memory = shared

    def record(self, session: str, sequence: int, raw: str, at: datetime) -> bool:
        """Keep a message; False when this number was taken in already."""
        position = self._position(session) or _START
        if sequence <= position.sequence and self._is_kept(session, position.epoch, sequence):
            return False
        row = {"session": session, "epoch": position.epoch, "sequence": sequence}
        self._writes.add(inbox_message, {**row, "at": at, "raw": raw})
        if sequence > position.sequence:
            self._move(session, Position(position.epoch, sequence))
        return True

    def after(
        self, session: str, epoch: int, sequence: int, limit: int
    ) -> tuple[InboundMessage, ...]:
        """The first `limit` messages of a session that came after one of them."""
        rows = _AFTER.rows(
            self._connection, of_session=session, in_epoch=epoch, last=sequence, most=limit
        )
        return tuple(InboundMessage(*row) for row in rows)

    def durable_sequence(self, session: str) -> int:
        """The last inbound number that is committed; 0 before the first."""
        return (self._position(session) or _START).sequence

    def taken_at(self, session: str) -> datetime | None:
        """When the newest of a session's messages was kept; None for none."""
        newest = _NEWEST.first(self._connection, of_session=session)
        return None if newest is None else newest[0]

    def reset_sequence(self, session: str, sequence: int, at: datetime) -> None:
        """Make `sequence` the durable number: the venue goes on with the next one."""
        before = self._position(session) or _START
        epoch = before.epoch + 1 if sequence < before.sequence else before.epoch
        row = {"session": session, "epoch": epoch, "sequence": sequence, "at": at}
        self._writes.add(inbox_reset, row)
        self._move(session, Position(epoch, sequence))

    def quarantine(self, session: str, sequence: int, raw: str, why: str, at: datetime) -> None:
        """Keep a message that could not be used, for a person; its number counts as taken in."""
        epoch = (self._position(session) or _START).epoch
        row = {"session": session, "epoch": epoch, "sequence": sequence, "at": at}
        self._writes.add(inbox_quarantine, {**row, "raw": raw, "why": why})
        self._advance(session, sequence)

    def quarantined(self) -> tuple[tuple[str, int, str, str], ...]:
        """Session, sequence number, raw text and reason of each, oldest first."""
        table = inbox_quarantine.c
        query = select(table.session, table.sequence, table.raw, table.why).order_by(table.number)
        return tuple(
            (row.session, row.sequence, row.raw, row.why) for row in self._connection.execute(query)
        )

    def _advance(self, session: str, sequence: int) -> None:
        position = self._position(session) or _START
        if sequence > position.sequence:
            self._move(session, Position(position.epoch, sequence))

    def _move(self, session: str, position: Position) -> None:
        self._writes.put(inbox_position, (session,), partial(_position_row, session, position))
        self._memory.positions.put(session, position)

    def _is_kept(self, session: str, epoch: int, sequence: int) -> bool:
        query = select(inbox_message.c.sequence).where(
            inbox_message.c.session == session,
            inbox_message.c.epoch == epoch,
            inbox_message.c.sequence == sequence,
        )
        return self._connection.execute(query).one_or_none() is not None

    def _position(self, session: str) -> Position | None:
        known = self._memory.positions.find(session)
        return known if known is not None else self._read(session)

    def _read(self, session: str) -> Position | None:
        found = _POSITION.first(self._connection, of_session=session)
        return None if found is None else Position(*found)


def _position_row(session: str, position: Position) -> dict[str, object]:
    return {"session": session, "epoch": position.epoch, "sequence": position.sequence}
