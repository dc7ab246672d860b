"""What a client and an operator meet when they play: help, patience, several plays, days."""

import pickle
import random
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.scenarios import plays, rehearsal
from simulator.scenarios.library import UnknownScenarioError, read_library
from simulator.scenarios.player import ScenarioFloor
from simulator.scenarios.script import VenueStep
from simulator.scenarios.words import name_of
from simulator.values.floor import Refused
from simulator.values.messages import CancelRejected, Note
from simulator.values.requests import (
    AskMarketData,
    AskMassStatus,
    AskSecurityList,
    AskStatus,
    CancelOrder,
    Connected,
    Disconnected,
    NewOrder,
    ReplaceOrder,
)
from simulator.values.words import ExecType
from tests.simulator.floor_wire import START, FloorWire, by_tag

LIBRARY = read_library()


def a_floor(**changes):
    return ScenarioFloor("XSIM", LIBRARY, **changes)


def order(scenario, name="A", quantity="100", **changes):
    words = {"client": "CLIENT1", "cl_ord_id": name, "symbol": f"{scenario}.TEST", "side": "1"}
    return NewOrder(**{**words, "quantity": quantity, "ord_type": "1", **changes})


def replace(scenario, name, origin, quantity):
    return ReplaceOrder("CLIENT1", name, origin, f"{scenario}.TEST", "1", quantity, "1")


def cancel(scenario, name, origin):
    return CancelOrder("CLIENT1", name, origin, f"{scenario}.TEST", "1")


def ask(floor, request, after=0.0):
    return floor.handle(request, START + timedelta(seconds=after))


def run(floor, seconds=3600):
    return floor.wake(START + timedelta(seconds=seconds))


def the_play(floor):
    (play,) = floor.view(("scenarios",))["plays"]
    return play


def test_a_client_that_asks_for_something_else_is_told_what_was_expected_and_may_try_again():
    floor = a_floor()
    ask(floor, order("D13"))
    run(floor, 100)

    (refusal,) = ask(floor, replace("D13", "B", "A", "70"), 101)

    assert refusal.ord_status == "1"
    assert refusal.text == (
        "D.1.a t4 expected OrderCancelReplaceRequest (G) with OrigClOrdID A, OrderQty 80; "
        "its OrderQty was 70"
    )
    assert "must send OrderCancelReplaceRequest" in the_play(floor)["stands"]
    ask(floor, replace("D13", "C", "A", "80"), 102)
    run(floor, 200)
    ask(floor, replace("D13", "D", "C", "60"), 201)
    said = run(floor, 300)
    assert (said[-1].ord_status, said[-1].cum_qty) == ("2", 60)
    assert said[-1].text.startswith("D.1.a not certified: t4 expected OrderCancelReplaceRequest")


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (order("I.1.a"), "I.1.a cannot begin: TimeInForce (59) must be 4 (FOK)"),
        (order("E.1.e", ord_type="2", price="56"), "ExecInst (18) must be Z"),
        (order("E.1.f"), "OrdType (40) must be 3 (Stop) or 4 (StopLimit)"),
        (order("A.1.a", quantity="15"), "must be a multiple of 10, such as 10000"),
        (order("A.1.a", quantity="-5"), "must be a multiple of 10"),
        (order("L.1.b"), "CashOrderQty (152) must be a multiple of"),
        (order("J.1.a", ord_type="2", price="105"), "trades at 100 to 120: send a market order"),
        (order("B.1.f"), "it expects OrderCancelRequest (F) with ClOrdID Y, OrigClOrdID X"),
        (order("D99"), "there is no scenario D99; did you mean D"),
    ],
)
def test_an_order_that_cannot_begin_its_scenario_is_rejected_with_the_remedy(request_, why):
    floor = a_floor()

    (report,) = ask(floor, request_)

    assert (report.exec_type, report.ord_status, report.order_id) == ("8", "8", "NONE")
    assert why in report.text
    assert floor.view(("scenarios",))["plays"] == []


def test_the_verdict_stands_behind_a_text_that_the_script_wants_last():
    floor = a_floor()
    ask(floor, order("G.1.b"))
    run(floor, 10)

    ask(floor, AskStatus("CLIENT1", "A", "G.1.b.TEST", "1"), 11)
    said = run(floor, 20)

    assert said[-1].text.startswith("Nothing Done; G.1.b certified: ")


def test_what_comes_before_its_turn_waits_for_it():
    floor = a_floor()
    ask(floor, order("B.1.a"))

    assert ask(floor, cancel("B.1.a", "B", "A"), 0.001) == []
    said = run(floor)

    assert [one.exec_type for one in said] == ["0", "6", "4"]
    assert " certified" in the_play(floor)["verdict"]


def test_a_message_that_crosses_is_said_before_the_request_is_read():
    floor = a_floor()
    ask(floor, order("B.1.e"))
    assert run(floor, 50) == [], "the acknowledgement is on the wire only when the cancel is"

    (crossing,) = ask(floor, cancel("B.1.e", "B", "A"), 51)

    assert (crossing.exec_type, crossing.ord_status, crossing.cl_ord_id) == ("0", "0", "A")


def test_a_status_request_is_always_answered_and_says_where_the_play_stands():
    floor = a_floor()
    ask(floor, order("A.1.a"))

    (status,) = ask(floor, AskStatus("CLIENT1", "A", "A.1.a.TEST", "1"), 0.1)

    assert (status.exec_type, status.ord_status, status.exec_id) == ("I", "A", "0")
    assert status.text == "A.1.a at t2: the venue will say New"
    run(floor)
    assert " certified" in the_play(floor)["verdict"], "asking is no deviation"


def test_a_duplicate_is_rejected_with_the_state_of_the_first_and_a_resend_gets_a_status():
    floor = a_floor()
    ask(floor, order("A.1.b"))
    run(floor, 0.9)

    (duplicate,) = ask(floor, order("A.1.b", quantity="500"), 0.95)
    (resend,) = ask(floor, order("A.1.b", poss_resend=True), 0.96)

    assert (duplicate.exec_type, duplicate.ord_status, duplicate.rej_reason) == ("8", "0", 6)
    assert (duplicate.order_qty, resend.exec_type) == (100, "I")


def test_when_it_is_over_it_says_so():
    floor = a_floor()
    ask(floor, order("A.1.a"))
    run(floor)

    (refusal,) = ask(floor, cancel("A.1.a", "B", "A"), 3601)

    assert (refusal.ord_status, refusal.text) == ("2", "A.1.a is over")
    assert " certified" in the_play(floor)["verdict"]


def test_an_amount_of_money_beside_a_quantity_changes_no_figure():
    floor = a_floor()

    ask(floor, order("E.1.a", cash_quantity="7", currency="EUR"))

    assert [one.cum_qty for one in run(floor)] == [0, 20, 30, 100]


def test_a_client_that_runs_again_may_use_its_ids_again():
    """After the end at once; in the middle of a play only when it has been gone."""
    floor = a_floor()
    ask(floor, order("A.1.a"))
    run(floor, 10)
    ask(floor, order("A.1.a"), 11)
    (refused,) = ask(floor, order("A.1.a"), 11.1)

    ask(floor, Disconnected("CLIENT1"), 11.2)
    ask(floor, Connected("CLIENT1"), 11.3)
    assert ask(floor, order("A.1.a"), 11.4) == []
    said = run(floor, 20)

    assert refused.rej_reason == 6
    assert [one.cum_qty for one in said] == [0, 20, 30, 100]
    verdicts = [play["verdict"] for play in floor.view(("scenarios",))["plays"]]
    assert [verdict.split(" ")[1] for verdict in verdicts] == [
        "certified:",
        "abandoned",
        "certified:",
    ]


def test_a_play_goes_on_while_its_client_is_away():
    floor = a_floor()
    ask(floor, order("B.1.a"))
    ask(floor, Disconnected("CLIENT1"), 0.1)
    ask(floor, Connected("CLIENT1"), 60)

    ask(floor, cancel("B.1.a", "B", "A"), 61)
    said = run(floor, 70)

    assert [one.exec_type for one in said] == ["6", "4"]
    assert " certified" in the_play(floor)["verdict"]


def test_many_orders_play_at_once_and_none_hears_of_another():
    floor, count = a_floor(), 40
    said = []
    for number in range(count):
        said += ask(floor, order("A.1.a", f"N{number}"), number / 10)
    said += run(floor)

    for number in range(count):
        mine = [one for one in said if one.cl_ord_id == f"N{number}"]
        assert [one.cum_qty for one in mine] == [0, 20, 30, 100]
    assert len({one.exec_id for one in said}) == len(said) == 4 * count


def test_a_whole_venue_plays_one_scenario_and_a_symbol_may_still_name_another():
    floor = a_floor(always="D19")

    ask(floor, order("X", symbol="AAPL"))
    ask(floor, order("D1", "B"), 0.001)
    said = run(floor)

    assert [one.exec_type for one in said if one.symbol == "AAPL"] == ["0", "F", "4"]
    assert [one.ord_status for one in said if one.symbol == "D1.TEST"] == ["0", "1", "1", "2"]
    with pytest.raises(UnknownScenarioError, match=r"did you mean D19"):
        a_floor(always="D199")


def test_the_next_day_comes_by_itself_or_when_an_operator_says_so():
    by_itself, by_hand = a_floor(night=timedelta(seconds=30)), a_floor(night=None)
    for floor in (by_itself, by_hand):
        ask(floor, order("H.1.a", time_in_force="1"))

    whole = run(by_itself)
    first = run(by_hand)
    stands = the_play(by_hand)["stands"]
    answer, morning = by_hand.operate("scenario-next-day", {}, START + timedelta(hours=2))
    rest = by_hand.wake(START + timedelta(hours=3))

    assert [one.exec_type for one in first] == ["0", "F", "3"]
    assert stands == "on day 2 at t1: waits for the next day"
    assert answer == {"plays": [1]}
    assert [one._replace(transact_time="") for one in whole] == [
        one._replace(transact_time="") for one in (*first, *morning, *rest)
    ]
    assert [one.trade_date for one in whole] == ["20221130"] * 3 + ["20221201"] * 2


def test_an_order_by_telephone_is_begun_by_an_operator_and_has_no_cl_ord_id():
    floor = a_floor()

    answer, said = floor.operate(
        "scenario-start", {"scenario": "d18", "client": "CLIENT3", "quantity": 500}, START
    )

    reports = run(floor)
    assert (answer, said) == ({"play": 1}, [])
    assert [(one.client, one.cl_ord_id, one.cum_qty) for one in reports] == [
        ("CLIENT3", "", 0),
        ("CLIENT3", "", 100),
        ("CLIENT3", "", 150),
        ("CLIENT3", "", 500),
    ]


@pytest.mark.parametrize(
    ("name", "arguments", "why"),
    [
        ("scenario-start", {"scenario": "D18"}, "say which client"),
        ("scenario-start", {"scenario": "D1", "client": "C"}, "begins with the client"),
        ("scenario-start", {"scenario": "D77", "client": "C"}, "no scenario D77"),
        ("scenario-start", {"scenario": "D18", "client": "C", "quantity": 7}, "a multiple of 10"),
        ("scenario-abandon", {"play": 4}, "no open play 4"),
        ("bust", {}, "the scenarios do not do bust"),
    ],
)
def test_what_an_operator_cannot_have_is_refused(name, arguments, why):
    with pytest.raises(Refused, match=why):
        a_floor().operate(name, arguments, START)


def test_an_abandoned_play_says_nothing_more():
    floor = a_floor()
    ask(floor, order("A.1.a"))

    floor.operate("scenario-abandon", {"play": 1}, START)

    assert run(floor) == []
    assert the_play(floor)["verdict"] == "A.1.a abandoned at t2: the venue will say New"


def test_a_play_goes_on_after_the_floor_was_pickled():
    whole = a_floor()
    ask(whole, order("D13"))
    run(whole, 10)

    restored = pickle.loads(pickle.dumps(whole))

    told = [
        ask(floor, replace("D13", "B", "A", "80"), 11) + run(floor, 20)
        for floor in (whole, restored)
    ]
    assert told[0] == told[1]
    assert [one.exec_type for one in told[0]] == ["E", "F", "5", "F"]


def test_a_floor_that_follows_another_uses_no_id_again():
    first, second = a_floor(), a_floor()
    (one,) = [*ask(first, order("EX.A.1.c")), *run(first)]
    second.follow(first.standing())

    (two,) = [*ask(second, order("EX.A.1.c")), *run(second)]

    assert (one.order_id, two.order_id) == ("XSIM-P1-1", "XSIM-P2-1")
    assert (one.exec_id, two.exec_id) == ("XSIM-20221130-S000001", "XSIM-20221130-S000002")


def test_how_often_it_is_woken_changes_nothing():
    seldom, often = a_floor(), a_floor()
    for floor in (seldom, often):
        ask(floor, order("A.1.a"))

    told = [one for tick in range(5000) for one in often.wake(START + timedelta(milliseconds=tick))]

    assert run(seldom) == told


def test_a_client_finds_the_scenarios_in_the_security_list():
    floor = a_floor()

    assert ask(floor, Connected("CLIENT1")) == []
    (answer,) = ask(floor, AskSecurityList("CLIENT1", "Q1", "4"))

    symbols = [value for tag, value in answer.fields if tag == 55]
    assert dict(answer.fields)[146] == str(len(symbols)) == str(len(LIBRARY.scripts))
    assert {"A.1.a.TEST", "A.1.a/rejected.TEST", "D.1.a/4.2.TEST"} <= set(symbols)


def test_a_mass_status_tells_of_every_open_order_and_of_none():
    floor = a_floor()
    for name in ("A", "B"):
        ask(floor, order("A.1.a", name))

    told = ask(floor, AskMassStatus("CLIENT1", "Q1", "7"), 0.001)
    run(floor)
    (none,) = ask(floor, AskMassStatus("CLIENT1", "Q2", "7"), 4000)

    assert [(one.cl_ord_id, dict(one.extra)[912]) for one in told] == [("A", "N"), ("B", "Y")]
    assert dict(told[0].extra) | {912: ""} == {584: "Q1", 911: "2", 912: ""}
    assert dict(none.extra) == {584: "Q2", 911: "0", 912: "Y"}


def test_what_no_script_knows_is_a_business_reject():
    (answer,) = ask(a_floor(), AskMarketData("CLIENT1", "Q1", "1", "0"))

    assert isinstance(answer, Note)
    assert (answer.msg_type, dict(answer.fields)[372]) == ("j", "V")


def test_only_the_latest_plays_are_kept(monkeypatch):
    monkeypatch.setattr(plays, "_MOST_ENDED", 5)
    floor = a_floor()
    for number in range(20):
        ask(floor, order("EX.A.1.c", f"N{number}"), number)
        run(floor, number + 0.9)

    assert [play["play"] for play in floor.view(("scenarios",))["plays"]] == [16, 17, 18, 19, 20]
    assert len(floor._plays._by_id) == 5
    assert not floor._plays._due
    assert not floor._plays._listening


def test_the_views_show_the_script_and_everything_that_was_said():
    floor = a_floor()
    ask(floor, order("D3"))
    run(floor)

    script = floor.view(("scenarios", "d3"))
    play = floor.view(("scenarios", "1"))

    assert script["client_sends"][1] == "OrderCancelRequest (F) with ClOrdID Y, OrigClOrdID X"
    assert play["stands"] == "at t3: the client must send OrderCancelRequest (F) with OrigClOrdID A"
    assert [line.split(" ", 1)[1] for line in play["said"]] == [
        "received NewOrderSingle A",
        "said New New A 0/100",
    ]
    for path in (("scenarios", "99"), ("scenarios", "Q.9"), ("books", "AAPL")):
        with pytest.raises(Refused):
            floor.view(path)


names = st.sampled_from(["A", "B", "C", "D"])
symbols = st.sampled_from([f"{script.id}.TEST" for script in LIBRARY.scripts] + ["AAPL", "Q.TEST"])
quantities = st.sampled_from(["10000", "8000", "7000", "100", "80", "", "-1", "1e9", "x", "12000"])
kinds = st.sampled_from(["1", "2", "3"])
words = {"client": st.just("CLIENT1"), "symbol": symbols, "side": st.just("1")}
requests = st.one_of(
    st.builds(
        NewOrder,
        **words,
        cl_ord_id=names,
        quantity=quantities,
        ord_type=kinds,
        price=st.sampled_from(["", "56", "0", "abc"]),
        time_in_force=st.sampled_from(["0", "1", "3", "4"]),
        exec_inst=st.sampled_from(["", "J", "K", "Z"]),
        poss_resend=st.booleans(),
        cash_quantity=st.sampled_from(["", "10000", "7"]),
    ),
    st.builds(
        ReplaceOrder,
        **words,
        cl_ord_id=names,
        orig_cl_ord_id=names,
        quantity=quantities,
        ord_type=kinds,
    ),
    st.builds(CancelOrder, **words, cl_ord_id=names, orig_cl_ord_id=names),
    st.builds(AskStatus, **words, cl_ord_id=names),
)


@settings(max_examples=300, deadline=None)
@given(symbols, st.lists(st.tuples(requests, st.integers(0, 3000)), max_size=12))
def test_whatever_a_client_sends_is_answered_and_never_breaks_the_venue(symbol, sent):
    """All in one symbol, so that plays are met at every step; every answer goes to the client."""
    floor, now = a_floor(always="A.1.a"), START
    for request, wait in sent:
        now += timedelta(milliseconds=wait)
        for message in floor.handle(request._replace(symbol=symbol), now):
            assert message.client == "CLIENT1"
            assert by_tag(message)[39]
        due = floor.next_due()
        assert due is None or due > now
    assert FloorWire(floor).floor.view(("scenarios",))["script_count"] == len(LIBRARY.scripts)


def right_request(script, step, names):
    """What the step asks for, under this client's own ids; every letter is one."""
    request = rehearsal.request_of(step, script)
    changes = {"client": "CLIENT1", "symbol": f"{script.id}.TEST"}
    changes["cl_ord_id"] = names.setdefault(request.cl_ord_id, f"N-{request.cl_ord_id}")
    if isinstance(request, CancelOrder | ReplaceOrder):
        changes["orig_cl_ord_id"] = names.setdefault(
            request.orig_cl_ord_id, f"N-{request.orig_cl_ord_id}"
        )
    return request._replace(**changes)


def a_noise(chance, script, names, number):
    """A message that no script foresees."""
    name = chance.choice([*names.values(), "N-NOBODY"])
    symbol = f"{script.id}.TEST"
    kinds = [
        ReplaceOrder("CLIENT1", f"NOISE{number}", name, symbol, "1", "3", "1"),
        NewOrder("CLIENT1", name, symbol, "1", "0", "1"),
        Disconnected("CLIENT2"),
    ]
    if not any(step.message == "OrderStatusRequest" for step in script.sends()):
        kinds.append(AskStatus("CLIENT1", name, symbol, "1"))
    return chance.choice(kinds)


@pytest.mark.parametrize("noisy", [False, True])
@pytest.mark.parametrize("script", LIBRARY.scripts, ids=lambda script: script.id)
def test_what_is_not_foreseen_changes_nothing_that_the_venue_says(script, noisy):
    """Every script to its end, alone and between refused messages, late or early."""
    chance = random.Random(script.id)
    floor, now, names, heard = a_floor(), START, {}, []
    for number, step in enumerate(script.sends()):
        heard += floor.handle(right_request(script, step, names), now)
        for extra in range(3 if noisy else 0):
            floor.handle(a_noise(chance, script, names, number * 10 + extra), now)
        now += timedelta(seconds=chance.choice([0, 0.3, 40]))
        heard += floor.wake(now)
    if not script.sends():
        ask(floor, order(script.id, "CALL", str(script.base)))
    heard += floor.wake(now + timedelta(hours=1))

    said = [step for step in script.steps if isinstance(step, VenueStep)]
    assert [kind_of(one) for one in heard] == [step.says for step in said]
    assert noisy or floor.view(("scenarios",))["certified"] == 1


def kind_of(message):
    if isinstance(message, CancelRejected):
        return "CancelReject"
    return name_of(ExecType(message.exec_type))
