"""The desk: a venue's orders, the ids they answer to, and what it says about them.

A ClOrdID is used up by the order, the change or the refusal that first carries
it. An unknown order uses nothing up.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from simulator.checks import Terms
from simulator.instruments import Instrument
from simulator.orders import Order, standing
from simulator.reports import CancelRejected, Message, Moment, Report, fee_of, report_on
from simulator.requests import NewOrder
from simulator.words import ExecType, OrdRejReason, OrdStatus, OrdType, Side, TimeInForce


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueRules:
    """How one venue behaves. Every field stands in venues.toml under the same name."""

    name: str
    seed: int = 1
    fee_per_share: Decimal = Decimal(0)
    levels: int = 5
    level_share: Decimal = Decimal("0.00005")
    half_spread: int = 1
    wander: int = 2
    maximum_quantity: int = 10_000_000
    time_zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("America/New_York"))
    close_time: time | None = None
    acknowledge_changes: bool = False
    change_delay: timedelta = timedelta(0)

    def moment(self, now: datetime) -> Moment:
        """The instant with the venue's own calendar day."""
        return Moment(now=now, trade_date=now.astimezone(self.time_zone).date())


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a venue must know again after a restart, beside its orders."""

    executions: int = 0
    orders: int = 0
    entries: int = 0
    closed: date | None = None
    halted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What a restarted venue remembers."""

    orders: tuple[Order, ...] = ()
    refused: tuple[Report, ...] = ()
    standing: Standing = field(default_factory=Standing)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call came to."""

    messages: tuple[Message, ...]
    orders: tuple[Order, ...]  # Each changed order once, as it stands now.
    standing: Standing


class Desk:
    """Keeps orders and collects what is said until `outcome` takes it."""

    def __init__(self, rules: VenueRules, instruments: dict[str, Instrument], past: Past) -> None:
        self.rules = rules
        self.instruments = instruments
        self.standing = past.standing
        self._orders: dict[int, Order] = {}
        self._ids: dict[tuple[str, str], int] = {}
        self._refused = {(one.client, one.cl_ord_id): one for one in past.refused}
        self._messages: list[Message] = []
        self._changed: dict[int, Order] = {}
        for order in past.orders:
            self._index(order)

    def __iter__(self) -> Iterator[Order]:
        return iter(self._orders.values())

    def __getitem__(self, number: int) -> Order:
        return self._orders[number]

    def find(self, client: str, cl_ord_id: str) -> Order | None:
        """The order that any ClOrdID of its chain, or of its pending change, names."""
        number = self._ids.get((client, cl_ord_id))
        return None if number is None else self._orders[number]

    def refusal(self, client: str, cl_ord_id: str) -> Report | None:
        """The report that refused this ClOrdID, if one did."""
        return self._refused.get((client, cl_ord_id))

    def is_used(self, client: str, cl_ord_id: str) -> bool:
        """Whether a ClOrdID may not be used again."""
        key = (client, cl_ord_id)
        return key in self._ids or key in self._refused

    def put(self, order: Order) -> Order:
        """Keep a new or changed order."""
        self._index(order)
        self._changed[order.number] = order
        return order

    def open(self, request: NewOrder, terms: Terms, moment: Moment) -> Order:
        """Accept an order: New."""
        count = self.standing.orders + 1
        self.standing = replace(self.standing, orders=count)
        order = Order(
            order_id=f"{self.rules.name}-{count:06d}",
            number=count,
            priority=self.next_priority(),
            client=request.client,
            cl_ord_id=request.cl_ord_id,
            chain=(request.cl_ord_id,),
            symbol=request.symbol,
            security_id=self.instruments[request.symbol].security_id,
            side=Side(request.side),
            quantity=terms.quantity,
            ord_type=OrdType(request.ord_type),
            price=terms.price,
            time_in_force=TimeInForce(request.time_in_force),
            account=request.account,
            link_id=request.link_id,
            secondary_id=request.secondary_id,
            status=OrdStatus.NEW,
        )
        self.put(order)
        self.say(order, ExecType.NEW, moment)
        return order

    def next_priority(self) -> int:
        """The next place in time priority."""
        self.standing = replace(self.standing, entries=self.standing.entries + 1)
        return self.standing.entries

    def fill(self, number: int, quantity: int, ticks: int, moment: Moment) -> None:
        """Trade: the order's new state and its report. While a change is pending it shows so."""
        before = self._orders[number]
        filled = before.filled + quantity
        order = self.put(
            replace(
                before,
                filled=filled,
                gross=before.gross + quantity * ticks,
                status=standing(before.quantity, filled),
            )
        )
        instrument = self.instruments[order.symbol]
        report = report_on(
            order,
            instrument,
            moment,
            exec_id=self.next_exec_id(moment),
            exec_type=ExecType.TRADE,
        )
        self._messages.append(
            replace(
                report,
                last_qty=quantity,
                last_px=instrument.price(ticks),
                fee=fee_of(quantity, self.rules.fee_per_share),
            )
        )

    def say(
        self,
        order: Order,
        exec_type: ExecType,
        moment: Moment,
        *,
        cl_ord_id: str | None = None,
        orig_cl_ord_id: str = "",
        reason: OrdRejReason | None = None,
        text: str = "",
    ) -> None:
        """Report on an order as it stands, without a fill."""
        self._messages.append(
            report_on(
                order,
                self.instruments[order.symbol],
                moment,
                exec_id=self.next_exec_id(moment),
                exec_type=exec_type,
                cl_ord_id=cl_ord_id,
                orig_cl_ord_id=orig_cl_ord_id,
                reason=reason,
                text=text,
            )
        )

    def answer(self, message: Report | CancelRejected) -> None:
        """Say something that changes no order."""
        self._messages.append(message)

    def refuse(self, report: Report) -> None:
        """Reject a new order; its ClOrdID is used up."""
        self._refused[report.client, report.cl_ord_id] = report
        self._messages.append(report)

    def next_exec_id(self, moment: Moment) -> str:
        """An ExecID that was never used before."""
        self.standing = replace(self.standing, executions=self.standing.executions + 1)
        count = self.standing.executions
        return f"{self.rules.name}-{moment.trade_date:%Y%m%d}-{count:06d}"

    def outcome(self) -> Outcome:
        """Everything since the last call."""
        outcome = Outcome(tuple(self._messages), tuple(self._changed.values()), self.standing)
        self._messages, self._changed = [], {}
        return outcome

    def _index(self, order: Order) -> None:
        self._orders[order.number] = order
        for cl_ord_id in order.chain:
            self._ids[order.client, cl_ord_id] = order.number
        if order.pending is not None:
            self._ids[order.client, order.pending.cl_ord_id] = order.number
