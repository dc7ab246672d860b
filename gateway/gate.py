"""The gate: what may leave now, what waits, and what never will.

Pure: the facts go in, a verdict comes out. A cancel passes a kill switch, a
new order does not and is taken back for good, so that nothing stale goes out
when the switch is lifted.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from domain.allocations import AllocationAnswer, AllocationInstruction
from domain.kills import first_that_stops, in_words
from domain.orders import (
    CancelRequest,
    ListCancelRequest,
    Order,
    OrderIntent,
    OrdStatus,
    ReplaceRequest,
)
from domain.ports import Kinds, ListExecuteRequest, OutboxBody
from domain.restrictions import NO_BARS, Bars, bar_to
from domain.runs import Kill


class Verdict(StrEnum):
    """What to do with one message."""

    SEND = "send"
    HOLD = "hold"
    WITHDRAW = "withdraw"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with its reason; `order_too` when the order itself is to be taken back."""

    verdict: Verdict
    why: str = ""
    order_too: bool = False


HELD: Kinds = (OrderIntent, AllocationInstruction, ListExecuteRequest)
"""What a shut gate keeps back."""

Stops = tuple[Sequence[Kill], Bars]  # Kill switches and restrictions.
_SEND = Judgement(Verdict.SEND)
_RESERVE_SECONDS = 10


def judge(
    body: OutboxBody,
    order: Order | None,
    kills: Sequence[Kill],
    hold: str,
    *,
    bars: Bars = NO_BARS,
    are_all_asked: bool = False,
    members: Sequence[Order] = (),
) -> Judgement:
    """What may happen to `body`, whose order is `order`; `hold` says why new orders wait, if so.

    `members` are the open orders of the list that it begins.

    `are_all_asked`: the venue owes us a report of every order, so questions about one wait.
    """
    if isinstance(body, OrderIntent):
        return _judge_order(body, order, kills, bars, hold)
    if isinstance(body, CancelRequest | ReplaceRequest):
        return _judge_change(body, order, kills, bars)
    if isinstance(body, AllocationInstruction):
        return _judge_instruction(body, order, kills, bars, hold)
    if isinstance(body, ListExecuteRequest):
        return _judge_begin(members, kills, bars, hold)
    if are_all_asked and not isinstance(body, ListCancelRequest | AllocationAnswer):
        return Judgement(Verdict.HOLD, "the venue is being asked for all its orders")
    return _SEND


def _judge_order(
    intent: OrderIntent, order: Order | None, kills: Sequence[Kill], bars: Bars, hold: str
) -> Judgement:
    if order is None or order.is_closed:
        return Judgement(Verdict.WITHDRAW, "the order is closed or unknown")
    if why := _stopped(intent, kills, bars):
        return Judgement(Verdict.WITHDRAW, why)
    if hold:
        return Judgement(Verdict.HOLD, hold)
    return _SEND


def _stopped(intent: OrderIntent, kills: Sequence[Kill], bars: Bars) -> str | None:
    if kill := first_that_stops(kills, intent):
        return f"kill switch on {in_words(kill)}: {kill.why}"
    bar = bar_to(bars, intent)
    return None if bar is None else bar.why


def _judge_instruction(
    instruction: AllocationInstruction,
    order: Order | None,
    kills: Sequence[Kill],
    bars: Bars,
    hold: str,
) -> Judgement:
    """A preliminary one shares the fate of its order; the others speak of what has happened."""
    if order is None:
        return Judgement(Verdict.WITHDRAW, "the order is unknown")
    if instruction.precedes_its_order:
        return _judge_order(order.intent, order, kills, bars, hold)
    return Judgement(Verdict.HOLD, hold) if hold else _SEND


def _judge_change(
    request: CancelRequest | ReplaceRequest, order: Order | None, kills: Sequence[Kill], bars: Bars
) -> Judgement:
    if order is None:
        return Judgement(Verdict.WITHDRAW, f"there is no order {request.orig_cl_ord_id}")
    if order.status is OrdStatus.UNSENT:
        return Judgement(Verdict.WITHDRAW, "the order never left")
    why = _stopped(order.intent, kills, bars)
    if why is not None and isinstance(request, ReplaceRequest):
        return Judgement(Verdict.WITHDRAW, why)
    if order.sent:
        return _SEND
    if isinstance(request, CancelRequest):
        why = f"canceled before it was sent: {request.why}"
        return Judgement(Verdict.WITHDRAW, why, order_too=True)
    verdict = Verdict.WITHDRAW if order.is_closed else Verdict.HOLD
    return Judgement(verdict, f"the order is {order.status.name} and was not sent")


def _judge_begin(
    members: Sequence[Order], kills: Sequence[Kill], bars: Bars, hold: str
) -> Judgement:
    """Whether a list may begin: it sends its orders to the market."""
    if hold:
        return Judgement(Verdict.HOLD, hold)
    if not members:
        return Judgement(Verdict.WITHDRAW, "no order of the list is open any more")
    if any(_stopped(order.intent, kills, bars) for order in members):
        return Judgement(Verdict.HOLD, "an order of it is stopped, and not cancelled yet")
    if all(any(isinstance(wish, CancelRequest) for wish in one.pending) for one in members):
        return Judgement(Verdict.HOLD, "all of it is to be cancelled")
    return _SEND


class Throttle:
    """At most `rate` messages a second, with a second's worth of burst. Time is an argument.

    Cancels do not wait for it: they may run up a debt of ten seconds' worth, and what is
    new waits until that is paid. Threads may share it.
    """

    def __init__(self, rate: int) -> None:
        assert rate > 0
        self._lock = threading.Lock()
        self._rate = rate
        self._tokens = float(rate)
        self._at = 0.0

    def available(self, now: float) -> int:
        """How many messages may go at `now` (seconds of a monotonic clock); none in debt."""
        with self._lock:
            elapsed = max(0.0, now - self._at)
            self._tokens = min(float(self._rate), self._tokens + elapsed * self._rate)
            self._at = now
            return max(0, int(self._tokens))

    def available_to_cancels(self, now: float) -> int:
        """How many cancels may go at `now`."""
        self.available(now)
        return max(0, int(self._tokens) + _RESERVE_SECONDS * self._rate)

    def spend(self, count: int) -> None:
        """`count` messages went out."""
        with self._lock:
            self._tokens -= count
