"""An export of the audit trail, checked by its anchors alone: no database is asked."""

from pathlib import Path

from console.reading import audit_verdict
from console.service_port import AuditVerdict
from domain.audit import Tampering
from domain.errors import BadInputError
from vault.anchor import lost_anchor, read_anchors
from vault.export import verify_export


def verify_exported(export: Path, anchor: Path) -> AuditVerdict:
    """Whether the lines of `export` are whole, unedited and pass through every line of `anchor`.

    Raises `BadInputError` for a file that is no export.
    """
    entries = [line for line in _text(export).split("\n") if line.strip()]
    if not entries:
        raise BadInputError(f"{export} is empty: give what trimtab audit export printed")
    anchors = read_anchors(anchor)
    lost = lost_anchor(anchor, anchors[-1] if anchors else None, len(entries))
    found = Tampering(len(entries), lost) if lost else verify_export(entries, anchors)
    return audit_verdict(found, len(entries))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise BadInputError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadInputError(
            f"{path} is not text in UTF-8: give what trimtab audit export printed"
        ) from error
