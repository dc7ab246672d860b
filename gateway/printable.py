"""What may stand in a field of ours: ids without blanks, plain words, UTC times.

A control character would end the field, and the engine would take the rest for another one.
"""

import re
from datetime import UTC, datetime

from domain.errors import BadInputError

_TOKEN = re.compile(r"[!-~]{1,64}")
_UNPRINTABLE = re.compile(r"[^ -~]")
_TEXT_LENGTH = 200


def token(name: str, value: str) -> str:
    """`value`, if it can be an id on a wire. Raises `BadInputError`."""
    if not _TOKEN.fullmatch(value):
        raise BadInputError(
            f"{name} {value!r} must be 1 to 64 printable ASCII characters without spaces"
        )
    return value


def printable(text: str) -> str:
    """Words never keep a cancel from going out: what the wire cannot carry becomes `?`."""
    return _UNPRINTABLE.sub("?", text)[:_TEXT_LENGTH]


def instant(value: datetime) -> str:
    """UTCTimestamp with microseconds."""
    assert value.tzinfo is not None
    return value.astimezone(UTC).strftime("%Y%m%d-%H:%M:%S.%f")
