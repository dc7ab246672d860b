"""What one person proposes, and who may agree to it."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import BadInputError
from oms.second_person import Proposals, is_same_person, require_second
from tests.oms_orders.desk import NOW


@dataclass(frozen=True, slots=True)
class Wish:
    what: str


WISHES = Proposals("wish_proposed", Wish)
OTHERS = Proposals("other_proposed", Wish)


@pytest.mark.parametrize("written", ["anna berg", "ANNA BERG", " Anna  Berg\n", "Ａnna Berg"])
def test_a_name_written_otherwise_is_no_second_person(written):
    with pytest.raises(BadInputError, match="wished this; ask a second person to agree"):
        require_second("Anna Berg", written, BadInputError, did="wished this")


@pytest.mark.parametrize("nobody", ["", " ", "\t\n"])
def test_nobody_cannot_agree(nobody):
    with pytest.raises(BadInputError, match="needs the name of who agrees"):
        require_second("Anna", nobody, BadInputError, did="wished this")


def test_another_name_is_a_second_person():
    require_second("Anna Berg", "Annaberg", BadInputError, did="wished this")


@given(one=st.text(), other=st.text())
def test_who_is_the_same_person_does_not_depend_on_who_comes_first(one, other):
    assert is_same_person(one, one)
    assert is_same_person(one, other) == is_same_person(other, one)


def test_the_newest_proposal_about_a_subject_is_the_one_to_agree_to(vault):
    with vault.write() as uow:
        WISHES.write(uow, "A1", Wish("cash"), by="Anna", at=NOW)
        WISHES.write(uow, "A1", Wish("shares"), by="Ben", at=NOW)
        WISHES.write(uow, "A2", Wish("a lot"), by="Cleo", at=NOW)
        OTHERS.write(uow, "A1", Wish("something else"), by="Dora", at=NOW)

    with vault.read() as view:
        newest = WISHES.newest(view, "A1")
        assert newest is not None
        assert (newest.by, newest.proposal) == ("Ben", Wish("shares"))
        assert [one.by for one in WISHES.about(view, "A1")] == ["Anna", "Ben"]
        assert WISHES.newest(view, "A3") is None
