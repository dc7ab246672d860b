"""Each kind of message as the value that a venue is asked with."""

import pytest

from simulator.fix.codec import encode, joined, parse
from simulator.fix.dictionary import dictionary
from simulator.fix.profile import Version
from simulator.fix.translate import Unplayed, read_request
from simulator.values import requests as asked

HEADER = (("34", "2"), ("49", "C"), ("52", "20221130-14:30:00.000"), ("56", "XSIM"))
AT = ("60", "20221130-14:30:00")


def read(kind: str, *fields: tuple[str, str], version: Version = Version.FIX44, header=HEADER):
    raw = encode(version.begin_string, joined([("35", kind), *header, *fields]))
    message = parse(raw)
    assert dictionary(version).check(message) is None
    return read_request(message, "C", dictionary(version))


LIMIT = (("11", "A"), ("55", "IBM"), ("54", "1"), ("38", "9"), ("40", "2"), ("44", "5"), AT)
RICH = (
    ("11", "A"), ("583", "L"), ("526", "S"), ("1", "ACC"), ("78", "2"), ("79", "x"), ("80", "4"),
    ("79", "y"), ("80", "5"), ("18", "M"), ("110", "3"), ("111", "2"), ("55", "IBM"), ("48", "ID"),
    ("54", "1"), AT, ("38", "9"), ("40", "4"), ("44", "5"), ("99", "6"), ("59", "6"),
    ("168", "20221130-15:00:00"), ("432", "20221201"), ("126", "20221201-20:00:00"), ("528", "A"),
    ("847", "2"), ("849", "0.1"), ("211", "0.02"), ("957", "1"), ("958", "P"), ("959", "1"),
    ("960", "7"),
)  # fmt: skip


@pytest.mark.parametrize("version", tuple(Version))
def test_an_order_keeps_everything_that_was_asked(version):
    order = read("D", *RICH, version=version, header=(*HEADER, ("97", "Y")))

    assert order == asked.NewOrder(
        client="C",
        cl_ord_id="A",
        symbol="IBM",
        side="1",
        quantity="9",
        ord_type="4",
        price="5",
        time_in_force="6",
        security_id="ID",
        account="ACC",
        link_id="L",
        secondary_id="S",
        stop_price="6",
        max_floor="2",
        min_quantity="3",
        exec_inst="M",
        peg_offset="0.02",
        expire_time="20221201-20:00:00",
        expire_date="20221201",
        capacity="A",
        strategy="2",
        strategy_parameters=(("P", "7"),),
        effective_time="20221130-15:00:00",
        participation="0.1",
        allocations=(("x", "4"), ("y", "5")),
        poss_resend=True,
    )


def test_an_order_may_be_for_an_amount_of_money():
    fields = [field for field in LIMIT if field[0] != "38"]

    order = read("D", *fields, ("152", "5000"), ("15", "USD"))

    assert (order.quantity, order.cash_quantity, order.currency) == ("", "5000", "USD")


def test_what_was_not_asked_is_empty():
    assert read("D", *LIMIT) == asked.NewOrder("C", "A", "IBM", "1", "9", "2", "5")


CHANGE = (("11", "B"), ("41", "A"), ("37", "O"), ("55", "IBM"), ("54", "1"), AT)
CASES = [
    (
        "G", (*CHANGE, ("38", "8"), ("40", "2"), ("44", "4"), ("59", "0"), ("1", "ACC")),
        asked.ReplaceOrder(
            "C", "B", "A", "IBM", "1", "8", "2", "4", "0", "ACC", order_id="O",
        ),
    ),
    (
        "F", (*CHANGE, ("38", "9"), ("583", "L")),
        asked.CancelOrder("C", "B", "A", "IBM", "1", "9", link_id="L", order_id="O"),
    ),
    (
        "H", (("11", "A"), ("790", "R"), ("55", "IBM"), ("54", "1")),
        asked.AskStatus("C", "A", "IBM", "1", request_id="R"),
    ),
    ("AF", (("584", "R"), ("585", "7")), asked.AskMassStatus("C", "R", "7")),
    ("AF", (("584", "R"), ("585", "1"), ("55", "IBM")), asked.AskMassStatus("C", "R", "1", "IBM")),
    ("q", (("11", "A"), ("530", "7"), AT), asked.MassCancel("C", "A", "7")),
    (
        "q", (("11", "A"), ("530", "1"), ("55", "IBM"), ("54", "2"), AT),
        asked.MassCancel("C", "A", "1", "IBM", "2"),
    ),
    (
        "V",
        (("262", "R"), ("263", "1"), ("264", "0"), ("265", "1"), ("267", "2"), ("269", "0"),
         ("269", "1"), ("146", "2"), ("55", "IBM"), ("48", "ID"), ("22", "4"), ("55", "KO")),
        asked.AskMarketData("C", "R", "1", "0", "1", ("0", "1"), ("IBM", "KO")),
    ),
    ("x", (("320", "R"), ("559", "4")), asked.AskSecurityList("C", "R", "4")),
    (
        "e", (("324", "R"), ("55", "IBM"), ("263", "0")),
        asked.AskSecurityStatus("C", "R", "0", "IBM"),
    ),
    ("g", (("335", "R"), ("263", "1")), asked.AskSessionStatus("C", "R", "1")),
    (
        "J",
        (("70", "J1"), ("71", "0"), ("626", "1"), ("857", "0"), ("73", "2"), ("11", "A"),
         ("11", "B"), ("54", "1"), ("55", "IBM"), ("53", "9"), ("6", "5"), ("75", "20221130"),
         ("78", "2"), ("79", "x"), ("80", "4"), ("79", "y"), ("80", "5")),
        asked.Allocate(
            "C", "J1", "0", "1", "IBM", "1", "9", "5", "20221130", ("A", "B"),
            (("x", "4"), ("y", "5")),
        ),
    ),
    (
        "AT", (("755", "R"), ("70", "J1"), AT, ("87", "0")),
        asked.AllocationReportAck("C", "R", "J1", "0"),
    ),
    (
        "J",
        (("70", "J2"), ("71", "1"), ("626", "1"), ("72", "J1"), ("857", "0"), ("54", "1"),
         ("55", "IBM"), ("53", "9"), ("6", "5"), ("75", "20221130")),
        asked.Allocate(
            "C", "J2", "1", "1", "IBM", "1", "9", "5", "20221130", reference="J1",
        ),
    ),
    (
        "E",
        (("66", "L"), ("394", "3"), ("433", "1"), ("68", "3"), ("893", "N"), ("73", "2"),
         ("11", "A"), ("67", "1"), ("1", "ACC"), ("78", "2"), ("79", "x"), ("80", "4"),
         ("79", "y"), ("80", "5"), ("55", "IBM"), ("54", "1"), ("38", "9"), ("40", "2"),
         ("44", "5"), ("11", "B"), ("67", "2"), ("70", "J1"), ("55", "KO"), ("54", "2"),
         ("38", "8"), ("40", "1")),
        asked.NewList(
            "C", "L", "3", "3", "1", "N",
            (
                ("1", asked.NewOrder(
                    "C", "A", "IBM", "1", "9", "2", "5", account="ACC",
                    allocations=(("x", "4"), ("y", "5")), list_id="L",
                )),
                ("2", asked.NewOrder("C", "B", "KO", "2", "8", "1", alloc_id="J1", list_id="L")),
            ),
        ),
    ),
    ("K", (("66", "L"), AT), asked.CancelList("C", "L")),
    ("L", (("66", "L"), AT), asked.ExecuteList("C", "L")),
    ("M", (("66", "L"),), asked.AskListStatus("C", "L")),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "fields", "request_"), CASES)
def test_a_message_is_read_as_its_request(kind, fields, request_):
    assert read(kind, *fields) == request_


MISSING = [
    ("D", [field for field in LIMIT if field[0] != "44"], "Price(44)"),
    ("D", [field for field in LIMIT if field[0] != "38"], "OrderQty(38)"),
    ("D", [field for field in LIMIT if field[0] != "55"], "Symbol(55)"),
    ("D", [("11", "A"), ("55", "I"), ("54", "1"), ("38", "9"), ("40", "3"), AT], "StopPx(99)"),
    ("D", [*LIMIT, ("59", "6")], "ExpireDate(432)"),
    ("AF", [("584", "R"), ("585", "1")], "Symbol(55)"),
    (
        "E",
        [("66", "R"), ("394", "3"), ("68", "1"), ("73", "1"), ("11", "A"), ("67", "1"),
         ("55", "IBM"), ("54", "1"), ("38", "9"), ("40", "2")],
        "Price(44)",
    ),
    ("q", [("11", "A"), ("530", "1"), AT], "Symbol(55)"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "fields", "name"), MISSING)
def test_a_field_that_is_needed_here_is_asked_for(kind, fields, name):
    answer = read(kind, *fields)

    assert isinstance(answer, Unplayed)
    assert answer.reason == "5"
    assert name in answer.text
    assert answer.reference in ("A", "R")


def test_a_type_that_is_not_played_is_declined():
    answer = read("B", ("148", "news"), ("33", "1"), ("58", "line"))

    assert isinstance(answer, Unplayed)
    assert answer.reason == "3"


def test_pegs_and_icebergs_of_fix_5_are_those_of_fix_4():
    fields = (("11", "A"), ("1138", "2"), ("55", "IBM"), ("54", "1"), AT, ("38", "9"), ("40", "P"),
              ("1094", "2"))  # fmt: skip

    order = read("D", *fields, version=Version.FIX50SP2)

    assert (order.max_floor, order.exec_inst) == ("2", "M")
