"""Wire risk: mistakes stop at the last door, in the transaction that would commit them."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.codec import content_name, encode
from domain.entries import DayUse, Recent
from domain.errors import ConfigError
from domain.order_states import apply
from domain.orders import NeverSent, OrdStatus, OrdType, Side
from oms import wire_risk
from oms.cancel import ChangeRefusedError, cancel, change
from oms.release import Releaser
from oms.release_settings import ReleaseSettings
from oms.seeing_through import ReleaseInterruptedError
from oms.wire_risk import Before, PriceFacts, RiskLimits
from oms.worst_price import worst_price
from tests.oms_orders.desk import (
    AAPL,
    DAY,
    KO,
    LIMITS,
    NOW,
    RUN,
    SetClock,
    SilentWire,
    intent,
    lot,
    open_books,
    snapshot,
)
from vault.entered import RecentOrders

NOTHING = Before(recent=RecentOrders(), messages=0, used=DayUse.summed({}, {}))
FACTS = PriceFacts(
    price_days={AAPL: DAY, KO: DAY}, strategies={"A1": "income", "A2": "growth", "A3": "growth"}
)
BOOK = snapshot(
    [lot("A1", AAPL, 500, "50000"), lot("A2", AAPL, 500, "50000")], {"A1": "0", "A2": "0"}
)
SETTINGS = ReleaseSettings(
    wave_timeout=timedelta(seconds=1), poll_interval=timedelta(milliseconds=1)
)


def check(*intents, earlier=NOTHING, facts=FACTS, now=NOW, **limits):
    return wire_risk.check(intents, replace(LIMITS, **limits), earlier, facts, now)


def whys(admission):
    return [stop.why for stop in admission.stopped]


BUY = intent("R-1", Side.BUY, AAPL, {"A1": 60, "A2": 40})


def test_an_order_within_every_limit_goes_as_it_is():
    assert check(BUY).intents == (BUY,)


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        ({"maximum_quantity": Decimal(99)}, "100 shares; an order may have 99"),
        ({"maximum_notional": Decimal(14799)}, "$14,800.00; an order may have $14,799.00"),
        ({"daily_firm": Decimal(14799)}, "has entered $0.00 today; $14,799.00 are allowed"),
    ],
)
def test_an_order_that_is_too_large_is_stopped_whole(limits, why):
    admission = check(BUY, **limits)

    assert admission.intents == ()
    assert why in whys(admission)[0]


def test_a_limit_far_from_its_price_is_stopped_on_either_side():
    low, high, edge = (
        intent(f"R-{limit}", Side.BUY, AAPL, {"A1": int(limit)}, limit=limit)
        for limit in ("140", "156", "152")
    )
    admission = check(low, high, edge, price_collar=Decimal(4) / Decimal(148))

    assert admission.intents == (edge,)
    assert [why.partition(";")[0] for why in whys(admission)] == [
        "limit 140 is 5.4 % away from 148",
        "limit 156 is 5.4 % away from 148",
    ]


def test_a_market_order_has_no_limit_to_be_far_away():
    market = replace(BUY, ord_type=OrdType.MARKET, limit_price=None)

    assert check(market, price_collar=Decimal("0.000001")).intents == (market,)


@pytest.mark.parametrize(("age", "passes"), [(4, True), (5, False)])
def test_a_decision_on_an_old_price_is_stopped(age, passes):
    facts = replace(FACTS, price_days={AAPL: DAY - timedelta(days=age)})

    assert bool(check(BUY, facts=facts).intents) is passes


def test_a_price_of_no_known_day_is_stopped():
    assert "nobody knows" in whys(check(BUY, facts=replace(FACTS, price_days={})))[0]


def recent(order, seconds_ago):
    entry = wire_risk.entry_of(order, LIMITS, {}, NOW - timedelta(seconds=seconds_ago))
    found = RecentOrders()
    found.know(entry.at, list)
    found.add(entry.at, Recent(cl_ord_id="R-0", at=entry.at, likeness=entry.likeness))
    return replace(NOTHING, recent=found)


@pytest.mark.parametrize(("seconds_ago", "passes"), [(59, False), (60, True), (61, True)])
def test_the_same_order_again_is_stopped_within_the_window(seconds_ago, passes):
    admission = check(BUY, earlier=recent(BUY, seconds_ago))

    assert bool(admission.intents) is passes
    if not passes:
        assert whys(admission) == ["the same as R-0, which went out less than 60 s ago"]


@pytest.mark.parametrize(
    "other",
    [
        intent("R-2", Side.SELL, AAPL, {"A1": 60, "A2": 40}),
        intent("R-2", Side.BUY, KO, {"A1": 60, "A2": 40}),
        intent("R-2", Side.BUY, AAPL, {"A1": 40, "A2": 60}),
        intent("R-2", Side.BUY, AAPL, {"A1": 61, "A2": 40}),
    ],
)
def test_another_order_is_not_the_same(other):
    assert check(other, earlier=recent(BUY, 1)).intents == (other,)


@given(
    shares=st.dictionaries(st.text(max_size=5), st.integers(1, 10**6), min_size=1, max_size=4),
    side=st.sampled_from(Side),
)
def test_a_likeness_names_the_canonical_text_of_what_is_alike(shares, side):
    order = intent("R-1", side, AAPL, shares)
    parts = sorted((name, Decimal(quantity)) for name, quantity in shares.items())
    alike = [order.venue, AAPL, side.value, parts]

    assert wire_risk.likeness_of(order) == content_name(encode(alike))


def test_the_same_order_twice_in_one_wave_goes_once():
    admission = check(BUY, replace(BUY, cl_ord_id="R-2"))

    assert admission.intents == (BUY,)


def test_no_more_orders_in_a_minute_than_are_allowed():
    many = [intent(f"R-{n}", Side.BUY, AAPL, {"A1": n}) for n in range(1, 6)]
    admission = check(*many, earlier=recent(BUY, 30), orders_per_minute=4)

    assert len(admission.intents) == 3
    assert whys(admission)[0] == "4 orders in a minute; 4 are allowed"
    assert len(check(*many, earlier=recent(BUY, 60), orders_per_minute=5).intents) == 5


def test_no_more_messages_in_a_minute_than_are_allowed():
    many = [intent(f"R-{n}", Side.BUY, AAPL, {"A1": n}) for n in range(1, 6)]
    admission = check(*many, earlier=replace(NOTHING, messages=3), messages_per_minute=5)

    assert len(admission.intents) == 2
    assert whys(admission)[0] == "5 messages in a minute; 5 are allowed"


def test_cancels_count_among_the_messages_of_a_minute_and_an_old_minute_does_not(vault):
    open_books(vault, BOOK)
    release(vault, RUN, intent("R-1", Side.SELL, AAPL, {"A1": 100}))
    with vault.write() as uow:
        (message,) = uow.outbox.waiting("XSIM", 10)
        uow.outbox.mark_handed([message.number], NOW)
        cancel(uow, uow.orders.get("R-1"), at=NOW, why="a test")

        counted = [
            wire_risk.before(uow, replace(LIMITS, messages_per_minute=most), DAY, at).messages
            for most, at in ((10, NOW), (1, NOW), (10, NOW + timedelta(seconds=61)))
        ]

    assert counted == [2, 1, 0]


def test_an_account_over_its_day_leaves_the_block_and_the_others_go():
    used = replace(NOTHING, used=DayUse.summed({"A1": Decimal(9000)}, {}))
    admission = check(BUY, earlier=used, daily_account=Decimal(17000))

    (rest,) = admission.intents
    assert [(part.account_id, part.quantity) for part in rest.allocations] == [("A2", 40)]
    assert (admission.stopped[0].account_id, rest.quantity) == ("A1", 40)
    assert "account A1 has entered $9,000.00 today" in whys(admission)[0]


def test_a_strategy_over_its_day_stops_its_accounts_in_one_block_and_over_blocks():
    two = [
        intent("R-1", Side.BUY, AAPL, {"A1": 10, "A2": 10, "A3": 10}),
        intent("R-2", Side.SELL, KO, {"A2": 10}),
    ]
    admission = check(*two, daily_strategy=Decimal(2000))

    kept = [(i.cl_ord_id, [p.account_id for p in i.allocations]) for i in admission.intents]
    assert kept == [("R-1", ["A1", "A2"])]
    assert [(s.cl_ord_id, s.account_id) for s in admission.stopped] == [
        ("R-1", "A3"),
        ("R-2", "A2"),
    ]


parts = st.dictionaries(st.sampled_from(["A1", "A2", "A3"]), st.integers(1, 50), min_size=1)


@given(
    blocks=st.lists(st.tuples(st.sampled_from(list(Side)), parts), max_size=8),
    account=st.integers(1, 20_000),
    strategy=st.integers(1, 30_000),
    firm=st.integers(1, 40_000),
)
def test_no_wave_is_ever_over_a_day_s_limit_and_nothing_is_lost(blocks, account, strategy, firm):
    wave = [intent(f"R-{n}", side, AAPL, of) for n, (side, of) in enumerate(blocks)]
    limits = {
        "daily_account": Decimal(account),
        "daily_strategy": Decimal(strategy),
        "daily_firm": Decimal(firm),
    }
    admission = check(*wave, duplicate_window=timedelta(microseconds=1), **limits)

    entries = [wire_risk.entry_of(i, LIMITS, FACTS.strategies, NOW) for i in admission.intents]
    of_accounts: dict[str, Decimal] = {}
    of_strategies: dict[str, Decimal] = {}
    for part in (part for entry in entries for part in entry.parts):
        of_accounts[part.account_id] = of_accounts.get(part.account_id, 0) + part.notional
        of_strategies[part.strategy] = of_strategies.get(part.strategy, 0) + part.notional
    assert all(used <= account for used in of_accounts.values())
    assert all(used <= strategy for used in of_strategies.values())
    assert sum(of_accounts.values()) <= firm
    whole = {stop.cl_ord_id for stop in admission.stopped if stop.account_id is None}
    told = {(stop.cl_ord_id, stop.account_id) for stop in admission.stopped}
    gone = {(i.cl_ord_id, part.account_id) for i in admission.intents for part in i.allocations}
    for order in wave:
        for part in order.allocations:
            key = (order.cl_ord_id, part.account_id)
            assert (order.cl_ord_id in whole) + (key in told) + (key in gone) == 1


def test_a_limit_of_nothing_is_refused():
    with pytest.raises(ConfigError, match="daily_firm is 0: give more than zero"):
        replace(LIMITS, daily_firm=Decimal(0))


def release(vault, run, *intents, limits=LIMITS, at=NOW):
    """Release without waiting for the venue: what was committed and what was stopped."""
    releaser = Releaser(vault, SilentWire(), SetClock(at), SETTINGS, limits)
    releaser.stop()
    with pytest.raises(ReleaseInterruptedError):
        releaser.release(run, intents, BOOK)


def test_the_day_is_counted_over_releases_and_restarts(vault):
    """The counters are what the database says, so a new process knows them."""
    open_books(vault, BOOK)
    tight: RiskLimits = replace(LIMITS, daily_account=Decimal(20_000))
    release(vault, RUN, intent("R-1", Side.SELL, AAPL, {"A1": 100, "A2": 10}), limits=tight)

    release(vault, RUN, intent("S-1", Side.SELL, AAPL, {"A1": 90, "A2": 90}), limits=tight)

    with vault.read() as view:
        order = view.orders.get("S-1")
        assert [part.account_id for part in order.intent.allocations] == ["A2"]
        assert view.entries.used(DAY).by_account == {"A1": 14800, "A2": 14800}
        assert [one.cl_ord_id for one in view.entries.since(NOW).after(NOW)] == ["R-1", "S-1"]


def test_an_order_that_never_left_counts_no_more(vault):
    open_books(vault, BOOK)
    release(vault, RUN, intent("R-1", Side.SELL, AAPL, {"A1": 100}))
    with vault.write() as uow:
        never = NeverSent(cl_ord_id="R-1", at=NOW, why="a test", accidental=True)
        moved, _ = apply(uow.orders.get("R-1"), never)
        uow.orders.append(moved, never, NOW)

    with vault.read() as view:
        assert view.orders.get("R-1").status is OrdStatus.UNSENT
        assert view.entries.used(DAY).firm == 0
        before = NOW - timedelta(days=1)
        assert view.entries.since(before).count_after(before) == 0


def test_what_was_stopped_is_told_in_the_audit_trail(vault):
    open_books(vault, BOOK)
    releaser = Releaser(
        vault, SilentWire(), SetClock(), SETTINGS, replace(LIMITS, maximum_quantity=Decimal(9))
    )
    told = releaser.release(RUN, (intent("R-1", Side.SELL, AAPL, {"A1": 10}),), BOOK)

    assert (told.released, whys(told)) == ((), ["10 shares; an order may have 9"])
    with vault.read() as view:
        assert view.orders.get("R-1") is None
        kinds = [entry.kind for entry in view.audit.about(RUN.hex)]
    assert kinds == ["release_reduced"]


def test_a_changed_limit_stays_within_the_collar(vault):
    open_books(vault, BOOK)
    release(vault, RUN, intent("R-1", Side.SELL, AAPL, {"A1": 100}))
    with vault.write() as uow:
        order = replace(uow.orders.get("R-1"), sent=True)
        with pytest.raises(ChangeRefusedError, match=r"limit 14.8 is 90 % away from 148"):
            change(
                uow,
                order,
                quantity=order.order_qty,
                limit_price=Decimal("14.8"),
                at=NOW,
                why="a slip",
                collar=Decimal("0.03"),
            )


def test_a_stop_far_from_its_price_is_stopped():
    stop = replace(BUY, ord_type=OrdType.STOP, limit_price=None, stop_price=2 * BUY.reference_price)

    assert whys(check(stop)) == ["stop price 296 is 100 % away from 148; the collar is 50 %"]


@pytest.mark.parametrize(
    ("side", "terms", "price"),
    [
        (Side.BUY, {"ord_type": OrdType.MARKET, "limit_price": None}, "162.8"),
        (Side.SELL, {"ord_type": OrdType.MARKET, "limit_price": None}, "148"),
        (Side.BUY, {"ord_type": OrdType.STOP, "limit_price": None, "stop_price": "150"}, "165"),
        (Side.BUY, {"ord_type": OrdType.STOP_LIMIT, "stop_price": "150"}, "148"),
    ],
)
def test_an_order_without_a_limit_counts_at_the_worst_price_that_it_may_take(side, terms, price):
    if "stop_price" in terms:
        terms = {**terms, "stop_price": Decimal(terms["stop_price"])}
    order = intent("R-0009", side, AAPL, {"A1": 10}, limit="148")

    assert worst_price(replace(order, **terms), Decimal("0.1")) == Decimal(price)
