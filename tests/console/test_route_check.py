"""A routing rule whose choice no venue takes stops the start, with the rule and the remedy."""

from decimal import Decimal
from types import SimpleNamespace

import pytest

from console.route_check import refuse_impossible_routes
from domain.errors import ConfigError
from domain.orders import OrdType, PegTo, Strategy, TimeInForce
from gateway.dialect import AlgoForm, Dialect
from oms.route_terms import AlgoTerms, Choice
from oms.routing import Rule, When

LIMITS_ONLY = Dialect(kinds=frozenset({OrdType.LIMIT}), times=frozenset({TimeInForce.DAY}))
BROKER = Dialect(
    pegs=frozenset({PegTo.MIDPOINT}), algos={Strategy.TWAP: AlgoForm(value="1000", start="")}
)
PROFILES = [
    SimpleNamespace(venue="XSIM", dialect=LIMITS_ONLY),
    SimpleNamespace(venue="BROK", dialect=BROKER),
]


def check(**terms):
    choice = Choice(collar=Decimal("0.01"), **terms)
    plain = Choice(collar=Decimal("0.01"))
    rule = Rule(name="large", when=When(), choices=(plain, choice))
    refuse_impossible_routes([rule], PROFILES, "trimtab.toml")


@pytest.mark.parametrize(
    "terms",
    [
        {"venue": "XSIM"},
        {"venue": "BROK", "algo": AlgoTerms(strategy=Strategy.TWAP)},
        {"ord_type": OrdType.MARKET},  # No venue is named, and one of them takes it.
    ],
)
def test_what_a_venue_takes_is_let_through(terms):
    check(**terms)


@pytest.mark.parametrize(
    ("terms", "why"),
    [
        ({"venue": "XSIM", "ord_type": OrdType.MARKET}, "XSIM takes no market orders"),
        ({"venue": "XSIM", "time_in_force": TimeInForce.IOC}, "XSIM takes no ioc orders"),
        (
            {"venue": "BROK", "ord_type": OrdType.PEGGED, "peg": PegTo.PRIMARY},
            "BROK takes no primary pegs",
        ),
        ({"algo": AlgoTerms(strategy=Strategy.VWAP)}, "XSIM has no algorithm VWAP"),
    ],
)
def test_what_no_venue_takes_is_refused_by_rule_and_choice(terms, why):
    with pytest.raises(ConfigError) as caught:
        check(**terms)

    said = str(caught.value)
    assert said.startswith(f"trimtab.toml: [[route]] large: choice 2 can never be sent: {why}")
    assert said.endswith("change the choice, or the profile if the venue takes such orders")
