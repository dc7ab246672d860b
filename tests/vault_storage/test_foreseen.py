"""What is asked for beforehand is answered as if it were asked for when it is wanted."""

from contextlib import suppress
from dataclasses import replace
from decimal import Decimal

import pytest

from domain.errors import InvariantError
from domain.instruments import CASH
from domain.ports import ComingFill, ExecutionOutcome
from tests.vault_storage.values import (
    APPLE,
    AT,
    DAY,
    a_lot,
    a_relief,
    a_report,
    a_trade,
    an_intent,
)
from vault import lookup

KNOWN = a_report("E1")
LOT = a_lot("L1", 10, "1000")


class TakenBackError(Exception):
    """Raised inside a savepoint that is not to hold."""


def coming(*exec_ids, order="R1-1"):
    return [ComingFill(order, "XSIM", DAY, exec_id) for exec_id in exec_ids]


@pytest.fixture
def stored(open_vault):
    """An order, a fill and a lot, of a writer who is gone: its successor knows nothing."""
    before = open_vault("before")
    with before.write() as uow:
        uow.orders.add(an_intent("R1-1"))
        uow.outbox.queue("XSIM", an_intent("R1-1"), AT)
        uow.orders.record_execution(KNOWN, AT)
        uow.ledger.append(a_trade("T1", 10, "1000", opened=(LOT,)))
    before.close()
    return open_vault("after")


@pytest.fixture
def questions(monkeypatch):
    """Statements by which one key was looked up."""
    asked = []

    def counting(act):
        def ask(connection, statement, values=()):
            if "unnest" not in statement:
                asked.append(statement)
            return act(connection, statement, values)

        return ask

    for name in ("first_row", "_all_rows"):
        monkeypatch.setattr(lookup, name, counting(getattr(lookup, name)))
    return asked


def test_a_name_that_is_used_is_refused_and_a_new_one_taken_once(stored):
    with stored.write() as uow:
        uow.foresee(orders=["R1-1", "R1-2", "R1-2"])
        with pytest.raises(InvariantError, match="R1-1 was used"):
            uow.orders.add(an_intent("R1-1"))
        with pytest.raises(InvariantError, match="R1-1 was queued"):
            uow.outbox.queue("XSIM", an_intent("R1-1"), AT)
        uow.orders.add(an_intent("R1-2"))
        with pytest.raises(InvariantError, match="R1-2 was used"):
            uow.orders.add(an_intent("R1-2"))


def test_an_execution_is_new_once_whatever_was_foreseen(stored):
    new = replace(KNOWN, exec_id="E2")
    with stored.write() as uow:
        uow.foresee(fills=coming("E1", "E2"))
        found = [
            uow.orders.record_execution(report, AT)
            for report in (KNOWN, replace(KNOWN, last_qty=Decimal(41)), new, new)
        ]

    outcomes = ExecutionOutcome
    assert found == [outcomes.DUPLICATE, outcomes.CONFLICT, outcomes.NEW, outcomes.DUPLICATE]


def test_lots_and_balances_move_on_from_what_was_foreseen_also_after_a_savepoint(stored):
    with stored.write() as uow:
        assert uow.orders.get("R1-1") is not None
        uow.foresee(fills=coming("E2"))
        with suppress(TakenBackError), uow.savepoint():
            sold = a_trade("T2", -10, "-1000", relieved=(a_relief(LOT, 10, "1000"),))
            uow.ledger.append(sold)
            assert uow.ledger.lots("A1", APPLE) == ()
            raise TakenBackError
        uow.ledger.append(a_trade("T3", 5, "600", opened=(a_lot("L2", 5, "600"),)))

    with stored.read() as view:
        assert view.ledger.lots("A1") == (LOT, a_lot("L2", 5, "600"))
        assert view.ledger.balances("client:A1") == {
            ("client:A1", APPLE): Decimal(15),
            ("client:A1", CASH): Decimal(-1600),
        }


def test_what_was_foreseen_is_of_one_transaction(stored):
    with stored.write() as uow:
        uow.foresee(orders=["R1-2"], fills=coming("E2"))
    with stored.write() as uow:
        uow.orders.add(an_intent("R1-2"))
        uow.orders.record_execution(replace(KNOWN, exec_id="E2"), AT)
    with stored.write() as uow:
        assert uow.orders.get("R1-2") is not None
        found = uow.orders.record_execution(replace(KNOWN, exec_id="E2", last_qty=Decimal(1)), AT)

    assert found is ExecutionOutcome.CONFLICT


def test_a_batch_asks_once_where_the_database_is_far(stored, questions, database_kind):
    names = [f"R1-{n}" for n in range(2, 22)]
    with stored.write() as uow:
        uow.orders.get("R1-1")
        questions.clear()
        uow.foresee(orders=names, fills=coming(*names))
        for name in names:
            uow.orders.add(an_intent(name))
            uow.outbox.queue("XSIM", an_intent(name), AT)
            uow.orders.record_execution(replace(KNOWN, exec_id=name), AT)
        assert uow.ledger.lots("A1", APPLE) == (LOT,)

    assert len(questions) == {"sqlite": 3 * len(names) + 1, "postgres": 0}[database_kind]
