"""The stores of orders and of what goes over the wire, in memory."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from domain.allocations import (
    AllocationAck,
    AllocationDoubted,
    AllocationFact,
    AllocationInstruction,
    AllocationLost,
    AllocationReport,
    AllocationSent,
)
from domain.codec import encode
from domain.entries import ChangeEntry, DayUse, Entry, Lately, Recent
from domain.order_states import open_order
from domain.orders import (
    CancelRequest,
    ExecutionReport,
    ListCancelRequest,
    Order,
    OrderEvent,
    OrderIntent,
    OrdStatus,
)
from domain.ports import ExecutionOutcome, OutboxBody, OutboxMessage, StatusRequest
from domain.runs import Kill
from tests.memory_parts.state import Part
from vault.entered import RecentOrders


class Orders(Part):
    def add(self, intent: OrderIntent) -> None:
        assert intent.cl_ord_id not in self.state.order_names, "a ClOrdID is used once"
        self.state.order_names[intent.cl_ord_id] = intent.cl_ord_id
        self.state.orders[intent.cl_ord_id] = open_order(intent)

    def get(self, cl_ord_id: str) -> Order | None:
        name = self.state.order_names.get(cl_ord_id)
        return None if name is None else self.state.orders[name]

    def append(self, order: Order, event: OrderEvent, at: datetime) -> None:
        own = order.intent.cl_ord_id
        for name in order.chain:
            assert self.state.order_names.setdefault(name, own) == own
        self.state.orders[own] = order
        self.state.events.append((own, event))

    def events(self, cl_ord_id: str) -> tuple[OrderEvent, ...]:
        own = self.state.order_names.get(cl_ord_id)
        return tuple(event for name, event in self.state.events if name == own)

    def of_run(self, run_id: UUID) -> tuple[Order, ...]:
        return tuple(o for o in self.state.orders.values() if o.intent.run_id == run_id)

    def open(self) -> tuple[Order, ...]:
        return tuple(order for order in self.state.orders.values() if not order.is_closed)

    def open_names(self) -> frozenset[str]:
        return frozenset(order.intent.cl_ord_id for order in self.open())

    def in_doubt(self, venue: str) -> int:
        return sum(order.in_doubt for order in self.open() if order.intent.venue == venue)

    def recent(self, limit: int) -> tuple[Order, ...]:
        return tuple(reversed(self.state.orders.values()))[:limit]

    def record_execution(self, report: ExecutionReport, at: datetime) -> ExecutionOutcome:
        key = (report.venue, report.trade_date, report.exec_id)
        known = self.state.executions.get(key)
        if known is None:
            self.state.executions[key] = report
            return ExecutionOutcome.NEW
        same = encode(known) == encode(report)
        return ExecutionOutcome.DUPLICATE if same else ExecutionOutcome.CONFLICT

    def executions(self, trade_date: date, venue: str) -> tuple[ExecutionReport, ...]:
        wanted = (venue, trade_date)
        return tuple(r for key, r in self.state.executions.items() if key[:2] == wanted)


class OutboxPart(Part):
    def queue(self, venue: str, body: OutboxBody, at: datetime) -> None:
        number = len(self.state.outbox) + 1
        self.state.outbox.append(OutboxMessage(number=number, venue=venue, body=body))
        self.state.queued_at[number] = at

    def queued_since(self, at: datetime, most: int) -> int:
        newest = list(self.state.queued_at.values())[-most:]
        return sum(queued >= at for queued in newest)

    def waiting(self, venue: str, limit: int) -> tuple[OutboxMessage, ...]:
        gone = self.state.handed | self.state.withdrawn
        found = (m for m in self.state.outbox if m.venue == venue and m.number not in gone)
        return tuple(found)[:limit]

    def is_asked(self, cl_ord_id: str) -> bool:
        return any(isinstance(m.body, StatusRequest) for m in self._named(cl_ord_id))

    def is_waiting(self, cl_ord_id: str) -> bool:
        return any(not isinstance(m.body, StatusRequest) for m in self._named(cl_ord_id))

    def _named(self, cl_ord_id: str) -> list[OutboxMessage]:
        gone = self.state.handed | self.state.withdrawn
        return [
            m for m in self.state.outbox if m.body.cl_ord_id == cl_ord_id and m.number not in gone
        ]

    def cancels_waiting(self, venue: str, limit: int) -> tuple[OutboxMessage, ...]:
        every = self.waiting(venue, len(self.state.outbox))
        return tuple(m for m in every if isinstance(m.body, CancelRequest | ListCancelRequest))[
            :limit
        ]

    def mark_handed(self, numbers: Sequence[int], at: datetime) -> None:
        assert not self.state.handed & set(numbers), "handed at most once"
        self.state.handed.update(numbers)

    def withdraw(self, cl_ord_id: str, at: datetime) -> bool:
        gone = self.state.handed | self.state.withdrawn
        for message in self.state.outbox:
            if message.body.cl_ord_id == cl_ord_id and message.number not in gone:
                self.state.withdrawn.add(message.number)
                return True
        return False


class InboxPart(Part):
    def record(self, session: str, sequence: int, raw: str, at: datetime) -> bool:
        key = (session, self.state.epochs.get(session, 0), sequence)
        if key in self.state.inbox:
            return False
        self.state.inbox[key] = raw
        self.state.durable[session] = max(self.state.durable.get(session, 0), sequence)
        return True

    def durable_sequence(self, session: str) -> int:
        return self.state.durable.get(session, 0)

    def reset_sequence(self, session: str, sequence: int, at: datetime) -> None:
        if sequence < self.state.durable.get(session, 0):
            self.state.epochs[session] = self.state.epochs.get(session, 0) + 1
        self.state.durable[session] = sequence

    def quarantine(self, session: str, sequence: int, raw: str, why: str, at: datetime) -> None:
        self.state.quarantine.append((session, sequence, raw, why))

    def quarantined(self) -> tuple[tuple[str, int, str, str], ...]:
        return tuple(self.state.quarantine)


class AllocationsPart(Part):
    def append(self, cl_ord_id: str, fact: AllocationFact, at: datetime) -> None:
        self.state.allocations.append((cl_ord_id, at, fact))

    def of_order(self, cl_ord_id: str) -> tuple[AllocationFact, ...]:
        return tuple(fact for name, _, fact in self.state.allocations if name == cl_ord_id)

    def order_of(self, alloc_id: str) -> str | None:
        for name, _, fact in self.state.allocations:
            if isinstance(fact, AllocationInstruction) and fact.alloc_id == alloc_id:
                return name
        return None

    def report(self, venue: str, report_id: str) -> AllocationReport | None:
        for _, _, fact in self.state.allocations:
            if isinstance(fact, AllocationReport) and fact.report_id == report_id:
                return fact if fact.venue == venue else None
        return None

    def has_reports(self, venue: str) -> bool:
        facts = (fact for _, _, fact in self.state.allocations)
        return any(isinstance(one, AllocationReport) and one.venue == venue for one in facts)

    def unanswered(self, venue: str, before: datetime) -> tuple[AllocationSent, ...]:
        settling = AllocationAck | AllocationLost | AllocationDoubted
        facts = [(at, fact) for _, at, fact in self.state.allocations]
        settled = {fact.alloc_id for _, fact in facts if isinstance(fact, settling)}
        return tuple(
            fact
            for at, fact in facts
            if isinstance(fact, AllocationSent)
            and fact.venue == venue
            and at < before
            and fact.alloc_id not in settled
        )


class Entries(Part):
    def add(self, entry: Entry) -> None:
        self.state.entries[entry.cl_ord_id] = entry

    def add_change(self, entry: ChangeEntry) -> None:
        self.state.changes.append(entry)

    def take_back(self, cl_ord_id: str) -> None:
        kept = [one for one in self.state.changes if one.cl_ord_id != cl_ord_id]
        self.state.changes[:] = kept

    def since(self, at: datetime) -> Lately:
        found = RecentOrders()
        found.know(at, list)
        for one in self._counted():
            if one.at >= at:
                recent = Recent(cl_ord_id=one.cl_ord_id, at=one.at, likeness=one.likeness)
                found.add(one.at, recent)
        return found

    def used(self, trade_date: date) -> DayUse:
        by_account: defaultdict[str, Decimal] = defaultdict(Decimal)
        by_strategy: defaultdict[str, Decimal] = defaultdict(Decimal)
        orders = self.state.orders
        changes = [
            one
            for one in self.state.changes
            if orders[one.intent_id].status is not OrdStatus.UNSENT
        ]
        for one in (*self._counted(), *changes):
            for part in one.parts if one.trade_date == trade_date else ():
                by_account[part.account_id] += part.notional
                by_strategy[part.strategy] += part.notional
        return DayUse.summed(by_account=dict(by_account), by_strategy=dict(by_strategy))

    def reserved(self, intent_id: str) -> Mapping[str, Decimal]:
        entered = [one for name, one in self.state.entries.items() if name == intent_id]
        changed = [one for one in self.state.changes if one.intent_id == intent_id]
        found: defaultdict[str, Decimal] = defaultdict(Decimal)
        for one in (*entered, *changed):
            for part in one.parts:
                found[part.account_id] += part.notional
        return dict(found)

    def _counted(self) -> list[Entry]:
        orders = self.state.orders
        return [
            one
            for one in self.state.entries.values()
            if orders[one.cl_ord_id].status is not OrdStatus.UNSENT
        ]


class Kills(Part):
    def set(self, kill: Kill) -> None:
        self.state.kills[kill.scope, kill.name] = kill

    def lift(self, scope: str, name: str, by: str, at: datetime) -> bool:
        return self.state.kills.pop((scope, name), None) is not None

    def active(self) -> tuple[Kill, ...]:
        return tuple(self.state.kills.values())
