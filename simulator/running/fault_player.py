"""Plays a venue's faults: pure, seeded, picklable."""

import heapq
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

from simulator.running.faults import (
    CANCEL_REJECTED,
    MESSAGE_FAULTS,
    SESSION_FAULTS,
    TRADE_FAULTS,
    Act,
    Do,
    Fault,
)
from simulator.values.messages import NO_ORDER, CancelRejected, Message, Report
from simulator.values.requests import NewOrder, Request
from simulator.values.words import ExecType, OrdRejReason, OrdStatus

Operation = tuple[str, dict[str, object]]
_KINDS = {kind.value: kind.name.lower() for kind in ExecType}


@dataclass(slots=True)
class _Armed:
    """A fault with what it remembers."""

    fault: Fault
    left: int | None  # How often it may still happen; None without end.
    happened: int = 0
    orders: int = 0  # New orders that met its conditions.
    marked: set[str] = field(default_factory=set)  # Ids of the order that it is about.
    due: datetime | None = None  # When it next happens by the time of day.


class FaultPlayer:
    """The faults of one venue. Every message passes `take` and leaves by `release`."""

    def __init__(
        self, venue: str, faults: tuple[Fault, ...], *, seed: int, time_zone: ZoneInfo
    ) -> None:
        self.venue = venue
        self._draw = Random(f"{seed}/{venue}/faults")  # noqa: S311  Faults, not secrets.
        self._zone = time_zone
        self._armed = [
            _Armed(fault, fault.times or None)
            for fault in faults
            if fault.venue in ("", venue) and fault.chance > 0
        ]
        self._last_due: dict[str, datetime] = {}
        self._messages: list[tuple[datetime, int, Message]] = []
        self._operations: list[tuple[datetime, int, Operation]] = []
        self._count = 0
        self._began = False

    def next_due(self) -> datetime | None:
        """When something will next happen by itself."""
        dues = [armed.due for armed in self._armed if armed.due is not None]
        dues += [heap[0][0] for heap in (self._messages, self._operations) if heap]
        return min(dues, default=None)

    def states(self) -> list[dict[str, object]]:
        """What operators see of each fault."""
        return [
            {
                "number": armed.fault.number,
                "do": armed.fault.do.value,
                "happened": armed.happened,
                "left": armed.left,
            }
            for armed in self._armed
            if armed.fault.number  # 0 is the venue's own latency.
        ]

    def begin(self, now: datetime) -> None:
        """Set the times of day; once, when the venue first opens."""
        if not self._began:
            self._began = True
            for armed in self._armed:
                self._set_due(armed, now)

    def hear(self, request: Request) -> list[Act]:
        """Count a new order, and do what is to happen when it comes."""
        if not isinstance(request, NewOrder):
            return []
        acts = []
        for armed in self._armed:
            fault = armed.fault
            if not _concerns(fault, request.client, request.symbol):
                continue
            armed.orders += 1
            if fault.order and armed.orders == fault.order:
                armed.marked.add(request.cl_ord_id)
            if (
                fault.do in SESSION_FAULTS
                and not fault.report
                and fault.at is None
                and (not fault.order or armed.orders == fault.order)
                and self._happens(armed)
            ):
                acts.append(self._act(armed, request.client))
        return acts

    def refuse(self, request: Request, now: datetime) -> Report | None:
        """The rejection of a new order, when a fault wants one."""
        if not isinstance(request, NewOrder):
            return None
        for armed in self._armed:
            fault = armed.fault
            if (
                fault.do is Do.REJECT
                and _concerns(fault, request.client, request.symbol)
                and (not fault.order or request.cl_ord_id in armed.marked)
                and self._happens(armed)
            ):
                return self._rejection(request, armed, now)
        return None

    def take(self, message: Message, now: datetime) -> list[Act]:
        """Let a message leave, now or later or never; what else is to happen."""
        due, copies, overtaken = now, 1, False
        acts = []
        for armed in self._armed:
            if not self._meets(armed, message):
                continue
            do = armed.fault.do
            if do is Do.LOSE:
                copies = 0
            elif do is Do.DUPLICATE:
                copies += copies > 0
            elif do in MESSAGE_FAULTS:
                due += self._wait(armed.fault)
                overtaken = overtaken or do is Do.OVERTAKE
            elif do in TRADE_FAULTS:
                assert isinstance(message, Report)
                self._plan(armed, message, now)
            else:
                acts.append(self._act(armed, message.client))
        if not overtaken:
            due = max(due, self._last_due.get(message.client, due))
            if due > now:
                self._last_due[message.client] = due
        for _ in range(copies):
            heapq.heappush(self._messages, (due, self._next(), message))
        return acts

    def release(self, now: datetime) -> tuple[list[Message], list[Act]]:
        """What leaves now, and what happens by the time of day."""
        self.begin(now)
        messages: list[Message] = []
        while self._messages and self._messages[0][0] <= now:
            messages.append(heapq.heappop(self._messages)[2])
        acts = []
        for armed in self._armed:
            if armed.due is not None and armed.due <= now:
                if self._happens(armed):
                    acts.append(self._act(armed, armed.fault.client))
                self._set_due(armed, now)
        return messages, acts

    def due_operations(self, now: datetime) -> list[Operation]:
        """What the venue is to do now to its orders and executions."""
        operations = []
        while self._operations and self._operations[0][0] <= now:
            operations.append(heapq.heappop(self._operations)[2])
        return operations

    def _meets(self, armed: _Armed, message: Message) -> bool:
        """Whether a fault happens to this message; follows its order through replacements."""
        fault = armed.fault
        if fault.do is Do.REJECT or fault.at is not None:
            return False
        if fault.do in SESSION_FAULTS and not fault.report:
            return False  # It happens when the order comes.
        if not isinstance(message, Report | CancelRejected):
            return not (
                fault.report or fault.order or fault.symbol or fault.do in TRADE_FAULTS
            ) and (fault.client in ("", message.client) and self._happens(armed))
        symbol = message.symbol if isinstance(message, Report) else ""
        if not _concerns(fault, message.client, symbol or fault.symbol):
            return False
        if fault.order and not _follow(armed, message):
            return False
        return _is_awaited(fault, message) and self._happens(armed)

    def _happens(self, armed: _Armed) -> bool:
        if armed.left == 0:
            return False
        if armed.fault.chance < 1 and self._draw.random() >= armed.fault.chance:
            return False
        armed.happened += 1
        if armed.left is not None:
            armed.left -= 1
        return True

    def _wait(self, fault: Fault) -> timedelta:
        jitter = self._draw.random() * fault.jitter if fault.jitter else 0.0
        return timedelta(microseconds=round((fault.seconds + jitter) * 1_000_000))

    def _plan(self, armed: _Armed, report: Report, now: datetime) -> None:
        operation = _OPERATIONS[armed.fault.do](report, armed.fault)
        planned = (now + self._wait(armed.fault), self._next(), operation)
        heapq.heappush(self._operations, planned)

    def _act(self, armed: _Armed, client: str) -> Act:
        fault = armed.fault
        name = f"{self.venue}-{fault.number}-{armed.happened}"
        return Act(self.venue, client, fault.do, fault.seconds, fault.point, name)

    def _set_due(self, armed: _Armed, now: datetime) -> None:
        at = armed.fault.at
        if at is None or armed.left == 0:
            armed.due = None
            return
        there = now.astimezone(self._zone)
        due = datetime.combine(there.date(), at, self._zone)
        if due <= there:
            due = datetime.combine(there.date() + timedelta(days=1), at, self._zone)
        armed.due = due.astimezone(UTC)

    def _rejection(self, request: NewOrder, armed: _Armed, now: datetime) -> Report:
        there = now.astimezone(self._zone)
        return Report(
            client=request.client,
            order_id=NO_ORDER,
            cl_ord_id=request.cl_ord_id,
            exec_id=f"{self.venue}-{there:%Y%m%d}-F{armed.fault.number}.{armed.happened}",
            exec_type=ExecType.REJECTED,
            ord_status=OrdStatus.REJECTED,
            symbol=request.symbol,
            side=request.side,
            order_qty=int(request.quantity) if request.quantity.isdecimal() else 0,
            cum_qty=0,
            leaves_qty=0,
            avg_px="0",
            trade_date=f"{there:%Y%m%d}",
            transact_time=f"{now:%Y%m%d-%H:%M:%S}.{now.microsecond // 1000:03d}",
            rej_reason=OrdRejReason.VENUE_OPTION,
            text=f"rejected by fault {armed.fault.number} of the faults file",
            account=request.account,
            link_id=request.link_id,
            secondary_id=request.secondary_id,
        )

    def _next(self) -> int:
        self._count += 1
        return self._count


def _concerns(fault: Fault, client: str, symbol: str) -> bool:
    return fault.client in ("", client) and fault.symbol in ("", symbol)


def _is_awaited(fault: Fault, message: Report | CancelRejected) -> bool:
    kind = CANCEL_REJECTED if isinstance(message, CancelRejected) else _KINDS[message.exec_type]
    if fault.do in (Do.BUST, Do.CORRECT):
        return kind == "trade"
    if fault.do is Do.LATE_FILL:
        return kind == "canceled" and isinstance(message, Report) and bool(message.price)
    return fault.report in ("", kind)


def _follow(armed: _Armed, message: Report | CancelRejected) -> bool:
    """Whether the message is about the marked order, under whatever id."""
    ids = {message.cl_ord_id, message.order_id, message.orig_cl_ord_id} - {"", NO_ORDER}
    if not ids & armed.marked:
        return False
    armed.marked |= ids
    return True


def _bust(report: Report, _: Fault) -> Operation:
    return "bust", {"exec_id": report.exec_id}


def _correct(report: Report, fault: Fault) -> Operation:
    price = Decimal(report.last_px) + fault.amount
    return "correct", {"exec_id": report.exec_id, "price": f"{price:f}"}


def _late_fill(report: Report, _: Fault) -> Operation:
    left = report.order_qty - report.cum_qty
    return "execute", {"order_id": report.order_id, "quantity": left, "price": report.price}


_OPERATIONS = {Do.BUST: _bust, Do.CORRECT: _correct, Do.LATE_FILL: _late_fill}
