"""What the venue takes back: busts, corrections, and executions made by hand.

Both sides of a trade are busted or corrected together. The busted shares of the order that was
named work again (matrix J.1.a); those of the other side do not, or the two would trade anew.
Nor do those of an order whose time is over: it ends as it would have ended then.
"""

from fractions import Fraction

from simulator.exchange.calendar import Phase
from simulator.exchange.desk import Desk
from simulator.exchange.orders import Fill, Order
from simulator.exchange.rules import CanceledName
from simulator.exchange.trading import Trading
from simulator.values.floor import Refused
from simulator.values.words import ExecType, OrdStatus, RestatementReason, TimeInForce


class Corrections:
    """Changes executions that were said."""

    def __init__(self, desk: Desk, trading: Trading) -> None:
        self._desk = desk
        self._trading = trading

    def bust(self, exec_id: str) -> list[Order]:
        """Undo a trade: TradeCancel on both sides. Raises Refused."""
        order, fill = self._find(exec_id)
        touched = [order]
        self._bust(order, fill)
        for other, theirs in self._other_side(order, fill):
            self._bust(other, theirs)
            self._give_up(other, theirs.quantity)
            touched.append(other)
        self._work_again(order)
        return touched

    def correct(self, exec_id: str, quantity: int | None, price: int | None) -> list[Order]:
        """Another quantity or price for a trade: TradeCorrect on both sides. Raises Refused."""
        order, fill = self._find(exec_id)
        shares = fill.quantity if quantity is None else quantity
        units = fill.price if price is None else price
        sides = [(order, fill), *self._other_side(order, fill)]
        for one, theirs in sides:
            room = one.quantity - one.filled + theirs.quantity
            if shares > room:
                raise Refused(f"{one.order_id} has room for {room} shares only")
        for one, theirs in sides:
            self._correct(one, theirs, shares, units)
            if one is not order:
                self._give_up(one, max(0, theirs.quantity - shares))
        self._work_again(order)
        return [one for one, _ in sides]

    def order_of(self, exec_id: str) -> Order:
        """The order of an execution that stands. Raises Refused."""
        return self._find(exec_id)[0]

    def execute(self, order: Order, quantity: int, price: int) -> None:
        """An execution that no book made, perhaps of an order that is closed (a late fill)."""
        if order.ended is None and quantity > order.leaves:
            raise Refused(f"{order.order_id} leaves {order.leaves} shares")
        if order.filled + quantity > order.quantity:
            raise Refused(f"{order.order_id} has room for {order.quantity - order.filled} shares")
        name, order.cl_ord_id = order.cl_ord_id, self._name(order)
        self._desk.trades += 1
        listing = order.listing
        left = order.quantity - order.filled - quantity
        if listing.book.waiting(order.number):
            if left:
                self._trading.happen(
                    listing, listing.book.amend(order.number, left, order.terms.price)
                )
            else:
                self._trading.leave(order)
        self._trading.fill(order, quantity, price, ((30, self._desk.rules.name),))
        order.stopped = order.stopped and order.is_open
        order.cl_ord_id = name

    def _bust(self, order: Order, fill: Fill) -> None:
        order.fills.remove(fill)
        order.filled -= fill.quantity
        order.gross -= fill.quantity * fill.price
        self._past(order, fill, -fill.quantity, -fill.quantity * fill.price)
        self._desk.say(
            order,
            ExecType.TRADE_CANCEL,
            cl_ord_id=self._name(order),
            exec_ref_id=fill.exec_id,
            last_qty=0,
            last_px="0",
        )

    def _correct(self, order: Order, fill: Fill, quantity: int, price: int) -> None:
        exec_id = self._desk.next_exec_id()
        corrected = fill._replace(exec_id=exec_id, quantity=quantity, price=price)
        order.fills[order.fills.index(fill)] = corrected
        shares, gross = quantity - fill.quantity, quantity * price - fill.quantity * fill.price
        order.filled += shares
        order.gross += gross
        self._past(order, fill, shares, gross)
        self._desk.say(
            order,
            ExecType.TRADE_CORRECT,
            exec_id=exec_id,
            cl_ord_id=self._name(order),
            exec_ref_id=fill.exec_id,
            last_qty=quantity,
            last_px=order.listing.instrument.text(price),
            fee=self._desk.fees.text(quantity),
        )
        if not order.is_open:
            self._desk.closed(order)

    def _past(self, order: Order, fill: Fill, shares: int, gross: int) -> None:
        """A fill of an earlier day moves what was done before today (matrix J.1.c)."""
        if fill.date != self._desk.moment.date:
            order.prior_filled += shares
            order.prior_gross += gross

    def _give_up(self, order: Order, quantity: int) -> None:
        """The other side's freed shares do not work again."""
        if not quantity or order.ended is not None:
            return
        if quantity == order.quantity:
            self._trading.end(
                order,
                OrdStatus.CANCELED,
                ExecType.CANCELED,
                reason=RestatementReason.MARKET_OPTION,
                text="its only trade was undone",
            )
            return
        order.quantity -= quantity
        self._desk.say(
            order,
            ExecType.RESTATED,
            restatement_reason=RestatementReason.MARKET_OPTION,
            text="without the shares of a trade that was undone",
        )
        if not order.is_open:
            self._desk.closed(order)

    def _work_again(self, order: Order) -> None:
        if order.leaves and self._is_over(order):
            text = "its time was over before its trade was undone"
            self._trading.end(order, OrdStatus.EXPIRED, ExecType.EXPIRED, text=text)
        else:
            self._trading.work_again(order)

    def _is_over(self, order: Order) -> bool:
        """Whether the last moment has passed at which it could trade."""
        moment = self._desk.moment
        if order.time_in_force == TimeInForce.GTC:
            return False
        if order.terms.expires is not None:
            return order.terms.expires <= moment.now
        return order.since != moment.date or self._desk.phase is Phase.CLOSED

    def _find(self, exec_id: str) -> tuple[Order, Fill]:
        for order in self._desk.register:
            for fill in order.fills:
                if fill.exec_id == exec_id:
                    return order, fill
        raise Refused(
            f"no execution {exec_id!r:.60} stands; name the ExecID of the latest report of a trade"
        )

    def _other_side(self, order: Order, fill: Fill) -> list[tuple[Order, Fill]]:
        """The other client of the trade; none when it was with the market."""
        return [
            (other, theirs)
            for other in self._desk.register
            if other is not order
            for theirs in other.fills
            if theirs.trade == fill.trade
        ]

    def _name(self, order: Order) -> str:
        """The ClOrdID under which a canceled order's executions are spoken of."""
        by_order = self._desk.rules.canceled_name is CanceledName.ORDER
        if order.ended is OrdStatus.CANCELED and by_order and len(order.chain) > 1:
            return order.chain[-2]
        return order.cl_ord_id


def split(order: Order, ratio: Fraction) -> None:
    """New shares for old ones: quantities times the ratio, prices divided; money stays."""
    terms = order.terms
    tick = order.listing.instrument.tick

    def price(units: int | None) -> int | None:
        if units is None:
            return None
        exact = units / ratio
        step = tick(int(exact))
        return max(step, int(exact / step) * step)

    order.fills = [
        fill._replace(quantity=int(fill.quantity * ratio), price=round(fill.price / ratio))
        for fill in order.fills
    ]
    order.filled = int(order.filled * ratio)
    order.prior_filled = int(order.prior_filled * ratio)
    order.quantity = int(order.quantity * ratio)
    order.terms = terms._replace(
        quantity=order.quantity,
        price=price(terms.price),
        stop=price(terms.stop),
        display=int(terms.display * ratio),
        minimum=int(terms.minimum * ratio),
    )
    text = order.listing.instrument.text
    if order.terms.price is not None:
        order.price_text = text(order.terms.price)
    if order.terms.stop is not None:
        order.stop_text = text(order.terms.stop)
