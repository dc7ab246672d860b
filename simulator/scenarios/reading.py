"""Scripts from TOML. What cannot be played is refused by file, line, field and remedy."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path

from simulator.scenarios.script import ClientStep, Event, Script, Stated, Step, VenueStep
from simulator.scenarios.words import (
    MSG_TYPES,
    ORD_STATUSES,
    ORD_TYPES,
    TIMES_IN_FORCE,
    VENUE_SAYS,
)

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9.]{0,23}(/[A-Za-z0-9.]{1,12})?")
_VARIANT = re.compile(r"[a-z][a-z0-9-]{0,23}")
_TOP = ("id", "names", "title", "fix", "time_in_force", "notes", "steps", "variants")
_KINDS = ("client", "venue", "happens")
_EVERY = ("t", "day")
_WHOLE = ("OrderQty", "CumQty", "LeavesQty", "LastQty", "CashOrderQty", "split")
_REASONS = ("OrdRejReason", "CxlRejReason", "ExecRestatementReason")
_PRICES = ("LastPx", "AvgPx", "Price")
_IDS = ("ClOrdID", "OrigClOrdID")
_CLIENT = ("client", *_IDS, "OrderQty", "CashOrderQty", "TimeInForce", "ExecInst", "OrdType")
_CLIENT_FIELDS = (*_EVERY, *_CLIENT, "PossResend")
_EXECUTIONS = ("ExecID", "ExecRefID")
_VENUE_WORDS = ("venue", "crosses", "odd", "after", "split", "OrdStatus")
_VENUE_FIELDS = (
    *_EVERY,
    *_VENUE_WORDS,
    *_IDS,
    *_EXECUTIONS,
    *_WHOLE[:4],
    *_PRICES[:2],
    *_REASONS,
    "Text",
    "WorkingIndicator",
)
_CODES: Mapping[str, Mapping[str, object]] = {
    "OrdStatus": ORD_STATUSES,
    "TimeInForce": TIMES_IN_FORCE,
    "OrdType": ORD_TYPES,
}
_FLAGS = ("crosses", "odd", "PossResend", "WorkingIndicator")


class ScriptError(Exception):
    """A script that cannot be played: file, line, field and remedy."""


def read_script(path: Path) -> list[Script]:
    """The scenario of a file and its variants. Raises ScriptError."""
    try:
        text = path.read_text(encoding="utf-8")
        document = tomllib.loads(text, parse_float=Decimal)
    except (OSError, UnicodeDecodeError) as error:
        raise ScriptError(f"{path}: cannot be read as UTF-8 text: {error}") from error
    except (tomllib.TOMLDecodeError, RecursionError, ArithmeticError, ValueError) as error:
        raise ScriptError(f"{path}: is not TOML: {error}") from error
    return _Reader(path, text.splitlines()).scripts(document)


class _Reader:
    """One file; every refusal names it and the line."""

    def __init__(self, path: Path, lines: list[str]) -> None:
        self._path, self._lines = path, lines

    def scripts(self, document: dict[str, object]) -> list[Script]:
        self._only_known(document, _TOP, 1, "a script")
        ident = self._text(document, "id", 1)
        if not _ID.fullmatch(ident):
            raise self._wrong(
                self._line_of("id"), "id", ident, 'letters, digits and dots, as in "D.1.a"'
            )
        tif = self._text(document, "time_in_force", 1, default="Day")
        self._one_of(tif, TIMES_IN_FORCE, self._line_of("time_in_force"), "time_in_force")
        main = Script(
            file=str(self._path),
            id=ident,
            names=self._texts(document, "names"),
            title=self._text(document, "title", 1),
            fix=self._text(document, "fix", 1, default=""),
            time_in_force=tif,
            steps=self._steps(document, 0),
            notes=self._texts(document, "notes"),
        )
        variants = document.get("variants", {})
        if not isinstance(variants, dict):
            raise self._wrong(
                self._line_of("variants"), "variants", variants, "tables [variants.NAME]"
            )
        return [main, *(self._variant(main, name, table) for name, table in variants.items())]

    def _variant(self, main: Script, name: str, table: object) -> Script:
        line = self._section(name)
        if not isinstance(table, dict) or not _VARIANT.fullmatch(name):
            raise self._wrong(line, f"variants.{name}", table, "a table, its name in small letters")
        self._only_known(table, ("title", "steps"), line, f"variant {name}")
        steps = self._steps(table, line)
        first = steps[0]
        kept = [s for s in main.steps if (s.day, s.t) < (first.day, first.t)]
        return main._replace(
            id=f"{main.id}/{name}",
            names=tuple(f"{other}/{name}" for other in main.names),
            title=f"{main.title}: {self._text(table, 'title', line)}",
            steps=(*kept, *steps),
            variant_of=main.id,
        )

    def _steps(self, table: dict[str, object], start: int) -> tuple[Step, ...]:
        rows = table.get("steps")
        if not isinstance(rows, list) or not rows:
            raise self._wrong(start or 1, "steps", rows, "a list of steps, one in braces a line")
        steps: list[Step] = []
        before: Step | None = None
        for number, row in enumerate(rows):
            line = self._step_line(start, number)
            if not isinstance(row, dict):
                raise self._wrong(line, "steps", row, 'a table such as {t = 2, venue = "New"}')
            before = self._step(row, line, before)
            steps.append(before)
        return tuple(steps)

    def _step(self, row: dict[str, object], line: int, before: Step | None) -> Step:
        kinds = [kind for kind in _KINDS if kind in row]
        if len(kinds) != 1:
            near = [_nearest(name, _KINDS) for name in row if name not in _CLIENT_FIELDS]
            remedy = f"exactly one of {', '.join(_KINDS)}{max(near, default='')}"
            raise self._wrong(line, "step", ", ".join(row), remedy)
        t, day = self._whole(row, "t", line), self._whole(row, "day", line, default=1)
        if before is not None and (day, t) < (before.day, before.t):
            raise self._wrong(
                line, "t", t, f"steps in the order of time; the one before has {before.t}"
            )
        if kinds == ["client"]:
            return self._client_step(row, line, day, t, before)
        if kinds == ["venue"]:
            return self._venue_step(row, line, day, t, before)
        self._only_known(row, (*_EVERY, "happens"), line, "what happens")
        return Event(line, day, t, self._text(row, "happens", line))

    def _client_step(
        self, row: dict[str, object], line: int, day: int, t: int, before: Step | None
    ) -> ClientStep:
        self._only_known(row, _CLIENT_FIELDS, line, "what the client sends")
        message = self._text(row, "client", line)
        self._one_of(message, MSG_TYPES, line, "client")
        self._text(row, "ClOrdID", line)
        stated = {
            name: self._stated(name, value, line)
            for name, value in row.items()
            if name not in {*_EVERY, "client"}
        }
        return ClientStep(line, day, t, message, stated, at_once=isinstance(before, ClientStep))

    def _venue_step(
        self, row: dict[str, object], line: int, day: int, t: int, before: Step | None
    ) -> VenueStep:
        self._only_known(row, _VENUE_FIELDS, line, "what the venue says")
        says = self._text(row, "venue", line)
        self._one_of(says, VENUE_SAYS, line, "venue")
        if says in {"Trade", "Stopped"} and "LastQty" not in row:
            raise self._wrong(line, "LastQty", None, f"the shares of this {says}")
        if says in {"TradeCancel", "TradeCorrect"} and "ExecRefID" not in row:
            raise self._wrong(
                line, "ExecRefID", None, "the ExecID of the execution that is changed"
            )
        crosses = bool(self._stated("crosses", row.get("crosses", False), line))
        meets = isinstance(before, ClientStep) or (isinstance(before, VenueStep) and before.crosses)
        if crosses and not meets:
            raise self._wrong(
                line, "crosses", crosses, "it directly after the message that it crosses"
            )
        return VenueStep(
            line=line,
            day=day,
            t=t,
            says=says,
            stated={
                name: self._stated(name, value, line)
                for name, value in row.items()
                if name not in {*_EVERY, "venue", "crosses", "odd", "after"}
            },
            crosses=crosses,
            odd=bool(self._stated("odd", row.get("odd", False), line)),
            after=self._number(row.get("after", 1), "after", line),
        )

    def _stated(self, name: str, value: object, line: int) -> Stated:
        if name in _CODES:
            return self._codes(name, value, line)
        if name in _FLAGS:
            if isinstance(value, bool):
                return value
            raise self._wrong(line, name, value, "true or false")
        if name in (*_WHOLE, *_REASONS):
            return self._whole({name: value}, name, line)
        if name in _PRICES:
            return self._number(value, name, line)
        if isinstance(value, str) and value:
            return value
        raise self._wrong(line, name, value, "a text in quotes")

    def _codes(self, name: str, value: object, line: int) -> Stated:
        listed = value if isinstance(value, list) else [value]
        for one in listed:
            self._one_of(one, _CODES[name], line, name)
        return str(value) if isinstance(value, str) else tuple(str(one) for one in listed)

    def _whole(
        self, row: dict[str, object], name: str, line: int, default: int | None = None
    ) -> int:
        value = row.get(name, default)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9:
            return value
        raise self._wrong(line, name, value, "a whole number from 0")

    def _number(self, value: object, name: str, line: int) -> Decimal:
        if isinstance(value, int | Decimal) and not isinstance(value, bool) and 0 <= value < 10**9:
            return Decimal(value)
        raise self._wrong(line, name, value, "a number from 0")

    def _text(
        self, table: dict[str, object], name: str, line: int, default: str | None = None
    ) -> str:
        value = table.get(name, default)
        if isinstance(value, str) and (value or default == ""):
            return value
        raise self._wrong(line if name not in _TOP else self._line_of(name), name, value, "a text")

    def _texts(self, table: dict[str, object], name: str) -> tuple[str, ...]:
        value = table.get(name, [])
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            return tuple(value)
        raise self._wrong(self._line_of(name), name, value, "a list of texts in quotes")

    def _one_of(self, value: object, known: Iterable[str], line: int, name: str) -> None:
        names = sorted(known)
        if value not in names:
            listed = f"one of {', '.join(names)}{_nearest(value, names)}"
            raise self._wrong(line, name, value, listed)

    def _only_known(
        self, table: dict[str, object], known: tuple[str, ...], line: int, what: str
    ) -> None:
        for name in table:
            if name not in known:
                at = line if "t" in table else self._line_of(name)
                remedy = f"{what} has no such field{_nearest(name, known)}"
                raise ScriptError(f"{self._path}:{at}: {name}: {remedy}")

    def _wrong(self, line: int, field: str, value: object, remedy: str) -> ScriptError:
        """What stands there, and what should."""
        said = "missing" if value is None else repr(value)
        return ScriptError(f"{self._path}:{line}: {field} is {said}; write {remedy}")

    def _line_of(self, key: str) -> int:
        pattern = re.compile(rf"\s*\[*{re.escape(key)}\b")
        found = (n for n, line in enumerate(self._lines, 1) if pattern.match(line))
        return next(found, 1)

    def _section(self, name: str) -> int:
        found = (
            n for n, line in enumerate(self._lines, 1) if line.startswith(f"[variants.{name}]")
        )
        return next(found, 1)

    def _step_line(self, start: int, number: int) -> int:
        """The line of a step: its `[[steps]]` header, or its brace."""
        seen = -1
        for n, line in enumerate(self._lines, 1):
            bare = re.sub(r'"[^"]*"|#.*', "", line)
            if n > start:
                seen += bare.count("{") + bare.strip().endswith("steps]]")
            if seen >= number:
                return n
        return start or 1


def _nearest(value: object, known: Iterable[str]) -> str:
    close = get_close_matches(str(value), list(known), 1, 0.5)
    return f"; did you mean {close[0]}?" if close else ""
