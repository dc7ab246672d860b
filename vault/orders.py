"""Orders at rest: intents and events as facts, and the order that they fold to.

An order is found by any ClOrdID that it ever had, and a ClOrdID never names two.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import get_args
from uuid import UUID

from sqlalchemy import Connection, Select, func, insert, select, update

from domain.codec import decode, encode
from domain.errors import InvariantError, UnknownNameError
from domain.order_states import open_order
from domain.orders import (
    CancelRequest,
    ExecutionReport,
    Order,
    OrderEvent,
    OrderIntent,
    ReplaceRequest,
)
from domain.ports import ExecutionOutcome
from vault.schema import execution, order_event, order_intent, order_name, order_state

_KINDS: dict[str, type[OrderEvent]] = {kind.__name__: kind for kind in get_args(OrderEvent)}


class SqlOrders:
    """`OrderStore` on one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, intent: OrderIntent) -> None:
        """Raises `InvariantError` when the ClOrdID was ever used before."""
        if self._intent_id(intent.cl_ord_id) is not None:
            raise InvariantError(f"ClOrdID {intent.cl_ord_id} was used before")
        statement = insert(order_intent).returning(order_intent.c.number)
        number = self._connection.execute(
            statement.values(cl_ord_id=intent.cl_ord_id, run_id=intent.run_id, value=intent)
        ).scalar_one()
        order = open_order(intent)
        self._connection.execute(
            insert(order_state).values(
                cl_ord_id=intent.cl_ord_id,
                number=number,
                run_id=intent.run_id,
                venue=intent.venue,
                security_id=intent.security_id,
                side=intent.side.value,
                changed_at=intent.decided_at,
                **state_columns(order),
            )
        )
        self._name(intent.cl_ord_id, [intent.cl_ord_id])

    def get(self, cl_ord_id: str) -> Order | None:
        query = (
            select(order_state.c.value)
            .join(order_name, order_name.c.intent_id == order_state.c.cl_ord_id)
            .where(order_name.c.cl_ord_id == cl_ord_id)
        )
        return self._connection.execute(query).scalar_one_or_none()

    def append(self, order: Order, event: OrderEvent, at: datetime) -> None:
        """Add one event, after which the order stands as `order`."""
        intent_id = order.intent.cl_ord_id
        statement = update(order_state).where(order_state.c.cl_ord_id == intent_id)
        changed = self._connection.execute(statement.values(changed_at=at, **state_columns(order)))
        if changed.rowcount != 1:
            raise UnknownNameError(f"there is no order {intent_id}")
        self._connection.execute(
            insert(order_event).values(
                intent_id=intent_id, kind=type(event).__name__, at=at, value=encode(event)
            )
        )
        self._name(intent_id, names_of(order, event))

    def events(self, cl_ord_id: str) -> tuple[OrderEvent, ...]:
        query = (
            select(order_event.c.kind, order_event.c.value)
            .join(order_name, order_name.c.intent_id == order_event.c.intent_id)
            .where(order_name.c.cl_ord_id == cl_ord_id)
            .order_by(order_event.c.number)
        )
        return tuple(decode(_KINDS[r.kind], r.value) for r in self._connection.execute(query))

    def of_run(self, run_id: UUID) -> tuple[Order, ...]:
        return self._orders(select(order_state.c.value).where(order_state.c.run_id == run_id))

    def open(self) -> tuple[Order, ...]:
        return self._orders(select(order_state.c.value).where(order_state.c.is_open))

    def open_names(self) -> frozenset[str]:
        """ClOrdIDs of the intents: what is asked often decodes no order with its allocations."""
        query = select(order_state.c.cl_ord_id).where(order_state.c.is_open)
        return frozenset(self._connection.execute(query).scalars())

    def in_doubt(self, venue: str) -> int:
        """How many open orders of `venue` are in doubt."""
        state = order_state.c
        query = select(func.count()).where(state.is_open, state.in_doubt, state.venue == venue)
        return self._connection.execute(query).scalar_one()

    def recent(self, limit: int) -> tuple[Order, ...]:
        """Newest first."""
        query = select(order_state.c.value).order_by(order_state.c.number.desc()).limit(limit)
        return tuple(self._connection.execute(query).scalars())

    def record_execution(self, report: ExecutionReport, at: datetime) -> ExecutionOutcome:
        """Keep it once per (venue, trade date, ExecID); a conflict keeps the first."""
        query = select(execution.c.value).where(
            execution.c.venue == report.venue,
            execution.c.trade_date == report.trade_date,
            execution.c.exec_id == report.exec_id,
        )
        found = self._connection.execute(query).scalar_one_or_none()
        if found is not None:
            return ExecutionOutcome.DUPLICATE if found == report else ExecutionOutcome.CONFLICT
        self._connection.execute(
            insert(execution).values(
                venue=report.venue,
                trade_date=report.trade_date,
                exec_id=report.exec_id,
                cl_ord_id=report.cl_ord_id,
                at=at,
                value=report,
            )
        )
        return ExecutionOutcome.NEW

    def executions(self, trade_date: date, venue: str) -> tuple[ExecutionReport, ...]:
        query = (
            select(execution.c.value)
            .where(execution.c.trade_date == trade_date, execution.c.venue == venue)
            .order_by(execution.c.number)
        )
        return tuple(self._connection.execute(query).scalars())

    def _orders(self, query: Select[Order]) -> tuple[Order, ...]:
        return tuple(self._connection.execute(query.order_by(order_state.c.number)).scalars())

    def _intent_id(self, cl_ord_id: str) -> str | None:
        query = select(order_name.c.intent_id).where(order_name.c.cl_ord_id == cl_ord_id)
        return self._connection.execute(query).scalar_one_or_none()

    def _name(self, intent_id: str, names: Iterable[str]) -> None:
        for name in names:
            owner = self._intent_id(name)
            if owner is None:
                self._connection.execute(
                    insert(order_name).values(cl_ord_id=name, intent_id=intent_id)
                )
            elif owner != intent_id:
                raise InvariantError(f"ClOrdID {name} names the orders {owner} and {intent_id}")


def names_of(order: Order, event: OrderEvent) -> tuple[str, ...]:
    """Every ClOrdID that leads to the order after `event`, oldest first."""
    names = [*order.chain, *(wish.cl_ord_id for wish in order.pending)]
    if isinstance(event, CancelRequest | ReplaceRequest):
        names.append(event.cl_ord_id)
    return tuple(dict.fromkeys(names))


def state_columns(order: Order) -> dict[str, object]:
    """The columns of `order_state` that follow from the order."""
    return {
        "status": order.status.value,
        "is_open": not order.is_closed,
        "in_doubt": order.in_doubt,
        "order_qty": order.order_qty,
        "cum_qty": order.cum_qty,
        "value": order,
    }
