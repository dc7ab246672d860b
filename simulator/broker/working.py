"""How an order is worked: what is due now, and at which exchanges the children go."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from simulator.broker.checks import Listed
from simulator.broker.parent import Parent
from simulator.broker.plan import read_end
from simulator.broker.rules import BrokerRules
from simulator.broker.schedule import wanted
from simulator.broker.watching import Watch
from simulator.exchange.instruments import Instrument
from simulator.values.numbers import whole_number
from simulator.values.requests import CancelOrder, NewOrder, ReplaceOrder, Request
from simulator.values.words import OrdType, Side, TimeInForce

INSIDER = "~"  # As simulator.running.house has it: between our name and a number.


def shares_needed(parent: Parent, rules: BrokerRules, others: int, now: datetime) -> int:
    """Shares to send now. `others`: what others have traded since anybody looks."""
    volume = others - (others if parent.volume is None else parent.volume)
    shares = parent.quantity - parent.began
    done = wanted(parent.plan, rules, shares=shares, volume=volume, now=now)
    return parent.began + done - parent.cum - parent.out


def children_for(
    parent: Parent, need: int, rules: BrokerRules, listed: Listed, watch: Watch
) -> list[tuple[str, NewOrder]]:
    """Immediate-or-cancel orders: what is shown at each exchange's best price, best price first.

    What is left goes to the first of them too, down its book as far as the client's limit allows.
    Where nothing is offered within the limit nothing is sent.
    """
    found = _reachable(parent, rules, listed, watch)
    shares: dict[str, int] = {}
    for venue, shown in found:
        taken = _in_lots(
            min(need - sum(shares.values()), shown), _instrument(parent, venue, listed)
        )
        if taken > 0:
            shares[venue] = taken
    if found:
        first = found[0][0]
        left = _in_lots(need - sum(shares.values()), _instrument(parent, first, listed))
        if left > 0:
            shares[first] = shares.get(first, 0) + left
    return [(venue, _child(parent, quantity)) for venue, quantity in shares.items()]


def _reachable(
    parent: Parent, rules: BrokerRules, listed: Listed, watch: Watch
) -> list[tuple[str, int]]:
    """Exchanges with a price within the limit, and the shares shown there; best price first."""
    buys = parent.order.side == Side.BUY
    limit = Decimal(parent.price) if parent.price else None
    found: list[tuple[Decimal, int, str, int]] = []
    for place, venue in enumerate(exchanges(rules, listed, parent.order.symbol)):
        sight = watch.sight(venue, parent.order.symbol)
        best = None if sight is None else sight.opposite(buys=buys)
        if best is None:
            continue
        price, shown = best
        if limit is None or (price <= limit if buys else price >= limit):
            found.append((price if buys else -price, place, venue, shown))
    return [(venue, shown) for _, _, venue, shown in sorted(found)]


def _child(parent: Parent, quantity: int) -> NewOrder:
    parent.sent += 1
    order = parent.order
    return NewOrder(
        client=own_name(parent),
        cl_ord_id=child_id(parent, parent.sent),
        symbol=order.symbol,
        side=order.side,
        quantity=str(quantity),
        ord_type=OrdType.LIMIT if parent.price else OrdType.MARKET,
        price=parent.price,
        time_in_force=TimeInForce.IOC,
        security_id=order.security_id,
        account=order.account,
    )


def ask_back(parent: Parent) -> list[tuple[str, Request]]:
    """Cancels of the children that are out."""
    asked: list[tuple[str, Request]] = []
    for child in parent.children.values():
        child.cancels += 1
        name = f"{child.cl_ord_id}-C{child.cancels}"
        order = parent.order
        cancel = CancelOrder(own_name(parent), name, child.cl_ord_id, order.symbol, order.side)
        asked.append((child.venue, cancel))
    return asked


def replan(parent: Parent, change: ReplaceOrder, others: int, now: datetime) -> None:
    """New terms: what is left is spread over the time that is left."""
    end = read_end(change.expire_time, parent.plan, now)
    assert not isinstance(end, str), "checked when the change came"
    parent.quantity = max(whole_number(change.quantity) or 0, parent.cum)
    parent.price = change.price if change.ord_type == OrdType.LIMIT else ""
    parent.order = parent.order._replace(ord_type=change.ord_type)
    if now >= parent.plan.start:
        parent.began, parent.volume = parent.cum, others
        parent.plan = replace(parent.plan, start=now, end=end)
    else:
        parent.plan = replace(parent.plan, end=end)
    parent.due = max(parent.plan.start, now)


def exchanges(rules: BrokerRules, listed: Listed, symbol: str) -> list[str]:
    """Where a symbol trades, the preferred exchange first."""
    return [venue for venue in rules.works_on if symbol in listed[venue]]


def own_name(parent: Parent) -> str:
    """Who we are on an exchange while we work this order."""
    return f"{parent.broker}{INSIDER}{parent.number}"


def child_id(parent: Parent, number: int) -> str:
    """ClOrdID of the n-th child."""
    return f"{parent.order_id}-{number}"


def _instrument(parent: Parent, venue: str, listed: Listed) -> Instrument:
    return listed[venue][parent.order.symbol]


def _in_lots(shares: int, instrument: Instrument) -> int:
    return shares - shares % instrument.lot(instrument.reference)
