"""What the dictionaries refuse, with the reason, tag and text of a session-level Reject."""

import pytest

from simulator.fix.codec import encode, joined, parse
from simulator.fix.dictionary import dictionary
from simulator.fix.profile import Version
from simulator.fix.rejection import Reason
from simulator.fix.wording import body_of
from simulator.values.messages import CancelRejected, Message, Note, Report

VERSIONS = tuple(Version)
HEADER = (("34", "2"), ("49", "CLIENT1"), ("52", "20221130-14:30:00.000"), ("56", "XSIM"))
ORDER = (
    ("11", "A1"), ("55", "AAPL"), ("54", "1"), ("38", "100"), ("40", "2"), ("44", "10.5"),
    ("59", "0"), ("60", "20221130-14:30:00"),
)  # fmt: skip


def check(version: Version, kind: str, *fields: tuple[str, str], header=HEADER):
    raw = encode(version.begin_string, joined([("35", kind), *header, *fields]))
    return dictionary(version).check(parse(raw))


def without(tag: str) -> tuple[tuple[str, str], ...]:
    return tuple(field for field in ORDER if field[0] != tag)


def changed(tag: str, value: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, value if name == tag else old) for name, old in ORDER)


@pytest.mark.parametrize("version", VERSIONS)
def test_an_order_is_allowed(version):
    assert check(version, "D", *ORDER) is None
    assert check(version, "D", *ORDER) is None, "the second time by the remembered shape"


REFUSED = [
    ("D", without("54"), Reason.REQUIRED_TAG_MISSING, "54"),
    ("D", (*ORDER, ("269", "0")), Reason.TAG_NOT_DEFINED_FOR_MESSAGE, "269"),
    ("D", (*ORDER, ("4999", "x")), Reason.UNDEFINED_TAG, "4999"),
    ("D", (*ORDER, ("58", "")), Reason.TAG_WITHOUT_VALUE, "58"),
    ("D", changed("44", ""), Reason.TAG_WITHOUT_VALUE, "44"),
    ("D", changed("54", "Z"), Reason.VALUE_INCORRECT, "54"),
    ("D", changed("44", "1e400"), Reason.INCORRECT_DATA_FORMAT, "44"),
    ("D", changed("44", "NaN"), Reason.INCORRECT_DATA_FORMAT, "44"),
    ("D", changed("44", "1,5"), Reason.INCORRECT_DATA_FORMAT, "44"),
    ("D", changed("44", "²"), Reason.INCORRECT_DATA_FORMAT, "44"),
    ("D", changed("60", "yesterday"), Reason.INCORRECT_DATA_FORMAT, "60"),
    ("D", changed("60", "20221330-14:30:00"), Reason.INCORRECT_DATA_FORMAT, "60"),
    ("D", (*ORDER, ("54", "1")), Reason.TAG_APPEARS_TWICE, "54"),
    ("D", (*ORDER, ("43", "Y")), Reason.TAG_OUT_OF_ORDER, "43"),
    ("D", (*ORDER, ("78", "2"), ("79", "a"), ("80", "1")), Reason.GROUP_COUNT, "78"),
    ("D", (*ORDER, ("78", "1"), ("80", "1"), ("79", "a")), Reason.GROUP_OUT_OF_ORDER, "80"),
    ("D", (*ORDER, ("78", "x"), ("79", "a")), Reason.GROUP_COUNT, "78"),
    ("D", (*ORDER, ("078", "1")), Reason.INVALID_TAG_NUMBER, ""),
    ("D", (*ORDER, ("", "no equals sign")), Reason.INVALID_TAG_NUMBER, ""),
    ("D", (*ORDER, ("18", "G !")), Reason.VALUE_INCORRECT, "18"),
    ("ZZ", ORDER, Reason.INVALID_MSG_TYPE, "35"),
]  # fmt: skip


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("kind", "fields", "reason", "tag"), REFUSED)
def test_a_message_is_refused_with_its_reason_and_tag(version, kind, fields, reason, tag):
    for _ in range(2):
        fault = check(version, kind, *fields)

        assert fault is not None
        assert (fault.reason, fault.tag) == (reason, tag)
        assert fault.text
        assert "\x01" not in fault.text


@pytest.mark.parametrize(
    "fields",
    [
        (("9001", "ours"),),
        (("18", "G M"),),
        (("847", "1000"),),
        (("957", "1"), ("958", "Urgency"), ("959", "14"), ("960", "High")),
        (("78", "2"), ("79", "a"), ("80", "60"), ("79", "b"), ("80", "40")),
        (
            ("453", "1"), ("448", "X"), ("447", "D"), ("452", "1"), ("802", "1"), ("523", "y"),
            ("803", "2"),
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("version", VERSIONS)
def test_what_clients_use_is_allowed(version, fields):
    assert check(version, "D", *ORDER, *fields) is None


def test_market_on_close_of_older_versions_is_allowed():
    assert check(Version.FIX44, "D", *changed("40", "5")) is None


REPORT = Report(
    client="CLIENT1",
    order_id="X-1",
    cl_ord_id="A2",
    exec_id="E-2",
    exec_type="F",
    ord_status="1",
    symbol="AAPL",
    side="1",
    order_qty=100,
    cum_qty=40,
    leaves_qty=60,
    avg_px="10.5",
    trade_date="20221130",
    transact_time="20221130-14:30:00.000",
    orig_cl_ord_id="A1",
    exec_ref_id="E-1",
    security_id="US0378331005",
    ord_type="2",
    price="10.5",
    stop_price="9",
    time_in_force="0",
    last_qty=40,
    last_px="10.5",
    fee="0.14",
    rej_reason=99,
    restatement_reason=1,
    text="all of it",
    account="ACC",
    link_id="link",
    secondary_id="second",
    extra=(
        (851, "1"), (30, "XSIM"), (111, "10"), (110, "5"), (18, "M"), (211, "0.01"),
        (432, "20221201"),
    ),
)  # fmt: skip
CANCEL_REJECTED = CancelRejected(
    client="CLIENT1",
    order_id="NONE",
    cl_ord_id="A2",
    orig_cl_ord_id="A1",
    ord_status="8",
    response_to="1",
    transact_time="20221130-14:30:00.000",
    reason=1,
    text="unknown order",
    account="ACC",
    link_id="link",
    secondary_id="second",
)
SNAPSHOT = Note(
    "CLIENT1",
    "W",
    (
        (262, "M1"), (55, "AAPL"), (779, "20221130-14:30:00.000"), (268, "2"),
        (269, "0"), (270, "9.99"), (271, "100"), (269, "1"), (270, "10.01"), (271, "200"),
    ),
)  # fmt: skip


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("message", [REPORT, CANCEL_REJECTED, SNAPSHOT])
def test_what_we_say_is_allowed_in_both_versions(version: Version, message: Message):
    kind, body = body_of(message, version)
    raw = encode(version.begin_string, joined([("35", kind), *HEADER]) + body)

    assert dictionary(version).check(parse(raw)) is None


def test_a_report_says_every_field_that_it_has():
    _, body = body_of(REPORT, Version.FIX44)

    said = dict(part.split("=", 1) for part in body.split("\x01")[:-1])

    assert said == {
        "37": "X-1", "11": "A2", "41": "A1", "526": "second", "583": "link", "17": "E-2",
        "19": "E-1", "150": "F", "39": "1", "103": "99", "378": "1", "1": "ACC", "55": "AAPL",
        "48": "US0378331005", "22": "4", "54": "1", "38": "100", "40": "2", "44": "10.5", "99": "9",
        "59": "0", "32": "40", "31": "10.5", "151": "60", "14": "40", "6": "10.5", "75": "20221130",
        "60": "20221130-14:30:00.000", "12": "0.14", "13": "3", "58": "all of it", "851": "1",
        "30": "XSIM", "111": "10", "110": "5", "18": "M", "211": "0.01", "432": "20221201",
    }  # fmt: skip
