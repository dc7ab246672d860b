"""A scenario as a value: what the client must send and what the venue says, in order."""

from collections.abc import Mapping
from decimal import Decimal
from functools import reduce
from math import gcd
from typing import NamedTuple

QUANTITIES = ("OrderQty", "CumQty", "LeavesQty", "LastQty")  # Figures that grow with the order.

Stated = str | int | bool | Decimal | tuple[str, ...]


class ClientStep(NamedTuple):
    """The client must send this. ClOrdIDs are letters that stand for the client's own."""

    line: int
    day: int
    t: int
    message: str
    stated: Mapping[str, Stated]
    at_once: bool = False  # Without waiting for the answer to the message before.

    def text(self, field: str) -> str:
        """A stated text; empty when the script does not say it."""
        return str(self.stated.get(field, ""))


class VenueStep(NamedTuple):
    """The venue says this; what is not stated follows from the order."""

    line: int
    day: int
    t: int
    says: str  # An ExecType by name, or CancelReject.
    stated: Mapping[str, Stated]
    crosses: bool = False  # Is on the wire already when the client's message arrives.
    odd: bool = False  # States figures that contradict the arithmetic, as the standard does.
    after: Decimal = Decimal(1)  # In paces since the step before.

    def text(self, field: str) -> str:
        """A stated text; empty when the script does not say it."""
        return str(self.stated.get(field, ""))


class Event(NamedTuple):
    """Something that happens outside FIX."""

    line: int
    day: int
    t: int
    happens: str


Step = ClientStep | VenueStep | Event


class Script(NamedTuple):
    """One scenario, or one variant of it."""

    file: str
    id: str  # "D.1.a", "D.1.a/4.2"; with a variant "D.1.a/rejected".
    names: tuple[str, ...]  # Other names it may be asked by: "D13".
    title: str
    fix: str  # The version of the standard that it is from; empty for a user's own.
    time_in_force: str
    steps: tuple[Step, ...]
    notes: tuple[str, ...] = ()
    variant_of: str = ""

    @property
    def base(self) -> int:
        """The quantity that the figures are written for: shares, or money of a cash order."""
        for step in self.steps:
            if isinstance(step, ClientStep):
                wanted = step.stated.get("OrderQty", step.stated.get("CashOrderQty"))
                if isinstance(wanted, int):
                    return wanted
        stated = (s.stated.get("OrderQty") for s in self.steps if isinstance(s, VenueStep))
        return next((figure for figure in stated if isinstance(figure, int)), 1)

    @property
    def multiple(self) -> int:
        """An order's quantity must be a multiple of this for every figure to stay whole."""
        figures = [
            value
            for step in self.steps
            if not isinstance(step, Event)
            for name in (*QUANTITIES, "CashOrderQty")
            if isinstance(value := step.stated.get(name), int)
        ]
        return self.base // gcd(self.base, reduce(gcd, figures, 0))

    @property
    def is_in_cash(self) -> bool:
        """Whether its order is for an amount of money: figures follow from CashOrderQty (152)."""
        return any("CashOrderQty" in step.stated for step in self.sends())

    def sends(self) -> tuple[ClientStep, ...]:
        """What the client must send, in order."""
        return tuple(step for step in self.steps if isinstance(step, ClientStep))
