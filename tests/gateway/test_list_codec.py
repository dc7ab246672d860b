"""Lists as messages: what goes is counted rightly, and what a venue says of them is read."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
import quickfix as fix
from hypothesis import given
from hypothesis import strategies as st

from domain.orders import OrdStatus
from domain.ports import ListExecuteRequest
from gateway.codec import encode, encode_list_status
from gateway.dialect import CustomTag, Dialect, Kind
from gateway.dictionary import standard_path
from gateway.fields import FieldError
from gateway.list_status import read_list_status
from gateway.lists import encode_list
from gateway.wiretext import message, pairs, value_of
from tests.gateway.desk import intent

AT = datetime(2022, 11, 30, 20, 45, tzinfo=UTC)
STRICT = fix.DataDictionary(str(standard_path()))


def orders(count: int):
    return [replace(intent(f"C{number}"), list_id="C0-L") for number in range(count)]


def every(texts: list[str], tag: int) -> list[str]:
    return [value for text in texts for value in of_tag(text, tag)]


def of_tag(text: str, tag: int) -> list[str]:
    return [value for name, value in pairs(text) if name == tag]


@given(st.integers(1, 60), st.integers(1, 25))
def test_the_fragments_of_a_list_hold_each_order_once_and_in_its_order(count, size):
    wave = orders(count)

    fragments = encode_list(wave, account="T", at=AT, dialect=Dialect(list_orders=size))

    texts = [one.text for one in fragments]
    assert [order for one in fragments for order in one.orders] == wave
    assert every(texts, 11) == [one.cl_ord_id for one in wave]
    assert every(texts, 67) == [str(n + 1) for n in range(count)]
    assert {value_of(text, 68) for text in texts} == {str(count)}
    assert [value_of(text, 893) for text in texts] == ["N"] * (len(texts) - 1) + ["Y"]
    assert all(int(value_of(text, 73)) == len(of_tag(text, 11)) <= size for text in texts)


def test_a_list_is_what_the_standards_dictionary_allows():
    [one] = encode_list(orders(3), account="T", at=AT, dialect=Dialect(list_orders=100))
    whole = fix.Message(one.text, STRICT, False)
    for tag, value in ((49, "T"), (56, "X"), (34, "1"), (52, "20221130-20:45:00")):
        whole.getHeader().setField(tag, value)

    STRICT.validate(fix.Message(whole.toString(), STRICT, True))

    assert every([whole.toString()], 11) == ["C0", "C1", "C2"]


def test_what_the_broker_wants_beside_is_said_once_for_the_list():
    tags = (CustomTag(tag=9001, text="{account}", kinds=frozenset({Kind.LIST})),)

    [one] = encode_list(orders(3), account="T", at=AT, dialect=Dialect(list_orders=9, tags=tags))

    assert of_tag(one.text, 9001) == ["T"]


STATUS = [(66, "C0-L"), (429, "1"), (82, "1"), (431, "7"), (83, "2"), (444, "no bidding here")]
TAIL = [(60, "20221130-20:45:00"), (68, "2"), (73, "2")]
ROWS = [
    (11, "C0"), (14, "0"), (39, "8"), (151, "0"), (84, "0"), (6, "0"), (103, "5"), (58, "twice"),
    (11, "C1"), (14, "0"), (39, "Z"), (151, "0"), (84, "0"), (6, "0"),
]  # fmt: skip


def test_the_status_of_a_list_is_read_order_by_order():
    status = read_list_status(message("N", [*STATUS, *TAIL, *ROWS]))

    first, second = status.orders
    assert (status.list_id, status.number, status.is_refused) == ("C0-L", 2, True)
    assert (status.is_over, status.reason) == (False, "no bidding here")
    assert (first.cl_ord_id, first.status, first.code) == ("C0", OrdStatus.REJECTED, 5)
    assert (first.reason, second.cl_ord_id, second.status) == ("twice", "C1", None)
    assert (first.filled, first.order_id, status.waits) == (0, "", False)


@pytest.mark.parametrize(
    ("part", "stage", "waits"), [("2", "2", True), ("1", "2", False), ("2", "3", False)]
)
def test_a_list_waits_when_its_last_part_says_that_it_was_received(part, stage, waits):
    """And an order of it has an OrderID over FIX 5.0."""
    fields = [(66, "C0-L"), (429, "1"), (82, "2"), (431, stage), (83, part), *TAIL]

    status = read_list_status(
        message("N", [*fields, (11, "C0"), (37, "V-7"), (39, "A"), (14, "0")])
    )

    assert (status.waits, status.orders[0].order_id) == (waits, "V-7")


@pytest.mark.parametrize(("waits", "said"), [(True, "2"), (False, "1")])
def test_a_list_says_whether_it_waits_to_be_begun(waits, said):
    dialect = Dialect(list_orders=100, lists_wait=waits)

    [one] = encode_list(orders(2), account="T", at=AT, dialect=dialect)

    assert of_tag(one.text, 433) == [said]


@pytest.mark.parametrize("kind", ["L", "M"])
def test_what_is_said_of_a_whole_list_is_what_the_standards_dictionary_allows(kind):
    request = ListExecuteRequest(list_id="C0-L", requested_at=AT)
    text = (
        encode(request, None, account="T", at=AT)
        if kind == "L"
        else encode_list_status("C0-L", "T")
    )
    whole = fix.Message(text, False)
    for tag, value in ((49, "T"), (56, "X"), (34, "1"), (52, "20221130-20:45:00")):
        whole.getHeader().setField(tag, value)

    STRICT.validate(fix.Message(whole.toString(), STRICT, True))

    assert (value_of(text, 35), value_of(text, 66)) == (kind, "C0-L")


@pytest.mark.parametrize("change", [[(66, "C9-L")], [(66, "a b")], []])
def test_a_status_that_does_not_name_one_list_is_not_believed(change):
    fields = [*change, *(STATUS if change == [(66, "C9-L")] else STATUS[1:]), *TAIL]

    with pytest.raises(FieldError):
        read_list_status(message("N", fields))
