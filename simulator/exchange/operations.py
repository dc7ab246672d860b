"""What an operator may ask of an exchange, by name, with JSON arguments.

halt, resume          symbol
end-of-day, open      (nothing)
bust                  exec_id
correct               exec_id; quantity and price, one of them or both
cancel                order_id; text, reason (ExecRestatementReason)
restate               order_id; quantity and price, one of them or both; reason
execute               order_id, quantity, price: an execution that no book made, late fills too
stop                  order_id, quantity, price: a guarantee, which `execute` makes good
refuse                order_id: reject its first pending cancel or replace
telephone             client, symbol, side, quantity; price, time_in_force, cl_ord_id (that may
                      still come electronically, and is then refused as a duplicate)
inject                symbol, side, quantity; price, time_in_force: an order of a stranger
split                 symbol, ratio "2:1": new shares for old
"""

import re
from collections.abc import Callable
from fractions import Fraction

from simulator.exchange.calendar import Phase
from simulator.exchange.changes import Changes
from simulator.exchange.checks import Refusal
from simulator.exchange.corrections import Corrections, split
from simulator.exchange.desk import Desk
from simulator.exchange.halts import Halts
from simulator.exchange.intake import Intake
from simulator.exchange.listing import Halt, Listing
from simulator.exchange.masscancel import MassCancels
from simulator.exchange.orders import Order
from simulator.exchange.trading import Trading
from simulator.exchange.tradingday import TradingDay
from simulator.exchange.views import order_view
from simulator.values.floor import Refused
from simulator.values.requests import NewOrder
from simulator.values.words import ExecType, RestatementReason

Answer = dict[str, object]
_RATIO = re.compile(r"([1-9]\d{0,3}):([1-9]\d{0,3})", re.ASCII)
_STRANGER = ""


class Operations:
    """Does what operators ask."""

    def __init__(
        self,
        *,
        desk: Desk,
        trading: Trading,
        intake: Intake,
        changes: Changes,
        corrections: Corrections,
        cancels: MassCancels,
        halts: Halts,
        day: TradingDay,
    ) -> None:
        self._desk = desk
        self._trading = trading
        self._intake = intake
        self._changes = changes
        self._corrections = corrections
        self._cancels = cancels
        self._halts = halts
        self._day = day

    def run(self, name: str, arguments: dict[str, object]) -> Answer:
        """Do one operation. Raises Refused."""
        operations = self._operations()
        if name not in operations:
            raise Refused(f"no operation {name!r:.40}; there are {', '.join(operations)}")
        return operations[name](Arguments(name, arguments))

    def _operations(self) -> dict[str, "Callable[[Arguments], Answer]"]:
        return {
            "halt": self._halt,
            "resume": self._resume,
            "end-of-day": self._end_of_day,
            "open": self._open,
            "bust": self._bust,
            "correct": self._correct,
            "cancel": self._cancel,
            "restate": self._restate,
            "execute": self._execute,
            "stop": self._stop,
            "refuse": self._refuse,
            "telephone": self._telephone,
            "inject": self._inject,
            "split": self._split,
        }

    def _halt(self, arguments: "Arguments") -> Answer:
        self._halts.halt(self._listing(arguments), Halt.OPERATOR)
        return self._halted()

    def _resume(self, arguments: "Arguments") -> Answer:
        self._halts.resume(self._listing(arguments))
        return self._halted()

    def _halted(self) -> Answer:
        listings = self._desk.listings.values()
        return {"halted": sorted(one.symbol for one in listings if one.halt is not Halt.NONE)}

    def _end_of_day(self, _: "Arguments") -> Answer:
        expired = self._day.close_by_hand()
        return {"trade_date": self._desk.moment.trade_date.isoformat(), "expired": expired}

    def _open(self, _: "Arguments") -> Answer:
        self._day.open_by_hand()
        return {"open": True, "phase": self._desk.phase.value}

    def _bust(self, arguments: "Arguments") -> Answer:
        return self._orders(self._corrections.bust(arguments.text("exec_id")))

    def _correct(self, arguments: "Arguments") -> Answer:
        exec_id = arguments.text("exec_id")
        quantity = arguments.whole("quantity") if arguments.has("quantity") else None
        price = None
        if arguments.has("price"):
            order = self._corrections.order_of(exec_id)
            price = _price(arguments, order.listing)
        if quantity is None and price is None:
            raise Refused("correct needs a quantity or a price")
        return self._orders(self._corrections.correct(exec_id, quantity, price))

    def _cancel(self, arguments: "Arguments") -> Answer:
        order = self._order(arguments)
        if not order.is_open:
            raise Refused(f"{order.order_id} is closed: {order.status.name.lower()}")
        reason = _reason(arguments, RestatementReason.VERBAL_CHANGE)
        self._cancels.cancel([order], arguments.text("text", "canceled by the venue"), reason)
        return self._orders([order])

    def _restate(self, arguments: "Arguments") -> Answer:
        """An unsolicited replace (matrices E.1.c and E.1.d)."""
        order = self._order(arguments)
        if not order.is_open:
            raise Refused(f"{order.order_id} is closed: {order.status.name.lower()}")
        if arguments.has("quantity"):
            order.quantity = max(arguments.whole("quantity"), order.filled)
        if arguments.has("price") and order.terms.price is not None:
            price = _price(arguments, order.listing)
            order.terms = order.terms._replace(price=price)
            order.price_text = order.listing.instrument.text(price)
        reason = _reason(arguments, RestatementReason.VERBAL_CHANGE)
        self._desk.say(
            order,
            ExecType.RESTATED,
            restatement_reason=reason,
            text=arguments.text("text", ""),
        )
        self._trading.work_again(order)
        return self._orders([order])

    def _execute(self, arguments: "Arguments") -> Answer:
        order = self._order(arguments)
        price = _price(arguments, order.listing)
        self._corrections.execute(order, arguments.whole("quantity"), price)
        return self._orders([order])

    def _stop(self, arguments: "Arguments") -> Answer:
        """Guarantee a price for a part of an order (matrix L.1.a)."""
        order = self._order(arguments)
        quantity = arguments.whole("quantity")
        if not order.is_open or quantity > order.leaves:
            raise Refused(f"{order.order_id} leaves {order.leaves} shares")
        price = _price(arguments, order.listing)
        order.stopped = True
        self._desk.say(
            order,
            ExecType.STOPPED,
            last_qty=quantity,
            last_px=order.listing.instrument.text(price),
            text=arguments.text("text", "this price is guaranteed"),
        )
        return self._orders([order])

    def _refuse(self, arguments: "Arguments") -> Answer:
        order = self._order(arguments)
        if not self._changes.refuse_pending(order, arguments.text("text", "the venue refuses it")):
            raise Refused(f"nothing is pending for {order.order_id}")
        return self._orders([order])

    def _telephone(self, arguments: "Arguments") -> Answer:
        return self._by_voice(arguments, arguments.text("client"))

    def _inject(self, arguments: "Arguments") -> Answer:
        return self._by_voice(arguments, _STRANGER)

    def _by_voice(self, arguments: "Arguments", client: str) -> Answer:
        price = arguments.text("price", "")
        request = NewOrder(
            client=client,
            cl_ord_id="",
            symbol=arguments.text("symbol"),
            side={"buy": "1", "sell": "2"}.get(arguments.text("side"), arguments.text("side")),
            quantity=str(arguments.whole("quantity")),
            ord_type="2" if price else "1",
            price=price,
            time_in_force=arguments.text("time_in_force", "0"),
            account=arguments.text("account", ""),
        )
        order = self._intake.telephoned(request, arguments.text("cl_ord_id", ""))
        if isinstance(order, Refusal):
            raise Refused(order.text)
        return self._orders([order])

    def _split(self, arguments: "Arguments") -> Answer:
        """Good-till orders get new terms; overnight the morning tells their clients."""
        listing = self._listing(arguments)
        found = _RATIO.fullmatch(arguments.text("ratio"))
        if found is None:
            raise Refused('ratio must be new shares to old ones, such as "2:1"')
        ratio = Fraction(int(found[1]), int(found[2]))
        orders = [one for one in self._desk.register.open() if one.listing is listing]
        for order in orders:
            self._trading.leave(order)
            split(order, ratio)
        listing.book.last = max(1, round(listing.book.last / ratio))
        for order in orders:
            reason = RestatementReason.GT_CORPORATE_ACTION
            if self._desk.phase is Phase.CLOSED:
                order.restate_reason = reason
            else:
                self._desk.say(order, ExecType.RESTATED, restatement_reason=reason)
            self._trading.work_again(order)
        return self._orders(orders)

    def _order(self, arguments: "Arguments") -> Order:
        order_id = arguments.text("order_id")
        order = self._desk.register.by_order_id(order_id)
        if order is None:
            raise Refused(f"no order {order_id!r:.40}; name the venue's OrderID(37)")
        return order

    def _listing(self, arguments: "Arguments") -> Listing:
        listing = self._desk.listings.get(arguments.text("symbol"))
        if listing is None:
            raise Refused(f"symbol must be one that {self._desk.rules.name} trades")
        return listing

    def _orders(self, orders: list[Order]) -> Answer:
        return {"orders": [order_view(order) for order in orders]}


class Arguments:
    """JSON arguments of an operation; each refusal names operation, key and value."""

    def __init__(self, operation: str, values: dict[str, object]) -> None:
        self._operation = operation
        self._values = values

    def has(self, key: str) -> bool:
        return key in self._values

    def text(self, key: str, default: str | None = None) -> str:
        value = self._values.get(key, default)
        if value is None:
            raise Refused(f"{self._operation} needs {key}")
        if not isinstance(value, str):
            raise Refused(f"{key} is {value!r:.40}; write a text in quotes")
        return value

    def whole(self, key: str) -> int:
        value = self._values.get(key)
        if value is None:
            raise Refused(f"{self._operation} needs {key}")
        if isinstance(value, str) and value.isdecimal() and value.isascii() and len(value) <= 9:
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 10**9:
            raise Refused(f"{key} is {value!r:.40}; write a whole number above zero")
        return value


def _price(arguments: Arguments, listing: Listing) -> int:
    text = arguments.text("price")
    units = listing.instrument.units(text)
    if not units:
        raise Refused(
            f"price is {text!r:.40}; write a decimal above zero in steps of "
            f"{listing.instrument.tick_text(listing.book.last)}"
        )
    return units


def _reason(arguments: Arguments, default: RestatementReason) -> RestatementReason:
    if not arguments.has("reason"):
        return default
    try:
        return RestatementReason(int(arguments.text("reason")))
    except ValueError:
        known = ", ".join(str(one.value) for one in RestatementReason)
        raise Refused(
            f"reason is {arguments.text('reason')!r:.40}; write an ExecRestatementReason: {known}"
        ) from None
