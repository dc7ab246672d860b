"""Planted bugs: each breaks one promise on purpose, and the simulation must catch it.

They are the mistakes that gateways really make; each is switched on by its name.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from unittest.mock import patch

from domain import order_states
from domain.day_roll import DayRoll
from domain.kills import Scope, first_that_stops
from domain.order_states import UNKNOWN_ORDER
from domain.orders import (
    Alarm,
    CancelRequest,
    DayEnded,
    ExecType,
    ExecutionReport,
    NeverSent,
    Order,
    OrderIntent,
    OrdStatus,
    ReplaceRequest,
    Side,
)
from domain.ports import UnitOfWork
from domain.runs import Kill
from gateway import changes, codec
from gateway.arrivals import Arrival, ArrivalKind
from gateway.callbacks import Callbacks
from gateway.claims import Claim, mark_sent
from gateway.day_ends import DayEnds
from gateway.inbox import Inbox
from gateway.list_claims import Listed
from gateway.questions import Questions
from gateway.settings import VenueProfile
from gateway.wiretext import value_of
from oms import booking
from oms.booking import Booking
from tests.simulation.engine import SimEngine
from tests.simulation.venue import LISTED
from vault.store import SqlVault

Plant = Callable[[ExitStack], None]
_ACCOUNT = "TRIMTAB"


def _blind_resend(stack: ExitStack) -> None:
    """After a logon every order without an answer is sent once more."""
    ask = Questions.ask_after_logon

    def ask_and_send(self: Questions, profile: VenueProfile) -> None:
        if self._standing.is_unasked(profile.venue):
            with self._vault.read() as view:
                orders = [one for one in view.orders.open() if one.sent and not one.order_id]
            for order in orders:
                text = codec.encode(order.intent, order, account=_ACCOUNT, at=self._clock.now())
                self._engine.send(profile.session.name, text)
        ask(self, profile)

    stack.enter_context(patch.object(Questions, "ask_after_logon", ask_and_send))


def _no_dedupe(stack: ExitStack) -> None:
    """An ExecID that came before is booked as if it were another."""
    apply = Booking.apply

    def book_anew(self: Booking, uow: UnitOfWork, message: Any, at: datetime) -> tuple[Alarm, ...]:
        if isinstance(message, ExecutionReport) and message.exec_type is ExecType.TRADE:
            found = uow.orders.execution(message.venue, message.trade_date, message.exec_id)
            if found is not None:
                message = replace(message, exec_id=f"{message.exec_id}-{at:%H%M%S%f}")
        return apply(self, uow, message, at)

    stack.enter_context(patch.object(Booking, "apply", book_anew))


def _early_acknowledgement(stack: ExitStack) -> None:
    """The inbound number is durable before the message is booked."""
    commit = Inbox._commit

    def count_then_book(self: Inbox, batch: Sequence[Arrival], *, keep_raw: bool = False) -> int:
        with self._vault.write() as uow:
            for one in batch:
                if one.kind is ArrivalKind.APPLICATION:
                    at = self._desk.clock.now()
                    uow.inbox.record(one.session, one.sequence, one.raw, at)
        return commit(self, batch, keep_raw=keep_raw)

    stack.enter_context(patch.object(Inbox, "_commit", count_then_book))


def _no_rewind(stack: ExitStack) -> None:
    """The engine goes on with its own inbound number, not with the durable one."""
    stack.enter_context(patch.object(SimEngine, "rewinds", new=False))


def _pending_is_done(stack: ExitStack) -> None:
    """A cancel that was asked for counts as granted."""
    handle = order_states._HANDLERS[CancelRequest]

    def cancel(order: Order, event: Any) -> order_states.Outcome:
        asked, alarms = handle(order, event)
        return replace(asked, status=OrdStatus.CANCELED, pending=()), alarms

    handlers = {**order_states._HANDLERS, CancelRequest: cancel}
    stack.enter_context(patch.object(order_states, "_HANDLERS", handlers))


def _late_fill_dropped(stack: ExitStack) -> None:
    """A fill of an order that is over is thought to be a mistake of the venue's."""
    apply = Booking.apply

    def drop(self: Booking, uow: UnitOfWork, message: Any, at: datetime) -> tuple[Alarm, ...]:
        order = uow.orders.get(message.cl_ord_id)
        is_fill = getattr(message, "exec_type", None) is ExecType.TRADE
        if is_fill and order is not None and order.is_closed:
            return ()
        return apply(self, uow, message, at)

    stack.enter_context(patch.object(Booking, "apply", drop))


def _duplicate_leaves(stack: ExitStack) -> None:
    """What the venue asks for again goes out again, orders too."""
    may_leave = Callbacks.may_leave

    def let(self: Callbacks, text: str, session: str) -> bool:
        return value_of(text, 43) == "Y" or may_leave(self, text, session)

    stack.enter_context(patch.object(Callbacks, "may_leave", let))


def _open_in_doubt(stack: ExitStack) -> None:
    """New orders go out while others are in doubt."""
    stack.enter_context(patch.object(Questions, "hold", lambda _self, _uow, _venue: ""))


def _kill_overlooked(stack: ExitStack) -> None:
    """Kill switches are looked at when an order is entered, and never again."""
    for module in ("gateway.gate", "gateway.last_look"):
        stack.enter_context(patch(f"{module}.first_that_stops", lambda _kills, _intent: None))


def _bust_not_posted(stack: ExitStack) -> None:
    """A bust changes the order, and the ledger keeps its legs."""
    post = booking._post

    def leave(uow: UnitOfWork, report: ExecutionReport, order: Order, at: datetime) -> None:
        if report.exec_type is not ExecType.TRADE_CANCEL:
            post(uow, report, order, at)

    stack.enter_context(patch.object(booking, "_post", leave))


def _unknown_is_proof(stack: ExitStack) -> None:
    """A venue that says "unknown order" is believed at once."""

    def believe(uow: UnitOfWork, report: ExecutionReport, at: datetime) -> tuple[Alarm, ...]:
        order = uow.orders.get(report.cl_ord_id)
        if report.ord_rej_reason != UNKNOWN_ORDER or order is None or order.fills:
            return ()
        never = NeverSent(cl_ord_id=order.intent.cl_ord_id, at=at, why="unknown", accidental=True)
        dead, alarms = order_states.apply(order, never)
        uow.orders.append(dead, never, at)
        return alarms

    stack.enter_context(patch("gateway.doubts.settle_unknown", believe))


def _doubt_forgotten(stack: ExitStack) -> None:
    """After a restart nobody asks what became of the orders without an answer."""

    def forget(*_anything: object, **_more: object) -> tuple[Alarm, ...]:
        return ()

    stack.enter_context(patch("tests.simulation.process.raise_doubts", forget))
    stack.enter_context(patch("gateway.questions.doubts.after_logon", forget))


def _sold_as_bought(stack: ExitStack) -> None:
    """A correction is posted on the other side."""
    post = booking._post

    def turn(uow: UnitOfWork, report: ExecutionReport, order: Order, at: datetime) -> None:
        if report.exec_type is ExecType.TRADE_CORRECT:
            other = Side.SELL if order.intent.side is Side.BUY else Side.BUY
            order = replace(order, intent=replace(order.intent, side=other))
            report = replace(report, side=other)
        post(uow, report, order, at)

    stack.enter_context(patch.object(booking, "_post", turn))


def _replace_is_done(stack: ExitStack) -> None:
    """A replace that was asked for counts as granted."""
    handle = order_states._HANDLERS[ReplaceRequest]

    def change(order: Order, event: Any) -> order_states.Outcome:
        asked, alarms = handle(order, event)
        return replace(asked, order_qty=event.quantity, limit_price=event.limit_price), alarms

    handlers = {**order_states._HANDLERS, ReplaceRequest: change}
    stack.enter_context(patch.object(order_states, "_HANDLERS", handlers))


def _unasked_end_ignored(stack: ExitStack) -> None:
    """Nobody asked for it to be cancelled, so it is not: what an IOC order leaves stays open."""
    apply = Booking.apply

    def drop(self: Booking, uow: UnitOfWork, message: Any, at: datetime) -> tuple[Alarm, ...]:
        order = uow.orders.get(message.cl_ord_id)
        is_end = getattr(message, "exec_type", None) is ExecType.CANCELED
        if is_end and order is not None and not order.pending:
            return ()
        return apply(self, uow, message, at)

    stack.enter_context(patch.object(Booking, "apply", drop))


def _venues_share_exec_ids(stack: ExitStack) -> None:
    """An ExecID that another venue gave is thought to be known."""
    apply = Booking.apply

    def drop(self: Booking, uow: UnitOfWork, message: Any, at: datetime) -> tuple[Alarm, ...]:
        if isinstance(message, ExecutionReport) and message.exec_type is ExecType.TRADE:
            others = LISTED.keys() - {message.venue}
            if any(uow.orders.execution(v, message.trade_date, message.exec_id) for v in others):
                return ()
        return apply(self, uow, message, at)

    stack.enter_context(patch.object(Booking, "apply", drop))


def _yesterday_goes_out(stack: ExitStack) -> None:
    """An order that waited through the night goes out in the morning."""
    stack.enter_context(patch("gateway.claims._over", lambda _intent, _profile, _at: ""))


def _good_till_ends(stack: ExitStack) -> None:
    """The day roll ends every order, and the venue's answers are not waited for."""

    def end(
        self: DayEnds, uow: UnitOfWork, order: Order, _answered: int, today: date
    ) -> tuple[Alarm, ...]:
        at = self._clock.now()
        ended = DayEnded(cl_ord_id=order.intent.cl_ord_id, at=at, why="a night", day=today)
        return self._sink.apply(uow, ended, at)

    def is_over(self: DayRoll, _intent: OrderIntent, entered: datetime, now: datetime) -> bool:
        return self.day_of(entered) < self.day_of(now)

    stack.enter_context(patch.object(DayEnds, "_end", end))
    stack.enter_context(patch.object(DayRoll, "is_over", is_over))


def _parts_overlooked(stack: ExitStack) -> None:
    """The gateway knows kill switches of the firm and of venues only."""

    parts = {Scope.ACCOUNT, Scope.STRATEGY}

    def first(kills: Iterable[Kill], intent: OrderIntent) -> Kill | None:
        return first_that_stops((one for one in kills if one.scope not in parts), intent)

    for module in ("gateway.gate", "gateway.last_look"):
        stack.enter_context(patch(f"{module}.first_that_stops", first))


def _list_not_marked(stack: ExitStack) -> None:
    """Of a list only the first order is marked as sent before it goes."""
    mark = Listed.mark

    def mark_one(
        self: Listed, uow: UnitOfWork, profile: VenueProfile, claim: Claim, at: datetime
    ) -> None:
        heads = {members[0][1].cl_ord_id for members in self._members.values()}

        def mark_head(uow: UnitOfWork, body: Any, order: Any, at: datetime) -> tuple[Alarm, ...]:
            return mark_sent(uow, body, order, at) if body.cl_ord_id in heads else ()

        with patch("gateway.list_claims.mark_sent", mark_head):
            mark(self, uow, profile, claim, at)

    stack.enter_context(patch.object(Listed, "mark", mark_one))


def _memory_outlives_failure(stack: ExitStack) -> None:
    """What is remembered of a transaction stays after its commit was refused."""
    keep = patch.object(SqlVault, "_known_or_forgotten", lambda _self: nullcontext())
    stack.enter_context(keep)


def _forgotten_replace(stack: ExitStack) -> None:
    """A replace that never left, or was lost with its session, stays pending."""
    for way in ("never_left", "settle_unknown"):
        stack.enter_context(patch.object(changes, way, lambda *_: ()))


def _replace_given_up(stack: ExitStack) -> None:
    """A replace is void as soon as its session breaks off."""
    ask = changes.ask_about_all

    def give_up(uow: UnitOfWork, venue: str, at: datetime) -> tuple[str, ...]:
        for name in ask(uow, venue, at):
            order = uow.orders.get(name)
            wish = next(one for one in order.pending if one.cl_ord_id == name) if order else None
            if order is not None and isinstance(wish, ReplaceRequest):
                changes.declare_void(uow, order, wish, "the session was lost", at)
        return ()

    stack.enter_context(patch.object(changes, "ask_about_all", give_up))


PLANTS: Mapping[str, Plant] = {
    "blind_resend": _blind_resend,
    "no_dedupe": _no_dedupe,
    "early_acknowledgement": _early_acknowledgement,
    "no_rewind": _no_rewind,
    "pending_is_done": _pending_is_done,
    "late_fill_dropped": _late_fill_dropped,
    "duplicate_leaves": _duplicate_leaves,
    "open_in_doubt": _open_in_doubt,
    "kill_overlooked": _kill_overlooked,
    "bust_not_posted": _bust_not_posted,
    "unknown_is_proof": _unknown_is_proof,
    "doubt_forgotten": _doubt_forgotten,
    "sold_as_bought": _sold_as_bought,
    "replace_is_done": _replace_is_done,
    "unasked_end_ignored": _unasked_end_ignored,
    "venues_share_exec_ids": _venues_share_exec_ids,
    "yesterday_goes_out": _yesterday_goes_out,
    "good_till_ends": _good_till_ends,
    "parts_overlooked": _parts_overlooked,
    "list_not_marked": _list_not_marked,
    "memory_outlives_failure": _memory_outlives_failure,
    "forgotten_replace": _forgotten_replace,
    "replace_given_up": _replace_given_up,
}
