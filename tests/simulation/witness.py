"""The witness: after every event it reads what is committed, by plain SQL, and asks the invariants.

It shares no store with the code under test. Numbers in brackets are those of the invariants in
docs/decisions/0012-one-seed-drives-everything.md.
"""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from domain.allocations import AllocationFact
from domain.codec import decode
from domain.kills import first_that_stops
from domain.order_states import apply, open_order
from domain.order_table import ALLOWED
from domain.orders import (
    CLOSED,
    CancelReject,
    CancelRequest,
    DayEnded,
    DoubtSettled,
    ExecType,
    ExecutionReport,
    NeverSent,
    Order,
    OrderEvent,
    OrderIntent,
    OrdStatus,
    ReplaceRequest,
    Sent,
)
from domain.runs import Kill
from domain.splits import Split
from gateway.wiretext import pairs, value_of
from tests.simulation.venue import CLIENT, Trades
from tests.simulation.wanted import LIMITS
from vault.allocations import _KINDS as _ALLOCATION_KINDS
from vault.engine import sqlite_module
from vault.orders import _KINDS

_FILLS = {ExecType.TRADE, ExecType.TRADE_CORRECT, ExecType.TRADE_CANCEL}
_NEW_ORDERS, _CL_ORD_ID = ("D", "E"), 11
_MILLION = 1_000_000


class ViolationError(BaseException):
    """An invariant does not hold; no handler of the code under test may swallow it."""


class Witness:
    """Reads only; remembers up to which row it has read."""

    def __init__(self, path: Path, trades: Trades, is_over: Callable[[OrderIntent], bool]) -> None:
        """`trades` is what the venues said of executions; `is_over` tells whose day has ended."""
        self._trades = trades
        self._is_over = is_over
        self.is_excused: Callable[[str], bool] = lambda _venue: False  # A report may be lost.
        self._reader = sqlite_module().connect(
            f"file:{path}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
        )
        self._seen: Counter[str] = Counter()  # Rows read, by table.
        self.orders: dict[str, Order] = {}  # Our own fold.
        self._originals: Counter[str] = Counter()  # New orders on the wire, by ClOrdID.
        self._instructed: Counter[str] = Counter()  # Allocations on the wire, by AllocID.
        self._reported: set[tuple[str, str]] = set()  # Venue and ExecID, but for drop copies.
        self.sent: set[str] = set()
        # By order and ExecID: shares, and the day whose shares they are.
        self._undone: set[tuple[str, str]] = set()  # Venue and ExecID, heard or not.
        self._standing: defaultdict[str, dict[str, tuple[int, date]]] = defaultdict(dict)

    def close(self) -> None:
        self._reader.close()

    # On the wire.

    def on_wire(self, session: str, raw: bytes) -> None:
        """Something enters a socket of ours."""
        text = raw.decode("latin-1")
        names = [value for tag, value in pairs(text) if tag == _CL_ORD_ID]
        kind = value_of(text, 35)
        if kind == "G":
            self.look()
            self._ask_kills(names[0])
        if kind == "J":
            self._ask_of_instruction(value_of(text, 70) or "")
        if kind not in _NEW_ORDERS:
            return
        for name in names:
            self._originals[name] += 1
            if self._originals[name] > 1 or value_of(text, 43) == "Y":
                raise ViolationError(f"[3] order {name} goes out a second time")
        self.look()
        for name in names:
            self._ask_of_original(session, name)

    def heard(self, session: str, text: str) -> None:
        """Something comes out of a socket of ours."""
        client, _, venue = session.rpartition(":")[2].partition("->")
        if client == CLIENT and (exec_id := value_of(text, 17)) is not None:
            self._reported.add((venue, exec_id))

    def _ask_of_original(self, session: str, name: str) -> None:
        if name not in self.sent:
            raise ViolationError(
                f"[1] order {name} goes out before its intent is committed as sent"
            )
        intent = self.orders[name].intent
        if not session.endswith(f"->{intent.venue}"):
            raise ViolationError(f"[1] order {name} goes out to another venue, by {session}")
        if self._is_over(intent):
            raise ViolationError(f"[1] order {name} goes out on another day than it was meant for")
        self._ask_kills(name)

    def _ask_of_instruction(self, name: str) -> None:
        self._instructed[name] += 1
        if self._instructed[name] > 1:
            raise ViolationError(f"[3] allocation {name} goes out a second time")
        query = "select 1 from allocation_fact where name = ? and kind = 'AllocationSent'"
        if not self._rows(query, name):
            raise ViolationError(f"[1] allocation {name} goes out before it is committed as sent")

    def _ask_kills(self, name: str) -> None:
        """Neither an order nor a change of one goes out once a switch stops it."""
        ((order,),) = self._rows("select intent_id from order_name where cl_ord_id = ?", name)
        if (kill := first_that_stops(self.kills(), self.orders[order].intent)) is not None:
            raise ViolationError(f"[15] order {name} goes out after the kill of {kill.scope}")

    def was_on_wire(self, name: str) -> bool:
        return self._originals[name] > 0

    # In the database.

    def on_commit(self) -> None:
        """A commit stands: no order may have been marked as sent while another is in doubt."""
        before = set(self.sent)
        doubtful = [n for n, o in self.orders.items() if o.in_doubt and not o.is_closed]
        self._read_orders()
        new = self.sent - before
        still = {
            self.orders[name].intent.venue: name for name in doubtful if self.orders[name].in_doubt
        }
        for name in new:
            if (other := still.get(self.orders[name].intent.venue)) is not None:
                raise ViolationError(f"[4] order {name} was let out while {other} is in doubt")

    def look(self) -> None:
        """Everything that is new, and whether it may be so."""
        ((version,),) = self._rows("pragma data_version")
        if version == self._seen["version"]:  # Nobody has committed since.
            return
        self._seen["version"] = version
        self._read_orders()
        self._read_executions()
        self._read_ledger()
        self._ask_limits()
        self._ask_audit()

    def kills(self) -> list[Kill]:
        """Kill switches that are set."""
        rows = self._rows("select scope, name, is_set from kill_event order by number")
        last = {(scope, name): is_set for scope, name, is_set in rows}
        now = next(iter(self.orders.values())).intent.decided_at
        return [
            Kill(scope=scope, name=name, by="", why="", set_at=now)
            for (scope, name), is_set in last.items()
            if is_set
        ]

    def executions(self) -> dict[tuple[str, str], tuple[str, Decimal, Decimal | None]]:
        """What is booked: ExecType, LastQty and LastPx, by venue and ExecID."""
        found = {}
        for venue, exec_id, value in self._rows("select venue, exec_id, value from execution"):
            report = decode(ExecutionReport, value)
            found[venue, exec_id] = (report.exec_type.value, report.last_qty, report.last_px)
        return found

    def breaks(self) -> list[tuple[str, str]]:
        """Kind and subject of each break that was told."""
        return [
            (kind, subject) for kind, subject in self._rows("select kind, subject from break_found")
        ]

    def allocations(self) -> list[AllocationFact]:
        """Everything that was said of allocations, oldest first."""
        rows = self._rows("select kind, value from allocation_fact order by number")
        return [decode(_ALLOCATION_KINDS[kind], value) for kind, value in rows]

    def given(self, name: str) -> dict[str, int]:
        """The shares of a block that each account has."""
        moved: Counter[str] = Counter()
        query = "select value from ledger_transaction where cl_ord_id = ?"
        for (value,) in self._rows(query, name):
            for leg in _legs(value):
                if leg["asset"] == self.orders[name].intent.security_id:
                    moved[leg["book"]] += leg["quantity"]
        return {
            book.removeprefix("client:"): abs(each) // _MILLION
            for book, each in moved.items()
            if each and book.startswith("client:")
        }

    def done(self, name: str, splits: Iterable[Split]) -> int:
        """What stands of an order's executions, in the shares of after these splits."""
        intent = self.orders[name].intent
        ours = [one for one in splits if one.security_id == intent.security_id]
        return sum(
            shares * math.prod(one.new for one in ours if day < one.day)
            for shares, day in self._standing[name].values()
        )

    def is_undone(self, venue: str, exec_id: str) -> bool:
        """Whether its bust or its correction is booked."""
        return (venue, exec_id) in self._undone

    def waiting(self) -> int:
        """Messages that are still to be sent."""
        ((count,),) = self._rows("select count(*) from outbox_waiting")
        return int(count)

    def held(self) -> Counter[str]:
        """Millionths of each security that clients and blocks own."""
        found: Counter[str] = Counter()
        for (value,) in self._rows("select value from ledger_transaction"):
            for leg in _legs(value):
                if leg["book"].startswith(("client:", "block:")):
                    found[leg["asset"]] += leg["quantity"]
        return found

    def _read_orders(self) -> None:
        for name, value in self._new("order_intent", "cl_ord_id, value"):
            intent = decode(OrderIntent, value)
            self.orders[name] = open_order(intent)
        changed = set()
        for name, kind, value in self._new("order_event", "intent_id, kind, value"):
            self._fold(name, decode(_KINDS[kind], value))
            changed.add(name)
        for name in sorted(changed):
            self._compare(name)

    def _fold(self, name: str, event: OrderEvent) -> None:
        before = self.orders[name]
        after, _ = apply(before, event)
        self.orders[name] = after
        if isinstance(event, Sent):
            if name in self.sent:
                raise ViolationError(f"[3] order {name} was marked as sent twice")
            self.sent.add(name)
        if isinstance(event, CancelRequest | ReplaceRequest):
            self._originals[event.cl_ord_id] += 0
        is_trade = isinstance(event, ExecutionReport) and event.exec_type is ExecType.TRADE
        is_told = is_trade and not self.is_excused(before.intent.venue)
        if is_told and event.order_qty not in (None, after.order_qty):
            raise ViolationError(
                f"[11] order {name} is of {after.order_qty} here, {event.order_qty} at a trade"
            )
        if after.status is not before.status and not _is_lawful(before, after, event):
            raise ViolationError(
                f"[12] order {name} went from {before.status.name} to {after.status.name} "
                f"by {type(event).__name__}"
            )

    def _compare(self, name: str) -> None:
        """The row that the service works with, and our fold of the events."""
        query = "select status, in_doubt, order_qty, cum_qty from order_state where cl_ord_id = ?"
        ((status, in_doubt, quantity, cum),) = self._rows(query, name)
        order = self.orders[name]
        ours = (order.status.value, order.in_doubt, order.order_qty, order.cum_qty)
        theirs = (status, bool(in_doubt), _decimal(quantity), _decimal(cum))
        if ours != theirs:
            raise ViolationError(f"[10] order {name} stands as {theirs}, its events say {ours}")

    def _read_executions(self) -> None:
        touched = set()
        for venue, exec_id, value in self._new("execution", "venue, exec_id, value"):
            report = decode(ExecutionReport, value)
            said = self._trades.get((venue, exec_id))
            if said is None or (said.last_qty or 0) != report.last_qty:
                raise ViolationError(
                    f"[6] execution {exec_id} is booked as the venue never said it"
                )
            if (venue, exec_id) not in self._reported:
                raise ViolationError(f"[6] execution {exec_id} is booked by its drop copy alone")
            order = self._owner(report)
            if order is None:
                continue
            standing = self._standing[order]
            if report.exec_type is not ExecType.TRADE and report.exec_ref_id is not None:
                standing.pop(report.exec_ref_id, None)
                self._undone.add((venue, report.exec_ref_id))
            if report.exec_type is not ExecType.TRADE_CANCEL and (
                (venue, exec_id) not in self._undone
            ):
                standing[exec_id] = (int(report.last_qty), report.trade_date)
            touched.add(order)
        for name in sorted(touched):
            if self.done(name, self.orders[name].splits) != self.orders[name].cum_qty:
                raise ViolationError(
                    f"[11] CumQty of {name} is {self.orders[name].cum_qty}, "
                    f"its executions are {self._standing[name]}"
                )

    def _owner(self, report: ExecutionReport) -> str | None:
        names = [report.cl_ord_id, report.orig_cl_ord_id]
        query = "select intent_id from order_name where cl_ord_id = ?"
        for name in names:
            for (found,) in self._rows(query, name):
                intent = self.orders[found].intent
                if (intent.symbol, intent.side) == (report.symbol, report.side):
                    return str(found)
        return None

    def _read_ledger(self) -> None:
        for name, value in self._new("ledger_transaction", "transaction_id, value"):
            sums: Counter[str] = Counter()
            for leg in _legs(value):
                sums[leg["asset"]] += leg["quantity"]
            if any(sums.values()):
                raise ViolationError(f"[9] the legs of {name} do not sum to zero: {dict(sums)}")
            reverses = json.loads(value).get("reverses")
            if reverses is not None:
                self._seen[f"reversed {reverses}"] += 1
                if self._seen[f"reversed {reverses}"] > 1:
                    raise ViolationError(f"[9] {reverses} was reversed twice")

    def _ask_limits(self) -> None:
        """Orders and what replaces took beyond them, by trade date, but for what never left."""
        ((count,),) = self._rows(
            "select (select count(*) from order_entry) + (select count(*) from change_entry)"
        )
        if count == self._seen["entries"]:
            return
        self._seen["entries"] = count
        query = (
            "select trade_date, sum(notional) from"
            " (select cl_ord_id as name, trade_date, notional from order_entry_part"
            " union all select intent_id, trade_date, notional from change_entry)"
            " where name not in (select cl_ord_id from order_state where status = 'unsent')"
            " group by trade_date"
        )
        for day, total in self._rows(query):
            if _decimal(total) > LIMITS.daily_firm:
                raise ViolationError(f"[14] {total} was entered on {day}, more than the limit")

    def _ask_audit(self) -> None:
        ((count, last),) = self._rows(
            "select count(*), coalesce(max(sequence), 0) from audit_entry"
        )
        if count != last:
            raise ViolationError(f"[16] the audit trail has {count} entries and ends with {last}")

    # Reading.

    def _new(self, table: str, columns: str) -> list[tuple[Any, ...]]:
        query = f"select number, {columns} from {table} where number > ? order by number"
        rows = self._rows(query, self._seen[table])
        if rows:
            self._seen[table] = rows[-1][0]
        return [row[1:] for row in rows]

    def _rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = self._reader.execute(query, values).fetchall()
        return found


def _is_lawful(before: Order, after: Order, event: OrderEvent) -> bool:
    """Whether the standard's table, or a rule of ours, allows this change of status."""
    if isinstance(event, ExecutionReport):
        return after.status in ALLOWED.get((before.status, event.exec_type), frozenset())
    if isinstance(event, DayEnded):
        return after.status is OrdStatus.EXPIRED and before.status not in CLOSED
    if isinstance(event, NeverSent):
        return before.status is OrdStatus.INTENDED
    return isinstance(event, CancelReject | DoubtSettled) and before.status not in CLOSED


def _legs(transaction: str) -> list[dict[str, Any]]:
    """Of a transaction's text, in millionths."""
    legs: list[dict[str, Any]] = json.loads(transaction)["legs"]
    return [{**leg, "quantity": int(Decimal(leg["quantity"]) * _MILLION)} for leg in legs]


def _decimal(scaled: int) -> Decimal:
    return Decimal(scaled) / _MILLION
