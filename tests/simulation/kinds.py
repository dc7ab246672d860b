"""Kinds of orders: each venue has every order as the kind that it was meant to be."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from domain.orders import Algo
from tests.simulation.history import History
from tests.simulation.witness import ViolationError


def compare(history: History) -> None:
    """OrdType, TimeInForce and algorithm, ours and theirs."""
    orders = {venue.name: venue.by_name() for venue in history.venues.values()}
    for name, order in history.witness.orders.items():
        intent = order.intent
        theirs = orders[intent.venue].get(name)
        meant = (intent.ord_type.name.lower(), intent.time_in_force.name.lower())
        if theirs is not None and (theirs["type"], theirs["time_in_force"]) != meant:
            had = f"{theirs['type']} {theirs['time_in_force']}"
            raise ViolationError(f"[1] {name} was meant as {' '.join(meant)}, the venue has {had}")
        if theirs is not None and intent.algo is not None:
            _compare_algorithm(name, intent.algo, theirs)


def _compare_algorithm(name: str, meant: Algo, theirs: Mapping[str, Any]) -> None:
    """What works the order, until when, and with how much of the volume."""
    had = [theirs["strategy"], theirs["end"], theirs["rate"] and Decimal(theirs["rate"])]
    wanted = [meant.strategy.value, _second(meant.end), meant.participation]
    if meant.end is None:  # The broker's own.
        wanted[1] = had[1]
    if had != wanted:
        raise ViolationError(f"[1] {name} was to be worked as {wanted}, the broker does {had}")


def _second(instant: datetime | None) -> str | None:
    return instant and instant.replace(microsecond=0).isoformat()
