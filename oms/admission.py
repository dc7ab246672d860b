"""Admission: the last look before an order is committed.

Kill switches, restrictions and what the accounts hold are looked at again in the
same transaction as the commit, so nothing that changed in between gets through.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from domain.kills import in_words, stops_part, stops_venue
from domain.orders import Allocation, OrderIntent
from domain.restrictions import Bars, bar_to_all, bar_to_part
from domain.runs import Kill
from oms.funding import with_allocations


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """An order, or one account's part of it, that is not released, and why."""

    cl_ord_id: str
    account_id: str | None  # None: the whole order.
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What may go, and what was stopped."""

    intents: tuple[OrderIntent, ...]
    stopped: tuple[Stopped, ...]


def admit(
    intents: Iterable[OrderIntent],
    kills: Sequence[Kill],
    bars: Bars,
    moved: Mapping[str, str] | None = None,
) -> Admission:
    """Take out what a kill switch or a restriction forbids; an account's part leaves its block.

    `moved` says of accounts why they are no longer what the run decided on.
    """
    admitted: list[OrderIntent] = []
    stopped: list[Stopped] = []
    for intent in intents:
        if why := _forbidden(intent, kills, bars):
            stopped.append(Stopped(cl_ord_id=intent.cl_ord_id, account_id=None, why=why))
            continue
        barred = {
            part.account_id: why
            for part in intent.allocations
            if (why := _barred(intent, part, kills, bars, moved or {})) is not None
        }
        stopped.extend(
            Stopped(cl_ord_id=intent.cl_ord_id, account_id=account, why=why)
            for account, why in barred.items()
        )
        kept = {p.account_id: p.quantity for p in intent.allocations if p.account_id not in barred}
        if (rest := with_allocations(intent, kept)) is not None:
            admitted.append(rest)
    return Admission(intents=tuple(admitted), stopped=tuple(stopped))


def _forbidden(
    intent: OrderIntent,
    kills: Sequence[Kill],
    bars: Bars,
) -> str | None:
    for kill in kills:
        if stops_venue(kill, intent.venue):
            return _killed(kill)
    bar = bar_to_all(bars, intent.security_id)
    return None if bar is None else f"{intent.symbol} is {bar.why}"


def _barred(
    intent: OrderIntent,
    part: Allocation,
    kills: Sequence[Kill],
    bars: Bars,
    moved: Mapping[str, str],
) -> str | None:
    for kill in kills:
        if stops_part(kill, part):
            return _killed(kill)
    if (bar := bar_to_part(bars, intent.security_id, part)) is not None:
        return f"{intent.symbol} is {bar.why}"
    return moved.get(part.account_id)


def _killed(kill: Kill) -> str:
    return f"{in_words(kill)} was halted by {kill.by}: {kill.why}"
