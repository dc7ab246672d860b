"""Orders by hand: what they mean for their accounts, the way they go, and what they may sell."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest

from domain.accounts import TaxStatus
from domain.codec import decode, encode
from domain.facts import About, Fact
from domain.orders import Allocation, OrdType, Peg, PegTo, Side, Strategy, TimeInForce
from domain.proposals import Outcome
from domain.snapshot import Finding
from oms import wire_risk
from oms.blocks import BlockSettings, block
from oms.by_hand.cover import uncovered
from oms.by_hand.order import HandOrder
from oms.by_hand.proposals import proposals
from oms.by_hand.refusals import House, problems
from oms.by_hand.routes import routes
from oms.entering import enter
from oms.recommend import recommend
from oms.route_terms import AlgoTerms
from tests.memory import MemoryVault
from tests.oms_orders.desk import (
    AAPL,
    DAY,
    LIMITS,
    NOW,
    RUN,
    SOURCE,
    intent,
    lot,
    open_books,
    snapshot,
)
from tests.plain_routing import without_rules

LOTS = (lot("A1", AAPL, 60, "6000"), lot("A1", AAPL, 40, "6000", n=2), lot("A2", AAPL, 50, "5000"))
BOOK = snapshot(LOTS, {"A1": "1000", "A2": "60"})
SETTINGS = without_rules(Decimal("0.01"))
HOUSE = House(venues=frozenset({"XSIM", "YSIM"}), limits=LIMITS, day=SETTINGS.day)
MORNING = datetime(2022, 11, 30, 15, tzinfo=UTC)  # 10:00 in New York, where it closes at 16:00.
CLOSE = datetime(2022, 11, 30, 21, tzinfo=UTC)
GTD = date(2022, 12, 5)
TWAP = AlgoTerms(strategy=Strategy.TWAP, start=time(11), end=time(12, 30))


def order(side: Side = Side.SELL, /, **terms: object) -> HandOrder:
    """An order for two accounts, unless told otherwise."""
    return HandOrder(**({"symbol": "AAPL", "side": side, "allocations": parts(70, 50)} | terms))


def parts(*shares: object) -> tuple[Allocation, ...]:
    """Of A1, A2, and so on."""
    return tuple(
        Allocation(account_id=f"A{n}", quantity=Decimal(quantity))
        for n, quantity in enumerate(shares, start=1)
    )


def said_against(wanted: HandOrder, book=BOOK, at: datetime = MORNING) -> str:
    vault = MemoryVault()
    open_books(vault, BOOK)
    with vault.read() as view:
        return "; ".join(problems(view, wanted, book, HOUSE, at))


def routed(wanted: HandOrder, at: datetime = MORNING, book=BOOK):
    made = recommend(book, proposals(wanted, book, by="anna", why="a call"))
    desk = BlockSettings(limit_collar=Decimal("0.01"))
    blocks = block(RUN, made, book, desk, trade_date=DAY, at=at, short="H")
    return routes(wanted, blocks, book, SETTINGS, at)


def test_a_sale_names_lots_and_tax_by_the_mandates_own_method():
    """Dearest first: 40 shares lose 80 dollars short-term, 30 gain 1,440 long-term."""
    first, second = proposals(order(), BOOK, by="anna", why="a call")

    (trade,) = first.trades
    assert first.outcome is second.outcome is Outcome.ORDERED
    assert trade.reason == "anna ordered it by hand: a call"
    assert trade.lot_ids == ("A1:AAPL:2", "A1:AAPL:1")
    assert trade.expected_tax == -80 * Decimal("0.4") + 1440 * Decimal("0.2")
    assert first.cash_after == 1000 + 70 * 148
    assert trade.weight_after == (30 * 148 / Decimal(100 * 148 + 1000)).quantize(Decimal("1e-9"))


def test_nobody_pays_tax_on_a_sale_of_a_retirement_account():
    accounts = tuple(replace(one, tax_status=TaxStatus.EXEMPT) for one in BOOK.accounts)

    found = proposals(order(), replace(BOOK, accounts=accounts), by="anna", why="a call")

    assert {one.expected_tax for one in found} == {0}


def test_a_block_goes_out_as_it_was_said_and_works_until_the_close():
    (route,) = routed(order(limit=Decimal("149.50"), venue="YSIM"))

    (attempt,) = route.attempts
    assert (route.intent.venue, route.intent.limit_price) == ("YSIM", Decimal("149.50"))
    assert route.intent.quantity == 120
    assert route.intent.routed.rule == "by hand"
    assert (attempt.works_until, attempt.rests) == (CLOSE, False)


@pytest.mark.parametrize("terms", [{"time_in_force": TimeInForce.GTC}, {"expires": GTD}])
def test_what_is_good_for_days_stays_beyond_its_run(terms):
    (route,) = routed(order(limit=Decimal(150), **terms))

    assert route.attempts[0].rests
    assert route.intent.expires == terms.get("expires")


def test_after_the_close_it_is_left_to_its_venue_and_not_taken_back_at_once():
    (route,) = routed(order(at_market=True), at=CLOSE)

    assert route.attempts[0].rests


def test_without_terms_the_routing_rules_say_how_it_goes():
    (route,) = routed(order())

    assert route.intent.routed is None
    assert route.intent.limit_price == Decimal("146.52")  # A hundredth below the close.


@pytest.mark.parametrize(
    ("terms", "kind"),
    [
        ({"at_market": True}, OrdType.MARKET),
        ({"stop": Decimal(140)}, OrdType.STOP),
        ({"stop": Decimal(140), "limit": Decimal(139)}, OrdType.STOP_LIMIT),
        ({"peg": Peg(to=PegTo.MIDPOINT, offset=Decimal("0.01"))}, OrdType.PEGGED),
        ({"venue": "YSIM"}, OrdType.LIMIT),
        ({"algo": TWAP, "at_market": True}, OrdType.MARKET),
    ],
)
def test_the_prices_that_are_given_make_the_kind(terms, kind):
    wanted = order(**terms)

    (route,) = routed(wanted)

    assert said_against(wanted) == ""
    assert route.intent.ord_type is kind
    assert route.intent.stop_price == terms.get("stop")
    assert (route.intent.algo is None) == ("algo" not in terms)
    assert decode(HandOrder, encode(wanted)) == wanted


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"at_market": True, "limit": Decimal(148)}, "--market goes with no --limit"),
        ({"limit": Decimal("148.005")}, "--limit 148.005 is not a multiple of AAPL's tick of 0.01"),
        ({"limit": Decimal(20)}, "--limit 20 is 86.5 % away from 148; the collar is 50 %"),
        (
            {"side": Side.BUY, "stop": Decimal(150), "limit": Decimal(149)},
            "a stop at 150 would wake beyond its limit of 149",
        ),
        ({"time_in_force": TimeInForce.GTD}, "--tif gtd needs its last day"),
        ({"time_in_force": TimeInForce.IOC, "expires": GTD}, "--until says a last day"),
        ({"expires": date(2022, 11, 29)}, "--until 2022-11-29 is over: today is 2022-11-30"),
        (
            {"stop": Decimal(140), "time_in_force": TimeInForce.CLS},
            "the kind does not go with the rest: an order for an auction is a market or a limit",
        ),
        ({"algo": AlgoTerms(strategy=Strategy.POV)}, "--participation does not go with the rest"),
        ({"venue": "ZSIM"}, "there is no venue 'ZSIM'; known: XSIM, YSIM"),
        ({"symbol": "APPL"}, "the security master has no 'APPL'; did you mean AAPL?"),
        ({"allocations": ()}, "no account is named"),
        ({"allocations": parts(1) * 2}, "account A1 is named twice"),
        ({"allocations": parts("1.5")}, "1.5 shares for A1: say a whole number above zero"),
        ({"allocations": parts(101)}, "A1 holds 100 AAPL: it cannot sell 101"),
        (
            {"allocations": (Allocation(account_id="B7", quantity=Decimal(1)),)},
            "there is no account 'B7'",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_a_remedy(terms, reason):
    said = said_against(order(**terms) if "side" not in terms else HandOrder(
        symbol="AAPL", allocations=parts(1), **terms
    ))  # fmt: skip

    assert reason in said


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        (
            MORNING,
            "the day ends at 16:00 America/New_York, 2022-11-30 21:00:00 UTC: say a later time",
        ),
        (
            CLOSE,
            "the day ended at 16:00 America/New_York, 2022-11-30 21:00:00 UTC: say a later day",
        ),
    ],
)
def test_an_instant_that_has_passed_is_refused_at_once(at, reason):
    said = said_against(order(expires=DAY, until=time(9, 59)), at=at)

    assert said.startswith("--until 2022-11-30T09:59 is over: that was 2022-11-30 14:59:00 UTC")
    assert f"and it is {at:%Y-%m-%d %H:%M:%S} UTC; " in said
    assert reason in said
    assert said_against(order(expires=DAY, until=time(23)), at=at) == ""
    assert said_against(order(expires=GTD, until=time(9, 59)), at=at) == ""


def test_an_algorithm_whose_end_has_passed_is_refused_at_once():
    twap = order(algo=TWAP)
    half_past_twelve = datetime(2022, 11, 30, 17, 30, tzinfo=UTC)

    assert said_against(twap) == ""
    assert "--end 12:30 is over" in said_against(twap, at=half_past_twelve)
    assert said_against(twap, at=CLOSE).endswith("order it on the next day")


def test_an_account_in_quarantine_does_not_trade_by_hand_either():
    finding = Finding(check="lots", account_id="A2", message="its lots differ", source=None)

    said = said_against(order(), replace(BOOK, findings=(finding,)))

    assert said == "A2 is in quarantine: its lots differ"


def test_no_hand_sends_a_directed_account_elsewhere():
    directed = Fact(
        about=About.ACCOUNT, subject="A2", name="directed_to", value="YSIM", source=SOURCE
    )
    book = replace(BOOK, facts=(directed,))

    assert "A2 directed its brokerage to YSIM" in said_against(order(venue="XSIM"), book)
    blocks = routed(order(), book=book)
    assert {one.intent.venue for one in blocks} == {"XSIM", "YSIM"}


def test_what_another_sale_may_take_cannot_be_sold_again(vault):
    """Also when both were taken while neither was out: the commit looks again."""
    open_books(vault, BOOK)
    facts = wire_risk.price_facts(BOOK)
    earlier = intent("H-1", Side.SELL, AAPL, {"A1": 60})
    later = intent("H-2", Side.SELL, AAPL, {"A1": 60, "A2": 50})
    with vault.write() as uow:
        before = uncovered(uow, [later])
        enter(uow, [earlier], LIMITS, facts, NOW)

        after = uncovered(uow, [later])

    assert before == {}
    assert after == {
        "A1": "A1 holds 100 AAPL, of which 60 are being sold already: it cannot sell 60"
    }


def test_an_order_does_not_stand_in_its_own_way(vault):
    """It is looked at again when it goes out anew after an accident."""
    open_books(vault, BOOK)
    mine = intent("H-1", Side.SELL, AAPL, {"A1": 100})
    with vault.write() as uow:
        enter(uow, [mine], LIMITS, wire_risk.price_facts(BOOK), NOW)

        assert uncovered(uow, [mine]) == {}
