"""A name that becomes restricted during the day stops its orders, sent and unsent, at once."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from domain.facts import About, Fact
from domain.orders import CancelRequest, OrdStatus
from domain.restrictions import bar_to, bar_to_part, reach_of
from domain.snapshot import Restriction
from domain.sources import Source
from oms.restricted import take_back
from tests.oms_orders.desk import AAPL, KO, NOW, XOM
from tests.oms_orders.test_release import BOOK, SELL, resting

HERE = Source("restricted.csv", 2, "0" * 64)
OTHER = replace(SELL, cl_ord_id="R-0009", run_id=SELL.run_id)


def restricted(security_id: str, **changes) -> Restriction:
    entry = Restriction(
        security_id=security_id, reason="bid", effective_from=date(2022, 1, 3), source=HERE
    )
    return replace(entry, **changes)


def bars(*entries, at=NOW, **changes):
    return reach_of(replace(BOOK, restrictions=entries, **changes), at)


@pytest.fixture
def at_work(vault):
    """One order at the venue and one that nobody has sent yet, in the same name."""
    resting(vault, SELL)
    with vault.write() as uow:
        uow.orders.add(OTHER)
        uow.outbox.queue("XSIM", OTHER, NOW)
    return vault


def test_what_is_out_is_cancelled_and_what_is_not_dies_in_one_transaction(at_work):
    with at_work.write() as uow:
        taken = take_back(uow, bars(restricted(SELL.security_id)), at=NOW, by="olga")
        waiting = uow.outbox.waiting("XSIM", 10)

    assert [order.intent.cl_ord_id for order in taken] == ["R-0001", "R-0009"]
    assert [type(message.body) for message in waiting] == [CancelRequest]
    with at_work.read() as view:
        assert view.orders.get("R-0009").status is OrdStatus.UNSENT
        assert "restricted: bid" in view.orders.get("R-0009").reason


def test_it_is_asked_for_once(at_work):
    for expected in (2, 0):
        with at_work.write() as uow:
            found = take_back(uow, bars(restricted(SELL.security_id)), at=NOW, by="olga")
            assert len(found) == expected


def test_other_names_go_on(at_work):
    other = next(s for s in BOOK.securities if s.security_id != SELL.security_id)

    with at_work.write() as uow:
        assert take_back(uow, bars(restricted(other.security_id)), at=NOW, by="o") == ()


def issuers(**names):
    """The book's securities, some of them of other issuers."""
    return tuple(replace(one, issuer=names.get(one.symbol, one.issuer)) for one in BOOK.securities)


def owned(issuer: str, parent: str) -> Fact:
    return Fact(about=About.ISSUER, subject=issuer, name="parent", value=parent, source=None)


def test_another_class_of_the_same_issuer_is_barred_too():
    found = bars(restricted(KO), securities=issuers(AAPL="KO"))

    assert set(found) == {KO, AAPL}
    assert found[AAPL][0].why == "restricted: AAPL is of KO as KO is: bid"


def test_what_the_issuer_owns_is_barred_at_any_remove_and_what_owns_it_is_not():
    facts = (owned("AAPL", "Holding"), owned("Holding", "KO"), owned("KO", "XOM"))

    found = bars(restricted(KO), facts=facts)

    assert set(found) == {KO, AAPL}
    assert found[AAPL][0].why == "restricted: AAPL belongs to KO: bid"


def test_owners_in_a_circle_bar_each_other_and_nobody_waits():
    facts = (owned("AAPL", "KO"), owned("KO", "AAPL"))

    assert set(bars(restricted(KO), facts=facts)) == {KO, AAPL}


def test_an_entry_binds_from_its_instant_on():
    entry = restricted(KO, effective_from=NOW.date(), effective_at=NOW)

    assert bars(entry, at=NOW - timedelta(seconds=1)) == {}
    assert set(bars(entry, at=NOW)) == {KO}


def test_an_entry_of_a_household_bars_its_accounts_and_every_block_with_one(at_work):
    found = bars(restricted(SELL.security_id, household_id="H-A1"))
    (first, *_) = (part for part in SELL.allocations if part.account_id == "A1")
    stranger = replace(first, account_id="A9")

    assert bar_to_part(found, SELL.security_id, first) is not None
    assert bar_to_part(found, SELL.security_id, stranger) is None
    alone = replace(SELL, allocations=(replace(stranger, quantity=SELL.quantity),))
    assert bar_to(found, alone) is None
    with at_work.write() as uow:
        assert len(take_back(uow, found, at=NOW, by="olga")) == 2


def test_a_name_that_the_master_does_not_know_bars_itself():
    assert set(bars(restricted("US0000000000"))) == {"US0000000000"}
    assert XOM not in bars(restricted(KO))
