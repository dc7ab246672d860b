"""A file that only grows, and that can be cut back to a length it once had.

What a journal can make again is kept in such files (indexes, executions): a checkpoint notes
their lengths, and a restart cuts them back to those before it plays the journal on.
"""

import os
from pathlib import Path


class GrowingFile:
    """Appends bytes and reads them back by offset."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path = path
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self.length = os.fstat(self._handle).st_size

    def append(self, octets: bytes | bytearray) -> int:
        """Write at the end; the offset at which it begins."""
        begin = self.length
        while octets:
            written = os.pwrite(self._handle, octets, self.length)
            self.length += written
            octets = octets[written:]
        return begin

    def read(self, offset: int, length: int) -> bytes:
        """The bytes there; fewer at the end of the file."""
        return os.pread(self._handle, length, offset)

    def cut(self, length: int) -> None:
        """Forget everything from there on. A shorter file stays as it is."""
        if length < self.length:
            os.ftruncate(self._handle, length)
            self.length = length

    def sync(self) -> None:
        """Return when it is on disk."""
        os.fdatasync(self._handle)

    def close(self) -> None:
        os.close(self._handle)


def sync_directory(path: Path) -> None:
    """Make names in a directory durable."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
