"""Kinds of orders: each venue has every order as the kind that it was meant to be."""

from tests.simulation.history import History
from tests.simulation.witness import ViolationError


def compare(history: History) -> None:
    """OrdType and TimeInForce, ours and theirs."""
    orders = {venue.name: venue.by_name() for venue in history.venues.values()}
    for name, order in history.witness.orders.items():
        intent = order.intent
        theirs = orders[intent.venue].get(name)
        meant = (intent.ord_type.name.lower(), intent.time_in_force.name.lower())
        if theirs is not None and (theirs["type"], theirs["time_in_force"]) != meant:
            had = f"{theirs['type']} {theirs['time_in_force']}"
            raise ViolationError(f"[1] {name} was meant as {' '.join(meant)}, the venue has {had}")
