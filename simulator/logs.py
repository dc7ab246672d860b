"""The program's log: JSON lines in a file, secrets blanked, written by any thread."""

import json
import re
import threading
from datetime import UTC, datetime
from pathlib import Path

_SECRETS = re.compile("\x01(553|554|96|925)=[^\x01]*")


class EventLog:
    """One line per event: `ts`, `level`, `event`, `component` and what it is about."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8", buffering=1)
        self._lock = threading.Lock()

    def write(self, event: str, *, level: str = "info", **fields: object) -> None:
        """`event` is a constant name in the past tense, or fix.in and fix.out."""
        line = {
            "ts": datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "level": level,
            "event": event,
            "component": "simulator",
            **fields,
        }
        text = json.dumps(line, separators=(",", ":"), default=str)
        with self._lock:
            if not self._file.closed:
                self._file.write(text + "\n")

    def close(self) -> None:
        """Later events are dropped."""
        with self._lock:
            self._file.close()


def redacted(raw: str) -> str:
    """Wire text with user names, passwords and raw data blanked, SOH shown as |."""
    return _SECRETS.sub("\x01\\1=***", raw).replace("\x01", "|")
