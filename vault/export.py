"""The audit trail as a file that proves itself, without the database.

One canonical JSON line per entry (`trimtab audit export`). Whoever has the export and the anchor
file can recompute every hash with `verify_export`, or with any SHA-256 of their own.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from domain.audit import BEGINNING, Anchor, AuditEntry, Tampering, verify
from domain.codec import decode
from domain.errors import BadInputError
from vault.anchor import lost_anchor, newest_anchors, read_anchors
from vault.audit import SqlAudit
from vault.store import SqlVault


def verify_export(lines: Iterable[str], anchors: Iterable[Anchor]) -> Tampering | None:
    """None when the export is whole and unedited; raises `BadInputError` for what is no entry."""
    return verify(_entries(lines), anchors)


def verify_audit(vault: SqlVault) -> Tampering | None:
    """Check the chain in the database against the vault's own anchor file.

    The anchors are read first: an entry committed meanwhile is never missed for its anchor.
    """
    anchors = read_anchors(vault.anchor_path)
    with vault.read() as uow:
        return check_trail(uow.audit, anchors, vault.anchor_path)


def check_trail(audit: SqlAudit, anchors: Sequence[Anchor], path: Path) -> Tampering | None:
    """Check a chain against the anchors that were read from `path`."""
    return _unanchored(audit, anchors, path) or verify(audit.scan(), anchors)


def check_newest(audit: SqlAudit, path: Path, count: int) -> Tampering | None:
    """Check the newest entries, `count` of them and some more, from the anchor before them.

    What is outside the database says where they begin, so that it takes as long for a year's
    chain as for a week's; nothing is said of older ones.
    """
    head = audit.head()
    since = max(0, (0 if head is None else head.sequence) - count)
    anchors = newest_anchors(path, since)
    earlier = [anchor for anchor in anchors if anchor.sequence <= since]
    start = max(earlier, key=lambda anchor: anchor.sequence, default=BEGINNING)
    return _unanchored(audit, anchors, path) or verify(
        audit.scan(start.sequence), anchors, start=start
    )


def _unanchored(audit: SqlAudit, anchors: Sequence[Anchor], path: Path) -> Tampering | None:
    head = audit.head()
    length = 0 if head is None else head.sequence
    why = lost_anchor(path, anchors[-1] if anchors else None, length)
    return Tampering(length, why) if why else None


def _entries(lines: Iterable[str]) -> Iterator[AuditEntry]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield decode(AuditEntry, line)
        except (ValueError, TypeError, AttributeError) as error:
            raise BadInputError(
                f"line {number} of the export is not an audit entry: {error}"
            ) from error
