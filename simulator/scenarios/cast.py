"""Who the letters of a script stand for in one play, and what every message of a moment carries."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from simulator.scenarios.line import Line
from simulator.values.requests import Request


class ContradictionError(Exception):
    """A step states what does not follow from the steps before it."""

    def __init__(self, field: str, stated: object, follows: object) -> None:
        super().__init__(f"{field} is {stated}, but {follows} follows from the steps before")
        self.field = field


class Now(NamedTuple):
    """Of the moment: what every message carries, and the next free execution."""

    exec_id: str
    trade_date: str
    transact_time: str
    market: Decimal  # The price of an execution where neither script nor order has one.


@dataclass(slots=True)
class Cast:
    """Who the letters of a script stand for in one play."""

    client: str
    symbol: str
    side: str
    scale: Fraction  # Quantities of the play per quantity of the script.
    ids: dict[str, str]
    lines: dict[str, Line]  # By the letter of any ClOrdID that the order had.
    executions: dict[str, str]
    asked: dict[str, Request]  # Requests by the letter of their ClOrdID.
    status_of: str = ""  # The ClOrdID that the last status request named.

    def quantity(self, figure: int) -> int:
        """A quantity of the script in this play."""
        return int(figure * self.scale)

    def line(self, letter: str) -> Line | None:
        """The order that a letter belongs to; the only one where none is named."""
        if letter:
            return self.lines.get(letter)
        return next(iter(self.lines.values()), None)
