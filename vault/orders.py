"""Orders at rest: intents and events as facts, and the order that they fold to.

An order is found by any ClOrdID that it ever had, and a ClOrdID never names two.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, get_args
from uuid import UUID

from sqlalchemy import Connection, Row, Select, delete, func, insert, select, update

from domain.codec import decode, encode
from domain.errors import InvariantError, UnknownNameError
from domain.order_states import FILLS, open_order
from domain.orders import (
    CancelRequest,
    ExecType,
    ExecutionReport,
    Order,
    OrderEvent,
    OrderIntent,
    ReplaceRequest,
    StandingFill,
)
from domain.ports import ExecutionOutcome
from vault.order_cache import OrderChanges
from vault.order_head import head_of, whole
from vault.schema import (
    execution,
    order_event,
    order_fill,
    order_intent,
    order_name,
    order_state,
)

_KINDS: dict[str, type[OrderEvent]] = {kind.__name__: kind for kind in get_args(OrderEvent)}
_STANDING = select(
    order_intent.c.value.label("intent"), order_state.c.value.label("head")
).join_from(order_state, order_intent, order_intent.c.cl_ord_id == order_state.c.cl_ord_id)
_CHUNK = 500  # Orders in one query for fills.


class SqlOrders:
    """`OrderStore` on one transaction."""

    def __init__(self, connection: Connection, known: OrderChanges | None = None) -> None:
        """`known` is the writer's memory of the open orders."""
        self._connection = connection
        self._known = known

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
        if self._known is not None:
            self._known.put(order)

    def get(self, cl_ord_id: str) -> Order | None:
        known = self._known.find(cl_ord_id) if self._known is not None else None
        if known is not None:
            return known
        name = self._intent_id(cl_ord_id)
        if name is None:
            return None
        (order,) = self._orders(_STANDING.where(order_state.c.cl_ord_id == name))
        if self._known is not None:
            self._known.put(order)
        return order

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
        if isinstance(event, ExecutionReport):
            self._keep_fills(order, event)
        if isinstance(event, CancelRequest | ReplaceRequest):
            self._name(intent_id, [event.cl_ord_id])
        if self._known is not None:
            self._known.put(order)

    def events(self, cl_ord_id: str) -> tuple[OrderEvent, ...]:
        query = (
            select(order_event.c.kind, order_event.c.value)
            .join(order_name, order_name.c.intent_id == order_event.c.intent_id)
            .where(order_name.c.cl_ord_id == cl_ord_id)
            .order_by(order_event.c.number)
        )
        return tuple(decode(_KINDS[r.kind], r.value) for r in self._connection.execute(query))

    def of_run(self, run_id: UUID) -> tuple[Order, ...]:
        return self._orders(_STANDING.where(order_state.c.run_id == run_id))

    def open(self) -> tuple[Order, ...]:
        return self._orders(_STANDING.where(order_state.c.is_open))

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
        newest = select(order_state.c.number).order_by(order_state.c.number.desc()).limit(limit)
        return self._orders(_STANDING.where(order_state.c.number.in_(newest)))[::-1]

    def record_execution(self, report: ExecutionReport, at: datetime) -> ExecutionOutcome:
        """Keep it once per (venue, trade date, ExecID); a conflict keeps the first."""
        found = self.execution(report.venue, report.trade_date, report.exec_id)
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

    def execution(self, venue: str, day: date, exec_id: str) -> ExecutionReport | None:
        """The one that was kept under this id."""
        query = select(execution.c.value).where(
            execution.c.venue == venue,
            execution.c.trade_date == day,
            execution.c.exec_id == exec_id,
        )
        found: ExecutionReport | None = self._connection.execute(query).scalar_one_or_none()
        return found

    def executions(self, trade_date: date, venue: str) -> tuple[ExecutionReport, ...]:
        query = (
            select(execution.c.value)
            .where(execution.c.trade_date == trade_date, execution.c.venue == venue)
            .order_by(execution.c.number)
        )
        return tuple(self._connection.execute(query).scalars())

    def executions_after(
        self, venue: str, number: int, limit: int
    ) -> tuple[tuple[int, ExecutionReport], ...]:
        query = (
            select(execution.c.number, execution.c.value)
            .where(execution.c.number > number, execution.c.venue == venue)
            .order_by(execution.c.number)
            .limit(limit)
        )
        return tuple((row.number, row.value) for row in self._connection.execute(query))

    def last_execution(self) -> int:
        """Of any venue."""
        newest = select(func.coalesce(func.max(execution.c.number), 0))
        found: int = self._connection.execute(newest).scalar_one()
        return found

    def _orders(self, query: Select[Any]) -> tuple[Order, ...]:
        """Oldest first, each with its intent and its fills."""
        rows = self._connection.execute(query.order_by(order_state.c.number)).all()
        fills = self._fills([row.intent.cl_ord_id for row in rows if row.head.cum_qty])
        return tuple(
            whole(row.intent, row.head, tuple(fills.get(row.intent.cl_ord_id, ()))) for row in rows
        )

    def _fills(self, names: Sequence[str]) -> dict[str, list[StandingFill]]:
        found: dict[str, list[StandingFill]] = {}
        for start in range(0, len(names), _CHUNK):
            found |= standing_fills(self._connection, names[start : start + _CHUNK])
        return found

    def _keep_fills(self, order: Order, report: ExecutionReport) -> None:
        """One row more for a fill; after a correction or a bust all of them anew."""
        if report.exec_type not in FILLS:
            return
        name = order.intent.cl_ord_id
        counted = select(func.count()).where(order_fill.c.cl_ord_id == name)
        kept = self._connection.execute(counted).scalar_one()
        if report.exec_type is not ExecType.TRADE:
            self._connection.execute(delete(order_fill).where(order_fill.c.cl_ord_id == name))
            kept = 0
        if rows := fill_rows(order, kept):
            self._connection.execute(insert(order_fill), rows)

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


STATE_COLUMNS = ("status", "is_open", "in_doubt", "order_qty", "cum_qty", "value")


def state_columns(order: Order) -> dict[str, object]:
    """The columns of `order_state` that follow from the order."""
    return {
        "status": order.status.value,
        "is_open": not order.is_closed,
        "in_doubt": order.in_doubt,
        "order_qty": order.order_qty,
        "cum_qty": order.cum_qty,
        "value": head_of(order),
    }


def standing_fills(
    connection: Connection, names: Sequence[str] | None = None
) -> dict[str, list[StandingFill]]:
    """The fills that stand, by the ClOrdID of the intent; `names` None: of every order."""
    query = select(order_fill).order_by(order_fill.c.cl_ord_id, order_fill.c.position)
    if names is not None:
        query = query.where(order_fill.c.cl_ord_id.in_(names))
    found: dict[str, list[StandingFill]] = {}
    for row in connection.execute(query):
        found.setdefault(row.cl_ord_id, []).append(_fill_of(row))
    return found


def fill_rows(order: Order, start: int = 0) -> list[dict[str, object]]:
    """The rows of `order_fill` that follow from the order, from the fill at `start` on."""
    return [
        {
            "cl_ord_id": order.intent.cl_ord_id,
            "position": position,
            "exec_id": fill.exec_id,
            "trade_date": fill.trade_date,
            "quantity": fill.quantity,
            "price": fill.price,
            "commission": fill.commission,
        }
        for position, fill in enumerate(order.fills[start:], start)
    ]


def _fill_of(row: Row[Any]) -> StandingFill:
    return StandingFill(
        exec_id=row.exec_id,
        trade_date=row.trade_date,
        quantity=row.quantity,
        price=row.price,
        commission=row.commission,
    )
