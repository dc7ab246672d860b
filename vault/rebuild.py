"""Projections, checked against the facts: each is folded again and compared.

A difference means that a row was changed behind our back, or a bug of ours;
either way the facts are right and `rebuild` makes the projection follow them.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, func, insert, select, union_all, update

from domain.exact import ZERO
from domain.order_states import apply, open_order
from domain.orders import Order
from domain.runs import Run
from vault.difference import difference
from vault.ledger import lot_columns, lot_of
from vault.ledger_fold import Ledger, fold_ledger
from vault.legs import CLIENT
from vault.memory import Position
from vault.orders import STATE_COLUMNS, SqlOrders, fill_rows, standing_fills, state_columns
from vault.runs import run_columns
from vault.schema import (
    balance,
    inbox_message,
    inbox_position,
    inbox_quarantine,
    inbox_reset,
    ledger_leg,
    lot,
    order_fill,
    order_intent,
    order_state,
    outbox_message,
    outbox_outcome,
    outbox_waiting,
    run,
    run_change,
)
from vault.shared import shared
from vault.store import SqlVault

REBUILT = "projections_rebuilt"  # Audit.
_NAMED = 100  # Differences that the audit trail tells one by one.


def check_projections(vault: SqlVault) -> tuple[str, ...]:
    """One sentence per row that is not what its facts say; none when all is well."""
    with vault.read() as uow:
        ledger = fold_ledger(uow.connection)
        return (*_differences(uow.connection, ledger), *_legs_astray(uow.connection, ledger))


def rebuild(vault: SqlVault, *, by: str, why: str, at: datetime) -> tuple[str, ...]:
    """Make every projection what its facts say; gives the differences that there were.

    They are audited, under the name of who asked for it.
    """
    with vault.write() as uow:
        found = differences(uow.connection)
        if found:
            _rewrite(uow.connection)
            uow.forget()
            body = {"why": why, "differences": len(found), "first": found[:_NAMED]}
            uow.audit.append(at=at, actor=by, kind=REBUILT, subject="projections", body=body)
        assert not differences(uow.connection)
    return found


def differences(connection: Connection) -> tuple[str, ...]:
    """What of the projections is not what the facts say, inside a transaction that is open."""
    return _differences(connection, fold_ledger(connection))


def _differences(connection: Connection, ledger: Ledger) -> tuple[str, ...]:
    return (
        *_compare("run", _standing_runs(connection), _columns_of_runs(connection)),
        *_compare("order", _standing_orders(connection), _columns_of_orders(connection)),
        *_compare("balance", _standing_balances(connection), ledger.balances),
        *_compare("lot", _standing_lots(connection), ledger.lots),
        *_compare("outbox message", _standing_waiting(connection), _fold_waiting(connection)),
        *_compare("inbox", _standing_positions(connection), _fold_positions(connection)),
    )


def _compare(
    what: str, standing: Mapping[Any, object], folded: Mapping[Any, object]
) -> Iterator[str]:
    for key in sorted(standing.keys() | folded.keys(), key=str):
        stands, should = standing.get(key), folded.get(key)
        if stands != should:
            name = " ".join(key) if isinstance(key, tuple) else key
            yield f"{what} {name} {difference(stands, should)}"


def _fold_runs(connection: Connection) -> dict[UUID, Run]:
    query = select(run_change.c.value).order_by(run_change.c.number)
    return {changed.run_id: changed for changed in connection.execute(query).scalars()}


def _columns_of_runs(connection: Connection) -> dict[Any, object]:
    return {run_id: run_columns(value) for run_id, value in _fold_runs(connection).items()}


def _standing_runs(connection: Connection) -> dict[Any, object]:
    rows = connection.execute(select(run)).mappings()
    return {row["run_id"]: {k: v for k, v in row.items() if k != "run_id"} for row in rows}


def _fold_orders(connection: Connection) -> Iterator[Order]:
    store = SqlOrders(shared(connection))
    query = select(order_intent.c.value).order_by(order_intent.c.number)
    for intent in connection.execute(query).scalars().all():
        order = open_order(intent)
        for event in store.events(intent.cl_ord_id):
            order, _alarms = apply(order, event)
        yield order


def _columns_of_orders(connection: Connection) -> dict[Any, object]:
    return {
        order.intent.cl_ord_id: {**state_columns(order), "fills": order.fills}
        for order in _fold_orders(connection)
    }


def _standing_orders(connection: Connection) -> dict[Any, object]:
    fills = standing_fills(connection)
    rows = connection.execute(select(order_state)).mappings()
    return {
        row["cl_ord_id"]: {
            **{name: row[name] for name in STATE_COLUMNS},
            "fills": tuple(fills.get(row["cl_ord_id"], ())),
        }
        for row in rows
    }


def _legs_astray(connection: Connection, ledger: Ledger) -> Iterator[str]:
    """Rows of legs are facts: they are not made anew, the database is restored."""
    total = func.sum(ledger_leg.c.quantity)
    query = select(ledger_leg.c.book, ledger_leg.c.asset, total.label("total"))
    clients = query.where(ledger_leg.c.book.like(f"{CLIENT}%"))
    rows = connection.execute(clients.group_by(ledger_leg.c.book, ledger_leg.c.asset))
    listed = {(row.book, row.asset): row.total for row in rows if row.total != ZERO}
    moved = {key: sum_ for key, sum_ in ledger.balances.items() if key[0].startswith(CLIENT)}
    return _compare("rows of the legs of", listed, moved)


def _standing_balances(connection: Connection) -> dict[tuple[str, str], Decimal]:
    rows = connection.execute(select(balance).where(balance.c.quantity != ZERO))
    return {(row.book, row.asset): row.quantity for row in rows}


def _standing_lots(connection: Connection) -> dict[str, object]:
    return {row.lot_id: lot_of(row) for row in connection.execute(select(lot))}


def _fold_waiting(connection: Connection) -> dict[object, str]:
    settled = select(outbox_outcome.c.number)
    query = select(outbox_message.c.number, outbox_message.c.venue)
    rows = connection.execute(query.where(outbox_message.c.number.not_in(settled)))
    return {row.number: row.venue for row in rows}


def _standing_waiting(connection: Connection) -> dict[object, str]:
    return {row.number: row.venue for row in connection.execute(select(outbox_waiting))}


def _fold_positions(connection: Connection) -> dict[object, Position]:
    """An epoch's numbers only grow, so a session stands at the highest of its last epoch."""
    facts = union_all(
        *(
            select(table.c.session, table.c.epoch, func.max(table.c.sequence).label("sequence"))
            .group_by(table.c.session, table.c.epoch)
            .select_from(table)
            for table in (inbox_message, inbox_quarantine, inbox_reset)
        )
    )
    positions: dict[object, Position] = {}
    for row in connection.execute(facts):
        found = Position(row.epoch, row.sequence)
        positions[row.session] = max(positions.get(row.session, found), found)
    return positions


def _standing_positions(connection: Connection) -> dict[object, Position]:
    rows = connection.execute(select(inbox_position))
    return {row.session: Position(row.epoch, row.sequence) for row in rows}


def _rewrite(connection: Connection) -> None:
    """Runs and orders are referred to and updated in place; the rest is written anew."""
    for run_id, value in _fold_runs(connection).items():
        statement = update(run).where(run.c.run_id == run_id)
        connection.execute(statement.values(**run_columns(value)))
    for order in list(_fold_orders(connection)):
        name = order.intent.cl_ord_id
        statement = update(order_state).where(order_state.c.cl_ord_id == name)
        connection.execute(statement.values(**state_columns(order)))
        connection.execute(delete(order_fill).where(order_fill.c.cl_ord_id == name))
        if rows_of_fills := fill_rows(order):
            connection.execute(insert(order_fill), rows_of_fills)
    ledger = fold_ledger(connection)
    balances = [
        {"book": book, "asset": asset, "quantity": quantity}
        for (book, asset), quantity in ledger.balances.items()
    ]
    lots = [lot_columns(one) for one in ledger.lots.values()]
    waiting = [{"number": n, "venue": venue} for n, venue in _fold_waiting(connection).items()]
    positions = [
        {"session": session, "epoch": at.epoch, "sequence": at.sequence}
        for session, at in _fold_positions(connection).items()
    ]
    contents = ((balance, balances), (lot, lots), (outbox_waiting, waiting))
    for table, rows in (*contents, (inbox_position, positions)):
        connection.execute(delete(table))
        if rows:
            connection.execute(insert(table), rows)
