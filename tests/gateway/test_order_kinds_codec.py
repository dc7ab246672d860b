"""Every kind of order as FIX text, held against the dictionaries of two other programs."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache

import pytest
import quickfix as fix
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.errors import BadInputError
from domain.exact import plain
from domain.order_states import open_order
from domain.orders import (
    Algo,
    Allocation,
    CancelRequest,
    OrdType,
    Peg,
    PegTo,
    ReplaceRequest,
    Strategy,
    TimeInForce,
)
from domain.ports import StatusRequest
from gateway.codec import encode, encode_mass_status
from gateway.dialect import AlgoForm, CustomTag, Dialect, Kind
from gateway.dictionary import standard_path
from gateway.reports import decode
from gateway.wiretext import SOH, is_flat, message, pairs, value_of
from simulator.fix.codec import parse
from simulator.fix.dictionary import dictionary
from simulator.fix.profile import Version
from tests.gateway.desk import RUN, intent
from tests.gateway.kinds import NOW, algos, intents, prices

FLAT = {strategy: AlgoForm(value="1") for strategy in Strategy}
GROUPED = {
    strategy: AlgoForm(
        value="1", grouped=True, start="StartTime", end="EndTime", participation="ParticipationRate"
    )
    for strategy in Strategy
}
TOO_MUCH = "XSIM takes $100,000 in an order (maximum_notional)"
HEADER = [(49, "TRIMTAB"), (56, "XSIM"), (34, "7"), (52, "20221130-20:45:00.123456")]


def sent(body, order=None, **changes) -> str:
    dialect = Dialect(**{"expire_times": True} | changes)
    return encode(body, order, account="BLOCK", at=NOW, dialect=dialect)


def whole(text: str, *, is_fifty: bool) -> str:
    """The message with a header, as the session would send it."""
    body = [pair for pair in pairs(text) if pair[0] not in (8, 9, 35, 10)]
    made = message(value_of(text, 35), [*HEADER, *body])
    if not is_fifty:
        return made
    content = made.split(SOH, 2)[2].rsplit("10=", 1)[0]
    head = f"8=FIXT.1.1{SOH}9={len(content)}{SOH}{content}"
    return f"{head}10={sum(head.encode()) % 256:03d}{SOH}"


@cache
def strict(name: str) -> fix.DataDictionary:
    return fix.DataDictionary(str(standard_path(name)))


def check_by_quickfix(text: str, *, is_fifty: bool) -> None:
    """Raises what the strict stock dictionary finds wrong."""
    raw = whole(text, is_fifty=is_fifty)
    if is_fifty:
        session, application = strict("FIXT11"), strict("FIX50SP2")
        read = fix.Message(raw, session, application, True)
        fix.DataDictionary.validate(read, session, application)
    else:
        strict("FIX44").validate(fix.Message(raw, strict("FIX44"), True))


def fault_at_the_venue(text: str, *, is_fifty: bool):
    version = Version.FIX50SP2 if is_fifty else Version.FIX44
    raw = whole(text, is_fifty=is_fifty).encode()
    return dictionary(version).check(parse(raw))


def every_message(order_intent, **changes):
    """What we may say of an order in its life."""
    order = open_order(order_intent)
    yield sent(order_intent, **changes)
    yield sent(
        CancelRequest(cl_ord_id="C2", orig_cl_ord_id="AB12-0001", requested_at=NOW, why="late"),
        order,
        **changes,
    )
    yield sent(
        ReplaceRequest(
            cl_ord_id="C3",
            orig_cl_ord_id="AB12-0001",
            quantity=order.order_qty + 1,
            limit_price=order.limit_price,
            stop_price=order.stop_price,
            requested_at=NOW,
            why="",
        ),
        order,
        **changes,
    )
    yield sent(StatusRequest(cl_ord_id="AB12-0001", requested_at=NOW), order, **changes)


@pytest.mark.parametrize("is_fifty", [False, True], ids=["4.4", "5.0SP2"])
@given(intents())
def test_the_stock_dictionaries_accept_every_kind(is_fifty, order):
    assume(Dialect(expire_times=True, algos=FLAT).unsupported(order) is None)
    for text in every_message(order, is_fifty=is_fifty, algos=FLAT):
        check_by_quickfix(text, is_fifty=is_fifty)
        assert fault_at_the_venue(text, is_fifty=is_fifty) is None


@given(intents(algorithms=algos))
def test_a_group_of_parameters_is_read_by_those_who_know_it(order):
    """FIX 5.0 has the group; over FIX 4.4 brokers take it all the same, as the venues do."""
    for is_fifty in (False, True):
        for text in every_message(order, is_fifty=is_fifty, algos=GROUPED):
            assert fault_at_the_venue(text, is_fifty=is_fifty) is None
            if is_fifty:
                check_by_quickfix(text, is_fifty=True)


@pytest.mark.parametrize("is_fifty", [False, True], ids=["4.4", "5.0SP2"])
@pytest.mark.parametrize(
    ("tag", "bad"), [("59=0", "59=Z"), ("38=300", "38=many"), ("54=1", "55=2")]
)
def test_the_witnesses_would_see_a_fault(is_fifty, tag, bad):
    text = sent(intent("C1"), is_fifty=is_fifty).replace(f"{SOH}{tag}", f"{SOH}{bad}")

    with pytest.raises(fix.FIXException):
        check_by_quickfix(text, is_fifty=is_fifty)
    assert fault_at_the_venue(text, is_fifty=is_fifty) is not None


def fields(text: str, *tags: int) -> list[str | None]:
    return [value_of(text, tag) for tag in tags]


def test_a_stop_limit_says_both_prices():
    text = sent(intent("C1", ord_type=OrdType.STOP_LIMIT, stop_price=Decimal("189.5")))

    assert fields(text, 40, 99, 44) == ["4", "189.5", "190.25"]


def test_a_good_till_date_order_says_its_last_day():
    ends = datetime(2022, 12, 9, 20, 30, tzinfo=UTC)
    exact = intent("C1", time_in_force=TimeInForce.GTD, expires=date(2022, 12, 9), expires_at=ends)
    words = sent(exact, expire_times=True)
    assert (value_of(words, 126), value_of(words, 432)) == ("20221209-20:30:00", None)
    assert Dialect(expire_times=True).unsupported(exact) is None
    assert "takes a last day and no time of day" in Dialect().unsupported(exact)

    worked = replace(exact, algo=Algo(strategy=Strategy.TWAP, start=None, end=ends))
    flat, grouped = (Dialect(expire_times=True, algos=one) for one in (FLAT, GROUPED))
    assert "in the field of the order's last instant (126)" in flat.unsupported(worked)
    assert grouped.unsupported(worked) is None

    text = sent(intent("C1", time_in_force=TimeInForce.GTD, expires=date(2022, 12, 9)))

    assert fields(text, 59, 432) == ["6", "20221209"]


@pytest.mark.parametrize(
    ("to", "older", "newer"),
    [(PegTo.MIDPOINT, "M", "2"), (PegTo.MARKET, "P", "4"), (PegTo.PRIMARY, "R", "5")],
)
def test_a_peg_is_said_in_the_words_of_the_version(to, older, newer):
    order = intent(
        "C1", limit=None, ord_type=OrdType.PEGGED, peg=Peg(to=to, offset=Decimal("-0.02"))
    )

    assert fields(sent(order), 40, 18, 1094, 211) == ["P", older, None, "-0.02"]
    assert fields(sent(order, is_fifty=True), 40, 18, 1094, 211) == ["P", None, newer, "-0.02"]


VWAP = Algo(
    strategy=Strategy.VWAP,
    start=NOW,
    end=NOW + timedelta(minutes=30),
    participation=Decimal("0.1"),
)


@pytest.mark.parametrize(
    ("form", "wire"),
    [
        (AlgoForm(value="1"), "847=1|168=20221130-20:45:00|126=20221130-21:15:00|849=0.1|"),
        (
            AlgoForm(value="VWAP2", tag=7600, start="", end="7602", participation="7603"),
            None,
        ),
        (
            AlgoForm(
                value="VWAP2", tag=7600, start="7601", end="7602", participation="7603",
                in_percent=True, fixed=(("7604", "PASSIVE"),),
            ),
            "7600=VWAP2|7601=20221130-20:45:00|7602=20221130-21:15:00|7603=10|7604=PASSIVE|",
        ),
        (
            AlgoForm(
                value="1", grouped=True, start="StartTime", end="EndTime", participation="Rate",
                fixed=(("Urgency", "low"),),
            ),
            (
                "847=1|957=4|958=StartTime|959=19|960=20221130-20:45:00|"
                "958=EndTime|959=19|960=20221130-21:15:00|958=Rate|959=11|960=0.1|"
                "958=Urgency|959=14|960=low|"
            ),
        ),
    ],
)  # fmt: skip
def test_an_algorithm_is_asked_for_as_the_broker_wants_it(form, wire):
    order, dialect = intent("C1", algo=VWAP), {"algos": {Strategy.VWAP: form}}

    if wire is None:
        with pytest.raises(BadInputError, match="VWAP of XSIM takes no start"):
            sent(order, **dialect)
    else:
        assert wire in sent(order, **dialect).replace(SOH, "|")


def test_what_a_profile_does_not_take_is_not_sent_in_other_words():
    stop = intent("C1", limit=None, ord_type=OrdType.STOP, stop_price=Decimal(180))
    peg = intent("C1", limit=None, ord_type=OrdType.PEGGED, peg=Peg(to=PegTo.MARKET))
    narrow = Dialect(
        kinds=frozenset({OrdType.LIMIT, OrdType.PEGGED}),
        times=frozenset({TimeInForce.DAY}),
        pegs=frozenset({PegTo.MIDPOINT}),
        algos={Strategy.POV: AlgoForm(value="2")},
    )

    def why(order):
        return narrow.unsupported(order)

    assert why(intent("C1")) is None
    assert why(stop) == "XSIM takes no stop orders (kinds of its profile)"
    assert why(peg) == "XSIM takes no market pegs (pegs of its profile)"
    assert why(intent("C1", time_in_force=TimeInForce.FOK)).startswith("XSIM takes no fok orders")
    assert why(intent("C1", algo=VWAP)).startswith("XSIM has no algorithm VWAP")
    assert why(intent("C1", algo=Algo(strategy=Strategy.POV))).startswith("POV needs a part")


@pytest.mark.parametrize(
    ("quantity", "terms", "why"),
    [
        (1000, {}, None),
        (1001, {}, "XSIM takes 1,000 shares in an order (maximum_quantity)"),
        (526, {}, TOO_MUCH),
        (526, {"limit": None}, None),
        (526, {"limit": None, "ord_type": OrdType.STOP, "stop_price": Decimal(191)}, TOO_MUCH),
    ],
)
def test_a_broker_may_take_less_than_the_firm_allows(quantity, terms, why):
    """At the limit of 190.25, at the decision's 190, and at a stop of 191."""
    dollars = 100_000 if quantity == 526 else 10**9
    dialect = Dialect(maximum_quantity=1000, maximum_notional=dollars)

    assert dialect.unsupported(intent("C1", quantity, **terms)) == why


def test_a_replace_of_what_the_profile_no_longer_takes_is_withdrawn_rather_than_half_said():
    order = open_order(intent("C1", algo=VWAP))
    wish = ReplaceRequest(
        cl_ord_id="C2", orig_cl_ord_id="C1", quantity=Decimal(200),
        limit_price=Decimal(190), requested_at=NOW, why="",
    )  # fmt: skip

    with pytest.raises(BadInputError, match="has no algorithm VWAP"):
        sent(wish, order)


@given(stop=prices, limit=prices)
def test_a_replace_says_the_new_prices_and_repeats_the_rest(stop, limit):
    order = open_order(
        intent("C1", ord_type=OrdType.STOP_LIMIT, stop_price=Decimal(180), algo=VWAP)
    )
    wish = ReplaceRequest(
        cl_ord_id="C2", orig_cl_ord_id="C1", quantity=Decimal(200),
        limit_price=limit, stop_price=stop, requested_at=NOW, why="",
    )  # fmt: skip

    text = sent(wish, order, algos=FLAT)

    assert fields(text, 40, 44, 99, 847, 126) == [
        "4", plain(limit), plain(stop), "1", "20221130-21:15:00",
    ]  # fmt: skip


def test_custom_tags_carry_what_the_broker_wants():
    tags = (
        CustomTag(tag=57, text="DESK"),
        CustomTag(tag=9001, text="{account}/{strategy}", kinds=frozenset({Kind.NEW})),
        CustomTag(tag=9002, text="{run}"),
        CustomTag(tag=9003, text="{client}"),
        CustomTag(tag=9004, text="{rule}"),
    )
    shared = intent(
        "AB12-0001",
        300,
        allocations=tuple(
            Allocation(account_id=name, quantity=Decimal(150), strategy="GROWTH")
            for name in ("A1", "A2")
        ),
    )

    new, cancel, *_ = every_message(shared, tags=tags, handling="3")

    assert fields(new, 57, 9001, 9002, 21) == ["DESK", "BLOCK/GROWTH", RUN.hex, "3"]
    assert fields(new, 9003, 9004) == [None, None], "no single client, and no rule"
    assert fields(cancel, 57, 9001, 9002) == ["DESK", None, RUN.hex]


def test_a_header_field_stays_in_the_header():
    """Behind a field of the body the engine would take it for one, and the venue would reject."""
    tags = (CustomTag(tag=9001, text="X"), CustomTag(tag=57, text="DESK"))
    texts = [*every_message(intent("AB12-0001"), tags=tags)]
    texts.append(encode_mass_status(NOW, "BLOCK", Dialect(tags=tags)))

    for text in texts:
        read = fix.Message(text, False)
        assert read.getHeader().getField(57) == "DESK"
        assert read.getField(9001) == "X"


@pytest.mark.parametrize("is_fifty", [False, True], ids=["4.4", "5.0SP2"])
def test_a_party_is_written_tag_by_tag(is_fifty):
    """A group of one entry is its fields in their order, the count first."""
    party = ((453, "1"), (448, "DESK-7"), (447, "D"), (452, "3"))
    tags = tuple(CustomTag(tag=tag, text=text) for tag, text in party)

    text, *_ = every_message(intent("AB12-0001"), tags=tags, is_fifty=is_fifty)

    assert not is_flat(text), "the engine would sort its fields apart"
    check_by_quickfix(text, is_fifty=is_fifty)
    assert fault_at_the_venue(text, is_fifty=is_fifty) is None
    sent_by_engine = fix.Message(text, strict("FIX50SP2" if is_fifty else "FIX44"), False)
    assert "\x01453=1\x01448=DESK-7\x01447=D\x01452=3\x01" in sent_by_engine.toString()


def test_a_message_about_no_order_leaves_out_what_is_said_of_orders():
    tags = (CustomTag(tag=9001, text="{account}"), CustomTag(tag=9002, text="{account} {run}"))

    text = encode_mass_status(NOW, "BLOCK", Dialect(tags=tags))

    assert fields(text, 35, 9001, 9002) == ["AF", "BLOCK", None]


@given(st.text(max_size=20))
def test_no_account_smuggles_a_field_through_a_custom_tag(name):
    parts = (Allocation(account_id=name, quantity=Decimal(300)),)
    text = sent(intent("C1", allocations=parts), tags=(CustomTag(tag=9001, text="{client}"),))

    assert [tag for tag, _ in pairs(text)].count(9001) == bool(name)
    assert len(text.split(SOH)) == len(list(pairs(text))) + 1


def test_a_stop_price_is_read_back():
    raw = message(
        "8",
        [
            (37, "O1"), (17, "E1"), (11, "C1"), (150, "L"), (39, "0"), (55, "AAPL"), (54, "1"),
            (38, "300"), (99, "189.50"), (14, "0"), (151, "300"), (60, "20221130-20:45:00"),
        ],
    )  # fmt: skip

    report = decode(raw, venue="XSIM").message

    assert (report.exec_type.name, report.stop_price) == ("TRIGGERED", Decimal("189.50"))
