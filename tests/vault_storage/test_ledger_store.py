"""The ledger's projections are the fold of its transactions, whatever the transactions are."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from domain.errors import InvariantError
from domain.exact import from_scaled
from domain.instruments import CASH
from domain.postings import Leg, TransactionKind
from ledger import positions
from tests.vault_storage.values import (
    APPLE,
    AT,
    RUN,
    a_lot,
    a_relief,
    a_run,
    a_trade,
    a_transaction,
    an_intent,
)
from vault import SqlVault, append_only
from vault.engine import open_engine
from vault.rebuild import check_projections, differences, rebuild
from vault.schema import is_rare


def a_fill(transaction_id, block, **changes):
    moved = Leg(book="street:XSIM", asset=APPLE, quantity=Decimal(-10))
    legs = (moved, replace(moved, book=block, quantity=Decimal(10)))
    return a_transaction(transaction_id, *legs, kind=TransactionKind.FILL, **changes)


@pytest.fixture
def uow(vault):
    with vault.write() as uow:
        yield uow


def test_a_transaction_moves_balances_and_opens_lots(uow):
    bought = a_trade("T1", 10, "1902.5", opened=(a_lot("L1", 10, "1902.5"),))

    uow.ledger.append(bought)

    assert uow.ledger.get("T1") == bought
    assert uow.ledger.of_run(RUN) == uow.ledger.of_order("R1-1") == uow.ledger.all() == (bought,)
    assert uow.ledger.balances("client:A1") == {
        ("client:A1", APPLE): Decimal(10),
        ("client:A1", CASH): Decimal("-1902.5"),
    }
    assert uow.ledger.lots("A1") == (a_lot("L1", 10, "1902.5"),)
    assert uow.ledger.lots("A2") == ()
    assert uow.ledger.lots("A1", APPLE) == uow.ledger.lots("A1")
    assert uow.ledger.lots("A1", CASH) == ()


def test_the_transactions_of_a_book_are_those_that_moved_it(uow):
    bought = a_trade("T1", 10, "1902.5", opened=(a_lot("L1", 10, "1902.5"),))
    sold = a_trade("T2", -4, "-800", relieved=(a_relief(a_lot("L1", 10, "1902.5"), 4, "761"),))
    uow.ledger.append(bought)
    uow.ledger.append(sold)

    assert uow.ledger.of_book("client:A1") == (bought, sold)
    assert uow.ledger.of_book("client:A1", APPLE) == (bought, sold)
    assert uow.ledger.of_book("client:A1", "US1912161007") == ()
    assert uow.ledger.of_book("client:A2") == ()


def test_a_book_of_an_order_or_of_the_street_has_its_transactions_too(uow):
    """Though their legs have no rows of their own."""
    fill = a_fill("T1", "block:R1-1", cl_ord_id="R1-1")
    other = a_fill("T2", "block:R1-2", cl_ord_id="R1-2")
    unknown = a_fill("T3", "block:UNKNOWN:X", cl_ord_id=None)
    for one in (fill, other, unknown):
        uow.ledger.append(one)

    assert uow.ledger.of_book("block:R1-1") == (fill,)
    assert uow.ledger.of_book("block:R1-1", CASH) == ()
    assert uow.ledger.of_book("block:UNKNOWN:X", APPLE) == (unknown,)
    assert uow.ledger.of_book("street:XSIM") == (fill, other, unknown)
    assert uow.ledger.of_book("street:XSIM", CASH) == ()


def test_rare_kinds_are_found_by_an_index_and_the_others_are_not_in_it(new_sqlite_url):
    """SQLite takes an index of some rows only when the query says the very same of the rows."""
    engine = open_engine(new_sqlite_url())
    with engine.connect() as connection:
        plans = [
            connection.exec_driver_sql(f"explain query plan {words}").scalars(3).all()
            for words in (
                f"select value from ledger_transaction where {is_rare()} and kind = 'split'",
                "select value from ledger_transaction where kind = 'fill'",
            )
        ]
    engine.dispose()

    assert "ix_ledger_transaction_rare (kind=?)" in plans[0][0]
    assert plans[1] == ["SCAN ledger_transaction"]


def test_the_same_transaction_again_changes_nothing(uow):
    bought = a_trade("T1", 10, "1902.5", opened=(a_lot("L1", 10, "1902.5"),))
    uow.ledger.append(bought)

    uow.ledger.append(bought)

    assert uow.ledger.all() == (bought,)
    assert uow.ledger.balances("client:A1")["client:A1", APPLE] == 10


def test_other_content_under_a_known_id_is_refused(uow):
    uow.ledger.append(a_trade("T1", 10, "1902.5"))

    with pytest.raises(InvariantError, match="other content"):
        uow.ledger.append(a_trade("T1", 11, "1902.5"))


def test_a_sale_relieves_lots_and_closes_the_empty_one(uow):
    first, second = a_lot("L1", 10, "1000"), a_lot("L2", 5, "600")
    uow.ledger.append(a_trade("T1", 15, "1600", opened=(first, second)))

    uow.ledger.append(
        a_trade(
            "T2", -12, "-2400", relieved=(a_relief(first, 10, "1000"), a_relief(second, 2, "240"))
        )
    )

    assert uow.ledger.lots() == (a_lot("L2", 3, "360"),)


def test_a_bust_of_a_sale_gives_the_lot_back(uow):
    lot = a_lot("L1", 10, "1000")
    uow.ledger.append(a_trade("T1", 10, "1000", opened=(lot,)))
    uow.ledger.append(a_trade("T2", -10, "-2000", relieved=(a_relief(lot, 10, "1000"),)))

    uow.ledger.append(a_trade("T3", 10, "2000", opened=(lot,), reverses="T2"))

    assert uow.ledger.lots() == (lot,)


@pytest.mark.parametrize(("quantity", "basis"), [(11, "1000"), (10, "999"), (5, "1000.01")])
def test_more_than_a_lot_has_cannot_be_relieved(uow, quantity, basis):
    """Too many shares; basis left on an empty lot; more basis than there is."""
    lot = a_lot("L1", 10, "1000")
    uow.ledger.append(a_trade("T1", 10, "1000", opened=(lot,)))

    with pytest.raises(InvariantError, match="of lot L1"), uow.savepoint():
        uow.ledger.append(
            a_trade("T2", -quantity, "-1", relieved=(a_relief(lot, quantity, basis),))
        )

    assert uow.ledger.lots() == (lot,)
    assert uow.ledger.get("T2") is None


def test_a_lot_that_is_not_open_cannot_be_relieved(uow):
    with pytest.raises(InvariantError, match="not open"), uow.savepoint():
        uow.ledger.append(
            a_trade("T1", -1, "-1", relieved=(a_relief(a_lot("L9", 1, "1"), 1, "1"),))
        )


def test_a_lot_is_of_one_account(uow):
    uow.ledger.append(a_trade("T1", 10, "1000", opened=(a_lot("L1", 10, "1000"),)))

    with pytest.raises(InvariantError, match="lot L1"), uow.savepoint():
        uow.ledger.append(a_trade("T2", 1, "9", opened=(a_lot("L1", 1, "9", account_id="A2"),)))


def test_thousands_of_legs_in_one_transaction_are_booked(uow):
    legs = [
        Leg(book=f"client:A{number}", asset=CASH, quantity=Decimal(sign))
        for number in range(700)
        for sign in (1, -1)
    ]
    lots = tuple(a_lot(f"L{number}", 1, "1") for number in range(1200))

    uow.ledger.append(a_transaction("T1", *legs, opened=lots))
    uow.ledger.append(a_transaction("T2", *legs, relieved=[a_relief(x, 1, "1") for x in lots]))

    assert uow.ledger.balances() == {}
    assert uow.ledger.lots() == ()


amounts = st.integers(-(10**15), 10**15).map(from_scaled)
books = st.sampled_from(["client:A1", "client:A2", "block:R1-1", "street:XSIM"])
moves = st.tuples(books, books, st.sampled_from([APPLE, CASH]), amounts)


@st.composite
def histories(draw):
    """Balanced transactions that open lots and relieve what is there."""
    transactions, standing = [], {}
    for number in range(draw(st.integers(1, 8))):
        legs = []
        for giver, taker, asset, amount in draw(st.lists(moves, max_size=4)):
            legs.append(Leg(book=giver, asset=asset, quantity=-amount))
            legs.append(Leg(book=taker, asset=asset, quantity=amount))
        opened, relieved = (), ()
        if standing and draw(st.booleans()):
            lot = standing[draw(st.sampled_from(sorted(standing)))]
            part = draw(st.integers(1, int(lot.quantity)))
            taken = lot.basis if part == lot.quantity else Decimal(part)
            relieved = (a_relief(lot, part, str(taken)),)
        else:
            quantity = draw(st.integers(1, 50))
            name = f"L{draw(st.integers(1, 4))}"
            opened = (a_lot(name, quantity, str(quantity * 100)),)
        transactions.append(a_transaction(f"T{number}", *legs, opened=opened, relieved=relieved))
        standing = {lot.lot_id: lot for lot in positions.lots(transactions)}
    return transactions


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(history=histories())
def test_projections_are_the_fold_of_the_ledger(new_sqlite_url, tmp_path, clock, history):
    """The ledger room folds the same facts by itself and comes to the same balances and lots."""
    vault = SqlVault(new_sqlite_url(), clock=clock, holder="a", anchor_path=tmp_path / "anchor")

    for transaction in history:
        with vault.write() as uow:
            uow.ledger.append(transaction)

    with vault.read() as uow:
        assert uow.ledger.all() == tuple(history)
        assert uow.ledger.balances() == positions.balances(history)
        assert uow.ledger.lots() == positions.lots(history)
        assert differences(uow.connection) == ()
    vault.close()


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(history=histories())
def test_projections_are_the_fold_on_either_database(vault, history):
    """Each example is rolled back, so that one database serves all."""

    class RollBackError(Exception):
        pass

    with pytest.raises(RollBackError), vault.write() as uow:  # noqa: PT012 - the block is the test
        for transaction in history:
            uow.ledger.append(transaction)
        assert uow.ledger.balances() == positions.balances(history)
        assert uow.ledger.lots() == positions.lots(history)
        assert differences(uow.connection) == ()
        raise RollBackError


def test_a_projection_changed_behind_our_back_is_found_and_rebuilt(vault):
    with vault.write() as uow:
        uow.runs.add(a_run())
        uow.orders.add(an_intent())
        uow.outbox.queue("XSIM", an_intent(), AT)
        uow.inbox.record("S", 1, "raw", AT)
        uow.ledger.append(a_trade("T1", 10, "1000", opened=(a_lot("L1", 10, "1000"),)))
    assert check_projections(vault) == ()

    with vault.write() as uow:
        for statement in (
            "update run set status = 'done'",
            "update order_state set is_open = (1 = 0)",
            "update balance set quantity = 0 where book = 'client:A1'",
            "delete from lot",
            "delete from outbox_waiting",
            "update inbox_position set sequence = 5",
        ):
            uow.connection.execute(text(statement))

    found = check_projections(vault)
    assert [sentence.split()[0] for sentence in found] == [
        *("run", "order", "balance", "balance", "lot", "outbox", "inbox"),
    ]
    assert rebuild(vault, by="anna", why="a test", at=AT) == found
    with vault.read() as uow:
        (told,) = uow.audit.about("projections")
    assert (told.actor, json.loads(told.body)["differences"]) == ("anna", len(found))
    assert check_projections(vault) == ()


def test_a_row_of_a_leg_that_is_not_its_transaction_s_is_found(vault):
    with vault.write() as uow:
        uow.ledger.append(a_trade("T1", 10, "1902.5"))
        append_only.remove(uow.connection, "ledger_leg")
        uow.connection.execute(
            text(f"update ledger_leg set book = 'client:A2' where asset = '{CASH}'")
        )
        append_only.install(uow.connection, "ledger_leg")

    found = check_projections(vault)

    assert [sentence.split(" stands")[0].split(" is ")[0] for sentence in found] == [
        "rows of the legs of client:A1 USD",
        "rows of the legs of client:A2 USD",
    ]


def test_an_order_s_own_book_is_right_whether_or_not_its_transactions_are_remembered(
    open_vault,
):
    """It empties, is let go, and moves again; the second time by a writer who knows nothing."""
    moves = [("T1", 10), ("T2", -10), ("T3", 4)]
    vault = open_vault("first")
    with vault.write() as uow:
        uow.orders.add(an_intent("R1-1"))
    for transaction_id, quantity in moves:
        with vault.write() as uow:
            uow.ledger.append(a_trade(transaction_id, quantity, "100"))
    vault.close()
    successor = open_vault("second")
    with successor.write() as uow:
        uow.ledger.append(a_trade("T4", 6, "100"))
        assert uow.ledger.balances("block:R1-1")["block:R1-1", APPLE] == -10

    assert check_projections(successor) == ()


def test_what_came_to_nothing_has_no_row(open_vault):
    """A block that was given out leaves none, nor does a book that emptied on another day."""
    vault = open_vault("first")
    with vault.write() as uow:
        uow.orders.add(an_intent("R1-1"))
        uow.ledger.append(a_trade("T1", 10, "100"))
        uow.ledger.append(a_trade("T2", -10, "-100"))
    stood = [_balance_rows(vault)]
    with vault.write() as uow:
        uow.ledger.append(a_trade("T3", 4, "100"))
    stood.append(_balance_rows(vault))
    with vault.write() as uow:
        uow.ledger.append(a_trade("T4", -4, "-100"))
        uow.ledger.append(a_trade("T5", 3, "100"))
        uow.ledger.append(a_trade("T6", -3, "-100"))
    stood.append(_balance_rows(vault))

    assert stood == [0, 4, 0]
    assert check_projections(vault) == ()


def _balance_rows(vault):
    with vault.read() as view:
        return view.connection.execute(text("select count(*) from balance")).scalar_one()


def test_an_id_that_another_order_has_is_refused(vault):
    with vault.write() as uow:
        uow.orders.add(an_intent("R1-1"))
        uow.orders.add(an_intent("R1-2"))
        uow.ledger.append(a_trade("T1", 10, "100"))

    with pytest.raises(InvariantError), vault.write() as uow:
        uow.ledger.append(a_trade("T1", 10, "100", cl_ord_id="R1-2"))

    with vault.read() as view:
        assert [one.cl_ord_id for one in view.ledger.all()] == ["R1-1"]
