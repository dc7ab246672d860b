"""Where each message to each client stands in the journal, for resends: 16 bytes on disk each."""

import struct
from pathlib import Path

from simulator.running.growing import GrowingFile
from simulator.running.journal import Place

_ENTRY = struct.Struct("<IQI")
_GAP = Place(0, 0, 0)  # A number that was used up without a message.


class SentIndex:
    """The messages of one session by MsgSeqNum, from 1 without a hole."""

    def __init__(self, path: Path) -> None:
        self._file = GrowingFile(path)
        self._new = bytearray()  # Not written yet: `flush` does, once for many.
        self.base = 0  # Entries before that of number 1.
        self.first = 1  # Lower numbers are of before the numbers went back.

    @property
    def count(self) -> int:
        """The last MsgSeqNum that was used."""
        return self.length // _ENTRY.size - self.base

    @property
    def length(self) -> int:
        """Bytes, for a checkpoint."""
        return self._file.length + len(self._new)

    def add(self, number: int, place: Place) -> None:
        """Note the next message; numbers that were left out are noted as gaps."""
        assert number > self.count, f"MsgSeqNum {number} was used before"
        self.skip_to(number)
        self._new += _ENTRY.pack(*place)

    def skip_to(self, number: int) -> None:
        """The next message will have this number."""
        missing = number - 1 - self.count
        if missing > 0:
            self._new += _ENTRY.pack(*_GAP) * missing

    def flush(self) -> None:
        """Write what was added. The journal can make it again, so it need not be on disk."""
        if self._new:
            self._file.append(self._new)
            self._new.clear()

    def find(self, first: int, last: int) -> list[tuple[int, Place]]:
        """(MsgSeqNum, place) of what was sent from first to last; gaps are left out."""
        self.flush()
        first, last = max(self.first, first), min(last, self.count)
        size = _ENTRY.size
        begin = self.base + first - 1
        octets = self._file.read(begin * size, max(0, last - first + 1) * size)
        places = (Place(*entry) for entry in _ENTRY.iter_unpack(octets))
        return [(number, place) for number, place in enumerate(places, first) if place != _GAP]

    def go_back(self, number: int) -> None:
        """The next message has this number, which was used before."""
        self.base += self.count - (number - 1)
        self.first = number

    def cut(self, length: int, base: int = 0, first: int = 1) -> None:
        """Back to what a checkpoint noted."""
        self.flush()
        self._file.cut(length)
        self.base, self.first = base, first

    def sync(self) -> None:
        """Return when all of it is on disk."""
        self.flush()
        self._file.sync()

    def close(self) -> None:
        self.flush()
        self._file.close()
