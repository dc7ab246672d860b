"""New orders: checked, refused or accepted, perhaps after a while."""

from simulator.exchange import checks
from simulator.exchange.agenda import Due
from simulator.exchange.calendar import Phase
from simulator.exchange.checks import Checker, Refusal
from simulator.exchange.desk import Desk
from simulator.exchange.inquiries import Inquiries
from simulator.exchange.listing import Halt, Listing
from simulator.exchange.orders import Order, Terms
from simulator.exchange.trading import Trading
from simulator.matching.entries import Kind, Stay
from simulator.values.messages import NO_ORDER, Fields, Report
from simulator.values.requests import NewOrder, ReplaceOrder
from simulator.values.words import ExecType, OrdRejReason, OrdStatus

_AT_ONCE = (Stay.IOC, Stay.FOK)
# An enum's member costs a look-up that every order would pay.
_WAIT, _LIMIT, _CLOSED, _NO_HALT = Stay.WAIT, Kind.LIMIT, Phase.CLOSED, Halt.NONE
_NEW, _NEW_STATUS = ExecType.NEW, OrdStatus.NEW
_NOT_TRADING = "no continuous trading now"


class Intake:
    """Takes new orders."""

    def __init__(
        self, desk: Desk, trading: Trading, checker: Checker, inquiries: Inquiries
    ) -> None:
        self._desk = desk
        self._trading = trading
        self._checker = checker
        self._inquiries = inquiries
        self._verbal: dict[tuple[str, str], int] = {}  # ClOrdIDs whose order came by telephone.
        self._delayed = bool(desk.rules.order_delay)

    def take(self, request: NewOrder) -> None:
        """Answer a NewOrderSingle."""
        desk = self._desk
        if desk.register.is_used(request.client, request.cl_ord_id):
            self._duplicate(request)
            return
        if request.alloc_id and not request.allocations:
            request = self._with_instruction(request)
        terms = self._check(request)
        if isinstance(terms, Refusal):
            self._refuse(request, terms)
            return
        order = self._open(request, terms)
        if self._delayed:
            desk.agenda.plan(desk.moment.now + desk.rules.order_delay, Due.ORDER, order.number)
        else:
            self._accept(order)

    def due(self, order: Order) -> None:
        """An order has waited for its acceptance; what an operator executed meanwhile stands."""
        if order.ended is not None:
            return
        if not order.leaves:
            order.entered = True  # So that it works if that is undone.
            return
        refusal = self._not_now(order.listing, order.terms.stay)
        if refusal is None:
            self._accept(order)
            return
        if order.filled:
            self._trading.end(order, OrdStatus.CANCELED, ExecType.CANCELED, text=refusal.text)
            return
        order.ended = OrdStatus.REJECTED
        self._desk.say(
            order, ExecType.REJECTED, rej_reason=refusal.reason, text=refusal.text, last_qty=0
        )
        self._desk.closed(order)

    def telephoned(self, request: NewOrder, electronic: str) -> Order | Refusal:
        """An order given by voice. `electronic` is a ClOrdID that may still come, and is late."""
        terms = self._check(request._replace(cl_ord_id="by-telephone"))
        if isinstance(terms, Refusal):
            return terms
        order = self._open(request, terms)
        if electronic:
            self._verbal[request.client, electronic] = order.number
        self._accept(order)
        return order

    def _open(self, request: NewOrder, terms: Terms) -> Order:
        desk = self._desk
        register = desk.register
        register.count += 1
        order = Order(
            register.count,
            request,
            terms,
            desk.listings[request.symbol],
            venue=desk.rules.name,
            since=desk.moment.date,
        )
        write_terms(order, request)
        register.add(order)
        if terms.expires is not None:
            desk.agenda.plan(terms.expires, Due.EXPIRY, order.number)
        return order

    def _accept(self, order: Order) -> None:
        order.entered = True
        working = order.terms.stop is None or not self._desk.rules.report_triggers
        extra: Fields = () if working else ((636, "N"),)
        status = "" if order.filled else _NEW_STATUS
        self._desk.say(order, _NEW, status=status, extra=extra)
        self._trading.enter(order)

    def _check(self, request: NewOrder) -> Terms | Refusal:
        desk = self._desk
        listing = desk.listings.get(request.symbol)
        if listing is None:
            return Refusal(
                OrdRejReason.UNKNOWN_SYMBOL,
                f"Symbol(55) {request.symbol!r:.40} does not trade on {desk.rules.name}",
            )
        refusal = checks.identifier("ClOrdID(11)", request.cl_ord_id) or checks.words(request)
        if refusal is not None:
            return refusal
        if desk.phase is _CLOSED or listing.halt is not _NO_HALT:
            refusal = self._not_now(listing, _WAIT)
            if refusal is not None:
                return refusal
        terms = self._checker.terms(request, listing.instrument, listing.book.last, desk.moment.now)
        if isinstance(terms, Refusal):
            return terms
        if terms.stay is not _WAIT or listing.calling:
            refusal = self._not_now(listing, terms.stay)
        if refusal is None and terms.best_only:
            refusal = _not_best(terms, listing, request.side)
        if refusal is None and request.allocations:
            refusal = self._bad_allocations(request, terms.quantity)
        if refusal is None and self._verbal and (request.client, request.cl_ord_id) in self._verbal:
            refusal = Refusal(
                OrdRejReason.DUPLICATE_OF_VERBAL, "this order was given by telephone already"
            )
        return terms if refusal is None else refusal

    def _with_instruction(self, request: NewOrder) -> NewOrder:
        """With the accounts of the preliminary instruction that the order names, if any."""
        found = self._desk.instructions.get((request.client, request.alloc_id))
        return request if found is None else request._replace(allocations=found.allocations)

    def _bad_allocations(self, request: NewOrder, quantity: int) -> Refusal | None:
        """The accounts of a block share the whole of it, and are for its symbol and side."""
        found = self._desk.instructions.get((request.client, request.alloc_id))
        if found is not None and (found.symbol, found.side) != (request.symbol, request.side):
            text = f"AllocID(70) {request.alloc_id} is for {found.symbol}, Side(54) {found.side}"
            return Refusal(OrdRejReason.UNSUPPORTED, text)
        return checks.shares_of_accounts(request.allocations, quantity)

    def _not_now(self, listing: Listing, stay: Stay) -> Refusal | None:
        """Whether the phase, or a halt, takes an order that may stay so."""
        desk = self._desk
        if desk.phase is Phase.CLOSED:
            return Refusal(
                OrdRejReason.VENUE_CLOSED,
                f"{desk.rules.name} is closed for {desk.moment.trade_date}",
            )
        if listing.halt is not Halt.NONE and not listing.calling:
            return Refusal(OrdRejReason.VENUE_OPTION, f"{listing.symbol} is halted")
        if listing.calling and stay in _AT_ONCE:
            return Refusal(OrdRejReason.VENUE_CLOSED, f"{listing.symbol}: {_NOT_TRADING}")
        return self._no_auction(stay)

    def _no_auction(self, stay: Stay) -> Refusal | None:
        rules = self._desk.rules
        if stay is Stay.OPEN and not rules.has_opening_auction:
            return Refusal(OrdRejReason.UNSUPPORTED, "there is no opening auction here")
        if stay is Stay.OPEN and self._desk.phase is not Phase.OPENING_CALL:
            return Refusal(OrdRejReason.TOO_LATE, "the opening auction is over")
        if stay is Stay.CLOSE and not rules.has_closing_auction:
            return Refusal(OrdRejReason.UNSUPPORTED, "there is no closing auction here")
        return None

    def _refuse(self, request: NewOrder, refusal: Refusal) -> None:
        moment = self._desk.moment
        report = Report(
            client=request.client,
            order_id=NO_ORDER,
            cl_ord_id=request.cl_ord_id,
            exec_id=self._desk.next_exec_id(),
            exec_type=ExecType.REJECTED,
            ord_status=OrdStatus.REJECTED,
            symbol=request.symbol,
            side=request.side,
            order_qty=int(request.quantity) if _is_plain(request.quantity) else 0,
            cum_qty=0,
            leaves_qty=0,
            avg_px="0",
            trade_date=moment.date,
            transact_time=moment.text,
            rej_reason=refusal.reason,
            text=refusal.text,
            account=request.account,
            link_id=request.link_id,
            secondary_id=request.secondary_id,
        )
        self._desk.register.refused(report)
        self._desk.answer(report)

    def _duplicate(self, request: NewOrder) -> None:
        """A ClOrdID that was used: quote what it first named, and change nothing."""
        desk = self._desk
        if request.poss_resend:
            self._inquiries.answer_status(request.client, request.cl_ord_id)
            return
        text = f"ClOrdID(11) {request.cl_ord_id} was used before"
        first = desk.register.find(request.client, request.cl_ord_id)
        if isinstance(first, Order):
            desk.say(
                first,
                ExecType.REJECTED,
                cl_ord_id=request.cl_ord_id,
                rej_reason=OrdRejReason.DUPLICATE_ORDER,
                text=text,
            )
            return
        if first is None:
            first = self._inquiries.forgotten(request.client, request.cl_ord_id, request)
        desk.answer(
            first._replace(
                exec_id=desk.next_exec_id(),
                exec_type=ExecType.REJECTED,
                rej_reason=OrdRejReason.DUPLICATE_ORDER,
                text=text,
                transact_time=desk.moment.text,
            )
        )


def write_terms(order: Order, request: NewOrder | ReplaceOrder) -> None:
    """The texts of an order's terms that its reports carry."""
    terms, text = order.terms, order.listing.instrument.text
    order.price_text = "" if terms.price is None else text(terms.price)
    if terms.stop is None and terms.kind is _LIMIT and not request.exec_inst:
        plain = not (terms.display or terms.minimum or terms.expires or order.list_id)
        if plain:
            order.conditions = ()
            return
    order.stop_text = "" if terms.stop is None else text(terms.stop)
    echoed = (
        (66, order.list_id),
        (18, request.exec_inst),
        (110, request.min_quantity),
        (111, request.max_floor),
        (211, request.peg_offset),
        (432, request.expire_date),
        (126, request.expire_time),
    )
    order.conditions = tuple(field for field in echoed if field[1])


def _not_best(terms: Terms, listing: Listing, side: str) -> Refusal | None:
    """An order with ExecInst Z must be the best of its side when it comes."""
    buys = side == "1"
    best = listing.book.best(buys=buys)
    if terms.price is None:
        return Refusal(OrdRejReason.UNSUPPORTED, "ExecInst(18) Z needs a limit order")
    if best is not None and (best > terms.price if buys else best < terms.price):
        return Refusal(OrdRejReason.VENUE_OPTION, "there is a better price, and ExecInst(18) is Z")
    return None


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 9
