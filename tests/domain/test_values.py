"""What is quickly made is what `dataclasses` would have made."""

import inspect
from dataclasses import FrozenInstanceError, dataclass, fields, replace
from decimal import Decimal

import pytest

from domain.audit import AuditEntry
from domain.lots import TaxLot
from domain.orders import ExecutionReport, Order, OrderIntent, StandingFill
from domain.postings import Leg, Relief, Transaction
from domain.values import quickly_made, with_changes
from ledger.postings import Share

HOT = [
    AuditEntry, ExecutionReport, Leg, Order, OrderIntent, Relief, Share, StandingFill, TaxLot,
    Transaction,
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """Two shares of something."""

    name: str
    quantity: Decimal = Decimal(2)
    parts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        assert self.quantity > 0


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Quick:
    """Two shares of something."""

    name: str
    quantity: Decimal = Decimal(2)
    parts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        assert self.quantity > 0


def test_it_has_the_same_fields_by_the_same_names():
    made = Quick(name="A", parts=("x",))

    assert made == Quick(parts=("x",), quantity=Decimal(2), name="A")
    assert hash(made) == hash(Quick(name="A", parts=("x",)))
    assert repr(made) == repr(Plain(name="A", parts=("x",))).replace("Plain", "Quick")


@pytest.mark.parametrize("given", [{}, {"name": "A", "price": 1}])
def test_a_field_too_few_or_too_many_is_refused(given):
    for kind in (Plain, Quick):
        with pytest.raises(TypeError, match=r"__init__\(\)"):
            kind(**given)


def test_fields_come_by_keyword_and_stay():
    with pytest.raises(TypeError):
        Quick("A")
    with pytest.raises(FrozenInstanceError):
        Quick(name="A").name = "B"


def test_its_own_invariant_is_asked_of_what_is_made_and_of_what_is_changed():
    with pytest.raises(AssertionError):
        Quick(name="A", quantity=Decimal(0))
    with pytest.raises(AssertionError):
        with_changes(Quick(name="A"), quantity=Decimal(-1))


def test_a_change_is_that_of_dataclasses():
    made = Quick(name="A", parts=("x",))

    assert with_changes(made, quantity=Decimal(3)) == replace(made, quantity=Decimal(3))
    assert made == Quick(name="A", parts=("x",))
    with pytest.raises(TypeError, match="price"):
        with_changes(made, price=1)


@pytest.mark.parametrize("kind", HOT)
def test_a_kind_that_is_made_often_says_what_it_takes(kind):
    """Every field by keyword, with the default that its class gives it."""
    taken = inspect.signature(kind).parameters

    assert list(taken) == [field.name for field in fields(kind)]
    assert {one.kind for one in taken.values()} == {inspect.Parameter.KEYWORD_ONLY}
    assert kind.__init__.__code__.co_filename == "<string>"
    assert "set_" in " ".join(kind.__init__.__code__.co_names), "it is not quickly made"
