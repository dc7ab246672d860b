"""Route terms: how an order is to be asked for at one venue, and its prices.

Prices are made of the reference price and the security's tick: a limit is never
further than its collar, a stop never nearer than its distance.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from zoneinfo import ZoneInfo

from domain.instruments import Security
from domain.orders import Algo, OrderIntent, OrdType, Peg, PegTo, Side, Strategy, TimeInForce

_PRICED = (OrdType.LIMIT, OrdType.STOP_LIMIT, OrdType.PEGGED)
_STOPS = (OrdType.STOP, OrdType.STOP_LIMIT)
_AUCTIONS = (TimeInForce.OPG, TimeInForce.CLS)
_IMMEDIATE = (TimeInForce.IOC, TimeInForce.FOK)
_RESTING = (TimeInForce.GTC, TimeInForce.GTD)


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingDay:
    """The hours that local times of day are read in."""

    zone: str  # IANA name, "America/New_York".
    close: time  # Until then an algorithm without an end, or an order for the close, may work.

    def at(self, day: date, when: time) -> datetime:
        """The instant of a local time of day, in UTC."""
        return datetime.combine(day, when, ZoneInfo(self.zone)).astimezone(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlgoTerms:
    """A broker's algorithm with local times of day."""

    strategy: Strategy
    start: time | None = None
    end: time | None = None
    participation: Decimal | None = None  # Fraction of the volume.


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One way to send an order: where, as what, at which price, for how long."""

    venue: str | None = None  # None: the security's own.
    ord_type: OrdType = OrdType.LIMIT
    collar: Decimal  # Fraction of the reference, or stop, price that a limit may be away from it.
    stop: Decimal | None = None  # Fraction of the reference price that a stop is away from it.
    peg: PegTo | None = None
    peg_offset: Decimal = Decimal(0)  # Dollars a share.
    time_in_force: TimeInForce = TimeInForce.DAY
    days: int | None = None  # Calendar days from the trade date to a GTD order's last day,
    until: time | None = None  # and when it ends on it.
    algo: AlgoTerms | None = None
    patience: timedelta | None = None  # After it the rest goes to the next choice.

    def problem(self) -> tuple[str, str] | None:
        """The key that does not fit the others, and what would be right; None when all do."""
        found = (self._price_problem(), self._time_problem(), self._algo_problem())
        return next((one for one in found if one is not None), None)

    @property
    def is_resting(self) -> bool:
        """Whether the order stays at work beyond its run."""
        return self.time_in_force in _RESTING

    def _price_problem(self) -> tuple[str, str] | None:
        if (self.stop is not None) != (self.ord_type in _STOPS):
            return "stop_bps", "goes with type stop or stop_limit, and these need it"
        if (self.peg is not None) != (self.ord_type is OrdType.PEGGED):
            return "peg", "goes with type pegged, which needs it"
        if self.peg is None and self.peg_offset:
            return "peg_offset", "goes with type pegged"
        return None

    def _time_problem(self) -> tuple[str, str] | None:
        if (self.days is not None) != (self.time_in_force is TimeInForce.GTD):
            return "days", "goes with time_in_force gtd, which needs it"
        if self.until is not None and self.days is None:
            return "until", "goes with days: it is a time of day of the last one"
        if self.time_in_force in _AUCTIONS and self.ord_type not in (OrdType.MARKET, OrdType.LIMIT):
            return "type", "an order for an auction is a market or a limit order"
        if self.time_in_force in _IMMEDIATE and self.ord_type in _STOPS:
            return "time_in_force", "a stop waits for its price: use day, gtc or gtd"
        if self.patience is not None and self.is_resting:
            return "patience_seconds", "an order that stays for days is not taken back after it"
        return None

    def _algo_problem(self) -> tuple[str, str] | None:
        algo = self.algo
        if algo is None:
            return None
        if self.ord_type not in (OrdType.MARKET, OrdType.LIMIT):
            return "type", "an algorithm works a market or a limit order"
        if self.time_in_force is not TimeInForce.DAY:
            return "time_in_force", "an algorithm works a day order"
        if algo.strategy is Strategy.POV and algo.participation is None:
            return "participation", "pov needs the fraction of the volume, for example 0.10"
        if algo.start is not None and algo.end is not None and algo.start >= algo.end:
            return "end", "must be later than start"
        return None


def with_terms(
    block: OrderIntent, choice: Choice, security: Security, day: TradingDay
) -> OrderIntent:
    """The block as this choice asks for it; why it does is not said here."""
    stop = None
    if choice.stop is not None:
        stop = stop_price(block.side, block.reference_price, choice.stop, security.tick)
    limit = None
    if choice.ord_type in _PRICED:
        near = block.reference_price if stop is None else stop
        limit = limit_price(block.side, near, choice.collar, security.tick)
    expires = None
    if choice.days is not None:
        expires = block.trade_date + timedelta(days=choice.days)
    ends = None
    if expires is not None and choice.until is not None:
        ends = day.at(expires, choice.until)
    peg = None
    if choice.peg is not None:
        peg = Peg(to=choice.peg, offset=choice.peg_offset)
    return replace(
        block,
        venue=choice.venue or security.venue,
        ord_type=choice.ord_type,
        limit_price=limit,
        stop_price=stop,
        time_in_force=choice.time_in_force,
        expires=expires,
        expires_at=ends,
        peg=peg,
        algo=_algo(choice.algo, block.trade_date, day),
    )


def works_until(intent: OrderIntent, day: TradingDay) -> datetime | None:
    """Until when an order may work that takes longer than a wave; None for any other."""
    if intent.algo is not None:
        return intent.algo.end or day.at(intent.trade_date, day.close)
    if intent.time_in_force in _AUCTIONS:
        return day.at(intent.trade_date, day.close)
    return None


def limit_price(side: Side, reference: Decimal, collar: Decimal, tick: Decimal) -> Decimal:
    """The worst price we take: on the tick, and never further than the collar."""
    if side is Side.BUY:
        steps = (reference * (1 + collar) / tick).to_integral_value(ROUND_FLOOR)
    else:
        steps = (reference * (1 - collar) / tick).to_integral_value(ROUND_CEILING)
    return steps * tick


def stop_price(side: Side, reference: Decimal, distance: Decimal, tick: Decimal) -> Decimal:
    """Where a stop wakes: above the reference for a buy, below it for a sale, on the tick."""
    if side is Side.BUY:
        steps = (reference * (1 + distance) / tick).to_integral_value(ROUND_CEILING)
    else:
        steps = (reference * (1 - distance) / tick).to_integral_value(ROUND_FLOOR)
    return steps * tick


def _algo(terms: AlgoTerms | None, trade_date: date, day: TradingDay) -> Algo | None:
    if terms is None:
        return None
    return Algo(
        strategy=terms.strategy,
        start=None if terms.start is None else day.at(trade_date, terms.start),
        end=None if terms.end is None else day.at(trade_date, terms.end),
        participation=terms.participation,
    )
