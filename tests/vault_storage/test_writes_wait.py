"""Rows that wait are the same rows: whatever order things happen in, and whatever is taken back."""

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import InvariantError
from domain.instruments import CASH
from domain.orders import Sent
from domain.ports import StatusRequest
from domain.postings import Leg
from tests.vault_storage.values import (
    APPLE,
    AT,
    a_lot,
    a_relief,
    a_report,
    a_trade,
    a_transaction,
    an_intent,
)
from vault import SqlVault, migrate
from vault.rebuild import check_projections


class TakenBackError(Exception):
    """Raised inside a savepoint or a transaction that is not to hold."""


def take_back_unless(holds):
    if not holds:
        raise TakenBackError


def an_order(uow, n):
    intent = an_intent(f"R-{n}")
    uow.orders.add(intent)
    uow.outbox.queue("XSIM", intent, AT)


def a_question(uow, n):
    uow.outbox.queue("XSIM", StatusRequest(cl_ord_id=f"R-{n}", requested_at=AT), AT)


def a_hand_over(uow, n):
    numbers = [one.number for one in uow.outbox.waiting("XSIM", 1 + n % 3)]
    uow.outbox.mark_handed(numbers, AT)


def a_fill(uow, n):
    uow.orders.record_execution(a_report(f"E{n}"), AT)
    uow.inbox.record("S", 1 + n, f"raw {n}", AT)


def a_buy(uow, n):
    lot = a_lot(f"L{n}", 10, "1000")
    uow.ledger.append(a_trade(f"T{n}", 10, "1000", opened=(lot,)))


def a_sale(uow, n):
    lots = uow.ledger.lots("A1", APPLE)
    if lots:
        uow.ledger.append(a_trade(f"S{n}", -10, "-1000", relieved=(a_relief(lots[0], 10, "1000"),)))


def a_look(uow, _n):
    """Reading writes what waits."""
    assert len(uow.ledger.all()) >= 0


def an_entry(uow, n):
    uow.audit.append(at=AT, actor="test", kind="looked", subject=str(n), body={"n": n})


ACTS = (an_order, a_question, a_hand_over, a_fill, a_buy, a_sale, a_look, an_entry)
acts = st.sampled_from(ACTS)
steps = st.recursive(acts, lambda inner: st.tuples(st.booleans(), st.lists(inner, max_size=4)))
transactions = st.lists(st.tuples(st.booleans(), st.lists(steps, max_size=6)), max_size=4)


class Player:
    """Does the acts of a plan, each with a number of its own."""

    def __init__(self):
        self.number = 0

    def play(self, uow, step):
        if callable(step):
            self.number += 1
            step(uow, self.number)
            return
        holds, inner = step
        with suppress(TakenBackError), uow.savepoint():
            for one in inner:
                self.play(uow, one)
            take_back_unless(holds)


def everything(uow):
    return (
        uow.orders.open(),
        uow.outbox.waiting("XSIM", 1000),
        uow.ledger.all(),
        uow.ledger.lots(),
        uow.ledger.lots("A1", APPLE),
        uow.ledger.balances(),
        uow.audit.entries(),
        uow.inbox.durable_sequence("S"),
    )


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    path = tmp_path_factory.mktemp("waiting") / "empty.db"
    migrate.upgrade(f"sqlite:///{path}")
    return path.read_bytes()


@given(plan=transactions)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_taken_back_the_writer_knows_what_a_reader_reads(
    plan, template, tmp_path, clock
):
    """Savepoints and transactions that hold and that do not, with reads in between."""
    path = tmp_path / "trimtab.db"
    path.write_bytes(template)
    for beside in ("trimtab.db-wal", "trimtab.db-shm", "anchor"):
        (tmp_path / beside).unlink(missing_ok=True)
    vault = SqlVault(
        f"sqlite:///{path}", clock=clock, holder="test", anchor_path=tmp_path / "anchor"
    )
    player = Player()
    for holds, inner in plan:
        with suppress(TakenBackError), vault.write() as uow:
            for step in inner:
                player.play(uow, step)
            take_back_unless(holds)

    with vault.write() as uow:
        known = everything(uow)
    with vault.read() as view:
        assert everything(view) == known
    assert check_projections(vault) == ()
    vault.close()


def test_what_waits_is_read_by_whoever_reads(vault):
    with vault.write() as uow:
        uow.ledger.append(a_trade("T1", 10, "1000", opened=(a_lot("L1", 10, "1000"),)))
        assert [one.transaction_id for one in uow.ledger.all()] == ["T1"]
        assert uow.ledger.balances("client:A1")["client:A1", APPLE] == 10


def test_a_savepoint_that_wrote_is_taken_back_in_the_database_too(vault):
    with vault.write() as uow:
        uow.orders.add(an_intent())
        with suppress(TakenBackError), uow.savepoint():
            sent = Sent(cl_ord_id="R1-1", sent_at=AT)
            uow.orders.append(uow.orders.get("R1-1"), sent, AT)
            assert uow.orders.events("R1-1") == (sent,)
            take_back_unless(False)

        assert uow.orders.events("R1-1") == ()


def test_a_lot_of_another_account_is_not_taken_over(vault):
    """Not by a lot that waits, nor by one that is stored: the row of an id is one account's."""
    theirs = a_lot("L1", 5, "500", account_id="A2")
    with vault.write() as uow:
        uow.ledger.append(a_trade("T1", 10, "1000", opened=(a_lot("L1", 10, "1000"),)))
        with pytest.raises(InvariantError, match="lot L1"), uow.savepoint():
            uow.ledger.append(a_trade("T2", 5, "500", opened=(theirs,)))
    with vault.write() as uow, pytest.raises(InvariantError, match="lot L1"), uow.savepoint():
        uow.ledger.append(a_trade("T2", 5, "500", opened=(theirs,)))

    with vault.read() as view:
        assert [(one.account_id, one.quantity) for one in view.ledger.lots()] == [("A1", 10)]


def test_what_a_failed_transaction_knew_is_forgotten(vault):
    with suppress(TakenBackError), vault.write() as uow:
        an_entry(uow, 1)
        an_order(uow, 1)
        take_back_unless(False)

    with vault.write() as uow:
        an_order(uow, 1)
        assert uow.audit.appended() == ()
        an_entry(uow, 1)
        assert uow.audit.appended()[0].sequence == 1
    assert check_projections(vault) == ()


def test_equal_sums_come_of_many_small_legs(vault):
    """A balance moves in memory; what is stored is the sum of its legs."""
    with vault.write() as uow:
        for n in range(300):
            uow.ledger.append(
                a_transaction(
                    f"T{n}",
                    Leg(book="client:A1", asset=CASH, quantity=Decimal("0.01")),
                    Leg(book="block:R1-1", asset=CASH, quantity=Decimal("-0.01")),
                )
            )

    with vault.read() as view:
        assert view.ledger.balances("client:A1") == {("client:A1", CASH): Decimal("3.00")}
    assert check_projections(vault) == ()
