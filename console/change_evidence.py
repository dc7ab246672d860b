"""What the wire proved of an order's changes, as lines that people read."""

from collections.abc import Iterable, Iterator

from console.service_port import LifeLine
from domain.audit import AuditEntry
from gateway.changes import RECEIVED
from gateway.doubts import NEVER_STORED, RESEND_REFUSED

_WORDS = {
    RECEIVED: ("received", "the venue expects a later message of ours, so it has this one"),
    RESEND_REFUSED: ("asked for again", "the venue was told that it will not come"),
    NEVER_STORED: ("not in engine", "by the engine's store it was never sent"),
}


def evidence_lines(entries: Iterable[AuditEntry]) -> Iterator[LifeLine]:
    """One for each entry of the audit trail that is evidence about the change it names."""
    for entry in entries:
        if entry.kind in _WORDS:
            message, note = _WORDS[entry.kind]
            yield LifeLine(at=entry.at, message=message, cl_ord_id=entry.subject, note=note)
