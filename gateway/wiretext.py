"""FIX as text: tag=value pairs between SOH characters, and nothing engine-specific.

Text from the wire may hold anything; `storable` makes it safe to keep in a
database and in a log without losing a byte.
"""

from collections.abc import Iterable
from functools import lru_cache

SOH = "\x01"
SECRET_TAGS = frozenset({553, 554, 96, 925})  # Username, Password, RawData, NewPassword.
_SECRET_MARKS = tuple(f"{tag}=" for tag in sorted(SECRET_TAGS))
REDACTED = "***"
_RAW_DATA_LENGTH, _RAW_DATA = "95", "96"
HEADER_TAGS = frozenset(  # Those of the standard header that a profile may set.
    {50, 57, 90, 115, 116, 128, 129, 142, 143, 144, 145, 212, 213, 347, 1128, 1129, 1156}
)
_MAX_TAG_DIGITS = 9
_TRAILER = b"10=000\x01"
_FLAT_TYPES = frozenset({"D", "F", "G", "H", "AF"})  # They may have groups, but need none.
_GROUPS = (f"{SOH}78=", f"{SOH}453=", f"{SOH}957=")  # Allocations, parties, strategy parameters.


def pairs(raw: str) -> list[tuple[int, str]]:
    """Every tag and value in order; what is not `tag=value` is skipped."""
    pieces = [piece.partition("=") for piece in raw.split(SOH)]
    return [
        (number, value)
        for tag, equals, value in pieces
        if equals and (number := _number(tag)) is not None
    ]


@lru_cache(maxsize=4096)  # The same few tags, message after message.
def _number(tag: str) -> int | None:
    return int(tag) if tag.isascii() and tag.isdigit() and len(tag) <= _MAX_TAG_DIGITS else None


class _Markers(dict[int, str]):
    """What stands before a tag's value, for the tags that our own code asks for."""

    def __missing__(self, tag: int) -> str:
        return self.setdefault(tag, f"{SOH}{tag}=")


_MARKERS = _Markers()


def value_of(raw: str, tag: int) -> str | None:
    """The first value of `tag`, or None."""
    marker = _MARKERS[tag]
    start = raw.find(marker)
    if start < 0:
        return raw[len(marker) - 1 :].split(SOH, 1)[0] if raw.startswith(marker[1:]) else None
    start += len(marker)
    end = raw.find(SOH, start)
    return raw[start:] if end < 0 else raw[start:end]


def message(msg_type: str, body: Iterable[tuple[int, str]]) -> str:
    """A FIX 4.4 message without the header fields that the session writes (34, 49, 52, 56)."""
    content = "".join(f"{tag}={value}{SOH}" for tag, value in ((35, msg_type), *body))
    text = f"8=FIX.4.4{SOH}9={len(content.encode())}{SOH}{content}"
    return f"{text}10={sum(text.encode()) % 256:03d}{SOH}"


def is_whole(raw: str) -> bool:
    """Whether BodyLength and CheckSum are true: what then cannot be read was sent like that."""
    text = raw.encode("utf-8", "surrogateescape")
    head, begin, rest = text.partition(b"\x019=")
    length, soh, body = rest.partition(b"\x01")
    if not (head.startswith(b"8=") and begin and soh and length.isdigit()):
        return False
    end = len(text) - len(_TRAILER)
    trailer = b"10=%03d\x01" % (sum(text[:end]) % 256)
    return text[end:] == trailer and int(length[:_MAX_TAG_DIGITS]) == len(body) - len(_TRAILER)


def is_flat(text: str) -> bool:
    """Whether a message of ours is known to have no repeating group."""
    return value_of(text, 35) in _FLAT_TYPES and not any(group in text for group in _GROUPS)


def redact(raw: str) -> str:
    """`raw` with the values of user names and passwords replaced; RawData may hold SOH itself."""
    for mark in _SECRET_MARKS:
        if mark in raw:
            return _redacted(raw)
    return raw


def _redacted(raw: str) -> str:
    pieces = raw.split(SOH)
    kept: list[str] = []
    length = 0
    position = 0
    while position < len(pieces):
        tag, equals, value = pieces[position].partition("=")
        position += 1
        if tag == _RAW_DATA_LENGTH and value.isascii() and value.isdigit():
            length = int(value[:_MAX_TAG_DIGITS])
        if tag == _RAW_DATA:
            while len(value) < length and position < len(pieces) - 2:
                value += SOH + pieces[position]
                position += 1
        secret = equals and tag.isascii() and tag.isdigit() and int(tag[:9]) in SECRET_TAGS
        kept.append(f"{tag}={REDACTED}" if secret else f"{tag}{equals}{value}")
    return SOH.join(kept)


def storable(raw: str) -> str:
    r"""`raw` as text that any database takes: bytes that are not UTF-8 and NUL become `\xNN`."""
    if raw.isascii() and "\x00" not in raw:
        return raw
    text = raw.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return text.replace("\x00", "\\x00")


def visible(raw: str) -> str:
    r"""`raw` for a log line: SOH as `|`, every other control character as `\xNN`."""
    if raw.isascii() and raw.isprintable():
        return raw
    shown = storable(raw).rstrip(SOH).replace(SOH, "|")
    if shown.isprintable():
        return shown
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in shown)
