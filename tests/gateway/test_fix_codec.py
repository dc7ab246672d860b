"""What leaves as FIX text, and what arriving text is read as."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import BadInputError
from domain.exact import plain
from domain.order_states import apply, open_order
from domain.orders import (
    CancelReject,
    CancelRequest,
    ExecType,
    OrdStatus,
    OrdType,
    ReplaceRequest,
    Side,
    TimeInForce,
)
from domain.ports import StatusRequest
from gateway.codec import encode
from gateway.reports import Readable, Unreadable, decode
from gateway.wiretext import SOH, message, pairs, redact, storable, value_of, visible
from tests.gateway.desk import RUN, intent

NOW = datetime(2022, 11, 30, 20, 45, 0, 123456, tzinfo=UTC)
TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
TRADE = {
    37: "O1",
    17: "E1",
    11: "C1",
    150: "F",
    39: "1",
    55: "AAPL",
    54: "1",
    38: "300",
    32: "100",
    31: "190.24",
    14: "100",
    151: "200",
    6: "190.24",
    60: "20221130-20:45:00.123456",
    75: "20221130",
    12: "0.30",
    13: "3",
}


def wire(msg_type="8", **changes: str | None) -> str:
    """A trade with tags set (`t31="1"`) or taken out (`t31=None`)."""
    tags = {**TRADE, **{int(name[1:]): value for name, value in changes.items()}}
    return message(msg_type, [(tag, value) for tag, value in tags.items() if value is not None])


def read(raw: str):
    found = decode(raw, venue="XSIM")
    assert isinstance(found, Readable), found
    return found.message


def refusal(raw: str) -> Unreadable:
    found = decode(raw, venue="XSIM")
    assert isinstance(found, Unreadable), found
    return found


def test_a_new_order_says_everything_once():
    text = encode(intent("AB12-0001", 1200), None, account="BLOCK", at=NOW)

    assert text.replace(SOH, "|").startswith(
        f"8=FIX.4.4|9=165|35=D|11=AB12-0001|583={RUN.hex}|1=BLOCK|21=1|55=AAPL|48=US0378331005|"
        "22=4|54=1|60=20221130-20:45:00.123456|38=1200|40=2|44=190.25|15=USD|59=0|10="
    )
    tags = [tag for tag, _ in pairs(text)]
    assert len(tags) == len(set(tags))


def test_a_market_order_has_no_price():
    assert value_of(encode(intent("C1", limit=None), None, account="B", at=NOW), 44) is None


def test_changes_name_the_order_that_they_change():
    order = open_order(intent("C1"))
    cancel = CancelRequest(cl_ord_id="C2", orig_cl_ord_id="C1", requested_at=NOW, why="späť\x01x")
    replace = ReplaceRequest(
        cl_ord_id="C3",
        orig_cl_ord_id="C1",
        quantity=Decimal(200),
        limit_price=Decimal("191.5"),
        requested_at=NOW,
        why="",
    )
    status = StatusRequest(cl_ord_id="C1", requested_at=NOW)

    texts = [encode(body, order, account="B", at=NOW) for body in (cancel, replace, status)]

    assert [value_of(text, 35) for text in texts] == ["F", "G", "H"]
    assert [value_of(text, 41) for text in texts] == ["C1", "C1", None]
    assert value_of(texts[0], 58) == "sp???x"
    assert (value_of(texts[1], 38), value_of(texts[1], 44)) == ("200", "191.5")


@given(TEXT.filter(lambda text: not text.isascii() or not text.isprintable() or " " in text))
def test_no_identifier_smuggles_a_field(name):
    with pytest.raises(BadInputError):
        encode(intent(name), None, account="B", at=NOW)


def test_a_trade_is_read_to_the_last_digit():
    report = read(wire())

    assert report.exec_type is ExecType.TRADE
    assert report.side is Side.BUY
    assert (report.last_qty, report.last_px) == (Decimal(100), Decimal("190.24"))
    assert report.commission == Decimal("0.30")
    assert report.trade_date == date(2022, 11, 30)
    assert report.transact_time == datetime(2022, 11, 30, 20, 45, 0, 123456, tzinfo=UTC)


@given(
    quantity=st.integers(1, 99_999_999_999),
    price=st.decimals(0, 10**6, places=6, allow_nan=False),
)
def test_numbers_survive_the_wire(quantity, price):
    report = read(wire(t32=str(quantity), t31=plain(price)))

    assert (report.last_qty, report.last_px) == (quantity, price)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"t32": "-100"}, "unsigned"),
        ({"t32": "1e2"}, "not a plain decimal"),
        ({"t32": "100000000000"}, "eleven digits"),
        ({"t31": "NaN"}, "not a plain decimal"),
        ({"t31": "190.1234567"}, "decimal places"),
        ({"t31": None}, "without LastQty (32) or LastPx (31)"),
        ({"t32": "0"}, "without LastQty (32) or LastPx (31)"),
        ({"t17": None}, "tag 17 is missing"),
        ({"t17": "E 1"}, "not a usable identifier"),
        ({"t17": "E';DROP"}, "not a usable identifier"),
        ({"t11": "C\x00"}, "not a usable identifier"),
        ({"t54": "9"}, "neither a buy nor a sell"),
        ({"t75": "20221332"}, "is not a day"),
        ({"t60": "yesterday"}, "neither TransactTime"),
        ({"t150": "H", "t19": None}, "without ExecRefID"),
    ],
)
def test_what_cannot_be_booked_is_named(changes, why):
    assert why in refusal(wire(**changes)).why


def test_a_doubled_tag_is_refused_rather_than_guessed():
    raw = wire() + f"32=900{SOH}"

    assert refusal(raw) == Unreadable("tag 32 appears more than once", may_be_fill=True)


@pytest.mark.parametrize("exec_type", ["Z", "1", "2", "99", "é"])
def test_a_fill_of_an_unknown_type_is_a_trade(exec_type):
    assert read(wire(t150=exec_type)).exec_type is ExecType.TRADE


@pytest.mark.parametrize("tag", [6, 38, 44, 99])
@pytest.mark.parametrize("value", ["-1", "1e2", "NaN", "", "9" * 40])
def test_a_fill_is_booked_whatever_the_terms_beside_it_say(tag, value):
    found = decode(wire(**{f"t{tag}": value}), venue="XSIM")

    assert isinstance(found, Readable)
    assert (found.message.last_qty, found.message.last_px) == (100, Decimal("190.24"))
    [note] = found.notes
    assert note.endswith("; passed over")


@pytest.mark.parametrize("tag", [14, 151])
def test_a_fill_is_booked_whatever_its_sums_are(tag):
    """An over-filled order has a LeavesQty below zero at some venues."""
    found = decode(wire(**{f"t{tag}": "-50"}), venue="XSIM")

    assert isinstance(found, Readable)
    assert (found.message.last_qty, found.message.last_px) == (100, Decimal("190.24"))
    assert [note.rpartition("; ")[2] for note in found.notes] == ["passed over", "taken as 0"]


@pytest.mark.parametrize("tag", [38, 44, 99])
def test_a_report_that_changes_terms_must_say_them_rightly(tag):
    raw = wire(**{f"t{tag}": "-1"}, t150="5", t39="0", t32=None, t31=None)

    assert "unsigned" in refusal(raw).why


@pytest.mark.parametrize(("leaves", "status"), [("200", "1"), ("0", "2")])
def test_a_fill_with_an_unknown_status_takes_it_from_what_is_left(leaves, status):
    found = decode(wire(t39="Q", t151=leaves), venue="XSIM")

    assert isinstance(found, Readable)
    assert found.message.ord_status is OrdStatus(status)
    assert found.notes == ("OrdStatus (39) 'Q' is unknown; taken from LeavesQty",)


def test_an_unknown_type_without_a_fill_is_kept_for_a_person():
    found = refusal(wire(t150="Z", t32=None, t31=None))

    assert not found.may_be_fill


def test_our_own_words_for_a_status_are_not_the_venues():
    assert "is unknown" in refusal(wire(t150="0", t39="unsent", t32=None, t31=None)).why


def test_a_status_answer_that_quotes_the_last_fill_is_not_a_fill():
    assert read(wire(t150="I")).exec_type is ExecType.ORDER_STATUS


@pytest.mark.parametrize(
    ("kind", "value", "dollars"),
    [("1", "0.003", "0.30"), ("2", "0.01", "1.90"), ("3", "0.3", "0.3")],
)
def test_commission_is_dollars_of_this_execution(kind, value, dollars):
    assert read(wire(t12=value, t13=kind)).commission == Decimal(dollars)


def test_a_long_average_price_is_only_compared_so_it_may_be_rounded():
    assert read(wire(t6="190.2433333333333333")).avg_px == Decimal("190.243333")


@pytest.mark.parametrize(
    ("kind", "time", "read_as"),
    [
        ("P", "7", (OrdType.PEGGED, TimeInForce.CLS)),
        ("K", "9", (None, None)),  # Of a later FIX: nothing that we would have asked for.
        (None, None, (None, None)),
    ],
)
def test_an_acknowledgement_says_what_the_order_was_taken_for(kind, time, read_as):
    report = read(wire(t150="0", t39="0", t40=kind, t59=time, t32=None, t31=None))

    assert (report.ord_type, report.time_in_force) == read_as


def test_a_cancel_reject_is_read():
    raw = message(
        "9",
        [
            (37, "O1"),
            (11, "C2"),
            (41, "C1"),
            (39, "2"),
            (102, "0"),
            (58, "too\x02late"),
            (52, "20221130-20:45:00"),
        ],
    )

    reject = read(raw)

    assert isinstance(reject, CancelReject)
    assert (reject.orig_cl_ord_id, reject.cxl_rej_reason, reject.reason) == ("C1", 0, "too?late")


@given(st.binary(max_size=200))
def test_no_bytes_make_the_reader_raise(noise):
    decode(noise.decode("utf-8", "surrogateescape"), venue="XSIM")


@given(st.dictionaries(st.sampled_from([*TRADE, 5001]), TEXT, max_size=6))
def test_no_values_make_the_reader_raise_or_smuggle(values):
    """Whatever is read is harmless in a database and comes back the same from the next stage."""
    found = decode(wire(**{f"t{tag}": value for tag, value in values.items()}), venue="XSIM")

    if isinstance(found, Readable) and not isinstance(found.message, CancelReject):
        assert found.message.last_qty >= 0
        assert found.message.exec_id.isprintable()
        assert found.message.reason.isprintable()
        apply(open_order(intent("C1")), found.message)


@given(st.binary(max_size=60))
def test_what_is_stored_has_neither_nul_nor_broken_text(noise):
    text = storable(noise.decode("utf-8", "surrogateescape"))

    assert "\x00" not in text
    text.encode()
    assert visible(text).isprintable()


def test_secrets_are_redacted_even_when_raw_data_holds_separators():
    raw = SOH.join(
        ["35=A", "553=me", "554=s3cret", "95=9", "96=abc", "def", "g", "925=new", "98=0", ""]
    )

    assert redact(raw) == SOH.join(
        ["35=A", "553=***", "554=***", "95=9", "96=***", "925=***", "98=0", ""]
    )
