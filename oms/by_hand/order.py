"""The order as a person says it.

What is not said of its terms is the desk's usual; an order of which nothing is said goes the way
that the routing rules choose, like any other.
"""

from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal

from domain.exact import ZERO, plain
from domain.orders import Allocation, OrdType, Peg, Side, TimeInForce
from domain.runs import Urgency
from oms.route_terms import AlgoTerms, Choice


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOrder:
    """One order for one account, or a block for several."""

    symbol: str
    side: Side
    allocations: tuple[Allocation, ...]
    at_market: bool = False
    limit: Decimal | None = None  # Dollars a share, as `stop`.
    stop: Decimal | None = None
    peg: Peg | None = None
    time_in_force: TimeInForce | None = None
    expires: date | None = None  # Its last day,
    until: time | None = None  # and when it ends on it, in the local time of routing.
    venue: str | None = None
    algo: AlgoTerms | None = None
    urgency: Urgency = Urgency.NORMAL
    lots: tuple[str, ...] = ()  # To sell, in this order, where mandates relieve lots by name.

    @property
    def quantity(self) -> Decimal:
        """Shares of all accounts together."""
        return sum((part.quantity for part in self.allocations), ZERO)

    @property
    def has_terms(self) -> bool:
        """Whether the person says how it goes; if not, the routing rules do."""
        said = (self.limit, self.stop, self.peg, self.time_in_force, self.expires)
        return self.at_market or any(one is not None for one in (*said, self.venue, self.algo))

    @property
    def ord_type(self) -> OrdType:
        """As the prices that are given make it; without any it is a limit order of the desk's."""
        if self.peg is not None:
            return OrdType.PEGGED
        if self.stop is not None:
            return OrdType.STOP if self.limit is None else OrdType.STOP_LIMIT
        return OrdType.MARKET if self.at_market else OrdType.LIMIT

    @property
    def duration(self) -> TimeInForce:
        """Good till the date that is given, or as said, or for the day."""
        if self.time_in_force is not None:
            return self.time_in_force
        return TimeInForce.DAY if self.expires is None else TimeInForce.GTD

    def choice(self, collar: Decimal, trade_date: date) -> Choice:
        """Its terms as routing knows them. The prices that were given are put in afterwards.

        `collar` is the fraction that a limit of the desk's may be away from the reference price.
        """
        return Choice(
            venue=self.venue,
            ord_type=self.ord_type,
            collar=collar,
            stop=None if self.stop is None else ZERO,
            peg=None if self.peg is None else self.peg.to,
            peg_offset=ZERO if self.peg is None else self.peg.offset,
            time_in_force=self.duration,
            days=None if self.expires is None else (self.expires - trade_date).days,
            until=self.until,
            algo=self.algo,
        )

    def in_words(self) -> str:
        """What is wanted and for whom: "buy 1000 AAPL, 600 for H001-1, 400 for H001-2"."""
        parts = [f"{plain(part.quantity)} for {part.account_id}" for part in self.allocations]
        verb = "buy" if self.side is Side.BUY else "sell"
        whom = f", {', '.join(parts)}"
        if len(parts) == 1:
            whom = f" for {self.allocations[0].account_id}"
        lots = f", of lot {', then '.join(self.lots)}" if self.lots else ""
        return f"{verb} {plain(self.quantity)} {self.symbol}{whom}{lots}"
