"""Implementation shortfall: what an order cost against the decision, and where it went.

Perold (1988), "The Implementation Shortfall: Paper versus Reality", with the delay between
decision and arrival told apart from trading, as Wagner and Edwards (1993) do. Per
order, in dollars, a cost is positive; with s = 1 for a purchase and -1 for a sale:

    delay        s x filled x (arrival - decision)
    impact       s x sum of quantity x (price - arrival) over the fills
    opportunity  s x (meant - filled) x (last - decision)
    cost         commissions and fees
    total        their sum: paper's result at the decision price, less the real one
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from domain.exact import ZERO
from domain.orders import ExecutionReport, Order, OrderEvent, Sent, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """An instant, and the price of a share that was known then."""

    at: datetime
    price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class FillFact:
    """One fill that stands."""

    at: datetime
    quantity: Decimal
    price: Decimal
    commission: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class TcaFacts:
    """What was known of one order, and when."""

    side: Side
    meant: Decimal  # Shares; what another order took over is not this one's.
    decision: Moment
    arrival: Moment  # When the desk committed it.
    first_routed: datetime | None  # When it was handed to the engine; None: it never was.
    fills: tuple[FillFact, ...]

    @property
    def filled(self) -> Decimal:
        """Shares that traded."""
        return sum((fill.quantity for fill in self.fills), ZERO)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortfall:
    """Dollars; positive is a cost. `total` is exactly the sum of the other four."""

    delay: Decimal
    impact: Decimal
    opportunity: Decimal
    cost: Decimal

    @property
    def total(self) -> Decimal:
        """The implementation shortfall."""
        return self.delay + self.impact + self.opportunity + self.cost


def facts_of(order: Order, events: Iterable[OrderEvent], carried: Decimal = ZERO) -> TcaFacts:
    """The facts of an order from what is stored of it; `carried` shares went on elsewhere.

    An order from before arrivals were kept arrived when it was decided, at its price.
    """
    intent, times = order.intent, {}
    first_routed: datetime | None = None
    for event in events:
        if isinstance(event, ExecutionReport):
            times[event.exec_id, event.trade_date] = event.transact_time
        elif isinstance(event, Sent) and first_routed is None:
            first_routed = event.sent_at
    arrived_at, arrival_price = intent.arrived_at, intent.arrival_price
    return TcaFacts(
        side=intent.side,
        meant=max(order.cum_qty, intent.quantity - carried),
        decision=Moment(at=intent.decided_at, price=intent.reference_price),
        arrival=Moment(
            at=intent.decided_at if arrived_at is None else arrived_at,
            price=intent.reference_price if arrival_price is None else arrival_price,
        ),
        first_routed=first_routed,
        fills=tuple(
            FillFact(
                at=times[fill.exec_id, fill.trade_date],
                quantity=fill.quantity,
                price=fill.price,
                commission=fill.commission,
            )
            for fill in order.fills
        ),
    )


def shortfall(facts: TcaFacts, last: Decimal | None) -> Shortfall | None:
    """Where the cost came from; `last` is the price at which what did not trade is valued.

    None when something did not trade and nobody knows such a price.
    """
    filled, sign = facts.filled, 1 if facts.side is Side.BUY else -1
    left = facts.meant - filled
    if left and last is None:
        return None
    decision, arrival = facts.decision.price, facts.arrival.price
    traded = sum((fill.quantity * (fill.price - arrival) for fill in facts.fills), ZERO)
    return Shortfall(
        delay=sign * filled * (arrival - decision),
        impact=sign * traded,
        opportunity=ZERO if last is None else sign * left * (last - decision),
        cost=sum((fill.commission for fill in facts.fills), ZERO),
    )
