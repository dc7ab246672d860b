"""A name that becomes restricted during the day stops its orders, sent and unsent, at once."""

from dataclasses import replace
from datetime import date

import pytest

from domain.orders import CancelRequest, OrdStatus
from domain.snapshot import Restriction
from domain.sources import Source
from oms.restricted import take_back
from tests.oms_orders.desk import NOW
from tests.oms_orders.test_release import BOOK, SELL, Venue, keeps_silent, open_books

HERE = Source("restricted.csv", 2, "0" * 64)
OTHER = replace(SELL, cl_ord_id="R-0009", run_id=SELL.run_id)


def restricted(security_id: str) -> Restriction:
    return Restriction(
        security_id=security_id, reason="bid", effective_from=date(2022, 1, 3), source=HERE
    )


@pytest.fixture
def at_work(vault):
    """One order at the venue and one that nobody has sent yet, in the same name."""
    open_books(vault, BOOK)
    venue = Venue(vault, keeps_silent)
    with vault.write() as uow:
        uow.orders.add(SELL)
        uow.outbox.queue("XSIM", SELL, NOW)
    venue.wake()
    with vault.write() as uow:
        uow.orders.add(OTHER)
        uow.outbox.queue("XSIM", OTHER, NOW)
    return vault


def test_what_is_out_is_cancelled_and_what_is_not_dies_in_one_transaction(at_work):
    with at_work.write() as uow:
        taken = take_back(uow, [restricted(SELL.security_id)], BOOK.securities, at=NOW, by="olga")
        waiting = uow.outbox.waiting("XSIM", 10)

    assert [order.intent.cl_ord_id for order in taken] == ["R-0001", "R-0009"]
    assert [type(message.body) for message in waiting] == [CancelRequest]
    with at_work.read() as view:
        assert view.orders.get("R-0009").status is OrdStatus.UNSENT
        assert "restricted: bid" in view.orders.get("R-0009").reason


def test_it_is_asked_for_once(at_work):
    for expected in (2, 0):
        with at_work.write() as uow:
            entries = [restricted(SELL.security_id)]
            assert len(take_back(uow, entries, BOOK.securities, at=NOW, by="olga")) == expected


def test_another_class_of_the_same_issuer_is_stopped_too(at_work):
    sold = next(s for s in BOOK.securities if s.security_id == SELL.security_id)
    other = next(s for s in BOOK.securities if s.security_id != SELL.security_id)
    family = [sold, replace(other, issuer=sold.issuer)]

    with at_work.write() as uow:
        assert len(take_back(uow, [restricted(other.security_id)], family, at=NOW, by="o")) == 2


def test_other_names_go_on(at_work):
    other = next(s for s in BOOK.securities if s.security_id != SELL.security_id)

    with at_work.write() as uow:
        assert (
            take_back(uow, [restricted(other.security_id)], BOOK.securities, at=NOW, by="o") == ()
        )
