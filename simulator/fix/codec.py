"""Bytes of a FIX stream to messages and back.

A message that is not well formed (length or checksum wrong) is garbled: the standard wants it
skipped as if it had never come, so that the gap in MsgSeqNum has it sent again (FIX session layer,
"garbled message"). Texts are Latin-1 within: every byte is a character and comes back the same.
"""

import re
import zlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

SOH = "\x01"
_LONGEST_HEADER = 40  # 8=...|9=...| of any version, with room.
_HEADER = re.compile(rb"8=(FIX[0-9A-Z.]{2,8})\x019=(\d{1,9})\x01")
_TRAILER_BYTES = 7  # 10=nnn|
_SUMMED_AT_ONCE = 256  # adler32 counts modulo 65521: 256 bytes of 255 are below it.

# Length fields, and the field after them, which may hold any byte, SOH included.
DATA_FIELDS = {
    "90": "91", "93": "89", "95": "96", "212": "213", "348": "349", "350": "351", "352": "353",
    "354": "355", "356": "357", "358": "359", "360": "361", "362": "363", "364": "365",
    "445": "446", "618": "619", "621": "622", "1184": "1185", "1401": "1402", "1403": "1404",
}  # fmt: skip
_LENGTHS = frozenset(DATA_FIELDS)


class Incoming(NamedTuple):
    """A well-formed message.

    `fields` are by tag, the first one where a tag comes more than once (in groups); `pairs` are
    (tag, value) in the order of the wire, BeginString and BodyLength first, CheckSum left out.
    """

    kind: str  # MsgType (35); empty when it is not the third field.
    fields: dict[str, str]
    pairs: list[tuple[str, str]]
    raw: bytes

    def get(self, tag: str) -> str:
        """The field's value; empty when it is not there."""
        return self.fields.get(tag, "")


class Framer:
    """Cuts a stream into messages. Holds one message and no more, whatever comes in."""

    def __init__(self, longest: int) -> None:
        self.longest = longest  # Bytes of a whole message.
        self.garbled = 0  # Messages and stretches of garbage skipped.
        self.skipped = 0  # Bytes of them.
        self._rest = b""

    @property
    def waiting(self) -> int:
        """Bytes of a message that is not complete."""
        return len(self._rest)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Whole messages, checksum right. What is left waits for more."""
        data = self._rest + data if self._rest else data
        at = 0
        self._rest = b""
        try:
            while at < len(data):
                end = self._end(data, at)
                if end is None:
                    return
                if end > 0:
                    yield data[at:end]
                    at = end
                else:
                    at = self._skip(data, at)
        finally:
            self._rest = data[at:]

    def _end(self, data: bytes, at: int) -> int | None:
        """Where the message that begins at `at` ends; None: not yet here; 0: garbled."""
        header = _HEADER.match(data, at)
        if header is None:
            short = len(data) - at < _LONGEST_HEADER
            return None if short and _may_begin(data[at:]) else 0
        end = header.end() + int(header[2]) + _TRAILER_BYTES
        if end - at > self.longest:
            return 0
        if end > len(data):
            return None
        return end if _is_sound(data, at, end) else 0

    def _skip(self, data: bytes, at: int) -> int:
        """Past the garbage: to the next that may begin a message."""
        following = data.find(b"8=FIX", at + 1)
        if following < 0:
            following = len(data)
            for kept in range(min(4, following - at - 1), 0, -1):
                if b"8=FIX".startswith(data[-kept:]):
                    following -= kept
                    break
        self.garbled += 1
        self.skipped += following - at
        return following


def _may_begin(data: bytes) -> bool:
    """Whether more bytes could make a header of it."""
    if len(data) < 5:
        return b"8=FIX".startswith(data)
    begin, soh, rest = data.partition(b"\x01")
    if not re.fullmatch(rb"8=FIX[0-9A-Z.]{0,8}", begin):
        return False
    return not soh or re.fullmatch(rb"9?|9=\d{0,9}", rest) is not None


def _is_sound(data: bytes, at: int, end: int) -> bool:
    trailer = end - _TRAILER_BYTES
    return (
        data[trailer - 1] == 1
        and data[end - 1] == 1
        and data[trailer : trailer + 3] == b"10="
        and data[trailer + 3 : end - 1] == b"%03d" % checksum(data[at:trailer])
    )


def checksum(data: bytes) -> int:
    """The sum of all bytes modulo 256, by the sum that adler32 has in its lower half."""
    if len(data) <= _SUMMED_AT_ONCE:
        return (zlib.adler32(data) - 1) & 0xFF
    total = 0
    for at in range(0, len(data), _SUMMED_AT_ONCE):
        total += (zlib.adler32(data[at : at + _SUMMED_AT_ONCE]) & 0xFFFF) - 1
    return total & 0xFF


def parse(raw: bytes) -> Incoming:
    """The fields of a message that a framer has cut. A part without "=" has an empty tag."""
    parts = raw[: -_TRAILER_BYTES - 1].decode("latin-1").split(SOH)
    try:
        fields = dict([part.split("=", 1) for part in parts])
    except ValueError:  # A part without "=".
        return _parse_slowly(raw)
    if not _LENGTHS.isdisjoint(fields) or len(fields) != len(parts):
        return _parse_slowly(raw)
    return _incoming(fields, list(fields.items()), raw)


def _parse_slowly(raw: bytes) -> Incoming:
    text = raw[:-_TRAILER_BYTES].decode("latin-1")
    pairs = list(_pairs(text))
    return _incoming(first_of_each(pairs), pairs, raw)


def _incoming(fields: dict[str, str], pairs: list[tuple[str, str]], raw: bytes) -> Incoming:
    third = pairs[2] if len(pairs) > 2 else ("", "")
    return Incoming(third[1] if third[0] == "35" else "", fields, pairs, raw)


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(text):
        end = text.find(SOH, at)
        tag, equals, value = text[at:end].partition("=")
        yield (tag, value) if equals else ("", tag)
        at = end + 1
        data = DATA_FIELDS.get(tag)
        if data is not None and value.isascii() and value.isdigit() and len(value) < 8:
            begin, length = at + len(data) + 1, int(value)
            if text.startswith(f"{data}=", at) and text[begin + length : begin + length + 1] == SOH:
                yield data, text[begin : begin + length]
                at = begin + length + 1


def encode(begin_string: str, content: str) -> bytes:
    """A whole message of what comes after BodyLength, each field with its SOH.

    Characters that Latin-1 does not have become question marks.
    """
    body = content.encode("latin-1", "replace")
    head = b"8=%s\x019=%d\x01" % (begin_string.encode(), len(body))
    message = head + body
    return b"%s10=%03d\x01" % (message, checksum(message))


def joined(fields: Iterable[tuple[int | str, str]]) -> str:
    """Fields as they stand in a message."""
    return "".join([f"{tag}={value}\x01" for tag, value in fields])


def group(
    pairs: list[tuple[str, str]], count: str, delimiter: str, members: frozenset[str]
) -> list[dict[str, str]]:
    """The instances of a repeating group, by its count field (first level only)."""
    return [first_of_each(one) for one in instances(pairs, count, delimiter, members)]


def instances(
    pairs: list[tuple[str, str]], count: str, delimiter: str, members: frozenset[str]
) -> list[list[tuple[str, str]]]:
    """The same with all fields of each instance, those of nested groups among them."""
    found: list[list[tuple[str, str]]] = []
    tags = iter(pairs)
    if not any(tag == count for tag, _ in tags):
        return found
    for tag, value in tags:
        if tag == delimiter:
            found.append([(tag, value)])
        elif tag not in members or not found:
            break
        else:
            found[-1].append((tag, value))
    return found


def first_of_each(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Fields by tag, the first one where a tag comes more than once."""
    fields: dict[str, str] = {}
    for tag, value in pairs:
        fields.setdefault(tag, value)
    return fields
