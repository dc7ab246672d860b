"""One log line as an operator reads it.

    14:30:01.131200 E 7M2K9QDE      compliance.blocked   rule=restricted_list symbol=XOM
    14:30:01.140332 I 7M2K9QDE-0003 fix.out              OMS->JPM ▶ NewOrderSingle BUY 1,200 AAPL

Columns: time, level, order or run, event, and what there is to say. Blue buys,
magenta sells, green filled, yellow partial, red rejected and errors.
"""

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from console.log_phrases import phrase_of
from console.terminal import (
    BLUE,
    BOLD,
    CYAN,
    DIM,
    GREEN,
    MAGENTA,
    RED,
    RESET,
    YELLOW,
    escaped,
)
from domain.errors import TrimtabError
from domain.identifiers import short_id
from gateway.decode import Direction, describe, headline
from gateway.dictionary import load, standard_path

_SUBJECT_WIDTH = 13
_EVENT_WIDTH = 20
_LONGEST_VALUE = 240
_LONGEST_LIST = 3
_SHOWN_ELSEWHERE = frozenset(
    {
        "ts",
        "level",
        "event",
        "component",
        "trace_id",
        "run",
        "order",
        "message",
        "exception",
    }
)
_IN_HEADLINE = frozenset({"raw", "session", "msg_type", "seq", "symbol"})
_DIRECTIONS: dict[str, Direction] = {"fix.in": "in", "fix.out": "out"}
_RUN_ID = re.compile(r"[0-9a-f]{32}")
_HASH = re.compile(r"[0-9a-f]{64}")
_SHORT_HASH = 12  # As the commands show them.
_LETTERS = {"debug": "D", "info": "I", "warning": "W", "error": "E", "critical": "C"}

_LEVEL_COLOURS = {"W": YELLOW, "E": RED, "C": BOLD + RED, "D": DIM}
_WORDS = re.compile(
    r"(?P<yellow>\b[Pp]artially[ _]filled\b|\bpending[ _]\w+\b)|(?P<blue>\b(?:BUY|buy)\b)"
    r"|(?P<magenta>\b(?:SELL|sell)\b)|(?P<red>\b(?:[Rr]eject(?:ed)?|REJECTED|OrderCancelReject)\b)"
    r"|(?P<green>\bfilled\b(?! [\d,.]+/))|(?P<cyan>[▶◀])"
)
_WORD_COLOURS = {
    "yellow": YELLOW,
    "blue": BLUE,
    "magenta": MAGENTA,
    "red": RED,
    "green": GREEN,
    "cyan": CYAN,
}


class LineRenderer:
    """Turns the fields of a log line into its readable form."""

    def __init__(self, *, colour: bool) -> None:
        self._colour = colour

    def render(self, fields: Mapping[str, Any]) -> str:
        """One line, and below it the traceback when there is one."""
        letter = _LETTERS.get(str(fields.get("level")), "?")
        event = escaped(str(fields.get("event", "")))
        head = (
            f"{_time(str(fields.get('ts', '')))} "
            f"{self._paint(letter, _LEVEL_COLOURS.get(letter, ''))} "
            f"{self._paint(subject(fields).ljust(_SUBJECT_WIDTH), DIM)} "
            f"{self._paint(event.ljust(_EVENT_WIDTH), _LEVEL_COLOURS.get(letter, ''))}"
        )
        line = f"{head} {self._coloured_words(_said(fields))}".rstrip()
        if trace := fields.get("exception"):
            below = "\n".join("    " + escaped(part) for part in str(trace).splitlines())
            line += "\n" + self._paint(below, DIM)
        return line

    def _paint(self, text: str, colour: str) -> str:
        return f"{colour}{text}{RESET}" if self._colour and colour else text

    def _coloured_words(self, text: str) -> str:
        if not self._colour:
            return text
        return _WORDS.sub(lambda m: f"{_WORD_COLOURS[m.lastgroup or 'cyan']}{m[0]}{RESET}", text)


def subject(fields: Mapping[str, Any]) -> str:
    """What the line is about: the order, or the short form of its run's id as in ClOrdIDs."""
    if order := fields.get("order"):
        return escaped(str(order))
    run = str(fields.get("run") or "")
    return short_id(UUID(run)) if _RUN_ID.fullmatch(run) else escaped(run)


def fields_of(line: Mapping[str, Any]) -> list[str]:
    """The fields of a message on the wire, one a line, with their names; else nothing."""
    if line.get("event") not in _DIRECTIONS or not line.get("raw"):
        return []
    raw = str(line["raw"]).replace("|", "\x01")
    return [
        f"{field.tag:>5} {field.name or '?':<20} {field.value}"
        + (f" ({field.meaning})" if field.meaning else "")
        for field in describe(raw, load(standard_path()))
    ]


def _said(fields: Mapping[str, Any]) -> str:
    """What it says in words first; then the other fields as name=value."""
    spoken, included = _spoken(fields)
    hidden = _SHOWN_ELSEWHERE | included
    parts = [escaped(spoken)] if spoken else []
    parts += [f"{escaped(k)}={_value(v)}" for k, v in fields.items() if k not in hidden]
    return " ".join(parts)


def _spoken(fields: Mapping[str, Any]) -> tuple[str, frozenset[str]]:
    """The words of a line, and the fields that need not be shown again."""
    if decoded := _decoded(fields):
        return decoded, _IN_HEADLINE
    if fields.get("event") == "fix.event":
        session = str(fields.get("session", "")).partition(":")[2]
        return f"{session} {fields.get('text', '')}".strip(), frozenset({"session", "text"})
    if phrase := phrase_of(fields):
        return phrase
    return str(fields.get("message") or ""), frozenset()


def _decoded(fields: Mapping[str, Any]) -> str:
    """The operator's one line of a message on the wire; empty for every other event."""
    direction = _DIRECTIONS.get(str(fields.get("event")))
    if direction is None or not fields.get("raw"):
        return ""
    try:
        return headline(str(fields["raw"]), direction)
    except TrimtabError:  # Without a data dictionary the raw text is shown.
        return ""


def _value(value: Any) -> str:
    """A value on the screen; the file has what is cut off here."""
    if isinstance(value, list):
        more = f" and {len(value) - _LONGEST_LIST} more" if len(value) > _LONGEST_LIST else ""
        value = f"{', '.join(map(str, value[:_LONGEST_LIST]))}{more}"
    text = escaped(str(value).replace("\x01", "|"))
    if _HASH.fullmatch(text):
        return text[:_SHORT_HASH]
    left_out = len(text) - _LONGEST_VALUE
    return text if left_out <= 0 else f"{text[:_LONGEST_VALUE]}… (+{left_out})"


def _time(instant: str) -> str:
    """The time of day of an RFC 3339 instant, to the microsecond."""
    time = instant.partition("T")[2].rstrip("Z") or instant
    return escaped(time)[:15].ljust(15)
