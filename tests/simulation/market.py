"""What the venues and the strangers at them do in a history."""

from decimal import Decimal

from tests.oms_orders.desk import PRICES, SYMBOLS
from tests.simulation import splits
from tests.simulation.history import History
from tests.simulation.venue import CLIENT, SimVenue

_PRICES = {SYMBOLS[security]: price for security, price in PRICES.items()}
_AWAY = tuple(Decimal(cents) for cents in ("0", "0.01", "0.25", "1", "-0.25"))
_DAY_SECONDS = 86_400
_WITH_A_SPLIT = 0.8
_NIGHTS = 2  # From Wednesday on: no weekend, and the snapshot is not too old.


def _order(history: History, venue: SimVenue, *, is_open: bool = True) -> dict[str, object] | None:
    """One of our orders there that it has accepted."""
    orders = [
        one
        for one in venue.orders()
        if bool(one["leaves_qty"]) is is_open
        and one["status"] != "pending_new"
        and one["order_id"] not in venue.settled
    ]
    return history.random.choice(orders) if orders else None


def trade(history: History) -> None:
    """A stranger takes what is there."""
    venue = history.some_venue()
    venue.operate(
        "inject",
        symbol=history.random.choice(venue.symbols),
        side=history.random.choice(("buy", "sell")),
        quantity=history.random.choice((7, 40, 90, 200)),
        time_in_force="3",
    )


def quote(history: History) -> None:
    """A stranger waits, on one side or the other of where the price was."""
    venue = history.some_venue()
    symbol = history.random.choice(venue.symbols)
    side, sign = history.random.choice((("buy", -1), ("sell", 1)))
    venue.operate(
        "inject",
        symbol=symbol,
        side=side,
        quantity=history.random.choice((7, 40, 90, 200)),
        price=str(_PRICES[symbol] + sign * history.random.choice(_AWAY)),
    )


def execute(history: History) -> None:
    """An execution that no book made, of a closed order perhaps: a late fill."""
    venue = history.some_venue()
    order = _order(history, venue, is_open=history.random.random() < 0.5)
    if order is not None:
        price = order["price"] or "148.00"
        quantity = history.random.choice((1, 5, 20))
        venue.operate("execute", order_id=order["order_id"], quantity=quantity, price=price)


def bust(history: History) -> None:
    venue = history.some_venue()
    if exec_id := _some_trade(history, venue):
        venue.operate("bust", exec_id=exec_id)


def correct(history: History) -> None:
    venue = history.some_venue()
    if exec_id := _some_trade(history, venue):
        venue.operate(
            "correct",
            exec_id=exec_id,
            quantity=history.random.randint(1, 30),
            price=history.random.choice(("63.60", "147.50")),
        )


def _some_trade(history: History, venue: SimVenue) -> str | None:
    trades = venue.executions()
    return history.random.choice(trades) if trades else None


def cancel_unasked(history: History) -> None:
    venue = history.some_venue()
    if (order := _order(history, venue)) is not None:
        venue.operate("cancel", order_id=order["order_id"])


def restate(history: History) -> None:
    venue = history.some_venue()
    order = _order(history, venue)
    if order is not None and isinstance(order["order_qty"], int):
        quantity = max(1, order["order_qty"] - history.random.choice((1, 10)))
        venue.operate("restate", order_id=order["order_id"], quantity=quantity)


def refuse_change(history: History) -> None:
    venue = history.some_venue()
    if (order := _order(history, venue)) is not None:
        venue.operate("refuse", order_id=order["order_id"])


def stop_order(history: History) -> None:
    """It guarantees a price for a share."""
    venue = history.some_venue()
    if (order := _order(history, venue)) is not None and order["price"]:
        venue.operate("stop", order_id=order["order_id"], quantity=1, price=order["price"])


def telephone(history: History) -> None:
    """An order of ours that we know nothing of."""
    venue = history.some_venue()
    symbol = history.random.choice(venue.symbols)
    venue.operate("telephone", client=CLIENT, symbol=symbol, side="buy", quantity=10)


def halt_trading(history: History) -> None:
    venue = history.some_venue()
    symbol = history.random.choice(venue.symbols)
    venue.operate(history.random.choice(("halt", "resume")), symbol=symbol)


def night(history: History) -> None:
    """Venues end their day and begin the next; what they said at its end is there in the morning.

    A connection does not last through the night.
    """
    if history.nights == _NIGHTS:
        return
    history.nights += 1
    for venue in history.venues.values():
        venue.operate("end-of-day")
    history.deliver_to_engine(history.random.choice((0, 3, 100)))
    may_split = history.random.random() < _WITH_A_SPLIT and splits.is_quiet(history)
    history.break_lines()
    if may_split:
        splits.announce(history)
    history.clock.advance(_DAY_SECONDS)
    splits.book(history)
    history.tick()


def repeat(history: History) -> None:
    history.some_venue().repeat(possible_duplicate=history.random.random() < 0.5)


def lose_one(history: History) -> None:
    history.some_venue().lose_one()


def crash_of_venue(history: History) -> None:
    history.some_venue().crash()


def reset_sequence(history: History) -> None:
    venue = history.some_venue()
    history.excuse("the venue reset its sequence numbers", venue.name)
    venue.reset_sequence(history.random.choice((1, 50)))


def refuse_resends(history: History) -> None:
    venue = history.some_venue()
    history.excuse("the venue refused to send again", venue.name)
    venue.refuse_resends(history.random.choice((1, 30)))


def forget(history: History) -> None:
    """It denies orders that it has; never beside a power cut, after which no store is a proof."""
    venue = history.some_venue()
    venue.is_forgetful = not history.had_power_cut() and not venue.is_forgetful


def odd_venue(history: History) -> None:
    history.some_venue().oddity = history.random.choice((0, 0.3))


def miscopy(history: History) -> None:
    """A back office begins, or ceases, to copy wrong quantities and prices."""
    office = history.some_venue().back_office
    office.slips = 0.0 if office.slips else 0.4


def copy_what_never_was(history: History) -> None:
    history.some_venue().copy_what_never_was()
