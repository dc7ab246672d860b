"""The audit chain at rest; `domain.audit` computes and verifies it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from domain.audit import GENESIS, Anchor, AuditEntry, link
from vault.schema import audit_entry
from vault.shared import Shared

_BATCH = 1000
_HEAD = "head"


class SqlAudit:
    """`AuditStore` on one transaction."""

    def __init__(self, shared: Shared) -> None:
        self._connection, self._writes, self._memory = shared
        self._appended: list[AuditEntry] = []

    def append(
        self, *, at: datetime, actor: str, kind: str, subject: str, body: object
    ) -> AuditEntry:
        entry = link(self._last(), at=at, actor=actor, kind=kind, subject=subject, body=body)
        self._writes.add(audit_entry, _row(entry))
        self._memory.head.put(_HEAD, Anchor(entry.sequence, entry.hash))
        self._appended.append(entry)
        self._memory.journal.note(self._appended.pop)
        return entry

    def appended(self) -> tuple[AuditEntry, ...]:
        """What this transaction appended and no savepoint took back, oldest first."""
        return tuple(self._appended)

    def entries(self) -> tuple[AuditEntry, ...]:
        return tuple(self.scan())

    def about(self, subject: str) -> tuple[AuditEntry, ...]:
        query = select(audit_entry).where(audit_entry.c.subject == subject)
        rows = self._connection.execute(query.order_by(audit_entry.c.sequence))
        return tuple(_entry(row) for row in rows)

    def latest(self) -> datetime | None:
        query = select(audit_entry.c.at).order_by(audit_entry.c.sequence.desc()).limit(1)
        return self._connection.execute(query).scalar_one_or_none()

    def scan(self, after: int = 0) -> Iterator[AuditEntry]:
        """The chain behind an entry, a batch at a time."""
        query = select(audit_entry).order_by(audit_entry.c.sequence).limit(_BATCH)
        while rows := self._connection.execute(query.where(audit_entry.c.sequence > after)).all():
            yield from (_entry(row) for row in rows)
            after = rows[-1].sequence

    def head(self) -> Anchor | None:
        """Number and hash of the last entry; None for an empty chain."""
        query = select(audit_entry.c.sequence, audit_entry.c.hash)
        row = self._connection.execute(query.order_by(audit_entry.c.sequence.desc()).limit(1))
        found = row.one_or_none()
        return None if found is None else Anchor(found.sequence, found.hash)

    def _last(self) -> Anchor | None:
        return self._memory.head.find(_HEAD) or self.head()

    def hash_at(self, sequence: int) -> str | None:
        """The hash of one entry, of 0 what the first follows; None beyond the chain's end."""
        if sequence == 0:
            return GENESIS
        query = select(audit_entry.c.hash).where(audit_entry.c.sequence == sequence)
        return self._connection.execute(query).scalar_one_or_none()


def _row(entry: AuditEntry) -> dict[str, object]:
    return {
        "sequence": entry.sequence,
        "at": entry.at,
        "actor": entry.actor,
        "kind": entry.kind,
        "subject": entry.subject,
        "body": entry.body,
        "previous_hash": entry.previous_hash,
        "hash": entry.hash,
    }


def _entry(row: Row[Any]) -> AuditEntry:
    return AuditEntry(
        sequence=row.sequence,
        at=row.at,
        actor=row.actor,
        kind=row.kind,
        subject=row.subject,
        body=row.body,
        previous_hash=row.previous_hash,
        hash=row.hash,
    )
