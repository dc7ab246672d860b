"""Canonical text: one value, one text, and back; what has no exact text is refused."""

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.codec import decode, encode, from_plain, to_plain
from domain.compliance import CheckResult
from domain.exact import MAX_SCALED, from_scaled
from domain.orders import Allocation, NeverSent, Order, OrderEvent, OrderIntent
from domain.recommendations import Basket
from domain.snapshot import Snapshot, name_of
from oms.basket import settle
from oms.compliance.check import check_accounts
from oms.compliance.scene import read_scene


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    amount: Decimal
    day: date
    colour: Colour


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """One field of every kind that a stored value may have."""

    text: str
    count: int
    yes: bool
    at: datetime
    key: UUID
    leaf: Leaf
    leaves: tuple[Leaf, ...]
    pair: tuple[str, int]
    maybe: Leaf | None
    by_name: dict[str, Decimal] = field(default_factory=dict)
    by_colour: dict[Colour, tuple[Leaf, ...]] = field(default_factory=dict)


amounts = st.integers(-MAX_SCALED, MAX_SCALED).map(from_scaled)
leaves = st.builds(Leaf, amount=amounts, day=st.dates(), colour=st.sampled_from(Colour))
zones = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))
instants = st.datetimes(
    min_value=datetime(1900, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    timezones=zones,
)
trees = st.builds(
    Tree,
    text=st.text(),
    count=st.integers(),
    yes=st.booleans(),
    at=instants,
    key=st.uuids(),
    leaf=leaves,
    leaves=st.lists(leaves, max_size=3).map(tuple),
    pair=st.tuples(st.text(), st.integers()),
    maybe=st.none() | leaves,
    by_name=st.dictionaries(st.text(), amounts, max_size=3),
    by_colour=st.dictionaries(
        st.sampled_from(Colour), st.lists(leaves, max_size=2).map(tuple), max_size=2
    ),
)


@given(tree=trees)
def test_a_value_comes_back_from_its_text(tree):
    assert decode(Tree, encode(tree)) == tree


@given(tree=trees)
def test_equal_values_have_equal_text(tree):
    """Another time zone, another number of zeros, another order of keys: the same value."""
    same = replace(
        tree,
        at=tree.at.astimezone(UTC),
        leaf=replace(tree.leaf, amount=tree.leaf.amount.normalize()),
        by_name=dict(reversed(tree.by_name.items())),
    )

    assert encode(same) == encode(tree)


@given(tree=trees)
def test_text_is_canonical_json_in_ascii(tree):
    text = encode(tree)

    assert text.isascii()
    assert json.dumps(json.loads(text), sort_keys=True, separators=(",", ":")) == text


anything = st.one_of(
    trees, leaves, st.none(), st.booleans(), st.integers(), st.text(), amounts, instants,
    st.times(), st.dates(), st.uuids(), st.sampled_from(Colour), st.just(()), st.just([]),
)  # fmt: skip


@given(tree=trees, text=anything, some=anything, by_name=st.dictionaries(st.text(), anything))
def test_compiled_writers_say_what_plain_values_say(tree, text, some, by_name):
    """Also of fields that hold something else than they are declared to."""
    odd = replace(tree, text=text, leaf=replace(tree.leaf, amount=some), by_name=by_name)
    odd = replace(odd, leaves=some, maybe=some)

    slowly = json.dumps(to_plain(odd), sort_keys=True, separators=(",", ":"))

    assert encode(odd) == slowly


@given(keys=st.dictionaries(st.text(), amounts, min_size=10, max_size=16))
def test_a_mapping_of_any_size_has_its_keys_sorted(keys):
    assert encode(keys) == json.dumps(to_plain(keys), sort_keys=True, separators=(",", ":"))


def test_a_clock_that_was_set_back_gives_two_instants():
    """Python calls the two half past one of the night equal."""
    first = datetime(2022, 11, 6, 1, 30, tzinfo=ZoneInfo("America/New_York"))

    assert encode(first) == '"2022-11-06T05:30:00.000000Z"'
    assert encode(first.replace(fold=1)) == '"2022-11-06T06:30:00.000000Z"'


@given(one=trees, other=trees)
def test_different_values_have_different_text(one, other):
    assert (encode(one) == encode(other)) == (one == other)


NAIVE = datetime(2022, 1, 1)  # noqa: DTZ001 - naive on purpose


@pytest.mark.parametrize(
    "value",
    [NAIVE, 1.5, float("nan"), b"bytes", object(), {1: "a"}, [0.1], Leaf],
    ids=lambda value: type(value).__name__,
)
def test_what_has_no_exact_text_is_refused(value):
    with pytest.raises((TypeError, ValueError)):
        encode(value)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"amount": 1.5}, "a JSON float"),
        ({"amount": "x"}, "no number"),
        ({"colour": "green"}, "no member"),
        ({"day": "2022-02-30"}, "no date"),
        ({"shade": "dark"}, "unknown field"),
        ({"amount": None}, "missing"),
    ],
)
def test_text_that_is_not_the_value_is_refused(change, reason):
    good = {"amount": "1", "colour": "red", "day": "2022-11-30"}

    assert decode(Leaf, json.dumps(good)).amount == 1
    with pytest.raises((TypeError, ValueError)):
        decode(Leaf, json.dumps({**good, **change}))


SCENE = read_scene(
    "ALFA costs 10.25, issuer Alfa Corp\nALFA is restricted\nA1 is taxable in H1\n"
    "A1 holds 100 ALFA for 900 since 2024-01-10\nA1 may hold 30 % in Energy\nA1 withdraws 5\n"
    "A1 bought 3 ALFA on 2026-03-20\nA1 sells 10 ALFA\n"
    "order O1 buys 5 ALFA at 10.5 for A1\n60 s earlier order O0 buys 5 ALFA at market for A1"
)


def test_what_the_rooms_store_comes_back_from_its_text():
    results = check_accounts((), SCENE.snapshot, SCENE.recommendations, SCENE.at)
    basket = settle("snapshot", SCENE.recommendations, results)

    assert decode(Snapshot, encode(SCENE.snapshot)) == SCENE.snapshot
    assert decode(OrderIntent, encode(SCENE.intents[0])) == SCENE.intents[0]
    assert decode(Order, encode(SCENE.earlier[0])) == SCENE.earlier[0]
    assert decode(Basket, encode(basket)) == basket
    assert decode(tuple[CheckResult, ...], encode(results)) == results


def test_a_snapshot_is_named_by_its_content():
    lot = SCENE.snapshot.lots[0]
    cheaper = replace(SCENE.snapshot, lots=(replace(lot, basis=lot.basis - 1),))
    again = decode(Snapshot, encode(SCENE.snapshot))

    assert name_of(again) == name_of(SCENE.snapshot)
    assert name_of(cheaper) != name_of(SCENE.snapshot)
    assert len(name_of(cheaper)) == 64


def test_a_basket_is_named_by_its_content():
    basket = settle("snapshot", SCENE.recommendations, ())
    fewer = settle("snapshot", (), ())

    assert basket.content_hash == settle("snapshot", SCENE.recommendations, ()).content_hash
    assert len({basket.content_hash, fewer.content_hash}) == 2


def test_a_text_from_before_a_field_was_added_is_read_with_its_default():
    event = NeverSent(cl_ord_id="A-1", at=datetime(2022, 11, 30, tzinfo=UTC), why="not now")
    older = {"cl_ord_id": "A-1", "orig_cl_ord_id": "A", "requested_at": None}
    written = json.loads(encode(event))
    assert from_plain(OrderEvent, written) == event
    part = from_plain(Allocation, {"account_id": "H001", "quantity": "5"})
    assert part == Allocation(account_id="H001", quantity=Decimal(5))
    with pytest.raises(ValueError, match="not the fields of exactly one"):
        from_plain(OrderEvent, older)


def test_a_union_reads_what_lacks_only_fields_with_defaults():
    @dataclass(frozen=True)
    class Old:
        name: str
        added: int = 7

    @dataclass(frozen=True)
    class Other:
        name: str
        needed: int

    assert from_plain(Old | Other, {"name": "x"}) == Old(name="x", added=7)
    assert from_plain(Old | Other, {"name": "x", "needed": 1}) == Other(name="x", needed=1)
