"""Kill switches: whom each one stops, decided in one place for everybody who must obey.

In case of doubt a switch stops: so does a scope that nobody knows, and the halt of any
strategy stops a part that does not say whose model it follows.
"""

from collections.abc import Iterable
from enum import StrEnum

from domain.orders import Allocation, OrderIntent
from domain.runs import Kill


class Scope(StrEnum):
    """How far a switch reaches."""

    FIRM = "firm"
    ACCOUNT = "account"
    STRATEGY = "strategy"  # A model, and every account that is managed to it.
    VENUE = "venue"


_OF_PARTS = frozenset({Scope.ACCOUNT, Scope.STRATEGY})


def stops_venue(kill: Kill, venue: str) -> bool:
    """Whether it stops every order for `venue`, whoever takes part in it."""
    if kill.scope == Scope.VENUE:
        return kill.name == venue
    return kill.scope not in _OF_PARTS


def stops_part(kill: Kill, part: Allocation) -> bool:
    """Whether it stops this account's part of an order, and perhaps no other."""
    if kill.scope == Scope.ACCOUNT:
        return kill.name == part.account_id
    return kill.scope == Scope.STRATEGY and part.strategy in ("", kill.name)


def stops(kill: Kill, intent: OrderIntent) -> bool:
    """Whether the order may not go out as it is: all of it, or a part, is stopped."""
    return stops_venue(kill, intent.venue) or any(
        stops_part(kill, part) for part in intent.allocations
    )


def first_that_stops(kills: Iterable[Kill], intent: OrderIntent) -> Kill | None:
    """The first of `kills` that stops the order."""
    return next((kill for kill in kills if stops(kill, intent)), None)


def in_words(kill: Kill) -> str:
    """The scope and its name: "firm", "venue XSIM"."""
    return f"{kill.scope} {kill.name}".strip()
