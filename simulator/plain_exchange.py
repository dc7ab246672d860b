"""One venue: takes requests, keeps orders and books, answers in messages.

Pure: time is an argument, and every call returns an `Outcome`, the messages
to send and the orders that changed, in order. The caller makes the outcome
durable before it sends anything.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from simulator import checks
from simulator.book import Book, Match
from simulator.changes import Changes
from simulator.checks import Refusal, Terms
from simulator.desk import Desk, Outcome, Past, VenueRules
from simulator.instruments import Instrument
from simulator.liquidity import Provider, Quoting
from simulator.orders import Order
from simulator.reports import NO_EXECUTION, NO_ORDER, Moment, Report, report_on
from simulator.requests import AskStatus, NewOrder, Request
from simulator.words import ExecType, OrdRejReason, OrdStatus, TimeInForce


class Exchange:
    """A venue's orders and books."""

    def __init__(
        self,
        rules: VenueRules,
        instruments: dict[str, Instrument],
        past: Past | None = None,
    ) -> None:
        past = past or Past()
        self.rules = rules
        self.books = {symbol: Book(one.reference) for symbol, one in instruments.items()}
        self._instruments = instruments
        self._providers = {
            symbol: Provider(_quoting(rules, one), f"{rules.seed}/{rules.name}/{symbol}")
            for symbol, one in instruments.items()
        }
        self._desk = Desk(rules, instruments, past)
        for order in sorted(past.orders, key=lambda order: order.priority):
            if order.is_live:
                book = self.books[order.symbol]
                book.wait(order.number, order.side, order.leaves, order.price)
        self._changes = Changes(self._desk, self.books)

    def orders(self) -> tuple[Order, ...]:
        """Every order the venue knows, oldest first."""
        return tuple(self._desk)

    @property
    def halted(self) -> tuple[str, ...]:
        """Symbols that do not trade now."""
        return self._desk.standing.halted

    def instrument(self, symbol: str) -> Instrument | None:
        """What a symbol stands for, if the venue trades it."""
        return self._instruments.get(symbol)

    def handle(self, request: Request, now: datetime) -> Outcome:
        """Answer one request of a client."""
        moment = self.rules.moment(now)
        if isinstance(request, NewOrder):
            self._new(request, moment)
        elif isinstance(request, AskStatus):
            self._status(request, moment)
        else:
            self._book_trades(self._changes.ask(request, moment), moment)
        return self._desk.outcome()

    def step(self, now: datetime) -> Outcome:
        """Let time pass: pending changes fall due, the day may end, liquidity returns."""
        moment = self.rules.moment(now)
        for _, matches in self._changes.due(moment):
            self._book_trades(matches, moment)
        close = self.rules.close_time
        if close is not None and now.astimezone(self.rules.time_zone).time() >= close:
            self._close(moment)
        if not self._is_closed(moment):
            for symbol, provider in self._providers.items():
                if symbol not in self.halted:
                    self._book_trades(provider.step(self.books[symbol]), moment)
        return self._desk.outcome()

    def end_day(self, now: datetime) -> Outcome:
        """Close the trade date: Day orders expire; new ones are refused until `open_day`."""
        self._close(self.rules.moment(now))
        return self._desk.outcome()

    def open_day(self) -> Outcome:
        """Take orders again on a trade date that was closed."""
        self._desk.standing = replace(self._desk.standing, closed=None)
        return self._desk.outcome()

    def halt(self, symbol: str) -> Outcome:
        """Stop trading in a symbol. Orders wait and may be cancelled; new ones are refused."""
        self._set_halted({*self.halted, symbol})
        return self._desk.outcome()

    def resume(self, symbol: str) -> Outcome:
        """Trade again."""
        self._set_halted(set(self.halted) - {symbol})
        return self._desk.outcome()

    def _set_halted(self, symbols: Iterable[str]) -> None:
        self._desk.standing = replace(self._desk.standing, halted=tuple(sorted(symbols)))

    def _new(self, request: NewOrder, moment: Moment) -> None:
        if self._desk.is_used(request.client, request.cl_ord_id):
            self._duplicate(request, moment)
            return
        accepted = self._check(request, moment)
        if isinstance(accepted, Refusal):
            self._refuse(request, accepted, moment)
            return
        order = self._desk.open(request, accepted, moment)
        immediate = order.time_in_force is TimeInForce.IOC
        matches = self.books[order.symbol].enter(
            order.number, order.side, order.quantity, order.price, rest=not immediate
        )
        self._book_trades(matches, moment)
        after = self._desk[order.number]
        if immediate and after.is_live:
            canceled = self._desk.put(replace(after, status=OrdStatus.CANCELED))
            self._desk.say(
                canceled, ExecType.CANCELED, moment, text="immediate or cancel: the rest is gone"
            )

    def _book_trades(self, matches: Iterable[Match], moment: Moment) -> None:
        for match in matches:
            for number in (match.incoming, match.waiting):
                if number > 0:  # The provider's own are negative and nobody hears of them.
                    self._desk.fill(number, match.quantity, match.price, moment)

    def _check(self, request: NewOrder, moment: Moment) -> Terms | Refusal:
        instrument = self._instruments.get(request.symbol)
        if instrument is None:
            return Refusal(
                OrdRejReason.UNKNOWN_SYMBOL,
                f"Symbol(55) {request.symbol!r:.40} does not trade on {self.rules.name}",
            )
        refusal = checks.identifier("ClOrdID(11)", request.cl_ord_id) or checks.words(request)
        if refusal is not None:
            return refusal
        if self._is_closed(moment):
            return Refusal(
                OrdRejReason.VENUE_CLOSED, f"{self.rules.name} is closed for {moment.trade_date}"
            )
        if request.symbol in self.halted:
            return Refusal(OrdRejReason.VENUE_OPTION, f"{request.symbol} is halted")
        return checks.terms(request, instrument, self.rules.maximum_quantity)

    def _refuse(self, request: NewOrder, refusal: Refusal, moment: Moment) -> None:
        quantity = int(request.quantity) if _is_plain(request.quantity) else 0
        self._desk.refuse(
            Report(
                client=request.client,
                order_id=NO_ORDER,
                cl_ord_id=request.cl_ord_id,
                exec_id=self._desk.next_exec_id(moment),
                exec_type=ExecType.REJECTED,
                ord_status=OrdStatus.REJECTED,
                symbol=request.symbol,
                side=request.side,
                order_qty=quantity,
                cum_qty=0,
                leaves_qty=0,
                avg_px=Decimal(0),
                reason=refusal.reason,
                text=refusal.text,
                account=request.account,
                link_id=request.link_id,
                secondary_id=request.secondary_id,
                trade_date=moment.trade_date,
                transact_time=moment.now,
            )
        )

    def _duplicate(self, request: NewOrder, moment: Moment) -> None:
        """A ClOrdID that was used: quote what it first named, and change nothing."""
        if request.poss_resend:
            self._answer_status(request.client, request.cl_ord_id, moment)
            return
        text = f"ClOrdID(11) {request.cl_ord_id} was used before"
        order = self._desk.find(request.client, request.cl_ord_id)
        if order is not None:
            self._desk.say(
                order,
                ExecType.REJECTED,
                moment,
                cl_ord_id=request.cl_ord_id,
                reason=OrdRejReason.DUPLICATE_ORDER,
                text=text,
            )
            return
        refused = self._desk.refusal(request.client, request.cl_ord_id)
        assert refused is not None
        self._desk.answer(
            replace(
                refused,
                exec_id=self._desk.next_exec_id(moment),
                reason=OrdRejReason.DUPLICATE_ORDER,
                text=text,
                transact_time=moment.now,
            )
        )

    def _status(self, request: AskStatus, moment: Moment) -> None:
        if self._desk.is_used(request.client, request.cl_ord_id):
            self._answer_status(request.client, request.cl_ord_id, moment)
            return
        self._desk.answer(
            Report(
                client=request.client,
                order_id=NO_ORDER,
                cl_ord_id=request.cl_ord_id,
                exec_id=NO_EXECUTION,
                exec_type=ExecType.ORDER_STATUS,
                ord_status=OrdStatus.REJECTED,
                symbol=request.symbol,
                side=request.side,
                order_qty=0,
                cum_qty=0,
                leaves_qty=0,
                avg_px=Decimal(0),
                reason=OrdRejReason.UNKNOWN_ORDER,
                text=f"unknown order {request.cl_ord_id!r:.70}",
                account=request.account,
                link_id=request.link_id,
                secondary_id=request.secondary_id,
                trade_date=moment.trade_date,
                transact_time=moment.now,
            )
        )

    def _answer_status(self, client: str, cl_ord_id: str, moment: Moment) -> None:
        order = self._desk.find(client, cl_ord_id)
        if order is None:
            refused = self._desk.refusal(client, cl_ord_id)
            assert refused is not None
            self._desk.answer(
                replace(
                    refused,
                    exec_id=NO_EXECUTION,
                    exec_type=ExecType.ORDER_STATUS,
                    transact_time=moment.now,
                )
            )
            return
        self._desk.answer(
            report_on(
                order,
                self._instruments[order.symbol],
                moment,
                exec_id=NO_EXECUTION,
                exec_type=ExecType.ORDER_STATUS,
                orig_cl_ord_id="" if cl_ord_id == order.cl_ord_id else cl_ord_id,
                text="" if order.filled else "Nothing Done",
            )
        )

    def _is_closed(self, moment: Moment) -> bool:
        closed = self._desk.standing.closed
        return closed is not None and moment.trade_date <= closed

    def _close(self, moment: Moment) -> None:
        if self._is_closed(moment):
            return
        self._desk.standing = replace(self._desk.standing, closed=moment.trade_date)
        for order in [order for order in self._desk if order.is_live]:
            self.books[order.symbol].cancel(order.number)
            expired = replace(order, status=OrdStatus.EXPIRED, pending=None)
            self._desk.put(expired)
            self._desk.say(expired, ExecType.EXPIRED, moment, text="the day is over")
            if order.pending is not None:
                self._changes.drop(replace(expired, pending=order.pending), moment)


def _quoting(rules: VenueRules, instrument: Instrument) -> Quoting:
    shares = rules.level_share * instrument.average_daily_volume
    return Quoting(
        middle=instrument.reference,
        lot_size=instrument.lot_size,
        level_lots=max(1, int(shares) // instrument.lot_size),
        levels=rules.levels,
        half_spread=rules.half_spread,
        wander=rules.wander,
    )


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 9
