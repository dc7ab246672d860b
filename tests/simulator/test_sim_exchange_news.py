"""What an exchange tells those who ask: market data, lists, states; and that it is proper FIX."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest

from simulator.exchange.floor import ExchangeFloor
from simulator.exchange.instruments import Instrument
from simulator.exchange.rules import Rules
from simulator.fix.codec import encode, parse
from simulator.fix.dictionary import dictionary
from simulator.fix.profile import Version
from simulator.fix.wording import body_of
from simulator.values.messages import Note
from simulator.values.requests import (
    Allocate,
    AllocationReportAck,
    AskMarketData,
    AskMassStatus,
    AskSecurityList,
    AskSecurityStatus,
    AskSessionStatus,
    AskStatus,
    CancelOrder,
    Disconnected,
    MassCancel,
    NewOrder,
    ReplaceOrder,
)

NOW = datetime(2022, 11, 30, 15, 0, tzinfo=UTC)
BOTH = ("0", "1")


def stock(symbol):
    return Instrument(
        symbol=symbol,
        security_id="US0378331005",
        price="148.03",
        ticks=(("0", "0.01"),),
        lots=(("0", 1),),
        average_daily_volume=400_000,
    )


def venue(*symbols, **rules):
    names = symbols or ("AAPL",)
    return ExchangeFloor(
        replace(Rules(name="XSIM"), **rules), {symbol: stock(symbol) for symbol in names}
    )


def quote(floor, side, quantity, price, now=NOW):
    arguments = {"symbol": "AAPL", "side": side, "quantity": quantity, "price": price}
    return floor.operate("inject", arguments, now)[1]


def ask(floor, *, kind="1", depth="0", update="1", entries=BOTH, request_id="M", symbols=("AAPL",)):
    request = AskMarketData("C", request_id, kind, depth, update, entries, symbols)
    return floor.handle(request, NOW)


def entries(note):
    """The entries of a snapshot or increment: each a text of its fields without the symbol."""
    first = 279 if note.msg_type == "X" else 269
    found = []
    for tag, value in note.fields:
        if tag == first:
            found.append("")
        if found and tag not in (55, 48, 22):
            found[-1] += f" {tag}={value}"
    return [one.strip() for one in found]


def test_a_snapshot_shows_both_sides_best_first():
    floor = venue()
    for side, price in (("buy", "148.00"), ("buy", "148.01"), ("sell", "148.05")):
        quote(floor, side, 100, price)

    (full,) = ask(floor, kind="0")
    (top,) = ask(floor, kind="0", depth="1")

    assert entries(full) == [
        "269=0 270=148.01 271=100",
        "269=0 270=148.00 271=100",
        "269=1 270=148.05 271=100",
    ]
    assert entries(top) == ["269=0 270=148.01 271=100", "269=1 270=148.05 271=100"]
    assert quote(floor, "buy", 1, "148.02") == []


def test_increments_say_what_is_new_changed_and_gone_once_for_each_call():
    floor = venue()
    quote(floor, "sell", 100, "148.05")
    quote(floor, "sell", 100, "148.06")
    ask(floor, entries=("0", "1", "2", "B"))

    (first,) = quote(floor, "sell", 20, "148.05")
    (second,) = quote(floor, "buy", 150, "148.06")

    assert entries(first) == ["279=1 269=1 270=148.05 271=120"]
    assert entries(second) == [
        "279=2 269=1 270=148.05",
        "279=1 269=1 270=148.06 271=70",
        "279=1 269=B 271=150",
        "279=0 269=2 270=148.05 271=100",
        "279=0 269=2 270=148.05 271=20",
        "279=0 269=2 270=148.06 271=30",
    ]


def test_a_level_that_leaves_the_depth_asked_for_is_gone_for_who_asked():
    floor = venue()
    quote(floor, "buy", 100, "148.00")
    ask(floor, depth="1")

    (note,) = quote(floor, "buy", 50, "148.01")

    assert entries(note) == ["279=2 269=0 270=148.00", "279=0 269=0 270=148.01 271=50"]


def test_a_full_refresh_sends_snapshots():
    floor = venue()
    ask(floor, update="0")

    (note,) = quote(floor, "buy", 100, "148.00")

    assert note.msg_type == "W"
    assert entries(note) == ["269=0 270=148.00 271=100"]


def test_what_a_subscription_was_told_adds_up_to_the_book():
    """Applying every increment to the first snapshot gives the last snapshot."""
    floor = venue()
    (snapshot,) = ask(floor)
    book = {}
    for number in range(60):
        side = ("buy", "sell")[number % 2]
        for note in quote(floor, side, 10 + number % 7, f"148.{number * 13 % 9:02d}"):
            for one in entries(note):
                field = dict(pair.split("=") for pair in one.split())
                key = (field["269"], field["270"])
                book.pop(key, None)
                if field["279"] != "2":
                    book[key] = field["271"]

    (now,) = ask(floor, kind="0", request_id="N")

    assert entries(snapshot) == []
    assert {f"269={key[0]} 270={key[1]} 271={size}" for key, size in book.items()} == set(
        entries(now)
    )


def test_an_auction_tells_its_theoretical_price_and_its_surplus():
    floor = venue(call_time=time(8), open_time=time(10, 30))
    ask(floor, entries=("4", "A"))
    quote(floor, "buy", 100, "148.10")

    (note,) = quote(floor, "sell", 60, "148.00")
    opened = floor.wake(datetime(2022, 11, 30, 15, 30, tzinfo=UTC))

    assert entries(note) == ["279=0 269=4 270=148.03 271=60 286=5", "279=0 269=A 271=40 277=P"]
    assert entries(opened[-1]) == ["279=2 269=A", "279=1 269=4 270=148.03"]


def test_unsubscribing_and_leaving_end_it():
    floor = venue()
    ask(floor)
    ask(floor, request_id="N")

    assert ask(floor, kind="2") == []
    assert len(quote(floor, "buy", 100, "148.00")) == 1
    floor.handle(Disconnected("C"), NOW)
    assert quote(floor, "buy", 100, "148.00") == []


@pytest.mark.parametrize(
    ("change", "reason", "word"),
    [
        ({"symbols": ("NOPE",)}, "0", "'NOPE' does not trade"),
        ({"kind": "7"}, "4", "SubscriptionRequestType(263) 7"),
        ({"depth": "x"}, "5", "MarketDepth(264) 'x'"),
        ({"depth": "-1"}, "5", "MarketDepth(264)"),
        ({"update": "3"}, "6", "MDUpdateType(265) 3"),
        ({"entries": ("0", "Z")}, "8", "MDEntryType(269) Z"),
        ({"entries": ()}, None, "once or more"),
        ({"kind": "2", "request_id": "other"}, None, "nothing is subscribed"),
    ],
)
def test_a_bad_request_for_market_data_is_refused(change, reason, word):
    (note,) = ask(venue(), **change)

    assert note.msg_type == "Y"
    assert dict(note.fields).get(281) == reason
    assert word in dict(note.fields)[58]


def test_a_subscription_cannot_be_made_twice():
    floor = venue()
    ask(floor)

    assert dict(ask(floor)[0].fields)[281] == "1"


def test_subscriptions_of_a_client_are_bounded():
    floor = venue()
    for number in range(1000):
        ask(floor, request_id=f"M{number}")

    assert dict(ask(floor, request_id="more")[0].fields)[281] == "2"


def test_a_long_list_of_securities_comes_in_parts():
    floor = venue(*(f"S{number}" for number in range(150)))

    notes = floor.handle(AskSecurityList("C", "L", "4"), NOW)

    assert [(dict(one.fields)[146], dict(one.fields)[893]) for one in notes] == [
        ("100", "N"),
        ("50", "Y"),
    ]
    (one,) = floor.handle(AskSecurityList("C", "L", "0", "S7"), NOW)
    assert dict(one.fields)[55] == "S7"
    (none,) = floor.handle(AskSecurityList("C", "L", "0", "NOPE"), NOW)
    assert dict(none.fields)[560] == "2"


def test_a_halt_is_pushed_to_who_watches_the_symbol():
    floor = venue()
    (now,) = floor.handle(AskSecurityStatus("C", "S", "1", "AAPL"), NOW)

    _, (halted,) = floor.operate("halt", {"symbol": "AAPL"}, NOW)
    _, (resumed,) = floor.operate("resume", {"symbol": "AAPL"}, NOW)
    floor.handle(AskSecurityStatus("C", "S", "2", "AAPL"), NOW)

    assert [dict(one.fields)[326] for one in (now, halted, resumed)] == ["17", "2", "3"]
    assert [dict(one.fields)[325] for one in (now, halted, resumed)] == ["N", "Y", "Y"]
    assert floor.operate("halt", {"symbol": "AAPL"}, NOW)[1] == []
    (unknown,) = floor.handle(AskSecurityStatus("C", "S", "1", "NOPE"), NOW)
    assert dict(unknown.fields)[326] == "20"


BLOCK = NewOrder(
    "C",
    "X",
    "AAPL",
    "1",
    "100",
    "2",
    "148.00",
    allocations=(("A1", "50"), ("A2", "30"), ("A3", "20")),
)
INSTRUCTION = Allocate(
    "C", "J1", "0", "1", "AAPL", "1", "75", "148", "20221130", ("X",), (("A1", "40"), ("A2", "35"))
)


def filled_block(**rules):
    floor = venue(**rules)
    floor.handle(BLOCK, NOW)
    quote(floor, "sell", 75, "148.00")
    return floor


def test_an_allocation_is_acknowledged():
    floor = filled_block(allocation_received=True)

    received, accepted = floor.handle(INSTRUCTION, NOW)

    assert [dict(one.fields)[87] for one in (received, accepted)] == ["3", "0"]
    assert floor.view(("allocations",))["instructions"][0]["alloc_id"] == "J1"
    (cancelled,) = floor.handle(INSTRUCTION._replace(transaction="2"), NOW)[1:]
    assert dict(cancelled.fields)[87] == "0"
    assert floor.view(("allocations",))["instructions"] == []


@pytest.mark.parametrize(
    ("change", "code", "word"),
    [
        ({"allocations": (("A1", "40"), ("A2", "34"))}, "8", "add up to 74"),
        ({"allocations": ()}, "7", "an account or more"),
        ({"allocations": (("A1", "x"),)}, "1", "whole numbers"),
        ({"cl_ord_ids": ("Z",)}, "12", "'Z' is unknown"),
        ({"side": "2"}, "11", "order X is in AAPL"),
        ({"quantity": "80", "allocations": (("A1", "80"),)}, "1", "have filled 75"),
        ({"average_price": "148.02"}, "2", "ours 148"),
        ({"average_price": "dear"}, "2", "AvgPx(6) is dear"),
        ({"transaction": "1"}, "7", "J1 is unknown"),
        ({"transaction": "9"}, "7", "AllocTransType(71) 9"),
    ],
)
def test_a_bad_allocation_is_rejected_with_its_reason(change, code, word):
    (note,) = filled_block().handle(INSTRUCTION._replace(**change), NOW)

    fields = dict(note.fields)
    assert (fields[87], fields[88]) == ("1", code)
    assert word in fields[58]


def test_an_allocation_cannot_come_twice():
    floor = filled_block()
    floor.handle(INSTRUCTION, NOW)

    assert dict(floor.handle(INSTRUCTION, NOW)[0].fields)[87] == "1"


def test_a_block_that_ends_tells_what_each_account_got():
    """75 of 100 for 50, 30 and 20: in proportion, the lost share to the largest fraction."""
    floor = filled_block(allocation_reports=True)

    messages = floor.handle(CancelOrder("C", "Y", "X", "AAPL", "1"), NOW)

    report = messages[-1]
    shares = [value for tag, value in report.fields if tag == 80]
    assert (report.msg_type, shares) == ("AS", ["38", "22", "15"])
    report_id = dict(report.fields)[755]
    assert floor.handle(AllocationReportAck("C", report_id, report_id, "0"), NOW) == []
    assert floor.view(("allocations",))["reports"] == {report_id: "0"}


def test_a_report_says_what_each_account_pays():
    """0.53 of fees for 75 shares: cents in the proportion of shares, the lost one to the most."""
    floor = filled_block(allocation_reports=True, fee_per_share=Decimal("0.007"))

    report = floor.handle(CancelOrder("C", "Y", "X", "AAPL", "1"), NOW)[-1]

    parts = [value for tag, value in report.fields if tag in (79, 80, 12)]
    assert parts == ["A1", "38", "0.27", "A2", "22", "0.15", "A3", "15", "0.11"]


def test_a_block_that_changes_after_its_end_is_told_of_again():
    floor = filled_block(allocation_reports=True)
    first = floor.handle(CancelOrder("C", "Y", "X", "AAPL", "1"), NOW)[-1]

    _, said = floor.operate(
        "correct", {"exec_id": "XSIM-20221130-000002", "quantity": 40, "price": "148.00"}, NOW
    )

    (again,) = [one for one in said if isinstance(one, Note)]
    fields = dict(again.fields)
    assert (fields[71], fields[795], fields[53]) == ("1", dict(first.fields)[755], "40")


PRELIMINARY = Allocate(
    "C", "J1", "0", "2", "AAPL", "1", "100", "0", "20221130", (), (("A1", "60"), ("A2", "40"))
)
NAMING = BLOCK._replace(alloc_id="J1", allocations=())


def test_a_preliminary_instruction_is_that_of_the_order_that_names_it():
    floor = venue(allocation_reports=True)

    (accepted,) = floor.handle(PRELIMINARY, NOW)
    floor.handle(NAMING, NOW)
    said = quote(floor, "sell", 100, "148.00")

    assert dict(accepted.fields)[87] == "0"
    fields = [(tag, value) for tag, value in said[-1].fields if tag in (70, 79, 80)]
    assert fields == [(70, "J1"), (79, "A1"), (80, "60"), (79, "A2"), (80, "40")]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"quantity": "90"}, "add up to 100, OrderQty(38) is 90"),
        ({"side": "2"}, "is for AAPL, Side(54) 1"),
    ],
)
def test_an_order_that_is_not_what_its_instruction_says_is_refused(change, word):
    floor = venue()
    floor.handle(PRELIMINARY, NOW)

    (refused,) = floor.handle(NAMING._replace(**change), NOW)

    assert refused.ord_status == "8"
    assert word in refused.text


def test_a_replaced_instruction_has_an_id_of_its_own():
    floor = filled_block()
    floor.handle(INSTRUCTION, NOW)
    parts = (("A1", "30"), ("A2", "45"))
    other = INSTRUCTION._replace(alloc_id="J2", transaction="1", reference="J1", allocations=parts)

    (replaced,) = floor.handle(other, NOW)
    (again,) = floor.handle(other._replace(alloc_id="J3"), NOW)
    (used,) = floor.handle(other._replace(alloc_id="J1", reference="J2"), NOW)

    assert [dict(one.fields)[87] for one in (replaced, again, used)] == ["0", "1", "1"]
    (standing,) = floor.view(("allocations",))["instructions"]
    assert (standing["alloc_id"], standing["accounts"]) == ("J2", [["A1", "30"], ["A2", "45"]])


def talkative_day():
    """A day in which the exchange says every kind of message that it has."""
    rules = {
        "close_time": time(16),
        "holidays": frozenset({date(2022, 12, 1)}),
        "allocation_reports": True,
        "acknowledge_changes": True,
        "fee_per_share": Decimal("0.003"),
    }
    floor, said = venue(**rules), []
    for request in (
        AskMarketData(
            "C", "M", "1", "0", "1", ("0", "1", "2", "4", "5", "7", "8", "A", "B"), ("AAPL",)
        ),
        AskMarketData("C", "M", "1", "0", "1", ("0",), ("AAPL",)),
        AskSecurityList("C", "L", "4"),
        AskSecurityStatus("C", "S", "1", "AAPL"),
        AskSessionStatus("C", "G", "1"),
        BLOCK,
        NewOrder("C", "S1", "AAPL", "2", "30", "2", "148.00"),
        NewOrder("C", "S2", "AAPL", "2", "10", "4", "140.00", stop_price="141.00"),
        NewOrder("C", "I", "AAPL", "1", "90", "2", "140.00", max_floor="10", exec_inst="J"),
        NewOrder("C", "P", "AAPL", "1", "5", "P", "147.00", exec_inst="R", peg_offset="-0.01"),
        NewOrder(
            "C", "T", "AAPL", "1", "7", "2", "139.00", time_in_force="6", expire_date="20221205"
        ),
        NewOrder("C", "bad id", "AAPL", "1", "7", "2", "139.00"),
        ReplaceOrder("C", "X2", "X", "AAPL", "1", "60", "2", "148.00"),
        CancelOrder("C", "Q", "nothing", "AAPL", "1"),
        AskStatus("C", "T", "AAPL", "1", request_id="R"),
        AskMassStatus("C", "N", "7"),
        MassCancel("C", "K", "1", "AAPL", "2"),
        MassCancel("C", "K2", "2"),
        INSTRUCTION,
    ):
        said += floor.handle(request, NOW)
    for name, arguments in (
        ("bust", {"exec_id": "XSIM-20221130-000003"}),
        (
            "telephone",
            {"client": "C", "symbol": "AAPL", "side": "buy", "quantity": 5, "price": "1"},
        ),
        ("halt", {"symbol": "AAPL"}),
        ("resume", {"symbol": "AAPL"}),
        ("cancel", {"order_id": "XSIM-000007"}),
    ):
        said += floor.operate(name, arguments, NOW)[1]
    return said + floor.wake(NOW + timedelta(days=2))


@pytest.mark.parametrize("version", list(Version))
def test_every_message_is_as_the_standards_dictionary_has_it(version):
    said = talkative_day()
    kinds = set()

    for message in said:
        kind, body = body_of(message, version)
        header = f"35={kind}\x0149=XSIM\x0156=C\x0134=1\x0152=20221130-15:00:00\x01"
        incoming = parse(encode(version.begin_string, header + body))
        assert dictionary(version).check(incoming) is None, message
        kinds.add(kind)

    assert kinds == {"8", "9", "W", "X", "Y", "y", "f", "h", "r", "P", "AS"}
    assert all(isinstance(one, Note) or one.client == "C" for one in said)
