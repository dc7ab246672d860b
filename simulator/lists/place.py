"""What lists have to know of the floor that their orders go to."""

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from simulator.values.messages import Message
from simulator.values.requests import NewOrder


class Standing(NamedTuple):
    """How an order of a list stands, as ListStatus (N) says it."""

    status: str
    is_open: bool = False
    filled: int = 0
    leaves: int = 0
    ended: int = 0  # Shares that will not fill any more: CxlQty (84).
    average: str = "0"
    rej_reason: int | None = None
    text: str = ""


class Place(Protocol):
    """A floor. It takes an order of a list as if it had come alone."""

    @property
    def date(self) -> str:
        """TradeDate (75) now."""
        ...

    @property
    def instant(self) -> str:
        """TransactTime (60) now."""
        ...

    def answer(self, message: Message) -> None: ...
    def enter(self, order: NewOrder) -> None: ...
    def is_used(self, client: str, cl_ord_id: str) -> bool: ...
    def next_exec_id(self) -> str: ...

    def standing(self, client: str, cl_ord_id: str) -> Standing | None:
        """None: it knows no order that came by this name."""
        ...

    def cancel(self, client: str, cl_ord_ids: Iterable[str], text: str) -> None:
        """End those that are open, in this order."""
        ...
