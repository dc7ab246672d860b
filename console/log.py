"""The log: JSON lines to a file, readable lines to a terminal, one chain for both.

Our own lines go straight to the file and the terminal, as every FIX message is one of them; the
standard library's end there too, so SQLAlchemy's, Alembic's, APScheduler's and uvicorn's own
words are not lost. Every line of a run carries its id, which whoever walks it binds
(`scheduler/run.py`); native threads and pool jobs begin with nothing bound.
"""

import json
import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger

from console.log_fields import finished
from console.log_file import LogFile
from console.log_line import LineRenderer
from console.terminal import wants_colour

_QUIET = ("sqlalchemy", "alembic", "apscheduler", "uvicorn", "asyncio")
_MEGABYTE = 1_000_000
_LOCAL_LENGTH = len("2022-11-30T20:45:00.000000")  # Without the offset.
_RFC_3339 = "%Y-%m-%dT%H:%M:%S.%fZ"  # "iso" would leave out a fraction of zero.


def configure_logging(
    path: Path,
    *,
    level: str = "info",
    max_megabytes: int = 64,
    keep: int = 8,
    terminal: TextIO | None = None,
) -> None:
    """Send everything to `path` and, when given, to `terminal`; replaces an earlier set-up."""
    close_logging()
    file = LogFile(path, max_bytes=max_megabytes * _MEGABYTE, keep=keep)
    outlets = [_Outlet(file, file.write, _render_json)]
    if terminal is not None:
        outlets.append(_to_terminal(terminal))
    root = logging.getLogger()
    root.setLevel(level.upper())
    for outlet in outlets:
        outlet.handler.setFormatter(_formatter(outlet.render))
        root.addHandler(outlet.handler)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.DEBUG if level == "debug" else logging.WARNING)
    # A tick that comes while the last one still looks is left out: what is due stays due.
    logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)
    logging.captureWarnings(capture=True)
    structlog.configure(
        processors=[_whole_line],
        logger_factory=lambda *name: _Lines(outlets, *name),
        wrapper_class=structlog.make_filtering_bound_logger(root.level),
        cache_logger_on_first_use=False,
    )


def log_to_stderr() -> None:
    """For commands that only read: no file, and a warning never mixes with what they print."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        # Asked for at each line: whoever replaced it meanwhile may have closed the earlier one.
        logger_factory=lambda *_name: structlog.PrintLogger(sys.stderr),
    )


def close_logging() -> None:
    """Flush and take away what `configure_logging` put there."""
    root = logging.getLogger()
    for handler in [h for h in root.handlers if isinstance(h.formatter, _Formatter)]:
        root.removeHandler(handler)
        handler.close()
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


Render = Callable[[EventDict], str]


@dataclass(frozen=True, slots=True)
class _Outlet:
    """Where lines go: `write` for our own, `handler` for the standard library's."""

    handler: logging.Handler
    write: Callable[[str], None]
    render: Render

    def put(self, event: EventDict) -> None:
        """What cannot be written is complained about; logging must not stop what it reports on."""
        try:
            self.write(self.render(event))
        except Exception:  # noqa: BLE001 - as above
            self.handler.handleError(logging.makeLogRecord({"msg": event}))


def _to_terminal(terminal: TextIO) -> _Outlet:
    handler = logging.StreamHandler(terminal)

    def write(line: str) -> None:
        assert handler.lock is not None
        with handler.lock:
            terminal.write(f"{line}\n")
            terminal.flush()

    return _Outlet(handler, write, LineRenderer(colour=wants_colour(terminal)).render)


class _Lines:
    """What structlog hands a finished line to, whatever its level."""

    def __init__(self, outlets: Sequence[_Outlet], name: str = "") -> None:
        self.name = name
        self._outlets = outlets

    def debug(self, event: EventDict) -> None:
        for outlet in self._outlets:
            outlet.put(event)

    info = warning = error = critical = log = debug


def _whole_line(lines: _Lines, level: str, event: EventDict) -> tuple[tuple[EventDict], EventDict]:
    """A line of our own, with everything in it."""
    for key, value in structlog.contextvars.get_contextvars().items():
        event.setdefault(key, value)
    event["level"] = level
    event["logger"] = lines.name
    event["ts"] = f"{datetime.now(UTC).isoformat(timespec='microseconds')[:_LOCAL_LENGTH]}Z"
    if "exc_info" in event:
        event = structlog.processors.format_exc_info(lines, level, event)
    return (finished(event),), {}


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """Marks the handlers that are ours."""


def _formatter(render: Render) -> _Formatter:
    return _Formatter(
        foreign_pre_chain=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt=_RFC_3339, utc=True, key="ts"),
            _foreign_event,
            structlog.processors.format_exc_info,
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            lambda _log, _name, event: render(finished(event)),
        ],
    )


def _foreign_event(_log: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """A foreign line's event is its logger's name; its sentence goes to `message`."""
    event["message"] = event["event"]
    event["event"] = event.get("logger", "log")
    return event


_JSON = json.JSONEncoder(separators=(",", ":"), default=str)


def _render_json(event: EventDict) -> str:
    """One line of ASCII: control, C1 and bidirectional characters cannot leave it unescaped."""
    return _JSON.encode(event)
