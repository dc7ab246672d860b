"""Meters: what a budget counts, for one order or for one account."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from domain.exact import ZERO
from domain.facts import About
from domain.lots import Term, term_of
from domain.orders import OrderIntent, OrdStatus, Side
from oms.compliance.bases import Base, base_of
from oms.compliance.book import Book, OrderDesk
from oms.compliance.wash_sale import relieved

NEVER_TRADED = (OrdStatus.UNSENT, OrdStatus.REJECTED)


def twins(desk: OrderDesk, intent: OrderIntent, window: timedelta) -> Iterator[OrderIntent]:
    """Earlier orders that may have traded, and those before it in its own batch."""
    for other in (*_standing(desk), *_before(desk, intent)):
        is_near = abs(intent.decided_at - other.decided_at) <= window
        if other.cl_ord_id != intent.cl_ord_id and is_near and _same(other, intent):
            yield other


def notional_so_far(desk: OrderDesk, intent: OrderIntent) -> Decimal:
    """Dollars of today's orders up to this one, itself included."""
    today = [o for o in _standing(desk) if o.trade_date == intent.trade_date]
    return sum((_notional(o) for o in (*today, *_before(desk, intent), intent)), ZERO)


def messages_so_far(desk: OrderDesk, intent: OrderIntent) -> Decimal:
    """Orders within the last second, this one included."""
    told = desk.book.number(About.FIRM, "", "messages_last_second")
    return told + len(_before(desk, intent)) + 1


def children_of(desk: OrderDesk, intent: OrderIntent) -> tuple[Decimal, Decimal] | None:
    """Done, open and this child together, and the parent's quantity; None without a parent."""
    book, order_id = desk.book, intent.cl_ord_id
    parent = book.text(About.ORDER, order_id, "parent_quantity")
    if not parent:
        return None
    done = book.number(About.ORDER, order_id, "parent_done")
    working = book.number(About.ORDER, order_id, "parent_open")
    return done + working + intent.quantity, Decimal(parent)


def gains(book: Book, account_id: str, term: Term) -> Decimal:
    """Net gain of one holding period that the account's sales would realise, in dollars."""
    total = ZERO
    for trade in book.trades_of(account_id):
        if trade.side is Side.BUY:
            continue
        taken, price = relieved(book, trade), book.price(trade.security_id)
        for lot in book.lots(account_id):
            sold = taken.get(lot.lot_id, ZERO)
            if sold and term_of(lot.acquired, book.trade_date) is term:
                total += (price * lot.quantity - lot.basis) * sold / lot.quantity
    return total


def turnover(book: Book, account_id: str) -> Decimal:
    """Dollars bought and sold over net assets."""
    traded = sum((t.quantity * book.price(t.security_id) for t in book.trades_of(account_id)), ZERO)
    base = base_of(Base.NET_ASSETS, book, account_id)
    return traded / base if base > 0 else ZERO


def _standing(desk: OrderDesk) -> tuple[OrderIntent, ...]:
    return tuple(o.intent for o in desk.earlier if o.status not in NEVER_TRADED)


def _before(desk: OrderDesk, intent: OrderIntent) -> tuple[OrderIntent, ...]:
    return desk.batch[: desk.batch.index(intent)]


def _notional(intent: OrderIntent) -> Decimal:
    price = intent.reference_price if intent.limit_price is None else intent.limit_price
    return intent.quantity * price


def _same(one: OrderIntent, other: OrderIntent) -> bool:
    def key(intent: OrderIntent) -> tuple[object, ...]:
        accounts = sorted(a.account_id for a in intent.allocations)
        return (intent.side, intent.security_id, intent.quantity, intent.limit_price, accounts)

    return key(one) == key(other)
