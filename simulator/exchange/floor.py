"""The lit exchange as a floor: requests in, messages out, time as an argument.

Every call first lets happen what was due until then, each at its own time; so what the venue says
does not depend on how often it is woken.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from simulator.exchange import views
from simulator.exchange.agenda import Due
from simulator.exchange.allocations import Allocations
from simulator.exchange.bands import Bands
from simulator.exchange.changes import Changes
from simulator.exchange.checks import Checker
from simulator.exchange.corrections import Corrections
from simulator.exchange.desk import Desk
from simulator.exchange.halts import Halts
from simulator.exchange.inquiries import Inquiries
from simulator.exchange.instruments import Instrument
from simulator.exchange.intake import Intake
from simulator.exchange.listed import Listed, how
from simulator.exchange.listing import Listing
from simulator.exchange.marketdata import MarketData
from simulator.exchange.markets import Market
from simulator.exchange.masscancel import MassCancels
from simulator.exchange.operations import Operations
from simulator.exchange.orders import Order
from simulator.exchange.rules import Rules
from simulator.exchange.statuses import Statuses
from simulator.exchange.trading import Trading
from simulator.exchange.tradingday import TradingDay
from simulator.lists.book import Lists
from simulator.values.messages import Message
from simulator.values.requests import (
    Allocate,
    AllocationReportAck,
    AskListStatus,
    AskMarketData,
    AskMassStatus,
    AskSecurityList,
    AskSecurityStatus,
    AskSessionStatus,
    AskStatus,
    CancelList,
    CancelOrder,
    Connected,
    Disconnected,
    ExecuteList,
    MassCancel,
    NewList,
    NewOrder,
    ReplaceOrder,
    Request,
)


class ExchangeFloor:
    """One exchange. `markets` trade in their symbols beside the clients."""

    def __init__(
        self,
        rules: Rules,
        instruments: Mapping[str, Instrument],
        markets: Mapping[str, Market] | None = None,
    ) -> None:
        desk = self._desk = Desk(rules, dict(instruments))
        for symbol, market in (markets or {}).items():
            desk.listings[symbol].market = market
        bands = Bands(desk)
        self._data = MarketData(desk)
        self._trading = Trading(desk, bands, self._data)
        checker = self._make_checker(desk)
        self._inquiries = Inquiries(desk)
        self._intake = Intake(desk, self._trading, checker, self._inquiries)
        self._changes = Changes(desk, self._trading, checker, self._inquiries)
        self._cancels = MassCancels(desk, self._trading, self._changes)
        self._statuses = Statuses(desk)
        self._allocations = Allocations(desk)
        self._lists = Lists(Listed(desk, self._intake.take, self._cancels))
        self._day = TradingDay(desk, self._trading, self._changes, self._statuses)
        self._halts = Halts(
            desk=desk,
            trading=self._trading,
            bands=bands,
            day=self._day,
            cancels=self._cancels,
            statuses=self._statuses,
        )
        self._operations = Operations(
            desk=desk,
            trading=self._trading,
            intake=self._intake,
            changes=self._changes,
            corrections=Corrections(desk, self._trading),
            cancels=self._cancels,
            halts=self._halts,
            day=self._day,
        )
        self._answers: dict[type, Callable[[Any], None]] = {
            NewOrder: self._intake.take,
            CancelOrder: self._change,
            ReplaceOrder: self._change,
            AskStatus: self._status,
            AskMassStatus: self._inquiries.mass_status,
            MassCancel: self._cancels.ask,
            AskMarketData: self._data.ask,
            AskSecurityList: self._statuses.list_securities,
            AskSecurityStatus: self._statuses.security_status,
            AskSessionStatus: self._statuses.session_status,
            Allocate: self._allocations.take,
            AllocationReportAck: self._allocations.acknowledged,
            NewList: self._lists.take,
            ExecuteList: self._lists.execute,
            CancelList: self._lists.cancel,
            AskListStatus: self._lists.status,
            Connected: _nothing,
            Disconnected: self._disconnected,
        }
        self._of_symbols: dict[Due, Callable[[Listing], None]] = {
            Due.MARKET: self._day.market,
            Due.LIMIT_STATE: self._halts.limit_state_over,
            Due.RESUMPTION: self._halts.resumption,
            Due.WINDOW: self._halts.window_over,
        }
        self._of_orders: dict[Due, Callable[[Order], None]] = {
            Due.ORDER: self._intake.due,
            Due.CHANGE: self._changes.due,
            Due.EXPIRY: self._day.expire,
        }
        self._begun = False

    @property
    def name(self) -> str:
        """The venue's name."""
        return self._desk.rules.name

    def handle(self, request: Request, now: datetime) -> list[Message]:
        """Answer one request."""
        self._let_happen(now)
        self._answers[type(request)](request)
        return self._said()

    def wake(self, now: datetime) -> list[Message]:
        """Let happen what is due until `now`."""
        self._let_happen(now)
        return self._said()

    def oversleep(self, now: datetime) -> None:
        """The process was away until now: markets do not make up for it, everything else does."""
        self._desk.agenda.postpone(Due.MARKET, now)

    def standing(self) -> dict[str, int]:
        """Open orders, and the counters of ids, for a floor that follows this one."""
        desk = self._desk
        return {
            "open_orders": len(desk.register.open()),
            "orders": desk.register.count,
            "executions": desk.executions,
            "trades": desk.trades,
        }

    def follow(self, standing: Mapping[str, int]) -> None:
        """Use no id again that a floor before this one used."""
        self._desk.register.count = standing["orders"]
        self._desk.executions = standing["executions"]
        self._desk.trades = standing["trades"]

    def next_due(self) -> datetime | None:
        """When something will next happen by itself; None when nothing will."""
        return self._desk.agenda.next

    def operate(
        self, name: str, arguments: dict[str, object], now: datetime
    ) -> tuple[dict[str, object], list[Message]]:
        """Do what an operator asks; `operations` lists it. Raises Refused."""
        self._let_happen(now)
        answer = self._operations.run(name, arguments)
        return {"venue": self.name, **answer}, self._said()

    def view(self, path: tuple[str, ...]) -> dict[str, object]:
        """orders, books/SYMBOL, symbols, phase, allocations. Raises Refused."""
        if path == ("allocations",):
            return {"venue": self.name, **self._allocations.view()}
        return {"venue": self.name, **views.view(self._desk, path)}

    def best(self, symbol: str) -> tuple[str, str] | None:
        """Best bid and offer, for venues that follow this one; None unless it has both."""
        listing = self._desk.listings.get(symbol)
        if listing is None or listing.book.calling:
            return None
        bid, offer = listing.book.best(buys=True), listing.book.best(buys=False)
        if bid is None or offer is None:
            return None
        return listing.instrument.text(bid), listing.instrument.text(offer)

    def _make_checker(self, desk: Desk) -> Checker:
        return Checker(desk.calendar, desk.rules.maximum_quantity)

    def _let_happen(self, now: datetime) -> None:
        """What is due, at its own time; what moved is told before the next thing happens."""
        desk, agenda = self._desk, self._desk.agenda
        if not self._begun:
            self._begun = True
            desk.moment.set(now)
            self._day.begin(now)
        while agenda.next is not None and agenda.next <= now:
            at, due, subject = agenda.take()
            desk.moment.set(at)
            self._happens(due, subject, at)
            if agenda.next is None or agenda.next > at:
                self._publish()
        if now > desk.moment.now:
            desk.moment.set(now)

    def _happens(self, due: Due, subject: int | str, at: datetime) -> None:
        if due is Due.PHASE:
            self._day.boundary(at)
        elif isinstance(subject, str):
            self._of_symbols[due](self._desk.listings[subject])
        elif (order := self._desk.register.get(subject)) is not None:
            self._of_orders[due](order)

    def _publish(self) -> None:
        """What moved in the instant that is over, and blocks that ended in it."""
        self._data.publish()
        if self._desk.ended_blocks:
            blocks, self._desk.ended_blocks = self._desk.ended_blocks, []
            for order in blocks:
                self._allocations.report(order)
        desk = self._desk
        for order in desk.ended_listed:
            if not order.is_open:
                self._lists.ended(order.client, order.list_id, order.chain[0], how(order))
        desk.ended_listed.clear()
        self._lists.publish()

    def _change(self, request: CancelOrder | ReplaceOrder) -> None:
        if not (self._lists.waiting and self._lists.speaks_for(request)):
            self._changes.ask(request)

    def _status(self, request: AskStatus) -> None:
        if not (self._lists.waiting and self._lists.speaks_for(request)):
            self._inquiries.status(request)

    def _said(self) -> list[Message]:
        self._publish()
        return self._desk.take()

    def _disconnected(self, request: Disconnected) -> None:
        self._data.leave(request.client)
        self._statuses.leave(request.client)
        self._cancels.disconnected(request.client)
        leaves = request.client in self._desk.rules.cancel_on_disconnect
        self._lists.disconnected(request, cancels=leaves)


def _nothing(_: object) -> None:
    """A client that connects changes nothing here."""
