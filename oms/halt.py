"""Halts: the kill switch is set first, then what it covers is taken back.

The switch is a transaction of its own, so that nothing new leaves while the cancels are
still being written. A block with a halted part is cancelled whole: what fills while a
smaller one is asked for is divided by the allocation of the larger one, and would reach
the halted account.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime

from domain.kills import first_that_stops, in_words, stops_part, stops_venue
from domain.orders import CancelRequest, Order
from domain.ports import Vault
from domain.runs import Kill
from oms.cancel import cancel

Setting = Callable[[Kill], AbstractContextManager[None]]

_PORTION = 250  # Orders taken back in one transaction: their cancels go while others are written.


def halt(
    vault: Vault,
    kill: Kill,
    *,
    wake: Callable[[], None] = lambda: None,
    setting: Setting = lambda _kill: nullcontext(),
) -> tuple[str, ...]:
    """Set `kill`, and take back every open order that it stops; their ClOrdIDs.

    `wake` tells the gateway that there are cancels. No new order that `kill` stops reaches
    the engine after the commit, which is made inside `setting`.
    """
    with setting(kill), vault.join() as uow:
        uow.kills.set(kill)
        body = {"why": kill.why}
        uow.audit.append(
            at=kill.set_at, actor=kill.by, kind="halt_set", subject=in_words(kill), body=body
        )
    wake()
    return take_back(vault, (kill,), at=kill.set_at, wake=wake)


def take_back(
    vault: Vault,
    kills: Sequence[Kill],
    *,
    at: datetime,
    wake: Callable[[], None] = lambda: None,
) -> tuple[str, ...]:
    """Take back every open order that one of `kills` stops; their ClOrdIDs.

    Safe to call again: it goes on where a crash cut it off, and asks for no cancel twice.
    """
    with vault.read() as view:
        wanted = [order.intent.cl_ord_id for order in view.orders.open() if _stands(order, kills)]
    for start in range(0, len(wanted), _PORTION):
        with vault.join() as uow:
            for name in wanted[start : start + _PORTION]:
                order = uow.orders.get(name)
                assert order is not None
                if (kill := _stands(order, kills)) is not None:
                    cancel(uow, order, at=at, why=_reason(order, kill), by=kill.by)
        wake()
    return tuple(wanted)


def _stands(order: Order, kills: Sequence[Kill]) -> Kill | None:
    """What stops an open order that nobody has taken back."""
    is_asked = any(isinstance(wish, CancelRequest) for wish in order.pending)
    return None if order.is_closed or is_asked else first_that_stops(kills, order.intent)


def _reason(order: Order, kill: Kill) -> str:
    intent = order.intent
    said = f"halt of {in_words(kill)} by {kill.by}: {kill.why}"
    others = sum(not stops_part(kill, part) for part in intent.allocations)
    if stops_venue(kill, intent.venue) or not others:
        return said
    return f"{said}; {others} other accounts lose their part of the block with it"
