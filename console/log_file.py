"""The log file: rotated by size, reopened when somebody else rotated it.

Several processes may write it: lines are appended whole, and only the one that
holds the lock renames.
"""

import fcntl
import logging
import os
from pathlib import Path


class LogFile(logging.Handler):
    """Appends each record as one line; FILE.1 is the newest of `keep` old files."""

    def __init__(self, path: Path, *, max_bytes: int, keep: int) -> None:
        super().__init__()
        assert max_bytes > 0
        assert keep > 0
        self._path, self._max_bytes, self._keep = path, max_bytes, keep
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._descriptor = self._open()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self.write(self.format(record))
        except Exception:  # noqa: BLE001 - logging must not stop what it reports on
            self.handleError(record)

    def write(self, text: str) -> None:
        """Append one line; raises `OSError`. After `close` nobody reads, and nothing is written."""
        assert self.lock is not None
        line = f"{text}\n".encode()
        with self.lock:
            if self._descriptor < 0:
                return
            if self._reopened_if_moved() + len(line) > self._max_bytes:
                self._rotate(len(line))
            while line:  # A full disk writes less than it was given, then raises.
                line = line[os.write(self._descriptor, line) :]

    def close(self) -> None:
        assert self.lock is not None
        with self.lock:
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1
        super().close()

    def _open(self) -> int:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        descriptor = os.open(self._path, flags, 0o600)
        ours = os.fstat(descriptor)
        self._identity = ours.st_dev, ours.st_ino
        return descriptor

    def _reopened_if_moved(self) -> int:
        """The size of the file that stands at our path, which is now ours."""
        try:
            there = os.stat(self._path)  # noqa: PTH116 - once a line, and twice as fast
        except FileNotFoundError:
            there = None
        if there is not None and (there.st_dev, there.st_ino) == self._identity:
            return there.st_size
        os.close(self._descriptor)
        self._descriptor = self._open()
        return os.fstat(self._descriptor).st_size

    def _rotate(self, size: int) -> None:
        guard = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(guard, fcntl.LOCK_EX)
            if 0 < self._reopened_if_moved() > self._max_bytes - size:  # Or another was first.
                for number in range(self._keep - 1, 0, -1):
                    if (old := rotated(self._path, number)).exists():
                        old.replace(rotated(self._path, number + 1))
                self._path.replace(rotated(self._path, 1))
                self._reopened_if_moved()
        finally:
            os.close(guard)


def rotated(path: Path, number: int) -> Path:
    """The name of the `number`-th old file."""
    return path.with_name(f"{path.name}.{number}")
