"""Planted bugs of the rarer kinds: allocations, auctions, pegs, drop copies."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

from domain import change_answers
from domain.orders import (
    Algo,
    ExecType,
    ExecutionReport,
    Order,
    OrderIntent,
    OrdType,
    Strategy,
    TimeInForce,
)
from domain.ports import UnitOfWork
from domain.splits import Split
from gateway import codec
from gateway.comparison import contradiction
from gateway.copies import Copies
from ledger import splits
from oms import booking
from oms.booking import Booking

Plant = Callable[[ExitStack], None]
_AUCTIONS = (TimeInForce.OPG, TimeInForce.CLS)


def _allocation_told_once(stack: ExitStack) -> None:
    """A broker is told of a block at its end, and not when a late fill or a bust changes it."""
    tell = booking.instruct

    def tell_first(uow: UnitOfWork, order: Order, ways: Any, at: datetime) -> None:
        if not uow.allocations.of_order(order.intent.cl_ord_id):
            tell(uow, order, ways, at)

    stack.enter_context(patch.object(booking, "instruct", tell_first))


def _auction_forgotten(stack: ExitStack) -> None:
    """TimeInForce goes out as Day whatever was meant: what is for an auction trades before it."""
    _sent_as(stack, lambda one: one.time_in_force in _AUCTIONS, time_in_force=TimeInForce.DAY)


def _peg_forgotten(stack: ExitStack) -> None:
    """A pegged order goes out as a limit order at its limit."""
    _sent_as(stack, lambda one: one.peg is not None, ord_type=OrdType.LIMIT, peg=None)


def _algorithm_forgotten(stack: ExitStack) -> None:
    """Every algorithm goes out as VWAP, over the time that the broker takes for it."""
    _sent_as(stack, lambda one: one.algo is not None, algo=Algo(strategy=Strategy.VWAP))


def _sent_as(stack: ExitStack, wanted: Callable[[OrderIntent], bool], **terms: Any) -> None:
    encode = codec.encode

    def encode_another(body: Any, *rest: Any, **more: Any) -> str:
        if isinstance(body, OrderIntent) and wanted(body):
            body = replace(body, **terms)
        return encode(body, *rest, **more)

    stack.enter_context(patch.object(codec, "encode", encode_another))


def _copy_is_booked(stack: ExitStack) -> None:
    """A drop copy counts as an execution, whether its original comes or not."""
    take = Copies._take

    def book(self: Copies, view: UnitOfWork, now: float) -> None:
        known = len(self._waiting)
        take(self, view, now)
        with self._vault.write() as uow:
            for one in self._waiting[known:]:
                Booking().apply(uow, one.copy, self._clock.now())

    stack.enter_context(patch.object(Copies, "_take", book))


def _copy_corrects(stack: ExitStack) -> None:
    """A copy that differs from what is booked is taken for its correction."""
    judge = Copies._judge

    def correct(
        self: Copies, view: UnitOfWork, one: Any, booked: ExecutionReport, news: Any
    ) -> None:
        judge(self, view, one, booked, news)
        if contradiction(one.copy, booked) is not None:
            corrected = replace(
                one.copy,
                exec_id=f"{booked.exec_id}-C",
                exec_type=ExecType.TRADE_CORRECT,
                exec_ref_id=booked.exec_id,
            )
            with self._vault.write() as uow:
                Booking().apply(uow, corrected, self._clock.now())

    stack.enter_context(patch.object(Copies, "_judge", correct))


def _copy_not_compared(stack: ExitStack) -> None:
    """Of a copy only its ExecID is looked at."""
    stack.enter_context(patch("gateway.copies.contradiction", lambda _copy, _booked: None))


def _copy_of_nothing(stack: ExitStack) -> None:
    """A copy whose execution nobody sent is thought to be early, for ever."""
    stack.enter_context(patch.object(Copies, "_miss", lambda *_: None))


def _split_forgets_fills(stack: ExitStack) -> None:
    """What an order filled before a split stays in old shares."""
    after = change_answers.after_split

    def keep(order: Order, split: Split) -> Order:
        return replace(after(order, split), cum_qty=order.cum_qty)

    stack.enter_context(patch.object(change_answers, "after_split", keep))


def _split_by_its_venue(stack: ExitStack) -> None:
    """A venue's restatement splits what every client holds, and the two persons do so again."""
    post = booking._post_split

    def post_all(
        uow: UnitOfWork, report: ExecutionReport, order: Order, split: Split, at: datetime
    ) -> None:
        post(uow, report, order, split, at)
        held = uow.ledger.lots(security_id=split.security_id)
        other = replace(split, day=split.day + timedelta(days=1))
        uow.ledger.append(splits.of_clients(other, uow.ledger.all(), held, at))

    stack.enter_context(patch.object(booking, "_post_split", post_all))


KINDS: Mapping[str, Plant] = {
    "allocation_told_once": _allocation_told_once,
    "auction_forgotten": _auction_forgotten,
    "peg_forgotten": _peg_forgotten,
    "algorithm_forgotten": _algorithm_forgotten,
    "split_forgets_fills": _split_forgets_fills,
    "split_by_its_venue": _split_by_its_venue,
    "copy_is_booked": _copy_is_booked,
    "copy_corrects": _copy_corrects,
    "copy_not_compared": _copy_not_compared,
    "copy_of_nothing": _copy_of_nothing,
}
