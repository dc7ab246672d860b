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
            line = (self.format(record) + "\n").encode()
            self._reopen_if_moved()
            if os.fstat(self._descriptor).st_size + len(line) > self._max_bytes:
                self._rotate(len(line))
            while line:  # A full disk writes less than it was given, then raises.
                line = line[os.write(self._descriptor, line) :]
        except Exception:  # noqa: BLE001 - logging must not stop what it reports on
            self.handleError(record)

    def close(self) -> None:
        assert self.lock is not None
        with self.lock:
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1
        super().close()

    def _open(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def _reopen_if_moved(self) -> None:
        try:
            there = self._path.stat()
        except FileNotFoundError:
            there = None
        ours = os.fstat(self._descriptor)
        if there is None or (there.st_dev, there.st_ino) != (ours.st_dev, ours.st_ino):
            os.close(self._descriptor)
            self._descriptor = self._open()

    def _rotate(self, size: int) -> None:
        guard = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(guard, fcntl.LOCK_EX)
            self._reopen_if_moved()  # Another process may have been first.
            if 0 < os.fstat(self._descriptor).st_size > self._max_bytes - size:
                for number in range(self._keep - 1, 0, -1):
                    if (old := rotated(self._path, number)).exists():
                        old.replace(rotated(self._path, number + 1))
                self._path.replace(rotated(self._path, 1))
                self._reopen_if_moved()
        finally:
            os.close(guard)


def rotated(path: Path, number: int) -> Path:
    """The name of the `number`-th old file."""
    return path.with_name(f"{path.name}.{number}")
