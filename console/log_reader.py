"""Reading the log: the last lines, and what comes, over rotation and truncation."""

import json
import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Self

from console.log_file import rotated
from console.log_filter import Filter

_POLL_SECONDS = 0.2
_CHUNK = 1 << 16
_MOST_ROTATED = 1000


@dataclass(frozen=True, slots=True)
class Record:
    """A line as it stands in the file, and its fields."""

    line: str
    fields: dict[str, Any]


class LogReader:
    """Reads one log; call `last` first, then `follow` goes on from where it ended."""

    def __init__(self, path: Path, wanted: Filter) -> None:
        self._path, self._wanted = path, wanted
        self._file: BinaryIO | None = None
        self._part = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def last(self, count: int) -> list[Record]:
        """The last `count` wanted lines, out of old files too."""
        newest = self._open()
        found: deque[Record] = deque(maxlen=count)
        if newest is not None:
            found.extend(self._wanted_lines(self._drain(newest)))
        older: list[Record] = []
        number = 1
        while len(found) + len(older) < count and (old := rotated(self._path, number)).exists():
            lines = old.read_bytes().split(b"\n")
            older = [*self._wanted_lines(lines), *older]
            number += 1
        return [*older, *found][-count:]

    def follow(
        self, *, sleep: Callable[[float], None] = time.sleep, poll: float = _POLL_SECONDS
    ) -> Iterator[Record]:
        """Wanted lines as they come, for ever; `sleep` is called when there is nothing new."""
        while True:
            idle = True
            for record in self._news():
                idle = False
                yield record
            if idle:
                sleep(poll)

    def _news(self) -> Iterator[Record]:
        file = self._file or self._open()
        if file is None:
            return
        if os.fstat(file.fileno()).st_size < file.tell():
            file.seek(0)  # Truncated in place: what is there now is new.
            self._part = b""
        yield from self._wanted_lines(self._drain(file))
        if self._has_moved(file):
            yield from self._wanted_lines(self._drain(file))
            yield from self._after_rotation(file)

    def _after_rotation(self, old: BinaryIO) -> Iterator[Record]:
        """Files that were rotated away since `old`, oldest first, then the new one."""
        for path in reversed(self._younger_than(old)):
            yield from self._wanted_lines(path.read_bytes().split(b"\n"))
        old.close()
        self._file, self._part = None, b""
        file = self._open()
        if file is not None:
            yield from self._wanted_lines(self._drain(file))

    def _younger_than(self, old: BinaryIO) -> list[Path]:
        """FILE.1, FILE.2, ... up to, not including, the one that `old` has become."""
        inode = os.fstat(old.fileno()).st_ino
        younger: list[Path] = []
        for number in range(1, _MOST_ROTATED):
            path = rotated(self._path, number)
            try:
                if path.stat().st_ino == inode:
                    return younger
            except FileNotFoundError:
                break
            younger.append(path)
        return []  # It was deleted: what lay between cannot be told from what was read before.

    def _has_moved(self, file: BinaryIO) -> bool:
        try:
            return self._path.stat().st_ino != os.fstat(file.fileno()).st_ino
        except FileNotFoundError:
            return False  # Between two renames; the next look will see.

    def _open(self) -> BinaryIO | None:
        try:
            self._file = self._path.open("rb", buffering=0)
        except FileNotFoundError:
            return None
        return self._file

    def _drain(self, file: BinaryIO) -> Iterator[bytes]:
        """Whole lines up to the present end; a line that is still being written waits."""
        while chunk := file.read(_CHUNK):
            *lines, self._part = (self._part + chunk).split(b"\n")
            yield from lines

    def _wanted_lines(self, lines: Iterator[bytes] | list[bytes]) -> Iterator[Record]:
        for line in lines:
            if not line:
                continue
            record = _record(line)
            if self._wanted.passes(record.fields):
                yield record


def _record(line: bytes) -> Record:
    """A line that is not one of ours is kept whole as its own message."""
    text = line.decode("utf-8", "replace")
    try:
        fields = json.loads(text)
    except ValueError:
        fields = None
    return Record(text, fields if isinstance(fields, dict) else {"event": "", "message": text})
