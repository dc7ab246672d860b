"""Faults: what goes wrong at a venue on purpose. Values, read from a TOML file of [[fault]] tables.

    [[fault]]
    do = "lose"            # One of Do.
    report = "new"         # Only such reports (an ExecType's name, or cancel_rejected).
    order = 3              # Only of the third order that the other conditions let through.
    chance = 0.5           # By the venue's seed. Default 1.
    times = 1              # How often at most; 0 is without end. Default 1, without end by chance.

Conditions are ands: venue, client, symbol, report, order, at (a time of day), chance.
"""

import tomllib
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from simulator.running.tables import ConfigError, Table, table_lines
from simulator.values.words import ExecType

CANCEL_REJECTED = "cancel_rejected"
_REPORTS = (*(kind.name.lower() for kind in ExecType), CANCEL_REJECTED)
_LONGEST = "86400"


class Do(Enum):
    """What is done. First messages, then orders and trades, then sessions and the program."""

    DELAY = "delay"  # A message leaves `seconds` later, up to `jitter` more; order is kept.
    OVERTAKE = "overtake"  # The same, and later messages pass it.
    LOSE = "lose"  # It is never said.
    DUPLICATE = "duplicate"  # It is said twice, as a new message with the same ExecID.
    REJECT = "reject"  # A new order is rejected without a look at it.
    LATE_FILL = "late_fill"  # A limit order that was cancelled trades all the same, later.
    BUST = "bust"  # An execution is cancelled `seconds` later.
    CORRECT = "correct"  # An execution's price is corrected by `amount`, `seconds` later.
    DISCONNECT = "disconnect"  # The connection is cut.
    GAP = "gap"  # A message uses up its number and does not leave; a resend brings it.
    POSSIBLE_DUPLICATE = "possible_duplicate"  # The last report again, same number, PossDup=Y.
    CHECKSUM = "checksum"  # The next message leaves with a wrong checksum.
    RESET_SEQUENCE = "reset_sequence"  # SequenceReset-Reset: the numbers go back to 1.
    REFUSE_RESEND = "refuse_resend"  # ResendRequests stay unanswered for `seconds`.
    SLOW = "slow"  # The venue does not read for `seconds`.
    SILENT = "silent"  # Nothing leaves, no heartbeat either, for `seconds`.
    CRASH = "crash"  # The process ends as if the power had gone, at `point`.


MESSAGE_FAULTS = frozenset({Do.DELAY, Do.OVERTAKE, Do.LOSE, Do.DUPLICATE})
TRADE_FAULTS = frozenset({Do.BUST, Do.CORRECT, Do.LATE_FILL})
SESSION_FAULTS = frozenset(Do) - MESSAGE_FAULTS - TRADE_FAULTS - {Do.REJECT}

LASTING_FAULTS = frozenset({Do.DELAY, Do.OVERTAKE, Do.REFUSE_RESEND, Do.SLOW, Do.SILENT})


class Point(Enum):
    """Where a crash cuts a turn: what it came to is lost, not sent, or sent."""

    BEFORE_JOURNAL = "before_journal"
    AFTER_JOURNAL = "after_journal"
    AFTER_SENDING = "after_sending"


class Act(NamedTuple):
    """Something that the session layer or the program is to do now."""

    venue: str
    client: str  # Empty: every session of the venue.
    do: Do
    seconds: float = 0.0
    point: Point = Point.AFTER_JOURNAL
    name: str = ""  # Tells this act from every other of the same faults file.


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One table of the file."""

    number: int  # From 1, in the file.
    do: Do
    venue: str = ""
    client: str = ""
    symbol: str = ""
    report: str = ""
    order: int = 0
    at: time | None = None
    chance: float = 1.0
    times: int = 1
    seconds: float = 0.0
    jitter: float = 0.0
    amount: Decimal = Decimal("0.01")  # Dollars.
    point: Point = Point.AFTER_JOURNAL


def read_faults(path: Path) -> tuple[Fault, ...]:
    """Raises ConfigError, naming file, line, key and remedy."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: the faults cannot be read as UTF-8 text: {error}") from error
    try:
        document = tomllib.loads(text, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, RecursionError, ArithmeticError, ValueError) as error:
        raise ConfigError(f"{path}: is not TOML: {error}") from error
    lines = text.splitlines()
    starts = table_lines(lines)
    top = Table(path, lines, "the top", 0, document)
    tables = top.tables("fault")
    top.refuse_leftovers()
    return tuple(
        _fault(
            Table(path, lines, f"[[fault]] {number}", starts("fault", number - 1), values), number
        )
        for number, values in enumerate(tables, 1)
    )


def _fault(table: Table, number: int) -> Fault:
    do = table.choice("do", Do)
    chance = table.number("chance", Decimal(1), Decimal(0), Decimal(1))
    fault = Fault(
        number=number,
        do=do,
        venue=table.text("venue", ""),
        client=table.text("client", ""),
        symbol=table.text("symbol", ""),
        report=table.one_of("report", "", _REPORTS),
        order=table.whole("order", 0, 0, 10**9),
        at=table.time_of_day("at"),
        chance=float(chance),
        times=table.whole("times", 1 if chance == 1 else 0, 0, 10**9),
        seconds=float(table.number("seconds", Decimal(0), Decimal(0), Decimal(_LONGEST))),
        jitter=float(table.number("jitter", Decimal(0), Decimal(0), Decimal(_LONGEST))),
        amount=table.number("amount", Decimal("0.01"), Decimal(-1000), Decimal(1000)),
        point=table.choice("point", Point, Point.AFTER_JOURNAL),
    )
    _refuse_nonsense(table, fault)
    table.refuse_leftovers()
    return fault


def _refuse_nonsense(table: Table, fault: Fault) -> None:
    if fault.at is not None and fault.do not in SESSION_FAULTS:
        table.refuse("at", fault.at, f"no time: {fault.do.value} happens to messages as they come")
    if fault.report and (fault.do is Do.REJECT or fault.do in TRADE_FAULTS):
        table.refuse("report", fault.report, f"nothing: {fault.do.value} knows what it waits for")
    if fault.do in LASTING_FAULTS and fault.seconds + fault.jitter == 0:
        table.refuse("seconds", 0, "how long: more than 0")
