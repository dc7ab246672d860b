"""Orders at rest: intents and events as facts, and the order that they fold to.

An order is found by any ClOrdID that it ever had, and a ClOrdID never names two.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import partial
from operator import attrgetter
from typing import Any, get_args
from uuid import UUID

from sqlalchemy import Connection, Row, Select, bindparam, func, select

from domain.codec import decode, encode
from domain.errors import InvariantError, UnknownNameError
from domain.order_states import open_order
from domain.order_table import FILLS
from domain.orders import (
    Adopted,
    CancelRequest,
    ExecType,
    ExecutionReport,
    Order,
    OrderEvent,
    OrderIntent,
    OrdStatus,
    ReplaceRequest,
    StandingFill,
)
from domain.ports import ComingFill, ExecutionOutcome
from vault.lookup import Lookup
from vault.memory import Standing
from vault.numbers import Numbers
from vault.order_head import OrderHead, head_of, head_text, whole
from vault.prepared import Prepared
from vault.schema import (
    execution,
    order_event,
    order_fill,
    order_intent,
    order_name,
    order_state,
)
from vault.shared import Shared
from vault.types import Written

_KINDS: dict[str, type[OrderEvent]] = {kind.__name__: kind for kind in get_args(OrderEvent)}
_STANDING = select(
    order_intent.c.value.label("intent"),
    order_state.c.value.label("head"),
    order_state.c.number,
).join_from(order_state, order_intent, order_intent.c.cl_ord_id == order_state.c.cl_ord_id)
_OLDEST_FIRST = _STANDING.order_by(order_state.c.number)
_OPEN = Prepared(_OLDEST_FIRST.where(order_state.c.is_open))
_ONE = Prepared(_STANDING.where(order_state.c.cl_ord_id == bindparam("name")))
_EVENTS = Prepared(
    select(order_event.c.kind, order_event.c.value)
    .join(order_name, order_name.c.intent_id == order_event.c.intent_id)
    .where(order_name.c.cl_ord_id == bindparam("name"))
    .order_by(order_event.c.number)
)
_IN_DOUBT = Prepared(
    select(func.count()).where(
        order_state.c.is_open, order_state.c.in_doubt, order_state.c.venue == bindparam("at_venue")
    )
)
_EXECUTIONS_AFTER = Prepared(
    select(execution.c.number, execution.c.value)
    .where(execution.c.number > bindparam("last"), execution.c.venue == bindparam("at_venue"))
    .order_by(execution.c.number)
    .limit(bindparam("most"))
)
_LAST_EXECUTION = Prepared(select(func.coalesce(func.max(execution.c.number), 0)))
_CHUNK = 500  # Orders in one query for fills.
_INTENT_ID = Lookup(order_name.c.intent_id, order_name.c.cl_ord_id)
_EXECUTION = Lookup(
    execution.c.value, execution.c.venue, execution.c.trade_date, execution.c.exec_id
)


class SqlOrders:
    """`OrderStore` on one transaction."""

    def __init__(self, shared: Shared) -> None:
        self._connection, self._writes, self._memory = shared
        self._numbers = Numbers(self._connection, order_intent, self._memory)
        self._executions: dict[tuple[str, date, str], ExecutionReport] = {}

    def add(self, intent: OrderIntent) -> None:
        """Raises `InvariantError` when the ClOrdID was ever used before."""
        name = intent.cl_ord_id
        if self._intent_id(name) is not None:
            raise InvariantError(f"ClOrdID {name} was used before")
        number = self._numbers.next()
        row = {"number": number, "cl_ord_id": name, "run_id": intent.run_id, "value": intent}
        self._writes.add(order_intent, row)
        self._stand(Standing(open_order(intent), number), intent.decided_at)
        self._name_anew(name, name)
        self._memory.booked.put(name, ())

    def foresee(self, names: Sequence[str]) -> None:
        """Orders that are about to be added."""
        _INTENT_ID.foresee(self._connection, [(name,) for name in names])

    def foresee_fills(self, fills: Sequence[ComingFill]) -> tuple[OrderIntent, ...]:
        """Executions that are about to be recorded; gives the orders of theirs that are known."""
        keys = [(fill.venue, fill.trade_date, fill.exec_id) for fill in fills]
        _EXECUTION.foresee(self._connection, keys)
        names = (self._memory.names.find(fill.cl_ord_id) for fill in fills)
        found = (self._memory.orders.find(name) for name in names if name is not None)
        return tuple(standing.order.intent for standing in found if standing is not None)

    def get(self, cl_ord_id: str) -> Order | None:
        name = self._intent_id(cl_ord_id)
        standing = None if name is None else self._standing(name)
        return None if standing is None else standing.order

    def append(self, order: Order, event: OrderEvent, at: datetime) -> None:
        """Add one event, after which the order stands as `order`."""
        name = order.intent.cl_ord_id
        before = self._standing(name)
        if before is None:
            raise UnknownNameError(f"there is no order {name}")
        kind = type(event).__name__
        row = {"intent_id": name, "kind": kind, "at": at, "value": encode(event)}
        self._writes.add(order_event, row)
        self._stand(Standing(order, before.number), at)
        if order.status is OrdStatus.UNSENT:
            self._memory.forget_entered()  # It counts no more.
        if isinstance(event, ExecutionReport):
            self._keep_fills(before.order, order, event)
        if isinstance(event, CancelRequest | ReplaceRequest):
            self._name(event.cl_ord_id, name)
        if isinstance(event, Adopted):
            self._name(event.known_as, name)

    def events(self, cl_ord_id: str) -> tuple[OrderEvent, ...]:
        rows = _EVENTS.rows(self._connection, name=cl_ord_id)
        return tuple(decode(_KINDS[kind], value) for kind, value in rows)

    def of_run(self, run_id: UUID) -> tuple[Order, ...]:
        return self._orders(_STANDING.where(order_state.c.run_id == run_id))

    def open(self) -> tuple[Order, ...]:
        return tuple(standing.order for standing in self._open())

    def open_names(self) -> frozenset[str]:
        """ClOrdIDs of the intents: what is asked often decodes no order with its allocations."""
        query = select(order_state.c.cl_ord_id).where(order_state.c.is_open)
        return frozenset(self._connection.execute(query).scalars())

    def in_doubt(self, venue: str) -> int:
        """How many open orders of `venue` are in doubt."""
        ((count,),) = _IN_DOUBT.rows(self._connection, at_venue=venue)
        return int(count)

    def recent(self, limit: int) -> tuple[Order, ...]:
        """Newest first."""
        newest = select(order_state.c.number).order_by(order_state.c.number.desc()).limit(limit)
        return self._orders(_STANDING.where(order_state.c.number.in_(newest)))[::-1]

    def record_execution(self, report: ExecutionReport, at: datetime) -> ExecutionOutcome:
        """Keep it once per (venue, trade date, ExecID); a conflict keeps the first."""
        key = (report.venue, report.trade_date, report.exec_id)
        found = self.execution(*key)
        if found is not None:
            return ExecutionOutcome.DUPLICATE if found == report else ExecutionOutcome.CONFLICT
        venue, day, exec_id = key
        row = {"venue": venue, "trade_date": day, "exec_id": exec_id, "value": report}
        self._writes.add(execution, {**row, "cl_ord_id": report.cl_ord_id, "at": at})
        self._executions[key] = report
        self._memory.journal.note(partial(self._executions.pop, key))
        return ExecutionOutcome.NEW

    def execution(self, venue: str, day: date, exec_id: str) -> ExecutionReport | None:
        """The one that was kept under this id."""
        found: ExecutionReport | None = self._executions.get((venue, day, exec_id))
        return found or _EXECUTION.value(self._connection, venue, day, exec_id)

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
        rows = _EXECUTIONS_AFTER.rows(self._connection, last=number, at_venue=venue, most=limit)
        return tuple((place, report) for place, report in rows)

    def last_execution(self) -> int:
        """Of any venue."""
        ((newest,),) = _LAST_EXECUTION.rows(self._connection)
        return int(newest)

    def _orders(self, query: Select[Any]) -> tuple[Order, ...]:
        rows = self._connection.execute(query.order_by(order_state.c.number)).all()
        return tuple(standing.order for standing in self._whole(rows))

    def _whole(self, rows: Sequence[Sequence[Any]]) -> list[Standing]:
        """Each with its fills; a row is an intent, what stands of it, and its number."""
        fills = self._fills([intent.cl_ord_id for intent, head, _ in rows if head.cum_qty])
        return [
            Standing(whole(intent, head, tuple(fills.get(intent.cl_ord_id, ()))), number)
            for intent, head, number in rows
        ]

    def _fills(self, names: Sequence[str]) -> dict[str, list[StandingFill]]:
        found: dict[str, list[StandingFill]] = {}
        for start in range(0, len(names), _CHUNK):
            found |= standing_fills(self._connection, names[start : start + _CHUNK])
        return found

    def _keep_fills(self, before: Order, order: Order, report: ExecutionReport) -> None:
        """One row more for a fill; after a correction or a bust all of them anew."""
        if report.exec_type not in FILLS:
            return
        name = order.intent.cl_ord_id
        kept = len(before.fills) if report.exec_type is ExecType.TRADE else 0
        for row in fill_rows(order, kept):
            self._writes.put(order_fill, (name, row["position"]), partial(dict, row))
        for position in range(len(order.fills), len(before.fills)):
            self._writes.put(order_fill, (name, position), None)

    def _open(self) -> list[Standing]:
        """Oldest first; read once, as long as nobody else writes."""
        if not self._memory.orders.is_whole:
            for standing in self._whole(_OPEN.rows(self._connection)):
                self._know(standing)
            self._memory.orders.have_read_all()
        standing_now = (one for one in self._memory.orders.all() if not one.order.is_closed)
        return sorted(standing_now, key=attrgetter("number"))

    def _standing(self, name: str) -> Standing | None:
        known = self._memory.orders.find(name)
        if known is None:
            found = self._whole(_ONE.rows(self._connection, name=name))
            if not found:
                return None
            (known,) = found
            self._know(known)
        return known

    def _know(self, standing: Standing) -> None:
        name = standing.order.intent.cl_ord_id
        self._memory.orders.put(name, standing)
        for known in standing.order.chain:
            self._memory.names.put(known, name)

    def _stand(self, standing: Standing, at: datetime) -> None:
        """How an order stands now."""
        name = standing.order.intent.cl_ord_id
        self._memory.orders.put(name, standing)
        self._writes.put(order_state, (name,), partial(_state_row, standing, at))

    def _intent_id(self, cl_ord_id: str) -> str | None:
        found = self._memory.names.find(cl_ord_id)
        return found or _INTENT_ID.value(self._connection, cl_ord_id)

    def _name(self, cl_ord_id: str, intent_id: str) -> None:
        owner = self._intent_id(cl_ord_id)
        if owner is None:
            self._name_anew(cl_ord_id, intent_id)
        elif owner != intent_id:
            raise InvariantError(f"ClOrdID {cl_ord_id} names the orders {owner} and {intent_id}")

    def _name_anew(self, cl_ord_id: str, intent_id: str) -> None:
        self._writes.add(order_name, {"cl_ord_id": cl_ord_id, "intent_id": intent_id})
        self._memory.names.put(cl_ord_id, intent_id)


def _state_row(standing: Standing, at: datetime) -> dict[str, object]:
    intent = standing.order.intent
    return {
        "cl_ord_id": intent.cl_ord_id,
        "number": standing.number,
        "run_id": intent.run_id,
        "venue": intent.venue,
        "security_id": intent.security_id,
        "side": intent.side.value,
        "changed_at": at,
        **state_columns(standing.order, head_text),
    }


STATE_COLUMNS = ("status", "is_open", "in_doubt", "order_qty", "cum_qty", "value")


def state_columns(
    order: Order, head: Callable[[Order], OrderHead | Written] = head_of
) -> dict[str, object]:
    """The columns of `order_state` that follow from the order."""
    return {
        "status": order.status.value,
        "is_open": not order.is_closed,
        "in_doubt": order.in_doubt,
        "order_qty": order.order_qty,
        "cum_qty": order.cum_qty,
        "value": head(order),
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
