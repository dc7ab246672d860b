"""The broker as a floor: clients' orders in, child orders out, executions back.

Children are immediate-or-cancel at the client's limit, so between two slices nothing of the
client's stands in anybody's book. What the broker asks of exchanges waits in `errands` until
the house runs it; the answers come back through `hear`.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from simulator.broker import changes
from simulator.broker.checks import Listed, refusal_of
from simulator.broker.executions import Executions
from simulator.broker.listed import Listed as ListedOrders
from simulator.broker.listed import how
from simulator.broker.parent import Child, Parent
from simulator.broker.plan import Plan, read_plan
from simulator.broker.register import Register
from simulator.broker.reports import Desk
from simulator.broker.rules import BrokerRules, Rest
from simulator.broker.shown import parent_shown
from simulator.broker.watching import Watch
from simulator.broker.working import INSIDER, ask_back, children_for, shares_needed
from simulator.lists.book import Lists
from simulator.values.floor import Refused
from simulator.values.messages import CancelRejected, Message, Note
from simulator.values.refusals import not_supported
from simulator.values.requests import (
    AskListStatus,
    AskMassStatus,
    AskStatus,
    CancelList,
    CancelOrder,
    Connected,
    Disconnected,
    ExecuteList,
    NewList,
    NewOrder,
    ReplaceOrder,
    Request,
)
from simulator.values.words import (
    CxlRejReason,
    ExecType,
    OrdRejReason,
    OrdStatus,
    RestatementReason,
)

_TAKES = "a broker takes orders, lists, cancels, replaces and status requests only"


class BrokerFloor:
    """Orders that name a strategy, worked over time."""

    def __init__(self, rules: BrokerRules, listed: Listed) -> None:
        """`listed`: what trades on each exchange that the broker works on."""
        self._rules, self._listed = rules, listed
        self._desk = Desk(rules.name, rules.time_zone, rules.fee_per_share)
        self._watch = Watch()
        self._orders = Register(rules.kept_orders)
        self._executions = Executions(self._desk)
        self._errands: list[tuple[str, Request]] = []
        self._listed_orders = ListedOrders(
            self._desk, self._orders, take=self._take, call_off=self._call_off
        )
        self._lists = lists = Lists(self._listed_orders)
        self._answers: dict[type, Callable[[Any, datetime], list[Message]]] = {
            NewOrder: self._take,
            CancelOrder: self._change,
            ReplaceOrder: self._change,
            AskStatus: self._status,
            AskMassStatus: self._mass_status,
            Connected: _nothing,
        }
        self._of_lists: dict[type, Callable[[Any], None]] = {
            NewList: lists.take,
            ExecuteList: lists.execute,
            CancelList: lists.cancel,
            AskListStatus: lists.status,
            Disconnected: lists.disconnected,  # What goes on while their client is away: orders.
        }

    def handle(self, request: Request, now: datetime) -> list[Message]:
        """Answer one request."""
        said = self.wake(now)
        answer, of_lists = self._answers.get(type(request)), self._of_lists.get(type(request))
        if answer is not None:
            said += answer(request, now)
        elif of_lists is not None:
            self._listed_orders.set(now)
            of_lists(request)
        else:
            said.append(not_supported(request, _TAKES))
        return said + self._of_lists_said(now)

    def wake(self, now: datetime) -> list[Message]:
        """Send the slices that are due until `now`; the house wakes us at each due time."""
        said: list[Message] = []
        while (due := self.next_due()) is not None and due <= now:
            parent = self._orders.next()
            assert parent is not None
            said += self._slice(parent, due)
            self._orders.settle(parent)
        return said + self._of_lists_said(now)

    def next_due(self) -> datetime | None:
        """When the next slice is due."""
        parent = self._orders.next()
        return None if parent is None else parent.due

    def standing(self) -> dict[str, int]:
        """Open orders, and the counters of ids, for a floor that follows this one."""
        return {
            "open_orders": sum(one.is_open for one in self._orders),
            "orders": self._orders.count,
            "executions": self._desk.executions,
        }

    def follow(self, standing: Mapping[str, int]) -> None:
        """Use no id again that a floor before this one used."""
        self._orders.count = standing["orders"]
        self._desk.executions = standing["executions"]

    def errands(self) -> list[tuple[str, Request]]:
        """What exchanges are to be asked now, each once: (exchange, request)."""
        errands, self._errands = self._errands, []
        return errands

    def hear(self, venue: str, message: Message, now: datetime) -> list[Message]:
        """What an exchange said to one of our names there."""
        if isinstance(message, Note):
            self._watch.hear(venue, message)
            return []
        if isinstance(message, CancelRejected):
            return []  # The child's own reports say what became of it.
        parent = self._orders.of_child(message.orig_cl_ord_id or message.cl_ord_id)
        if parent is None:
            return []
        said = self._executions.hear(parent, venue, message, now)
        if not parent.children:
            said += self._all_back(parent, now)
        self._orders.settle(parent)
        return said + self._of_lists_said(now)

    def operate(
        self, name: str, arguments: dict[str, object], now: datetime
    ) -> tuple[dict[str, object], list[Message]]:
        """Cancel {order_id}: an unsolicited cancel; end-of-day: of all. Raises Refused."""
        said = self.wake(now)
        chosen = [one for one in self._orders if one.is_open]
        if name == "cancel":
            wanted = arguments.get("order_id")
            chosen = [one for one in chosen if one.order_id == wanted]
            if not chosen:
                raise Refused(f"there is no open order {wanted}; look at orders")
        elif name != "end-of-day":
            raise Refused(f"the broker does not do {name}; it does cancel and end-of-day")
        for parent in chosen:
            said += self._wind_up(parent, now)
            self._orders.settle(parent)
        said += self._of_lists_said(now)
        return {"venue": self._rules.name, "orders": [one.order_id for one in chosen]}, said

    def view(self, path: tuple[str, ...]) -> dict[str, object]:
        """orders, symbols. Raises Refused."""
        name = {"venue": self._rules.name}
        if path == ("orders",):
            return {**name, "orders": [parent_shown(one) for one in self._orders]}
        if path == ("symbols",):
            symbols = sorted({one for listed in self._listed.values() for one in listed})
            return {**name, "symbols": symbols, "works_on": list(self._rules.works_on)}
        raise Refused(f"a broker has no view {'/'.join(path)}; look at orders or symbols")

    def _of_lists_said(self, now: datetime) -> list[Message]:
        """What is said of lists, behind the reports of their orders."""
        place, ended = self._listed_orders, self._orders.ended_listed
        place.set(now)
        for parent in ended:
            if not parent.is_open:
                order = parent.order
                self._lists.ended(order.client, order.list_id, order.cl_ord_id, how(parent))
        ended.clear()
        self._lists.publish()
        said, place.said = place.said, []
        return said

    def _call_off(self, parent: Parent, text: str, now: datetime) -> list[Message]:
        """End an order with its list, as soon as nothing of it is out."""
        parent.called_off = text
        self._errands += ask_back(parent)
        said = self._wind_up(parent, now)
        self._orders.settle(parent)
        return said

    def _take(self, order: NewOrder, now: datetime) -> list[Message]:
        known = self._orders.named(order.client, order.cl_ord_id)
        if known is not None and order.poss_resend:
            return [self._desk.report(known, ExecType.ORDER_STATUS, now)]
        if known is not None:
            return [self._desk.duplicate_refused(order, known, now)]
        refusal = refusal_of(order, self._rules, self._listed)
        if refusal is not None:
            return [self._desk.order_refused(order, *refusal, now)]
        plan = read_plan(order, self._rules, now)
        if not isinstance(plan, Plan):
            return [self._desk.order_refused(order, OrdRejReason.OTHER, plan, now)]
        parent = Parent.of(order, plan, self._orders.count + 1, self._rules.name)
        self._orders.add(parent)
        self._look_at(order.symbol)
        self._orders.settle(parent)
        return [self._desk.report(parent, ExecType.NEW, now)]

    def _change(self, request: CancelOrder | ReplaceOrder, now: datetime) -> list[Message]:
        if self._speaks_for(request, now):
            return []
        parent = self._orders.named(request.client, request.orig_cl_ord_id)
        refusal: changes.Refusal | None = (CxlRejReason.UNKNOWN_ORDER, "unknown order")
        if self._orders.named(request.client, request.cl_ord_id) is not None:
            refusal = (CxlRejReason.DUPLICATE_CL_ORD_ID, "ClOrdID (11) was used before")
        elif parent is not None:
            refusal = changes.refusal_of(request, parent, self._rules, self._listed, now)
        if parent is None or refusal is not None:
            assert refusal is not None
            return [self._desk.change_refused(request, parent, *refusal, now)]
        self._orders.name(parent, request.cl_ord_id)
        if parent.children:
            self._errands += ask_back(parent)
            return [changes.pending(parent, request, self._desk, now)]
        others = self._others_volume(parent)
        said = [changes.done(parent, request, self._desk, others, now)]
        self._orders.settle(parent)
        return said

    def _speaks_for(self, request: CancelOrder | ReplaceOrder | AskStatus, now: datetime) -> bool:
        """Whether it is about an order that waits in a list, which has answered it."""
        self._listed_orders.set(now)
        return bool(self._lists.waiting) and self._lists.speaks_for(request)

    def _status(self, request: AskStatus, now: datetime) -> list[Message]:
        if self._speaks_for(request, now):
            return []
        parent = self._orders.named(request.client, request.cl_ord_id)
        if parent is None:
            return [self._desk.unknown_status(request, now)]
        older = "" if request.cl_ord_id == parent.cl_ord_id else request.cl_ord_id
        return [self._desk.report(parent, ExecType.ORDER_STATUS, now, orig_cl_ord_id=older)]

    def _mass_status(self, request: AskMassStatus, now: datetime) -> list[Message]:
        mine = [
            one
            for one in self._orders
            if one.is_open
            and one.client == request.client
            and request.symbol in {"", one.order.symbol}
        ]
        return list(self._desk.mass_status(request, mine, now))

    def _slice(self, parent: Parent, now: datetime) -> list[Message]:
        """Send what the strategy wants done by now; at the end time, wind up."""
        others = self._others_volume(parent)
        if parent.volume is None:
            parent.volume = others
        if parent.change is None:
            need = shares_needed(parent, self._rules, others, now)
            self._send(parent, need)
        if now >= parent.plan.end:
            return self._wind_up(parent, now)
        parent.due = min(now + self._rules.slice_interval, parent.plan.end)
        return []

    def _send(self, parent: Parent, need: int) -> None:
        orders = children_for(parent, need, self._rules, self._listed, self._watch)
        for venue, order in orders:
            child = Child(order.cl_ord_id, venue, int(order.quantity))
            parent.children[child.cl_ord_id] = child
            self._orders.child(parent, child.cl_ord_id)
            self._errands.append((venue, order))

    def _all_back(self, parent: Parent, now: datetime) -> list[Message]:
        """No child is out any more: what waited for that."""
        if parent.change is not None:
            others = self._others_volume(parent)
            return [changes.done(parent, parent.change, self._desk, others, now)]
        if parent.closing:
            return self._finish(parent, now)
        if parent.is_open and parent.due is None:  # A bust has opened it again.
            parent.due = max(now, min(now + self._rules.slice_interval, parent.plan.end))
        return []

    def _wind_up(self, parent: Parent, now: datetime) -> list[Message]:
        """End the order, as soon as nothing of it is out."""
        parent.due, parent.closing = None, True
        return [] if parent.children else self._finish(parent, now)

    def _finish(self, parent: Parent, now: datetime) -> list[Message]:
        if not parent.is_open:
            return []
        if parent.called_off:
            parent.ended = OrdStatus.CANCELED
            report = self._desk.report(parent, ExecType.CANCELED, now)
            return [report._replace(text=parent.called_off)]
        if self._rules.rest is Rest.DONE_FOR_DAY:
            parent.ended = OrdStatus.DONE_FOR_DAY
            return [self._desk.report(parent, ExecType.DONE_FOR_DAY, now)]
        parent.ended = OrdStatus.CANCELED
        report = self._desk.report(parent, ExecType.CANCELED, now)
        reason = RestatementReason.BROKER_OPTION
        return [report._replace(restatement_reason=reason, text="the order has ended")]

    def _look_at(self, symbol: str) -> None:
        for venue in self._rules.works_on:
            if symbol in self._listed[venue]:
                request = self._watch.begin(venue, symbol, f"{self._rules.name}{INSIDER}0")
                if request is not None:
                    self._errands.append((venue, request))

    def _others_volume(self, parent: Parent) -> int:
        symbol = parent.order.symbol
        return self._watch.volume(symbol) - self._executions.volume(symbol)


def _nothing(_request: Connected, _now: datetime) -> list[Message]:
    """A client that connects changes nothing here."""
    return []
