"""What the writer remembers of open orders is what the database says, whatever was taken back."""

import json
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from domain.codec import encode
from domain.errors import TryAgainError
from domain.order_states import apply
from domain.orders import ExecType, OrdStatus, Sent
from tests.vault_storage.values import AT, a_report, an_intent
from vault import SqlVault, migrate
from vault.engine import open_engine
from vault.order_head import head_of, head_text
from vault.rebuild import check_projections
from vault.schema import order_fill


class TakenBackError(Exception):
    """Raised by a test inside a transaction."""


def happen(uow, event):
    order, _ = apply(uow.orders.get("R1-1"), event)
    uow.orders.append(order, event, AT)


def take_back(uow, event):
    """Let it happen in a savepoint that does not hold."""

    def fail():
        with uow.savepoint():
            happen(uow, event)
            raise TakenBackError

    with pytest.raises(TakenBackError):
        fail()


def fill(number: int, cum: int, quantity: int = 10, **changes):
    return a_report(
        f"E{number}",
        cum_qty=Decimal(cum),
        leaves_qty=Decimal(100 - cum),
        last_qty=Decimal(quantity),
        **changes,
    )


@pytest.fixture
def working(vault):
    """An order of 100 shares with one fill of 10."""
    with vault.write() as uow:
        uow.orders.add(an_intent())
        happen(uow, Sent(cl_ord_id="R1-1", sent_at=AT))
        happen(uow, fill(1, 10))
    return vault


def told(vault):
    """The order as the writer and as a reader have it; they must be the same."""
    with vault.write() as uow:
        ours = uow.orders.get("R1-1")
    with vault.read() as view:
        assert view.orders.get("R1-1") == ours
        assert view.orders.recent(5) == (ours,)
    assert check_projections(vault) == ()
    return ours


def test_what_a_savepoint_takes_back_is_forgotten(working):
    with working.write() as uow:
        take_back(uow, fill(2, 20))
        assert uow.orders.get("R1-1").cum_qty == 10
        happen(uow, fill(3, 20))

    assert [one.exec_id for one in told(working).fills] == ["E1", "E3"]


def test_what_a_transaction_takes_back_is_forgotten(working):
    def fail():
        with working.write() as uow:
            happen(uow, fill(2, 20))
            raise TakenBackError

    with pytest.raises(TakenBackError):
        fail()

    assert told(working).cum_qty == 10


def test_what_an_unanswered_commit_left_is_read_again(working, monkeypatch):
    """The connection breaks at COMMIT: the error says nothing of what stands."""
    dialect = working._writer.dialect
    do_commit = dialect.do_commit

    def commit_and_fail(connection):
        do_commit(connection)
        raise dialect.dbapi.OperationalError("the connection was lost")

    def book():
        with working.write() as uow:
            happen(uow, fill(2, 20))

    with monkeypatch.context() as patch:
        patch.setattr(dialect, "do_commit", commit_and_fail)
        with pytest.raises(TryAgainError):
            book()

    assert told(working).cum_qty == 20


def test_a_closed_order_is_still_found_and_takes_a_late_fill(working):
    with working.write() as uow:
        happen(
            uow,
            a_report(
                "E9",
                exec_type=ExecType.CANCELED,
                ord_status=OrdStatus.CANCELED,
                cum_qty=Decimal(10),
                leaves_qty=Decimal(0),
                last_qty=Decimal(0),
                last_px=None,
            ),
        )
    with working.write() as uow:
        happen(uow, fill(2, 20))

    order = told(working)
    assert (order.status, order.cum_qty) == (OrdStatus.CANCELED, 20)


def test_a_successor_reads_what_the_predecessor_wrote(working, open_vault):
    told(working)
    working.close()
    second = open_vault("second")
    with second.write() as uow:
        happen(uow, fill(2, 20))
    second.close()
    third = open_vault("third")

    assert told(third).cum_qty == 20


def test_a_head_is_written_without_being_made(working):
    for event in (fill(1, 10), fill(2, 20)):
        with working.write() as uow:
            happen(uow, event)

        assert head_text(told(working)) == encode(head_of(told(working)))


STEPS = st.lists(
    st.tuples(st.sampled_from(["fill", "bust", "correct"]), st.booleans()), max_size=12
)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_rows_of_fills_follow_every_fill_bust_and_correction(empty_database_url, tmp_path, steps):
    """Each step may be taken back; what is left is what the facts fold to."""
    migrate.upgrade(empty_database_url)
    vault = SqlVault(
        empty_database_url, clock=_Standing(), holder="test", anchor_path=tmp_path / "anchor"
    )
    try:
        with vault.write() as uow:
            uow.orders.add(an_intent(quantity=1000))
        for number, (what, is_taken_back) in enumerate(steps):
            with vault.write() as uow:
                event = _event(uow.orders.get("R1-1"), what, number)
                if event is None:
                    continue
                if not is_taken_back:
                    happen(uow, event)
                    continue
                take_back(uow, event)
        order = told(vault)
        assert order.cum_qty == sum(one.quantity for one in order.fills)
        assert order.gross == sum(one.quantity * one.price for one in order.fills)
    finally:
        vault.close()
        migrate.downgrade(empty_database_url, "base")
        (tmp_path / "anchor").unlink(missing_ok=True)


class _Standing:
    def now(self):
        return AT


def _event(order, what, number):
    if what == "fill":
        return fill(number, int(order.cum_qty) + 10)
    if not order.fills:
        return None
    target = order.fills[number % len(order.fills)]
    is_bust = what == "bust"
    return a_report(
        f"C{number}",
        exec_type=ExecType.TRADE_CANCEL if is_bust else ExecType.TRADE_CORRECT,
        exec_ref_id=target.exec_id,
        last_qty=target.quantity if is_bust else Decimal(7),
        cum_qty=order.cum_qty - target.quantity + (0 if is_bust else 7),
    )


def test_an_upgrade_moves_fills_beside_their_orders_and_back(working, database_url):
    before = told(working)
    working.close()
    migrate.downgrade(database_url, "0003")
    engine = open_engine(database_url)
    with engine.connect() as connection:
        text = connection.exec_driver_sql("select value from order_state").scalar_one()
    engine.dispose()
    document = json.loads(text)
    assert document["intent"]["cl_ord_id"] == "R1-1"
    assert [one["quantity"] for one in document["fills"]] == ["10"]

    migrate.upgrade(database_url)

    engine = open_engine(database_url)
    with engine.connect() as connection:
        rows = connection.execute(select(order_fill.c.exec_id, order_fill.c.quantity)).all()
    engine.dispose()
    assert [tuple(row) for row in rows] == [("E1", 10)]
    assert before.fills[0].quantity == 10


def test_after_the_upgrade_the_order_is_the_same(working, database_url, open_vault):
    before = told(working)
    working.close()
    migrate.downgrade(database_url, "0003")
    migrate.upgrade(database_url)

    assert told(open_vault("second")) == before
