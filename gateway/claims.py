"""Claims: what one transaction marks as handed over, and what it takes back.

A message is marked, and its order as sent, before the engine sees it; from then on it
is never sent again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from domain.allocations import (
    AllocationAnswer,
    AllocationInstruction,
    AllocationLost,
    AllocationSent,
    AllocationWithdrawn,
)
from domain.errors import BadInputError
from domain.order_states import apply
from domain.orders import (
    Alarm,
    CancelRequest,
    ListCancelRequest,
    NeverSent,
    Order,
    OrderIntent,
    ReplaceRequest,
    Sent,
)
from domain.ports import ListExecuteRequest, OutboxBody, OutboxMessage, StatusRequest, UnitOfWork
from gateway import changes, codec, notices
from gateway.beginnings import begin
from gateway.doubts import ask
from gateway.gate import Judgement, Verdict
from gateway.lists import Fragment
from gateway.settings import VenueProfile
from gateway.stranded import take_back

_ACTOR = "gateway"
_EVERYTHING = 100_000


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message as text, marked and ready to go.

    `exposes` is the order that it sends, or changes: what a kill switch is asked about.
    """

    body: OutboxBody
    text: str
    exposes: tuple[OrderIntent, ...] = ()


@dataclass(frozen=True, slots=True)
class ListParcel:
    """A list, whole: its fragments go one after the other, or not at all."""

    fragments: tuple[Fragment, ...]

    @property
    def orders(self) -> tuple[OrderIntent, ...]:
        return tuple(order for fragment in self.fragments for order in fragment.orders)


@dataclass(slots=True)
class Room:
    """How much one claim may send. Cancels have a room of their own: nothing delays them."""

    cancels: int
    others: int

    def has_left(self, body: OutboxBody) -> bool:
        return (self.cancels if is_cancel(body) else self.others) > 0

    def take(self, body: OutboxBody) -> None:
        if is_cancel(body):
            self.cancels -= 1
        self.others -= 1  # What is new pays for the cancels too.


@dataclass(slots=True)
class Claim:
    """What one transaction marked and took back."""

    seen: int  # Kill switches that this process had set before: see `gateway.last_look`.
    parcels: list[Parcel] = field(default_factory=list)
    lists: list[ListParcel] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)  # Of all that goes.
    settled: list[int] = field(default_factory=list)  # Questions that need no asking any more.
    alarms: list[Alarm] = field(default_factory=list)
    withdrawn: int = 0

    def has_moved(self) -> bool:
        """Whether anything left the queue."""
        return bool(self.numbers or self.settled or self.withdrawn)

    def orders(self) -> list[OrderIntent]:
        """Every new order in it."""
        alone = [one.body for one in self.parcels if isinstance(one.body, OrderIntent)]
        return alone + [order for one in self.lists for order in one.orders]

    def changes(self) -> list[str]:
        """ClOrdIDs of the cancels and replaces in it."""
        wishes = (CancelRequest, ReplaceRequest)
        return [one.body.cl_ord_id for one in self.parcels if isinstance(one.body, wishes)]

    def bodies(self) -> list[OutboxBody]:
        """Everything that is marked."""
        alone = [one.body for one in self.parcels]
        return alone + [order for one in self.lists for order in one.orders]


def encoded(
    body: OutboxBody, order: Order | None, profile: VenueProfile, at: datetime
) -> tuple[Judgement, str]:
    """The message's text; what cannot go on a wire, or was for another day, is withdrawn."""
    if isinstance(body, OrderIntent) and (why := _over(body, profile, at)):
        return Judgement(Verdict.WITHDRAW, why), ""
    account, dialect = profile.account, profile.dialect
    try:
        text = codec.encode(body, order, account=account, at=at, dialect=dialect)
    except BadInputError as error:
        return Judgement(Verdict.WITHDRAW, f"it cannot go on the wire: {error}"), ""
    return Judgement(Verdict.SEND), text


def _over(intent: OrderIntent, profile: VenueProfile, at: datetime) -> str:
    """Why its time is over: it waited over its own end, or the venue's day roll. Or empty."""
    if intent.expires_at is not None and intent.expires_at <= at:
        return f"it was good till {intent.expires_at:%Y-%m-%d %H:%M:%S} UTC, and that is over"
    roll, entered = profile.day_roll, intent.arrived_at
    if roll is not None and entered is not None and roll.is_over(intent, entered, at):
        return "the trading day that it was entered for is over"
    return ""


def mark_sent(
    uow: UnitOfWork, body: OutboxBody, order: Order | None, at: datetime
) -> tuple[Alarm, ...]:
    """The order counts as sent, or the instruction; all else is only handed over."""
    if isinstance(body, AllocationInstruction) and order is not None:
        venue = order.intent.venue
        fact = AllocationSent(alloc_id=body.alloc_id, order=body.order, venue=venue, sent_at=at)
        uow.allocations.append(body.order, fact, at)
    if not isinstance(body, OrderIntent) or order is None:
        return ()
    sent = Sent(cl_ord_id=body.cl_ord_id, sent_at=at)
    marked, alarms = apply(order, sent)
    uow.orders.append(marked, sent, at)
    return alarms


def withdraw(
    uow: UnitOfWork, body: OutboxBody, order: Order | None, judgement: Judgement, at: datetime
) -> tuple[Alarm, ...]:
    """Take the message back for good, and the order with it when it can never be sent."""
    if not uow.outbox.withdraw(body.cl_ord_id, at):
        return ()
    note_withdrawn(uow, body, judgement.why, at)
    alarm = Alarm(kind="message_withdrawn", cl_ord_id=body.cl_ord_id, message=judgement.why)
    if isinstance(body, AllocationInstruction):
        withdrawn = AllocationWithdrawn(alloc_id=body.alloc_id, at=at, why=judgement.why)
        uow.allocations.append(body.order, withdrawn, at)
    if isinstance(body, ReplaceRequest):
        return (alarm, *changes.never_left(uow, body, judgement.why, at))
    if order is None or not (isinstance(body, OrderIntent) or judgement.order_too):
        return (alarm,)
    if judgement.order_too and not uow.outbox.withdraw(order.intent.cl_ord_id, at):
        return (alarm,)
    return (alarm, *declare_unsent(uow, order.intent.cl_ord_id, judgement.why, at))


def note_withdrawn(uow: UnitOfWork, body: OutboxBody, why: str, at: datetime) -> None:
    """The venue never gets the message, on purpose."""
    uow.audit.append(
        at=at,
        actor=_ACTOR,
        kind="message_withdrawn",
        subject=body.cl_ord_id,
        body={"message": type(body).__name__, "why": why},
    )


def declare_unsent(
    uow: UnitOfWork, cl_ord_id: str, why: str, at: datetime, *, accidental: bool = False
) -> tuple[Alarm, ...]:
    """The order provably never reached the engine."""
    order = uow.orders.get(cl_ord_id)
    assert order is not None
    never = NeverSent(cl_ord_id=cl_ord_id, at=at, why=why, accidental=accidental)
    dead, alarms = apply(order, never)
    uow.orders.append(dead, never, at)
    take_back(uow, order.intent.venue, cl_ord_id, at)
    return alarms


def order_of(uow: UnitOfWork, body: OutboxBody) -> Order | None:
    """The order that a message speaks of."""
    name = codec.named_order(body)
    return uow.orders.get(name) if name else None


def declare_lost(
    uow: UnitOfWork, venue: str, body: OutboxBody, why: str, at: datetime
) -> tuple[Alarm, ...]:
    """The engine provably never took the message: what it said is said by another one."""
    if isinstance(body, OrderIntent):
        return declare_unsent(uow, body.cl_ord_id, why, at, accidental=True)
    if isinstance(body, AllocationInstruction):
        return notices.lost(uow, venue, body, why, at)
    if isinstance(body, ListExecuteRequest):
        begin(uow, venue, body.list_id, at)
    if isinstance(body, AllocationAnswer):
        uow.outbox.queue(venue, replace(body, attempt=body.attempt + 1), at)
    if isinstance(body, CancelRequest | ListCancelRequest | StatusRequest):
        # Its answer shows no sign of the cancel, which is then asked for again.
        ask(uow, _open_orders_of(uow, body), at)
    return changes.never_left(uow, body, why, at)


def _open_orders_of(
    uow: UnitOfWork, body: CancelRequest | ReplaceRequest | ListCancelRequest | StatusRequest
) -> list[Order]:
    """The orders that it speaks of and that have not ended."""
    if isinstance(body, ListCancelRequest):
        return [one for one in uow.orders.open() if one.intent.list_id == body.list_id]
    order = order_of(uow, body)
    return [] if order is None or order.is_closed else [order]


def exposed_by(
    body: OutboxBody, order: Order | None, members: Sequence[Order] = ()
) -> tuple[OrderIntent, ...]:
    """The orders that a message sends, changes or begins; cancels and questions expose nothing."""
    if isinstance(body, OrderIntent):
        return (body,)
    if isinstance(body, ListExecuteRequest):
        return tuple(one.intent for one in members)
    return (order.intent,) if isinstance(body, ReplaceRequest) and order is not None else ()


def was_marked(uow: UnitOfWork, body: OutboxBody) -> bool:
    """Whether a claim of unknown outcome was committed after all."""
    if isinstance(body, OrderIntent):
        order = order_of(uow, body)
        return order is not None and order.sent
    if isinstance(body, AllocationInstruction):
        facts = uow.allocations.of_order(body.order)
        return any(isinstance(f, AllocationSent) and f.alloc_id == body.alloc_id for f in facts)
    if isinstance(body, ListExecuteRequest):
        return True  # Saying it again takes back what may still wait.
    if isinstance(body, AllocationAnswer):
        waiting = uow.outbox.waiting(body.venue, _EVERYTHING)
        return all(message.body != body for message in waiting)
    venues = {one.intent.venue for one in _open_orders_of(uow, body)}
    name = (type(body), body.cl_ord_id)  # Of a wish that was undone: another one may have it now.
    return bool(venues) and all(
        (type(message.body), message.body.cl_ord_id) != name
        for venue in venues
        for message in uow.outbox.waiting(venue, _EVERYTHING)
    )


def has_ended(uow: UnitOfWork, body: OutboxBody) -> bool:
    """Whether a message is known to be lost, or its wish is over or was undone."""
    if isinstance(body, AllocationInstruction):
        facts = uow.allocations.of_order(body.order)
        return any(isinstance(f, AllocationLost) and f.alloc_id == body.alloc_id for f in facts)
    if isinstance(body, AllocationAnswer):
        again = replace(body, attempt=body.attempt + 1)
        return any(one.body == again for one in uow.outbox.waiting(body.venue, _EVERYTHING))
    if isinstance(body, ReplaceRequest):
        order = order_of(uow, body)
        return order is None or all(one.cl_ord_id != body.cl_ord_id for one in order.pending)
    return False


def urgent_first(messages: Iterable[OutboxMessage]) -> list[OutboxMessage]:
    """Cancels, replaces and questions before new orders; each kind in the order it was queued.

    A preliminary allocation goes with the orders, ahead of its own.
    """
    return sorted(messages, key=lambda message: _is_new(message.body))


def is_cancel(body: OutboxBody) -> bool:
    """Whether nothing may delay it."""
    return isinstance(body, CancelRequest | ListCancelRequest)


def _is_new(body: OutboxBody) -> bool:
    if isinstance(body, AllocationInstruction):
        return body.precedes_its_order
    return isinstance(body, OrderIntent)
