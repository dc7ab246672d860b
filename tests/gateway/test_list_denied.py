"""A venue that is to cancel a list, and says that it does not know it."""

import pytest

from gateway.arrivals import Arrival, ArrivalKind
from gateway.wiretext import message, value_of
from tests.gateway.bare import SESSION
from tests.gateway.change_desk import Desk
from tests.gateway.desk import intent, order_of, place


@pytest.fixture
def desk(tmp_path):
    """Of a list of one order, T2, nothing has been heard since it left."""
    made = Desk(tmp_path)
    place(made.vault, intent("T2", list_id="T2-L"))
    made.step()
    yield made
    made.vault.close()


def refuse(desk, reason: str) -> None:
    raw = message("j", [(34, "2"), (45, "9"), (372, "K"), (379, "T2-L"), (380, reason), (58, "no")])
    told = Arrival(kind=ArrivalKind.APPLICATION, session=SESSION, sequence=2, raw=raw)
    assert desk.core.inbox.take([told])


def quarantined(desk) -> int:
    with desk.vault.read() as view:
        return len(view.inbox.quarantined())


def test_the_orders_of_a_list_that_is_not_known_are_in_doubt_and_asked_about(desk):
    refuse(desk, "1")

    assert order_of(desk.vault, "T2").in_doubt
    assert [value_of(one, 11) for one in desk.step() if value_of(one, 35) == "H"] == ["T2"]
    assert quarantined(desk) == 0


def test_a_venue_that_takes_no_cancels_of_lists_is_for_a_person(desk):
    refuse(desk, "3")

    assert quarantined(desk) == 1
