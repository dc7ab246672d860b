"""Splits over night: venues restate what goes on, and two persons book what clients hold.

One is announced only when everything of the day before was heard and nothing was broken that a
person must mend, as a desk has it; it is booked before the service hears anything of the morning.
"""

from datetime import timedelta

from domain.errors import TryAgainError
from domain.splits import Split
from oms import splits
from tests.oms_orders.desk import SYMBOLS
from tests.simulation.history import History
from tests.simulation.venue import BROKER
from tests.simulation.wanted import BOOK

_MANY = 10_000
_HELD = {SYMBOLS[lot.security_id] for lot in BOOK.lots}
_AT_REST = 0.2  # How likely a name splits of which no order is open.
_NEW_SHARES = (2, 3, 7)  # For each old one.


def is_quiet(history: History) -> bool:
    """Whether all executions of the day were heard, and nothing was broken."""
    if history.process is None or history.splits:
        return False
    history.deliver_to_engine(_MANY)
    history.process.book(_MANY)
    return not (history.missing_executions() or any(map(history.is_excused, history.venues)))


def announce(history: History) -> None:
    """After the close: the venues have one of their names in new shares, and people are told."""
    symbol = history.random.choice(_worth_splitting(history) or [""])
    if not symbol:
        return
    new = history.random.choice(_NEW_SHARES)
    for venue in history.venues.values():
        if symbol in venue.symbols:
            venue.split(symbol, new)
    security = next(name for name, short in SYMBOLS.items() if short == symbol)
    day = history.desk.roll.day_of(history.clock.now() + timedelta(days=1))
    history.splits.append(Split(security_id=security, day=day, new=new, old=1))
    history.note(f"  {symbol} {new}:1 on {day}")


def book(history: History) -> None:
    """Two persons, as soon as there is a service and its database can be reached."""
    process = history.process
    if process is None or len(history.booked_splits) == len(history.splits):
        return
    split = history.splits[-1]
    symbol, now = SYMBOLS[split.security_id], history.clock.now()
    try:
        with process.vault.real.read() as view:
            is_booked = split in view.ledger.splits(split.security_id)
        if not is_booked:
            with process.vault.real.write() as uow:
                splits.propose(uow, split, symbol, why="the notice", by="ann", at=now)
            with process.vault.real.write() as uow:
                splits.second(uow, symbol, split.day, by="ben", at=now)
    except TryAgainError as error:
        history.note(f"  not booked yet: {error}")
        return
    history.booked_splits.append(split)
    history.note(f"  {symbol} {split.new}:1 is booked")


def _worth_splitting(history: History) -> list[str]:
    """Names of which orders are open that filled; else of open ones, else perhaps any other.

    None while a broker works, whose orders know no night, nor one of which an order ends tonight.
    """
    orders = [one for venue in history.venues.values() for one in venue.orders()]
    last = {one["symbol"] for one in orders if one["leaves_qty"] and one["time_in_force"] == "gtd"}
    is_open = {str(one["symbol"]) for one in orders if one["leaves_qty"]} - last
    if BROKER in history.venues and any(
        one["leaves_qty"] for one in history.venues[BROKER].orders()
    ):
        return []
    has_filled = {one["symbol"] for one in orders if one["leaves_qty"] and one["cum_qty"]}
    listed = {symbol for venue in history.venues.values() for symbol in venue.symbols}
    at_rest = listed & _HELD if history.random.random() < _AT_REST else set()
    return sorted(has_filled & is_open & _HELD or is_open & _HELD or at_rest - last)
