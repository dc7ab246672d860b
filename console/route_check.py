"""Routing rules against the venues' profiles: a choice that could never be sent stops the start."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from domain.errors import ConfigError
from domain.orders import Algo
from gateway.dialect import Dialect
from gateway.settings import VenueProfile
from oms.route_terms import AlgoTerms, Choice
from oms.routing import Rule

_SOME_TIME = datetime(2000, 1, 1, tzinfo=UTC)  # Only whether there is one is asked.


def refuse_impossible_routes(
    rules: Sequence[Rule], profiles: Sequence[VenueProfile], place: str
) -> None:
    """Raises `ConfigError` for a choice that its venue, or without one no venue, takes."""
    dialects = {profile.venue: profile.dialect for profile in profiles}
    for rule in rules:
        for number, choice in enumerate(rule.choices, start=1):
            if (why := _refusal(choice, dialects)) is not None:
                raise ConfigError(
                    f"{place}: [[route]] {rule.name}: choice {number} can never be sent: {why}; "
                    "change the choice, or the profile if the venue takes such orders"
                )


def _refusal(choice: Choice, dialects: Mapping[str, Dialect]) -> str | None:
    venues = dialects if choice.venue is None else {choice.venue: dialects[choice.venue]}
    refusals = [
        dialect.refusal(
            venue,
            choice.ord_type,
            choice.time_in_force,
            peg=choice.peg,
            algo=None if choice.algo is None else _algo(choice.algo),
        )
        for venue, dialect in venues.items()
    ]
    return None if None in refusals else refusals[0]


def _algo(terms: AlgoTerms) -> Algo:
    return Algo(
        strategy=terms.strategy,
        start=None if terms.start is None else _SOME_TIME,
        end=None if terms.end is None else _SOME_TIME,
        participation=terms.participation,
    )
