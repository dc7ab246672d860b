"""Budget: whether a meter is used up.

The twin meter: the same side, name, quantity, price and accounts twice within
a window is one decision sent twice until a person says otherwise.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from domain.compliance import Verdict
from domain.exact import ZERO
from domain.orders import OrderIntent, OrdStatus, Side
from oms.compliance.book import OrderDesk
from oms.compliance.rules import Answer, OrderQuestion
from oms.wording import shares

NEVER_TRADED = (OrdStatus.UNSENT, OrdStatus.REJECTED)


class Meter(StrEnum):
    """What is counted."""

    TWIN_IN_WINDOW = "twin_in_window"


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """The meter's count within the window <= 0."""

    meter: Meter
    window_seconds: int

    def problem(self) -> tuple[str, str] | None:
        if not 1 <= self.window_seconds <= 86_400:
            return "window_seconds", "seconds from 1 to 86400"
        return None

    def about_order(self, question: OrderQuestion) -> Answer | None:
        desk, intent = question.desk, question.intent
        side = "buy" if intent.side is Side.BUY else "sell"
        words = f"{side} {shares(intent.quantity)} {intent.symbol}"
        twins = tuple(self._twins(desk, intent))
        if not twins:
            return Answer(
                verdict=Verdict.PASS,
                sentence=f"no other {words} for the same accounts in {self.window_seconds} s",
                security_ids=(intent.security_id,),
                value=ZERO,
                limit=ZERO,
                headroom=ZERO,
            )
        ids = ", ".join(twin.cl_ord_id for twin in twins)
        return Answer(
            verdict=Verdict.BREACH,
            sentence=f"{words} for the same accounts was decided within {self.window_seconds} s "
            f"as {ids}",
            security_ids=(intent.security_id,),
            value=Decimal(len(twins)),
            limit=ZERO,
            headroom=Decimal(-len(twins)),
            largest_quantity=ZERO,
        )

    def _twins(self, desk: OrderDesk, intent: OrderIntent) -> Iterator[OrderIntent]:
        """Earlier orders that may have traded, and those before it in its own batch."""
        earlier = (o.intent for o in desk.earlier if o.status not in NEVER_TRADED)
        before = desk.batch[: desk.batch.index(intent)]
        window = timedelta(seconds=self.window_seconds)
        for other in (*earlier, *before):
            is_near = abs(intent.decided_at - other.decided_at) <= window
            if other.cl_ord_id != intent.cl_ord_id and is_near and _same(other, intent):
                yield other


def _same(one: OrderIntent, other: OrderIntent) -> bool:
    def key(intent: OrderIntent) -> tuple[object, ...]:
        accounts = sorted(a.account_id for a in intent.allocations)
        return (intent.side, intent.security_id, intent.quantity, intent.limit_price, accounts)

    return key(one) == key(other)
