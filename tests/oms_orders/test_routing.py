"""Routing: which way a block goes, and which reason is kept."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.codec import decode, encode
from domain.facts import About, Fact
from domain.orders import Algo, OrdType, PegTo, Side, Strategy, TimeInForce
from domain.runs import Urgency
from oms.blocks import BlockSettings, block
from oms.order_words import routed_words, terms_words
from oms.route_blocks import route_blocks, unreachable
from oms.route_terms import AlgoTerms, Choice, TradingDay, stop_price, with_terms
from oms.routing import (
    Known,
    Route,
    RoutingSettings,
    Rule,
    Schedule,
    When,
    route,
)
from tests.oms_orders.desk import (
    AAPL,
    DAY,
    KO,
    NOW,
    RUN,
    intent,
    recommendation,
    security,
    snapshot,
)
from tests.plain_routing import without_rules

CENT = Decimal("0.01")
PLAIN = without_rules(CENT)
NEW_YORK = TradingDay(zone="America/New_York", close=time(16))
LIMIT = Choice(collar=CENT)
MARKET = Choice(collar=CENT, ord_type=OrdType.MARKET)
BLOCK = intent("R-0001", Side.BUY, AAPL, {"A1": 600, "A2": 400})
KNOWN = Known(security=security(AAPL), kind="common_stock", urgency=Urgency.NORMAL)


def rules(*found: Rule, **changes: object) -> RoutingSettings:
    return replace(PLAIN, rules=found, **changes)


def rule(name: str, *choices: Choice, **when: object) -> Rule:
    return Rule(name=name, when=When(**when), choices=choices or (LIMIT,))


def routed(settings: RoutingSettings, known: Known = KNOWN) -> Route:
    return route(BLOCK, known, settings)


def test_without_rules_every_order_is_a_limit_order_for_the_day_at_its_securitys_venue():
    (attempt,) = routed(PLAIN).attempts

    sent = attempt.intent
    assert (sent.venue, sent.ord_type, sent.time_in_force) == (
        "XSIM",
        OrdType.LIMIT,
        TimeInForce.DAY,
    )
    assert sent.limit_price == Decimal("149.48")  # One percent of 148 above it.
    assert sent.routed is None


def test_the_first_matching_rule_wins_and_says_why():
    found = routed(
        rules(
            rule("sales", sides=frozenset({Side.SELL})),
            rule("ours", MARKET, sectors=frozenset({"Sector"}), notional_from=Decimal(100_000)),
            rule("all"),
        )
    )

    assert found.intent.ord_type is OrdType.MARKET
    assert found.intent.routed is not None
    assert routed_words(found.intent.routed) == (
        "rule ours: its sector is Sector; it is worth $148,000.00"
    )


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ({"securities": frozenset({"AAPL"})}, "it is AAPL"),
        ({"securities": frozenset({AAPL})}, "it is AAPL, US0378331005"),
        ({"industries": frozenset({"Industry", "Other"})}, "its industry is Industry"),
        ({"countries": frozenset({"US"})}, "its country is US"),
        ({"kinds": frozenset({"common_stock"})}, "its kind is common_stock"),
        ({"sides": frozenset({Side.BUY})}, "it is a purchase"),
        ({"urgency": frozenset({Urgency.NORMAL})}, "its urgency is normal"),
        ({"adv_from": Decimal("0.001")}, "it is 0.1 % of the average daily volume"),
        ({"notional_below": Decimal(148_001)}, "it is worth $148,000.00"),
        ({}, "the rule is for every order"),
    ],
)
def test_each_question_has_its_words(when, said):
    decided = routed(rules(rule("it", **when))).intent.routed

    assert decided is not None
    assert (decided.rule, decided.why) == ("it", said)


@pytest.mark.parametrize(
    "when",
    [
        {"securities": frozenset({"KO", KO})},
        {"sectors": frozenset({"Energy"})},
        {"kinds": frozenset({"warrant"})},
        {"sides": frozenset({Side.SELL})},
        {"urgency": frozenset({Urgency.HIGH, Urgency.LOW})},
        {"adv_from": Decimal("0.0011")},
        {"adv_below": Decimal("0.001")},
        {"notional_from": Decimal(148_001)},
        {"notional_below": Decimal(148_000)},
        {"sectors": frozenset({"Sector"}), "countries": frozenset({"CH"})},
    ],
)
def test_a_rule_that_does_not_fit_is_passed_by(when):
    decided = routed(rules(rule("it", MARKET, **when))).intent

    assert decided.ord_type is OrdType.LIMIT
    assert decided.routed is not None
    assert routed_words(decided.routed) == "rule default: no rule is for it"


def test_what_nobody_can_tell_falls_to_the_next_rule_and_is_said():
    unknown = replace(KNOWN, security=replace(KNOWN.security, average_daily_volume=0))

    decided = routed(rules(rule("large", MARKET, adv_from=CENT), rule("all")), unknown).intent

    assert decided.routed is not None
    assert routed_words(decided.routed) == (
        "rule all: rule large cannot tell, as nobody knows the average daily volume of AAPL; "
        "the rule is for every order"
    )


def test_urgency_and_directed_brokerage_are_asked_of_the_run_and_of_the_accounts():
    directed = Fact(
        about=About.ACCOUNT, subject="A2", name="directed_to", value="YSIM", source=None
    )
    book = replace(snapshot(), facts=(directed,))
    wanted = [recommendation(account, AAPL, Side.BUY, 100) for account in ("A1", "A2", "A3")]
    blocks = block(
        RUN,
        wanted,
        book,
        BlockSettings(limit_collar=CENT),
        trade_date=DAY,
        at=NOW,
        short="DE7KQ2M4",
    )
    settings = rules(rule("hurry", MARKET, LIMIT, urgency=frozenset({Urgency.HIGH})))

    ours, theirs = route_blocks(blocks, book, Urgency.HIGH, settings)

    assert [part.account_id for part in ours.intent.allocations] == ["A1", "A3"]
    assert (ours.intent.venue, ours.intent.quantity) == ("XSIM", 200)
    assert [part.account_id for part in theirs.intent.allocations] == ["A2"]
    assert {attempt.intent.venue for attempt in theirs.attempts} == {"YSIM"}
    assert theirs.intent.routed is not None
    assert theirs.intent.routed.why == ("its urgency is high; its clients directed it to YSIM")
    assert unreachable((ours, theirs), frozenset({"XSIM", "YSIM"})) == {}
    assert list(unreachable((ours, theirs), frozenset({"XSIM"}))) == [theirs.intent.cl_ord_id]


def test_a_directed_block_without_a_rule_says_so_too():
    known = replace(KNOWN, directed_to="YSIM")

    decided = routed(PLAIN, known).intent

    assert decided.venue == "YSIM"
    assert decided.routed is not None
    assert routed_words(decided.routed) == "rule directed: its clients directed it to YSIM"


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (MARKET, "at market for the day"),
        (replace(LIMIT, time_in_force=TimeInForce.IOC), "limit 149.48 immediately or not"),
        (
            replace(LIMIT, ord_type=OrdType.STOP_LIMIT, stop=Decimal("0.02")),
            "stop limit 150.96 limit 152.46 for the day",
        ),
        (
            replace(LIMIT, ord_type=OrdType.PEGGED, peg=PegTo.MIDPOINT, peg_offset=-CENT),
            "pegged to the midpoint -0.01 limit 149.48 for the day",
        ),
        (replace(LIMIT, time_in_force=TimeInForce.GTD, days=30), "limit 149.48 until 2022-12-30"),
        (
            replace(
                MARKET,
                algo=AlgoTerms(
                    strategy=Strategy.POV, start=time(10), end=time(15, 30), participation=CENT
                ),
            ),
            (
                "at market for the day by POV from 2022-11-30 15:00:00 UTC "
                "to 2022-11-30 20:30:00 UTC at 1 % of the volume"
            ),
        ),
    ],
)
def test_a_choice_becomes_an_orders_terms(choice, words):
    assert choice.problem() is None
    assert terms_words(with_terms(BLOCK, choice, security(AAPL), NEW_YORK)) == words


@pytest.mark.parametrize(
    ("key", "choice"),
    [
        ("stop_bps", replace(LIMIT, ord_type=OrdType.STOP)),
        ("stop_bps", replace(LIMIT, stop=CENT)),
        ("peg", replace(LIMIT, ord_type=OrdType.PEGGED)),
        ("peg_offset", replace(LIMIT, peg_offset=CENT)),
        ("days", replace(LIMIT, time_in_force=TimeInForce.GTD)),
        (
            "type",
            replace(LIMIT, ord_type=OrdType.STOP_LIMIT, stop=CENT, time_in_force=TimeInForce.CLS),
        ),
        (
            "time_in_force",
            replace(LIMIT, ord_type=OrdType.STOP, stop=CENT, time_in_force=TimeInForce.FOK),
        ),
        (
            "patience_seconds",
            replace(LIMIT, time_in_force=TimeInForce.GTC, patience=timedelta(seconds=9)),
        ),
        ("participation", replace(LIMIT, algo=AlgoTerms(strategy=Strategy.POV))),
        (
            "end",
            replace(LIMIT, algo=AlgoTerms(strategy=Strategy.TWAP, start=time(12), end=time(12))),
        ),
    ],
)
def test_terms_that_do_not_fit_each_other_are_named_by_their_key(key, choice):
    problem = choice.problem()

    assert problem is not None
    assert problem[0] == key


@given(
    st.sampled_from(Side),
    st.integers(100, 10**7).map(lambda n: Decimal(n) / 100),
    st.integers(1, 5000).map(lambda n: Decimal(n) / 10**4),
)
def test_a_stop_is_on_the_tick_and_never_nearer_than_its_distance(side, reference, distance):
    price = stop_price(side, reference, distance, CENT)

    assert price % CENT == 0
    if side is Side.BUY:
        assert reference * (1 + distance) <= price < reference * (1 + distance) + CENT
    else:
        assert reference * (1 - distance) - CENT < price <= reference * (1 - distance)


def test_the_parts_of_a_schedule_are_due_evenly_before_its_end():
    spread = replace(rule("slow"), schedule=Schedule(slices=4, start=time(10), end=time(15)))

    times = routed(rules(spread)).times

    first = datetime(2022, 11, 30, 15, tzinfo=UTC)
    assert times == tuple(first + n * timedelta(minutes=75) for n in range(4))


def test_a_participation_limit_is_of_the_average_daily_volume():
    usual = rules(rule("all"), participation=Decimal("0.10"))
    own = rules(replace(rule("all"), participation=Decimal("0.0005")), participation=CENT)
    unknown = replace(KNOWN, security=replace(KNOWN.security, average_daily_volume=0))

    assert routed(usual).most == 100_000
    assert routed(own).most == 500
    assert routed(usual, unknown).most == 0
    assert routed(usual, unknown).why_most == "nobody knows the average daily volume of AAPL"
    assert routed(PLAIN).most is None


def test_a_route_is_kept_as_it_is():
    algo = AlgoTerms(strategy=Strategy.VWAP, end=time(15, 30))
    spread = replace(
        rule("slow", replace(MARKET, algo=algo, patience=timedelta(seconds=30)), LIMIT),
        schedule=Schedule(slices=2, start=time(10), end=time(15)),
        participation=CENT,
    )
    found = routed(rules(spread))

    assert decode(Route, encode(found)) == found
    assert found.intent.algo == Algo(
        strategy=Strategy.VWAP, end=datetime(2022, 11, 30, 20, 30, tzinfo=UTC)
    )
    assert found.attempts[0].works_until == found.intent.algo.end
    assert found.attempts[0].patience_seconds == 30
