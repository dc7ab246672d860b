"""A venue's back office: it makes the drop copies, and at times gets them wrong.

What it got wrong is known here: each must be told to people, and none may reach the books.
"""

from decimal import Decimal
from random import Random

from simulator.running.copies import DropCopies
from simulator.values.messages import Message, Report

_WITH_SHARES = ("F", "G")
_CENT = Decimal("0.01")


class BackOffice:
    """The copying session of one venue."""

    def __init__(self, copies: str, client: str, random: Random) -> None:
        self._copies = DropCopies({copies: (client,)})
        self._random = random
        self._last: Report | None = None  # The last trade that was copied.
        self.slips = 0.0  # How likely a copy differs from its original.
        self.wrong: set[str] = set()  # ExecIDs whose copies differ.
        self.invented: set[str] = set()  # ExecIDs that no report to us ever had.

    def copies_of(self, message: Message) -> list[Message]:
        """As they go out."""
        return [self._slipped(copy) for copy in self._copies.of(message)]

    def invent(self) -> Report | None:
        """The copy of an execution that never was, like the last one that was; None before that."""
        if self._last is None:
            return None
        name = f"Z{len(self.invented) + 1}"
        self.invented.add(name)
        return self._last._replace(exec_id=name, exec_type="F", exec_ref_id="")

    def _slipped(self, copy: Message) -> Message:
        if not (isinstance(copy, Report) and copy.exec_type in _WITH_SHARES and copy.last_qty):
            return copy
        self._last = copy
        if not self.slips or self._random.random() >= self.slips:
            return copy
        self.wrong.add(copy.exec_id)
        if self._random.random() < 0.5:
            return copy._replace(last_qty=copy.last_qty + self._random.choice((1, 100)))
        return copy._replace(last_px=str(Decimal(copy.last_px) + _CENT))
