"""The journal: everything that went in and out, one durable record for each batch.

A record is text with the raw messages in it, so `less` reads it:

    B 2022-11-30T20:44:50.000123+00:00 371 5f2c01ab
    I XSIM/TRIMTAB 4 172
    8=FIX.4.4...
    O XSIM/TRIMTAB 5 181
    8=FIX.4.4...
    E

`B` has the venues' time, the length of what follows to the end of `E`, and the CRC-32 of both. An
item has its kind, whom it concerns, a number (MsgSeqNum) and a length. A record that the end of the
last segment cuts off was never answered, and is dropped. Any other damage refuses the start.
"""

import re
import zlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from simulator.running.growing import GrowingFile, sync_directory

_HEADER = re.compile(rb"B (\S{19,40}) (\d{1,12}) ([0-9a-f]{8})\n")
_ITEM = re.compile(rb"([A-Z]) (\S{1,120}) (\d{1,18}) (\d{1,12})\n")
_END = b"E\n"
_HEADER_ROOM = 80
_NAME = "{:06d}.journal"


class JournalError(Exception):
    """A journal that cannot be trusted; the text names file, offset and remedy."""


class Kind(Enum):
    """What an item is."""

    IN = b"I"  # A request of a client, as it went to a floor.
    OUT = b"O"  # What a floor said to a client.
    OWN = b"A"  # What the session layer itself said, where it is sent again when asked for.
    EXPECT = b"X"  # The next inbound number of a session, without a message.
    CONTINUE = b"N"  # The next outbound number of a session, without a message.
    RESET = b"R"  # A session begins again at 1, both ways.
    CONNECTED = b"C"  # A client logged on.
    DISCONNECTED = b"D"  # A client has gone.
    OVERSLEPT = b"S"  # The process was away; first in its record.
    OPERATION = b"P"  # What an operator asked of a venue, as JSON.


class Item(NamedTuple):
    """One thing of a batch."""

    kind: Kind
    name: str  # VENUE/CLIENT, or the venue of an operation.
    number: int
    raw: bytes = b""


class Batch(NamedTuple):
    """One record."""

    now: datetime
    items: tuple[Item, ...]
    places: tuple[int, ...]  # Offset of each item's raw bytes in the segment.
    offset: int


class Place(NamedTuple):
    """Where raw bytes stand."""

    segment: int
    offset: int
    length: int


class Journal:
    """Appends to the newest segment; earlier ones are only read."""

    def __init__(self, directory: Path, *, durable: bool = True) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.directory = directory
        self._durable = durable
        self._reading: tuple[int, GrowingFile] | None = None
        self.segment = max(self.segments(), default=1)
        self._file = GrowingFile(self._path(self.segment))

    @property
    def length(self) -> int:
        """Bytes in the newest segment."""
        return self._file.length

    def segments(self) -> list[int]:
        """The numbers of all segments, oldest first."""
        return sorted(int(path.stem) for path in self.directory.glob("[0-9]*.journal"))

    def write(self, now: datetime, items: Sequence[Item]) -> list[Place]:
        """One durable record; where each item's raw bytes stand."""
        parts: list[bytes] = []
        lengths: list[int] = []
        for kind, name, number, raw in items:
            head = b"%b %b %d %d\n" % (kind.value, name.encode(), number, len(raw))
            parts += (head, raw, b"\n")
            lengths.append(len(head))
        parts.append(_END)
        body = b"".join(parts)
        moment = now.isoformat().encode()
        crc = zlib.crc32(body, zlib.crc32(moment))
        header = b"B %b %d %08x\n" % (moment, len(body), crc)
        offset = self._file.append(header + body) + len(header)
        if self._durable:
            self._file.sync()
        places = []
        for head_length, item in zip(lengths, items, strict=True):
            offset += head_length
            places.append(Place(self.segment, offset, len(item.raw)))
            offset += len(item.raw) + 1
        return places

    def read(self, place: Place) -> bytes:
        """The raw bytes of an item."""
        if place.segment == self.segment:
            return self._file.read(place.offset, place.length)
        if self._reading is None or self._reading[0] != place.segment:
            if self._reading is not None:
                self._reading[1].close()
            self._reading = (place.segment, GrowingFile(self._path(place.segment)))
        return self._reading[1].read(place.offset, place.length)

    def begin_segment(self) -> int:
        """Write to a new segment from now on; its number."""
        self._file.sync()
        self._file.close()
        self.segment += 1
        self._file = GrowingFile(self._path(self.segment))
        sync_directory(self.directory)
        return self.segment

    def batches(self, first_segment: int) -> Iterator[tuple[int, Batch]]:
        """(segment, batch) from a segment on, in order; drops a torn end. Raises JournalError."""
        for segment in range(first_segment, self.segment + 1):
            path = self._path(segment)
            if not path.exists():
                raise JournalError(
                    f"{path}: this part of the journal is missing; {_restore(self.directory)}"
                )
            is_last = segment == self.segment
            file = self._file if is_last else GrowingFile(path)
            try:
                yield from self._of_segment(segment, file, is_last=is_last)
            finally:
                if not is_last:
                    file.close()

    def close(self) -> None:
        """Nothing is lost without it: every write was durable."""
        self._file.close()
        if self._reading is not None:
            self._reading[1].close()

    def _path(self, segment: int) -> Path:
        return self.directory / _NAME.format(segment)

    def _of_segment(
        self, segment: int, file: GrowingFile, *, is_last: bool
    ) -> Iterator[tuple[int, Batch]]:
        offset = 0
        while offset < file.length:
            batch = _read_batch(file, offset)
            if batch is None:
                if is_last and _is_torn(file, offset):
                    file.cut(offset)
                    return
                raise JournalError(
                    f"{file.path}: the record at byte {offset} is damaged; "
                    f"{_restore(self.directory)}. If it is the last one and the machine lost power "
                    f"while it was written, nothing of it was sent: truncate -s {offset} it"
                )
            found, offset = batch
            yield segment, found


def _restore(directory: Path) -> str:
    return (
        f"restore it from a backup, or move {directory.parent} away and start anew "
        "(clients then reset their sequence numbers)"
    )


def _read_batch(file: GrowingFile, offset: int) -> tuple[Batch, int] | None:
    """The record that begins there and where the next one does; None when it is not whole."""
    header = _HEADER.match(file.read(offset, _HEADER_ROOM))
    if header is None:
        return None
    begin, length = offset + header.end(), int(header[2])
    if begin + length > file.length:
        return None
    body = file.read(begin, length)
    if zlib.crc32(body, zlib.crc32(header[1])) != int(header[3], 16):
        return None
    items, places = [], []
    position = 0
    while (item := _ITEM.match(body, position)) is not None:
        raw_begin, raw_end = item.end(), item.end() + int(item[4])
        items.append(Item(Kind(item[1]), item[2].decode(), int(item[3]), body[raw_begin:raw_end]))
        places.append(begin + raw_begin)
        position = raw_end + 1
    assert body[position:] == _END, "the checksum was right, so is the shape"
    now = datetime.fromisoformat(header[1].decode())
    return Batch(now, tuple(items), tuple(places), offset), begin + length


def _is_torn(file: GrowingFile, offset: int) -> bool:
    """Whether a write was cut off there: no closing line follows, so no later record either."""
    rest = file.read(offset, file.length - offset)
    return not rest.endswith(b"\n" + _END) and b"\n" + _END + b"B " not in rest
