"""The program's log: JSON lines in a file, secrets blanked.

Messages of the wire are many: they are formatted by hand and written once a turn (`flush`).
"""

import json
import re
from collections.abc import Mapping
from json.encoder import encode_basestring_ascii
from pathlib import Path

from simulator.running.clock import wall_clock

_SECRETS = re.compile("\x01(553|554|96|925)=[^\x01]*")


class EventLog:
    """One line per event: `ts`, `level`, `event`, `component` and what it is about."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8")
        self._lines: list[str] = []
        self._names: dict[str, str] = {}
        self._stamp = ""  # Of the messages of one turn.

    def write(
        self,
        event: str,
        *,
        level: str = "info",
        about: Mapping[str, object] | None = None,
        **fields: object,
    ) -> None:
        """`event` is a constant name in the past tense; `about` are more fields."""
        line = {
            "ts": _stamp(),
            "level": level,
            "event": event,
            "component": "simulator",
            **(about or {}),
            **fields,
        }
        self._lines.append(json.dumps(line, separators=(",", ":"), default=str) + "\n")
        self.flush()

    def message(self, event: str, session: str, raw: bytes) -> None:
        """`fix.in` or `fix.out`, as it is on the wire."""
        name = self._names.get(session)
        if name is None:
            name = self._names[session] = encode_basestring_ascii(session)
        if not self._stamp:
            self._stamp = _stamp()
        text = encode_basestring_ascii(redacted(raw.decode("latin-1")))
        self._lines.append(
            f'{{"ts":"{self._stamp}","level":"info","event":"{event}","component":"simulator",'
            f'"session":{name},"raw":{text}}}\n'
        )

    def flush(self) -> None:
        """Hand everything to the system."""
        if self._lines and not self._file.closed:
            self._file.write("".join(self._lines))
            self._file.flush()
        self._lines.clear()
        self._stamp = ""

    def close(self) -> None:
        """Later events are dropped."""
        self.flush()
        self._file.close()


def redacted(raw: str) -> str:
    """Wire text with user names, passwords and raw data blanked, SOH shown as |."""
    if "\x01554=" in raw or "\x01553=" in raw or "\x0196=" in raw or "\x01925=" in raw:
        raw = _SECRETS.sub("\x01\\1=***", raw)
    return raw.replace("\x01", "|")


def _stamp() -> str:
    return wall_clock().isoformat(timespec="microseconds")[:-6] + "Z"
