"""The fields of a log line: canonical texts without secrets, in the agreed order.

Lines have a few shapes only, so where each field goes is found out once for their names; and one
look at all texts of a line tells whether any of them may hold a secret, as hardly one does.
"""

from collections.abc import MutableMapping
from functools import lru_cache
from typing import Any

from console.redaction import HIDDEN, is_secret, may_hide, redact, redact_text
from domain.codec import to_plain

FIRST = (
    "ts",
    "level",
    "event",
    "component",
    "trace_id",
    "run",
    "order",
    "account",
    "symbol",
    "session",
)
LAST = ("raw", "exception")
_ALIASES = (
    ("run_id", "run"),
    ("cl_ord_id", "order"),
    ("order_id", "order"),
    ("account_id", "account"),
)
_SOH = "\x01"


def finished(event: MutableMapping[str, Any]) -> dict[str, Any]:
    """What is written of an event; what is None is left out."""
    if "component" not in event:
        event["component"] = str(event.get("logger") or "").partition(".")[0] or "trimtab"
    is_suspect = may_hide("\n".join([text for text in event.values() if type(text) is str]))
    line: dict[str, Any] = {}
    for name, source, is_hidden in _places(tuple(event)):
        value = event[source]
        if is_hidden:
            line[name] = HIDDEN
        elif type(value) is str:
            line[name] = redact_text(value) if is_suspect else value
        elif type(value) is int:
            line[name] = value
        elif value is not None:
            line[name] = redact(_plain(value))
    raw = line.get("raw")
    if isinstance(raw, str):
        line["raw"] = raw.replace(_SOH, "|")
    return line


@lru_cache(maxsize=1024)
def _places(names: tuple[str, ...]) -> tuple[tuple[str, str, bool], ...]:
    """In their order: each field's name, what it was called, and whether it is never shown.

    One name per thing: `run`, `order`, `account`; the run's id is the trace id.
    """
    sources = {name: name for name in names if name != "logger"}
    for alias, name in _ALIASES:
        if alias in sources and name not in sources:
            sources[name] = sources.pop(alias)
    if "run" in sources:
        sources.setdefault("trace_id", sources["run"])
    rest = [name for name in sources if name not in FIRST and name not in LAST]
    placed = [(name, sources[name]) for name in (*FIRST, *rest, *LAST) if name in sources]
    return tuple((name, source, is_secret(source)) for name, source in placed)


def _plain(value: object) -> Any:
    """Decimals, enums, instants and our own values in their canonical text."""
    try:
        return to_plain(value)
    except (TypeError, ValueError):
        return value if isinstance(value, float) else str(value)
